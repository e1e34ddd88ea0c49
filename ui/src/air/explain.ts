// SPDX-License-Identifier: Apache-2.0
// How evaluated figures come about is asked of the server, which reckons the steps with the same
// functions as the figure itself. Nothing is worded or computed here.
import { get } from '../lib/api';
import type { Rule } from '../lib/types';
import { asked } from './asked.svelte';

export type Figure = 'hour_aqi' | 'hour_value' | 'day_aqi' | 'day_value' | 'period_value' | 'day_counts' | 'composite_index' | 'change' | 'target' | 'check';

export interface Of {
  scope?: string;
  time?: string;
  date?: string;
  period?: string;
  item?: string;
  statistic?: 'mean' | 'percentile';
  profile?: string;
  dust?: 'out';
  standard?: string | null;
  row?: number;
  id?: number;
  asof?: string;
}

export async function explain(figure: Figure, of: Of): Promise<Rule[]> {
  return [await get<Rule>('air/explain', { figure, scope: asked.scope, ...asked.judged, ...of })];
}

/** HJ633-2012 → 2012, as the API names editions. */
export function editionOf(standard: string): string {
  return standard.slice(-4);
}
