// SPDX-License-Identifier: Apache-2.0
// Evaluated air as the server tells it. Nothing of it is computed here.
import type { Rule } from '../lib/types';

export interface DayItem {
  value: number | null;
  iaqi: number | null;
  hours: number;
  planned: boolean;
}

export interface AirDay {
  date: string;
  aqi: number | null;
  level: number | null;
  primary: string[];
  items: Record<string, DayItem>;
  dust: boolean;
  standard: string;
  state: 'running' | 'raw' | 'automatic' | 'reviewed' | 'approved';
  provisional: boolean;
  stations: number;
  reviewed: number;
  approved: number;
  lapsed: number;
}

export interface Against {
  value: number | null;
  unrounded: number | null;
  limit: number | null;
  meets: boolean | null;
  exceeds_by: number | null;
}

export interface PeriodItem {
  mean: Against;
  percentile: Against;
  percentile_rank: number;
  days: number;
  valid: boolean;
  single_index: number | null;
}

export interface Counts {
  valid_days: number;
  good_days: number;
  heavy_days: number;
  good_ratio: number | null;
  heavy_ratio: number | null;
}

export interface Index {
  composite_index: number | null;
  composite_index_2dp: number | null;
  max_single_index: number | null;
  primary: string[];
}

export interface Period extends Counts, Index {
  period: string;
  from: string;
  to: string;
  limits: string;
  profile: string;
  items: Record<string, PeriodItem>;
  meets_all: boolean | null;
  o3_over_days: number;
  dust_days: number;
  primary_days: Record<string, number>;
  without_dust: ({ PM10: number | null; 'PM2.5': number | null } & Index) | null;
}

export interface Levels {
  raw: number;
  automatic: number;
  reviewed: number;
  approved: number;
  left_out: number;
  lapsed: number;
}

export interface Asked {
  level: string;
  standard: string;
  known_at: string | null;
  rules?: Rule[];
}

export interface Brief extends Counts {
  values: Record<string, number | null>;
  composite_index: number | null;
}

export interface YearOnYear {
  standard: string;
  profile: string;
  now: Brief;
  before: Brief;
  change_percent: Record<string, number | null>;
}

export interface PeriodRow {
  period: Period;
  year_on_year: YearOnYear;
}

export interface Periods extends Asked {
  scope: string;
  year: number;
  months: PeriodRow[];
  total: PeriodRow;
  levels: Levels;
}

export interface RankRow {
  rank: number | null;
  tie: boolean;
  id: string;
  name_zh: string;
  name_en: string;
  stations: number;
  valid: boolean;
  reason: string | null;
  figures: Brief;
  composite_index: number | null;
  max_single_index: number | null;
  primary: string[];
  days: Record<string, number>;
  before: number | null;
  rank_before: number | null;
  change_percent: number | null;
  levels: Levels;
}

export interface Ranking extends Asked {
  period: string;
  group: string;
  rule: { source: string; source_zh: string; zh: string; en: string };
  profile: { name: string; source: string; source_zh: string };
  items: RankRow[];
}

export interface Edition {
  standard: string;
  source: string;
  limits: string;
  limits_source: string;
  index_profile: string;
  figures: Brief;
  items: Record<string, { limit: number | null; meets: boolean | null }>;
}

export interface Compared extends Asked {
  scope: string;
  year: number;
  editions: [Edition, Edition];
  differences: { date: string; aqi_first: number | null; aqi_second: number | null; level_first: number; level_second: number }[];
  levels: Levels;
}

export interface GradedCell {
  value: number | null;
  counts: boolean;
  grade: 'missing' | 'good' | 'doubtful' | 'bad';
  reasons: string[];
  flag: string | null;
  mark: 'excluded' | 'restored' | null;
  unit: string;
}

export interface GradedHour {
  time: string;
  aqi: number | null;
  level: number | null;
  primary: string[];
  standard: string;
  reason: string | null;
  review: string;
  items: Record<string, GradedCell>;
}

export interface GradedHours extends Asked {
  site: string;
  evaluated: boolean;
  items: GradedHour[];
}

export interface Review {
  date: string;
  level: string;
  lapsed: boolean;
  dust: boolean;
  bad: number;
  doubtful: number;
  missing: number;
  marked: number;
  reviewed_by: string | null;
  reviewed_at: string | null;
  approved_by: string | null;
  approved_at: string | null;
}

export interface Mark {
  id: number;
  site: string;
  effect: 'exclude' | 'restore' | 'dust';
  items: string[];
  from: string;
  to: string;
  reason: string;
  recorded_at: string;
  recorded_by: string;
  undone_at: string | null;
  undone_by: string | null;
  undone_reason: string | null;
}

export interface Reached {
  valid_days: number;
  value: number | null;
  days: number | null;
}

export interface Target {
  metric: string | null;
  statistic: string | null;
  op: string | null;
  unit: string | null;
  text: string | null;
  months: string | null;
  source: string | null;
  value: number | null;
  scope: string;
  year: number;
  kind: string | null;
  item: string | null;
  state: string;
  why: string | null;
  reached: Reached | null;
  allowance: { days_left: number; mean_allowed: number | null; days_of_target: number | null; days_may: number | null; zh: string | null; en: string | null } | null;
  projection: { value: number | null; low: number | null; high: number | null; confidence_percent: number; past_years: number; zh: string; en: string } | null;
  path: { month: string; over: boolean; actual: number | null; days: number | null; valid_days: number; reason: string | null; mean_allowed: number | null }[] | null;
  year_before: { standard: string; now: Reached; before: Reached; change_percent: number | null; change_days: number | null } | null;
  levels: Levels | null;
}

export interface Targets extends Asked {
  asof: string;
  row_version: number;
  items: Target[];
}

export interface Allocation extends Asked {
  item: string;
  base_year: number;
  weight: string;
  target: number;
  items: { id: string; name_zh: string; name_en: string; own: number; weight: number; target: number; change_percent: number | null }[];
  without_data: string[];
  weighted_mean: number | null;
  meets: boolean;
  zh: string;
  en: string;
}

export interface Attainment extends Asked {
  scope: string;
  item: string;
  base_year: number;
  base: number | null;
  goal: number;
  items: { year: number; path: number; actual: number | null; limit: number; edition: string; gap: number | null; meets: boolean }[];
  zh: string;
  en: string;
}

export interface Check {
  id: number;
  site: string;
  mn: string | null;
  item: string;
  kind: string;
  at: string;
  reference: number;
  measured: number;
  span: number | null;
  deviation: number;
  deviation_unit: string;
  limit: number;
  judge: 'pass' | 'fail';
  note: string | null;
  recorded_at: string;
  recorded_by: string;
}
