/* SPDX-License-Identifier: Apache-2.0 */
#include "base/messages.h"
#include "domain/ruleset.h"
#include "hj212/tables.h"
#include "web/api.h"
#include "web/health.h"
#include <math.h>

qk_code qk_api_health(qk_exchange *x, qk_error *err)
{
    qk_node_health h;
    (void)err;
    qk_node_health_get(x->context->node, &h);
    if (!qk_health_is_well(&h) && qk_query_given(x, "strict")) x->status = 503;
    qk_health_json(&x->json, x->context);
    return QK_OK;
}

/* ---- metrics: Prometheus text format 0.0.4 ---- */

static void put_metric(qk_buf *out, const char *kind, const char *name, double value,
                       const char *about)
{
    qk_buf_printf(out, "# HELP qingkong_%s %s\n# TYPE qingkong_%s %s\nqingkong_%s %.15g\n", name,
                  about, name, kind, name, value);
}

static void put_gauge(qk_buf *out, const char *name, double value, const char *about)
{
    put_metric(out, "gauge", name, value, about);
}

static void put_counter(qk_buf *out, const char *name, uint64_t value, const char *about)
{
    put_metric(out, "counter", name, (double)value, about);
}

static void put_node_metrics(qk_buf *out, const qk_node_health *h)
{
    put_gauge(out, "healthy", qk_health_is_well(h), "1 when journal and store work.");
    put_gauge(out, "journal_durable_bytes", (double)h->durable, "Journal position safe on disk.");
    put_gauge(out, "journal_lag_bytes", (double)(h->durable - h->processed),
              "Journal bytes the store has yet to take in.");
    put_gauge(out, "damaged_blocks", (double)h->damaged_blocks, "Telemetry blocks found damaged.");
    put_counter(out, "frames_total", h->frames, "Frames taken in by the store.");
    put_counter(out, "repeats_total", h->repeats, "Frames that had been sent before.");
    put_counter(out, "changed_total", h->changed, "Values that came again with another value.");
    put_counter(out, "refused_total", h->refused, "Frames refused.");
    put_counter(out, "parked_total", h->parked, "Frames of devices that are not approved.");
    put_counter(out, "samples_total", h->samples, "Values stored.");
}

static void put_journal_metrics(qk_buf *out, qk_journal *journal)
{
    qk_journal_stats s;
    qk_journal_stats_get(journal, &s);
    put_counter(out, "journal_records_total", s.records, "Records written to the journal.");
    put_counter(out, "journal_groups_total", s.groups, "Syncs of the journal.");
    put_gauge(out, "journal_sync_ms_mean", s.sync_ms_mean, "Mean time of a sync, last 256.");
    put_gauge(out, "journal_sync_ms_max", s.sync_ms_max, "Longest sync.");
    put_counter(out, "journal_stops_total", s.stops, "Times that the journal stopped.");
}

static void put_gateway_metrics(qk_buf *out, const qk_gateway *gateway)
{
    qk_gateway_stats s;
    if (!gateway) return;
    qk_gateway_stats_get(gateway, &s);
    put_gauge(out, "gateway_connections", s.connections, "Devices' connections now.");
    put_counter(out, "gateway_accepted_total", s.accepted, "Connections accepted.");
    put_counter(out, "gateway_cut_total", s.cut, "Connections cut for breaking a limit.");
    put_counter(out, "gateway_frames_total", s.frames, "Frames received.");
    put_counter(out, "gateway_answered_total", s.answered, "Answers sent.");
    put_counter(out, "gateway_bytes_in_total", s.bytes_in, "Bytes received from devices.");
    put_counter(out, "gateway_bytes_out_total", s.bytes_out, "Bytes sent to devices.");
    put_counter(out, "gateway_rubbish_bytes_total", s.rubbish_bytes, "Bytes outside any frame.");
}

static void put_web_metrics(qk_buf *out, qk_context *c)
{
    qk_followers_stats f;
    qk_followers_stats_get(c->followers, &f);
    put_counter(out, "http_requests_total", c->counts.requests, "HTTP answers sent.");
    put_counter(out, "http_answers_4xx_total", c->counts.answers_4xx, "Answers 400 to 499.");
    put_counter(out, "http_answers_5xx_total", c->counts.answers_5xx, "Answers 500 to 599.");
    put_counter(out, "http_guard_total", c->counts.guard, "Requests refused for their framing.");
    put_counter(out, "http_cut_total", c->counts.cut, "Connections cut for being slow.");
    put_counter(out, "http_bytes_out_total", c->counts.bytes, "Bytes of answers.");
    put_counter(out, "http_handler_us_total", c->counts.run_us, "Time spent in workers.");
    put_gauge(out, "live_followers", f.now, "Followers of the live feed now.");
    put_counter(out, "live_followers_cut_total", f.cut, "Followers cut for being slow.");
    put_counter(out, "live_events_total", f.events, "Events of the live feed.");
}

qk_code qk_api_metrics(qk_exchange *x, qk_error *err)
{
    qk_node_health h;
    (void)err;
    qk_node_health_get(x->context->node, &h);
    x->content_type = "text/plain; version=0.0.4";
    put_gauge(&x->out, "memory_bytes", (double)qk_health_memory(), "Resident memory.");
    put_gauge(&x->out, "devices", (double)x->context->approved, "Approved devices.");
    put_gauge(&x->out, "devices_online", (double)x->context->online, "Approved devices on line.");
    put_node_metrics(&x->out, &h);
    put_journal_metrics(&x->out, qk_node_journal(x->context->node));
    put_gateway_metrics(&x->out, x->context->gateway);
    put_web_metrics(&x->out, x->context);
    return QK_OK;
}

/* ---- texts that change seldom ---- */

qk_code qk_api_openapi(qk_exchange *x, qk_error *err)
{
    (void)err;
    const qk_context *c = x->context;
    x->gzipped = x->takes_gzip && c->openapi_gz;
    x->fixed = x->gzipped ? (qk_str){c->openapi_gz, c->openapi_gz_len}
                          : (qk_str){c->openapi, c->openapi_len};
    qk_exchange_etag(x, qk_hash(c->openapi, c->openapi_len));
    return QK_OK;
}

qk_code qk_api_messages(qk_exchange *x, qk_error *err)
{
    size_t n = 0;
    const qk_message_row *rows = qk_messages(&n);
    qk_lang lang = qk_str_eq(qk_query_str(x, "lang"), QK_STR("en")) ? QK_EN : QK_ZH;
    (void)err;
    qk_json_object(&x->json);
    for (size_t i = 0; i < n; i++) qk_json_kcstr(&x->json, rows[i].code, rows[i].text[lang]);
    qk_json_end(&x->json);
    qk_exchange_etag(x, qk_hash(x->out.ptr, x->out.len));
    return QK_OK;
}

qk_code qk_api_factors(qk_exchange *x, qk_error *err)
{
    size_t n = 0;
    const qk_hj212_factor *factors = qk_hj212_factors(&n);
    (void)err;
    qk_json_object(&x->json);
    for (size_t i = 0; i < n; i++) {
        const qk_hj212_factor *f = &factors[i];
        qk_json_key(&x->json, f->code);
        qk_json_object(&x->json);
        qk_json_kcstr(&x->json, "zh", f->zh);
        qk_json_kcstr(&x->json, "en", f->en);
        qk_json_kcstr(&x->json, "unit", f->in_use ? f->in_use : f->unit);
        qk_json_kcstr(&x->json, "amount_unit", f->amount);
        qk_json_end(&x->json);
    }
    qk_json_end(&x->json);
    qk_exchange_etag(x, qk_hash(x->out.ptr, x->out.len));
    return QK_OK;
}

/* ---- the place ---- */

static void extend(double box[4], double lon, double lat)
{
    if (!isfinite(lon) || !isfinite(lat)) return;
    box[0] = fmin(box[0], lon);
    box[1] = fmin(box[1], lat);
    box[2] = fmax(box[2], lon);
    box[3] = fmax(box[3], lat);
}

/* Coordinates of any depth: pairs of numbers. */
static void extend_by(double box[4], const qk_json_value *v)
{
    if (!v || v->type != QK_JSON_ARRAY) return;
    const qk_json_value *a = v->first, *b = a ? a->next : NULL;
    double lon, lat;
    if (a && b && a->type == QK_JSON_NUMBER && b->type == QK_JSON_NUMBER) {
        if (qk_parse_f64(&lon, a->text) == QK_OK && qk_parse_f64(&lat, b->text) == QK_OK)
            extend(box, lon, lat);
        return;
    }
    for (; a; a = a->next) extend_by(box, a);
}

/* What the place does not say itself: the frame around its divisions and sites. */
static qk_code find_bounds(qk_exchange *x, double box[4], qk_error *err)
{
    qk_registry *r = qk_node_registry(x->context->node);
    qk_division *divisions = NULL;
    qk_site *sites = NULL;
    size_t n = 0, m = 0;
    qk_code code = qk_registry_divisions(r, &x->arena, &divisions, &n);
    if (code == QK_OK) code = qk_registry_sites(r, &x->arena, &sites, &m);
    if (code != QK_OK) return qk_fail(err, code, "no memory for the place");
    for (size_t i = 0; i < n; i++) {
        qk_json_value *geometry = NULL;
        if (divisions[i].geometry &&
            qk_json_parse(&geometry, qk_str_of(divisions[i].geometry), &x->arena, NULL) == QK_OK)
            extend_by(box, qk_json_get(geometry, "coordinates"));
    }
    for (size_t i = 0; i < m; i++) extend(box, sites[i].lon, sites[i].lat);
    return QK_OK;
}

static void write_numbers(qk_json_writer *w, const char *name, const double *v, size_t n)
{
    qk_json_key(w, name);
    if (!isfinite(v[0])) {
        qk_json_null(w);
        return;
    }
    qk_json_array(w);
    for (size_t i = 0; i < n; i++) qk_json_f64(w, v[i]);
    qk_json_end(w);
}

static bool read_numbers(const qk_json_value *array, double *out, size_t n)
{
    const qk_json_value *v = array && array->type == QK_JSON_ARRAY ? array->first : NULL;
    for (size_t i = 0; i < n; i++, v = v->next)
        if (!v || v->type != QK_JSON_NUMBER || qk_parse_f64(&out[i], v->text) != QK_OK)
            return false;
    return true;
}

qk_code qk_api_place(qk_exchange *x, qk_error *err)
{
    qk_node *node = x->context->node;
    qk_json_value *place = NULL;
    qk_rules *rules;
    qk_str text = {0};
    qk_code code = qk_registry_place(qk_node_registry(node), &x->arena, &text);
    if (code != QK_OK) return qk_fail(err, code, "no memory for the place");
    QK_TRY(qk_json_parse(&place, text, &x->arena, err));
    QK_TRY(qk_ruleset_load(&rules, x->tools->db, QK_TIME_NONE, &x->arena, err));
    double box[4] = {INFINITY, INFINITY, -INFINITY, -INFINITY}, center[2];
    if (!read_numbers(qk_json_get(place, "bounds"), box, 4)) {
        box[0] = box[1] = INFINITY;
        box[2] = box[3] = -INFINITY;
        QK_TRY(find_bounds(x, box, err));
    }
    if (!read_numbers(qk_json_get(place, "center"), center, 2)) {
        center[0] = (box[0] + box[2]) / 2;
        center[1] = (box[1] + box[3]) / 2;
    }
    qk_str approval = qk_json_get_str(place, "map_approval");
    qk_json_object(&x->json);
    qk_json_kstr(&x->json, "name_zh", qk_json_get_str(place, "name_zh"));
    qk_json_kstr(&x->json, "name_en", qk_json_get_str(place, "name_en"));
    write_numbers(&x->json, "center", center, 2);
    write_numbers(&x->json, "bounds", box, 4);
    qk_json_key(&x->json, "map_approval");
    if (approval.len)
        qk_json_str(&x->json, approval);
    else
        qk_json_null(&x->json);
    qk_json_kbool(&x->json, "demo", qk_node_demo(node));
    qk_json_kcstr(
        &x->json, "standard_now",
        qk_rules_aqi_on(rules, qk_day_number(qk_clock_now(qk_node_clock(node)) - 1))->name);
    qk_json_end(&x->json);
    return QK_OK;
}

/* ---- the gateway ---- */

qk_code qk_api_gateway(qk_exchange *x, qk_error *err)
{
    qk_gateway_stats s;
    if (!x->context->gateway) return qk_refuse(x, err, 503, "no_gateway", NULL, "%s", "");
    qk_gateway_stats_get(x->context->gateway, &s);
    const struct {
        const char *name;
        uint64_t value;
    } counts[] = {
        {"port", qk_gateway_port(x->context->gateway)},
        {"connections", s.connections},
        {"accepted", s.accepted},
        {"cut", s.cut},
        {"frames", s.frames},
        {"answered", s.answered},
        {"refused", s.refused},
        {"parked", s.parked},
        {"repeats", s.repeats},
        {"bytes_in", s.bytes_in},
        {"bytes_out", s.bytes_out},
        {"rubbish_bytes", s.rubbish_bytes},
    };
    qk_json_object(&x->json);
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
        qk_json_ki64(&x->json, counts[i].name, (int64_t)counts[i].value);
    qk_json_end(&x->json);
    return QK_OK;
}

/* ---- the clock ---- */

static void write_now(qk_json_writer *w, qk_clock *clock)
{
    qk_json_object(w);
    qk_json_ktime(w, "now", qk_clock_now(clock));
    qk_json_kf64(w, "speed", qk_clock_speed(clock));
    qk_json_kbool(w, "simulated", qk_clock_simulated(clock));
    qk_json_end(w);
}

qk_code qk_api_clock_get(qk_exchange *x, qk_error *err)
{
    (void)err;
    write_now(&x->json, qk_node_clock(x->context->node));
    return QK_OK;
}

/* What a page is greeted with; its shape is that of a "clock" event. */
qk_code qk_api_live(qk_exchange *x, qk_error *err)
{
    return qk_api_clock_get(x, err);
}

static qk_code read_clock(qk_exchange *x, const qk_json_value *body, qk_time *now, double *speed,
                          qk_error *err)
{
    qk_clock *clock = qk_node_clock(x->context->node);
    const qk_json_value *at = qk_json_get(body, "now"), *rate = qk_json_get(body, "speed");
    *now = QK_TIME_NONE;
    *speed = qk_clock_speed(clock);
    if (!at && !rate)
        return qk_refuse(x, err, 400, "bad_body", "now", "'now' or 'speed' is needed");
    if (at && (at->type != QK_JSON_STRING || qk_time_parse(now, at->text) != QK_OK))
        return qk_refuse(x, err, 400, "bad_body", "now", "'now' is not a time");
    if (rate && (rate->type != QK_JSON_NUMBER || qk_parse_f64(speed, rate->text) != QK_OK ||
                 !(*speed >= 0 && *speed <= 1e6)))
        return qk_refuse(x, err, 400, "bad_body", "speed", "'speed' is no number from 0 to 1e6");
    if (!at) *now = qk_clock_now(clock);
    return QK_OK;
}

qk_code qk_api_clock_put(qk_exchange *x, qk_error *err)
{
    static const char *const members[] = {"now", "speed", NULL};
    const qk_json_value *body = NULL;
    qk_time now;
    double speed;
    QK_TRY(qk_exchange_body(x, members, &body, err));
    QK_TRY(read_clock(x, body, &now, &speed, err));
    QK_TRY(qk_node_set_clock(x->context->node, now, speed, err));
    write_now(&x->json, qk_node_clock(x->context->node));
    return QK_OK;
}
