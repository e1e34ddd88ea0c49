/* SPDX-License-Identifier: Apache-2.0 */
/* What a helper says, which has read a hostile file and may be anybody's by now: taken as a grid,
 * or refused; of what is taken every form is made. The first byte chooses a place. */
#include "fuzz.h"
#include "models/weather_grid.h"
#include <stdlib.h>

static void make_forms(const qk_grid *g, double lon, double lat)
{
    qk_buf out;
    qk_grid_series s, hours;
    size_t n;
    qk_buf_init(&out, 1 << 22);
    if (qk_grid_series_make(&s, g, lon, lat, QK_TIME_NONE, NULL) == QK_OK) {
        qk_grid_write_series(&out, &s);
        qk_grid_write_obs(&out, &s, 8);
        qk_grid_write_soundings(&out, &s, 50, 8, &n);
        if (qk_grid_series_hourly(&hours, &s, NULL) == QK_OK) {
            qk_grid_write_series(&out, &hours);
            qk_grid_series_clear(&hours);
        }
        qk_grid_series_clear(&s);
    }
    if (qk_grid_write_days(&out, &n, g, lon, lat, NULL) == QK_OK) qk_buf_reset(&out);
    if (qk_grid_write_winds(&out, g, QK_GRID_HEIGHT, 10, NULL) == QK_OK) qk_buf_reset(&out);
    qk_buf_clear(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    qk_grid *g = NULL;
    if (size < 1) return 0;
    char *text = malloc(size);
    if (!text) return 0;
    memcpy(text, data + 1, size - 1);
    if (qk_grid_take(&g, text, size - 1, NULL) != QK_OK) return 0;
    make_forms(g, data[0] * 1.5 - 190, data[0] * 0.8 - 100);
    qk_grid_free(g);
    return 0;
}
