// SPDX-License-Identifier: Apache-2.0
// The units of the county by id: who leads, helps, answers. Read once and kept for the page's life.
import { pages } from '../lib/api';
import { name } from '../lib/i18n.svelte';

export interface Unit {
  id: string;
  parent: string;
  kind: string;
  name_zh: string;
  name_en: string;
  division: string;
}

const PAGE = 1000;

class Units {
  list = $state.raw<Unit[]>([]);
  readonly byId = $derived(new Map(this.list.map((u) => [u.id, u])));
  private reading: Promise<void> | null = null;

  load(): Promise<void> {
    this.reading ??= this.read();
    return this.reading;
  }

  nameOf(id: string): string {
    return name(this.byId.get(id)) || id;
  }

  private async read() {
    const all: Unit[] = [];
    try {
      await pages<Unit>('units', {}, PAGE, (items) => void all.push(...items));
      this.list = all;
    } catch {
      // Asked again by the next screen; until then units are shown by their ids.
      this.reading = null;
    }
  }
}

export const units = new Units();
