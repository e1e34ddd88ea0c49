// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { sorted } from '../../src/lib/sort';
import { slice } from '../../src/lib/window';
import { place, spread, type Xy } from '../../src/map/labels';

describe('order of rows', () => {
  it('puts what is missing last, both ways', () => {
    const rows = [3, null, 1, 2];
    expect(sorted(rows, (x) => x, false, 'zh')).toEqual([1, 2, 3, null]);
    expect(sorted(rows, (x) => x, true, 'zh')).toEqual([3, 2, 1, null]);
  });
  it('orders numbers in names as numbers', () => {
    expect(sorted(['微站 10', '微站 9', '微站 1'], (x) => x, false, 'zh')).toEqual(['微站 1', '微站 9', '微站 10']);
  });
  it('keeps equals in their order', () => expect(sorted(['b', 'a', 'c'], () => 1, true, 'en')).toEqual(['b', 'a', 'c']));
});

describe('the rows in sight', () => {
  it('draws a screenful of a hundred thousand', () => {
    const s = slice(100_000, 28, 1_400_000, 700);
    expect(s.end - s.start).toBeLessThan(60);
    expect(s.start).toBeLessThanOrEqual(50_000);
    expect(s.end).toBeGreaterThanOrEqual(50_025);
    expect(s.before + (s.end - s.start) * 28 + s.after).toBe(2_800_000);
  });
  it('is right at both ends and when the list shrinks', () => {
    expect(slice(0, 28, 500, 700)).toEqual({ start: 0, end: 0, before: 0, after: 0 });
    expect(slice(10, 28, 0, 700)).toEqual({ start: 0, end: 10, before: 0, after: 0 });
    const s = slice(10, 28, 90_000, 700);
    expect([s.end, s.after]).toEqual([10, 0]);
  });
});

describe('room for names', () => {
  const square: Xy[] = [[0, 0], [100, 0], [100, 100], [0, 100], [0, 0]];
  it('keeps off the discs', () => {
    const p = place(square, 30, 10, [{ at: [50, 50], halfWidth: 15, halfHeight: 15 }]);
    expect([p.hits, p.out]).toEqual([0, 0]);
    expect(Math.abs(p.at[1] - 50) >= 20 || Math.abs(p.at[0] - 50) >= 30).toBe(true);
  });
  it('tells when there is none', () => expect(place(square, 30, 10, [{ at: [50, 50], halfWidth: 90, halfHeight: 90 }]).hits).toBe(1));
  it('parts what would cover each other, within reach', () => {
    const homes: Xy[] = [[0, 0], [1, 0], [0, 0], [200, 0]];
    const at = spread(homes.map((home) => ({ home, radius: 10 })), 40);
    for (let i = 0; i < at.length; i++) {
      for (let j = i + 1; j < at.length; j++) expect(Math.hypot(at[i]![0] - at[j]![0], at[i]![1] - at[j]![1])).toBeGreaterThan(19);
      expect(Math.hypot(at[i]![0] - homes[i]![0], at[i]![1] - homes[i]![1])).toBeLessThanOrEqual(40.001);
    }
    expect(at[3]).toEqual([200, 0]);
  });
});
