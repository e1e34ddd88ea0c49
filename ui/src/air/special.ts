// SPDX-License-Identifier: Apache-2.0
// What the special stations need beside their answers: stacks of a composition, classes of a
// profile, and the kinds of stations that watch and are never evaluated.
import { DAY_MS, instant, startOfDay } from '../lib/time';

export interface Species {
  mn: string;
  code: string;
  item: string | null;
  zh: string;
  en: string;
  unit: string;
  kind: 'anion' | 'cation' | 'carbon' | 'other';
  hours: number;
}

export interface ComponentHour {
  time: string;
  values: (number | null)[];
  anions: number;
  cations: number;
  ratio: number | null;
  balanced: boolean | null;
  missing: string[];
  oc_ec: number | null;
}

export interface Components {
  site: string;
  rule: { name: string; source: string; source_zh: string; ratio_low_percent: number; ratio_high_percent: number; ocec_high_percent: number };
  species: Species[];
  never: string[];
  items: ComponentHour[];
}

export interface ProfileTime {
  time: string;
  pbl_m: number | null;
  values: (number | null)[] | null;
}

export interface Profile {
  site: string;
  date: string;
  heights_m: number[];
  step_s: number;
  items: ProfileTime[];
  gaps: { from: string; to: string }[];
  files: { name: string; sha256: string; bytes: number; recorded_at: string; recorded_by: string }[];
  days: string[];
}

export interface Finding {
  finding: string;
  pattern: string;
  zh: string;
  en: string;
  severity: string;
  institution: string;
  site: string | null;
  item: string;
  at: string;
  statistic: number | null;
  total: number;
  rows: { person: string | null; report: string | null; point: string; item: string; at: string; told: string | null; value: string }[];
}

export interface Fraud {
  from: string;
  to: string;
  rule: { name: string; source: string; source_zh: string };
  items: Finding[];
  total: number;
}

/* ---- composition ---- */

const PER_UG: Record<string, number> = { 'ug/m3': 1, 'ng/m3': 0.001, 'mg/m3': 1000 };
/** The whole whose parts stand in the stack: beside them it would count them twice. */
const WHOLE = ['PM2.5', 'PM10', 'TSP'];

const perUg = (unit: string) => PER_UG[unit.replace(/[µμ]/, 'u').replace('³', '3')] ?? null;

/** What a species' unit is in µg/m³; null for what is no mass in a volume, or the whole itself: it stands in no stack. */
export function massOf(species: Pick<Species, 'unit' | 'item'>): number | null {
  if (species.item && WHOLE.includes(species.item)) return null;
  return perUg(species.unit);
}

/** A bar: an hour as it was measured, or the mean of the hours of a civil day that have a value. */
export interface Stack {
  /** Begin of the hour or the day. */
  at: number;
  /** By species, in its own unit; null = missing. */
  values: (number | null)[];
  /** By species: hours that have a value. */
  counts: number[];
  hours: ComponentHour[];
}

export function stacks(answer: Components, by: 'hour' | 'day'): Stack[] {
  const groups = new Map<number, ComponentHour[]>();
  for (const hour of answer.items) {
    const begin = (instant(hour.time) ?? 0) - DAY_MS / 24;
    const at = by === 'day' ? startOfDay(begin) : begin;
    groups.set(at, [...(groups.get(at) ?? []), hour]);
  }
  return [...groups].map(([at, hours]) => {
    const found = answer.species.map((_, i) => hours.flatMap((h) => h.values[i] ?? []));
    return { at, hours, counts: found.map((v) => v.length), values: found.map((v) => (v.length ? v.reduce((a, b) => a + b, 0) / v.length : null)) };
  });
}

export interface Part {
  /** Index of the species. */
  of: number;
  from: number;
  to: number;
}

/** Parts of a bar from below in µg/m³. What is missing, or is no mass, takes no room; below zero counts as zero. */
export function parts(stack: Stack, species: Species[]): Part[] {
  const list: Part[] = [];
  let sum = 0;
  species.forEach((s, of) => {
    const value = stack.values[of];
    const mass = massOf(s);
    if (value === null || value === undefined || mass === null) return;
    const from = sum;
    sum += Math.max(0, value) * mass;
    list.push({ of, from, to: sum });
  });
  return list;
}

/** An end of an axis and its steps: 1, 2 or 5 times a power of ten, three to six of them. */
export function axis(top: number): number[] {
  if (!(top > 0)) return [0, 1];
  const power = 10 ** Math.floor(Math.log10(top / 4));
  const step = power * ([1, 2, 5, 10].find((m) => top / (power * m) <= 5) ?? 10);
  return Array.from({ length: Math.ceil(top / step - 1e-9) + 1 }, (_, i) => Number((i * step).toPrecision(12)));
}

/* ---- profiles ---- */

const EXTINCTION = [0.05, 0.1, 0.2, 0.3, 0.5, 0.8, 1.2, 2, 3];
const WIND = [2, 4, 6, 8, 10, 13, 16, 20, 25];
const MASS = [15, 35, 55, 75, 115, 150, 200, 250, 350];
const LADDER = [0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20];

/** The limits of the classes by the unit, the same every day, so that two days can be compared. */
export function classLimits(unit: string): readonly number[] {
  if (/^(1\/km|\/km|km-1|km\^-1|km⁻¹)$/.test(unit)) return EXTINCTION;
  if (unit === 'm/s') return WIND;
  if (perUg(unit) === 1) return MASS;
  return LADDER;
}

/** 0 below the first limit; a value on a limit is in the class above it. */
export function classOf(value: number, limits: readonly number[]): number {
  let n = 0;
  while (n < limits.length && value >= limits[n]!) n++;
  return n;
}

export function classText(n: number, limits: readonly number[]): string {
  if (n === 0) return `< ${limits[0]}`;
  return n === limits.length ? `≥ ${limits[n - 1]}` : `${limits[n - 1]}–${limits[n]}`;
}

/** The colour of a class as [r, g, b]: equal steps of lightness from pale to deep (Oklab, Ottosson
 * 2020), from blue to violet, so that none is a colour of the air quality index. */
export function classColour(n: number, limits: readonly number[]): [number, number, number] {
  const share = n / limits.length;
  return rgb(0.95 - 0.7 * share, 0.02 + 0.11 * Math.sin(Math.PI * (0.08 + 0.8 * share)), 220 + 85 * share);
}

function rgb(lightness: number, chroma: number, hue: number): [number, number, number] {
  const [a, b] = [chroma * Math.cos((hue * Math.PI) / 180), chroma * Math.sin((hue * Math.PI) / 180)];
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  const linear = [4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s, -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s, -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s];
  return linear.map((v) => Math.round(255 * Math.min(1, Math.max(0, v <= 0.0031308 ? 12.92 * v : 1.055 * v ** (1 / 2.4) - 0.055)))) as [number, number, number];
}

/** Where the cells of rising heights meet: half way to the neighbour, never below ground. */
export function bounds(heights: number[]): number[] {
  if (!heights.length) return [];
  if (heights.length === 1) return [0, 2 * heights[0]! || 1];
  const half = (i: number) => (heights[i]! + heights[i + 1]!) / 2;
  const inner = heights.slice(1).map((_, i) => half(i));
  const last = heights.length - 1;
  return [Math.max(0, heights[0]! - (half(0) - heights[0]!)), ...inner, heights[last]! + (heights[last]! - half(last - 1))];
}

/** Index of the cell that `at` lies in; −1 outside. */
export function cellAt(edges: number[], at: number): number {
  if (edges.length < 2 || at < edges[0]! || at >= edges[edges.length - 1]!) return -1;
  let [low, high] = [0, edges.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (edges[middle]! <= at) low = middle;
    else high = middle;
  }
  return low;
}

/** At most `most` indexes of `count`, evenly apart, the first among them. */
export function thinned(count: number, most: number): number[] {
  const step = Math.max(1, Math.ceil(count / most));
  return Array.from({ length: Math.ceil(count / step) }, (_, i) => i * step);
}

export const dayBefore = (day: string, days: string[]): string | null => days.filter((d) => d < day).pop() ?? null;
export const dayAfter = (day: string, days: string[]): string | null => days.find((d) => d > day) ?? null;
export const midnight = (day: string): number => instant(day) ?? 0;
