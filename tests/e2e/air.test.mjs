// SPDX-License-Identifier: Apache-2.0
// Evaluated air on the page: calendar, months and years, ranking, both editions, the desk of review.
// QK_SHOTS=DIR keeps pictures.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { audit, launch, leastLetter, open } from './browser.mjs';
import { api, serve } from './server.mjs';

const FILL_MS = 120_000;
const DAY_MS = 86_400_000;
let server;
let browser;
let station;
/** Days of the first station that have an index, the last first. */
let days;
before(async () => {
  server = await serve();
  browser = await launch();
  if (server.mock) return;
  station = (await api(server.base, 'sites?limit=5000')).items.find((s) => s.kind === 'air_national');
  const end = Date.now() + FILL_MS;
  do {
    await new Promise((done) => setTimeout(done, 1000));
    days = (await api(server.base, `air/days?scope=${station.id}`)).items.filter((d) => d.aqi !== null).reverse();
  } while (days.length < 8 && Date.now() < end);
  const year = Number(days[0]?.date.slice(0, 4));
  if (server.own && server.key) await write('air/targets', { row_version: 0, targets: TARGETS.map((x) => ({ ...x, year: year + (x.later ?? 0) })) }, 'PUT');
  assert.ok(days.length >= 8, `${days.length} days came within ${FILL_MS} ms`);
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

const LOOKS = [
  { size: 'desk', lang: 'zh', theme: 'light' },
  { size: 'desk', lang: 'en', theme: 'dark' },
  { size: 'phone', lang: 'zh', theme: 'dark' },
  { size: 'phone', lang: 'en', theme: 'light' },
];
const SCREENS = {
  'S026 calendar': ['#/air/calendar', '.day.on'],
  'S027 months and years': ['#/air/periods', '.total .fig'],
  'S029 S030 ranking': ['#/air/ranking', 'tbody th a'],
  'S027 S028 targets': ['#/air/targets', '.ladder li .now'],
  'S026 both editions': ['#/air/standards', '.big .fig'],
  'S031 review': ['#/air/review', '.cell button'],
};

const TARGETS = [
  { metric: 'PM2.5', op: '<=', value: 44, unit: 'µg/m3' },
  { metric: '优良天数', op: '>=', value: 13, unit: '天' },
  { metric: '臭氧超标率', op: '<=', value: 38.6, unit: '%', text: '5-9月臭氧超标率控制在38.6%以下', later: 1 },
];

const keyed = (page) => page.evaluate((k) => sessionStorage.setItem('qk.operator', k), server.key);
const hashOf = (page) => page.evaluate(() => location.hash);
async function write(path, body, method = 'POST') {
  const answer = await fetch(`${server.base}api/v1/${path}`, {
    method,
    headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${server.key}`, 'Idempotency-Key': `air-test-${path}-${Math.random()}`.replace(/[^\w-]/g, '-') },
    body: JSON.stringify(body),
  });
  assert.equal(answer.status, 200, await answer.clone().text());
  return answer.json();
}

describe('every screen of the air', { concurrency: 2 }, () => {
  for (const look of LOOKS)
    for (const [name, [hash, ready]] of Object.entries(SCREENS))
      test(`${name}, ${look.size}, ${look.lang}, ${look.theme}`, async (t) => {
        if (server.mock) return t.skip('the stand-in evaluates nothing');
        const { page, context, trouble } = await open(browser, server.base, { ...look, hash });
        await page.waitForSelector(ready, { timeout: 10_000 });
        if (process.env.QK_SHOTS) await page.screenshot({ path: `${process.env.QK_SHOTS}/${hash.split('/').pop()}-${look.size}-${look.lang}-${look.theme}.png` });
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        assert.ok(wide <= 0, `the page is ${wide} px too wide`);
        const least = await leastLetter(page);
        assert.ok(least.px >= 11.99, `${least.px} px: ${least.text}`);
        assert.deepEqual(await audit(page), []);
        if (look.size === 'phone') {
          const small = await page.evaluate(() =>
            [...document.querySelectorAll('main button, main select, main nav a')].filter((e) => e.getBoundingClientRect().height > 0 && e.getBoundingClientRect().height < 39.5).map((e) => `${e.getBoundingClientRect().height} ${e.className} ${e.textContent}`),
          );
          assert.deepEqual(small, []);
        }
        assert.deepEqual(trouble, []);
        await context.close();
      });
});

test('S026 a day stands in the colour of its level, a day without data is hatched, arrows walk the days', async (t) => {
  if (server.mock) return t.skip('the stand-in evaluates nothing');
  const [day] = days;
  const { page, context, trouble } = await open(browser, server.base, { hash: `#/air/calendar?s=${station.id}&d=${day.date}` });
  const on = page.locator('.day.on');
  await on.waitFor();
  assert.equal(await on.innerText(), String(day.aqi));
  assert.ok((await on.getAttribute('class')).includes(`a${day.level}`));
  const empty = page.locator(`.day[aria-label^="${day.date.slice(0, 4)}-01-01"]`);
  assert.match(await empty.getAttribute('class'), /\ba0\b/);
  assert.match(await empty.getAttribute('aria-label'), /没有数据/);
  await on.focus();
  await page.keyboard.press('ArrowLeft');
  const before = new Date(Date.parse(day.date) - DAY_MS).toISOString().slice(0, 10);
  await page.waitForFunction((d) => location.hash.includes(`d=${d}`), before);
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute('aria-label').slice(0, 10)), before);
  assert.deepEqual(trouble, []);
  await context.close();
});

test('S027 a figure opens formula, inputs, clause and date; Escape goes back to it', async (t) => {
  if (server.mock) return t.skip('the stand-in evaluates nothing');
  const { page, context, trouble } = await open(browser, server.base, { hash: '#/air/periods' });
  const fig = page.locator('.total .fig').first();
  await fig.waitFor();
  const told = await api(server.base, 'air/periods?scope=county');
  await fig.focus();
  await page.keyboard.press('?');
  const drawer = page.locator('.drawer');
  await drawer.locator('.formula').first().waitFor();
  const text = await drawer.innerText();
  assert.match(text, /Σ C_d \/ N/);
  assert.match(text, /HJ 663/);
  assert.match(text, /GB 3095-2012/);
  assert.match(text, /怎么算/);
  assert.match(text, /2013-01-01 起施行/);
  assert.ok(text.includes(`${told.total.period.items['PM2.5'].mean.unrounded}`), text);
  assert.deepEqual(await audit(page), []);
  await page.keyboard.press('Escape');
  await drawer.waitFor({ state: 'detached' });
  assert.ok(await page.evaluate(() => document.activeElement.classList.contains('fig')));
  assert.deepEqual(trouble, []);
  await context.close();
});

test('S027 the evaluation table is what the server says, and prints without the frame', async (t) => {
  if (server.mock) return t.skip('the stand-in evaluates nothing');
  const { page, context, trouble } = await open(browser, server.base, { hash: '#/air/periods?y=2025' });
  await page.waitForSelector('.eval tbody tr');
  const { total } = await api(server.base, 'air/periods?scope=county&year=2025');
  const row = page.locator('.eval tbody tr').filter({ hasText: 'PM₁₀' });
  const item = total.period.items.PM10;
  const text = await row.innerText();
  assert.ok(text.includes(String(item.mean.value)) && text.includes(String(item.mean.limit)) && text.includes(String(item.percentile.value)), text);
  assert.equal(/超标/.test(text), item.mean.meets === false || item.percentile.meets === false);
  assert.equal(/天数不足/.test(text), !item.valid);
  await page.emulateMedia({ media: 'print' });
  assert.equal(await page.locator('main nav, header .tools, .bar').filter({ visible: true }).count(), 0);
  assert.ok(await page.locator('.eval').isVisible());
  assert.deepEqual(trouble, []);
  await context.close();
});

test('S030 equal indices share a rank, who has too few days stands without one', async (t) => {
  if (server.mock) return t.skip('the stand-in evaluates nothing');
  const month = days[0].date.slice(0, 7);
  const real = await api(server.base, `air/ranking?group=townships&period=${month}`);
  const items = real.items.slice(0, 4).map((r, i) => ({ ...r, rank: [1, 1, 3, null][i], tie: i < 2, valid: i < 3, reason: i < 3 ? null : 'too_few_days', rank_before: [2, 1, 3, null][i], before: i < 3 ? r.composite_index : null }));
  const { page, context, trouble } = await open(browser, server.base, { hash: '#/air' });
  await page.route('**/air/ranking*', (route) => route.fulfill({ json: { ...real, items } }));
  await page.goto(`${server.base}?lang=zh&theme=light#/air/ranking?m=${month.slice(5)}`);
  await page.waitForSelector('tbody th a');
  const rows = await page.locator('tbody tr').allInnerTexts();
  assert.match(rows[0], /^1= 并列/);
  assert.match(rows[1], /^1= 并列/);
  assert.match(rows[2], /^3\s/);
  assert.match(rows[3], /^–[\s\S]*天数不足/);
  assert.match(rows[0], /↑ 1/);
  assert.match(await page.locator('.rule').innerText(), /名次并列[\s\S]*环办监测〔2018〕19号/);
  assert.deepEqual(trouble, []);
  await context.close();
});

test('S026 the same days under the editions before and since 2026-03-01', async (t) => {
  if (server.mock) return t.skip('the stand-in evaluates nothing');
  const { page, context, trouble } = await open(browser, server.base, { hash: `#/air/standards?s=${station.id}` });
  await page.waitForSelector('.big .fig');
  const { editions, differences } = await api(server.base, `air/compare?scope=${station.id}`);
  const shown = await page.locator('tr.lead').first().locator('.big .fig').allInnerTexts();
  assert.deepEqual(shown.map(Number), editions.map((e) => e.figures.good_days));
  assert.equal(await page.locator('.days li a').count(), differences.length);
  assert.deepEqual(trouble, []);
  await context.close();
});

test('S027 S028 a target says in words what is reached and what may still be used up; another is set with the key', async (t) => {
  if (!server.own || !server.key || server.mock) return t.skip('sets targets: an instance of our own only');
  const { page, context, trouble } = await open(browser, server.base, { hash: '#/air/targets' });
  await page.waitForSelector('.ladder li .now');
  const told = await api(server.base, 'air/targets');
  const rung = (text) => page.locator('.ladder li').filter({ hasText: text });
  const pm = told.items.find((x) => x.item === 'PM2.5');
  const text = await rung('PM₂.₅').innerText();
  assert.ok(text.includes(pm.allowance.zh), text);
  assert.ok(text.includes(pm.reached.value.toFixed(1)), text);
  assert.match(await rung('臭氧超标').innerText(), /臭氧超标还可有 59 天[\s\S]*余 153 天/);
  await rung('PM₂.₅').locator('.fig').click();
  await page.locator('.drawer .formula').first().waitFor();
  await page.keyboard.press('Escape');
  await keyed(page);
  await page.getByRole('button', { name: '设定目标' }).click();
  await page.locator('dialog select').selectOption('heavy_ratio');
  await page.locator('dialog input').first().fill('1.5');
  await page.locator('dialog button[type=submit]').click();
  await rung('重污染天数比例').waitFor();
  await page.getByRole('button', { name: '去掉目标 重污染天数比例' }).click();
  await rung('重污染天数比例').waitFor({ state: 'detached' });
  assert.equal((await api(server.base, 'air/targets')).items.length, TARGETS.length);
  assert.deepEqual(trouble, []);
  await context.close();
});

test('S039 a dust day is marked, and the figures with and without it stand beside each other', async (t) => {
  if (!server.own || !server.key || server.mock) return t.skip('changes marks: an instance of our own only');
  const day = days[1].date;
  await write('air/marks', { site: '*', effect: 'dust', from: `${day}T00:00:00+08:00`, to: `${day}T24:00:00+08:00`, reason: '沙尘天气过程', person: '甲' });
  const { page, context, trouble } = await open(browser, server.base, { hash: `#/air/calendar?d=${day}` });
  await page.waitForSelector('.day.on.dust');
  assert.match(await page.locator('.detail').innerText(), /沙尘日/);
  await page.goto(`${server.base}?lang=zh&theme=light#/air/periods`);
  await page.getByText(/扣除 1 个沙尘日后：PM₁₀ \d+/).waitFor();
  assert.deepEqual(trouble, []);
  await context.close();
});

test('S031 an hour is left out with a reason, taken back, reviewed by one and approved by another', async (t) => {
  if (!server.own || !server.key || server.mock) return t.skip('changes marks: an instance of our own only');
  const day = days[2].date;
  const { page, context } = await open(browser, server.base, { hash: `#/air/review?s=${station.id}&d=${day}` });
  await keyed(page);
  const cell = page.locator('#cell-0-3');
  await cell.click();
  const exclude = page.getByRole('button', { name: '剔除', exact: true });
  assert.ok(await exclude.isDisabled(), 'no decision without a reason');
  await page.getByLabel('处置人').fill('甲');
  await page.getByLabel('理由（必填）').fill('校准');
  await exclude.click();
  await page.locator('#cell-0-3.excluded').waitFor();
  assert.match(await cell.getAttribute('aria-label'), /已剔除/);
  assert.match(await page.locator('.marks').innerText(), /剔除[\s\S]*校准[\s\S]*甲/);
  await page.getByRole('button', { name: '撤销', exact: true }).first().click();
  await page.locator('dialog input').fill('点错了');
  await page.locator('dialog button[type=submit]').click();
  await page.locator('#cell-0-3:not(.excluded)').waitFor();
  assert.match(await page.locator('.marks').innerText(), /甲 撤销：点错了/);

  await page.getByRole('button', { name: '审核通过' }).click();
  await page.locator('.step.done').filter({ hasText: '已审核' }).waitFor();
  const approve = page.getByRole('button', { name: '批准', exact: true });
  await approve.click();
  await page.getByRole('alert').waitFor();
  assert.equal(await page.locator('.step.done').filter({ hasText: '已批准' }).count(), 0, 'not by the same person');
  await page.getByLabel('处置人').fill('乙');
  await approve.click();
  await page.locator('.step.done').filter({ hasText: '已批准' }).waitFor();
  assert.match(await page.locator('.steps').innerText(), /已审核\s*甲[\s\S]*已批准\s*乙/);
  await context.close();
});

test('S031 the grade of an hour opens why it was given', async (t) => {
  if (server.mock) return t.skip('the stand-in evaluates nothing');
  const day = days[3].date;
  const { page, context, trouble } = await open(browser, server.base, { hash: '#/air' });
  const real = await api(server.base, `air/hours?site=${station.id}&from=${day}T00:00:00%2B08:00&to=${day}T24:00:00%2B08:00`);
  Object.assign(real.items[5].items['PM2.5'], { grade: 'bad', counts: false, reasons: ['pm_order', 'spike'] });
  await page.route('**/air/hours*', (route) => route.fulfill({ json: real }));
  await page.goto(`${server.base}?lang=zh&theme=light#/air/review?s=${station.id}&d=${day}`);
  const cell = page.locator('#cell-0-5');
  await cell.waitFor();
  assert.match(await cell.innerText(), /✕/);
  assert.match(await cell.getAttribute('aria-label'), /不合格 PM₂.₅ 大于 PM₁₀ 尖峰/);
  await cell.click({ button: 'right' });
  await page.locator('.drawer').getByText('尖峰').waitFor();
  await page.goto(`${server.base}?lang=zh&theme=light#/site/${station.id}?day=${day.replaceAll('-', '')}`);
  await page.locator('td abbr.alarm').filter({ hasText: '✕' }).first().waitFor();
  assert.deepEqual(trouble, []);
  await context.close();
});
