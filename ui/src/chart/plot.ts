// SPDX-License-Identifier: Apache-2.0
// One panel of a chart: an envelope with its mean, limit lines, flags as ticks below the line.
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { colour } from '../lib/aqi';
import { clock, monthDay } from '../lib/time';
import { flagged, ticks, type Drawn } from './data';

export interface PlotInk {
  ink: string;
  ink2: string;
  line: string;
  accent: string;
  alarm: string;
  amber: string;
  panel: string;
}

export interface PlotOptions {
  width: number;
  height: number;
  from: number;
  to: number;
  limits: { value: number; text: string }[];
  ink: PlotInk;
  font: string;
  digits: (value: number) => string;
  onCursor: (t: number | null) => void;
  onZoom: (from: number, to: number) => void;
  onBack: () => void;
  /** The period shown while it is being moved; settled once it rests. */
  onPan: (from: number, to: number, settled: boolean) => void;
}

export type Plot = ReturnType<typeof plot>;

const AXIS_W = 56;
const TICK_PX = 62;
const FLAG_H = 6;
/** From here on a line is a thicket: thin strokes read better and draw in half the time. */
const DENSE = 500;

export function plot(target: HTMLElement, options: PlotOptions, data: Drawn) {
  let flags: (string | null)[] = data.flag;
  const { ink } = options;
  let quiet = false;

  const range = (_: uPlot, min: number | null, max: number | null): [number, number] => {
    const tops = options.limits.map((l) => l.value);
    const hi = Math.max(max ?? 1, ...tops.filter((v) => v <= (max ?? 0) * 2.5));
    const lo = Math.min(0, min ?? 0);
    const room = (hi - lo || 1) * 0.08;
    return [lo < 0 ? lo - room : 0, hi + room];
  };

  const u = new uPlot(
    {
      width: options.width,
      height: options.height,
      padding: [8, 22, 0, 0],
      legend: { show: false },
      scales: { x: { time: false, auto: false, range: () => [options.from, options.to] }, y: { range } },
      axes: [
        {
          stroke: ink.ink2,
          font: options.font,
          size: 42,
          lineGap: 1.25,
          gap: 4,
          grid: { stroke: ink.line, width: 1 },
          ticks: { stroke: ink.ink2, width: 1, size: 4 },
          splits: (self) => ticks(options.from, options.to, Math.max(2, self.width / TICK_PX)).map((x) => x.at),
          values: (_, splits) => splits.map((t, i) => label(t, i, splits)),
        },
        { stroke: ink.ink2, font: options.font, size: AXIS_W, gap: 6, grid: { stroke: ink.line, width: 1 }, ticks: { show: false }, values: (_, v) => v.map((x) => options.digits(x)), space: 32 },
      ],
      series: [
        {},
        { show: true, stroke: 'transparent', points: { show: false } },
        { show: true, stroke: 'transparent', points: { show: false } },
        { stroke: data.columns ? 'transparent' : ink.accent, width: data.x.length > DENSE ? 1 : 1.6, points: { show: (self) => !data.columns && few(self, data), size: 5, fill: ink.accent, stroke: ink.accent }, spanGaps: false },
      ],
      cursor: {
        y: false,
        points: { size: 8, fill: ink.accent, stroke: ink.panel, width: 2, show: (self, i) => (i === 3 ? point(self, ink) : document.createElement('i')) },
        drag: { x: true, y: false, setScale: false, dist: 4 },
        bind: { dblclick: () => () => (options.onBack(), null) },
      },
      hooks: {
        drawSeries: [
          (self, i) => i === 1 && data.envelope && drawBand(self, data, withAlpha(ink.accent, 0.24)),
          (self, i) => i === 3 && data.columns && drawColumns(self, data),
        ],
        draw: [(self) => drawLimits(self, options), (self) => drawFlags(self, flags, ink)],
        setCursor: [
          (self) => {
            if (quiet) return;
            const left = self.cursor.left ?? -1;
            options.onCursor(left < 0 ? null : self.posToVal(left, 'x'));
          },
        ],
        setSelect: [
          (self) => {
            const { left, width } = self.select;
            if (width < 4) return;
            options.onZoom(self.posToVal(left, 'x'), self.posToVal(left + width, 'x'));
            self.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          },
        ],
      },
    },
    table(data),
    target,
  );

  const stopPanning = panning(target, u, options);

  return {
    /** Moves the period shown without touching the data. */
    show(from: number, to: number) {
      options.from = from;
      options.to = to;
      u.setScale('x', { min: from, max: to });
    },
    update(next: Drawn, from: number, to: number, limits: PlotOptions['limits']) {
      flags = next.flag;
      Object.assign(data, next);
      options.from = from;
      options.to = to;
      options.limits = limits;
      u.setData(table(next));
    },
    resize: (width: number, height: number) => u.setSize({ width, height }),
    /** Puts the cursor at a time without telling it back. */
    point(t: number | null) {
      quiet = true;
      if (t === null) u.setCursor({ left: -10, top: -10 });
      else u.setCursor({ left: u.valToPos(t, 'x'), top: 1 });
      quiet = false;
    },
    timeAt: (px: number) => u.posToVal(px - AXIS_W, 'x'),
    canvas: () => u.ctx.canvas,
    destroy() {
      stopPanning();
      u.destroy();
    },
  };
}

const REST_MS = 180;

/** The time axis follows a drag; so does the whole panel a sideways wheel. Returns how to stop. */
function panning(target: HTMLElement, u: uPlot, o: PlotOptions): () => void {
  const axis = target.querySelector<HTMLElement>('.u-axis');
  let held: { x: number; from: number; to: number } | null = null;
  let resting = 0;
  const perPixel = () => (o.to - o.from) / Math.max(1, u.over.clientWidth);

  const down = (e: PointerEvent) => {
    if (e.button !== 0) return;
    held = { x: e.clientX, from: o.from, to: o.to };
    axis!.setPointerCapture(e.pointerId);
  };
  const drag = (e: PointerEvent) => {
    if (!held) return;
    const by = (held.x - e.clientX) * perPixel();
    o.onPan(held.from + by, held.to + by, false);
  };
  const up = () => {
    if (!held) return;
    const moved = held.from !== o.from;
    held = null;
    if (moved) o.onPan(o.from, o.to, true);
  };
  const wheel = (e: WheelEvent) => {
    const sideways = e.shiftKey ? e.deltaY || e.deltaX : Math.abs(e.deltaX) > Math.abs(e.deltaY) ? e.deltaX : 0;
    if (!sideways) return;
    e.preventDefault();
    const by = sideways * perPixel();
    o.onPan(o.from + by, o.to + by, false);
    window.clearTimeout(resting);
    resting = window.setTimeout(() => o.onPan(o.from, o.to, true), REST_MS);
  };
  if (axis) {
    axis.style.cursor = 'ew-resize';
    axis.style.touchAction = 'none';
  }
  axis?.addEventListener('pointerdown', down);
  axis?.addEventListener('pointermove', drag);
  axis?.addEventListener('pointerup', up);
  axis?.addEventListener('pointercancel', up);
  target.addEventListener('wheel', wheel, { passive: false });
  return () => {
    window.clearTimeout(resting);
    target.removeEventListener('wheel', wheel);
  };
}

function table(d: Drawn): uPlot.AlignedData {
  const band = d.envelope;
  return [d.x, band ? d.max : d.x.map(() => null), band ? d.min : d.x.map(() => null), d.avg] as uPlot.AlignedData;
}

function few(self: uPlot, d: Drawn): boolean {
  return d.x.length < self.width / 9;
}

function point(_: uPlot, ink: PlotInk): HTMLElement {
  const el = document.createElement('div');
  el.style.background = ink.accent;
  return el;
}

function label(t: number, i: number, all: number[]): string {
  const text = clock(t);
  const wide = all.length > 1 && all[1]! - all[0]! >= 86_400_000;
  if (wide) return monthDay(t);
  const first = i === 0;
  return text === '00:00' || first ? `${text}\n${monthDay(t)}` : text;
}

function withAlpha(hex: string, alpha: number): string {
  const n = parseInt(hex.slice(1), 16);
  return `rgba(${n >> 16},${(n >> 8) & 255},${n & 255},${alpha})`;
}

function drawLimits(u: uPlot, o: PlotOptions) {
  const { ctx, bbox } = u;
  ctx.save();
  ctx.font = scaledFont(o.font);
  for (const { value, text } of o.limits) {
    const y = Math.round(u.valToPos(value, 'y', true));
    if (y < bbox.top || y > bbox.top + bbox.height) continue;
    ctx.strokeStyle = o.ink.alarm;
    ctx.lineWidth = devicePixelRatio;
    ctx.setLineDash([6 * devicePixelRatio, 3 * devicePixelRatio]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    ctx.setLineDash([]);
    ctx.fillStyle = o.ink.alarm;
    ctx.textAlign = 'right';
    ctx.textBaseline = 'bottom';
    ctx.fillText(text, bbox.left + bbox.width - 4, y - 2);
  }
  ctx.restore();
}

/** From the least to the most of each step: upright boxes draw many times faster than one jagged shape. */
function drawBand(u: uPlot, d: Drawn, fill: string) {
  const { ctx, bbox } = u;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  ctx.fillStyle = fill;
  const half = d.step / 2;
  for (let i = 0; i < d.x.length; i++) {
    const [lo, hi] = [d.min[i], d.max[i]];
    if (lo === null || lo === undefined || hi === null || hi === undefined) continue;
    const left = Math.round(u.valToPos(d.x[i]! - half, 'x', true));
    const right = Math.round(u.valToPos(d.x[i]! + half, 'x', true));
    if (right < bbox.left || left > bbox.left + bbox.width) continue;
    const top = Math.round(u.valToPos(hi, 'y', true));
    ctx.fillRect(left, top, Math.max(1, right - left), Math.max(1, Math.round(u.valToPos(lo, 'y', true)) - top));
  }
  ctx.restore();
}

/** An index as columns in the colours of its levels, each as wide as its hour. */
function drawColumns(u: uPlot, d: Drawn) {
  const { ctx, bbox } = u;
  const step = d.columns!;
  const zero = u.valToPos(0, 'y', true);
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  const wide = u.valToPos(step, 'x', true) - u.valToPos(0, 'x', true);
  const gap = wide > 4 * devicePixelRatio ? devicePixelRatio : 0;
  for (let i = 0; i < d.x.length; i++) {
    const v = d.avg[i];
    const fill = colour(v);
    if (!fill || v === null || v === undefined) continue;
    const left = u.valToPos(d.x[i]!, 'x', true);
    if (left + wide < bbox.left || left > bbox.left + bbox.width) continue;
    ctx.fillStyle = fill;
    const y = u.valToPos(v, 'y', true);
    ctx.fillRect(left, y, Math.max(devicePixelRatio, wide - gap), zero - y);
  }
  ctx.restore();
}

function drawFlags(u: uPlot, flags: (string | null)[], ink: PlotInk) {
  const { ctx, bbox } = u;
  const x = u.data[0];
  ctx.save();
  ctx.strokeStyle = ink.amber;
  ctx.lineWidth = 1.5 * devicePixelRatio;
  const bottom = bbox.top + bbox.height;
  ctx.beginPath();
  for (let i = 0; i < flags.length; i++) {
    if (!flagged(flags[i] ?? null)) continue;
    const px = Math.round(u.valToPos(x[i]!, 'x', true));
    if (px < bbox.left || px > bbox.left + bbox.width) continue;
    ctx.moveTo(px, bottom + devicePixelRatio);
    ctx.lineTo(px, bottom + FLAG_H * devicePixelRatio);
  }
  ctx.stroke();
  ctx.restore();
}

function scaledFont(font: string): string {
  return font.replace(/(\d+)px/, (_, n: string) => `${Number(n) * devicePixelRatio}px`);
}
