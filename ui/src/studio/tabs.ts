// SPDX-License-Identifier: Apache-2.0
// Screens below #/studio, in the order of the tabs; each is fetched when asked for.
import type { Component } from 'svelte';

type Loader = () => Promise<{ default: Component }>;
export const STUDIO_SCREENS: Record<string, Loader> = {
  plots: () => import('./Studio.svelte'),
  trace: () => import('./Trace.svelte'),
  grid: () => import('./HotGrid.svelte'),
  episodes: () => import('./Episodes.svelte'),
  receptor: () => import('./Receptor.svelte'),
};
