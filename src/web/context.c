/* SPDX-License-Identifier: Apache-2.0 */
#include "web/context.h"
#include <stdlib.h>

enum { COUNT_ARENA = 64 << 20 };

qk_time qk_context_wall(const qk_context *c)
{
    return qk_clock_now(c->wall);
}

void qk_context_count(qk_context *c)
{
    qk_arena arena;
    qk_device *devices = NULL;
    size_t n = 0, approved = 0, online = 0;
    qk_arena_init(&arena, COUNT_ARENA);
    if (qk_registry_devices(qk_node_registry(c->node), &arena, &devices, &n) == QK_OK) {
        for (size_t i = 0; i < n; i++) {
            qk_device_state state;
            if (devices[i].status != QK_DEVICE_APPROVED) continue;
            approved++;
            if (qk_live_device(qk_node_live(c->node), &state, qk_str_of(devices[i].mn)))
                online += state.link == QK_LINK_ONLINE;
        }
        c->approved = approved;
        c->online = online;
    }
    qk_arena_clear(&arena);
}

qk_code qk_tools_new(void **tools, void *context, qk_error *err)
{
    qk_context *c = context;
    qk_tools *t = calloc(1, sizeof *t);
    if (!t) return qk_fail(err, QK_ENOMEM, "no memory for a worker of the web server");
    t->context = c;
    *tools = t;
    QK_TRY(qk_db_open_readonly(&t->db, c->db_path, err));
    return qk_telemetry_reader_open(&t->reader, qk_node_telemetry(c->node), c->db_path, err);
}

void qk_tools_free(void *tools)
{
    qk_tools *t = tools;
    if (!t) return;
    qk_telemetry_reader_close(t->reader);
    if (t->db) qk_db_close(t->db);
    free(t);
}
