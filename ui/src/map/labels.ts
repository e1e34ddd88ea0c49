// SPDX-License-Identifier: Apache-2.0
// Places for township names: inside the outline, near its middle, clear of the discs.

export type Xy = [number, number];

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

const GRID = 13;

/** The best middle for a label of w × h among a grid of places; all in the same unit, y up. */
export function place(ring: Xy[], w: number, h: number, obstacles: { at: Xy; radius: number }[]): Xy {
  const xs = ring.map((p) => p[0]);
  const ys = ring.map((p) => p[1]);
  const [left, right, low, high] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const middle = centroid(ring);
  const reach = Math.hypot(right - left, high - low) || 1;
  let best = middle;
  let bestScore = -Infinity;
  for (let i = 0; i < GRID * GRID; i++) {
    const p: Xy = [left + ((right - left) * ((i % GRID) + 0.5)) / GRID, low + ((high - low) * (Math.floor(i / GRID) + 0.5)) / GRID];
    if (!inside(ring, p)) continue;
    const corners: Xy[] = [[p[0] - w / 2, p[1] - h / 2], [p[0] + w / 2, p[1] - h / 2], [p[0] - w / 2, p[1] + h / 2], [p[0] + w / 2, p[1] + h / 2]];
    const out = corners.filter((c) => !inside(ring, c)).length;
    const hits = obstacles.filter((o) => overlaps(p, w, h, o)).length;
    const score = -out * 0.5 - hits * 2 - Math.hypot(p[0] - middle[0], p[1] - middle[1]) / reach;
    if (score > bestScore) [best, bestScore] = [p, score];
  }
  return best;
}

function overlaps(p: Xy, w: number, h: number, o: { at: Xy; radius: number }): boolean {
  const dx = Math.max(0, Math.abs(o.at[0] - p[0]) - w / 2);
  const dy = Math.max(0, Math.abs(o.at[1] - p[1]) - h / 2);
  return dx * dx + dy * dy < o.radius * o.radius;
}
