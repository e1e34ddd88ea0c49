// SPDX-License-Identifier: Apache-2.0
// The text of an event as people read it: factor codes by name, times of today without the date.
import { pick } from './i18n.svelte';
import { live } from './live.svelte';
import { instant, moment } from './time';
import type { Event } from './types';

const TIME = /\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:[+-]\d{2}:\d{2})?/g;

export function eventText(e: Event): string {
  let text = pick(e).replace(TIME, (iso) => {
    const ms = instant(iso);
    return ms === null ? iso : moment(ms, live.now);
  });
  const code = e.params?.code;
  if (typeof code === 'string' && e.mn) {
    const factor = live.factorOf(e.mn, code);
    if (factor) text = text.replace(code, pick(factor));
  }
  return text;
}
