// SPDX-License-Identifier: Apache-2.0
// A stand-in for the server while the page is developed: the shapes of docs/internals/api.md with
// the invented county of county.mjs. node dev/mock.mjs [port]; the operator key is "mock-key".
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FACTORS, devices, divisions, hash, place, siteById, sites } from './county.mjs';
import { HOUR, countyAqi, decimals, faults, fix, hourAqi, mean, plant, value } from './values.mjs';

/** What a visitor of a demo may do. */
const VISITOR = Object.fromEntries(['open', 'self', 'air.public', 'air.view', 'live', 'site.view', 'device.view', 'device.parked', 'rule.view', 'system', 'audit.view', 'unit.view', 'plan.view', 'task.view', 'case.view', 'ledger.view', 'money.view', 'demo'].map((action) => [action, 'all']));

const port = Number(process.argv[2] ?? 8099);
const dist = fileURLToPath(new URL('../dist/', import.meta.url));
const KEY = 'mock-key';
const CSP = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const START = Date.parse(process.env.MOCK_NOW ?? '2026-11-22T14:07:33+08:00');
let clock = { base: START, at: Date.now(), speed: 1 };
const now = () => clock.base + (Date.now() - clock.at) * clock.speed;
plant(START);

const two = (n) => String(n).padStart(2, '0');
function iso(ms) {
  const d = new Date(ms + 8 * HOUR);
  return `${d.getUTCFullYear()}-${two(d.getUTCMonth() + 1)}-${two(d.getUTCDate())}T${two(d.getUTCHours())}:${two(d.getUTCMinutes())}:${two(d.getUTCSeconds())}+08:00`;
}
const packed = (ms) => iso(ms).slice(0, 19).replace(/[-:T]/g, '');
const lastHour = (t) => Math.floor(t / HOUR) * HOUR;

const versions = new Map();
const settings = new Map();
const parked = new Map([
  ['88888880000001001000A077', { mn: '88888880000001001000A077', first: iso(START - 5 * HOUR), last: iso(START - 40e3), count: 612, address: '10.41.7.23:51022', sample: '##0101QN=20261122140653000;ST=22;CN=2011;PW=123456;MN=88888880000001001000A077;Flag=5;CP=&&DataTime=20261122140600;a34004-Rtd=61.2,a34004-Flag=N&&8A40' }],
  ['NEWSTACK0000000000000042', { mn: 'NEWSTACK0000000000000042', first: iso(START - 26 * HOUR), last: iso(START - 9 * 60e3), count: 88, address: '10.41.9.4:40112', sample: '##0098QN=20261122135800000;ST=31;CN=2051;PW=;MN=NEWSTACK0000000000000042;Flag=4;CP=&&DataTime=20261122135000;a21002-Avg=31.0&&1C80' }],
]);
const requests = [];
const events = [];
const followers = new Set();
let feed = 1;

function publish(name, data) {
  const text = `id: ${feed++}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
  for (const res of followers) res.write(text);
}
function addEvent(at, kind, severity, site, mn, zh, en, params = {}) {
  const e = { id: events.length + 1, at: iso(at), kind, severity, site, mn, zh, en, params, position: 4096000 + events.length * 731 };
  events.push(e);
  return e;
}
for (let i = 60; i > 3; i--) {
  const s = sites[Math.floor(hash('ev' + i) * sites.length)];
  const k = i % 4;
  const at = START - i * 23 * 60e3;
  if (k === 0) addEvent(at, 'frame_rejected', 'notice', s.id, s.devices[0], `一帧 CRC 不符，已拒收并记入日志`, `One frame refused, CRC does not match`, { error: 'crc' });
  else if (k === 1) addEvent(at, 'device_silent', 'warning', s.id, s.devices[0], `${3 + (i % 20)} 分钟未收到数据，连接仍在`, `No data for ${3 + (i % 20)} minutes, still connected`);
  else if (k === 2) addEvent(at, 'device_back', 'info', s.id, s.devices[0], `恢复上报，补传 ${i % 40} 条`, `Reporting again, ${i % 40} rows filled in`);
  else addEvent(at, 'history_changed', 'warning', s.id, s.devices[0], `设备改报了历史小时值，两个值都保留`, `The device sent another value for a past hour; both are kept`);
}
addEvent(START - 74 * 60e3, 'limit_exceeded', 'alarm', 'out-3', siteById.get('out-3').devices[0], '氮氧化物小时均值 68 mg/m³，超限值 50 的 0.36 倍', 'Hourly NOx 68 mg/m³, 0.36 times over the limit of 50', { value: 68, limit: 50 });
addEvent(START - 134 * 60e3 + 9e5, 'device_silent', 'warning', 'air-t06', siteById.get('air-t06').devices[0], '15 分钟未收到数据，连接仍在', 'No data for 15 minutes, still connected');
addEvent(START - 6 * 60e3, 'device_parked', 'notice', null, 'NEWSTACK0000000000000042', '未知设备 NEWSTACK0000000000000042 上报，已暂存，待批准', 'Unknown device NEWSTACK0000000000000042 reports; kept aside until approved', {});
events.sort((a, b) => a.at.localeCompare(b.at));
events.forEach((e, i) => (e.id = i + 1));

const messages = {
  zh: { 'aqi.reason.not_evaluated': '不参加评价', 'event.name.device_silent': '设备静默', 'event.name.device_back': '恢复上报', 'event.name.frame_rejected': '拒收一帧', 'event.name.history_changed': '历史值改变', 'event.name.limit_exceeded': '超过限值', 'event.name.device_parked': '未知设备' },
  en: { 'aqi.reason.not_evaluated': 'not part of the evaluation', 'event.name.device_silent': 'Device silent', 'event.name.device_back': 'Reporting again', 'event.name.frame_rejected': 'Frame refused', 'event.name.history_changed': 'History changed', 'event.name.limit_exceeded': 'Over the limit', 'event.name.device_parked': 'Unknown device' },
};

function linkOf(mn) {
  const f = faults.get(mn);
  return !f || f.since > now() ? 'online' : f.kind;
}
function lastTime(mn) {
  const f = faults.get(mn);
  if (f?.kind === 'never') return null;
  if (f && f.since <= now()) return f.since;
  return Math.floor((now() - hash(mn) * 50e3) / 1000) * 1000;
}

function latestOf(s, t) {
  const mn = s.devices[0];
  const last = lastTime(mn);
  const values = last === null ? [] : s.factors.flatMap((f) => {
    const v = value(mn, f.code, last, t);
    const hourEnd = lastHour(last);
    const m = mean(mn, f.code, hourEnd - HOUR, hourEnd, t, 4);
    const d = decimals(f.code, f.item);
    const flag = s.id === 'out-9' && f.code === 'a21026' ? 'C' : 'N';
    const zs = s.kind === 'outlet' && f.limit !== null;
    const rows = [];
    // Flue gas comes measured and corrected; the limit speaks of the corrected value.
    if (zs) rows.push({ mn, code: f.code, field: 'Rtd', kind: 'rtd', value: fix(v === null ? null : v * 0.88, d), unit: f.unit, flag, time: iso(last), period_end: iso(last), limit: null, over: false });
    rows.push({ mn, code: f.code, field: zs ? 'ZsRtd' : 'Rtd', kind: 'rtd', value: fix(v, d), unit: f.unit, flag, time: iso(last), period_end: iso(last), limit: f.limit, over: f.limit !== null && v !== null && v > f.limit });
    if (m && zs) rows.push({ mn, code: f.code, field: 'Avg', kind: 'hour', value: fix(m[1] * 0.88, d), unit: f.unit, flag: 'N', time: iso(hourEnd - HOUR), period_end: iso(hourEnd), limit: null, over: false });
    if (m) rows.push({ mn, code: f.code, field: zs ? 'ZsAvg' : 'Avg', kind: 'hour', value: fix(m[1], d), unit: f.unit, flag: 'N', time: iso(hourEnd - HOUR), period_end: iso(hourEnd), limit: f.limit, over: f.limit !== null && m[1] > f.limit });
    return rows;
  });
  let aqi = null;
  if (s.kind === 'air_micro' || s.kind === 'air_road') {
    aqi = { value: null, level: null, primary: [], standard: 'HJ 633-2026', items: {}, time: iso(lastHour(t)), reason: 'not_evaluated' };
  } else if (s.kind.startsWith('air') && last !== null) {
    const a = hourAqi(s, lastHour(t), t);
    aqi = a ? { ...a, time: iso(a.time) } : null;
  }
  return { time: last === null ? null : iso(last), age_s: last === null ? null : Math.round((t - last) / 1000), state: linkOf(mn), aqi, values, validity: validityOf(s, t) };
}
function validityOf(s, t) {
  const last = lastTime(s.devices[0]) ?? 0;
  const cut = Math.min(t, last);
  const minutes = Math.max(0, Math.floor((cut - lastHour(t)) / 60e3));
  const dayStart = Math.floor((t + 8 * HOUR) / 86400e3) * 86400e3 - 8 * HOUR;
  return { hour: { valid_minutes: minutes, need: 45 }, day: { valid_hours: Math.max(0, Math.floor((cut - dayStart) / HOUR)), need: 20 } };
}

let latestCache = null;
function latest() {
  const t = now();
  if (latestCache && t - latestCache.t < 2000) return latestCache.body;
  const county = countyAqi(lastHour(t), t);
  const body = { now: iso(t), county: county ? { ...county, time: iso(county.time) } : null, sites: Object.fromEntries(sites.map((s) => [s.id, latestOf(s, t)])) };
  latestCache = { t, body };
  return body;
}

function deviceOf(d) {
  const last = lastTime(d.mn);
  const r = hash(d.mn);
  return {
    ...d, status: 'approved', link: linkOf(d.mn), connected: linkOf(d.mn) !== 'offline' && linkOf(d.mn) !== 'never', address: last === null ? null : `10.41.${Math.floor(r * 200)}.${Math.floor(r * 9999) % 250}:${40000 + Math.floor(r * 20000)}`,
    last_frame: last === null ? null : iso(last), last_data: last === null ? null : iso(last), skew_ms: last === null ? null : Math.round((hash(d.mn + 's') - 0.45) * (r > 0.97 ? 900000 : 2400)),
    frames: Math.floor(20000 + r * 90000), refused: r > 0.9 ? Math.floor(r * 30) : 0, repeats: Math.floor(r * 40), changed: r > 0.95 ? 3 : 0, deviations: r > 0.7 ? Math.floor(r * 4000) : 0,
    effective_today: last === null ? null : linkOf(d.mn) === 'online' ? Math.min(1, 0.93 + r * 0.09) : 0.2 + r * 0.6,
    row_version: versions.get(d.mn) ?? 1, answers_requests: true, crc_policy: r > 0.92 ? 'modbus' : 'standard', interval_style: 'start', pw: '', bind_address: '', ...settings.get(d.mn),
  };
}
function detailOf(d) {
  const t = now();
  const days = [];
  for (let i = 39; i >= 0; i--) {
    const day = t - i * 86400e3;
    const r = hash(d.mn + iso(day).slice(0, 10));
    const due = d.site?.startsWith('air') ? 144 : 288;
    const rate = r > 0.08 ? Math.min(1, 0.95 + r * 0.06) : 0.3 + r * 6;
    const valid = Math.min(1, 0.94 + hash(d.mn + i) * 0.08);
    days.push({ date: iso(day).slice(0, 10), due: i ? due : Math.round(due * 0.58), received: Math.round(due * rate * (i ? 1 : 0.58)), in_time: Math.round(due * rate * 0.98 * (i ? 1 : 0.58)), valid: Math.round(due * rate * valid * (i ? 1 : 0.58)), rate: fix(rate, 4), valid_rate: fix(valid, 4), effective: fix(rate * valid, 4) });
  }
  return { ...deviceOf(d), transmission: days, requests: requests.filter((r) => r.mn === d.mn).slice(-20).reverse(), forward: [{ upper: '省平台', state: 'ok', lag: 0 }] };
}

function framesOf(d, limit) {
  const last = lastTime(d.mn);
  if (last === null) return [];
  const s = siteById.get(d.site);
  const out = [];
  for (let i = 0; i < limit; i++) {
    const at = last - i * 60e3;
    const minute = i % 10 === 3;
    const hourly = i === 7;
    const cn = hourly ? '2061' : minute ? '2051' : '2011';
    const field = cn === '2011' ? 'Rtd' : 'Avg';
    const factors = {};
    const cp = s.factors.slice(0, 6).map((f) => {
      const v = fix(value(d.mn, f.code, at, at) ?? 0, 2);
      factors[f.code] = cn === '2011' ? { Rtd: v, Flag: 'N' } : { Avg: v, Min: fix(v * 0.9, 2), Max: fix(v * 1.12, 2), Flag: 'N' };
      return `${f.code}-${field}=${v},` + (cn === '2011' ? '' : `${f.code}-Min=${fix(v * 0.9, 2)},${f.code}-Max=${fix(v * 1.12, 2)},`) + `${f.code}-Flag=N`;
    });
    const data = `QN=${packed(at)}0${10 + i};ST=${d.st};CN=${cn};PW=123456;MN=${d.mn};Flag=5;CP=&&DataTime=${packed(Math.floor(at / 60e3) * 60e3)};${cp.join(';')}&&`;
    let text = `##${String(data.length).padStart(4, '0')}${data}${(Math.floor(hash(data) * 65536)).toString(16).toUpperCase().padStart(4, '0')}`;
    const deviations = [];
    let kind = 'frame';
    let error = null;
    if (i % 6 === 1) {
      text = text.slice(0, -4) + text.slice(-4).toLowerCase();
      deviations.push({ code: 'crc_lower', zh: 'CRC 用小写字母书写；标准为大写，数值相同，收下。', en: 'The CRC is in lower case; the standard writes upper case. Same value, accepted.', offset: text.length - 4 });
    }
    if (i % 9 === 4) {
      const off = text.indexOf('Flag=5');
      text = text.replace('Flag=5', 'Flag=4');
      deviations.push({ code: 'flag_no_answer', zh: 'Flag=4：不要求应答，与本机设置不同，仍应答。', en: 'Flag=4 asks for no answer, other than configured; answered all the same.', offset: off });
    }
    if (i === 11) {
      kind = 'refused';
      error = 'crc';
      deviations.push({ code: 'crc', zh: 'CRC 不符：按标准算得 3F2A，帧尾写 ' + text.slice(-4) + '；各种常见算法都不符。', en: 'CRC does not match: 3F2A by the standard, the frame says ' + text.slice(-4) + '; no known variant fits.', offset: text.length - 4 });
    }
    out.push({ position: 9_000_000 - i * 741, at: iso(at), connection: 17, kind, flags: i === 5 ? ['repeat'] : [], text, hex: false, cn, cn_zh: { 2011: '实时数据', 2051: '分钟数据', 2061: '小时数据' }[cn], cn_en: { 2011: 'Real-time data', 2051: 'Minute data', 2061: 'Hour data' }[cn], qn: `${packed(at)}0${10 + i}`, data_time: iso(Math.floor(at / 60e3) * 60e3), ok: kind === 'frame', error, deviations, fields: { DataTime: packed(Math.floor(at / 60e3) * 60e3) }, factors });
  }
  return out;
}

function series(q) {
  const mn = q.get('mn');
  const code = q.get('code');
  const kind = q.get('kind') ?? 'hour';
  const from = Date.parse(q.get('from'));
  const to = Date.parse(q.get('to'));
  const want = Math.min(Number(q.get('points') ?? 2000), 5000);
  const s = siteById.get(devices.find((d) => d.mn === mn)?.site);
  const f = s?.factors.find((x) => x.code === code);
  const step = { rtd: 60e3, minute: 600e3, hour: HOUR, derived_hour: HOUR, day: 86400e3, derived_day: 86400e3 }[kind];
  const raw = (to - from) / step <= want;
  const bucket = raw ? step : Math.ceil((to - from) / want / step) * step;
  const off = kind.endsWith('day') ? 8 * HOUR : 0;
  const points = [];
  const d = decimals(code, f?.item);
  for (let t = Math.floor((from + off) / bucket) * bucket - off; t < Math.min(to, now()); t += bucket) {
    if (t < from) continue;
    const m = mean(mn, code, t, t + bucket, now(), raw ? 3 : 8);
    if (!m) {
      if (hash(mn + t) < 0.02 && raw) points.push([t, null, null, null, 'D']);
      continue;
    }
    const flag = raw && hash(mn + code + t) < 0.012 ? 'C' : 'N';
    const spread = raw ? 0 : 0.08;
    points.push([t, fix(m[0] * (1 - spread), d), fix(m[1], d), fix(m[2] * (1 + spread), d), flag]);
  }
  return { unit: f?.unit ?? '', step_s: bucket / 1000, points, raw, interval: 'start', limit: f?.limit ?? null, damaged_blocks: 0 };
}

function rulesOf(s) {
  const out = [];
  if (s.kind.startsWith('air'))
    out.push({ figure: 'aqi', zh: '实时 AQI', en: 'Real-time AQI', formula: 'AQI = max(IAQI)；IAQI = (IAQIhi − IAQIlo) / (BPhi − BPlo) × (C − BPlo) + IAQIlo', inputs: Object.entries(hourAqi(s, lastHour(now()), now())?.items ?? {}).map(([k, v]) => ({ zh: k, en: k, value: `${v.value ?? '–'} → ${v.iaqi ?? '–'}` })), source: 'HJ 633-2026', clause: '4.3, 表 1', valid_from: '2026-03-01' });
  out.push({ figure: 'validity.hour', zh: '小时有效', en: 'Hour validity', formula: '有效分钟 ≥ 45', inputs: [], source: 'GB 3095-2026', clause: '6.4', valid_from: '2026-03-01' });
  if (s.factors.some((f) => f.limit)) out.push({ figure: 'limit', zh: '排放限值', en: 'Emission limit', formula: '小时均值 ≤ 限值', inputs: s.factors.filter((f) => f.limit).map((f) => ({ zh: f.zh, en: f.en, value: `${f.limit} ${f.unit}` })), source: '排污许可证', clause: null, valid_from: '2025-01-01' });
  return out;
}

function refuse(res, status, code, zh, en, hintZh = '', hintEn = '', field = null) {
  json(res, { error: { code, message_zh: zh, message_en: en, hint_zh: hintZh, hint_en: hintEn, field } }, status);
}
function json(res, body, status = 200) {
  res.writeHead(status, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' });
  res.end(JSON.stringify(body));
}
function page(list, q) {
  const limit = Math.min(Number(q.get('limit') ?? 1000), 5000);
  const after = Number(q.get('after') ?? 0);
  const items = list.slice(after, after + limit);
  return { items, next: after + limit < list.length ? String(after + limit) : null, total: list.length };
}
const search = (q) => {
  const hits = [];
  const has = (...texts) => texts.some((x) => x && x.toLowerCase().includes(q));
  for (const s of sites) if (has(s.name_zh, s.name_en, s.id, s.owner_zh)) hits.push({ type: 'site', id: s.id, zh: s.name_zh, en: s.name_en, detail: null, kind: s.kind });
  for (const d of devices.slice(0, 2000)) if (has(d.mn)) hits.push({ type: 'device', id: d.mn, zh: d.name_zh, en: d.name_en, detail: d.mn, kind: null });
  for (const d of divisions.features) if (has(d.properties.name_zh, d.properties.name_en, d.properties.code)) hits.push({ type: 'division', id: d.properties.code, zh: d.properties.name_zh, en: d.properties.name_en, detail: d.properties.code });
  for (const [code, f] of Object.entries(FACTORS)) if (has(code, f.zh, f.en)) hits.push({ type: 'factor', id: code, zh: f.zh, en: f.en, detail: code });
  return { items: hits.slice(0, 20) };
};

function runRequest(r) {
  r.chunks_total = r.from ? Math.max(1, Math.ceil((Date.parse(r.to) - Date.parse(r.from)) / (6 * HOUR))) : 1;
  const step = () => {
    if (r.state === 'cancelled') return;
    if (r.state === 'waiting') r.state = 'sent';
    else if (r.state === 'sent') { r.state = 'receiving'; r.qn_rtn = 1; }
    else { r.chunks_done++; r.rows_received += 36; }
    r.updated = iso(now());
    if (r.chunks_done >= r.chunks_total) { r.state = 'done'; r.exe_rtn = 1; if (r.cn === 1011) r.result = `SystemTime=${packed(now())}`; }
    publish('request', r);
    if (r.state !== 'done') setTimeout(step, 900);
  };
  setTimeout(step, 600);
}

const body = (req) => new Promise((done) => {
  let text = '';
  req.on('data', (c) => (text += c));
  req.on('end', () => { try { done(JSON.parse(text || '{}')); } catch { done(null); } });
});

async function api(req, res, url) {
  const p = url.pathname.slice('/api/v1/'.length).split('/').map(decodeURIComponent);
  const q = url.searchParams;
  const d = p[0] === 'devices' && p[1] ? devices.find((x) => x.mn === p[1]) : null;
  if (req.method !== 'GET') {
    const b = await body(req);
    if (!b) return refuse(res, 400, 'form', '请求体不是 JSON。', 'The body is not JSON.');
    if (p[0] === 'demo') {
      clock = { base: b.now ? Date.parse(b.now) : now(), at: Date.now(), speed: b.speed ?? clock.speed };
      latestCache = null;
      publish('clock', { now: iso(now()), speed: clock.speed });
      return json(res, { now: iso(now()), speed: clock.speed });
    }
    if (req.headers.authorization !== `Bearer ${KEY}`) return refuse(res, 401, 'unauthorized', '操作员密钥不对。', 'The operator key is not right.', '密钥在数据目录的 operator.key 文件里。', 'It stands in the file operator.key of the data folder.');
    if (!req.headers['idempotency-key']) return refuse(res, 400, 'idempotency', '缺少 Idempotency-Key。', 'Idempotency-Key is missing.');
    if (d && p[2] === 'requests') {
      const r = { id: requests.length + 1, mn: d.mn, cn: b.cn, from: b.from ?? null, to: b.to ?? null, params: b.params ?? '', state: 'waiting', qn_rtn: null, exe_rtn: null, tries: 1, chunks_done: 0, chunks_total: 0, rows_received: 0, result: null, by: 'operator', asked: iso(now()), updated: iso(now()) };
      requests.push(r);
      runRequest(r);
      return json(res, { id: r.id }, 202);
    }
    if (p[0] === 'requests') {
      const r = requests[Number(p[1]) - 1];
      r.state = 'cancelled';
      publish('request', r);
      return json(res, r);
    }
    if (d) {
      const current = versions.get(d.mn) ?? 1;
      if (b.row_version !== current) return refuse(res, 409, 'row_version', '这一行已被别人改过。', 'Somebody else has changed this row.', '看过新值后再保存。', 'Look at the new values, then save again.');
      versions.set(d.mn, current + 1);
      const { row_version, ...rest } = b;
      settings.set(d.mn, { ...settings.get(d.mn), ...rest });
      if ('rtd_interval_s' in rest) d.expected = { ...d.expected, rtd_interval_s: rest.rtd_interval_s };
      publish('device', deviceOf(d));
      return json(res, deviceOf(d));
    }
    if (p[0] === 'parked') {
      parked.delete(p[1]);
      devices.push({ mn: p[1], site: b.site, name_zh: p[1], name_en: p[1], st: '22', dialect: 2017, expected: { rtd_interval_s: 60, min_interval_min: 10, hours: true, days: true } });
      publish('event', addEvent(now(), 'device_parked', 'info', b.site, p[1], `设备 ${p[1]} 已批准`, `Device ${p[1]} approved`));
      return json(res, { mn: p[1] });
    }
    return refuse(res, 404, 'not_found', '没有这个地址。', 'No such address.');
  }
  const t = now();
  switch (p[0]) {
    case 'session': return json(res, { kind: 'nobody', account: null, name: null, person: null, unit: null, unit_zh: null, unit_en: null, roles: [], actions: VISITOR, csrf: null, must_change: false, demo: true, accounts: false });
    case 'health': return json(res, { status: 'ok', now: iso(t), clock: { simulated: true, speed: clock.speed }, journal: { state: 'ok', reason: null, durable: 9e6, processed: 9e6, lag_bytes: 0 }, store: { state: 'ok', reason: null, damaged_blocks: 0 }, counts: { devices: devices.length, online: devices.length - faults.size, frames: 812233, repeats: 412, changed: 3, refused: 17, parked: parked.size, samples: 18223311 }, memory_bytes: 61e6, version: '0.1.0', instance: 'mock', demo: true });
    case 'place': return json(res, place);
    case 'divisions': return json(res, divisions);
    case 'messages': return json(res, messages[q.get('lang')] ?? messages.zh);
    case 'factors': return json(res, FACTORS);
    case 'latest': return json(res, latest());
    case 'sites': {
      if (!p[1]) return json(res, page(sites, q));
      const s = siteById.get(p[1]);
      return s ? json(res, { ...s, latest: latestOf(s, t), validity: validityOf(s, t), rules: rulesOf(s) }) : refuse(res, 404, 'not_found', '没有这个点位。', 'No such site.');
    }
    case 'series': return json(res, series(q));
    case 'series.csv': {
      res.writeHead(200, { 'Content-Type': 'text/csv; charset=utf-8' });
      return res.end('time,min,avg,max,flag\r\n' + series(q).points.map((x) => [iso(x[0]), ...x.slice(1)].join(',')).join('\r\n'));
    }
    case 'aqi': {
      const s = siteById.get(q.get('site'));
      const items = [];
      for (let h = lastHour(Date.parse(q.get('from'))); h <= Math.min(Date.parse(q.get('to')), lastHour(t)); h += HOUR) {
        const a = hourAqi(s, h, t);
        items.push({ time: iso(h), aqi: a?.value ?? null, level: a?.level ?? null, primary: a?.primary ?? [], standard: 'HJ 633-2026', values: Object.fromEntries(Object.entries(a?.items ?? {}).map(([k, v]) => [k, v.value])) });
      }
      return json(res, { items });
    }
    case 'strip': {
      const n = Number(q.get('hours') ?? 24);
      const hours = Array.from({ length: n }, (_, i) => lastHour(t) - (n - 1 - i) * HOUR);
      return json(res, { hours: hours.map(iso), county: hours.map((h) => countyAqi(h, t)?.value ?? null), rows: sites.filter((s) => /air_(national|provincial|township)/.test(s.kind)).map((s) => ({ site: s.id, aqi: hours.map((h) => hourAqi(s, h, t)?.value ?? null) })) });
    }
    case 'devices':
      if (!p[1]) {
        const part = page(devices, q);
        return json(res, { ...part, items: part.items.map(deviceOf) });
      }
      if (!d) return refuse(res, 404, 'not_found', '没有这台设备。', 'No such device.');
      if (p[2] === 'frames') return json(res, { items: framesOf(d, Number(q.get('limit') ?? 20)) });
      if (p[2] === 'requests') return json(res, { items: requests.filter((r) => r.mn === d.mn) });
      return json(res, detailOf(d));
    case 'requests': return json(res, requests[Number(p[1]) - 1] ?? null);
    case 'parked': return json(res, { items: [...parked.values()], next: null, total: parked.size });
    case 'events': {
      let list = events.slice().reverse();
      for (const k of ['kind', 'site', 'mn', 'severity']) if (q.get(k)) list = list.filter((e) => e[k] === q.get(k));
      return json(res, page(list, q));
    }
    case 'search': return json(res, search((q.get('q') ?? '').toLowerCase()));
    case 'demo': return json(res, { now: iso(t), speed: clock.speed });
    case 'live':
      res.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
      res.write(`: welcome\n\n`);
      followers.add(res);
      req.on('close', () => followers.delete(res));
      return undefined;
    default: return refuse(res, 404, 'not_found', '没有这个地址。', 'No such address.');
  }
}

const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.json': 'application/json' };
async function file(res, path) {
  const rel = normalize(path).replace(/^(\.\.[/\\])+/, '');
  const name = rel === '/' ? 'index.html' : rel.slice(1);
  try {
    const data = await readFile(join(dist, name));
    res.writeHead(200, { 'Content-Type': TYPES[extname(name)] ?? 'application/octet-stream', 'Content-Security-Policy': CSP, 'X-Content-Type-Options': 'nosniff' });
    res.end(data);
  } catch {
    res.writeHead(404).end();
  }
}

let down = 0;
createServer((req, res) => {
  const url = new URL(req.url, 'http://mock');
  if (url.pathname === '/mock/down') {
    down = Date.now() + Number(url.searchParams.get('s') ?? 10) * 1000;
    for (const f of followers) f.destroy();
    return json(res, {});
  }
  if (Date.now() < down && url.pathname.startsWith('/api')) return req.socket.destroy();
  if (url.pathname.startsWith('/api/v1/')) return void api(req, res, url).catch((e) => refuse(res, 500, 'mock', String(e), String(e)));
  return void file(res, url.pathname);
}).listen(port, '127.0.0.1', () => console.log(`http://127.0.0.1:${port}/`));

setInterval(() => {
  const t = now();
  const some = sites.filter((s) => linkOf(s.devices[0]) === 'online' && Math.random() < 0.1);
  const values = some.flatMap((s) => latestOf(s, t).values.filter((v) => v.kind === 'rtd'));
  if (values.length) publish('value', values);
  for (const s of some.slice(0, 8)) publish('device', { mn: s.devices[0], link: 'online', last_frame: iso(t), last_data: iso(t) });
}, 2000).unref?.();
setInterval(() => { for (const f of followers) f.write(': beat\n\n'); }, 15000).unref?.();
