// SPDX-License-Identifier: Apache-2.0
// Screens below #/assess; each is fetched when asked for.
import type { Component } from 'svelte';

export const MONEY_SCREENS: Record<string, () => Promise<{ default: Component }>> = {
  sheet: () => import('./Sheet.svelte'),
  money: () => import('./Money.svelte'),
};
