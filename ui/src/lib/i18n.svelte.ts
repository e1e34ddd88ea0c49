// SPDX-License-Identifier: Apache-2.0
import { messages } from './messages.svelte';
import { prefs } from './prefs.svelte';
import { has, say, type Key, type Params } from './text';

/** Text of the page in the language chosen. */
export function t(key: Key, params?: Params): string {
  return say(prefs.lang, key, params);
}

/** Text of a key made up of a group and a code from outside; the code itself when it is unknown. */
export function word(group: string, code: string): string {
  const key = `${group}.${code}`;
  return has(key) ? t(key) : code;
}

/** The name of a thing that carries one in each language. */
export interface Thing {
  name_zh?: string | null;
  name_en?: string | null;
}

export function name(thing: Thing | null | undefined): string {
  if (!thing) return '';
  return (prefs.lang === 'en' ? thing.name_en || thing.name_zh : thing.name_zh || thing.name_en) ?? '';
}

export function pick(thing: { zh?: string | null; en?: string | null } | null | undefined): string {
  if (!thing) return '';
  return (prefs.lang === 'en' ? thing.en || thing.zh : thing.zh || thing.en) ?? '';
}

/** Who is signed in, as people know him; a role taken on a demo is known by its name. */
export function whoIs(who: { kind: string; name: string | null; account: string | null; roles: { role: string }[] } | null): string {
  if (!who) return '';
  return who.name || (who.kind === 'demo' ? word('role', who.roles[0]?.role ?? 'R12') : (who.account ?? ''));
}

/** Where a rule comes from. */
export function sourceOf(rule: { source: string; source_zh?: string | null }): string {
  return pick({ zh: rule.source_zh ?? rule.source, en: rule.source });
}

/** Why there is no index. */
export function reasonText(aqi: { reason?: string | null } | null | undefined): string {
  const reason = aqi?.reason;
  if (!reason) return t('aqi.none');
  return messages.table[`aqi.reason.${reason}`] ?? messages.table[reason] ?? t('aqi.none');
}

/** The short name of a kind of event. */
export function eventKind(kind: string): string {
  return messages.table[`event.name.${kind}`] ?? messages.table[kind] ?? kind;
}
