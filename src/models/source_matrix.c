/* SPDX-License-Identifier: Apache-2.0 */
#include "models/source_matrix.h"
#include <stdlib.h>

enum { NC_CHAR = 2, NC_FLOAT = 5, NC_DOUBLE = 6, NC_UINT = 9, NC_UINT64 = 11 };
enum { TAG_DIMENSION = 10, TAG_VARIABLE = 11, TAG_ATTRIBUTE = 12, VARIABLES = 8 };
enum { D_PLANE, D_SOURCE, D_RECEPTOR, D_NAME };

static const char magic[4] = {'C', 'D', 'F', 5};

qk_code qk_matrix_new(qk_matrix **out, uint32_t sources, uint32_t receptors, uint32_t planes,
                      qk_error *err)
{
    qk_matrix *m = calloc(1, sizeof *m);
    *out = NULL;
    if (!m) return qk_fail(err, QK_ENOMEM, "no memory for a matrix");
    *m = (qk_matrix){.sources = sources, .receptors = receptors, .planes = planes};
    m->source_id = calloc(sources, sizeof *m->source_id);
    m->source_mark = calloc(sources, sizeof *m->source_mark);
    m->base_rate = calloc(sources, sizeof *m->base_rate);
    m->x_m = calloc(receptors, sizeof *m->x_m);
    m->y_m = calloc(receptors, sizeof *m->y_m);
    m->flagpole_m = calloc(receptors, sizeof *m->flagpole_m);
    m->hours = calloc(planes, sizeof *m->hours);
    m->value = calloc(qk_matrix_values(m), sizeof *m->value);
    if (m->source_id && m->source_mark && m->base_rate && m->x_m && m->y_m && m->flagpole_m &&
        m->hours && m->value) {
        *out = m;
        return QK_OK;
    }
    qk_matrix_free(m);
    return qk_fail(err, QK_ENOMEM, "no memory for %u sources x %u receptors x %u means", sources,
                   receptors, planes);
}

void qk_matrix_free(qk_matrix *m)
{
    if (!m) return;
    free(m->source_id);
    free(m->source_mark);
    free(m->base_rate);
    free(m->x_m);
    free(m->y_m);
    free(m->flagpole_m);
    free(m->hours);
    free(m->value);
    free(m);
}

size_t qk_matrix_values(const qk_matrix *m)
{
    return (size_t)m->planes * m->sources * m->receptors;
}

void qk_matrix_product(double *restrict out, const qk_matrix *m, uint32_t plane, const double *rate)
{
    for (uint32_t s = 0; s < m->sources; s++) {
        const float *restrict row = qk_matrix_row(m, plane, s);
        double q = rate[s];
        if (q == 0) continue;
        for (uint32_t r = 0; r < m->receptors; r++) out[r] += q * (double)row[r];
    }
}

static void put_u32(qk_buf *b, uint32_t v)
{
    const unsigned char bytes[4] = {(unsigned char)(v >> 24), (unsigned char)(v >> 16),
                                    (unsigned char)(v >> 8), (unsigned char)v};
    qk_buf_append(b, bytes, 4);
}

static void put_u64(qk_buf *b, uint64_t v)
{
    put_u32(b, (uint32_t)(v >> 32));
    put_u32(b, (uint32_t)v);
}

static void put_f64(qk_buf *b, double v)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    put_u64(b, bits);
}

static void put_padding(qk_buf *b, size_t len)
{
    qk_buf_append(b, "\0\0\0", (4 - len % 4) % 4);
}

static void put_name(qk_buf *b, const char *name)
{
    put_u64(b, strlen(name));
    qk_buf_puts(b, name);
    put_padding(b, strlen(name));
}

typedef struct attribute {
    const char *name, *text;
} attribute;

static void put_attributes(qk_buf *b, const attribute *a, size_t count)
{
    put_u32(b, TAG_ATTRIBUTE);
    put_u64(b, count);
    for (size_t i = 0; i < count; i++) {
        put_name(b, a[i].name);
        put_u32(b, NC_CHAR);
        put_u64(b, strlen(a[i].text));
        qk_buf_puts(b, a[i].text);
        put_padding(b, strlen(a[i].text));
    }
}

typedef struct variable {
    const char *name, *unit, *meaning;
    uint32_t type, dims;
    uint32_t dim[3];
} variable;

static const variable variables[VARIABLES] = {
    {"source_id", "1", "name of the source", NC_CHAR, 2, {D_SOURCE, D_NAME, 0}},
    {"source_mark", "1", "fingerprint of the row's inputs", NC_UINT64, 1, {D_SOURCE, 0, 0}},
    {"base_rate", "g s-1", "emission of the case", NC_DOUBLE, 1, {D_SOURCE, 0, 0}},
    {"x", "m", "projection x coordinate of the receptor", NC_DOUBLE, 1, {D_RECEPTOR, 0, 0}},
    {"y", "m", "projection y coordinate of the receptor", NC_DOUBLE, 1, {D_RECEPTOR, 0, 0}},
    {"height", "m", "height of the receptor above ground", NC_DOUBLE, 1, {D_RECEPTOR, 0, 0}},
    {"hours", "h", "hours with data in each mean", NC_UINT, 1, {D_PLANE, 0, 0}},
    {"unit_concentration",
     "ug m-3 (g s-1)-1",
     "mean concentration per unit emission; planes: year, 12 months, 16 wind sectors, 24 hours, "
     "heavy days",
     NC_FLOAT,
     3,
     {D_PLANE, D_SOURCE, D_RECEPTOR}}};

static size_t width_of(uint32_t type)
{
    return type == NC_CHAR ? 1 : type == NC_FLOAT || type == NC_UINT ? 4 : 8;
}

static size_t size_of(const qk_matrix *m, const variable *v)
{
    const uint64_t length[4] = {m->planes, m->sources, m->receptors, QK_MATRIX_ID - 1};
    size_t n = width_of(v->type);
    for (uint32_t i = 0; i < v->dims; i++) n *= length[v->dim[i]];
    return (n + 3) / 4 * 4;
}

static void put_variables(qk_buf *b, const qk_matrix *m, size_t begin)
{
    put_u32(b, TAG_VARIABLE);
    put_u64(b, VARIABLES);
    for (size_t i = 0; i < VARIABLES; i++) {
        const variable *v = &variables[i];
        const attribute a[] = {{"units", v->unit}, {"long_name", v->meaning}};
        put_name(b, v->name);
        put_u64(b, v->dims);
        for (uint32_t k = 0; k < v->dims; k++) put_u64(b, v->dim[k]);
        put_attributes(b, a, 2);
        put_u32(b, v->type);
        put_u64(b, size_of(m, v));
        put_u64(b, begin);
        begin += size_of(m, v);
    }
}

static void put_header(qk_buf *b, const qk_matrix *m, size_t begin)
{
    static const char *const names[4] = {"mean", "source", "receptor", "name_length"};
    const uint64_t length[4] = {m->planes, m->sources, m->receptors, QK_MATRIX_ID - 1};
    const attribute global[] = {{"Conventions", "CF-1.8"},
                                {"title", "Source-receptor matrix"},
                                {"source", "Qingkong steady-state plume"}};
    qk_buf_append(b, magic, 4);
    put_u64(b, 0); /* no record variables */
    put_u32(b, TAG_DIMENSION);
    put_u64(b, 4);
    for (int i = 0; i < 4; i++) {
        put_name(b, names[i]);
        put_u64(b, length[i]);
    }
    put_attributes(b, global, 3);
    put_variables(b, m, begin);
}

static void put_small(qk_buf *b, const qk_matrix *m)
{
    for (uint32_t s = 0; s < m->sources; s++) qk_buf_append(b, m->source_id[s], QK_MATRIX_ID - 1);
    put_padding(b, (size_t)m->sources * (QK_MATRIX_ID - 1));
    for (uint32_t s = 0; s < m->sources; s++) put_u64(b, m->source_mark[s]);
    for (uint32_t s = 0; s < m->sources; s++) put_f64(b, m->base_rate[s]);
    for (uint32_t r = 0; r < m->receptors; r++) put_f64(b, m->x_m[r]);
    for (uint32_t r = 0; r < m->receptors; r++) put_f64(b, m->y_m[r]);
    for (uint32_t r = 0; r < m->receptors; r++) put_f64(b, m->flagpole_m[r]);
    for (uint32_t p = 0; p < m->planes; p++) put_u32(b, m->hours[p]);
}

/* The header's length does not depend on the offsets in it: it is made twice. */
static void put_values(qk_buf *buf, const qk_matrix *m)
{
    size_t count = qk_matrix_values(m);
    unsigned char *at = (unsigned char *)qk_buf_reserve(buf, count * sizeof *m->value);
    if (!at) return;
    for (size_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, &m->value[i], sizeof bits);
        bits = __builtin_bswap32(bits);
        memcpy(at + 4 * i, &bits, sizeof bits);
    }
    buf->len += count * sizeof *m->value;
}

void qk_matrix_write(qk_buf *buf, const qk_matrix *m)
{
    size_t from = buf->len;
    put_header(buf, m, 0);
    size_t length = buf->len - from;
    if (buf->failed != QK_OK) return;
    buf->len = from;
    put_header(buf, m, length);
    put_small(buf, m);
    put_values(buf, m);
}

static uint32_t get_u32(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static uint64_t get_u64(const unsigned char *p)
{
    return (uint64_t)get_u32(p) << 32 | get_u32(p + 4);
}

static double get_f64(const unsigned char *p)
{
    uint64_t bits = get_u64(p);
    double v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

/* Length of a dimension by its name, from the head of the file. */
static bool read_dimension(qk_str bytes, const char *name, uint32_t *out)
{
    qk_buf key;
    bool found = false;
    qk_buf_init(&key, 64);
    put_name(&key, name);
    qk_str head = {bytes.ptr, bytes.len < 512 ? bytes.len : 512};
    size_t at = key.failed == QK_OK ? qk_str_find(head, qk_buf_str(&key), 0) : SIZE_MAX;
    if (at != SIZE_MAX && at + key.len + 8 <= head.len) {
        uint64_t n = get_u64((const unsigned char *)head.ptr + at + key.len);
        found = n > 0 && n <= 1u << 24;
        *out = (uint32_t)n;
    }
    qk_buf_clear(&key);
    return found;
}

static void take_small(qk_matrix *m, const unsigned char *p)
{
    for (uint32_t s = 0; s < m->sources; s++, p += QK_MATRIX_ID - 1)
        memcpy(m->source_id[s], p, QK_MATRIX_ID - 1);
    p += (4 - (size_t)m->sources * (QK_MATRIX_ID - 1) % 4) % 4;
    for (uint32_t s = 0; s < m->sources; s++, p += 8) m->source_mark[s] = get_u64(p);
    for (uint32_t s = 0; s < m->sources; s++, p += 8) m->base_rate[s] = get_f64(p);
    for (uint32_t r = 0; r < m->receptors; r++, p += 8) m->x_m[r] = get_f64(p);
    for (uint32_t r = 0; r < m->receptors; r++, p += 8) m->y_m[r] = get_f64(p);
    for (uint32_t r = 0; r < m->receptors; r++, p += 8) m->flagpole_m[r] = get_f64(p);
    for (uint32_t k = 0; k < m->planes; k++, p += 4) m->hours[k] = get_u32(p);
    for (size_t i = 0; i < qk_matrix_values(m); i++, p += 4) {
        uint32_t bits = get_u32(p);
        memcpy(&m->value[i], &bits, sizeof bits);
    }
}

qk_code qk_matrix_read(qk_matrix **out, qk_str bytes, qk_error *err)
{
    uint32_t sources, receptors, planes;
    qk_buf head;
    *out = NULL;
    bool ours = bytes.len > 64 && memcmp(bytes.ptr, magic, 4) == 0 &&
                read_dimension(bytes, "mean", &planes) &&
                read_dimension(bytes, "source", &sources) &&
                read_dimension(bytes, "receptor", &receptors);
    if (!ours || (size_t)planes * sources > bytes.len / 4 / receptors)
        return qk_fail(err, QK_EFORMAT, "not a matrix that 'disperse matrix' wrote");
    QK_TRY(qk_matrix_new(out, sources, receptors, planes, err));
    qk_buf_init(&head, (size_t)1 << 30);
    put_header(&head, *out, 0);
    size_t length = head.len;
    qk_buf_reset(&head);
    put_header(&head, *out, length);
    size_t small = 0;
    for (int i = 0; i < VARIABLES; i++) small += size_of(*out, &variables[i]);
    bool same = head.failed == QK_OK && bytes.len == length + small &&
                memcmp(bytes.ptr, head.ptr, length) == 0;
    if (same) take_small(*out, (const unsigned char *)bytes.ptr + length);
    qk_buf_clear(&head);
    if (same) return QK_OK;
    qk_matrix_free(*out);
    *out = NULL;
    return qk_fail(err, QK_EFORMAT, "the matrix is cut off or of another version");
}
