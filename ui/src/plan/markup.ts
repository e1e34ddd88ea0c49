// SPDX-License-Identifier: Apache-2.0
// The printed text of a plan cut into sections, blocks and segments, so that each field of the
// extraction finds its words and each word its fields. Places are code points of the text, as the
// compiler gives them.

export type Place = [number, number];

/** Something that stands at places of the text. `head` begins a section of its own. */
export interface Anchor {
  path: string;
  places: Place[];
  head?: boolean;
}

export interface Segment {
  text: string;
  /** Paths of the fields these words belong to, the narrowest first. */
  paths: string[];
}

export type BlockKind = 'heading' | 'text' | 'table' | 'furniture';

export interface Block {
  kind: BlockKind;
  from: number;
  to: number;
}

export interface Section {
  /** The path of the item that heads it; empty for what stands before the first. */
  path: string;
  from: number;
  to: number;
}

/** The text addressed by code points. */
export class Printed {
  readonly length: number;
  private readonly points: string[] | null;

  constructor(readonly text: string) {
    // Without surrogates code points and code units are the same.
    this.points = /[\ud800-\udfff]/.test(text) ? Array.from(text) : null;
    this.length = this.points ? this.points.length : text.length;
  }

  at(i: number): string {
    return (this.points ? this.points[i] : this.text[i]) ?? '';
  }

  slice(from: number, to: number): string {
    return this.points ? this.points.slice(from, to).join('') : this.text.slice(from, to);
  }

  /** Where the line that holds this place begins. */
  lineStart(i: number): number {
    while (i > 0 && this.at(i - 1) !== '\n') i--;
    return i;
  }
}

const first = (a: Anchor): number => a.places.reduce((least, p) => Math.min(least, p[0]), Infinity);

/** Sections in the order of the text: one before the first head, then one for each head. */
export function sections(text: Printed, anchors: Anchor[]): Section[] {
  const heads = anchors
    .filter((a) => a.head && a.places.length)
    .map((a) => ({ path: a.path, from: text.lineStart(first(a)) }))
    .sort((a, b) => a.from - b.from);
  const out: Section[] = [];
  let before: Section = { path: '', from: 0, to: text.length };
  for (const h of heads) {
    if (h.from === before.from && before.path) continue;
    before.to = h.from;
    if (before.to > before.from) out.push(before);
    before = { path: h.path, from: h.from, to: text.length };
  }
  if (before.to > before.from || !out.length) out.push(before);
  return out;
}

/** The section a place stands in. */
export function sectionAt(list: Section[], place: number): number {
  let low = 0;
  let high = list.length - 1;
  while (low < high) {
    const mid = (low + high + 1) >> 1;
    if (list[mid]!.from <= place) low = mid;
    else high = mid - 1;
  }
  return low;
}

/** A printed line as the reader took it: how many cells of a table, or page furniture. */
export interface Line {
  from: number;
  to: number;
  cells: number;
  furniture: boolean;
}

const HEADING = /^[\s\u3000]*(第[一二三四五六七八九十百零〇0-9]+[章节部]|[一二三四五六七八九十]+、|[（(][一二三四五六七八九十]+[）)]|附[件表录])/;
const HEADING_CHARS = 40;

function kindOf(text: Printed, line: Line): BlockKind {
  if (line.furniture) return 'furniture';
  if (line.cells > 1) return 'table';
  const words = text.slice(line.from, line.to);
  return HEADING.test(words) && line.to - line.from <= HEADING_CHARS && !/[。；]\s*$/.test(words) ? 'heading' : 'text';
}

/** Printed lines of a stretch as blocks: headings, tables, page furniture and running text. */
export function blocks(text: Printed, lines: Line[], from: number, to: number): Block[] {
  const out: Block[] = [];
  for (const line of lines) {
    if (line.to <= from || line.from >= to || !text.slice(line.from, line.to).trim()) continue;
    const kind = kindOf(text, line);
    const last = out[out.length - 1];
    // Rows of one table are one block, for they share their columns.
    if (kind === 'table' && last?.kind === 'table') last.to = line.to;
    else out.push({ kind, from: line.from, to: line.to });
  }
  return out;
}

/** A cell of a printed table: its place, and the heading of its column. */
export interface PrintedCell {
  from: number;
  to: number;
  label: string;
}

export interface PrintedRow {
  cells: PrintedCell[];
  head: boolean;
}

/** A printed line cut at its tabs, or at runs of two blanks and more; blanks around a cell are none
 * of it. */
function cutLine(text: Printed, from: number, to: number): Place[] {
  const words = text.slice(from, to);
  const points = [...words];
  const tabs = words.includes('\t');
  const out: Place[] = [];
  let start = 0;
  const add = (end: number) => {
    let a = start;
    let b = end;
    while (a < b && /\s/.test(points[a]!)) a++;
    while (b > a && /\s/.test(points[b - 1]!)) b--;
    if (tabs || b > a) out.push([from + a, from + b]);
  };
  for (let i = 0; i <= points.length; i++) {
    const blanks = !tabs && points[i] !== undefined && /\s/.test(points[i]!) && (points[i] === '\u3000' || /\s/.test(points[i + 1] ?? 'x'));
    if (i < points.length && !(tabs ? points[i] === '\t' : blanks)) continue;
    add(i);
    if (!tabs) while (i + 1 < points.length && /\s/.test(points[i + 1]!)) i++;
    start = i + 1;
  }
  return out;
}

/** A block of table lines as rows; cells know the heading above them where the row has as many cells
 * as the head. A line that repeats the head is a head again. */
export function tableRows(text: Printed, lines: Line[], block: Block): PrintedRow[] {
  const out: PrintedRow[] = [];
  let labels: string[] = [];
  for (const line of lines) {
    if (line.to <= block.from || line.from >= block.to) continue;
    const places = cutLine(text, line.from, line.to);
    if (!places.some(([a, b]) => b > a)) continue;
    const words = places.map(([a, b]) => text.slice(a, b));
    const head = !labels.length || words.join('\t') === labels.join('\t');
    if (head) labels = words;
    const fits = !head && words.length <= labels.length;
    out.push({ head, cells: places.map(([from, to], i) => ({ from, to, label: fits ? (labels[i] ?? '') : '' })) });
  }
  return out;
}

interface Reach {
  from: number;
  to: number;
  path: string;
}

/** The places of anchors that touch a stretch. */
export function reaches(anchors: Anchor[], from: number, to: number): Reach[] {
  const out: Reach[] = [];
  for (const a of anchors)
    for (const [f, e] of a.places) if (f < to && e > from && e > f) out.push({ from: f, to: e, path: a.path });
  return out;
}

/** A block as words with their fields: cut wherever a field begins or ends. */
export function segments(text: Printed, block: { from: number; to: number }, marks: Reach[]): Segment[] {
  const inside = marks.filter((m) => m.from < block.to && m.to > block.from);
  const cuts = new Set([block.from, block.to]);
  for (const m of inside) {
    cuts.add(Math.max(block.from, m.from));
    cuts.add(Math.min(block.to, m.to));
  }
  const at = [...cuts].sort((a, b) => a - b);
  const out: Segment[] = [];
  for (let i = 0; i + 1 < at.length; i++) {
    const over = inside.filter((m) => m.from <= at[i]! && m.to >= at[i + 1]!).sort((a, b) => a.to - a.from - (b.to - b.from));
    out.push({ text: text.slice(at[i]!, at[i + 1]!), paths: [...new Set(over.map((m) => m.path))] });
  }
  return out;
}

/** A block cut behind its sentences, so that each can stand above its fields. */
export function sentences(text: Printed, block: Block): Block[] {
  if (block.kind === 'table' || block.kind === 'furniture') return [block];
  const out: Block[] = [];
  let from = block.from;
  for (let i = block.from; i < block.to; i++) {
    const last = i + 1 === block.to;
    // What closes a bracket or a quotation behind the full stop belongs to it.
    if (!last && (!'。；;'.includes(text.at(i)) || '）)”」'.includes(text.at(i + 1)))) continue;
    out.push({ ...block, from, to: i + 1 });
    from = i + 1;
  }
  return out;
}

export interface Chunk<T> {
  blocks: Block[];
  items: T[];
}

/** Blocks with the things that stand in them: a new chunk begins behind each that holds something.
 * What has no place stands with the first. */
export function chunks<T>(list: Block[], things: T[], placeOf: (thing: T) => number | null): Chunk<T>[] {
  const out: Chunk<T>[] = [];
  let now: Chunk<T> = { blocks: [], items: [] };
  const left = new Set(things);
  for (const block of list) {
    now.blocks.push(block);
    for (const thing of left) {
      const at = placeOf(thing);
      if (at !== null && (at < block.from || at >= block.to)) continue;
      now.items.push(thing);
      left.delete(thing);
    }
    if (!now.items.length) continue;
    out.push(now);
    now = { blocks: [], items: [] };
  }
  now.items.push(...left);
  if (now.blocks.length || now.items.length) out.push(now);
  return out;
}
