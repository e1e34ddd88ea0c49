// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { counterText, figureText, toneOf, type Figure } from '../../src/ledger/counters';
import { cellText, changesOf, columnsOf, refusal } from '../../src/ledger/fields';
import type { LedgerField } from '../../src/ledger/types';

const field = (name: string, more: Partial<LedgerField> = {}): LedgerField => ({ name, zh: name, en: '', type: 'text', required: false, key: false, unit: '', ...more });
const figure = (counter: string, value: number | null, kind = 'count'): Figure => ({ counter, zh: '逾期', en: 'Late', kind, value });

describe('a form from the declared type', () => {
  it('refuses what the field cannot hold', () => {
    expect(refusal(field('a', { required: true }), ' ')).toBe('required');
    expect(refusal(field('a', { key: true }), '')).toBe('required');
    expect(refusal(field('a'), '')).toBe('');
    expect(refusal(field('a', { type: 'number' }), '1.5')).toBe('');
    expect(refusal(field('a', { type: 'number' }), '1,5')).toBe('number');
    expect(refusal(field('a', { type: 'integer' }), '1.5')).toBe('integer');
    expect(refusal(field('a', { type: 'number', low: 0, high: 20 }), '-1')).toBe('low');
    expect(refusal(field('a', { type: 'number', low: 0, high: 20 }), '21')).toBe('high');
    expect(refusal(field('a', { type: 'date' }), '2025-02-30x')).toBe('date');
  });
  it('sends what changed; emptied is null', () => {
    const fields = [field('a'), field('b'), field('c')];
    expect(changesOf(fields, { a: '1', b: '2', c: null }, { a: '1', b: '', c: ' 3 ' })).toEqual({ b: null, c: '3' });
  });
  it('keeps key columns however narrow the screen', () => {
    const fields = [field('x'), field('k1', { key: true }), field('photo', { type: 'file' }), field('k2', { key: true })];
    expect(columnsOf(fields, 1).map((f) => f.name)).toEqual(['k1', 'k2']);
    expect(columnsOf(fields, 9).map((f) => f.name)).toEqual(['k1', 'k2', 'x']);
  });
});

describe('a cell', () => {
  const say = (f: LedgerField, v: string | boolean | null) => cellText(f, v, 'zh', (_, id) => (id === 'u1' ? '东河镇' : ''), '是', '否');
  it('says choices, flags and units in words', () => {
    expect(say(field('r', { type: 'choice', choices: [{ value: 'pass', zh: '合格', en: 'Passed' }] }), 'pass')).toBe('合格');
    expect(say(field('f', { type: 'flag' }), 'true')).toBe('是');
    expect(say(field('f', { type: 'flag' }), false)).toBe('否');
    expect(say(field('u', { type: 'unit' }), 'u1')).toBe('东河镇');
    expect(say(field('u', { type: 'unit' }), 'u9')).toBe('u9');
    expect(say(field('u'), null)).toBe('');
  });
});

describe('a figure', () => {
  it('has the tone its name begins with, unless nothing waits', () => {
    expect(toneOf(figure('red_late', 3))).toBe('red');
    expect(toneOf(figure('red_late', 0))).toBe('');
    expect(toneOf(figure('works', 3))).toBe('');
    expect(counterText(figure('red_late', 3), 'zh')).toBe('◆ 逾期 3');
  });
  it('never rounds a share up to what is not reached', () => {
    expect(figureText(figure('s', 0.94996, 'share'))).toBe('94.9 %');
    expect(figureText(figure('s', null, 'share'))).toBe('–');
  });
});
