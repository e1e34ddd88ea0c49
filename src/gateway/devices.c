/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/devices.h"
#include <stdlib.h>

const char *qk_gate_event_name(qk_gate_event e)
{
    static const char *const names[] = {
        [QK_GATE_SECOND_CONNECTION] = "second_connection",
        [QK_GATE_WRONG_ADDRESS] = "wrong_address",
        [QK_GATE_WRONG_PASSWORD] = "wrong_password",
        [QK_GATE_DISABLED] = "disabled_device_sends",
        [QK_GATE_WRONG_CRC] = "wrong_crc",
        [QK_GATE_CLOCK_SKEW] = "clock_skew",
        [QK_GATE_REPLAY] = "replay",
    };
    return e < QK_GATE_EVENTS ? names[e] : "";
}

qk_code qk_gate_devices_init(qk_gate_devices *d, size_t ceiling)
{
    d->ceiling = ceiling;
    return qk_map_new(&d->by_mn, ceiling);
}

static qk_gate_device *device_of(uint64_t value)
{
    return (qk_gate_device *)(uintptr_t)value;
}

static void free_device(qk_gate_device *device)
{
    qk_window_clear(&device->window);
    free(device);
}

qk_gate_device *qk_gate_devices_each(const qk_gate_devices *d, size_t *cursor)
{
    uint64_t value;
    qk_str key;
    return qk_map_each(d->by_mn, cursor, &key, &value) ? device_of(value) : NULL;
}

void qk_gate_devices_clear(qk_gate_devices *d)
{
    size_t cursor = 0;
    qk_gate_device *device;
    if (!d->by_mn) return;
    while ((device = qk_gate_devices_each(d, &cursor))) free_device(device);
    qk_map_free(d->by_mn);
    d->by_mn = NULL;
}

qk_gate_device *qk_gate_devices_find(const qk_gate_devices *d, qk_str mn)
{
    uint64_t value;
    return qk_map_get(d->by_mn, mn, &value) ? device_of(value) : NULL;
}

size_t qk_gate_devices_count(const qk_gate_devices *d)
{
    return qk_map_count(d->by_mn);
}

qk_gate_device *qk_gate_devices_get(qk_gate_devices *d, qk_str mn)
{
    qk_gate_device *device = qk_gate_devices_find(d, mn);
    if (device || mn.len == 0 || mn.len >= QK_MN_MAX) return device;
    if (qk_map_count(d->by_mn) >= d->ceiling && qk_gate_devices_forget(d, INT64_MAX) == 0)
        return NULL;
    device = calloc(1, sizeof *device);
    if (!device) return NULL;
    device->mn_len = (uint8_t)mn.len;
    memcpy(device->mn, mn.ptr, mn.len);
    qk_window_init(&device->window);
    if (qk_map_set(d->by_mn, mn, (uintptr_t)device) != QK_OK) {
        free_device(device);
        return NULL;
    }
    return device;
}

static bool may_forget(const qk_gate_device *device, int64_t before_ms)
{
    return !device->approved && !device->newest && !device->tasks && !device->counted &&
           device->seen_ms < before_ms;
}

size_t qk_gate_devices_forget(qk_gate_devices *d, int64_t before_ms)
{
    enum { AT_ONCE = 256 };
    qk_gate_device *gone[AT_ONCE], *device;
    size_t total = 0, found;
    do {
        size_t cursor = 0;
        found = 0;
        while (found < AT_ONCE && (device = qk_gate_devices_each(d, &cursor)))
            if (may_forget(device, before_ms)) gone[found++] = device;
        for (size_t i = 0; i < found; i++) {
            qk_map_remove(d->by_mn, (qk_str){gone[i]->mn, gone[i]->mn_len});
            free_device(gone[i]);
        }
        total += found;
    } while (found == AT_ONCE);
    return total;
}

void qk_bind_attach(qk_bind *bind, qk_session *session, qk_gate_device *device)
{
    bind->session = session;
    bind->device = device;
    bind->newer = NULL;
    bind->older = device->newest;
    if (device->newest) device->newest->newer = bind;
    device->newest = bind;
}

void qk_bind_detach(qk_bind *bind)
{
    if (bind->newer)
        bind->newer->older = bind->older;
    else
        bind->device->newest = bind->older;
    if (bind->older) bind->older->newer = bind->newer;
    bind->newer = bind->older = NULL;
}
