// SPDX-License-Identifier: Apache-2.0
// Which of the many values of a factor is shown: the one its limit applies to. For flue gas that is
// the value corrected to the reference oxygen (Zs…), else what was measured.
import type { Factor, Series, Site, SiteLatest, Value } from './types';

export type Want = 'hour' | 'rtd';

const KINDS: Record<Want, string[]> = {
  hour: ['hour', 'derived_hour', 'rtd', 'minute'],
  rtd: ['rtd', 'minute', 'hour', 'derived_hour'],
};
const KEPT = new Set(['rtd Rtd', 'rtd ZsRtd', 'minute Avg', 'minute ZsAvg', 'hour Avg', 'hour ZsAvg', 'derived_hour Avg', 'derived_hour ZsAvg']);

/** The same for the server; what it gives beyond is dropped by kept(). */
export const KEPT_QUERY = { kinds: 'rtd,minute,hour,derived_hour', fields: 'Rtd,ZsRtd,Avg,ZsAvg' };

/** What the page keeps of the latest values; the rest is asked for where it is shown. */
export function kept(v: Value): boolean {
  return KEPT.has(`${v.kind} ${v.field}`);
}

export function corrected(now: SiteLatest | null | undefined, f: Factor): boolean {
  return f.limit !== null && (now?.values.some((v) => v.mn === f.mn && v.code === f.code && v.field.startsWith('Zs')) ?? false);
}

/** The value shown for a factor; null when there is none of any kind. */
export function mainValue(now: SiteLatest | null | undefined, f: Factor, want: Want, measured = false): Value | null {
  if (!now) return null;
  const mine = now.values.filter((v) => v.mn === f.mn && v.code === f.code);
  for (const kind of KINDS[want]) {
    const of = mine.filter((v) => v.kind === kind);
    const zs = of.find((v) => v.field.startsWith('Zs'));
    const plain = of.find((v) => v.field === 'Avg' || v.field === 'Rtd');
    const chosen = f.limit !== null && !measured ? (zs ?? plain) : (plain ?? zs);
    if (chosen) return chosen;
  }
  return null;
}

export interface Over {
  factor: Factor;
  value: number;
  limit: number;
  /** (value − limit) / limit */
  times: number;
}

/** What stands highest over its limit at a site; null when nothing does. */
export function worstOver(site: Site, now: SiteLatest | null | undefined, want: Want = 'hour'): Over | null {
  let worst: Over | null = null;
  for (const factor of site.factors) {
    if (factor.limit === null) continue;
    const v = mainValue(now, factor, want);
    if (!v || v.value === null) continue;
    const limit = v.limit ?? factor.limit;
    if (limit <= 0 || v.value <= limit) continue;
    const times = (v.value - limit) / limit;
    if (!worst || times > worst.times) worst = { factor, value: v.value, limit, times };
  }
  return worst;
}

/** Air items by code, for stations whose factors are not part of an evaluation. */
const ITEM_OF: Record<string, string> = { a34004: 'PM2.5', a34002: 'PM10', a05024: 'O3', a21004: 'NO2', a21026: 'SO2', a21005: 'CO' };

export function itemOf(f: Factor): string | null {
  return f.item ?? ITEM_OF[f.code] ?? null;
}

/** Concentration of an air item: from the index, else the latest hour or minute of the station. */
export function itemValue(site: Site, now: SiteLatest | null | undefined, item: string): { value: number; unit: string } | null {
  const from = now?.aqi?.items[item];
  if (from && from.value !== null) return { value: from.value, unit: from.unit };
  if (!now || now.state !== 'online') return null;
  const f = site.factors.find((x) => itemOf(x) === item);
  const v = f ? mainValue(now, f, 'hour') : null;
  return v && v.value !== null ? { value: v.value, unit: v.unit || f!.unit } : null;
}

/** Points by the start of their interval, whichever end the device means. */
export function byStart(s: Series): Series {
  if (s.interval !== 'end') return s;
  return { ...s, points: s.points.map(([t, ...rest]) => [t - s.step_s * 1000, ...rest]) };
}
