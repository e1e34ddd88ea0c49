/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_STANDARDS_COORDS_H
#define QK_STANDARDS_COORDS_H
/* Coordinates: WGS-84 (and CGCS2000, equal to it within centimetres) to and from the shifted
 * systems GCJ-02 and BD-09 of Chinese map services, and tile numbers of Tianditu. Degrees.
 * Accuracy of the inverse about 1e-9 degrees. Pure, any thread. */
#include "base/text.h"

typedef struct qk_lonlat {
    double lon_deg;
    double lat_deg;
} qk_lonlat;

/* Outside the rectangle lon 72.004-137.8347, lat 0.8293-55.8271 nothing is shifted. */
qk_lonlat qk_wgs_to_gcj(qk_lonlat wgs);
qk_lonlat qk_gcj_to_wgs(qk_lonlat gcj); /* five rounds of fixed-point iteration */
qk_lonlat qk_gcj_to_bd(qk_lonlat gcj);
qk_lonlat qk_bd_to_gcj(qk_lonlat bd);

typedef struct qk_tile {
    int64_t col;
    int64_t row;
} qk_tile;
enum { QK_ZOOM_MAX = 30 };
/* Web Mercator tile (suffix _w); false beyond 85.0511 degrees of latitude or zoom 0..30. */
bool qk_tile_mercator(qk_tile *out, qk_lonlat at, int32_t zoom);
/* Latitude-longitude tile (suffix _c); false outside the globe or zoom 0..30. */
bool qk_tile_geographic(qk_tile *out, qk_lonlat at, int32_t zoom);
#endif
