/* SPDX-License-Identifier: Apache-2.0 */
/* How sure the shares are, and what of them is near. */
#include "domain/apportion_private.h"
#include "models/scales.h"
#include <math.h>
#include <stdlib.h>

static double all_mass(const apportion_report *p)
{
    double sum = 0;
    for (size_t k = 0; k < p->fit.factors; k++) sum += apportion_mass(p, p->fit.f, k);
    return sum;
}

/* Widens low..high by an interval of the mass of factor k, the other factors as they are. */
static void widen(double *low, double *high, double mine, double all, double from, double to)
{
    if (!isfinite(from) || !isfinite(to) || from > to) return;
    double a = from / (all - mine + from), b = to / (all - mine + to);
    *low = isfinite(*low) ? fmin(*low, a) : a;
    *high = isfinite(*high) ? fmax(*high, b) : b;
}

void apportion_put_share(const apportion_report *p, size_t k)
{
    double all = all_mass(p), mine = apportion_mass(p, p->fit.f, k), low = NAN, high = NAN;
    size_t total = p->r->total, cell = k * p->fit.species + total;
    if (all > 0 && total != SIZE_MAX && p->o->bootstraps) {
        const double *q = p->boot.percentile + cell * QK_PMF_BOOT_POINTS;
        widen(&low, &high, mine, all, q[0], q[QK_PMF_BOOT_POINTS - 1]);
    }
    if (all > 0 && total != SIZE_MAX && p->o->displacement)
        widen(&low, &high, mine, all, p->disp.low[cell], p->disp.high[cell]);
    qk_analysis_kput(p->w, "mean", mine);
    qk_analysis_kput(p->w, "share", all > 0 ? mine / all : NAN);
    qk_analysis_kput(p->w, "share_low", isfinite(low) ? fmin(low, mine / all) : NAN);
    qk_analysis_kput(p->w, "share_high", isfinite(high) ? fmax(high, mine / all) : NAN);
}

static void put_quick(qk_json_writer *w, const qk_scale_share *s)
{
    qk_json_object(w);
    qk_analysis_kput(w, "quick", s->quick);
    qk_analysis_kput(w, "low", s->low);
    qk_analysis_kput(w, "high", s->high);
    qk_json_end(w);
}

static void put_shares(const apportion_report *p, const qk_scale_share *s)
{
    qk_json_key(p->w, "all");
    put_quick(p->w, &s[p->fit.factors]);
    qk_json_key(p->w, "factors");
    qk_json_array(p->w);
    for (size_t k = 0; k < p->fit.factors; k++) put_quick(p->w, &s[k]);
    qk_json_end(p->w);
}

static bool has_times(const apportion_report *p)
{
    for (size_t i = 0; i < p->r->samples; i++)
        if (p->r->time[i] == QK_TIME_NONE) return false;
    return true;
}

qk_code apportion_put_split(const apportion_report *p, qk_error *err)
{
    qk_scale_share s[QK_PMF_MAX_FACTORS + 1];
    double mass[QK_PMF_MAX_FACTORS];
    qk_error thin = {0};
    qk_code code = QK_EFORMAT;
    bool times = has_times(p);
    for (size_t k = 0; k < p->fit.factors; k++) mass[k] = apportion_mass(p, p->fit.f, k);
    if (times)
        code = qk_scales_split(s, p->r->time, p->fit.g, mass, p->r->samples, p->fit.factors,
                               p->o->seed, &thin);
    if (code != QK_OK && code != QK_EFORMAT && code != QK_ERANGE)
        return qk_fail(err, code, "%s", thin.message);
    qk_json_key(p->w, "split");
    qk_json_object(p->w);
    qk_json_kcstr(p->w, "reason",
                  code == QK_OK       ? NULL
                  : !times            ? "no_times"
                  : code == QK_ERANGE ? "short"
                                      : "not_hourly");
    if (code == QK_OK) put_shares(p, s);
    qk_json_end(p->w);
    return QK_OK;
}
