// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { fill, has, say } from '../../src/lib/text';
import table from '../../src/texts.json';

const rows = Object.entries(table as Record<string, string[]>);
const sources = import.meta.glob<string>('../../src/**/*.{ts,svelte}', { query: '?raw', import: 'default', eager: true });
const code = Object.values(sources);

describe('the table of texts', () => {
  it('has both languages for every key', () => {
    for (const [key, row] of rows) {
      expect(row, key).toHaveLength(2);
      for (const text of row) expect(text.trim(), key).not.toBe('');
    }
  });
  it('has the same parameters in both', () => {
    const names = (text: string) => [...new Set([...text.matchAll(/\{(\w+)/g)].map((m) => m[1]))].sort();
    for (const [key, [zh, en]] of rows as [string, [string, string]][]) expect(names(en), key).toEqual(names(zh));
  });
  it('has Chinese on the left and none on the right', () => {
    for (const [key, [, en]] of rows as [string, [string, string]][])
      if (key !== 'top.languagehint') expect(en, key).not.toMatch(/[\u4e00-\u9fff]/);
  });
  it('holds no key that nobody uses', () => {
    const all = code.join('\n');
    const groups = new Set([...all.matchAll(/word\('(\w+)'/g)].map((m) => m[1]));
    const starts = [...all.matchAll(/`([\w.]+)\.\$\{/g)].map((m) => m[1] + '.');
    const unused = rows.map(([k]) => k).filter((k) => !all.includes(`'${k}'`) && !groups.has(k.split('.')[0]!) && !starts.some((s) => k.startsWith(s)));
    expect(unused).toEqual([]);
  });
  it('knows every key that the page asks for', () => {
    const asked = code.flatMap((c) => [...c.matchAll(/\bt\('([\w.]+)'/g)].map((m) => m[1]!));
    expect(asked.filter((k) => !has(k))).toEqual([]);
  });
});

describe('no text outside the table', () => {
  it('keeps Chinese out of the components', () => {
    for (const [f, text] of Object.entries(sources).filter(([x]) => x.endsWith('.svelte'))) {
      const body = text.replace(/<!--[\s\S]*?-->/g, '').replace(/\/\/.*$/gm, '').replace(/'中'/g, '');
      expect(body, f).not.toMatch(/[\u4e00-\u9fff]/);
    }
  });
});

describe('parameters', () => {
  it('fills in and picks the word by number', () => {
    expect(fill('{n} {n|device|devices} of {all}', { n: 1, all: 3 })).toBe('1 device of 3');
    expect(fill('{n} {n|device|devices}', { n: 2 })).toBe('2 devices');
    expect(fill('{missing}', {})).toBe('{missing}');
  });
  it('does not interpret what is filled in', () => expect(fill('{a}', { a: '{b} $& <i>' , b: 'x' })).toBe('{b} $& <i>'));
  it('speaks both languages', () => expect([say('zh', 'nav.air'), say('en', 'nav.air')]).toEqual(['空气', 'Air']));
});
