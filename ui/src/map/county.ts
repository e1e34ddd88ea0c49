// SPDX-License-Identifier: Apache-2.0
// The map of the county on a canvas: own vectors only, no tiles from outside.
import OlMap from 'ol/Map.js';
import View from 'ol/View.js';
import Feature from 'ol/Feature.js';
import GeoJSON from 'ol/format/GeoJSON.js';
import { LineString, Point, Polygon, type Geometry, type MultiPolygon } from 'ol/geom.js';
import { defaults as interactions } from 'ol/interaction/defaults.js';
import VectorLayer from 'ol/layer/Vector.js';
import { fromLonLat, toLonLat } from 'ol/proj.js';
import VectorSource from 'ol/source/Vector.js';
import { Circle, Fill, Icon, RegularShape, Stroke, Style, Text } from 'ol/style.js';
import { level } from '../lib/aqi';
import { number } from '../lib/format';
import { isAir } from '../lib/shapes';
import type { Division, Latest, Site } from '../lib/types';
import { itemValue, worstOver } from '../lib/values';
import type { LonLat, Overlay } from './overlay';
import { place, spread, type Obstacle, type Xy } from './labels';
import { fieldLayer, type Field } from './field';
import { FONT, disc, readInk, source, summary, type Ink, type SourceState } from './marks';

/** Metres a pixel above which sources are told by township and small stations are dots. */
const OVERVIEW_M = 42;
const MOST_GLYPHS = 3;

export interface MapData {
  divisions: Division[];
  sites: Site[];
  latest: Latest | null;
  nameOf: (thing: { name_zh?: string | null; name_en?: string | null }) => string;
}

/** A place that a screen marks: a source of its own, a station with a value, the place looked at. */
export interface Spot {
  id: string;
  lon: number;
  lat: number;
  look: 'stack' | 'volume' | 'area' | 'station' | 'here';
  text?: string;
  strong?: boolean;
}

export interface Camera {
  lon: number;
  lat: number;
  zoom: number;
}

export interface MapOptions {
  bounds: [number, number, number, number];
  camera: Camera | null;
  scale: number;
  still: boolean;
  onHover: (id: string | null, pixel: [number, number]) => void;
  onPick: (id: string, kind: 'site' | 'division') => void;
  /** A press anywhere; in the place of onPick. */
  onPlace?: ((lonLat: [number, number]) => void) | null;
  onPointer: (lonLat: [number, number] | null) => void;
  onFrame: (frame: FrameView) => void;
  onCamera: (camera: Camera) => void;
}

/** What lies under the edges of the picture, for the ruler around it. */
export interface FrameView {
  west: number;
  east: number;
  south: number;
  north: number;
  width: number;
  height: number;
  x: (lon: number) => number;
  y: (lat: number) => number;
  metresPerPixel: number;
}

export class CountyMap {
  private map: OlMap;
  private view: View;
  private land = new VectorSource<Feature<Polygon | MultiPolygon>>();
  private names = new VectorSource<Feature<Point>>();
  private stations = new VectorSource<Feature<Point>>();
  private sources = new VectorSource<Feature<Point>>();
  private leaders = new VectorSource<Feature<LineString>>();
  private over = new VectorSource<Feature<Polygon | LineString>>();
  private ringed: string[] = [];
  private spots = new VectorSource<Feature<Point>>();
  private field = fieldLayer(() => this.ink.ink);
  private ink: Ink = readInk();
  private looks = new Map<string, Style>();
  private data: MapData | null = null;
  private layersOn: Set<string> = new Set();
  private marked: string | null = null;
  private namedAt = 0;

  constructor(
    target: HTMLElement,
    private readonly options: MapOptions,
  ) {
    this.view = new View({ center: [0, 0], minZoom: 7, maxZoom: 18, constrainRotation: true, enableRotation: false });
    const under = (source: VectorSource<Feature<Polygon | MultiPolygon>>, style: (f: Feature) => Style | Style[]) =>
      new VectorLayer({ source, style: (f) => style(f as Feature), updateWhileAnimating: true });
    this.map = new OlMap({
      target,
      view: this.view,
      controls: [],
      interactions: interactions({ altShiftDragRotate: false, pinchRotate: false }),
      layers: [
        under(this.land, () => this.ribbon()),
        under(this.land, (f) => this.landStyle(f)),
        new VectorLayer({ source: this.over, style: (f) => this.overStyle(f as Feature) }),
        this.field.layer,
        under(this.land, () => this.border()),
        new VectorLayer({ source: this.sources, style: (f) => this.sourceStyle(f as Feature, false) }),
        new VectorLayer({ source: this.stations, style: (f) => this.stationStyle(f as Feature, true) }),
        new VectorLayer({ source: this.names, style: (f) => this.nameStyle(f as Feature) }),
        new VectorLayer({ source: this.leaders, style: () => this.leader() }),
        new VectorLayer({ source: this.stations, style: (f) => this.stationStyle(f as Feature, false) }),
        new VectorLayer({ source: this.sources, style: (f) => this.sourceStyle(f as Feature, true) }),
        new VectorLayer({ source: this.spots, style: (f) => this.spotStyle((f as Feature).get('spot') as Spot) }),
      ],
    });
    if (options.still) this.map.getInteractions().clear();
    this.fit(options.bounds);
    if (options.camera) this.look(options.camera);
    this.listen();
  }

  private listen() {
    const o = this.options;
    this.map.on('pointermove', (e) => {
      if (e.dragging) return;
      const id = this.at(e.pixel);
      this.map.getTargetElement().style.cursor = id ? 'pointer' : '';
      o.onHover(id, [e.pixel[0]!, e.pixel[1]!]);
      const [lon, lat] = toLonLat(e.coordinate);
      o.onPointer([lon!, lat!]);
    });
    this.map.getViewport().addEventListener('pointerleave', () => {
      o.onHover(null, [0, 0]);
      o.onPointer(null);
    });
    this.map.on(o.onPlace ? 'click' : 'singleclick', (e) => {
      if (o.onPlace) {
        const [lon, lat] = toLonLat(e.coordinate);
        return o.onPlace([lon!, lat!]);
      }
      const id = this.at(e.pixel);
      if (id) return o.onPick(id, 'site');
      const area = this.map.forEachFeatureAtPixel(e.pixel, (f) => f.get('division') as string | undefined);
      if (area) o.onPick(area, 'division');
    });
    this.map.on('postrender', () => this.tellFrame());
    this.map.on('moveend', () => {
      const [lon, lat] = toLonLat(this.view.getCenter() ?? [0, 0]);
      o.onCamera({ lon: lon!, lat: lat!, zoom: this.view.getZoom() ?? 10 });
      this.nameTowns();
    });
  }

  private at(pixel: number[]): string | null {
    return this.map.forEachFeatureAtPixel(pixel, (f) => (f.get('site') as Site | undefined)?.id, { hitTolerance: 3 }) ?? null;
  }

  private tellFrame() {
    const size = this.map.getSize();
    const resolution = this.view.getResolution();
    const centre = this.view.getCenter();
    if (!size || !resolution || !centre) return;
    const [w, h] = [size[0]!, size[1]!];
    const left = centre[0]! - (w / 2) * resolution;
    const top = centre[1]! + (h / 2) * resolution;
    const [west, north] = toLonLat([left, top]);
    const [east, south] = toLonLat([left + w * resolution, top - h * resolution]);
    const lat = toLonLat(centre)[1]!;
    this.options.onFrame({
      west: west!, east: east!, south: south!, north: north!, width: w, height: h,
      x: (lon) => (fromLonLat([lon, lat])[0]! - left) / resolution,
      y: (lt) => (top - fromLonLat([west!, lt])[1]!) / resolution,
      metresPerPixel: resolution * Math.cos((lat * Math.PI) / 180),
    });
  }

  fit(bounds: [number, number, number, number], animate = false) {
    const a = fromLonLat([bounds[0], bounds[1]]);
    const b = fromLonLat([bounds[2], bounds[3]]);
    // A wide picture keeps its left free for the wind and the legend.
    const [w, h] = this.map.getSize() ?? [0, 0];
    const left = w! > 1.35 * h! && w! > 700 ? (this.options.still ? 300 : 130) : 26;
    const pad = this.options.still ? [44, 24, 64, left] : [26, 20, 34, left];
    this.view.fit([a[0]!, a[1]!, b[0]!, b[1]!], { padding: pad, duration: animate ? 150 : 0, maxZoom: 15 });
  }

  look(camera: Camera) {
    this.view.setCenter(fromLonLat([camera.lon, camera.lat]));
    this.view.setZoom(camera.zoom);
  }

  zoomBy(step: number) {
    this.view.animate({ zoom: (this.view.getZoom() ?? 10) + step, duration: 120 });
  }

  /** Fits a township and lifts it out. */
  showDivision(code: string | null) {
    for (const f of this.land.getFeatures()) f.set('picked', code !== null && f.get('division') === code);
    const f = this.land.getFeatures().find((x) => x.get('division') === code);
    const extent = f?.getGeometry()?.getExtent();
    if (extent) this.view.fit(extent, { padding: [40, 40, 40, 40], duration: 0 });
  }

  mark(id: string | null) {
    this.marked = id;
    this.stations.changed();
    this.sources.changed();
  }

  /** Lays the answer to a question over the land; null takes it away. */
  lay(o: Overlay | null) {
    const xy = (list: LonLat[]) => list.map((p) => fromLonLat(p));
    this.over.clear();
    this.ringed = o?.marks ?? [];
    for (const c of o?.cells ?? []) this.over.addFeature(new Feature({ geometry: new Polygon([xy(c.ring)]), colour: c.colour }));
    for (const a of o?.areas ?? []) this.over.addFeature(new Feature({ geometry: new Polygon([xy(a)]) }));
    for (const w of o?.ways ?? []) this.over.addFeature(new Feature({ geometry: new LineString(xy(w)), way: true }));
    this.stations.changed();
    this.sources.changed();
    if (o?.bounds) this.fit(o.bounds);
  }

  private overStyle(f: Feature): Style {
    const colour = f.get('colour') as string | undefined;
    if (colour) return this.keep(`cell${colour}`, () => new Style({ fill: new Fill({ color: colour }), zIndex: 1 }));
    const way = f.get('way') === true;
    return this.keep(way ? 'way' : 'area', () => new Style({
      stroke: new Stroke({ color: way ? this.ink.accent : this.ink.ink, width: way ? 3 : 1.5, lineDash: way ? [] : [6, 4] }),
      zIndex: way ? 3 : 2,
    }));
  }

  setLayers(on: Set<string>) {
    this.layersOn = on;
    this.redraw();
  }

  showField(field: Field | null) {
    this.field.show(field);
    this.land.changed();
  }

  showSpots(spots: Spot[]) {
    this.spots.clear(true);
    this.spots.addFeatures(spots.map((spot) => new Feature({ geometry: new Point(fromLonLat([spot.lon, spot.lat])), spot })));
  }

  private spotStyle(spot: Spot): Style {
    return this.keep(`spot${spot.look}${spot.strong}${spot.text ?? ''}`, () => {
      const fill = new Fill({ color: spot.strong ? this.ink.accent : this.ink.panel });
      const stroke = new Stroke({ color: spot.look === 'here' ? this.ink.alarm : this.ink.ink, width: spot.look === 'here' ? 2.5 : 1 });
      const size = spot.strong ? 8 : 4;
      const image =
        spot.look === 'here' ? new Circle({ radius: 9, stroke })
        : spot.look === 'station' ? new Circle({ radius: 4, fill, stroke })
        : spot.look === 'area' ? new RegularShape({ points: 4, radius: size + 4, angle: Math.PI / 4, stroke: new Stroke({ color: this.ink.ink, width: spot.strong ? 2.5 : 1.5, lineDash: [3, 2] }) })
        : new RegularShape({ points: spot.look === 'stack' ? 3 : 4, radius: size, angle: spot.look === 'stack' ? 0 : Math.PI / 4, fill, stroke });
      const style = new Style({ image, zIndex: spot.look === 'here' ? 9 : spot.strong ? 8 : spot.look === 'station' ? 7 : 1 });
      if (spot.text) style.setText(this.text(spot.text, 12, 14, '500'));
      return style;
    });
  }

  /** Colours of the theme may have changed. */
  repaint() {
    this.ink = readInk();
    this.looks.clear();
    this.redraw();
  }

  private redraw() {
    for (const s of [this.land, this.over, this.names, this.stations, this.sources]) s.changed();
    this.nameTowns(true);
  }

  update(data: MapData) {
    const drawn = this.data;
    this.data = data;
    if (drawn?.divisions !== data.divisions) this.drawLand(data.divisions);
    if (drawn?.sites !== data.sites) this.drawSites(data.sites);
    if (drawn?.latest !== data.latest) {
      this.stations.changed();
      this.sources.changed();
    }
    if (drawn?.nameOf !== data.nameOf || drawn?.divisions !== data.divisions || drawn?.sites !== data.sites) this.nameTowns(true);
  }

  private drawLand(divisions: Division[]) {
    const format = new GeoJSON({ dataProjection: 'EPSG:4326', featureProjection: 'EPSG:3857' });
    this.land.clear();
    const towns = divisions.filter((d) => d.geometry && d.properties.kind !== 'county' && d.properties.kind !== 'village');
    towns.forEach((d, i) => {
      const f = format.readFeature(d) as Feature<Polygon | MultiPolygon>;
      f.setProperties({ division: d.properties.code, shade: i % 2, thing: d.properties }, true);
      this.land.addFeature(f);
    });
  }

  private drawSites(sites: Site[]) {
    this.stations.clear();
    this.sources.clear();
    const placed = sites.filter((s) => s.lon !== null && s.lat !== null);
    // Drawn in this order: what counts most lies on top.
    for (const s of placed.slice().reverse()) {
      const home = fromLonLat([s.lon!, s.lat!]) as Xy;
      const f = new Feature({ geometry: new Point(home), site: s, home });
      (isAir(s.kind) ? this.stations : this.sources).addFeature(f);
    }
  }

  private keep(key: string, make: () => Style): Style {
    let style = this.looks.get(key);
    if (!style) this.looks.set(key, (style = make()));
    return style;
  }

  private ribbon(): Style {
    return this.keep('ribbon', () => new Style({ stroke: new Stroke({ color: this.ink.line2, width: 9 * this.options.scale }) }));
  }

  private landStyle(f: Feature): Style {
    const picked = f.get('picked') === true;
    const shade = f.get('shade') as number;
    return this.keep(`land${shade}${picked}`, () => new Style({
      fill: new Fill({ color: shade ? this.ink.land2 : this.ink.land }),
      stroke: new Stroke({ color: picked ? this.ink.accent : this.ink.line2, width: picked ? 2.5 : 1 }),
      zIndex: picked ? 2 : 1,
    }));
  }

  /** Above a field, whose colours would hide it. */
  private border(): Style {
    return this.keep('border', () => new Style({ stroke: new Stroke({ color: this.ink.ink2, width: 0.6 }) }));
  }

  private overview(): boolean {
    return (this.view.getResolution() ?? 0) * 0.82 > OVERVIEW_M;
  }

  /** From across the room a dot says nothing. */
  private tooSmall(site: Site): boolean {
    return this.options.still && isMinor(site);
  }

  private ring(id: string): Style[] {
    if (this.marked !== id && !this.ringed.includes(id)) return [];
    return [this.keep('mark', () => {
      const size = 44;
      const canvas = document.createElement('canvas');
      canvas.width = canvas.height = size * 2;
      const g = canvas.getContext('2d')!;
      g.strokeStyle = this.ink.accent;
      g.lineWidth = 5;
      g.arc(size, size, size - 5, 0, 2 * Math.PI);
      g.stroke();
      return new Style({ image: new Icon({ img: canvas, scale: 0.5 }), zIndex: 100 });
    })];
  }

  /** Dots of minor stations lie below the names, discs above them. */
  private stationStyle(f: Feature, minor: boolean): Style[] {
    const site = f.get('site') as Site;
    if (minor !== (this.overview() && isMinor(site)) || !this.layersOn.has(site.kind) || this.tooSmall(site)) return [];
    const now = this.data?.latest?.sites[site.id];
    const online = now?.state === 'online';
    const aqi = online ? (now?.aqi?.value ?? null) : null;
    const small = this.overview() && isMinor(site);
    const l = level(aqi);
    const scale = this.options.scale;
    // A sensor outside the evaluation has values but no index: its disc stays blank, with PM2.5 inside.
    const pm = !l && online && isMinor(site) ? itemValue(site, now, 'PM2.5') : null;
    const text = aqi !== null ? String(aqi) : pm ? number(pm.value, pm.unit, 'PM2.5') : '–';
    const key = `s${small ? '' : text}|${l}|${pm !== null}|${site.kind}|${small}`;
    const style = this.keep(key, () => {
      const d = disc({ text, level: l, blank: pm !== null, kind: site.kind, small, scale }, this.ink);
      return new Style({ image: new Icon({ img: d.canvas, scale: 1 / d.ratio }) });
    });
    return [style, ...this.ring(site.id), ...this.stationName(site, small)];
  }

  private stationName(site: Site, small: boolean): Style[] {
    if (this.overview() || small || !this.data) return [];
    const text = this.data.nameOf(site);
    return [this.keep('n' + text, () => new Style({ text: this.text(text, 12, 26, '400') }))];
  }

  private text(text: string, px: number, offset: number, weight: string): Text {
    const k = this.options.scale;
    return new Text({
      text,
      font: `${weight} ${px * k}px ${FONT}`,
      offsetY: offset * k,
      fill: new Fill({ color: this.ink.ink }),
      stroke: new Stroke({ color: this.ink.land, width: 3.5 * k }),
    });
  }

  private sourceState(site: Site): SourceState {
    const now = this.data?.latest?.sites[site.id];
    if (!now || now.state !== 'online') return 'quiet';
    return worstOver(site, now) ? 'over' : 'plain';
  }

  /** What is over its limit lies above the stations, the rest below them. */
  private sourceStyle(f: Feature, above: boolean): Style[] {
    const site = f.get('site') as Site;
    const state = this.sourceState(site);
    if (!this.layersOn.has(site.kind) || above !== (state === 'over')) return [];
    if (this.overview() && state !== 'over' && this.marked !== site.id && !this.ringed.includes(site.id)) return [];
    const style = this.keep(`o${site.kind}${state}`, () => {
      const d = source(site.kind, state, this.options.scale, this.ink);
      return new Style({ image: new Icon({ img: d.canvas, scale: 1 / d.ratio }), zIndex: state === 'over' ? 5 : 1 });
    });
    return [style, ...this.ring(site.id)];
  }

  private nameStyle(f: Feature): Style[] {
    if (!this.layersOn.has('names')) return [];
    const text = f.get('text') as string;
    const counts = f.get('counts') as [string, number][];
    const out = [this.keep('t' + text, () => new Style({ text: this.text(text, 14, counts.length ? -9 : 0, '500') }))];
    if (counts.length) {
      out.push(this.keep('c' + JSON.stringify(counts), () => {
        const s = summary(counts, this.options.scale, this.ink);
        return new Style({ image: new Icon({ img: s.canvas, scale: 1 / s.ratio, displacement: [0, -9 * this.options.scale] }) });
      }));
    }
    return out;
  }

  /** Finds room for the names again when the scale or what is drawn has changed. */
  private nameTowns(force = false) {
    const resolution = this.view.getResolution();
    if (!this.data || !resolution || (!force && resolution === this.namedAt)) return;
    this.namedAt = resolution;
    this.spreadMarks(resolution);
    const px = this.options.scale * resolution;
    const overview = this.overview();
    const taken = this.obstacles(overview, resolution);
    this.names.clear();
    // The smallest first: they have the fewest places.
    const towns = this.land.getFeatures().slice().sort((a, b) => a.getGeometry()!.getArea() - b.getGeometry()!.getArea());
    for (const town of towns) {
      const ring = outerRing(town.getGeometry());
      if (!ring) continue;
      const text = this.data.nameOf(town.get('thing') as { name_zh: string; name_en: string });
      const width = textWidth(text, 14);
      let counts = overview && !this.options.still ? this.countIn(town.get('division') as string) : [];
      let spot = place(ring, Math.max(width, counts.length * 29) * px, (counts.length ? 36 : 18) * px, taken);
      if (counts.length && (spot.hits >= 1 || spot.out > 2)) {
        counts = [];
        spot = place(ring, width * px, 18 * px, taken);
      }
      // A name under a disc is no name.
      if (spot.hits >= 1) continue;
      const half = { halfWidth: (Math.max(width, counts.length * 29) / 2) * px, halfHeight: (counts.length ? 18 : 9) * px };
      taken.push({ at: spot.at, ...half });
      this.names.addFeature(new Feature({ geometry: new Point(spot.at), text, counts }));
    }
  }

  /** Marks that would cover each other move aside; a thin line leads to the true place. */
  private spreadMarks(resolution: number) {
    const px = this.options.scale * resolution;
    const overview = this.overview();
    const big = this.stations.getFeatures().filter((f) => {
      const site = f.get('site') as Site;
      return this.layersOn.has(site.kind) && !this.tooSmall(site) && !(overview && isMinor(site));
    });
    const over = this.sources.getFeatures().filter((f) => this.layersOn.has((f.get('site') as Site).kind) && this.sourceState(f.get('site') as Site) === 'over');
    const home = (f: Feature<Point>) => f.get('home') as Xy;
    const moving = [...big, ...over];
    const at = spread(moving.map((f, i) => ({ home: home(f), radius: (i < big.length ? 17 : 10) * px })), 48 * px);
    this.leaders.clear();
    const still = new Set(moving);
    for (const f of [...this.stations.getFeatures(), ...this.sources.getFeatures()]) if (!still.has(f)) f.getGeometry()!.setCoordinates(home(f));
    moving.forEach((f, i) => {
      f.getGeometry()!.setCoordinates(at[i]!);
      const away = Math.hypot(at[i]![0] - home(f)[0], at[i]![1] - home(f)[1]);
      if (away > 12 * px) this.leaders.addFeature(new Feature({ geometry: new LineString([home(f), at[i]!]) }));
    });
  }

  private leader(): Style {
    return this.keep('leader', () => new Style({ stroke: new Stroke({ color: this.ink.ink, width: this.options.scale }) }));
  }

  private obstacles(overview: boolean, resolution: number): Obstacle[] {
    const k = this.options.scale;
    const of = (f: Feature<Point>, half: number, weight = 1) => ({ at: f.getGeometry()!.getCoordinates() as Xy, halfWidth: half * k * resolution, halfHeight: half * k * resolution, weight });
    const shown = this.stations.getFeatures().filter((f) => this.layersOn.has((f.get('site') as Site).kind) && !this.tooSmall(f.get('site') as Site));
    const over = this.sources.getFeatures().filter((f) => this.sourceState(f.get('site') as Site) === 'over');
    return [...shown.map((f) => (overview && isMinor(f.get('site') as Site) ? of(f, 4, 0.3) : of(f, 16))), ...over.map((f) => of(f, 9))];
  }

  private countIn(code: string): [string, number][] {
    const counts = new Map<string, number>();
    for (const s of this.data?.sites ?? [])
      if (s.division === code && !isAir(s.kind) && this.layersOn.has(s.kind)) counts.set(s.kind, (counts.get(s.kind) ?? 0) + 1);
    return [...counts].sort((a, b) => b[1] - a[1]).slice(0, MOST_GLYPHS);
  }

  /** The picture's size has changed; a view nobody has moved keeps the whole county in it. */
  resize(fit: boolean) {
    this.map.updateSize();
    if (fit) this.fit(this.options.bounds);
  }

  destroy() {
    this.map.setTarget(undefined);
    this.map.dispose();
  }
}

let pen: CanvasRenderingContext2D | null = null;
function textWidth(text: string, px: number): number {
  pen ??= document.createElement('canvas').getContext('2d')!;
  pen.font = `500 ${px}px ${FONT}`;
  return pen.measureText(text).width;
}

/** Micro and road stations: many, and not part of the evaluation. */
function isMinor(site: Site): boolean {
  return site.kind === 'air_micro' || site.kind === 'air_road';
}

function outerRing(geometry: Geometry | undefined): Xy[] | null {
  if (!geometry) return null;
  if (geometry.getType() === 'Polygon') return (geometry as Polygon).getCoordinates()[0] as Xy[];
  if (geometry.getType() !== 'MultiPolygon') return null;
  const rings = (geometry as MultiPolygon).getPolygons().sort((a, b) => b.getArea() - a.getArea());
  return (rings[0]?.getCoordinates()[0] as Xy[]) ?? null;
}
