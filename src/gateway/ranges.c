/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/ranges.h"

enum { CHUNKS_MAX = 100000 };

/* Chunk length and the grain its ends are rounded to, by command (HJ 212-2017, 6.6). */
typedef struct chunk_rule {
    int32_t cn;
    qk_time grain, length;
} chunk_rule;

static const chunk_rule rules[] = {
    {2011, QK_SECOND, QK_HOUR},  {2021, QK_SECOND, QK_HOUR}, {2031, QK_DAY, 31 * QK_DAY},
    {2041, QK_DAY, 31 * QK_DAY}, {2051, QK_MINUTE, QK_HOUR}, {2061, QK_HOUR, QK_DAY},
    {2071, QK_SECOND, QK_DAY},   {3020, QK_SECOND, QK_DAY},
};

static const chunk_rule *find_rule(int32_t cn)
{
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
        if (rules[i].cn == cn) return &rules[i];
    return NULL;
}

/* Start of the chunk that holds t, in civil time. */
static qk_time floor_chunk(const chunk_rule *rule, qk_time t)
{
    return rule->length == QK_HOUR ? qk_floor_hour(t) : qk_floor_day(t);
}

static qk_time floor_grain(const chunk_rule *rule, qk_time t)
{
    if (rule->grain == QK_DAY) return qk_floor_day(t);
    if (rule->grain == QK_HOUR) return qk_floor_hour(t);
    if (rule->grain == QK_MINUTE) return qk_floor_minute(t);
    return t - (t - qk_floor_minute(t)) % QK_SECOND;
}

qk_time qk_ranges_step(int32_t cn, int32_t minute_step)
{
    const chunk_rule *rule = find_rule(cn);
    if (!rule) return 0;
    return cn == 2051 && minute_step > 1 ? minute_step * QK_MINUTE : rule->grain;
}

int32_t qk_ranges_count(int32_t cn, qk_range range)
{
    const chunk_rule *rule = find_rule(cn);
    if (!rule || range.from > range.to) return 0;
    qk_time span = range.to - floor_chunk(rule, range.from);
    qk_time count = span / rule->length + 1;
    return count > CHUNKS_MAX ? -1 : (int32_t)count;
}

qk_range qk_ranges_chunk(int32_t cn, qk_range range, int32_t i)
{
    const chunk_rule *rule = find_rule(cn);
    if (!rule) return range;
    qk_range chunk = {.from = floor_chunk(rule, range.from) + i * rule->length};
    chunk.to = chunk.from + rule->length - rule->grain;
    if (i == 0) chunk.from = floor_grain(rule, range.from);
    if (chunk.to > range.to) chunk.to = floor_grain(rule, range.to);
    return chunk;
}
