// SPDX-License-Identifier: Apache-2.0
// Screens below #/plans; each is fetched when asked for. The address of a plan's document is
// #/plans/doc/ID, that of a task #/plans/task/ID.
import type { Component } from 'svelte';

type Loader = () => Promise<{ default: Component }>;

export const PLAN_TABS = ['leader', 'library', 'board', 'mine', 'departments', 'month', 'bulletins'] as const;

export const PLAN_SCREENS: Record<string, Loader> = {
  library: () => import('./Library.svelte'),
  board: () => import('./Board.svelte'),
  mine: () => import('./Mine.svelte'),
  departments: () => import('./Departments.svelte'),
  leader: () => import('./Leader.svelte'),
  month: () => import('./Month.svelte'),
  bulletins: () => import('./Bulletins.svelte'),
  task: () => import('./TaskPage.svelte'),
  doc: () => import('./Document.svelte'),
};
