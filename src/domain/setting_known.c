/* SPDX-License-Identifier: Apache-2.0 */
/* The settings of the year's work: what each may hold, and what holds until somebody sets it. */
#include "domain/dbjson.h"
#include "domain/setting.h"
#include "models/standout.h"

enum { TEXT_MAX = 200 };
#define NUMBER(k, value, lowest, highest, chinese, english)                                 \
    {                                                                                       \
        .key = (k), .fallback = (value), .zh = (chinese), .en = (english), .low = (lowest), \
        .high = (highest)                                                                   \
    }
#define TEXT(k, value, chinese, english)                                            \
    {                                                                               \
        .key = (k), .fallback = (value), .zh = (chinese), .en = (english), .low = 1 \
    }
#define WORDS(k, value, group, from, chinese, english)                               \
    {                                                                                \
        .key = (k), .fallback = (value), .zh = (chinese), .en = (english), .low = 1, \
        .of = (group), .choices = (from)                                             \
    }

static const qk_setting_def known[] = {
    NUMBER("duty.sign_workdays", "3", 1, 60, "签收期限（工作日）", "Working days for signing"),
    NUMBER("year.own_plan_days", "30", 1, 366, "部门执法和督导计划期限（印发后日数，方案未写明时）",
           "Days after the issue for departments' own plans, where none is printed"),
    NUMBER("year.open_day", "25", 1, 28, "月调度打开日", "Day on which a month opens"),
    NUMBER("year.close_day", "1", 1, 28, "月调度截止日（次月）", "Day on which a month closes"),
    NUMBER("year.close_hour", "12", 0, 23, "月调度截止时", "Hour at which a month closes"),
    NUMBER("year.bulletin_day", "2", 1, 28, "通报起草日（次月）", "Day of the bulletin's draft"),
    NUMBER("year.behind_percent", "10", 1, 100, "滞后多少为黄（%）",
           "Behind by how much is yellow, %"),
    NUMBER("year.near_days", "15", 0, 120, "临期天数", "Days before a deadline that warn"),
    NUMBER("case.reply_workdays", "5", 1, 250, "督办回复期限（工作日）",
           "Working days for an answer to an order"),
    WORDS("case.rungs", "talk inspect fund approval_stop account", "rung",
          "talk inspect fund approval_stop account", "逐次逾期提出的措施",
          "What each further miss proposes"),
    NUMBER("case.missing_filing", "1", 0, 1, "未报备即督办（1 是，0 否）",
           "An order to who has not filed (1 yes, 0 no)"),
    WORDS("case.recheck", "park_over loose_coal hotspot hot_cell", "casekind",
          "park_over loose_coal hotspot hot_cell rectify", "需回头看的案件类型",
          "Cases that are looked at again"),
    NUMBER("case.recheck_days", "30", 1, 730, "回头看间隔（天）", "Days to the second look"),
    NUMBER("case.recheck_days.hotspot", "1", 1, 730, "高值预警回头看间隔（天）",
           "Days to the second look at a hot spot"),
    NUMBER("case.recheck_days.hot_cell", "30", 1, 730, "热点网格回头看间隔（天）",
           "Days to the second look at a hot cell"),
    NUMBER("money.appeal_workdays", "3", 1, 250, "奖惩申诉期限（工作日）",
           "Working days for appeals against money"),
    NUMBER("warning.ease_hours", "3", 1, 24, "提出解除或降低预警前，空气须已低于该级的小时数",
           "Hours the air has been below a warning's level before its lifting is proposed"),
    NUMBER("episode.above_ug", "75", 1, 500, "污染过程：PM2.5 小时值高于（µg/m³）",
           "Episodes: PM2.5 of an hour above, µg/m³"),
    NUMBER("episode.clear_hours", "6", 1, 48, "污染过程：连续多少小时转好即为结束",
           "Episodes: clear hours in a row that end one"),
    NUMBER("hotspot.ratio_percent", "150", 101, 1000, "高值预警：为周边中位数的（%）",
           "Hot spots: share of the neighbours' median, %"),
    NUMBER("hotspot.excess_ug", "50", 0, 1000, "高值预警：高出周边（µg/m³）",
           "Hot spots: above the neighbours by, µg/m³"),
    NUMBER("hotspot.hours", "2", 1, 24, "高值预警：持续小时数", "Hot spots: hours in a row"),
    NUMBER("hotspot.quiet_hours", "3", 1, 24, "高值预警：回落多少小时为结束",
           "Hot spots: quiet hours that end one"),
    NUMBER("hotspot.reach_km", "20", 1, 200, "高值预警：周边站点的距离（千米）",
           "Hot spots: neighbours within, km"),
    NUMBER("hotspot.neighbours", "5", 1, QK_STANDOUT_NEIGHBOURS, "高值预警：比较的周边站点数",
           "Hot spots: neighbours held against"),
    NUMBER("hotspot.neighbours_least", "3", 1, QK_STANDOUT_NEIGHBOURS, "高值预警：至少的周边站点数",
           "Hot spots: neighbours at the least"),
    NUMBER("hotspot.dust_percent", "40", 0, 100, "高值预警：PM2.5/PM10 低于为扬尘型（%）",
           "Hot spots: dust below PM2.5/PM10 of, %"),
    NUMBER("hotspot.smoke_percent", "60", 0, 100, "高值预警：PM2.5/PM10 不低于为燃烧型（%）",
           "Hot spots: smoke from PM2.5/PM10 of, %"),
    NUMBER("hotgrid.excess_ug", "20", 1, 1000, "热点网格：高于周边（µg/m³）",
           "Hot-spot grid: above the air around by, µg/m³"),
    NUMBER("hotgrid.reach_m", "3000", 100, 50000, "热点网格：自实测网格外推的距离（米）",
           "Hot-spot grid: laid out from measured cells as far as, m"),
    NUMBER("hotgrid.hours", "72", 1, 700, "热点网格：站点至少的小时数",
           "Hot-spot grid: hours of a station at the least"),
    NUMBER("hotgrid.passes", "3", 1, 700, "热点网格：走航至少的次数",
           "Hot-spot grid: passes of cars at the least"),
    NUMBER("hotgrid.neighbours", "5", 3, 30, "热点网格：比较的周边数",
           "Hot-spot grid: neighbours held against"),
    NUMBER("hotgrid.step_m", "1000", 100, 10000, "热点网格：网格边长（米，未建扩散网格时）",
           "Hot-spot grid: side of a cell where there is no airshed, m"),
    TEXT("bulletin.number", "〔{year}〕第{no}期", "通报文号（{year} 年，{no} 期数）",
         "Number of a bulletin ({year}, {no})"),
    TEXT("bulletin.office", "{area}生态环境保护委员会办公室", "通报落款（{area} 地区）",
         "Who signs a bulletin ({area})"),
};
enum { KNOWN = sizeof known / sizeof known[0] };

const qk_setting_def *qk_setting_def_of(qk_str key)
{
    for (size_t i = 0; i < KNOWN; i++)
        if (qk_str_eq(key, qk_str_of(known[i].key))) return &known[i];
    return NULL;
}

int64_t qk_setting_known(qk_db *db, const char *key)
{
    const qk_setting_def *def = qk_setting_def_of(qk_str_of(key));
    int64_t usual = 0;
    if (!def || def->low > def->high || qk_parse_i64(&usual, qk_str_of(def->fallback)) != QK_OK)
        return 0;
    int64_t v = qk_setting_i64(db, key, usual);
    return v < def->low || v > def->high ? usual : v;
}

static bool has_word(qk_str list, qk_str word)
{
    while (list.len)
        if (qk_str_eq(qk_str_cut(&list, ' '), word)) return true;
    return false;
}

static qk_code check_words(const qk_setting_def *def, qk_str value, qk_error *err)
{
    qk_str rest = value;
    while (rest.len) {
        qk_str word = qk_str_cut(&rest, ' ');
        if (!word.len || has_word(rest, word) || !has_word(qk_str_of(def->choices), word))
            return qk_fail(err, QK_EINVAL, "words out of '%s', each once, one space between",
                           def->choices);
    }
    return QK_OK;
}

qk_code qk_setting_check(const qk_setting_def *def, qk_str value, qk_error *err)
{
    int64_t n = 0;
    if (def->choices) return check_words(def, value, err);
    if (def->low > def->high) {
        bool clear = value.len > 0 && value.len <= TEXT_MAX;
        for (size_t i = 0; i < value.len; i++) clear = clear && (unsigned char)value.ptr[i] >= ' ';
        return clear ? QK_OK
                     : qk_fail(err, QK_EINVAL, "a text of one line, at most %d bytes", TEXT_MAX);
    }
    if (qk_parse_i64(&n, value) == QK_OK && n >= def->low && n <= def->high) return QK_OK;
    return qk_fail(err, QK_EINVAL, "a whole number from %lld to %lld", (long long)def->low,
                   (long long)def->high);
}

static void put_setting(qk_json_writer *w, const qk_setting_def *def, sqlite3_stmt *s)
{
    qk_json_object(w);
    qk_json_kcstr(w, "key", def->key);
    qk_json_kcstr(w, "zh", def->zh);
    qk_json_kcstr(w, "en", def->en);
    if (s)
        qk_dbjson_text(w, "value", s, 0);
    else
        qk_json_kcstr(w, "value", def->fallback);
    qk_json_kcstr(w, "fallback", def->fallback);
    bool number = def->low <= def->high;
    qk_json_kcstr(w, "kind", number ? "number" : def->choices ? "words" : "text");
    if (def->choices) qk_json_kcstr(w, "of", def->of);
    if (def->choices) qk_json_kcstr(w, "choices", def->choices);
    if (number) qk_json_ki64(w, "low", def->low);
    if (number) qk_json_ki64(w, "high", def->high);
    if (s) {
        qk_dbjson_written(w, s, 1);
    } else {
        qk_json_ki64(w, "row_version", 0);
        qk_json_knull(w, "recorded_at");
        qk_json_knull(w, "recorded_by");
    }
    qk_json_end(w);
}

static qk_code put_current(qk_json_writer *w, qk_db *db, const qk_setting_def *def, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    QK_TRY(qk_db_prepare(
        &s, db, "SELECT value, version, recorded_at, recorded_by FROM setting WHERE key = ?1",
        err));
    qk_db_bind_str(s, 1, qk_str_of(def->key));
    qk_code code = qk_db_step(db, s, err);
    if (code != QK_OK && code != QK_ENOTFOUND) return code;
    put_setting(w, def, code == QK_OK ? s : NULL);
    sqlite3_reset(s);
    return QK_OK;
}

qk_code qk_settings_write(qk_json_writer *w, qk_db *db, qk_error *err)
{
    qk_dbjson_begin(w);
    for (size_t i = 0; i < KNOWN; i++) QK_TRY(put_current(w, db, &known[i], err));
    qk_dbjson_end(w, KNOWN);
    return QK_OK;
}

qk_code qk_setting_write_history(qk_json_writer *w, qk_db *db, const qk_setting_def *def,
                                 qk_error *err)
{
    sqlite3_stmt *s = NULL;
    int64_t n = 0;
    qk_code code;
    QK_TRY(qk_db_prepare(&s, db,
                         "SELECT value, version, recorded_at, recorded_by FROM setting_history"
                         " WHERE key = ?1 ORDER BY version DESC LIMIT 1000",
                         err));
    qk_db_bind_str(s, 1, qk_str_of(def->key));
    qk_dbjson_begin(w);
    for (; (code = qk_db_step(db, s, err)) == QK_OK; n++) put_setting(w, def, s);
    qk_dbjson_end(w, n);
    return code == QK_ENOTFOUND ? QK_OK : code;
}
