/* SPDX-License-Identifier: Apache-2.0 */
/* The store of telemetry against a plain model of it. */
#include "telemetry_world.h"

static void run_world(uint64_t seed, size_t frames)
{
    world w;
    start_world(&w, seed);
    for (size_t i = 0; i < frames; i++) {
        model_frame f = draw_frame(&w);
        *MODEL_ADD(&w.m, frame) = f;
        tell_position(&w, i);
        unsigned want = model_take(&w.m, &f);
        unsigned got = send_frame(&w, &f);
        if (got != want) fail_msg("seed %d frame %zu: result %u, not %u", (int)seed, i, got, want);
        tell_position(&w, i + 1);
        uint64_t r = draw(&w);
        if (r % 97 == 0 || qk_telemetry_wants_flush(w.t)) commit(&w, r % 3 == 0, true);
        if (r % 211 == 0) commit(&w, r % 2 == 0, false);
        if (r % 499 == 0) crash(&w);
        if (r % 307 == 0) check_world(&w, false);
    }
    check_world(&w, true);
    commit(&w, true, true);
    check_world(&w, true);
    crash(&w);
    check_world(&w, true);
    close_world(&w);
    assert_true(w.changes > 0);
    w.t = NULL;
    check_world(&w, true); /* a folder that nobody owns */
    model_clear(&w.m);
}

static void test_telemetry__is_the_model_whatever_comes_in_whatever_order(void **state)
{
    (void)state;
    run_world(1, 2000);
}

static void test_telemetry__is_the_model_on_many_short_runs(void **state)
{
    (void)state;
    for (uint64_t seed = 100; seed < 130; seed++) {
        run_world(seed, 250);
        qk_test_remove(qk_test_path("store.db"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        qk_dir_test(test_telemetry__is_the_model_whatever_comes_in_whatever_order),
        qk_dir_test(test_telemetry__is_the_model_on_many_short_runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
