/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_REGISTRY_H
#define QK_DOMAIN_REGISTRY_H
/* The register of divisions, sites and devices: what is watched, where it stands, who speaks for
 * it.
 *
 * Kept in SQLite with full history (valid time and recorded time; a change adds a row version), and
 * as a table in memory that any thread may read. A device is known by its MN as sent. It is
 * approved, parked (seen, not yet approved: journalled, not answered) or disabled. Changes go
 * through the store thread (domain/node.h). */
#include "base/json.h"
#include "base/memory.h"
#include "base/time.h"
#include "store/db.h"

typedef struct qk_registry qk_registry;

typedef enum qk_device_status {
    QK_DEVICE_PARKED,
    QK_DEVICE_APPROVED,
    QK_DEVICE_DISABLED
} qk_device_status;
typedef enum qk_crc_policy {
    QK_CRC_STANDARD,
    QK_CRC_MODBUS,
    QK_CRC_MODBUS_SWAPPED,
    QK_CRC_ANY_KNOWN,
    QK_CRC_OFF
} qk_crc_policy;
typedef enum qk_interval_style { QK_INTERVAL_START, QK_INTERVAL_END } qk_interval_style;

enum { QK_MN_MAX = 40, QK_NAME_MAX = 120, QK_CODE_MAX = 32 };

/* A copy that may be kept; `version` is the row version seen. */
typedef struct qk_device {
    char mn[QK_MN_MAX];
    char pw[28];            /* empty = not checked */
    char bind_address[48];  /* empty = any; else the address frames must come from */
    char site[QK_CODE_MAX]; /* default site of its factors */
    char st[4];
    int32_t dialect; /* 2005, 2017, 2025; 0 = by the frame */
    qk_device_status status;
    qk_crc_policy crc_policy;
    qk_interval_style interval_style;
    bool comma_range;         /* BeginTime and EndTime joined with ',' */
    bool answers_requests;    /* reverse control may be tried */
    bool first_contact;       /* on connecting: set clock, time-out and intervals (2017, 6.7) */
    int32_t rtd_interval_s;   /* expected; 0 = does not send real-time data */
    int32_t min_interval_min; /* expected; 0 = does not send minutes */
    bool sends_hours, sends_days;
    int32_t overtime_s, recount; /* standard table 1: 10 s, 3 times */
    char key[36];                /* SM4 key of HJ 212-2025 in hexadecimal; empty = none held */
    int64_t version;
} qk_device;

typedef struct qk_site {
    char id[QK_CODE_MAX];
    char kind[QK_CODE_MAX]; /* air_national air_provincial air_township air_micro air_road outlet
                               power dust kitchen pump gate machine camera … */
    char name_zh[QK_NAME_MAX], name_en[QK_NAME_MAX];
    char division[16]; /* code of the township */
    char owner_zh[QK_NAME_MAX], owner_en[QK_NAME_MAX];
    double lon, lat;  /* WGS-84; NaN = unknown */
    qk_time valid_to; /* closed then; 0 = in use */
    int64_t version;
} qk_site;

typedef struct qk_division {
    char code[16], parent[16];
    char kind[QK_CODE_MAX]; /* county township zone village grid */
    char name_zh[QK_NAME_MAX], name_en[QK_NAME_MAX];
    char *geometry; /* GeoJSON geometry text; NULL = none. Copies out of the registry place it in
                       the arena; what is put in stays the caller's */
    int64_t version;
} qk_division;

/* One factor of a device: where it belongs, what unit it carries. */
typedef struct qk_factor {
    char mn[QK_MN_MAX], code[QK_CODE_MAX];
    char site[QK_CODE_MAX];                          /* empty = the device's */
    char unit[24];                                   /* as sent; empty = the standard's */
    char name_zh[QK_NAME_MAX], name_en[QK_NAME_MAX]; /* empty = the standard's */
    char item[16];    /* air item this feeds: SO2 NO2 CO O3 PM10 PM2.5, or empty */
    double scale;     /* value in the site's unit = value as sent x scale */
    double low, high; /* range of the instrument; NaN = none */
    double limit;     /* emission limit shown with the value; NaN = none */
    int64_t version;
} qk_factor;

/* What a row holds before anything is said about it: no coordinates, scale 1, start style, the
 * time-outs of the standard. Use before filling a row by hand. */
void qk_device_init(qk_device *d);
void qk_site_init(qk_site *s);
void qk_division_init(qk_division *d);
void qk_factor_init(qk_factor *f);

/* A closed site keeps its rows, its series and its history; it is no longer watched. */
static inline bool qk_site_in_use(const qk_site *s, qk_time t)
{
    return s->valid_to == 0 || t < s->valid_to;
}

/* Loads the tables into memory. db is borrowed and must be the store thread's. */
QK_NODISCARD qk_code qk_registry_open(qk_registry **out, qk_db *db, qk_error *err);
void qk_registry_close(qk_registry *r);
/* Store thread, after a transaction was rolled back: memory becomes what the tables hold. */
QK_NODISCARD qk_code qk_registry_reload(qk_registry *r, qk_error *err);
/* Rises with every change; cheap to poll from any thread. */
uint64_t qk_registry_version(const qk_registry *r);

/* Reading: any thread; copies out under a lock. */
bool qk_registry_device(const qk_registry *r, qk_device *out, qk_str mn);
bool qk_registry_site(const qk_registry *r, qk_site *out, qk_str id);
bool qk_registry_factor(const qk_registry *r, qk_factor *out, qk_str mn, qk_str code);
/* All of them, in order of code, copied into the arena; QK_ENOMEM when it cannot hold them. */
QK_NODISCARD qk_code qk_registry_devices(const qk_registry *r, qk_arena *arena, qk_device **out,
                                         size_t *n);
QK_NODISCARD qk_code qk_registry_sites(const qk_registry *r, qk_arena *arena, qk_site **out,
                                       size_t *n);
QK_NODISCARD qk_code qk_registry_divisions(const qk_registry *r, qk_arena *arena, qk_division **out,
                                           size_t *n);
/* Factors of one device; mn {NULL,0} = of all. */
QK_NODISCARD qk_code qk_registry_factors(const qk_registry *r, qk_arena *arena, qk_str mn,
                                         qk_factor **out, size_t *n);
/* The place as imported, a JSON object; "{}" when none was. */
QK_NODISCARD qk_code qk_registry_place(const qk_registry *r, qk_arena *arena, qk_str *out);

/* Writing: store thread only. `seen` is the version the author saw, 0 for a new row: QK_ECONFLICT
 * when another is current. by = who, for the history. A row equal to the current one changes
 * nothing. Valid from `now` on. QK_EINVAL on a row without key, on broken UTF-8, on a reference to
 * a site or division that is not there; QK_EFULL at the ceilings (65,536 devices and divisions,
 * 262,144 sites, 1,048,576 factors). */
QK_NODISCARD qk_code qk_registry_put_device(qk_registry *r, const qk_device *d, int64_t seen,
                                            qk_str by, qk_time now, qk_error *err);
QK_NODISCARD qk_code qk_registry_put_site(qk_registry *r, const qk_site *s, int64_t seen, qk_str by,
                                          qk_time now, qk_error *err);
QK_NODISCARD qk_code qk_registry_put_division(qk_registry *r, const qk_division *d, qk_str by,
                                              qk_time now, qk_error *err);
QK_NODISCARD qk_code qk_registry_put_factor(qk_registry *r, const qk_factor *f, qk_str by,
                                            qk_time now, qk_error *err);
/* A whole county from JSON: {"place":{…},"divisions":[…],"sites":[…],"devices":[…],"factors":[…]};
 * members are named as the fields above, enumerations by their names in lower case ("approved",
 * "standard", "start"), null = not known. A row may carry "valid_from" (ISO 8601, not after now),
 * when it has held since earlier. A row that is there is changed in the members that are given; of
 * a new one those left out take their defaults. Refused as a whole with line and column: an unknown
 * member, a value of the wrong type, a reference to nothing. A device given without a status is
 * approved. */
QK_NODISCARD qk_code qk_registry_import(qk_registry *r, qk_str json, qk_str by, qk_time now,
                                        qk_error *err);

/* ---- history: any thread, through a database connection of its own ---- */
/* The row that held at valid_at by what was recorded up to known_at (QK_TIME_NONE = now known).
 * QK_ENOTFOUND when there was none. */
QK_NODISCARD qk_code qk_registry_device_at(qk_device *out, qk_db *db, qk_str mn, qk_time valid_at,
                                           qk_time known_at, qk_error *err);
QK_NODISCARD qk_code qk_registry_site_at(qk_site *out, qk_db *db, qk_str id, qk_time valid_at,
                                         qk_time known_at, qk_error *err);
QK_NODISCARD qk_code qk_registry_factor_at(qk_factor *out, qk_db *db, qk_str mn, qk_str code,
                                           qk_time valid_at, qk_time known_at, qk_error *err);

/* ---- rows as JSON objects, members named as the fields, "row_version" last; pw and key are left
 * out of what is written ---- */
void qk_device_json(qk_json_writer *w, const qk_device *d);
void qk_site_json(qk_json_writer *w, const qk_site *s);
void qk_factor_json(qk_json_writer *w, const qk_factor *f);
/* Changes those fields of *d that `object` names. QK_EINVAL on an unknown member or a wrong type,
 * err->where naming it; "row_version" is passed over. */
QK_NODISCARD qk_code qk_device_patch(qk_device *d, const qk_json_value *object, qk_error *err);
QK_NODISCARD qk_code qk_site_patch(qk_site *s, const qk_json_value *object, qk_error *err);
QK_NODISCARD qk_code qk_factor_patch(qk_factor *f, const qk_json_value *object, qk_error *err);

/* What could never fit a frame, a peer or an item of the air is refused, err->where naming the
 * member; the address a device is bound to gets the form that the gateway compares. */
QK_NODISCARD qk_code qk_device_check(qk_device *d, qk_error *err);
QK_NODISCARD qk_code qk_factor_check(const qk_factor *f, qk_error *err);
QK_NODISCARD qk_code qk_site_check(const qk_site *s, qk_error *err);
#endif
