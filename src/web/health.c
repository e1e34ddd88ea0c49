/* SPDX-License-Identifier: Apache-2.0 */
#include "web/health.h"
#include "base/file.h"
#include "base/messages.h"
#include <unistd.h>

enum { BEHIND_BYTES = 8 << 20, BEHIND_MS = 60000, DOCUMENT_MAX = 16384 };

/* Second number of /proc/self/statm: resident pages. */
uint64_t qk_health_memory(void)
{
    uint64_t pages = 0;
    qk_buf text;
    qk_buf_init(&text, 4096);
    if (qk_file_read(&text, "/proc/self/statm", NULL) == QK_OK) {
        qk_str rest = qk_buf_str(&text);
        qk_str_cut(&rest, ' ');
        if (qk_parse_u64(&pages, qk_str_cut(&rest, ' ')) != QK_OK) pages = 0;
    }
    qk_buf_clear(&text);
    return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

bool qk_health_is_well(const qk_node_health *h)
{
    return h->journal == QK_JOURNAL_RUNNING && h->store_state == QK_OK && h->damaged_blocks == 0;
}

/* ---- problems ---- */

typedef enum problem {
    JOURNAL_NO_SPACE,
    JOURNAL_STOPPED,
    STORE_NO_SPACE,
    STORE_STOPPED,
    DAMAGED_BLOCKS,
    BEHIND,
    NO_ACCOUNTS,
    PROBLEMS
} problem;

static const char *const problem_names[PROBLEMS] = {
    "journal_no_space", "journal_stopped", "store_no_space", "store_stopped",
    "damaged_blocks",   "behind",          "no_accounts"};

/* A simulated clock runs ahead of what the machine can do: its lag counts by its speed. */
static bool is_behind(const qk_context *c, const qk_node_health *h)
{
    double speed = qk_clock_speed(qk_node_clock(c->node));
    double lag_ms = (double)h->lag_ms / (speed > 1 ? speed : 1);
    return h->durable - h->processed > BEHIND_BYTES || lag_ms > BEHIND_MS;
}

/* A bit for each problem. */
static uint64_t find_problems(const qk_context *c, const qk_node_health *h)
{
    uint64_t found = 0;
    if (h->journal != QK_JOURNAL_RUNNING)
        found |= 1U << (h->journal_reason.code == QK_ENOSPC ? JOURNAL_NO_SPACE : JOURNAL_STOPPED);
    if (h->store_state != QK_OK)
        found |= 1U << (h->store_state == QK_ENOSPC ? STORE_NO_SPACE : STORE_STOPPED);
    if (h->damaged_blocks) found |= 1U << DAMAGED_BLOCKS;
    if (is_behind(c, h)) found |= 1U << BEHIND;
    if (!qk_node_invented(c->node) && !qk_people_any_account(qk_node_registry(c->node)))
        found |= 1U << NO_ACCOUNTS;
    return found;
}

static void put_text(qk_json_writer *w, const char *name, qk_lang lang, const char *code,
                     const qk_node_health *h)
{
    char blocks[24];
    qk_buf text;
    qk_buf_init(&text, 2048);
    snprintf(blocks, sizeof blocks, "%llu", (unsigned long long)h->damaged_blocks);
    const qk_message_param param = {"n", qk_str_of(blocks)};
    qk_message_put(&text, code, lang, &param, 1);
    qk_json_kstr(w, name, qk_buf_str(&text));
    qk_buf_clear(&text);
}

static void write_problems(qk_json_writer *w, uint64_t found, const qk_node_health *h)
{
    char code[64];
    qk_json_key(w, "problems");
    qk_json_array(w);
    for (int p = 0; p < PROBLEMS; p++) {
        if (!(found >> p & 1)) continue;
        snprintf(code, sizeof code, "health.%s", problem_names[p]);
        qk_json_object(w);
        qk_json_kcstr(w, "code", problem_names[p]);
        put_text(w, "zh", QK_ZH, code, h);
        put_text(w, "en", QK_EN, code, h);
        qk_json_end(w);
    }
    qk_json_end(w);
}

/* ---- the document ---- */

static void put_instant(qk_json_writer *w, const char *name, qk_time t)
{
    char text[QK_TIME_TEXT];
    qk_json_kcstr(w, name, qk_time_iso_zone(text, t));
}

static void write_clock(qk_json_writer *w, qk_clock *clock)
{
    qk_json_key(w, "clock");
    qk_json_object(w);
    qk_json_kbool(w, "simulated", qk_clock_simulated(clock));
    qk_json_key(w, "speed");
    qk_json_f64(w, qk_clock_speed(clock));
    qk_json_end(w);
}

static void write_journal(qk_json_writer *w, const qk_node_health *h)
{
    char reason[700] = "";
    bool running = h->journal == QK_JOURNAL_RUNNING;
    if (!running) qk_error_format(&h->journal_reason, reason, sizeof reason);
    qk_json_key(w, "journal");
    qk_json_object(w);
    qk_json_kcstr(w, "state", running ? "running" : "stopped");
    qk_json_kcstr(w, "reason", reason[0] ? reason : NULL);
    qk_json_kcstr(w, "code", running ? NULL : qk_code_name(h->journal_reason.code));
    qk_json_ki64(w, "durable", (int64_t)h->durable);
    qk_json_ki64(w, "processed", (int64_t)h->processed);
    qk_json_ki64(w, "lag_bytes", (int64_t)(h->durable - h->processed));
    qk_json_ki64(w, "lag_s", h->lag_ms / 1000);
    qk_json_end(w);
}

static void write_store(qk_json_writer *w, const qk_node_health *h)
{
    qk_json_key(w, "store");
    qk_json_object(w);
    qk_json_kcstr(w, "state", qk_code_name(h->store_state));
    qk_json_kcstr(w, "reason", h->store_reason[0] ? h->store_reason : NULL);
    qk_json_ki64(w, "damaged_blocks", (int64_t)h->damaged_blocks);
    qk_json_key(w, "commit_ms");
    qk_json_fixed(w, h->commit_ms_mean, 2);
    qk_json_end(w);
}

static void write_counts(qk_json_writer *w, const qk_node_health *h, const qk_context *c)
{
    const struct {
        const char *name;
        uint64_t value;
    } counts[] = {
        {"devices", c->approved}, {"online", c->online},   {"frames", h->frames},
        {"repeats", h->repeats},  {"changed", h->changed}, {"refused", h->refused},
        {"parked", h->parked},    {"samples", h->samples},
    };
    qk_json_key(w, "counts");
    qk_json_object(w);
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
        qk_json_ki64(w, counts[i].name, (int64_t)counts[i].value);
    qk_json_end(w);
}

static void write_health(qk_json_writer *w, const qk_context *c, const qk_node_health *h)
{
    qk_json_object(w);
    qk_json_kcstr(w, "status", qk_health_is_well(h) ? "ok" : "degraded");
    write_problems(w, find_problems(c, h), h);
    put_instant(w, "now", h->now);
    write_clock(w, qk_node_clock(c->node));
    write_journal(w, h);
    write_store(w, h);
    write_counts(w, h, c);
    qk_json_ki64(w, "memory_bytes", (int64_t)qk_health_memory());
    qk_json_kcstr(w, "version", QK_VERSION);
    qk_json_kcstr(w, "instance", qk_node_id(c->node));
    qk_json_kbool(w, "demo", qk_node_demo(c->node));
    qk_json_end(w);
}

void qk_health_json(qk_json_writer *w, const qk_context *context)
{
    qk_node_health h;
    qk_node_health_get(context->node, &h);
    write_health(w, context, &h);
}

/* ---- telling the pages ---- */

void qk_health_look(qk_health_watch *watch, const qk_context *context)
{
    qk_node_health h;
    qk_json_writer w;
    qk_buf text;
    qk_node_health_get(context->node, &h);
    uint64_t found = find_problems(context, &h);
    if (found == watch->seen) return;
    watch->seen = found;
    qk_buf_init(&text, DOCUMENT_MAX);
    qk_json_init(&w, &text);
    write_health(&w, context, &h);
    if (text.failed == QK_OK)
        qk_live_publish(qk_node_live(context->node), "health", qk_buf_str(&text));
    qk_buf_clear(&text);
}
