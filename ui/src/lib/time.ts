// SPDX-License-Identifier: Apache-2.0
// Civil time is China Standard Time whatever the zone of the browser: UTC+8 without summer time.

const OFFSET_MS = 8 * 3_600_000;
export const HOUR_MS = 3_600_000;
export const DAY_MS = 86_400_000;

const two = (n: number) => (n < 10 ? '0' : '') + n;

/** Milliseconds of an ISO 8601 instant; text without a zone is China Standard Time. null when unreadable. */
export function instant(text: string | null | undefined): number | null {
  if (!text) return null;
  const bare = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?)?$/.test(text);
  const full = bare ? (text.length === 10 ? text + 'T00:00:00+08:00' : text + '+08:00') : text;
  const ms = Date.parse(full);
  return Number.isNaN(ms) ? null : ms;
}

interface Parts {
  year: number;
  month: number;
  day: number;
  hour: number;
  minute: number;
  second: number;
}

export function parts(ms: number): Parts {
  const d = new Date(ms + OFFSET_MS);
  return {
    year: d.getUTCFullYear(),
    month: d.getUTCMonth() + 1,
    day: d.getUTCDate(),
    hour: d.getUTCHours(),
    minute: d.getUTCMinutes(),
    second: d.getUTCSeconds(),
  };
}

export function date(ms: number): string {
  const p = parts(ms);
  return `${p.year}-${two(p.month)}-${two(p.day)}`;
}

export function clock(ms: number): string {
  const p = parts(ms);
  return `${two(p.hour)}:${two(p.minute)}`;
}

export function clockSeconds(ms: number): string {
  return `${clock(ms)}:${two(parts(ms).second)}`;
}

export function monthDay(ms: number): string {
  const p = parts(ms);
  return `${two(p.month)}-${two(p.day)}`;
}

/** Hour and minute of today, month and day with them for another day, the year too for another year. */
export function moment(ms: number, now: number): string {
  if (date(ms) === date(now)) return clock(ms);
  const same = parts(ms).year === parts(now).year;
  return `${same ? monthDay(ms) : date(ms)} ${clock(ms)}`;
}

/** Text with zone, as the API takes it. */
export function iso(ms: number): string {
  return `${date(ms)}T${clockSeconds(ms)}+08:00`;
}

export function startOfDay(ms: number): number {
  return Math.floor((ms + OFFSET_MS) / DAY_MS) * DAY_MS - OFFSET_MS;
}

/** "35 s", "12 min", "2 h 14 min", "3 d 4 h": two units at most, never broken over a line. Below
 * zero counts as zero. */
export function age(seconds: number): string {
  const s = Math.max(0, Math.floor(seconds));
  if (s < 60) return join([s, 's']);
  const min = Math.floor(s / 60);
  if (min < 60) return join([min, 'min']);
  const h = Math.floor(min / 60);
  if (h < 24) return join([h, 'h'], [min % 60, 'min']);
  return join([Math.floor(h / 24), 'd'], [h % 24, 'h']);
}

function join(...terms: [number, string][]): string {
  return terms.filter(([n], i) => i === 0 || n > 0).map(([n, unit]) => `${n}\u00a0${unit}`).join('\u00a0');
}

/** A signed offset of a clock: "+0.4 s", "−12 s", "+3 min 5 s". */
export function skew(ms: number): string {
  const sign = ms < 0 ? '−' : '+';
  const s = Math.abs(ms) / 1000;
  if (s < 10) return `${sign}${s.toFixed(1)} s`;
  if (s < 60) return `${sign}${Math.round(s)} s`;
  const whole = Math.round(s);
  if (whole < 3600) return `${sign}${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${sign}${age(whole)}`;
}

/** "60 min ago" forms of a period in the address bar: 6h, 3d, 2w → milliseconds; null when it is none. */
export function span(text: string | undefined): number | null {
  const m = /^(\d{1,4})([hdw])$/.exec(text ?? '');
  if (!m) return null;
  const unit = { h: HOUR_MS, d: DAY_MS, w: 7 * DAY_MS }[m[2] as 'h' | 'd' | 'w'];
  return Number(m[1]) * unit;
}

/** Compact civil time for the address bar: 20261122T1400. */
export function stamp(ms: number): string {
  const p = parts(ms);
  const seconds = p.second ? two(p.second) : '';
  return `${p.year}${two(p.month)}${two(p.day)}T${two(p.hour)}${two(p.minute)}${seconds}`;
}

export function unstamp(text: string | undefined): number | null {
  const m = /^(\d{4})(\d{2})(\d{2})(?:T(\d{2})(\d{2})(\d{2})?)?$/.exec(text ?? '');
  if (!m) return null;
  const [, y, mo, d, h = '00', mi = '00', s = '00'] = m;
  return instant(`${y}-${mo}-${d}T${h}:${mi}:${s}`);
}
