/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/private.h"
#include <stdlib.h>

qk_gate_mail *qk_gate_mail_new(void)
{
    qk_gate_mail *mail = calloc(1, sizeof *mail);
    if (!mail) return NULL;
    if (pthread_mutex_init(&mail->lock, NULL) != 0) {
        free(mail);
        return NULL;
    }
    mail->holders = 1;
    return mail;
}

qk_gate_mail *qk_gate_mail_hold(qk_gate_mail *mail)
{
    pthread_mutex_lock(&mail->lock);
    mail->holders++;
    pthread_mutex_unlock(&mail->lock);
    return mail;
}

void qk_gate_mail_release(qk_gate_mail *mail)
{
    if (!mail) return;
    pthread_mutex_lock(&mail->lock);
    uint32_t left = --mail->holders;
    pthread_mutex_unlock(&mail->lock);
    if (left) return;
    pthread_mutex_destroy(&mail->lock);
    free(mail);
}

void qk_gate_mail_open(qk_gate_mail *mail, uv_async_t *wake)
{
    pthread_mutex_lock(&mail->lock);
    mail->wake = wake;
    pthread_mutex_unlock(&mail->lock);
}

bool qk_gate_mail_post(qk_gate_mail *mail, qk_gate_message *message)
{
    message->next = NULL;
    pthread_mutex_lock(&mail->lock);
    bool open = mail->wake != NULL;
    if (open) {
        if (mail->last)
            mail->last->next = message;
        else
            mail->first = message;
        mail->last = message;
        (void)uv_async_send(mail->wake);
    }
    pthread_mutex_unlock(&mail->lock);
    return open;
}

void qk_gate_mail_run(qk_gate_mail *mail, qk_gateway *gateway)
{
    pthread_mutex_lock(&mail->lock);
    qk_gate_message *list = mail->first, *next;
    mail->first = mail->last = NULL;
    pthread_mutex_unlock(&mail->lock);
    for (; list; list = next) {
        next = list->next;
        list->run(gateway, list);
    }
}
