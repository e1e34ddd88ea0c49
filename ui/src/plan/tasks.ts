// SPDX-License-Identifier: Apache-2.0
// Tasks of issued plans: their shapes, and how a board groups them.
import { DAY_MS, instant, startOfDay } from '../lib/time';
import type { Place } from './markup';

export type Colour = 'green' | 'yellow' | 'red';
export type DutyState = 'sent' | 'signed' | 'objected' | 'upheld' | 'released';

export interface Duty {
  obligation: string;
  unit: string;
  name_zh: string;
  name_en: string;
  unit_kind: string;
  role: string;
  state: DutyState;
  overdue: boolean;
  note: string;
  row_version: number;
  recorded_at: string;
  recorded_by: string;
}

export interface Obligation {
  id: string;
  plan: string;
  path: string;
  parent: string | null;
  kind: string;
  no: string;
  title: string;
  text: string;
  campaign: string;
  office: string | null;
  start: string | null;
  due: string | null;
  every: string | null;
  op: string | null;
  value: number | null;
  value2: number | null;
  unit: string | null;
  measure: Record<string, unknown> | null;
  binding: 'none' | 'proposed' | 'confirmed' | 'reported';
  state: 'open' | 'done' | 'cancelled';
  valid_from: string;
  row_version: number;
  recorded_at: string;
  recorded_by: string;
}

export interface Task extends Obligation {
  colour: Colour | null;
  duties: Duty[];
}

export interface TaskDetail extends Obligation {
  source: { plan: string; title: string; doc_no: string; path: string; fields: Record<string, Place[]> };
  duties: Duty[];
  people: { unit: string; title_zh: string; title_en: string; person?: string | null; name?: string | null }[];
  children: Obligation[];
  versions: Obligation[];
}

export interface Filing {
  obligation: string;
  title: string;
  due: string | null;
  unit: string;
  name_zh: string;
  name_en: string;
  state: 'filed' | 'late' | 'missing' | 'waiting';
  filed_at: string | null;
  text: string | null;
  file: string | null;
  file_name: string | null;
}

/** A field that the plan gives a department, with a row of ledger department_plan. */
export interface DepartmentField {
  row: number;
  row_version: number;
  field: string;
  check: string | null;
  with: string | null;
  path: string | null;
  planned: number | null;
  done: number | null;
  state: 'covered' | 'unplanned' | 'waiting' | 'missing';
}
export interface DepartmentPlan {
  obligation: string;
  plan: string;
  title: string;
  year: number;
  due: string | null;
  unit: string;
  name_zh: string;
  name_en: string;
  state: Filing['state'];
  filed_at: string | null;
  file: string | null;
  file_name: string | null;
  fields: DepartmentField[];
  covered: number;
  planned: number;
  done: number;
}

/** Fields by state, checks planned and done, over all departments. */
export function fieldCounts(all: DepartmentPlan[]): Record<'all' | DepartmentField['state'] | 'planned' | 'done', number> {
  const out = { all: 0, covered: 0, unplanned: 0, waiting: 0, missing: 0, planned: 0, done: 0 };
  for (const d of all) {
    out.planned += d.planned;
    out.done += d.done;
    for (const f of d.fields) {
      out.all++;
      out[f.state]++;
    }
  }
  return out;
}

export type GroupBy = 'unit' | 'campaign' | 'due';
export interface Group {
  key: string;
  title: string;
  tasks: Task[];
}

/** Each unit once, however many roles it has in a task. */
export function unitsOf(task: { duties: Duty[] }): Duty[] {
  const seen = new Set<string>();
  return task.duties.filter((d) => d.state !== 'released' && !seen.has(d.unit) && !!seen.add(d.unit));
}

const RANK: Record<string, number> = { red: 0, yellow: 1, green: 2 };
export const colourRank = (colour: Colour | null): number => RANK[colour ?? ''] ?? 3;

/** Tasks in groups; a task stands once under each unit that owes it. names: how a unit is called. */
export function grouped(tasks: Task[], by: GroupBy, names: (duty: Duty) => string, none: string): Group[] {
  const out = new Map<string, Group>();
  const put = (key: string, title: string, task: Task) => {
    const group = out.get(key);
    if (group) group.tasks.push(task);
    else out.set(key, { key, title, tasks: [task] });
  };
  for (const task of tasks) {
    if (by === 'unit') for (const duty of unitsOf(task)) put(duty.unit, names(duty), task);
    else if (by === 'campaign') put(task.campaign || '-', task.campaign || none, task);
    else put(task.due?.slice(0, 7) ?? '-', task.due?.slice(0, 7) ?? none, task);
  }
  const list = [...out.values()];
  if (by === 'due') list.sort((a, b) => (a.key === '-' ? 1 : b.key === '-' ? -1 : a.key < b.key ? -1 : 1));
  if (by === 'unit') list.sort((a, b) => worst(a) - worst(b) || b.tasks.length - a.tasks.length || (a.key < b.key ? -1 : 1));
  return list;
}

const worst = (group: Group): number => Math.min(...group.tasks.map((x) => colourRank(x.colour)));

/** Whole days from today to the end of a day; below zero when it is past. */
export function daysLeft(day: string, now: number): number {
  return Math.round(((instant(day) ?? 0) - startOfDay(now)) / DAY_MS);
}

export function countColours(tasks: { colour: Colour | null }[]): Record<Colour, number> {
  const out: Record<Colour, number> = { green: 0, yellow: 0, red: 0 };
  for (const task of tasks) if (task.colour) out[task.colour]++;
  return out;
}

/** How many of a task's units have signed, of how many. */
export function signed(task: { duties: Duty[] }): { signed: number; objected: number; overdue: number; all: number } {
  const list = unitsOf(task);
  return {
    signed: list.filter((d) => d.state === 'signed' || d.state === 'upheld').length,
    objected: list.filter((d) => d.state === 'objected').length,
    overdue: list.filter((d) => d.overdue).length,
    all: list.length,
  };
}
