// SPDX-License-Identifier: Apache-2.0
/** One language of the table of texts; vite.config.ts cuts it out. */
declare module '*.json?column=0' {
  const column: Record<string, string>;
  export default column;
}
declare module '*.json?column=1' {
  const column: Record<string, string>;
  export default column;
}
