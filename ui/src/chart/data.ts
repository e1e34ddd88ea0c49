// SPDX-License-Identifier: Apache-2.0
// From the answer of the server to what is drawn: gaps stay gaps, flags stand apart.
import { DAY_MS, HOUR_MS } from '../lib/time';
import type { Series } from '../lib/types';

export interface Drawn {
  /** ms of each point; a null row stands in every gap. */
  x: number[];
  min: (number | null)[];
  avg: (number | null)[];
  max: (number | null)[];
  flag: (string | null)[];
  envelope: boolean;
  /** ms from one point to the next. */
  step: number;
  /** Width in ms of the columns an index is drawn as; absent for a line. */
  columns?: number;
}

const SLACK = 1.6;
const NORMAL = new Set(['N', '', null]);

export function flagged(flag: string | null): boolean {
  return !NORMAL.has(flag);
}

export function drawn(series: Series): Drawn {
  const out: Drawn = { x: [], min: [], avg: [], max: [], flag: [], envelope: !series.raw, step: series.step_s * 1000 };
  const step = series.step_s * 1000;
  if (series.index) out.columns = step;
  let last: number | null = null;
  for (const [t, min, avg, max, flag] of series.points) {
    if (last !== null && step > 0 && t - last > step * SLACK) push(out, last + step, null, null, null, null);
    push(out, t, min, avg, max, flag);
    if (avg !== null && min !== null && max !== null && min < max) out.envelope = true;
    last = t;
  }
  return out;
}

function push(d: Drawn, t: number, min: number | null, avg: number | null, max: number | null, flag: string | null) {
  d.x.push(t);
  d.min.push(min);
  d.avg.push(avg);
  d.max.push(max);
  d.flag.push(flag);
}

/** Index of the last point at or before t, -1 when there is none. */
export function indexAt(x: number[], t: number): number {
  let [lo, hi] = [0, x.length];
  while (lo < hi) {
    const mid = (lo + hi) >> 1;
    if (x[mid]! <= t) lo = mid + 1;
    else hi = mid;
  }
  return lo - 1;
}

export type Kind = 'rtd' | 'minute' | 'hour' | 'derived_hour' | 'day' | 'derived_day';
export const KINDS: Kind[] = ['rtd', 'minute', 'hour', 'derived_hour', 'day', 'derived_day'];

/** The coarsest kind that still fills a chart of this width. */
export function kindFor(spanMs: number): Kind {
  if (spanMs <= 6 * HOUR_MS) return 'rtd';
  if (spanMs <= 2 * DAY_MS) return 'minute';
  if (spanMs <= 100 * DAY_MS) return 'hour';
  return 'day';
}

/** The field asked for: corrected to the reference oxygen where the limit speaks of that. */
export function fieldOf(kind: Kind, zs = false): string {
  return (zs ? 'Zs' : '') + (kind === 'rtd' ? 'Rtd' : 'Avg');
}

/** Step of the arrow keys: an hour, or the step of the data when that is longer. */
export function keyStep(kind: Kind): number {
  if (kind === 'rtd') return 60_000;
  if (kind === 'minute') return 600_000;
  return kind.endsWith('day') ? DAY_MS : HOUR_MS;
}

/** Times of the ticks below the chart, on full civil hours or days. */
export function ticks(from: number, to: number, most: number): { at: number; day: boolean }[] {
  const steps = [60e3, 5 * 60e3, 10 * 60e3, 30 * 60e3, HOUR_MS, 2 * HOUR_MS, 3 * HOUR_MS, 6 * HOUR_MS, 12 * HOUR_MS, DAY_MS, 2 * DAY_MS, 7 * DAY_MS, 30 * DAY_MS, 90 * DAY_MS];
  const step = steps.find((s) => (to - from) / s <= most) ?? 365 * DAY_MS;
  const zone = 8 * HOUR_MS;
  const out: { at: number; day: boolean }[] = [];
  for (let t = Math.ceil((from + zone) / step) * step - zone; t <= to; t += step) out.push({ at: t, day: (t + zone) % DAY_MS === 0 });
  return out;
}
