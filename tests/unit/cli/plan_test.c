/* SPDX-License-Identifier: Apache-2.0 */
/* `qingkong plan` as a program: the labelled plans with their scores, the kinds of files, refusals
 * within limits. */
#include "base/file.h"
#include "base/json.h"
#include "base/time.h"
#include "../test.h"
#include <archive.h>
#include <archive_entry.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PLAN                                                                \
    "青泽县2026年净气方案\n一、重点任务\n（一）扬尘\n1." \
    "加强工地抑尘。9月底前装好48台喷雾机。（县住建局牵头，县城管局配合）\n"

typedef struct run {
    qk_buf out;
    int status;
    int64_t took_ms;
} run;

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static run shell(const char *command)
{
    run r = {.took_ms = now_ms()};
    char chunk[65536];
    size_t n;
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    qk_buf_init(&r.out, 1u << 28);
    while ((n = fread(chunk, 1, sizeof chunk, pipe)) > 0) qk_buf_append(&r.out, chunk, n);
    r.status = WEXITSTATUS(pclose(pipe));
    r.took_ms = now_ms() - r.took_ms;
    qk_buf_putc(&r.out, '\0');
    return r;
}

static run plan(const char *part, const char *path)
{
    char command[1400];
    snprintf(command, sizeof command, "%s plan %s '%s' 2>&1", getenv("QK_PROGRAM"), part, path);
    return shell(command);
}

static void write_file(char *path, const void *bytes, size_t len)
{
    snprintf(path, 64, "/tmp/qk-plan-XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_ok(qk_write_all(fd, bytes, len, NULL));
    close(fd);
}

/* Compiles the bytes as a file; the caller looks at status and text. */
static run plan_bytes(const char *part, const void *bytes, size_t len)
{
    char path[64];
    write_file(path, bytes, len);
    run r = plan(part, path);
    unlink(path);
    return r;
}

static void assert_refused(run r, const char *word)
{
    if (r.status != 1 || !strstr(r.out.ptr, word))
        print_message("status %d: %.300s\n", r.status, r.out.ptr);
    assert_int_equal(r.status, 1);
    assert_non_null(strstr(r.out.ptr, word));
    qk_buf_clear(&r.out);
}

static void score_one(const char *name, double *worst)
{
    char labels[512], text[512], tool[512], command[2400];
    char file[64];
    snprintf(file, sizeof file, "mission/plans/%s.txt", name);
    if (!qk_test_shared(text, sizeof text, file)) skip();
    snprintf(file, sizeof file, "mission/labels/%s.json", name);
    if (!qk_test_shared(labels, sizeof labels, file)) skip();
    if (!qk_test_shared(tool, sizeof tool, "tools/plan_score.py")) skip();
    snprintf(
        command, sizeof command,
        "t=$(mktemp) && %s plan compile '%s' >$t && python3 '%s' '%s' $t; s=$?; rm -f $t; exit $s",
        getenv("QK_PROGRAM"), text, tool, labels);
    run r = shell(command);
    print_message("%s\n%s", name, r.out.ptr);
    assert_int_equal(r.status, 0);
    char *last = strstr(r.out.ptr, "\nF1 ");
    double f1 = 0;
    assert_non_null(last);
    assert_ok(qk_parse_f64(&f1, qk_str_trim(qk_str_of(last + 4))));
    if (f1 < *worst) *worst = f1;
    qk_buf_clear(&r.out);
}

static void test_S001_plan_program__scores_on_the_labelled_plans(void **state)
{
    double worst = 1;
    (void)state;
    if (system("python3 -c pass") != 0) {
        print_message("missing: python3\n");
        skip();
    }
    score_one("mengzhou-2025", &worst);
    score_one("mengjin-2024", &worst);
    score_one("shanyang-2022", &worst);
    assert_true(worst >= 0.97);
}

/* The counts that a careful reader of the five plans made. */
static void test_S001_plan_program__finds_every_numbered_item(void **state)
{
    static const struct {
        const char *name;
        size_t tasks, safeguards, rows;
    } plans[] = {{"mengzhou-2025", 26, 3, 12},
                 {"mengjin-2024", 34, 3, 0},
                 {"shanyang-2022", 43, 6, 0},
                 {"jiyuan-2021-2025", 37, 7, 57},
                 {"xiping-2024", 29, 4, 0}};
    (void)state;
    for (size_t i = 0; i < QK_ARRAY_COUNT(plans); i++) {
        char file[64], path[512];
        qk_arena arena;
        qk_json_value *json;
        size_t rows = 0;
        snprintf(file, sizeof file, "mission/plans/%s.txt", plans[i].name);
        if (!qk_test_shared(path, sizeof path, file)) skip();
        run r = plan("compile --no-spans", path);
        assert_int_equal(r.status, 0);
        qk_arena_init(&arena, 64 << 20);
        assert_ok(qk_json_parse(&json, qk_str_of(r.out.ptr), &arena, NULL));
        for (const qk_json_value *t = qk_json_get(json, "tables")->first; t; t = t->next)
            rows += qk_json_get(t, "rows")->count;
        assert_int_equal(qk_json_get(json, "tasks")->count, plans[i].tasks);
        assert_int_equal(qk_json_get(json, "safeguards")->count, plans[i].safeguards);
        assert_int_equal(rows, plans[i].rows);
        qk_arena_clear(&arena);
        qk_buf_clear(&r.out);
    }
}

static void test_S006_plan_program__finds_the_known_defects(void **state)
{
    static const struct {
        const char *name, *words[12];
    } plans[] = {
        {"mengzhou-2025",
         {"10 × 2 = 20", "序号 4 起", "number_missing", "duty_pasted", "headings_differ",
          "26 项中 16 项", "no_time_after_filing", "new_with_grade", "class_without_list",
          "水泥罐车：基本；商砼车：80%"}},
        {"mengjin-2024",
         {"= 162 天", "share_over_100", "3 ÷ 365 = 0.82 %", "266 ÷ 365", "41 组责任", "市工信局",
          "unit_two_names", "后空四字", "aim_unmeasured", "渣土车：逐步；渣土运输车：基本"}},
        {"shanyang-2022",
         {"person_two_units", "unit_two_persons", "no_person", "35吨", "dust_mixed",
          "deadline_beyond", "rule_overlap", "other_level", "3 种写法", "3 个与 6 个"}},
        {"jiyuan-2021-2025", {"standard_2026", "no_duty"}},
        {"xiping-2024", {"standard_2026"}},
    };
    (void)state;
    for (size_t i = 0; i < QK_ARRAY_COUNT(plans); i++) {
        char file[64], path[512];
        snprintf(file, sizeof file, "mission/plans/%s.txt", plans[i].name);
        if (!qk_test_shared(path, sizeof path, file)) skip();
        run r = plan("check", path);
        assert_int_equal(r.status, 0);
        for (size_t k = 0; k < 12 && plans[i].words[k]; k++) {
            if (!strstr(r.out.ptr, plans[i].words[k]))
                print_message("%s: no %s\n", plans[i].name, plans[i].words[k]);
            assert_non_null(strstr(r.out.ptr, plans[i].words[k]));
        }
        /* positive controls: shares that fit their days, counts that fit their annex, whole
         * numbering */
        static const char *const silent[] = {"days_differ",    "rows_differ",     "list_differs",
                                             "numbering_gap",  "numbering_start", "parts_differ",
                                             "values_conflict"};
        for (size_t k = 0; k < QK_ARRAY_COUNT(silent); k++)
            assert_null(strstr(r.out.ptr, silent[k]));
        qk_buf_clear(&r.out);
    }
}

/* What the plans of neighbours and of the city above say otherwise. */
static void test_S006_plan_program__holds_a_plan_against_another(void **state)
{
    static const struct {
        const char *plan, *other, *words[4];
    } pairs[] = {
        {"shanyang-2022", "mengjin-2024", {"七个百分之百", "3吨以下", "国二以下"}},
        {"mengjin-2024", "mengzhou-2025", {"100 % ≠ 70 %"}},
        {"shanyang-2022",
         "jiyuan-2021-2025",
         {"8 t/(km2·month) ≠ 7.5 t/(km2·month)", "95 % ≠ 93 %"}},
        {"mengzhou-2025", "mengzhou-2025", {0}},
    };
    (void)state;
    for (size_t i = 0; i < QK_ARRAY_COUNT(pairs); i++) {
        char file[64], path[512], other[512], part[600];
        snprintf(file, sizeof file, "mission/plans/%s.txt", pairs[i].plan);
        if (!qk_test_shared(path, sizeof path, file)) skip();
        snprintf(file, sizeof file, "mission/plans/%s.txt", pairs[i].other);
        if (!qk_test_shared(other, sizeof other, file)) skip();
        snprintf(part, sizeof part, "check --against '%s'", other);
        run r = plan(part, path);
        assert_int_equal(r.status, 0);
        for (size_t k = 0; k < 4 && pairs[i].words[k]; k++)
            assert_non_null(strstr(r.out.ptr, pairs[i].words[k]));
        if (!pairs[i].words[0]) assert_null(strstr(r.out.ptr, "\"other_"));
        qk_buf_clear(&r.out);
    }
}

/* A zip archive with one stored or deflated part. */
static size_t make_zip(char *out, size_t size, const char *part, const char *head, const char *fill,
                       size_t times, const char *tail)
{
    size_t used = 0, n = strlen(fill);
    struct archive *a = archive_write_new();
    struct archive_entry *e = archive_entry_new();
    archive_write_set_format_zip(a);
    assert_int_equal(archive_write_open_memory(a, out, size, &used), ARCHIVE_OK);
    archive_entry_set_pathname(e, part);
    archive_entry_set_filetype(e, AE_IFREG);
    archive_entry_set_size(e, (la_int64_t)(strlen(head) + n * times + strlen(tail)));
    assert_int_equal(archive_write_header(a, e), ARCHIVE_OK);
    archive_write_data(a, head, strlen(head));
    char block[1 << 16];
    size_t per = sizeof block / (n ? n : 1), left = n ? times : 0;
    for (size_t i = 0; i < per && n; i++) memcpy(block + i * n, fill, n);
    for (; left > 0; left -= left < per ? left : per)
        archive_write_data(a, block, n * (left < per ? left : per));
    archive_write_data(a, tail, strlen(tail));
    archive_entry_free(e);
    assert_int_equal(archive_write_close(a), ARCHIVE_OK);
    archive_write_free(a);
    return used;
}

#define W_HEAD                                           \
    "<?xml version='1.0' encoding='UTF-8'?><w:document " \
    "xmlns:w='http://schemas.openxmlformats.org/wordprocessingml/2006/main'><w:body>"
#define W_TAIL    "</w:body></w:document>"
#define W_P(text) "<w:p><w:r><w:t>" text "</w:t></w:r></w:p>"

static char zip[1 << 21];

static void test_S001_plan_program__reads_docx(void **state)
{
    size_t n = make_zip(
        zip, sizeof zip, "word/document.xml", W_HEAD, "", 0,
        W_P("青泽县2026年净气方案") W_P("一、重点任务") W_P(
            "1.加强工地抑尘。9月底前装好48台喷雾机。（县住建局牵头）") W_P("附表1")
            W_P("清单") "<w:tbl><w:tr><w:tc>" W_P("类别") "</w:tc><w:tc>" W_P(
                "企业") "</w:tc></w:tr>"
                        "<w:tr><w:tc><w:tcPr><w:vMerge w:val='restart'/></w:tcPr>" W_P(
                            "工业") "</w:tc><w:tc>" W_P("甲厂") "</w:tc></w:tr>"
                                                                "<w:tr><w:tc><w:tcPr><w:vMerge/></"
                                                                "w:tcPr>" W_P(
                                                                    "") "</"
                                                                        "w:tc><w:tc>" W_P(
                                                                            "乙厂") "</"
                                                                                    "w:"
                                                                                    "tc><"
                                                                                    "/w:"
                                                                                    "tr><"
                                                                                    "/w:"
                                                                                    "tbl"
                                                                                    ">" W_TAIL);
    (void)state;
    run r = plan_bytes("compile --no-spans", zip, n);
    assert_int_equal(r.status, 0);
    assert_non_null(strstr(r.out.ptr, "县住建局"));
    assert_non_null(strstr(r.out.ptr, "2026-09-30"));
    /* the merged cell is that of both rows */
    const char *first = strstr(r.out.ptr, "工业");
    assert_true(first && strstr(first + 3, "工业"));
    qk_buf_clear(&r.out);
}

static void test_plan_program__refuses_hostile_docx_within_limits(void **state)
{
    size_t n;
    (void)state;
    n = make_zip(zip, sizeof zip, "word/document.xml", W_HEAD, " ", 200u << 20, W_TAIL);
    run bomb = plan_bytes("compile", zip, n);
    assert_true(bomb.took_ms < 20000);
    assert_refused(bomb, "unpacks to more");
    n = make_zip(zip, sizeof zip, "word/document.xml", "<!DOCTYPE a [<!ENTITY b 'bb'>]><a>&b;</a>",
                 "", 0, "");
    assert_refused(plan_bytes("compile", zip, n), "DOCTYPE");
    n = make_zip(zip, sizeof zip, "word/document.xml", W_HEAD, "<w:p>", 5000, "");
    assert_refused(plan_bytes("compile", zip, n), "nested");
    n = make_zip(zip, sizeof zip, "word/document.xml", W_HEAD "<w:p></w:q>", "", 0, "");
    assert_refused(plan_bytes("compile", zip, n), "broken XML");
    n = make_zip(zip, sizeof zip, "xl/workbook.xml", "<a/>", "", 0, "");
    assert_refused(plan_bytes("compile", zip, n), "word/document.xml");
    assert_refused(plan_bytes("compile", zip, 30), "archive");
}

/* A pdf by hand: one page, no text on it. */
static const char scan[] =
    "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count "
    "1>>endobj\n"
    "3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>endobj\ntrailer<</Root 1 0 R>>\n";

static void test_plan_program__refuses_what_holds_no_plan(void **state)
{
    (void)state;
    assert_refused(plan_bytes("compile", scan, sizeof scan - 1), "holds no text");
    assert_refused(plan_bytes("compile", "%PDF-1.7 rubbish", 16), "pdf");
    assert_refused(plan_bytes("compile", "", 0), "no text");
    assert_refused(plan_bytes("compile", "今天下雨，大家都在家里。\n", 37), "no plan");
    assert_refused(plan_bytes("compile", "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1 doc", 12),
                   "docx or pdf");
    assert_refused(plan_bytes("compile", "\x89PNG\r\n\x1A\n", 8), "picture");
    assert_refused(plan("compile", "/nonexistent.txt"), "cannot open");
}

static void test_plan_program__refuses_fifty_megabytes_of_rubbish(void **state)
{
    enum { SIZE = 50 << 20 };
    char *bytes = malloc(SIZE);
    uint64_t seed = 7;
    (void)state;
    assert_non_null(bytes);
    for (size_t i = 0; i < SIZE; i += 8) {
        uint64_t v = qk_test_random(&seed);
        memcpy(bytes + i, &v, 8);
    }
    run r = plan_bytes("compile", bytes, SIZE);
    assert_true(r.took_ms < 20000);
    assert_refused(r, "larger than");
    /* as much as is taken, without a zero byte in it */
    for (size_t i = 0; i < 15 << 20; i++) bytes[i] = (char)(bytes[i] | 1);
    run inside = plan_bytes("compile", bytes, 15 << 20);
    assert_int_equal(inside.status, 1);
    assert_true(inside.took_ms < 20000);
    qk_buf_clear(&inside.out);
    free(bytes);
}

static void test_S001_plan_program__reads_other_encodings(void **state)
{
    char command[1400], path[64];
    static const char *const charsets[] = {"GB18030", "UTF-16"};
    (void)state;
    write_file(path, PLAN, sizeof PLAN - 1);
    for (size_t i = 0; i < 2; i++) {
        snprintf(command, sizeof command,
                 "iconv -f UTF-8 -t %s '%s' | %s plan compile --no-spans - 2>&1", charsets[i], path,
                 getenv("QK_PROGRAM"));
        run r = shell(command);
        assert_int_equal(r.status, 0);
        assert_non_null(strstr(r.out.ptr, "县住建局"));
        qk_buf_clear(&r.out);
    }
    unlink(path);
}

static void test_plan_program__says_how_it_is_used(void **state)
{
    (void)state;
    run r = plan("compile", "a' 'b");
    assert_int_equal(r.status, 2);
    qk_buf_clear(&r.out);
    r = plan("compose", "a");
    assert_int_equal(r.status, 2);
    qk_buf_clear(&r.out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_S001_plan_program__scores_on_the_labelled_plans),
        cmocka_unit_test(test_S001_plan_program__finds_every_numbered_item),
        cmocka_unit_test(test_S006_plan_program__finds_the_known_defects),
        cmocka_unit_test(test_S006_plan_program__holds_a_plan_against_another),
        cmocka_unit_test(test_S001_plan_program__reads_docx),
        cmocka_unit_test(test_plan_program__refuses_hostile_docx_within_limits),
        cmocka_unit_test(test_plan_program__refuses_what_holds_no_plan),
        cmocka_unit_test(test_plan_program__refuses_fifty_megabytes_of_rubbish),
        cmocka_unit_test(test_S001_plan_program__reads_other_encodings),
        cmocka_unit_test(test_plan_program__says_how_it_is_used),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
