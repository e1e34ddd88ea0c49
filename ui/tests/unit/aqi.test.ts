// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { COLOURS, colour, contrast, itemName, level, luminance, textOn, trend } from '../../src/lib/aqi';

describe('levels of HJ 633', () => {
  it('changes at 50, 100, 150, 200, 300', () => {
    const at = [0, 50, 51, 100, 101, 150, 151, 200, 201, 300, 301, 500];
    expect(at.map(level)).toEqual([1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6]);
  });
  it('has no level without an index', () => {
    for (const none of [null, undefined, NaN, -1]) expect(level(none)).toBe(0);
    expect(colour(null)).toBeNull();
  });
});

describe('text on the six colours', () => {
  it('reads at 4.5 : 1 or better', () => {
    for (const c of COLOURS) expect(contrast(c, textOn(c)), c).toBeGreaterThanOrEqual(4.5);
  });
  it('is the same as in the style sheet', () => expect(COLOURS.map(textOn)).toEqual(['#000000', '#000000', '#000000', '#000000', '#ffffff', '#ffffff']));
  it('knows black from white', () => expect([luminance('#000000'), luminance('#ffffff')]).toEqual([0, 1]));
});

describe('trends', () => {
  it('tells hours and size of a rise', () => expect(trend([10, 40, 60, 90])).toEqual({ word: 'up', change: 80, hours: 3 }));
  it('stops at the turn', () => expect(trend([90, 40, 60, 90])).toEqual({ word: 'up', change: 50, hours: 2 }));
  it('calls small changes steady', () => expect(trend([100, 102])?.word).toBe('steady'));
  it('says nothing without a value now', () => {
    expect(trend([10, 20, null])).toBeNull();
    expect(trend([10])).toBeNull();
    expect(trend([])).toBeNull();
  });
});

it('sets the figures of an item low', () => expect([itemName('PM2.5'), itemName('O3'), itemName('X')]).toEqual(['PM₂.₅', 'O₃', 'X']));
