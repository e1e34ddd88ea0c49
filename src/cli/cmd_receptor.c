/* SPDX-License-Identifier: Apache-2.0 */
/* `qingkong receptor`: what the composition of the air says about its sources. */
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/receptor.h"
#include <getopt.h>

typedef struct receptor_job {
    receptor_names names;
    qk_pmf_options options;
    const char *out, *total, *fpeak;
    int64_t bootstrap, block;
    bool displacement;
} receptor_job;

static bool take_count(const char *value, int64_t low, int64_t high, int64_t *out)
{
    return qk_parse_i64(out, qk_str_of(value)) == QK_OK && *out >= low && *out <= high;
}

static bool take_number(const char *value, double low, double high, double *out)
{
    return qk_parse_f64(out, qk_str_of(value)) == QK_OK && *out >= low && *out <= high;
}

static bool take_pmf_number(receptor_job *job, int o, const char *value)
{
    int64_t n = 0;
    double x = 0;
    switch (o) {
    case 'k':
        if (!take_count(value, 1, QK_PMF_MAX_FACTORS, &n)) return false;
        job->options.factors = (size_t)n;
        return true;
    case 'r':
        if (!take_count(value, 1, QK_PMF_RUNS_MAX, &n)) return false;
        job->options.runs = (size_t)n;
        return true;
    case 's':
        if (!take_count(value, 0, INT64_MAX, &n)) return false;
        job->options.seed = (uint64_t)n;
        return true;
    case 'S':
        if (!take_count(value, 1, QK_PMF_STARTS_MAX, &n)) return false;
        job->options.starts = (size_t)n;
        return true;
    case 'g': return take_number(value, -1, 0, &job->options.g_floor);
    case 'a': return take_number(value, 0.1, 1000, &job->options.alpha);
    case 'b': return take_count(value, 1, 10000, &job->bootstrap);
    case 'B': return take_count(value, 1, QK_PMF_SAMPLES_MAX, &job->block);
    case 'e':
        if (!take_number(value, 0, 25, &x)) return false;
        job->names.extra = x / 100;
        return true;
    default: return false;
    }
}

static bool take_option(receptor_job *job, int o, const char *value)
{
    switch (o) {
    case 'c': job->names.con = value; return true;
    case 'u': job->names.unc = value; return true;
    case 'l': job->names.limits = value; return true;
    case 'w': job->names.weak = value; return true;
    case 'x': job->names.bad = value; return true;
    case 'm': job->names.missing_median = strcmp(value, "median") == 0; return true;
    case 'o': job->out = value; return true;
    case 't': job->total = value; return true;
    case 'F': job->fpeak = value; return true;
    case 'R': job->options.robust = true; return true;
    case 'd': job->displacement = true; return true;
    default: return take_pmf_number(job, o, value);
    }
}

static int parse_pmf(receptor_job *job, int argc, char **argv)
{
    static const struct option options[] = {{"con", required_argument, NULL, 'c'},
                                            {"unc", required_argument, NULL, 'u'},
                                            {"limits", required_argument, NULL, 'l'},
                                            {"factors", required_argument, NULL, 'k'},
                                            {"runs", required_argument, NULL, 'r'},
                                            {"seed", required_argument, NULL, 's'},
                                            {"starts", required_argument, NULL, 'S'},
                                            {"g-floor", required_argument, NULL, 'g'},
                                            {"alpha", required_argument, NULL, 'a'},
                                            {"robust", no_argument, NULL, 'R'},
                                            {"extra", required_argument, NULL, 'e'},
                                            {"weak", required_argument, NULL, 'w'},
                                            {"bad", required_argument, NULL, 'x'},
                                            {"missing", required_argument, NULL, 'm'},
                                            {"bootstrap", required_argument, NULL, 'b'},
                                            {"block", required_argument, NULL, 'B'},
                                            {"displacement", no_argument, NULL, 'd'},
                                            {"total", required_argument, NULL, 't'},
                                            {"fpeak", required_argument, NULL, 'F'},
                                            {"out", required_argument, NULL, 'o'},
                                            {0}};
    int o, index = 0;
    *job = (receptor_job){.options = {.runs = 20, .seed = 1}};
    while ((o = getopt_long(argc, argv, "", options, &index)) != -1) {
        if (o == '?') return qk_command_misuse("receptor", "unknown option");
        if (!take_option(job, o, optarg))
            return qk_command_misuse("receptor", "--%s: not '%s'", options[index].name, optarg);
    }
    return 0;
}

/* The strengths joined by ','. */
static qk_code rotate(const receptor_job *job, receptor_results *r, qk_error *err)
{
    qk_str rest = qk_str_of(job->fpeak);
    while (job->fpeak && rest.ptr) {
        double strength = 0;
        qk_str one = qk_str_trim(qk_str_cut(&rest, ','));
        if (qk_parse_f64(&strength, one) != QK_OK)
            return qk_fail(err, QK_EINVAL, "--fpeak: '%.*s' is no strength", QK_STR_ARG(one));
        if (r->rotations == RECEPTOR_ROTATIONS)
            return qk_fail(err, QK_EFULL, "--fpeak: at most %d strengths", RECEPTOR_ROTATIONS);
        QK_TRY(qk_pmf_rotate(&r->rotation[r->rotations], &r->in->matrix, &job->options, r->fit,
                             strength, err));
        r->rotations++;
    }
    return QK_OK;
}

static qk_code solve_pmf(const receptor_job *job, receptor_results *r, qk_pmf_fit *fit,
                         qk_pmf_boot *boot, qk_pmf_disp *disp, qk_error *err)
{
    QK_TRY(qk_pmf_solve(fit, &r->in->matrix, &job->options, err));
    r->fit = fit;
    if (job->bootstrap) {
        QK_TRY(qk_pmf_bootstrap(boot, &r->in->matrix, &job->options, fit, (size_t)job->bootstrap,
                                (size_t)job->block, 0.6, err));
        r->boot = boot;
    }
    if (job->displacement) {
        QK_TRY(qk_pmf_displace(disp, &r->in->matrix, &job->options, fit, NULL, err));
        r->disp = disp;
    }
    QK_TRY(rotate(job, r, err));
    return receptor_write(r, job->out, err);
}

static void tell_notes(const receptor_input *in)
{
    for (size_t j = 0; j < in->matrix.species; j++)
        if (in->silent[j])
            fprintf(
                stderr,
                "qingkong receptor: '%s' has no usable value above its limit, or does not vary: it "
                "says nothing about sources\n",
                in->con.name[j]);
    if (in->notes.bad_unc)
        fprintf(stderr,
                "qingkong receptor: %zu cells have no uncertainty above 0 and are left out\n",
                in->notes.bad_unc);
}

static int run_pmf(int argc, char **argv)
{
    receptor_job job;
    receptor_input in;
    qk_pmf_fit fit = {0};
    qk_pmf_boot boot = {0};
    qk_pmf_disp disp = {0};
    qk_error err = {0};
    int status = parse_pmf(&job, argc, argv);
    if (status) return status;
    if (!job.names.con || !job.out || job.options.factors == 0 ||
        !(job.names.unc || job.names.limits))
        return qk_command_misuse("receptor",
                                 "pmf needs --con, --unc (or --limits), --factors, --out");
    qk_code code = receptor_read(&in, &job.names, &err);
    if (code != QK_OK) return qk_command_refuse("receptor", &err);
    tell_notes(&in);
    receptor_results r = {.in = &in, .options = &job.options, .total = job.total};
    code = solve_pmf(&job, &r, &fit, &boot, &disp, &err);
    qk_pmf_fit_clear(&fit);
    qk_pmf_boot_clear(&boot);
    qk_pmf_disp_clear(&disp);
    for (size_t i = 0; i < r.rotations; i++) qk_pmf_rotated_clear(&r.rotation[i]);
    receptor_clear(&in);
    return code == QK_OK ? QK_EXIT_DONE : qk_command_refuse("receptor", &err);
}

int qk_cmd_receptor(int argc, char **argv)
{
    static const struct {
        const char *name;
        int (*run)(int argc, char **argv);
    } kinds[] = {{"pmf", run_pmf}, {"cmb", receptor_cmb}, {"match", receptor_match}};
    for (int i = 1; i < argc; i++)
        for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
            if (strcmp(argv[i], kinds[k].name) == 0) return kinds[k].run(argc, argv);
    return qk_command_misuse("receptor", "pmf, cmb or match is due");
}
