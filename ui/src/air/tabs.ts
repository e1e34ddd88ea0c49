// SPDX-License-Identifier: Apache-2.0
// Screens below #/air, in the order of the tabs; all but the first are fetched when asked for.
import type { Component } from 'svelte';

export const AIR_TABS = ['now', 'calendar', 'periods', 'ranking', 'targets', 'allocation', 'attainment', 'standards', 'review', 'checks', 'special', 'rules'] as const;
export type AirTab = (typeof AIR_TABS)[number];

type Loader = () => Promise<{ default: Component }>;
export const AIR_SCREENS: Record<Exclude<AirTab, 'now'>, Loader> = {
  calendar: () => import('./Calendar.svelte'),
  periods: () => import('./Periods.svelte'),
  ranking: () => import('./Ranking.svelte'),
  targets: () => import('./Targets.svelte'),
  standards: () => import('./Standards.svelte'),
  allocation: () => import('./Allocation.svelte'),
  attainment: () => import('./Attainment.svelte'),
  checks: () => import('./Checks.svelte'),
  special: () => import('./Special.svelte'),
  rules: () => import('./Rules.svelte'),
  review: () => import('./Review.svelte'),
};
