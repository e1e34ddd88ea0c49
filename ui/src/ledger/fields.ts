// SPDX-License-Identifier: Apache-2.0
// Rows of a ledger by its declared type: what a cell shows, what a form may hold, what a word finds.
import type { Cell, LedgerField, LedgerRow } from './types';

type Lang = 'zh' | 'en';

export const titleOf = (thing: { zh: string; en: string; name?: string }, lang: Lang): string => (lang === 'en' ? thing.en || thing.zh : thing.zh) || thing.name || '';

export const isNumeric = (field: LedgerField): boolean => field.type === 'number' || field.type === 'integer' || field.type === 'money_yuan';

/** A cell as people read it. names: what a unit or a site is called. */
export function cellText(field: LedgerField, value: Cell | undefined, lang: Lang, names: (kind: 'unit' | 'site', id: string) => string, yes: string, no: string): string {
  if (value === null || value === undefined || value === '') return '';
  if (field.type === 'flag') return value === true || value === 'true' ? yes : no;
  if (field.type === 'choice') {
    const choice = field.choices?.find((c) => c.value === value);
    return choice ? (lang === 'en' ? choice.en || choice.zh : choice.zh) || choice.value : String(value);
  }
  if (field.type === 'unit' || field.type === 'site') return names(field.type, String(value)) || String(value);
  if (field.type === 'file') return String(value).slice(0, 8);
  return String(value);
}

/** A cell as a form holds it. */
export const formText = (value: Cell | undefined): string => (value === null || value === undefined ? '' : String(value));

/** Why a value may not stand in a field, as a code; empty when it may. */
export function refusal(field: LedgerField, text: string): '' | 'required' | 'number' | 'integer' | 'low' | 'high' | 'date' {
  const t = text.trim();
  if (!t) return field.required || field.key ? 'required' : '';
  if (isNumeric(field)) {
    if (!/^[+-]?\d+(\.\d+)?$/.test(t)) return 'number';
    if (field.type === 'integer' && !/^[+-]?\d+$/.test(t)) return 'integer';
    if (field.low !== undefined && Number(t) < Number(field.low)) return 'low';
    if (field.high !== undefined && Number(t) > Number(field.high)) return 'high';
  }
  if (field.type === 'date' && (!/^\d{4}-\d{2}-\d{2}$/.test(t) || Number.isNaN(Date.parse(t)))) return 'date';
  return '';
}

/** The members of a row that a form has changed; an emptied one is null. */
export function changesOf(fields: LedgerField[], data: Record<string, Cell>, form: Record<string, string>): Record<string, string | null> {
  const out: Record<string, string | null> = {};
  for (const field of fields) {
    const text = (form[field.name] ?? '').trim();
    if (text !== formText(data[field.name]).trim()) out[field.name] = text || null;
  }
  return out;
}

/** Columns worth a place in the table: the key first, then what fits. */
export function columnsOf(fields: LedgerField[], most: number): LedgerField[] {
  const keys = fields.filter((f) => f.key);
  const rest = fields.filter((f) => !f.key && f.type !== 'file');
  return [...keys, ...rest].slice(0, Math.max(most, keys.length));
}

/** Whether a word stands in any cell as it is shown. */
export function found(row: LedgerRow, q: string, shown: (row: LedgerRow) => string[]): boolean {
  return !q || shown(row).some((text) => text.toLowerCase().includes(q));
}
