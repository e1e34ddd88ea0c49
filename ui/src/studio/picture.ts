// SPDX-License-Identifier: Apache-2.0
// A picture made of paths and words alone, in colours that are given: what the screen shows, what is
// printed and what is saved are the same thing.

export interface Shape {
  d: string;
  fill?: string;
  stroke?: string;
  width?: number;
  dash?: string;
  opacity?: number;
  title?: string;
}
export interface Label {
  x: number;
  y: number;
  text: string;
  anchor?: 'start' | 'middle' | 'end';
  bold?: boolean;
  second?: boolean;
}
export interface Picture {
  w: number;
  h: number;
  shapes: Shape[];
  labels: Label[];
  /** What the picture says, as numbers. */
  rows: (string | number | null)[][];
}

/** Colours of the theme, and the scale of concentrations: even in lightness, told apart by colour-blind eyes. */
export interface Palette {
  ink: string;
  ink2: string;
  line: string;
  paper: string;
  accent: string;
}
export const LIGHT: Palette = { ink: '#1b1f23', ink2: '#5b6470', line: '#cbcfc9', paper: '#fafaf7', accent: '#1f6fb2' };
export const DARK: Palette = { ink: '#e8eaea', ink2: '#98a2ab', line: '#3e474e', paper: '#14181b', accent: '#5aa7e0' };

const SCALE = ['#440154', '#46327e', '#365c8d', '#277f8e', '#1fa187', '#4ac16d', '#a0da39', '#fde725'];
/** Lines and groups that stand beside each other; none is a colour of the index. */
export const SERIES = ['#3a7ca5', '#b5651d', '#6a4c93', '#4f7f5b', '#a23b72', '#7a7a2a', '#2f6f6f', '#8c5a3c'];

export function picture(w: number, h: number): Picture {
  return { w, h, shapes: [], labels: [], rows: [] };
}

/** At most eight classes with limits that can be read. */
export interface Classes {
  limits: number[];
  of: (v: number) => number;
  colour: (i: number) => string;
  count: number;
}

export function niceStep(span: number, most: number): number {
  const raw = span / most;
  const power = 10 ** Math.floor(Math.log10(raw || 1));
  return ([1, 2, 2.5, 5, 10].find((n) => n * power >= raw * 0.999) ?? 10) * power;
}

export function classes(values: (number | null)[], zero = false): Classes {
  const there = values.filter((v): v is number => v !== null && Number.isFinite(v));
  const low = zero ? 0 : Math.min(...there);
  const high = Math.max(...there);
  if (!there.length) return { limits: [], of: () => 0, colour: () => SCALE[0]!, count: 0 };
  const step = niceStep(high - low || Math.abs(high) || 1, 7);
  const first = Math.floor(low / step + 1e-9) * step;
  const limits: number[] = [];
  for (let k = 0; k < 9 && (k < 2 || first + (k - 1) * step < high); k++) limits.push(Number((first + k * step).toPrecision(6)));
  const count = limits.length - 1;
  return {
    limits,
    count,
    of: (v) => Math.max(0, Math.min(count - 1, Math.floor((v - first) / step + 1e-9))),
    colour: (i) => SCALE[Math.round((count < 2 ? 0.5 : i / (count - 1)) * (SCALE.length - 1))]!,
  };
}

export const short = (v: number): string => (v === 0 ? '0' : Math.abs(v) >= 100 ? v.toFixed(0) : String(Number(v.toPrecision(3))));

/** The legend of classes along the bottom, with its unit. */
export function legend(p: Picture, c: Classes, unit: string, x: number, y: number, width: number) {
  if (!c.count) return;
  const w = Math.min(44, (width - 60) / c.count);
  for (let i = 0; i < c.count; i++) p.shapes.push({ d: rect(x + i * w, y, w, 10), fill: c.colour(i) });
  c.limits.forEach((v, i) => {
    if (c.count <= 6 || i % 2 === 0 || i === c.count) p.labels.push({ x: x + i * w, y: y + 24, text: short(v), anchor: i === 0 ? 'start' : 'middle', second: true });
  });
  p.labels.push({ x: x + c.count * w + 14, y: y + 10, text: unit, second: true });
}

/** Named colours, in rows. */
export function keys(p: Picture, items: { colour: string; text: string }[], x: number, y: number, width: number): number {
  let at = x;
  let row = y;
  for (const item of items) {
    const w = 22 + textWidth(item.text) + 12;
    if (at > x && at + w > x + width) {
      at = x;
      row += 20;
    }
    p.shapes.push({ d: rect(at, row, 12, 12), fill: item.colour });
    p.labels.push({ x: at + 18, y: row + 10, text: item.text, second: true });
    at += w;
  }
  return row + 20;
}

export function textWidth(text: string): number {
  let w = 0;
  for (const c of text) w += c.charCodeAt(0) > 0x2e80 ? 12 : 6.8;
  return w;
}

const n1 = (v: number) => String(Math.round(v * 10) / 10);
export const rect = (x: number, y: number, w: number, h: number): string => `M${n1(x)} ${n1(y)}h${n1(w)}v${n1(h)}h${n1(-w)}z`;
export const line = (points: [number, number][]): string => points.map(([x, y], i) => `${i ? 'L' : 'M'}${n1(x)} ${n1(y)}`).join('');
export const circle = (x: number, y: number, r: number): string => `M${n1(x - r)} ${n1(y)}a${n1(r)} ${n1(r)} 0 1 0 ${n1(2 * r)} 0a${n1(r)} ${n1(r)} 0 1 0 ${n1(-2 * r)} 0z`;
/** Part of a ring; degrees clockwise from north. */
export function wedge(x: number, y: number, inner: number, outer: number, from: number, to: number): string {
  const at = (deg: number, r: number): [number, number] => [x + r * Math.sin((deg * Math.PI) / 180), y - r * Math.cos((deg * Math.PI) / 180)];
  const [a, b, c, d] = [at(from, inner), at(from, outer), at(to, outer), at(to, inner)];
  const big = to - from > 180 ? 1 : 0;
  return `M${n1(a[0])} ${n1(a[1])}L${n1(b[0])} ${n1(b[1])}A${n1(outer)} ${n1(outer)} 0 ${big} 1 ${n1(c[0])} ${n1(c[1])}L${n1(d[0])} ${n1(d[1])}` + (inner > 0 ? `A${n1(inner)} ${n1(inner)} 0 ${big} 0 ${n1(a[0])} ${n1(a[1])}z` : 'z');
}

const FONT = "'Noto Sans SC','PingFang SC','Microsoft YaHei','Noto Sans CJK SC',sans-serif";
const escape = (s: string) => s.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/"/g, '&quot;');

/** The picture as a file of its own, with what stands above and below it. */
export function svgText(p: Picture, colours: Palette, title: string, notes: string[]): string {
  const head = 30;
  const foot = 12 + notes.length * 18;
  const shape = (s: Shape) => `<path d="${s.d}" fill="${s.fill ?? 'none'}"${s.stroke ? ` stroke="${s.stroke}" stroke-width="${s.width ?? 1}"` : ''}${s.dash ? ` stroke-dasharray="${s.dash}"` : ''}${s.opacity ? ` opacity="${s.opacity}"` : ''}/>`;
  const text = (l: Label) => `<text x="${n1(l.x)}" y="${n1(l.y)}" text-anchor="${l.anchor ?? 'start'}" font-weight="${l.bold ? 600 : 400}" fill="${l.second ? colours.ink2 : colours.ink}" stroke="${colours.paper}" stroke-width="3" paint-order="stroke">${escape(l.text)}</text>`;
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${p.w}" height="${p.h + head + foot}" font-family="${FONT}" font-size="12">` +
    `<rect width="100%" height="100%" fill="${colours.paper}"/><text x="8" y="20" font-size="14" font-weight="600" fill="${colours.ink}">${escape(title)}</text>` +
    `<g transform="translate(0 ${head})">${p.shapes.map(shape).join('')}${p.labels.map(text).join('')}</g>` +
    notes.map((n, i) => `<text x="8" y="${p.h + head + 14 + i * 18}" fill="${colours.ink2}">${escape(n)}</text>`).join('') +
    '</svg>'
  );
}

/** Twice as fine as the screen. */
export async function pngOf(svg: string, w: number, h: number): Promise<Blob> {
  const image = new Image();
  await new Promise<void>((done, fail) => {
    image.onload = () => done();
    image.onerror = () => fail(new Error('no picture'));
    image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  });
  const canvas = document.createElement('canvas');
  canvas.width = w * 2;
  canvas.height = h * 2;
  const g = canvas.getContext('2d')!;
  g.scale(2, 2);
  g.drawImage(image, 0, 0);
  return new Promise((done, fail) => canvas.toBlob((b) => (b ? done(b) : fail(new Error('no picture'))), 'image/png'));
}
