// SPDX-License-Identifier: Apache-2.0
// The arithmetic of "what if", fast enough to move with a slider: one product with the matrix. What
// each answer may claim is said where it is shown. The same formulas as src/models/response.h.
import type { Range, Source } from './types';

const G_S_PER_TONNE_A_YEAR = 1e6 / 31557600;

/** Emission in the matrix's unit of each source, as the ledger has it. */
export function ratesOf(sources: Source[], pollutant: string): number[] {
  return sources.map((s) => (s.tonnes[pollutant] ?? 0) * G_S_PER_TONNE_A_YEAR * s.unit);
}

export type Cuts = Record<string, number>;

/** "sector.home:30,R12:50" in the address: per cent taken away. */
export function readCuts(text: string | undefined): Cuts {
  const cuts: Cuts = {};
  for (const part of (text ?? '').split(',')) {
    const [name, share] = part.split(':');
    const value = Number(share);
    if (name && value > 0 && value <= 100) cuts[name] = Math.round(value);
  }
  return cuts;
}

export function writeCuts(cuts: Cuts): string | null {
  const list = Object.entries(cuts).filter(([, v]) => v > 0);
  return list.length ? list.map(([k, v]) => `${k}:${v}`).join(',') : null;
}

/** What is left of each source: measures on one source work one after the other. */
export function factorsOf(sources: Source[], cuts: Cuts): number[] {
  return sources.map((s) => (1 - (cuts[`sector.${s.sector}`] ?? 0) / 100) * (1 - (cuts[s.id] ?? 0) / 100));
}

/** Sum over the sources of rate x row. */
export function product(matrix: Float32Array, points: number, rate: number[]): Float32Array {
  const out = new Float32Array(points);
  rate.forEach((q, s) => {
    if (!q) return;
    const from = s * points;
    for (let r = 0; r < points; r++) out[r]! += q * matrix[from + r]!;
  });
  return out;
}

/** Each source's part at one point; between the points of the grid by the four around. */
export function partsAt(matrix: Float32Array, points: number, rate: number[], weights: [number, number][]): number[] {
  return rate.map((q, s) => weights.reduce((sum, [r, w]) => sum + w * q * matrix[s * points + r]!, 0));
}

/** Points of the grid around a place and their weights; null outside. */
export function around(i: number, j: number, nx: number, ny: number): [number, number][] | null {
  const [a, b] = [Math.floor(i), Math.floor(j)];
  if (!(a >= 0 && b >= 0 && a + 1 < nx && b + 1 < ny)) return null;
  const [u, v] = [i - a, j - b];
  const k = b * nx + a;
  return [[k, (1 - u) * (1 - v)], [k + 1, u * (1 - v)], [k + nx, (1 - u) * v], [k + nx + 1, u * v]];
}

/** What the whole region's cut leaves: of `now` the share answers to the ratio, the rest stays. */
export function local(now: number, share: Range, ratio: number): Range {
  const at = (l: number) => now * (1 - l * (1 - ratio));
  const [a, b] = [at(share[0]), at(share[1])];
  return a < b ? [a, b] : [b, a];
}

/** Secondary particles by elasticities; change is dE/E. */
export function secondary(now: number, elasticity: Record<string, Range>, change: Record<string, number>): Range {
  let [low, high] = [0, 0];
  for (const [k, e] of Object.entries(elasticity)) {
    const d = change[k] ?? 0;
    low += Math.min(e[0] * d, e[1] * d);
    high += Math.max(e[0] * d, e[1] * d);
  }
  return [Math.max(0, now * (1 + low)), Math.max(0, now * (1 + high))];
}

/** Of the county's emission of a precursor, the change that the cuts make. */
export function changeOf(sources: Source[], factors: number[], precursor: string): number {
  let [base, then] = [0, 0];
  sources.forEach((s, i) => {
    base += s.tonnes[precursor] ?? 0;
    then += (s.tonnes[precursor] ?? 0) * factors[i]!;
  });
  return base > 0 ? then / base - 1 : 0;
}

/** Three figures, never more decimals than three. */
export function figure(v: number | null | undefined): string {
  if (v === null || v === undefined || !Number.isFinite(v)) return '–';
  const a = Math.abs(v);
  const text = a >= 100 ? v.toFixed(0) : a >= 10 ? v.toFixed(1) : a >= 1 ? v.toFixed(2) : a >= 0.0005 || a < 1e-6 ? (a < 1e-6 ? '0.000' : v.toFixed(3)) : v.toPrecision(1);
  return text.replace('-', '−');
}
