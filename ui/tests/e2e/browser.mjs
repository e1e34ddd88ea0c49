// SPDX-License-Identifier: Apache-2.0
// The browser of the tests: Debian's chromium, no network but the instance under test.
import { chromium } from 'playwright-core';

export const BASE = process.env.QK_BASE_URL ?? 'http://127.0.0.1:8099/';

export const SIZES = { desk: { width: 1440, height: 900 }, phone: { width: 390, height: 844 }, wall: { width: 1920, height: 1080 } };

export function launch() {
  return chromium.launch({
    executablePath: process.env.QK_CHROMIUM ?? '/usr/bin/chromium',
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
}

/** A page that keeps what went wrong: console errors, refused resources, uncaught exceptions. */
export async function open(browser, { size = 'desk', lang = 'zh', theme = 'light', hash = '#/', wall = false } = {}) {
  const context = await browser.newContext({
    viewport: SIZES[size],
    deviceScaleFactor: 1,
    hasTouch: size === 'phone',
    isMobile: size === 'phone',
    reducedMotion: 'reduce',
  });
  const page = await context.newPage();
  const trouble = [];
  page.on('console', (m) => m.type() === 'error' && trouble.push(m.text()));
  page.on('pageerror', (e) => trouble.push(String(e)));
  const query = new URLSearchParams({ lang, theme });
  if (wall) query.set('wall', '');
  await page.goto(`${BASE}?${query}${hash}`, { waitUntil: 'load' });
  return { page, context, trouble };
}
