// SPDX-License-Identifier: Apache-2.0
// Shapes of the routes on cases and consequences (docs/api.md).
import { word } from '../lib/i18n.svelte';

export interface Case {
  id: string;
  kind: string;
  state: string;
  cause: string;
  object: string;
  unit: string;
  site: string;
  title: string;
  opened_at: string;
  due_at: string | null;
  misses: number;
  late: boolean;
  count: number;
  next_step: string | null;
  row_version: number;
}

export interface CaseStep {
  at: string;
  who: string;
  unit: string;
  what: string;
  text: string;
  data: { evidence?: string[]; [key: string]: unknown };
}

export interface Consequence {
  id: string;
  case: string;
  unit: string;
  rung: string;
  state: 'proposed' | 'approved' | 'executed' | 'refused' | 'lifted' | 'replaced';
  text: string;
  approved_by: string;
  second_by: string;
  needs_leader: boolean;
  at: string;
  row_version: number;
}

export interface CaseDetail extends Case {
  steps: CaseStep[];
  consequences: Consequence[];
  links: { id: string; title: string; state: string }[];
}

/** The ladder from the bottom. */
export const RUNGS = ['remind', 'notice', 'talk', 'inspect', 'fund', 'approval_stop', 'account'] as const;
/** The loop a case goes through; some kinds know no arrival on the site. */
export const LOOP = ['found', 'dispatched', 'signed', 'on_site', 'fed_back', 'verified', 'closed'] as const;
const NO_SITE = new Set(['overdue', 'filing', 'objection']);
/** Steps of whoever handles a case; the others are of the office that manages it, those of an order on paper of the office that gave it. */
const WORK = new Set(['sign', 'arrive', 'feed_back', 'note']);
export const rightOf = (c: { kind: string }, action: string): string => (WORK.has(action) ? 'case.work' : NO_SITE.has(c.kind) ? 'task.manage' : 'case.manage');

export const loopOf = (c: { kind: string; state: string; count: number; steps: CaseStep[] }): readonly string[] => {
  if (c.kind === 'objection') return ['found', 'verified', 'closed'];
  const loop = NO_SITE.has(c.kind) ? LOOP.filter((s) => s !== 'on_site') : [...LOOP];
  const again = c.state === 'recheck' || c.count > 1 || c.steps.some((s) => s.what === 'held');
  return again ? [...loop.slice(0, -1), 'recheck', 'closed'] : loop;
};
/** A state as people say it; an objection is not sent to anybody. */
export const stateOf = (c: { kind: string; state: string }): string => (c.kind === 'objection' ? word('objectionstate', c.state) : word('casestate', c.state));
export const isOver = (c: { state: string }): boolean => c.state === 'closed' || c.state === 'withdrawn';

/** What may be done with a consequence now. */
export function actionsOf(c: Consequence): ('approve' | 'refuse' | 'execute' | 'lift')[] {
  if (c.state === 'proposed') return ['approve', 'refuse'];
  if (c.state === 'approved') return ['execute'];
  return c.state === 'executed' ? ['lift'] : [];
}

/** Whether somebody still has to approve: the office's director, or a county leader beside him. */
export function waitsFor(c: Consequence): 'director' | 'leader' | '' {
  if (c.state !== 'proposed') return '';
  if (!c.approved_by) return 'director';
  return c.needs_leader && !c.second_by ? 'leader' : '';
}
