// SPDX-License-Identifier: Apache-2.0
// The period of a chart in the address: p=24h for the last hours, or from= and to= once zoomed.
import { KINDS, kindFor, type Kind } from '../chart/data';
import { HOUR_MS, DAY_MS, span, stamp, unstamp } from '../lib/time';

export interface Period {
  from: number;
  to: number;
  /** "24h" when it follows the clock, empty when it is fixed. */
  follows: string;
}

export const SPANS = ['6h', '24h', '3d', '7d', '30d', '90d', '365d'];
export const DEFAULT_SPAN = '24h';

export function period(query: Record<string, string>, now: number): Period {
  const from = unstamp(query.from);
  const to = unstamp(query.to);
  if (from !== null && to !== null && to > from) return { from, to, follows: '' };
  const text = span(query.p) === null ? DEFAULT_SPAN : query.p!;
  // The right edge is the end of the running ten minutes: values appear without the axis creeping.
  const edge = Math.ceil(now / 600_000) * 600_000;
  return { from: edge - span(text)!, to: edge, follows: text };
}

export function kindOf(query: Record<string, string>, p: Period): { kind: Kind; auto: boolean } {
  const asked = query.k as Kind | undefined;
  if (asked && KINDS.includes(asked)) return { kind: asked, auto: false };
  return { kind: kindFor(p.to - p.from), auto: true };
}

const LEAST_MS = 10 * 60_000;
const MOST_MS = 3 * 366 * DAY_MS;

/** Query changes for a zoom to from..to, on full minutes. */
export function zoomed(from: number, to: number): { from: string; to: string; p: null } {
  const middle = (from + to) / 2;
  const half = Math.min(MOST_MS, Math.max(LEAST_MS, to - from)) / 2;
  const minute = (ms: number) => Math.round(ms / 60_000) * 60_000;
  return { from: stamp(minute(middle - half)), to: stamp(minute(middle + half)), p: null };
}

export function shifted(p: Period, by: number): { from: string; to: string; p: null } {
  const d = (p.to - p.from) * by;
  return zoomed(p.from + d, p.to + d);
}

export function wider(p: Period): { from: string; to: string; p: null } {
  const grow = Math.max(HOUR_MS, (p.to - p.from) / 2);
  return zoomed(p.from - grow, p.to + grow);
}
