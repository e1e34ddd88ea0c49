// SPDX-License-Identifier: Apache-2.0
// Texts of the page: one table of keys with both languages (texts.json). The build cuts it in two, and
// only the language that is read is fetched. {name} is replaced by a parameter; {n|one|many} picks a
// word by the number n.
import type table from '../texts.json';

export type Key = keyof typeof table;
export type Params = Record<string, string | number>;
type Lang = 'zh' | 'en';

const columns: Partial<Record<Lang, Record<string, string>>> = {};

/** Fetches a language; nothing can be said in it before. */
export async function learn(lang: Lang): Promise<void> {
  columns[lang] ??= (await (lang === 'zh' ? import('../texts.json?column=0') : import('../texts.json?column=1'))).default;
}

export function fill(pattern: string, params: Params = {}): string {
  return pattern.replace(/\{(\w+)(?:\|([^|}]*)\|([^}]*))?\}/g, (whole, name: string, one?: string, many?: string) => {
    const value = params[name];
    if (value === undefined) return whole;
    if (one !== undefined && many !== undefined) return Number(value) === 1 ? one : many;
    return String(value);
  });
}

export function say(lang: Lang, key: Key, params?: Params): string {
  return fill(columns[lang]?.[key] ?? key, params);
}

export function has(key: string): key is Key {
  return Object.values(columns).some((c) => Object.prototype.hasOwnProperty.call(c, key));
}
