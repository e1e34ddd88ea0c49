// SPDX-License-Identifier: Apache-2.0
// The months of a plan's year: lines that are judged, expected against actual.
import type { Rule } from '../lib/types';
import { instant, parts } from '../lib/time';
import type { Colour } from './tasks';

export interface Line {
  obligation: string;
  task: string;
  kind: string;
  no: string;
  title: string;
  task_title: string;
  campaign: string;
  unit: string;
  unit_name: string;
  op: string;
  target: number | null;
  amount_unit: string;
  expected: number | null;
  actual: number | null;
  /** Where the figure comes from: a measure, a report, or nothing. */
  source: string;
  asked: boolean;
  late: boolean;
  met: boolean;
  due: string | null;
  colour: Colour | null;
  reason: string;
  note: string;
  reported_by: string;
  row_version: number;
  inputs: Record<string, unknown>;
}

export interface MonthUnit {
  unit: string;
  unit_name: string;
  lines: number;
  done: number;
  yellow: number;
  red: number;
  no_report: number;
}

export interface Month {
  month: string;
  state: 'none' | 'open' | 'closed';
  opened_at: string | null;
  closes_at: string | null;
  judged_at: string | null;
  lines: Line[];
  tasks: { id: string; no: string; title: string; unit: string; unit_name: string; colour: Colour | null; done: boolean }[];
  units: MonthUnit[];
}

/** "2025-06" of an instant. */
export function monthOf(ms: number): string {
  const p = parts(ms);
  return `${p.year}-${String(p.month).padStart(2, '0')}`;
}

/** The month whose scheduling is under way: open now, or of today. */
export function currentMonth(months: { month: string; state: string }[], now: number): string {
  return months.find((m) => m.state === 'open')?.month ?? monthOf(now);
}

/** Where actual, expected and target stand on a bar of 100; null where there is none. */
export function bar(line: { target: number | null; expected: number | null; actual: number | null }): { actual: number | null; expected: number | null; target: number | null } {
  const top = Math.max(Math.abs(line.target ?? 0), Math.abs(line.expected ?? 0), Math.abs(line.actual ?? 0));
  const at = (v: number | null) => (v === null || !top ? null : Math.max(0, Math.min(100, (Math.abs(v) / (top * 1.05)) * 100)));
  return { actual: at(line.actual), expected: at(line.expected), target: at(line.target) };
}

/** What a figure rests on, for the drawer. */
export function rulesOf(line: Line, words: { zh: string; en: string; source: string }): Rule[] {
  const inputs = Object.entries(line.inputs).map(([k, v]) => ({ zh: k, en: k, value: typeof v === 'object' ? JSON.stringify(v) : String(v) }));
  return [{ figure: 'progress', zh: words.zh, en: words.en, formula: null, inputs, source: words.source, clause: null, valid_from: null }];
}

/** Whether a month still takes reports. */
export function takesReports(m: Month, now: number): boolean {
  const end = instant(m.closes_at);
  return m.state === 'open' && (end === null || now < end);
}
