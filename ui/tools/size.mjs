// SPDX-License-Identifier: Apache-2.0
// Weighs the built page as it travels (gzip): the first load may be 200 kB without the map, and
// everything together 600 kB (plans, ledgers, cases and administration came with 100, the forecast desk,
// dispersion and the studio with another). Prints each file; exit status 1 when a budget is broken.
import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const FIRST_KB = 200;
const ALL_KB = 600;
const dist = fileURLToPath(new URL('../dist/', import.meta.url));
const weigh = (name) => gzipSync(readFileSync(dist + name), { level: 9 }).length / 1000;

const html = readFileSync(dist + 'index.html', 'utf8');
const first = new Set(['index.html', ...[...html.matchAll(/(?:src|href)="\.\/([^"]+)"/g)].map((m) => m[1])]);
const files = ['index.html', ...readdirSync(dist + 'assets').map((f) => 'assets/' + f)];
let head = 0;
let all = 0;
for (const name of files.sort()) {
  const kb = weigh(name);
  all += kb;
  if (first.has(name)) head += kb;
  console.log(`${kb.toFixed(1).padStart(8)} kB ${first.has(name) ? 'first' : 'later'}  ${name}`);
}
console.log(`first load ${head.toFixed(1)} kB of ${FIRST_KB}, all ${all.toFixed(1)} kB of ${ALL_KB}`);
if (head > FIRST_KB || all > ALL_KB) {
  console.error('the page is over its budget');
  process.exit(1);
}
