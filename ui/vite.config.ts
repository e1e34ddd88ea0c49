// SPDX-License-Identifier: Apache-2.0
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

const server = process.env.QK_BASE_URL ?? 'http://127.0.0.1:8099';

export default defineConfig({
  base: './',
  plugins: [svelte()],
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
  test: { include: ['tests/unit/**/*.test.ts'], environment: 'node' },
});
