/* SPDX-License-Identifier: Apache-2.0 */
/* The runstream reader and, on the same bytes, the readers of weather and of a matrix. */
#include "fuzz.h"

#include "models/aermod_case.h"
#include "models/aermod_weather.h"
#include "models/source_matrix.h"

static qk_code give_same(void *ctx, const char *path, qk_str *text, qk_error *err)
{
    (void)path;
    (void)err;
    *text = *(const qk_str *)ctx;
    return QK_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    qk_str text = {(const char *)data, size};
    qk_str rest = text, weather = {0};
    size_t at = qk_str_find(text, QK_STR("\n%%\n"), 0);
    if (at != SIZE_MAX) {
        rest.len = at;
        weather = (qk_str){text.ptr + at + 4, size - at - 4};
    }
    qk_aermod_loader loader = {&weather, give_same};
    qk_aermod_case c;
    qk_aermod_weather w;
    qk_plume_hour hour;
    qk_matrix *m;
    if (qk_aermod_case_read(&c, rest, "fuzz", &loader, NULL) == QK_OK) qk_aermod_case_clear(&c);
    if (qk_aermod_weather_open(&w, weather, "sfc", rest, "pfl", NULL) == QK_OK)
        while (qk_aermod_weather_next(&w, &hour, NULL) == QK_OK) continue;
    if (qk_matrix_read(&m, text, NULL) == QK_OK) qk_matrix_free(m);
    return 0;
}
