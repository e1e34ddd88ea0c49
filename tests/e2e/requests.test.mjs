// SPDX-License-Identifier: Apache-2.0
// Asking devices and refusing unknown ones, from the page to the device and back.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch, open } from './browser.mjs';
import { api, serve, until } from './server.mjs';

let server;
let browser;
before(async () => {
  server = await serve();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

const LATEST = 'section ul[aria-live] > li:first-child';

async function deviceThatAnswers() {
  const able = ({ items }) => items.find((d) => d.connected && d.answers_requests && d.dialect === 2017);
  const one = able(await until(() => api(server.base, 'devices?limit=500'), able));
  assert.ok(one, 'a device is connected');
  return one.mn;
}

async function openWithKey(hash) {
  const opened = await open(browser, server.base, { hash });
  await opened.page.evaluate((k) => sessionStorage.setItem('qk.operator', k), server.key);
  return opened;
}

test('a clock is set and a time-out asked for, and the outcome is told', async (t) => {
  if (server.mock || !server.key) return t.skip('needs real devices and the operator key');
  const mn = await deviceThatAnswers();
  const { page, context, trouble } = await openWithKey(`#/device/${mn}`);
  await page.getByText('时钟与上报间隔').click();
  await page.getByRole('button', { name: '对时' }).click();
  await page.locator(LATEST).filter({ hasText: '完成' }).waitFor();

  await page.getByText('其他请求').click();
  const form = page.locator('details[open] form');
  await form.locator('option').nth(1).waitFor({ state: 'attached' });
  const choices = await form.locator('select').first().locator('option').allInnerTexts();
  assert.ok(choices.some((c) => c.startsWith('3012')), choices.join('|'));
  assert.ok(!choices.some((c) => c.startsWith('1012')), 'the clock has a button of its own');
  await form.locator('select').first().selectOption('1000');
  await form.getByRole('textbox', { name: '超时时间' }).fill('0');
  assert.ok(await form.getByRole('button', { name: '索取' }).isDisabled(), 'outside its bounds');
  await form.getByRole('textbox', { name: '超时时间' }).fill('10');
  await form.getByRole('button', { name: '索取' }).click();
  await page.locator(LATEST).filter({ hasText: '1000' }).filter({ hasText: '完成' }).waitFor();
  // the page hears of an answer from the feed, before what is kept says so
  const { items: asked } = await until(() => api(server.base, `devices/${mn}/requests`), ({ items }) => items[0].state !== 'waiting');
  assert.deepEqual(asked.slice(0, 2).map((r) => [r.cn, r.state]), [[1000, 'done'], [1012, 'done']]);
  assert.equal(asked[0].params, 'OverTime=10');
  assert.deepEqual(trouble, []);
  await context.close();
});

test('an unknown device is refused and does not come back', async (t) => {
  if (!server.own || server.mock || !server.key) return t.skip('changes the register: an instance of our own only');
  const { items: parked } = await until(() => api(server.base, 'parked'), ({ items }) => items.length);
  assert.ok(parked.length, 'the demo has an unknown device');
  const { page, context } = await openWithKey('#/devices?view=parked');
  await page.getByRole('button', { name: '拒绝', exact: true }).first().click();
  await page.locator('dialog[open]').getByRole('button', { name: '拒绝', exact: true }).click();
  await page.waitForFunction(() => !document.querySelector('dialog[open]'));
  const device = await api(server.base, `devices/${encodeURIComponent(parked[0].mn)}`);
  assert.equal(device.status, 'disabled');
  assert.equal((await until(() => api(server.base, 'parked'), ({ total }) => total === 0)).total, 0);
  await context.close();
});
