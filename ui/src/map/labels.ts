// SPDX-License-Identifier: Apache-2.0
// Places for township names: inside the outline, near its middle, clear of discs and other names.

export type Xy = [number, number];

/** What a label must not cover: a disc, or the box of another label. */
export interface Obstacle {
  at: Xy;
  halfWidth: number;
  halfHeight: number;
  /** How bad it is to cover it; 1 where not said. */
  weight?: number;
}

export interface Placed {
  at: Xy;
  /** Weight of the obstacles covered. */
  hits: number;
  /** Corners of the label outside the outline. */
  out: number;
}

export function inside(ring: Xy[], p: Xy): boolean {
  let odd = false;
  for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
    const [xi, yi] = ring[i]!;
    const [xj, yj] = ring[j]!;
    if (yi > p[1] !== yj > p[1] && p[0] < ((xj - xi) * (p[1] - yi)) / (yj - yi) + xi) odd = !odd;
  }
  return odd;
}

export function centroid(ring: Xy[]): Xy {
  let [area, x, y] = [0, 0, 0];
  for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
    const [a, b] = [ring[j]!, ring[i]!];
    const cross = a[0] * b[1] - b[0] * a[1];
    area += cross;
    x += (a[0] + b[0]) * cross;
    y += (a[1] + b[1]) * cross;
  }
  return area ? [x / (3 * area), y / (3 * area)] : ring[0]!;
}

const GRID = 17;
const HIT = 3;
const OUT = 0.6;

/** The best middle for a label of w × h among a grid of places; all in the same unit, y up. */
export function place(ring: Xy[], w: number, h: number, obstacles: Obstacle[]): Placed {
  const xs = ring.map((p) => p[0]);
  const ys = ring.map((p) => p[1]);
  const [left, right, low, high] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const middle = centroid(ring);
  const reach = Math.hypot(right - left, high - low) || 1;
  let best: Placed = { at: middle, hits: Infinity, out: 4 };
  let bestScore = -Infinity;
  for (let i = 0; i < GRID * GRID; i++) {
    const p: Xy = [left + ((right - left) * ((i % GRID) + 0.5)) / GRID, low + ((high - low) * (Math.floor(i / GRID) + 0.5)) / GRID];
    if (!inside(ring, p)) continue;
    const corners: Xy[] = [[p[0] - w / 2, p[1] - h / 2], [p[0] + w / 2, p[1] - h / 2], [p[0] - w / 2, p[1] + h / 2], [p[0] + w / 2, p[1] + h / 2]];
    const out = corners.filter((c) => !inside(ring, c)).length;
    let hits = 0;
    for (const o of obstacles)
      if (Math.abs(o.at[0] - p[0]) < o.halfWidth + w / 2 && Math.abs(o.at[1] - p[1]) < o.halfHeight + h / 2) hits += o.weight ?? 1;
    const score = -out * OUT - hits * HIT - Math.hypot(p[0] - middle[0], p[1] - middle[1]) / reach;
    if (score > bestScore) [best, bestScore] = [{ at: p, hits, out }, score];
  }
  return best;
}

const ROUNDS = 60;

export interface Body {
  home: Xy;
  radius: number;
}

/** Marks pushed apart until none covers another by more than a sliver; each stays within reach of
 * its true place. Returns the new middles in the order given. */
export function spread(bodies: Body[], reach: number): Xy[] {
  const out = bodies.map((b) => [b.home[0], b.home[1]] as Xy);
  for (let round = 0; round < ROUNDS; round++) {
    let moved = false;
    for (let i = 0; i < out.length; i++)
      for (let j = i + 1; j < out.length; j++) moved = part(out[i]!, out[j]!, bodies[i]!.radius + bodies[j]!.radius, i) || moved;
    bodies.forEach((b, i) => hold(out[i]!, b.home, reach));
    if (!moved) break;
  }
  return out;
}

/** Moves two middles apart along their line, by half of what is missing each. */
function part(a: Xy, b: Xy, apart: number, seed: number): boolean {
  let dx = b[0] - a[0];
  let dy = b[1] - a[1];
  let d = Math.hypot(dx, dy);
  if (d >= apart * 0.98) return false;
  if (d === 0) {
    [dx, dy] = [Math.cos(seed + 1), Math.sin(seed + 1)];
    d = 1;
  }
  const push = (apart - Math.min(d, apart)) / 2;
  a[0] -= (dx / d) * push;
  a[1] -= (dy / d) * push;
  b[0] += (dx / d) * push;
  b[1] += (dy / d) * push;
  return true;
}

function hold(p: Xy, home: Xy, reach: number) {
  const [dx, dy] = [p[0] - home[0], p[1] - home[1]];
  const d = Math.hypot(dx, dy);
  if (d <= reach) return;
  p[0] = home[0] + (dx / d) * reach;
  p[1] = home[1] + (dy / d) * reach;
}
