// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { axis, bounds, cellAt, classColour, classLimits, classOf, classText, parts, stacks, thinned, type Components, type Species } from '../../src/air/special';

const species = (item: string, unit = 'ug/m3'): Species => ({ mn: 'C1', code: item, item, zh: item, en: item, unit, kind: 'other', hours: 0 });
const hour = (time: string, ...values: (number | null)[]) => ({ time, values, anions: 0, cations: 0, ratio: null, balanced: null, missing: [], oc_ec: null });
const answer = (...items: Components['items']): Components => ({
  site: 'c', never: [], species: [species('NO3-'), species('Pb', 'ng/m3'), species('T', '℃')], items,
  rule: { name: '', source: '', source_zh: '', ratio_low_percent: 80, ratio_high_percent: 120, ocec_high_percent: 200 },
});

describe('a composition as stacks', () => {
  it('puts the last hour of a day to the day it belongs to', () => {
    const a = answer(hour('2026-11-21T23:00:00+08:00', 10, 500, 3), hour('2026-11-22T00:00:00+08:00', 20, null, 3), hour('2026-11-22T01:00:00+08:00', 6, 100, 3));
    const days = stacks(a, 'day');
    expect(days.map((d) => d.hours.length)).toEqual([2, 1]);
    expect(days[0]!.values).toEqual([15, 500, 3]);
    expect(days[0]!.counts).toEqual([2, 1, 2]);
    expect(stacks(a, 'hour')).toHaveLength(3);
  });
  it('stacks masses in one unit and leaves the rest out', () => {
    const a = answer(hour('2026-11-21T23:00:00+08:00', 10, 500, 3));
    expect(parts(stacks(a, 'hour')[0]!, a.species)).toEqual([{ of: 0, from: 0, to: 10 }, { of: 1, from: 10, to: 10.5 }]);
  });
  it('knows a unit with either micro sign, and leaves out the whole that the parts make up', () => {
    const of = [species('NO3-', 'μg/m3'), species('Ca2+', 'µg/m³'), species('PM2.5', 'μg/m3')];
    const a = { ...answer(hour('2026-11-21T23:00:00+08:00', 10, 2, 40)), species: of };
    expect(parts(stacks(a, 'hour')[0]!, of).map((p) => [p.of, p.to])).toEqual([[0, 10], [1, 12]]);
  });
  it('makes nothing of what is missing, and no hole of what is below zero', () => {
    const a = answer(hour('2026-11-21T23:00:00+08:00', null, 500, 3), hour('2026-11-22T00:00:00+08:00', -1, 500, null));
    expect(stacks(a, 'hour').map((s) => parts(s, a.species).map((p) => [p.of, p.to]))).toEqual([[[1, 0.5]], [[0, 0], [1, 0.5]]]);
    expect(stacks(answer(hour('2026-11-21T23:00:00+08:00', null, null, null)), 'day')[0]!.values).toEqual([null, null, null]);
  });
  it('has an axis of round steps that holds the top', () => {
    expect(axis(87)).toEqual([0, 20, 40, 60, 80, 100]);
    expect(axis(0.3).at(-1)).toBeGreaterThanOrEqual(0.3);
    expect(axis(0)).toEqual([0, 1]);
    for (const top of [1, 3, 9.9, 41, 120, 999]) expect(axis(top).length).toBeLessThanOrEqual(7);
  });
});

describe('classes of a profile', () => {
  it('go by the unit and never by the day', () => {
    expect(classLimits('km-1')).toBe(classLimits('1/km'));
    expect(classLimits('m/s')).not.toBe(classLimits('ug/m3'));
    for (const unit of ['km-1', 'm/s', 'ug/m3', '']) expect(classLimits(unit)).toEqual([...classLimits(unit)].sort((a, b) => a - b));
  });
  it('have a value on a limit in the class above', () => {
    const limits = classLimits('km-1');
    expect([0, 0.05, 0.0499, 99].map((v) => classOf(v, limits))).toEqual([0, 1, 0, limits.length]);
    expect([classText(0, limits), classText(1, limits), classText(limits.length, limits)]).toEqual(['< 0.05', '0.05–0.1', '≥ 3']);
  });
  it('grow darker class by class', () => {
    const limits = classLimits('km-1');
    const bright = Array.from({ length: limits.length + 1 }, (_, n) => classColour(n, limits)).map(([r, g, b]) => 0.2126 * (r / 255) ** 2.2 + 0.7152 * (g / 255) ** 2.2 + 0.0722 * (b / 255) ** 2.2);
    for (let n = 1; n < bright.length; n++) expect(bright[n]!).toBeLessThan(bright[n - 1]! - 0.004);
  });
});

describe('cells of a profile', () => {
  it('meet half way, and the lowest never lies below ground', () => {
    expect(bounds([100, 200, 400])).toEqual([50, 150, 300, 500]);
    expect(bounds([10, 100])[0]).toBe(0);
    expect([bounds([]), bounds([50])]).toEqual([[], [0, 100]]);
  });
  it('are found, and outside is none', () => {
    const edges = bounds([100, 200, 400]);
    expect([49, 50, 149, 150, 299, 499, 500].map((h) => cellAt(edges, h))).toEqual([-1, 0, 0, 1, 1, 2, -1]);
    expect(cellAt([], 5)).toBe(-1);
  });
  it('are thinned evenly for the table', () => {
    expect(thinned(20, 8)).toEqual([0, 3, 6, 9, 12, 15, 18]);
    expect(thinned(3, 8)).toEqual([0, 1, 2]);
    expect(thinned(0, 8)).toEqual([]);
  });
});
