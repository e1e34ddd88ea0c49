// SPDX-License-Identifier: Apache-2.0
// Fields of the extraction as a person reads them: which section they stand in, what each says in a
// line, which fields a correction may change.
import { sectionAt, type Anchor, type Place, type Section } from './markup';
import type { Item, ItemState } from './types';

/** Order in the margin within one section. */
const KIND_RANK = ['head', 'target', 'task', 'safeguard', 'units', 'part', 'deadline', 'indicator', 'recurring', 'field', 'penalty', 'system', 'table', 'row'];
/** What begins a section of its own. */
const HEADS = new Set(['task', 'safeguard', 'table']);

export const isHead = (item: Item): boolean => HEADS.has(item.kind);
export const isOpen = (state: ItemState): boolean => state === 'proposed' || state === 'asked';

/** The item that holds another: tasks[3] of tasks[3].deadlines[0], tables[0] of tables[0].rows[2]. */
export function parentOf(path: string): string {
  const at = path.indexOf('.');
  return at < 0 ? '' : path.slice(0, at);
}

/** The last word of a path without its number: lead of tasks[3].lead, rows of tables[0].rows[2]. */
export function roleOf(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1).replace(/\[\d+\]$/, '');
}

/** Where an item's own words stand: those of what heads a section are its title; the chapter and the
 * sentence around an item are not its own. */
export function placesOf(item: Item): Place[] {
  const title = item.fields.title;
  if (isHead(item) && title?.length) return title;
  return Object.entries(item.fields).flatMap(([key, places]) => (AROUND.has(key) ? [] : places));
}
const AROUND = new Set(['section', 'where', 'sentence']);

/** What the text is marked with. */
export function anchors(items: Item[]): Anchor[] {
  return items.map((item) => ({ path: item.path, places: placesOf(item), head: isHead(item) }));
}

/** Items by section, each list in the order of reading. */
export function bySection(list: Section[], items: Item[]): Item[][] {
  const out: Item[][] = list.map(() => []);
  const headOf = new Map(list.map((s, i) => [s.path, i]));
  for (const item of items) out[sectionOf(list, headOf, item)]!.push(item);
  for (const group of out) group.sort((a, b) => rank(a) - rank(b) || a.place - b.place);
  return out;
}

function sectionOf(list: Section[], headOf: Map<string, number>, item: Item): number {
  const own = headOf.get(item.path);
  if (own !== undefined) return own;
  const above = parentOf(item.path);
  const parent = above ? headOf.get(above) : undefined;
  if (parent !== undefined) return parent;
  const places = placesOf(item);
  return places.length ? sectionAt(list, Math.min(...places.map((p) => p[0]))) : 0;
}

function rank(item: Item): number {
  const at = KIND_RANK.indexOf(item.kind);
  return at < 0 ? KIND_RANK.length : at;
}

export interface Tally {
  total: number;
  accepted: number;
  corrected: number;
  rejected: number;
  asked: number;
  open: number;
}

export function tally(items: Item[]): Tally {
  const out: Tally = { total: items.length, accepted: 0, corrected: 0, rejected: 0, asked: 0, open: 0 };
  for (const item of items)
    if (item.state === 'proposed') out.open++;
    else out[item.state]++;
  return out;
}

/** The next or previous open item from a path, going round; null when none is left. */
export function nextOpen(order: Item[], from: string | null, step: 1 | -1): Item | null {
  const n = order.length;
  let at = from === null ? (step > 0 ? -1 : n) : order.findIndex((i) => i.path === from);
  for (let k = 0; k < n; k++) {
    at = (at + step + n) % n;
    if (isOpen(order[at]!.state) && order[at]!.path !== from) return order[at]!;
  }
  return null;
}

export type FieldKind = 'text' | 'long' | 'number' | 'date' | 'list' | 'flag' | 'op' | 'every';
export interface Field {
  name: string;
  kind: FieldKind;
  /** What stands beside it where the page has no word for its name. */
  label?: string;
}

const FORMS: Record<string, Field[]> = {
  target: [f('metric'), f('op', 'op'), f('value', 'number'), f('unit'), f('year', 'number'), f('scope'), f('text', 'long')],
  task: [f('no'), f('title', 'long')],
  safeguard: [f('no'), f('title', 'long')],
  part: [f('text_head'), f('lead', 'list'), f('support', 'list'), f('responsible', 'list')],
  deadline: [f('start', 'date'), f('date', 'date'), f('text')],
  indicator: [f('name'), f('op', 'op'), f('value', 'number'), f('value2', 'number'), f('unit'), f('date', 'date'), f('text', 'long')],
  recurring: [f('every', 'every'), f('what'), f('op', 'op'), f('value', 'number'), f('unit'), f('text', 'long')],
  field: [f('units', 'list'), f('with', 'list'), f('field', 'long'), f('check')],
  penalty: [f('text', 'long'), f('per'), f('amount_yuan', 'number'), f('payer')],
  system: [f('text'), f('kind')],
  table: [f('title', 'long')],
  units: [f('units', 'list')],
};
const HEAD_FIELDS: Record<string, FieldKind> = { issued: 'date', draft: 'flag', title: 'long' };
function f(name: string, kind: FieldKind = 'text'): Field {
  return { name, kind };
}

/** The fields a correction of an item may change. columns: of the table a row stands in. */
export function fieldsOf(item: Item, columns: string[] = []): Field[] {
  if (item.kind === 'row') return rowOf(item).map((_, i) => ({ name: String(i), kind: 'text', label: columns[i] ?? String(i + 1) }));
  if (item.kind !== 'head') return FORMS[item.kind] ?? [];
  if (item.path === 'period') return [f('from', 'number'), f('to', 'number')];
  return [f(item.path, HEAD_FIELDS[item.path] ?? 'text')];
}

const rowOf = (item: Item): unknown[] => (Array.isArray(item.data) ? item.data : []);
const objectOf = (data: unknown): Record<string, unknown> => (data && typeof data === 'object' && !Array.isArray(data) ? (data as Record<string, unknown>) : {});

/** What a field of an item holds. */
export function valueOf(item: Item, field: Field): unknown {
  if (item.kind === 'units') return item.data;
  if (item.kind === 'row') return rowOf(item)[Number(field.name)];
  if (item.kind === 'head' && item.path !== 'period') return item.data;
  return objectOf(item.data)[field.name];
}

/** A value of an item as the form's text. */
export function shown(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (Array.isArray(value)) return value.map(String).join('\n');
  return String(value);
}

/** The text of a form as the item's value. Undefined when it cannot be read as what the field holds. */
export function taken(field: Field, text: string): unknown {
  const t = text.trim();
  if (field.kind === 'list') return listOf(t);
  if (field.kind === 'flag') return t === 'true';
  if (!t) return null;
  if (field.kind === 'number') return /^[+-]?\d+(\.\d+)?$/.test(t) ? Number(t) : undefined;
  if (field.kind === 'date') return /^\d{4}-\d{2}-\d{2}$/.test(t) && !Number.isNaN(Date.parse(t)) ? t : undefined;
  return t;
}

/** Names, one a line or set apart by 、 outside brackets. */
function listOf(text: string): string[] {
  let depth = 0;
  let out = '';
  for (const c of text) {
    if ('（('.includes(c)) depth++;
    if ('）)'.includes(c)) depth = Math.max(0, depth - 1);
    out += c === '、' && depth === 0 ? '\n' : c;
  }
  return out
    .split('\n')
    .map((s) => s.trim())
    .filter(Boolean);
}

/** An item's data with what a form has changed; null when a field cannot be read. */
export function corrected(item: Item, fields: Field[], form: Record<string, string>): { data: unknown; changes: Field[] } | null {
  const changes = fields.filter((field) => (form[field.name] ?? '') !== shown(valueOf(item, field)));
  let data: unknown = item.data;
  for (const field of changes) {
    const value = taken(field, form[field.name] ?? '');
    if (value === undefined) return null;
    if (item.kind === 'units' || (item.kind === 'head' && item.path !== 'period')) data = value;
    else if (item.kind === 'row') data = rowOf({ ...item, data }).map((cell, i) => (String(i) === field.name ? (value ?? '') : cell));
    else data = { ...objectOf(data), [field.name]: value };
  }
  return { data, changes };
}
