// SPDX-License-Identifier: Apache-2.0
// Lines of money: their shapes (docs/api.md) and what may be done with one.

export interface MoneyLine {
  id: string;
  kind: 'problem' | 'ranking' | 'subsidy';
  fact: string;
  unit: string;
  period: string;
  day: string;
  rule: string;
  item: string;
  yuan: number;
  text: string;
  inputs: Record<string, string>;
  state: 'drafted' | 'frozen' | 'approved' | 'posted' | 'withdrawn';
  appeal: string;
  /** Of a draft in a list: appeals are heard up to this moment. */
  appeal_until: string | null;
  approved_by: string;
  second_by: string;
  reverses: string | null;
  reversed_by: string | null;
  row_version: number;
}

export interface MoneyList {
  items: MoneyLine[];
  units: { unit: string; yuan: number; posted_yuan: number }[];
  /** The newest month that has a line. */
  latest: string | null;
  yuan: number;
  posted_yuan: number;
}

export type MoneyAction = 'appeal' | 'uphold' | 'reject' | 'approve' | 'reverse';

/** Acts with the right each needs; the server looks at whose line it is. heard: appeals still are. */
export function actionsOf(line: MoneyLine, heard = true): { action: MoneyAction; right: string }[] {
  const appeal = heard ? [{ action: 'appeal', right: 'task.answer' } as const] : [];
  if (line.state === 'drafted') return [{ action: 'approve', right: 'task.approve' }, ...appeal];
  if (line.state === 'frozen') return [{ action: 'uphold', right: 'task.manage' }, { action: 'reject', right: 'task.manage' }];
  if (line.state === 'approved') return [{ action: 'approve', right: 'lead.approve' }];
  return line.state === 'posted' && !line.reversed_by && !line.reverses ? [{ action: 'reverse', right: 'money.work' }] : [];
}

const grouped = (n: number): string => String(n).replace(/\B(?=(\d{3})+$)/g, ',');

/** "−300,000": yuan with its sign. */
export function yuan(n: number): string {
  return `${n < 0 ? '−' : n > 0 ? '+' : ''}${grouped(Math.abs(n))}`;
}

/** Ten thousands of yuan without a tail of noughts: "53", "0.05". */
export const wan = (n: number): string => String(Math.abs(n) / 10_000);

/** The months to choose from, the newest first: 24 up to the one before `month`, with the one asked for. */
export function periods(year: number, month: number, asked: string): string[] {
  const out = Array.from({ length: 24 }, (_, i) => {
    const m = year * 12 + month - 1 - i;
    return `${Math.floor(m / 12)}-${String((m % 12) + 1).padStart(2, '0')}`;
  });
  return asked && !out.includes(asked) ? [asked, ...out] : out;
}

/** Units by what they lose, the most first, each with its lines. */
export function byUnit(list: MoneyList): { unit: string; yuan: number; posted: number; lines: MoneyLine[] }[] {
  const lines = new Map<string, MoneyLine[]>();
  for (const line of list.items) lines.set(line.unit, [...(lines.get(line.unit) ?? []), line]);
  const sums = new Map(list.units.map((u) => [u.unit, u]));
  return [...lines].map(([unit, all]) => ({ unit, yuan: sums.get(unit)?.yuan ?? 0, posted: sums.get(unit)?.posted_yuan ?? 0, lines: all })).sort((a, b) => a.yuan - b.yuan || (a.unit < b.unit ? -1 : 1));
}
