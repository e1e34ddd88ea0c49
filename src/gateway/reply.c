/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/reply.h"
#include <stdio.h>

static bool is_answer(int32_t command)
{
    return command >= 9011 && command <= 9014;
}

static qk_reply notice_reply(const qk_hj212_head *head)
{
    bool forbidden = head->flags >= 0 && !head->wants_answer;
    return forbidden ? QK_REPLY_NONE : QK_REPLY_9013;
}

qk_reply qk_reply_kind(const qk_hj212_head *head, qk_hj212_version version)
{
    int32_t cn = head->command;
    if (is_answer(cn)) return QK_REPLY_NONE;
    if (cn == 9021) {
        if (!head->wants_answer) return QK_REPLY_NONE;
        return version == QK_HJ212_2005 ? QK_REPLY_9022 : QK_REPLY_9013;
    }
    if (cn == 1013 || cn == 2072 || cn == 9015) return notice_reply(head);
    if (cn == 1001 && version == QK_HJ212_2025) return notice_reply(head);
    return head->wants_answer ? QK_REPLY_9014 : QK_REPLY_NONE;
}

qk_reply qk_reply_to_wrong_password(const qk_hj212_head *head)
{
    const qk_hj212_command *command = qk_hj212_command_find(head->command);
    bool sends = !command || (command->kind & ~(unsigned)QK_HJ212_REQUEST) != 0;
    if (is_answer(head->command) || sends || !head->wants_answer) return QK_REPLY_NONE;
    return QK_REPLY_9011_PASSWORD;
}

/* ST=91;CN=9022;PW=…;MN=…;Flag=0;CP=&&QN=…;Logon=1&& */
static size_t write_9022(char *out, size_t size, qk_hj212_crc_kind crc, const qk_hj212_head *head)
{
    char segment[256];
    int n = snprintf(
        segment, sizeof segment, "ST=91;CN=9022;PW=%.*s;MN=%.*s;Flag=0;CP=&&QN=%.*s;Logon=1&&",
        (int)head->pw.len, head->pw.ptr ? head->pw.ptr : "", (int)head->mn.len,
        head->mn.ptr ? head->mn.ptr : "", (int)head->qn.len, head->qn.ptr ? head->qn.ptr : "");
    if (n <= 0 || (size_t)n >= sizeof segment) return 0;
    return qk_hj212_encode_segment(out, size, (qk_hj212_text){segment, (size_t)n}, crc);
}

size_t qk_reply_write(char *out, size_t size, qk_reply reply, qk_hj212_version version,
                      qk_hj212_crc_kind crc, const qk_hj212_head *head)
{
    switch (reply) {
    case QK_REPLY_9014: return qk_hj212_encode_9014(out, size, version, crc, head);
    case QK_REPLY_9013: return qk_hj212_encode_9013(out, size, version, crc, head);
    case QK_REPLY_9022: return write_9022(out, size, crc, head);
    case QK_REPLY_9011_PASSWORD: return qk_hj212_encode_9011(out, size, version, crc, head, 3);
    case QK_REPLY_NONE: break;
    }
    return 0;
}
