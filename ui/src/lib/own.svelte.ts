// SPDX-License-Identifier: Apache-2.0
// The dialog of one's own account: open, or not.
class Own {
  open = $state(false);
  show() {
    this.open = true;
  }
  hide() {
    this.open = false;
  }
}
export const own = new Own();
