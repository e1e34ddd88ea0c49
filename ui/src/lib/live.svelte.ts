// SPDX-License-Identifier: Apache-2.0
// What the page knows of the county, kept fresh by the event stream. Changes are taken in together
// four times a second at most, so that a storm of values costs one drawing.
import { BASE, get, pages } from './api';
import { name } from './i18n.svelte';
import { messages } from './messages.svelte';
import { prefs } from './prefs.svelte';
import { session } from './session.svelte';
import { instant } from './time';
import { KEPT_QUERY, kept } from './values';
import type { Device, Division, Event, Factor, Health, Latest, List, Parked, Place, Request, Site, SiteLatest, Strip, Value } from './types';

const FLUSH_MS = 250;
const HEALTH_MS = 15_000;
const RECENT_EVENTS = 200;
const DEVICE_PAGE = 1000;
const SITE_PAGE = 1000;
const LATEST_GAP_MS = 10_000;

type Wait = 'start' | 'ok' | 'failed';

class Live {
  place = $state.raw<Place | null>(null);
  divisions = $state.raw<Division[]>([]);
  sites = $state.raw<Site[]>([]);
  latest = $state.raw<Latest | null>(null);
  strip = $state.raw<Strip | null>(null);
  devices = $state.raw<Device[]>([]);
  deviceTotal = $state(0);
  devicesReady = $state(false);
  parked = $state.raw<Parked[]>([]);
  events = $state.raw<Event[]>([]);
  requests = $state.raw<Record<number, Request>>({});
  health = $state.raw<Health | null>(null);
  state = $state<Wait>('start');
  failure = $state<unknown>(null);

  /** Domain time now, advanced by the clock's speed between the server's words. */
  now = $state(Date.now());
  simulated = $state(false);
  speed = $state(1);
  /** Machine time since when the stream is lost; null while it flows. */
  lostAt = $state<number | null>(null);
  lostFor = $state(0);

  /** Time of the newest value known. */
  readonly dataTime = $derived.by(() => {
    let newest = 0;
    for (const s of Object.values(this.latest?.sites ?? {})) newest = Math.max(newest, instant(s.time) ?? 0);
    return newest || null;
  });
  readonly byId = $derived(new Map(this.sites.map((s) => [s.id, s])));
  readonly byMn = $derived(new Map(this.devices.map((d) => [d.mn, d])));
  readonly divisionOf = $derived(new Map(this.divisions.map((d) => [d.properties.code, d])));

  private anchor = { server: Date.now(), local: performance.now() };
  private stream: EventSource | null = null;
  private values = new Map<string, Value>();
  private changed = new Map<string, Partial<Device> & { mn: string }>();
  private siteOf = new Map<string, string>();
  private flushing = 0;
  private reloading = 0;
  private started = false;
  private loadedLatest = 0;

  async start() {
    if (this.started) return;
    this.started = true;
    setInterval(() => this.tick(), 1000);
    setInterval(() => void this.checkHealth(), HEALTH_MS);
    await this.load();
    this.follow();
  }

  latestOf(id: string): SiteLatest | null {
    return this.latest?.sites[id] ?? null;
  }

  siteOfDevice(mn: string): Site | null {
    const id = this.byMn.get(mn)?.site ?? this.siteOf.get(mn + '|');
    return (id && this.byId.get(id)) || null;
  }

  factorOf(mn: string, code: string): Factor | null {
    const site = this.byId.get(this.siteOf.get(mn + '|' + code) ?? '');
    return site?.factors.find((f) => f.mn === mn && f.code === code) ?? null;
  }

  townshipOf(site: Site): string {
    return name(this.divisionOf.get(site.division)?.properties);
  }

  /** Reads everything again: at start, after a reset of the stream, after a failure. */
  async load() {
    try {
      if (session.lost) await session.load();
      if (session.lost) throw session.lost;
      const business = session.can('site.view');
      const [place] = await Promise.all([
        get<Place>('place'),
        business ? this.loadSites() : undefined,
        business ? this.loadLatest() : undefined,
        get<Health>('health').then((h) => this.takeHealth(h)),
      ]);
      this.place = place;
      this.state = 'ok';
      if (business) void this.loadRest();
      else void this.loadMessages().catch(() => undefined);
    } catch (e) {
      this.failure = e;
      this.state = this.latest ? 'ok' : 'failed';
      this.lost();
      setTimeout(() => void this.load(), 5000);
    }
  }

  /** After a change of the register: what is watched, and where it stands. */
  async loadRegister() {
    if (!session.can('site.view')) return this.loadDevices();
    const divisions = get<{ features: Division[] }>('divisions').then((d) => (this.divisions = d.features));
    await Promise.all([this.loadSites(), this.loadLatest(), this.loadDevices(), this.loadParked(), divisions]);
  }

  private async loadSites() {
    const all: Site[] = [];
    await pages<Site>('sites', {}, SITE_PAGE, (items) => void all.push(...items));
    this.sites = all;
    this.index();
  }

  private async loadLatest() {
    this.loadedLatest = performance.now();
    const latest = await get<Latest>('latest', KEPT_QUERY);
    for (const s of Object.values(latest.sites)) s.values = s.values.filter(kept);
    this.latest = latest;
  }

  private async loadRest() {
    const fetching = [
      get<{ features: Division[] }>('divisions').then((d) => (this.divisions = d.features)),
      get<Strip>('strip', { hours: 24 }).then((s) => (this.strip = s)),
      get<List<Event>>('events', { limit: 50 }).then((e) => (this.events = e.items)),
      session.can('device.parked') ? this.loadParked() : undefined,
      this.loadDevices(),
      this.loadMessages(),
    ];
    await Promise.allSettled(fetching);
  }

  async loadParked() {
    this.parked = (await get<List<Parked>>('parked')).items;
  }

  async loadMessages() {
    messages.table = await get<Record<string, string>>('messages', { lang: prefs.lang });
  }

  async loadDevices() {
    const all: Device[] = [];
    await pages<Device>('devices', {}, DEVICE_PAGE, (items, total) => {
      all.push(...items);
      this.deviceTotal = total;
      this.devices = all.slice();
    });
    this.devicesReady = true;
  }

  /** Puts one changed device in its place in the list. */
  takeDevice(change: Partial<Device> & { mn: string }) {
    this.changed.set(change.mn, { ...this.changed.get(change.mn), ...change });
    this.later();
  }

  takeRequest(request: Request) {
    this.requests = { ...this.requests, [request.id]: { ...this.requests[request.id], ...request } };
  }

  private index() {
    this.siteOf.clear();
    for (const s of this.sites) {
      for (const mn of s.devices) if (!this.siteOf.has(mn + '|')) this.siteOf.set(mn + '|', s.id);
      for (const f of s.factors) this.siteOf.set(f.mn + '|' + f.code, s.id);
    }
  }

  private tick() {
    const elapsed = performance.now() - this.anchor.local;
    this.now = this.anchor.server + elapsed * this.speed;
    this.lostFor = this.lostAt === null ? 0 : Math.round((performance.now() - this.lostAt) / 1000);
  }

  private takeClock(nowText: string, speed: number) {
    const ms = instant(nowText);
    if (ms === null) return;
    this.anchor = { server: ms, local: performance.now() };
    this.speed = speed;
    this.now = ms;
  }

  private takeHealth(health: Health) {
    this.health = health;
    this.simulated = health.clock.simulated;
    this.takeClock(health.now, health.clock.simulated ? health.clock.speed : 1);
  }

  private async checkHealth() {
    try {
      this.takeHealth(await get<Health>('health'));
      if (this.stream?.readyState === EventSource.OPEN) this.found();
      else if (this.stream?.readyState === EventSource.CLOSED) this.follow();
    } catch {
      this.lost();
    }
  }

  private lost() {
    if (this.lostAt === null) this.lostAt = performance.now();
  }

  private found() {
    this.lostAt = null;
    this.lostFor = 0;
  }

  private follow() {
    this.stream?.close();
    const s = new EventSource(BASE + 'live');
    this.stream = s;
    s.addEventListener('open', () => this.found());
    s.addEventListener('error', () => this.lost());
    const on = <T>(kind: string, take: (data: T) => void) =>
      s.addEventListener(kind, (e) => {
        this.found();
        try {
          take(JSON.parse((e as MessageEvent<string>).data) as T);
        } catch {
          return;
        }
      });
    on<Value[]>('value', (list) => this.takeValues(list));
    on<Partial<Device> & { mn: string }>('device', (d) => this.takeDevice(d));
    on<Event>('event', (e) => this.takeEvent(e));
    on<Request>('request', (r) => this.takeRequest(r));
    on<Health>('health', (h) => (h.clock ? this.takeHealth(h) : void this.checkHealth()));
    on<{ now: string; speed: number; simulated?: boolean }>('clock', (c) => this.takeClock(c.now, c.speed));
    s.addEventListener('reset', () => void this.load());
  }

  private takeValues(list: Value[]) {
    for (const v of list) if (kept(v)) this.values.set(`${v.mn}|${v.code}|${v.field}|${v.kind}`, v);
    this.later();
    // A new hour changes indices, which only the server computes.
    if (list.some((v) => v.kind.endsWith('hour'))) this.reloadLatest();
  }

  private takeEvent(event: Event) {
    if (this.events.some((e) => e.id === event.id)) return;
    this.events = [event, ...this.events].slice(0, RECENT_EVENTS);
    if (event.kind.includes('parked') && session.can('device.parked')) void this.loadParked().catch(() => undefined);
  }

  private reloadLatest() {
    if (this.reloading) return;
    this.reloading = window.setTimeout(async () => {
      this.reloading = 0;
      try {
        await this.loadLatest();
        this.strip = await get<Strip>('strip', { hours: 24 });
      } catch {
        this.lost();
      }
    }, Math.max(2000, this.loadedLatest + LATEST_GAP_MS - performance.now()));
  }

  private later() {
    if (this.flushing) return;
    this.flushing = window.setTimeout(() => {
      this.flushing = 0;
      this.flush();
    }, FLUSH_MS);
  }

  private flush() {
    if (this.values.size && this.latest) {
      const sites = { ...this.latest.sites };
      for (const [id, list] of this.bySite()) sites[id] = merge(sites[id], list, this.now);
      this.latest = { ...this.latest, sites };
    }
    this.values.clear();
    if (!this.changed.size) return;
    const fresh = new Set(this.changed.keys());
    this.devices = this.devices.map((d) => {
      const c = this.changed.get(d.mn);
      if (c) fresh.delete(d.mn);
      return c ? ({ ...d, ...c } as Device) : d;
    });
    this.changed.clear();
    if (fresh.size && this.devicesReady) void this.loadDevices().catch(() => undefined);
  }

  private bySite(): Map<string, Value[]> {
    const groups = new Map<string, Value[]>();
    for (const v of this.values.values()) {
      const id = this.siteOf.get(v.mn + '|' + v.code) ?? this.siteOf.get(v.mn + '|');
      if (!id) continue;
      const list = groups.get(id);
      if (list) list.push(v);
      else groups.set(id, [v]);
    }
    return groups;
  }
}

function merge(old: SiteLatest | undefined, list: Value[], now: number): SiteLatest {
  const base: SiteLatest = old ?? { time: null, age_s: null, state: 'online', aqi: null, values: [] };
  const values = base.values.slice();
  let newest = instant(base.time) ?? 0;
  for (const v of list) {
    const at = values.findIndex((o) => o.mn === v.mn && o.code === v.code && o.field === v.field && o.kind === v.kind);
    if (at < 0) values.push(v);
    else values[at] = { ...values[at], ...v };
    newest = Math.max(newest, instant(v.period_end ?? v.time) ?? 0);
  }
  const time = newest > (instant(base.time) ?? 0) ? (list[list.length - 1]!.period_end ?? list[list.length - 1]!.time) : base.time;
  return { ...base, values, time, state: 'online', age_s: Math.max(0, Math.round((now - newest) / 1000)) };
}

export const live = new Live();
