// SPDX-License-Identifier: Apache-2.0
// A field of values on a regular grid of metres, drawn in classes with their contours: as a layer of
// the map. Whoever shows values over the county on the map uses this one.
import ImageLayer from 'ol/layer/Image.js';
import ImageCanvas from 'ol/source/ImageCanvas.js';
import { fromLonLat } from 'ol/proj.js';

export interface Grid {
  /** Of the first point. */
  lon: number;
  lat: number;
  /** Where the metres east and north are measured from. */
  origin_lat: number;
  step_m: number;
  nx: number;
  ny: number;
}

export interface Field {
  grid: Grid;
  /** Eastward, then northward; NaN = nothing known. */
  values: ArrayLike<number>;
  /** Lower limits of the classes, rising; what lies below the first stays blank. */
  limits: number[];
  colours: string[];
}

/** Of 0 to 1: dark and blue to bright and yellow, even to the eye and for the colour-blind. */
const SCALE = ['#440154', '#482475', '#414487', '#355f8d', '#2a788e', '#21918c', '#22a884', '#44bf70', '#7ad151', '#bddf26', '#fde725'];

/** Colours for so many classes; little stands out least from paper. */
export function fieldColours(n: number, dark: boolean): string[] {
  return Array.from({ length: n }, (_, i) => {
    const at = Math.round(((n === 1 ? 1 : i / (n - 1)) * (SCALE.length - 1)));
    return SCALE[dark ? at : SCALE.length - 1 - at]!;
  });
}

const METRES_A_DEGREE = 111195;

/** Longitude and latitude of a place in the grid, counted in steps. */
export function placeOf(g: Grid, i: number, j: number): [number, number] {
  const east = METRES_A_DEGREE * Math.cos((g.origin_lat * Math.PI) / 180);
  return [g.lon + (i * g.step_m) / east, g.lat + (j * g.step_m) / METRES_A_DEGREE];
}

/** The other way: steps from the first point. */
export function stepsOf(g: Grid, lon: number, lat: number): [number, number] {
  const east = METRES_A_DEGREE * Math.cos((g.origin_lat * Math.PI) / 180);
  return [((lon - g.lon) * east) / g.step_m, ((lat - g.lat) * METRES_A_DEGREE) / g.step_m];
}

type Point = [number, number];

/** Of a square's corners (counter-clockwise, with values) the part at or above a limit, and where the
 * limit crosses it. */
export function above(corner: Point[], value: number[], limit: number): { part: Point[]; line: Point[] } {
  const part: Point[] = [];
  const line: Point[] = [];
  for (let k = 0; k < corner.length; k++) {
    const [a, b] = [corner[k]!, corner[(k + 1) % corner.length]!];
    const [va, vb] = [value[k]!, value[(k + 1) % corner.length]!];
    if (va >= limit) part.push(a);
    if (va >= limit !== vb >= limit) {
      const s = (limit - va) / (vb - va);
      const p: Point = [a[0] + (b[0] - a[0]) * s, a[1] + (b[1] - a[1]) * s];
      part.push(p);
      line.push(p);
    }
  }
  return { part, line };
}

/** Least and largest value at the corners of each square; NaN where one is not known. */
function spans(field: Field): { least: Float64Array; most: Float64Array } {
  const { nx, ny } = field.grid;
  const v = field.values;
  const least = new Float64Array(nx * ny).fill(NaN);
  const most = new Float64Array(nx * ny).fill(NaN);
  for (let j = 0; j + 1 < ny; j++)
    for (let i = 0; i + 1 < nx; i++) {
      const k = j * nx + i;
      least[k] = Math.min(v[k]!, v[k + 1]!, v[k + nx]!, v[k + nx + 1]!);
      most[k] = Math.max(v[k]!, v[k + 1]!, v[k + nx]!, v[k + nx + 1]!);
    }
  return { least, most };
}

/** Draws onto g, whose unit is a pixel; at gives the pixel of a place in the grid. Squares that lie
 * wholly above a limit go by rows, the others by their part. */
function draw(g: CanvasRenderingContext2D, field: Field, at: (i: number, j: number) => Point, ink: string) {
  const { nx, ny } = field.grid;
  const v = field.values;
  const pixel: Point[] = [];
  for (let j = 0; j < ny; j++) for (let i = 0; i < nx; i++) pixel.push(at(i, j));
  const { least, most } = spans(field);
  const ring = (path: Path2D, points: Point[]) => {
    points.forEach((p, n) => (n ? path.lineTo(p[0], p[1]) : path.moveTo(p[0], p[1])));
    path.closePath();
  };
  field.limits.forEach((limit, level) => {
    const fill = new Path2D();
    const lines = new Path2D();
    for (let j = 0; j + 1 < ny; j++) {
      for (let i = 0; i + 1 < nx; i++) {
        const k = j * nx + i;
        if (!(most[k]! >= limit)) continue;
        if (least[k]! >= limit) {
          let to = k;
          while (to + 2 < (j + 1) * nx && least[to + 1]! >= limit) to++;
          ring(fill, [pixel[k]!, pixel[to + 1]!, pixel[to + nx + 1]!, pixel[k + nx]!]);
          i += to - k;
          continue;
        }
        const index = [k, k + 1, k + nx + 1, k + nx];
        const { part, line } = above(index.map((n) => pixel[n]!), index.map((n) => v[n]!), limit);
        ring(fill, part);
        for (let n = 0; n + 1 < line.length; n += 2) {
          lines.moveTo(line[n]![0], line[n]![1]);
          lines.lineTo(line[n + 1]![0], line[n + 1]![1]);
        }
      }
    }
    g.fillStyle = field.colours[level]!;
    g.fill(fill);
    g.strokeStyle = ink;
    g.lineWidth = 0.8;
    g.stroke(lines);
  });
}

/** The layer and the way to change what it shows. */
export function fieldLayer(ink: () => string): { layer: ImageLayer<ImageCanvas>; show: (field: Field | null) => void } {
  let field: Field | null = null;
  const source = new ImageCanvas({
    ratio: 1,
    canvasFunction: (extent, resolution, pixelRatio, size) => {
      const canvas = document.createElement('canvas');
      canvas.width = size[0]!;
      canvas.height = size[1]!;
      const g = canvas.getContext('2d');
      if (!g || !field) return canvas;
      const shown = field;
      const k = pixelRatio / resolution;
      draw(
        g,
        shown,
        (i, j) => {
          const [x, y] = fromLonLat(placeOf(shown.grid, i, j));
          return [(x! - extent[0]!) * k, (extent[3]! - y!) * k];
        },
        ink(),
      );
      return canvas;
    },
  });
  return {
    layer: new ImageLayer({ source, opacity: 0.72 }),
    show: (next) => {
      field = next;
      source.changed();
    },
  };
}
