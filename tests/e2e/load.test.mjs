// SPDX-License-Identifier: Apache-2.0
// What a first visit costs: program, styles and the data of the whole county, as it comes over the wire.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch } from './browser.mjs';
import { api, serve, until } from './server.mjs';

const LIMIT = 300_000;
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

test('the first load with its data stays below 300 kB', async (t) => {
  if (server.mock) return t.skip('the stand-in server packs nothing');
  await until(() => api(server.base, 'health'), ({ counts }) => counts.online >= 300, 120_000);
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const page = await context.newPage();
  const wire = await context.newCDPSession(page);
  const names = new Map();
  const bytes = {};
  await wire.send('Network.enable');
  wire.on('Network.requestWillBeSent', (e) => names.set(e.requestId, new URL(e.request.url).pathname));
  wire.on('Network.loadingFinished', (e) => (bytes[names.get(e.requestId)] = e.encodedDataLength));
  await page.goto(server.base);
  await page.waitForSelector('.canvas canvas');
  await page.waitForLoadState('load');
  await until(() => bytes, (b) => '/api/v1/devices' in b && '/api/v1/latest' in b);
  const sum = Object.values(bytes).reduce((a, b) => a + b, 0);
  assert.ok(bytes['/api/v1/latest'] > 10_000 && bytes['/api/v1/devices'] > 5_000, JSON.stringify(bytes));
  assert.ok(sum < LIMIT, `${sum}: ${JSON.stringify(bytes)}`);
  await context.close();
});
