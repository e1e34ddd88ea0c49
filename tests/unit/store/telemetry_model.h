/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_TESTS_UNIT_TELEMETRY_MODEL_H
#define QK_TESTS_UNIT_TELEMETRY_MODEL_H
/* The telemetry as it should be, in the plainest form: every version of every cell in one list,
 * with the seconds between which it was current. And a journal of what was sent, to send it again.
 */
#include "store/telemetry.h"
#include "store_test.h"

enum { MODEL_STREAMS = 4, MODEL_COLUMNS = 9, MODEL_TEXT = 12 };

typedef struct model_value {
    qk_cell_type type;
    qk_dec number;
    char text[MODEL_TEXT];
} model_value;

typedef struct model_version {
    int stream;
    int column;
    qk_time time;
    int64_t recorded_s;
    int64_t superseded_s; /* INT64_MAX: current */
    model_value value;
} model_version;

typedef struct model_row {
    int stream;
    qk_time time;
    int64_t recorded_s; /* of its first arrival */
} model_row;

/* One arrival. */
typedef struct model_frame {
    int stream;
    qk_time time;
    qk_time recorded;
    int n;
    int column[MODEL_COLUMNS];
    model_value value[MODEL_COLUMNS];
} model_frame;

typedef struct model {
    model_version *versions;
    size_t version_n, version_cap;
    model_row *rows;
    size_t row_n, row_cap;
    model_frame *frames; /* a position of the journal is an index here */
    size_t frame_n, frame_cap;
} model;

#define MODEL_ADD(m, list)                                                                      \
    ((m)->list##_n == (m)->list##_cap                                                           \
         ? ((m)->list##s = realloc((m)->list##s, ((m)->list##_cap = (m)->list##_cap * 2 + 64) * \
                                                     sizeof *(m)->list##s))                     \
         : (m)->list##s,                                                                        \
     &(m)->list##s[(m)->list##_n++])

static inline void model_clear(model *m)
{
    free(m->versions);
    free(m->rows);
    free(m->frames);
    *m = (model){0};
}

static inline bool model_same(const model_value *a, const model_value *b)
{
    if (a->type != b->type) return false;
    return a->type == QK_CELL_TEXT ? strcmp(a->text, b->text) == 0
                                   : qk_dec_cmp(a->number, b->number) == 0;
}

static inline model_row *model_find(model *m, int stream, qk_time time)
{
    for (size_t i = m->row_n; i-- > 0;)
        if (m->rows[i].stream == stream && m->rows[i].time == time) return &m->rows[i];
    return NULL;
}

static inline model_version *model_at(const model *m, int stream, int column, qk_time time,
                                      int64_t known_s)
{
    for (size_t i = m->version_n; i-- > 0;) {
        model_version *v = &m->versions[i];
        if (v->stream != stream || v->column != column || v->time != time) continue;
        if (known_s == INT64_MAX ? v->superseded_s == INT64_MAX
                                 : v->recorded_s <= known_s && known_s < v->superseded_s)
            return v;
    }
    return NULL;
}

static inline bool model_met(const model *m, const model_version *now, int64_t recorded_s,
                             const model_value *value)
{
    for (size_t i = 0; i < m->version_n; i++) {
        const model_version *v = &m->versions[i];
        if (v->stream == now->stream && v->column == now->column && v->time == now->time &&
            v->recorded_s == recorded_s && model_same(&v->value, value))
            return true;
    }
    return false;
}

static inline unsigned model_cell(model *m, const model_frame *f, int i, int64_t recorded_s)
{
    model_version *now = model_at(m, f->stream, f->column[i], f->time, INT64_MAX);
    unsigned result = QK_APPEND_MERGED;
    if (now) {
        if (model_same(&now->value, &f->value[i])) return QK_APPEND_SAME;
        if (recorded_s <= now->recorded_s && model_met(m, now, recorded_s, &f->value[i]))
            return QK_APPEND_SAME;
        now->superseded_s = recorded_s;
        result = QK_APPEND_CHANGED;
    }
    model_version *v = MODEL_ADD(m, version);
    *v = (model_version){f->stream, f->column[i], f->time, recorded_s, INT64_MAX, f->value[i]};
    return result;
}

/* What one arrival must result in, and takes it in. */
static inline unsigned model_take(model *m, const model_frame *f)
{
    int64_t recorded_s = f->recorded / 1000;
    unsigned bits = 0;
    bool known = model_find(m, f->stream, f->time) != NULL;
    if (!known) *MODEL_ADD(m, row) = (model_row){f->stream, f->time, recorded_s};
    for (int i = 0; i < f->n; i++) bits |= model_cell(m, f, i, recorded_s);
    if (!known) return QK_APPEND_NEW;
    return f->n == 0 ? QK_APPEND_SAME : bits;
}

static inline size_t model_cells(const model_frame *f, qk_cell cells[MODEL_COLUMNS],
                                 const qk_column_id *ids)
{
    for (int i = 0; i < f->n; i++) {
        cells[i] = (qk_cell){.column = ids[f->column[i]], .type = f->value[i].type};
        cells[i].number = f->value[i].number;
        cells[i].text = qk_str_of(f->value[i].text);
    }
    return (size_t)f->n;
}
#endif
