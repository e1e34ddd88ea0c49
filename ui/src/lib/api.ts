// SPDX-License-Identifier: Apache-2.0
// Calls of the HTTP API, by the session's cookie or, for scripts' sake, by a key that lives in
// sessionStorage and ends with the tab.
import type { List } from './types';

export const BASE = new URL('api/v1/', document.baseURI).href;

export interface Refusal {
  code: string;
  message_zh?: string;
  message_en?: string;
  hint_zh?: string;
  hint_en?: string;
  field?: string | null;
}

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly refusal: Refusal,
  ) {
    super(refusal.message_en ?? refusal.code);
  }

  text(lang: 'zh' | 'en'): string {
    const r = this.refusal;
    const message = (lang === 'zh' ? r.message_zh : r.message_en) ?? r.message_zh ?? r.code;
    const hint = (lang === 'zh' ? r.hint_zh : r.hint_en) ?? '';
    return hint ? `${message} ${hint}` : message;
  }
}

type Query = Record<string, string | number | null | undefined>;

export function address(path: string, query: Query = {}): string {
  const url = new URL(path, BASE);
  for (const [k, v] of Object.entries(query)) if (v !== null && v !== undefined && v !== '') url.searchParams.set(k, String(v));
  return url.href;
}

const OFFLINE: Refusal = {
  code: 'network',
  message_zh: '连不上服务器。',
  message_en: 'The server cannot be reached.',
  hint_zh: '稍后自动重试。',
  hint_en: 'Trying again by itself.',
};

async function send<T>(url: string, init: RequestInit): Promise<T> {
  let answer: Response;
  try {
    answer = await fetch(url, init);
  } catch (cause) {
    if (init.signal?.aborted) throw cause;
    throw new ApiError(0, OFFLINE);
  }
  const json = (answer.headers.get('content-type') ?? '').includes('json');
  const body: unknown = json ? await answer.json().catch(() => null) : null;
  if (answer.ok) return body as T;
  throw refused(answer.status, body);
}

function refused(status: number, body: unknown): ApiError {
  const refusal = (body as { error?: Refusal } | null)?.error;
  return new ApiError(status, refusal ?? { code: String(status), message_zh: `服务器答复 ${status}。`, message_en: `The server answered ${status}.` });
}

export function get<T>(path: string, query: Query = {}, signal?: AbortSignal): Promise<T> {
  const headers: Record<string, string> = { Accept: 'application/json' };
  const key = reading ? operatorKey() : null;
  if (key) headers.Authorization = `Bearer ${key}`;
  return send<T>(address(path, query), { signal: signal ?? null, headers });
}

/** An answer that is no text: numbers as they lie in memory. */
export async function bytes(path: string, query: Query = {}, signal?: AbortSignal): Promise<ArrayBuffer> {
  const key = reading ? operatorKey() : null;
  let answer: Response;
  try {
    answer = await fetch(address(path, query), { signal: signal ?? null, headers: key ? { Authorization: `Bearer ${key}` } : {} });
  } catch (cause) {
    if (signal?.aborted) throw cause;
    throw new ApiError(0, OFFLINE);
  }
  if (answer.ok) return answer.arrayBuffer();
  throw refused(answer.status, await answer.json().catch(() => null));
}

/** All pages of a list, handed over page by page. */
export async function pages<T>(path: string, query: Query, limit: number, take: (items: T[], total: number) => void, signal?: AbortSignal) {
  let after: string | null = null;
  do {
    const page: List<T> = await get<List<T>>(path, { ...query, limit, after }, signal);
    take(page.items, page.total);
    after = page.next;
  } while (after && !signal?.aborted);
}

const KEY = 'qk.operator';

export function operatorKey(): string | null {
  try {
    return sessionStorage.getItem(KEY);
  } catch {
    return null;
  }
}

export function keepKey(key: string | null) {
  try {
    if (key) sessionStorage.setItem(KEY, key);
    else sessionStorage.removeItem(KEY);
  } catch {
    return;
  }
}

let token: string | null = null;
let reading = false;

/** Where reading is not for everybody, a key is sent with it, too. */
export function keyForReading(needed: boolean) {
  reading = needed;
}

/** The session's own token, which every change carries. */
export function keepToken(csrf: string | null) {
  token = csrf;
}

function idempotency(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('');
}

function changeHeaders(type: string, open: boolean): Record<string, string> {
  const headers: Record<string, string> = { 'Content-Type': type, 'Idempotency-Key': idempotency() };
  const key = operatorKey();
  if (key && !open) headers.Authorization = `Bearer ${key}`;
  else if (token) headers['X-CSRF-Token'] = token;
  return headers;
}

export function change<T>(method: 'POST' | 'PUT' | 'DELETE', path: string, body: unknown, open = false): Promise<T> {
  return send<T>(address(path), { method, headers: changeHeaders('application/json', open), body: JSON.stringify(body ?? {}) });
}

/** Sends a file as it is. told gets the share that has left, 0 to 1; aborting the signal stops it. */
export function upload<T>(path: string, query: Query, file: Blob, type: string, told: (share: number) => void, signal?: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const x = new XMLHttpRequest();
    x.open('POST', address(path, query));
    for (const [name, value] of Object.entries(changeHeaders(type, false))) x.setRequestHeader(name, value);
    x.upload.onprogress = (e) => e.lengthComputable && told(e.loaded / e.total);
    x.onload = () => {
      let body: unknown = null;
      try {
        body = JSON.parse(x.responseText);
      } catch {
        body = null;
      }
      if (x.status >= 200 && x.status < 300) resolve(body as T);
      else reject(refused(x.status, body));
    };
    x.onerror = () => reject(new ApiError(0, OFFLINE));
    x.onabort = () => reject(new DOMException('', 'AbortError'));
    signal?.addEventListener('abort', () => x.abort());
    x.send(file);
  });
}
