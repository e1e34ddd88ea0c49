/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/forward_private.h"
#include "gateway/rewrite.h"
#include <stdlib.h>

qk_jpos qk_uplink_cursor(const qk_uplink *link)
{
    qk_jpos behind = link->from;
    if (link->pass && link->pass->pos > behind) behind = link->pass->pos;
    return qk_upqueue_cursor(&link->queue, behind);
}

/* ---- reading: libuv's thread pool ---- */

static bool is_forwardable(const qk_journal_record *r)
{
    qk_hj212_frame frame;
    qk_hj212_step step;
    qk_hj212_head head;
    if (r->kind != QK_JOURNAL_FRAME || (r->flags & (QK_JOURNAL_REPEAT | QK_JOURNAL_UNAPPROVED)))
        return false;
    return qk_hj212_next(r->payload, r->len, true, &frame, &step) == QK_HJ212_FRAME &&
           qk_hj212_head_read(&head, frame.segment) && head.command >= 2000 && head.command < 4000;
}

static bool add_to_batch(qk_pass *pass, const qk_journal_record *r, size_t *used)
{
    if (pass->count == QK_PASS_FRAMES || *used + r->len > QK_PASS_BYTES) return false;
    pass->frames[pass->count++] =
        (qk_pass_frame){.pos = r->pos, .end = r->next, .at = (uint32_t)*used, .len = r->len};
    memcpy(pass->bytes + *used, r->payload, r->len);
    *used += r->len;
    return true;
}

static void read_batch(uv_work_t *work)
{
    qk_pass *pass = work->data;
    qk_journal_record r;
    size_t used = 0;
    pass->count = pass->next = 0;
    pass->batch_end = pass->pos;
    if (!pass->reader &&
        qk_journal_reader_open(&pass->reader, pass->dir, pass->pos, NULL) != QK_OK) {
        pass->reader = NULL;
        return;
    }
    while (pass->batch_end - pass->pos < QK_PASS_SCAN) {
        qk_code code = qk_journal_next(pass->reader, &r, pass->limit, NULL);
        if (code == QK_EDAMAGED) continue;
        if (code != QK_OK) {
            if (code == QK_ENOTFOUND) pass->batch_end = pass->limit;
            return;
        }
        if (is_forwardable(&r) && !add_to_batch(pass, &r, &used)) {
            /* The record is met again by the next batch. */
            qk_journal_reader_close(pass->reader);
            pass->reader = NULL;
            return;
        }
        pass->batch_end = r.next;
    }
}

/* ---- giving to the links: the loop ---- */

static bool is_healthy(const qk_uplink *link)
{
    return link->phase == QK_UPLINK_UP &&
           link->platform->gateway->gate.now_ms - link->progress_ms < QK_UPLINK_HEALTHY_MS;
}

static void push_frame(qk_uplink *link, const qk_pass_frame *f, const char *bytes,
                       const qk_hj212_frame *frame, const qk_hj212_head *head)
{
    char out[QK_HJ212_FRAME_MAX];
    size_t len = f->len;
    if (link->as_mn[0] || link->as_pw[0]) {
        qk_hj212_text mn = {0}, pw = {0};
        if (link->as_mn[0]) mn = qk_hj212_text_of(link->as_mn);
        if (link->as_pw[0]) pw = qk_hj212_text_of(link->as_pw);
        len = qk_rewrite_frame(out, sizeof out, frame->segment, mn, pw);
        bytes = out;
    }
    if (len && qk_upqueue_push(&link->queue, f->pos, bytes, (uint32_t)len,
                               (qk_str){head->qn.ptr, head->qn.len}, head->wants_answer))
        qk_uplink_send(link);
}

/* False when the pass has to wait for a link that is full but gets on. */
static bool give_frame(qk_pass *pass, const qk_pass_frame *f)
{
    const char *bytes = pass->bytes + f->at;
    qk_hj212_frame frame;
    qk_hj212_step step;
    qk_hj212_head head;
    uint64_t value;
    if (qk_hj212_next(bytes, f->len, true, &frame, &step) != QK_HJ212_FRAME ||
        !qk_hj212_head_read(&head, frame.segment) ||
        !qk_map_get(pass->platform->by_mn, (qk_str){head.mn.ptr, head.mn.len}, &value))
        return true;
    qk_uplink *link = (qk_uplink *)(uintptr_t)value;
    if (link->pass != pass || f->pos < link->from) return true;
    if (!qk_upqueue_full(&link->queue)) {
        push_frame(link, f, bytes, &frame, &head);
        return true;
    }
    if (is_healthy(link)) return false;
    link->pass = NULL;
    link->from = f->pos;
    return true;
}

static void on_batch(uv_work_t *work, int status);

static void start_reading(qk_pass *pass, qk_jpos limit)
{
    if (pass->reading || pass->stuck || pass->pos >= limit) return;
    pass->limit = limit;
    pass->work.data = pass;
    pass->reading =
        uv_queue_work(&pass->platform->gateway->loop, &pass->work, read_batch, on_batch) == 0;
    if (pass->reading) pass->platform->busy++;
}

static bool make_pass(qk_pass *pass)
{
    if (pass->bytes) return true;
    const char *dir = qk_node_dir(pass->platform->gateway->node);
    if (qk_path_join(pass->dir, sizeof pass->dir, dir, "journal") != QK_OK) return false;
    pass->bytes = malloc(QK_PASS_BYTES);
    pass->frames = malloc(QK_PASS_FRAMES * sizeof *pass->frames);
    return pass->bytes && pass->frames;
}

static void join_tip(qk_platform *p)
{
    for (qk_uplink *l = p->links; l; l = l->next)
        if (l->pass == &p->catch_up) {
            l->pass = &p->tip;
            if (l->from < p->tip.pos) l->from = p->tip.pos;
        }
    p->catch_up.active = false;
    qk_journal_reader_close(p->catch_up.reader);
    p->catch_up.reader = NULL;
}

static void go_on(qk_pass *pass)
{
    qk_platform *p = pass->platform;
    if (!pass->active || pass->reading || p->dropped || p->gateway->stopping) return;
    for (; pass->next < pass->count; pass->next++) {
        const qk_pass_frame *f = &pass->frames[pass->next];
        if (!give_frame(pass, f)) return;
        pass->pos = f->end;
    }
    if (pass->batch_end > pass->pos) pass->pos = pass->batch_end;
    bool tip = pass == &p->tip;
    if (!tip && pass->pos >= p->tip.pos)
        join_tip(p);
    else if (make_pass(pass))
        start_reading(pass, tip ? p->gateway->durable : p->tip.pos);
}

static void on_batch(uv_work_t *work, int status)
{
    qk_pass *pass = work->data;
    pass->reading = false;
    pass->platform->busy--;
    pass->stuck = pass->count == 0 && pass->batch_end <= pass->pos;
    if (status == 0) go_on(pass);
}

void qk_passes_go_on(qk_platform *p)
{
    if (!p->enabled) return;
    go_on(&p->tip);
    go_on(&p->catch_up);
}

static bool wants_to_catch_up(const qk_uplink *l)
{
    return !l->pass && !l->stale && l->phase == QK_UPLINK_UP &&
           l->queue.count <= QK_UPQUEUE_SLOTS / 2;
}

/* Links that fell out and are well again: into the tip when they missed nothing, else into a new
 * catch-up, unless one is under way. */
void qk_passes_join(qk_platform *p)
{
    qk_jpos least = UINT64_MAX;
    for (qk_uplink *l = p->links; l; l = l->next) {
        if (!wants_to_catch_up(l)) continue;
        if (l->from >= p->tip.pos)
            l->pass = &p->tip;
        else if (l->from < least)
            least = l->from;
    }
    if (least == UINT64_MAX || p->catch_up.active) return;
    p->catch_up.active = true;
    p->catch_up.pos = p->catch_up.batch_end = least;
    p->catch_up.count = p->catch_up.next = 0;
    for (qk_uplink *l = p->links; l; l = l->next)
        if (wants_to_catch_up(l)) l->pass = &p->catch_up;
    go_on(&p->catch_up);
}

static void free_pass(qk_pass *pass)
{
    qk_journal_reader_close(pass->reader);
    free(pass->bytes);
    free(pass->frames);
}

void qk_passes_free(qk_platform *p)
{
    free_pass(&p->tip);
    free_pass(&p->catch_up);
}
