// SPDX-License-Identifier: Apache-2.0
// Screens below #/forecast, in the order of the tabs; each is fetched when asked for.
import type { Component } from 'svelte';

type Loader = () => Promise<{ default: Component }>;
export const FORECAST_SCREENS: Record<string, Loader> = {
  desk: () => import('./Desk.svelte'),
  warnings: () => import('./Warnings.svelte'),
  verify: () => import('./Verify.svelte'),
};
