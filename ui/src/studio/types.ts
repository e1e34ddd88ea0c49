// SPDX-License-Identifier: Apache-2.0
// Answers of /analysis/{kind}.

export const PLOTS = ['polar', 'wind_rose', 'pollution_rose', 'percentile_rose', 'annulus', 'time', 'calendar', 'trend', 'normalised', 'trajectories', 'clusters', 'cells'] as const;
export type PlotKind = (typeof PLOTS)[number];
/** Those that need places, and so no file of one's own. */
export const PATHS: readonly string[] = ['trajectories', 'clusters', 'cells'];

export interface Sector {
  wd: number;
  n: number;
  share: number;
  mean_ws: number | null;
  mean: number | null;
  cpf: number | null;
  up_to: number[];
  percentiles: (number | null)[];
}
export interface Rose {
  breaks: number[];
  percents: number[];
  calm: number;
  calm_share: number;
  threshold: number | null;
  sectors: Sector[];
}
export interface Surface {
  side: number;
  reach: number;
  edf: number | null;
  threshold: number | null;
  bins: number;
  calm: number;
  values: (number | null)[];
}
export interface Annulus {
  rings: number;
  spokes: number;
  times: number;
  first: string | null;
  values: (number | null)[];
}
export type Group = [number, number | null, number | null, number | null];
export interface Variation {
  hour: Group[];
  weekday: Group[];
  month: Group[];
  weekday_hour: Group[];
}
export interface Trend {
  deseasoned: boolean;
  slope: number;
  lower: number;
  upper: number;
  percent: number | null;
  percent_lower: number | null;
  percent_upper: number | null;
  p: number;
  intercept: number;
  missing: number;
  months: { month: string; mean: number | null; value: number | null }[];
}
export interface Days {
  days: { date: string; hours: number; mean: number | null; ws: number | null; wd: number | null }[];
}
export interface PathHead {
  paths: number;
  cut: number;
  stations: number;
  step_min: number;
}
export type Xy = [number, number];
export interface Trajectories extends PathHead {
  items: { time: string; value: number; places: Xy[] }[];
}
export interface Clusters extends PathHead {
  clusters: { n: number; share: number; mean: number; places: Xy[] }[];
}
export interface Cells extends PathHead {
  cell_deg: number;
  percentile: number;
  cells: [number, number, number, number, number][];
}

export interface Analysis<P = unknown> {
  kind: PlotKind;
  site: string | null;
  factor: { code: string | null; zh: string | null; en: string | null; unit: string | null };
  from: string;
  to: string;
  weather: { site: string; name_zh: string; name_en: string; distance_m: number } | null;
  hours: { asked: number; used: number; negative: number; dropped: { why: string; n: number }[] };
  method: { zh: string; en: string; source: string | null };
  plot: P | null;
  reason: string | null;
}
