// SPDX-License-Identifier: Apache-2.0
// The pages of the plan at every size, in both languages and themes, on the demo's own plan, whose
// year is lived up to December. QK_SHOTS=DIR keeps pictures.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { atRest, audit, launch, leastLetter, open } from './browser.mjs';
import { serve } from './server.mjs';

let server;
let browser;
before(async () => {
  server = await serve(null, ['--history', '1', '--speed', '1', '--no-devices']);
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

async function shot(page, name) {
  if (process.env.QK_SHOTS) await page.screenshot({ path: `${process.env.QK_SHOTS}/plans-${name}.png` });
}

describe('the pages of the plan', { concurrency: 2 }, () => {
  const LOOKS = [
    { size: 'desk', lang: 'zh', theme: 'light' },
    { size: 'desk', lang: 'en', theme: 'dark' },
    { size: 'phone', lang: 'zh', theme: 'dark' },
    { size: 'phone', lang: 'en', theme: 'light' },
  ];
  const SCREENS = {
    leader: ['#/plans/leader', '.answer'],
    library: ['#/plans', '.plans li'],
    document: ['#/plans/doc/2025-1', '.row .line'],
    board: ['#/plans/board', 'details'],
    task: ['#/plans/task/2025-1-t1', 'tbody tr'],
    mine: ['#/plans/mine?u=t01', '.task'],
    month: ['#/plans/month', '.lines li'],
    bulletins: ['#/plans/bulletins', 'h1'],
    departments: ['#/plans/departments', 'h1'],
    settings: ['#/admin/settings', 'h1'],
    ledgers: ['#/ledgers', '.list li a'],
    ledger: ['#/ledgers/nrmm_test', '.long'],
    cases: ['#/cases', '.long'],
    assess: ['#/assess', 'h1'],
    money: ['#/assess/money?p=2025-10', 'h1'],
  };
  for (const look of LOOKS)
    for (const [name, [hash, ready]] of Object.entries(SCREENS))
      test(`${name}, ${look.size}, ${look.lang}, ${look.theme}`, async (t) => {
        if (server.mock) return t.skip('the stand-in reads no plan');
        const { page, context, trouble } = await open(browser, server.base, { ...look, hash });
        await page.waitForSelector(ready);
        await atRest(page);
        await shot(page, `${name}-${look.size}-${look.lang}-${look.theme}`);
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        assert.ok(wide <= 0, `the page is ${wide} px too wide`);
        const least = await leastLetter(page);
        assert.ok(least.px >= 11.99, `${least.px} px: ${least.text}`);
        assert.deepEqual(await audit(page), []);
        assert.deepEqual(trouble, []);
        await context.close();
      });
});
