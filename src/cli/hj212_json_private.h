/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_CLI_HJ212_JSON_PRIVATE_H
#define QK_CLI_HJ212_JSON_PRIVATE_H
#include "cli/hj212_json.h"

enum {
    QK_HJ212_JSON_ITEMS = QK_HJ212_FRAME_MAX / 2 + 1, /* "a;" is the shortest item */
    QK_HJ212_JSON_SLOTS = 16384,
    QK_HJ212_JSON_NONE = UINT16_MAX
};

/* An item of the frame being decoded. */
typedef struct qk_hj212_json_item {
    qk_hj212_item item;
    uint16_t next_of_code;              /* the code's next item */
    uint16_t next_of_key;               /* the same key again */
    uint16_t last_of_code, last_of_key; /* in the first one: where its list ends */
    uint16_t ordinal;                   /* place of the value in the JSON text */
    bool first_of_code, first_of_key;
} qk_hj212_json_item;

/* A value of the object being encoded. */
typedef struct qk_hj212_json_value_row {
    qk_str code; /* {NULL, 0} = plain field */
    qk_str field;
    qk_str value;
    bool has_value;
} qk_hj212_json_value_row;

struct qk_hj212_json {
    qk_hj212_json_options options;
    qk_arena arena; /* of one object */
    qk_buf scratch; /* layout text or segment */
    char *frame;    /* QK_HJ212_FRAME_MAX bytes: plain segment or frame being built */
    qk_hj212_json_item *items;
    size_t count;
    uint16_t *slot; /* hash table over items: first of its code or key */
    qk_hj212_json_value_row *values;
    size_t value_count;
};
#endif
