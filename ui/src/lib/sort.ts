// SPDX-License-Identifier: Apache-2.0
// Order of rows: names by the language, numbers by size, what is missing always last.

export type Cell = string | number | null | undefined;

export function compare(a: Cell, b: Cell, down: boolean, collator: Intl.Collator): number {
  const [na, nb] = [a === null || a === undefined || a === '', b === null || b === undefined || b === ''];
  if (na || nb) return na === nb ? 0 : na ? 1 : -1;
  const order = typeof a === 'number' && typeof b === 'number' ? a - b : collator.compare(String(a), String(b));
  return down ? -order : order;
}

export function sorted<T>(rows: T[], cell: (row: T) => Cell, down: boolean, lang: string): T[] {
  const collator = new Intl.Collator(lang === 'zh' ? 'zh-CN' : 'en', { numeric: true });
  return rows
    .map((row, i) => ({ row, i, key: cell(row) }))
    .sort((a, b) => compare(a.key, b.key, down, collator) || a.i - b.i)
    .map((x) => x.row);
}
