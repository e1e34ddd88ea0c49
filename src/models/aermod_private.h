/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_MODELS_AERMOD_PRIVATE_H
#define QK_MODELS_AERMOD_PRIVATE_H
/* Between aermod_parse.c (lines, words, dispatch) and the handlers of the pathways. */
#include "models/aermod_case.h"

enum { AERMOD_TOKENS_MAX = 4096, AERMOD_INCLUDE_DEPTH = 4 };

typedef struct aermod_parser {
    qk_aermod_case *c;
    const qk_aermod_loader *loader;
    const char *name; /* of the file being read */
    uint32_t line_number;
    qk_str line;
    int depth;
    char pathway[3];
    char keyword[13];
    bool continued; /* keyword and network are those of the line before */
    bool flagpole_noted;
    bool plain_highs;         /* POLLUTID says H1H */
    unsigned finished;        /* bit a pathway */
    double elevation_unit[3]; /* CO, SO, RE: metres a unit */
    char network[QK_AERMOD_ID];
    struct re_network *building;
    int count; /* parameters */
    qk_str token[AERMOD_TOKENS_MAX];
    double *number; /* scratch of a list */
    size_t number_cap;
} aermod_parser;

typedef qk_code (*aermod_handler)(aermod_parser *p, qk_error *err);
typedef struct aermod_keyword {
    const char *pathway, *name;
    aermod_handler run;
    int least; /* parameters */
} aermod_keyword;

extern const aermod_keyword aermod_general[], aermod_sources[], aermod_receptors[];

/* Fails at this line; at >= 0 points at that parameter. aermod_refuse gives the code back where it
 * is called, so that who reads one file alone sees that it is none of success. */
void aermod_tell(const aermod_parser *p, qk_error *err, qk_code code, int at, const char *fmt, ...)
    QK_PRINTF(5, 6);
#define aermod_refuse(p, err, code, ...) (aermod_tell(p, err, code, __VA_ARGS__), (code))
qk_code aermod_number(const aermod_parser *p, int at, double *out, qk_error *err);
qk_code aermod_whole(const aermod_parser *p, int at, int low, int high, int *out, qk_error *err);
qk_code aermod_id(const aermod_parser *p, int at, char out[QK_AERMOD_ID], qk_error *err);
bool aermod_is(const aermod_parser *p, int at, const char *word);
/* Numbers from parameter `from` on, with repeats (36*50.); the list is good until the next call. */
qk_code aermod_list(aermod_parser *p, int from, const double **out, int *count, qk_error *err);
qk_code aermod_path(const aermod_parser *p, int at, char *out, qk_error *err);
void aermod_note(aermod_parser *p, const char *fmt, ...) QK_PRINTF(2, 3);
/* Room for one more element; zeroed. NULL without memory or at the ceiling. */
void *aermod_grow(qk_aermod_vector *v, size_t size, size_t ceiling);
qk_code aermod_include(aermod_parser *p, qk_error *err);
int aermod_find_source(const qk_aermod_case *c, qk_str id);
int aermod_find_group(const qk_aermod_case *c, qk_str id);
/* Does a name fall under a word of a list: the name itself, or a range FIRST-LAST? */
bool aermod_in_range(const char *id, qk_str word);
qk_code aermod_finish_sources(aermod_parser *p, qk_error *err);
qk_code aermod_finish_receptors(aermod_parser *p, qk_error *err);
/* Once all is read: a note about those that stand where nothing is computed, and a refusal of
 * sources and receptors in different coordinates. */
qk_code aermod_check_places(aermod_parser *p, qk_error *err);
qk_code aermod_finish_outputs(aermod_parser *p, qk_error *err);
void aermod_drop_network(aermod_parser *p);
#endif
