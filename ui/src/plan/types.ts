// SPDX-License-Identifier: Apache-2.0
// Shapes of the routes on plans (docs/api.md).
import type { Line, Place } from './markup';

export type PlanStatus = 'draft' | 'review' | 'issued' | 'ended';
export type ItemState = 'proposed' | 'accepted' | 'corrected' | 'rejected' | 'asked';

export interface Plan {
  id: string;
  status: PlanStatus;
  title: string;
  doc_no: string;
  region: string;
  issued: string | null;
  year_from: number;
  year_to: number;
  file: { sha256: string; type: string; size: number; name: string };
  /** How many items of each kind, leaving out the rejected. */
  kinds: Record<string, number>;
  states: Partial<Record<ItemState, number>>;
  findings: Record<string, number>;
  row_version: number;
  recorded_at: string;
  recorded_by: string;
}

export interface Item {
  path: string;
  kind: string;
  place: number;
  /** An object of fields, a list of names, a row of cells, or a value of the plan's head. */
  data: unknown;
  /** All its places, in code points of the text. */
  spans: Place[];
  /** The same by the path below the item: title, [1]. */
  fields: Record<string, Place[]>;
  state: ItemState;
  note: string;
  row_version: number;
  recorded_at: string;
  recorded_by: string;
}

export interface Evidence {
  text: string;
  spans: Place[];
}

export interface Finding {
  no: number;
  code: string;
  severity: string;
  content: { where: string[]; message_zh: string; message_en: string; evidence: Evidence[]; arithmetic: string | null };
  state: string;
  answer: string;
  row_version: number;
}

export interface PlanText {
  text: string;
  points: number;
  lines: Line[];
}
