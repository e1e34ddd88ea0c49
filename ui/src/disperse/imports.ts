// SPDX-License-Identifier: Apache-2.0
// What others computed and the county took in: which rows of it count, and what they say. The same
// formulas as src/models/response.h.
import type { Imported, ImportGroup, ImportKind, Range } from './types';

export const KINDS: ImportKind[] = ['transport', 'surface', 'elasticity'];

export const keyOf = (g: ImportGroup): string => (g.season ? `${g.place}|${g.season}` : g.place);

/** The rows of the place and season asked for, else the first. */
export function groupOf(i: Imported | null, key: string | undefined): ImportGroup | null {
  return i?.groups.find((g) => keyOf(g) === key) ?? i?.groups[0] ?? null;
}

/** Which of a matrix's regions the county is: the one asked for, else the one named as the place. */
export function regionOf(g: ImportGroup | null, asked: string | undefined): string | null {
  const names = g?.rows.map((r) => r.region) ?? [];
  return names.find((n) => n === asked) ?? names.find((n) => n === g?.place) ?? null;
}

export function shareOf(g: ImportGroup | null, region: string | null): Range | null {
  const row = g?.rows.find((r) => r.region === region);
  return row ? [row.low!, row.high!] : null;
}

/** Elasticities by the names that the ledger has for precursors. */
export function elasticityOf(g: ImportGroup | null): Record<string, Range> | null {
  const names: Record<string, string> = { so2: 'SO2', nox: 'NOx', nh3: 'NH3', voc: 'VOC' };
  return g ? Object.fromEntries(g.rows.map((r) => [names[r.precursor!]!, [r.low!, r.high!]])) : null;
}

/** x · ΔNOx^a · ΔSO2^b · ΔNH3^c · ΔVOC^d, summed; no change gives 0. */
export function surface(g: ImportGroup, change: Record<string, number>): number {
  let sum = 0;
  for (const r of g.rows) {
    const [a, b, c, d] = [r.nox ?? 0, r.so2 ?? 0, r.nh3 ?? 0, r.voc ?? 0];
    if (a + b + c + d === 0) continue;
    sum += r.x! * (change.NOx ?? 0) ** a * (change.SO2 ?? 0) ** b * (change.NH3 ?? 0) ** c * (change.VOC ?? 0) ** d;
  }
  return sum;
}
