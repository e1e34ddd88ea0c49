/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/registry_private.h"
#include "standards/ions.h"
#include <arpa/inet.h>
#include <math.h>

static qk_code refuse(qk_error *err, const char *member)
{
    qk_error_at(err, member, 0, 0);
    return QK_EINVAL;
}

/* As the gateway writes a peer's address, so that the two can be compared. */
static bool tidy_address(char address[48])
{
    struct in_addr four;
    struct in6_addr six;
    if (!address[0]) return true;
    if (inet_pton(AF_INET, address, &four) == 1) return inet_ntop(AF_INET, &four, address, 48);
    return inet_pton(AF_INET6, address, &six) == 1 && inet_ntop(AF_INET6, &six, address, 48);
}

/* What a value of a frame may hold (HJ 212-2017, 6.3.3): no separator, no blank. */
static bool fits_frame(const char *text)
{
    for (; *text; text++)
        if (*text <= ' ' || *text > '~' || strchr(";,=&#", *text)) return false;
    return true;
}

qk_code qk_device_check(qk_device *d, qk_error *err)
{
    if (!fits_frame(d->mn)) {
        qk_fail(err, QK_EINVAL, "an MN holds no blank, no separator of a frame and only ASCII");
        return refuse(err, "mn");
    }
    /* 8.8888E+22: a spreadsheet took the MN for a number and lost its digits. */
    if (strstr(d->mn, "E+")) {
        qk_fail(err, QK_EINVAL, "'%s' is what a spreadsheet made of an MN", d->mn);
        qk_error_hint(err, "make the column text in the spreadsheet and enter the MN again");
        return refuse(err, "mn");
    }
    if (!tidy_address(d->bind_address)) {
        qk_fail(err, QK_EINVAL, "'%s' is not one IP address", d->bind_address);
        return refuse(err, "bind_address");
    }
    if (!fits_frame(d->pw)) {
        qk_fail(err, QK_EINVAL, "a password holds no blank and none of ; , = & #");
        return refuse(err, "pw");
    }
    return QK_OK;
}

/* The six items that an AQI stands on (HJ 633), what particles are made of, or none. */
static bool is_item(const char *item)
{
    static const char *const items[] = {"", "SO2", "NO2", "CO", "O3", "PM10", "PM2.5", "OC", "EC"};
    for (size_t i = 0; i < sizeof items / sizeof items[0]; i++)
        if (strcmp(item, items[i]) == 0) return true;
    return qk_ion_of(qk_str_of(item)) != QK_IONS;
}

qk_code qk_factor_check(const qk_factor *f, qk_error *err)
{
    for (const char *c = f->code; *c; c++) {
        if (qk_is_alpha(*c) || qk_is_digit(*c)) continue;
        qk_fail(err, QK_EINVAL, "a factor's code has letters and digits alone");
        return refuse(err, "code");
    }
    if (!is_item(f->item)) {
        qk_fail(err, QK_EINVAL, "'%s' is no item of the AQI", f->item);
        return refuse(err, "item");
    }
    if (f->low > f->high) {
        qk_fail(err, QK_EINVAL, "the range ends before it begins");
        return refuse(err, "low");
    }
    return QK_OK;
}

qk_code qk_site_check(const qk_site *s, qk_error *err)
{
    if (!s->kind[0] || !s->name_zh[0]) {
        qk_fail(err, QK_EINVAL, "a site needs a kind and a name");
        return refuse(err, s->kind[0] ? "name_zh" : "kind");
    }
    for (const char *c = s->kind; *c; c++) {
        if (qk_is_alpha(*c) || qk_is_digit(*c) || *c == '_') continue;
        qk_fail(err, QK_EINVAL, "'%s' is no kind of site", s->kind);
        return refuse(err, "kind");
    }
    if (isnan(s->lon) != isnan(s->lat)) {
        qk_fail(err, QK_EINVAL, "of longitude and latitude one is missing");
        return refuse(err, isnan(s->lon) ? "lon" : "lat");
    }
    return QK_OK;
}

qk_code qk_row_check(qk_row_kind kind, void *row, qk_error *err)
{
    if (kind == QK_ROW_SITE) return qk_site_check(row, err);
    if (kind == QK_ROW_DEVICE) return qk_device_check(row, err);
    return kind == QK_ROW_FACTOR ? qk_factor_check(row, err) : QK_OK;
}
