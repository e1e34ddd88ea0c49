/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/works.h"
#include "sim/signal.h"
#include <math.h>

bool qk_sim_works_go_on(qk_time t)
{
    double h = (double)(t - qk_floor_day(t)) / (double)QK_HOUR;
    int weekday = (int)((qk_day_number(t) + 3) % 7); /* 0 = Monday: 1970-01-01 was a Thursday */
    return (weekday == 0 && h >= 8.5 && h < 11.5) || (weekday == 3 && h >= 14 && h < 16.5);
}

double qk_sim_works_dust(double east_m, double north_m, qk_time t)
{
    if (!qk_sim_works_go_on(t)) return 0;
    double to = (qk_sim_wind_from_deg(t) + 180) * 3.14159265358979323846 / 180;
    double x = east_m * sin(to) + north_m * cos(to), y = east_m * cos(to) - north_m * sin(to);
    if (x < 50) return 0;
    double wide = 0.2 * x + 60;
    return 420000 / (x + 300) * exp(-y * y / (2 * wide * wide));
}
