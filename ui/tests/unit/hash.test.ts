// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { format, parse, patch } from '../../src/lib/hash';

describe('the address', () => {
  it('comes back as it went', () => {
    const cases: [string[], Record<string, string>][] = [
      [['site', 'air-n1'], { f: 'a34004,a34002', from: '20261122T1400' }],
      [['device', 'A/B?C#D%E'], { q: '东河 & 西岭=?', wall: '' }],
      [[], {}],
    ];
    for (const [path, query] of cases) expect(parse(format(path, query))).toEqual({ path, query });
  });
  it('has one form for one view', () => {
    expect(format(['air'], { sort: 'aqi', dir: 'down' })).toBe(format(['air'], { dir: 'down', sort: 'aqi' }));
    expect(format(['air'], { f: 'a,b', q: null, x: undefined })).toBe('#/air?f=a,b');
  });
  it('bears rubbish', () => {
    expect(parse('')).toEqual({ path: [], query: {} });
    expect(parse('#/a//b/?&&=&x=1&y')).toEqual({ path: ['a', 'b'], query: { '': '', x: '1', y: '' } });
    expect(parse('#/%E0%A4%A')).toEqual({ path: ['%E0%A4%A'], query: {} });
    expect(Object.keys(parse('#/?__proto__=1').query)).toEqual([]);
  });
  it('drops defaults and empty changes', () => {
    expect(patch({ p: '7d', f: 'x' }, { p: '24h', f: null, k: 'hour' }, { p: '24h' })).toEqual({ k: 'hour' });
  });
});
