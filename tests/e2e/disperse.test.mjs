// SPDX-License-Identifier: Apache-2.0
// Who is in whose air: the matrix is made while one looks, a place is picked, a slider moves map and
// bars, scores stand beside the scatter, every figure tells how it comes about.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { atRest, audit, launch, leastLetter, open } from './browser.mjs';
import { api, serve, steady, until } from './server.mjs';

const BUILD_MS = 600_000;
let server;
let browser;
before(async () => {
  server = await serve(null, ['--history', '1', '--speed', '1']);
  browser = await launch();
  if (server.mock) return;
  const made = await until(() => api(server.base, 'disperse'), (d) => d.matrix, BUILD_MS);
  assert.ok(made.matrix, JSON.stringify(made).slice(0, 400));
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

const number = (text) => Number(text.replace('−', '-').match(/-?[\d.]+/)[0]);

test('S046 a slider moves the bars, the map and the sentence; nothing cut is the base again', async (t) => {
  if (server.mock) return t.skip('the stand-in has no sources');
  const { page, context, trouble } = await open(browser, server.base, { hash: '#/disperse' });
  const slider = page.locator('.bars input[type=range]').first();
  await slider.waitFor();
  const value = page.locator('.bars .value').first();
  const before = number(await value.innerText());
  assert.ok(before > 0);
  const picture = () => page.evaluate(() => [...document.querySelectorAll('.mapbox canvas')].map((c) => c.toDataURL().length).join());
  await atRest(page);
  const drawn = await until(picture, steady());
  const cost = await page.evaluate(async () => {
    const input = document.querySelector('.bars input[type=range]');
    const times = [];
    for (const v of [20, 40, 60, 80, 100]) {
      const at = performance.now();
      input.value = String(v);
      input.dispatchEvent(new Event('input', { bubbles: true }));
      await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
      times.push(performance.now() - at);
    }
    return times.sort((a, b) => a - b)[2];
  });
  t.diagnostic(`from the slider to the second frame: ${cost.toFixed(0)} ms`);
  assert.equal(number(await value.innerText()), 0);
  assert.match(await page.locator('.head').innerText(), /减少/);
  assert.notEqual(await until(picture, (now) => now !== drawn), drawn);
  assert.match(await page.evaluate(() => location.hash), /cut=sector\.\w+:100/);
  await page.getByRole('button', { name: '全部还原' }).click();
  assert.equal(number(await value.innerText()), before);
  assert.deepEqual(trouble, []);
  await context.close();
});

test('a press on the map picks the place, Shift and arrows move it, a figure tells its method', async (t) => {
  if (server.mock) return t.skip('the stand-in has no sources');
  const { page, context, trouble } = await open(browser, server.base, { hash: '#/disperse' });
  await page.locator('.bars li').first().waitFor();
  const map = page.locator('.mapbox .canvas');
  const box = await map.boundingBox();
  await atRest(page);
  await map.click({ position: { x: box.width * 0.62, y: box.height * 0.3 } });
  await page.waitForFunction(() => /at=[\d.]+(,|%2C)[\d.]+|at=air-/.test(location.hash));
  const first = await page.evaluate(() => location.hash);
  await map.focus();
  await page.keyboard.press('Shift+ArrowUp');
  await page.waitForFunction((h) => location.hash !== h, first);
  await page.locator('.head .fig').click();
  await page.locator('.drawer .formula').waitFor();
  assert.match(await page.locator('.drawer').innerText(), /EPA-454/);
  await page.keyboard.press('Escape');
  await page.locator('dl .fig').first().waitFor();
  assert.equal(await page.locator('.two circle').count() > 50, true);
  assert.match(await page.locator('.two dl').innerText(), /FAC2[\s\S]*FB[\s\S]*NMSE[\s\S]*r/);
  assert.match(await page.locator('.more').innerText(), /只给方向/);
  assert.deepEqual(await audit(page), []);
  assert.deepEqual(trouble, []);
  await context.close();
});

test('on a phone, in English and in the dark', async (t) => {
  if (server.mock) return t.skip('the stand-in has no sources');
  const { page, context, trouble } = await open(browser, server.base, { size: 'phone', lang: 'en', theme: 'dark', hash: '#/disperse?cut=sector.dust:50' });
  await page.locator('.bars li').first().waitFor();
  assert.ok((await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)) <= 0);
  assert.ok((await leastLetter(page)).px >= 11.99);
  assert.deepEqual(await audit(page), []);
  assert.deepEqual(trouble, []);
  await context.close();
});

test('S046 a transport matrix is refused by line, taken in with its source, and taken out', async (t) => {
  if (server.mock) return t.skip('the stand-in has no sources');
  const { page, context, trouble } = await open(browser, server.base, { hash: '#/disperse' });
  await page.evaluate((k) => sessionStorage.setItem('qk.operator', k), server.key);
  await page.reload();
  const row = page.locator('section li').filter({ hasText: '传输矩阵' });
  await row.getByRole('button', { name: '取入文件' }).click();
  const give = (rows) => page.locator('dialog input[type=file]').setInputFiles({ name: 'psat.csv', mimeType: 'text/csv', buffer: Buffer.from(`receptor,region,share,low,high\n${rows}\n`) });
  await give('青泽县,青泽县,0.3,0.2,0.4\n青泽县,省外,35,30,40');
  await page.locator('dialog [role=alert]').filter({ hasText: '第 3 行第 3 列' }).waitFor();
  await give('青泽县,青泽县,0.3,0.2,0.4\n青泽县,省外,0.5,0.4,0.6');
  await page.locator('dialog .answer').filter({ hasText: '可取入 2 行' }).waitFor();
  const take = page.getByRole('button', { name: '导入' });
  assert.equal(await take.isDisabled(), true, 'not without a source');
  await page.getByLabel('来源').fill('省中心 2025');
  assert.deepEqual(await audit(page), []);
  await take.click();
  await page.locator('dialog .acts').getByRole('button', { name: '关闭' }).click();
  await row.filter({ hasText: '省中心 2025' }).waitFor();
  assert.equal(await row.locator('select').inputValue(), '青泽县');
  await row.getByRole('button', { name: '撤下' }).click();
  await row.filter({ hasText: '没有取入' }).waitFor();
  // The one 422 is the refusal that was meant.
  assert.deepEqual(trouble.filter((x) => !/422/.test(x)), []);
  await context.close();
});
