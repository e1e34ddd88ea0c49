// SPDX-License-Identifier: Apache-2.0
// What the screens of the air ask for, read from the address.
import { ITEMS } from '../lib/aqi';
import { name } from '../lib/i18n.svelte';
import { live } from '../lib/live.svelte';
import { route } from '../lib/route.svelte';
import { isRated, kindRank } from '../lib/shapes';
import { parts } from '../lib/time';
import type { Site } from '../lib/types';

/** Stations whose air is evaluated, the national ones first. */
export function rated(sites: Site[]): Site[] {
  return sites.filter((s) => isRated(s.kind)).sort((a, b) => kindRank(a.kind) - kindRank(b.kind));
}

class AskedFor {
  /** Changes once a day, not once a second. */
  private readonly day = $derived(Math.floor((live.now + 8 * 3_600_000) / 86_400_000));
  readonly today = $derived(parts(this.day * 86_400_000 - 8 * 3_600_000 + 1));
  readonly thisYear = $derived(this.today.year);
  readonly scope = $derived(route.at.query.s ?? 'county');
  readonly year = $derived(/^\d{4}$/.test(route.at.query.y ?? '') ? Number(route.at.query.y) : this.thisYear);
  /** "01" to "12", or nothing for the whole year. */
  readonly month = $derived(/^(0[1-9]|1[0-2])$/.test(route.at.query.m ?? '') ? route.at.query.m! : '');
  readonly period = $derived(this.month ? `${this.year}-${this.month}` : String(this.year));
  readonly item: string = $derived(ITEMS.find((i) => i === route.at.query.i) ?? 'PM2.5');
  readonly standard = $derived(route.at.query.std ?? 'auto');
  readonly level = $derived(route.at.query.lv ?? 'best');
  readonly scopeName = $derived(this.scope === 'county' ? name(live.place) : name(live.byId.get(this.scope) ?? live.divisionOf.get(this.scope)?.properties) || this.scope);

  /** standard and level as the API takes them: nothing where nothing was chosen. */
  readonly judged = $derived({ standard: this.standard === 'auto' ? null : this.standard, level: this.level === 'best' ? null : this.level });
}

export const asked = new AskedFor();
