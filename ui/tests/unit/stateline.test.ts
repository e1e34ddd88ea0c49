// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { stateLine, type Known } from '../../src/lib/stateline';
import type { Aqi, Device, Latest, Site } from '../../src/lib/types';

const NOW = Date.parse('2026-11-22T14:05:00+08:00');
const aqi = (value: number): Aqi => ({ value, level: 2, primary: ['PM2.5'], standard: 'HJ 633-2026', items: {}, time: '2026-11-22T14:00:00+08:00' });
const site = (id: string): Site => ({ id, kind: 'air_township', name_zh: id, name_en: id, division: '', owner_zh: null, owner_en: null, lon: 0, lat: 0, valid_to: null, row_version: 1, devices: [], factors: [] });
const device = (mn: string, link: Device['link'], last: string | null): Device => ({ mn, link, last_frame: last, status: 'approved' }) as Device;
const known = (change: Partial<Known>): Known => ({ place: '青泽县', latest: { now: '', sites: {}, county: aqi(78) }, sites: [], devices: [], parked: [], now: NOW, ...change });
const said = (k: Known, lang: 'zh' | 'en') => stateLine(k, lang).map((p) => (p.aqi === undefined ? p.text : `${p.aqi} ${p.text}`).replace(/\u00a0/g, ' '));

describe('the county in one sentence', () => {
  it('says air and devices', () => {
    const devices = [device('a', 'silent', '2026-11-22T11:51:00+08:00'), device('b', 'silent', '2026-11-22T14:00:00+08:00'), device('c', 'online', '2026-11-22T14:04:00+08:00')];
    expect(said(known({ devices }), 'zh')).toEqual(['14:00 青泽县 AQI', '78 良', '首要 PM₂.₅', '2 台设备静默，最久 2 h 14 min']);
    expect(said(known({ devices }), 'en').slice(-1)).toEqual(['2 devices silent, longest 2 h 14 min']);
  });
  it('falls back to the range of stations where no county index is given', () => {
    const latest = { now: '', sites: { x: { aqi: aqi(45), values: [] }, y: { aqi: aqi(98), values: [] } } } as unknown as Latest;
    expect(said(known({ latest, sites: [site('x'), site('y')] }), 'zh')[0]).toBe('14:00 2 个站 AQI 45 至 98');
  });
  it('does not call it good when nothing is known', () => {
    const parts = stateLine(known({ latest: { now: '', sites: {}, county: null } }), 'zh');
    expect(parts.map((p) => p.text)).toEqual(['还没有空气站数据']);
  });
  it('leaves out devices that are switched off by hand', () => {
    const off = { ...device('a', 'offline', null), status: 'disabled' } as Device;
    expect(said(known({ devices: [off] }), 'zh').join()).not.toContain('离线');
  });
});
