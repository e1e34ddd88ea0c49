/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_HJ212_INTERNAL_H
#define QK_HJ212_INTERNAL_H
/* Small things that the files of the library share; not installed. */
#include "hj212/packet.h"

static inline bool is_digit(char c)
{
    return (unsigned)(c - '0') < 10;
}
static inline bool is_alpha(char c)
{
    return (unsigned)((c | 32) - 'a') < 26;
}
static inline bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}
static inline char lower_case(char c)
{
    return (unsigned)(c - 'A') < 26 ? (char)(c | 32) : c;
}

static inline int hex_value(char c)
{
    if (is_digit(c)) return c - '0';
    unsigned letter = (unsigned)((c | 32) - 'a');
    return letter < 6 ? (int)letter + 10 : -1;
}

/* Four hexadecimal digits, or -1. */
static inline int32_t hex4(const char *p)
{
    int a = hex_value(p[0]), b = hex_value(p[1]), c = hex_value(p[2]), d = hex_value(p[3]);
    return (a | b | c | d) < 0 ? -1 : (a << 12 | b << 8 | c << 4 | d);
}

/* Eight bytes, the first in the lowest bits. */
static inline uint64_t load_le64(const void *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    v = __builtin_bswap64(v);
#endif
    return v;
}

static inline bool same_nocase(const char *p, const char *word, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (lower_case(p[i]) != lower_case(word[i])) return false;
    return true;
}

static inline qk_hj212_text text_between(const char *from, const char *to)
{
    return (qk_hj212_text){from, (size_t)(to - from)};
}

#if defined(__x86_64__) && defined(__GNUC__)
#define QK_HJ212_X86 1
uint64_t qk_hj212_crc_fold_512(const char *p, size_t len);
uint16_t qk_hj212_crc_modbus_pclmul(const char *p, size_t len); /* len >= 32 */
/* qk_hj212_scan by vector instructions; SIZE_MAX = the segment is out of the ordinary. */
struct qk_hj212_cell;
size_t qk_hj212_scan_avx2(qk_hj212_text segment, qk_hj212_head *head, struct qk_hj212_cell *cells,
                          size_t max);
size_t qk_hj212_scan_avx512(qk_hj212_text segment, qk_hj212_head *head, struct qk_hj212_cell *cells,
                            size_t max);
#endif
/* The numbers of a head from its texts. */
void qk_hj212_interpret_head(qk_hj212_head *head);
/* Adds a deviation once, with the place where it was first seen (may be NULL). */
void qk_hj212_remark(qk_hj212_packet *packet, qk_hj212_deviation d, const char *where);
/* As qk_hj212_items_init and qk_hj212_items_next, but field is left out and no deviation is looked
 * for, so that most of `it` stays unset. */
void qk_hj212_items_pass_init(qk_hj212_items *it, qk_hj212_packet *packet);
bool qk_hj212_items_pass(qk_hj212_items *it, qk_hj212_item *item);
qk_hj212_text qk_hj212_trim(qk_hj212_text t);
/* Offset of the first `two` at or after from, or len. */
size_t qk_hj212_find_pair(const char *p, size_t from, size_t len, char two);
/* Every byte is printable ASCII: neither control bytes nor UTF-8. */
bool qk_hj212_plain_ascii(const char *p, size_t len);
bool qk_hj212_utf8(const char *p, size_t len);
/* CRC state carried over a growing prefix; both algorithms by table. */
typedef struct qk_hj212_crc_state {
    uint16_t standard, modbus;
} qk_hj212_crc_state;
void qk_hj212_crc_advance(qk_hj212_crc_state *state, const char *p, size_t len);
#endif
