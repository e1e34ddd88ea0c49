// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { around, changeOf, factorsOf, figure, local, partsAt, product, readCuts, secondary, writeCuts } from '../../src/disperse/response';
import type { Source } from '../../src/disperse/types';
import { above, placeOf, stepsOf } from '../../src/map/field';

const source = (id: string, sector: string, tonnes: number): Source => ({ id, row: 1, name: id, site: null, sector, shape: 'stack', lon: 0, lat: 0, height_m: 1, unit: 1, tonnes: { SO2: tonnes } });
const sources = [source('R1', 'power', 10), source('R2', 'dust', 30)];
const matrix = Float32Array.from([1, 2, 3, 4, 10, 20, 30, 40]);

describe('the arithmetic of what if', () => {
  test('cuts stand in the address, one after the other on one source', () => {
    expect(readCuts('sector.dust:50,R2:20,R3:0,x,R4:900')).toEqual({ 'sector.dust': 50, R2: 20 });
    expect(writeCuts({ R1: 0 })).toBe(null);
    expect(writeCuts(readCuts('R1:5,sector.home:10'))).toBe('R1:5,sector.home:10');
    expect(factorsOf(sources, { 'sector.dust': 50, R2: 20 })).toEqual([1, 0.4]);
  });
  test('the product is linear and the parts sum to it', () => {
    const all = product(matrix, 4, [2, 3]);
    expect([...all]).toEqual([32, 64, 96, 128]);
    expect([...product(matrix, 4, [0, 0])]).toEqual([0, 0, 0, 0]);
    const weights = around(0.25, 0.5, 2, 2)!;
    expect(weights.reduce((s, w) => s + w[1], 0)).toBeCloseTo(1);
    const parts = partsAt(matrix, 4, [2, 3], weights);
    const at = weights.reduce((s, [r, w]) => s + w * all[r]!, 0);
    expect(parts[0]! + parts[1]!).toBeCloseTo(at);
    expect(around(1.5, 0, 2, 2)).toBe(null);
  });
  test('what comes from outside stays; nothing changed is nothing changed', () => {
    expect(local(40, [0.3, 0.5], 1)).toEqual([40, 40]);
    expect(local(40, [0.3, 0.5], 0)).toEqual([20, 28]);
    expect(secondary(40, { SO2: [0.1, 0.2] }, { SO2: 0 })).toEqual([40, 40]);
    expect(secondary(40, { SO2: [0.1, 0.2] }, { SO2: -0.5 })).toEqual([36, 38]);
    expect(changeOf(sources, [0, 1], 'SO2')).toBeCloseTo(-0.25);
  });
  test('figures', () => {
    expect(['123', '12.3', '1.23', '0.123', '0.000', '–']).toEqual([123.4, 12.34, 1.234, 0.1234, 1e-13, null].map(figure));
  });
});

describe('fields on the map', () => {
  const grid = { lon: 113, lat: 35, origin_lat: 35, step_m: 1000, nx: 3, ny: 3 };
  test('places and steps lead back and forth', () => {
    const [lon, lat] = placeOf(grid, 1.5, 2);
    expect(stepsOf(grid, lon, lat)[0]).toBeCloseTo(1.5);
    expect(stepsOf(grid, lon, lat)[1]).toBeCloseTo(2);
  });
  test('a limit cuts a square where it lies between the corners', () => {
    const square: [number, number][] = [[0, 0], [1, 0], [1, 1], [0, 1]];
    expect(above(square, [0, 4, 4, 0], 1)).toEqual({ part: [[0.25, 0], [1, 0], [1, 1], [0.25, 1]], line: [[0.25, 0], [0.25, 1]] });
    expect(above(square, [0, 0, 0, 0], 1).part).toEqual([]);
    expect(above(square, [2, 2, 2, 2], 1).part).toEqual(square);
  });
});
