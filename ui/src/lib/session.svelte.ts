// SPDX-License-Identifier: Apache-2.0
// Who uses the page, and what the table of rights gives him. The cookie is the browser's and out of
// reach; the token that changes carry comes from here.
import { ApiError, change, get, keepToken, keyForReading, operatorKey } from './api';

export interface Who {
  kind: 'nobody' | 'key' | 'account' | 'demo';
  account: string | null;
  name: string | null;
  person: string | null;
  unit: string | null;
  unit_zh: string | null;
  unit_en: string | null;
  roles: { role: string; unit: string | null }[];
  actions: Record<string, 'own' | 'all'>;
  csrf: string | null;
  must_change: boolean;
  totp: boolean;
  profile: 'mlps' | 'asvs';
  demo: boolean;
  accounts: boolean;
}

export interface SessionRow {
  id: string;
  account: string;
  began_at: string;
  seen_at: string;
  address: string | null;
  agent: string | null;
  current: boolean;
}

class Session {
  who = $state.raw<Who | null>(null);
  ready = $state(false);
  /** The server was not reached or not well when it was asked: who looks is not known yet. */
  lost: ApiError | null = null;

  /** An account, or a role taken on a demo. */
  readonly known = $derived(this.who?.kind === 'account' || this.who?.kind === 'demo');
  /** Nothing but what is public may be seen before logging in. */
  readonly wall = $derived(this.who !== null && this.who.kind === 'nobody' && this.who.accounts && !this.who.demo && operatorKey() === null);
  /** No account yet: the first one is to be made. */
  readonly setup = $derived(this.who !== null && !this.who.accounts && !this.who.demo);

  async load(): Promise<void> {
    try {
      this.take(await get<Who>('session'));
      if (this.who?.kind === 'nobody' && this.who.accounts && !this.who.demo && operatorKey() !== null) {
        keyForReading(true);
        this.take(await get<Who>('session'));
      }
      this.lost = null;
    } catch (e) {
      this.who = null;
      this.lost = e instanceof ApiError && (e.status === 0 || e.status >= 500) ? e : null;
    }
    this.ready = true;
  }

  /** Without a word from the server nothing is hidden: it refuses what it must. */
  can(action: string): boolean {
    return this.who === null || action in this.who.actions;
  }

  /** What to offer: to a visitor everything, for he is asked who he is when he presses. */
  may(action: string): boolean {
    return !this.known || this.can(action);
  }

  async login(account: string, password: string, code: string): Promise<void> {
    this.take(await change<Who>('POST', 'login', { account, password, ...(code ? { code } : {}) }, true));
  }

  /** Whoever calls this loads the page again: what stands on it is what the one before was shown, so
   * that nothing on it may say yet that somebody else looks. */
  async demo(role: string): Promise<void> {
    keepToken((await change<Who>('POST', 'demo/session', { role }, true)).csrf);
  }

  async logout(): Promise<void> {
    await change('POST', 'logout', {});
    keepToken(null);
  }

  private take(who: Who) {
    this.who = who;
    keepToken(who.csrf);
  }
}

export const session = new Session();
