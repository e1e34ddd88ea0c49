// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { compass, count, csv, decimals, degrees, number, percent, round, unit, way } from '../../src/lib/format';

describe('rounding by GB/T 8170', () => {
  it('rounds half to even on the decimal digits', () => {
    const cases: [number, number, string][] = [
      [2.675, 2, '2.68'], [1.005, 2, '1.00'], [0.285, 2, '0.28'], [34.5, 0, '34'], [35.5, 0, '36'],
      [15.4546, 0, '15'], [0.5, 0, '0'], [1.5, 0, '2'], [9.96, 1, '10.0'], [0.05, 1, '0.0'], [0.15, 1, '0.2'],
      [99.5, 0, '100'], [0.0000001, 2, '0.00'], [12.50, 2, '12.50'],
    ];
    for (const [v, d, want] of cases) expect(round(v, d), `${v}`).toBe(want);
  });
  it('has a real minus and no minus zero', () => {
    expect(round(-3.25, 1)).toBe('−3.2');
    expect(round(-0.04, 1)).toBe('0.0');
    expect(round(NaN, 1)).toBe('–');
  });
});

describe('numbers with their unit', () => {
  it('takes the decimals of the field', () => {
    expect(number(65.4, 'ug/m3', 'PM2.5')).toBe('65');
    expect(number(0.94, 'mg/m3', 'CO')).toBe('0.9');
    expect(number(60.54, 'mg/m3')).toBe('60.5');
    expect(number(0.345, 'mg/m3')).toBe('0.34');
    expect(number(null, 'mg/m3')).toBe('–');
    expect(decimals(3, '')).toBe(0);
  });
  it('writes units as print does', () => {
    expect([unit('ug/m3'), unit('mg/m3'), unit('m3/h'), unit('kW'), unit(null)]).toEqual(['µg/m³', 'mg/m³', 'm³/h', 'kW', '']);
  });
  it('never lifts a share over its mark', () => {
    expect(percent(0.9496)).toBe('94.9 %');
    expect(percent(0.95)).toBe('95.0 %');
    expect(percent(1)).toBe('100.0 %');
    expect(percent(null)).toBe('–');
  });
  it('groups long counts', () => expect([count(9999), count(79836), count(1234567)]).toEqual(['9999', '79\u202f836', '1\u202f234\u202f567']));
});

describe('places', () => {
  it('writes degrees, minutes, seconds', () => {
    expect(degrees(113.21, true)).toBe('113°12′36″ E');
    expect(degrees(-0.5, false)).toBe('0°30′00″ S');
  });
  it('measures the way between two places', () => {
    const w = way([113, 35], [113, 36]);
    expect(w.km).toBeCloseTo(111.19, 1);
    expect(w.bearing).toBeCloseTo(0, 5);
    expect(way([113, 35], [114, 35]).bearing).toBeCloseTo(89.7, 1);
  });
  it('names 16 winds', () => expect([0, 11.2, 11.3, 45, 180, 348.8, -45, 720].map(compass)).toEqual([0, 0, 1, 2, 8, 0, 14, 0]));
});

describe('CSV', () => {
  it('quotes what needs it and leaves numbers alone', () => {
    expect(csv([['a', 'b,c', 'd"e'], [1.5, null, -2]])).toBe('a,"b,c","d""e"\r\n1.5,,-2\r\n');
  });
  it('disarms what a spreadsheet would run', () => {
    expect(csv([['=1+1', '@x', '+y', '-z']])).toBe("'=1+1,'@x,'+y,'-z\r\n");
  });
});
