// SPDX-License-Identifier: Apache-2.0
// How an answer of the server is waited for, and how a change is made.
import { ApiError, get } from './api';
import { operator } from './operator.svelte';
import { prefs } from './prefs.svelte';

export const told = (e: unknown): string => (e instanceof ApiError ? e.text(prefs.lang) : String(e));

/** An answer of the server, asked for again when its address changes; the last one stays meanwhile. */
export class Answer<T> {
  value = $state.raw<T | null>(null);
  /** What `value` answers: another question is on its way while this is not the one asked. */
  asked = $state.raw<Record<string, string | number | null | undefined>>({});
  failed = $state('');
  /** Of the refusal; 0 while there is none. */
  status = $state(0);
  busy = $state(true);
  private stop: AbortController | null = null;

  async load(path: string, query: Record<string, string | number | null | undefined>) {
    this.stop?.abort();
    const stop = (this.stop = new AbortController());
    this.busy = true;
    try {
      const value = await get<T>(path, query, stop.signal);
      if (stop.signal.aborted) return;
      this.value = value;
      this.asked = query;
      this.failed = '';
      this.status = 0;
    } catch (e) {
      if (stop.signal.aborted) return;
      this.failed = told(e);
      this.status = e instanceof ApiError ? e.status : 0;
      this.value = null;
    }
    this.busy = false;
  }

  end() {
    this.stop?.abort();
  }
}

/** A change under way: what the server refused stands in words until the next attempt. */
export class Doing {
  busy = $state(false);
  failed = $state('');
  /** The field the refusal names. */
  field = $state('');
  /** The change was refused because somebody else has changed the row. */
  stale = $state(false);

  /** The answer; null when it was refused or the person gave no key. */
  async run<T>(change: () => Promise<T>): Promise<T | null> {
    if (this.busy) return null;
    this.busy = true;
    this.clear();
    try {
      return await operator.run(change);
    } catch (e) {
      this.failed = told(e);
      this.field = e instanceof ApiError ? (e.refusal.field ?? '') : '';
      this.stale = e instanceof ApiError && e.status === 409;
      return null;
    } finally {
      this.busy = false;
    }
  }

  clear() {
    this.failed = this.field = '';
    this.stale = false;
  }
}
