/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "sim/county_source.h"
#include "sim/device.h"
#include <stdlib.h>

static qk_time at(const char *iso)
{
    qk_time t = 0;
    assert_int_equal(qk_time_parse(&t, qk_str_of(iso)), QK_OK);
    return t;
}

static const qk_sim_device *with_quirk(const qk_sim_county *c, uint32_t quirk)
{
    for (size_t i = 0; i < c->n_devices; i++)
        if (c->devices[i].quirks & quirk) return &c->devices[i];
    fail_msg("no device with quirk %u", quirk);
    return NULL;
}

static void read_frame(const char *bytes, size_t n, qk_hj212_frame *frame, qk_hj212_packet *packet)
{
    qk_hj212_step step;
    qk_hj212_items items;
    qk_hj212_item item;
    assert_true(n > 12);
    assert_int_equal(qk_hj212_next(bytes, n, true, frame, &step), QK_HJ212_FRAME);
    assert_int_equal(step.consumed, n);
    qk_hj212_parse(packet, frame);
    qk_hj212_items_init(&items, packet);
    while (qk_hj212_items_next(&items, &item)) {
    }
}

static void test_sim__every_device_speaks_frames_that_can_be_read(void **state)
{
    static const int32_t cns[] = {2011, 2051, 2061, 2031};
    qk_arena arena;
    qk_sim_county c;
    char frame[QK_SIM_FRAME];
    qk_time t = at("2025-12-11T12:00:00");
    (void)state;
    qk_arena_init(&arena, 16 << 20);
    assert_int_equal(qk_sim_county_make(&c, &arena), QK_OK);
    for (size_t i = 0; i < c.n_devices; i++) {
        const qk_sim_device *d = &c.devices[i];
        for (size_t k = 0; k < 4; k++) {
            qk_hj212_frame f;
            qk_hj212_packet p;
            if (!qk_sim_interval(d, cns[k])) continue;
            size_t n = qk_sim_data_frame(frame, sizeof frame, d, cns[k], t, t + 1, false, false);
            read_frame(frame, n, &f, &p);
            assert_int_equal(qk_hj212_frame_check(&f, QK_HJ212_ACCEPT_STANDARD), QK_HJ212_USABLE);
            assert_int_equal(p.refusal, QK_HJ212_USABLE);
            assert_int_equal(p.head.command, cns[k]);
            assert_true(p.time_ok);
            assert_true(p.head.wants_answer);
        }
    }
    qk_arena_clear(&arena);
}

static void test_sim__the_past_is_told_the_same_way_twice(void **state)
{
    qk_arena arena;
    qk_sim_county c;
    char a[QK_SIM_FRAME], b[QK_SIM_FRAME];
    qk_time t = at("2025-11-30T04:00:00");
    (void)state;
    qk_arena_init(&arena, 16 << 20);
    assert_int_equal(qk_sim_county_make(&c, &arena), QK_OK);
    size_t n = qk_sim_data_frame(a, sizeof a, &c.devices[3], 2061, t, t, false, false);
    size_t m = qk_sim_data_frame(b, sizeof b, &c.devices[3], 2061, t, t, false, false);
    assert_int_equal(n, m);
    assert_memory_equal(a, b, n);
    size_t r = qk_sim_data_frame(b, sizeof b, &c.devices[3], 2061, t, t, false, true);
    assert_true(r != n || memcmp(a, b, n) != 0);
    qk_arena_clear(&arena);
}

static void test_sim__quirks_are_what_a_reader_finds(void **state)
{
    qk_arena arena;
    qk_sim_county c;
    char frame[QK_SIM_FRAME];
    qk_hj212_frame f;
    qk_hj212_packet p;
    qk_time t = at("2025-12-11T12:00:00");
    (void)state;
    qk_arena_init(&arena, 16 << 20);
    assert_int_equal(qk_sim_county_make(&c, &arena), QK_OK);
    size_t n = qk_sim_data_frame(frame, sizeof frame, with_quirk(&c, QK_SIM_LOWER_CRC), 2051, t, t,
                                 false, false);
    read_frame(frame, n, &f, &p);
    assert_true(f.length_ok);
    n = qk_sim_data_frame(frame, sizeof frame, with_quirk(&c, QK_SIM_WRONG_LENGTH), 2051, t, t,
                          false, false);
    read_frame(frame, n, &f, &p);
    assert_false(f.length_ok);
    const qk_sim_device *d = with_quirk(&c, QK_SIM_END_STYLE);
    n = qk_sim_data_frame(frame, sizeof frame, d, 2061, t, t, false, false);
    read_frame(frame, n, &f, &p);
    assert_int_equal(qk_hj212_time_utc_ms(&p.time), t + QK_HOUR);
    qk_arena_clear(&arena);
}

/* A source asked again and again within one instant: what it gives is counted by command. */
static size_t drain(qk_fleet_source source, size_t device, qk_time now, size_t by_cn[4])
{
    char frame[QK_SIM_FRAME];
    size_t n, total = 0;
    while ((n = source.next(source.context, device, now, frame, sizeof frame)) > 0 &&
           total < 100000) {
        qk_hj212_frame f;
        qk_hj212_packet p;
        read_frame(frame, n, &f, &p);
        by_cn[p.head.command == 2011   ? 0
              : p.head.command == 2051 ? 1
              : p.head.command == 2061 ? 2
                                       : 3]++;
        total++;
    }
    return total;
}

static void test_sim__an_outage_is_filled_up_new_data_first(void **state)
{
    qk_arena arena;
    qk_sim_county c;
    qk_county_source *s;
    size_t by_cn[4] = {0};
    qk_time start = at("2025-12-11T08:00:00");
    (void)state;
    qk_arena_init(&arena, 16 << 20);
    assert_int_equal(qk_sim_county_make(&c, &arena), QK_OK);
    assert_int_equal(qk_county_source_new(&s, &c, start, QK_DAY, 5 * QK_DAY, QK_TIME_NONE), QK_OK);
    drain(qk_county_source_use(s), 0, start + 10 * QK_MINUTE, by_cn);
    assert_int_equal(by_cn[2], 5 * 24);
    assert_int_equal(by_cn[3], 5); /* 6 to 10 December; the 11th is not over */
    assert_in_range(by_cn[1], 24 * 12, 24 * 12 + 2);
    qk_county_source_free(s);
    qk_arena_clear(&arena);
}

static void test_sim__a_request_for_the_past_is_answered_and_closed(void **state)
{
    qk_arena arena;
    qk_sim_county c;
    qk_county_source *s;
    qk_hj212_frame f;
    qk_hj212_packet p;
    qk_hj212_step step;
    char request[512], answer[4096];
    qk_time start = at("2025-12-11T08:00:00");
    (void)state;
    qk_arena_init(&arena, 16 << 20);
    assert_int_equal(qk_sim_county_make(&c, &arena), QK_OK);
    assert_int_equal(qk_county_source_new(&s, &c, start, 0, 0, QK_TIME_NONE), QK_OK);
    qk_fleet_source source = qk_county_source_use(s);
    size_t by_cn[4] = {0};
    drain(source, 0, start, by_cn);
    qk_hj212_peer peer = {.version = QK_HJ212_2017,
                          .st = QK_HJ212_TEXT("22"),
                          .pw = QK_HJ212_TEXT("123456"),
                          .mn = qk_hj212_text_of(c.devices[0].mn),
                          .crc = QK_HJ212_CRC_STANDARD};
    qk_hj212_params params = QK_HJ212_NO_PARAMS;
    params.begin_time = QK_HJ212_TEXT("20251210000000");
    params.end_time = QK_HJ212_TEXT("20251210050000");
    size_t n = qk_hj212_encode_request(request, sizeof request, &peer,
                                       QK_HJ212_TEXT("20251211080000123"), 2061, &params);
    read_frame(request, n, &f, &p);
    n = source.request(source.context, 0, &f, &p.head, start, answer, sizeof answer);
    assert_int_equal(qk_hj212_next(answer, n, true, &f, &step), QK_HJ212_FRAME);
    qk_hj212_parse(&p, &f);
    assert_int_equal(p.head.command, 9011);
    size_t hours = 0;
    int32_t last = 0;
    while ((n = source.next(source.context, 0, start, answer, sizeof answer)) > 0) {
        read_frame(answer, n, &f, &p);
        hours += p.head.command == 2061;
        last = p.head.command;
    }
    assert_int_equal(hours, 6);
    assert_int_equal(last, 9012);
    qk_county_source_free(s);
    qk_arena_clear(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sim__every_device_speaks_frames_that_can_be_read),
        cmocka_unit_test(test_sim__the_past_is_told_the_same_way_twice),
        cmocka_unit_test(test_sim__quirks_are_what_a_reader_finds),
        cmocka_unit_test(test_sim__an_outage_is_filled_up_new_data_first),
        cmocka_unit_test(test_sim__a_request_for_the_past_is_answered_and_closed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
