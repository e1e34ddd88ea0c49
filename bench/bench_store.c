/* SPDX-License-Identifier: Apache-2.0 */
/* What the store of telemetry takes: bytes a sample, samples a second, the time to read a year.
 * Beside it, in the same run and over the same rows: raw 64-bit columns through zstd, and a table
 * of SQLite with one row a sample. The folder is TMPDIR or /var/tmp. */
#include "store/telemetry.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

enum {
    COLUMNS_MOST = 40,
    TABLE_SAMPLES = 1500000,
    COMMIT_ROWS = 50000,
    STREAMS = 2000,
    BATCH = 512 /* rows made, then timed while they are stored, then given to the others */
};

static void die(const char *what, const qk_error *err)
{
    fprintf(stderr, "bench_store: %s: %s\n", what, err ? err->message : "failed");
    exit(1);
}

static double seconds_since(int64_t start_ns)
{
    return (double)(qk_monotonic_ns() - start_ns) / 1e9;
}

static uint64_t draw(uint64_t *seed)
{
    *seed += 0x9E3779B97F4A7C15u;
    uint64_t z = *seed;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

/* Roughly normal, mean 0, deviation 1. */
static double draw_normal(uint64_t *seed)
{
    double sum = 0;
    for (int i = 0; i < 4; i++) sum += (double)(draw(seed) & 0xffff) / 65536;
    return (sum - 2) * 1.732;
}

/* ---- where rows go: the telemetry, and what it is compared with ---- */

typedef struct raw_column {
    int64_t *values;
    size_t n, cap;
} raw_column;

typedef struct waiting_row {
    qk_stream_id stream;
    qk_time time, recorded;
    size_t n;
    qk_cell cells[COLUMNS_MOST];
} waiting_row;

typedef struct store {
    char path[512], table_path[512];
    qk_db *db;
    qk_telemetry *t;
    uint64_t rows, numbers, texts;
    double append_s, longest_end_s;
    waiting_row *waiting;
    size_t waiting_n;
    /* of the stream at hand */
    qk_stream_id stream;
    qk_column_id ids[COLUMNS_MOST];
    /* raw columns of the stream and period at hand */
    bool compare;
    raw_column raw[COLUMNS_MOST + 2];
    size_t raw_rows, raw_most;
    uint64_t zstd_bytes;
    /* one row a sample */
    sqlite3 *table;
    sqlite3_stmt *insert;
    uint64_t table_samples;
} store;

static void begin(store *s)
{
    qk_error err;
    if (qk_db_begin(s->db, &err) != QK_OK) die("begin", &err);
}

static void end(store *s, bool all)
{
    qk_error err;
    int64_t start = qk_monotonic_ns();
    if (qk_telemetry_flush(s->t, all, &err) != QK_OK) die("flush", &err);
    if (qk_db_commit(s->db, &err) != QK_OK) die("commit", &err);
    qk_telemetry_settle(s->t, true);
    double took = seconds_since(start);
    if (took > s->longest_end_s) s->longest_end_s = took;
    if (qk_db_checkpoint(s->db, &err) != QK_OK) die("checkpoint", &err);
}

static void open_table(store *s)
{
    unlink(s->table_path);
    if (sqlite3_open(s->table_path, &s->table) != SQLITE_OK ||
        sqlite3_exec(s->table,
                     "PRAGMA page_size=8192; PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;"
                     "CREATE TABLE sample(stream INTEGER,col INTEGER,time INTEGER,recorded INTEGER,"
                     "value,PRIMARY KEY(stream,col,time)) WITHOUT ROWID; BEGIN",
                     0, 0, 0) != SQLITE_OK ||
        sqlite3_prepare_v2(s->table, "INSERT INTO sample VALUES(?1,?2,?3,?4,?5)", -1, &s->insert,
                           0) != SQLITE_OK)
        die("table", NULL);
}

static void open_store(store *s, const char *dir, const char *name, size_t raw_most, bool compare)
{
    qk_error err;
    *s = (store){.compare = compare, .raw_most = raw_most};
    snprintf(s->path, sizeof s->path, "%s/%s.db", dir, name);
    snprintf(s->table_path, sizeof s->table_path, "%s/%s.table.db", dir, name);
    if (qk_db_open(&s->db, s->path, NULL, &err) != QK_OK) die(s->path, &err);
    if (qk_telemetry_open(&s->t, s->db, NULL, &err) != QK_OK) die(s->path, &err);
    if (compare) open_table(s);
    begin(s);
}

static void flush_raw(store *s)
{
    static char *out;
    static size_t cap;
    for (size_t c = 0; c < COLUMNS_MOST + 2; c++) {
        raw_column *raw = &s->raw[c];
        size_t len = raw->n * sizeof *raw->values;
        if (cap < ZSTD_compressBound(len)) out = realloc(out, cap = ZSTD_compressBound(len));
        if (len > 0) s->zstd_bytes += ZSTD_compress(out, cap, raw->values, len, 3);
        raw->n = 0;
    }
    s->raw_rows = 0;
}

static void keep_raw(raw_column *raw, int64_t value)
{
    if (raw->n == raw->cap)
        raw->values = realloc(raw->values, (raw->cap = raw->cap * 2 + 1024) * sizeof *raw->values);
    raw->values[raw->n++] = value;
}

static void compare_row(store *s, qk_time time, qk_time recorded, const qk_cell *cells, size_t n)
{
    keep_raw(&s->raw[0], time);
    keep_raw(&s->raw[1], recorded);
    for (size_t i = 0; i < n; i++)
        keep_raw(&s->raw[2 + cells[i].column],
                 cells[i].type == QK_CELL_NUMBER ? cells[i].number.mantissa : cells[i].text.ptr[0]);
    if (++s->raw_rows == s->raw_most) flush_raw(s);
    for (size_t i = 0; i < n && s->table_samples < TABLE_SAMPLES; i++, s->table_samples++) {
        sqlite3_bind_int64(s->insert, 1, s->stream);
        sqlite3_bind_int64(s->insert, 2, cells[i].column);
        sqlite3_bind_int64(s->insert, 3, time);
        sqlite3_bind_int64(s->insert, 4, recorded);
        if (cells[i].type == QK_CELL_NUMBER)
            sqlite3_bind_double(s->insert, 5, qk_dec_f64(cells[i].number));
        else
            sqlite3_bind_text(s->insert, 5, cells[i].text.ptr, (int)cells[i].text.len,
                              SQLITE_STATIC);
        sqlite3_step(s->insert);
        sqlite3_reset(s->insert);
    }
}

static void store_row(store *s, const waiting_row *row)
{
    qk_error err;
    qk_append_result result;
    qk_code code = qk_telemetry_append(s->t, &result, row->stream, row->time, row->recorded,
                                       row->cells, row->n, NULL, NULL, &err);
    if (code != QK_OK) die("append", &err);
    if (++s->rows % COMMIT_ROWS == 0 || qk_telemetry_wants_flush(s->t)) {
        end(s, false);
        begin(s);
    }
}

static void drain(store *s)
{
    int64_t start = qk_monotonic_ns();
    for (size_t i = 0; i < s->waiting_n; i++) store_row(s, &s->waiting[i]);
    s->append_s += seconds_since(start);
    for (size_t i = 0; s->compare && i < s->waiting_n; i++) {
        const waiting_row *row = &s->waiting[i];
        compare_row(s, row->time, row->recorded, row->cells, row->n);
    }
    s->waiting_n = 0;
}

static void enter(store *s, const char *mn, qk_stream_kind kind, const char *const (*columns)[2],
                  size_t n)
{
    qk_error err;
    drain(s);
    if (s->compare) flush_raw(s);
    if (qk_telemetry_stream(&s->stream, s->t, qk_str_of(mn), kind, &err) != QK_OK) die(mn, &err);
    for (size_t i = 0; i < n; i++)
        if (qk_telemetry_column(&s->ids[i], s->t, s->stream, qk_str_of(columns[i][0]),
                                qk_str_of(columns[i][1]), &err) != QK_OK)
            die(mn, &err);
}

static void put(store *s, qk_time time, qk_time recorded, const qk_cell *cells, size_t n)
{
    if (!s->waiting) s->waiting = calloc(BATCH, sizeof *s->waiting);
    waiting_row *row = &s->waiting[s->waiting_n++];
    *row = (waiting_row){.stream = s->stream, .time = time, .recorded = recorded, .n = n};
    memcpy(row->cells, cells, n * sizeof *cells);
    for (size_t i = 0; i < n; i++)
        *(cells[i].type == QK_CELL_NUMBER ? &s->numbers : &s->texts) += 1;
    if (s->waiting_n == BATCH) drain(s);
}

static long long file_bytes(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 ? (long long)st.st_size : 0;
}

/* Bytes of the whole database less those of an empty one: every page telemetry has caused. */
static long long stored_bytes(const char *path, const char *dir)
{
    static long long empty;
    if (!empty) {
        char name[512];
        qk_db *db;
        qk_error err;
        snprintf(name, sizeof name, "%s/empty.db", dir);
        if (qk_db_open(&db, name, NULL, &err) != QK_OK) die(name, &err);
        qk_db_close(db);
        empty = file_bytes(name);
        unlink(name);
    }
    return file_bytes(path) - empty;
}

static void close_store(store *s, const char *dir, const char *title)
{
    drain(s);
    free(s->waiting);
    int64_t start = qk_monotonic_ns();
    end(s, false);
    begin(s);
    end(s, false);
    begin(s);
    end(s, true);
    s->append_s += seconds_since(start);
    qk_telemetry_close(s->t);
    qk_db_close(s->db);
    double samples = (double)(s->numbers + s->texts);
    double bytes = (double)stored_bytes(s->path, dir);
    printf("%-34s %9.2f %7.2f %7.2f %8.2f", title, samples / 1e6, bytes / samples,
           bytes / (double)s->numbers, samples / s->append_s / 1e6);
    if (!s->compare) {
        putchar('\n');
        return;
    }
    flush_raw(s);
    sqlite3_exec(s->table, "COMMIT", 0, 0, 0);
    sqlite3_finalize(s->insert);
    sqlite3_close(s->table);
    double raw = (double)s->zstd_bytes / samples;
    double table = (double)file_bytes(s->table_path) / (double)s->table_samples;
    printf(" %8.2f (%4.1fx) %8.2f (%5.1fx)\n", raw, raw * samples / bytes, table,
           table * samples / bytes);
    unlink(s->table_path);
    for (size_t c = 0; c < COLUMNS_MOST + 2; c++) free(s->raw[c].values);
}

/* ---- real hours ---- */

static FILE *open_records(const char *name)
{
    char command[700];
    const char *root = getenv("QK_SHARED");
    snprintf(command, sizeof command, "%s/data/air/%s", root ? root : "../shared", name);
    if (access(command, R_OK) != 0) {
        printf("missing: %s\n", command);
        return NULL;
    }
    snprintf(command, sizeof command, "xz -dc '%s/data/air/%s'", root ? root : "../shared", name);
    return popen(command, "r");
}

static const char *const air_columns[12][2] = {
    {"a34004", "Avg"}, {"a34004", "Flag"}, {"a34002", "Avg"}, {"a34002", "Flag"},
    {"a21026", "Avg"}, {"a21026", "Flag"}, {"a21004", "Avg"}, {"a21004", "Flag"},
    {"a21005", "Avg"}, {"a21005", "Flag"}, {"a05024", "Avg"}, {"a05024", "Flag"}};

static size_t split(char *line, char **cells, size_t most)
{
    size_t n = 0;
    line[strcspn(line, "\r\n")] = '\0';
    for (char *at = line; at && n < most; n++) {
        cells[n] = at;
        at = strchr(at, ',');
        if (at) *at++ = '\0';
    }
    return n;
}

/* Six factors: the value with the digits of the record and flag N, or flag D alone. */
static void put_air(store *s, qk_time time, const char *const values[6], uint64_t *seed)
{
    qk_cell cells[12];
    size_t n = 0;
    for (size_t i = 0; i < 6; i++) {
        qk_cell value = {.column = s->ids[2 * i], .type = QK_CELL_NUMBER};
        bool there = qk_dec_parse(&value.number, qk_str_of(values[i])) == QK_OK;
        if (there) cells[n++] = value;
        cells[n] = (qk_cell){.column = s->ids[2 * i + 1], .type = QK_CELL_TEXT};
        cells[n++].text = there ? QK_STR("N") : QK_STR("D");
    }
    put(s, time, time + QK_HOUR + QK_SECOND * (qk_time)(5 + draw(seed) % 20), cells, n);
}

static bool put_beijing(store *s, const char *station, uint64_t *seed)
{
    char name[96];
    char line[1024];
    char *c[32];
    snprintf(name, sizeof name, "beijing_%s.csv.xz", station);
    FILE *in = open_records(name);
    if (!in) return false;
    enter(s, station, QK_STREAM_HOUR, air_columns, 12);
    if (!fgets(line, sizeof line, in)) die(name, NULL);
    while (fgets(line, sizeof line, in) && split(line, c, 32) >= 11) {
        qk_civil civil = {
            .year = atoi(c[1]), .month = atoi(c[2]), .day = atoi(c[3]), .hour = atoi(c[4])};
        qk_time time;
        const char *values[6] = {c[5], c[6], c[7], c[8], c[9], c[10]};
        if (qk_time_of(&time, &civil) == QK_OK) put_air(s, time, values, seed);
    }
    pclose(in);
    return true;
}

static void bench_beijing(const char *dir)
{
    static const char *const stations[] = {"Aotizhongxin", "Changping", "Dongsi",       "Guanyuan",
                                           "Gucheng",      "Huairou",   "Nongzhanguan", "Tiantan"};
    store s;
    uint64_t seed = 1;
    open_store(&s, dir, "beijing", 744, true);
    for (size_t i = 0; i < 8; i++)
        if (!put_beijing(&s, stations[i], &seed)) return;
    close_store(&s, dir, "hours, Beijing 2013-16, 8 stations");
}

static void bench_henan(const char *dir)
{
    char line[1024];
    char *c[32];
    char last[64] = "";
    store s;
    uint64_t seed = 2;
    FILE *in = open_records("cnemc2026_henan.csv.xz");
    if (!in) return;
    open_store(&s, dir, "henan", 744, true);
    if (!fgets(line, sizeof line, in)) die("henan", NULL);
    while (fgets(line, sizeof line, in) && split(line, c, 32) >= 16) {
        char iso[32];
        qk_time time;
        const char *values[6] = {c[6], c[4], c[13], c[11], c[15], c[8]};
        snprintf(iso, sizeof iso, "%.20s:00", c[1]);
        if (qk_time_parse(&time, qk_str_of(iso)) != QK_OK) continue;
        if (strcmp(last, c[0]) != 0) enter(&s, c[0], QK_STREAM_HOUR, air_columns, 12);
        snprintf(last, sizeof last, "%s", c[0]);
        put_air(&s, time - QK_HOUR, values, &seed);
    }
    pclose(in);
    close_store(&s, dir, "hours, Henan 2026, 93 stations");
}

/* ---- minutes as the simulator sends them ---- */

static const char *const factors[8] = {"a21026", "a21002", "a34013", "a19001",
                                       "a01011", "a01012", "a01014", "a00000"};
static const char *minute_columns[32][2];

static void name_minutes(void)
{
    static const char *const fields[4] = {"Avg", "Min", "Max", "Flag"};
    for (size_t i = 0; i < 32; i++) {
        minute_columns[i][0] = factors[i / 4];
        minute_columns[i][1] = fields[i % 4];
    }
}

/* A walk with one decimal: what stands in the frame is the mean, 0.9 and 1.1 times it, and N. */
static void fill_minute(qk_cell cells[32], int64_t tenths[8], uint64_t *seed)
{
    uint64_t r = draw(seed);
    for (size_t i = 0; i < 8; i++) {
        tenths[i] += (int64_t)(r >> (8 * i) & 0xff) % 21 - 10;
        if (tenths[i] < 10) tenths[i] = 10;
        for (uint32_t k = 0; k < 4; k++)
            cells[4 * i + k] =
                (qk_cell){.column = (qk_column_id)(4 * i + k), .type = QK_CELL_NUMBER};
        cells[4 * i].number = (qk_dec){tenths[i], 1};
        cells[4 * i + 1].number = (qk_dec){(tenths[i] * 9 + 5) / 10, 1};
        cells[4 * i + 2].number = (qk_dec){(tenths[i] * 11 + 5) / 10, 1};
        cells[4 * i + 3].type = QK_CELL_TEXT;
        cells[4 * i + 3].text = QK_STR("N");
    }
}

static const qk_time new_year = 1735660800000;

static void bench_minutes(const char *dir, int devices, int days, const char *title)
{
    store s;
    uint64_t seed = 3;
    open_store(&s, dir, "minutes", 1440, true);
    for (int d = 0; d < devices; d++) {
        char mn[32];
        int64_t tenths[8];
        qk_cell cells[32];
        snprintf(mn, sizeof mn, "ABCD%020d", d);
        enter(&s, mn, QK_STREAM_MINUTE, (const char *const(*)[2])minute_columns, 32);
        for (int i = 0; i < 8; i++) tenths[i] = 100 + (int64_t)(draw(&seed) % 5000);
        for (int m = 0; m < days * 1440; m++) {
            fill_minute(cells, tenths, &seed);
            qk_time time = new_year + m * QK_MINUTE;
            put(&s, time, time + QK_MINUTE + QK_SECOND * (qk_time)(1 + draw(&seed) % 4), cells, 32);
        }
    }
    close_store(&s, dir, title);
}

/* One number a minute: the power of a machine that runs at changing loads, two decimals; or a walk.
 */
static void bench_power(const char *dir, bool flags, const char *title)
{
    static const char *const columns[2][2] = {{"e00001", "Avg"}, {"e00001", "Flag"}};
    store s;
    uint64_t seed = 4;
    open_store(&s, dir, "power", 1440, true);
    for (int d = 0; d < 20; d++) {
        char mn[32];
        double load = 120;
        snprintf(mn, sizeof mn, "POWER%019d", d);
        enter(&s, mn, QK_STREAM_MINUTE, columns, flags ? 2 : 1);
        for (int m = 0; m < 60 * 1440; m++) {
            if (draw(&seed) % 120 == 0) load = (double)(draw(&seed) % 4000) / 10;
            double kw = load < 40 ? 0 : load + draw_normal(&seed) * load * 0.01;
            qk_cell cells[2] = {
                {.column = 0, .type = QK_CELL_NUMBER, .number = {(int64_t)(kw * 100), 2}},
                {.column = 1, .type = QK_CELL_TEXT, .text = QK_STR("N")}};
            qk_time time = new_year + m * QK_MINUTE;
            put(&s, time, time + QK_MINUTE + QK_SECOND * (qk_time)(1 + draw(&seed) % 3), cells,
                flags ? 2 : 1);
        }
    }
    close_store(&s, dir, title);
}

/* ---- speed ---- */

static void put_interleaved(store *s, int minutes, bool again, const char *title)
{
    static int64_t tenths[STREAMS][8];
    static qk_stream_id ids[STREAMS];
    uint64_t seed = 5;
    uint64_t before = s->numbers + s->texts;
    for (int d = 0; d < STREAMS; d++) {
        char mn[32];
        snprintf(mn, sizeof mn, "ABCD%020d", d);
        enter(s, mn, QK_STREAM_MINUTE, (const char *const(*)[2])minute_columns, 32);
        ids[d] = s->stream;
        for (int i = 0; i < 8; i++) tenths[d][i] = 100 + (int64_t)(draw(&seed) % 5000);
    }
    s->append_s = s->longest_end_s = 0;
    for (int m = 0; m < minutes; m++) {
        for (int d = 0; d < STREAMS; d++) {
            qk_cell cells[32];
            fill_minute(cells, tenths[d], &seed);
            s->stream = ids[d];
            qk_time time = new_year + m * QK_MINUTE;
            put(s, time,
                new_year + (again ? 2 : 1) * 365 * QK_DAY + (qk_time)(s->numbers / 2400000) * 1000,
                cells, 32);
        }
    }
    drain(s);
    int64_t start = qk_monotonic_ns();
    end(s, again);
    begin(s);
    s->append_s += seconds_since(start);
    if (qk_telemetry_head_bytes(s->t) > 150u << 20) die("memory is not bounded", NULL);
    double samples = (double)(s->numbers + s->texts - before);
    printf("%-46s %6.1f M samples, %6.2f M/s (%.0f k frames/s), longest flush and commit %.0f ms\n",
           title, samples / 1e6, samples / s->append_s / 1e6, samples / 32 / s->append_s / 1e3,
           s->longest_end_s * 1e3);
}

static void bench_interleaved(const char *dir)
{
    store s;
    open_store(&s, dir, "interleaved", 1440, false);
    put_interleaved(&s, 1600, false, "2,000 streams, rows interleaved, with commits");
    end(&s, true);
    begin(&s);
    put_interleaved(&s, 400, true, "the same old rows sent again (all known)");
    close_store(&s, dir, "minutes, 2,000 streams");
    unlink(s.path);
}

/* ---- reading ---- */

static double best_ms(int64_t times[], int n)
{
    int64_t best = times[0];
    for (int i = 1; i < n; i++)
        if (times[i] < best) best = times[i];
    return (double)best / 1e6;
}

static void bench_reading(const char *dir)
{
    enum { RUNS = 7 };
    char path[512];
    qk_error err;
    qk_telemetry_reader *r;
    qk_arena arena;
    int64_t ns[RUNS], day_ns[RUNS], chart_ns[RUNS];
    qk_samples samples = {0};
    qk_envelope chart = {0};
    snprintf(path, sizeof path, "%s/minutes.db", dir);
    if (qk_telemetry_reader_open(&r, NULL, path, &err) != QK_OK) die(path, &err);
    qk_arena_init(&arena, 256u << 20);
    qk_stream_id id = qk_telemetry_find(r, QK_STR("ABCD00000000000000000000"), QK_STREAM_MINUTE);
    for (int i = 0; i < RUNS; i++) {
        qk_arena_clear(&arena);
        int64_t start = qk_monotonic_ns();
        if (qk_telemetry_read(&samples, r, id, QK_STR("a21026"), QK_STR("Avg"), new_year,
                              new_year + 365 * QK_DAY, QK_TIME_NONE, &arena, NULL, &err) != QK_OK)
            die("read", &err);
        ns[i] = qk_monotonic_ns() - start;
        if (samples.count != 525600) die("a year has not 525,600 minutes", NULL);
        start = qk_monotonic_ns();
        if (qk_telemetry_envelope(&chart, r, id, QK_STR("a21026"), QK_STR("Avg"), new_year,
                                  new_year + 365 * QK_DAY, QK_TIME_NONE, 2000, &arena, NULL,
                                  &err) != QK_OK)
            die("envelope", &err);
        chart_ns[i] = qk_monotonic_ns() - start;
        start = qk_monotonic_ns();
        if (qk_telemetry_read(&samples, r, id, QK_STR("a21026"), QK_STR("Avg"),
                              new_year + 100 * QK_DAY, new_year + 101 * QK_DAY, QK_TIME_NONE,
                              &arena, NULL, &err) != QK_OK)
            die("read", &err);
        day_ns[i] = qk_monotonic_ns() - start;
    }
    printf("a year of one minute series of 32 columns (525,600) %8.2f ms (first %.2f)\n",
           best_ms(ns, RUNS), (double)ns[0] / 1e6);
    printf("the same as an envelope of 2,000 buckets            %8.2f ms\n",
           best_ms(chart_ns, RUNS));
    printf("a day of it                                         %8.3f ms\n", best_ms(day_ns, RUNS));
    qk_arena_clear(&arena);
    qk_telemetry_reader_close(r);
    unlink(path);
}

int main(void)
{
    char dir[256];
    snprintf(dir, sizeof dir, "%s/qk-bench-XXXXXX",
             getenv("TMPDIR") ? getenv("TMPDIR") : "/var/tmp");
    if (!mkdtemp(dir)) die(dir, NULL);
    name_minutes();
    puts("Telemetry: bytes of database pages, against zstd over raw 64-bit columns by period and a "
         "SQLite row a sample.");
    printf("%-34s %9s %7s %7s %8s %16s %17s\n", "", "M samples", "B each", "B/number", "M/s in",
           "zstd raw", "row table");
    bench_beijing(dir);
    bench_henan(dir);
    bench_power(dir, true, "power meter, Avg and Flag");
    bench_power(dir, false, "power meter, Avg alone");
    bench_minutes(dir, 1, 365, "minutes, 8 factors x 4, one year");
    bench_reading(dir);
    bench_interleaved(dir);
    char command[300];
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    return system(command) == 0 ? 0 : 1;
}
