// SPDX-License-Identifier: Apache-2.0
// Evaluated air on the page: calendar, months and years, ranking, both editions, the desk of review.
// QK_SHOTS=DIR keeps pictures.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { atRest, audit, launch, leastLetter, open } from './browser.mjs';
import { api, serve, steady, until } from './server.mjs';

const FILL_MS = 240_000;
const DAY_MS = 86_400_000;
let server;
let browser;
let station;
/** Days of the first station that came from its device and have an index, the last first. */
let days;
before(async () => {
  server = await serve();
  browser = await launch();
  if (server.mock) return;
  station = (await api(server.base, 'sites?limit=5000')).items.find((s) => s.kind === 'air_national');
  const end = Date.now() + FILL_MS;
  // a day of the past may stand and still change: what is compared below has come to rest
  const same = steady((list) => list.map((d) => [d.date, d.aqi]));
  days = await until(
    async () => (await api(server.base, `air/days?scope=${station.id}`)).items.filter((d) => d.aqi !== null && d.provisional).reverse(),
    async (list) => same(list) && list.length >= 8 && (await api(server.base, 'health')).journal.lag_bytes === 0,
    FILL_MS,
  );
  if (server.own && server.key) await setTargets(end);
  if (server.own && server.key) await write('air/checks', { csv: CHECKS.replaceAll('SITE', station.id), person: '甲' });
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
  'S016 allocation': ['#/air/allocation?tg=44&b={year}&y={next}', '.total b'],
  'S038 attainment': ['#/air/attainment?b={year}', 'svg .way'],
  'S032 checks': ['#/air/checks', '.means'],
  'S025 rule tables': ['#/air/rules?t=limits', 'fieldset input'],
};

const TARGETS = [
  { metric: 'PM2.5', op: '<=', value: 44, unit: 'µg/m3' },
  { metric: '优良天数', op: '>=', value: 13, unit: '天' },
  { metric: '臭氧超标率', op: '<=', value: 38.6, unit: '%', text: '5-9月臭氧超标率控制在38.6%以下', later: 1 },
];

const CHECKS = `site,mn,item,kind,at,reference,measured,span,note
SITE,,SO2,span,2025-11-06T09:30:00,400,405,500,
SITE,,SO2,span,2025-11-20T09:30:00,400,431,500,标气 A-17
SITE,,SO2,zero,2025-11-20T09:00:00,0,1.5,500,
`;

const year = () => Number(days[0].date.slice(0, 4));
const keyed = (page) => page.evaluate((k) => sessionStorage.setItem('qk.operator', k), server.key);
const hashOf = (page) => page.evaluate(() => location.hash);
const send = (path, body, method) =>
  fetch(`${server.base}api/v1/${path}`, {
    method,
    headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${server.key}`, 'Idempotency-Key': `air-test-${path}-${Math.random()}`.replace(/[^\w-]/g, '-') },
    body: JSON.stringify(body),
  });
async function write(path, body, method = 'POST') {
  const answer = await send(path, body, method);
  assert.equal(answer.status, 200, await answer.clone().text());
  return answer.json();
}
/** The demo sets goals of its own once its past stands; whoever writes before or among them is refused. */
async function setTargets(end) {
  const targets = TARGETS.map((x) => ({ ...x, year: year() + (x.later ?? 0) }));
  for (;;) {
    const { row_version } = await api(server.base, 'air/targets');
    const answer = row_version > 1 ? await send('air/targets', { row_version, targets }, 'PUT') : null;
    if (answer?.status === 200) return;
    assert.ok(answer === null || answer.status === 409, await answer?.clone().text());
    assert.ok(Date.now() < end, `the targets stand at version ${row_version}`);
    await new Promise((done) => setTimeout(done, 500));
  }
}

describe('every screen of the air', { concurrency: 2 }, () => {
  for (const look of LOOKS)
    for (const [name, [hash, ready]] of Object.entries(SCREENS))
      test(`${name}, ${look.size}, ${look.lang}, ${look.theme}`, async (t) => {
        if (server.mock) return t.skip('the stand-in evaluates nothing');
        const { page, context, trouble } = await open(browser, server.base, { ...look, hash: hash.replace('{year}', year()).replace('{next}', year() + 1) });
        await page.waitForSelector(ready);
        await atRest(page);
        if (process.env.QK_SHOTS) await page.screenshot({ path: `${process.env.QK_SHOTS}/${hash.split('/').pop().split('?')[0]}-${look.size}-${look.lang}-${look.theme}.png` });
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
  assert.match(await on.getAttribute('class'), day.provisional ? /\bprovisional\b/ : /\bday\b/);
  assert.match(await on.getAttribute('aria-label'), day.provisional ? /未审核|当日未完/ : /已审核|已批准/);
  assert.equal(await on.evaluate((e) => getComputedStyle(e, '::before').borderTopStyle), day.provisional ? 'dashed' : 'none');
  await on.focus();
  await page.keyboard.press('ArrowLeft');
  const before = new Date(Date.parse(day.date) - DAY_MS).toISOString().slice(0, 10);
  await page.waitForFunction((d) => location.hash.includes(`d=${d}`), before);
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute('aria-label').slice(0, 10)), before);
  await page.goto(`${server.base}?lang=zh&theme=light#/air/calendar?s=${station.id}&y=2020`);
  const empty = page.locator('.day[aria-label^="2020-06-01"]');
  await empty.waitFor();
  assert.match(await empty.getAttribute('class'), /\ba0\b/);
  assert.match(await empty.getAttribute('aria-label'), /没有数据/);
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
  // the days of the past come in while the page is open: both are asked until they speak of the same
  let editions, differences, shown;
  for (let tries = 0; tries < 8; tries++) {
    await page.reload();
    await page.waitForSelector('.big .fig');
    ({ editions, differences } = await api(server.base, `air/compare?scope=${station.id}`));
    shown = (await page.locator('tr.lead').first().locator('.big .fig').allInnerTexts()).map(Number);
    if (shown.every((n, i) => n === editions[i].figures.good_days)) break;
  }
  assert.deepEqual(shown, editions.map((e) => e.figures.good_days));
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
  assert.ok(text.includes(`PM₂.₅ 今年 ${pm.reached.value.toFixed(1)} µg/m³，目标 ≤ 44，余下 ${pm.allowance.days_left} 天`), text);
  assert.ok(text.includes(pm.allowance.mean_allowed < 0 ? '已无法补回' : `须 ≤ ${pm.allowance.mean_allowed.toFixed(1)}`), text);
  assert.match(await rung('臭氧超标').innerText(), /目标 ≤ 38.6 %，臭氧超标还可有 59 天/);
  for (const [i, m] of pm.path.entries()) {
    const col = rung('PM₂.₅').locator('.month').nth(i);
    if (m.actual !== null) assert.equal(await col.locator('b').innerText(), m.actual.toFixed(1));
    else if (m.reason === 'no_data') assert.match(await col.locator('.col').getAttribute('class'), /\ba0\b/);
  }
  await rung('PM₂.₅').locator('.fig').last().click();
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
  await page.getByText(/扣除 \d+ 个沙尘日后：PM₁₀ \d+/).waitFor();
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
  await page.goto(`${server.base}?lang=zh&theme=light#/air/calendar?s=${station.id}&d=${day}`);
  await page.waitForSelector('.day.on.approved:not(.provisional)');
  await page.goto(`${server.base}?lang=zh&theme=light#/air/review?s=${station.id}&d=${day}`);
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

test('S016 a township is given another share: the mean against the target, kept as a version', async (t) => {
  if (!server.own || !server.key || server.mock) return t.skip('sets targets: an instance of our own only');
  const { page, context, trouble } = await open(browser, server.base, { hash: `#/air/allocation?b=${year()}&y=${year() + 1}&tg=44` });
  await page.waitForSelector('tbody input');
  const plain = await api(server.base, `air/allocation?target=44&base_year=${year()}`);
  assert.match(await page.locator('.head').innerText(), /不高于县目标/);
  assert.ok((await page.locator('.total').innerText()).includes(plain.weighted_mean.toFixed(4)));
  const input = page.locator('tbody input').first();
  await input.fill('many');
  await input.press('Enter');
  await page.getByText('要填一个正数').waitFor();
  await input.fill(String(plain.items[0].target + 20));
  await input.press('Enter');
  await page.locator('.head').getByText('高于县目标').waitFor();
  await page.waitForFunction(() => location.hash.includes('set='));
  const keep = page.getByRole('button', { name: `存为 ${year() + 1} 年乡镇目标` });
  await page.waitForFunction(() => document.querySelector('.keep .primary').disabled);
  await input.fill(String(plain.items[0].target - 1));
  await input.press('Enter');
  await page.waitForFunction(() => !document.querySelector('.keep .primary').disabled);
  await keyed(page);
  const before = (await api(server.base, 'air/targets')).row_version;
  await keep.click();
  await page.getByText(`已存为第 ${before + 1} 版`).waitFor();
  const kept = (await api(server.base, 'air/targets')).items.filter((x) => x.scope === plain.items[0].id);
  assert.equal(kept[0].value, plain.items[0].target - 1);
  await page.locator('tbody tr').first().getByText((plain.items[0].target - 1).toFixed(1)).last().waitFor();
  await write('air/targets', { row_version: before + 1, targets: TARGETS.map((x) => ({ ...x, year: year() + (x.later ?? 0) })) }, 'PUT');
  assert.deepEqual(trouble.filter((x) => !/400/.test(x)), []);
  await context.close();
});

test('S038 the path names the limit in force in each year', async (t) => {
  if (server.mock) return t.skip('the stand-in evaluates nothing');
  const { page, context, trouble } = await open(browser, server.base, { hash: `#/air/attainment?b=${year()}&to=2035` });
  await page.waitForSelector('tbody tr');
  const told = await api(server.base, `air/attainment?base_year=${year()}&target_year=2035`);
  const rows = await page.locator('tbody tr').allInnerTexts();
  assert.equal(rows.length, told.items.length);
  for (const [i, x] of told.items.entries()) assert.ok(rows[i].includes(String(x.limit)) && rows[i].includes(x.path.toFixed(1)), rows[i]);
  assert.match(rows.find((r) => r.startsWith('2031')), /25[\s\S]*GB 3095-2026 二级/);
  assert.match(await page.locator('.head').innerText(), /2035 年要到 25/);
  await page.locator('tbody .fig').first().click();
  await page.locator('.drawer .formula').first().waitFor();
  assert.deepEqual(trouble, []);
  await context.close();
});

test('S032 a failed check says since when the data are in doubt; another is added', async (t) => {
  if (!server.own || !server.key || server.mock) return t.skip('adds records: an instance of our own only');
  const { page, context } = await open(browser, server.base, { hash: `#/air/checks?s=${station.id}` });
  const row = page.locator('tbody tr').filter({ hasText: '不合格' });
  await row.waitFor();
  assert.match(await row.innerText(), /431[\s\S]*\+7\.75 %[\s\S]*±5[\s\S]*自 11-06 09:30 上次合格以来的 SO₂ 数据要复核/);
  await row.locator('.fig').click();
  await page.locator('.drawer').getByText('(431 - 400) / 400 × 100 % = 7.75 %').waitFor();
  await page.keyboard.press('Escape');
  await keyed(page);
  await page.getByRole('button', { name: '登记检查' }).click();
  const dialog = page.locator('dialog');
  await dialog.getByLabel('示值').fill('x');
  await dialog.getByLabel('处置人').fill('乙');
  await dialog.getByRole('button', { name: '登记' }).click();
  await dialog.locator('label').filter({ hasText: '示值' }).getByRole('alert').waitFor();
  await dialog.getByLabel('示值').fill('2');
  await dialog.getByRole('button', { name: '登记' }).click();
  await page.getByText('已登记 1 条。').waitFor();
  assert.match(await page.locator('tbody tr').first().innerText(), /零点[\s\S]*合格[\s\S]*乙/);
  await context.close();
});

test('S025 every table of rules and every key in it has a name in both languages', async (t) => {
  if (server.mock) return t.skip('the stand-in has no rules');
  const texts = JSON.parse(readFileSync(new URL('../../ui/src/texts.json', import.meta.url)));
  const nameless = new Set();
  const walk = (v) => {
    if (Array.isArray(v)) v.forEach(walk);
    else if (v && typeof v === 'object')
      for (const [key, below] of Object.entries(v)) {
        if (!/^[A-Z]/.test(key) && !texts[`rulekey.${key}`]) nameless.add(key);
        walk(below);
      }
  };
  for (const { table } of (await api(server.base, 'rules')).items) {
    if (!texts[`ruletable.${table}`]) nameless.add(table);
    walk((await api(server.base, `rules/${table}`)).rows);
  }
  assert.deepEqual([...nameless], []);
});

test('S025 a rule is edited by the administrator: refused beside its field, kept, in the history, and back to what was shipped', async (t) => {
  if (!server.own || !server.admin || server.mock) return t.skip('changes rules: an instance of our own only');
  const { page, context } = await open(browser, server.base, { hash: '#/air/rules?t=fume' });
  await keyed(page);
  await page.getByRole('button', { name: '改', exact: true }).click();
  const limit = page.getByLabel('限值 mg/m³');
  await limit.fill('two');
  await limit.press('Tab');
  await page.getByRole('button', { name: '试算' }).click();
  await page.locator('label').filter({ hasText: '限值 mg/m³' }).getByRole('alert').waitFor();
  await limit.fill('1.5');
  await limit.press('Tab');
  await page.locator('label').filter({ hasText: '限值 mg/m³' }).getByText('出厂 2').waitFor();
  await page.getByRole('button', { name: '试算' }).click();
  await page.getByText('可以成立。').waitFor();
  await page.getByRole('button', { name: '保存' }).click();
  await page.getByText('改规则要管理员钥匙。').waitFor();
  await page.evaluate((k) => sessionStorage.setItem('qk.operator', k), server.admin);
  await page.getByRole('button', { name: '保存' }).click();
  await page.getByText('已存为第 1 版。').waitFor();
  assert.equal((await api(server.base, 'rules/fume')).rows[0].limit_mg_m3, 1.5);
  await page.locator('.history li').filter({ hasText: '第 1 版' }).waitFor();
  await page.getByRole('button', { name: '全部恢复出厂' }).click();
  await page.getByRole('button', { name: '保存' }).click();
  await page.getByText('已存为第 2 版。').waitFor();
  assert.equal((await api(server.base, 'rules/fume')).rows[0].limit_mg_m3, 2);
  await page.getByRole('button', { name: '恢复到第 1 版' }).click();
  await page.getByText('已存为第 3 版。').waitFor();
  assert.equal((await api(server.base, 'rules/fume')).rows[0].limit_mg_m3, 1.5);
  await context.close();
});
