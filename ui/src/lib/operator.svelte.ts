// SPDX-License-Identifier: Apache-2.0
// Who acts: a visitor reads; who has logged in, or holds a script's key, changes. He is asked when
// the first change needs it and again when the server refuses it.
import { ApiError, keepKey, operatorKey } from './api';
import { session } from './session.svelte';

class Operator {
  known = $state(operatorKey() !== null);
  asking = $state(false);
  refused = $state(false);
  private answer: ((given: boolean) => void) | null = null;

  ask(refused = false): Promise<boolean> {
    this.refused = refused;
    this.asking = true;
    return new Promise((resolve) => (this.answer = resolve));
  }

  give(key: string) {
    keepKey(key);
    this.known = true;
    this.finish(true);
  }

  forget() {
    keepKey(null);
    this.known = false;
  }

  cancel() {
    this.finish(false);
  }

  /** Somebody has logged in while he was asked. */
  entered() {
    this.finish(true);
  }

  /** Runs a change as somebody known; null when the person would not say who he is. */
  async run<T>(change: () => Promise<T>): Promise<T | null> {
    if (!operatorKey() && !session.known && !(await this.ask())) return null;
    for (;;) {
      try {
        return await change();
      } catch (e) {
        if (!(e instanceof ApiError) || e.status !== 401) throw e;
        const wrong = operatorKey() !== null;
        this.forget();
        if (!(await this.ask(wrong))) return null;
      }
    }
  }

  private finish(given: boolean) {
    this.asking = false;
    this.answer?.(given);
    this.answer = null;
  }
}

export const operator = new Operator();
