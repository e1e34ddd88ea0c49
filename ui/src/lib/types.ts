// SPDX-License-Identifier: Apache-2.0
// The shapes of the HTTP API (docs/internals/api.md). Instants are ISO 8601 text with +08:00.

export type Link = 'online' | 'silent' | 'offline' | 'never';

export interface Place {
  name_zh: string;
  name_en: string;
  center: [number, number];
  bounds: [number, number, number, number];
  map_approval: string | null;
  demo: boolean;
  standard_now: string;
}

export interface Health {
  status: 'ok' | 'degraded';
  now: string;
  clock: { simulated: boolean; speed: number };
  journal: { state: string; reason: string | null; durable: number; processed: number; lag_bytes: number };
  store: { state: string; reason: string | null; damaged_blocks: number };
  counts: Record<string, number>;
  version: string;
  instance: string;
  demo: boolean;
}

export interface Factor {
  mn: string;
  code: string;
  zh: string;
  en: string;
  unit: string;
  item: string | null;
  limit: number | null;
  low: number | null;
  high: number | null;
}

export interface Site {
  id: string;
  kind: string;
  name_zh: string;
  name_en: string;
  division: string;
  owner_zh: string | null;
  owner_en: string | null;
  lon: number | null;
  lat: number | null;
  /** Closed then. */
  valid_to: string | null;
  row_version: number;
  devices: string[];
  factors: Factor[];
}

export interface AqiItem {
  value: number | null;
  iaqi: number | null;
  /** The 24-h running mean that gave iaqi, where the rule takes it instead of the hour's. */
  mean_24h: number | null;
  unit: string;
}

export interface Aqi {
  value: number | null;
  level: number | null;
  primary: string[];
  standard: string;
  items: Record<string, AqiItem>;
  time: string;
  /** Why there is no index: a code of the message table, aqi.reason.… */
  reason?: string | null;
}

export interface Value {
  mn: string;
  code: string;
  field: string;
  kind: string;
  value: number | null;
  unit: string;
  flag: string | null;
  time: string;
  period_end: string;
  limit: number | null;
  over: boolean;
}

export interface Validity {
  hour: { valid_minutes: number; need: number };
  day: { valid_hours: number; need: number };
}

export interface SiteLatest {
  time: string | null;
  age_s: number | null;
  state: Link;
  aqi: Aqi | null;
  values: Value[];
  validity?: Validity | null;
}

export interface Latest {
  now: string;
  /** The whole county at the last full hour, where the server computes it. */
  county?: Aqi | null;
  sites: Record<string, SiteLatest>;
}

/** How a figure comes about: what is shown behind the question mark. */
export interface Rule {
  figure: string;
  zh: string;
  en: string;
  formula: string | null;
  inputs: { zh: string; en: string; value: string }[];
  source: string;
  source_zh?: string;
  clause: string | null;
  clause_zh?: string | null;
  valid_from: string | null;
  /** As one would write them by hand. */
  steps?: { zh: string; en: string }[];
}

export interface SiteDetail extends Site {
  latest: SiteLatest;
  validity: Validity | null;
  rules: Rule[];
}

/** [t_ms, min, mean, max, flag] */
export type Point = [number, number | null, number | null, number | null, string | null];

export interface Series {
  unit: string;
  step_s: number;
  points: Point[];
  raw: boolean;
  interval?: 'start' | 'end';
  limit: number | null;
  damaged_blocks: number;
  /** An AQI: drawn in the colours of its levels. */
  index?: boolean;
}

export interface AqiHour {
  time: string;
  aqi: number | null;
  level: number | null;
  primary: string[];
  standard: string;
  values: Record<string, number | null>;
}

export interface Strip {
  county?: (number | null)[] | null;
  hours: string[];
  rows: { site: string; aqi: (number | null)[] }[];
}

export interface Device {
  mn: string;
  site: string | null;
  name_zh: string;
  name_en: string;
  st: string;
  status: 'approved' | 'parked' | 'disabled';
  dialect: number;
  link: Link;
  connected: boolean;
  address: string | null;
  last_frame: string | null;
  last_data: string | null;
  skew_ms: number | null;
  frames: number;
  refused: number;
  repeats: number;
  changed: number;
  deviations: number;
  effective_today: number | null;
  expected: { rtd_interval_s: number; min_interval_min: number; hours: boolean; days: boolean };
  row_version: number;
  [setting: string]: unknown;
}

export interface TransmissionDay {
  date: string;
  due: number;
  received: number;
  in_time: number;
  valid: number;
  rate: number | null;
  valid_rate: number | null;
  effective: number | null;
}

export interface Request {
  id: number;
  mn: string;
  cn: number;
  from: string | null;
  to: string | null;
  state: string;
  qn_rtn: number | null;
  exe_rtn: number | null;
  tries: number;
  chunks_done: number;
  chunks_total: number;
  rows_received: number;
  result: string | null;
  /** How far it is or why it ended, in one sentence. */
  zh?: string;
  en?: string;
  by: string;
  asked: string;
  updated: string;
}

export interface DeviceDetail extends Device {
  transmission: TransmissionDay[];
  requests: Request[];
  forward: { upper: string; state: string; lag: number | null }[];
}

export interface Frame {
  position: number;
  at: string;
  connection: number;
  kind: 'frame' | 'parked' | 'refused' | 'sent';
  flags: string[];
  text: string;
  hex: boolean;
  cn: string | null;
  cn_zh: string | null;
  cn_en: string | null;
  qn: string | null;
  data_time: string | null;
  ok: boolean;
  error: string | null;
  error_zh?: string | null;
  error_en?: string | null;
  deviations: { code: string; zh: string; en: string; offset: number | null }[];
  fields: Record<string, unknown>;
  factors: Record<string, Record<string, unknown>>;
}

export interface Parked {
  mn: string;
  first: string;
  last: string;
  count: number;
  address: string;
  sample: string;
}

export interface Event {
  id: number;
  at: string;
  kind: string;
  severity: string;
  site: string | null;
  mn: string | null;
  zh: string;
  en: string;
  params: Record<string, unknown>;
  position: number | null;
}

export interface Hit {
  type: 'site' | 'device' | 'division' | 'factor';
  id: string;
  zh: string;
  en: string;
  detail?: string | null;
  kind?: string | null;
}

export interface List<T> {
  items: T[];
  next: string | null;
  total: number;
}

export interface Division {
  type: 'Feature';
  properties: { code: string; kind: string; name_zh: string; name_en: string; parent: string | null };
  geometry: { type: string; coordinates: unknown };
}
