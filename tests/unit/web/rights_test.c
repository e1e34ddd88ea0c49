/* SPDX-License-Identifier: Apache-2.0 */
/* Every route by every role, by direct URL; and rows of somebody else's. */
#include "people_rig.h"
#include "web/route.h"

static const char *const roles[] = {"R1", "R2",  "R3",  "R4",      "R5",      "R6",      "R7", "R8",
                                    "R9", "R10", "R11", "R13-SYS", "R13-SEC", "R13-AUD", "R14"};
enum { ROLES = QK_ARRAY_COUNT(roles) };

/* Written by hand from the workflow, not from the program's table. A letter for each of `roles`,
 * then the operator's key, the administrator's, and nobody on an instance with accounts; x = may.
 */
static const struct {
    const char *routes, *may;
} matrix[] = {
    /*                                                    111 1SSA1  oan
     *                                            123456789 01 YEUD4  pdo */
    {"getHealth getOpenapi getMessages getFactors getPlace getClock getSession",
     "xxxxxxxxxxxxxxxxxx"},
    {"listDivisions getAirNow listAirDays getAirPeriods compareEditions rankAir",
     "xxxxxxxxxxx---xxxx"},
    {"listAqi getStrip listAirHours listAirTargets allocateAirTarget getAttainmentPath explainAir "
     "listAirMarks listAirReviews listAirChecks",
     "xxxxxxxxxxx---xxx-"},
    {"listSites getLatest getSeries getSeriesCsv listEvents search", "xxxxxxxxxxx---xxx-"},
    {"listDevices listCommands", "xxxxxxxxxxxx--xxx-"},
    {"listParked", "xx----xx---x--xxx-"},
    {"changeDevice putDeviceFactor askDevice cancelRequest approveParked refuseParked",
     "------x----x---xx-"},
    {"setAirTargets takePlanTargets keepAirAllocation", "xx-------------xx-"},
    {"markAir undoAirMark reviewAir addAirChecks", "------x-x------xx-"},
    {"editForecast keepForecastMinute publishForecast importForecastWeather", "--------x------xx-"},
    {"listRules getRules listRuleHistory", "xxxxxxxxxxxx--xxx-"},
    {"setRules revertRules", "-----------x----x-"},
    {"checkRules", "xx----x-x--x---xx-"},
    {"listUppers listUpperLinks", "------x----x---xx-"},
    {"putUpper dropUpper", "-----------x----x-"},
    {"getMetrics getGateway", "------x----xxxxxx-"},
    {"listAudit", "-------------xxxx-"},
    {"listUnits listPeople listPosts getRights", "xxxxxxxxxxxxxxxxx-"},
    {"putUnit setUnitAliases proposeUnits putPerson putPost", "xx----------x--xx-"},
    {"getPerson", "xx----xx----------"},
    {"listAccounts", "------------xx--x-"},
    {"putAccount setPassword dropAccountTotp setPolicy", "------------x-----"},
    {"listAttachments getAttachment", "xxxxxxxxxxx---xxx-"},
    {"addAttachment", "xx-xxxxx-xx----xx-"},
    {"listSessions", "xxxxxxxxxxxxxxx---"},
};

static const char *literal_of(const char *id)
{
    for (size_t i = 0; i < QK_ARRAY_COUNT(matrix); i++)
        for (qk_str rest = qk_str_of(matrix[i].routes); rest.ptr;)
            if (qk_str_eq(qk_str_cut(&rest, ' '), qk_str_of(id))) return matrix[i].may;
    return NULL;
}

/* What the program's own table says, where the list above is silent. */
static bool table_says(const qk_route *route, size_t who)
{
    qk_rights_role role = QK_R12;
    if (route->action == QK_ACT_OPEN) return true;
    if (who < ROLES) assert_true(qk_rights_role_parse(&role, qk_str_of(roles[who])));
    if (who == ROLES) role = QK_R_OPERATOR;
    if (who == ROLES + 1) role = QK_R_ADMIN;
    return qk_rights_role_scope(role, route->action) != QK_SCOPE_NONE;
}

/* What would end the session that asks, or set the clock. */
static bool is_left_out(const qk_route *route)
{
    return route->action == QK_ACT_DEMO || strcmp(route->gives, "text/event-stream") == 0 ||
           (route->action == QK_ACT_SELF && route->method != QK_GET) ||
           (route->action == QK_ACT_OPEN && route->method != QK_GET);
}

static void path_of(char out[300], const qk_route *route)
{
    size_t n = 0;
    for (const char *at = route->path; *at && n < 250; at++) {
        if (*at != '{') {
            out[n++] = *at;
            continue;
        }
        const char *value = strncmp(route->path, "/people", 7) == 0 ? "li" : "x1";
        n += (size_t)snprintf(out + n, 10, "%s", value);
        at = strchr(at, '}');
    }
    out[n] = 0;
}

static reply ask_with_key(people_rig *p, const char *key, const qk_route *route, const char *path)
{
    char url[400];
    snprintf(url, sizeof url, "/api/v1%.300s", path);
    if (!key)
        return rig_ask(&p->r, qk_method_name(route->method), url, NULL,
                       route->body_max ? "{}" : NULL);
    return rig_change_as(&p->r, key, qk_method_name(route->method), url,
                         route->body_max ? "{}" : NULL, "walk");
}

/* Past the table, whatever the handler then thinks of the empty request. */
static bool came_through(people_rig *p, const reply *got)
{
    if (got->status != 401 && got->status != 403) return true;
    const qk_json_value *v = rig_json(&p->r, got);
    return !rig_is(v, "error/code", "denied") && !rig_is(v, "error/code", "login_needed") &&
           !rig_is(v, "error/code", "needs_admin");
}

static void walk_route(people_rig *p, client clients[ROLES], const qk_route *route, size_t *asked)
{
    char path[300];
    const char *literal = literal_of(route->id);
    path_of(path, route);
    for (size_t who = 0; who < ROLES + 3; who++) {
        reply got;
        if (who < ROLES)
            got = people_ask(p, &clients[who], qk_method_name(route->method), path,
                             route->body_max ? "{}" : NULL);
        else
            got = ask_with_key(p,
                               who == ROLES       ? p->r.key
                               : who == ROLES + 1 ? p->r.admin
                                                  : NULL,
                               route, path);
        bool may = literal ? literal[who] == 'x' : table_says(route, who);
        if (route->action == QK_ACT_SELF && who >= ROLES) may = false;
        if (came_through(p, &got) != may)
            fail_msg("%s by %s: %d %.200s", route->id, who < ROLES ? roles[who] : "key or nobody",
                     got.status, got.body);
        qk_arena_reset(&p->r.arena);
        (*asked)++;
    }
}

static void log_in_all(people_rig *p, client clients[ROLES])
{
    for (size_t i = 0; i < ROLES; i++) {
        char id[24];
        snprintf(id, sizeof id, "w%zu", i);
        people_add(p, id, roles[i], "dh");
        people_login(p, &clients[i], id);
    }
}

static void test_S214_rights__every_route_by_every_role(void **state)
{
    (void)state;
    people_rig p;
    client clients[ROLES] = {0};
    size_t asked = 0, silent = 0;
    for (size_t i = 0; i < QK_ARRAY_COUNT(matrix); i++)
        assert_int_equal(strlen(matrix[i].may), ROLES + 3);
    people_open(&p, false);
    log_in_all(&p, clients);
    for (const qk_route *route = qk_routes; route->path; route++) {
        if (is_left_out(route)) continue;
        silent += literal_of(route->id) == NULL;
        walk_route(&p, clients, route, &asked);
    }
    print_message("%zu requests; %zu routes by the program's own table\n", asked, silent);
    people_close(&p);
}

/* ---- rows of somebody else's ---- */

static void test_S214_rights__a_township_sees_its_own_alone(void **state)
{
    (void)state;
    people_rig p;
    client dh = {0}, brick = {0}, all = {0};
    people_open(&p, false);
    people_add(&p, "dh5", "R5", "dh");
    people_add(&p, "b10", "R10", "brick");
    people_add(&p, "r14", "R14", "");
    people_login(&p, &dh, "dh5");
    people_login(&p, &brick, "b10");
    people_login(&p, &all, "r14");
    static const char *const lists[] = {"/sites", "/devices", "/latest", "/search?q=8888",
                                        "/search?q=%E6%8E%92%E5%8F%A3"};
    for (size_t i = 0; i < QK_ARRAY_COUNT(lists); i++) {
        reply a = people_ask(&p, &all, "GET", lists[i], NULL);
        reply d = people_ask(&p, &dh, "GET", lists[i], NULL);
        reply b = people_ask(&p, &brick, "GET", lists[i], NULL);
        bool mn = strstr(lists[i], "devices") || strstr(lists[i], "8888");
        const char *own = mn ? "88880000000000000000001" : "outlet1";
        const char *other = mn ? "88880000000000000000002" : "outlet2";
        assert_true(a.status == 200 && d.status == 200 && b.status == 200);
        if (!strstr(a.body, own) || !strstr(a.body, other))
            fail_msg("%s: %.500s", lists[i], a.body);
        if (!strstr(d.body, own) || strstr(d.body, other)) fail_msg("%s: %.500s", lists[i], d.body);
        if (strstr(b.body, own) || !strstr(b.body, other)) fail_msg("%s: %.500s", lists[i], b.body);
    }
    static const char *const others[] = {
        "/sites/outlet2",
        "/devices/88880000000000000000002",
        "/devices/88880000000000000000002/frames",
        "/devices/88880000000000000000002/factors",
        "/devices/88880000000000000000002/requests",
        "/series?mn=88880000000000000000002&code=a21026&kind=minute",
        "/series.csv?mn=88880000000000000000002&code=a21026&kind=minute",
        "/events?mn=88880000000000000000002",
        "/events?site=outlet2",
    };
    for (size_t i = 0; i < QK_ARRAY_COUNT(others); i++) {
        assert_status(people_ask(&p, &all, "GET", others[i], NULL), 200);
        assert_status(people_ask(&p, &brick, "GET", others[i], NULL), 200);
        assert_status(people_ask(&p, &dh, "GET", others[i], NULL), 404);
    }
    people_close(&p);
}

/* What one has been shown is never taken for the answer of another. */
static void test_rights__answers_kept_are_not_those_of_others(void **state)
{
    (void)state;
    people_rig p;
    client dh = {0}, all = {0};
    char headers[300], tag[80];
    people_open(&p, false);
    people_add(&p, "dh5", "R5", "dh");
    people_add(&p, "r14", "R14", "");
    people_login(&p, &all, "r14");
    people_login(&p, &dh, "dh5");
    reply got = people_ask(&p, &all, "GET", "/sites", NULL);
    const char *etag = strcasestr(got.head, "\r\nETag: ");
    assert_non_null(etag);
    qk_str rest = qk_str_of(etag + 8);
    qk_str_copy(tag, sizeof tag, qk_str_cut(&rest, '\r'));
    snprintf(headers, sizeof headers, "Cookie: qingkong=%s\r\nIf-None-Match: %s\r\n", dh.token,
             tag);
    got = rig_ask(&p.r, "GET", "/api/v1/sites", headers, NULL);
    assert_int_equal(got.status, 200);
    assert_null(strstr(got.body, "outlet2"));
    snprintf(headers, sizeof headers, "Cookie: qingkong=%s\r\nIf-None-Match: %s\r\n", all.token,
             tag);
    assert_int_equal(rig_ask(&p.r, "GET", "/api/v1/sites", headers, NULL).status, 304);
    people_close(&p);
}

static void test_rights__three_administrators_are_three_accounts(void **state)
{
    (void)state;
    people_rig p;
    client sec = {0};
    people_open(&p, false);
    people_add(&p, "sec", "R13-SEC", "");
    people_login(&p, &sec, "sec");
    static const struct {
        const char *roles;
        int status;
    } cases[] = {
        {"[{\"role\":\"R13-SYS\"}]", 200},
        {"[{\"role\":\"R13-SYS\"},{\"role\":\"R13-AUD\"}]", 403},
        {"[{\"role\":\"R13-SYS\"},{\"role\":\"R1\"}]", 403},
        {"[{\"role\":\"R12\"}]", 400},
        {"[{\"role\":\"admin\"}]", 400},
        {"[{\"role\":\"R4\",\"unit\":\"nowhere\"}]", 400},
        {"[{\"role\":\"R13-AUD\"}]", 200},
        {"[{\"role\":\"R4\",\"unit\":\"dh\"},{\"role\":\"R4\",\"unit\":\"xl\"}]", 200},
        {"{}", 400},
    };
    char body[200];
    for (size_t i = 0; i < QK_ARRAY_COUNT(cases); i++) {
        snprintf(body, sizeof body, "{\"row_version\":%d,\"roles\":%s}", i > 0, cases[i].roles);
        reply got = people_ask(&p, &sec, "PUT", "/accounts/new", body);
        if (got.status != cases[i].status)
            fail_msg("%s: %d %s", cases[i].roles, got.status, got.body);
    }
    people_close(&p);
}

/* S003: who answers for a duty is asked of the post on the day. */
static void test_S003_posts__change_hands_on_a_day_and_nothing_is_orphaned(void **state)
{
    (void)state;
    people_rig p;
    client one = {0};
    people_open(&p, false);
    people_add(&p, "one", "R1", "qz");
    people_login(&p, &one, "one");
    assert_status(
        people_ask(&p, &one, "PUT", "/posts/dh-head",
                   "{\"row_version\":1,\"person\":\"zhao\",\"valid_from\":\"2027-01-01\"}"),
        400);
    assert_status(
        people_ask(&p, &one, "PUT", "/posts/dh-head",
                   "{\"row_version\":1,\"person\":\"zhao\",\"valid_from\":\"2026-06-15\"}"),
        200);
    assert_status(
        people_ask(&p, &one, "PUT", "/posts/dh-head", "{\"row_version\":1,\"person\":\"li\"}"),
        409);
    static const struct {
        const char *query, *person;
    } cases[] = {{"", "zhao"},
                 {"?at=2026-06-14T23:59:59", "li"},
                 {"?at=2026-06-15T00:00:00", "zhao"},
                 {"?at=2025-06-15", "absent"},
                 {"?at=2026-07-01&known_at=2026-07-01", "absent"}};
    for (size_t i = 0; i < QK_ARRAY_COUNT(cases); i++) {
        char path[100];
        snprintf(path, sizeof path, "/posts%s", cases[i].query);
        reply got = people_ask(&p, &one, "GET", path, NULL);
        const qk_json_value *v = rig_json(&p.r, &got);
        assert_json(v, "items/0/person", cases[i].person);
        if (strcmp(cases[i].person, "zhao") == 0) assert_json(v, "items/0/person_name", "赵强");
    }
    reply got = people_ask(&p, &one, "GET", "/posts/dh-head/history", NULL);
    const qk_json_value *v = rig_json(&p.r, &got);
    assert_json(v, "total", "2");
    assert_json(v, "items/0/row/person", "zhao");
    assert_json(v, "items/1/row/person", "li");
    assert_json(v, "items/0/recorded_by", "one");
    people_close(&p);
}

static void test_units__names_are_taken_aliased_and_kept_apart(void **state)
{
    (void)state;
    people_rig p;
    client one = {0};
    people_open(&p, false);
    people_add(&p, "one", "R1", "qz");
    people_login(&p, &one, "one");
    static const char names[] = "{\"names\":[\"县财政局\",\"东河镇政府\",\"各乡镇\"]%s}";
    char body[200];
    snprintf(body, sizeof body, names, "");
    reply got = people_ask(&p, &one, "POST", "/units/propose", body);
    const qk_json_value *v = rig_json(&p.r, &got);
    assert_json(v, "items/0/known", "false");
    assert_json(v, "items/1/unit", "dh");
    assert_json(v, "items/2/group", "true");
    snprintf(body, sizeof body, names, ",\"take\":true");
    got = people_ask(&p, &one, "POST", "/units/propose", body);
    v = rig_json(&p.r, &got);
    assert_json(v, "items/0/known", "true");
    assert_status(people_ask(&p, &one, "PUT", "/units/xl/aliases", "{\"aliases\":[\"西岭\"]}"),
                  200);
    assert_status(people_ask(&p, &one, "PUT", "/units/dh/aliases", "{\"aliases\":[\"西岭\"]}"),
                  409);
    assert_status(people_ask(&p, &one, "PUT", "/units/xl/aliases", "{\"aliases\":[]}"), 200);
    assert_status(people_ask(&p, &one, "PUT", "/units/dh/aliases", "{\"aliases\":[\"西岭\"]}"),
                  200);
    assert_status(people_ask(&p, &one, "PUT", "/units/qz",
                             "{\"row_version\":1,\"parent\":\"dh\",\"kind\":\"county\"}"),
                  400);
    assert_status(people_ask(&p, &one, "GET", "/units/xl/history", NULL), 200);
    assert_status(people_ask(&p, &one, "GET", "/units/none/history", NULL), 404);
    people_close(&p);
}

/* ---- the live feed ---- */

typedef struct listener {
    const char *id, *role, *unit; /* role NULL: nobody knows him */
    client who;
    int fd;
    qk_buf got;
} listener;

static void listen_as(people_rig *p, listener *l)
{
    char request[400];
    people_add(p, l->id, l->role, l->unit);
    people_login(p, &l->who, l->id);
    l->fd = rig_connect(&p->r);
    int n = snprintf(request, sizeof request,
                     "GET /api/v1/live HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: qingkong=%s\r\n\r\n",
                     l->who.token);
    rig_write(l->fd, request, (size_t)n);
    qk_buf_init(&l->got, 1 << 20);
    while (!l->got.ptr || !strstr(l->got.ptr, "event: clock"))
        assert_false(rig_read(l->fd, &l->got, 100));
}

static void hears(const listener *l, const char *what, bool heard)
{
    if ((strstr(l->got.ptr, what) != NULL) != heard)
        fail_msg("%s %s %s in: %s", l->id, heard ? "misses" : "must not hear", what, l->got.ptr);
}

static void test_S214_rights__the_live_feed_tells_each_his_own_rows_and_nothing_else(void **state)
{
    (void)state;
    enum { DH, XL, BRICK, ALL, SYS, SEC, LISTENERS };
    static const char one[] = "88880000000000000000001", two[] = "88880000000000000000002";
    listener l[LISTENERS] = {[DH] = {"dh5", "R5", "dh"},        [XL] = {"xl5", "R5", "xl"},
                             [BRICK] = {"b10", "R10", "brick"}, [ALL] = {"r14", "R14", ""},
                             [SYS] = {"sys", "R13-SYS", ""},    [SEC] = {"sec", "R13-SEC", ""}};
    people_rig p;
    people_open(&p, false);
    for (int i = 0; i < LISTENERS; i++) listen_as(&p, &l[i]);
    qk_live *live = qk_node_live(p.r.node);
    qk_live_publish(
        live, "value",
        QK_STR("[{\"site\":\"outlet1\",\"mn\":\"88880000000000000000001\",\"value\":1.5},"
               "{\"site\":\"outlet2\",\"mn\":\"88880000000000000000002\",\"value\":2.50},"
               "{\"site\":\"\",\"mn\":\"nobody\",\"value\":3.5}]"));
    qk_live_publish(live, "device", QK_STR("{\"mn\":\"88880000000000000000002\",\"frames\":77}"));
    qk_live_publish(live, "event", QK_STR("{\"id\":41,\"site\":\"outlet1\",\"mn\":null}"));
    qk_live_publish(live, "event", QK_STR("{\"id\":42,\"site\":null,\"mn\":null}"));
    qk_live_publish(live, "request", QK_STR("{\"id\":51,\"mn\":\"88880000000000000000001\"}"));
    qk_live_publish(live, "secret", QK_STR("{\"id\":61}"));
    qk_live_publish(live, "health", QK_STR("{\"last\":true}"));
    for (int i = 0; i < LISTENERS; i++)
        while (!strstr(l[i].got.ptr, "\"last\":true"))
            assert_false(rig_read(l[i].fd, &l[i].got, 100));
    static const struct {
        const char *what;
        const char *heard; /* by DH XL BRICK ALL SYS SEC */
    } table[] = {
        {one, "x--xx-"},
        {two, "-xxxx-"},
        {"\"value\":1.5", "x--x--"},
        {"\"value\":2.50", "-xxx--"},
        {"\"value\":3.5", "---x--"},
        {"\"frames\":77", "-xxxx-"},
        {"\"id\":41", "x--x--"},
        {"\"id\":42", "---x--"},
        {"\"id\":51", "x--xx-"},
        {"\"id\":61", "---x--"},
    };
    for (size_t k = 0; k < QK_ARRAY_COUNT(table); k++)
        for (int i = 0; i < LISTENERS; i++) hears(&l[i], table[k].what, table[k].heard[i] == 'x');
    for (int i = 0; i < LISTENERS; i++) {
        close(l[i].fd);
        qk_buf_clear(&l[i].got);
    }
    people_close(&p);
}

static qk_code move_site(void *context, qk_node *node, qk_db *db, qk_time now, qk_error *err)
{
    qk_site site;
    (void)context, (void)db;
    if (!qk_registry_site(qk_node_registry(node), &site, QK_STR("outlet2"))) return QK_ENOTFOUND;
    qk_str_copy(site.division, sizeof site.division, QK_STR("410001"));
    return qk_registry_put_site(qk_node_registry(node), &site, site.version, QK_STR("t"), now, err);
}

/* Who may see a row is asked again when the register changes. */
static void test_rights__a_site_that_moves_is_heard_of_by_its_new_township(void **state)
{
    (void)state;
    listener l = {"dh5", "R5", "dh"};
    people_rig p;
    qk_error err = {0};
    people_open(&p, false);
    listen_as(&p, &l);
    qk_live *live = qk_node_live(p.r.node);
    qk_live_publish(live, "value", QK_STR("[{\"site\":\"outlet2\",\"value\":1}]"));
    qk_live_publish(live, "health", QK_STR("{\"first\":1}"));
    while (!strstr(l.got.ptr, "\"first\":1")) assert_false(rig_read(l.fd, &l.got, 100));
    hears(&l, "outlet2", false);
    assert_done(qk_node_call(p.r.node, move_site, NULL, &err), &err);
    qk_live_publish(live, "value", QK_STR("[{\"site\":\"outlet2\",\"value\":2}]"));
    qk_live_publish(live, "health", QK_STR("{\"second\":1}"));
    while (!strstr(l.got.ptr, "\"second\":1")) assert_false(rig_read(l.fd, &l.got, 100));
    hears(&l, "[{\"site\":\"outlet2\",\"value\":2}]", true);
    close(l.fd);
    qk_buf_clear(&l.got);
    people_close(&p);
}

/* ---- a table of a ledger ---- */

static reply bring(people_rig *p, const client *c, const char *query, const char *csv)
{
    static unsigned serial;
    qk_buf text;
    reply out;
    qk_buf_init(&text, 1 << 20);
    qk_buf_printf(&text,
                  "POST /api/v1/ledgers/nrmm_test/import%s HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                  "Connection: close\r\nContent-Type: text/csv\r\nCookie: qingkong=%s\r\n"
                  "X-CSRF-Token: %s\r\nIdempotency-Key: bring%u\r\nContent-Length: %zu\r\n\r\n%s",
                  query, c->token, c->csrf, ++serial, strlen(csv), csv);
    rig_send(&p->r, &out, text.ptr, text.len, 5000);
    qk_buf_clear(&text);
    return out;
}

static void test_S222_rights__a_township_brings_its_own_rows_and_none_of_others(void **state)
{
    (void)state;
    people_rig p;
    client dh = {0}, xl = {0}, all = {0};
    people_open(&p, false);
    people_add(&p, "dh5", "R5", "dh");
    people_add(&p, "xl5", "R5", "xl");
    people_add(&p, "r1", "R1", "qz");
    people_login(&p, &dh, "dh5");
    people_login(&p, &xl, "xl5");
    people_login(&p, &all, "r1");
    reply got = bring(&p, &dh, "?commit",
                      "machine_code,date,result,unit\nA1,2026-06-03,pass,东河镇\n"
                      "A2,2026-06-03,pass,西岭镇\nA3,2026-06-03,pass,\n");
    assert_int_equal(got.status, 200);
    const qk_json_value *v = rig_json(&p.r, &got);
    assert_json(v, "committed", "false");
    assert_json(v, "refused", "2");
    assert_json(v, "refusals/0/line", "3");
    assert_json(v, "refusals/0/column", "4");
    assert_json(v, "refusals/0/text_zh", "该行属于别的单位");
    assert_json(v, "refusals/1/line", "4");
    got = bring(&p, &dh, "?commit", "machine_code,date,result,unit\nA1,2026-06-03,pass,东河镇\n");
    assert_json(rig_json(&p.r, &got), "committed", "true");
    /* A bad row is reported, the good ones are taken when that is asked for. */
    got = bring(&p, &dh, "?commit&partial",
                "machine_code,date,result,unit\nB1,2026-06-03,pass,东河镇\n"
                "B2,2026-02-30,pass,东河镇\nB3,2026-06-03,pass,西岭镇\n");
    v = rig_json(&p.r, &got);
    assert_json(v, "committed", "true");
    assert_json(v, "added", "1");
    assert_json(v, "refused", "2");
    assert_json(v, "refusals/0/line", "3");
    assert_json(v, "refusals/1/line", "4");
    got = people_ask(&p, &all, "GET", "/ledgers/nrmm_test/rows", NULL);
    assert_json(rig_json(&p.r, &got), "total", "2");
    /* Neither taken over by naming oneself, nor given away. */
    got = bring(&p, &xl, "?commit", "machine_code,date,result,unit\nA1,2026-06-03,fail,西岭镇\n");
    assert_json(rig_json(&p.r, &got), "committed", "false");
    assert_json(rig_json(&p.r, &got), "refusals/0/line", "2");
    got = bring(&p, &dh, "?commit", "machine_code,date,result,unit\nA1,2026-06-03,pass,西岭镇\n");
    assert_json(rig_json(&p.r, &got), "committed", "false");
    got = bring(&p, &all, "?commit", "machine_code,date,result,unit\nA1,2026-06-03,fail,西岭镇\n");
    assert_json(rig_json(&p.r, &got), "committed", "true");
    people_close(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        qk_dir_test(test_S214_rights__every_route_by_every_role),
        qk_dir_test(test_S214_rights__a_township_sees_its_own_alone),
        qk_dir_test(test_S214_rights__the_live_feed_tells_each_his_own_rows_and_nothing_else),
        qk_dir_test(test_rights__a_site_that_moves_is_heard_of_by_its_new_township),
        qk_dir_test(test_S222_rights__a_township_brings_its_own_rows_and_none_of_others),
        qk_dir_test(test_rights__answers_kept_are_not_those_of_others),
        qk_dir_test(test_rights__three_administrators_are_three_accounts),
        qk_dir_test(test_S003_posts__change_hands_on_a_day_and_nothing_is_orphaned),
        qk_dir_test(test_units__names_are_taken_aliased_and_kept_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
