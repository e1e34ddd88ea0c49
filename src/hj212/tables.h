/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_HJ212_TABLES_H
#define QK_HJ212_TABLES_H
/* The standards' tables as data: commands, systems, flags, factors, result codes. Names in Chinese
 * and English, UTF-8, static. Every list ends with a row whose first text is NULL (or code 0). */
#include "hj212/packet.h"

/* In which versions a row stands. */
enum {
    QK_HJ212_IN_2005 = 1,
    QK_HJ212_IN_2017 = 2,
    QK_HJ212_IN_2025 = 4,
    QK_HJ212_IN_USE = 8 /* in no version read here, yet widely sent */
};

typedef enum qk_hj212_command_kind { /* bits: a command may be several */
                                     QK_HJ212_REQUEST =
                                         1, /* platform to device: 9011, then data, then 9012 */
                                     QK_HJ212_UPLOAD = 2,    /* device to platform: 9014 when A=1 */
                                     QK_HJ212_NOTICE_UP = 4, /* device to platform: 9013 */
                                     QK_HJ212_NOTICE_DOWN = 8, /* platform to device: 9013 */
                                     QK_HJ212_ANSWER = 16      /* 9011..9014 */
} qk_hj212_command_kind;

typedef struct qk_hj212_command {
    int32_t code;
    const char *zh, *en;
    uint8_t kind;         /* bits above */
    uint8_t versions;     /* bits above */
    const char *request;  /* names of its parameters in order: "PolId SystemTime"; "" = none */
    bool carries_samples; /* values with a DataTime: 2011 2031 2051 2061 … */
    bool is_history;      /* as a request takes BeginTime and EndTime */
} qk_hj212_command;
const qk_hj212_command *qk_hj212_commands(void);
const qk_hj212_command *qk_hj212_command_find(int32_t code); /* NULL = not in the tables */

typedef struct qk_hj212_named { /* ST, flags, result codes */
    const char *code;
    const char *zh, *en;
    uint8_t versions;
} qk_hj212_named;
const qk_hj212_named *qk_hj212_systems(void);
const qk_hj212_named *qk_hj212_system_find(qk_hj212_text st);
/* Data flags (2017 table 8; 2005 sources; 2005 air stations for digits). */
const qk_hj212_named *qk_hj212_flags(void);
const qk_hj212_named *qk_hj212_flag_find(char flag);
bool qk_hj212_flag_is_valid(char flag); /* N, and 3 of the 2005 air stations */
const qk_hj212_named *qk_hj212_qn_returns(void);
const qk_hj212_named *qk_hj212_exe_returns(void);

typedef enum qk_hj212_medium {
    QK_HJ212_AIR = 1,
    QK_HJ212_WATER,
    QK_HJ212_NOISE,
    QK_HJ212_PROCESS,
    QK_HJ212_FIELD_INFO,
    QK_HJ212_POWER
} qk_hj212_medium;

typedef struct qk_hj212_factor {
    const char *code;
    const char *old; /* 2005 code; NULL = none */
    const char *zh, *en;
    const char *unit;   /* as the standard prints it; NULL = none */
    const char *in_use; /* unit that practice sends where it differs from the print; else NULL */
    const char *amount; /* unit of Cou; NULL = none */
    uint8_t medium;
    uint8_t versions;
} qk_hj212_factor;
const qk_hj212_factor *qk_hj212_factors(size_t *count); /* by rising code */
/* By code, or by the 2005 code when there is no such code. NULL = unknown. */
const qk_hj212_factor *qk_hj212_factor_find(qk_hj212_text code);
#endif
