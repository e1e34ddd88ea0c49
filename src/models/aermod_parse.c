/* SPDX-License-Identifier: Apache-2.0 */
#include "models/aermod_private.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { ARENA_MAX = 1 << 30, NOTES_MAX = 1 << 16, LIST_MAX = 1 << 20 };

void aermod_tell(const aermod_parser *p, qk_error *err, qk_code code, int at, const char *fmt, ...)
{
    char text[200];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    qk_fail(err, code, "%s %s: %s", p->pathway, p->keyword, text);
    uint32_t column = 0;
    if (at >= 0 && at < p->count) column = (uint32_t)(p->token[at].ptr - p->line.ptr) + 1;
    qk_error_at(err, p->name, p->line_number, column);
}

void aermod_note(aermod_parser *p, const char *fmt, ...)
{
    va_list args;
    qk_buf_printf(&p->c->notes, "line %u: %s %s: ", p->line_number, p->pathway, p->keyword);
    va_start(args, fmt);
    qk_buf_vprintf(&p->c->notes, fmt, args);
    va_end(args);
    qk_buf_putc(&p->c->notes, '\n');
}

void *aermod_grow(qk_aermod_vector *v, size_t size, size_t ceiling)
{
    if (v->count >= ceiling) return NULL;
    if (v->count == v->cap) {
        size_t cap = v->cap ? 2 * v->cap : 16;
        void *ptr = realloc(v->ptr, cap * size);
        if (!ptr) return NULL;
        v->ptr = ptr;
        v->cap = cap;
    }
    char *at = (char *)v->ptr + v->count++ * size;
    memset(at, 0, size);
    return at;
}

/* A number as Fortran writes it: the exponent may be D. */
static qk_code parse_number(double *out, qk_str word)
{
    char text[40];
    if (word.len == 0 || word.len >= sizeof text) return QK_EFORMAT;
    for (size_t i = 0; i < word.len; i++)
        text[i] = word.ptr[i] == 'D' || word.ptr[i] == 'd' ? 'e' : word.ptr[i];
    return qk_parse_f64(out, (qk_str){text, word.len});
}

static qk_code bad_number(const aermod_parser *p, int at, qk_error *err)
{
    if (at >= p->count) return aermod_refuse(p, err, QK_EFORMAT, -1, "a number is missing");
    return aermod_refuse(p, err, QK_EFORMAT, at, "'%.*s' is no number",
                         (int)(p->token[at].len < 40 ? p->token[at].len : 40), p->token[at].ptr);
}

qk_code aermod_number(const aermod_parser *p, int at, double *out, qk_error *err)
{
    if (at < p->count && parse_number(out, p->token[at]) == QK_OK) return QK_OK;
    return bad_number(p, at, err);
}

qk_code aermod_whole(const aermod_parser *p, int at, int low, int high, int *out, qk_error *err)
{
    double v = NAN;
    QK_TRY(aermod_number(p, at, &v, err));
    if (!(v >= low && v <= high) || v != floor(v))
        return aermod_refuse(p, err, QK_ERANGE, at, "must be a whole number from %d to %d", low,
                             high);
    *out = (int)v;
    return QK_OK;
}

static void to_upper(char *text)
{
    for (; *text; text++)
        if (*text >= 'a' && *text <= 'z') *text = (char)(*text - 32);
}

qk_code aermod_id(const aermod_parser *p, int at, char out[QK_AERMOD_ID], qk_error *err)
{
    if (at >= p->count) return aermod_refuse(p, err, QK_EFORMAT, -1, "a name is missing");
    if (p->token[at].len >= QK_AERMOD_ID)
        return aermod_refuse(p, err, QK_EFORMAT, at, "a name has at most 12 letters");
    qk_str_copy(out, QK_AERMOD_ID, p->token[at]);
    to_upper(out);
    return QK_OK;
}

bool aermod_is(const aermod_parser *p, int at, const char *word)
{
    return at < p->count && qk_str_eq_nocase(p->token[at], qk_str_of(word));
}

static qk_code push_number(aermod_parser *p, int *count, double v)
{
    if ((size_t)*count == p->number_cap) {
        size_t cap = p->number_cap ? 2 * p->number_cap : 64;
        double *number = cap > LIST_MAX ? NULL : realloc(p->number, cap * sizeof *number);
        if (!number) return QK_ENOMEM;
        p->number = number;
        p->number_cap = cap;
    }
    p->number[(*count)++] = v;
    return QK_OK;
}

qk_code aermod_list(aermod_parser *p, int from, const double **out, int *count, qk_error *err)
{
    *count = 0;
    for (int i = from; i < p->count; i++) {
        qk_str rest = p->token[i], word = qk_str_cut(&rest, '*');
        double v, times = 1;
        if (rest.ptr) {
            if (parse_number(&times, word) != QK_OK || !(times >= 1 && times <= LIST_MAX) ||
                times != floor(times))
                return aermod_refuse(p, err, QK_EFORMAT, i, "the repeat must be a whole number");
            word = rest;
        }
        if (parse_number(&v, word) != QK_OK) return bad_number(p, i, err);
        for (int k = 0; k < (int)times; k++)
            if (push_number(p, count, v) != QK_OK)
                return aermod_refuse(p, err, QK_EFULL, i, "the list is too long");
    }
    *out = p->number;
    return QK_OK;
}

qk_code aermod_path(const aermod_parser *p, int at, char *out, qk_error *err)
{
    if (at >= p->count) return aermod_refuse(p, err, QK_EFORMAT, -1, "a file name is missing");
    if (p->token[at].len >= QK_AERMOD_PATH)
        return aermod_refuse(p, err, QK_EFORMAT, at, "the file name is too long");
    qk_str_copy(out, QK_AERMOD_PATH, p->token[at]);
    return QK_OK;
}

int aermod_find_source(const qk_aermod_case *c, qk_str id)
{
    const qk_aermod_source *s = c->v_source.ptr;
    for (size_t i = 0; i < c->v_source.count; i++)
        if (qk_str_eq_nocase(id, qk_str_of(s[i].id))) return (int)i;
    return -1;
}

int aermod_find_group(const qk_aermod_case *c, qk_str id)
{
    const qk_aermod_group *g = c->v_group.ptr;
    for (size_t i = 0; i < c->v_group.count; i++)
        if (qk_str_eq_nocase(id, qk_str_of(g[i].id))) return (int)i;
    return -1;
}

/* A name as its letters and its last number: STACK12 -> STACK, 12. */
static void split_name(qk_str name, qk_str *letters, int64_t *number)
{
    size_t n = name.len;
    while (n > 0 && qk_is_digit(name.ptr[n - 1]) && name.len - n < 12) n--;
    *letters = (qk_str){name.ptr, n};
    *number = -1;
    if (n == name.len) return;
    if (qk_parse_i64(number, (qk_str){name.ptr + n, name.len - n}) != QK_OK) *number = -1;
}

bool aermod_in_range(const char *id, qk_str word)
{
    qk_str rest = word, from = qk_str_cut(&rest, '-'), letters[3];
    int64_t number[3];
    if (!rest.ptr) return qk_str_eq_nocase(qk_str_of(id), word);
    split_name(from, &letters[0], &number[0]);
    split_name(qk_str_of(id), &letters[1], &number[1]);
    split_name(rest, &letters[2], &number[2]);
    return qk_str_eq_nocase(letters[0], letters[1]) && qk_str_eq_nocase(letters[1], letters[2]) &&
           number[0] <= number[1] && number[1] <= number[2];
}

/* Words are parted by blanks; a name in double quotes may hold some. */
static qk_code split_line(aermod_parser *p, qk_str line, size_t *indent, qk_error *err)
{
    size_t i = 0;
    p->count = 0;
    *indent = 0;
    while (i < line.len) {
        while (i < line.len && (qk_is_space(line.ptr[i]))) i++;
        if (i == line.len) break;
        if (p->count == 0) *indent = i;
        bool quoted = line.ptr[i] == '"';
        size_t from = quoted ? ++i : i;
        while (i < line.len && (quoted ? line.ptr[i] != '"' : !qk_is_space(line.ptr[i]))) i++;
        if (p->count == AERMOD_TOKENS_MAX)
            return aermod_refuse(p, err, QK_EFULL, -1, "more than %d words in a line",
                                 AERMOD_TOKENS_MAX);
        p->token[p->count++] = (qk_str){line.ptr + from, i - from};
        if (quoted && i < line.len) i++;
    }
    return QK_OK;
}

static const char pathways[5][3] = {"CO", "SO", "RE", "ME", "OU"};

static int pathway_index(qk_str word)
{
    for (int i = 0; i < 5; i++)
        if (qk_str_eq_nocase(word, qk_str_of(pathways[i]))) return i;
    return -1;
}

static void drop_first(aermod_parser *p)
{
    p->count--;
    memmove(p->token, p->token + 1, (size_t)p->count * sizeof *p->token);
}

/* Column 13 and beyond without a keyword: the line goes on with the keyword of the line before. */
enum { PARAMETERS_COLUMN = 12 };

static qk_code take_keyword(aermod_parser *p, size_t indent, qk_error *err)
{
    p->continued = indent >= PARAMETERS_COLUMN && p->keyword[0];
    if (p->continued) return QK_OK;
    int at = p->token[0].len == 2 && p->count > 1 ? pathway_index(p->token[0]) : -1;
    if (at >= 0) {
        memcpy(p->pathway, pathways[at], 3);
        drop_first(p);
    }
    qk_str_copy(p->keyword, sizeof p->keyword, p->token[0]);
    to_upper(p->keyword);
    if (p->token[0].len >= sizeof p->keyword || !p->pathway[0])
        return aermod_refuse(p, err, QK_EFORMAT, 0, "no pathway and keyword");
    drop_first(p);
    return QK_OK;
}

static qk_code start_or_finish(aermod_parser *p, qk_error *err)
{
    int at = pathway_index(qk_str_of(p->pathway));
    unsigned bit = 1u << at;
    bool starting = qk_str_eq(qk_str_of(p->keyword), QK_STR("STARTING"));
    if (p->finished & bit) return aermod_refuse(p, err, QK_EFORMAT, -1, "the pathway has ended");
    if (starting) return QK_OK;
    p->finished |= bit;
    if (at == 1) return aermod_finish_sources(p, err);
    if (at == 2) return aermod_finish_receptors(p, err);
    return QK_OK;
}

static const aermod_keyword *find_keyword(const aermod_parser *p)
{
    const aermod_keyword *const tables[] = {aermod_general, aermod_sources, aermod_receptors};
    for (size_t t = 0; t < 3; t++)
        for (const aermod_keyword *k = tables[t]; k->name; k++)
            if (strcmp(k->pathway, p->pathway) == 0 && strcmp(k->name, p->keyword) == 0) return k;
    return NULL;
}

static qk_code read_line(aermod_parser *p, qk_error *err)
{
    size_t indent;
    QK_TRY(split_line(p, p->line, &indent, err));
    if (p->count == 0) return QK_OK;
    QK_TRY(take_keyword(p, indent, err));
    if (strcmp(p->keyword, "STARTING") == 0 || strcmp(p->keyword, "FINISHED") == 0)
        return start_or_finish(p, err);
    const aermod_keyword *k = find_keyword(p);
    if (!k) {
        qk_code code = aermod_refuse(p, err, QK_EUNSUPPORTED, -1, "this keyword is not supported");
        qk_error_hint(err, "the result would not be what it asks for; see 'help disperse'");
        return code;
    }
    if (p->count < k->least)
        return aermod_refuse(p, err, QK_EFORMAT, -1, "%d parameters are needed, %d stand there",
                             k->least, p->count);
    return k->run(p, err);
}

static qk_code read_text(aermod_parser *p, qk_str text, qk_error *err)
{
    while (text.len > 0) {
        p->line = qk_str_cut(&text, '\n');
        p->line_number++;
        if (memchr(p->line.ptr ? p->line.ptr : "", 0, p->line.len))
            return aermod_refuse(p, err, QK_EFORMAT, -1, "a NUL byte: this is no text");
        if (qk_str_starts(qk_str_trim(p->line), QK_STR("**"))) continue;
        QK_TRY(read_line(p, err));
    }
    return QK_OK;
}

/* Reads another file in the place of this line. */
qk_code aermod_include(aermod_parser *p, qk_error *err)
{
    char path[QK_AERMOD_PATH];
    qk_str text;
    QK_TRY(aermod_path(p, 0, path, err));
    if (p->depth == AERMOD_INCLUDE_DEPTH)
        return aermod_refuse(p, err, QK_EFORMAT, 0, "included files nest too deep");
    qk_code code = p->loader->load(p->loader->ctx, path, &text, err);
    if (code != QK_OK) {
        qk_error_at(err, p->name, p->line_number, 0);
        return code;
    }
    const char *name = p->name;
    uint32_t line = p->line_number;
    char *own = qk_arena_copy(&p->c->arena, path, strlen(path));
    if (!own) return aermod_refuse(p, err, QK_ENOMEM, -1, "no memory");
    p->name = own;
    p->line_number = 0;
    p->depth++;
    code = read_text(p, text, err);
    p->depth--;
    p->name = name;
    p->line_number = line;
    return code;
}

static qk_code check_whole(aermod_parser *p, qk_error *err)
{
    for (int i = 0; i < 5; i++) {
        if (p->finished & (1u << i)) continue;
        qk_fail(err, QK_EFORMAT, "the pathway %s is missing or not FINISHED", pathways[i]);
        qk_error_at(err, p->name, p->line_number, 0);
        return QK_EFORMAT;
    }
    QK_TRY(aermod_check_places(p, err));
    return aermod_finish_outputs(p, err);
}

static void share_vectors(qk_aermod_case *c)
{
    c->source = c->v_source.ptr;
    c->source_count = c->v_source.count;
    c->receptor = c->v_receptor.ptr;
    c->receptor_count = c->v_receptor.count;
    c->network = c->v_network.ptr;
    c->network_count = c->v_network.count;
    c->group = c->v_group.ptr;
    c->group_count = c->v_group.count;
    c->output = c->v_output.ptr;
    c->output_count = c->v_output.count;
    c->hourly = c->v_hourly.ptr;
    c->hourly_count = c->v_hourly.count;
}

qk_code qk_aermod_case_read(qk_aermod_case *c, qk_str text, const char *name,
                            const qk_aermod_loader *loader, qk_error *err)
{
    static const double classes[5] = {1.54, 3.09, 5.14, 8.23, 10.8};
    aermod_parser *p = calloc(1, sizeof *p);
    memset(c, 0, sizeof *c);
    qk_arena_init(&c->arena, ARENA_MAX);
    qk_buf_init(&c->notes, NOTES_MAX);
    c->unit_factor = 1e6;
    memcpy(c->unit_label, "MICROGRAMS/M**3", 16);
    memcpy(c->wind_class, classes, sizeof classes);
    c->arm2_low = 0.5;
    c->arm2_high = 0.9;
    if (!p) return qk_fail(err, QK_ENOMEM, "no memory to read a runstream");
    *p = (aermod_parser){.c = c, .loader = loader, .name = name, .elevation_unit = {1, 1, 1}};
    qk_code code = read_text(p, text, err);
    if (code == QK_OK) code = check_whole(p, err);
    share_vectors(c);
    aermod_drop_network(p);
    free(p->number);
    free(p);
    if (code != QK_OK) qk_aermod_case_clear(c);
    return code;
}

void qk_aermod_case_clear(qk_aermod_case *c)
{
    qk_aermod_group *g = c->v_group.ptr;
    for (size_t i = 0; i < c->v_group.count; i++) free(g[i].member);
    free(c->v_source.ptr);
    free(c->v_receptor.ptr);
    free(c->v_network.ptr);
    free(c->v_group.ptr);
    free(c->v_output.ptr);
    free(c->v_hourly.ptr);
    qk_buf_clear(&c->notes);
    qk_arena_clear(&c->arena);
    memset(c, 0, sizeof *c);
}

const char *qk_aermod_average_name(int average)
{
    switch (average) {
    case 1: return "1-HR";
    case 2: return "2-HR";
    case 3: return "3-HR";
    case 4: return "4-HR";
    case 6: return "6-HR";
    case 8: return "8-HR";
    case 12: return "12-HR";
    case 24: return "24-HR";
    case QK_AERMOD_MONTHS: return "MONTH";
    case QK_AERMOD_ANNUAL: return "ANNUAL";
    default: return "PERIOD";
    }
}
