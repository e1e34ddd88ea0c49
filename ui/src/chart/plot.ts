// SPDX-License-Identifier: Apache-2.0
// One panel of a chart: an envelope with its mean, limit lines, flags as ticks below the line.
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
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
}

export type Plot = ReturnType<typeof plot>;

const AXIS_W = 56;
const TICK_PX = 62;
const FLAG_H = 6;

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
      padding: [8, 12, 0, 0],
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
        { stroke: ink.accent, width: 1.6, points: { show: (self) => few(self, data), size: 5, fill: ink.accent, stroke: ink.accent }, spanGaps: false },
      ],
      bands: [{ series: [1, 2], fill: withAlpha(ink.accent, 0.2) }],
      cursor: {
        y: false,
        points: { size: 8, fill: ink.accent, stroke: ink.panel, width: 2, show: (self, i) => (i === 3 ? point(self, ink) : document.createElement('i')) },
        drag: { x: true, y: false, setScale: false, dist: 4 },
        bind: { dblclick: () => () => (options.onBack(), null) },
      },
      hooks: {
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

  return {
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
    destroy: () => u.destroy(),
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
