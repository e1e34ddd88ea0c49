// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { age, clock, clockSeconds, date, instant, iso, moment, skew, span, stamp, startOfDay, unstamp } from '../../src/lib/time';

const T = Date.parse('2026-11-22T14:07:33+08:00');
const plain = (s: string) => s.replace(/\u00a0/g, ' ');

describe('civil time is UTC+8 whatever the browser thinks', () => {
  it('reads instants with and without a zone alike', () => {
    expect(instant('2026-11-22T14:07:33+08:00')).toBe(T);
    expect(instant('2026-11-22T14:07:33')).toBe(T);
    expect(instant('2026-11-22T06:07:33Z')).toBe(T);
    expect(instant('2026-11-22')).toBe(Date.parse('2026-11-21T16:00:00Z'));
    for (const bad of ['', 'x', null, undefined, '2026-13-40T00:00:00']) expect(instant(bad)).toBeNull();
  });
  it('writes date and clock of the county', () => {
    expect([date(T), clock(T), clockSeconds(T)]).toEqual(['2026-11-22', '14:07', '14:07:33']);
    expect(iso(T)).toBe('2026-11-22T14:07:33+08:00');
    expect(clock(Date.parse('2026-11-22T16:00:00Z'))).toBe('00:00');
  });
  it('says the day only when it is another, the year only when it is another', () => {
    expect(moment(T - 3600e3, T)).toBe('13:07');
    expect(moment(T - 86400e3, T)).toBe('11-21 14:07');
    expect(moment(Date.parse('2025-12-31T23:59:00+08:00'), T)).toBe('2025-12-31 23:59');
  });
  it('begins the day at midnight here', () => {
    expect(iso(startOfDay(T))).toBe('2026-11-22T00:00:00+08:00');
    expect(startOfDay(startOfDay(T))).toBe(startOfDay(T));
  });
});

describe('ages', () => {
  it('uses two units at most and floors', () => {
    const said = [0, 59, 60, 3599, 3600, 8040, 86399, 86400, 100800, -5].map((s) => plain(age(s)));
    expect(said).toEqual(['0 s', '59 s', '1 min', '59 min', '1 h', '2 h 14 min', '23 h 59 min', '1 d', '1 d 4 h', '0 s']);
  });
  it('never breaks over a line', () => expect(age(8040)).not.toContain(' '));
  it('signs the skew of a clock', () => {
    expect([400, -12_000, 185_000].map((x) => plain(skew(x)))).toEqual(['+0.4 s', '−12 s', '+3 min 5 s']);
  });
});

describe('times in the address', () => {
  it('survives the way there and back', () => {
    for (const ms of [T, T - 33_000, startOfDay(T)]) expect(unstamp(stamp(ms))).toBe(ms);
    expect(unstamp('20261122')).toBe(startOfDay(T));
    for (const bad of ['', 'x', '2026', '20261122T1', undefined]) expect(unstamp(bad)).toBeNull();
  });
  it('reads spans', () => {
    expect([span('6h'), span('3d'), span('2w')]).toEqual([6 * 3600e3, 3 * 86400e3, 14 * 86400e3]);
    for (const bad of ['', 'h', '6', '6m', '99999h', undefined]) expect(span(bad)).toBeNull();
  });
});
