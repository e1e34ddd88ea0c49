// SPDX-License-Identifier: Apache-2.0
// Marks of the map, drawn once for each look and kept: discs of stations, shapes of sources.
import { COLOURS, textOn } from '../lib/aqi';
import { shapeOf } from '../lib/shapes';

export interface Ink {
  ink: string;
  ink2: string;
  panel: string;
  paper: string;
  line: string;
  line2: string;
  alarm: string;
  accent: string;
  hatch: string;
  hatch2: string;
  grey: string;
  land: string;
  land2: string;
}

export function readInk(): Ink {
  const css = getComputedStyle(document.documentElement);
  const of = (name: string) => css.getPropertyValue('--' + name).trim();
  return {
    ink: of('ink'), ink2: of('ink2'), panel: of('panel'), paper: of('paper'), line: of('line'), line2: of('line2'),
    alarm: of('alarm'), accent: of('accent'), hatch: of('hatch'), hatch2: of('hatch2'), grey: of('grey'), land: of('land'), land2: of('land2'),
  };
}

export const FONT = '"SF Pro Text","Segoe UI",Roboto,"Noto Sans","Noto Sans SC","PingFang SC","Microsoft YaHei","Noto Sans CJK SC",sans-serif';

function sheet(size: number): { canvas: HTMLCanvasElement; g: CanvasRenderingContext2D; ratio: number } {
  const ratio = Math.max(1, window.devicePixelRatio || 1);
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = Math.ceil(size * ratio);
  const g = canvas.getContext('2d')!;
  g.scale(canvas.width / size, canvas.height / size);
  return { canvas, g, ratio: canvas.width / size };
}

function hatch(g: CanvasRenderingContext2D, ink: Ink, size: number) {
  g.fillStyle = ink.hatch2;
  g.fillRect(0, 0, size, size);
  g.strokeStyle = ink.hatch;
  g.lineWidth = 1.6;
  g.beginPath();
  for (let i = -size; i < size * 2; i += 5) {
    g.moveTo(i, 0);
    g.lineTo(i + size, size);
  }
  g.stroke();
}

export interface Disc {
  text: string;
  level: number;
  /** Values but no index. */
  blank: boolean;
  kind: string;
  small: boolean;
  scale: number;
}

/** A station: the index inside; the rim tells the rank of the station. */
export function disc(d: Disc, ink: Ink): { canvas: HTMLCanvasElement; ratio: number; radius: number } {
  const rank = d.kind === 'air_national' ? 2 : d.kind === 'air_provincial' ? 1 : 0;
  const r = (d.small ? 4.5 : 14) * d.scale;
  const rim = (rank === 2 ? 5 : rank === 1 ? 3 : 2) * d.scale;
  const size = 2 * (r + rim + 1);
  const { canvas, g, ratio } = sheet(size);
  const c = size / 2;
  const circle = (radius: number) => {
    g.beginPath();
    g.arc(c, c, radius, 0, 2 * Math.PI);
  };
  circle(r + rim);
  g.fillStyle = ink.panel;
  g.fill();
  g.save();
  circle(r);
  g.clip();
  if (d.level) {
    g.fillStyle = COLOURS[d.level - 1]!;
    g.fillRect(0, 0, size, size);
  } else if (!d.blank) hatch(g, ink, size);
  else if (d.small) {
    // A value, but no index: grey, where no data is hatched and dashed.
    g.fillStyle = ink.grey;
    g.fillRect(0, 0, size, size);
  }
  g.restore();
  g.strokeStyle = d.level || d.blank ? ink.ink : ink.ink2;
  g.lineWidth = d.scale;
  if (!d.level && !d.blank) g.setLineDash([2.5 * d.scale, 2 * d.scale]);
  circle(r);
  g.stroke();
  g.setLineDash([]);
  if (rank) {
    g.lineWidth = (rank === 2 ? 2 : 1.2) * d.scale;
    circle(r + rim - d.scale);
    g.stroke();
  }
  if (!d.small) {
    g.fillStyle = d.level ? textOn(COLOURS[d.level - 1]!) : d.blank ? ink.ink : ink.ink2;
    // The wall's least letter is 24 px.
    g.font = `600 ${d.scale > 1 ? Math.max(24, 12 * d.scale) : 12}px ${FONT}`;
    g.textAlign = 'center';
    g.textBaseline = 'middle';
    g.fillText(d.text, c, c + 0.5 * d.scale);
  }
  return { canvas, ratio, radius: r + rim };
}

export type SourceState = 'plain' | 'over' | 'quiet';

/** A source: shape by kind; over the limit filled in alarm, without data grey and hatched. */
export function source(kind: string, state: SourceState, scale: number, ink: Ink): { canvas: HTMLCanvasElement; ratio: number } {
  const size = (state === 'over' ? 24 : 18) * scale;
  const { canvas, g, ratio } = sheet(size);
  g.translate(size / 2, size / 2);
  const k = (state === 'over' ? 1.25 : 0.95) * scale;
  g.scale(k, k);
  g.translate(-8, -8);
  const path = new Path2D(shapeOf(kind));
  g.lineJoin = 'round';
  g.strokeStyle = ink.panel;
  g.lineWidth = 4;
  g.stroke(path);
  if (state === 'quiet') {
    g.save();
    g.clip(path);
    hatch(g, ink, 16);
    g.restore();
  } else {
    g.fillStyle = state === 'over' ? ink.alarm : ink.panel;
    g.fill(path);
  }
  g.strokeStyle = state === 'quiet' ? ink.ink2 : ink.ink;
  g.lineWidth = 1.3;
  g.stroke(path);
  return { canvas, ratio };
}

/** Glyphs with counts in a row: what stands in a township, told by kind. */
export function summary(counts: [string, number][], scale: number, ink: Ink): { canvas: HTMLCanvasElement; ratio: number; width: number; height: number } {
  const step = 14 * scale;
  const height = 16 * scale;
  const font = `400 ${12 * scale}px ${FONT}`;
  const probe = document.createElement('canvas').getContext('2d')!;
  probe.font = font;
  const widths = counts.map(([, n]) => step + probe.measureText(String(n)).width + 7 * scale);
  const width = Math.ceil(widths.reduce((a, b) => a + b, 0) || 1);
  const ratio = Math.max(1, window.devicePixelRatio || 1);
  const canvas = document.createElement('canvas');
  canvas.width = Math.ceil(width * ratio);
  canvas.height = Math.ceil(height * ratio);
  const g = canvas.getContext('2d')!;
  g.scale(ratio, ratio);
  g.font = font;
  g.textBaseline = 'middle';
  let x = 0;
  counts.forEach(([kind, n], i) => {
    g.save();
    g.translate(x + scale, height / 2 - 5.6 * scale);
    g.scale(0.7 * scale, 0.7 * scale);
    const path = new Path2D(shapeOf(kind));
    g.lineJoin = 'round';
    g.fillStyle = ink.panel;
    g.fill(path);
    g.strokeStyle = ink.ink2;
    g.lineWidth = 1.5;
    g.stroke(path);
    g.restore();
    g.lineWidth = 3 * scale;
    g.strokeStyle = ink.land;
    g.strokeText(String(n), x + step, height / 2 + 0.5);
    g.fillStyle = ink.ink2;
    g.fillText(String(n), x + step, height / 2 + 0.5);
    x += widths[i]!;
  });
  return { canvas, ratio, width, height };
}
