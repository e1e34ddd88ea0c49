/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_STANDARDS_EPISODE_H
#define QK_STANDARDS_EPISODE_H
/* Episodes of heavy pollution in what was measured: where they begin and end.
 *
 * An episode is a run of days whose observed AQI meets a condition of the warnings in force
 * (环大气〔2024〕6号 and its predecessor, standards/warning.h: above 150 for 48 h, above 200 for
 * 24 h …); a day without a value, or one that does not count (ozone, sand), is below 0 and breaks
 * the run. Its hours run from the first to the last one with PM2.5 above `above`; outwards they go
 * on until `clear_hours` in a row are not above it (a missing one is not), at most QK_EPISODE_REACH
 * hours. Where no hour is above, or hours are not known, the days are its edges. Two episodes less
 * than the rule's release_hours apart are one. Pure; any thread. */
#include "standards/warning.h"

enum { QK_EPISODE_DAYS = 1100, QK_EPISODE_REACH = 48 };

typedef struct qk_episode_rule {
    double above;        /* ug/m3 of PM2.5 in an hour */
    int32_t clear_hours; /* at least 1 */
    char source[96], source_zh[QK_RULE_ZH];
} qk_episode_rule;
/* 75 ug/m3, the 24-h limit of class 2 of GB 3095-2012, and 6 h, a convention. */
const qk_episode_rule *qk_episode_rule_shipped(void);

typedef struct qk_episode {
    size_t first_day, last_day;
    qk_warning_level level; /* the highest of its days */
    size_t from, to;        /* hours: the first, one past the last */
    bool hours_known;       /* the edges are hours, not days */
    bool runs;              /* touches the end of the row */
    int32_t aqi;            /* its highest day; that day */
    size_t worst_day;
    double peak; /* ug/m3; NaN without hours */
    size_t peak_hour;
    int32_t hours_above;
} qk_episode;

/* out [most], by time; *n of them. aqi[days]; pm25[24 * days], NaN = missing, day i being hours
 * 24 i … 24 i + 23. QK_EINVAL for a rule that cannot be or too many days, QK_EFULL beyond `most`.
 */
QK_NODISCARD qk_code qk_episodes_find(qk_episode *out, size_t most, size_t *n,
                                      const qk_warning_rule *warning, const qk_episode_rule *rule,
                                      const int32_t *aqi, const double *pm25, size_t days,
                                      qk_error *err);
#endif
