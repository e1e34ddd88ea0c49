// SPDX-License-Identifier: Apache-2.0
// The county in one sentence: parts of text, each of which may open what it speaks of.
import { format } from './hash';
import { isAir } from './shapes';
import { say, type Key, type Params } from './text';
import { age, clock, instant } from './time';
import { itemName, level } from './aqi';
import { worstOver } from './values';
import type { Aqi, Device, Latest, Parked, Site } from './types';

export interface Part {
  text: string;
  href?: string;
  aqi?: number;
  rank?: 'alarm' | 'warning';
}

export interface Known {
  place: string;
  latest: Latest;
  sites: Site[];
  devices: Device[];
  parked: Parked[];
  now: number;
}

/** Silent or offline devices, the longest first, with their age in seconds. */
export function quiet(devices: Device[], link: 'silent' | 'offline', now: number): { device: Device; age: number }[] {
  const list = devices
    .filter((d) => d.link === link && d.status === 'approved')
    .map((device) => ({ device, age: (now - (instant(device.last_frame) ?? now)) / 1000 }));
  return list.sort((a, b) => b.age - a.age);
}

/** The index of every station that has one now, highest first. */
export function stationIndices(sites: Site[], latest: Latest): { site: Site; aqi: Aqi }[] {
  const out: { site: Site; aqi: Aqi }[] = [];
  for (const site of sites) {
    const aqi = isAir(site.kind) ? latest.sites[site.id]?.aqi : null;
    if (aqi && aqi.value !== null) out.push({ site, aqi });
  }
  return out.sort((a, b) => b.aqi.value! - a.aqi.value!);
}

export function overCount(sites: Site[], latest: Latest): number {
  return sites.filter((s) => worstOver(s, latest.sites[s.id]) !== null).length;
}

export function stateLine(known: Known, lang: 'zh' | 'en'): Part[] {
  const t = (key: Key, params?: Params) => say(lang, key, params);
  return [...airParts(known, lang, t), ...deviceParts(known, t)];
}

type Say = (key: Key, params?: Params) => string;

function airParts({ latest, sites, place }: Known, lang: 'zh' | 'en', t: Say): Part[] {
  const county = latest.county;
  if (county && county.value !== null) {
    const at = instant(county.time);
    const out: Part[] = [
      { text: `${at === null ? '' : clock(at) + ' '}${t('line.county', { place })}` },
      { text: say(lang, `level.${level(county.value)}` as Key), aqi: county.value, href: format(['air']) },
    ];
    if (county.primary.length) out.push({ text: t('line.primary', { items: county.primary.map(itemName).join(lang === 'zh' ? '、' : ', ') }) });
    return out;
  }
  const list = stationIndices(sites, latest);
  if (!list.length) return [{ text: t('line.noair') }];
  const top = list[0]!;
  const at = instant(top.aqi.time);
  return [
    { text: `${at === null ? '' : clock(at) + ' '}${t('line.range', { n: list.length, low: list[list.length - 1]!.aqi.value!, high: top.aqi.value! })}`, href: format(['air'], { sort: 'aqi' }) },
  ];
}

function deviceParts({ devices, parked, now, sites, latest }: Known, t: Say): Part[] {
  const out: Part[] = [];
  const over = overCount(sites, latest);
  if (over) out.push({ text: t('line.over', { n: over }), href: format(['sources'], { only: 'over' }), rank: 'alarm' });
  const silent = quiet(devices, 'silent', now);
  if (silent.length) out.push({ text: t('line.silent', { n: silent.length, age: age(silent[0]!.age) }), href: format(['devices'], { link: 'silent' }), rank: 'warning' });
  const offline = quiet(devices, 'offline', now);
  if (offline.length) out.push({ text: t('line.offline', { n: offline.length, age: age(offline[0]!.age) }), href: format(['devices'], { link: 'offline' }), rank: 'warning' });
  if (!silent.length && !offline.length && devices.length) out.push({ text: t('line.alldevices', { n: devices.length }) });
  if (parked.length) out.push({ text: t('line.parked', { n: parked.length }), href: format(['devices'], { view: 'parked' }) });
  return out;
}
