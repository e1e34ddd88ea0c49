// SPDX-License-Identifier: Apache-2.0
// The browser of the tests: Debian's chromium, no network but the instance under test.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
// The tools of the page's tests are installed with the page.
const ui = createRequire(new URL('../../ui/package.json', import.meta.url));
const { chromium } = ui('playwright-core');
const AXE = readFileSync(ui.resolve('axe-core/axe.min.js'), 'utf8');

export const SIZES = {
  desk: { width: 1440, height: 900 },
  small: { width: 1366, height: 768 },
  phone: { width: 390, height: 844 },
  narrow: { width: 360, height: 740 },
  wall: { width: 1920, height: 1080 },
};

export function launch() {
  return chromium.launch({
    executablePath: process.env.QK_CHROMIUM ?? '/usr/bin/chromium',
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
}

/** A page that keeps what went wrong: console errors, policy violations, uncaught exceptions, requests elsewhere. */
export async function open(browser, base, { size = 'desk', lang = 'zh', theme = 'light', hash = '#/', wall = false, ready = 'h1' } = {}) {
  const touch = size === 'phone' || size === 'narrow';
  const context = await browser.newContext({ viewport: SIZES[size], hasTouch: touch, isMobile: touch, reducedMotion: 'reduce', locale: lang === 'zh' ? 'zh-CN' : 'en-GB', acceptDownloads: true });
  const page = await context.newPage();
  const trouble = [];
  page.on('console', (m) => m.type() === 'error' && trouble.push(m.text()));
  page.on('pageerror', (e) => trouble.push(String(e)));
  page.on('request', (r) => !r.url().startsWith(base) && !/^(data|blob):/.test(r.url()) && trouble.push(`request elsewhere: ${r.url()}`));
  await page.addInitScript(() => {
    window.addEventListener('securitypolicyviolation', (e) => console.error(`policy: ${e.violatedDirective} ${e.blockedURI}`));
  });
  const query = new URLSearchParams({ lang, theme });
  if (wall) query.set('wall', '');
  await page.goto(`${base}?${query}${hash}`, { waitUntil: 'load' });
  if (ready) await page.waitForSelector(ready, { timeout: 15_000 });
  return { page, context, trouble };
}

/** Serious and critical findings of axe-core, each as one line. */
export async function audit(page) {
  // evaluate() runs outside the page's policy, as a tool of the browser does.
  await page.evaluate(AXE);
  const found = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
  return found.violations
    .filter((v) => v.impact === 'serious' || v.impact === 'critical')
    .map((v) => `${v.id}: ${v.nodes.slice(0, 3).map((n) => `${n.target.join(' ')} ${n.any[0]?.message ?? n.all[0]?.message ?? ''}`).join(' | ')}`);
}

/** The least size of any letter in sight, with its text. */
export function leastLetter(page) {
  return page.evaluate(() => {
    const out = { px: Infinity, text: '' };
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let n = walk.nextNode(); n; n = walk.nextNode()) {
      const el = n.parentElement;
      if (!n.data.trim() || !el || el.closest('.hidden, script, noscript, .twin, option')) continue;
      const box = el.getBoundingClientRect();
      if (!box.width || !box.height || getComputedStyle(el).visibility === 'hidden') continue;
      const matrix = el instanceof SVGElement && el.getScreenCTM ? el.getScreenCTM() : null;
      const px = parseFloat(getComputedStyle(el).fontSize) * (matrix ? Math.abs(matrix.a) || 1 : 1);
      if (px < out.px) Object.assign(out, { px, text: n.data.trim().slice(0, 40) });
    }
    return out;
  });
}
