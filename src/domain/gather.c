/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/gather.h"

static const char *const role_names[QK_ROLES] = {"Avg",   "Min",   "Max",  "Cou",
                                                 "ZsAvg", "ZsMin", "ZsMax"};

qk_role qk_role_of(qk_str field)
{
    for (int r = 0; r < QK_ROLES; r++)
        if (qk_str_eq(field, qk_str_of(role_names[r]))) return (qk_role)r;
    if (qk_str_eq(field, QK_STR("Flag"))) return QK_ROLE_FLAG;
    if (qk_str_eq(field, QK_STR("Rtd"))) return QK_ROLE_RTD;
    if (qk_str_eq(field, QK_STR("ZsRtd"))) return QK_ROLE_ZSRTD;
    return QK_ROLE_NONE;
}

const char *qk_role_name(qk_role role)
{
    return role_names[role];
}

bool qk_flag_counts(char flag)
{
    return flag == 0 || flag == 'N' || flag == '3';
}

void qk_gather_reset(qk_gather *g)
{
    *g = (qk_gather){0};
    for (int zs = 0; zs < 2; zs++) qk_dec_sum_init(&g->avg[zs]);
    qk_dec_sum_init(&g->cou);
}

static bool has(const qk_part *p, qk_role role)
{
    return p->have >> role & 1;
}

static void tally(qk_gather *g, char letter)
{
    g->other++;
    for (int i = 0; i < QK_GATHER_LETTERS; i++) {
        if (g->letters[i].n && g->letters[i].letter != letter) continue;
        g->letters[i].letter = letter;
        g->letters[i].n++;
        return;
    }
}

static void widen(qk_gather *g, int zs, const qk_dec *low, const qk_dec *high)
{
    bool first = !(g->have >> zs & 1);
    if (first || qk_dec_cmp(*low, g->low[zs]) < 0) g->low[zs] = *low;
    if (first || qk_dec_cmp(*high, g->high[zs]) > 0) g->high[zs] = *high;
    g->have |= (uint8_t)(1 << zs);
}

static void add_side(qk_gather *g, const qk_part *p, int zs)
{
    qk_role avg = zs ? QK_ROLE_ZSAVG : QK_ROLE_AVG, min = zs ? QK_ROLE_ZSMIN : QK_ROLE_MIN,
            max = zs ? QK_ROLE_ZSMAX : QK_ROLE_MAX;
    if (has(p, avg) && qk_dec_sum_add(&g->avg[zs], p->value[avg])) g->lost = true;
    qk_role low = has(p, min) ? min : avg, high = has(p, max) ? max : avg;
    if (!has(p, low)) low = high;
    if (!has(p, high)) high = low;
    if (has(p, low)) widen(g, zs, &p->value[low], &p->value[high]);
}

void qk_gather_add(qk_gather *g, const qk_part *p)
{
    if (!qk_flag_counts(p->flag)) {
        tally(g, p->flag);
        return;
    }
    if (!p->have) return;
    g->valid++;
    add_side(g, p, 0);
    if (p->have >> QK_ROLE_ZSAVG) add_side(g, p, 1);
    if (has(p, QK_ROLE_COU) && qk_dec_sum_add(&g->cou, p->value[QK_ROLE_COU])) g->lost = true;
}

static void put(qk_gathered *out, qk_role role, qk_dec value)
{
    out->have |= (uint8_t)(1 << role);
    out->value[role] = value;
}

/* To one decimal more than the sum has, or as many as fit. */
static void put_mean(qk_gathered *out, qk_role role, const qk_dec_sum *sum)
{
    qk_dec mean;
    int32_t scale = sum->scale + 1 > QK_DEC_SCALE_MAX ? QK_DEC_SCALE_MAX : sum->scale + 1;
    for (; sum->count && scale >= 0; scale--) {
        if (qk_dec_sum_mean(&mean, sum, scale)) continue;
        put(out, role, mean);
        return;
    }
}

static void put_sum(qk_gathered *out, qk_role role, const qk_dec_sum *sum)
{
    if (!sum->count || sum->mantissa > INT64_MAX || sum->mantissa < -INT64_MAX) return;
    put(out, role, (qk_dec){(int64_t)sum->mantissa, sum->scale});
}

static void put_range(qk_gathered *out, const qk_gather *g)
{
    if (g->have & 1) {
        put(out, QK_ROLE_MIN, g->low[0]);
        put(out, QK_ROLE_MAX, g->high[0]);
    }
    if (g->have & 2) {
        put(out, QK_ROLE_ZSMIN, g->low[1]);
        put(out, QK_ROLE_ZSMAX, g->high[1]);
    }
}

static char main_letter(const qk_gather *g)
{
    char best = 'H';
    uint16_t n = 0;
    for (int i = 0; i < QK_GATHER_LETTERS; i++) {
        bool more = g->letters[i].n > n;
        bool earlier = n && g->letters[i].n == n && g->letters[i].letter < best;
        if (!more && !earlier) continue;
        best = g->letters[i].letter;
        n = g->letters[i].n;
    }
    return best;
}

static char judge_flag(const qk_gather *g, int32_t valid, int32_t other, int32_t whole,
                       int32_t need, bool strict)
{
    if (strict && other) return main_letter(g);
    if (valid >= need) return 'N';
    return other >= whole - valid - other ? main_letter(g) : 'H';
}

static void judge(qk_gathered *out, const qk_gather *g, int32_t unit, int32_t whole, int32_t need,
                  bool strict)
{
    int32_t valid = g->valid * unit < whole ? g->valid * unit : whole;
    int32_t other = g->other * unit < whole - valid ? g->other * unit : whole - valid;
    out->valid = valid;
    out->flag = judge_flag(g, valid, strict ? g->other : other, whole, need, strict);
}

void qk_gather_finish(qk_gathered *out, const qk_gather *g, int32_t unit, int32_t whole,
                      int32_t need, bool strict)
{
    *out = (qk_gathered){0};
    judge(out, g, unit, whole, need, strict);
    put_range(out, g);
    if (g->lost) return;
    put_mean(out, QK_ROLE_AVG, &g->avg[0]);
    put_mean(out, QK_ROLE_ZSAVG, &g->avg[1]);
    put_sum(out, QK_ROLE_COU, &g->cou);
}

/* ---- moments ---- */

void qk_moments_reset(qk_moments *m)
{
    *m = (qk_moments){.minute = -1};
    qk_gather_reset(&m->g);
    for (int zs = 0; zs < 2; zs++) {
        qk_dec_sum_init(&m->now[zs]);
        for (int i = 0; i < QK_MOMENT_COUNTS; i++) qk_dec_sum_init(&m->by_count[zs][i].sum);
    }
}

/* Adds a whole sum to another, raising the coarser to the finer scale. */
static bool merge_sum(qk_dec_sum *to, const qk_dec_sum *from)
{
    qk_i128 a = to->mantissa, b = from->mantissa;
    int32_t scale = to->scale > from->scale ? to->scale : from->scale;
    for (int32_t i = to->scale; i < scale; i++)
        if (__builtin_mul_overflow(a, (qk_i128)10, &a)) return false;
    for (int32_t i = from->scale; i < scale; i++)
        if (__builtin_mul_overflow(b, (qk_i128)10, &b)) return false;
    if (__builtin_add_overflow(a, b, &a)) return false;
    to->mantissa = a;
    to->scale = scale;
    to->count += from->count;
    return true;
}

static void end_minute(qk_moments *m)
{
    if (m->minute < 0) return;
    bool covered = false;
    for (int zs = 0; zs < 2; zs++) {
        qk_dec_sum *now = &m->now[zs];
        if (now->count == 0) continue;
        int64_t slot = now->count < QK_MOMENT_COUNTS ? now->count : QK_MOMENT_COUNTS - 1;
        covered = true;
        if (!merge_sum(&m->by_count[zs][slot].sum, now)) m->g.lost = true;
        m->by_count[zs][slot].minutes++;
        qk_dec_sum_init(now);
    }
    if (covered)
        m->g.valid++;
    else if (m->minute_other)
        m->g.other++;
    m->minute_other = false;
    m->minute = -1;
}

void qk_moments_add(qk_moments *m, int32_t minute, char flag, const qk_dec *rtd,
                    const qk_dec *zs_rtd)
{
    const qk_dec *values[2] = {rtd, zs_rtd};
    if (minute != m->minute) end_minute(m);
    m->minute = minute;
    if (!qk_flag_counts(flag)) {
        tally(&m->g, flag);
        m->g.other--; /* minutes are counted, not values */
        m->minute_other = true;
        return;
    }
    for (int zs = 0; zs < 2; zs++) {
        if (!values[zs]) continue;
        if (qk_dec_sum_add(&m->now[zs], *values[zs])) m->g.lost = true;
        widen(&m->g, zs, values[zs], values[zs]);
    }
}

static int64_t gcd(int64_t a, int64_t b)
{
    while (b) {
        int64_t r = a % b;
        a = b;
        b = r;
    }
    return a;
}

/* sum over counts n of S_n / n, as numerator over a common denominator. False when it does not fit
 * 128 bits. A minute of more than 60 values lies in the last slot with its own count lost, so the
 * caller takes the mean of all values then. */
static bool add_fractions(const qk_moments *m, int zs, int32_t scale, qk_i128 *num, qk_i128 *den)
{
    *num = 0;
    *den = 1;
    for (int n = 1; n < QK_MOMENT_COUNTS; n++) {
        const qk_dec_sum *s = &m->by_count[zs][n].sum;
        qk_i128 part = s->mantissa, factor;
        if (s->count == 0) continue;
        if (s->count != (int64_t)n * m->by_count[zs][n].minutes) return false;
        for (int32_t i = s->scale; i < scale; i++)
            if (__builtin_mul_overflow(part, (qk_i128)10, &part)) return false;
        int64_t g = gcd(n, (int64_t)(*den % n));
        factor = n / g;
        if (__builtin_mul_overflow(*num, factor, num)) return false;
        if (__builtin_mul_overflow(*den, factor, den)) return false;
        if (__builtin_mul_overflow(part, *den / n, &part)) return false;
        if (__builtin_add_overflow(*num, part, num)) return false;
    }
    return true;
}

static bool exact_mean(qk_dec *out, const qk_moments *m, int zs, int32_t in_scale, int64_t minutes)
{
    qk_i128 num, den;
    if (!add_fractions(m, zs, in_scale, &num, &den)) return false;
    if (__builtin_mul_overflow(den, (qk_i128)minutes, &den)) return false;
    for (int32_t i = 0; i < in_scale; i++)
        if (__builtin_mul_overflow(den, (qk_i128)10, &den)) return false;
    int32_t scale = in_scale + 1 > QK_DEC_SCALE_MAX ? QK_DEC_SCALE_MAX : in_scale + 1;
    return qk_dec_ratio(out, num, den, scale) == QK_OK;
}

static void put_moment_mean(qk_gathered *out, const qk_moments *m, int zs)
{
    qk_role role = zs ? QK_ROLE_ZSAVG : QK_ROLE_AVG;
    qk_dec_sum all;
    int64_t minutes = 0;
    qk_dec mean;
    qk_dec_sum_init(&all);
    for (int n = 1; n < QK_MOMENT_COUNTS; n++) {
        if (m->by_count[zs][n].sum.count == 0) continue;
        minutes += m->by_count[zs][n].minutes;
        if (!merge_sum(&all, &m->by_count[zs][n].sum)) return;
    }
    if (all.count == 0) return;
    if (exact_mean(&mean, m, zs, all.scale, minutes))
        put(out, role, mean);
    else
        put_mean(out, role, &all);
}

void qk_moments_finish(qk_gathered *out, qk_moments *m, int32_t need, bool strict)
{
    enum { WHOLE = 60 };
    end_minute(m);
    *out = (qk_gathered){0};
    judge(out, &m->g, 1, WHOLE, need, strict);
    put_range(out, &m->g);
    if (m->g.lost) return;
    put_moment_mean(out, m, 0);
    put_moment_mean(out, m, 1);
}
