/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/report.h"
#include <stdarg.h>
#include <stdio.h>

enum { TEXT_MAX = 1200 };
enum { HEAD, SENTENCES, TABLES, ROWS };

static void put_pair(qk_json_writer *w, const char *zh, const char *en)
{
    qk_json_kcstr(w, "zh", zh);
    qk_json_kcstr(w, "en", en);
}

void qk_report_begin(qk_report *r, qk_buf *out, const char *title_zh, const char *title_en)
{
    *r = (qk_report){.depth = HEAD};
    qk_json_init(&r->w, out);
    qk_json_object(&r->w);
    qk_json_kcstr(&r->w, "title_zh", title_zh);
    qk_json_kcstr(&r->w, "title_en", title_en);
    qk_json_key(&r->w, "sections");
    qk_json_array(&r->w);
}

static void close_table(qk_report *r)
{
    if (r->depth != ROWS) return;
    for (; r->cell && r->cell < r->columns; r->cell++) qk_json_cstr(&r->w, "");
    if (r->cell) qk_json_end(&r->w);
    qk_json_end(&r->w);
    qk_json_end(&r->w);
    r->depth = TABLES;
}

static void to_tables(qk_report *r)
{
    close_table(r);
    if (r->depth != SENTENCES) return;
    qk_json_end(&r->w);
    qk_json_key(&r->w, "tables");
    qk_json_array(&r->w);
    r->depth = TABLES;
}

static void close_section(qk_report *r)
{
    if (r->depth == HEAD) return;
    to_tables(r);
    qk_json_end(&r->w);
    qk_json_end(&r->w);
    r->depth = HEAD;
}

void qk_report_section(qk_report *r, const char *code, const char *zh, const char *en)
{
    close_section(r);
    qk_json_object(&r->w);
    qk_json_kcstr(&r->w, "code", code);
    qk_json_kcstr(&r->w, "heading_zh", zh);
    qk_json_kcstr(&r->w, "heading_en", en);
    qk_json_key(&r->w, "paragraphs");
    qk_json_array(&r->w);
    r->depth = SENTENCES;
}

/* Cut to whole characters. */
static void put_printed(qk_json_writer *w, const char *name, const char *fmt, va_list args)
    QK_PRINTF(3, 0);
static void put_printed(qk_json_writer *w, const char *name, const char *fmt, va_list args)
{
    char text[TEXT_MAX];
    int n = vsnprintf(text, sizeof text, fmt, args);
    size_t len = n < 0 ? 0 : (size_t)n < sizeof text ? (size_t)n : sizeof text - 1;
    if (name) qk_json_key(w, name);
    qk_json_str(w, (qk_str){text, qk_utf8_cut((qk_str){text, len})});
}

void qk_report_say(qk_report *r, const char *zh, const char *en, ...)
{
    va_list args;
    if (r->depth != SENTENCES) return;
    qk_json_object(&r->w);
    va_start(args, en);
    put_printed(&r->w, "zh", zh, args);
    va_end(args);
    va_start(args, en);
    put_printed(&r->w, "en", en, args);
    va_end(args);
    qk_json_end(&r->w);
}

void qk_report_table(qk_report *r, const char *zh, const char *en, const qk_report_column *columns,
                     size_t count)
{
    if (r->depth == HEAD) return;
    to_tables(r);
    r->columns = count;
    r->cell = 0;
    qk_json_object(&r->w);
    qk_json_kcstr(&r->w, "caption_zh", zh);
    qk_json_kcstr(&r->w, "caption_en", en);
    qk_json_key(&r->w, "head");
    qk_json_array(&r->w);
    for (size_t i = 0; i < count; i++) {
        qk_json_object(&r->w);
        put_pair(&r->w, columns[i].zh, columns[i].en);
        qk_json_ki64(&r->w, "share", columns[i].share);
        qk_json_end(&r->w);
    }
    qk_json_end(&r->w);
    qk_json_key(&r->w, "rows");
    qk_json_array(&r->w);
    r->depth = ROWS;
}

static bool next_cell(qk_report *r)
{
    if (r->depth != ROWS || !r->columns) return false;
    if (r->cell == r->columns) {
        qk_json_end(&r->w);
        r->cell = 0;
    }
    if (r->cell++ == 0) qk_json_array(&r->w);
    return true;
}

void qk_report_cell(qk_report *r, const char *fmt, ...)
{
    va_list args;
    if (!next_cell(r)) return;
    va_start(args, fmt);
    put_printed(&r->w, NULL, fmt, args);
    va_end(args);
}

void qk_report_words(qk_report *r, const char *zh, const char *en)
{
    if (!next_cell(r)) return;
    qk_json_object(&r->w);
    put_pair(&r->w, zh, en);
    qk_json_end(&r->w);
}

void qk_report_end(qk_report *r)
{
    close_section(r);
    qk_json_end(&r->w);
    qk_json_end(&r->w);
}
