/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/forward.h"
#include "base/json.h"
#include "gateway/forward_private.h"
#include <stdio.h>
#include <stdlib.h>

enum { SAVE_EVERY_MS = 1000, RESOLVE_EVERY_MS = 300000, LINKS_EVERY = 10 };
#define NO_ROW UINT64_MAX

/* ---- links ---- */

static qk_uplink *find_link(const qk_platform *p, qk_str mn)
{
    uint64_t value;
    return qk_map_get(p->by_mn, mn, &value) ? (qk_uplink *)(uintptr_t)value : NULL;
}

static qk_uplink *make_link(qk_platform *p, qk_str mn)
{
    qk_uplink *l = find_link(p, mn);
    if (l || mn.len == 0 || mn.len >= QK_MN_MAX) return l;
    l = calloc(1, sizeof *l);
    if (!l || qk_map_set(p->by_mn, mn, (uintptr_t)l) != QK_OK) {
        free(l);
        return NULL;
    }
    l->platform = p;
    l->serial = ++p->gateway->forward->next_serial;
    memcpy(l->mn, mn.ptr, mn.len);
    l->control = true;
    l->backoff_ms = QK_UPLINK_BACKOFF_MS;
    l->retry_ms = p->gateway->gate.now_ms + (int64_t)(l->serial % 20) * 50;
    l->pass = &p->tip;
    l->from = p->tip.pos;
    l->saved = NO_ROW;
    l->answered_at = QK_TIME_NONE;
    l->next = p->links;
    p->links = l;
    return l;
}

static void configure_link(qk_uplink *l, const qk_json_value *entry)
{
    (void)qk_str_copy(l->as_mn, sizeof l->as_mn, qk_json_get_str(entry, "mn"));
    (void)qk_str_copy(l->as_pw, sizeof l->as_pw, qk_json_get_str(entry, "pw"));
    l->control = qk_json_get_bool(entry, "control", true);
}

/* "*": a link for every approved device that the map does not name itself. */
static void link_all_devices(qk_platform *p, const qk_json_value *star)
{
    qk_arena arena;
    qk_device *devices;
    size_t n;
    qk_arena_init(&arena, 64 << 20);
    p->register_version = qk_registry_version(p->gateway->registry);
    if (qk_registry_devices(p->gateway->registry, &arena, &devices, &n) == QK_OK)
        for (size_t i = 0; i < n; i++) {
            qk_str mn = qk_str_of(devices[i].mn);
            if (devices[i].status != QK_DEVICE_APPROVED || find_link(p, mn)) continue;
            qk_uplink *l = make_link(p, mn);
            if (l) l->control = qk_json_get_bool(star, "control", true);
        }
    qk_arena_clear(&arena);
}

static void make_links(qk_platform *p)
{
    qk_arena arena;
    qk_json_value *map;
    qk_arena_init(&arena, 4 << 20);
    if (qk_json_parse(&map, qk_str_of(p->mn_map), &arena, NULL) == QK_OK) {
        for (const qk_json_value *e = map->first; e; e = e->next) {
            qk_uplink *l = qk_str_eq(e->name, QK_STR("*")) ? NULL : make_link(p, e->name);
            if (l) configure_link(l, e);
        }
        const qk_json_value *star = qk_json_get(map, "*");
        p->all = star != NULL;
        if (star) link_all_devices(p, star);
    }
    qk_arena_clear(&arena);
}

/* ---- platforms ---- */

static bool split_address(char host[80], uint16_t *port, const char *address)
{
    const char *colon = strrchr(address, ':');
    uint64_t n;
    size_t len = colon ? (size_t)(colon - address) : 0;
    if (len == 0 || len >= 80 || qk_parse_u64(&n, qk_str_of(colon + 1)) != QK_OK || n == 0 ||
        n > 65535)
        return false;
    bool bracket = address[0] == '[' && address[len - 1] == ']';
    size_t from = bracket ? 1 : 0, n_host = bracket ? len - 2 : len;
    memcpy(host, address + from, n_host);
    host[n_host] = 0;
    *port = (uint16_t)n;
    return n_host > 0;
}

static void free_platform(qk_platform *p)
{
    qk_uplink *next;
    for (qk_uplink *l = p->links; l; l = next) {
        next = l->next;
        qk_uplink_free(l);
    }
    qk_passes_free(p);
    qk_map_free(p->by_mn);
    free(p->mn_map);
    free(p);
}

static qk_platform *make_platform(qk_gateway *g, const qk_upper *upper, qk_jpos cursor)
{
    qk_platform *p = calloc(1, sizeof *p);
    if (!p) return NULL;
    p->gateway = g;
    p->mn_map = strdup(upper->mn_map ? upper->mn_map : "{}");
    if (!p->mn_map || qk_map_new(&p->by_mn, QK_UPLINKS_MAX) != QK_OK ||
        !split_address(p->host, &p->port, upper->address)) {
        free_platform(p);
        return NULL;
    }
    memcpy(p->id, upper->id, sizeof p->id);
    memcpy(p->address, upper->address, sizeof p->address);
    p->enabled = upper->enabled;
    p->version = upper->version;
    p->tip = (qk_pass){.platform = p, .active = true, .pos = cursor, .batch_end = cursor};
    p->catch_up = (qk_pass){.platform = p};
    p->saved = cursor;
    make_links(p);
    return p;
}

static void drop_platform(qk_platform *p)
{
    p->dropped = true;
    p->enabled = false;
    for (qk_uplink *l = p->links; l; l = l->next) {
        l->stale = true;
        qk_uplink_close(l, "the platform was changed");
    }
}

static qk_platform *find_platform(const qk_forward *f, qk_str id)
{
    for (qk_platform *p = f->platforms; p; p = p->next)
        if (!p->dropped && qk_str_eq(id, qk_str_of(p->id))) return p;
    return NULL;
}

/* A link that stands behind the tip reads on from where it stopped. */
static void set_cursor(qk_uplink *l, qk_jpos cursor)
{
    l->saved = cursor;
    l->from = cursor;
    if (cursor < l->platform->tip.pos) l->pass = NULL;
}

static void replace_platform(qk_gateway *g, const qk_upper *upper, qk_jpos cursor)
{
    qk_platform *old = find_platform(g->forward, qk_str_of(upper->id));
    if (old) cursor = old->tip.pos;
    qk_platform *p = make_platform(g, upper, cursor);
    if (!p) return;
    for (qk_uplink *l = old ? old->links : NULL; l; l = l->next) {
        qk_uplink *same = find_link(p, qk_str_of(l->mn));
        if (!same) continue;
        set_cursor(same, qk_uplink_cursor(l));
        same->saved = l->saved;
    }
    if (old) drop_platform(old);
    p->next = g->forward->platforms;
    g->forward->platforms = p;
}

static void free_dropped(qk_forward *f)
{
    for (qk_platform **at = &f->platforms; *at;) {
        qk_platform *p = *at;
        if (p->dropped && p->busy == 0) {
            *at = p->next;
            free_platform(p);
        } else {
            at = &p->next;
        }
    }
}

/* ---- names ---- */

static void on_resolved(uv_getaddrinfo_t *request, int status, struct addrinfo *found)
{
    qk_platform *p = request->data;
    p->resolving = false;
    p->busy--;
    if (status == 0 && found) {
        memcpy(&p->to, found->ai_addr, found->ai_addrlen);
        p->resolved = true;
    } else if (!p->dropped) {
        qk_log_limited(p->gateway->log, QK_LOG_WARN, "forward", qk_hash(p->id, strlen(p->id)),
                       "the address of platform %s (%s) is not known: %s", p->id, p->host,
                       uv_strerror(status));
    }
    uv_freeaddrinfo(found);
}

static void resolve_platform(qk_platform *p)
{
    char port[8];
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    int64_t now_ms = p->gateway->gate.now_ms;
    int64_t every = p->resolved ? RESOLVE_EVERY_MS : 5000;
    if (p->resolving || (p->resolved_ms && now_ms - p->resolved_ms < every)) return;
    p->resolved_ms = now_ms;
    p->resolve.data = p;
    snprintf(port, sizeof port, "%u", (unsigned)p->port);
    p->resolving =
        uv_getaddrinfo(&p->gateway->loop, &p->resolve, on_resolved, p->host, port, &hints) == 0;
    if (p->resolving) p->busy++;
}

/* ---- saving ---- */

typedef struct saved_link {
    char mn[QK_MN_MAX];
    qk_jpos cursor; /* NO_ROW = the row is to go */
} saved_link;

typedef struct saving {
    char upper[QK_CODE_MAX];
    qk_jpos tip;
    size_t count;
    saved_link link[];
} saving;

static qk_code save_link(qk_db *db, const saving *s, const saved_link *l, qk_error *err)
{
    sqlite3_stmt *stmt;
    bool gone = l->cursor == NO_ROW;
    QK_TRY(qk_db_prepare(&stmt, db,
                         gone ? "DELETE FROM forward_link WHERE upper = ? AND mn = ?"
                              : "INSERT OR REPLACE INTO forward_link (upper, mn, cursor)"
                                " VALUES (?,?,?)",
                         err));
    qk_db_bind_str(stmt, 1, qk_str_of(s->upper));
    qk_db_bind_str(stmt, 2, qk_str_of(l->mn));
    if (!gone) sqlite3_bind_int64(stmt, 3, (sqlite3_int64)l->cursor);
    return qk_db_run(db, stmt, err);
}

static qk_code save_in_store(void *context, qk_node *node, qk_db *db, qk_time now, qk_error *err)
{
    const saving *s = context;
    sqlite3_stmt *stmt;
    (void)node, (void)now;
    QK_TRY(qk_db_prepare(&stmt, db, "UPDATE forward SET cursor = ? WHERE id = ?", err));
    sqlite3_bind_int64(stmt, 1, (sqlite3_int64)s->tip);
    qk_db_bind_str(stmt, 2, qk_str_of(s->upper));
    QK_TRY(qk_db_run(db, stmt, err));
    for (size_t i = 0; i < s->count; i++) QK_TRY(save_link(db, s, &s->link[i], err));
    return QK_OK;
}

static void free_context(void *context, qk_code code, const qk_error *err)
{
    (void)code, (void)err;
    free(context);
}

/* What the row of a link has to say: nothing, when it stands with the tip. */
static qk_jpos row_of(const qk_uplink *l)
{
    qk_jpos cursor = qk_uplink_cursor(l);
    return cursor < l->platform->tip.pos ? cursor : NO_ROW;
}

static void save_platform(qk_platform *p)
{
    size_t changed = 0;
    for (const qk_uplink *l = p->links; l; l = l->next) changed += row_of(l) != l->saved;
    if (changed == 0 && p->saved == p->tip.pos) return;
    saving *s = malloc(sizeof *s + changed * sizeof s->link[0]);
    if (!s) return;
    *s = (saving){.tip = p->tip.pos};
    memcpy(s->upper, p->id, sizeof s->upper);
    for (const qk_uplink *l = p->links; l; l = l->next) {
        if (row_of(l) == l->saved) continue;
        s->link[s->count].cursor = row_of(l);
        memcpy(s->link[s->count++].mn, l->mn, sizeof l->mn);
    }
    if (qk_node_post(p->gateway->node, save_in_store, s, free_context, NULL) != QK_OK) {
        free(s);
        return;
    }
    p->saved = p->tip.pos;
    for (qk_uplink *l = p->links; l; l = l->next) l->saved = row_of(l);
}

/* ---- the loop's turns ---- */

void qk_forward_wake(qk_gateway *g)
{
    for (qk_platform *p = g->forward->platforms; p; p = p->next) qk_passes_go_on(p);
}

static void tick_platform(qk_platform *p)
{
    qk_gateway *g = p->gateway;
    if (p->dropped || !p->enabled) return;
    resolve_platform(p);
    if (p->all && g->ticks % LINKS_EVERY == 0 &&
        p->register_version != qk_registry_version(g->registry))
        make_links(p);
    for (qk_uplink *l = p->links; l; l = l->next) qk_uplink_tick(l);
    p->tip.stuck = p->catch_up.stuck = false;
    qk_passes_join(p);
    qk_passes_go_on(p);
}

void qk_forward_tick(qk_gateway *g)
{
    qk_forward *f = g->forward;
    for (qk_platform *p = f->platforms; p; p = p->next) tick_platform(p);
    free_dropped(f);
    if (g->gate.now_ms - f->saved_ms < SAVE_EVERY_MS) return;
    f->saved_ms = g->gate.now_ms;
    for (qk_platform *p = f->platforms; p; p = p->next)
        if (!p->dropped) save_platform(p);
}

void qk_forward_return(qk_gateway *g, uint64_t serial, const qk_hj212_frame *frame)
{
    for (qk_platform *p = g->forward->platforms; p; p = p->next)
        for (qk_uplink *l = p->dropped ? NULL : p->links; l; l = l->next)
            if (l->serial == serial) qk_uplink_return(l, frame);
}

void qk_forward_stop(qk_gateway *g)
{
    for (qk_platform *p = g->forward->platforms; p; p = p->next) {
        if (!p->dropped) save_platform(p);
        for (qk_uplink *l = p->links; l; l = l->next) qk_uplink_close(l, NULL);
        if (p->resolving) (void)uv_cancel((uv_req_t *)&p->resolve);
    }
}

/* ---- start and end ---- */

static void read_upper(qk_upper *upper, sqlite3_stmt *stmt)
{
    *upper = (qk_upper){.enabled = qk_str_eq(qk_db_text(stmt, 3), QK_STR("on")),
                        .version = sqlite3_column_int64(stmt, 4),
                        .mn_map = (const char *)sqlite3_column_text(stmt, 2)};
    (void)qk_str_copy(upper->id, sizeof upper->id, qk_db_text(stmt, 0));
    (void)qk_str_copy(upper->address, sizeof upper->address, qk_db_text(stmt, 1));
}

#define UPPER_COLUMNS "id, address, unseal(mn_map), state, version, cursor"

static qk_code load_cursors(qk_gateway *g, qk_db *db, qk_error *err)
{
    sqlite3_stmt *stmt;
    qk_code code;
    QK_TRY(qk_db_prepare(&stmt, db, "SELECT upper, mn, cursor FROM forward_link", err));
    while ((code = qk_db_step(db, stmt, err)) == QK_OK) {
        qk_platform *p = find_platform(g->forward, qk_db_text(stmt, 0));
        qk_uplink *l = p ? find_link(p, qk_db_text(stmt, 1)) : NULL;
        if (l) set_cursor(l, (qk_jpos)sqlite3_column_int64(stmt, 2));
    }
    return code == QK_ENOTFOUND ? QK_OK : code;
}

static qk_code load_platforms(void *context, qk_node *node, qk_db *db, qk_time now, qk_error *err)
{
    qk_gateway *g = context;
    sqlite3_stmt *stmt;
    qk_upper upper;
    qk_code code;
    (void)node, (void)now;
    QK_TRY(qk_db_prepare(&stmt, db, "SELECT " UPPER_COLUMNS " FROM forward ORDER BY id DESC", err));
    while ((code = qk_db_step(db, stmt, err)) == QK_OK) {
        read_upper(&upper, stmt);
        qk_platform *p = make_platform(g, &upper, (qk_jpos)sqlite3_column_int64(stmt, 5));
        if (!p) continue;
        p->next = g->forward->platforms;
        g->forward->platforms = p;
    }
    return code == QK_ENOTFOUND ? load_cursors(g, db, err) : code;
}

qk_code qk_forward_open(qk_gateway *g, qk_error *err)
{
    g->forward = calloc(1, sizeof *g->forward);
    if (!g->forward) return qk_fail(err, QK_ENOMEM, "no memory for forwarding");
    return qk_node_call(g->node, load_platforms, g, err);
}

void qk_forward_free(qk_gateway *g)
{
    qk_platform *next;
    if (!g->forward) return;
    for (qk_platform *p = g->forward->platforms; p; p = next) {
        next = p->next;
        free_platform(p);
    }
    free(g->forward);
    g->forward = NULL;
}

/* ---- other threads: changing ---- */

/* A name or password of the platform's goes into frames: nothing in it may end a field. */
static bool is_frame_word(const qk_json_value *entry, const char *name, size_t most)
{
    const qk_json_value *v = qk_json_get(entry, name);
    if (!v) return true;
    if (v->type != QK_JSON_STRING || v->text.len > most) return false;
    for (size_t i = 0; i < v->text.len; i++) {
        char c = v->text.ptr[i];
        if (c <= ' ' || c > '~' || strchr(";,=&#", c)) return false;
    }
    return true;
}

static qk_code check_map_entry(const qk_json_value *e, qk_error *err)
{
    if (e->type != QK_JSON_OBJECT || e->name.len == 0 || e->name.len >= QK_MN_MAX)
        return qk_fail(err, QK_EINVAL, "the map's entry for '%.*s' is not an MN with an object",
                       QK_STR_ARG(e->name));
    if (!is_frame_word(e, "mn", QK_MN_MAX - 1) || !is_frame_word(e, "pw", QK_UPPER_PW_MAX))
        return qk_fail(err, QK_EINVAL,
                       "the name or password of '%.*s' there is too long or holds what cannot "
                       "stand in a frame",
                       QK_STR_ARG(e->name));
    return QK_OK;
}

static qk_code check_map(const char *text, qk_error *err)
{
    qk_arena arena;
    qk_json_value *map;
    size_t n = 0;
    qk_arena_init(&arena, 4 << 20);
    qk_code code = qk_json_parse(&map, qk_str_of(text), &arena, err);
    if (code == QK_OK && map->type != QK_JSON_OBJECT)
        code = qk_fail(err, QK_EINVAL, "the map of MNs is not a JSON object");
    for (const qk_json_value *e = code == QK_OK ? map->first : NULL; e; e = e->next) {
        code = check_map_entry(e, err);
        if (code == QK_OK && ++n > QK_UPLINKS_MAX)
            code = qk_fail(err, QK_EFULL, "more than %d devices for one platform", QK_UPLINKS_MAX);
        if (code != QK_OK) break;
    }
    qk_arena_clear(&arena);
    return code;
}

typedef struct putting {
    qk_upper upper;
    qk_str by;
    qk_jpos cursor;
    int64_t version;
} putting;

static qk_code current_version(qk_db *db, const char *id, int64_t *version, int64_t *others,
                               qk_error *err)
{
    sqlite3_stmt *stmt;
    QK_TRY(qk_db_prepare(&stmt, db,
                         "SELECT coalesce(max(CASE WHEN id = ?1 THEN version END), 0),"
                         " count(*) FILTER (WHERE id <> ?1) FROM forward",
                         err));
    qk_db_bind_str(stmt, 1, qk_str_of(id));
    QK_TRY(qk_db_step(db, stmt, err));
    *version = sqlite3_column_int64(stmt, 0);
    *others = sqlite3_column_int64(stmt, 1);
    sqlite3_reset(stmt);
    return QK_OK;
}

static qk_code put_in_store(void *context, qk_node *node, qk_db *db, qk_time now, qk_error *err)
{
    putting *u = context;
    sqlite3_stmt *stmt;
    int64_t version, others;
    (void)node;
    QK_TRY(current_version(db, u->upper.id, &version, &others, err));
    if (version != u->upper.version)
        return qk_fail(err, QK_ECONFLICT, "platform %s was changed by somebody else", u->upper.id);
    if (others >= QK_UPPERS_MAX)
        return qk_fail(err, QK_EFULL, "no more than %d platforms", QK_UPPERS_MAX);
    QK_TRY(qk_db_prepare(
        &stmt, db,
        "INSERT INTO forward (id, address, mn_map, state, cursor, version,"
        " recorded_at, recorded_by) VALUES (?1,?2,seal(?3),?4,?5,?6,?7,?8)"
        " ON CONFLICT (id) DO UPDATE SET address = ?2, mn_map = excluded.mn_map, state = ?4,"
        " version = ?6, recorded_at = ?7, recorded_by = ?8",
        err));
    qk_db_bind_str(stmt, 1, qk_str_of(u->upper.id));
    qk_db_bind_str(stmt, 2, qk_str_of(u->upper.address));
    qk_db_bind_str(stmt, 3, qk_str_of(u->upper.mn_map));
    qk_db_bind_str(stmt, 4, u->upper.enabled ? QK_STR("on") : QK_STR("off"));
    sqlite3_bind_int64(stmt, 5, (sqlite3_int64)u->cursor);
    sqlite3_bind_int64(stmt, 6, version + 1);
    sqlite3_bind_int64(stmt, 7, now);
    qk_db_bind_str(stmt, 8, u->by);
    u->version = version + 1;
    return qk_db_run(db, stmt, err);
}

typedef struct upper_message {
    qk_gate_message message;
    qk_upper upper;
    qk_jpos cursor;
    bool drop;
    char map[];
} upper_message;

static void run_upper(qk_gateway *g, qk_gate_message *message)
{
    upper_message *m = (upper_message *)(void *)message;
    qk_platform *old = g ? find_platform(g->forward, qk_str_of(m->upper.id)) : NULL;
    m->upper.mn_map = m->map;
    if (g && !m->drop)
        replace_platform(g, &m->upper, m->cursor);
    else if (old)
        drop_platform(old);
    free(m);
}

static void tell_loop(qk_gateway *g, const qk_upper *upper, qk_jpos cursor, bool drop)
{
    size_t len = upper->mn_map ? strlen(upper->mn_map) : 0;
    upper_message *m = malloc(sizeof *m + len + 1);
    if (!m) return;
    *m = (upper_message){.message.run = run_upper, .upper = *upper, .cursor = cursor, .drop = drop};
    if (len) memcpy(m->map, upper->mn_map, len);
    m->map[len] = 0;
    if (!qk_gate_mail_post(g->mail, &m->message)) free(m);
}

qk_code qk_gateway_put_upper(qk_gateway *g, const qk_upper *upper, qk_str by, qk_error *err)
{
    putting u = {.upper = *upper, .by = by, .cursor = qk_journal_durable(g->journal)};
    char host[80];
    uint16_t port;
    if (!u.upper.mn_map) u.upper.mn_map = "{}";
    if (!upper->id[0]) return qk_fail(err, QK_EINVAL, "a platform needs an id");
    if (!split_address(host, &port, upper->address))
        return qk_fail(err, QK_EINVAL, "'%s' is not HOST:PORT", upper->address);
    QK_TRY(check_map(u.upper.mn_map, err));
    QK_TRY(qk_node_call(g->node, put_in_store, &u, err));
    u.upper.version = u.version;
    tell_loop(g, &u.upper, u.cursor, false);
    return QK_OK;
}

static qk_code drop_in_store(void *context, qk_node *node, qk_db *db, qk_time now, qk_error *err)
{
    static const char *const sql[] = {"DELETE FROM forward_link WHERE upper = ?",
                                      "DELETE FROM forward WHERE id = ?"};
    const qk_upper *upper = context;
    sqlite3_stmt *stmt;
    (void)node, (void)now;
    for (int i = 0; i < 2; i++) {
        QK_TRY(qk_db_prepare(&stmt, db, sql[i], err));
        qk_db_bind_str(stmt, 1, qk_str_of(upper->id));
        QK_TRY(qk_db_run(db, stmt, err));
    }
    if (sqlite3_changes(qk_db_handle(db)) == 0)
        return qk_fail(err, QK_ENOTFOUND, "no platform %s", upper->id);
    return QK_OK;
}

qk_code qk_gateway_drop_upper(qk_gateway *g, qk_str id, qk_error *err)
{
    qk_upper upper = {0};
    (void)qk_str_copy(upper.id, sizeof upper.id, id);
    QK_TRY(qk_node_call(g->node, drop_in_store, &upper, err));
    tell_loop(g, &upper, 0, true);
    return QK_OK;
}

/* ---- other threads: asking ---- */

typedef struct listing {
    qk_arena *arena;
    qk_upper *out;
    size_t n;
} listing;

static qk_code list_in_store(void *context, qk_node *node, qk_db *db, qk_time now, qk_error *err)
{
    listing *l = context;
    sqlite3_stmt *stmt;
    qk_code code = QK_OK;
    (void)node, (void)now;
    QK_TRY(qk_db_prepare(&stmt, db, "SELECT " UPPER_COLUMNS " FROM forward ORDER BY id", err));
    while (l->n < QK_UPPERS_MAX && (code = qk_db_step(db, stmt, err)) == QK_OK) {
        qk_upper *u = &l->out[l->n++];
        read_upper(u, stmt);
        u->mn_map = qk_arena_copy(l->arena, u->mn_map ? u->mn_map : "{}",
                                  u->mn_map ? strlen(u->mn_map) : 2);
        if (!u->mn_map) code = QK_ENOMEM;
        if (code != QK_OK) break;
    }
    sqlite3_reset(stmt);
    return code == QK_ENOTFOUND ? QK_OK : code;
}

qk_code qk_gateway_uppers(qk_gateway *g, qk_arena *arena, qk_upper **out, size_t *n, qk_error *err)
{
    listing l = {.arena = arena, .out = qk_arena_array(arena, QK_UPPERS_MAX, sizeof *l.out)};
    if (!l.out) return qk_fail(err, QK_ENOMEM, "no memory for the list of platforms");
    QK_TRY(qk_node_call(g->node, list_in_store, &l, err));
    *out = l.out;
    *n = l.n;
    return QK_OK;
}

typedef struct state_message {
    qk_gate_message message;
    uv_sem_t *done;
    qk_str mn;
    qk_arena *arena;
    qk_uplink_state *out;
    size_t n;
    qk_code code;
} state_message;

static void fill_state(qk_uplink_state *s, const qk_uplink *l)
{
    const qk_platform *p = l->platform;
    qk_jpos cursor = qk_uplink_cursor(l), end = p->gateway->durable;
    *s = (qk_uplink_state){.enabled = p->enabled,
                           .connected = l->phase == QK_UPLINK_UP,
                           .sent = l->sent,
                           .answered = l->answered,
                           .again = l->again,
                           .waiting = l->queue.count,
                           .behind_bytes = end > cursor ? end - cursor : 0,
                           .answered_at = l->answered_at};
    memcpy(s->upper, p->id, sizeof s->upper);
    memcpy(s->mn, l->mn, sizeof s->mn);
    memcpy(s->error, l->error, sizeof s->error);
    if (!p->enabled) snprintf(s->error, sizeof s->error, "switched off");
}

static void run_state(qk_gateway *g, qk_gate_message *message)
{
    state_message *m = (state_message *)(void *)message;
    size_t total = 0;
    for (qk_platform *p = g ? g->forward->platforms : NULL; p; p = p->next)
        for (qk_uplink *l = p->dropped ? NULL : p->links; l; l = l->next) total++;
    m->out = qk_arena_array(m->arena, total ? total : 1, sizeof *m->out);
    if (!m->out) m->code = QK_ENOMEM;
    for (qk_platform *p = m->out && g ? g->forward->platforms : NULL; p; p = p->next)
        for (qk_uplink *l = p->dropped ? NULL : p->links; l; l = l->next)
            if (!m->mn.ptr || qk_str_eq(m->mn, qk_str_of(l->mn))) fill_state(&m->out[m->n++], l);
    uv_sem_post(m->done);
}

qk_code qk_gateway_uplinks(qk_gateway *g, qk_str mn, qk_arena *arena, qk_uplink_state **out,
                           size_t *n, qk_error *err)
{
    uv_sem_t done;
    state_message m = {.message.run = run_state, .done = &done, .mn = mn, .arena = arena};
    *out = NULL;
    *n = 0;
    if (uv_sem_init(&done, 0) != 0) return qk_fail(err, QK_ENOMEM, "no semaphore");
    if (qk_gate_mail_post(g->mail, &m.message)) uv_sem_wait(&done);
    uv_sem_destroy(&done);
    if (m.code != QK_OK) return qk_fail(err, m.code, "no memory for the state of forwarding");
    *out = m.out;
    *n = m.n;
    return QK_OK;
}
