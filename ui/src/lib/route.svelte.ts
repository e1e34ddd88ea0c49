// SPDX-License-Identifier: Apache-2.0
import { format, parse, patch, type Address } from './hash';

class Route {
  at = $state.raw<Address>(parse(location.hash));
  readonly screen = $derived(this.at.path[0] ?? 'overview');
  readonly id = $derived(this.at.path[1] ?? '');

  constructor() {
    window.addEventListener('hashchange', () => {
      this.at = parse(location.hash);
    });
  }

  go(path: string[], query: Record<string, string | null | undefined> = {}) {
    location.hash = format(path, query);
  }

  /** Changes keys of the query; small changes replace the entry of the history. */
  set(change: Record<string, string | null | undefined>, options: { push?: boolean; defaults?: Record<string, string> } = {}) {
    const query = patch(this.at.query, change, options.defaults);
    const hash = format(this.at.path, query);
    if (hash === location.hash) return;
    if (options.push) location.hash = hash;
    else {
      history.replaceState(null, '', location.pathname + location.search + hash);
      this.at = parse(hash);
    }
  }
}

export const route = new Route();
export const href = format;
