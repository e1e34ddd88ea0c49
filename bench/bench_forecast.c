/* SPDX-License-Identifier: Apache-2.0 */
/* Refit of one place's forecaster on a made-up record of two and four years, 10 and 15 leads: CPU
 * and wall time. The limit of a nightly refit is 30 s. */
#include "base/time.h"
#include "models/forecast.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { DAYS_MAX = 1461, COLUMNS = 11, LEADS = 10, TARGETS = 8 };

static double draw_unit(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (double)(*state >> 11) * 0x1p-53;
}

static double cpu_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int bench_fit(size_t days, size_t leads)
{
    static double value[TARGETS][DAYS_MAX], weather[DAYS_MAX * LEADS * COLUMNS];
    static bool learn[DAYS_MAX];
    uint64_t seed = 1;
    qk_forecaster *f;
    qk_error err = {0};
    qk_forecast_record r = {.days = days, .targets = TARGETS, .learn = learn, .index = 7};
    qk_weather_archive a = {0, days, LEADS, COLUMNS, weather};
    r.companions = 7;
    r.key[1] = 1;
    for (size_t i = 0; i < days * LEADS * COLUMNS; i++) weather[i] = draw_unit(&seed);
    for (size_t t = 0; t < days; t++) {
        learn[t] = true;
        for (size_t k = 0; k < TARGETS; k++)
            value[k][t] = 20 + 100 * draw_unit(&seed) * weather[t * LEADS * COLUMNS + k];
    }
    for (size_t k = 0; k < TARGETS; k++) {
        r.value[k] = value[k];
        r.least[k] = 1;
    }
    double cpu = cpu_seconds();
    int64_t wall = qk_monotonic_ns();
    if (qk_forecaster_fit(&f, &r, &a, leads, &err) != QK_OK) {
        printf("forecast   %s\n", err.message);
        return 1;
    }
    printf("forecast   %4zu days, %2zu leads: refit %.2f s CPU, %.2f s wall\n", days, leads,
           cpu_seconds() - cpu, (double)(qk_monotonic_ns() - wall) / 1e9);
    qk_forecaster_free(f);
    return 0;
}

int main(void)
{
    return bench_fit(731, 10) | bench_fit(731, 15) | bench_fit(DAYS_MAX, 15);
}
