/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/node_private.h"
#include "store/audit.h"

void qk_node_anchor_audit(qk_node *node, bool daily)
{
    qk_error err = {0};
    qk_audit_anchor anchor;
    char text[QK_AUDIT_ANCHOR];
    qk_jpos end;
    qk_code code = qk_audit_head(node->db, &anchor.seq, anchor.hash, &err);
    if (!code && (anchor.seq == 0 || (!daily && anchor.seq == node->anchored))) return;
    if (!code) {
        size_t len = qk_audit_anchor_put(text, &anchor);
        code = qk_node_append(node, &end, QK_JOURNAL_INPUT, 0, 0, qk_clock_now(node->clock), text,
                              len, &err);
    }
    if (!code)
        node->anchored = anchor.seq;
    else
        qk_log_limited(node->log, QK_LOG_WARN, "audit", 1,
                       "the head of the audit log waits for the journal: %s", err.message);
}
