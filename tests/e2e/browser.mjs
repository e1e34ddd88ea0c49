// SPDX-License-Identifier: Apache-2.0
// The browser of the tests: Debian's chromium, no network but the instance under test.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
// The tools of the page's tests are installed with the page.
const ui = createRequire(new URL('../../ui/package.json', import.meta.url));
const { chromium } = ui('playwright-core');
const AXE = readFileSync(ui.resolve('axe-core/axe.min.js'), 'utf8');

/** What waits for work on a loaded machine of two cores. */
const PATIENCE_MS = 60_000;

export const SIZES = {
  desk: { width: 1440, height: 900 },
  small: { width: 1366, height: 768 },
  phone: { width: 390, height: 844 },
  narrow: { width: 360, height: 740 },
  wall: { width: 1920, height: 1080 },
};

// The popup of the address bar is a page of the browser's own, with a process that each window
// starts. The others are what playwright leaves out: a second list takes the first one's place.
const WITHOUT = [
  ...['WebUIOmniboxPopup', 'WebUIOmniboxAimPopup', 'WebUIOmniboxFullPopup'],
  ...['AvoidUnnecessaryBeforeUnloadCheckSync', 'BoundaryEventDispatchTracksNodeRemoval', 'DestroyProfileOnBrowserClose', 'DialMediaRouteProvider'],
  ...['GlobalMediaControls', 'HttpsUpgrades', 'LensOverlay', 'MediaRouter', 'PaintHolding', 'ThirdPartyStoragePartitioning', 'Translate'],
  ...['AutoDeElevate', 'RenderDocument', 'OptimizationHints'],
];

export function launch() {
  return chromium.launch({
    executablePath: process.env.QK_CHROMIUM ?? '/usr/bin/chromium',
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', `--disable-features=${WITHOUT}`],
  });
}

/** Of each page, what it has asked for and not got; the stream of changes never ends. */
const pending = new WeakMap();

/** A page that keeps what went wrong: console errors, policy violations, uncaught exceptions, requests elsewhere.
 * `role` = { role, unit? } of the demo, taken before the page is opened. */
export async function open(browser, base, { size = 'desk', lang = 'zh', theme = 'light', hash = '#/', wall = false, ready = 'h1', role = null } = {}) {
  const touch = size === 'phone' || size === 'narrow';
  const context = await browser.newContext({ viewport: SIZES[size], hasTouch: touch, isMobile: touch, reducedMotion: 'reduce', locale: lang === 'zh' ? 'zh-CN' : 'en-GB', acceptDownloads: true });
  context.setDefaultTimeout(PATIENCE_MS);
  if (role) {
    const answer = await context.request.post(`${base}api/v1/demo/session`, { data: role });
    if (!answer.ok()) throw new Error(`role ${JSON.stringify(role)}: ${answer.status()} ${await answer.text()}`);
  }
  const page = await context.newPage();
  const asked = new Set();
  pending.set(page, asked);
  page.on('request', (r) => r.url().endsWith('/api/v1/live') || asked.add(r));
  for (const end of ['requestfinished', 'requestfailed']) page.on(end, (r) => asked.delete(r));
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
  if (ready) await page.waitForSelector(ready);
  return { page, context, trouble };
}

/** Until everything asked for has come and is drawn. */
export async function atRest(page) {
  const end = Date.now() + PATIENCE_MS;
  const asked = pending.get(page);
  for (let quiet = 0; quiet < 3; quiet = asked.size ? 0 : quiet + 1) {
    if (Date.now() > end) throw new Error(`still under way: ${[...asked].map((r) => r.url()).join(' ')}`);
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  }
}

/** Until the open dialog has closed, as it does when the server has taken what was sent; else what it says. */
export async function closed(page) {
  const dialog = page.locator('dialog[open]');
  await dialog.waitFor({ state: 'detached' }).catch(async (e) => {
    throw new Error(`${await dialog.locator('[role=alert], [role=status]').allInnerTexts()} ${e.message}`);
  });
}

/** Serious and critical findings of axe-core, each as one line. */
export async function audit(page) {
  // evaluate() runs outside the page's policy, as a tool of the browser does.
  await page.evaluate(AXE);
  return page.evaluate(findFaults);
}

/** Runs in the page. Contrast is most of what axe-core's rules cost, and a table has a thousand cells
 * that look alike: words whose colours, letters and grounds are the same all the way up have the same
 * contrast, so that one whose ratio could be told speaks for them. Where it could not, and where
 * something placed out of the flow may lie over or under the words, each is measured. */
async function findFaults() {
  const { axe } = window;
  const MARK = 'data-measured';
  const scrolls = (s) => s.overflowX !== 'visible' || s.overflowY !== 'visible';
  const looks = new Map([[document.documentElement, { ground: '', certain: true, scroller: null }]]);
  const grounds = new Map();
  const placed = new Map();
  for (const e of document.querySelectorAll('body, body *')) {
    const s = getComputedStyle(e);
    const up = looks.get(e.parentElement);
    const key = [up.ground, s.backgroundColor, s.backgroundImage, s.opacity, s.mixBlendMode, s.backgroundClip].join(';');
    if (!grounds.has(key)) grounds.set(key, `${grounds.size}`);
    const sides = (name) => ['Top', 'Right', 'Bottom', 'Left'].map((x) => s[name + x]);
    const moved = s.position === 'relative' && [s.top, s.right, s.bottom, s.left].some((x) => x !== 'auto' && x !== '0px');
    const stuck = s.position === 'sticky' && (s.bottom !== 'auto' || (up.scroller ?? document.scrollingElement).scrollTop > 0);
    const out = moved || stuck || ['absolute', 'fixed'].includes(s.position) || s.transform !== 'none' || s.float !== 'none' || sides('margin').some((x) => x.startsWith('-'));
    const opaque = s.backgroundColor.startsWith('rgb(') && s.opacity === '1';
    const scroller = scrolls(s) ? e : up.scroller;
    looks.set(e, { ground: grounds.get(key), certain: opaque || (up.certain && !out), scroller });
    const r = out && e.getBoundingClientRect();
    if (out && r.width > 1 && r.height > 1) placed.set(up.scroller, [...(placed.get(up.scroller) ?? []), [e, r]]);
  }
  const groups = new Map();
  for (const [e, { ground, certain, scroller }] of looks) {
    const words = e.matches('input, select, textarea') ? '' : [...e.childNodes].filter((n) => n.nodeType === Node.TEXT_NODE).map((n) => n.data.trim()).join('');
    const b = e.getBoundingClientRect();
    if ((!words && !e.matches('input, select, textarea')) || b.width <= 1 || b.height <= 1 || !e.checkVisibility({ visibilityProperty: true })) continue;
    const s = getComputedStyle(e);
    const crossed = placed.get(scroller)?.some(([p, r]) => r.left < b.right && r.right > b.left && r.top < b.bottom && r.bottom > b.top && !p.contains(e));
    const text = (e.innerText ?? e.textContent).trim();
    const sign = text.length === 1 || !/[\p{L}\p{N}]/u.test(text) ? text : '';
    const key = !certain || crossed ? e : [sign, ground, s.color, s.webkitTextFillColor, s.webkitTextStroke, s.textShadow, s.fontSize, s.fontWeight].join(';');
    if (groups.has(key)) groups.get(key).push(e);
    else groups.set(key, [e]);
  }
  axe.configure({ rules: [{ id: 'color-contrast', selector: `[${MARK}]` }] });
  const run = async (list, options) => {
    for (const e of list) e.setAttribute(MARK, '');
    const told = await axe.run(document, { ...options, elementRef: true, selectors: false, preload: false });
    for (const e of list) e.removeAttribute(MARK);
    return told;
  };
  const lesser = axe._audit.rules.filter((r) => r.impact === 'minor' || r.impact === 'moderate');
  const first = await run([...groups.values()].map((list) => list[0]), { rules: Object.fromEntries(lesser.map((r) => [r.id, { enabled: false }])) });
  // a ratio speaks for its group, and a sign that is no word for the same sign
  const speaks = ({ data }) => typeof data?.contrastRatio === 'number' || ['nonBmp', 'shortTextContent'].includes(data?.messageKey);
  const nodes = [...first.passes, ...first.violations, ...first.incomplete].filter((v) => v.id === 'color-contrast').flatMap((v) => v.nodes);
  const settled = new Set(nodes.filter((n) => n.any.some(speaks)).map((n) => n.element));
  const rest = [...groups.values()].filter((list) => !settled.has(list[0])).flatMap((list) => list.slice(1));
  const second = rest.length ? await run(rest, { runOnly: ['color-contrast'] }) : { violations: [] };
  const named = (e) => `${e.parentElement?.localName} > ${e.cloneNode().outerHTML.slice(0, 120)}`;
  return [...first.violations, ...second.violations]
    .filter((v) => v.impact === 'serious' || v.impact === 'critical')
    .map((v) => `${v.id}: ${v.nodes.slice(0, 3).map((n) => `${named(n.element)} ${n.any[0]?.message ?? n.all[0]?.message ?? ''}`).join(' | ')}`);
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
