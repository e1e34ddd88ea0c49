// SPDX-License-Identifier: Apache-2.0
// Shapes of the routes on ledgers (docs/api.md).

export type FieldType = 'text' | 'number' | 'integer' | 'money_yuan' | 'date' | 'choice' | 'flag' | 'unit' | 'site' | 'person' | 'file';

export interface Choice {
  value: string;
  zh: string;
  en: string;
}

export interface LedgerField {
  name: string;
  zh: string;
  en: string;
  type: FieldType;
  required: boolean;
  key: boolean;
  unit: string;
  choices?: Choice[];
  low?: number;
  high?: number;
}

export interface LedgerCounter {
  id: string;
  zh: string;
  en: string;
  kind: 'count' | 'distinct' | 'sum' | 'share';
  date?: string;
}

export interface LedgerType {
  id: string;
  title_zh: string;
  title_en: string;
  unit: string;
  source: string;
  fields: LedgerField[];
  counters: LedgerCounter[];
  row_version: number;
}

export type Cell = string | number | boolean | null;

export interface LedgerRow {
  id: number;
  key: string;
  unit: string;
  site: string;
  state: string;
  light: 'red' | 'yellow' | 'green' | null;
  data: Record<string, Cell>;
  valid_from: string | null;
  valid_to: string | null;
  row_version: number;
  recorded_at: string;
  recorded_by: string;
}

export interface Refusal {
  line: number;
  column: number;
  field: string;
  text: string;
}
