/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_SIM_LOAD_SOURCE_H
#define QK_SIM_LOAD_SOURCE_H
/* Sources for `simulate`: invented loggers at a given rate, packets from a file, hourly records of
 * air stations from CSV. Each source owns what it reads; one thread. */
#include "sim/fleet.h"

typedef struct qk_load_source qk_load_source;
/* n loggers, each sending a 2051 frame for every next minute from `start` on. */
QK_NODISCARD qk_code qk_load_source_devices(qk_load_source **out, size_t n, qk_time start,
                                            qk_error *err);
/* Lines of a file, each one frame as it stands (CR LF is added), shared out over n connections in
 * turn; once over the file, or for ever. */
QK_NODISCARD qk_code qk_load_source_packets(qk_load_source **out, const char *path, size_t n,
                                            bool for_ever, qk_error *err);
/* Hourly CSV in the form of `air evaluate` (station,time,SO2,NO2,CO,O3,PM10,PM2.5; time = end of
 * the hour), or as real records are published: stationcode or city for station, pm2_5, '/' for not
 * measured; year, month, day, hour (UCI: the hour that begins, CO in ug/m3). Plain or xz. Every
 * station is a device, every row a 2061 frame. The file is read through once before
 * the first frame leaves: QK_EFORMAT with line and column. MN = prefix + station name where that is
 * at most 24 letters and digits, else prefix + number. */
QK_NODISCARD qk_code qk_load_source_csv(qk_load_source **out, const char *path,
                                        const char *mn_prefix, qk_error *err);
void qk_load_source_free(qk_load_source *s);
size_t qk_load_source_count(const qk_load_source *s); /* devices */
qk_fleet_source qk_load_source_use(qk_load_source *s);
#endif
