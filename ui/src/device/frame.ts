// SPDX-License-Identifier: Apache-2.0
// A frame as received, cut into pieces that mean something: ## length, fields, the data area with
// its factors, CRC. For reading only; the server decides what a frame says.

export type PieceKind = 'mark' | 'length' | 'head' | 'data' | 'crc' | 'sep';

export interface Piece {
  start: number;
  end: number;
  kind: PieceKind;
  text: string;
  key?: string;
  value?: string;
  factor?: string;
  field?: string;
}

export function pieces(text: string): Piece[] {
  const out: Piece[] = [];
  let at = 0;
  const push = (kind: PieceKind, end: number, more: Partial<Piece> = {}) => {
    if (end <= at) return;
    out.push({ start: at, end, kind, text: text.slice(at, end), ...more });
    at = end;
  };
  if (text.startsWith('##')) {
    push('mark', 2);
    const m = /^\d{4}/.exec(text.slice(2));
    if (m) push('length', 6);
  }
  const open = text.indexOf('CP=&&', at);
  const headEnd = open < 0 ? text.length : open;
  cut(text, at, headEnd, push, 'head');
  if (open < 0) return out;
  push('mark', open + 5);
  const close = text.indexOf('&&', at);
  const dataEnd = close < 0 ? text.length : close;
  cut(text, at, dataEnd, push, 'data');
  if (close < 0) return out;
  push('mark', close + 2);
  const crc = /^[0-9A-Fa-f]{4}/.exec(text.slice(at));
  if (crc) push('crc', at + 4);
  push('sep', text.length);
  return out;
}

function cut(text: string, from: number, to: number, push: (kind: PieceKind, end: number, more?: Partial<Piece>) => void, kind: 'head' | 'data') {
  let at = from;
  while (at < to) {
    let end = at;
    while (end < to && text[end] !== ';' && text[end] !== ',') end++;
    const pair = text.slice(at, end);
    const eq = pair.indexOf('=');
    const key = eq < 0 ? pair : pair.slice(0, eq);
    const dash = kind === 'data' ? key.lastIndexOf('-') : -1;
    push(kind, end, {
      key,
      value: eq < 0 ? '' : pair.slice(eq + 1),
      ...(dash > 0 ? { factor: key.slice(0, dash), field: key.slice(dash + 1) } : {}),
    });
    if (end < to) push('sep', end + 1);
    at = end + 1;
  }
}

/** The piece that covers an offset in bytes, where the text is plain ASCII up to there. */
export function pieceAt(list: Piece[], offset: number): number {
  return list.findIndex((p) => offset >= p.start && offset < p.end);
}
