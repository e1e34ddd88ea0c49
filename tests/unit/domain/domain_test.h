/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_TESTS_UNIT_DOMAIN_TEST_H
#define QK_TESTS_UNIT_DOMAIN_TEST_H
/* What the tests of this floor share: a database in the test's folder, times. */
#include "../store/store_test.h"
#include "base/time.h"
#include "store/db.h"

/* As assert_ok, telling what the error says. */
#define assert_done(expr, err)                                           \
    do {                                                                 \
        if ((expr) != QK_OK) {                                           \
            char text_of_error[700];                                     \
            qk_error_format((err), text_of_error, sizeof text_of_error); \
            fail_msg("%s: %s", #expr, text_of_error);                    \
        }                                                                \
    } while (0)

static inline qk_db *open_db(void)
{
    qk_db *db = NULL;
    qk_error err = {0};
    assert_done(qk_db_open(&db, qk_test_path("store.db"), NULL, &err), &err);
    return db;
}

static inline int64_t number_of(qk_db *db, const char *sql)
{
    sqlite3_stmt *stmt = NULL;
    qk_error err = {0};
    assert_done(qk_db_prepare(&stmt, db, sql, &err), &err);
    assert_done(qk_db_step(db, stmt, &err), &err);
    int64_t value = sqlite3_column_int64(stmt, 0);
    sqlite3_reset(stmt);
    return value;
}

/* China Standard Time. */
static inline qk_time at(const char *iso)
{
    qk_time t = 0;
    assert_ok(qk_time_parse(&t, qk_str_of(iso)));
    return t;
}
#endif
