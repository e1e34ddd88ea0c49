// SPDX-License-Identifier: Apache-2.0
// The address: #/screen/id?key=value. Everything a view depends on stands there, so that a link
// shows a colleague the same thing. Keys are written in a fixed order: one view has one address.

export interface Address {
  path: string[];
  query: Record<string, string>;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replace(/\+/g, ' '));
  } catch {
    return text;
  }
}

/** MN, ids and codes stay readable; only what would break the address is escaped. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(/%2C/g, ',').replace(/%3A/g, ':').replace(/%20/g, '+');
}

export function parse(hash: string): Address {
  const body = hash.replace(/^#?\/?/, '');
  const at = body.indexOf('?');
  const path = (at < 0 ? body : body.slice(0, at)).split('/').filter(Boolean).map(decode);
  const query: Record<string, string> = {};
  if (at >= 0)
    for (const pair of body.slice(at + 1).split('&')) {
      if (!pair) continue;
      const eq = pair.indexOf('=');
      const key = decode(eq < 0 ? pair : pair.slice(0, eq));
      if (key === '__proto__') continue;
      query[key] = eq < 0 ? '' : decode(pair.slice(eq + 1));
    }
  return { path, query };
}

export function format(path: string[], query: Record<string, string | null | undefined> = {}): string {
  const keys = Object.keys(query).filter((k) => query[k] !== null && query[k] !== undefined).sort();
  const tail = keys.map((k) => (query[k] === '' ? encode(k) : `${encode(k)}=${encode(query[k]!)}`)).join('&');
  return '#/' + path.map(encode).join('/') + (tail ? '?' + tail : '');
}

/** Query with some keys changed; null, undefined and the default value take a key away. */
export function patch(
  query: Record<string, string>,
  change: Record<string, string | null | undefined>,
  defaults: Record<string, string> = {},
): Record<string, string> {
  const out = { ...query };
  for (const [k, v] of Object.entries(change))
    if (v === null || v === undefined || v === defaults[k]) delete out[k];
    else out[k] = v;
  return out;
}
