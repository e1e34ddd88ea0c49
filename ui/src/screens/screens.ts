// SPDX-License-Identifier: Apache-2.0
// Screens other than the first are fetched when they are asked for.
import type { Component } from 'svelte';

type Loader = () => Promise<{ default: Component }>;

export const SCREENS: Record<string, Loader> = {
};

/** Which entry of the rail a screen belongs to. */
export const HOME: Record<string, string> = { device: 'devices' };
