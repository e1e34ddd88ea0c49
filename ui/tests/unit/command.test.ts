// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { fits, others, paramsText, type Command, type CommandParam } from '../../src/device/command';

const param = (p: Partial<CommandParam>): CommandParam => ({ name: 'A', zh: '', en: '', kind: 'number', min: 1, max: 99, choices: [], unit: null, required: false, ...p });
const command = (c: Partial<Command>): Command => ({ cn: 1000, zh: '', en: '', versions: [2005, 2017], range: 'none', params: [], ...c });

describe('what may be asked beside the usual', () => {
  it('leaves out what has a field of its own, and other versions', () => {
    const all = [command({}), command({ cn: 1012 }), command({ cn: 3022, versions: [2025] })];
    expect(others(all, 2017).map((c) => c.cn)).toEqual([1000]);
    expect(others(all, 0).map((c) => c.cn)).toEqual([1000, 3022]);
  });
});

describe('values of a request', () => {
  it('stay in their bounds', () => {
    expect(['0', '1', '99', '100', '1e1', '-1', ' 5'].map((v) => fits(param({}), v))).toEqual([false, true, true, false, false, false, false]);
    expect(['6', '7'].map((v) => fits(param({ kind: 'choice', choices: ['6', '10'] }), v))).toEqual([true, false]);
    expect(['120000', '1200', 'noon00'].map((v) => fits(param({ kind: 'digits', min: 6, max: 6 }), v))).toEqual([true, false, false]);
    expect(['a21026', 'a;b', 'a&&'].map((v) => fits(param({ kind: 'word', max: 12 }), v))).toEqual([true, false, false]);
  });
  it('may be left out where they are not needed', () => expect([fits(param({}), ''), fits(param({ required: true }), '')]).toEqual([true, false]));
  it('become the text of the standard', () => {
    const c = command({ params: [param({ name: 'OverTime' }), param({ name: 'ReCount' })] });
    expect(paramsText(c, { OverTime: ' 5 ', ReCount: '3' })).toBe('OverTime=5;ReCount=3');
    expect(paramsText(c, {})).toBe('');
    expect(paramsText(c, { OverTime: '500' })).toBeNull();
  });
});
