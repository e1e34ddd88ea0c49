// SPDX-License-Identifier: Apache-2.0
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { readFileSync } from 'node:fs';
import { defineConfig } from 'vitest/config';

const server = process.env.QK_BASE_URL ?? 'http://127.0.0.1:8099';

/** A table of rows with a text for each language, cut to one of them. */
function columns() {
  return {
    name: 'columns',
    enforce: 'pre' as const,
    load(id: string) {
      const found = /^(.*\.json)\?column=(\d)$/.exec(id);
      if (!found) return null;
      const rows = JSON.parse(readFileSync(found[1]!, 'utf8')) as Record<string, string[]>;
      const cut = Object.fromEntries(Object.entries(rows).map(([key, row]) => [key, row[Number(found[2])]]));
      // the answer is JSON still: what reads JSON for the page reads it
      return JSON.stringify(cut);
    },
  };
}

export default defineConfig({
  base: './',
  plugins: [columns(), svelte()],
  build: {
    target: 'chrome87',
    // A data: address in a style sheet would ask the content security policy for an exception.
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    chunkSizeWarningLimit: 900,
    rollupOptions: {
      output: {
        manualChunks(id) {
          if (id.includes('/node_modules/ol/') || id.includes('/node_modules/rbush/')) return 'map';
          if (id.includes('/node_modules/uplot/')) return 'chart';
          return undefined;
        },
      },
    },
  },
  // The host is kept: changes from another origin are refused.
  server: { proxy: { '/api': { target: server, changeOrigin: false } } },
  test: { include: ['tests/unit/**/*.test.ts'], environment: 'node', setupFiles: ['tests/unit/setup.ts'] },
});
