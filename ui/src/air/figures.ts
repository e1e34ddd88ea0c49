// SPDX-License-Identifier: Apache-2.0
// How evaluated figures are written: the server has rounded them; the decimals only keep their zeros.
import { itemName } from '../lib/aqi';

const DECIMALS: Record<string, number> = { CO: 1 };

export function unitOf(item: string): string {
  return item === 'CO' ? 'mg/m3' : 'ug/m3';
}

/** How an item is called where its value is the one of a period. */
export function periodName(item: string): string {
  return item === 'CO' ? 'CO-95per' : item === 'O3' ? 'O₃-8h-90per' : itemName(item);
}

export function fixed(value: number | null | undefined, decimals: number): string {
  if (value === null || value === undefined) return '–';
  return (value < 0 ? '−' : '') + Math.abs(value).toFixed(decimals);
}

export function shown(value: number | null | undefined, item: string): string {
  return fixed(value, DECIMALS[item] ?? 0);
}

export function percentOf(value: number | null | undefined): string {
  return value === null || value === undefined ? '–' : `${fixed(value, 1)} %`;
}
