// SPDX-License-Identifier: Apache-2.0
// Rows of rule tables as trees: what is typed into a field becomes a value of the row, and where the
// server refused something is found again. What a value means is the server's affair.

export type Leaf = string | number | boolean | null;
export type Tree = Leaf | Tree[] | { [key: string]: Tree };
export type Row = { name: string; source: string; source_zh?: string; from: string | null; to: string | null } & { [key: string]: Tree };

export const isObject = (v: Tree | undefined): v is { [key: string]: Tree } => v !== null && typeof v === 'object' && !Array.isArray(v);
export const isLeaf = (v: Tree | undefined): v is Leaf => v === null || typeof v !== 'object';

/** Numbers become numbers, nothing becomes null, unless text stood there before; anything else stays
 * text for the server to judge. */
export function typed(text: string, before: Leaf): Leaf {
  const t = text.trim();
  if (typeof before === 'string') return t;
  if (t === '') return null;
  return /^-?\d+(\.\d+)?$/.test(t) ? Number(t) : t;
}

export function written(v: Leaf): string {
  return v === null ? '' : String(v);
}

/** "0, 50, 100" and back. */
export function typedList(text: string): Leaf[] {
  return text.split(/[,，\s]+/).filter(Boolean).map((x) => typed(x, null));
}

export function writtenList(list: Leaf[]): string {
  return list.map(written).join(', ');
}

/** A table in the table: rows whose cells are leaves or lists under the same heads. */
export function columnsOf(v: { [key: string]: Tree }): string[] | null {
  const rows = Object.values(v);
  if (rows.length < 2 || !rows.every(isObject)) return null;
  const heads = [...new Set(rows.flatMap((r) => Object.keys(r as object)))];
  const flat = rows.every((r) => Object.values(r as { [key: string]: Tree }).every((x) => isLeaf(x) || (Array.isArray(x) && x.every(isLeaf))));
  return flat ? heads : null;
}

export function at(tree: Tree | undefined, path: string): Tree | undefined {
  let v: Tree | undefined = tree;
  for (const key of path.split('/')) {
    if (Array.isArray(v)) v = v[Number(key)];
    else if (isObject(v)) v = v[key];
    else return undefined;
  }
  return v;
}

export const same = (a: Tree | undefined, b: Tree | undefined) => JSON.stringify(a) === JSON.stringify(b);

/** What is in force: shipped rows, those set here in the place of their names, the others behind. */
export function merged(shipped: Row[], own: Row[]): Row[] {
  const rows = [...shipped.map((s) => own.find((o) => o.name === s.name) ?? s), ...own.filter((o) => !shipped.some((s) => s.name === o.name))];
  return rows.sort((a, b) => (a.from ?? '').localeCompare(b.from ?? '') || a.name.localeCompare(b.name));
}

/** "… qc[0].items.SO2.low: what is wrong" → row 0, items/SO2/low. Keys may hold points: PM2.5. */
export function placeOf(message: string, own: Row[]): { row: number; path: string } | null {
  const m = /\b\w+\[(\d+)\]((?:\.[^:\s]+)?): /.exec(message);
  if (!m) return null;
  const row = Number(m[1]);
  let rest = m[2]!.slice(1);
  let v: Tree | undefined = own[row];
  const path: string[] = [];
  while (rest) {
    const index = /^\[?(\d+)\]?\.?/.exec(rest);
    const keys: string[] = isObject(v) ? Object.keys(v).filter((k) => rest === k || rest.startsWith(k + '.') || rest.startsWith(k + '[')) : [];
    const key: string | undefined = keys.sort((a, b) => b.length - a.length)[0];
    if (key !== undefined) {
      path.push(key);
      v = (v as { [key: string]: Tree })[key];
      rest = rest.slice(key.length).replace(/^\./, '');
    } else if (Array.isArray(v) && index) {
      path.push(index[1]!);
      v = v[Number(index[1])];
      rest = rest.slice(index[0].length);
    } else {
      path.push(rest);
      break;
    }
  }
  return { row, path: path.join('/') };
}
