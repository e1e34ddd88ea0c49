/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_TESTS_PEOPLE_RIG_H
#define QK_TESTS_PEOPLE_RIG_H
/* An instance that is no demo, with people in it, and clients that keep their cookie. */
#include "domain/login.h"
#include "domain/people.h"
#include "web_rig.h"
#include <sodium.h>

#define PASSWORD "Kz7#mQ2vLpXw"

static const char rig_people[] =
    "{\"divisions\":[{\"code\":\"410002\",\"parent\":\"410000\",\"kind\":\"township\",\"name_zh\":"
    "\"西岭镇\"}],"
    "\"sites\":[{\"id\":\"outlet2\",\"kind\":\"outlet\",\"name_zh\":\"西岭排口\",\"division\":"
    "\"410002\",\"owner_zh\":\"西岭砖厂\"}],"
    "\"devices\":[{\"mn\":\"88880000000000000000002\",\"site\":\"outlet2\",\"st\":\"31\"}],"
    "\"units\":[{\"id\":\"qz\",\"kind\":\"county\",\"name_zh\":\"青泽县\",\"division\":\"410000\"},"
    "{\"id\":\"dh\",\"parent\":\"qz\",\"kind\":\"township\",\"name_zh\":\"东河镇\",\"division\":"
    "\"410001\"},"
    "{\"id\":\"xl\",\"parent\":\"qz\",\"kind\":\"township\",\"name_zh\":\"西岭镇\",\"division\":"
    "\"410002\"},"
    "{\"id\":\"brick\",\"parent\":\"xl\",\"kind\":\"enterprise\",\"name_zh\":\"西岭砖厂\"}],"
    "\"people\":[{\"id\":\"li\",\"name\":\"李明\",\"unit\":\"dh\",\"phone\":\"13800001234\"},"
    "{\"id\":\"zhao\",\"name\":\"赵强\",\"unit\":\"dh\"}],"
    "\"posts\":[{\"id\":\"dh-head\",\"unit\":\"dh\",\"title_zh\":\"镇长\",\"person\":\"li\","
    "\"valid_from\":\"2026-01-01T00:00:00\"}]}";

typedef struct people_rig {
    rig r;
    qk_clock *wall;
    qk_web_options options;
} people_rig;

typedef struct client {
    char token[100], csrf[48];
} client;

static const qk_password_cost rig_cheap = {.memory_kib = 64, .passes = 1};

static inline void people_start_web(people_rig *p)
{
    qk_error err = {0};
    assert_done(qk_web_start(&p->r.web, p->r.node, NULL, &p->options, &err), &err);
}

static inline void people_open(people_rig *p, bool demo)
{
    qk_error err = {0};
    char county[sizeof rig_county], people[sizeof rig_people];
    memset(p, 0, sizeof *p);
    memcpy(county, rig_county, sizeof county);
    memcpy(people, rig_people, sizeof people);
    qk_node_options node = {
        .data_dir = qk_test_path("data"), .clock_text = RIG_NOW "x0", .demo = demo};
    assert_ok(qk_clock_new_simulated(&p->wall, at(RIG_NOW), 0));
    p->options = (qk_web_options){
        .listen = "127.0.0.1:0", .key_failures = 100000, .wall = p->wall, .cost = rig_cheap};
    assert_done(qk_node_open(&p->r.node, &node, &err), &err);
    assert_done(qk_node_call(p->r.node, rig_import, county, &err), &err);
    assert_done(qk_node_call(p->r.node, rig_import, people, &err), &err);
    qk_arena_init(&p->r.arena, 256 << 20);
    people_start_web(p);
    rig_read_key(p->r.key, "data/operator.key");
    rig_read_key(p->r.admin, "data/admin.key");
}

static inline void people_close(people_rig *p)
{
    rig_stop(&p->r);
    qk_clock_free(p->wall);
}

static inline void people_later(people_rig *p, qk_time ms)
{
    assert_ok(qk_clock_set(p->wall, qk_clock_now(p->wall) + ms, 0));
}

/* ---- accounts, put straight into the store ---- */

typedef struct made_account {
    const char *id, *role, *unit;
    bool must_change;
} made_account;

static inline qk_code make_account(void *context, qk_node *node, qk_db *db, qk_time now,
                                   qk_error *err)
{
    const made_account *m = context;
    qk_registry *r = qk_node_registry(node);
    qk_account a = {.enabled = true};
    qk_account_role l = {.granted = true};
    qk_secret s = {0};
    qk_str_copy(a.id, sizeof a.id, qk_str_of(m->id));
    qk_str_copy(a.unit, sizeof a.unit, qk_str_of(m->unit));
    qk_str_copy(l.account, sizeof l.account, qk_str_of(m->id));
    qk_str_copy(l.role, sizeof l.role, qk_str_of(m->role));
    qk_str_copy(s.account, sizeof s.account, qk_str_of(m->id));
    QK_TRY(qk_people_put_account(r, &a, 0, QK_STR("test"), now, err));
    QK_TRY(qk_people_put_role(r, &l, QK_STR("test"), now, err));
    QK_TRY(qk_secret_set_password(&s, QK_STR(PASSWORD), m->must_change, rig_cheap, now, err));
    return qk_secret_put(db, &s, err);
}

static inline void people_add(people_rig *p, const char *id, const char *role, const char *unit)
{
    qk_error err = {0};
    made_account m = {id, role, unit, false};
    assert_done(qk_node_call(p->r.node, make_account, &m, &err), &err);
}

/* ---- clients ---- */

static inline reply people_ask(people_rig *p, const client *c, const char *method, const char *path,
                               const char *body)
{
    static unsigned serial;
    char headers[400] = "", url[400];
    if (c && c->token[0])
        snprintf(headers, sizeof headers,
                 "Cookie: a=b; qingkong=%.64s\r\nX-CSRF-Token: %.40s\r\nIdempotency-Key: t%u\r\n",
                 c->token, c->csrf, serial++);
    snprintf(url, sizeof url, "/api/v1%.390s", path);
    return rig_ask(&p->r, method, url, headers, body);
}

static inline void take_cookie(people_rig *p, client *c, const reply *got)
{
    const char *cookie = strcasestr(got->head, "\r\nSet-Cookie: qingkong=");
    assert_non_null(cookie);
    qk_str rest = qk_str_of(cookie + strlen("\r\nSet-Cookie: qingkong="));
    qk_str_copy(c->token, sizeof c->token, qk_str_cut(&rest, ';'));
    qk_str_copy(c->csrf, sizeof c->csrf, qk_json_get_str(rig_json(&p->r, got), "csrf"));
}

static inline reply people_login_as(people_rig *p, client *c, const char *account,
                                    const char *password, const char *code)
{
    char body[400];
    snprintf(body, sizeof body, "{\"account\":\"%s\",\"password\":\"%s\",\"code\":\"%s\"}", account,
             password, code);
    reply got = people_ask(p, c, "POST", "/login", body);
    if (got.status == 200) take_cookie(p, c, &got);
    return got;
}

static inline void people_login(people_rig *p, client *c, const char *account)
{
    reply got = people_login_as(p, c, account, PASSWORD, "");
    if (got.status != 200) fail_msg("%s: %d %s", account, got.status, got.body);
}

static inline bool is_refused(people_rig *p, const reply *got, int status, const char *code)
{
    return got->status == status && rig_is(rig_json(&p->r, got), "error/code", code);
}

#define assert_refused(p, got, status_, code_)                                                \
    do {                                                                                      \
        reply refused_ = (got);                                                               \
        if (!is_refused(p, &refused_, status_, code_))                                        \
            fail_msg("%d %.300s, not %d %s", refused_.status, refused_.body, status_, code_); \
    } while (0)
#define assert_status(got, want)                                                                 \
    do {                                                                                         \
        reply answered_ = (got);                                                                 \
        if (answered_.status != (want)) fail_msg("%d %.300s", answered_.status, answered_.body); \
    } while (0)
#endif
