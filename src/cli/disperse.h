/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_CLI_DISPERSE_H
#define QK_CLI_DISPERSE_H
/* What `qingkong disperse` and its subcommands share: a case with the files it names, and a pool of
 * threads over the hours of a block. */
#include "models/aermod_weather.h"
#include "models/dispersion.h"
#include "models/dispersion_average.h"
#include "models/matrix_build.h"
#include <signal.h>

enum { DISPERSE_FILES_MAX = 64, DISPERSE_THREADS_MAX = 64 };

typedef struct disperse_files {
    char folder[QK_AERMOD_PATH * 2]; /* of the runstream, with the final slash; "" = here */
    qk_buf text[DISPERSE_FILES_MAX];
    int count;
} disperse_files;

typedef struct disperse_case {
    disperse_files files;
    qk_aermod_case c;
    qk_aermod_weather weather;
    qk_aermod_hourly_reader hourly;
    qk_dispersion *d;
    uint64_t fingerprint; /* of the runstream's text */
} disperse_case;

/* Reads the runstream, what it includes and its weather. _close in any case. */
QK_NODISCARD qk_code disperse_open(disperse_case *out, const char *path, qk_error *err);
void disperse_close(disperse_case *d);
/* A file named by the runstream, relative to its folder. */
QK_NODISCARD qk_code disperse_path(const disperse_case *d, char *out, size_t size, const char *name,
                                   qk_error *err);
/* The next hour that STARTEND and DAYRANGE let through, with the emissions; QK_ENOTFOUND at the
 * end. */
QK_NODISCARD qk_code disperse_next(disperse_case *d, qk_plume_hour *hour,
                                   qk_aermod_emission *emission, qk_error *err);

/* Threads that stand by. job(arg, thread, item) is called once for each item 0..count-1. */
typedef struct disperse_pool disperse_pool;
typedef void (*disperse_job)(void *arg, int thread, size_t item);
QK_NODISCARD qk_code disperse_pool_new(disperse_pool **out, int threads, qk_error *err);
void disperse_pool_free(disperse_pool *p);
int disperse_pool_threads(const disperse_pool *p);
void disperse_pool_run(disperse_pool *p, disperse_job job, void *arg, size_t count);
/* --threads, else OMP_NUM_THREADS, else the machine's cores; 1..DISPERSE_THREADS_MAX. */
int disperse_threads(const char *option);

typedef struct disperse_options {
    const char *path;
    const char *state; /* to go on from, and to save to */
    int threads;
    bool quiet, check_only, exact;
} disperse_options;
QK_NODISCARD qk_code disperse_run(const disperse_options *options,
                                  const volatile sig_atomic_t *stop, qk_error *err);
int disperse_matrix(int argc, char **argv, const volatile sig_atomic_t *stop);
int disperse_scenario(int argc, char **argv);
int disperse_response(int argc, char **argv);
int disperse_weather(int argc, char **argv);
/* A whole matrix file. */
QK_NODISCARD qk_code disperse_read_matrix(qk_matrix **out, const char *path, qk_error *err);
#endif
