// SPDX-License-Identifier: Apache-2.0
// Evidence files (docs/api.md, Attachment).

export interface Attachment {
  id: number;
  object: string;
  name: string;
  type: string;
  size: number;
  sha256: string;
  recorded_at: string;
  recorded_by: string;
}

/** What a file dialog offers; the server looks at the content. */
export const TAKEN = '.pdf,.jpg,.jpeg,.png,.docx,.xlsx';

/** "812 kB", "3.4 MB". */
export function bytes(n: number): string {
  return n < 1_000_000 ? `${Math.max(1, Math.round(n / 1000))} kB` : `${(n / 1_000_000).toFixed(1)} MB`;
}

export const reportObject = (obligation: string, unit: string, month: string): string => `report/${obligation}/${unit}/${month}`;

/** The parts of a report's object; null for any other. */
export function reportOf(object: string): { obligation: string; unit: string; month: string } | null {
  const [kind, obligation, unit, month] = object.split('/');
  return kind === 'report' && obligation && unit && month ? { obligation, unit, month } : null;
}
