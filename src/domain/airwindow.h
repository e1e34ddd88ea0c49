/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_AIRWINDOW_H
#define QK_DOMAIN_AIRWINDOW_H
/* Behind domain/airgrade.h: a stretch of days of one site with its neighbours, from which hours are
 * graded. One thread at a time; everything stands in the arena given. */
#include "domain/airgrade.h"

typedef struct qk_air_window {
    int32_t first_day;
    size_t hours; /* 24 a day */
    /* [p][hour] */
    int64_t *own[QK_POLLUTANTS];
    char *flag[QK_POLLUTANTS];
    size_t near_n;
    size_t near[QK_AIR_NEAR];                      /* numbers of the sources */
    int64_t *near_own[QK_AIR_NEAR][QK_POLLUTANTS]; /* only what counts as measured */
} qk_air_window;

/* Numbers of at most QK_AIR_NEAR evaluated stations within near_km of sources[at], nearest first;
 * none for a station without coordinates. */
size_t qk_air_near(size_t out[QK_AIR_NEAR], const qk_air_source *sources, size_t n, size_t at,
                   int32_t near_km);
double qk_air_distance_m(const qk_site *a, const qk_site *b);

QK_NODISCARD qk_code qk_air_window_new(qk_air_window *w, int32_t first_day, int32_t days,
                                       const size_t *near, size_t near_n, qk_arena *arena,
                                       qk_error *err);
/* which: SIZE_MAX the site itself, else the place of a neighbour in w->near. */
void qk_air_window_put(qk_air_window *w, size_t which, const qk_air_row *row);
void qk_air_window_judge(qk_qc_verdict *out, const qk_air_window *w, const qk_qc_rule *rule,
                         qk_pollutant p, size_t hour);
/* Takes hours as read into a row: values and flags, grades left as they are. True when something
 * differs from what stood there; *changed gets a bit an hour. */
bool qk_air_row_take(qk_air_row *row, qk_air_cell *const cells[QK_POLLUTANTS], size_t offset,
                     uint32_t *changed);
void qk_air_row_init(qk_air_row *row, int32_t day);
/* 10^-6 of the unit, half to even; beyond what an hour may hold the bound. */
int64_t qk_air_micro(qk_dec value);

enum { QK_AIR_ROW_BYTES = QK_POLLUTANTS * QK_AIR_DAY_HOURS * 12 };
void qk_air_row_pack(uint8_t out[QK_AIR_ROW_BYTES], const qk_air_row *row);
/* QK_EDAMAGED when the length is another. */
QK_NODISCARD qk_code qk_air_row_unpack(qk_air_row *row, const void *bytes, size_t len,
                                       qk_error *err);
#endif
