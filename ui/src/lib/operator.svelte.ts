// SPDX-License-Identifier: Apache-2.0
// Who acts: a visitor reads; with the operator key a person changes. The key is asked for when the
// first change needs it and again when the server refuses it.
import { ApiError, keepKey, operatorKey } from './api';

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

  /** Runs a change with the key; null when the person would not give one. */
  async run<T>(change: () => Promise<T>): Promise<T | null> {
    if (!operatorKey() && !(await this.ask())) return null;
    for (;;) {
      try {
        return await change();
      } catch (e) {
        if (!(e instanceof ApiError) || e.status !== 401) throw e;
        this.forget();
        if (!(await this.ask(true))) return null;
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
