// SPDX-License-Identifier: Apache-2.0
// Texts of the page: one table of keys with both languages. {name} is replaced by a parameter;
// {n|one|many} picks a word by the number n.
import table from '../texts.json';

export type Key = keyof typeof table;
export type Params = Record<string, string | number>;

export function fill(pattern: string, params: Params = {}): string {
  return pattern.replace(/\{(\w+)(?:\|([^|}]*)\|([^}]*))?\}/g, (whole, name: string, one?: string, many?: string) => {
    const value = params[name];
    if (value === undefined) return whole;
    if (one !== undefined && many !== undefined) return Number(value) === 1 ? one : many;
    return String(value);
  });
}

export function say(lang: 'zh' | 'en', key: Key, params?: Params): string {
  const row = table[key] as [string, string];
  return fill(row[lang === 'zh' ? 0 : 1], params);
}

export function has(key: string): key is Key {
  return Object.prototype.hasOwnProperty.call(table, key);
}
