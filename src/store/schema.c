/* SPDX-License-Identifier: Apache-2.0 */
#include "store/schema.h"
#include <stddef.h>

static const char small_tables[] =
    "CREATE TABLE meta ("
    " key TEXT PRIMARY KEY,"
    " value INTEGER NOT NULL"
    ") STRICT, WITHOUT ROWID;"
    "CREATE TABLE place ("
    " id INTEGER PRIMARY KEY CHECK (id = 1),"
    " json TEXT NOT NULL,"
    " version INTEGER NOT NULL,"
    " recorded_at INTEGER NOT NULL,"
    " recorded_by TEXT NOT NULL"
    ") STRICT;"
    "CREATE TABLE place_history ("
    " version INTEGER PRIMARY KEY,"
    " json TEXT NOT NULL,"
    " recorded_at INTEGER NOT NULL,"
    " recorded_by TEXT NOT NULL"
    ") STRICT;"
    "CREATE TRIGGER place_added AFTER INSERT ON place BEGIN"
    " INSERT INTO place_history VALUES (NEW.version, NEW.json, NEW.recorded_at, NEW.recorded_by);"
    " END;"
    "CREATE TRIGGER place_changed AFTER UPDATE ON place BEGIN"
    " INSERT INTO place_history VALUES (NEW.version, NEW.json, NEW.recorded_at, NEW.recorded_by);"
    " END;";

/* A register table, its history and the triggers that keep it. KEY and COLUMNS are declarations
 * that end with a comma, NEWS lists the same columns as seen by a trigger; valid_to NULL = still
 * so. */
#define REGISTER(NAME, KEY, KEY_COLUMNS, COLUMNS, NEWS)                                      \
    "CREATE TABLE " NAME " (" KEY COLUMNS " valid_from INTEGER NOT NULL DEFAULT 0,"          \
    " valid_to INTEGER,"                                                                     \
    " version INTEGER NOT NULL,"                                                             \
    " recorded_at INTEGER NOT NULL,"                                                         \
    " recorded_by TEXT NOT NULL,"                                                            \
    " PRIMARY KEY (" KEY_COLUMNS ")) STRICT, WITHOUT ROWID;"                                 \
    "CREATE TABLE " NAME "_history (" KEY COLUMNS " valid_from INTEGER NOT NULL,"            \
    " valid_to INTEGER,"                                                                     \
    " version INTEGER NOT NULL,"                                                             \
    " recorded_at INTEGER NOT NULL,"                                                         \
    " recorded_by TEXT NOT NULL,"                                                            \
    " PRIMARY KEY (" KEY_COLUMNS ", version)) STRICT, WITHOUT ROWID;"                        \
    "CREATE TRIGGER " NAME "_added AFTER INSERT ON " NAME " BEGIN INSERT INTO " NAME         \
    "_history VALUES (" NEWS ", NEW.valid_from, NEW.valid_to, NEW.version, NEW.recorded_at," \
    " NEW.recorded_by); END;"                                                                \
    "CREATE TRIGGER " NAME "_changed AFTER UPDATE ON " NAME " BEGIN INSERT INTO " NAME       \
    "_history VALUES (" NEWS ", NEW.valid_from, NEW.valid_to, NEW.version, NEW.recorded_at," \
    " NEW.recorded_by); END;"                                                                \
    "CREATE TRIGGER " NAME "_kept BEFORE DELETE ON " NAME                                    \
    " BEGIN SELECT RAISE(ABORT, 'rows of " NAME " are ended by valid_to, not deleted'); END;"

static const char division_tables[] =
    REGISTER("division", " code TEXT NOT NULL,", "code",
             " parent TEXT NOT NULL DEFAULT '',"
             " kind TEXT NOT NULL,"
             " name_zh TEXT NOT NULL,"
             " name_en TEXT NOT NULL DEFAULT '',"
             " geometry TEXT,",
             "NEW.code, NEW.parent, NEW.kind, NEW.name_zh, NEW.name_en, NEW.geometry");

static const char site_tables[] = REGISTER(
    "site", " id TEXT NOT NULL,", "id",
    " kind TEXT NOT NULL,"
    " name_zh TEXT NOT NULL,"
    " name_en TEXT NOT NULL DEFAULT '',"
    " division TEXT NOT NULL DEFAULT '',"
    " owner_zh TEXT NOT NULL DEFAULT '',"
    " owner_en TEXT NOT NULL DEFAULT '',"
    " lon REAL,"
    " lat REAL,",
    "NEW.id, NEW.kind, NEW.name_zh, NEW.name_en, NEW.division, NEW.owner_zh, NEW.owner_en, NEW.lon,"
    " NEW.lat");

static const char device_tables[] = REGISTER(
    "device", " mn TEXT NOT NULL,", "mn",
    " pw TEXT NOT NULL DEFAULT '',"
    " bind_address TEXT NOT NULL DEFAULT '',"
    " site TEXT NOT NULL DEFAULT '',"
    " st TEXT NOT NULL DEFAULT '',"
    " dialect INTEGER NOT NULL DEFAULT 0,"
    " status INTEGER NOT NULL,"
    " crc_policy INTEGER NOT NULL DEFAULT 0,"
    " interval_style INTEGER NOT NULL DEFAULT 0,"
    " comma_range INTEGER NOT NULL DEFAULT 0,"
    " answers_requests INTEGER NOT NULL DEFAULT 1,"
    " first_contact INTEGER NOT NULL DEFAULT 0,"
    " rtd_interval_s INTEGER NOT NULL DEFAULT 0,"
    " min_interval_min INTEGER NOT NULL DEFAULT 0,"
    " sends_hours INTEGER NOT NULL DEFAULT 0,"
    " sends_days INTEGER NOT NULL DEFAULT 0,"
    " overtime_s INTEGER NOT NULL DEFAULT 10,"
    " recount INTEGER NOT NULL DEFAULT 3,"
    " key TEXT NOT NULL DEFAULT '',",
    "NEW.mn, NEW.pw, NEW.bind_address, NEW.site, NEW.st, NEW.dialect, NEW.status, NEW.crc_policy,"
    " NEW.interval_style, NEW.comma_range, NEW.answers_requests, NEW.first_contact,"
    " NEW.rtd_interval_s, NEW.min_interval_min, NEW.sends_hours, NEW.sends_days, NEW.overtime_s,"
    " NEW.recount, NEW.key");

static const char factor_tables[] = REGISTER(
    "factor", " mn TEXT NOT NULL, code TEXT NOT NULL,", "mn, code",
    " site TEXT NOT NULL DEFAULT '',"
    " unit TEXT NOT NULL DEFAULT '',"
    " name_zh TEXT NOT NULL DEFAULT '',"
    " name_en TEXT NOT NULL DEFAULT '',"
    " item TEXT NOT NULL DEFAULT '',"
    " scale REAL NOT NULL DEFAULT 1,"
    " low REAL,"
    " high REAL,"
    " \"limit\" REAL,",
    "NEW.mn, NEW.code, NEW.site, NEW.unit, NEW.name_zh, NEW.name_en, NEW.item, NEW.scale, NEW.low,"
    " NEW.high, NEW.\"limit\"");

/* One named value that people change: limits, hours, periods (domain/setting.h). */
static const char setting_tables[] = REGISTER("setting", " key TEXT NOT NULL,", "key",
                                              " value TEXT NOT NULL,", "NEW.key, NEW.value");

/* Days that differ from the week: holidays (working 0), make-up workdays (working 1). */
static const char calendar_tables[] = REGISTER("calendar_day", " day INTEGER NOT NULL,", "day",
                                               " working INTEGER NOT NULL,"
                                               " name TEXT NOT NULL DEFAULT '',"
                                               " source TEXT NOT NULL DEFAULT '',",
                                               "NEW.day, NEW.working, NEW.name, NEW.source");

/* Where notices may go; nothing leaves for a place that is not here. */
static const char target_tables[] = REGISTER("outbox_target", " name TEXT NOT NULL,", "name",
                                             " transport TEXT NOT NULL,"
                                             " address TEXT NOT NULL,"
                                             " enabled INTEGER NOT NULL DEFAULT 1,",
                                             "NEW.name, NEW.transport, NEW.address, NEW.enabled");

/* `key` of an event, a timer or a notice makes it once, however often its cause is met. */
static const char event_tables[] =
    "CREATE TABLE event ("
    " id INTEGER PRIMARY KEY,"
    " at INTEGER NOT NULL,"
    " kind TEXT NOT NULL,"
    " site TEXT NOT NULL DEFAULT '',"
    " mn TEXT NOT NULL DEFAULT '',"
    " severity INTEGER NOT NULL DEFAULT 0,"
    " params TEXT NOT NULL DEFAULT '{}',"
    " journal_pos INTEGER,"
    " key TEXT UNIQUE,"
    " recorded_at INTEGER NOT NULL"
    ") STRICT;"
    "CREATE INDEX event_at ON event (at);"
    "CREATE INDEX event_kind ON event (kind, at);"
    "CREATE INDEX event_site ON event (site, at) WHERE site <> '';"
    "CREATE INDEX event_mn ON event (mn, at) WHERE mn <> '';"
    /* next_at: due_at, or when a failed one is tried again. rule: how it recurs, '' = once.
     * start_at, amount, unit: what due_at was computed from where it counts in working time. */
    "CREATE TABLE timer ("
    " id INTEGER PRIMARY KEY,"
    " due_at INTEGER NOT NULL,"
    " next_at INTEGER NOT NULL DEFAULT 0,"
    " kind TEXT NOT NULL,"
    " key TEXT NOT NULL,"
    " payload TEXT NOT NULL DEFAULT '',"
    " rule TEXT NOT NULL DEFAULT '',"
    " start_at INTEGER,"
    " amount INTEGER,"
    " unit TEXT NOT NULL DEFAULT '',"
    " attempts INTEGER NOT NULL DEFAULT 0,"
    " fired_at INTEGER,"
    " UNIQUE (kind, key)"
    ") STRICT;"
    "CREATE INDEX timer_next ON timer (next_at, id) WHERE fired_at IS NULL;"
    "CREATE TABLE outbox ("
    " id INTEGER PRIMARY KEY,"
    " kind TEXT NOT NULL,"
    " target TEXT NOT NULL,"
    " payload TEXT NOT NULL,"
    " key TEXT UNIQUE,"
    " state TEXT NOT NULL DEFAULT 'waiting',"
    " attempts INTEGER NOT NULL DEFAULT 0,"
    " next_at INTEGER NOT NULL DEFAULT 0,"
    " receipt TEXT NOT NULL DEFAULT '',"
    " recorded_at INTEGER NOT NULL,"
    " sent_at INTEGER"
    ") STRICT;"
    "CREATE INDEX outbox_next ON outbox (next_at, id) WHERE state = 'waiting';";

/* replay_pos: the device was approved; its parked frames are taken in from here on. */
static const char ingest_tables[] = "CREATE TABLE parked ("
                                    " mn TEXT PRIMARY KEY,"
                                    " first_pos INTEGER NOT NULL,"
                                    " first_at INTEGER NOT NULL,"
                                    " last_pos INTEGER NOT NULL,"
                                    " last_at INTEGER NOT NULL,"
                                    " count INTEGER NOT NULL,"
                                    " address TEXT NOT NULL DEFAULT '',"
                                    " sample BLOB,"
                                    " replay_pos INTEGER"
                                    ") STRICT, WITHOUT ROWID;"
                                    "CREATE TABLE transmission ("
                                    " mn TEXT NOT NULL,"
                                    " day INTEGER NOT NULL,"
                                    " due INTEGER NOT NULL DEFAULT 0,"
                                    " exempt INTEGER NOT NULL DEFAULT 0,"
                                    " received INTEGER NOT NULL DEFAULT 0,"
                                    " in_time INTEGER NOT NULL DEFAULT 0,"
                                    " valid INTEGER NOT NULL DEFAULT 0,"
                                    " valid_in_time INTEGER NOT NULL DEFAULT 0,"
                                    " PRIMARY KEY (mn, day)"
                                    ") STRICT, WITHOUT ROWID;"
                                    "CREATE INDEX transmission_day ON transmission (day);"
                                    /* level 1 hours, 2 days; done_pos: computed, but its row may
                                     * not be packed yet (domain/derive.h) */
                                    "CREATE TABLE derived_dirty ("
                                    " mn TEXT NOT NULL,"
                                    " level INTEGER NOT NULL,"
                                    " at INTEGER NOT NULL,"
                                    " done_pos INTEGER,"
                                    " PRIMARY KEY (mn, level, at)"
                                    ") STRICT, WITHOUT ROWID;"
                                    "CREATE INDEX derived_done ON derived_dirty (done_pos)"
                                    " WHERE done_pos IS NOT NULL;"
                                    "CREATE TABLE forward ("
                                    " id TEXT PRIMARY KEY,"
                                    " address TEXT NOT NULL,"
                                    " mn_map TEXT NOT NULL DEFAULT '{}',"
                                    " cursor INTEGER NOT NULL DEFAULT 0,"
                                    " state TEXT NOT NULL DEFAULT '',"
                                    " version INTEGER NOT NULL DEFAULT 1,"
                                    " recorded_at INTEGER NOT NULL,"
                                    " recorded_by TEXT NOT NULL"
                                    ") STRICT, WITHOUT ROWID;"
                                    "CREATE TABLE request ("
                                    " id INTEGER PRIMARY KEY,"
                                    " mn TEXT NOT NULL,"
                                    " cn INTEGER NOT NULL,"
                                    " params TEXT NOT NULL DEFAULT '',"
                                    " from_at INTEGER,"
                                    " to_at INTEGER,"
                                    " author TEXT NOT NULL,"
                                    " state TEXT NOT NULL,"
                                    " qn_rtn INTEGER NOT NULL DEFAULT 0,"
                                    " exe_rtn INTEGER NOT NULL DEFAULT 0,"
                                    " tries INTEGER NOT NULL DEFAULT 0,"
                                    " chunks_done INTEGER NOT NULL DEFAULT 0,"
                                    " chunks_total INTEGER NOT NULL DEFAULT 0,"
                                    " rows_received INTEGER NOT NULL DEFAULT 0,"
                                    " result TEXT NOT NULL DEFAULT '',"
                                    " asked_at INTEGER NOT NULL,"
                                    " updated_at INTEGER NOT NULL"
                                    ") STRICT;"
                                    "CREATE INDEX request_open ON request (mn, id)"
                                    " WHERE state IN ('waiting', 'sent', 'accepted', 'receiving');";

/* How far each device's frames came on their way to a platform, when behind forward.cursor; ranges
 * of which a device said that it has no data (ExeRtn=100). */
static const char gateway_tables[] = "CREATE TABLE forward_link ("
                                     " upper TEXT NOT NULL,"
                                     " mn TEXT NOT NULL,"
                                     " cursor INTEGER NOT NULL,"
                                     " PRIMARY KEY (upper, mn)"
                                     ") STRICT, WITHOUT ROWID;"
                                     "CREATE TABLE no_data ("
                                     " mn TEXT NOT NULL,"
                                     " cn INTEGER NOT NULL,"
                                     " from_at INTEGER NOT NULL,"
                                     " to_at INTEGER NOT NULL,"
                                     " told_at INTEGER NOT NULL,"
                                     " PRIMARY KEY (mn, cn, from_at)"
                                     ") STRICT, WITHOUT ROWID;";

/* AUTOINCREMENT keeps the highest number ever given in a table of its own, which is how a cut end
 * of the audit chain shows. */
static const char audit_tables[] =
    "CREATE TABLE audit ("
    " seq INTEGER PRIMARY KEY AUTOINCREMENT,"
    " at INTEGER NOT NULL,"
    " who TEXT NOT NULL,"
    " what TEXT NOT NULL,"
    " object TEXT NOT NULL,"
    " detail TEXT NOT NULL,"
    " prev BLOB NOT NULL CHECK (length(prev) = 32),"
    " hash BLOB NOT NULL CHECK (length(hash) = 32)"
    ") STRICT;"
    "CREATE INDEX audit_at ON audit (at);"
    "CREATE TRIGGER audit_unchanged BEFORE UPDATE ON audit"
    " BEGIN SELECT RAISE(ABORT, 'the audit log is never changed'); END;"
    "CREATE TRIGGER audit_kept BEFORE DELETE ON audit"
    " BEGIN SELECT RAISE(ABORT, 'the audit log is never shortened'); END;"
    "CREATE TABLE idempotency ("
    " key TEXT PRIMARY KEY,"
    " who TEXT NOT NULL,"
    " route TEXT NOT NULL,"
    " status INTEGER NOT NULL,"
    " body TEXT NOT NULL,"
    " at INTEGER NOT NULL"
    ") STRICT, WITHOUT ROWID;"
    "CREATE INDEX idempotency_at ON idempotency (at);";

/* file: what the content is; file_use: who laid it before whom, when and where. */
static const char file_tables[] = "CREATE TABLE file ("
                                  " sha256 TEXT PRIMARY KEY CHECK (length(sha256) = 64),"
                                  " name TEXT NOT NULL,"
                                  " type TEXT NOT NULL,"
                                  " size INTEGER NOT NULL,"
                                  " recorded_at INTEGER NOT NULL,"
                                  " recorded_by TEXT NOT NULL"
                                  ") STRICT, WITHOUT ROWID;"
                                  "CREATE TABLE file_use ("
                                  " id INTEGER PRIMARY KEY,"
                                  " sha256 TEXT NOT NULL REFERENCES file (sha256),"
                                  " object TEXT NOT NULL,"
                                  " name TEXT NOT NULL,"
                                  " taken_at INTEGER,"
                                  " lon REAL,"
                                  " lat REAL,"
                                  " recorded_at INTEGER NOT NULL,"
                                  " recorded_by TEXT NOT NULL,"
                                  " UNIQUE (object, sha256)"
                                  ") STRICT;"
                                  "CREATE INDEX file_use_sha256 ON file_use (sha256);";

static const char *const schema_1[] = {
    small_tables,   division_tables, site_tables,   device_tables, factor_tables,
    setting_tables, calendar_tables, target_tables, event_tables,  ingest_tables,
    gateway_tables, audit_tables,    file_tables,
#include "store/schema_telemetry.inc"
    NULL,
};

static const char *const schema_air[] = {
#include "store/schema_air.inc"
    NULL,
};

static const char *const schema_people[] = {
#include "store/schema_people.inc"
    NULL,
};

static const char *const schema_ledger[] = {
#include "store/schema_ledger.inc"
    NULL,
};

static const char *const schema_plan[] = {
#include "store/schema_plan.inc"
    NULL,
};

static const char *const schema_airpast[] = {
#include "store/schema_airpast.inc"
    NULL,
};

static const char *const schema_forecast[] = {
#include "store/schema_forecast.inc"
    NULL,
};

static const char *const schema_money[] = {
#include "store/schema_money.inc"
    NULL,
};

static const char *const schema_fraud[] = {
#include "store/schema_fraud.inc"
    NULL,
};

static const char *const schema_warning[] = {
#include "store/schema_warning.inc"
    NULL,
};

static const char *const schema_apportion[] = {
#include "store/schema_apportion.inc"
    NULL,
};

static const char *const schema_car[] = {
#include "store/schema_car.inc"
    NULL,
};

static const char *const schema_ease[] = {
#include "store/schema_ease.inc"
    NULL,
};

const qk_migration qk_schema[] = {
    {"first tables", schema_1},
    {"quality control of ambient air", schema_air},
    {"people and rights", schema_people},
    {"ledgers", schema_ledger},
    {"plans and the year", schema_plan},
    {"daily values of past years", schema_airpast},
    {"forecasts", schema_forecast},
    {"money, and the history of cases", schema_money},
    {"samples of institutions", schema_fraud},
    {"warnings of heavy pollution", schema_warning},
    {"runs of source apportionment", schema_apportion},
    {"what cars measured", schema_car},
    {"lifting of warnings, and tracks of cars", schema_ease},
    {NULL, NULL},
};

int qk_schema_newest(void)
{
    int n = 0;
    while (qk_schema[n].name) n++;
    return n;
}
