// SPDX-License-Identifier: Apache-2.0
// The units of the county by id: who leads, helps, answers. Read once and kept for the page's life.
import { get } from '../lib/api';
import { name } from '../lib/i18n.svelte';
import { prefs } from '../lib/prefs.svelte';
import { session } from '../lib/session.svelte';

export interface Unit {
  id: string;
  parent: string;
  kind: string;
  name_zh: string;
  name_en: string;
  division: string;
}

class Units {
  list = $state.raw<Unit[]>([]);
  /** The unit of whoever is logged in; empty for a key or a visitor. */
  readonly own = $derived(session.known ? (session.who?.unit ?? '') : '');
  readonly byId = $derived(new Map(this.list.map((u) => [u.id, u])));
  private reading: Promise<void> | null = null;

  load(): Promise<void> {
    this.reading ??= this.read();
    return this.reading;
  }

  /** The name that a month or a bulletin has kept, in English where there is one. */
  said(id: string, kept: string): string {
    return prefs.lang === 'en' ? this.byId.get(id)?.name_en || kept : kept;
  }

  nameOf(id: string): string {
    return name(this.byId.get(id)) || id;
  }

  private async read() {
    try {
      this.list = (await get<{ items: Unit[] }>('units')).items;
    } catch {
      // Asked again by the next screen; until then units are shown by their ids.
      this.reading = null;
    }
  }
}

export const units = new Units();
