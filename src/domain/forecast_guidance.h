/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_FORECAST_GUIDANCE_H
#define QK_DOMAIN_FORECAST_GUIDANCE_H
/* Where the statistical forecast (models/forecast.h) meets the national index (standards/aqi.h):
 * days of air become its targets, its ensemble becomes AQI, grades, the primary pollutant and
 * probabilities under one edition of HJ 633. Pure but for memory; any thread. */
#include "models/forecast.h"
#include "standards/evaluate.h"

enum {
    QK_GUIDANCE_OZONE_HOUR = QK_POLLUTANTS, /* targets: the pollutants, then these two */
    QK_GUIDANCE_INDEX,
    QK_GUIDANCE_TARGETS,
    QK_GUIDANCE_LEADS = QK_FORECAST_LEADS,
    QK_GUIDANCE_LEADS_LEARNT = 10, /* least; fewer asked for are learnt with these */
    QK_GUIDANCE_OVER = 3           /* probabilities of an AQI above 100, 150, 200 */
};
extern const int32_t qk_guidance_over[QK_GUIDANCE_OVER];

/* Daily record of one station or area, day by day. */
typedef struct qk_forecast_days {
    int32_t first_day;
    size_t days;
    double *value[QK_GUIDANCE_TARGETS];      /* ug/m3, CO mg/m3, AQI under `rule`; NaN missing */
    double *end[QK_POLLUTANTS][QK_DAY_ENDS]; /* of the day's last hours, as in a qk_day; or NaN */
    int16_t *aqi;                            /* as judged in the qk_day; QK_AQI_NA without */
    bool *learn;                             /* set by the caller, all false at first */
    uint8_t *holiday;                        /* [days + QK_GUIDANCE_LEADS]; zeros at first */
    const qk_aqi_rule *rule;
    const _Atomic bool *stop; /* as qk_forecast_record.stop */
} qk_forecast_days;
/* QK_EINVAL for an empty or too long span (QK_FORECAST_DAYS), QK_ENOMEM. The rule is borrowed. */
QK_NODISCARD qk_code qk_forecast_days_init(qk_forecast_days *days, int32_t first_day,
                                           int32_t last_day, const qk_aqi_rule *rule,
                                           qk_error *err);
void qk_forecast_days_clear(qk_forecast_days *days);
/* Drops the days before the first that may be learnt from, if there is one. */
void qk_forecast_days_trim(qk_forecast_days *days);
/* Days outside the span are passed over. */
void qk_forecast_days_put(qk_forecast_days *days, const qk_day *day);
/* Learns from the days marked; for `leads` or QK_GUIDANCE_LEADS_LEARNT, whichever is more. */
QK_NODISCARD qk_code qk_forecast_days_fit(qk_forecaster **out, const qk_forecast_days *days,
                                          const qk_weather_archive *archive, size_t leads,
                                          qk_error *err);

typedef struct qk_guidance {
    int32_t low, mid, high;          /* AQI; low..high is the central 70 % within the grades told */
    int32_t grade;                   /* the most probable, 1..6; that of mid */
    uint32_t grades;                 /* bits 1 << grade: it alone or with its likelier neighbour */
    double share[QK_AQI_LEVELS + 1]; /* probability of grade 1..6 */
    double over[QK_GUIDANCE_OVER];   /* probabilities of qk_guidance_over */
    int32_t primary;                 /* qk_pollutant, the likeliest at that grade; -1 at 1 */
    double conc[QK_GUIDANCE_TARGETS][3]; /* central 70 %: low, median, high; NaN not known */
} qk_guidance;

/* Makes guidance from ensembles, holding room for one. */
typedef struct qk_guide qk_guide;
QK_NODISCARD qk_code qk_guide_new(qk_guide **out, const qk_forecaster *f,
                                  const qk_forecast_days *days, qk_error *err);
void qk_guide_free(qk_guide *g);
/* For the day `lead` days after `issued` (civil day numbers), under `rule`. QK_EINVAL. */
QK_NODISCARD qk_code qk_guide_day(qk_guidance *out, qk_guide *g, int32_t issued, size_t lead,
                                  const qk_aqi_rule *rule, qk_error *err);

/* "1" or "2;3". */
char *qk_guidance_grades_text(char out[8], uint32_t grades);
#endif
