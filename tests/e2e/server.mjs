// SPDX-License-Identifier: Apache-2.0
// What the browser tests talk to: QK_BASE_URL when given; else the program (QK_PROGRAM, or
// build/qingkong) started as `qingkong demo`, where it has that command; else the stand-in server of
// ui/dev/mock.mjs, which QK_MOCK=1 asks for.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const START_MS = 60_000;
const PAST_MS = 180_000;
const STOP_MS = 60_000;
// What the screens need of the past; the whole month that `qingkong demo` sends by itself costs each
// server of a test four times as much. Only who looks at forecasts has them learnt. Time goes as it does
// outside: sixty times faster the devices alone would keep a quarter of a core busy.
const HISTORY_DAYS = 10;

async function freePort() {
  const s = createServer().listen(0, '127.0.0.1');
  await once(s, 'listening');
  const { port } = s.address();
  s.close();
  await once(s, 'close');
  return port;
}

/** Reads the address from the first line that holds one. */
function addressOf(child) {
  return new Promise((done, fail) => {
    let text = '';
    const timer = setTimeout(() => fail(new Error(`no address within ${START_MS} ms: ${text}`)), START_MS);
    child.stdout.on('data', (c) => {
      text += c;
      const m = /https?:\/\/\S+/.exec(text);
      if (!m) return;
      clearTimeout(timer);
      done(m[0].endsWith('/') ? m[0] : m[0] + '/');
    });
    child.on('exit', (code) => fail(new Error(`the server ended with ${code}: ${text}`)));
  });
}

const file = (path) => fileURLToPath(new URL(path, import.meta.url));

/** The program, if it knows the demo. */
function program() {
  const path = process.env.QK_PROGRAM ?? file('../../build/qingkong');
  if (process.env.QK_MOCK || !existsSync(path)) return null;
  return spawnSync(path, ['help', 'demo'], { stdio: 'ignore' }).status === 0 ? path : null;
}

function keyOf(dir, name) {
  const path = join(dir, `${name}.key`);
  return existsSync(path) ? readFileSync(path, 'utf8').trim() : null;
}

async function end(child, dir) {
  if (child.exitCode === null && child.signalCode === null) {
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    const late = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    await ended;
    clearTimeout(late);
    if (child.signalCode === 'SIGKILL') throw new Error(`the server did not end within ${STOP_MS} ms`);
  }
  if (dir) rmSync(dir, { recursive: true, force: true });
}

/** The address once `ready` holds. A server that never gets there is ended: while it lived, the test would, too. */
async function begun(child, dir, ready = async () => undefined) {
  try {
    const base = await addressOf(child);
    await ready(base);
    return base;
  } catch (e) {
    await end(child, dir);
    throw e;
  }
}

/** { base, key, admin, mock, own, stop }: own = started here, so that tests may change it. `env` asks for the stand-in,
 * `args` go to `qingkong demo` and ask for an instance of one's own. */
export async function serve(env = null, args = [], forecasts = false) {
  if (process.env.QK_BASE_URL && !env && !args.length) {
    const base = process.env.QK_BASE_URL;
    return { base: base.endsWith('/') ? base : base + '/', key: process.env.QK_OPERATOR_KEY ?? null, mock: false, own: false, stop: async () => undefined };
  }
  const demo = env ? null : program();
  const dir = demo ? mkdtempSync(join(tmpdir(), 'qk-e2e-')) : null;
  const child = demo
    ? spawn(demo, ['demo', '--data', dir, '--http', `127.0.0.1:${await freePort()}`, '--hj212', `127.0.0.1:${await freePort()}`, ...(args.length ? args : ['--history', String(HISTORY_DAYS), '--speed', '1']), ...(forecasts ? [] : ['--forecasts', '0'])], { stdio: ['ignore', 'pipe', 'inherit'] })
    : spawn(process.execPath, [file('../../ui/dev/mock.mjs'), String(await freePort())], { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, ...env } });
  // The demo writes its own past and sets goals behind it: whoever changes something meanwhile may have to
  // wait longer than the store lets anybody wait, and is refused.
  const base = await begun(child, dir, (at) => demo && until(() => api(at, 'air/targets'), ({ row_version }) => row_version > 1, PAST_MS));
  return {
    base,
    key: demo ? keyOf(dir, 'operator') : 'mock-key',
    admin: demo ? keyOf(dir, 'admin') : null,
    mock: !demo,
    own: true,
    stop: () => end(child, dir),
  };
}

/** An empty instance of a county that begins, its clock at a time of its own. */
export async function serveEmpty(clock) {
  const dir = mkdtempSync(join(tmpdir(), 'qk-e2e-'));
  const child = spawn(program(), ['serve', '--data', dir, '--http', `127.0.0.1:${await freePort()}`, '--hj212', `127.0.0.1:${await freePort()}`, '--clock', clock], { stdio: ['ignore', 'pipe', 'inherit'] });
  const base = await begun(child, dir);
  return { base, key: keyOf(dir, 'operator'), stop: () => end(child, dir) };
}

/** Asks until the answer is as wanted, a minute long unless told; the last answer either way. */
export async function until(ask, wanted, ms = 60_000) {
  const end = Date.now() + ms;
  for (;;) {
    const answer = await ask();
    if ((await wanted(answer)) || Date.now() > end) return answer;
    await new Promise((done) => setTimeout(done, 500));
  }
}

/** For until(): the same twice running, in what `of` takes from an answer. */
export function steady(of = (answer) => answer) {
  let last = null;
  return (answer) => {
    const now = JSON.stringify(of(answer));
    const same = now === last;
    last = now;
    return same;
  };
}

export async function api(base, path) {
  const answer = await fetch(`${base}api/v1/${path}`);
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer.json();
}
