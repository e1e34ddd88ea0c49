// SPDX-License-Identifier: Apache-2.0
// What an item of the extraction says in one line, for the margin and for lists.
import { unit } from '../lib/format';
import type { Item } from './types';

const text = (v: unknown): string => (v === null || v === undefined ? '' : String(v));
export const units = (v: unknown): string[] => (Array.isArray(v) ? v.map(String) : []);

const OPS: Record<string, string> = { '<=': '≤', '>=': '≥', '==': '=' };
/** "≤ 44 µg/m³", "20–30 %". */
export function demand(data: Record<string, unknown>): string {
  const op = text(data.op);
  const value = text(data.value);
  if (!value) return '';
  const figure = op === 'range' ? `${value}–${text(data.value2)}` : `${OPS[op] ?? op} ${value}`;
  return `${figure} ${unit(text(data.unit))}`.trim();
}

/** Money in yuan, in 万元 from ten thousand on; a subsidy carries its sign. */
export function money(data: Record<string, unknown>, wan: string, yuan: string): string {
  const amount = data.amount_yuan;
  if (typeof amount !== 'number') return '';
  const sign = data.sign === '+' ? '+' : '−';
  return Math.abs(amount) >= 10_000 ? `${sign}${amount / 10_000} ${wan}` : `${sign}${amount} ${yuan}`;
}

export interface Saying {
  /** What stands first and bold. */
  main: string;
  /** What stands beside it. */
  more: string;
}

const fieldsIn = (data: unknown): Record<string, unknown> => (data && typeof data === 'object' && !Array.isArray(data) ? (data as Record<string, unknown>) : {});

export function saying(item: Item, words: { wan: string; yuan: string; every: (code: string) => string; system?: (code: string) => string }): Saying {
  const data = fieldsIn(item.data);
  switch (item.kind) {
    case 'target':
      return { main: `${text(data.metric)} ${demand(data)}`, more: [text(data.year), text(data.scope)].filter(Boolean).join(' · ') };
    case 'deadline':
      return { main: data.start ? `${text(data.start)} – ${text(data.date)}` : text(data.date), more: text(data.text) };
    case 'indicator':
      return { main: demand(data), more: [text(data.name), text(data.date)].filter(Boolean).join(' · ') };
    case 'recurring':
      return { main: `${words.every(text(data.every))} ${demand(data)}`.trim(), more: text(data.what) };
    case 'penalty':
      return { main: [money(data, words.wan, words.yuan), text(data.per) && `/ ${text(data.per)}`].filter(Boolean).join(' '), more: [text(data.payer), text(data.text)].filter(Boolean).join(' · ') };
    case 'field':
      return { main: `${units(data.units).join('、')}：${text(data.field)}`, more: [text(data.check), units(data.with).join('、')].filter(Boolean).join(' · ') };
    case 'system':
      return { main: text(data.text), more: words.system?.(text(data.kind)) ?? text(data.kind) };
    case 'table':
      return { main: text(data.title), more: units(data.columns).join(' · ') };
    case 'row':
      return { main: units(item.data).join(' · '), more: '' };
    case 'units':
      return { main: units(item.data).join('、'), more: '' };
    case 'head':
      return { main: item.path === 'period' ? [...new Set([text(data.from), text(data.to)])].join('–') : text(item.data), more: '' };
    case 'part':
      return { main: text(data.text_head), more: '' };
    default:
      return { main: [text(data.no), text(data.title)].filter(Boolean).join(' '), more: '' };
  }
}
