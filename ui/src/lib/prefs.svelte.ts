// SPDX-License-Identifier: Apache-2.0
// What a person has chosen for this browser: language, theme. Storage may be denied; then the
// choice lasts as long as the page.
import { route } from './route.svelte';
import { learn } from './text';

export type Lang = 'zh' | 'en';
export type Theme = 'system' | 'light' | 'dark';

export function recall(key: string): string | null {
  try {
    return localStorage.getItem('qk.' + key);
  } catch {
    return null;
  }
}

export function remember(key: string, value: string | null) {
  try {
    if (value === null) localStorage.removeItem('qk.' + key);
    else localStorage.setItem('qk.' + key, value);
  } catch {
    return;
  }
}

const asked = new URLSearchParams(location.search);

function firstLang(): Lang {
  const text = asked.get('lang') ?? recall('lang');
  return text === 'en' ? 'en' : 'zh';
}

function firstTheme(): Theme {
  const text = asked.get('theme') ?? recall('theme');
  return text === 'light' || text === 'dark' ? text : 'system';
}

const night = window.matchMedia('(prefers-color-scheme: dark)');
const narrow = window.matchMedia('(max-width: 700px)');
const column = window.matchMedia('(max-width: 1000px)');

class Prefs {
  lang = $state<Lang>(firstLang());
  theme = $state<Theme>(firstTheme());
  night = $state(night.matches);
  phone = $state(narrow.matches);
  /** Too narrow for two columns of text. */
  narrow = $state(column.matches);
  /** The wall of a command centre: no controls, large letters. */
  readonly wall = $derived(asked.has('wall') || 'wall' in route.at.query);
  readonly dark = $derived(this.theme === 'dark' || (this.theme === 'system' && (this.night || this.wall)));

  constructor() {
    night.addEventListener('change', (e) => (this.night = e.matches));
    narrow.addEventListener('change', (e) => (this.phone = e.matches));
    column.addEventListener('change', (e) => (this.narrow = e.matches));
  }

  setLang(lang: Lang) {
    remember('lang', lang);
    void learn(lang).then(() => (this.lang = lang));
  }

  setTheme(theme: Theme) {
    this.theme = theme;
    remember('theme', theme === 'system' ? null : theme);
  }

  /** Writes the choices to the root element, where the style sheet reads them. */
  apply() {
    const root = document.documentElement;
    root.lang = this.lang === 'zh' ? 'zh-CN' : 'en';
    root.dataset.theme = this.dark ? 'dark' : 'light';
    if (this.wall) root.dataset.wall = '';
    else delete root.dataset.wall;
  }
}

export const prefs = new Prefs();
