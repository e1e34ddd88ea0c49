// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { actionsOf, byUnit, periods, wan, yuan, type MoneyLine } from '../../src/money/lines';

const line = (over: Partial<MoneyLine>): MoneyLine => ({ id: 'M1', kind: 'problem', fact: 'found_problem/1', unit: 't1', period: '2025-10', day: '2025-10-02', rule: 'r', item: 'boiler', yuan: -100_000, text: '', inputs: {}, state: 'drafted', appeal: '', appeal_until: null, approved_by: '', second_by: '', reverses: null, reversed_by: null, row_version: 1, ...over });

describe('lines of money', () => {
  it('are written with their sign', () => {
    expect([yuan(-1_450_000), yuan(0), yuan(350_000), wan(-1_450_000), wan(500)]).toEqual(['−1,450,000', '0', '+350,000', '145', '0.05']);
  });
  it('offer what their state allows', () => {
    const acts = (over: Partial<MoneyLine>) => actionsOf(line(over)).map((a) => a.action);
    expect(acts({})).toEqual(['approve', 'appeal']);
    expect(acts({ state: 'frozen' })).toEqual(['uphold', 'reject']);
    expect(acts({ state: 'approved' })).toEqual(['approve']);
    expect(acts({ state: 'posted' })).toEqual(['reverse']);
    expect(acts({ state: 'posted', reversed_by: 'M2' })).toEqual([]);
    expect(acts({ state: 'posted', reverses: 'M0' })).toEqual([]);
    expect(acts({ state: 'withdrawn' })).toEqual([]);
  });
  it('stand under their unit, who loses most first', () => {
    const items = [line({ id: 'a' }), line({ id: 'b', unit: 't2', yuan: -200_000 }), line({ id: 'c' })];
    const groups = byUnit({ items, units: [{ unit: 't1', yuan: -150_000, posted_yuan: 0 }, { unit: 't2', yuan: -200_000, posted_yuan: 0 }], yuan: 0, posted_yuan: 0, latest: null });
    expect(groups.map((g) => [g.unit, g.lines.map((l) => l.id)])).toEqual([['t2', ['b']], ['t1', ['a', 'c']]]);
  });
  it('choose from two years of months and the one asked for', () => {
    expect(periods(2026, 1, '').slice(0, 2)).toEqual(['2026-01', '2025-12']);
    expect(periods(2026, 1, '2020-05')[0]).toBe('2020-05');
  });
});
