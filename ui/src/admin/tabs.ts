// SPDX-License-Identifier: Apache-2.0
// The tabs of administration and the right that each needs.
import type { Component } from 'svelte';

export const ADMIN_TABS = ['units', 'posts', 'accounts', 'rights', 'settings', 'audit'] as const;
export type AdminTab = (typeof ADMIN_TABS)[number];
export const ADMIN_RIGHT: Record<AdminTab, string> = { units: 'unit.view', posts: 'unit.view', accounts: 'account.view', rights: 'unit.view', settings: 'task.view', audit: 'audit.view' };
export const ADMIN_SCREENS: Record<string, () => Promise<{ default: Component }>> = {
  units: () => import('./Units.svelte'),
  posts: () => import('./Posts.svelte'),
  accounts: () => import('./Accounts.svelte'),
  rights: () => import('./Rights.svelte'),
  settings: () => import('./Settings.svelte'),
  audit: () => import('./Audit.svelte'),
};
