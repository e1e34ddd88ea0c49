// SPDX-License-Identifier: Apache-2.0
// Small shapes on a 16 × 16 field, shared by the lists (SVG) and the map (canvas).

/** What a source is, told by its outline. */
export const SOURCE_SHAPES: Record<string, string> = {
  outlet: 'M6.2 2h3.6l1.7 12h-7z',
  power: 'M9.5 1.5 3.5 9h4l-1 5.5L12.5 7h-4z',
  dust: 'M2.5 13.5 8 3.5l5.5 10z',
  kitchen: 'M2 5.5h12a6 6 0 0 1-12 0z',
  pump: 'M8 1.8c2.6 3.4 4.2 5.5 4.2 8a4.2 4.2 0 0 1-8.4 0c0-2.5 1.6-4.6 4.2-8z',
  gate: 'M2.5 13.500v-9h2v3h7v-3h2v9h-2v-4h-7v4z',
  machine: 'M8 1.800l5.4 3.100v6.200L8 14.200l-5.4-3.100V4.900z',
  camera: 'M2 5h8v6H2zM10 7.500l4-2v5l-4-2z',
};
const OTHER = 'M3 3h10v10H3z';

export const SOURCE_KINDS = ['outlet', 'power', 'dust', 'kitchen', 'pump', 'gate', 'machine', 'camera'] as const;
export const AIR_KINDS = ['air_national', 'air_provincial', 'air_township', 'air_road', 'air_micro'] as const;

/** Stations that watch and are never evaluated. */
const WATCHING = new Set(['air_road', 'air_micro', 'air_park', 'air_component', 'air_profile', 'air_pilot']);

export function isRated(kind: string): boolean {
  return isAir(kind) && !WATCHING.has(kind);
}

export function shapeOf(kind: string): string {
  return SOURCE_SHAPES[kind] ?? OTHER;
}

export function isAir(kind: string): boolean {
  return kind.startsWith('air');
}

/** Order in lists: what counts in the evaluation first. */
export function kindRank(kind: string): number {
  const air = (AIR_KINDS as readonly string[]).indexOf(kind);
  if (air >= 0) return air;
  const source = (SOURCE_KINDS as readonly string[]).indexOf(kind);
  return source >= 0 ? 10 + source : 99;
}

export const LINK_RANK: Record<string, number> = { offline: 0, silent: 1, never: 2, online: 3 };

/** Three ranks of an event: told by shape and word. */
export function severityRank(severity: string): 'alarm' | 'warning' | 'notice' {
  if (/alarm|critical|error|high|severe/.test(severity)) return 'alarm';
  if (/warn|medium/.test(severity)) return 'warning';
  return 'notice';
}
