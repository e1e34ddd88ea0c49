// SPDX-License-Identifier: Apache-2.0
// How evaluated figures come about: the formula, what of the server's answer went into it, and the
// server's own table of rules for source and dates. Nothing is computed here.
import { get } from '../lib/api';
import { ITEMS, itemName } from '../lib/aqi';
import { unit } from '../lib/format';
import { t } from '../lib/i18n.svelte';
import { prefs } from '../lib/prefs.svelte';
import { say, type Key, type Params } from '../lib/text';
import type { Rule } from '../lib/types';
import { fixed, percentOf, shown, unitOf } from './figures';
import type { AirDay, Counts, Edition, Period, Target } from './types';

interface Row {
  name: string;
  source: string;
  from: string | null;
  to: string | null;
  default?: boolean;
  items?: Record<string, { breakpoints?: number[] }>;
  limits?: Record<string, number>;
  weights?: Record<string, number>;
}
type Table = 'aqi' | 'limits' | 'index' | 'qc';
const tables = new Map<Table, Promise<Row[]>>();

function table(name: Table): Promise<Row[]> {
  let known = tables.get(name);
  if (!known) {
    known = get<{ rows: Row[] }>(`rules/${name}`).then((a) => a.rows);
    known.catch(() => tables.delete(name));
    tables.set(name, known);
  }
  return known;
}
async function row(name: Table, which: string | null | undefined): Promise<Row | undefined> {
  const rows = await table(name);
  return rows.find((r) => r.name === which) ?? rows.find((r) => which && r.name.endsWith(which));
}

const both = (key: Key, params?: Params) => ({ zh: say('zh', key, params), en: say('en', key, params) });
function input(key: Key, value: string, params?: Params) {
  return { ...both(key, params), value };
}
function rule(figure: string, key: Key, formula: string | null, inputs: Rule['inputs'], by: Row | undefined, source: string, clause: string | null = null): Rule {
  return { figure, ...both(key), formula, inputs, source: by?.source ?? source, clause: by ? null : clause, valid_from: by?.from ?? null };
}
const withUnit = (value: number | null | undefined, item: string) => `${shown(value, item)} ${unit(unitOf(item))}`;

const DAILY: Record<string, string> = { SO2: 'SO2_24h', NO2: 'NO2_24h', CO: 'CO_24h', O3: 'O3_8h', PM10: 'PM10_24h', 'PM2.5': 'PM25_24h' };
const STEPS = [0, 50, 100, 150, 200, 300, 400, 500];

/** The value of a day and its sub-index. */
export async function explainDay(day: AirDay, item: string): Promise<Rule[]> {
  const v = day.items[item]!;
  const by = await row('aqi', day.standard);
  const rules = [
    rule('day', item === 'O3' ? 'why.o3day' : 'why.daymean', item === 'O3' ? 'C = max(Σ c / n), n ≥ 6 / 8 h' : 'C = Σ c / n', [
      input('why.hours', String(v.hours)),
      input('why.needhours', item === 'O3' ? '14 (8 h)' : '20'),
      input('why.value', withUnit(v.value, item)),
    ], undefined, 'GB 3095', t('why.table4')),
  ];
  if (v.iaqi === null) return rules;
  const points = Object.entries(by?.items ?? {}).find(([k]) => k.toLowerCase().replace(/[^a-z0-9]/g, '') === DAILY[item]!.toLowerCase().replace(/[^a-z0-9]/g, ''))?.[1].breakpoints ?? [];
  const at = points.findIndex((p) => (v.value ?? 0) <= p);
  const inputs = [input('why.c', withUnit(v.value, item))];
  if (at > 0) inputs.push(input('why.bp', `${points[at - 1]} – ${points[at]}`), input('why.iaqis', `${STEPS[at - 1]} – ${STEPS[at]}`));
  inputs.push({ zh: 'IAQI', en: 'IAQI', value: String(v.iaqi) });
  return [...rules, rule('iaqi', 'why.iaqi', 'IAQI = ⌈(IAQI_Hi − IAQI_Lo) / (BP_Hi − BP_Lo) × (C − BP_Lo) + IAQI_Lo⌉', inputs, by, day.standard)];
}

export async function explainDayIndex(day: AirDay): Promise<Rule[]> {
  const by = await row('aqi', day.standard);
  return [rule('aqi', 'why.aqi', 'AQI = max(IAQI)', ITEMS.map((i) => ({ zh: itemName(i), en: itemName(i), value: String(day.items[i]?.iaqi ?? '–') })), by, day.standard)];
}

/** Mean or percentile of a period against its limit. */
export async function explainItem(p: Period, item: string, which: 'mean' | 'percentile'): Promise<Rule[]> {
  const s = p.items[item]!;
  const a = s[which];
  const limits = await row('limits', p.limits);
  const own = which === 'mean'
    ? rule(which, 'why.mean', 'C = Σ C_d / N', [input('why.days', String(s.days)), input('why.unrounded', `${a.unrounded ?? '–'} ${unit(unitOf(item))}`), input('why.rounded', withUnit(a.value, item))], undefined, 'HJ 663', t('why.hj663mean'))
    : rule(which, 'why.percentile', 'k = 1 + (N − 1) · p / 100;  m = C_⌊k⌋ + (C_⌊k⌋₊₁ − C_⌊k⌋) · (k − ⌊k⌋)', [input('why.days', String(s.days)), input('why.p', `${s.percentile_rank} %`), input('why.unrounded', `${a.unrounded ?? '–'} ${unit(unitOf(item))}`), input('why.rounded', withUnit(a.value, item))], undefined, 'HJ 663', t('why.hj663pct'));
  const valid = rule('validity', s.valid ? 'why.valid' : 'why.invalid', null, [input('why.days', String(s.days))], undefined, 'GB 3095', t('why.table4'));
  if (a.limit === null) return [own, valid];
  const inputs = [input('why.limit', withUnit(a.limit, item)), input('why.rounded', withUnit(a.value, item))];
  if (a.exceeds_by !== null) inputs.push(input('why.over', fixed(a.exceeds_by, 2)));
  return [own, rule('limit', a.meets ? 'why.meets' : 'why.exceeds', 'B = (C − S) / S', inputs, limits, p.limits), valid];
}

export async function explainIndex(p: Period): Promise<Rule[]> {
  const profile = await row('index', p.profile);
  const inputs = ITEMS.map((i) => ({
    zh: itemName(i), en: itemName(i),
    value: `${shown(p.items[i]?.[i === 'CO' || i === 'O3' ? 'percentile' : 'mean'].value, i)} / ${profile?.limits?.[i] ?? '–'} → ${fixed(p.items[i]?.single_index, 3)}`,
  }));
  return [rule('composite', 'why.index', 'I = Σ w_i · C_i / S_i', [...inputs, input('why.total', fixed(p.composite_index, 3)), input('why.greatest', `${fixed(p.max_single_index, 3)} ${p.primary.map(itemName).join(' ')}`)], profile, p.profile)];
}

export async function explainCounts(c: Counts, standard: string): Promise<Rule[]> {
  const by = standard === 'auto' ? undefined : await row('aqi', standard);
  return [
    rule('good', 'why.good', 'AQI ≤ 100', [input('why.valid_days', String(c.valid_days)), input('why.good_days', String(c.good_days)), input('why.ratio', percentOf(c.good_ratio))], by, 'HJ 633'),
    rule('heavy', 'why.heavy', 'AQI > 200', [input('why.heavy_days', String(c.heavy_days)), input('why.ratio', percentOf(c.heavy_ratio))], by, 'HJ 633'),
  ];
}

export async function explainRank(r: { composite_index: number | null; figures: { values: Record<string, number | null> }; days: Record<string, number> }, profileName: string): Promise<Rule[]> {
  const profile = await row('index', profileName);
  return [
    rule('composite', 'why.index', 'I = Σ w_i · C_i / S_i', [
      ...ITEMS.map((i) => ({ zh: itemName(i), en: itemName(i), value: `${shown(r.figures.values[i], i)} / ${profile?.limits?.[i] ?? '–'} (${r.days[i] ?? 0} d)` })),
      input('why.total', fixed(r.composite_index, 3)),
    ], profile, profileName),
  ];
}

export async function explainGrade(of: { item: string; value: number | null; grade: string; reasons: string[]; flag: string | null; time: string; reasonWords: string[] }): Promise<Rule[]> {
  const rows = await table('qc');
  const by = rows.find((r) => (!r.from || r.from <= of.time.slice(0, 10)) && (!r.to || r.to >= of.time.slice(0, 10)));
  const own = (by as unknown as { items?: Record<string, Record<string, unknown>> } | undefined)?.items?.[of.item] ?? {};
  return [
    rule('grade', `why.grade.${of.grade}` as Key, null, [
      input('why.value', of.value === null ? '–' : `${of.value} ${unit(unitOf(of.item))}`),
      ...(of.flag ? [input('why.flag', of.flag)] : []),
      ...of.reasonWords.map((w) => input('why.reason', w)),
      ...Object.entries(own).map(([k, v]) => ({ zh: k, en: k, value: String(v) })),
    ], by, 'HJ 818'),
  ];
}

/** The index of one of two editions shown side by side. */
export async function explainEdition(e: Edition): Promise<Rule[]> {
  const profile = (await table('index')).find((r) => r.name === e.index_profile);
  return [
    rule('composite', 'why.index', 'I = Σ w_i · C_i / S_i', [
      ...ITEMS.map((i) => ({ zh: itemName(i), en: itemName(i), value: `${shown(e.figures.values[i], i)} / ${profile?.limits?.[i] ?? '–'}` })),
      input('why.total', fixed(e.figures.composite_index, 3)),
    ], profile, e.source),
  ];
}

/** What a target has reached and what may still be used up; a yearly value opens its own figure too. */
export async function explainTarget(x: Target, asof: string): Promise<Rule[]> {
  const formula = x.kind === 'mean' ? 'C_rest = (C_target · (N + R) − ΣC_d) / R' : 'n_rest = n_target − n';
  return [
    rule('target', 'why.target', formula, [
      input('why.asof', asof),
      input('why.valid_days', String(x.reached?.valid_days ?? '–')),
      input('why.reached', String(x.reached?.value ?? '–')),
      input('why.targetvalue', `${x.op ?? ''} ${x.value ?? '–'} ${unit(x.unit)}`),
      input('why.rest', String(x.allowance?.days_left ?? '–')),
      ...(x.allowance?.zh ? [{ ...both('why.may'), value: (prefs.lang === 'zh' ? x.allowance.zh : x.allowance.en) ?? '' }] : []),
    ], undefined, x.text ?? t('why.plan')),
    ...(x.projection?.value != null
      ? [{ figure: 'projection', zh: x.projection.zh, en: x.projection.en, formula: null, inputs: [input('why.pastyears', String(x.projection.past_years)), input('why.projected', `${x.projection.value}${x.projection.low === null ? '' : ` (${x.projection.low} – ${x.projection.high})`}`)], source: t('why.own'), clause: null, valid_from: null }]
      : []),
  ];
}
