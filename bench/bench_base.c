/* SPDX-License-Identifier: Apache-2.0 */
/* How fast the floor works on one core: CSV rows, JSON, checksums, times and decimals. */
#include "base/checksum.h"
#include "base/csv.h"
#include "base/json.h"
#include "base/time.h"
#include <stdlib.h>

enum { ROWS = 1000000, MOMENTS = 2000000 };

static void tell(const char *what, double count, const char *unit, int64_t start_ns)
{
    double seconds = (double)(qk_monotonic_ns() - start_ns) / 1e9;
    printf("%-32s %10.2f million %s/s\n", what, count / seconds / 1e6, unit);
}

static void bench_csv(bool quoted)
{
    qk_buf buf;
    qk_csv_reader *r;
    const qk_str *cells;
    qk_buf_init(&buf, 1u << 30);
    qk_buf_puts(&buf, "station,time,SO2,NO2,CO,O3,PM10,PM2.5\n");
    const char *form =
        quoted ? "\"ST%03d\",\"2013-03-01T%02d:00\",\"%d\",\"%d\",\"0.%d\",\"%d\",\"%d\",\"%d\"\n"
               : "ST%03d,2013-03-01T%02d:00,%d,%d,0.%d,%d,%d,%d\n";
    char line[128];
    for (int i = 0; i < ROWS; i++) {
        int n = i % 997;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(line, sizeof line, form, n, n % 24, n % 50, n % 90, n % 10, n % 200, n % 300, n);
#pragma GCC diagnostic pop
        qk_buf_puts(&buf, line);
    }
    FILE *file = fmemopen(buf.ptr, buf.len, "rb");
    int64_t start = qk_monotonic_ns();
    size_t rows = 0;
    if (!file || qk_csv_open(&r, file, "bench", ',', NULL) != QK_OK) exit(1);
    while (qk_csv_next(r, &cells, NULL) == QK_OK) rows++;
    tell(quoted ? "CSV, every cell quoted" : "CSV, plain", (double)rows, "rows", start);
    qk_csv_close(r);
    fclose(file);
    qk_buf_clear(&buf);
}

static void bench_json(void)
{
    qk_buf buf;
    qk_json_writer w;
    qk_buf_init(&buf, 1u << 30);
    qk_json_init(&w, &buf);
    int64_t start = qk_monotonic_ns();
    qk_json_array(&w);
    for (int i = 0; i < ROWS; i++) {
        qk_json_object(&w);
        qk_json_kcstr(&w, "name", "站点");
        qk_json_key(&w, "value");
        qk_json_f64(&w, (double)(i % 5000) / 10);
        qk_json_end(&w);
    }
    qk_json_end(&w);
    tell("JSON written", (double)buf.len, "bytes", start);
    qk_json_reader r;
    qk_json_type type = QK_JSON_NULL;
    start = qk_monotonic_ns();
    qk_json_read_init(&r, qk_buf_str(&buf), NULL);
    while (type != QK_JSON_END) {
        if (qk_json_next(&r, &type, NULL) != QK_OK) exit(1);
    }
    tell("JSON read", (double)buf.len, "bytes", start);
    start = qk_monotonic_ns();
    uint32_t crc = 0;
    for (int i = 0; i < 10; i++) crc = qk_crc32c(crc, buf.ptr, buf.len);
    tell(crc ? "CRC-32C" : "CRC-32C (0)", 10.0 * (double)buf.len, "bytes", start);
    qk_buf_clear(&buf);
}

static void bench_times(void)
{
    char text[QK_TIME_TEXT];
    qk_time t = 1700000000000, back = 0, sum = 0;
    int64_t start = qk_monotonic_ns();
    for (int i = 0; i < MOMENTS; i++) {
        qk_time_compact17(text, t + i * QK_MINUTE);
        sum += text[11];
    }
    tell("time to 17 digits", MOMENTS, "times", start);
    start = qk_monotonic_ns();
    for (int i = 0; i < MOMENTS; i++) {
        text[16] = (char)('0' + i % 10);
        if (qk_time_parse_compact(&back, (qk_str){text, 17}) != QK_OK) exit(1);
        sum += back;
    }
    tell(sum ? "time from 17 digits" : "", MOMENTS, "times", start);
}

static void bench_decimals(void)
{
    qk_dec_sum sum;
    qk_dec mean, d;
    qk_dec_sum_init(&sum);
    int64_t start = qk_monotonic_ns();
    for (int i = 0; i < MOMENTS; i++) {
        if (qk_dec_parse(&d, QK_STR("123.45")) != QK_OK || qk_dec_sum_add(&sum, d) != QK_OK)
            exit(1);
    }
    tell("decimal read and summed", MOMENTS, "values", start);
    start = qk_monotonic_ns();
    for (int i = 0; i < MOMENTS; i++) {
        sum.mantissa += i;
        if (qk_dec_sum_mean(&mean, &sum, 1) != QK_OK) exit(1);
    }
    tell("mean, rounded half to even", MOMENTS, "means", start);
    qk_clock *clock;
    qk_time seen = 0;
    if (qk_clock_new_simulated(&clock, 0, 60) != QK_OK) exit(1);
    start = qk_monotonic_ns();
    for (int i = 0; i < MOMENTS; i++) seen += qk_clock_now(clock);
    tell(seen ? "simulated clock read" : "", MOMENTS, "reads", start);
    qk_clock_free(clock);
}

int main(void)
{
    puts("The floor of the house, one core");
    bench_csv(false);
    bench_csv(true);
    bench_json();
    bench_times();
    bench_decimals();
    return 0;
}
