/* SPDX-License-Identifier: Apache-2.0 */
/* `qingkong plan compile|check FILE`: a plan's text as obligations, and what is wrong with it. */
#include "base/file.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "plan/plan.h"
#include <errno.h>
#include <getopt.h>
#include <stdio.h>

enum { OUT_MAX = 256 << 20 };

static int print_plan(const qk_plan *plan, bool spans)
{
    qk_buf out;
    qk_json_writer w;
    qk_error err = {0};
    int status = QK_EXIT_DONE;
    qk_buf_init(&out, OUT_MAX);
    qk_json_init(&w, &out);
    w.pretty = true;
    qk_plan_write(plan, &w, spans);
    qk_buf_putc(&out, '\n');
    if (out.failed != QK_OK) {
        qk_fail(&err, out.failed, "the compiled plan is larger than %d bytes", OUT_MAX);
        status = qk_command_refuse("plan", &err);
    } else if (fwrite(out.ptr, 1, out.len, stdout) != out.len || fflush(stdout) != 0) {
        qk_fail_errno(&err, errno, "standard output");
        status = qk_command_refuse("plan", &err);
    }
    qk_buf_clear(&out);
    return status;
}

int qk_cmd_plan(int argc, char **argv)
{
    qk_buf text;
    qk_error err = {0};
    qk_plan *plan = NULL;
    int status;
    if (argc < 3) return qk_command_misuse("plan", "compile or check, and one FILE");
    qk_buf_init(&text, 64 << 20);
    if (qk_file_read(&text, argv[2], &err) != QK_OK ||
        qk_plan_compile(&plan, qk_buf_str(&text), &err) != QK_OK) {
        status = qk_command_refuse("plan", &err);
    } else {
        status = print_plan(plan, true);
    }
    qk_plan_free(plan);
    qk_buf_clear(&text);
    return status;
}
