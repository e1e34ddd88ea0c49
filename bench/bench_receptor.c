/* SPDX-License-Identifier: Apache-2.0 */
/* Factor analysis of data/pmf under QK_SHARED: 20 runs to the best minimum, CPU and wall time;
 * beside it, where PYTHON (python3) has numpy, the multiplicative update that ESAT's Python runs,
 * one start, and how many of ours go into its time. The figures of ESAT itself are those measured
 * with its Python on an idle machine. */
#include "base/csv.h"
#include "base/time.h"
#include "models/pmf.h"
#include <math.h>
#include <stdlib.h>
#include <time.h>

typedef struct set {
    const char *name, *con, *unc;
    size_t factors;
    double best_known;
    double esat_s; /* one start of ESAT's own Python */
} set;

static double *read_matrix(const char *path, size_t *rows, size_t *columns)
{
    qk_csv_reader *r;
    qk_error err = {0};
    const qk_str *cells;
    size_t capacity = 4096;
    FILE *file = fopen(path, "rb");
    if (!file || qk_csv_open(&r, file, path, 0, &err) != QK_OK) return NULL;
    *columns = qk_csv_columns(r) - 1;
    *rows = 0;
    double *out = malloc(capacity * *columns * sizeof *out);
    while (out && *rows < capacity && qk_csv_next(r, &cells, &err) == QK_OK) {
        for (size_t j = 0; j < *columns; j++) {
            double *to = &out[*rows * *columns + j];
            if (qk_parse_f64(to, qk_str_trim(cells[j + 1])) != QK_OK) *to = NAN;
        }
        (*rows)++;
    }
    qk_csv_close(r);
    fclose(file);
    return out;
}

static double cpu_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* CPU seconds of 20 runs, NaN without the data. */
static double bench_set(const set *s, char *con, char *unc, size_t size)
{
    qk_pmf_input in;
    qk_pmf_fit fit;
    qk_error err = {0};
    double best_cpu = INFINITY, best_wall = INFINITY, q = NAN;
    const char *shared = getenv("QK_SHARED");
    snprintf(con, size, "%s/data/pmf/%s", shared ? shared : "../shared", s->con);
    snprintf(unc, size, "%s/data/pmf/%s", shared ? shared : "../shared", s->unc);
    double *c = read_matrix(con, &in.samples, &in.species);
    double *u = read_matrix(unc, &in.samples, &in.species);
    in.conc = c;
    in.unc = u;
    for (int repeat = 0; c && u && repeat < 3; repeat++) {
        qk_pmf_options o = {.factors = s->factors, .runs = 20, .seed = 1};
        double cpu = cpu_seconds();
        int64_t wall = qk_monotonic_ns();
        if (qk_pmf_solve(&fit, &in, &o, &err) != QK_OK) return NAN;
        best_cpu = fmin(best_cpu, cpu_seconds() - cpu);
        best_wall = fmin(best_wall, (double)(qk_monotonic_ns() - wall) / 1e9);
        q = fit.run[fit.best].q_true;
        qk_pmf_fit_clear(&fit);
    }
    if (c && u)
        printf("%-10s k %zu: 20 runs %.3f s CPU, %.3f s wall; Q %.2f, best known %.2f (%+.4f %%)\n",
               s->name, s->factors, best_cpu, best_wall, q, s->best_known,
               100 * (q / s->best_known - 1));
    else
        printf("%-10s passed over: no data under QK_SHARED\n", s->name);
    if (c && u && s->esat_s > 0)
        printf("           one start of ESAT's Python %.2f s: %.0f times one run\n", s->esat_s,
               20 * s->esat_s / best_cpu);
    free(c);
    free(u);
    return c && u ? best_cpu : NAN;
}

static void bench_numpy(const char *con, const char *unc, size_t factors, double ours)
{
    static const char script[] =
        "import sys,time,numpy as np\n"
        "def rd(p):\n"
        " s=open(p).read().splitlines();d=chr(9) if chr(9) in s[0] else ','\n"
        " return np.array([[float(x) for x in l.split(d)[1:]] for l in s[1:] if l.split(d)[1]])\n"
        "V,U=rd(sys.argv[1]),rd(sys.argv[2]);k=int(sys.argv[3]);We=1/U**2\n"
        "r=np.random.default_rng(1);m=np.sqrt(V.mean()/k)\n"
        "W=np.abs(r.normal(size=(V.shape[0],k)))*m;H=np.abs(r.normal(size=(k,V.shape[1])))*m\n"
        "t=time.process_time();q=1e300;n=0\n"
        "while n<20000:\n"
        " H*=(W.T@(We*V))/(W.T@(We*(W@H))+1e-300);W*=((We*V)@H.T)/((We*(W@H))@H.T+1e-300);n+=1\n"
        " if n%100==0:\n"
        "  z=((V-W@H)**2*We).sum()\n"
        "  if q-z<.1: break\n"
        "  q=z\n"
        "s=time.process_time()-t\n"
        "print('           numpy, the same by multiplicative updates: one start %.2f s CPU, %d "
        "iterations, Q %.2f: %.0f times one "
        "run'%(s,n,((V-W@H)**2*We).sum(),20*s/float(sys.argv[4])))\n";
    char command[8192];
    const char *python = getenv("PYTHON");
    fflush(stdout);
    snprintf(command, sizeof command,
             "OPENBLAS_NUM_THREADS=1 %s - '%s' '%s' %zu %g 2>/dev/null <<'EOF'\n%sEOF\n",
             python ? python : "/usr/bin/python3", con, unc, factors, ours, script);
    if (system(command) != 0) /* NOLINT(cert-env33-c) */
        puts("           numpy: not installed (PYTHON names an interpreter that has it)");
}

int main(void)
{
    static const set sets[] = {
        {"St Louis", "Dataset-StLouis-con.csv", "Dataset-StLouis-unc.csv", 5, 12277.391, 0},
        {"St Louis", "Dataset-StLouis-con.csv", "Dataset-StLouis-unc.csv", 6, 6527.506, 0.28},
        {"Baltimore", "Dataset-Baltimore_con.txt", "Dataset-Baltimore_unc.txt", 6, 17712.856, 0},
        {"Baltimore", "Dataset-Baltimore_con.txt", "Dataset-Baltimore_unc.txt", 7, 13991.674, 3.5}};
    char con[1024], unc[1024];
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
        double ours = bench_set(&sets[i], con, unc, sizeof con);
        if (isfinite(ours)) bench_numpy(con, unc, sets[i].factors, ours);
    }
    return 0;
}
