// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { columnsOf, merged, placeOf, typed, typedList, writtenList, type Row } from '../../src/air/ruletree';

const row = (name: string, more: object = {}): Row => ({ name, source: 's', from: null, to: null, ...more }) as Row;

describe('rows of rule tables', () => {
  it('keeps what is no number as it was typed, for the server to refuse', () => {
    expect([typed('12.5', 1), typed('', 1), typed('five', 1), typed('-3', null), typed('7', 'b')]).toEqual([12.5, null, 'five', -3, '7']);
    expect(typedList('0, 50，100')).toEqual([0, 50, 100]);
    expect(writtenList([0, null, 'x'])).toBe('0, , x');
  });
  it('puts a row set here in the place of the shipped one of its name', () => {
    const own = row('a', { from: '2026-01-01', x: 2 });
    expect(merged([row('a', { x: 1 }), row('b', { from: '2020-01-01' })], [own, row('c')]).map((r) => [r.name, r.x])).toEqual([['c', undefined], ['b', undefined], ['a', 2]]);
  });
  it('finds the field that was refused, keys with points included', () => {
    const own = [row('a', { order: 5, items: { 'PM2.5': { low: 'x' } }, tightness: [[1, 2], [3, 4]] })];
    expect(placeOf('text:2:3: qc[0].order: a number', own)).toEqual({ row: 0, path: 'order' });
    expect(placeOf('text:2:3: qc[0].items.PM2.5.low: a number', own)).toEqual({ row: 0, path: 'items/PM2.5/low' });
    expect(placeOf('vapour[0].tightness[1]: six numbers', own)).toEqual({ row: 0, path: 'tightness/1' });
    expect(placeOf('qc[0]: two rows hold on one day', own)).toEqual({ row: 0, path: '' });
    expect(placeOf('busy', own)).toBeNull();
  });
  it('sees a table where the members are alike', () => {
    expect(columnsOf({ SO2: { low: 0, high: 1 }, NO2: { low: 0, span: [1, 2] } })).toEqual(['low', 'high', 'span']);
    expect(columnsOf({ SO2: 60, NO2: 40 })).toBeNull();
  });
});
