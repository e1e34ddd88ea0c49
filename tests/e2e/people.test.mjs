// SPDX-License-Identifier: Apache-2.0
// People on the page: a role on the demo; the first account, logging in, the second factor.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { after, before, test } from 'node:test';
import { audit, launch, open } from './browser.mjs';
import { serve } from './server.mjs';

const PASSWORD = 'Kz7#mQ2vLpXw';
const program = process.env.QK_PROGRAM ?? fileURLToPath(new URL('../../build/qingkong', import.meta.url));
let browser;
let demo;
before(async () => {
  browser = await launch();
  demo = await serve(null, ['--history', '1', '--speed', '1', '--no-devices']);
});
after(async () => {
  await browser?.close();
  await demo?.stop();
});

const who = (page) => page.locator('header .tools .pop > button');

test('S214 on a demo a township takes its role and sees its own alone', async (t) => {
  if (demo.mock) return t.skip('needs the program');
  const { page, trouble, context } = await open(browser, demo.base);
  await who(page).click();
  await page.getByRole('button', { name: '登录', exact: true }).click();
  await page.getByRole('button', { name: '乡镇街道' }).click();
  await page.waitForFunction(() => document.querySelector('header .who')?.textContent === '乡镇街道');
  const shown = await page.evaluate(async () => (await (await fetch('api/v1/sites?limit=5000')).json()).items);
  const all = await (await fetch(`${demo.base}api/v1/sites?limit=5000`)).json();
  assert.ok(shown.length > 0 && shown.length < all.items.length, `${shown.length} of ${all.items.length}`);
  assert.equal(new Set(shown.map((s) => s.division)).size, 1);
  const other = all.items.find((s) => s.division !== shown[0].division);
  assert.equal(await page.evaluate(async (id) => (await fetch(`api/v1/sites/${id}`)).status, other.id), 404);
  await who(page).click();
  await page.getByRole('button', { name: '退出' }).click();
  await page.waitForFunction(() => document.querySelector('header .who')?.textContent === '只读访客');
  assert.deepEqual(trouble.filter((x) => !x.includes('404')), []);
  await context.close();
});

test('a table of sites is looked at, its fault told by line and column, then taken; a site is closed', async (t) => {
  if (demo.mock) return t.skip('needs the program');
  const { page, trouble, context } = await open(browser, demo.base, { size: 'phone', hash: '#/sources', role: { role: 'R7' } });
  await page.getByRole('button', { name: '导入名录' }).click();
  const give = (rows) => page.locator('input[type=file]').setInputFiles({ name: 'r.csv', mimeType: 'text/csv', buffer: Buffer.from(`站点编号,站点名称,站点类型,经度,纬度,MN号,因子编码,排放限值\n${rows}\n`) });
  await give('e2e-1,试验排口,排口,东,34.9,E2E0000000000001,a21026,35');
  const row = page.locator('dialog table tbody tr').first();
  assert.match(await row.innerText(), /2\s+4\s+经度\s+.*须是/);
  await give('e2e-1,试验排口,排口,112.8,34.9,E2E0000000000001,a21026,35');
  await page.getByText('将新增 3 行').waitFor();
  assert.deepEqual(await audit(page), []);
  await page.locator('dialog').getByRole('button', { name: '导入', exact: true }).click();
  await page.getByRole('link', { name: '试验排口' }).click();
  await page.getByRole('button', { name: '改名录' }).click();
  await page.getByRole('button', { name: '关闭站点' }).click();
  await page.getByRole('button', { name: '关闭站点' }).click();
  await page.waitForFunction(() => location.hash.startsWith('#/sources'));
  await page.waitForFunction(() => !document.body.innerText.includes('试验排口'));
  assert.equal(await page.evaluate(async () => (await fetch('api/v1/sites/e2e-1')).status), 200);
  assert.deepEqual(trouble, []);
  await context.close();
});

test('the screens of administration are readable at every size, in both languages', async (t) => {
  if (demo.mock) return t.skip('needs the program');
  for (const [size, lang, theme] of [['desk', 'zh', 'light'], ['phone', 'en', 'dark'], ['wall', 'en', 'light']])
    for (const tab of ['units', 'posts', 'rights', 'audit']) {
      const { page, trouble, context } = await open(browser, demo.base, { size, lang, theme, hash: `#/admin/${tab}` });
      await page.waitForSelector('.body li, .body table');
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth + 1), `${tab} ${size} is too wide`);
      assert.deepEqual(await audit(page), [], `${tab} ${size}`);
      assert.deepEqual(trouble, []);
      await context.close();
    }
});

/** RFC 6238 by Node's own means. */
function code(secret, step) {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const bits = [...secret].map((c) => letters.indexOf(c).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from(bits.match(/.{8}/g).map((b) => parseInt(b, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const hash = createHmac('sha1', key).update(counter).digest();
  return String((hash.readUInt32BE(hash[19] & 15) & 0x7fffffff) % 1e6).padStart(6, '0');
}

test('the first account is made with the code, then with two factors one logs in', async (t) => {
  if (demo.mock || !existsSync(program)) return t.skip('needs the program');
  const dir = mkdtempSync(join(tmpdir(), 'qk-people-'));
  const child = spawn(program, ['serve', '--data', dir, '--http', '127.0.0.1:0', '--hj212', '127.0.0.1:0'], { stdio: ['ignore', 'pipe', 'ignore'] });
  try {
    let said = '';
    for await (const part of child.stdout) if ((said += part).includes('set-up code')) break;
    const base = /http:\S+/.exec(said)[0];
    const setup = readFileSync(join(dir, 'setup.code'), 'utf8').trim();
    const { page, context } = await open(browser, base);
    await who(page).click();
    await page.getByRole('button', { name: '初始化' }).click();
    const inputs = page.locator('dialog input');
    for (const [i, text] of [setup, 'sec', PASSWORD, PASSWORD].entries()) await inputs.nth(i).fill(text);
    await page.getByRole('button', { name: '建立', exact: true }).click();
    await page.waitForFunction(() => document.querySelector('header .who')?.textContent === 'sec');
    // a security administrator has one screen
    await page.waitForFunction(() => document.querySelectorAll('nav li').length === 1);
    await who(page).click();
    await page.getByRole('button', { name: '我的账号' }).click();
    await page.locator('dialog section input[type=password]').fill(PASSWORD);
    await page.getByRole('button', { name: '开通' }).click();
    await page.waitForSelector('svg.qr path');
    const secret = await page.locator('.secret').textContent();
    const stepNow = () => Math.floor(Date.now() / 30_000);
    const step = stepNow();
    await page.locator('dialog section input[inputmode=numeric]').fill(code(secret, step));
    await page.getByRole('button', { name: '确认' }).click();
    await page.waitForSelector('.codes li');
    assert.equal(await page.locator('.codes li').count(), 10);
    await context.close();

    const fresh = await open(browser, base, { ready: 'dialog[open]' });
    await fresh.page.locator('input[name=account]').fill('sec');
    await fresh.page.locator('input[name=password]').fill(PASSWORD);
    await fresh.page.keyboard.press('Enter');
    await fresh.page.locator('input[name=code]').fill(code(secret, Math.max(step + 1, stepNow())));
    await fresh.page.keyboard.press('Enter');
    await fresh.page.waitForFunction(() => document.querySelector('header .who')?.textContent === 'sec');
    await fresh.context.close();
  } finally {
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    await ended;
    rmSync(dir, { recursive: true, force: true });
  }
});
