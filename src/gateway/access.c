/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/access.h"

static qk_hj212_crc_policy policy_of(qk_crc_policy policy)
{
    switch (policy) {
    case QK_CRC_MODBUS: return QK_HJ212_ACCEPT_MODBUS;
    case QK_CRC_MODBUS_SWAPPED: return QK_HJ212_ACCEPT_MODBUS_SWAPPED;
    case QK_CRC_ANY_KNOWN: return QK_HJ212_ACCEPT_KNOWN;
    case QK_CRC_OFF: return QK_HJ212_ACCEPT_ANY;
    case QK_CRC_STANDARD: break;
    }
    return QK_HJ212_ACCEPT_STANDARD;
}

/* The 2025 form computes its CRC over the plain text and sends the data area enciphered
 * (HJ 212-2025, 6.4): only the key tells whether such a frame is whole. */
static bool opens_with_key(const qk_device *known, const qk_hj212_frame *frame)
{
    uint8_t key[QK_HJ212_SM4_KEY];
    char plain[QK_HJ212_FRAME_MAX];
    qk_hj212_sm4 sm4;
    qk_hj212_frame opened;
    if (strlen(known->key) != 2 * sizeof key) return false;
    for (size_t i = 0; i < sizeof key; i++) {
        unsigned high = (unsigned char)qk_to_lower(known->key[2 * i]);
        unsigned low = (unsigned char)qk_to_lower(known->key[2 * i + 1]);
        high = high <= '9' ? high - '0' : high - 'a' + 10;
        low = low <= '9' ? low - '0' : low - 'a' + 10;
        key[i] = (uint8_t)((high & 15) << 4 | (low & 15));
    }
    qk_hj212_sm4_init(&sm4, key);
    return qk_hj212_open(&opened, frame, &sm4, plain, sizeof plain);
}

static bool is_crc_fit(const qk_device *known, const qk_hj212_frame *frame)
{
    /* Of an unknown device only its answer is at stake: it is parked under any algorithm. */
    qk_hj212_crc_policy policy = known ? policy_of(known->crc_policy) : QK_HJ212_ACCEPT_KNOWN;
    if (qk_hj212_frame_check(frame, policy) == QK_HJ212_USABLE) return true;
    return known && known->key[0] && opens_with_key(known, frame);
}

/* Takes the same time wherever the passwords differ. */
static bool is_same_secret(const char *a, qk_hj212_text b)
{
    size_t len = strlen(a);
    unsigned differ = len != b.len;
    for (size_t i = 0; i < len; i++) differ |= (unsigned char)(a[i] ^ (i < b.len ? b.ptr[i] : 0));
    return differ == 0;
}

qk_access qk_access_judge(const qk_device *known, const qk_hj212_frame *frame,
                          const qk_hj212_head *head, qk_str address, const char *next_pw,
                          bool accept_any)
{
    if (!is_crc_fit(known, frame)) return QK_ACCESS_CRC;
    if (!known || known->status == QK_DEVICE_PARKED) {
        if (!accept_any) return QK_ACCESS_PARK;
        return frame->crc == QK_HJ212_CRC_STANDARD ? QK_ACCESS_TAKE_UNAPPROVED : QK_ACCESS_CRC;
    }
    if (known->status == QK_DEVICE_DISABLED) return QK_ACCESS_DISABLED;
    if (known->bind_address[0] && !qk_str_eq(address, qk_str_of(known->bind_address)))
        return QK_ACCESS_ADDRESS;
    if (known->pw[0] && !is_same_secret(known->pw, head->pw) &&
        !(next_pw && next_pw[0] && is_same_secret(next_pw, head->pw)))
        return QK_ACCESS_PASSWORD;
    return QK_ACCESS_TAKE;
}

const char *qk_access_reason(qk_access access)
{
    switch (access) {
    case QK_ACCESS_CRC: return "crc";
    case QK_ACCESS_DISABLED: return "disabled";
    case QK_ACCESS_ADDRESS: return "address";
    case QK_ACCESS_PASSWORD: return "password";
    case QK_ACCESS_TAKE:
    case QK_ACCESS_TAKE_UNAPPROVED:
    case QK_ACCESS_PARK: break;
    }
    return NULL;
}

qk_hj212_crc_kind qk_access_answer_crc(const qk_device *known, const qk_hj212_frame *frame)
{
    if (!known) return QK_HJ212_CRC_STANDARD;
    switch (known->crc_policy) {
    case QK_CRC_MODBUS: return QK_HJ212_CRC_MODBUS;
    case QK_CRC_MODBUS_SWAPPED: return QK_HJ212_CRC_MODBUS_SWAPPED;
    case QK_CRC_ANY_KNOWN:
        return frame->crc <= QK_HJ212_CRC_MODBUS_SWAPPED ? frame->crc : QK_HJ212_CRC_STANDARD;
    case QK_CRC_STANDARD:
    case QK_CRC_OFF: break;
    }
    return QK_HJ212_CRC_STANDARD;
}
