/* SPDX-License-Identifier: Apache-2.0 */
#include "store/files.h"
#include "store_test.h"
#include <dirent.h>
#include <errno.h>
#include <math.h>

/* ---- a machine that fails: the Nth call of one kind ---- */

static struct {
    const char *call;
    int error;
    unsigned at, calls, faults;
} plan;

static bool faulty(const char *call)
{
    if (!plan.call || strcmp(plan.call, call) != 0 || ++plan.calls != plan.at) return false;
    plan.faults++;
    errno = plan.error;
    return true;
}

#define WRAPPED(type, name, bad, params, args)             \
    type __real_##name params;                             \
    type __wrap_##name params;                             \
    type __wrap_##name params                              \
    {                                                      \
        return faulty(#name) ? (bad) : __real_##name args; \
    }

WRAPPED(void *, malloc, NULL, (size_t size), (size))
WRAPPED(void *, calloc, NULL, (size_t n, size_t size), (n, size))
WRAPPED(ssize_t, write, -1, (int fd, const void *bytes, size_t len), (fd, bytes, len))
WRAPPED(ssize_t, pread64, -1, (int fd, void *bytes, size_t len, off_t at), (fd, bytes, len, at))
WRAPPED(ssize_t, read, -1, (int fd, void *bytes, size_t len), (fd, bytes, len))
WRAPPED(int, fsync, -1, (int fd), (fd))
WRAPPED(int, rename, -1, (const char *from, const char *to), (from, to))
WRAPPED(int, fchmod, -1, (int fd, mode_t mode), (fd, mode))
WRAPPED(int, mkostemp64, -1, (char *name, int flags), (name, flags))
WRAPPED(int, mkdir, -1, (const char *path, mode_t mode), (path, mode))

/* ---- helpers ---- */

static qk_files *open_files(uint64_t ceiling)
{
    qk_files *f = NULL;
    qk_error err = {0};
    if (qk_files_open(&f, qk_test_dir, ceiling, &err) != QK_OK) fail_msg("%s", err.message);
    return f;
}

static qk_db *open_store(void)
{
    qk_db *db = NULL;
    qk_error err = {0};
    if (qk_db_open(&db, qk_test_path("store.db"), NULL, &err) != QK_OK) fail_msg("%s", err.message);
    return db;
}

static char *stored_path(const char *sha256)
{
    char name[128];
    snprintf(name, sizeof name, "files/%.2s/%s", sha256, sha256);
    return qk_test_path(name);
}

static unsigned entries_of(const char *path)
{
    unsigned n = 0;
    DIR *folder = opendir(path);
    assert_non_null(folder);
    while (readdir(folder)) n++;
    closedir(folder);
    return n - 2;
}

static const char *type_of(qk_files *f, const void *bytes, size_t len)
{
    static char type[QK_FILE_TYPE_MAX];
    qk_file_id id;
    qk_error err = {0};
    qk_code code = qk_files_put(f, &id, bytes, len, &err);
    if (code == QK_EUNSUPPORTED) {
        assert_true(err.message[0] != '\0' && err.hint[0] != '\0');
        return "refused";
    }
    if (code != QK_OK) return qk_code_name(code);
    memcpy(type, id.type, sizeof type);
    return type;
}

static const char *type_of_text(qk_files *f, const char *text)
{
    return type_of(f, text, strlen(text));
}

/* A ZIP container of empty entries with these names. */
static size_t make_zip(unsigned char *out, const char *const *names, const char *comment)
{
    unsigned char directory[2048];
    size_t len = 0, dir_len = 0, entries = 0;
    for (; names[entries]; entries++) {
        size_t n = strlen(names[entries]);
        unsigned char local[30] = {'P', 'K', 3, 4, [26] = (unsigned char)n};
        unsigned char central[46] = {'P', 'K', 1, 2, [28] = (unsigned char)n};
        memcpy(directory + dir_len, central, 46);
        memcpy(directory + dir_len + 46, names[entries], n);
        dir_len += 46 + n;
        memcpy(out + len, local, 30);
        memcpy(out + len + 30, names[entries], n);
        len += 30 + n;
    }
    unsigned char end[22] = {'P',
                             'K',
                             5,
                             6,
                             [10] = (unsigned char)entries,
                             [12] = (unsigned char)dir_len,
                             [13] = (unsigned char)(dir_len >> 8),
                             [16] = (unsigned char)len,
                             [17] = (unsigned char)(len >> 8),
                             [20] = (unsigned char)strlen(comment)};
    memcpy(out + len, directory, dir_len);
    len += dir_len;
    memcpy(out + len, end, sizeof end);
    len += sizeof end;
    memcpy(out + len, comment, strlen(comment));
    return len + strlen(comment);
}

/* ---- content ---- */

static void test_S219_files__content_is_named_by_its_hash_and_kept_once(void **state)
{
    (void)state;
    static const char abc[] = "abc";
    qk_files *f = open_files(0);
    qk_file_id id, again;
    qk_error err = {0};
    assert_ok(qk_files_put(f, &id, abc, 3, &err));
    /* FIPS 180-4, example of SHA-256 */
    assert_string_equal(id.sha256,
                        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_int_equal(id.size, 3);
    assert_string_equal(id.type, "txt");
    assert_ok(qk_files_put(f, &again, abc, 3, &err));
    assert_string_equal(id.sha256, again.sha256);
    assert_int_equal(entries_of(qk_test_path("files")), 1);
    assert_int_equal(entries_of(qk_test_path("files/ba")), 1);
    struct stat st;
    assert_ok(stat(stored_path(id.sha256), &st));
    assert_int_equal(st.st_mode & 0777, 0440);
    qk_buf buf;
    qk_buf_init(&buf, 100);
    qk_buf_puts(&buf, "before:");
    assert_ok(qk_files_read(f, &buf, id.sha256, &err));
    assert_string_equal(buf.ptr, "before:abc");
    qk_buf_clear(&buf);
    int fd = -1;
    assert_ok(qk_files_fd(f, &fd, id.sha256, &err));
    close(fd);
    assert_true(qk_files_exists(f, id.sha256));
    again.sha256[0] = 'c';
    assert_false(qk_files_exists(f, again.sha256));
    assert_int_equal(qk_files_fd(f, &fd, again.sha256, &err), QK_ENOTFOUND);
    qk_files_close(f);
}

static void test_S219_files__streams_from_a_descriptor_up_to_the_ceiling(void **state)
{
    (void)state;
    enum { LEN = 700001 };
    char *text = malloc(LEN + 1);
    qk_files *f = open_files(LEN);
    qk_file_id id, same;
    qk_error err = {0};
    assert_non_null(text);
    for (size_t i = 0; i <= LEN; i++) text[i] = i % 80 == 79 ? '\n' : (char)('a' + i % 26);
    qk_test_write(qk_test_path("in"), text, LEN);
    int fd = open(qk_test_path("in"), O_RDONLY | O_CLOEXEC);
    assert_ok(qk_files_put_fd(f, &id, fd, &err));
    close(fd);
    assert_int_equal(id.size, LEN);
    assert_ok(qk_files_put(f, &same, text, LEN, &err));
    assert_string_equal(id.sha256, same.sha256);
    assert_int_equal(qk_files_put(f, &id, text, LEN + 1, &err), QK_EFULL);
    assert_int_equal(qk_files_put(f, &id, "", 0, &err), QK_EINVAL);
    assert_int_equal(qk_files_put(f, &id, NULL, 5, &err), QK_EINVAL);
    assert_int_equal(entries_of(qk_test_path("files")), 1);
    free(text);
    qk_files_close(f);
}

static void test_S219_files__type_is_told_by_the_content(void **state)
{
    (void)state;
    static const char *const docx[] = {"[Content_Types].xml", "_rels/.rels", "word/document.xml",
                                       NULL};
    static const char *const xlsx[] = {"[Content_Types].xml", "xl/workbook.xml", NULL};
    static const char *const macros[] = {"[Content_Types].xml", "word/document.xml",
                                         "word/vbaProject.bin", NULL};
    static const char *const both[] = {"[Content_Types].xml", "word/document.xml",
                                       "xl/workbook.xml", NULL};
    static const char *const other[] = {"a.txt", NULL};
    unsigned char zip[8192];
    qk_files *f = open_files(0);
    assert_string_equal(type_of(f, zip, make_zip(zip, docx, "")), "docx");
    assert_string_equal(type_of(f, zip, make_zip(zip, docx, "a comment")), "docx");
    assert_string_equal(type_of(f, zip, make_zip(zip, xlsx, "")), "xlsx");
    assert_string_equal(type_of(f, zip, make_zip(zip, macros, "")), "refused");
    assert_string_equal(type_of(f, zip, make_zip(zip, both, "")), "refused");
    assert_string_equal(type_of(f, zip, make_zip(zip, other, "")), "refused");
    size_t len = make_zip(zip, docx, "");
    for (size_t cut = 1; cut + 2 < len; cut++)
        assert_string_equal(type_of(f, zip, len - cut), "refused");
    assert_string_equal(type_of(f, "\x89PNG\r\n\x1a\n....", 12), "png");
    assert_string_equal(type_of(f, "\xff\xd8\xff\xe0....", 8), "jpeg");
    assert_string_equal(type_of_text(f, "%PDF-1.7\n..."), "pdf");
    assert_string_equal(type_of_text(f, "晴空，一次巡查记录。\r\n"), "txt");
    assert_string_equal(type_of_text(f, "\xef\xbb\xbfstation,PM2.5\n一号,35\n"), "csv");
    assert_string_equal(type_of_text(f, "a\tb\n1\t2"), "csv");
    assert_string_equal(type_of_text(f, "a,b\n\"x, \"\"y\"\"\nz\",2\n"), "csv");
    assert_string_equal(type_of_text(f, "a,b\n1,2,3\n"), "txt");
    assert_string_equal(type_of_text(f, "a,b\n"), "txt");
    assert_string_equal(type_of_text(f, "<!DOCTYPE html><script>"), "refused");
    assert_string_equal(type_of_text(f, "\xef\xbb\xbf \n<svg>"), "refused");
    assert_string_equal(type_of_text(f, "\x7f"
                                        "ELF"),
                        "refused");
    assert_string_equal(type_of_text(f, "MZ\x90"), "refused");
    assert_string_equal(type_of(f, "a\0b", 3), "refused");
    assert_string_equal(type_of_text(f, "\xc7\xe7\xbf\xd5"), "refused"); /* GBK */
    assert_string_equal(type_of_text(f, "GIF89a\x01"), "refused");
    assert_string_equal(qk_file_media_type("pdf"), "application/pdf");
    assert_string_equal(qk_file_media_type("exe"), "application/octet-stream");
    qk_files_close(f);
}

static void test_S219_files__long_text_is_checked_to_its_end(void **state)
{
    (void)state;
    enum { LEN = 200000 };
    char *text = malloc(LEN);
    qk_files *f = open_files(0);
    assert_non_null(text);
    /* Characters of three bytes lie across every border of a piece that is read. */
    for (size_t shift = 0; shift < 3; shift++) {
        size_t len = shift;
        memset(text, 'a', shift);
        for (; len + 3 <= LEN; len += 3) memcpy(text + len, "空", 3);
        assert_string_equal(type_of(f, text, len), "txt");
        assert_string_equal(type_of(f, text, len - 1), "refused");
        text[len - 4] = '\x01';
        assert_string_equal(type_of(f, text, len), "refused");
    }
    free(text);
    qk_files_close(f);
}

static void test_S219_files__names_from_outside_reach_nothing_else(void **state)
{
    (void)state;
    static const char *const names[] = {
        "",
        "..",
        "../store.db",
        "ba/../../store.db",
        "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD",
        "../../../../../../../../../../../../../../../../../../etc/passwd",
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad0"};
    qk_files *f = open_files(0);
    for (size_t i = 0; i < QK_ARRAY_COUNT(names); i++) {
        int fd = -1;
        assert_int_equal(qk_files_fd(f, &fd, names[i], NULL), QK_EINVAL);
        assert_int_equal(fd, -1);
        assert_false(qk_files_exists(f, names[i]));
    }
    qk_files_close(f);
}

static void test_S219_files__a_damaged_file_is_told_and_healed_by_the_same_content(void **state)
{
    (void)state;
    qk_files *f = open_files(0);
    qk_file_id id;
    qk_error err = {0};
    qk_buf buf;
    qk_buf_init(&buf, 1000);
    assert_ok(qk_files_put(f, &id, "evidence", 8, &err));
    assert_ok(chmod(stored_path(id.sha256), 0640));
    qk_test_write(stored_path(id.sha256), "Evidence", 8);
    assert_int_equal(qk_files_read(f, &buf, id.sha256, &err), QK_EDAMAGED);
    assert_int_equal(buf.len, 0);
    assert_ok(qk_files_put(f, &id, "evidence", 8, &err));
    assert_ok(qk_files_read(f, &buf, id.sha256, &err));
    assert_string_equal(buf.ptr, "evidence");
    qk_buf_clear(&buf);
    qk_files_close(f);
}

static void test_files__leftovers_of_a_crash_are_removed(void **state)
{
    (void)state;
    qk_files_close(open_files(0));
    qk_test_write(qk_test_path("files/.put-abcdef"), "half", 4);
    qk_files_close(open_files(0));
    assert_int_equal(entries_of(qk_test_path("files")), 0);
}

static void test_files__a_put_is_whole_whatever_call_fails(void **state)
{
    (void)state;
    static const struct {
        const char *call;
        int error;
        qk_code code;
    } cases[] = {
        {"malloc", ENOMEM, QK_ENOMEM}, {"write", ENOSPC, QK_ENOSPC}, {"write", EIO, QK_EIO},
        {"write", EINTR, QK_OK},       {"pread64", EIO, QK_EIO},     {"pread64", EINTR, QK_OK},
        {"read", EIO, QK_EIO},         {"fsync", EIO, QK_EIO},       {"fsync", ENOSPC, QK_ENOSPC},
        {"rename", ENOSPC, QK_ENOSPC}, {"fchmod", EIO, QK_EIO},      {"mkostemp64", EMFILE, QK_EIO},
        {"mkdir", ENOSPC, QK_ENOSPC},
    };
    for (size_t i = 0; i < QK_ARRAY_COUNT(cases); i++) {
        unsigned faults = 0;
        for (unsigned n = 1; n < 100; n++) {
            qk_file_id id;
            qk_error err = {0};
            qk_files_check check;
            qk_test_remove(qk_test_path("files"));
            qk_files *f = open_files(0);
            qk_test_write(qk_test_path("in"), "some text to keep", 17);
            int fd = open(qk_test_path("in"), O_RDONLY | O_CLOEXEC);
            plan.call = cases[i].call;
            plan.error = cases[i].error;
            plan.at = n;
            plan.calls = plan.faults = 0;
            qk_code code = qk_files_put_fd(f, &id, fd, &err);
            plan.call = NULL;
            close(fd);
            faults += plan.faults;
            /* Beside the named file, when it got its name, there is nothing. */
            qk_db *db = open_store();
            assert_ok(qk_files_verify(&check, qk_test_dir, db, NULL, NULL, &err));
            qk_db_close(db);
            assert_int_equal(check.damaged + check.missing, 0);
            assert_true(entries_of(qk_test_path("files")) <= 1);
            if (plan.faults) assert_int_equal(code, cases[i].code);
            if (code == QK_OK) assert_int_equal(check.files, 1);
            assert_ok(qk_files_put(f, &id, "some text to keep", 17, &err));
            qk_files_close(f);
            if (plan.faults == 0) break;
        }
        if (faults == 0) fail_msg("%s was never called", cases[i].call);
    }
}

/* ---- rows ---- */

static qk_file_use some_use(const char *object, const char *name)
{
    qk_file_use use = {.taken_at = QK_TIME_NONE, .lon = NAN, .lat = NAN, .recorded_at = 5000};
    snprintf(use.object, sizeof use.object, "%s", object);
    snprintf(use.name, sizeof use.name, "%s", name);
    snprintf(use.recorded_by, sizeof use.recorded_by, "%s", "李工");
    return use;
}

static void test_S219_files__evidence_has_time_place_and_author(void **state)
{
    (void)state;
    qk_files *f = open_files(0);
    qk_db *db = open_store();
    qk_file_id id;
    qk_error err = {0};
    assert_ok(qk_files_put(f, &id, "\xff\xd8\xff photo", 9, &err));
    qk_file_use use = some_use("case/17", "照片 1.jpg");
    use.taken_at = 4000;
    use.lon = 117.25;
    use.lat = 34.5;
    assert_ok(qk_file_attach(db, &use, &id, &err));
    assert_int_equal(use.id, 1);
    qk_file_use again = some_use("case/17", "another name");
    assert_ok(qk_file_attach(db, &again, &id, &err));
    assert_int_equal(again.id, 1);
    qk_file_use elsewhere = some_use("case/18", "照片 1.jpg");
    assert_ok(qk_file_attach(db, &elsewhere, &id, &err));
    assert_int_equal(elsewhere.id, 2);
    qk_file_use *list = NULL;
    size_t n = 0;
    qk_arena arena;
    qk_arena_init(&arena, 100000);
    assert_ok(qk_file_list(db, QK_STR("case/17"), &arena, &list, &n, &err));
    assert_int_equal(n, 1);
    assert_string_equal(list[0].sha256, id.sha256);
    assert_string_equal(list[0].name, "照片 1.jpg");
    assert_string_equal(list[0].type, "jpeg");
    assert_string_equal(list[0].recorded_by, "李工");
    assert_int_equal(list[0].size, 9);
    assert_int_equal(list[0].taken_at, 4000);
    assert_true(list[0].lon == 117.25 && list[0].lat == 34.5);
    assert_ok(qk_file_list(db, QK_STR("case/18"), &arena, &list, &n, &err));
    assert_int_equal(n, 1);
    assert_true(isnan(list[0].lon) && list[0].taken_at == QK_TIME_NONE);
    assert_ok(qk_file_list(db, QK_STR("case/19"), &arena, &list, &n, &err));
    assert_int_equal(n, 0);
    use.lat = 91;
    assert_int_equal(qk_file_attach(db, &use, &id, &err), QK_ERANGE);
    use = some_use("", "x");
    assert_int_equal(qk_file_attach(db, &use, &id, &err), QK_EINVAL);
    qk_arena_clear(&arena);
    qk_db_close(db);
    qk_files_close(f);
}

static char told[1024];

static void note_fault(void *context, const char *sha256, const char *text)
{
    (void)context;
    size_t n = strlen(told);
    snprintf(told + n, sizeof told - n, "%.8s %s;", sha256, text);
}

static void test_S219_files__every_hash_is_verified(void **state)
{
    (void)state;
    static const char *const contents[] = {"one file", "two files", "three files", "four files"};
    qk_files *f = open_files(0);
    qk_db *db = open_store();
    qk_file_id id[4];
    qk_files_check check;
    qk_error err = {0};
    for (int i = 0; i < 4; i++) {
        assert_ok(qk_files_put(f, &id[i], contents[i], strlen(contents[i]), &err));
        qk_file_use use = some_use("case/1", "a.txt");
        if (i < 3) assert_ok(qk_file_attach(db, &use, &id[i], &err));
    }
    told[0] = '\0';
    assert_ok(qk_files_verify(&check, qk_test_dir, db, note_fault, NULL, &err));
    assert_int_equal(check.files, 4);
    assert_int_equal(check.bytes, 8 + 9 + 11 + 10);
    assert_int_equal(check.unlisted, 1);
    assert_int_equal(check.damaged + check.missing, 0);
    assert_string_equal(told, "");
    assert_ok(unlink(stored_path(id[0].sha256)));
    assert_ok(chmod(stored_path(id[1].sha256), 0640));
    qk_test_write(stored_path(id[1].sha256), "Two files", 9);
    assert_ok(chmod(stored_path(id[2].sha256), 0640));
    assert_ok(truncate(stored_path(id[2].sha256), 5));
    assert_ok(qk_files_verify(&check, qk_test_dir, db, note_fault, NULL, &err));
    assert_int_equal(check.missing, 1);
    assert_int_equal(check.damaged, 3); /* the short one by its content and by its row */
    assert_non_null(strstr(told, "the file of this row is missing"));
    qk_db_close(db);
    qk_files_close(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        qk_dir_test(test_S219_files__content_is_named_by_its_hash_and_kept_once),
        qk_dir_test(test_S219_files__streams_from_a_descriptor_up_to_the_ceiling),
        qk_dir_test(test_S219_files__type_is_told_by_the_content),
        qk_dir_test(test_S219_files__long_text_is_checked_to_its_end),
        qk_dir_test(test_S219_files__names_from_outside_reach_nothing_else),
        qk_dir_test(test_S219_files__a_damaged_file_is_told_and_healed_by_the_same_content),
        qk_dir_test(test_files__leftovers_of_a_crash_are_removed),
        qk_dir_test(test_files__a_put_is_whole_whatever_call_fails),
        qk_dir_test(test_S219_files__evidence_has_time_place_and_author),
        qk_dir_test(test_S219_files__every_hash_is_verified),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
