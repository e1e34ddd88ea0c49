// SPDX-License-Identifier: Apache-2.0
// One plan under review: its text, what was read out of it, what a careful clerk found; which item
// the person stands on and which words are lit.
import { ApiError, change, get } from '../lib/api';
import type { LedgerRow } from '../ledger/types';
import { Doing } from '../lib/answer.svelte';
import { prefs } from '../lib/prefs.svelte';
import { anchors, bySection, nextOpen, tally } from './items';
import { blocks, Printed, reaches, sectionAt, sections, type Line } from './markup';
import type { Finding, Item, Plan, PlanText } from './types';

const at = (id: string, rest = '') => `plans/${encodeURIComponent(id)}${rest}`;

export type ItemAction = 'accept' | 'correct' | 'reject' | 'ask';
export type FindingAction = 'accept' | 'correct' | 'ask' | 'answer';

export class PlanWork {
  plan = $state.raw<Plan | null>(null);
  text = $state.raw<Printed | null>(null);
  lines = $state.raw<Line[]>([]);
  items = $state.raw<Item[]>([]);
  findings = $state.raw<Finding[]>([]);
  /** Rows of the ledger of key projects that came from this plan, by the path of the annex's row. */
  projects = $state.raw<Map<string, LedgerRow>>(new Map());
  failed = $state('');
  ready = $state(false);
  /** The item the person stands on. */
  current = $state('');
  /** Words and fields lit by the pointer or the focus: a path, or path#role. */
  lit = $state('');
  readonly doing = new Doing();

  readonly marks = $derived(anchors(this.items));
  readonly sections = $derived(this.text ? sections(this.text, this.marks) : []);
  readonly groups = $derived(bySection(this.sections, this.items));
  /** All items in the order of reading. */
  readonly order = $derived(this.groups.flat());
  readonly tally = $derived(tally(this.items));
  readonly byPath = $derived(new Map(this.items.map((i) => [i.path, i])));
  /** Findings by section; those without a place stand on top. */
  readonly findingsBy = $derived.by(() => {
    const out: Finding[][] = this.sections.map(() => []);
    for (const f of this.findings) out[this.sectionOfFinding(f)]?.push(f);
    return out;
  });

  constructor(readonly id: string) {}

  async load(signal?: AbortSignal) {
    try {
      const [plan, text] = await Promise.all([get<Plan>(at(this.id), {}, signal), get<PlanText>(at(this.id, '/text'), {}, signal)]);
      this.plan = plan;
      await Promise.all([this.loadItems(signal), this.loadFindings(signal)]);
      this.lines = text.lines;
      this.text = new Printed(text.text);
      this.ready = true;
      void this.loadProjects(signal);
    } catch (e) {
      if (!signal?.aborted) this.failed = e instanceof ApiError ? e.text(prefs.lang) : String(e);
    }
  }

  private async loadItems(signal?: AbortSignal) {
    this.items = (await get<{ items: Item[] }>(at(this.id, '/items'), {}, signal)).items;
  }

  private async loadFindings(signal?: AbortSignal) {
    this.findings = (await get<{ items: Finding[] }>(at(this.id, '/findings'), {}, signal)).items;
  }

  /** A plan that is not issued has none; who may not see the ledger sees the plan without it. */
  private async loadProjects(signal?: AbortSignal) {
    if (this.plan?.status !== 'issued' && this.plan?.status !== 'ended') return;
    const where = JSON.stringify([['plan', '=', this.id]]);
    const got = await get<{ items: LedgerRow[] }>('ledgers/key_project/rows', { where, limit: 1000 }, signal).catch(() => null);
    if (got) this.projects = new Map(got.items.map((r) => [String(r.data.path ?? ''), r]));
  }

  blocksOf(i: number) {
    const s = this.sections[i];
    return this.text && s ? blocks(this.text, this.lines, s.from, s.to) : [];
  }

  marksOf(i: number) {
    const s = this.sections[i];
    return s ? reaches(this.marks, s.from, s.to) : [];
  }

  private sectionOfFinding(f: Finding): number {
    const place = f.content.evidence.flatMap((e) => e.spans)[0];
    return place ? sectionAt(this.sections, place[0]) : 0;
  }

  step(by: 1 | -1) {
    const next = nextOpen(this.order, this.current || null, by);
    if (next) this.current = next.path;
    return next;
  }

  private itemAt = (item: Item): string => at(this.id, `/items/${encodeURIComponent(item.path)}`);

  /** Decides on an item; the next open one becomes current. */
  async decide(item: Item, action: ItemAction, more: { data?: unknown; note?: string } = {}): Promise<boolean> {
    const done = await this.doing.run(() => change<Item>('PUT', this.itemAt(item), { row_version: item.row_version, action, ...more }));
    if (!done) {
      if (this.doing.stale) void this.loadItems();
      return false;
    }
    this.items = this.items.map((i) => (i.path === done.path ? done : i));
    if (action !== 'ask') this.step(1);
    return true;
  }

  /** Accepts everything that still stands as proposed: all of it, or what is below a path. */
  async accept(below = ''): Promise<boolean> {
    const done = await this.doing.run(() => change<{ accepted: number }>('POST', at(this.id, '/accept'), below ? { below } : {}));
    if (!done) return false;
    await this.loadItems();
    this.step(1);
    return true;
  }

  async answer(finding: Finding, action: FindingAction, answer: string): Promise<boolean> {
    const body = { row_version: finding.row_version, action, ...(answer ? { answer } : {}) };
    const done = await this.doing.run(() => change('PUT', at(this.id, `/findings/${finding.no}`), body));
    if (done || this.doing.stale) await this.loadFindings();
    return done !== null;
  }

  /** Another status, or a correction of the head. */
  async set(body: Record<string, unknown>): Promise<boolean> {
    const done = await this.doing.run(() => change<Plan>('PUT', at(this.id), { row_version: this.plan?.row_version ?? 0, ...body }));
    if (done) this.plan = done;
    return done !== null;
  }

  history(item: Item): Promise<{ items: Item[] }> {
    return get<{ items: Item[] }>(`${this.itemAt(item)}/history`);
  }
}
