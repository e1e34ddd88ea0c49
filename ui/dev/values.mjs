// SPDX-License-Identifier: Apache-2.0
// Values of the invented county as functions of time, so that any period can be asked for.
import { hash, siteById, sites, devices } from './county.mjs';

export const HOUR = 3600e3;
const OFF = 8 * HOUR;

function lattice(seed, i) {
  let h = (seed ^ Math.imul(i | 0, 0x9e3779b1)) >>> 0;
  h = Math.imul(h ^ (h >>> 16), 0x7feb352d);
  h = Math.imul(h ^ (h >>> 15), 0x846ca68b);
  return ((h ^ (h >>> 16)) >>> 0) / 4294967296;
}
const seeds = new Map();
function seedOf(text) {
  let s = seeds.get(text);
  if (s === undefined) seeds.set(text, (s = (hash(text) * 4294967296) >>> 0));
  return s;
}
function smooth(text, t, step) {
  const x = t / step;
  const i = Math.floor(x);
  const f = x - i;
  const s = f * f * (3 - 2 * f);
  const seed = seedOf(text);
  return lattice(seed, i) * (1 - s) + lattice(seed, i + 1) * s;
}
const hourOf = (t) => ((t + OFF) % 86400e3) / HOUR;

const BASE = { 'PM2.5': 52, PM10: 96, O3: 46, NO2: 34, SO2: 9, CO: 0.8 };
const PLAIN = { a34013: 4.6, a21026: 18, a21002: 36, a19001: 9.2, a01012: 128, a00000: 84000, a24088: 5.5, a34041: 0.5, LA: 48, Pt: 118, Ia: 210, al: 1.08, gate: 46, run: 5.4, a34001: 120, a34002: 66 };

/** Devices with a planted fault: silence from a time before the start. */
export const faults = new Map();
export const planted = { 'air-t06': ['silent', 134], 'out-7': ['silent', 41], 'pow-11': ['silent', 12], 'air-m9': ['offline', 64 * 60], 'dus-4': ['offline', 190], 'kit-3': ['never', 0], 'air-m22': ['offline', 51] };

export function plant(start) {
  for (const [id, [kind, minutes]] of Object.entries(planted)) faults.set(siteById.get(id).devices[0], { kind, since: start - minutes * 60e3 });
}

function air(site, item, t) {
  const regional = 0.55 + 0.9 * smooth('region', t, 31 * HOUR);
  const local = 0.75 + 0.5 * hash(site.id) + 0.35 * (smooth(site.id + item, t, 3.1 * HOUR) - 0.5);
  const h = hourOf(t);
  let day = 1 + 0.22 * Math.cos(((h - 8) / 24) * 2 * Math.PI) + 0.12 * Math.cos(((h - 20) / 12) * 2 * Math.PI);
  if (item === 'O3') day = 0.35 + 1.5 * Math.max(0, Math.sin(((h - 8) / 13) * Math.PI));
  let v = BASE[item] * regional * local * day * (0.94 + 0.12 * smooth(site.id + item + 'f', t, 0.15 * HOUR));
  if (site.id === 'air-t01' && (item === 'PM10' || item === 'PM2.5') && h > 12.4 && h < 15.5) v *= item === 'PM10' ? 2.3 : 1.35;
  return v;
}

export function value(mn, code, t, now) {
  if (t > now) return null;
  const f = faults.get(mn);
  if (f && (f.kind === 'never' || t > f.since)) return null;
  if (hash(mn + code + Math.floor(t / (7 * HOUR))) < 0.012) return null;
  const site = bySiteOf.get(mn);
  const factor = site?.factors.find((x) => x.code === code);
  if (!site || !factor) return null;
  if (factor.item) return air(site, factor.item, t);
  if (code === 'a01007') return 0.6 + 3.4 * smooth('wind', t, 5 * HOUR);
  if (code === 'a01008') return (20 + 70 * smooth('winddir', t, 9 * HOUR)) % 360;
  if (code === 'a01001') return 7 + 6 * Math.sin(((hourOf(t) - 9) / 24) * 2 * Math.PI) + 3 * smooth('temp', t, 40 * HOUR);
  if (code === 'a01002') return 62 - 18 * Math.sin(((hourOf(t) - 9) / 24) * 2 * Math.PI);
  let v = (PLAIN[code] ?? 10) * (0.5 + 0.7 * hash(site.id + code)) * (0.8 + 0.4 * smooth(site.id + code, t, 1.7 * HOUR)) * (0.97 + 0.06 * smooth(site.id + code + 'f', t, 0.1 * HOUR));
  if (site.id === 'out-3' && code === 'a21002') v = 58 + 16 * smooth('planted', t, 2 * HOUR);
  if (site.kind === 'power' && hourOf(t) > 22) v *= 0.05;
  if (site.kind === 'dust' && (hourOf(t) < 7 || hourOf(t) > 20)) v *= 0.55;
  if (site.id === 'dus-6' && code === 'a34002') v *= 2.6;
  if (code === 'al') v = 1 + 0.14 * smooth(site.id, t, HOUR) + (site.id === 'pum-5' ? 0.12 : 0);
  return v;
}

const bySiteOf = new Map(devices.map((d) => [d.mn, siteById.get(d.site)]));

export function decimals(code, item) {
  if (item === 'CO') return 2;
  if (item) return 1;
  return { a00000: 0, gate: 0, LA: 1, al: 3, a34041: 2, run: 1 }[code] ?? 2;
}
export const fix = (v, d) => (v === null ? null : Number(v.toFixed(d)));

export function mean(mn, code, from, to, now, n = 6) {
  let sum = 0;
  let k = 0;
  let min = Infinity;
  let max = -Infinity;
  for (let i = 0; i < n; i++) {
    const v = value(mn, code, from + ((i + 0.5) * (to - from)) / n, now);
    if (v === null) continue;
    sum += v;
    k++;
    if (v < min) min = v;
    if (v > max) max = v;
  }
  return k * 2 >= n ? [min, sum / k, max] : null;
}

const TABLE = { 'PM2.5': [35, 60, 115, 150, 250, 350, 500], PM10: [50, 120, 250, 350, 420, 500, 600], SO2: [150, 500, 650, 800], NO2: [100, 200, 700, 1200, 2340, 3090, 3840], CO: [5, 10, 35, 60, 90, 120, 150], O3: [160, 200, 300, 400, 800, 1000, 1200] };
const STEPS = [50, 100, 150, 200, 300, 400, 500];
function iaqi(item, c) {
  const table = TABLE[item];
  const v = item === 'CO' ? Math.round(c * 10) / 10 : Math.round(c);
  let lo = 0;
  let lowIndex = 0;
  for (let i = 0; i < table.length; i++) {
    if (v <= table[i]) return Math.ceil(((STEPS[i] - lowIndex) * (v - lo)) / (table[i] - lo) + lowIndex - 1e-9);
    lo = table[i];
    lowIndex = STEPS[i];
  }
  return item === 'SO2' ? 200 : 500;
}

export function indexOf(means, time) {
  const items = {};
  let best = 0;
  for (const [item, c] of Object.entries(means)) {
    const i = c === null ? null : iaqi(item, c);
    items[item] = { value: c === null ? null : item === 'CO' ? fix(c, 1) : Math.round(c), iaqi: i, mean_24h: null, unit: item === 'CO' ? 'mg/m3' : 'ug/m3' };
    if (i > best) best = i;
  }
  const known = Object.values(items).filter((x) => x.iaqi !== null).length;
  if (!known) return null;
  const level = best <= 50 ? 1 : best <= 100 ? 2 : best <= 150 ? 3 : best <= 200 ? 4 : best <= 300 ? 5 : 6;
  const primary = best > 50 ? Object.keys(items).filter((k) => items[k].iaqi === best) : [];
  return { value: best, level, primary, standard: 'HJ 633-2026', items, time };
}

const cache = new Map();
export function hourAqi(site, hourEnd, now) {
  const key = site.id + hourEnd;
  if (cache.has(key)) return cache.get(key);
  const means = {};
  for (const f of site.factors) {
    if (!f.item) continue;
    const m = mean(f.mn, f.code, hourEnd - HOUR, hourEnd, now, 4);
    means[f.item] = m ? m[1] : null;
  }
  const out = Object.keys(means).length ? indexOf(means, hourEnd) : null;
  if (cache.size > 50000) cache.clear();
  if (hourEnd <= now) cache.set(key, out);
  return out;
}

export function countyAqi(hourEnd, now) {
  const list = sites.filter((s) => s.kind === 'air_national' || s.kind === 'air_provincial').map((s) => hourAqi(s, hourEnd, now)).filter(Boolean);
  const means = {};
  for (const item of Object.keys(TABLE)) {
    const v = list.map((a) => a.items[item]?.value).filter((x) => x !== null && x !== undefined);
    means[item] = v.length ? v.reduce((a, b) => a + b, 0) / v.length : null;
  }
  return indexOf(means, hourEnd);
}
