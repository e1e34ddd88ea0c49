// SPDX-License-Identifier: Apache-2.0
// Every screen at every size, in both languages and themes: it opens without an error or a policy
// violation, asks nobody else for anything, passes axe, keeps its letters large enough, never
// scrolls sideways. QK_SHOTS=DIR keeps pictures.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { atRest, audit, launch, leastLetter, open } from './browser.mjs';
import { api, serve } from './server.mjs';

let server;
let browser;
let screens;
before(async () => {
  server = await serve();
  browser = await launch();
  const { items } = await api(server.base, 'sites?limit=5000');
  const air = items.find((s) => s.kind.startsWith('air'));
  const outlet = items.find((s) => s.factors.some((f) => f.limit !== null)) ?? items[0];
  screens = {
    overview: '#/',
    air: '#/air',
    sources: '#/sources',
    station: `#/site/${encodeURIComponent(air.id)}`,
    outlet: `#/site/${encodeURIComponent(outlet.id)}?p=7d`,
    devices: '#/devices',
    parked: '#/devices?view=parked',
    device: `#/device/${encodeURIComponent(outlet.devices[0])}`,
    events: '#/events',
  };
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
const NAMES = ['overview', 'air', 'sources', 'station', 'outlet', 'devices', 'parked', 'device', 'events'];

async function settle(page, name) {
  if (name === 'station' || name === 'outlet') await page.waitForSelector('.plot canvas');
  if (name === 'device') await page.waitForSelector('.frames li');
  await atRest(page);
}

async function keep(page, name, look) {
  if (process.env.QK_SHOTS) await page.screenshot({ path: `${process.env.QK_SHOTS}/${name}-${look.size}-${look.lang}-${look.theme}.png` });
}

// Two at a time: most of a test is waiting for a page to come to rest.
describe('every screen', { concurrency: 2 }, () => {
  for (const look of LOOKS)
    for (const name of NAMES)
      test(`${name}, ${look.size}, ${look.lang}, ${look.theme}`, async () => {
        const { page, context, trouble } = await open(browser, server.base, { ...look, hash: screens[name] });
        await settle(page, name);
        await keep(page, name, look);
        assert.deepEqual(trouble, []);
        assert.ok((await page.locator('h1').first().innerText()).trim().length > 0, 'a heading');
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        assert.ok(wide <= 0, `the page is ${wide} px too wide`);
        const least = await leastLetter(page);
        assert.ok(least.px >= 11.99, `${least.px} px: ${least.text}`);
        assert.deepEqual(await audit(page), []);
        assert.equal(await page.evaluate(() => document.documentElement.lang.slice(0, 2)), look.lang);
        await context.close();
      });
});

for (const [lang, theme] of [['zh', 'dark'], ['en', 'light']])
  test(`wall, ${lang}, ${theme}: no controls, no letter below 24 px, all in one picture`, async () => {
    const { page, context, trouble } = await open(browser, server.base, { size: 'wall', lang, theme, wall: true });
    await page.waitForSelector('.canvas canvas');
    await settle(page, 'wall');
    await keep(page, 'wall', { size: 'wall', lang, theme });
    assert.deepEqual(trouble, []);
    const least = await leastLetter(page);
    assert.ok(least.px >= 23.5, `${least.px} px: ${least.text}`);
    assert.equal(await page.locator('button, input, select').count(), 0);
    const main = await page.evaluate(() => {
      const el = document.querySelector('main');
      return el.scrollHeight - el.clientHeight;
    });
    assert.ok(main <= 0, `${main} px do not fit`);
    await context.close();
  });

for (const name of ['overview', 'air', 'station', 'device', 'events'])
  test(`${name} fits 360 px and has targets for a finger`, async () => {
    const { page, context, trouble } = await open(browser, server.base, { size: 'narrow', hash: screens[name] });
    await settle(page, name);
    assert.deepEqual(trouble, []);
    assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= 360);
    const small = await page.evaluate(() =>
      [...document.querySelectorAll('button, select, nav a')]
        .filter((e) => !e.closest('.twin, .hidden') && e.getBoundingClientRect().height > 0 && e.getBoundingClientRect().height < 43.5)
        .map((e) => `${e.getBoundingClientRect().height} ${e.textContent.trim().slice(0, 20)} ${e.className}`),
    );
    assert.deepEqual(small, []);
    await context.close();
  });
