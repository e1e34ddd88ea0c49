/* SPDX-License-Identifier: Apache-2.0 */
/* `qingkong plan compile|check FILE`: a plan's text as obligations, and what is wrong with it. */
#include "cli/command.h"
#include "cli/commands.h"
#include "domain/plan_file.h"
#include "domain/sheet_xlsx.h"
#include "plan/check.h"
#include <errno.h>
#include <getopt.h>
#include <stdio.h>

enum { OUT_MAX = 256 << 20 };

typedef struct plan_job {
    const char *path, *against; /* against: the plan that the check holds it against, or NULL */
    bool check, spans;
    qk_lang lang;
} plan_job;

static qk_code open_plan(qk_plan **out, qk_buf *text, const char *path, qk_error *err)
{
    qk_buf_init(text, QK_PLAN_TEXT_MAX + 4096);
    QK_TRY(qk_plan_file_read(text, path, err));
    qk_code code = qk_plan_compile(out, qk_buf_str(text), err);
    if (code != QK_OK) qk_error_at(err, path, err->line, err->column);
    return code;
}

static qk_code hold_against(const plan_job *job, qk_plan *plan, qk_plan_findings *findings,
                            qk_error *err)
{
    qk_plan *other = NULL;
    qk_buf text;
    qk_code code = open_plan(&other, &text, job->against, err);
    if (code == QK_OK) code = qk_plan_check_against(findings, plan, other, err);
    qk_plan_free(other);
    qk_buf_clear(&text);
    return code;
}

static qk_code write_plan(const plan_job *job, qk_plan *plan, qk_buf *out, qk_error *err)
{
    qk_json_writer w;
    qk_json_init(&w, out);
    w.pretty = true;
    if (job->check) {
        qk_plan_findings findings = {0};
        QK_TRY(qk_plan_check(&findings, plan, err));
        if (job->against) QK_TRY(hold_against(job, plan, &findings, err));
        qk_plan_findings_write(plan, &findings, job->lang, &w);
    } else {
        qk_plan_write(plan, &w, job->spans);
    }
    qk_buf_putc(out, '\n');
    if (out->failed != QK_OK)
        return qk_fail(err, out->failed, "the outcome is larger than %d bytes", OUT_MAX);
    if (fwrite(out->ptr, 1, out->len, stdout) != out->len || fflush(stdout) != 0)
        return qk_fail_errno(err, errno, "standard output");
    return QK_OK;
}

static int run_job(const plan_job *job)
{
    qk_buf text, out;
    qk_error err = {0};
    qk_plan *plan = NULL;
    qk_code code;
    qk_buf_init(&out, OUT_MAX);
    code = open_plan(&plan, &text, job->path, &err);
    if (code == QK_OK) code = write_plan(job, plan, &out, &err);
    qk_plan_free(plan);
    qk_buf_clear(&out);
    qk_buf_clear(&text);
    return code == QK_OK ? QK_EXIT_DONE : qk_command_refuse("plan", &err);
}

int qk_cmd_plan(int argc, char **argv)
{
    static const struct option options[] = {
        {"no-spans", no_argument, NULL, 'n'},      {"lang", required_argument, NULL, 'l'},
        {"against", required_argument, NULL, 'a'}, {"docx-helper", no_argument, NULL, 'h'},
        {"xlsx-helper", no_argument, NULL, 'x'},   {0}};
    plan_job job = {.spans = true, .lang = QK_ZH};
    int o;
    while ((o = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (o == 'h') return qk_plan_file_helper(0);
        if (o == 'x') return qk_xlsx_helper(0);
        if (o == 'n')
            job.spans = false;
        else if (o == 'a')
            job.against = optarg;
        else if (o == 'l' && strcmp(optarg, "en") == 0)
            job.lang = QK_EN;
        else if (o != 'l' || strcmp(optarg, "zh") != 0)
            return qk_command_misuse("plan", "unknown option or language");
    }
    if (argc - optind != 2) return qk_command_misuse("plan", "compile or check, and one FILE");
    job.check = strcmp(argv[optind], "check") == 0;
    job.path = argv[optind + 1];
    if (!job.check && strcmp(argv[optind], "compile") != 0)
        return qk_command_misuse("plan", "no part '%s'", argv[optind]);
    if (job.against && !job.check)
        return qk_command_misuse("plan", "--against belongs to plan check");
    return run_job(&job);
}
