// SPDX-License-Identifier: Apache-2.0
// The one place where a figure is explained: whoever shows a number hands over its rules, or a
// promise of them, and what the number stands for.
import { ApiError } from './api';
import { prefs } from './prefs.svelte';
import type { Rule } from './types';

export interface Told {
  /** What is explained: "PM2.5 · 2025 · the county". */
  title: string;
  /** The number as it stands on the page, with its unit. */
  value?: string;
  rules: Rule[] | Promise<Rule[]>;
}

class Drawer {
  open = $state(false);
  title = $state('');
  value = $state('');
  rules = $state.raw<Rule[] | null>(null);
  failed = $state('');
  private from: HTMLElement | null = null;
  private turn = 0;

  async show(told: Told) {
    const mine = ++this.turn;
    const active = document.activeElement;
    if (!this.open) this.from = active instanceof HTMLElement ? active : null;
    this.open = true;
    this.title = told.title;
    this.value = told.value ?? '';
    this.failed = '';
    this.rules = Array.isArray(told.rules) ? told.rules : null;
    try {
      const rules = await told.rules;
      if (mine === this.turn) this.rules = rules;
    } catch (e) {
      if (mine === this.turn) this.failed = e instanceof ApiError ? e.text(prefs.lang) : String(e);
    }
  }

  close() {
    if (!this.open) return;
    this.open = false;
    this.turn++;
    this.from?.focus();
    this.from = null;
  }
}

export const drawer = new Drawer();
