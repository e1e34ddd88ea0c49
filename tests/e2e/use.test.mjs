// SPDX-License-Identifier: Apache-2.0
// The page in use: by keyboard alone, by link, with the operator key, with the stream lost.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { atRest, launch, open } from './browser.mjs';
import { api, serve } from './server.mjs';

let server;
let browser;
let sites;
before(async () => {
  server = await serve();
  browser = await launch();
  sites = (await api(server.base, 'sites?limit=5000')).items;
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

const air = () => sites.find((s) => s.kind.startsWith('air'));
const hashOf = (page) => page.evaluate(() => location.hash);

test('the keyboard alone reaches everything', async () => {
  const { page, context, trouble } = await open(browser, server.base, {});
  await page.waitForSelector('.canvas canvas');
  await page.keyboard.press('Tab');
  assert.ok(await page.evaluate(() => document.activeElement.classList.contains('skip')));
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'main');

  const seen = [];
  for (let i = 0; i < 60; i++) {
    await page.keyboard.press('Tab');
    const at = await page.evaluate(() => {
      const e = document.activeElement;
      const style = getComputedStyle(e);
      return { tag: e.tagName, cls: String(e.className), visible: style.outlineStyle !== 'none' || e.closest('.field, .twin') !== null, twin: e.closest('.twin') !== null };
    });
    seen.push(at);
    if (at.twin) break;
  }
  assert.ok(seen.some((s) => s.cls.includes('canvas')), 'the map takes the focus');
  assert.ok(seen.some((s) => s.twin), 'the list twin of the map takes the focus');
  assert.deepEqual(seen.filter((s) => !s.visible), [], 'focus is always seen');
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => location.hash.startsWith('#/site/'));
  await page.waitForSelector('.plot canvas');

  await page.waitForFunction(() => document.querySelector('.read b')?.textContent !== '–');
  await page.locator('.panels').focus();
  const said = () => page.locator('.panels').getAttribute('aria-valuetext');
  await page.keyboard.press('End');
  const before = await said();
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('ArrowLeft');
  await page.waitForFunction((was) => document.querySelector('.panels').getAttribute('aria-valuetext') !== was, before);
  const zoomed = await hashOf(page);
  await page.keyboard.press('+');
  await page.waitForFunction((h) => location.hash !== h, zoomed);
  assert.match(await hashOf(page), /from=\d+T\d+&.*to=/);
  assert.deepEqual(trouble, []);
  await context.close();
});

test('/ finds by name and by MN, and Escape leaves it', async () => {
  const { page, context, trouble } = await open(browser, server.base, {});
  const site = sites.find((s) => s.devices.length);
  await page.keyboard.press('/');
  await page.waitForFunction(() => document.activeElement.tagName === 'INPUT');
  await page.keyboard.type(site.devices[0].slice(-6));
  await page.waitForSelector('[role=option]');
  await page.keyboard.press('Escape');
  assert.equal(await page.locator('[role=option]').count(), 0);
  await page.keyboard.press('/');
  await page.keyboard.type(site.name_zh);
  await page.waitForSelector('[role=option]');
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => /^#\/(site|device|sources|\?div)/.test(location.hash));
  assert.deepEqual(trouble, []);
  await context.close();
});

test('what is typed into search is never markup', async () => {
  const { page, context, trouble } = await open(browser, server.base, {});
  await page.keyboard.press('/');
  const answered = page.waitForResponse((r) => r.url().includes('/search') && r.url().includes('alert'));
  await page.keyboard.type('<img src=x onerror=alert(1)>');
  await answered;
  await atRest(page);
  assert.equal(await page.locator('.panel img').count(), 0);
  assert.deepEqual(trouble, []);
  await context.close();
});

test('a link shows the same view to a colleague', async () => {
  const a = await open(browser, server.base, { hash: `#/site/${air().id}` });
  await a.page.waitForSelector('.u-over');
  const box = await a.page.locator('.u-over').first().boundingBox();
  await a.page.mouse.move(box.x + box.width * 0.3, box.y + 60);
  await a.page.mouse.down();
  await a.page.mouse.move(box.x + box.width * 0.6, box.y + 60, { steps: 6 });
  await a.page.mouse.up();
  await a.page.waitForFunction(() => location.hash.includes('from='));
  const link = await hashOf(a.page);
  const kind = await a.page.locator('.kind select option').first().innerText();
  const b = await open(browser, server.base, { hash: link });
  await b.page.waitForSelector('.u-over');
  assert.equal(await hashOf(b.page), link);
  assert.equal(await b.page.locator('.kind select option').first().innerText(), kind);
  await a.page.locator('.u-over').first().dblclick();
  await a.page.waitForFunction((l) => location.hash !== l, link);
  assert.ok(!(await hashOf(a.page)).includes('from='), 'double click goes back');
  assert.deepEqual([...a.trouble, ...b.trouble], []);
  await a.context.close();
  await b.context.close();
});

test('a chart moves with its axis and with a sideways wheel, its frames timed', async (t) => {
  const { page, context, trouble } = await open(browser, server.base, { hash: `#/site/${air().id}?f=a34004,a34002,a05024&k=minute&p=365d` });
  await page.waitForSelector('.u-over');
  await page.waitForFunction(() => document.querySelector('.read b')?.textContent !== '–');
  const axis = page.locator('.u-axis').first();
  const box = await axis.boundingBox();
  const before = await hashOf(page);
  const frames = await page.evaluate(async (at) => {
    const el = document.querySelector('.u-axis');
    const send = (type, x) => el.dispatchEvent(new PointerEvent(type, { pointerId: 1, button: 0, clientX: x, clientY: at.y, bubbles: true }));
    el.setPointerCapture = () => undefined;
    send('pointerdown', at.x);
    const out = [];
    let last = performance.now();
    for (let i = 0; i < 60; i++) {
      send('pointermove', at.x + i * 4);
      await new Promise((done) => requestAnimationFrame(done));
      const now = performance.now();
      out.push(now - last);
      last = now;
    }
    send('pointerup', at.x + 240);
    return out;
  }, { x: box.x + box.width / 2, y: box.y + box.height / 2 });
  await page.waitForFunction((h) => location.hash !== h, before);
  const sorted = [...frames].sort((a, b) => a - b);
  t.diagnostic(`moving three panels, a year wide: median frame ${sorted[30].toFixed(1)} ms, p95 ${sorted[57].toFixed(1)} ms`);
  const moved = await hashOf(page);
  assert.match(moved, /from=\d+T\d+&.*to=/);
  await page.mouse.move(box.x + box.width / 2, box.y - 60);
  await page.keyboard.down('Shift');
  await page.mouse.wheel(0, 120);
  await page.keyboard.up('Shift');
  await page.waitForFunction((h) => location.hash !== h, moved);
  await page.locator('.panels').focus();
  const wheeled = await hashOf(page);
  await page.keyboard.press('PageUp');
  await page.waitForFunction((h) => location.hash !== h, wheeled);
  assert.deepEqual(trouble, []);
  await context.close();
});

test('S026 the index stands beside the concentrations on the chart', async () => {
  const { page, context, trouble } = await open(browser, server.base, { hash: `#/site/${air().id}` });
  await page.locator('li button', { hasText: /^AQI/ }).click();
  await page.waitForFunction(() => /f=[^&]*aqi/.test(location.hash));
  const figure = page.locator('figure').filter({ hasText: 'AQI' });
  await figure.locator('.read b').filter({ hasText: /^\d+$/ }).waitFor();
  assert.deepEqual(trouble, []);
  await context.close();
});

test('the first load is small, its paint timed', async (t) => {
  const { page, context, trouble } = await open(browser, server.base, { ready: '.index .swatch' });
  await page.waitForSelector('.canvas canvas');
  const load = await page.evaluate(() => {
    const kb = (list) => list.reduce((a, r) => a + r.transferSize, 0) / 1000;
    const all = performance.getEntriesByType('resource');
    const files = all.filter((r) => r.name.includes('/assets/'));
    const map = files.filter((r) => /\/(map|county)-/.test(r.name));
    return {
      paint: performance.getEntriesByName('first-contentful-paint')[0]?.startTime,
      page: kb(files) - kb(map),
      map: kb(map),
      data: kb(all.filter((r) => r.name.includes('/api/'))),
    };
  });
  t.diagnostic(`first load: paint ${load.paint?.toFixed(0)} ms, page ${load.page.toFixed(0)} kB, map ${load.map.toFixed(0)} kB, data ${load.data.toFixed(0)} kB as sent`);
  assert.ok(load.page > 0 && load.page < 200, `${load.page} kB before the map`);
  assert.deepEqual(trouble, []);
  await context.close();
});

test('sorting, filters and layers stand in the address', async () => {
  const { page, context, trouble } = await open(browser, server.base, { hash: '#/air' });
  await page.getByRole('button', { name: /^AQI/ }).click();
  assert.match(await hashOf(page), /sort=aqi/);
  const values = await page.locator('tbody tr td:nth-child(2) b').allInnerTexts();
  const numbers = values.map(Number).filter(Number.isFinite);
  assert.deepEqual(numbers, [...numbers].sort((x, y) => y - x));
  await page.goto(`${server.base}?lang=zh&theme=light#/?layers=air_national,names`);
  await page.reload();
  await page.waitForSelector('.canvas canvas');
  await page.getByRole('button', { name: '图层' }).click();
  const on = await page.locator('.layers input:checked').count();
  assert.ok(on <= 2 && on >= 1);
  await page.keyboard.press('Escape');
  assert.equal(await page.locator('.layers').count(), 0);
  assert.deepEqual(trouble, []);
  await context.close();
});

test('the chart gives its data and its picture', async () => {
  const { page, context, trouble } = await open(browser, server.base, { hash: `#/site/${air().id}` });
  await page.waitForSelector('.plot canvas');
  await page.waitForFunction(() => document.querySelector('.read b')?.textContent !== '–');
  for (const [label, end] of [['CSV', '.csv'], ['PNG', '.png']]) {
    const saved = page.waitForEvent('download').then((d) => d.suggestedFilename(), () => null);
    const copied = page.locator('.right [role=status]').filter({ hasText: '已复制' }).waitFor().then(() => 'copied', () => null);
    await page.getByRole('button', { name: label, exact: true }).click();
    const first = await Promise.race([saved, copied]);
    assert.ok(first === 'copied' || first?.endsWith(end), `${label}: ${first}`);
    await page.locator('.right [role=status]').filter({ hasText: /已/ }).waitFor({ state: 'detached' });
  }
  assert.deepEqual(trouble, []);
  await context.close();
});

test('language and theme change at once and are remembered', async () => {
  const { page, context, trouble } = await open(browser, server.base, { hash: '#/events' });
  await page.getByRole('button', { name: 'Switch to English' }).click();
  await page.locator('h1').first().filter({ hasText: /^Events$/ }).waitFor();
  const dark = () => page.evaluate(() => document.documentElement.dataset.theme);
  const was = await dark();
  await page.getByRole('button', { name: /^(Light|Dark)$/ }).click();
  await page.waitForFunction((theme) => document.documentElement.dataset.theme !== theme, was);
  await page.goto(`${server.base}#/events`);
  await page.reload();
  await page.waitForSelector('h1');
  assert.equal(await page.locator('h1').first().innerText(), 'Events');
  assert.notEqual(await dark(), was);
  assert.deepEqual(trouble, []);
  await context.close();
});

test('a device sends again what is asked for, after the key is given', async (t) => {
  if (!server.key) return t.skip('no operator key: set QK_OPERATOR_KEY');
  const { page, context } = await open(browser, server.base, { hash: `#/device/${air().devices[0]}` });
  await page.waitForSelector('.frames li');
  await page.getByRole('button', { name: '索取', exact: true }).click();
  await page.waitForSelector('dialog[open] input[type=password]');
  await page.locator('dialog input').fill('not the key');
  await page.locator('dialog button[type=submit]').click();
  await page.getByRole('alert').filter({ hasText: '不认' }).waitFor();
  await page.locator('dialog input').fill(server.key);
  await page.locator('dialog button[type=submit]').click();
  await page.waitForSelector('[role=progressbar], .word');
  if (server.mock) {
    await page.waitForSelector('[role=progressbar]');
    await page.getByRole('button', { name: '取消', exact: true }).click();
    await page.getByText('已取消').waitFor();
  }
  assert.equal(await page.evaluate(() => localStorage.getItem('qk.operator')), null, 'the key is not kept beyond the tab');
  await context.close();
});

test('a row somebody else has changed is not overwritten unseen', async (t) => {
  if (!server.own || !server.key) return t.skip('changes the register: an instance of our own only');
  const mn = sites.find((s) => s.kind === 'outlet').devices[0];
  const was = await api(server.base, `devices/${mn}`);
  const { page, context } = await open(browser, server.base, { hash: `#/device/${mn}` });
  await page.waitForSelector('#set-rtd_interval_s');
  await page.evaluate((k) => sessionStorage.setItem('qk.operator', k), server.key);
  await page.locator('#set-rtd_interval_s').fill('45');
  const other = await fetch(`${server.base}api/v1/devices/${mn}`, {
    method: 'PUT',
    headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${server.key}`, 'Idempotency-Key': 'somebody-else-0001' },
    body: JSON.stringify({ row_version: was.row_version, rtd_interval_s: 30 }),
  });
  assert.equal(other.status, 200, await other.text());
  await page.getByRole('button', { name: '保存' }).click();
  const row = page.locator('.conflict tr').filter({ hasText: '实时间隔' });
  await row.waitFor();
  assert.match(await row.innerText(), /30 s\s+45 s/);
  await page.getByRole('button', { name: '仍存我的' }).click();
  await page.getByText('已保存').waitFor();
  const now = await api(server.base, `devices/${mn}`);
  assert.equal(now.expected.rtd_interval_s, 45);
  assert.equal(now.row_version, was.row_version + 2);
  await context.close();
});

test('an unknown device is approved to a site', async (t) => {
  if (!server.own || !server.key) return t.skip('changes the register: an instance of our own only');
  const { page, context, trouble } = await open(browser, server.base, { hash: '#/devices?view=parked' });
  await page.evaluate((k) => sessionStorage.setItem('qk.operator', k), server.key);
  await page.waitForSelector('article');
  const mn = await page.locator('article h2').first().innerText();
  await page.locator('article button.primary').first().click();
  await page.locator('dialog select').selectOption({ index: 3 });
  await page.locator('dialog button[type=submit]').click();
  await page.locator('article h2').filter({ hasText: mn }).waitFor({ state: 'detached' });
  assert.ok((await api(server.base, `devices/${mn}`)).status === 'approved');
  assert.deepEqual(trouble, []);
  await context.close();
});

test('a lost stream is said with its age, and goes when the stream is back', async (t) => {
  if (!server.mock) return t.skip('needs a server that can be made to fall silent');
  const { page, context } = await open(browser, server.base, {});
  await page.waitForSelector('.canvas canvas');
  await fetch(`${server.base}mock/down?s=8`);
  await page.getByText(/实时连接中断 \d+/).waitFor();
  await page.getByText(/实时连接中断/).waitFor({ state: 'detached' });
  await context.close();
});

test('a simulated clock is marked and can be set', async (t) => {
  const { clock, demo } = await api(server.base, 'health');
  if (!server.own || !clock.simulated || !demo) return t.skip('not a demo instance of our own');
  const { page, context, trouble } = await open(browser, server.base, {});
  await page.getByText(/模拟 ×/).waitFor();
  await page.getByRole('button', { name: '模拟时钟' }).click();
  const t0 = Date.now();
  const now = Date.parse((await api(server.base, 'health')).now);
  await page.getByRole('button', { name: '前进 1 h' }).click();
  await page.waitForFunction(() => !document.querySelector('header form'));
  const moved = Date.parse((await api(server.base, 'health')).now) - now;
  const most = 3600e3 + clock.speed * (Date.now() - t0) + 10e3;
  assert.ok(moved >= 3590e3 && moved <= most, `${moved} ms of at most ${most}`);
  assert.deepEqual(trouble, []);
  await context.close();
});

test('a hundred thousand devices scroll', async (t) => {
  const many = await serve({ MOCK_DEVICES: '100000' });
  t.after(() => many.stop());
  const { page, context, trouble } = await open(browser, many.base, { hash: '#/devices' });
  await page.waitForFunction(() => document.querySelector('table')?.getAttribute('aria-rowcount') === '100001', null, { timeout: 180_000 });
  // the work of the page's own thread: how long a loaded machine makes it wait is not its doing
  const wire = await context.newCDPSession(page);
  await wire.send('Performance.enable', { timeDomain: 'threadTicks' });
  const worked = async () => (await wire.send('Performance.getMetrics')).metrics.find((m) => m.name === 'TaskDuration').value;
  const t0 = await worked();
  await page.locator('.long').evaluate((e) => (e.scrollTop = e.scrollHeight / 2));
  await page.waitForFunction(() => Number(document.querySelector('tr[aria-rowindex]')?.getAttribute('aria-rowindex')) > 49_000);
  assert.ok((await page.locator('tbody tr').count()) < 120, 'only what is in sight is in the document');
  await page.locator('.long').evaluate((e) => (e.scrollTop = e.scrollHeight));
  await page.waitForSelector('tr[aria-rowindex="100001"]');
  const cost = (await worked()) - t0;
  assert.ok(cost > 0 && cost < 2, `${cost} s`);
  await page.locator('input[type=search]').fill('99999');
  await page.waitForFunction(() => Number(document.querySelector('table').getAttribute('aria-rowcount')) < 30);
  assert.deepEqual(trouble, []);
  await context.close();
});
