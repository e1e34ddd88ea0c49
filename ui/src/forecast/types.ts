// SPDX-License-Identifier: Apache-2.0
// What /forecast tells, and the few ways in which the desk looks at it.

export interface Edition {
  rule: string;
  aqi_low: number;
  aqi: number;
  aqi_high: number;
  grades: number[];
  primary: string | null;
  grade_probability?: number[];
  p_over_100?: number | null;
  p_over_150?: number | null;
  p_over_200?: number | null;
}
export interface Day extends Edition {
  date: string;
  lead: number;
  trend: boolean;
  concentrations?: Record<string, [number, number, number]>;
  other?: Edition;
  edited?: boolean;
}
export interface Version {
  place: string;
  issued: string;
  version: number;
  kind: 'guidance' | 'edit';
  reason: string;
  due_at: string;
  on_time: boolean;
  made_at: string;
  by: string;
  days: Day[];
}
export interface Minute {
  issued: string;
  version: number;
  state: 'draft' | 'signed';
  text: string;
  made_at: string;
  by: string;
}
export interface Published {
  date: string;
  version: number;
  text: { zh: string; en: string };
  issued_at: string;
  due_at: string;
  late: boolean;
  by: string;
}
export interface Now {
  warnings: WarningRow[];
  forecast: Version;
  minute: Minute | null;
  public: Published | null;
}
export interface Versions {
  items: Version[];
  minutes: Minute[];
}
export interface State {
  work: { what: string; place: string; done: number; of: number } | null;
  weather: { issued: string; columns: string[]; days: { date: string; lead: number; values: (number | null)[] }[] } | null;
}

export interface Score {
  lead: number;
  season: string;
  days: number;
  exact: number | null;
  grade_set: number | null;
  within_one: number | null;
  range: number | null;
  bias: number | null;
  mean_error: number | null;
  persistence: number | null;
  skill_persistence: number | null;
  climatology: number | null;
  skill_climatology: number | null;
  brier_100: number | null;
  brier_150: number | null;
  brier_200: number | null;
  brier_skill_100: number | null;
  brier_skill_150: number | null;
  brier_skill_200: number | null;
}
/** Days that came, days told, and what follows from both. */
export interface Hits {
  lead: number;
  observed: number;
  told: number;
  pod: number | null;
  far: number | null;
  csi: number | null;
}
export const OVERS = [100, 150, 200] as const;
export type Over = (typeof OVERS)[number];
export interface Bin {
  lead: number;
  over: Over;
  days: number;
  told: number;
  happened: number;
}
export interface Scores {
  place: string;
  from: string;
  to: string;
  issued: number;
  on_time: number;
  late: number;
  edited: number;
  scores: { leads: Score[]; seasons: Score[]; grades: (Hits & { grade: number })[]; exceedances: (Hits & { over: Over })[]; reliability: Bin[] };
}
export interface Case {
  issued: string;
  date: string;
  lead: number;
  season: string;
  aqi_low: number;
  aqi: number;
  aqi_high: number;
  grades: number[];
  p_over_100: number | null;
  p_over_150: number | null;
  p_over_200: number | null;
  brier_100: number | null;
  brier_150: number | null;
  brier_200: number | null;
  observed: number;
  error: number;
  observed_grade: number;
  exact: boolean;
  grade_set: boolean;
  within_one: boolean;
  persistence: number | null;
  climatology: number | null;
}

/** What a weather file brought, or would bring. */
export interface WeatherTaken {
  form: 'csv' | 'grid';
  rows: number;
  added: number;
  kept: number;
  first_issue: string | null;
  last_issue: string | null;
  first_lead: number;
  last_lead: number;
  columns: string[];
  committed: boolean;
}

/** Below this a share says little: it is shown in grey. */
export const FEW_DAYS = 20;
/** What the plans ask of grade forecasts. */
export const GOAL = 0.7;
export const TREND_FROM = 11;

/** A day by an edition; null where it was not told by that one. */
export function byEdition(day: Day, edition: string): Edition | null {
  if (edition === 'auto' || day.rule.endsWith(edition)) return day;
  return day.other?.rule.endsWith(edition) ? day.other : null;
}

export function percent(share: number | null | undefined): string {
  return share === null || share === undefined ? '–' : `${Math.round(share * 100)}`;
}

/** Civil date n days after another. */
export function plusDays(date: string, n: number): string {
  return new Date(Date.parse(`${date}T00:00:00Z`) + n * 86_400_000).toISOString().slice(0, 10);
}

/** 1 Monday … 7 Sunday. */
export function weekday(date: string): number {
  return new Date(`${date}T00:00:00Z`).getUTCDay() || 7;
}

export interface WarningRow {
  id: string;
  level: 'yellow' | 'orange' | 'red';
  action: 'issue' | 'upgrade' | 'downgrade';
  state: 'proposed' | 'approved' | 'issued' | 'refused' | 'replaced' | 'lifted';
  from: string;
  to: string;
  pollutant: string | null;
  rule: string;
  reason: string;
  by_rule: boolean;
  issued: string;
  minute_version: number;
  forecast_version: number;
  made_at: string;
  by: string;
  /** The level that an open proposal asks for; none: to lift it. */
  ease: 'none' | 'yellow' | 'orange' | null;
}
export interface RuledDay {
  date: string;
  aqi?: number;
  primary: string | null;
  counts: boolean;
  observed?: boolean;
  level: string;
}
export interface Ease {
  id: number;
  level: 'none' | 'yellow' | 'orange';
  state: 'proposed' | 'accepted' | 'refused' | 'withdrawn';
  from: string;
  to: string;
  made_at: string;
  grounds: {
    from_level: string;
    days_over: boolean;
    hours: number;
    hours_asked: number;
    source: string;
    source_zh: string;
    air: { at: string; pm25: number; index: number; limit: number; hours_below: number; hours_asked: number } | null;
    forecast_issued: string | null;
    forecast_version: number;
    days: RuledDay[];
  };
  steps: { state: string; text: string; at: string; who: string }[];
}
export interface Condition {
  level: string;
  above: number;
  days: number;
  peak_above: number;
  peak_days: number;
}
export interface Warning extends WarningRow {
  basis: { condition: Condition | null; source: string; source_zh: string; days: RuledDay[]; from_level?: string };
  eases: Ease[];
  minute: Minute;
  steps: { state: string; text: string; at: string; who: string }[];
}

/** What may be done with a warning now. */
export function turnsOf(w: { state: string }): ('approve' | 'refuse' | 'lift')[] {
  if (w.state === 'proposed' || w.state === 'approved') return ['approve', 'refuse'];
  return w.state === 'issued' ? ['lift'] : [];
}
