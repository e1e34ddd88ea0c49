/* SPDX-License-Identifier: Apache-2.0 */
#include "models/scores.h"
#include <math.h>

void qk_scores_make(qk_scores *out, const double *observed, const double *modelled, size_t n)
{
    double o = 0, m = 0, oo = 0, mm = 0, om = 0, square = 0;
    size_t count = 0, within = 0;
    for (size_t i = 0; i < n; i++) {
        double a = observed[i], b = modelled[i];
        if (isnan(a) || isnan(b)) continue;
        count++;
        within += b >= a / 2 && b <= 2 * a;
        o += a;
        m += b;
        oo += a * a;
        mm += b * b;
        om += a * b;
        square += (a - b) * (a - b);
    }
    double k = (double)count;
    *out = (qk_scores){.count = count, .fac2 = NAN, .fb = NAN, .nmse = NAN, .r = NAN};
    if (count == 0) return;
    out->fac2 = (double)within / k;
    if (o + m > 0) out->fb = 2 * (o - m) / (o + m);
    if (o * m > 0) out->nmse = square * k / (o * m);
    double spread = (oo - o * o / k) * (mm - m * m / k);
    if (count > 1 && spread > 1e-24) out->r = (om - o * m / k) / sqrt(spread);
}
