// SPDX-License-Identifier: Apache-2.0
// What GET /disperse and its like answer.
export const POLLUTANTS = ['PM2.5', 'PM10', 'SO2', 'NOx'] as const;
export type Pollutant = (typeof POLLUTANTS)[number];
export const PRECURSORS = ['SO2', 'NOx', 'NH3', 'VOC'] as const;

export interface Source {
  id: string;
  row: number;
  name: string;
  site: string | null;
  sector: string;
  shape: 'stack' | 'volume' | 'area';
  lon: number;
  lat: number;
  height_m: number;
  unit: number;
  tonnes: Record<string, number>;
}

export interface Station {
  site: string;
  name_zh: string | null;
  name_en: string | null;
  lon: number;
  lat: number;
}

export interface Job {
  stage: 'idle' | 'waiting' | 'running' | 'failed' | 'cancelled';
  done: number;
  total: number;
  made: number;
  error: string | null;
}

export type Range = [number, number];

export interface Airshed {
  setup: { local_share?: Record<string, Range>; elasticity?: Record<string, Range>; source?: string } | null;
  row_version: number;
  job: Job;
  every_h?: number;
  grid?: { lon: number; lat: number; step_m: number; origin_lon: number; origin_lat: number; nx: number; ny: number };
  sources?: Source[];
  stations?: Station[];
  matrix?: { version: string; stale: boolean; built_at: string; hours: number; calm: number; missing: number; from: string; to: string; means: number[] } | null;
}

export interface Scores {
  count: number;
  fac2: number | null;
  fb: number | null;
  nmse: number | null;
  r: number | null;
}

export interface Factor {
  factor: number;
  error: number | null;
  held: boolean;
}

export interface Monitors {
  pollutant: string;
  county: number | null;
  fit: { all: Factor; background: Factor; residual: number; r2: number } | null;
  sectors: Record<string, Factor>;
  plain: Scores;
  bound: Scores;
  ozone: { weekend_change: number | null; weekend_error: number; slope: number | null; slope_error: number; nox_cut: 'up' | 'down' | 'unknown'; voc_cut: 'up' | 'down' | 'unknown' };
  pairs: { site: string; month: number; observed: number; modelled: number }[];
}

export type ImportKind = 'transport' | 'surface' | 'elasticity';

export interface ImportRow {
  region?: string;
  share?: number | null;
  precursor?: string;
  low?: number | null;
  high?: number | null;
  source?: string;
  nox?: number;
  so2?: number;
  nh3?: number;
  voc?: number;
  x?: number | null;
}

export interface ImportGroup {
  place: string;
  season: string;
  rows: ImportRow[];
}

export interface ImportSeen {
  committed?: boolean;
  kind: ImportKind;
  rows: number;
  groups: ImportGroup[];
}

export interface Imported extends ImportSeen {
  name: string;
  source: string;
  sha256: string;
  taken_by: string;
  taken_at: string;
}
