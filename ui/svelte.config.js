// SPDX-License-Identifier: Apache-2.0
import { vitePreprocess } from '@sveltejs/vite-plugin-svelte';

export default {
  preprocess: vitePreprocess({ script: true }),
  compilerOptions: { runes: true },
  onwarn(warning) {
    throw new Error(`${warning.filename}:${warning.start?.line ?? 0} ${warning.code}: ${warning.message}`);
  },
};
