/* SPDX-License-Identifier: Apache-2.0 */
#include "hj212/encode.h"
#include "hj212/internal.h"
#include "hj212/tables.h"

/* Sticky: the first text that does not fit makes all that follows void. */
typedef struct writer {
    char *out;
    size_t size, len;
    bool full;
} writer;

static void put(writer *w, const char *p, size_t n)
{
    if (n > w->size - w->len) w->full = true;
    if (w->full || n == 0) return;
    memcpy(w->out + w->len, p, n);
    w->len += n;
}

static void put_text(writer *w, qk_hj212_text t)
{
    put(w, t.ptr, t.ptr ? t.len : 0);
}
static void put_word(writer *w, const char *word)
{
    put(w, word, strlen(word));
}

static void put_number(writer *w, int32_t v)
{
    char digits[12];
    size_t n = 0;
    do digits[sizeof digits - ++n] = (char)('0' + v % 10);
    while ((v /= 10) > 0);
    put(w, digits + sizeof digits - n, n);
}

/* name=value; with the separator behind it; absent values are left out */
static void put_head(writer *w, const char *name, qk_hj212_text value)
{
    if (!value.ptr) return;
    put_word(w, name);
    put_text(w, value);
    put_word(w, ";");
}

static void put_head_number(writer *w, const char *name, int32_t value)
{
    put_word(w, name);
    put_number(w, value);
    put_word(w, ";");
}

/* ---- frames ---- */

static uint16_t crc_of(const char *p, size_t n, qk_hj212_crc_kind kind)
{
    bool modbus = kind == QK_HJ212_CRC_MODBUS || kind == QK_HJ212_CRC_MODBUS_SWAPPED;
    bool swapped = kind == QK_HJ212_CRC_SWAPPED || kind == QK_HJ212_CRC_MODBUS_SWAPPED;
    uint16_t crc = modbus ? qk_hj212_crc_modbus(p, n) : qk_hj212_crc(p, n);
    return swapped ? (uint16_t)(crc << 8 | crc >> 8) : crc;
}

enum { HEAD_BYTES = 6, TAIL_BYTES = 6, SEGMENT_LIMIT = 9999 };

/* Completes a frame whose segment stands at out + 6. */
static size_t close_frame(char *out, size_t size, size_t n, qk_hj212_crc_kind kind)
{
    static const char hex[] = "0123456789ABCDEF";
    if (n > SEGMENT_LIMIT || size < n + HEAD_BYTES + TAIL_BYTES) return 0;
    memcpy(out, "##", 2);
    for (size_t i = 0, v = n; i < 4; i++, v /= 10) out[5 - i] = (char)('0' + v % 10);
    uint16_t crc = crc_of(out + HEAD_BYTES, n, kind);
    char *tail = out + HEAD_BYTES + n;
    for (int i = 0; i < 4; i++) tail[i] = hex[crc >> (12 - 4 * i) & 15];
    memcpy(tail + 4, "\r\n", 2);
    return n + HEAD_BYTES + TAIL_BYTES;
}

size_t qk_hj212_encode_segment(char *out, size_t size, qk_hj212_text segment, qk_hj212_crc_kind crc)
{
    if (segment.len > SEGMENT_LIMIT || size < segment.len + HEAD_BYTES + TAIL_BYTES) return 0;
    if (segment.len > 0) memmove(out + HEAD_BYTES, segment.ptr, segment.len);
    return close_frame(out, size, segment.len, crc);
}

static writer open_frame(char *out, size_t size)
{
    bool room = size >= HEAD_BYTES + TAIL_BYTES;
    return (writer){.out = room ? out + HEAD_BYTES : out,
                    .size = room ? size - HEAD_BYTES - TAIL_BYTES : 0,
                    .full = !room};
}

static size_t finish(const writer *w, char *out, size_t size, qk_hj212_crc_kind crc)
{
    return w->full ? 0 : close_frame(out, size, w->len, crc);
}

static void put_parts(writer *w, const qk_hj212_message *m)
{
    if (m->parts <= 0) return;
    bool part_first = m->version == QK_HJ212_2005;
    if (part_first) put_head_number(w, "PNO=", m->part);
    put_head_number(w, "PNUM=", m->parts);
    if (!part_first) put_head_number(w, "PNO=", m->part);
}

static void put_message_head(writer *w, const qk_hj212_message *m)
{
    put_head(w, "QN=", m->qn);
    put_head(w, "ST=", m->st);
    put_head(w, "CN=", m->cn);
    put_head(w, "PW=", m->pw);
    put_head(w, "MN=", m->mn);
    if (m->flag >= 0) put_head_number(w, "Flag=", m->flag);
    put_parts(w, m);
    if (m->back_filled) put_word(w, "RF=1;");
}

static void put_cp(writer *w, qk_hj212_text cp)
{
    put_word(w, "CP=&&");
    put_text(w, cp);
    put_word(w, "&&");
}

static size_t encode_with(char *out, size_t size, const qk_hj212_message *m, qk_hj212_crc_kind crc)
{
    writer w = open_frame(out, size);
    put_message_head(&w, m);
    put_cp(&w, m->cp);
    return finish(&w, out, size, crc);
}

size_t qk_hj212_encode(char *out, size_t size, const qk_hj212_message *message)
{
    return encode_with(out, size, message, QK_HJ212_CRC_STANDARD);
}

/* ---- answers ---- */

static int32_t plain_flag(qk_hj212_version v)
{
    return v == QK_HJ212_2005 ? 0 : v == QK_HJ212_2017 ? 4 : 8;
}

static qk_hj212_message answer_message(qk_hj212_version version, const char *cn,
                                       const qk_hj212_head *received)
{
    qk_hj212_text none = {0};
    return (qk_hj212_message){
        .version = version,
        .qn = version == QK_HJ212_2005 ? none : received->qn,
        .st = QK_HJ212_TEXT("91"),
        .cn = qk_hj212_text_of(cn),
        .pw = received->pw,
        .mn = received->mn,
        .flag = plain_flag(version),
    };
}

/* 2005: the QN of what is answered stands in CP. */
static void put_cp_qn(writer *w, const qk_hj212_head *received)
{
    if (received->qn.len == 0) return;
    put_word(w, "QN=");
    put_text(w, received->qn);
}

static size_t encode_result(char *out, size_t size, const qk_hj212_message *m,
                            qk_hj212_crc_kind crc, const qk_hj212_head *received, const char *name,
                            int32_t result)
{
    writer w = open_frame(out, size);
    put_message_head(&w, m);
    put_word(&w, "CP=&&");
    if (m->version == QK_HJ212_2005) {
        put_cp_qn(&w, received);
        if (received->qn.len > 0 && name) put_word(&w, ";");
    }
    if (name) {
        put_word(&w, name);
        put_number(&w, result);
    }
    put_word(&w, "&&");
    return finish(&w, out, size, crc);
}

size_t qk_hj212_encode_9011(char *out, size_t size, qk_hj212_version version, qk_hj212_crc_kind crc,
                            const qk_hj212_head *received, int32_t qn_rtn)
{
    qk_hj212_message m = answer_message(version, "9011", received);
    return encode_result(out, size, &m, crc, received, "QnRtn=", qn_rtn);
}

size_t qk_hj212_encode_9012(char *out, size_t size, qk_hj212_version version, qk_hj212_crc_kind crc,
                            const qk_hj212_head *received, int32_t exe_rtn)
{
    qk_hj212_message m = answer_message(version, "9012", received);
    if (version == QK_HJ212_2005) m.flag = -1;
    return encode_result(out, size, &m, crc, received, "ExeRtn=", exe_rtn);
}

size_t qk_hj212_encode_9013(char *out, size_t size, qk_hj212_version version, qk_hj212_crc_kind crc,
                            const qk_hj212_head *received)
{
    qk_hj212_message m = answer_message(version, "9013", received);
    return encode_result(out, size, &m, crc, received, NULL, 0);
}

/* 2005: "ST=91;CN=9014;CP=&&QN=..;CN=2051[;PNO=1;PNUM=1]&&", without PW and MN. */
static size_t encode_9014_of_2005(char *out, size_t size, qk_hj212_crc_kind crc,
                                  const qk_hj212_head *received)
{
    writer w = open_frame(out, size);
    put_word(&w, "ST=91;CN=9014;CP=&&");
    put_cp_qn(&w, received);
    put_word(&w, received->qn.len > 0 ? ";CN=" : "CN=");
    put_text(&w, received->cn);
    if (received->parts > 0 && received->part > 0) {
        put_word(&w, ";PNO=");
        put_number(&w, received->part);
        put_word(&w, ";PNUM=");
        put_number(&w, received->parts);
    }
    put_word(&w, "&&");
    return finish(&w, out, size, crc);
}

size_t qk_hj212_encode_9014(char *out, size_t size, qk_hj212_version version, qk_hj212_crc_kind crc,
                            const qk_hj212_head *received)
{
    if (version == QK_HJ212_2005) return encode_9014_of_2005(out, size, crc, received);
    qk_hj212_message m = answer_message(version, "9014", received);
    return encode_with(out, size, &m, crc);
}

/* ---- requests ---- */

static int32_t request_flag(qk_hj212_version v, bool notice)
{
    if (v == QK_HJ212_2005) return notice ? -1 : 3; /* as its annex prints them */
    return plain_flag(v) | 1;
}

static void four_digits(char out[4], int32_t v)
{
    for (int i = 3; i >= 0; i--, v /= 10) out[i] = (char)('0' + v % 10);
}

size_t qk_hj212_encode_command(char *out, size_t size, const qk_hj212_peer *peer, qk_hj212_text qn,
                               int32_t command, qk_hj212_text cp)
{
    if (command < 0 || command > 9999) return 0;
    const qk_hj212_command *row = qk_hj212_command_find(command);
    bool notice = row && !(row->kind & QK_HJ212_REQUEST) && row->kind & QK_HJ212_NOTICE_DOWN;
    char cn[4];
    four_digits(cn, command);
    qk_hj212_message m = {
        .version = peer->version,
        .qn = qn,
        .st = peer->st,
        .cn = {cn, 4},
        .pw = peer->pw,
        .mn = peer->mn,
        .flag = request_flag(peer->version, notice),
        .cp = cp,
    };
    return encode_with(out, size, &m, peer->crc);
}

static void put_item(writer *w, char separator, const char *name, qk_hj212_text value)
{
    if (w->len > 0) put(w, &separator, 1);
    put_word(w, name);
    put_word(w, "=");
    put_text(w, value);
}

static void put_item_number(writer *w, const char *name, int32_t value)
{
    if (value < 0) return;
    put_item(w, ';', name, (qk_hj212_text){0});
    put_number(w, value);
}

/* "i13004-Info=168.0" */
static void put_info(writer *w, const qk_hj212_params *p)
{
    if (!p->info_id.ptr || !p->info_value.ptr) return;
    if (w->len > 0) put_word(w, ";");
    put_text(w, p->info_id);
    put_word(w, "-Info=");
    put_text(w, p->info_value);
}

static void put_param(writer *w, const qk_hj212_peer *peer, qk_hj212_text name,
                      const qk_hj212_params *p)
{
    bool of_2005 = peer->version == QK_HJ212_2005;
    bool ends_range = qk_hj212_text_is(name, "EndTime") && p->begin_time.ptr;
    const struct {
        const char *name;
        qk_hj212_text value;
        const char *printed;
    } text[] = {
        {"PolId", p->pol_id, "PolId"},        {"InfoId", p->info_id, "InfoId"},
        {"SystemTime", p->system_time, NULL}, {"BeginTime", p->begin_time, NULL},
        {"EndTime", p->end_time, NULL},       {"NewPW", p->new_pw, of_2005 ? "PW" : "NewPW"},
        {"CstartTime", p->cstart_time, NULL}, {"NewSK", p->new_sk, NULL},
    };
    const struct {
        const char *name;
        int32_t value;
    } number[] = {
        {"OverTime", p->over_time_s},
        {"ReCount", p->re_count},
        {"RtdInterval", p->rtd_interval_s},
        {"MinInterval", p->min_interval_min},
        {"CTime", p->ctime_h},
        {"WarnTime", p->warn_time_min},
    };
    for (size_t i = 0; i < sizeof text / sizeof *text; i++)
        if (qk_hj212_text_is(name, text[i].name) && text[i].value.ptr)
            put_item(w, ends_range && peer->comma_range ? ',' : ';',
                     text[i].printed ? text[i].printed : text[i].name, text[i].value);
    for (size_t i = 0; i < sizeof number / sizeof *number; i++)
        if (qk_hj212_text_is(name, number[i].name))
            put_item_number(w, number[i].name, number[i].value);
    if (qk_hj212_text_is(name, "Info")) put_info(w, p);
}

static uint8_t version_bit(qk_hj212_version v)
{
    return v == QK_HJ212_2005   ? QK_HJ212_IN_2005
           : v == QK_HJ212_2017 ? QK_HJ212_IN_2017
                                : QK_HJ212_IN_2025;
}

size_t qk_hj212_encode_params(char *out, size_t size, const qk_hj212_peer *peer, int32_t command,
                              const qk_hj212_params *params)
{
    const qk_hj212_command *row = qk_hj212_command_find(command);
    if (!row || !(row->versions & version_bit(peer->version)) ||
        !(row->kind & (QK_HJ212_REQUEST | QK_HJ212_NOTICE_DOWN)))
        return SIZE_MAX;
    writer w = {.out = out, .size = size};
    for (const char *p = row->request; *p;) {
        const char *stop = strchr(p, ' ');
        size_t n = stop ? (size_t)(stop - p) : strlen(p);
        put_param(&w, peer, (qk_hj212_text){p, n}, params);
        p += n + (stop != NULL);
    }
    return w.full ? SIZE_MAX : w.len;
}

size_t qk_hj212_encode_request(char *out, size_t size, const qk_hj212_peer *peer, qk_hj212_text qn,
                               int32_t command, const qk_hj212_params *params)
{
    char cp[QK_HJ212_SEGMENT_MAX];
    size_t n = qk_hj212_encode_params(cp, sizeof cp, peer, command, params);
    return n == SIZE_MAX
               ? 0
               : qk_hj212_encode_command(out, size, peer, qn, command, (qk_hj212_text){cp, n});
}
