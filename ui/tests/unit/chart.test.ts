// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { drawn, fieldOf, flagged, indexAt, keyStep, kindFor, ticks } from '../../src/chart/data';
import { kindOf, period, shifted, wider, zoomed } from '../../src/site/period';
import type { Series } from '../../src/lib/types';

const H = 3600e3;
const NOON = Date.parse('2026-11-22T12:00:00+08:00');
const series = (points: Series['points'], raw = true): Series => ({ unit: 'ug/m3', step_s: 3600, points, raw, limit: null, damaged_blocks: 0 });

describe('what is drawn', () => {
  it('keeps gaps as gaps', () => {
    const d = drawn(series([[0, 1, 1, 1, 'N'], [H, 2, 2, 2, 'N'], [4 * H, 3, 3, 3, 'N']]));
    expect(d.x).toEqual([0, H, 2 * H, 4 * H]);
    expect(d.avg).toEqual([1, 2, null, 3]);
  });
  it('bears a device that is a little late', () => {
    expect(drawn(series([[0, 1, 1, 1, null], [1.5 * H, 2, 2, 2, null]])).x).toHaveLength(2);
  });
  it('draws a band where there is one', () => {
    expect(drawn(series([[0, 1, 2, 3, 'N']])).envelope).toBe(true);
    expect(drawn(series([[0, 2, 2, 2, 'N']])).envelope).toBe(false);
    expect(drawn(series([[0, 2, 2, 2, 'N']], false)).envelope).toBe(true);
  });
  it('marks all flags but normal', () => expect(['N', '', null, 'C', 'D'].map(flagged)).toEqual([false, false, false, true, true]));
  it('finds the point under the cursor', () => expect([-1, 0, 5, 10, 99].map((t) => indexAt([0, 10, 20], t))).toEqual([-1, 0, 0, 1, 2]));
});

describe('kinds and ticks', () => {
  it('goes finer with the span', () => expect([6 * H, 24 * H, 7 * 24 * H, 365 * 24 * H].map(kindFor)).toEqual(['rtd', 'minute', 'hour', 'day']));
  it('asks for the field of the kind', () => expect([fieldOf('rtd'), fieldOf('hour')]).toEqual(['Rtd', 'Avg']));
  it('steps by the data', () => expect([keyStep('rtd'), keyStep('hour'), keyStep('derived_day')]).toEqual([60e3, H, 24 * H]));
  it('puts ticks on civil hours and marks midnight', () => {
    const t = ticks(NOON - 12 * H, NOON + 12 * H, 6);
    expect(t.map((x) => new Date(x.at + 8 * H).getUTCHours())).toEqual([0, 6, 12, 18, 0]);
    expect(t.map((x) => x.day)).toEqual([true, false, false, false, true]);
  });
});

describe('the period in the address', () => {
  it('follows the clock in steps of ten minutes', () => {
    const p = period({ p: '6h' }, NOON + 1);
    expect(p).toEqual({ from: NOON + 600e3 - 6 * H, to: NOON + 600e3, follows: '6h' });
    expect(period({}, NOON).follows).toBe('24h');
    expect(period({ p: 'rubbish' }, NOON).follows).toBe('24h');
  });
  it('stays where it was zoomed to', () => {
    const q = zoomed(NOON, NOON + 2 * H);
    const p = period({ from: q.from, to: q.to }, NOON + 9e9);
    expect(p).toEqual({ from: NOON, to: NOON + 2 * H, follows: '' });
  });
  it('does not zoom to nothing, nor backwards', () => {
    const q = zoomed(NOON, NOON + 1000);
    const p = period({ from: q.from, to: q.to }, NOON);
    expect(p.to - p.from).toBe(600e3);
    expect(period({ from: '20261122T1200', to: '20261122T1100' }, NOON).follows).toBe('24h');
  });
  it('moves and widens', () => {
    const p = { from: NOON, to: NOON + 4 * H, follows: '' };
    expect(shifted(p, -0.5).from).toBe('20261122T1000');
    expect(wider(p)).toEqual({ from: '20261122T1000', to: '20261122T1800', p: null });
  });
  it('takes the kind asked for, else by the span', () => {
    const p = period({ p: '6h' }, NOON);
    expect(kindOf({ k: 'hour' }, p)).toEqual({ kind: 'hour', auto: false });
    expect(kindOf({ k: 'x' }, p)).toEqual({ kind: 'rtd', auto: true });
  });
});
