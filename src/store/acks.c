/* SPDX-License-Identifier: Apache-2.0 */
#include "store/acks.h"
#include "base/checksum.h"
#include "base/text.h"
#include "hj212/packet.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { SLOTS_LEAST = 1024, SLOTS_MOST = 1 << 28, PARTS = 32, REPORTED = 0x8000 };

typedef struct entry {
    uint64_t low;     /* of the key's hash; 0 = the slot is free */
    uint32_t high;    /* of the key's hash */
    uint32_t content; /* checksum of the first frame */
    uint32_t parts;   /* met, a bit for each PNO modulo 32 */
    uint16_t acks;    /* lines with this key; the top bit: told as missing */
    uint16_t split;   /* PNUM, 0 = not split */
} entry;

struct qk_acks {
    entry *slots;
    size_t size; /* a power of two */
    qk_acks_result result;
    char *path;
    FILE *file;
};

/* ---- keys ---- */

typedef struct hashed {
    uint64_t low;
    uint32_t high;
} hashed;

static uint64_t mix(uint64_t v)
{
    v ^= v >> 32;
    v *= 0xd6e8feb86659fd93u;
    v ^= v >> 32;
    return v;
}

/* Words are hashed one after the other, each with its length, so that they cannot flow together. */
static hashed hash_key(const qk_str words[4])
{
    hashed h = {0, 0};
    for (int i = 0; i < 4; i++) {
        h.low = mix(h.low ^ qk_hash(words[i].ptr, words[i].len)) + words[i].len;
        h.high = qk_crc32c(h.high ^ (uint32_t)words[i].len, words[i].ptr, words[i].len);
    }
    if (h.low == 0) h.low = 1;
    return h;
}

static entry *find(const qk_acks *a, hashed key)
{
    size_t slot = (size_t)key.low & (a->size - 1);
    while (a->slots[slot].low && (a->slots[slot].low != key.low || a->slots[slot].high != key.high))
        slot = (slot + 1) & (a->size - 1);
    return &a->slots[slot];
}

/* ---- the list ---- */

static qk_str blank(qk_str word)
{
    return qk_str_eq(word, QK_STR("-")) ? QK_STR("") : word;
}

static qk_code read_words(qk_str line, qk_str words[4])
{
    int n = 0;
    for (int i = 0; i < 4; i++) words[i] = QK_STR("");
    for (qk_str rest = qk_str_trim(line); rest.ptr; n++) {
        qk_str word = qk_str_cut(&rest, ' ');
        if (n == 4) return QK_EFORMAT;
        words[n] = blank(qk_str_trim(word));
    }
    return n >= 3 && words[0].len ? QK_OK : QK_EFORMAT;
}

/* Calls for each line that is not empty; lines are short, a longer one is refused. */
typedef qk_code line_fn(qk_acks *a, const qk_str words[4], qk_str line, void *context);

static qk_code each_line(qk_acks *a, line_fn *fn, void *context, qk_error *err)
{
    char text[512];
    uint32_t number = 0;
    rewind(a->file);
    while (fgets(text, sizeof text, a->file)) {
        qk_str words[4];
        qk_str line = qk_str_of(text);
        number++;
        bool whole = qk_str_ends(line, QK_STR("\n")) || feof(a->file);
        line = qk_str_trim(line);
        if (whole && line.len == 0) continue;
        if (!whole || read_words(line, words) != QK_OK) {
            qk_fail(err, QK_EFORMAT, "a line is 'MN QN CN DataTime'");
            qk_error_at(err, a->path, number, 0);
            return QK_EFORMAT;
        }
        QK_TRY(fn(a, words, line, context));
    }
    if (ferror(a->file)) return qk_fail_errno(err, errno, "cannot read %s", a->path);
    return QK_OK;
}

static qk_code count_line(qk_acks *a, const qk_str words[4], qk_str line, void *context)
{
    (void)words;
    (void)line;
    (void)context;
    a->result.lines++;
    return QK_OK;
}

static qk_code take_line(qk_acks *a, const qk_str words[4], qk_str line, void *context)
{
    (void)line;
    (void)context;
    hashed key = hash_key(words);
    entry *e = find(a, key);
    if (!e->low) {
        e->low = key.low;
        e->high = key.high;
        a->result.keys++;
    }
    if (e->acks < REPORTED - 1) e->acks++;
    return QK_OK;
}

static qk_code make_slots(qk_acks *a, qk_error *err)
{
    a->size = SLOTS_LEAST;
    while (a->size * 5 / 8 < a->result.lines && a->size < SLOTS_MOST) a->size *= 2;
    if (a->size * 5 / 8 < a->result.lines)
        return qk_fail(err, QK_EFULL, "more lines than can be checked at a time");
    a->slots = calloc(a->size, sizeof *a->slots);
    if (!a->slots) return qk_fail(err, QK_ENOMEM, "no memory for the list of acknowledgements");
    return QK_OK;
}

static qk_code open_list(qk_acks *a, const char *path, qk_error *err)
{
    a->path = strdup(path);
    if (!a->path) return qk_fail(err, QK_ENOMEM, "no memory for the list of acknowledgements");
    a->file = fopen(path, "re");
    if (!a->file) return qk_fail_errno(err, errno, "cannot open %s", path);
    QK_TRY(each_line(a, count_line, NULL, err));
    QK_TRY(make_slots(a, err));
    return each_line(a, take_line, NULL, err);
}

qk_code qk_acks_open(qk_acks **out, const char *path, qk_error *err)
{
    *out = NULL;
    qk_acks *a = calloc(1, sizeof *a);
    if (!a) return qk_fail(err, QK_ENOMEM, "no memory for the list of acknowledgements");
    qk_code code = open_list(a, path, err);
    if (code == QK_OK)
        *out = a;
    else
        qk_acks_close(a);
    return code;
}

void qk_acks_close(qk_acks *acks)
{
    if (!acks) return;
    if (acks->file) fclose(acks->file);
    free(acks->path);
    free(acks->slots);
    free(acks);
}

/* ---- frames ---- */

static qk_str str_of(qk_hj212_text text)
{
    return (qk_str){text.ptr ? text.ptr : "", text.len};
}

static entry *entry_of_qn(const qk_acks *a, const qk_hj212_head *head, qk_str qn)
{
    qk_str words[4] = {str_of(head->mn), qn, str_of(head->cn), str_of(head->data_time)};
    entry *e = find(a, hash_key(words));
    return e->low ? e : NULL;
}

/* A frame of 2005 may carry its QN inside CP; its sender knows it by that one. */
static qk_str qn_in_cp(const qk_hj212_head *head)
{
    qk_str cp = str_of(head->cp);
    size_t at = qk_str_find(cp, QK_STR("QN="), 0);
    if (at == SIZE_MAX) return QK_STR("");
    qk_str qn = {cp.ptr + at + 3, 0};
    while (at + 3 + qn.len < cp.len && qk_is_digit(qn.ptr[qn.len])) qn.len++;
    return qn;
}

static entry *entry_of(const qk_acks *a, const qk_hj212_head *head)
{
    entry *e = entry_of_qn(a, head, str_of(head->qn));
    return e || head->qn.len ? e : entry_of_qn(a, head, qn_in_cp(head));
}

static void take_part(qk_acks *a, entry *e, const qk_hj212_head *head, uint32_t content)
{
    bool split = head->parts > 1 && head->part > 0;
    uint32_t bit = split ? 1u << (uint32_t)head->part % PARTS : 1;
    if (split) e->split = (uint16_t)(head->parts < PARTS ? head->parts : PARTS);
    if (!(e->parts & bit)) {
        if (!e->parts) e->content = content;
        e->parts |= bit;
    } else if (split || e->content == content) {
        a->result.repeats++;
    } else {
        a->result.changed++;
    }
}

void qk_acks_frame(qk_acks *acks, const char *frame, size_t len, bool repeat)
{
    qk_hj212_frame found;
    qk_hj212_step step;
    qk_hj212_head head;
    if (qk_hj212_next(frame, len, true, &found, &step) != QK_HJ212_FRAME) return;
    if (!qk_hj212_head_read(&head, found.segment)) return;
    entry *e = entry_of(acks, &head);
    if (!e) return;
    if (repeat)
        acks->result.repeats++;
    else
        take_part(acks, e, &head, qk_crc32c(0, found.segment.ptr, found.segment.len));
}

/* ---- the outcome ---- */

static bool whole(const entry *e)
{
    uint32_t acks = e->acks & (REPORTED - 1u);
    uint32_t due = e->split ? (acks < e->split ? acks : e->split) : 1;
    return (uint32_t)__builtin_popcount(e->parts) >= due;
}

typedef struct naming {
    qk_acks_missing_fn *fn;
    void *context;
    uint32_t left;
} naming;

static qk_code name_missing(qk_acks *a, const qk_str words[4], qk_str line, void *context)
{
    naming *n = context;
    entry *e = find(a, hash_key(words));
    if (n->left == 0) return QK_ECANCELLED;
    if (whole(e) || e->acks & REPORTED) return QK_OK;
    char text[512];
    qk_str_copy(text, sizeof text, line);
    e->acks |= REPORTED;
    n->left--;
    n->fn(n->context, text);
    return QK_OK;
}

qk_code qk_acks_finish(qk_acks *acks, qk_acks_result *out, qk_acks_missing_fn *fn, void *context,
                       uint32_t most, qk_error *err)
{
    acks->result.stored = acks->result.missing = 0;
    for (size_t i = 0; i < acks->size; i++) {
        const entry *e = &acks->slots[i];
        if (!e->low) continue;
        if (whole(e))
            acks->result.stored++;
        else
            acks->result.missing++;
    }
    *out = acks->result;
    if (!fn || !out->missing) return QK_OK;
    naming n = {fn, context, most};
    qk_code code = each_line(acks, name_missing, &n, err);
    return code == QK_ECANCELLED ? QK_OK : code;
}
