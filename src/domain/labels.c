/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/labels.h"
#include "hj212/tables.h"

static void fill(char *out, size_t size, const char *text)
{
    if (!out[0] && text) qk_str_copy(out, size, qk_str_of(text));
}

void qk_factor_complete(qk_factor *f)
{
    const qk_hj212_factor *known = qk_hj212_factor_find((qk_hj212_text){f->code, strlen(f->code)});
    if (known) {
        fill(f->name_zh, sizeof f->name_zh, known->zh);
        fill(f->name_en, sizeof f->name_en, known->en);
        fill(f->unit, sizeof f->unit, known->in_use ? known->in_use : known->unit);
    }
    fill(f->name_zh, sizeof f->name_zh, f->code);
    fill(f->name_en, sizeof f->name_en, f->code);
}

const char *qk_factor_field_unit(const qk_factor *f, const char *field)
{
    static const char *const plain[] = {"RS",         "Flag",       "EFlag",    "Info",     "SN",
                                        "SampleTime", "ResultType", "ValidNum", "TotalNum", NULL};
    for (size_t i = 0; plain[i]; i++)
        if (strcmp(field, plain[i]) == 0) return "";
    if (strcmp(field, "RT") == 0) return "h";
    if (strcmp(field, "Cou") == 0 || strcmp(field, "ZsCou") == 0) {
        const qk_hj212_factor *known =
            qk_hj212_factor_find((qk_hj212_text){f->code, strlen(f->code)});
        return known && known->amount ? known->amount : "";
    }
    return f->unit;
}

void qk_factor_of(qk_factor *out, const qk_registry *registry, qk_str mn, qk_str code)
{
    if (!qk_registry_factor(registry, out, mn, code)) {
        qk_factor_init(out);
        qk_str_copy(out->mn, sizeof out->mn, mn);
        qk_str_copy(out->code, sizeof out->code, code);
    }
    qk_factor_complete(out);
}

const char *qk_device_status_name(qk_device_status status)
{
    switch (status) {
    case QK_DEVICE_PARKED: return "parked";
    case QK_DEVICE_APPROVED: return "approved";
    case QK_DEVICE_DISABLED: return "disabled";
    }
    return "";
}
