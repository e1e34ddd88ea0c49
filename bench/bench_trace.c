/* SPDX-License-Identifier: Apache-2.0 */
/* Plots by wind of data/openair under QK_SHARED: CPU time beside the published figures of
 * openair 2.16 (models/peers.md), each the best of several. */
#include "base/csv.h"
#include "models/polar.h"
#include "models/rose.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { COLUMNS = 16, REPEATS = 15, YEAR = 8760, YEAR_2003 = 43824 };

typedef struct records {
    size_t rows;
    double *cell; /* [columns][capacity] */
    size_t capacity;
    qk_csv_reader *reader;
} records;

static bool read_records(records *r)
{
    char command[600];
    const qk_str *cells;
    qk_error err = {0};
    const char *shared = getenv("QK_SHARED");
    snprintf(command, sizeof command, "xz -dc '%s/data/openair/mydata.csv.xz' 2>/dev/null",
             shared ? shared : "../shared");
    FILE *file = popen(command, "r");
    *r = (records){.capacity = 80000};
    r->cell = malloc(COLUMNS * r->capacity * sizeof *r->cell);
    if (!file || !r->cell || qk_csv_open(&r->reader, file, "mydata.csv", 0, &err) != QK_OK)
        return false;
    while (r->rows < r->capacity && qk_csv_next(r->reader, &cells, &err) == QK_OK) {
        for (size_t c = 0; c < qk_csv_columns(r->reader) && c < COLUMNS; c++) {
            double *to = &r->cell[c * r->capacity + r->rows];
            if (qk_parse_f64(to, qk_str_trim(cells[c])) != QK_OK) *to = NAN;
        }
        r->rows++;
    }
    pclose(file);
    return r->rows > YEAR_2003 + YEAR;
}

static const double *column(const records *r, const char *name)
{
    return r->cell + (size_t)qk_csv_column(r->reader, name) * r->capacity;
}

static double cpu_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

typedef struct plot {
    const char *name, *pollutant;
    qk_polar_statistic statistic;
    bool one_year, rose;
    double peer_s; /* openair's time */
} plot;

static bool draw_plot(const plot *p, const qk_wind_series *in)
{
    qk_polar_surface s;
    qk_rose rose;
    if (p->rose) {
        const qk_rose_options o = {.sector_deg = 10, .percents = 5, .percent = {5, 25, 50, 75, 95}};
        if (qk_rose_of(&rose, in, &o, NULL) != QK_OK) return false;
        qk_rose_clear(&rose);
        return true;
    }
    const qk_polar_options o = {.statistic = p->statistic, .percentile = 90};
    if (qk_polar_surface_of(&s, in, &o, NULL) != QK_OK) return false;
    qk_polar_surface_clear(&s);
    return true;
}

static void bench_plot(const plot *p, const records *r)
{
    size_t from = p->one_year ? YEAR_2003 : 0;
    qk_wind_series in = {p->one_year ? YEAR : r->rows, column(r, "ws") + from,
                         column(r, "wd") + from, column(r, p->pollutant) + from};
    double best = INFINITY;
    for (int n = 0; n < REPEATS; n++) {
        double start = cpu_ms();
        if (!draw_plot(p, &in)) return;
        best = fmin(best, cpu_ms() - start);
    }
    printf("%-28s %7.2f ms; openair %6.0f ms, %.0f times\n", p->name, best, p->peer_s * 1e3,
           p->peer_s * 1e3 / best);
}

int main(void)
{
    static const plot plots[] = {
        {"polar mean nox, 8 years", "nox", QK_POLAR_MEAN, false, false, 0.32},
        {"polar mean nox, 1 year", "nox", QK_POLAR_MEAN, true, false, 0.13},
        {"polar CPF 90 so2, 8 years", "so2", QK_POLAR_CPF, false, false, 0.14},
        {"polar NWR so2, 1 year", "so2", QK_POLAR_NWR, true, false, 2.5},
        {"percentile rose o3, 8 years", "o3", QK_POLAR_MEAN, false, true, 0.9},
    };
    records r;
    if (!read_records(&r)) {
        printf("plots by wind passed over: no data/openair under QK_SHARED\n");
        free(r.cell);
        return 0;
    }
    for (size_t i = 0; i < sizeof plots / sizeof *plots; i++) bench_plot(&plots[i], &r);
    qk_csv_close(r.reader);
    free(r.cell);
    return 0;
}
