/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/registry_private.h"
#include <math.h>
#include <stdlib.h>

static const char *const status_names[] = {"parked", "approved", "disabled", NULL};
static const char *const crc_names[] = {"standard",  "modbus", "modbus_swapped",
                                        "any_known", "off",    NULL};
static const char *const style_names[] = {"start", "end", NULL};

#define AT(row, member) #member, .offset = offsetof(row, member), .size = sizeof(((row *)0)->member)
#define TEXT(row, member)                      \
    {                                          \
        AT(row, member), .type = QK_FIELD_TEXT \
    }
#define SECRET(row, member)                                    \
    {                                                          \
        AT(row, member), .type = QK_FIELD_TEXT, .secret = true \
    }
#define BOOL(row, member)                      \
    {                                          \
        AT(row, member), .type = QK_FIELD_BOOL \
    }
#define I32(row, member, from, to)                                     \
    {                                                                  \
        AT(row, member), .type = QK_FIELD_I32, .low = from, .high = to \
    }
#define F64(row, member, from, to)                                     \
    {                                                                  \
        AT(row, member), .type = QK_FIELD_F64, .low = from, .high = to \
    }
#define ENUM(row, member, list)                               \
    {                                                         \
        AT(row, member), .type = QK_FIELD_ENUM, .names = list \
    }

static const qk_field division_fields[] = {
    TEXT(qk_division, code),    TEXT(qk_division, parent),
    TEXT(qk_division, kind),    TEXT(qk_division, name_zh),
    TEXT(qk_division, name_en), {AT(qk_division, geometry), .type = QK_FIELD_OWNED},
};

static const qk_field site_fields[] = {
    TEXT(qk_site, id),          TEXT(qk_site, kind),
    TEXT(qk_site, name_zh),     TEXT(qk_site, name_en),
    TEXT(qk_site, division),    TEXT(qk_site, owner_zh),
    TEXT(qk_site, owner_en),    F64(qk_site, lon, -180, 180),
    F64(qk_site, lat, -90, 90), {AT(qk_site, valid_to), .type = QK_FIELD_TIME},
};

static const qk_field device_fields[] = {
    TEXT(qk_device, mn),
    SECRET(qk_device, pw),
    TEXT(qk_device, bind_address),
    TEXT(qk_device, site),
    TEXT(qk_device, st),
    I32(qk_device, dialect, 0, 2025),
    ENUM(qk_device, status, status_names),
    ENUM(qk_device, crc_policy, crc_names),
    ENUM(qk_device, interval_style, style_names),
    BOOL(qk_device, comma_range),
    BOOL(qk_device, answers_requests),
    BOOL(qk_device, first_contact),
    I32(qk_device, rtd_interval_s, 0, 86400),
    I32(qk_device, min_interval_min, 0, 60),
    BOOL(qk_device, sends_hours),
    BOOL(qk_device, sends_days),
    I32(qk_device, overtime_s, 1, 99),
    I32(qk_device, recount, 1, 99),
    SECRET(qk_device, key),
};

static const qk_field factor_fields[] = {
    TEXT(qk_factor, mn),
    TEXT(qk_factor, code),
    TEXT(qk_factor, site),
    TEXT(qk_factor, unit),
    TEXT(qk_factor, name_zh),
    TEXT(qk_factor, name_en),
    TEXT(qk_factor, item),
    F64(qk_factor, scale, -1e12, 1e12),
    F64(qk_factor, low, -1e15, 1e15),
    F64(qk_factor, high, -1e15, 1e15),
    F64(qk_factor, limit, -1e15, 1e15),
};

static const qk_field unit_fields[] = {
    TEXT(qk_unit, id),      TEXT(qk_unit, parent),  TEXT(qk_unit, kind),
    TEXT(qk_unit, name_zh), TEXT(qk_unit, name_en), TEXT(qk_unit, division),
};

static const qk_field alias_fields[] = {
    TEXT(qk_unit_alias, alias),
    TEXT(qk_unit_alias, unit),
    TEXT(qk_unit_alias, source),
};

static const qk_field person_fields[] = {
    TEXT(qk_person, id),
    TEXT(qk_person, name),
    TEXT(qk_person, unit),
    SECRET(qk_person, phone),
};

static const qk_field post_fields[] = {
    TEXT(qk_post, id),       TEXT(qk_post, unit),   TEXT(qk_post, title_zh),
    TEXT(qk_post, title_en), TEXT(qk_post, person),
};

static const qk_field account_fields[] = {
    TEXT(qk_account, id),   TEXT(qk_account, person),  TEXT(qk_account, unit),
    TEXT(qk_account, name), BOOL(qk_account, enabled),
};

static const qk_field account_role_fields[] = {
    TEXT(qk_account_role, account),
    TEXT(qk_account_role, role),
    {AT(qk_account_role, unit), .type = QK_FIELD_TEXT, .may_be_empty = true},
    BOOL(qk_account_role, granted),
};

void qk_division_init(qk_division *d)
{
    memset(d, 0, sizeof *d);
}

void qk_site_init(qk_site *s)
{
    memset(s, 0, sizeof *s);
    s->lon = s->lat = NAN;
}

void qk_device_init(qk_device *d)
{
    memset(d, 0, sizeof *d);
    d->answers_requests = true;
    d->overtime_s = 10;
    d->recount = 3;
}

void qk_factor_init(qk_factor *f)
{
    memset(f, 0, sizeof *f);
    f->scale = 1;
    f->low = f->high = f->limit = NAN;
}

static void init_division(void *row)
{
    qk_division_init(row);
}
static void init_site(void *row)
{
    qk_site_init(row);
}
static void init_device(void *row)
{
    qk_device_init(row);
}
static void init_factor(void *row)
{
    qk_factor_init(row);
}

static void init_unit(void *row)
{
    memset(row, 0, sizeof(qk_unit));
}
static void init_alias(void *row)
{
    memset(row, 0, sizeof(qk_unit_alias));
}
static void init_person(void *row)
{
    memset(row, 0, sizeof(qk_person));
}
static void init_post(void *row)
{
    memset(row, 0, sizeof(qk_post));
}
static void init_account(void *row)
{
    *(qk_account *)row = (qk_account){.enabled = true};
}
static void init_account_role(void *row)
{
    *(qk_account_role *)row = (qk_account_role){.granted = true};
}

#define FIELDS(list) .fields = list, .n = sizeof list / sizeof *list
#define ROW(type)    .row_size = sizeof(type), .version_offset = offsetof(type, version)

const qk_row_form qk_row_forms[QK_ROW_KINDS] = {
    [QK_ROW_DIVISION] = {"division", "divisions", FIELDS(division_fields), .keys = 1,
                         ROW(qk_division), .ceiling = 65536, .init = init_division},
    [QK_ROW_SITE] = {"site", "sites", FIELDS(site_fields), .keys = 1, ROW(qk_site),
                     .ceiling = 262144, .init = init_site},
    [QK_ROW_DEVICE] = {"device", "devices", FIELDS(device_fields), .keys = 1, ROW(qk_device),
                       .ceiling = 65536, .init = init_device},
    [QK_ROW_FACTOR] = {"factor", "factors", FIELDS(factor_fields), .keys = 2, ROW(qk_factor),
                       .ceiling = 1048576, .init = init_factor},
    [QK_ROW_UNIT] = {"unit", "units", FIELDS(unit_fields), .keys = 1, ROW(qk_unit),
                     .ceiling = 65536, .init = init_unit},
    [QK_ROW_ALIAS] = {"unit_alias", "aliases", FIELDS(alias_fields), .keys = 1, ROW(qk_unit_alias),
                      .ceiling = 65536, .init = init_alias},
    [QK_ROW_PERSON] = {"person", "people", FIELDS(person_fields), .keys = 1, ROW(qk_person),
                       .ceiling = 65536, .init = init_person},
    [QK_ROW_POST] = {"post", "posts", FIELDS(post_fields), .keys = 1, ROW(qk_post),
                     .ceiling = 65536, .init = init_post},
    [QK_ROW_ACCOUNT] = {"account", NULL, FIELDS(account_fields), .keys = 1, ROW(qk_account),
                        .ceiling = 16384, .init = init_account},
    [QK_ROW_ACCOUNT_ROLE] = {"account_role", NULL, FIELDS(account_role_fields), .keys = 3,
                             ROW(qk_account_role), .ceiling = 65536, .init = init_account_role},
};

void qk_row_release(const qk_row_form *form, void *row)
{
    for (size_t i = 0; i < form->n; i++) {
        if (form->fields[i].type != QK_FIELD_OWNED) continue;
        char **text = qk_row_field(row, &form->fields[i]);
        free(*text);
        *text = NULL;
    }
}

qk_code qk_row_copy(const qk_row_form *form, void *dest, const void *src)
{
    memcpy(dest, src, form->row_size);
    for (size_t i = 0; i < form->n; i++) {
        if (form->fields[i].type != QK_FIELD_OWNED) continue;
        char **text = qk_row_field(dest, &form->fields[i]);
        if (*text && !(*text = strdup(*text))) return QK_ENOMEM;
    }
    return QK_OK;
}

bool qk_field_equal(const qk_field *f, const void *a, const void *b)
{
    const void *x = qk_row_field(a, f), *y = qk_row_field(b, f);
    if (f->type == QK_FIELD_TEXT) return strcmp(x, y) == 0;
    if (f->type == QK_FIELD_F64) {
        double p, q;
        memcpy(&p, x, sizeof p);
        memcpy(&q, y, sizeof q);
        return p == q || (isnan(p) && isnan(q));
    }
    if (f->type == QK_FIELD_OWNED) {
        const char *p = *(char *const *)x, *q = *(char *const *)y;
        return p == q || (p && q && strcmp(p, q) == 0);
    }
    return memcmp(x, y, f->size) == 0;
}

bool qk_row_equal(const qk_row_form *form, const void *a, const void *b)
{
    for (size_t i = 0; i < form->n; i++)
        if (!qk_field_equal(&form->fields[i], a, b)) return false;
    return true;
}

int qk_row_cmp(const qk_row_form *form, const void *a, const void *b)
{
    for (size_t i = 0; i < form->keys; i++) {
        int c = strcmp(qk_row_field(a, &form->fields[i]), qk_row_field(b, &form->fields[i]));
        if (c) return c;
    }
    return 0;
}

size_t qk_row_find(const qk_row_table *t, const qk_row_form *form, const void *key, bool *found)
{
    size_t low = 0, high = t->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int c = qk_row_cmp(form, t->rows[middle], key);
        if (c == 0) {
            *found = true;
            return middle;
        }
        if (c < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *found = false;
    return low;
}

static qk_code grow_table(qk_row_table *t, const qk_row_form *form)
{
    if (t->n >= form->ceiling) return QK_EFULL;
    if (t->n < t->cap) return QK_OK;
    size_t cap = t->cap ? t->cap * 2 : 64;
    void **rows = realloc(t->rows, cap * sizeof *rows);
    if (!rows) return QK_ENOMEM;
    t->rows = rows;
    t->cap = cap;
    return QK_OK;
}

qk_code qk_row_insert(qk_row_table *t, const qk_row_form *form, void *row)
{
    bool found;
    size_t at = qk_row_find(t, form, row, &found);
    if (found) {
        qk_row_release(form, t->rows[at]);
        free(t->rows[at]);
        t->rows[at] = row;
        return QK_OK;
    }
    QK_TRY(grow_table(t, form));
    memmove(t->rows + at + 1, t->rows + at, (t->n - at) * sizeof *t->rows);
    t->rows[at] = row;
    t->n++;
    return QK_OK;
}

void qk_row_table_clear(qk_row_table *t, const qk_row_form *form)
{
    for (size_t i = 0; i < t->n; i++) {
        qk_row_release(form, t->rows[i]);
        free(t->rows[i]);
    }
    free(t->rows);
    t->rows = NULL;
    t->n = t->cap = 0;
}
