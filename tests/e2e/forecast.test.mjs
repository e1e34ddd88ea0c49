// SPDX-License-Identifier: Apache-2.0
// The forecaster's desk and the verification of forecasts, on the demo county and on the Beijing record
// of 2015, taken in as a county takes in its own (QK_SHARED; left out where that is missing).
// QK_SHOTS=DIR keeps pictures.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { atRest, audit, launch, leastLetter, open } from './browser.mjs';
import { api, serve, serveEmpty } from './server.mjs';

const MAKE_MS = 300_000;
const ISSUED = '2025-12-10';
let server;
let browser;
const get = (path) => api(server.base, path);
const skipped = (t) => server.mock && (t.skip('the stand-in makes no forecasts'), true);

/** Asks until something is there. */
async function await_(what, until, ms = MAKE_MS) {
  const end = Date.now() + ms;
  for (;;) {
    const value = await what().catch(() => null);
    if (value && until(value)) return value;
    assert.ok(Date.now() < end, 'it did not come in time');
    await new Promise((done) => setTimeout(done, 500));
  }
}
const as = (role, hash, look = {}) => open(browser, server.base, { ...look, hash, role: { role } });
/** A change as the person of a page would make it, past what the page offers. */
const post = (page, path, body) =>
  page.evaluate(
    async ([p, b]) => {
      const who = await (await fetch('api/v1/session')).json();
      const answer = await fetch(`api/v1/${p}`, { method: 'POST', headers: { 'Content-Type': 'application/json', 'Idempotency-Key': crypto.randomUUID?.() ?? String(Math.random()), 'X-CSRF-Token': who.csrf }, body: JSON.stringify(b) });
      return { status: answer.status, text: await answer.text() };
    },
    [path, body],
  );
async function clock(now) {
  const answer = await fetch(`${server.base}api/v1/demo/clock`, { method: 'PUT', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ now }) });
  assert.equal(answer.status, 200, await answer.text());
}
async function shot(page, name) {
  if (process.env.QK_SHOTS) await page.screenshot({ path: `${process.env.QK_SHOTS}/forecast-${name}.png`, fullPage: true });
}

before(async () => {
  server = await serve(null, ['--history', '2', '--speed', '1'], true);
  browser = await launch();
  if (server.mock) return;
  await await_(() => get('forecast'), (f) => f.forecast.issued === ISSUED && f.forecast.on_time);
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

describe('forecast', { concurrency: 1 }, () => {
  test('b1 the desk tells ten days and a trend, by both editions, and what they rest on', async (t) => {
    if (skipped(t)) return;
    const { page, context, trouble } = await open(browser, server.base, { hash: '#/forecast', ready: '.strip li' });
    assert.equal(await page.locator('.strip > li').count(), 15);
    assert.equal(await page.locator('.strip > li.trend').count(), 5);
    const told = (await get('forecast')).forecast.days;
    const range = (d) => `${d.aqi_low}–${d.aqi_high}`;
    assert.equal(await page.locator('.strip > li').nth(2).locator('.range b').innerText(), range(told[2]));
    await page.getByLabel('AQI 标准').selectOption('2026');
    await page.waitForFunction((want) => document.querySelectorAll('.strip > li .range b')[0]?.textContent === want, range(told[0].other));
    assert.match(page.url(), /std=2026/);
    await page.getByText('后向轨迹').first().waitFor();
    await page.waitForSelector('.basis svg .way');
    await atRest(page);
    assert.ok((await page.locator('.basis tbody tr').count()) >= 15, 'the weather of each day');
    assert.ok((await page.locator('.basis .days .swatch').count()) >= 6, 'the days before');
    assert.deepEqual(await audit(page), []);
    assert.deepEqual(trouble, []);
    await shot(page, 'desk');
    await context.close();
    const phone = await open(browser, server.base, { size: 'phone', theme: 'dark', hash: '#/forecast', ready: '.strip li' });
    assert.ok(await phone.page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'nothing stands out sideways');
    assert.ok((await leastLetter(phone.page)).px >= 12);
    assert.deepEqual(await audit(phone.page), []);
    await phone.context.close();
  });

  test('b1 an edit belongs to the consultation group: a new version with its reason, the guidance beside it', async (t) => {
    if (skipped(t)) return;
    const other = await as('R7', '#/forecast');
    await other.page.waitForSelector('.strip li');
    assert.equal(await other.page.getByRole('button', { name: '订正', exact: true }).count(), 0);
    const refused = await post(other.page, 'forecast/edit', { issued: ISSUED, row_version: 1, reason: 'x', days: [] });
    assert.equal(refused.status, 403, refused.text);
    await other.context.close();

    const before = (await get('forecast')).forecast;
    const { page, context, trouble } = await as('R9', '#/forecast');
    await page.waitForSelector('.strip li');
    await page.getByRole('button', { name: '订正', exact: true }).click();
    const date = before.days[1].date;
    await page.getByLabel(`${date} 上限`).fill('20');
    await page.getByText('须满足').waitFor();
    for (const [name, value] of [['下限', '110'], ['可能值', '125'], ['上限', '145']]) await page.getByLabel(`${date} ${name}`).fill(value);
    const keep = page.getByRole('button', { name: '存为新版本' });
    assert.ok(await keep.isDisabled(), 'no edit without a reason');
    await page.getByLabel('订正理由').fill('静稳形势比数值预报多持续一天');
    await keep.click();
    await page.locator('.strip .edited').filter({ hasText: `指导预报 ${before.days[1].aqi_low}–${before.days[1].aqi_high}` }).waitFor();
    await page.getByText('理由：静稳形势比数值预报多持续一天').waitFor();
    await page.locator('li').filter({ hasText: '不计入按时检验' }).waitFor();
    const now = (await get(`forecast/history?issued=${ISSUED}`)).items;
    assert.deepEqual(now.map((v) => v.kind).slice(-2), ['guidance', 'edit']);
    assert.equal(now.at(-1).on_time, false);
    assert.equal(now.at(-1).days[1].aqi, 125);
    assert.deepEqual(now.at(-1).days[2], before.days[2]);
    assert.deepEqual(trouble, []);
    await shot(page, 'edited');
    await context.close();
  });

  test('b2 a weather file is looked at, told, and taken in; one of another place is refused by name', async (t) => {
    if (skipped(t)) return;
    const { page, context } = await as('R9', '#/forecast');
    await page.getByRole('button', { name: '取入气象文件' }).click();
    const file = (name, lon) => ({ name, mimeType: 'text/csv', buffer: Buffer.from(`issued,lead,date,lon,lat,fog_h\n2025-12-10,1,2025-12-11,${lon},35,3\n`) });
    const box = page.locator('dialog input[type=file]');
    await box.setInputFiles(file('far.csv', 70));
    await page.locator('dialog [role=alert]').filter({ hasText: '别处的气象' }).waitFor();
    await box.setInputFiles(file('here.csv', 113.2));
    await page.locator('dialog .answer').filter({ hasText: '可取入 1 个值' }).waitFor();
    await page.locator('dialog dd').filter({ hasText: 'fog_h' }).waitFor();
    assert.deepEqual(await audit(page), []);
    await shot(page, 'weather');
    await page.getByRole('button', { name: '导入' }).click();
    await page.locator('dialog .answer').filter({ hasText: '已取入 1 个值' }).waitFor();
    await context.close();
  });

  test('b2 the minute is drafted, signed, and nobody changes it afterwards', async (t) => {
    if (skipped(t)) return;
    const { page, context } = await as('R9', '#/forecast');
    const text = page.getByRole('textbox', { name: '会商纪要' });
    await text.waitFor();
    assert.match(await text.inputValue(), /预报结论/);
    await text.fill('形势：高压后部，静稳。\n结论：12月12日轻度污染。');
    await page.getByRole('button', { name: '存草稿' }).click();
    await page.getByText('草稿第1版').waitFor();
    await page.getByRole('button', { name: '签发', exact: true }).click();
    await page.getByRole('button', { name: '确认签发' }).click();
    await page.getByTestId('minute').filter({ hasText: '高压后部' }).waitFor();
    assert.equal(await text.count(), 0, 'a signed minute is only read');
    const refused = await post(page, 'forecast/minute', { issued: ISSUED, row_version: 2, text: '改写' });
    assert.equal(refused.status, 409, refused.text);
    assert.match(await page.getByTestId('bulletin').innerText(), /会商意见：\n形势：高压后部/);
    assert.equal((await get('forecast')).minute.state, 'signed');
    await shot(page, 'signed');
    // a warning rests on it, and each opens the other
    await page.getByRole('button', { name: '提出预警建议' }).click();
    await page.getByLabel('级别').selectOption('orange');
    await page.getByLabel('规则之外的理由').fill('市级统一调度');
    await page.getByRole('button', { name: '提出', exact: true }).click();
    await page.locator('.one').getByText('形势：高压后部').waitFor();
    assert.match(page.url(), /forecast\/warnings\/W20251210-1/);
    assert.equal(await page.getByRole('button', { name: '批准', exact: true }).count(), 0, 'who proposes does not approve');
    await page.getByRole('link', { name: '打开当天的预报与会商' }).click();
    await page.locator('.warnings').getByText('W20251210-1').waitFor();
    await context.close();
    const leader = await as('R3', '#/forecast/warnings');
    await leader.page.getByRole('button', { name: '批准', exact: true }).click();
    await leader.page.getByRole('dialog').getByRole('button', { name: '批准', exact: true }).click();
    await leader.page.getByText('预警生效中').waitFor();
    const [warning] = (await get('warnings')).items;
    assert.deepEqual([warning.state, warning.issued, warning.minute_version], ['issued', ISSUED, 2]);
    assert.deepEqual(await audit(leader.page), []);
    await shot(leader.page, 'warning');
    await leader.context.close();
  });

  test('b1 the public forecast of three days is out by 20:00; what comes later says so', async (t) => {
    if (skipped(t)) return;
    const { page, context } = await as('R9', '#/forecast');
    await page.getByText('距 20:00 还有').waitFor();
    await page.getByRole('button', { name: '现在发布' }).click();
    await page.getByText('在 20:00 之前').waitFor();
    const first = (await get('forecast')).public;
    assert.equal(first.late, false);
    assert.match(first.text.zh, /2025-12-12：AQI 110～145/);
    await clock('2025-12-11T20:30:00');
    await page.reload();
    await page.getByText('在 20:00 之前').waitFor();
    await page.getByRole('button', { name: '重新发布' }).click();
    await page.getByText('迟于 20:00').waitFor();
    const again = (await get('forecast')).public;
    assert.deepEqual([again.version, again.late], [first.version + 1, true]);
    await context.close();
  });

  test('S042 verification by lead, season and grade against the goal; every figure opens its days', async (t) => {
    if (skipped(t)) return;
    await await_(() => get('forecast/scores'), (s) => s.on_time >= 360);
    const { page, context, trouble } = await open(browser, server.base, { hash: '#/forecast/verify', ready: 'tbody td .opens' });
    const scores = await get('forecast/scores');
    const one = scores.scores.leads.find((s) => s.lead === 1);
    const row = page.locator('section').first().locator('tbody tr').first();
    assert.match(await row.innerText(), new RegExp(`${Math.round(one.exact * 100)}`));
    await page.locator('svg').getByText('方案目标 70%').waitFor();
    await row.locator('td').nth(1).getByRole('button').click();
    const count = await page.getByTestId('cases').innerText();
    assert.equal(Number(/^(\d+)天/.exec(count)[1]), one.days);
    assert.equal(Number(/级别组对 (\d+)/.exec(count)[1]), Math.round(one.grade_set * one.days));
    await shot(page, 'days');
    await page.keyboard.press('Escape');
    // an edited day is verified as the machine told it
    assert.equal(scores.edited, 1);
    // grades: those that came, their POD, FAR and CSI; reliability: its days add up
    const grades = scores.scores.grades.filter((g) => g.lead === 1);
    assert.equal(await page.locator('.mark').count(), grades.length);
    const bins = scores.scores.reliability.filter((b) => b.lead === 1 && b.over === 100);
    assert.equal(bins.reduce((n, b) => n + b.days, 0), one.days);
    // above AQI 100: POD opens the days that came, with the score of each
    const above = scores.scores.exceedances.find((x) => x.lead === 1 && x.over === 100);
    await page.locator('tr').filter({ hasText: 'AQI > 100' }).locator('td').nth(2).getByRole('button').click();
    assert.equal(Number(/^(\d+)天/.exec(await page.getByTestId('cases').innerText())[1]), above.observed);
    const { items } = await get('forecast/days?lead=1');
    const brier = items.reduce((n, c) => n + c.brier_100, 0) / items.length;
    assert.ok(Math.abs(brier - one.brier_100) < 1e-4, `${brier} of the days, ${one.brier_100} told`);
    assert.ok((await page.getByRole('dialog').locator('tbody tr').first().innerText()).includes(items.filter((c) => c.observed > 100).at(-1).brier_100.toFixed(3)));
    await page.keyboard.press('Escape');
    await page.locator('figure').first().getByRole('button').first().click();
    assert.equal(Number(/^(\d+)天/.exec(await page.getByTestId('cases').innerText())[1]), bins[0].days);
    await page.keyboard.press('Escape');
    // the last 30 days: the longest leads have too few and are grey
    await page.getByLabel('时段').selectOption('30');
    await page.locator('tbody td.few').first().waitFor();
    assert.match(page.url(), /w=30/);
    assert.deepEqual(await audit(page), []);
    assert.deepEqual(trouble, []);
    await shot(page, 'verify');
    await context.close();
    const phone = await open(browser, server.base, { size: 'phone', lang: 'en', hash: '#/forecast/verify', ready: 'tbody td .opens' });
    assert.ok(await phone.page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
    assert.ok((await leastLetter(phone.page)).px >= 12);
    await phone.context.close();
  });
});

/** Rows of a record of hours as days: means of at least 20 hours, the largest 8-h mean of ozone. */
function daysOf(csv, site, last) {
  const byDay = new Map();
  const [head, ...rows] = csv.trim().split('\n').map((l) => l.replaceAll('"', '').split(','));
  const at = (name) => head.indexOf(name);
  for (const r of rows) {
    const date = `${r[at('year')]}-${r[at('month')].padStart(2, '0')}-${r[at('day')].padStart(2, '0')}`;
    if (date > last) continue;
    if (!byDay.has(date)) byDay.set(date, []);
    byDay.get(date).push(r);
  }
  const number = (text) => (text === '' || text === 'NA' ? NaN : Number(text));
  const mean = (list) => (list.length ? list.reduce((a, b) => a + b, 0) / list.length : NaN);
  const whole = (hours, item, scale = 1) => {
    const known = hours.map((h) => number(h[at(item)])).filter((v) => !Number.isNaN(v));
    return known.length < 20 ? '' : String(Math.round(mean(known) * scale * 10) / 10);
  };
  const ozone = (hours) => {
    const list = hours.map((h) => number(h[at('O3')]));
    const windows = [];
    for (let end = 8; end <= list.length; end++) {
      const known = list.slice(end - 8, end).filter((v) => !Number.isNaN(v));
      if (known.length >= 6) windows.push(mean(known));
    }
    return windows.length < 14 ? '' : String(Math.round(Math.max(...windows)));
  };
  return [...byDay].map(([date, h]) => [site, date, whole(h, 'SO2'), whole(h, 'NO2'), whole(h, 'CO', 0.001), ozone(h), whole(h, 'PM10'), whole(h, 'PM2.5')].join(','));
}

const SHARED = process.env.QK_SHARED ?? fileURLToPath(new URL('../../../shared', import.meta.url));
const AIR = `${SHARED}/data/air/beijing_Dongsi.csv.xz`;
const WEATHER = `${SHARED}/data/air/beijing_weather_forecasts.csv.xz`;
const unpacked = (path) => spawnSync('xz', ['-dc', path], { encoding: 'utf8', maxBuffer: 1 << 28 }).stdout;

test('b1 the desk on real records: two nights of the episode of November 2015', async (t) => {
  if (server.mock) return t.skip('the stand-in makes no forecasts');
  if (!existsSync(AIR) || !existsSync(WEATHER)) return t.skip(`${AIR} is missing`);
  const NIGHTS = ['2015-11-28', '2015-11-29'];
  const real = await serveEmpty('2015-11-28T12:00:00x1');
  t.after(() => real.stop());
  const send = async (method, path, body) => {
    const answer = await fetch(`${real.base}api/v1/${path}`, { method, headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${real.key}`, 'Idempotency-Key': `${path}-${Math.random()}` }, body: JSON.stringify(body) });
    assert.ok(answer.ok, `${path}: ${answer.status} ${await answer.clone().text()}`);
    return answer.json();
  };
  await send('PUT', 'sites/bj-dongsi', { row_version: 0, kind: 'air_national', name_zh: '东四', name_en: 'Dongsi', lon: 116.417, lat: 39.929 });
  const days = daysOf(unpacked(AIR), 'bj-dongsi', NIGHTS.at(-1));
  const HEAD = 'site,date,SO2,NO2,CO,O3,PM10,PM2.5\n';
  const history = (rows) => send('POST', 'air/history', { csv: HEAD + rows.join('\n') + '\n', source: 'UCI Beijing' });
  await history(days.filter((r) => r.split(',')[1] < NIGHTS[0]));
  const [head, ...weather] = unpacked(WEATHER).trim().split('\n');
  const known = weather.filter((r) => r.slice(0, 10) <= NIGHTS.at(-1));
  for (let i = 0; i < known.length; i += 3000) await send('POST', 'forecast/weather', { csv: `${head}\n${known.slice(i, i + 3000).join('\n')}\n` });
  for (const night of NIGHTS) {
    const next = new Date(Date.parse(`${night}T00:00:00Z`) + 86_400_000).toISOString().slice(0, 10);
    await send('PUT', 'demo/clock', { now: `${next}T00:30:00` });
    await history(days.filter((r) => r.split(',')[1] === night));
    await send('PUT', 'demo/clock', { now: `${next}T00:55:00` });
    await await_(() => api(real.base, 'forecast'), (f) => f.forecast.issued === night);
  }
  const told = (await api(real.base, 'forecast')).forecast;
  assert.ok(told.on_time);
  // 30 November 2015 came with an AQI above 300 in the east of the city
  assert.ok(told.days[0].p_over_150 > 0.5, JSON.stringify(told.days[0]));
  const { page, context, trouble } = await open(browser, real.base, { hash: '#/forecast', ready: '.strip li' });
  await page.locator('.head .alarm').filter({ hasText: '可能超过150' }).waitFor();
  assert.equal(await page.locator('.strip > li').first().locator('.range b').innerText(), `${told.days[0].aqi_low}–${told.days[0].aqi_high}`);
  await page.getByText('最近24小时没有小时值').first().waitFor();
  assert.ok((await page.locator('.basis tbody tr').count()) >= 10, 'the weather of each day');
  assert.deepEqual(await audit(page), []);
  await shot(page, 'real');
  await page.goto(`${real.base}?lang=zh&theme=light#/forecast/verify`);
  await page.getByText('看不出好坏').waitFor();
  await page.locator('tbody td.few').first().waitFor();
  assert.deepEqual(trouble, []);
  await context.close();
});
