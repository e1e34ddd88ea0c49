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
    const char *path;
    bool check, spans;
    qk_lang lang;
} plan_job;

static qk_code write_plan(const plan_job *job, qk_plan *plan, qk_buf *out, qk_error *err)
{
    qk_json_writer w;
    qk_json_init(&w, out);
    w.pretty = true;
    if (job->check) {
        qk_plan_findings findings = {0};
        QK_TRY(qk_plan_check(&findings, plan, err));
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
    qk_buf_init(&text, QK_PLAN_TEXT_MAX + 4096);
    qk_buf_init(&out, OUT_MAX);
    QK_TRY_OUT(code, qk_plan_file_read(&text, job->path, &err));
    if ((code = qk_plan_compile(&plan, qk_buf_str(&text), &err)) != QK_OK) {
        qk_error_at(&err, job->path, err.line, err.column);
        goto out;
    }
    code = write_plan(job, plan, &out, &err);
out:
    qk_plan_free(plan);
    qk_buf_clear(&out);
    qk_buf_clear(&text);
    return code == QK_OK ? QK_EXIT_DONE : qk_command_refuse("plan", &err);
}

int qk_cmd_plan(int argc, char **argv)
{
    static const struct option options[] = {{"no-spans", no_argument, NULL, 'n'},
                                            {"lang", required_argument, NULL, 'l'},
                                            {"docx-helper", no_argument, NULL, 'h'},
                                            {"xlsx-helper", no_argument, NULL, 'x'},
                                            {0}};
    plan_job job = {.spans = true, .lang = QK_ZH};
    int o;
    while ((o = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (o == 'h') return qk_plan_file_helper(0);
        if (o == 'x') return qk_xlsx_helper(0);
        if (o == 'n')
            job.spans = false;
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
    return run_job(&job);
}
