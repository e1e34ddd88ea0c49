/* SPDX-License-Identifier: Apache-2.0 */
#include "hj212/packet.h"
#include "hj212/internal.h"

/* Head names in the order of the standard's examples. */
typedef enum head_name {
    H_QN,
    H_ST,
    H_CN,
    H_PW,
    H_MN,
    H_FLAG,
    H_PNUM,
    H_PNO,
    H_RF,
    H_COUNT
} head_name;
static const char head_word[H_COUNT][5] = {"QN",   "ST",   "CN",  "PW", "MN",
                                           "Flag", "PNUM", "PNO", "RF"};

enum { ORDER_MAX = 16 };

/* One pass over the head; what it finds besides values goes to the packet, when there is one. */
typedef struct head_walk {
    qk_hj212_head *head;
    qk_hj212_packet *packet;
    uint8_t order[ORDER_MAX];
    size_t order_count;
} head_walk;

void qk_hj212_remark(qk_hj212_packet *p, qk_hj212_deviation d, const char *where)
{
    if (!p || p->deviations & QK_HJ212_BIT(d)) return;
    p->deviations |= QK_HJ212_BIT(d);
    if (p->note_count == QK_HJ212_NOTES_MAX) return;
    uint32_t offset = where ? (uint32_t)(where - p->segment.ptr) : 0;
    p->notes[p->note_count++] = (qk_hj212_note){(uint8_t)d, offset};
}

qk_hj212_text qk_hj212_trim(qk_hj212_text t)
{
    while (t.len > 0 && is_blank(t.ptr[t.len - 1])) t.len--;
    while (t.len > 0 && is_blank(*t.ptr)) t.ptr++, t.len--;
    return t;
}

static head_name name_of(qk_hj212_text word, bool *exact)
{
    for (int i = 0; i < H_COUNT; i++) {
        size_t n = strlen(head_word[i]);
        if (word.len != n || !same_nocase(word.ptr, head_word[i], n)) continue;
        *exact = memcmp(word.ptr, head_word[i], n) == 0;
        return (head_name)i;
    }
    return H_COUNT;
}

static qk_hj212_text *slot_of(qk_hj212_head *h, head_name name)
{
    qk_hj212_text *const slot[H_COUNT] = {&h->qn,   &h->st,   &h->cn,  &h->pw, &h->mn,
                                          &h->flag, &h->pnum, &h->pno, &h->rf};
    return slot[name];
}

static void take_head_item(head_walk *w, qk_hj212_text item)
{
    qk_hj212_text whole = qk_hj212_trim(item);
    if (whole.len != item.len) qk_hj212_remark(w->packet, QK_HJ212_D_BLANKS, item.ptr);
    const char *equals = whole.len ? memchr(whole.ptr, '=', whole.len) : NULL;
    if (!equals) {
        qk_hj212_remark(w->packet,
                        whole.len ? QK_HJ212_D_ITEM_WITHOUT_EQUALS : QK_HJ212_D_EMPTY_ITEM,
                        item.ptr);
        return;
    }
    qk_hj212_text raw_word = text_between(whole.ptr, equals);
    qk_hj212_text raw_value = text_between(equals + 1, whole.ptr + whole.len);
    qk_hj212_text word = qk_hj212_trim(raw_word), value = qk_hj212_trim(raw_value);
    if (word.len != raw_word.len || value.len != raw_value.len)
        qk_hj212_remark(w->packet, QK_HJ212_D_BLANKS, item.ptr);
    bool exact = true;
    head_name name = name_of(word, &exact);
    if (!exact) qk_hj212_remark(w->packet, QK_HJ212_D_HEAD_CASE, word.ptr);
    if (name == H_COUNT) {
        qk_hj212_remark(w->packet, QK_HJ212_D_HEAD_UNKNOWN, word.ptr);
        return;
    }
    qk_hj212_text *slot = slot_of(w->head, name);
    if (slot->ptr) qk_hj212_remark(w->packet, QK_HJ212_D_HEAD_REPEATED, word.ptr);
    *slot = value;
    if (w->order_count < ORDER_MAX) w->order[w->order_count++] = (uint8_t)name;
}

static void walk_head(head_walk *w, const char *p, const char *end)
{
    while (p < end) {
        const char *stop = p;
        while (stop < end && *stop != ';' && *stop != ',') stop++;
        if (stop < end && *stop == ',') qk_hj212_remark(w->packet, QK_HJ212_D_HEAD_SEPARATOR, stop);
        take_head_item(w, text_between(p, stop));
        p = stop + 1;
    }
}

/* The "&" that opens CP, or NULL. *word gets where "CP" begins. */
static const char *find_cp(qk_hj212_text segment, const char **word)
{
    const char *end = segment.ptr + segment.len;
    for (const char *p = segment.ptr; p < end; p++) {
        p = memchr(p, '&', (size_t)(end - p));
        if (!p) return NULL;
        const char *equals = p;
        while (equals > segment.ptr && is_blank(equals[-1])) equals--;
        if (equals - segment.ptr < 3 || equals[-1] != '=') continue;
        const char *name_end = equals - 1;
        while (name_end > segment.ptr && is_blank(name_end[-1])) name_end--;
        if (name_end - segment.ptr < 2 || !same_nocase(name_end - 2, "CP", 2)) continue;
        *word = name_end - 2;
        return p;
    }
    return NULL;
}

static qk_hj212_text cp_from(qk_hj212_text segment, const char *ampersand, bool single)
{
    const char *from = ampersand + (single ? 1 : 2);
    const char *end = segment.ptr + segment.len;
    size_t len = end > from ? (size_t)(end - from) : 0;
    for (int i = 0; i < 2 && len > 0 && from[len - 1] == '&'; i++) len--;
    return text_between(from, from + len);
}

/* The head ends before CP with one ';'. */
static const char *end_of_head(head_walk *w, qk_hj212_text segment, const char *cp_word)
{
    const char *end = cp_word;
    while (end > segment.ptr && is_blank(end[-1])) end--;
    if (end != cp_word) qk_hj212_remark(w->packet, QK_HJ212_D_BLANKS, end);
    if (end > segment.ptr && (end[-1] == ';' || end[-1] == ',')) {
        if (end[-1] == ',') qk_hj212_remark(w->packet, QK_HJ212_D_HEAD_SEPARATOR, end - 1);
        return end - 1;
    }
    if (end > segment.ptr) qk_hj212_remark(w->packet, QK_HJ212_D_HEAD_SEPARATOR, end);
    return end;
}

static bool at_item_start(qk_hj212_text cp, const char *p)
{
    while (p > cp.ptr && is_blank(p[-1])) p--;
    return p == cp.ptr || p[-1] == ';' || p[-1] == ',';
}

static qk_hj212_text value_from(qk_hj212_text cp, const char *p)
{
    const char *end = cp.ptr + cp.len, *stop = p;
    while (stop < end && *stop != ';' && *stop != ',') stop++;
    return qk_hj212_trim(text_between(p, stop));
}

/* DataTime stands first nearly always; else it is looked for, letters of either case. */
static qk_hj212_text find_data_time(qk_hj212_text cp)
{
    enum { WORD = 8 };
    static const char word[] = "DataTime";
    if (cp.len <= WORD) return (qk_hj212_text){0};
    if (cp.ptr[WORD] == '=' && memcmp(cp.ptr, word, WORD) == 0)
        return value_from(cp, cp.ptr + WORD + 1);
    const char *end = cp.ptr + cp.len;
    for (const char *p = cp.ptr; end - p > WORD; p++) {
        if (lower_case(*p) != 'd' || !same_nocase(p, word, WORD) || !at_item_start(cp, p)) continue;
        const char *equals = p + WORD;
        while (equals < end && is_blank(*equals)) equals++;
        if (equals < end && *equals == '=') return value_from(cp, equals + 1);
    }
    return (qk_hj212_text){0};
}

/* Whole decimal number below 10^9, absent for no text, -2 for anything else. */
static int32_t small_number(qk_hj212_text t, int32_t absent)
{
    if (!t.ptr) return absent;
    if (t.len == 1 && is_digit(*t.ptr)) return *t.ptr - '0';
    if (t.len == 0 || t.len > 9) return -2;
    int32_t v = 0;
    for (size_t i = 0; i < t.len; i++) {
        if (!is_digit(t.ptr[i])) return -2;
        v = v * 10 + (t.ptr[i] - '0');
    }
    return v;
}

/* A command's four digits at once; -1 when one is none. */
static int32_t four_digits(const char *p)
{
    uint32_t d[4], bad = 0;
    for (int i = 0; i < 4; i++) {
        d[i] = (uint32_t)(p[i] - '0');
        bad |= d[i] > 9;
    }
    return bad ? -1 : (int32_t)(d[0] * 1000 + d[1] * 100 + d[2] * 10 + d[3]);
}

void qk_hj212_interpret_head(qk_hj212_head *h)
{
    int32_t command = h->cn.len == 4 ? four_digits(h->cn.ptr) : small_number(h->cn, -1);
    h->command = command < 0 ? -1 : command;
    h->flags = small_number(h->flag, -1);
    if (h->flags > 255) h->flags = -2;
    h->parts = small_number(h->pnum, 0);
    h->part = small_number(h->pno, 0);
    int32_t bits = h->flags > 0 ? h->flags : 0;
    h->wants_answer = bits & 1;
    h->split = (bits & 2) || (h->parts > 0 && h->part > 0);
    h->back_filled = h->rf.len == 1 && *h->rf.ptr == '1';
    h->version = bits >> 2 == 0 ? QK_HJ212_2005 : bits >> 2 == 1 ? QK_HJ212_2017 : QK_HJ212_2025;
}

static void read_head(head_walk *w, qk_hj212_text segment)
{
    *w->head = (qk_hj212_head){0};
    if (!segment.ptr) segment = QK_HJ212_TEXT("");
    const char *cp_word = segment.ptr + segment.len;
    const char *ampersand = find_cp(segment, &cp_word);
    if (ampersand) {
        const char *end = segment.ptr + segment.len;
        bool single = ampersand + 1 == end || ampersand[1] != '&';
        if (single) qk_hj212_remark(w->packet, QK_HJ212_D_CP_SINGLE_AMPERSAND, ampersand);
        w->head->cp = cp_from(segment, ampersand, single);
        w->head->data_time = find_data_time(w->head->cp);
        walk_head(w, segment.ptr, end_of_head(w, segment, cp_word));
    } else {
        qk_hj212_remark(w->packet, QK_HJ212_D_NO_CP, cp_word);
        while (cp_word > segment.ptr && (cp_word[-1] == '&' || cp_word[-1] == ';')) cp_word--;
        walk_head(w, segment.ptr, cp_word);
    }
    qk_hj212_interpret_head(w->head);
}

bool qk_hj212_head_read(qk_hj212_head *head, qk_hj212_text segment)
{
    head_walk w = {.head = head};
    read_head(&w, segment);
    return head->mn.len > 0 && head->cn.len > 0;
}

/* ---- judging ---- */

/* 2005 prints PNO before PNUM; everything else keeps one order in all versions. */
static void judge_order(const head_walk *w)
{
    int last = -1;
    bool pno_first = w->head->version == QK_HJ212_2005;
    for (size_t i = 0; i < w->order_count; i++) {
        int rank = w->order[i];
        if (pno_first && rank == H_PNUM)
            rank = H_PNO;
        else if (pno_first && rank == H_PNO)
            rank = H_PNUM;
        if (rank < last) qk_hj212_remark(w->packet, QK_HJ212_D_HEAD_ORDER, NULL);
        last = rank;
    }
}

static bool is_answer(int32_t command)
{
    return command >= 9011 && command <= 9014;
}

static void judge_texts(qk_hj212_packet *p)
{
    const qk_hj212_head *h = &p->head;
    qk_hj212_time t;
    bool later = h->version != QK_HJ212_2005;
    if (!h->qn.ptr && later)
        qk_hj212_remark(p, QK_HJ212_D_NO_QN, NULL);
    else if (h->qn.ptr && (h->qn.len != 17 || !qk_hj212_time_parse(&t, h->qn)))
        qk_hj212_remark(p, QK_HJ212_D_QN_FORM, h->qn.ptr);
    if (!h->st.ptr)
        qk_hj212_remark(p, QK_HJ212_D_NO_ST, NULL);
    else if (h->st.len != 2)
        qk_hj212_remark(p, QK_HJ212_D_ST_FORM, h->st.ptr);
    bool bare_2005 = !later && h->command == 9014 && !h->mn.ptr;
    if (!h->pw.ptr && !bare_2005)
        qk_hj212_remark(p, QK_HJ212_D_NO_PW, NULL);
    else if (h->pw.ptr && h->pw.len != 6)
        qk_hj212_remark(p, QK_HJ212_D_PW_FORM, h->pw.ptr);
    if (is_answer(h->command) && h->st.ptr && !qk_hj212_text_is(h->st, "91"))
        qk_hj212_remark(p, QK_HJ212_D_ANSWER_ST, h->st.ptr);
}

static void judge_parts(qk_hj212_packet *p)
{
    const qk_hj212_head *h = &p->head;
    bool there = h->pnum.ptr || h->pno.ptr;
    bool both = h->pnum.ptr && h->pno.ptr;
    if (h->flags > 0 && h->flags & 2 && !both)
        qk_hj212_remark(p, QK_HJ212_D_FLAG_WITHOUT_PARTS, NULL);
    if (there && h->flags >= 0 && !(h->flags & 2))
        qk_hj212_remark(p, QK_HJ212_D_PARTS_WITHOUT_FLAG, NULL);
    if (there && h->parts >= 0 && h->part >= 0 && (h->part < 1 || h->part > h->parts))
        qk_hj212_remark(p, QK_HJ212_D_PART_BEYOND_COUNT, NULL);
    if (h->flags >= 12) qk_hj212_remark(p, QK_HJ212_D_VERSION_UNKNOWN, h->flag.ptr);
}

static void judge_data_time(qk_hj212_packet *p)
{
    qk_hj212_text t = p->head.data_time;
    if (!t.ptr) return;
    p->time_ok = qk_hj212_time_parse(&p->time, t);
    if (!p->time_ok) return;
    if (t.len == 17)
        qk_hj212_remark(p, QK_HJ212_D_DATA_TIME_17_DIGITS, t.ptr);
    else if (t.len > 14)
        qk_hj212_remark(p, QK_HJ212_D_DATA_TIME_LONG, t.ptr);
    else if (t.len < 14)
        qk_hj212_remark(p, QK_HJ212_D_DATA_TIME_SHORT, t.ptr);
    if (t.len >= 10 && t.ptr[8] == '2' && t.ptr[9] == '4')
        qk_hj212_remark(p, QK_HJ212_D_DATA_TIME_HOUR_24, t.ptr);
}

static void judge_bytes(qk_hj212_packet *p)
{
    qk_hj212_text s = p->segment;
    if (s.len == 0 || qk_hj212_plain_ascii(s.ptr, s.len)) return;
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.ptr[i] < 0x20 && !is_blank(s.ptr[i])) {
            qk_hj212_remark(p, QK_HJ212_D_CONTROL_BYTES, s.ptr + i);
            break;
        }
    if (!qk_hj212_utf8(s.ptr, s.len)) qk_hj212_remark(p, QK_HJ212_D_NOT_UTF8, NULL);
}

/* A name to keep devices apart: any form, but text and of a bearable length. */
static bool mn_usable(qk_hj212_text mn)
{
    enum { MN_MAX = 39 };
    return mn.len <= MN_MAX && qk_hj212_plain_ascii(mn.ptr, mn.len);
}

static qk_hj212_refusal judge_content(const qk_hj212_packet *p)
{
    const qk_hj212_head *h = &p->head;
    bool anonymous_2005 = h->version == QK_HJ212_2005 && h->command == 9014;
    if (h->cn.len == 0) return QK_HJ212_R_NO_CN;
    if (h->mn.len == 0 && !anonymous_2005) return QK_HJ212_R_NO_MN;
    if (h->cn.len != 4 || h->command < 0) return QK_HJ212_R_BAD_FIELD;
    if (h->mn.len > 0 && !mn_usable(h->mn)) return QK_HJ212_R_BAD_FIELD;
    if (h->flags == -2 || h->parts == -2 || h->part == -2) return QK_HJ212_R_BAD_FIELD;
    if (h->data_time.ptr && !p->time_ok) return QK_HJ212_R_BAD_FIELD;
    return QK_HJ212_USABLE;
}

void qk_hj212_parse(qk_hj212_packet *packet, const qk_hj212_frame *frame)
{
    *packet = (qk_hj212_packet){.segment = frame->segment, .deviations = frame->deviations};
    head_walk w = {.head = &packet->head, .packet = packet};
    read_head(&w, frame->segment);
    judge_order(&w);
    judge_texts(packet);
    judge_parts(packet);
    judge_data_time(packet);
    judge_bytes(packet);
    packet->refusal = judge_content(packet);
}
