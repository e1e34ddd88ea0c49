// SPDX-License-Identifier: Apache-2.0
// What a question lays over the map: cells by a value, areas and ways.

export type LonLat = [number, number];
export interface Overlay {
  cells: { ring: LonLat[]; colour: string }[];
  areas: LonLat[][];
  ways: LonLat[][];
  /** Sites that are ringed, the first the strongest. */
  marks: string[];
  /** The picture shows all of these. */
  bounds: [number, number, number, number] | null;
}
