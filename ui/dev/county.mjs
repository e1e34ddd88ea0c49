// SPDX-License-Identifier: Apache-2.0
// An invented county for development of the page: shapes, sites and devices, all from one seed.

export function hash(text) {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  h ^= h >>> 15;
  h = Math.imul(h, 0x2c1b3c6d);
  h ^= h >>> 12;
  return (h >>> 0) / 4294967296;
}

const CENTRE = [113.2, 35.0];
const DEG = [0.0110, 0.0090]; // one km in degrees of longitude and latitude here

const TOWNS = [
  ['410990100', 'township', '城关镇', 'Chengguan', 0, 0],
  ['410990101', 'township', '东河镇', 'Donghe', 11, 1],
  ['410990102', 'township', '西岭镇', 'Xiling', -13, 3],
  ['410990103', 'township', '南湾镇', 'Nanwan', 1, -11],
  ['410990104', 'township', '北塬镇', 'Beiyuan', -2, 13],
  ['410990105', 'township', '石桥镇', 'Shiqiao', 13, 13],
  ['410990106', 'township', '柳林镇', 'Liulin', -12, -9],
  ['410990107', 'township', '沙河镇', 'Shahe', 14, -10],
  ['410990108', 'township', '马庄镇', 'Mazhuang', -15, 15],
  ['410990109', 'township', '龙泉乡', 'Longquan', -4, -20],
  ['410990110', 'township', '云台乡', 'Yuntai', 4, 22],
  ['410990111', 'township', '枣园乡', 'Zaoyuan', 24, 1],
  ['410990170', 'zone', '青泽经开区', 'Qingze Zone', 8, -4],
];

const km = (x, y) => [CENTRE[0] + x * DEG[0], CENTRE[1] + y * DEG[1]];

function outline() {
  const ring = [];
  for (let i = 0; i < 72; i++) {
    const a = (i / 72) * 2 * Math.PI;
    const r = 1 + 0.1 * Math.sin(3 * a + 1) + 0.07 * Math.sin(5 * a + 2.2) + 0.04 * Math.sin(9 * a);
    ring.push([2 + 29 * r * Math.cos(a), 1 + 26 * r * Math.sin(a)]);
  }
  return ring;
}

/** The part of a ring that lies nearer to a than to b. */
function nearer(ring, a, b) {
  const mid = [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
  const n = [b[0] - a[0], b[1] - a[1]];
  const side = (p) => (p[0] - mid[0]) * n[0] + (p[1] - mid[1]) * n[1];
  const out = [];
  for (let i = 0; i < ring.length; i++) {
    const p = ring[i];
    const q = ring[(i + 1) % ring.length];
    const [sp, sq] = [side(p), side(q)];
    if (sp <= 0) out.push(p);
    if ((sp < 0 && sq > 0) || (sp > 0 && sq < 0)) {
      const f = sp / (sp - sq);
      out.push([p[0] + f * (q[0] - p[0]), p[1] + f * (q[1] - p[1])]);
    }
  }
  return out;
}

/** An edge bent like a stream or a field path; the same from both sides. */
function bend(p, q, depth) {
  const key = (v) => v.map((c) => c.toFixed(2)).join(',');
  const swap = key(p) > key(q);
  const [a, b] = swap ? [q, p] : [p, q];
  const length = Math.hypot(b[0] - a[0], b[1] - a[1]);
  if (!depth || length < 0.9) return [p];
  const off = (hash(key(a) + '|' + key(b)) - 0.5) * 0.42 * length;
  const m = [(a[0] + b[0]) / 2 - ((b[1] - a[1]) / length) * off, (a[1] + b[1]) / 2 + ((b[0] - a[0]) / length) * off];
  return [...bend(p, m, depth - 1), ...bend(m, q, depth - 1)];
}

function townRing(town) {
  let ring = outline();
  for (const other of TOWNS)
    if (other !== town) ring = nearer(ring, [town[4], town[5]], [other[4], other[5]]);
  const bent = ring.flatMap((p, i) => bend(p, ring[(i + 1) % ring.length], 4));
  const out = bent.map((p) => km(p[0], p[1]).map((c) => Math.round(c * 1e5) / 1e5));
  out.push(out[0]);
  return out;
}

export const divisions = {
  type: 'FeatureCollection',
  features: TOWNS.map((t) => ({
    type: 'Feature',
    properties: { code: t[0], kind: t[1], name_zh: t[2], name_en: t[3], parent: '410990' },
    geometry: { type: 'Polygon', coordinates: [townRing(t)] },
  })),
};

const AIR = [['a34004', 'PM2.5', 'ug/m3'], ['a34002', 'PM10', 'ug/m3'], ['a05024', 'O3', 'ug/m3'], ['a21004', 'NO2', 'ug/m3'], ['a21026', 'SO2', 'ug/m3'], ['a21005', 'CO', 'mg/m3']];
const WEATHER = [['a01007', null, 'm/s'], ['a01008', null, '°'], ['a01001', null, '℃'], ['a01002', null, '%']];

export const FACTORS = {
  a34004: { zh: '细颗粒物', en: 'PM2.5', unit: 'ug/m3' },
  a34002: { zh: '可吸入颗粒物', en: 'PM10', unit: 'ug/m3' },
  a34001: { zh: '总悬浮颗粒物', en: 'TSP', unit: 'ug/m3' },
  a05024: { zh: '臭氧', en: 'Ozone', unit: 'ug/m3' },
  a21004: { zh: '二氧化氮', en: 'Nitrogen dioxide', unit: 'ug/m3' },
  a21026: { zh: '二氧化硫', en: 'Sulphur dioxide', unit: 'mg/m3' },
  a21005: { zh: '一氧化碳', en: 'Carbon monoxide', unit: 'mg/m3' },
  a21002: { zh: '氮氧化物', en: 'Nitrogen oxides', unit: 'mg/m3' },
  a34013: { zh: '烟尘', en: 'Smoke dust', unit: 'mg/m3' },
  a24088: { zh: '非甲烷总烃', en: 'Non-methane hydrocarbons', unit: 'mg/m3' },
  a19001: { zh: '氧含量', en: 'Oxygen', unit: '%' },
  a00000: { zh: '废气流量', en: 'Gas flow', unit: 'm3/h' },
  a01001: { zh: '温度', en: 'Temperature', unit: '℃' },
  a01002: { zh: '湿度', en: 'Humidity', unit: '%' },
  a01007: { zh: '风速', en: 'Wind speed', unit: 'm/s' },
  a01008: { zh: '风向', en: 'Wind direction', unit: '°' },
  a01012: { zh: '烟气温度', en: 'Gas temperature', unit: '℃' },
  a34041: { zh: '油烟', en: 'Cooking fume', unit: 'mg/m3' },
  LA: { zh: '噪声', en: 'Noise', unit: 'dB' },
  Pt: { zh: '总有功功率', en: 'Active power', unit: 'kW' },
  Ia: { zh: 'A 相电流', en: 'Current A', unit: 'A' },
  al: { zh: '气液比', en: 'A/L ratio', unit: '' },
  gate: { zh: '今日过车', en: 'Passages today', unit: '' },
  run: { zh: '今日作业', en: 'Work today', unit: 'h' },
};

export const sites = [];
export const devices = [];
export const siteById = new Map();

function device(mn, site, zh, en, st, extra) {
  devices.push({ mn, site, name_zh: zh, name_en: en, st, dialect: 2017, expected: { rtd_interval_s: 60, min_interval_min: 10, hours: true, days: true }, ...extra });
}

function site(id, kind, zh, en, town, xy, factors, options = {}) {
  const mn = options.mn ?? 'QZ' + id.toUpperCase().replace('-', '').padStart(22, '0');
  const spread = 5.2;
  const x = xy?.[0] ?? town[4] + (hash(id + 'x') - 0.5) * spread * 2;
  const y = xy?.[1] ?? town[5] + (hash(id + 'y') - 0.5) * spread * 2;
  const [lon, lat] = km(x, y);
  const s = {
    id, kind, name_zh: zh, name_en: en, division: town[0],
    owner_zh: options.owner ?? null, owner_en: options.ownerEn ?? null,
    lon: Math.round(lon * 1e5) / 1e5, lat: Math.round(lat * 1e5) / 1e5,
    devices: [mn],
    factors: factors.map(([code, item, unit, limit]) => ({ mn, code, zh: FACTORS[code].zh, en: FACTORS[code].en, unit, item: item ?? null, limit: limit ?? null, low: null, high: null })),
  };
  sites.push(s);
  siteById.set(id, s);
  device(mn, id, zh + (kind.startsWith('air') ? '数采仪' : ''), en + (kind.startsWith('air') ? ' logger' : ''), kind.startsWith('air') ? '22' : kind === 'power' ? '80' : kind === 'dust' ? '39' : '31', options.device);
}

site('air-n1', 'air_national', '县政府', 'County Hall', TOWNS[0], [0.5, 1.2], [...AIR, ...WEATHER]);
site('air-p1', 'air_provincial', '城东水厂', 'East Waterworks', TOWNS[0], [4.2, 2.6], [...AIR, ...WEATHER]);
site('air-p2', 'air_provincial', '第二中学', 'No. 2 School', TOWNS[0], [-3.6, -2.2], AIR);
for (const t of TOWNS.slice(0, 12))
  site(`air-t${t[0].slice(-2)}`, 'air_township', t[2].slice(0, 2), t[3], t, [t[4] + (t[0] === '410990100' ? -1.5 : 1.4), t[5] + (t[0] === '410990100' ? 4.2 : 0.8)], AIR);
for (let i = 1; i <= 40; i++) {
  const t = TOWNS[i % TOWNS.length];
  site(`air-m${i}`, 'air_micro', `微站 ${String(i).padStart(2, '0')}`, `Micro ${String(i).padStart(2, '0')}`, t, null, AIR);
}
site('air-r1', 'air_road', 'G207 石桥段', 'G207 Shiqiao', TOWNS[5], null, AIR.slice(0, 2).concat([AIR[3]]));
site('air-r2', 'air_road', 'S309 东河段', 'S309 Donghe', TOWNS[1], null, AIR.slice(0, 2).concat([AIR[3]]));
site('air-r3', 'air_road', '环城路南段', 'Ring Road South', TOWNS[3], null, AIR.slice(0, 2).concat([AIR[3]]));

const FIRMS = [['顺达水泥', 'Shunda Cement'], ['恒泰玻璃', 'Hengtai Glass'], ['金岭焦化', 'Jinling Coking'], ['瑞丰陶瓷', 'Ruifeng Ceramics'], ['宏达铸造', 'Hongda Foundry'], ['青泽热电', 'Qingze Heat and Power'], ['永兴砖业', 'Yongxing Brick'], ['东方化工', 'Dongfang Chemicals'], ['华盛涂装', 'Huasheng Coating'], ['中原碳素', 'Zhongyuan Carbon'], ['鑫源钢管', 'Xinyuan Tube'], ['绿泽环保', 'Lüze Waste'], ['昌盛木业', 'Changsheng Timber'], ['诚信包装', 'Chengxin Packaging']];
const STACK = [['a34013', null, 'mg/m3', 10], ['a21026', null, 'mg/m3', 35], ['a21002', null, 'mg/m3', 50], ['a19001', null, '%'], ['a01012', null, '℃'], ['a00000', null, 'm3/h']];
for (let i = 1; i <= 55; i++) {
  const f = FIRMS[i % FIRMS.length];
  const n = Math.floor(i / FIRMS.length) + 1;
  const voc = f[0] === '华盛涂装' || f[0] === '诚信包装' || f[0] === '昌盛木业';
  site(`out-${i}`, 'outlet', `${f[0]} ${n} 号排口`, `${f[1]} outlet ${n}`, TOWNS[(i * 5) % 13], null, voc ? [['a24088', null, 'mg/m3', 50], ['a01012', null, '℃'], ['a00000', null, 'm3/h']] : STACK, { owner: f[0], ownerEn: f[1] });
}
for (let i = 1; i <= 60; i++) {
  const f = FIRMS[(i * 3) % FIRMS.length];
  const n = Math.floor((i * 3) / FIRMS.length) + 1;
  site(`pow-${i}`, 'power', `${f[0]} 治污 ${n} 线`, `${f[1]} treatment ${n}`, TOWNS[(i * 7) % 13], null, [['Pt', null, 'kW'], ['Ia', null, 'A']], { owner: f[0], ownerEn: f[1] });
}
const PLACES = [['锦绣花园', 'Jinxiu Garden'], ['北环快速路', 'North Ring Works'], ['人民医院新区', 'Hospital Extension'], ['龙湖天街', 'Longhu Mall'], ['经开区标准厂房', 'Zone Workshops']];
for (let i = 1; i <= 29; i++) {
  const p = PLACES[i % PLACES.length];
  site(`dus-${i}`, 'dust', `${p[0]} ${Math.ceil(i / 5)} 期`, `${p[1]} ${Math.ceil(i / 5)}`, TOWNS[(i * 3) % 13], null, [['a34002', null, 'ug/m3', 150], ['a34001', null, 'ug/m3', 300], ['LA', null, 'dB', 70]]);
}
const KITCHENS = [['老城烩面', 'Old Town Noodles'], ['鸿运酒楼', 'Hongyun Restaurant'], ['川香阁', 'Chuanxiang'], ['海鲜码头', 'Seafood Pier']];
for (let i = 1; i <= 22; i++) {
  const k = KITCHENS[i % KITCHENS.length];
  site(`kit-${i}`, 'kitchen', `${k[0]} ${Math.ceil(i / 4)} 店`, `${k[1]} ${Math.ceil(i / 4)}`, TOWNS[i % 4], null, [['a34041', null, 'mg/m3', 1.5], ['a24088', null, 'mg/m3', 10]]);
}
for (let i = 1; i <= 12; i++) site(`pum-${i}`, 'pump', `第 ${i} 加油站`, `Filling station ${i}`, TOWNS[i % 13], null, [['al', null, '', 1.2]]);
for (let i = 1; i <= 18; i++) {
  const f = FIRMS[i % FIRMS.length];
  site(`gat-${i}`, 'gate', `${f[0]} 门禁`, `${f[1]} gate`, TOWNS[(i * 2) % 13], null, [['gate', null, '']], { owner: f[0], ownerEn: f[1] });
}
for (let i = 1; i <= 10; i++) site(`mac-${i}`, 'machine', `挖掘机 豫Q-${1000 + i}`, `Excavator Q-${1000 + i}`, TOWNS[(i * 4) % 13], null, [['run', null, 'h']]);

const extra = Number(process.env.MOCK_DEVICES ?? 0);
for (let i = devices.length; i < extra; i++)
  device(`BULK${String(i).padStart(20, '0')}`, sites[i % sites.length].id, `批量设备 ${i}`, `Bulk device ${i}`, '31', {});

const lons = divisions.features.flatMap((f) => f.geometry.coordinates[0].map((c) => c[0]));
const lats = divisions.features.flatMap((f) => f.geometry.coordinates[0].map((c) => c[1]));
export const place = {
  name_zh: '青泽县', name_en: 'Qingze County', center: CENTRE,
  bounds: [Math.min(...lons), Math.min(...lats), Math.max(...lons), Math.max(...lats)],
  map_approval: '虚构县界，不作权属依据 · 示例审图号 GS(0000)0000', demo: true, standard_now: 'HJ 633-2026',
};
