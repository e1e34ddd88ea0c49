/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/device.h"
#include "hj212/tables.h"
#include "sim/signal.h"
#include <ctype.h>
#include <math.h>
#include <stdio.h>

enum { CP_MAX = 3600, PARTS_MAX = 60 };

typedef struct cp_text {
    char text[CP_MAX];
    size_t len;
    bool over;
} cp_text;

static void put(cp_text *cp, const char *fmt, ...) QK_PRINTF(2, 3);
static void put(cp_text *cp, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(cp->text + cp->len, sizeof cp->text - cp->len, fmt, args);
    va_end(args);
    if (n < 0 || (size_t)n >= sizeof cp->text - cp->len)
        cp->over = true;
    else
        cp->len += (size_t)n;
}

qk_time qk_sim_interval(const qk_sim_device *d, int32_t cn)
{
    const qk_sim_profile *p = d->profile;
    switch (cn) {
    case 2011: return p->rtd_interval_s * QK_SECOND;
    case 2051: return p->min_interval_min * QK_MINUTE;
    case 2061: return p->hours ? QK_HOUR : 0;
    case 2031: return p->days ? QK_DAY : 0;
    default: return 0;
    }
}

/* Old outlets send the codes of HJ/T 212-2005. */
static const char *code_of(const qk_sim_device *d, const qk_sim_factor *f)
{
    const qk_hj212_factor *known =
        d->profile->dialect == 2005 ? qk_hj212_factor_find(qk_hj212_text_of(f->code)) : NULL;
    return known && known->old ? known->old : f->code;
}

static double rounded(double v, int32_t decimals)
{
    double k = pow(10, decimals);
    return round(v * k) / k;
}

/* Oxygen of coal-fired boilers: GB 13271 converts to 9 %. */
static double converted(double conc_mg_m3, double oxygen_percent)
{
    if (oxygen_percent >= 20.9) return conc_mg_m3;
    return conc_mg_m3 * (21 - 9) / (21 - oxygen_percent);
}

static double oxygen_at(const qk_sim_device *d, qk_time t)
{
    for (size_t i = 0; i < d->profile->n_factors; i++)
        if (d->profile->factors[i].shape == QK_SIM_OXYGEN)
            return qk_sim_value(d, &d->profile->factors[i], t);
    return 9;
}

static double reading(const qk_sim_device *d, const qk_sim_factor *f, qk_time t)
{
    return fmin(f->high, fmax(f->low, rounded(qk_sim_value(d, f, t), f->decimals)));
}

static void put_flag(cp_text *cp, const qk_sim_device *d, const char *code)
{
    if (!(d->quirks & QK_SIM_NO_FLAGS)) put(cp, ",%s-Flag=N", code);
}

static void put_realtime(cp_text *cp, const qk_sim_device *d, qk_time t)
{
    for (size_t i = 0; i < d->profile->n_factors; i++) {
        const qk_sim_factor *f = &d->profile->factors[i];
        const char *code = code_of(d, f);
        double v = reading(d, f, t);
        put(cp, ";%s-Rtd=%.*f", code, f->decimals, v);
        if (f->converted)
            put(cp, ",%s-ZsRtd=%.*f", code, f->decimals, converted(v, oxygen_at(d, t)));
        put_flag(cp, d, code);
    }
}

typedef struct spread {
    double min, avg, max;
} spread;

/* What the readings of an interval come to: 12 to an hour and less, 24 to a day. */
static spread interval_spread(const qk_sim_device *d, const qk_sim_factor *f, qk_time t,
                              qk_time len)
{
    int n = len > QK_HOUR ? 24 : len >= QK_HOUR ? 12 : 4;
    spread s = {INFINITY, 0, -INFINITY};
    for (int i = 0; i < n; i++) {
        double v = reading(d, f, t + len * i / n + len / (2 * n));
        s.min = fmin(s.min, v), s.max = fmax(s.max, v), s.avg += v / n;
    }
    return s;
}

static void put_interval(cp_text *cp, const qk_sim_device *d, qk_time t, qk_time len, bool revised)
{
    double flow_m3_s = 0, amount_m3;
    for (size_t i = 0; i < d->profile->n_factors; i++)
        if (strcmp(d->profile->factors[i].code, "a00000") == 0)
            flow_m3_s = interval_spread(d, &d->profile->factors[i], t, len).avg;
    amount_m3 = flow_m3_s * (double)len / 1000;
    for (size_t i = 0; i < d->profile->n_factors; i++) {
        const qk_sim_factor *f = &d->profile->factors[i];
        const char *code = code_of(d, f);
        spread s = interval_spread(d, f, t, len);
        if (revised && i == 0) s.avg += 3;
        put(cp, ";%s-Min=%.*f,%s-Avg=%.*f,%s-Max=%.*f", code, f->decimals, s.min, code, f->decimals,
            s.avg, code, f->decimals, s.max);
        if (f->converted)
            put(cp, ",%s-ZsAvg=%.*f", code, f->decimals,
                converted(s.avg, oxygen_at(d, t + len / 2)));
        if (f->amount && strcmp(f->code, "a00000") == 0)
            put(cp, ",%s-Cou=%.1f", code, amount_m3);
        else if (f->amount)
            put(cp, ",%s-Cou=%.4f", code, s.avg * amount_m3 * 1e-6);
        put_flag(cp, d, code);
    }
}

static qk_hj212_version version_of(const qk_sim_device *d)
{
    return d->profile->dialect == 2005   ? QK_HJ212_2005
           : d->profile->dialect == 2025 ? QK_HJ212_2025
                                         : QK_HJ212_2017;
}

static size_t apply_quirks(char *out, size_t n, const qk_sim_device *d)
{
    if (n < 12) return n;
    if (d->quirks & QK_SIM_LOWER_CRC)
        for (size_t i = n - 6; i < n - 2; i++) out[i] = qk_to_lower(out[i]);
    if (d->quirks & QK_SIM_WRONG_LENGTH) {
        int32_t declared =
            (out[2] - '0') * 1000 + (out[3] - '0') * 100 + (out[4] - '0') * 10 + (out[5] - '0') + 1;
        char digits[12];
        snprintf(digits, sizeof digits, "%04d", declared);
        memcpy(out + 2, digits, 4);
    }
    return n;
}

size_t qk_sim_plain_frame(char *out, size_t size, const qk_sim_device *d, int32_t cn,
                          const char *st, qk_time qn, int32_t flag, qk_hj212_text cp)
{
    char qn_text[QK_TIME_TEXT], cn_text[8];
    int32_t dialect = d->profile->dialect;
    qk_time ahead = (d->quirks & QK_SIM_CLOCK_AHEAD) ? 11 * QK_MINUTE : 0;
    snprintf(cn_text, sizeof cn_text, "%04d", (int)cn);
    qk_time_compact17(qn_text, qn + (cn / 1000 == 2 ? ahead : 0));
    if (flag < 0) flag = dialect == 2005 ? 1 : dialect == 2025 ? 9 : 5;
    qk_hj212_message m = {.version = version_of(d),
                          .qn = qk_hj212_text_of(qn_text),
                          .st = qk_hj212_text_of(st ? st : d->profile->st),
                          .cn = qk_hj212_text_of(cn_text),
                          .pw = qk_hj212_text_of("123456"),
                          .mn = qk_hj212_text_of(d->mn),
                          .flag = flag,
                          .cp = cp};
    return apply_quirks(out, qk_hj212_encode(out, size, &m), d);
}

size_t qk_sim_data_frame(char *out, size_t size, const qk_sim_device *d, int32_t cn, qk_time time,
                         qk_time qn, bool back_filled, bool revised)
{
    cp_text cp = {.len = 0};
    char stamp[QK_TIME_TEXT];
    qk_time len = qk_sim_interval(d, cn);
    bool ends = (d->quirks & QK_SIM_END_STYLE) && cn != 2011;
    (void)back_filled;
    put(&cp, "DataTime=%s", qk_time_compact14(stamp, ends ? time + len : time));
    if (cn == 2011)
        put_realtime(&cp, d, time);
    else
        put_interval(&cp, d, time, len, revised);
    if (cp.over) return 0;
    return qk_sim_plain_frame(out, size, d, cn, NULL, qn, -1, (qk_hj212_text){cp.text, cp.len});
}
