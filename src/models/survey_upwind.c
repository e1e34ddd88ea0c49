/* SPDX-License-Identifier: Apache-2.0 */
#include "models/survey.h"
#include <math.h>

#define UPWIND_M   3000.0
#define CALM_M     1000.0
#define CALM_M_S   0.5
#define SECTOR_DEG 45.0
#define DOUBLE_DEG 22.5 /* so far aside a source counts as twice as far away */

static const double radian = 3.14159265358979323846 / 180;

size_t qk_survey_upwind(double *away_m, double *aside_deg, const qk_place *source, size_t sources,
                        qk_place at, double u, double v)
{
    size_t best = SIZE_MAX;
    double least = INFINITY, from = atan2(-u, -v) / radian;
    bool calm = !(hypot(u, v) >= CALM_M_S);
    for (size_t i = 0; i < sources; i++) {
        double dx = (source[i].lon - at.lon) * cos(at.lat * radian), dy = source[i].lat - at.lat;
        double away = qk_place_distance(at, source[i]);
        double aside = calm ? NAN : fabs(remainder(atan2(dx, dy) / radian - from, 360));
        if (away > (calm ? CALM_M : UPWIND_M) || aside > SECTOR_DEG) continue;
        double cost = calm ? away : away * (1 + aside / DOUBLE_DEG * (aside / DOUBLE_DEG));
        if (cost >= least) continue;
        least = cost;
        best = i;
        *away_m = away;
        *aside_deg = aside;
    }
    return best;
}
