// SPDX-License-Identifier: Apache-2.0
// Screens other than the first are fetched when they are asked for.
import type { Component } from 'svelte';

type Loader = () => Promise<{ default: Component }>;

export const SCREENS: Record<string, Loader> = {
  air: () => import('./AirHome.svelte'),
  sources: () => import('./Sources.svelte'),
  site: () => import('./SitePage.svelte'),
  devices: () => import('./Devices.svelte'),
  device: () => import('./DevicePage.svelte'),
  events: () => import('./Events.svelte'),
  admin: () => import('./AdminHome.svelte'),
  plans: () => import('./PlansHome.svelte'),
  ledgers: () => import('./LedgersHome.svelte'),
  cases: () => import('./CasesHome.svelte'),
  studio: () => import('./StudioHome.svelte'),
  disperse: () => import('./Disperse.svelte'),
  assess: () => import('./AssessHome.svelte'),
  forecast: () => import('./ForecastHome.svelte'),
};

/** Which entry of the rail a screen belongs to. */
export const HOME: Record<string, string> = { device: 'devices', forecast: 'air' };
