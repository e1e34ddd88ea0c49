// SPDX-License-Identifier: Apache-2.0
// What the browser tests talk to: QK_BASE_URL when given; with QK_DEMO=PATH the program started as
// `PATH demo`; else the stand-in server of dev/mock.mjs.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const START_MS = 30_000;

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

/** { base, key, mock, stop }. `env` goes to the stand-in only. */
export async function serve(env = {}) {
  if (process.env.QK_BASE_URL && !Object.keys(env).length) {
    const base = process.env.QK_BASE_URL;
    return { base: base.endsWith('/') ? base : base + '/', key: process.env.QK_OPERATOR_KEY ?? null, mock: false, stop: async () => undefined };
  }
  const demo = process.env.QK_DEMO && !Object.keys(env).length;
  const dir = demo ? mkdtempSync(join(tmpdir(), 'qk-e2e-')) : null;
  const child = demo
    ? spawn(process.env.QK_DEMO, ['demo', '--data', dir], { stdio: ['ignore', 'pipe', 'inherit'] })
    : spawn(process.execPath, [fileURLToPath(new URL('../../dev/mock.mjs', import.meta.url)), String(await freePort())], { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, ...env } });
  const base = await addressOf(child);
  return {
    base,
    key: demo ? (process.env.QK_OPERATOR_KEY ?? null) : 'mock-key',
    mock: !demo,
    stop: async () => {
      child.kill('SIGTERM');
      if (child.exitCode === null) await once(child, 'exit');
      if (dir) rmSync(dir, { recursive: true, force: true });
    },
  };
}

export async function api(base, path) {
  const answer = await fetch(`${base}api/v1/${path}`);
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer.json();
}
