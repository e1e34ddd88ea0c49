// SPDX-License-Identifier: Apache-2.0
// Levels and colours of HJ 633 table 1. The index itself is computed by the server.

export const COLOURS = ['#00e400', '#ffff00', '#ff7e00', '#ff0000', '#99004c', '#7e0023'] as const;
const TOPS = [50, 100, 150, 200, 300];
export const ITEMS = ['PM2.5', 'PM10', 'O3', 'NO2', 'SO2', 'CO'] as const;

/** Level 1..6 of an index, 0 when there is none. */
export function level(aqi: number | null | undefined): number {
  if (aqi === null || aqi === undefined || !Number.isFinite(aqi) || aqi < 0) return 0;
  const at = TOPS.findIndex((top) => aqi <= top);
  return at < 0 ? 6 : at + 1;
}

function channel(hex: string, at: number): number {
  const c = parseInt(hex.slice(at, at + 2), 16) / 255;
  return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
}

/** Relative luminance of #rrggbb (WCAG 2). */
export function luminance(hex: string): number {
  return 0.2126 * channel(hex, 1) + 0.7152 * channel(hex, 3) + 0.0722 * channel(hex, 5);
}

export function contrast(a: string, b: string): number {
  const [x, y] = [luminance(a), luminance(b)];
  return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05);
}

/** Black or white, whichever reads better on the colour. */
export function textOn(hex: string): '#000000' | '#ffffff' {
  return contrast(hex, '#000000') >= contrast(hex, '#ffffff') ? '#000000' : '#ffffff';
}

export function colour(aqi: number | null | undefined): string | null {
  const l = level(aqi);
  return l ? COLOURS[l - 1]! : null;
}

const SUB: Record<string, string> = { 'PM2.5': 'PM₂.₅', PM10: 'PM₁₀', O3: 'O₃', NO2: 'NO₂', SO2: 'SO₂', CO: 'CO', NOx: 'NOx' };
/** Item names with figures set low, as print does. */
export function itemName(item: string): string {
  return SUB[item] ?? item;
}

/** Rising, falling or steady over the last values (oldest first): null when fewer than two are known. */
export function trend(values: (number | null)[]): { word: 'up' | 'down' | 'steady'; change: number; hours: number } | null {
  const known = values.filter((v): v is number => v !== null && Number.isFinite(v));
  if (known.length < 2 || values[values.length - 1] === null) return null;
  const last = known[known.length - 1]!;
  const step = last - known[known.length - 2]!;
  const small = Math.max(1, Math.abs(last) * 0.05);
  if (Math.abs(step) < small) return { word: 'steady', change: step, hours: 1 };
  let hours = 1;
  for (let i = known.length - 2; i > 0; i--) {
    const d = known[i]! - known[i - 1]!;
    if (Math.sign(d) !== Math.sign(step) || d === 0) break;
    hours++;
  }
  const first = known[known.length - 1 - hours]!;
  return { word: step > 0 ? 'up' : 'down', change: last - first, hours };
}
