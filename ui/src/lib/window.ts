// SPDX-License-Identifier: Apache-2.0
// Which rows of a long list are worth drawing.

export interface Slice {
  start: number;
  end: number;
  before: number;
  after: number;
}

const SPARE = 12;

/** Rows [start, end) for a scroll position, and the height in px left out before and after them. */
export function slice(count: number, row: number, top: number, height: number): Slice {
  const last = Math.max(0, count);
  const start = Math.min(last, Math.max(0, Math.floor(top / row) - SPARE));
  const end = Math.min(last, Math.max(start, Math.ceil((top + height) / row) + SPARE));
  return { start, end, before: start * row, after: (last - end) * row };
}
