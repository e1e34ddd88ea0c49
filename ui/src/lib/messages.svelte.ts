// SPDX-License-Identifier: Apache-2.0
// Texts that the program and the page share (GET /messages), in the language chosen.
class Messages {
  table = $state.raw<Record<string, string>>({});
}
export const messages = new Messages();
