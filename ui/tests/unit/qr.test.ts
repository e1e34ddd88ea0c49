// SPDX-License-Identifier: Apache-2.0
// The code is read back the way a scanner does: marks, mask, order of modules, blocks, correction.
import { describe, expect, it } from 'vitest';
import { power, qr, qrPath, times, type Code } from '../../src/lib/qr';

const CAPACITY = [0, 17, 32, 53, 78, 106, 134, 154, 192, 230];
const BLOCKS = [0, 1, 1, 1, 1, 1, 2, 2, 2, 2];
const DATA = [0, 19, 34, 55, 80, 108, 68, 78, 97, 116];
const EC = [0, 7, 10, 15, 20, 26, 18, 20, 24, 30];
const ALIGN = [[], [], [18], [22], [26], [30], [34], [22, 38], [24, 42], [26, 46]];

function isData(version: number, r: number, c: number): boolean {
  const size = 17 + 4 * version;
  if (r === 6 || c === 6) return false;
  if ((r < 9 && c < 9) || (r < 9 && c >= size - 8) || (r >= size - 8 && c < 9)) return false;
  if (version >= 7 && ((r < 6 && c >= size - 11) || (c < 6 && r >= size - 11))) return false;
  const rows = version > 1 ? [6, ...ALIGN[version]!] : [];
  for (const y of rows) for (const x of rows) if (Math.abs(r - y) < 3 && Math.abs(c - x) < 3 && !((y === 6 && (x === 6 || x === size - 7)) || (x === 6 && y === size - 7))) return false;
  return true;
}
function masked(mask: number, r: number, c: number): boolean {
  const p = r * c;
  const zero = [r + c, r, c, r + c, (r >> 1) + Math.floor(c / 3), (p % 2) + (p % 3), (p % 2) + (p % 3), ((r + c) % 2) + (p % 3)];
  const of = [2, 2, 3, 3, 2, 6, 2, 2];
  return mask === 5 ? zero[5] === 0 : zero[mask]! % of[mask]! === 0;
}
function words(code: Code): number[] {
  const size = code.dark.length;
  const bits: number[] = [];
  for (let right = size - 1, up = true; right > 0; right -= 2, up = !up) {
    if (right === 6) right--;
    for (let i = 0; i < size; i++)
      for (const c of [right, right - 1]) {
        const r = up ? size - 1 - i : i;
        if (isData(code.version, r, c)) bits.push(code.dark[r]![c] !== masked(code.mask, r, c) ? 1 : 0);
      }
  }
  const out: number[] = [];
  for (let i = 0; i + 8 <= bits.length; i += 8) out.push(parseInt(bits.slice(i, i + 8).join(''), 2));
  return out;
}
function read(code: Code): string {
  const v = code.version;
  const all = words(code);
  const n = BLOCKS[v]!;
  const data: number[] = [];
  for (let b = 0; b < n; b++) {
    const block = [...Array.from({ length: DATA[v]! }, (_, i) => all[i * n + b]!), ...Array.from({ length: EC[v]! }, (_, i) => all[DATA[v]! * n + i * n + b]!)];
    // A sound block is a multiple of the generator: zero at each of its roots.
    for (let root = 0; root < EC[v]!; root++) expect(block.reduce((sum, word) => times(sum, power(root)) ^ word, 0), `root ${root}`).toBe(0);
    data.push(...block.slice(0, DATA[v]));
  }
  const bits = data.map((d) => d.toString(2).padStart(8, '0')).join('');
  expect(bits.slice(0, 4)).toBe('0100');
  const len = parseInt(bits.slice(4, 12), 2);
  return new TextDecoder().decode(Uint8Array.from({ length: len }, (_, i) => parseInt(bits.slice(12 + 8 * i, 20 + 8 * i), 2)));
}

describe('the QR code of a second factor', () => {
  const uri = 'otpauth://totp/Qingkong:wang?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Qingkong&algorithm=SHA1&digits=6&period=30';
  it('says what was put in', () => expect(read(qr(uri)!)).toBe(uri));
  it('does so at every size', () => {
    for (let v = 1; v <= 9; v++) {
      const text = 'x'.repeat(CAPACITY[v]! - 3) + '晴';
      expect(qr(text)!.version).toBe(v);
      expect(read(qr(text)!)).toBe(text);
    }
    expect(qr('x'.repeat(231))).toBeNull();
  });
  it('carries the format that the standard prints for level L and its mask', () => {
    // ISO/IEC 18004, table C.1: 01 + mask
    const format = ['111011111000100', '111001011110011', '111110110101010', '111100010011101', '110011000101111', '110001100011000', '110110001000001', '110100101110110'];
    const code = qr(uri)!;
    const got = Array.from({ length: 15 }, (_, i) => {
      const k = 14 - i;
      const [r, c] = k < 6 ? [k, 8] : k < 8 ? [k + 1, 8] : k === 8 ? [8, 7] : [8, 14 - k];
      return code.dark[r]![c] ? '1' : '0';
    }).join('');
    expect(got).toBe(format[code.mask]);
  });
  it('is drawn module by module', () => expect(qrPath({ version: 1, mask: 0, dark: [[true, false], [false, true]] })).toBe('M4 4h1v1h-1zM5 5h1v1h-1z'));
});
