// SPDX-License-Identifier: Apache-2.0
// What each plot looks like: north up, the wind named by where it comes from, gaps left open.
import type { Annulus, Cells, Clusters, Days, Group, Rose, Surface, Trajectories, Trend, Variation, Xy } from './types';
import { circle, classes, keys, legend, line, niceStep, picture, rect, SERIES, short, wedge, type Palette, type Picture } from './picture';

/** The words a picture needs, in the reader's language. */
export interface Words {
  north: string;
  east: string;
  south: string;
  west: string;
  calm: string;
  hours: string;
  weekdays: string[];
  times: (at: number, of: Annulus) => string;
  mean: string;
  month: string;
  byHour: string;
  byWeekday: string;
  byMonth: string;
  path: (n: number, share: number) => string;
}

const SIZE = 340;
const R = 130;
const C: Xy = [SIZE / 2, 158];

function compassFace(p: Picture, c: Palette, words: Words, rings: { r: number; text: string }[]) {
  for (const ring of rings) {
    p.shapes.push({ d: circle(C[0], C[1], ring.r), stroke: c.ink2, width: 0.6, dash: '2 3' });
    p.labels.push({ x: C[0] + ring.r * 0.707 + 2, y: C[1] - ring.r * 0.707 - 2, text: ring.text, second: true });
  }
  p.shapes.push({ d: `M${C[0] - R} ${C[1]}h${2 * R}M${C[0]} ${C[1] - R}v${2 * R}`, stroke: c.line, width: 0.6 });
  p.labels.push({ x: C[0], y: C[1] - R - 8, text: words.north, anchor: 'middle', bold: true }, { x: C[0], y: C[1] + R + 18, text: words.south, anchor: 'middle' });
  p.labels.push({ x: C[0] + R + 8, y: C[1] + 4, text: words.east }, { x: C[0] - R - 8, y: C[1] + 4, text: words.west, anchor: 'end' });
}

/** Cells of one class in a row join to one box: a surface is a few paths. */
export function surface(s: Surface, unit: string, c: Palette, words: Words, share: boolean): Picture {
  const p = picture(SIZE, 354);
  const values = share ? s.values.map((v) => (v === null ? null : v * 100)) : s.values;
  const k = classes(values, true);
  const cell = (2 * R) / (s.side - 1);
  const parts: string[] = Array.from({ length: k.count }, () => '');
  p.rows.push(['u_m_s', 'v_m_s', 'value']);
  for (let row = 0; row < s.side; row++) {
    let from = 0;
    let of = -1;
    const end = (col: number) => {
      if (of >= 0) parts[of] += rect(C[0] - R + (from - 0.5) * cell, C[1] + R - (row + 0.5) * cell, (col - from) * cell + 0.3, cell + 0.3);
    };
    for (let col = 0; col < s.side; col++) {
      const v = values[row * s.side + col] ?? null;
      const now = v === null ? -1 : k.of(v);
      if (v !== null) p.rows.push([Number(((2 * col) / (s.side - 1) - 1).toFixed(4)) * s.reach, Number(((2 * row) / (s.side - 1) - 1).toFixed(4)) * s.reach, v]);
      if (now === of) continue;
      end(col);
      from = col;
      of = now;
    }
    end(s.side);
  }
  parts.forEach((d, i) => d && p.shapes.push({ d, fill: k.colour(i), title: `${short(k.limits[i]!)}–${short(k.limits[i + 1]!)} ${unit}` }));
  const step = niceStep(s.reach, 4);
  const rings = [];
  for (let v = step; v <= s.reach * 1.001; v += step) rings.push({ r: (v / s.reach) * R, text: `${short(v)} m/s` });
  compassFace(p, c, words, rings);
  legend(p, k, unit, 20, 322, SIZE - 20);
  return p;
}

export function annulus(a: Annulus, unit: string, c: Palette, words: Words): Picture {
  const p = picture(SIZE, 354);
  const k = classes(a.values);
  const inner = 46;
  const turn = 360 / a.spokes;
  p.rows.push(['time', 'wd_deg', 'value']);
  const parts: string[] = Array.from({ length: k.count }, () => '');
  a.values.forEach((v, i) => {
    if (v === null) return;
    const ring = Math.floor(i / a.spokes);
    const deg = (i % a.spokes) * turn;
    const [r0, r1] = [ring, ring + 1].map((r) => inner + (r / a.rings) * (R - inner));
    parts[k.of(v)] += wedge(C[0], C[1], r0!, r1! + 0.2, deg - turn / 2, deg + turn / 2 + 0.15);
    p.rows.push([words.times(((ring + 0.5) / a.rings) * (a.times - 1), a), deg, v]);
  });
  parts.forEach((d, i) => d && p.shapes.push({ d, fill: k.colour(i), title: `${short(k.limits[i]!)}–${short(k.limits[i + 1]!)} ${unit}` }));
  const at = (share: number) => ({ r: inner + share * (R - inner), text: words.times(share * (a.times - 1), a) });
  compassFace(p, c, words, [at(0), at(0.5), at(1)]);
  legend(p, k, unit, 20, 322, SIZE - 20);
  return p;
}

/** Stacked sectors; the length is the share of hours. */
export function rose(r: Rose, unit: string, c: Palette, words: Words): Picture {
  const p = picture(SIZE, 376);
  const most = Math.max(0.001, ...r.sectors.map((s) => s.share));
  const step = niceStep(most, 3);
  const top = Math.ceil(most / step - 1e-9) * step;
  const half = 180 / r.sectors.length;
  const bands = r.breaks.length + 1;
  const k = classes(Array.from({ length: bands }, (_, i) => i));
  const colour = (i: number) => k.colour(Math.round((i / Math.max(1, bands - 1)) * (k.count - 1)));
  p.rows.push(['wd_deg', 'hours', 'share', 'mean_ws', 'mean', ...r.breaks.map((b) => `share_up_to_${b}`)]);
  for (const s of r.sectors) {
    let from = 0;
    for (let i = 0; i < bands; i++) {
      const to = i < r.breaks.length ? s.up_to[i]! : s.share;
      if (to > from) p.shapes.push({ d: wedge(C[0], C[1], (from / top) * R, (to / top) * R, s.wd - half * 0.86, s.wd + half * 0.86), fill: colour(i), title: `${s.wd}°: ${((to - from) * 100).toFixed(1)} %` });
      from = Math.max(from, to);
    }
    p.rows.push([s.wd, s.n, s.share, s.mean_ws, s.mean, ...s.up_to]);
  }
  const rings = [];
  for (let v = step; v <= top * 1.001; v += step) rings.push({ r: (v / top) * R, text: `${short(v * 100)} %` });
  compassFace(p, c, words, rings);
  const names = Array.from({ length: bands }, (_, i) => (i === 0 ? `≤ ${short(r.breaks[0] ?? 0)}` : i === bands - 1 ? `> ${short(r.breaks[i - 1]!)}` : `${short(r.breaks[i - 1]!)}–${short(r.breaks[i]!)}`));
  keys(p, names.map((text, i) => ({ colour: colour(i), text: i === bands - 1 ? `${text} ${unit}` : text })), 12, 322, SIZE - 20);
  p.labels.push({ x: 8, y: 14, text: `${words.calm} ${(r.calm_share * 100).toFixed(1)} %`, second: true });
  return p;
}

/** Rings of percentiles about the mean. */
export function percentiles(r: Rose, unit: string, c: Palette, words: Words): Picture {
  const p = picture(SIZE, 376);
  const values = r.sectors.flatMap((s) => s.percentiles.filter((v): v is number => v !== null));
  const step = niceStep(Math.max(1e-9, ...values), 4);
  const top = Math.ceil(Math.max(...values) / step - 1e-9) * step;
  const half = 180 / r.sectors.length;
  const bands: [number, number][] = [[0, 4], [1, 3]];
  const k = classes([0, 1, 2, 3]);
  const y = (v: number) => (Math.max(0, v) / top) * R;
  p.rows.push(['wd_deg', 'hours', 'mean', 'cpf', ...r.percents.map((q) => `p${q}`)]);
  for (const s of r.sectors) {
    p.rows.push([s.wd, s.n, s.mean, s.cpf, ...s.percentiles]);
    if (s.percentiles[0] === null || s.percentiles[0] === undefined) continue;
    bands.forEach(([low, high], i) => p.shapes.push({ d: wedge(C[0], C[1], y(s.percentiles[low]!), y(s.percentiles[high]!) + 0.5, s.wd - half, s.wd + half), fill: k.colour(i === 0 ? k.count - 2 : 1), title: `${s.wd}°: ${short(s.percentiles[low]!)}–${short(s.percentiles[high]!)}` }));
    p.shapes.push({ d: wedge(C[0], C[1], y(s.percentiles[2]!), y(s.percentiles[2]!) + 1.6, s.wd - half, s.wd + half), fill: c.paper });
    if (s.mean !== null) p.shapes.push({ d: wedge(C[0], C[1], y(s.mean) - 0.8, y(s.mean) + 0.8, s.wd - half * 0.6, s.wd + half * 0.6), fill: c.ink });
  }
  const rings = [];
  for (let v = step; v <= top * 1.001; v += step) rings.push({ r: (v / top) * R, text: short(v) });
  compassFace(p, c, words, rings);
  keys(p, [{ colour: k.colour(k.count - 2), text: '5–95 %' }, { colour: k.colour(1), text: '25–75 %' }, { colour: c.ink, text: words.mean }], 12, 322, SIZE - 20);
  p.labels.push({ x: SIZE - 8, y: 14, text: unit, anchor: 'end', second: true });
  return p;
}

// ---- over time ----

interface Frame {
  x: number;
  y: number;
  w: number;
  h: number;
}

function yAxis(p: Picture, f: Frame, low: number, high: number, c: Palette): (v: number) => number {
  const step = niceStep(high - low || 1, 4);
  const from = Math.floor(low / step + 1e-9) * step;
  const to = Math.max(from + step, Math.ceil(high / step - 1e-9) * step);
  const y = (v: number) => f.y + f.h - ((v - from) / (to - from)) * f.h;
  for (let v = from; v <= to + step / 2; v += step) {
    p.shapes.push({ d: `M${f.x} ${y(v)}h${f.w}`, stroke: c.line, width: 0.7 });
    p.labels.push({ x: f.x - 6, y: y(v) + 4, text: short(Number(v.toPrecision(6))), anchor: 'end', second: true });
  }
  return y;
}

function groupLine(p: Picture, f: Frame, groups: Group[], y: (v: number) => number, names: string[], every: number, colour: string) {
  const x = (i: number) => f.x + ((i + 0.5) / groups.length) * f.w;
  let run: number[] = [];
  const flush = () => {
    if (run.length > 1) {
      const up = run.map((i): Xy => [x(i), y(groups[i]![3] ?? groups[i]![1]!)]);
      const down = run.map((i): Xy => [x(i), y(groups[i]![2] ?? groups[i]![1]!)]).reverse();
      p.shapes.push({ d: line([...up, ...down]) + 'z', fill: colour, opacity: 0.25 });
    }
    if (run.length) p.shapes.push({ d: line(run.map((i): Xy => [x(i), y(groups[i]![1]!)])), stroke: colour, width: 1.8 });
    for (const i of run) p.shapes.push({ d: circle(x(i), y(groups[i]![1]!), 2), fill: colour, title: `${names[i]}: ${short(groups[i]![1]!)} (n ${groups[i]![0]})` });
    run = [];
  };
  groups.forEach((g, i) => (g[1] === null ? flush() : run.push(i)));
  flush();
  names.forEach((text, i) => i % every === 0 && p.labels.push({ x: x(i), y: f.y + f.h + 16, text, anchor: 'middle', second: true }));
}

export function variation(v: Variation, unit: string, c: Palette, words: Words): Picture {
  const p = picture(SIZE, 420);
  const all = [...v.hour, ...v.weekday, ...v.month].flatMap((g) => g.slice(1).filter((x): x is number => x !== null));
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const panels: [string, Group[], string[], number][] = [
    [words.byHour, v.hour, v.hour.map((_, i) => String(i)), 3],
    [words.byWeekday, v.weekday, words.weekdays, 1],
    [words.byMonth, v.month, v.month.map((_, i) => String(i + 1)), 1],
  ];
  p.rows.push(['by', 'of', 'hours', 'mean', 'lower', 'upper']);
  panels.forEach(([title, groups, names, every], i) => {
    const f: Frame = { x: 44, y: 26 + i * 135, w: SIZE - 56, h: 84 };
    p.labels.push({ x: 8, y: f.y - 10, text: `${title} ${unit}`, second: true });
    groupLine(p, f, groups, yAxis(p, f, low, high, c), names, every, SERIES[0]!);
    groups.forEach((g, n) => p.rows.push([title, names[n]!, ...g]));
  });
  return p;
}

export function trend(t: Trend, unit: string, c: Palette, dateOf: (iso: string) => number): Picture {
  const p = picture(SIZE, 260);
  const f: Frame = { x: 44, y: 26, w: SIZE - 56, h: 190 };
  const at = t.months.map((m) => dateOf(m.month));
  const values = t.months.flatMap((m) => [m.value, m.mean].filter((v): v is number => v !== null));
  const y = yAxis(p, f, Math.min(...values), Math.max(...values), c);
  const x = (ms: number) => f.x + ((ms - at[0]!) / Math.max(1, at[at.length - 1]! - at[0]!)) * f.w;
  const fit = (ms: number) => t.intercept + (t.slope * ms) / (365 * 86_400_000);
  p.rows.push(['month', 'mean', 'value', 'fit']);
  let run: Xy[] = [];
  const flush = () => {
    if (run.length) p.shapes.push({ d: line(run), stroke: SERIES[0]!, width: 1.4 });
    run = [];
  };
  t.months.forEach((m, i) => {
    p.rows.push([m.month.slice(0, 7), m.mean, m.value, Number(fit(at[i]!).toPrecision(6))]);
    if (m.value === null) return flush();
    run.push([x(at[i]!), y(m.value)]);
    p.shapes.push({ d: circle(x(at[i]!), y(m.value), 2.2), fill: SERIES[0]!, title: `${m.month.slice(0, 7)}: ${short(m.value)}` });
  });
  flush();
  const [a, b] = [at[0]!, at[at.length - 1]!];
  p.shapes.push({ d: line([[x(a), y(fit(a))], [x(b), y(fit(b))]]), stroke: SERIES[1]!, width: 2.2 });
  p.labels.push({ x: 8, y: 14, text: unit, second: true });
  const every = Math.max(1, Math.ceil(t.months.length / 6));
  t.months.forEach((m, i) => i % every === 0 && p.labels.push({ x: x(at[i]!), y: f.y + f.h + 18, text: m.month.slice(0, 7), anchor: i === 0 ? 'start' : 'middle', second: true }));
  return p;
}

/** Months below each other, a row a week; the arrow shows where the day's air went. */
export function calendar(d: Days, unit: string, c: Palette, words: Words): Picture {
  const months = new Map<string, Days['days']>();
  for (const day of d.days) months.set(day.date.slice(0, 7), [...(months.get(day.date.slice(0, 7)) ?? []), day]);
  const k = classes(d.days.map((x) => x.mean));
  const cell = 22;
  const perRow = 2;
  const weekOf = (day: string) => (new Date(`${day}T00:00:00Z`).getUTCDay() + 6) % 7;
  const list = [...months.entries()].slice(-24);
  const height = 8 + Math.ceil(list.length / perRow) * (cell * 6 + 34);
  const p = picture(SIZE, height + 34);
  p.rows.push(['date', 'hours', 'mean', 'vector_ws', 'vector_wd']);
  list.forEach(([month, days], m) => {
    const x0 = 6 + (m % perRow) * (cell * 7 + 18);
    const y0 = 18 + Math.floor(m / perRow) * (cell * 6 + 34);
    p.labels.push({ x: x0, y: y0, text: month, bold: true });
    const start = weekOf(`${month}-01`);
    for (const day of days) {
      const n = Number(day.date.slice(8)) - 1 + start;
      const x = x0 + (n % 7) * cell;
      const y = y0 + 8 + Math.floor(n / 7) * cell;
      const of = day.mean === null ? -1 : k.of(day.mean);
      p.shapes.push({ d: rect(x, y, cell - 2, cell - 2), fill: of < 0 ? 'none' : k.colour(of), stroke: of < 0 ? c.line : undefined, title: `${day.date}: ${day.mean === null ? '–' : short(day.mean)} ${unit} (${day.hours} ${words.hours})` });
      if (day.wd !== null && day.mean !== null) {
        const a = (day.wd * Math.PI) / 180;
        const [cx, cy] = [x + cell / 2 - 1, y + cell / 2 - 1];
        const dark = of < k.count / 2;
        const [ux, uy] = [-Math.sin(a) * 7, Math.cos(a) * 7];
        p.shapes.push({ d: `M${cx - ux} ${cy - uy}L${cx + ux} ${cy + uy}M${cx + ux * 0.3 - uy * 0.4} ${cy + uy * 0.3 + ux * 0.4}L${cx + ux} ${cy + uy}L${cx + ux * 0.3 + uy * 0.4} ${cy + uy * 0.3 - ux * 0.4}`, stroke: dark ? '#ffffff' : '#000000', width: 1 });
      }
    }
  });
  for (const day of d.days) p.rows.push([day.date, day.hours, day.mean, day.ws, day.wd]);
  legend(p, k, unit, 6, height + 2, SIZE - 12);
  return p;
}

// ---- on the county ----

export interface County {
  rings: Xy[][];
  bounds: [number, number, number, number];
  site: Xy;
}

function mapFrame(p: Picture, county: County, places: Xy[], c: Palette, h: number): (at: Xy) => Xy {
  const all = [...places, county.site, [county.bounds[0], county.bounds[1]] as Xy, [county.bounds[2], county.bounds[3]] as Xy];
  const lons = all.map((q) => q[0]);
  const lats = all.map((q) => q[1]);
  const [west, east, south, north] = [Math.min(...lons), Math.max(...lons), Math.min(...lats), Math.max(...lats)];
  const k = Math.cos((((south + north) / 2) * Math.PI) / 180);
  const scale = Math.min((SIZE - 16) / ((east - west) * k), (h - 16) / (north - south));
  const x0 = (SIZE - (east - west) * k * scale) / 2;
  const xy = ([lon, lat]: Xy): Xy => [x0 + (lon - west) * k * scale, 8 + (north - lat) * scale];
  for (const ring of county.rings) p.shapes.push({ d: line(ring.map(xy)) + 'z', stroke: c.line, width: 0.8 });
  const kms = [5, 10, 20, 50, 100, 200].filter((km) => (km / 111.2) * scale < 110).pop() ?? 2;
  p.shapes.push({ d: `M12 ${h - 6}v4h${((kms / 111.2) * scale).toFixed(1)}v-4`, stroke: c.ink, width: 1 });
  p.labels.push({ x: 16 + (kms / 111.2) * scale, y: h - 2, text: `${kms} km`, second: true });
  p.shapes.push({ d: `M${SIZE - 14} 8l5 16-5-4-5 4z`, fill: c.ink });
  return xy;
}

const MAP_H = 300;

function mark(p: Picture, at: Xy, c: Palette) {
  p.shapes.push({ d: circle(at[0], at[1], 5), fill: c.paper, stroke: c.ink, width: 2 });
}

export function trajectories(t: Trajectories, unit: string, c: Palette, county: County): Picture {
  const p = picture(SIZE, 336);
  const k = classes(t.items.map((i) => i.value));
  const xy = mapFrame(p, county, t.items.flatMap((i) => i.places), c, MAP_H);
  p.rows.push(['arrival', 'value', 'step_min', 'lon', 'lat']);
  for (const item of t.items.slice().sort((a, b) => a.value - b.value)) {
    p.shapes.push({ d: line(item.places.map(xy)), stroke: k.colour(k.of(item.value)), width: 1, opacity: 0.8, title: `${item.time.slice(0, 16)}: ${short(item.value)} ${unit}` });
    item.places.forEach((q, i) => p.rows.push([item.time, item.value, -i * t.step_min, q[0], q[1]]));
  }
  mark(p, xy(county.site), c);
  legend(p, k, unit, 12, MAP_H + 8, SIZE - 20);
  return p;
}

export function clusters(t: Clusters, unit: string, c: Palette, words: Words, county: County): Picture {
  const p = picture(SIZE, MAP_H + 16 + 20 * t.clusters.length);
  const xy = mapFrame(p, county, t.clusters.flatMap((i) => i.places), c, MAP_H);
  p.rows.push(['cluster', 'paths', 'share', 'mean', 'step_min', 'lon', 'lat']);
  t.clusters.forEach((item, n) => {
    p.shapes.push({ d: line(item.places.map(xy)), stroke: SERIES[n % SERIES.length]!, width: 1.5 + 6 * item.share });
    item.places.forEach((q, i) => p.rows.push([n + 1, item.n, item.share, item.mean, -i * t.step_min, q[0], q[1]]));
  });
  mark(p, xy(county.site), c);
  keys(p, t.clusters.map((item, n) => ({ colour: SERIES[n % SERIES.length]!, text: `${n + 1}: ${words.path(item.n, item.share)} ${short(item.mean)} ${unit}` })), 8, MAP_H + 10, SIZE - 12);
  return p;
}

export function cells(t: Cells, unit: string, c: Palette, county: County, which: 'pscf' | 'cwt'): Picture {
  const p = picture(SIZE, 336);
  const value = (x: Cells['cells'][number]) => (which === 'pscf' ? x[3] : x[4]);
  const k = classes(t.cells.map(value), true);
  const half = t.cell_deg / 2;
  const xy = mapFrame(p, county, t.cells.map((x): Xy => [x[0], x[1]]), c, MAP_H);
  p.rows.push(['lon', 'lat', 'points', 'pscf', 'cwt']);
  for (const x of t.cells) {
    p.rows.push(x.slice() as number[]);
    const [a, b] = [xy([x[0] - half, x[1] + half]), xy([x[0] + half, x[1] - half])];
    if (value(x) > 0) p.shapes.push({ d: rect(a[0], a[1], b[0] - a[0], b[1] - a[1]), fill: k.colour(k.of(value(x))), opacity: 0.85, title: `${short(value(x))} ${which === 'cwt' ? unit : ''} (n ${x[2]})` });
  }
  mark(p, xy(county.site), c);
  legend(p, k, which === 'cwt' ? unit : 'PSCF', 12, MAP_H + 8, SIZE - 20);
  return p;
}

// ---- of a factor ----

interface ProfileBar {
  value: number;
  explained: number;
  boot?: (number | null)[];
  disp?: (number | null)[];
}

/** A bar a species: how much of it the factor explains; the whisker is the bootstrap's 5 to 95 %, the box the displacement's. */
export function profile(bars: ProfileBar[], names: string[], colour: string, c: Palette, title: string): Picture {
  const row = 18;
  const left = 64;
  const p = picture(SIZE, 26 + bars.length * row + 6);
  const w = SIZE - left - 44;
  p.labels.push({ x: 8, y: 14, text: title, second: true });
  p.rows.push(['species', 'value', 'explained']);
  bars.forEach((b, i) => {
    const y = 24 + i * row;
    const all = b.explained > 0 ? b.value / b.explained : 0;
    const x = (v: number) => left + Math.max(0, Math.min(1, all > 0 ? v / all : 0)) * w;
    p.labels.push({ x: left - 6, y: y + 11, text: names[i]!, anchor: 'end' });
    p.shapes.push({ d: rect(left, y + 2, w, 10), fill: c.line, opacity: 0.5 });
    p.shapes.push({ d: rect(left, y + 2, Math.max(0.5, b.explained * w), 10), fill: colour, title: `${names[i]}: ${short(b.value)} (${Math.round(b.explained * 100)} %)` });
    const [low, high] = b.disp ?? [];
    if (typeof low === 'number' && typeof high === 'number') p.shapes.push({ d: rect(x(low), y + 1, Math.max(1, x(high) - x(low)), 12), stroke: c.ink2, width: 1 });
    const [p5, , , , p95] = b.boot ?? [];
    if (typeof p5 === 'number' && typeof p95 === 'number') p.shapes.push({ d: `M${x(p5)} ${y + 7}H${x(p95)}M${x(p5)} ${y + 4}v6M${x(p95)} ${y + 4}v6`, stroke: c.ink, width: 1.2 });
    p.labels.push({ x: SIZE - 4, y: y + 11, text: `${Math.round(b.explained * 100)} %`, anchor: 'end', second: true });
    p.rows.push([names[i]!, b.value, b.explained]);
  });
  return p;
}

/** Contribution over time; gaps are gaps. */
export function series(values: (number | null)[], at: (number | null)[], unit: string, colour: string, c: Palette): Picture {
  const p = picture(SIZE, 200);
  const f: Frame = { x: 44, y: 22, w: SIZE - 56, h: 140 };
  const there = values.filter((v): v is number => v !== null);
  const times = at.filter((v): v is number => v !== null);
  if (!there.length || !times.length) return p;
  const [t0, t1] = [Math.min(...times), Math.max(...times)];
  const y = yAxis(p, f, Math.min(0, ...there), Math.max(...there), c);
  const x = (ms: number) => f.x + ((ms - t0) / Math.max(1, t1 - t0)) * f.w;
  const gap = (3 * (t1 - t0)) / Math.max(1, times.length);
  let run: Xy[] = [];
  let last = -Infinity;
  p.rows.push(['time', 'value']);
  values.forEach((v, i) => {
    const ms = at[i];
    if (ms === null || ms === undefined) return;
    p.rows.push([new Date(ms).toISOString(), v]);
    if (run.length && (v === null || ms - last > gap)) {
      p.shapes.push({ d: line(run), stroke: colour, width: 1 });
      run = [];
    }
    if (v !== null) run.push([x(ms), y(v)]);
    last = ms;
  });
  if (run.length) p.shapes.push({ d: line(run), stroke: colour, width: 1 });
  const day = (ms: number) => new Date(ms + 8 * 3_600_000).toISOString().slice(0, 10);
  p.labels.push({ x: 8, y: 12, text: unit, second: true }, { x: f.x, y: f.y + f.h + 18, text: day(t0), second: true }, { x: f.x + f.w, y: f.y + f.h + 18, text: day(t1), anchor: 'end', second: true });
  return p;
}
