// SPDX-License-Identifier: Apache-2.0
// Who decides, where the shared key is used: kept for the tab, sent with each change.
class Person {
  name = $state(sessionStorage.getItem('qk.person') ?? '');

  /** What goes into the body of a change; the name is kept from then on. */
  get body(): { person?: string } {
    sessionStorage.setItem('qk.person', this.name);
    return this.name.trim() ? { person: this.name.trim() } : {};
  }
}

export const person = new Person();
