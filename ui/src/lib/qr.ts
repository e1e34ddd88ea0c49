// SPDX-License-Identifier: Apache-2.0
// A QR code (ISO/IEC 18004) of a short text: bytes, level L, versions 1 to 9, drawn by the page
// itself, so that a secret goes to no one else.
const EC = [0, 7, 10, 15, 20, 26, 18, 20, 24, 30]; // error correction bytes of a block
const BLOCKS = [0, 1, 1, 1, 1, 1, 2, 2, 2, 2];
const DATA = [0, 19, 34, 55, 80, 108, 68, 78, 97, 116]; // data bytes of a block
const ALIGN: number[][] = [[], [], [6, 18], [6, 22], [6, 26], [6, 30], [6, 34], [6, 22, 38], [6, 24, 42], [6, 26, 46]];

const EXP = new Uint8Array(512);
const LOG = new Uint8Array(256);
for (let i = 0, v = 1; i < 255; i++) {
  EXP[i] = EXP[i + 255] = v;
  LOG[v] = i;
  v = v & 128 ? (v << 1) ^ 0x11d : v << 1;
}
export const times = (a: number, b: number): number => (a && b ? EXP[LOG[a]! + LOG[b]!]! : 0);
export const power = (n: number): number => EXP[n % 255]!;

/** The remainder of the data's polynomial: the bytes that follow it. */
export function correction(data: number[], count: number): number[] {
  let divisor = [1];
  for (let i = 0; i < count; i++) {
    const next = new Array<number>(divisor.length + 1).fill(0);
    divisor.forEach((d, k) => {
      next[k]! ^= d;
      next[k + 1]! ^= times(d, EXP[i]!);
    });
    divisor = next;
  }
  const rest = new Array<number>(count).fill(0);
  for (const byte of data) {
    const factor = byte ^ rest.shift()!;
    rest.push(0);
    for (let k = 0; k < count; k++) rest[k]! ^= times(divisor[k + 1]!, factor);
  }
  return rest;
}

function codewords(bytes: Uint8Array, version: number): number[] {
  const room = DATA[version]! * BLOCKS[version]!;
  const bits: number[] = [];
  const put = (value: number, n: number) => {
    for (let i = n - 1; i >= 0; i--) bits.push((value >> i) & 1);
  };
  put(4, 4);
  put(bytes.length, 8);
  bytes.forEach((b) => put(b, 8));
  put(0, Math.min(4, room * 8 - bits.length));
  while (bits.length % 8) bits.push(0);
  const data: number[] = [];
  for (let i = 0; i < bits.length; i += 8) data.push(parseInt(bits.slice(i, i + 8).join(''), 2));
  for (let pad = 0xec; data.length < room; pad ^= 0xec ^ 0x11) data.push(pad);
  const blocks = Array.from({ length: BLOCKS[version]! }, (_, i) => data.slice(i * DATA[version]!, (i + 1) * DATA[version]!));
  const checks = blocks.map((b) => correction(b, EC[version]!));
  const out: number[] = [];
  for (let i = 0; i < DATA[version]!; i++) for (const b of blocks) out.push(b[i]!);
  for (let i = 0; i < EC[version]!; i++) for (const c of checks) out.push(c[i]!);
  return out;
}

type Grid = (boolean | null)[][];

function frame(version: number): Grid {
  const size = 17 + 4 * version;
  const grid: Grid = Array.from({ length: size }, () => new Array<boolean | null>(size).fill(null));
  const square = (row: number, col: number, radius: number, dark: (d: number) => boolean) => {
    for (let r = -radius; r <= radius; r++)
      for (let c = -radius; c <= radius; c++)
        if (grid[row + r]?.[col + c] !== undefined) grid[row + r]![col + c] = dark(Math.max(Math.abs(r), Math.abs(c)));
  };
  for (const [row, col] of [[3, 3], [3, size - 4], [size - 4, 3]] as const) square(row, col, 4, (d) => d !== 2 && d !== 4);
  for (let i = 8; i < size - 8; i++) grid[6]![i] = grid[i]![6] = i % 2 === 0;
  for (const row of ALIGN[version]!) for (const col of ALIGN[version]!) if (!((row === 6 && (col === 6 || col === size - 7)) || (col === 6 && row === size - 7))) square(row, col, 2, (d) => d !== 1);
  return grid;
}

function bch(value: number, generator: number, bits: number): number {
  let rest = value << bits;
  for (let i = 31 - Math.clz32(rest); rest >> bits; i = 31 - Math.clz32(rest)) rest ^= generator << (i - bits);
  return (value << bits) | rest;
}

function writeMarks(grid: Grid, version: number, mask: number) {
  const size = grid.length;
  const format = bch((1 << 3) | mask, 0x537, 10) ^ 0x5412;
  for (let i = 0; i < 15; i++) {
    const dark = ((format >> i) & 1) === 1;
    if (i < 6) grid[i]![8] = dark;
    else if (i < 8) grid[i + 1]![8] = dark;
    else if (i === 8) grid[8]![7] = dark;
    else grid[8]![14 - i] = dark;
    if (i < 8) grid[8]![size - 1 - i] = dark;
    else grid[size - 15 + i]![8] = dark;
  }
  grid[size - 8]![8] = true;
  if (version < 7) return;
  const text = bch(version, 0x1f25, 12);
  for (let i = 0; i < 18; i++) grid[Math.floor(i / 3)]![size - 11 + (i % 3)] = grid[size - 11 + (i % 3)]![Math.floor(i / 3)] = ((text >> i) & 1) === 1;
}

const MASKS: ((r: number, c: number) => boolean)[] = [
  (r, c) => (r + c) % 2 === 0,
  (r) => r % 2 === 0,
  (_, c) => c % 3 === 0,
  (r, c) => (r + c) % 3 === 0,
  (r, c) => (Math.floor(r / 2) + Math.floor(c / 3)) % 2 === 0,
  (r, c) => ((r * c) % 2) + ((r * c) % 3) === 0,
  (r, c) => (((r * c) % 2) + ((r * c) % 3)) % 2 === 0,
  (r, c) => (((r + c) % 2) + ((r * c) % 3)) % 2 === 0,
];

/** The places of data bits in the order in which they are written. */
export function places(grid: Grid): [number, number][] {
  const out: [number, number][] = [];
  for (let right = grid.length - 1, up = true; right > 0; right -= 2, up = !up) {
    if (right === 6) right--;
    for (let i = 0; i < grid.length; i++) {
      const row = up ? grid.length - 1 - i : i;
      for (const col of [right, right - 1]) if (grid[row]![col] === null) out.push([row, col]);
    }
  }
  return out;
}

function penalty(grid: Grid): number {
  const size = grid.length;
  let points = 0;
  let dark = 0;
  for (let turn = 0; turn < 2; turn++)
    for (let a = 0; a < size; a++) {
      let run = 0;
      for (let b = 0; b < size; b++) {
        const here = turn ? grid[b]![a] : grid[a]![b];
        const before = b && (turn ? grid[b - 1]![a] : grid[a]![b - 1]);
        run = b && here === before ? run + 1 : 1;
        if (run === 5) points += 3;
        else if (run > 5) points++;
      }
    }
  for (let r = 0; r < size; r++)
    for (let c = 0; c < size; c++) {
      if (grid[r]![c]) dark++;
      if (r && c && grid[r]![c] === grid[r - 1]![c] && grid[r]![c] === grid[r]![c - 1] && grid[r]![c] === grid[r - 1]![c - 1]) points += 3;
    }
  return points + 10 * Math.floor(Math.abs((dark * 20) / (size * size) - 10));
}

export interface Code {
  version: number;
  mask: number;
  dark: boolean[][];
}

/** null for a text longer than 230 bytes. */
export function qr(text: string): Code | null {
  const bytes = new TextEncoder().encode(text);
  let version = 1;
  while (version < 10 && bytes.length + 2 > DATA[version]! * BLOCKS[version]!) version++;
  if (version > 9) return null;
  const words = codewords(bytes, version);
  let best: Code | null = null;
  let least = Infinity;
  for (let mask = 0; mask < 8; mask++) {
    const grid = frame(version);
    writeMarks(grid, version, mask);
    places(grid).forEach(([r, c], i) => {
      const bit = i < words.length * 8 && (words[i >> 3]! >> (7 - (i & 7))) & 1;
      grid[r]![c] = (bit === 1) !== MASKS[mask]!(r, c);
    });
    const points = penalty(grid);
    if (points < least) {
      least = points;
      best = { version, mask, dark: grid.map((row) => row.map(Boolean)) };
    }
  }
  return best;
}

/** As the path of an SVG, a module a unit, with the quiet zone of four. */
export function qrPath(code: Code): string {
  return code.dark.map((row, r) => row.map((dark, c) => (dark ? `M${c + 4} ${r + 4}h1v1h-1z` : '')).join('')).join('');
}
