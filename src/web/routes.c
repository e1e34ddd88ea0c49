/* SPDX-License-Identifier: Apache-2.0 */
/* The table itself; web/route.h says what its columns mean. */
#include "web/api.h"

enum { KB = 1024, MB = 1024 * 1024 };

#define TEXT(name, most, about)                          \
    {                                                    \
        name, QK_PARAM_TEXT, false, 0, most, NULL, about \
    }
#define NEEDED(name, most, about)                       \
    {                                                   \
        name, QK_PARAM_TEXT, true, 0, most, NULL, about \
    }
#define INT(name, least, most, about)                       \
    {                                                       \
        name, QK_PARAM_INT, false, least, most, NULL, about \
    }
#define TIME(name, about)                             \
    {                                                 \
        name, QK_PARAM_TIME, false, 0, 0, NULL, about \
    }
#define FLAG(name, about)                             \
    {                                                 \
        name, QK_PARAM_FLAG, false, 0, 0, NULL, about \
    }
#define CHOICE(name, words, about)                       \
    {                                                    \
        name, QK_PARAM_CHOICE, false, 0, 0, words, about \
    }
#define NEEDED_CHOICE(name, words, about)               \
    {                                                   \
        name, QK_PARAM_CHOICE, true, 0, 0, words, about \
    }
#define LIMIT(most) INT("limit", 1, most, "How many items at most")
#define AFTER       TEXT("after", 64, "Go on behind this item: next of the page before")
#define END                                          \
    {                                                \
        NULL, QK_PARAM_TEXT, false, 0, 0, NULL, NULL \
    }
#define KINDS "rtd state minute hour day runtime periodic derived_hour derived_day"
static const qk_param health_params[] = {FLAG("strict", "Answer 503 when the state is degraded"),
                                         END};
static const qk_param messages_params[] = {CHOICE("lang", "zh en", "Language; zh unless given"),
                                           END};
static const qk_param sites_params[] = {LIMIT(10000),
                                        AFTER,
                                        TEXT("kind", 31, "Only this kind"),
                                        TEXT("division", 15, "Only this division"),
                                        FLAG("closed", "Closed ones too"),
                                        END};
static const qk_param devices_params[] = {
    LIMIT(5000), AFTER, CHOICE("status", "approved parked disabled", "Only this status"),
    TEXT("site", 31, "Only devices of this site"), END};
static const qk_param latest_params[] = {
    TEXT("kinds", 127, "Only values of these kinds, as rtd,hour"),
    TEXT("fields", 127, "Only these fields, as Rtd,Avg,ZsAvg"),
    TEXT("factors", 511, "Only these factors, as a34004,a21026"),
    TEXT("devices", 1023, "Only sites and values of these devices"),
    TEXT("sites", 1023, "Only these sites"),
    TEXT("township", 255, "Only sites of these divisions"),
    END};
static const qk_param series_params[] = {
    NEEDED("mn", 39, "The device"),
    NEEDED("code", 31, "The factor"),
    NEEDED_CHOICE("kind", KINDS, "Which kind of message the values came by"),
    TEXT("field", 15, "Rtd, Avg, Min, Max, Cou, ZsAvg …; the kind's usual one unless given"),
    TIME("from", "Start, by the times that were sent"),
    TIME("to", "End, not included; now unless given"),
    INT("points", 1, 20000, "At most so many points; 2,000 unless given"),
    TIME("known_at", "As it was known then"),
    END};
static const qk_param csv_params[] = {
    NEEDED("mn", 39, "The device"),
    NEEDED("code", 31, "The factor"),
    NEEDED_CHOICE("kind", KINDS, "Which kind of message the values came by"),
    TEXT("field", 15, "Rtd, Avg, Min, Max, Cou, ZsAvg …; the kind's usual one unless given"),
    TIME("from", "Start, by the times that were sent"),
    TIME("to", "End, not included; now unless given"),
    TIME("known_at", "As it was known then"),
    END};
static const qk_param aqi_params[] = {NEEDED("site", 31, "The station"),
                                      TIME("from", "A day before the end unless given"),
                                      TIME("to", "Now unless given"), END};
static const qk_param strip_params[] = {INT("hours", 1, 168, "How many hours; 24 unless given"),
                                        END};
#define LEVELS                                                                       \
    CHOICE("level", "raw automatic reviewed approved best",                          \
           "Which hours count: as they came, graded, or of days that were reviewed " \
           "or approved; best (each day at its highest level) unless given")
#define STANDARD CHOICE("standard", "2012 2026", "Edition of the index; by date unless given")
#define KNOWN_AT TIME("known_at", "As it was known then")
#define SCOPE    TEXT("scope", 31, "county, a station or a division; county unless given")
static const qk_param air_now_params[] = {LEVELS, END};
static const qk_param air_hours_params[] = {NEEDED("site", 31, "The station"),
                                            TIME("from", "A day before the end unless given"),
                                            TIME("to", "Now unless given"),
                                            LEVELS,
                                            KNOWN_AT,
                                            END};
static const qk_param air_days_params[] = {SCOPE,
                                           TIME("from", "First day; 1 January unless given"),
                                           TIME("to", "Last day; today unless given"),
                                           LEVELS,
                                           STANDARD,
                                           KNOWN_AT,
                                           END};
static const qk_param air_periods_params[] = {
    SCOPE, INT("year", 1990, 2200, "This year unless given"), LEVELS, STANDARD, KNOWN_AT, END};
static const qk_param air_compare_params[] = {
    SCOPE, TEXT("period", 7, "2026 or 2026-11; this year unless given"), LEVELS, KNOWN_AT, END};
static const qk_param air_ranking_params[] = {
    CHOICE("group", "stations townships", "stations unless given"),
    TEXT("period", 7, "2026 or 2026-11; this year unless given"),
    TEXT("profile", 31, "Profile of the composite index; by date unless given"),
    LEVELS,
    KNOWN_AT,
    END};
static const qk_param air_marks_params[] = {TEXT("site", 31, "Only of this station"),
                                            TIME("from", "Only what touches hours after this"),
                                            TIME("to", "and before this"), KNOWN_AT, END};
static const qk_param air_reviews_params[] = {
    NEEDED("site", 31, "The station"), TIME("from", "First day; 30 days back unless given"),
    TIME("to", "Last day; today unless given"), KNOWN_AT, END};
static const qk_param air_checks_params[] = {TEXT("site", 31, "Only of this station"),
                                             TIME("from", "Not before"), TIME("to", "Before"), END};
static const qk_param forecast_params[] = {
    TEXT("place", 31, "county, a division or a station; county unless given"),
    TIME("issued", "The newest day of issue up to this; today unless given"), END};
static const qk_param episodes_params[] = {TIME("from", "First day; three years back unless given"),
                                           TIME("to", "Last day; yesterday unless given"), END};
static const qk_param warnings_params[] = {
    TIME("issued", "Only those that rest on the minute of this day of issue"),
    TIME("from", "Only those that last until this day or longer"),
    TIME("to", "Only those that begin on this day or earlier"), LIMIT(500), END};
static const qk_param forecast_history_params[] = {
    TEXT("place", 31, "county, a division or a station; county unless given"),
    TIME("issued", "Day of issue; yesterday unless given"), END};
static const qk_param forecast_scores_params[] = {
    TEXT("place", 31, "county, a division or a station; county unless given"),
    TIME("from", "First day of issue; a year back unless given"),
    TIME("to", "Last day of issue; yesterday unless given"), STANDARD, END};
static const qk_param forecast_days_params[] = {
    TEXT("place", 31, "county, a division or a station; county unless given"),
    TIME("from", "First day of issue; a year back unless given"),
    TIME("to", "Last day of issue; yesterday unless given"),
    INT("lead", 1, 15, "Days ahead; all unless given"),
    STANDARD,
    END};
static const qk_param forecast_state_params[] = {
    TEXT("place", 31, "county, a division or a station; county unless given"), END};
static const qk_param forecast_weather_params[] = {
    FLAG("commit", "Take it; else it is only looked at"),
    TEXT("name", 200, "Of the file, for what is said of it"), END};
static const qk_param components_params[] = {NEEDED("site", 31, "The station"),
                                             TIME("from", "A day before the end unless given"),
                                             TIME("to", "Now unless given; at most 31 days"), END};
static const qk_param profile_params[] = {NEEDED("site", 31, "The station"),
                                          TIME("date", "The last with a file unless given"), END};
static const qk_param profile_post_params[] = {NEEDED("site", 31, "The station"),
                                               TEXT("name", 200, "What the file is called"), END};
static const qk_param lab_params[] = {TEXT("institution", 199, "Only of this institution"),
                                      TIME("from", "Samples taken from then; 31 days unless given"),
                                      TIME("to", "To then, not included; now unless given"), END};
static const qk_param fraud_params[] = {
    TIME("from", "Samples taken from then; 31 days unless given, at most 92"),
    TIME("to", "To then, not included; now unless given"), END};
static const qk_param air_targets_params[] = {
    TIME("asof", "Last day that counts; yesterday unless given"), LEVELS, STANDARD, KNOWN_AT, END};
static const qk_param air_allocation_params[] = {
    TEXT("item", 5, "SO2 NO2 CO O3 PM10 PM2.5; PM2.5 unless given"),
    NEEDED("target", 15, "The county's target"),
    INT("base_year", 1990, 2200, "Year of the townships' own values; the last one unless given"),
    CHOICE("weight", "stations equal", "How townships count; by stations unless given"),
    TEXT("set", 1200,
         "Values of some townships, as 410001:43.5,410002:41: what their mean comes to"),
    LEVELS,
    END};
static const qk_param air_attainment_params[] = {
    SCOPE,
    TEXT("item", 5, "SO2 NO2 CO O3 PM10 PM2.5; PM2.5 unless given"),
    INT("base_year", 1990, 2200, "The last year unless given"),
    INT("target_year", 1991, 2230, "2035 unless given"),
    LEVELS,
    END};
static const qk_param air_explain_params[] = {
    NEEDED_CHOICE("figure",
                  "hour_aqi hour_value day_aqi day_value period_value day_counts composite_index "
                  "change target check",
                  "Which figure"),
    SCOPE,
    TIME("time", "End of the hour, for hour_aqi and hour_value"),
    TIME("date", "For day_aqi and day_value"),
    TEXT("period", 7, "2026 or 2026-11, for all figures of a period"),
    TEXT("item", 5, "SO2 NO2 CO O3 PM10 PM2.5, for values and change"),
    CHOICE("statistic", "mean percentile", "For period_value; the item's own unless given"),
    CHOICE("dust", "in out", "For composite_index: with or without days of sand-dust"),
    INT("row", 0, 199, "Which of /air/targets, the first is 0, for target"),
    INT("id", 1, INT64_MAX, "Which record, for check"),
    TIME("asof", "For target, as in /air/targets"),
    TEXT("profile", 31, "Profile of the composite index; by date unless given"),
    LEVELS,
    STANDARD,
    KNOWN_AT,
    END};
#define PLOT_OPTIONS                                                                           \
    CHOICE("statistic", "mean median max stdev frequency cpf nwr",                             \
           "Of a polar surface; mean unless given, nwr = kernel regression"),                  \
        INT("percentile", 1, 99, "Above it a value is high (CPF, PSCF); 90 unless given"),     \
        CHOICE("period", "hour weekday month trend", "Time of an annulus; hour unless given"), \
        CHOICE("season", "out in",                                                             \
               "Of a trend: the season is taken out where two years are there, or left in")
static const qk_param analysis_params[] = {
    NEEDED("site", 31, "The station"),
    TEXT("factor", 31, "Code of what is measured, as a34004"),
    TIME("from", "30 days before the end unless given"),
    TIME("to", "Now unless given; at most 10 years, of paths 120 days"),
    PLOT_OPTIONS,
    INT("hours", 2, 48, "How far paths are followed back; 12 unless given"),
    INT("clusters", 2, 12, "Of paths; 5 unless given"),
    INT("cell_m", 500, 50000, "Size of a cell along the meridian; 2,000 unless given"),
    END};
static const qk_param analysis_post_params[] = {
    TEXT("factor", 63, "Column of the values; the first other one unless given"), PLOT_OPTIONS,
    END};
static const qk_param hotgrid_params[] = {
    CHOICE("factor", "a34002 a34004", "PM10 unless given"),
    TEXT("month", 7, "2026-11; this month unless given"),
    INT("months", 1, 12, "How many months are looked at for repeats; 6 unless given"), END};
static const qk_param hotspots_params[] = {
    TEXT("factor", 31, "Code of what is measured; a34002 (PM10) unless given"),
    TIME("from", "14 days before the end unless given; at most 31 days"),
    TIME("to", "Now unless given"), END};
static const qk_param trace_params[] = {
    NEEDED("site", 31, "The station"),
    TEXT("factor", 31, "Code of what is measured; a34002 (PM10) unless given"),
    TIME("time", "End of the hour; the last full one unless given"), END};
static const qk_param sector_params[] = {
    NEEDED("site", 31, "The station"),
    INT("wind_from", 0, 360, "Where the wind comes from, degrees; north unless given"),
    TIME("date", "Take the wind that is forecast for this day instead"),
    INT("half", 5, 90, "Half the width of the sector, degrees; 30 unless given"),
    INT("km", 1, 50, "How far; 3 unless given"),
    END};
static const qk_param rule_table_params[] = {KNOWN_AT, END};
static const qk_param frames_params[] = {
    LIMIT(100), INT("before", 0, INT64_MAX, "Only records before this journal position"), END};
static const qk_param requests_params[] = {
    LIMIT(100), INT("after", 1, INT64_MAX, "Go on behind this request"), END};
static const qk_param links_params[] = {
    LIMIT(5000), AFTER, CHOICE("state", "connected broken", "Only links in this state"), END};
static const qk_param events_params[] = {
    LIMIT(1000),
    INT("after", 1, INT64_MAX, "Go on behind this event: next of the page before"),
    TEXT("kind", 39, "Only this kind"),
    TEXT("site", 31, "Only events of this site"),
    TEXT("mn", 39, "Only events of this device"),
    CHOICE("severity", "info notice warning alarm", "This severity and above"),
    CHOICE("state", "open over", "Only events that began a state which lasts, or is over"),
    TIME("from", "Not before"),
    TIME("to", "Before"),
    END};
static const qk_param audit_params[] = {LIMIT(1000),
                                        INT("after", 0, INT64_MAX, "Go on behind this line"), END};
static const qk_param search_params[] = {NEEDED("q", 64, "What to look for"), LIMIT(100), END};
static const qk_param live_params[] = {
    TEXT("after", 40, "Go on behind this event id: feed of /latest, or Last-Event-ID"), END};

#define LEDGER_ASK                                                                       \
    TEXT("where", 2000, "Conditions as JSON: [[field, op, value], …]"),                  \
        TEXT("date", 47, "The date field of the period; the first one unless given"),    \
        TIME("from", "First day of the period"), TIME("to", "Last day of the period"),   \
        TEXT("unit", 63, "Only rows of this unit"), TIME("valid_at", "As it held then"), \
        TIME("known_at", "As it was known then")
static const qk_param ledger_rows_params[] = {LIMIT(5000), AFTER, LEDGER_ASK, END};
static const qk_param ledger_counters_params[] = {
    TEXT("counter", 47, "Only this counter"),
    TEXT("by", 47, "One figure for each value of this field"), LEDGER_ASK, END};
static const qk_param ledger_table_params[] = {
    CHOICE("heading", "zh en name", "Headings and values in Chinese, in English, or as kept"),
    LEDGER_ASK, END};
static const qk_param ledger_import_params[] = {
    FLAG("commit", "Take it, when nothing is refused; else it is only looked at"),
    FLAG("partial", "Take the rows that are right, though others are refused"),
    TEXT("person", 63, "Who, where the shared operator key is used"), END};
static const qk_param cases_params[] = {
    LIMIT(1000),
    AFTER,
    TEXT("kind", 23, "Only this kind"),
    TEXT("state", 15, "Only this state; open: neither closed nor withdrawn"),
    TEXT("unit", 63, "Only cases of this unit"),
    TEXT("object", 127, "Only about this"),
    FLAG("late", "Only those whose reply date has passed"),
    END};
static const qk_param consequences_params[] = {TEXT("unit", 63, "Only of this unit"),
                                               TEXT("state", 15, "Only in this state"), END};
static const qk_param money_params[] = {TEXT("period", 7, "Only of this month, as 2025-10"),
                                        TEXT("unit", 63, "Only of this unit"),
                                        TEXT("state", 15, "Only in this state"), END};
static const qk_param assessment_params[] = {
    NEEDED("period", 6, "A year or a half of one, as 2026 or 2026H1"),
    TIME("known_at", "As it was known then"), END};
#define TABLE_TYPES "text/csv application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
static const qk_param register_params[] = {CHOICE("heading", "zh en", "Headings and words; zh"),
                                           END};
static const qk_param register_import_params[] = {
    FLAG("commit", "Take it, when nothing is refused; else it is only looked at"), END};
static const qk_param sessions_params[] = {
    TEXT("account", 31, "Of this account, * = of all; one's own unless given"), END};
static const qk_param units_params[] = {
    CHOICE("kind", "county department township village enterprise office", "Only this kind"), END};
static const qk_param people_params[] = {TEXT("unit", 31, "Only of this unit"), END};
static const qk_param posts_params[] = {TIME("at", "As the posts were held then"), KNOWN_AT, END};
static const qk_param plan_post_params[] = {TEXT("name", 200, "What the file is called"), END};
static const qk_param plan_items_params[] = {
    CHOICE("kind",
           "head target task safeguard units deadline indicator recurring part field table row "
           "penalty system",
           "Only items of this kind"),
    CHOICE("state", "proposed accepted corrected rejected asked", "Only items in this state"),
    TEXT("below", 95, "Only this item and what is below it, as tasks[3]"), END};
static const qk_param tasks_params[] = {
    TEXT("plan", 23, "Only of this plan"),
    TEXT("unit", 31, "Only of this unit"),
    CHOICE("role", "lead support responsible supervise", "Only where the unit has this role"),
    TEXT("campaign", 200, "Only of this campaign"),
    TEXT("office", 31, "Only of this office"),
    CHOICE("state", "open done cancelled", "Only in this state"),
    CHOICE("kind", "target task part indicator recurring limit money filing project",
           "Only this kind; tasks and filings unless given"),
    CHOICE("colour", "green yellow red", "Only of this colour"),
    TIME("due_from", "Due not before this day"),
    TIME("due_to", "Due not after this day"),
    END};
static const qk_param my_tasks_params[] = {
    TEXT("unit", 31, "Whose tasks; those of the own unit unless given"),
    CHOICE("state", "open done cancelled", "Only in this state"),
    CHOICE("colour", "green yellow red", "Only of this colour"), END};
static const qk_param task_params[] = {TIME("at", "Who held the posts then; now unless given"),
                                       END};
static const qk_param duties_params[] = {
    TEXT("plan", 23, "Only of this plan"), TEXT("unit", 31, "Only of this unit"),
    CHOICE("state", "sent signed objected upheld released unsigned", "Only in this state"), END};
static const qk_param filings_params[] = {TEXT("plan", 23, "Only of this plan"), END};
static const qk_param attachments_params[] = {
    TEXT("object", 200,
         "report/OBLIGATION/UNIT/2025-12, filing/OBLIGATION/UNIT, case/ID, money/ID, "
         "ledger/TYPE/ROW"),
    TEXT("task", 47, "All evidence for the reports of this task"),
    TEXT("month", 7, "All evidence for the reports of this month, as 2025-12"), END};
static const qk_param attachment_post_params[] = {
    NEEDED("object", 200, "What it is evidence for; not filing"),
    TEXT("name", 200, "What the file is called"), END};
static const qk_param filing_params[] = {TEXT("name", 200, "What the file is called"), END};
static const qk_param month_params[] = {TEXT("unit", 31, "Only of this unit"), END};

#define MEAN \
    TEXT("mean", 15, "year, month:1-12, sector:1-16, hour:1-24 or heavy; year unless given")
#define EMITTED \
    CHOICE("pollutant", "PM2.5 PM10 SO2 NOx", "PM2.5 (primary) unless given; NOx counts as NO2")
static const qk_param airshed_matrix_params[] = {MEAN, END};
static const qk_param airshed_field_params[] = {
    EMITTED, MEAN,
    TEXT("cuts", 4000, "Shares taken away, as R12:0.3,sector.industry:0.5; none unless given"),
    END};
static const qk_param airshed_shares_params[] = {
    EMITTED,
    INT("point", 0, 100000, "Of the grid, eastward, then northward; behind it the stations"), END};
static const qk_param airshed_monitors_params[] = {EMITTED, END};

const qk_route qk_routes[] = {
    {QK_GET, "/health", qk_api_health, QK_LANE_HERE, QK_ACT_OPEN, 0, 64 * KB, "getHealth",
     "How the instance is", health_params, NULL, "Health", "200 503"},
    {QK_GET, "/openapi.json", qk_api_openapi, QK_LANE_HERE, QK_ACT_OPEN, 0, 0, "getOpenapi",
     "This document", NULL, NULL, "Document", "200 304"},
    {QK_GET, "/metrics", qk_api_metrics, QK_LANE_HERE, QK_ACT_SYSTEM, 0, 64 * KB, "getMetrics",
     "Counters in the text format of Prometheus", NULL, NULL, "text/plain", "200"},
    {QK_GET, "/messages", qk_api_messages, QK_LANE_READ, QK_ACT_OPEN, 0, 512 * KB, "getMessages",
     "The table of texts", messages_params, NULL, "Messages", "200 304"},
    {QK_GET, "/factors", qk_api_factors, QK_LANE_READ, QK_ACT_OPEN, 0, 512 * KB, "getFactors",
     "The standard's table of factor codes", NULL, NULL, "Factors", "200 304"},
    {QK_GET, "/place", qk_api_place, QK_LANE_READ, QK_ACT_OPEN, 0, 64 * MB, "getPlace",
     "The county or city", NULL, NULL, "Place", "200"},
    {QK_GET, "/divisions", qk_api_divisions, QK_LANE_READ, QK_ACT_PUBLIC, 0, 64 * MB,
     "listDivisions", "Townships and other divisions with their boundaries", NULL, NULL,
     "application/geo+json", "200 304"},
    {QK_GET, "/sites", qk_api_sites, QK_LANE_READ, QK_ACT_VIEW, 0, 64 * MB, "listSites",
     "What is watched", sites_params, NULL, "SiteList", "200 304"},
    {QK_GET, "/sites/{id}", qk_api_site, QK_LANE_READ, QK_ACT_VIEW, 0, 16 * MB, "getSite",
     "One site with its devices, latest values, validity and rules", NULL, NULL, "SiteDetail",
     "200 404"},
    {QK_PUT, "/sites/{id}", qk_api_site_put, QK_LANE_CHANGE, QK_ACT_REGISTER_SET, 16 * KB, MB,
     "putSite", "Add a site, change it, or close it", NULL, "SiteChange", "Site",
     "200 401 403 404 409 413 415 422"},
    {QK_GET, "/register.csv", qk_api_register_csv, QK_LANE_READ, QK_ACT_REGISTER_SET, 0, 32 * MB,
     "getRegisterCsv", "Sites, devices and factors as a table, without passwords", register_params,
     NULL, "text/csv", "200"},
    {QK_POST, "/register", qk_api_register_post, QK_LANE_CHANGE, QK_ACT_REGISTER_SET, 32 * MB,
     4 * MB, "importRegister", "Take in sites, devices and factors: looked at, or taken whole",
     register_import_params, TABLE_TYPES " application/json", "RegisterTaken",
     "200 401 403 409 413 415 422"},
    {QK_GET, "/latest", qk_api_latest, QK_LANE_READ, QK_ACT_VIEW, 0, 64 * MB, "getLatest",
     "The latest values of all sites at once", latest_params, NULL, "Latest", "200"},
    {QK_GET, "/series", qk_api_series, QK_LANE_READ, QK_ACT_VIEW, 0, 8 * MB, "getSeries",
     "One column over time, in a bounded number of points", series_params, NULL, "Series", "200"},
    {QK_GET, "/series.csv", qk_api_series_csv, QK_LANE_READ, QK_ACT_VIEW, 0, 8 * MB, "getSeriesCsv",
     "One column over time, every row, as CSV", csv_params, NULL, "text/csv", "200"},
    {QK_GET, "/aqi", qk_api_aqi, QK_LANE_READ, QK_ACT_AIR_VIEW, 0, 4 * MB, "listAqi",
     "Hourly air quality index of one station", aqi_params, NULL, "AqiList", "200 404 422"},
    {QK_GET, "/strip", qk_api_strip, QK_LANE_READ, QK_ACT_AIR_VIEW, 0, 32 * MB, "getStrip",
     "Hourly air quality index of all stations", strip_params, NULL, "Strip", "200"},
    {QK_GET, "/air/now", qk_api_air_now, QK_LANE_READ, QK_ACT_PUBLIC, 0, 16 * MB, "getAirNow",
     "Every air station now: index, primary pollutants, trend, grade and level", air_now_params,
     NULL, "AirNow", "200"},
    {QK_GET, "/air/hours", qk_api_air_hours, QK_LANE_READ, QK_ACT_AIR_VIEW, 0, 32 * MB,
     "listAirHours", "Hours of a station with the grade of each value and its reasons",
     air_hours_params, NULL, "AirHours", "200 404 422"},
    {QK_GET, "/air/days", qk_api_air_days, QK_LANE_READ, QK_ACT_PUBLIC, 0, 16 * MB, "listAirDays",
     "Days of the county, a division or a station", air_days_params, NULL, "AirDays",
     "200 404 422"},
    {QK_GET, "/air/periods", qk_api_air_periods, QK_LANE_READ, QK_ACT_PUBLIC, 0, 4 * MB,
     "getAirPeriods", "Months and total of a year against the limits, and year on year",
     air_periods_params, NULL, "AirPeriods", "200 404 422"},
    {QK_GET, "/air/compare", qk_api_air_compare, QK_LANE_READ, QK_ACT_PUBLIC, 0, 4 * MB,
     "compareEditions", "The same record under the editions of 2012 and 2026", air_compare_params,
     NULL, "AirCompare", "200 404 422"},
    {QK_GET, "/air/ranking", qk_api_air_ranking, QK_LANE_READ, QK_ACT_PUBLIC, 0, 16 * MB, "rankAir",
     "Stations or townships by composite index", air_ranking_params, NULL, "AirRanking", "200"},
    {QK_GET, "/air/network", qk_api_air_network, QK_LANE_READ, QK_ACT_AIR_VIEW, 0, MB,
     "getAirNetwork", "How many air stations are on line, and what townships lack", NULL, NULL,
     "AirNetwork", "200"},
    {QK_GET, "/air/components", qk_api_air_components, QK_LANE_READ, QK_ACT_AIR_VIEW, 0, 16 * MB,
     "listAirComponents", "Composition of particles at a station, with the balance of its ions",
     components_params, NULL, "AirComponents", "200 404"},
    {QK_GET, "/air/profiles", qk_api_air_profile, QK_LANE_READ, QK_ACT_AIR_VIEW, 0, 32 * MB,
     "getAirProfile", "A day of vertical profiles as a grid of time and height", profile_params,
     NULL, "AirProfile", "200 404"},
    {QK_POST, "/air/profiles", qk_api_air_profile_post, QK_LANE_CHANGE, QK_ACT_AIR_MARK, 32 * MB,
     32 * MB, "addAirProfile", "Upload a day of vertical profiles: the body is the file",
     profile_post_params, "text/csv", "AirProfileTaken", "200 400 401 403 404 409 413 415 422"},
    {QK_GET, "/air/lab", qk_api_air_lab, QK_LANE_READ, QK_ACT_AIR_VIEW, 0, 16 * MB,
     "listLabSamples", "Samples of manual monitoring as institutions reported them", lab_params,
     NULL, "LabSamples", "200"},
    {QK_POST, "/air/lab", qk_api_air_lab_post, QK_LANE_CHANGE, QK_ACT_AIR_MARK, 512 * KB, 64 * KB,
     "importLabSamples", "Take in samples of institutions as CSV", NULL, "LabSamplesChange",
     "LabSamplesTaken", "200 401 403 409 413 415 422"},
    {QK_GET, "/air/fraud", qk_api_air_fraud, QK_LANE_READ, QK_ACT_AIR_VIEW, 0, 32 * MB,
     "findDataFraud", "What points to made-up data, with the rows that show it", fraud_params, NULL,
     "DataFraud", "200"},
    {QK_POST, "/air/fraud", qk_api_air_fraud_post, QK_LANE_CHANGE, QK_ACT_AIR_MARK, 4 * KB, 64 * MB,
     "recordDataFraud", "Record the findings as events and in the ledger of credit", NULL,
     "DataFraudChange", "DataFraudRecorded", "200 400 401 403 409 413 415 422"},
    {QK_GET, "/air/history", qk_api_air_history, QK_LANE_READ, QK_ACT_AIR_VIEW, 0, 4 * MB,
     "listAirHistory", "Imports of daily values of past years", NULL, NULL, "AirHistory", "200"},
    {QK_POST, "/air/history", qk_api_air_history_post, QK_LANE_CHANGE, QK_ACT_TARGET_SET, 512 * KB,
     64 * KB, "importAirHistory", "Take in daily values of past years as CSV", NULL,
     "AirHistoryChange", "AirHistoryTaken", "200 401 403 409 413 415 422"},
    {QK_GET, "/forecast", qk_api_forecast, QK_LANE_READ, QK_ACT_AIR_VIEW, 0, 4 * MB, "getForecast",
     "The newest forecast of a place, its minute, and the public text", forecast_params, NULL,
     "ForecastNow", "200 404"},
    {QK_GET, "/forecast/history", qk_api_forecast_history, QK_LANE_READ, QK_ACT_AIR_VIEW, 0,
     16 * MB, "listForecastVersions", "Every version of a day of issue, oldest first",
     forecast_history_params, NULL, "ForecastVersions", "200"},
    {QK_GET, "/forecast/scores", qk_api_forecast_scores, QK_LANE_READ, QK_ACT_AIR_VIEW, 0, 4 * MB,
     "getForecastScores", "How good the forecasts that came on time were", forecast_scores_params,
     NULL, "ForecastScores", "200 404"},
    {QK_GET, "/forecast/days", qk_api_forecast_days, QK_LANE_READ, QK_ACT_AIR_VIEW, 0, 16 * MB,
     "listForecastDays", "The days behind the scores, each told against what was observed",
     forecast_days_params, NULL, "ForecastCases", "200 404"},
    {QK_GET, "/forecast/state", qk_api_forecast_state, QK_LANE_READ, QK_ACT_AIR_VIEW, 0, 256 * KB,
     "getForecastState", "What is being made, and the weather that the newest forecast rests on",
     forecast_state_params, NULL, "ForecastState", "200"},
    {QK_GET, "/episodes", qk_api_episodes, QK_LANE_STUDY, QK_ACT_AIR_VIEW, 0, 256 * KB,
     "listEpisodes", "Episodes of heavy pollution found in the county's days and hours",
     episodes_params, NULL, "EpisodeList", "200"},
    {QK_GET, "/episodes/{date}", qk_api_episode, QK_LANE_STUDY, QK_ACT_AIR_VIEW, 0, MB,
     "getEpisode", "The episode that begins on a day: its hours and its report", NULL, NULL,
     "Episode", "200 404"},
    {QK_POST, "/episodes/{date}/report", qk_api_episode_report, QK_LANE_CHANGE,
     QK_ACT_FORECAST_EDIT, 4 * KB, 4 * KB, "keepEpisodeReport",
     "Keep the report of an episode as a bulletin, to be issued and printed", NULL, "EpisodeKeep",
     "EpisodeKept", "200 401 403 404 409 413 415 422"},
    {QK_GET, "/warnings", qk_api_warnings, QK_LANE_READ, QK_ACT_AIR_VIEW, 0, 512 * KB,
     "listWarnings", "Warnings of heavy pollution, proposed and issued, newest first",
     warnings_params, NULL, "WarningList", "200"},
    {QK_GET, "/warnings/{id}", qk_api_warning, QK_LANE_READ, QK_ACT_AIR_VIEW, 0, 256 * KB,
     "getWarning", "A warning with its steps, the days it rests on and the signed minute", NULL,
     NULL, "Warning", "200 404"},
    {QK_POST, "/warnings", qk_api_warning_post, QK_LANE_CHANGE, QK_ACT_FORECAST_EDIT, 16 * KB,
     256 * KB, "proposeWarning", "Propose a warning from a signed minute", NULL, "WarningProposal",
     "Warning", "200 401 403 404 409 413 415 422"},
    {QK_POST, "/warnings/{id}/steps", qk_api_warning_step, QK_LANE_CHANGE, QK_ACT_LEAD_APPROVE,
     16 * KB, 256 * KB, "stepWarning", "Approve, refuse or lift a warning", NULL, "WarningStep",
     "Warning", "200 401 403 404 409 413 415 422"},
    {QK_POST, "/forecast/edit", qk_api_forecast_edit, QK_LANE_CHANGE, QK_ACT_FORECAST_EDIT, 64 * KB,
     64 * KB, "editForecast", "Put a forecaster's ranges in the place of the machine's", NULL,
     "ForecastEdit", "ForecastChanged", "200 401 403 404 409 413 415 422"},
    {QK_POST, "/forecast/minute", qk_api_forecast_minute, QK_LANE_CHANGE, QK_ACT_FORECAST_EDIT,
     128 * KB, 64 * KB, "keepForecastMinute", "Keep or sign the minute of a consultation", NULL,
     "ForecastMinuteChange", "ForecastChanged", "200 401 403 409 413 415 422"},
    {QK_POST, "/forecast/publish", qk_api_forecast_publish, QK_LANE_CHANGE, QK_ACT_FORECAST_EDIT,
     4 * KB, 64 * KB, "publishForecast", "Publish the next three days, again if need be", NULL,
     "ForecastPublish", "ForecastChanged", "200 401 403 404 409 413 415 422"},
    {QK_POST, "/forecast/weather", qk_api_forecast_weather, QK_LANE_CHANGE, QK_ACT_FORECAST_EDIT,
     512 * KB, 64 * KB, "importForecastWeather", "Take in weather forecasts as CSV", NULL,
     "ForecastWeatherChange", "ForecastWeatherTaken", "200 401 403 409 413 415 422"},
    {QK_POST, "/forecast/weather/file", qk_api_forecast_weather_file, QK_LANE_STUDY,
     QK_ACT_FORECAST_EDIT, 64 * MB, 64 * KB, "importForecastWeatherFile",
     "Look at a weather file (CSV, GRIB or NetCDF), or take it in: the body is the file",
     forecast_weather_params, "application/octet-stream text/csv", "ForecastWeatherTaken",
     "200 400 401 403 404 409 413 415 422"},
    {QK_GET, "/air/targets", qk_api_air_targets, QK_LANE_READ, QK_ACT_AIR_VIEW, 0, 16 * MB,
     "listAirTargets", "Yearly targets: reached, what may still be used up, projection, path",
     air_targets_params, NULL, "AirTargets", "200"},
    {QK_PUT, "/air/targets", qk_api_air_targets_put, QK_LANE_CHANGE, QK_ACT_TARGET_SET, 64 * KB,
     64 * KB, "setAirTargets", "Set the yearly targets, rows as in a compiled plan", NULL,
     "AirTargetsChange", "AirTargetsSet", "200 401 403 409 413 415 422"},
    {QK_POST, "/air/targets/plan", qk_api_air_targets_plan, QK_LANE_CHANGE, QK_ACT_TARGET_SET,
     512 * KB, 64 * KB, "takePlanTargets", "Take the targets of a compiled plan", NULL,
     "AirPlanTargets", "AirPlanTargetsTaken", "200 401 403 409 413 415 422"},
    {QK_GET, "/air/allocation", qk_api_air_allocation, QK_LANE_READ, QK_ACT_AIR_VIEW, 0, 16 * MB,
     "allocateAirTarget", "A county's target shared out to its townships", air_allocation_params,
     NULL, "AirAllocation", "200 422"},
    {QK_POST, "/air/allocation", qk_api_air_allocation_post, QK_LANE_CHANGE, QK_ACT_TARGET_SET,
     4 * KB, 16 * MB, "keepAirAllocation",
     "Keep a county's target shared out as targets of its townships", NULL, "AirAllocationChange",
     "AirAllocationKept", "200 401 403 409 413 415 422"},
    {QK_GET, "/air/attainment", qk_api_air_attainment, QK_LANE_READ, QK_ACT_AIR_VIEW, 0, MB,
     "getAttainmentPath", "Year by year to the limit in force in the target year",
     air_attainment_params, NULL, "AirAttainment", "200 404 422"},
    {QK_GET, "/air/explain", qk_api_air_explain, QK_LANE_READ, QK_ACT_AIR_VIEW, 0, 8 * MB,
     "explainAir", "How a figure comes about: formula, inputs, steps, clause and date",
     air_explain_params, NULL, "AirExplained", "200 404 422"},
    {QK_GET, "/analysis/{kind}", qk_api_analysis, QK_LANE_STUDY, QK_ACT_AIR_VIEW, 0, 96 * MB,
     "getAnalysis", "A plot of a station's hours by wind, time or the paths of air",
     analysis_params, NULL, "Analysis", "200 404 422"},
    {QK_POST, "/analysis/{kind}", qk_api_analysis_post, QK_LANE_STUDY, QK_ACT_AIR_STUDY, 16 * MB,
     96 * MB, "analyseFile", "The same plot of a file of one's own, which is not kept",
     analysis_post_params, "text/csv", "Analysis", "200 400 401 403 404 413 415 422"},
    {QK_GET, "/hotgrid", qk_api_hotgrid, QK_LANE_STUDY, QK_ACT_AIR_VIEW, 0, 8 * MB, "getHotGrid",
     "The cells of the county in a month, those that stand out in order", hotgrid_params, NULL,
     "HotGrid", "200 404"},
    {QK_POST, "/hotgrid/cases", qk_api_hotgrid_case, QK_LANE_CHANGE, QK_ACT_CASE_MANAGE, 4 * KB,
     256 * KB, "openHotCellCase", "Open the case of a hot cell for its township", NULL,
     "HotCellCase", "Case", "200 401 403 404 409 413 415 422"},
    {QK_POST, "/hotgrid/tracks", qk_api_hotgrid_track, QK_LANE_CHANGE, QK_ACT_AIR_MARK, 8 * MB,
     4 * KB, "importCarTrack", "Take in what a car measured: the body is the file", NULL,
     "text/csv", "CarTrackTaken", "200 400 401 403 409 413 415 422"},
    {QK_GET, "/hotspots", qk_api_hotspots, QK_LANE_STUDY, QK_ACT_AIR_VIEW, 0, 64 * MB,
     "listHotspots", "Episodes in which one station stood far above its neighbours",
     hotspots_params, NULL, "HotspotList", "200"},
    {QK_GET, "/hotspots/trace", qk_api_hotspot_trace, QK_LANE_STUDY, QK_ACT_VIEW, 0, 64 * MB,
     "traceHotspot", "Where the air of an hour came from, and which sources may be behind it",
     trace_params, NULL, "HotspotTrace", "200 404 422"},
    {QK_GET, "/hotspots/sector", qk_api_hotspot_sector, QK_LANE_READ, QK_ACT_VIEW, 0, 16 * MB,
     "listUpwindSources", "Sources within a sector up the wind of a station", sector_params, NULL,
     "UpwindSources", "200 404 422"},
    {QK_GET, "/disperse", qk_api_airshed, QK_LANE_READ, QK_ACT_PLAN_VIEW, 0, 16 * MB, "getAirshed",
     "The county's sources as a dispersion case, its matrix and the work on it", NULL, NULL,
     "Airshed", "200 422"},
    {QK_GET, "/disperse/matrix", qk_api_airshed_matrix, QK_LANE_READ, QK_ACT_PLAN_VIEW, 0, 32 * MB,
     "getAirshedMatrix", "Means per unit emission: a row of float32 (little-endian) a source",
     airshed_matrix_params, NULL, "application/octet-stream", "200 404 409 422"},
    {QK_GET, "/disperse/field", qk_api_airshed_field, QK_LANE_READ, QK_ACT_PLAN_VIEW, 0, 16 * MB,
     "getAirshedField", "Modelled concentrations as they are and after cuts", airshed_field_params,
     NULL, "AirshedField", "200 404 409 422"},
    {QK_GET, "/disperse/shares", qk_api_airshed_shares, QK_LANE_READ, QK_ACT_PLAN_VIEW, 0, 16 * MB,
     "getAirshedShares", "What each source adds at a point, month by month", airshed_shares_params,
     NULL, "AirshedShares", "200 404 409 422"},
    {QK_GET, "/disperse/monitors", qk_api_airshed_monitors, QK_LANE_STUDY, QK_ACT_PLAN_VIEW, 0,
     16 * MB, "getAirshedMonitors", "The model against the stations, and what binds it to them",
     airshed_monitors_params, NULL, "AirshedMonitors", "200 404 409 422"},
    {QK_GET, "/disperse/runstream", qk_api_airshed_runstream, QK_LANE_READ, QK_ACT_PLAN_VIEW, 0,
     16 * MB, "getAirshedRunstream", "The case as AERMOD and `qingkong disperse` read it", NULL,
     NULL, "text/plain", "200 404 422"},
    {QK_POST, "/disperse/build", qk_api_airshed_build, QK_LANE_CHANGE, QK_ACT_AIR_STUDY, 4 * KB,
     64 * KB, "buildAirshed", "Make the matrix of what is set up, in the background", NULL,
     "AirshedBuild", "AirshedJob", "200 401 403 404 409 413 415 422"},
    {QK_DELETE, "/disperse/build", qk_api_airshed_cancel, QK_LANE_CHANGE, QK_ACT_AIR_STUDY, 4 * KB,
     64 * KB, "cancelAirshed", "Give up the matrix under way", NULL, NULL, "AirshedJob",
     "200 401 403 409 413 415 422"},
    {QK_PUT, "/disperse/setup", qk_api_airshed_setup, QK_LANE_CHANGE, QK_ACT_TARGET_SET, 64 * KB,
     64 * KB, "setAirshed", "Grid, weather, and what is taken from elsewhere", NULL,
     "AirshedSetupChange", "AirshedKept", "200 401 403 409 413 415 422"},
    {QK_POST, "/disperse/weather", qk_api_airshed_weather, QK_LANE_CHANGE, QK_ACT_TARGET_SET,
     16 * MB, 64 * KB, "addAirshedWeather",
     "Hourly surface observations: the body is the file, which a setup may then name", NULL,
     "text/csv", "AirshedWeather", "200 400 401 403 409 413 415 422"},
    {QK_GET, "/receptor/runs", qk_api_receptor_runs, QK_LANE_READ, QK_ACT_AIR_VIEW, 0, MB,
     "listReceptorRuns", "Runs of source apportionment, newest first", NULL, NULL,
     "ReceptorRunList", "200"},
    {QK_POST, "/receptor/runs", qk_api_receptor_run_post, QK_LANE_STUDY, QK_ACT_AIR_STUDY, 512 * KB,
     96 * MB, "startReceptorRun",
     "Start a source apportionment of a component station or of two files", NULL,
     "ReceptorRunStart", "ReceptorRunId", "202 400 401 403 409 413 415 422"},
    {QK_GET, "/receptor/runs/{id}", qk_api_receptor_run, QK_LANE_READ, QK_ACT_AIR_VIEW, 0, 64 * MB,
     "getReceptorRun", "How far a run is, and its report when it is done", NULL, NULL,
     "ReceptorRun", "200 404"},
    {QK_GET, "/receptor/runs/{id}/report.docx", qk_api_receptor_docx, QK_LANE_READ, QK_ACT_AIR_VIEW,
     0, 64 * MB, "getReceptorReport", "The report of a run as a document", NULL, NULL, QK_TYPE_DOCX,
     "200 404 409"},
    {QK_GET, "/receptor/profiles", qk_api_receptor_profiles, QK_LANE_READ, QK_ACT_AIR_VIEW, 0, MB,
     "getReceptorProfiles", "The library of known sources that factors are held against", NULL,
     NULL, "ReceptorProfiles", "200"},
    {QK_POST, "/receptor/profiles", qk_api_receptor_profiles_post, QK_LANE_CHANGE, QK_ACT_AIR_STUDY,
     16 * MB, 64 * MB, "setReceptorProfiles",
     "Known sources, SPECIATE's or one's own: the body is the file", NULL, "text/csv",
     "ReceptorProfiles", "200 400 401 403 409 413 415 422"},
    {QK_DELETE, "/receptor/runs/{id}", qk_api_receptor_run_delete, QK_LANE_STUDY, QK_ACT_AIR_STUDY,
     KB, 64 * KB, "stopReceptorRun", "Stop a run that waits or runs", NULL, NULL, "ReceptorRunId",
     "200 401 403 404"},
    {QK_GET, "/air/marks", qk_api_air_marks, QK_LANE_READ, QK_ACT_AIR_VIEW, 0, 16 * MB,
     "listAirMarks", "Hours that people left out or took back, and days of sand-dust",
     air_marks_params, NULL, "AirMarks", "200"},
    {QK_POST, "/air/marks", qk_api_air_mark_post, QK_LANE_CHANGE, QK_ACT_AIR_MARK, 16 * KB, 64 * KB,
     "markAir", "Leave hours out, take them back in, or declare sand-dust; with a reason", NULL,
     "AirMarkChange", "AirMark", "200 401 403 404 409 413 415 422"},
    {QK_POST, "/air/marks/{id}/undo", qk_api_air_mark_undo, QK_LANE_CHANGE, QK_ACT_AIR_MARK, 4 * KB,
     64 * KB, "undoAirMark", "Undo a mark; with a reason", NULL, "AirMarkUndo", "AirMarkId",
     "200 401 403 404 409 413 415 422"},
    {QK_GET, "/air/reviews", qk_api_air_reviews, QK_LANE_READ, QK_ACT_AIR_VIEW, 0, 4 * MB,
     "listAirReviews", "Levels of a station's days and who reviewed and approved them",
     air_reviews_params, NULL, "AirReviews", "200 404 422"},
    {QK_POST, "/air/reviews", qk_api_air_review_post, QK_LANE_CHANGE, QK_ACT_AIR_REVIEW, 4 * KB,
     64 * KB, "reviewAir", "Review or approve days of a station; not both by one person", NULL,
     "AirReviewChange", "AirReviewDone", "200 401 403 404 409 413 415 422"},
    {QK_GET, "/air/checks", qk_api_air_checks, QK_LANE_READ, QK_ACT_AIR_VIEW, 0, 16 * MB,
     "listAirChecks", "Records of zero, span, precision, comparison and flow checks",
     air_checks_params, NULL, "AirChecks", "200"},
    {QK_POST, "/air/checks", qk_api_air_checks_post, QK_LANE_CHANGE, QK_ACT_AIR_MARK, 512 * KB,
     64 * KB, "addAirChecks", "Take in records of checks as CSV", NULL, "AirChecksChange",
     "AirChecksDone", "200 401 403 409 413 415 422"},
    {QK_GET, "/cases", qk_api_cases, QK_LANE_READ, QK_ACT_CASE_VIEW, 0, 8 * MB, "listCases",
     "Cases, newest first", cases_params, NULL, "CaseList", "200"},
    {QK_POST, "/cases", qk_api_case_post, QK_LANE_CHANGE, QK_ACT_CASE_MANAGE, 64 * KB, MB,
     "openCase", "Open a case; a cause has one", NULL, "CaseNew", "Case",
     "200 401 403 409 413 415 422"},
    {QK_GET, "/cases/{id}", qk_api_case, QK_LANE_READ, QK_ACT_CASE_VIEW, 0, 4 * MB, "getCase",
     "A case with its steps, consequences and links", NULL, NULL, "Case", "200 404"},
    {QK_POST, "/cases/{id}/steps", qk_api_case_step, QK_LANE_CHANGE, QK_ACT_CASE_WORK, 64 * KB,
     4 * MB, "stepCase", "The next step of a case; none is skipped", NULL, "CaseStepNew", "Case",
     "200 401 403 404 409 413 415 422"},
    {QK_POST, "/cases/{id}/consequences", qk_api_consequence_post, QK_LANE_CHANGE,
     QK_ACT_TASK_MANAGE, 64 * KB, 4 * MB, "proposeConsequence", "Propose a rung of the ladder",
     NULL, "ConsequenceNew", "Case", "200 401 403 404 409 413 415 422"},
    {QK_GET, "/consequences", qk_api_consequences, QK_LANE_READ, QK_ACT_TASK_VIEW, 0, 8 * MB,
     "listConsequences", "Consequences, newest first", consequences_params, NULL, "ConsequenceList",
     "200"},
    {QK_POST, "/consequences/{id}/steps", qk_api_consequence_step, QK_LANE_CHANGE,
     QK_ACT_CONSEQUENCE, 64 * KB, 8 * MB, "stepConsequence",
     "Approve, refuse, execute or lift a consequence", NULL, "ConsequenceStepNew",
     "ConsequenceList", "200 401 403 404 409 413 415 422"},
    {QK_POST, "/regulation/{row}/release", qk_api_regulation_release, QK_LANE_CHANGE,
     QK_ACT_CONSEQUENCE, 16 * KB, 64 * KB, "releaseRegulation",
     "Release an enterprise from seasonal regulation", NULL, "RegulationRelease",
     "RegulationReleased", "200 401 403 404 409 413 415 422"},
    {QK_GET, "/money", qk_api_money, QK_LANE_READ, QK_ACT_MONEY_VIEW, 0, 16 * MB, "listMoney",
     "Lines of money with their sums", money_params, NULL, "MoneyList", "200"},
    {QK_GET, "/money/{id}", qk_api_money_line, QK_LANE_READ, QK_ACT_MONEY_VIEW, 0, 4 * MB,
     "getMoneyLine", "Every version of a line, newest first", NULL, NULL, "MoneyHistory",
     "200 404"},
    {QK_POST, "/money/draft", qk_api_money_draft, QK_LANE_CHANGE, QK_ACT_MONEY_DRAFT, 4 * KB,
     64 * KB, "draftMoney", "Draft the lines of a month from its facts", NULL, "MoneyDraft",
     "MoneyDrafted", "200 401 403 409 413 415 422"},
    {QK_POST, "/money/approve", qk_api_money_approve, QK_LANE_CHANGE, QK_ACT_CONSEQUENCE, 4 * KB,
     16 * MB, "approveMoney", "Approve all lines of a month that wait for it", NULL,
     "MoneyApproval", "MoneyList", "200 401 403 409 413 415 422"},
    {QK_POST, "/money/{id}/steps", qk_api_money_step, QK_LANE_CHANGE, QK_ACT_MONEY_STEP, 16 * KB,
     4 * MB, "stepMoney", "Appeal, decide, approve or reverse a line", NULL, "MoneyStepNew",
     "MoneyHistory", "200 401 403 404 409 413 415 422"},
    {QK_GET, "/assessment", qk_api_assessment, QK_LANE_READ, QK_ACT_TASK_VIEW, 0, 16 * MB,
     "getAssessment", "Scores of units with the facts of each point", assessment_params, NULL,
     "Assessment", "200 404"},
    {QK_GET, "/ledgers", qk_api_ledgers, QK_LANE_READ, QK_ACT_LEDGER_VIEW, 0, 4 * MB, "listLedgers",
     "Ledgers with their fields and counters", NULL, NULL, "LedgerTypes", "200"},
    {QK_GET, "/ledgers/{id}", qk_api_ledger, QK_LANE_READ, QK_ACT_LEDGER_VIEW, 0, MB, "getLedger",
     "One ledger's fields and counters", NULL, NULL, "LedgerType", "200 404"},
    {QK_PUT, "/ledgers/{id}", qk_api_ledger_put, QK_LANE_CHANGE, QK_ACT_LEDGER_SET, 256 * KB, MB,
     "setLedger", "Declare a ledger, or change what it declares", NULL, "LedgerTypeChange",
     "LedgerType", "200 401 403 409 413 415 422"},
    {QK_GET, "/ledgers/{id}/rows", qk_api_ledger_rows, QK_LANE_READ, QK_ACT_LEDGER_VIEW, 0, 32 * MB,
     "listLedgerRows", "Rows of a ledger, with their lights", ledger_rows_params, NULL,
     "LedgerRows", "200 404 422"},
    {QK_POST, "/ledgers/{id}/rows", qk_api_ledger_row_post, QK_LANE_CHANGE, QK_ACT_LEDGER_WRITE,
     64 * KB, MB, "addLedgerRow", "Add a row", NULL, "LedgerRowNew", "LedgerRow",
     "200 401 403 404 409 413 415 422"},
    {QK_GET, "/ledgers/{id}/rows/{row}", qk_api_ledger_row, QK_LANE_READ, QK_ACT_LEDGER_VIEW, 0,
     32 * MB, "getLedgerRow", "Every version of a row, newest first", NULL, NULL,
     "LedgerRowHistory", "200 404"},
    {QK_PUT, "/ledgers/{id}/rows/{row}", qk_api_ledger_row_put, QK_LANE_CHANGE, QK_ACT_LEDGER_WRITE,
     64 * KB, MB, "changeLedgerRow", "Change a row, or end it", NULL, "LedgerRowChange",
     "LedgerRow", "200 401 403 404 409 413 415 422"},
    {QK_GET, "/ledgers/{id}/counters", qk_api_ledger_counters, QK_LANE_READ, QK_ACT_LEDGER_VIEW, 0,
     16 * MB, "countLedger", "Figures counted from a ledger", ledger_counters_params, NULL,
     "LedgerFigures", "200 404 422"},
    {QK_GET, "/ledgers/{id}/rows.csv", qk_api_ledger_csv, QK_LANE_READ, QK_ACT_LEDGER_VIEW, 0,
     32 * MB, "getLedgerCsv", "A ledger as CSV", ledger_table_params, NULL, "text/csv",
     "200 404 422"},
    {QK_GET, "/ledgers/{id}/rows.xlsx", qk_api_ledger_xlsx, QK_LANE_READ, QK_ACT_LEDGER_VIEW, 0,
     32 * MB, "getLedgerXlsx", "A ledger as a workbook", ledger_table_params, NULL,
     "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "200 404 422"},
    {QK_POST, "/ledgers/{id}/import", qk_api_ledger_import, QK_LANE_CHANGE, QK_ACT_LEDGER_WRITE,
     8 * MB, 4 * MB, "importLedger", "Take in a table: looked at, or taken whole",
     ledger_import_params, TABLE_TYPES, "LedgerImport", "200 401 403 404 409 413 415 422"},
    {QK_GET, "/rules", qk_api_rules, QK_LANE_READ, QK_ACT_RULE_VIEW, 0, 64 * KB, "listRules",
     "Tables of rules", NULL, NULL, "RuleTables", "200"},
    {QK_GET, "/rules/{table}", qk_api_rule_table, QK_LANE_READ, QK_ACT_RULE_VIEW, 0, 4 * MB,
     "getRules", "One table: what holds, what was shipped, what was set here", rule_table_params,
     NULL, "RuleTable", "200 404"},
    {QK_PUT, "/rules/{table}", qk_api_rule_put, QK_LANE_CHANGE, QK_ACT_RULE_SET, 512 * KB, 64 * KB,
     "setRules", "Set the rows that stand over the shipped ones", NULL, "RuleChange", "RuleSet",
     "200 401 403 404 409 413 415 422"},
    {QK_GET, "/rules/{table}/history", qk_api_rule_history, QK_LANE_READ, QK_ACT_RULE_VIEW, 0,
     64 * MB, "listRuleHistory", "Every version of a table, newest first", NULL, NULL,
     "RuleHistory", "200 404"},
    {QK_POST, "/rules/{table}/revert", qk_api_rule_revert, QK_LANE_CHANGE, QK_ACT_RULE_SET, 4 * KB,
     64 * KB, "revertRules", "Set a table to one of its versions", NULL, "RuleRevert", "RuleSet",
     "200 401 403 404 409 413 415 422"},
    {QK_POST, "/rules/{table}/check", qk_api_rule_check, QK_LANE_CHANGE, QK_ACT_RULE_PROPOSE,
     512 * KB, 4 * MB, "checkRules", "Whether rows could stand, and the table as it would be", NULL,
     "RuleProposal", "RuleProposed", "200 401 403 404 413 415 422"},
    {QK_GET, "/devices", qk_api_devices, QK_LANE_READ, QK_ACT_DEVICE_VIEW, 0, 32 * MB,
     "listDevices", "Devices with their state", devices_params, NULL, "DeviceList", "200"},
    {QK_GET, "/devices/{mn}", qk_api_device, QK_LANE_READ, QK_ACT_DEVICE_VIEW, 0, 2 * MB,
     "getDevice", "One device with 40 days of transmission, its requests and its forwarding", NULL,
     NULL, "DeviceDetail", "200 404"},
    {QK_PUT, "/devices/{mn}", qk_api_device_put, QK_LANE_CHANGE, QK_ACT_DEVICE_CHANGE, 16 * KB,
     64 * KB, "changeDevice", "Change settings of a device", NULL, "DeviceChange", "Device",
     "200 401 403 404 409 413 415 422"},
    {QK_GET, "/devices/{mn}/factors", qk_api_device_factors, QK_LANE_READ, QK_ACT_DEVICE_VIEW, 0,
     4 * MB, "listDeviceFactors", "What the device measures: unit, site, limit and range of each",
     NULL, NULL, "DeviceFactorList", "200 404"},
    {QK_PUT, "/devices/{mn}/factors/{code}", qk_api_device_factor_put, QK_LANE_CHANGE,
     QK_ACT_DEVICE_CHANGE, 4 * KB, 64 * KB, "putDeviceFactor",
     "Add a factor to a device or change what is known of it", NULL, "DeviceFactorChange",
     "DeviceFactor", "200 401 403 404 409 413 415 422"},
    {QK_GET, "/devices/{mn}/frames", qk_api_frames, QK_LANE_READ, QK_ACT_DEVICE_VIEW, 0, 8 * MB,
     "listFrames", "The last frames as received, newest first, each deviation in words",
     frames_params, NULL, "FrameList", "200"},
    {QK_GET, "/devices/{mn}/requests", qk_api_requests, QK_LANE_READ, QK_ACT_DEVICE_VIEW, 0, MB,
     "listRequests", "Requests to the device, newest first", requests_params, NULL, "RequestList",
     "200"},
    {QK_POST, "/devices/{mn}/requests", qk_api_request_post, QK_LANE_CHANGE, QK_ACT_DEVICE_CHANGE,
     4 * KB, 64 * KB, "askDevice", "Ask the device for something", NULL, "RequestAsked",
     "RequestId", "202 401 403 404 409 413 415 422"},
    {QK_GET, "/requests/{id}", qk_api_request, QK_LANE_READ, QK_ACT_DEVICE_VIEW, 0, 64 * KB,
     "getRequest", "One request and how far it is", NULL, NULL, "Request", "200 404"},
    {QK_DELETE, "/requests/{id}", qk_api_request_delete, QK_LANE_CHANGE, QK_ACT_DEVICE_CHANGE, KB,
     64 * KB, "cancelRequest", "Cancel a request", NULL, NULL, "RequestId",
     "200 401 403 404 409 422"},
    {QK_GET, "/commands", qk_api_commands, QK_LANE_READ, QK_ACT_DEVICE_VIEW, 0, 256 * KB,
     "listCommands", "What may be asked of devices, with the bounds of each parameter", NULL, NULL,
     "CommandList", "200 304"},
    {QK_GET, "/parked", qk_api_parked, QK_LANE_READ, QK_ACT_DEVICE_PARKED, 0, 4 * MB, "listParked",
     "Unknown devices that have sent something", NULL, NULL, "ParkedList", "200"},
    {QK_POST, "/parked/{mn}/approve", qk_api_parked_approve, QK_LANE_CHANGE, QK_ACT_DEVICE_CHANGE,
     16 * KB, 64 * KB, "approveParked", "Take a parked device into the register", NULL,
     "DeviceChange", "Device", "200 401 403 409 413 415 422"},
    {QK_POST, "/parked/{mn}/refuse", qk_api_parked_refuse, QK_LANE_CHANGE, QK_ACT_DEVICE_CHANGE, KB,
     64 * KB, "refuseParked", "Refuse a parked device: its frames are not kept from now on", NULL,
     NULL, "Device", "200 401 403 404 409 413 415 422"},
    {QK_GET, "/uppers", qk_api_uppers, QK_LANE_READ, QK_ACT_UPPER_VIEW, 0, 16 * MB, "listUppers",
     "Upper platforms and how far their queues are", NULL, NULL, "UpperList", "200 401"},
    {QK_PUT, "/uppers/{id}", qk_api_upper_put, QK_LANE_CHANGE, QK_ACT_UPPER_SET, 512 * KB, 16 * MB,
     "putUpper", "Add an upper platform or change it", NULL, "UpperChange", "Upper",
     "200 400 401 403 409 413 415 422"},
    {QK_DELETE, "/uppers/{id}", qk_api_upper_delete, QK_LANE_CHANGE, QK_ACT_UPPER_SET, KB, 16 * MB,
     "dropUpper", "Forget an upper platform and its queues", NULL, NULL, "UpperId",
     "200 401 403 404 409 422"},
    {QK_GET, "/uppers/{id}/links", qk_api_upper_links, QK_LANE_READ, QK_ACT_UPPER_VIEW, 0, 16 * MB,
     "listUpperLinks", "The durable queue of each device to one upper platform", links_params, NULL,
     "UpperLinkList", "200 401 404"},
    {QK_GET, "/plans", qk_api_plans, QK_LANE_READ, QK_ACT_PLAN_VIEW, 0, MB, "listPlans",
     "The library of plans", NULL, NULL, "PlanList", "200"},
    {QK_POST, "/plans", qk_api_plan_post, QK_LANE_CHANGE, QK_ACT_PLAN_WORK, 64 * MB, MB, "addPlan",
     "Upload a plan: the body is the file", plan_post_params,
     "text/plain application/pdf "
     "application/vnd.openxmlformats-officedocument.wordprocessingml.document "
     "application/octet-stream",
     "Plan", "200 400 401 403 409 413 415 422"},
    {QK_GET, "/plans/{id}", qk_api_plan, QK_LANE_READ, QK_ACT_PLAN_VIEW, 0, MB, "getPlan",
     "One plan", NULL, NULL, "Plan", "200 404"},
    {QK_PUT, "/plans/{id}", qk_api_plan_put, QK_LANE_CHANGE, QK_ACT_PLAN_WORK, 64 * KB, MB,
     "changePlan", "Change the status or the head of a plan", NULL, "PlanChange", "Plan",
     "200 401 403 404 409 413 415 422"},
    {QK_GET, "/plans/{id}/text", qk_api_plan_text, QK_LANE_READ, QK_ACT_PLAN_VIEW, 0, 64 * MB,
     "getPlanText", "The text of a plan with its lines", NULL, NULL, "PlanText", "200 404"},
    {QK_GET, "/plans/{id}/items", qk_api_plan_items, QK_LANE_READ, QK_ACT_PLAN_VIEW, 0, 64 * MB,
     "listPlanItems", "What was read out of a plan, item by item", plan_items_params, NULL,
     "PlanItems", "200 404"},
    {QK_PUT, "/plans/{id}/items/{path}", qk_api_plan_item_put, QK_LANE_CHANGE, QK_ACT_PLAN_WORK,
     64 * KB, MB, "reviewPlanItem", "Accept, correct, reject or ask about an item", NULL,
     "PlanItemChange", "PlanItem", "200 401 403 404 409 413 415 422"},
    {QK_GET, "/plans/{id}/items/{path}/history", qk_api_plan_item_history, QK_LANE_READ,
     QK_ACT_PLAN_VIEW, 0, 16 * MB, "listPlanItemHistory", "Every version of an item, newest first",
     NULL, NULL, "PlanItems", "200 404"},
    {QK_POST, "/plans/{id}/accept", qk_api_plan_accept, QK_LANE_CHANGE, QK_ACT_PLAN_WORK, 64 * KB,
     MB, "acceptPlanItems", "Accept what still stands as proposed", NULL, "PlanAccept",
     "PlanAccepted", "200 401 403 404 409 413 415 422"},
    {QK_GET, "/plans/{id}/findings", qk_api_plan_findings, QK_LANE_READ, QK_ACT_PLAN_VIEW, 0,
     16 * MB, "listPlanFindings", "What the check found in a plan, and what became of it", NULL,
     NULL, "PlanFindings", "200 404"},
    {QK_PUT, "/plans/{id}/findings/{no}", qk_api_plan_finding_put, QK_LANE_CHANGE, QK_ACT_PLAN_WORK,
     64 * KB, MB, "settlePlanFinding",
     "Accept or correct a finding, ask the drafter, note the answer", NULL, "PlanFindingChange",
     "PlanFindingSet", "200 401 403 404 409 413 415 422"},
    {QK_GET, "/plans/{id}/findings/{no}/history", qk_api_plan_finding_history, QK_LANE_READ,
     QK_ACT_PLAN_VIEW, 0, 16 * MB, "listPlanFindingHistory",
     "Every version of a finding, newest first", NULL, NULL, "PlanFindings", "200 404"},
    {QK_GET, "/tasks", qk_api_tasks, QK_LANE_READ, QK_ACT_TASK_VIEW, 0, 64 * MB, "listTasks",
     "Tasks of issued plans with their duties", tasks_params, NULL, "TaskList", "200"},
    {QK_GET, "/my/tasks", qk_api_my_tasks, QK_LANE_READ, QK_ACT_TASK_VIEW, 0, 64 * MB,
     "listMyTasks", "What a unit owes", my_tasks_params, NULL, "TaskList", "200"},
    {QK_GET, "/tasks/{id}", qk_api_task, QK_LANE_READ, QK_ACT_TASK_VIEW, 0, 16 * MB, "getTask",
     "One obligation with the sentence it came from, its duties, children and versions",
     task_params, NULL, "TaskDetail", "200 404"},
    {QK_PUT, "/tasks/{id}", qk_api_task_put, QK_LANE_CHANGE, QK_ACT_TASK_MANAGE, 64 * KB, 16 * MB,
     "changeTask", "Amend an obligation, close it, give it to an office", NULL, "TaskChange",
     "TaskDetail", "200 401 403 404 409 413 415 422"},
    {QK_PUT, "/tasks/{id}/duties/{unit}", qk_api_duty_put, QK_LANE_CHANGE, QK_ACT_TASK_ANSWER,
     64 * KB, 16 * MB, "changeDuty", "Sign for a task, object to it, decide an objection", NULL,
     "DutyChange", "TaskDetail", "200 401 403 404 409 413 415 422"},
    {QK_GET, "/duties", qk_api_duties, QK_LANE_READ, QK_ACT_TASK_VIEW, 0, 64 * MB, "listDuties",
     "Duties by state; unsigned are those sent and past the days for signing", duties_params, NULL,
     "DutyList", "200"},
    {QK_GET, "/filings", qk_api_filings, QK_LANE_READ, QK_ACT_TASK_VIEW, 0, 16 * MB, "listFilings",
     "Who has filed the plan that he owes, who is late, who is missing", filings_params, NULL,
     "FilingList", "200"},
    {QK_GET, "/settings", qk_api_settings, QK_LANE_READ, QK_ACT_TASK_VIEW, 0, MB, "listSettings",
     "Days, shares and words by which the year's work is run, as they hold now", NULL, NULL,
     "SettingList", "200"},
    {QK_GET, "/settings/{key}", qk_api_setting, QK_LANE_READ, QK_ACT_TASK_VIEW, 0, MB, "getSetting",
     "Every value that a setting had, newest first", NULL, NULL, "SettingList", "200 404"},
    {QK_PUT, "/settings/{key}", qk_api_setting_put, QK_LANE_CHANGE, QK_ACT_TASK_APPROVE, 4 * KB, MB,
     "changeSetting", "Set one; what was made by the old value stays as it is", NULL,
     "SettingChange", "SettingList", "200 400 401 403 404 409 413 415 422"},
    {QK_GET, "/department-plans", qk_api_deptplans, QK_LANE_READ, QK_ACT_TASK_VIEW, 0, 16 * MB,
     "listDepartmentPlans",
     "Departments' own plans of enforcement and supervision: each field that the plan gives them, "
     "whether a filed plan covers it, planned and done",
     filings_params, NULL, "DepartmentPlanList", "200"},
    {QK_POST, "/filings/{id}/{unit}", qk_api_filing_post, QK_LANE_CHANGE, QK_ACT_TASK_ANSWER,
     64 * MB, MB, "filePlan", "File a plan: the body is the file", filing_params,
     "text/plain application/pdf "
     "application/vnd.openxmlformats-officedocument.wordprocessingml.document "
     "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet text/csv image/png "
     "image/jpeg application/octet-stream",
     "Filed", "200 401 403 404 409 413 415 422"},
    {QK_GET, "/attachments", qk_api_attachments, QK_LANE_READ, QK_ACT_FILE_VIEW, 0, 8 * MB,
     "listAttachments", "Files laid to an object, or to the reports of a task or month",
     attachments_params, NULL, "AttachmentList", "200 404"},
    {QK_POST, "/attachments", qk_api_attachment_post, QK_LANE_CHANGE, QK_ACT_FILE_ADD, 64 * MB, MB,
     "addAttachment", "Lay a file to an object: the body is the file", attachment_post_params,
     "application/octet-stream application/pdf image/png image/jpeg "
     "application/vnd.openxmlformats-officedocument.wordprocessingml.document "
     "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
     "AttachmentList", "200 401 403 404 409 413 415 422"},
    {QK_GET, "/attachments/{id}", qk_api_attachment, QK_LANE_READ, QK_ACT_FILE_VIEW, 0, 64 * MB,
     "getAttachment", "The file itself, as a download", NULL, NULL, "application/octet-stream",
     "200 404"},
    {QK_GET, "/measures", qk_api_measures, QK_LANE_READ, QK_ACT_TASK_VIEW, 0, MB, "listMeasures",
     "The catalogue of measures", NULL, NULL, "MeasureNames", "200"},
    {QK_PUT, "/tasks/{id}/measure", qk_api_measure_put, QK_LANE_CHANGE, QK_ACT_TASK_MANAGE, 64 * KB,
     16 * MB, "setMeasure",
     "Confirm the measure of an obligation, set another, or let the unit report", NULL,
     "MeasureChange", "TaskDetail", "200 401 403 404 409 413 415 422"},
    {QK_GET, "/schedule", qk_api_months, QK_LANE_READ, QK_ACT_TASK_VIEW, 0, MB, "listMonths",
     "Months that were opened", NULL, NULL, "MonthList", "200"},
    {QK_GET, "/schedule/{month}", qk_api_month, QK_LANE_READ, QK_ACT_TASK_VIEW, 0, 64 * MB,
     "getMonth", "Expected against actual, line by line, with what is asked of whom", month_params,
     NULL, "Month", "200 404"},
    {QK_PUT, "/schedule/{month}/{obligation}", qk_api_report_put, QK_LANE_CHANGE,
     QK_ACT_TASK_ANSWER, 64 * KB, MB, "reportProgress", "Report the figure of a line for the month",
     NULL, "Report", "Reported", "200 401 403 404 409 413 415 422"},
    {QK_POST, "/schedule/{month}/close", qk_api_month_close, QK_LANE_CHANGE, QK_ACT_TASK_MANAGE, KB,
     64 * MB, "closeMonth", "Judge and close a month by hand", NULL, NULL, "Month",
     "200 401 403 404 409 413 415 422"},
    {QK_GET, "/bulletins", qk_api_bulletins, QK_LANE_READ, QK_ACT_TASK_VIEW, 0, MB, "listBulletins",
     "Bulletins and their versions", NULL, NULL, "BulletinList", "200"},
    {QK_POST, "/bulletins", qk_api_bulletin_post, QK_LANE_CHANGE, QK_ACT_TASK_MANAGE, 64 * KB,
     64 * MB, "draftBulletin", "Draft the bulletin of a closed month", NULL, "BulletinAsk",
     "BulletinDetail", "200 401 403 409 413 415 422"},
    {QK_GET, "/bulletins/{id}", qk_api_bulletin, QK_LANE_READ, QK_ACT_TASK_VIEW, 0, 64 * MB,
     "getBulletin", "One bulletin", NULL, NULL, "BulletinDetail", "200 404"},
    {QK_PUT, "/bulletins/{id}", qk_api_bulletin_put, QK_LANE_CHANGE, QK_ACT_TASK_APPROVE, 64 * KB,
     64 * MB, "issueBulletin", "Issue a bulletin: it is never changed afterwards", NULL,
     "BulletinChange", "BulletinDetail", "200 401 403 404 409 413 415 422"},
    {QK_GET, "/bulletins/{id}/text", qk_api_bulletin_text, QK_LANE_READ, QK_ACT_TASK_VIEW, 0, MB,
     "getBulletinText", "A bulletin as plain text", NULL, NULL, "text/plain", "200 404"},
    {QK_GET, "/bulletins/{id}/bulletin.docx", qk_api_bulletin_docx, QK_LANE_READ, QK_ACT_TASK_VIEW,
     0, 16 * MB, "getBulletinDocx", "A bulletin as a document", NULL, NULL,
     "application/vnd.openxmlformats-officedocument.wordprocessingml.document", "200 404"},
    {QK_GET, "/bulletins/{id}/bulletin.xlsx", qk_api_bulletin_xlsx, QK_LANE_READ, QK_ACT_TASK_VIEW,
     0, 16 * MB, "getBulletinXlsx", "A bulletin as a workbook", NULL, NULL,
     "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "200 404"},
    {QK_GET, "/events", qk_api_events, QK_LANE_READ, QK_ACT_VIEW, 0, 8 * MB, "listEvents",
     "What happened, newest first", events_params, NULL, "EventList", "200"},
    {QK_GET, "/gateway", qk_api_gateway, QK_LANE_HERE, QK_ACT_SYSTEM, 0, 64 * KB, "getGateway",
     "Counters of the device gateway", NULL, NULL, "Gateway", "200 503"},
    {QK_GET, "/audit", qk_api_audit, QK_LANE_READ, QK_ACT_AUDIT, 0, 64 * MB, "listAudit",
     "Who changed what, each line chained to the one before", audit_params, NULL, "AuditList",
     "200"},
    {QK_GET, "/search", qk_api_search, QK_LANE_READ, QK_ACT_VIEW, 0, 32 * MB, "search",
     "Sites, devices, divisions and factors by name or code", search_params, NULL, "HitList",
     "200"},
    {QK_GET, "/live", qk_api_live, QK_LANE_HERE, QK_ACT_LIVE, 0, 0, "followLive",
     "Changes as server-sent events: value device event request health clock reset", live_params,
     NULL, "text/event-stream", "200 503"},
    {QK_GET, "/demo/clock", qk_api_clock_get, QK_LANE_HERE, QK_ACT_OPEN, 0, 0, "getClock",
     "The instance's clock", NULL, NULL, "Clock", "200"},
    {QK_PUT, "/demo/clock", qk_api_clock_put, QK_LANE_CHANGE, QK_ACT_DEMO, KB, 0, "setClock",
     "Set the clock of a demo or test instance; timers in between fire first", NULL, "ClockChange",
     "Clock", "200 403 413 415"},
    {QK_GET, "/session", qk_api_session, QK_LANE_READ, QK_ACT_OPEN, 0, 64 * KB, "getSession",
     "Who one is, what one may do, and the token that changes need", NULL, NULL, "Session", "200"},
    {QK_POST, "/login", qk_api_login, QK_LANE_CHANGE, QK_ACT_OPEN, 4 * KB, 64 * KB, "login",
     "Begin a session; it comes as a cookie", NULL, "Login", "Session",
     "200 400 401 403 413 415 429"},
    {QK_POST, "/setup", qk_api_setup, QK_LANE_CHANGE, QK_ACT_OPEN, 4 * KB, 64 * KB, "setUp",
     "Make the first account, with the one-time code of the data folder", NULL, "Setup",
     "AccountId", "200 400 403 409 413 415 422 429"},
    {QK_POST, "/demo/session", qk_api_demo_session, QK_LANE_CHANGE, QK_ACT_DEMO, KB, 64 * KB,
     "takeDemoRole", "Take a role on a demo", NULL, "DemoRole", "Session",
     "200 400 403 413 415 422"},
    {QK_POST, "/logout", qk_api_logout, QK_LANE_CHANGE, QK_ACT_SELF, KB, 64 * KB, "logout",
     "End this session", NULL, NULL, "SessionId", "200 401 403 413 415"},
    {QK_GET, "/sessions", qk_api_sessions, QK_LANE_READ, QK_ACT_SELF, 0, 4 * MB, "listSessions",
     "Sessions that last: where from, since when", sessions_params, NULL, "SessionList",
     "200 401 403"},
    {QK_DELETE, "/sessions/{id}", qk_api_session_delete, QK_LANE_CHANGE, QK_ACT_SELF, KB, 64 * KB,
     "endSession", "End one of one's own sessions, or as security administrator any", NULL, NULL,
     "SessionId", "200 401 403 404"},
    {QK_POST, "/session/password", qk_api_password, QK_LANE_CHANGE, QK_ACT_SELF, 4 * KB, 64 * KB,
     "changePassword", "Change one's own password; the other sessions end", NULL, "PasswordChange",
     "AccountId", "200 401 403 413 415 422 429"},
    {QK_POST, "/session/totp", qk_api_totp_begin, QK_LANE_CHANGE, QK_ACT_SELF, 4 * KB, 64 * KB,
     "beginTotp", "Begin to enrol a second factor", NULL, "PasswordProof", "TotpSecret",
     "200 401 403 413 415 422 429"},
    {QK_POST, "/session/totp/confirm", qk_api_totp_confirm, QK_LANE_CHANGE, QK_ACT_SELF, KB,
     64 * KB, "confirmTotp", "Prove the second factor; gives the recovery codes, once", NULL,
     "TotpCode", "RecoveryCodes", "200 401 403 409 413 415 422"},
    {QK_DELETE, "/session/totp", qk_api_totp_delete, QK_LANE_CHANGE, QK_ACT_SELF, 4 * KB, 64 * KB,
     "dropTotp", "Give the second factor up", NULL, "PasswordProof", "AccountId",
     "200 401 403 413 415 422 429"},
    {QK_GET, "/accounts", qk_api_accounts, QK_LANE_READ, QK_ACT_ACCOUNT_VIEW, 0, 16 * MB,
     "listAccounts", "Accounts with their roles and what they prove themselves with", NULL, NULL,
     "AccountList", "200 401 403"},
    {QK_PUT, "/accounts/{id}", qk_api_account_put, QK_LANE_CHANGE, QK_ACT_ACCOUNT_SET, 16 * KB,
     64 * KB, "putAccount", "Add an account or change it and its roles", NULL, "AccountChange",
     "Account", "200 400 401 403 409 413 415 422"},
    {QK_POST, "/accounts/{id}/password", qk_api_account_password, QK_LANE_CHANGE,
     QK_ACT_ACCOUNT_SET, 4 * KB, 64 * KB, "setPassword",
     "Give an account a password that must be changed; lock and sessions end", NULL,
     "PasswordProof", "AccountId", "200 401 403 404 413 415 422"},
    {QK_DELETE, "/accounts/{id}/totp", qk_api_account_totp_delete, QK_LANE_CHANGE,
     QK_ACT_ACCOUNT_SET, KB, 64 * KB, "dropAccountTotp",
     "Take the second factor from an account that lost it", NULL, NULL, "AccountId",
     "200 401 403 404"},
    {QK_PUT, "/policy", qk_api_policy_put, QK_LANE_CHANGE, QK_ACT_ACCOUNT_SET, KB, 64 * KB,
     "setPolicy", "Set the profile of passwords", NULL, "Policy", "Policy",
     "200 400 401 403 413 415"},
    {QK_GET, "/rights", qk_api_rights, QK_LANE_READ, QK_ACT_UNIT_VIEW, 0, MB, "getRights",
     "The table of rights: what each role may do with which rows", NULL, NULL, "Rights",
     "200 401 403"},
    {QK_GET, "/units", qk_api_units, QK_LANE_READ, QK_ACT_UNIT_VIEW, 0, 32 * MB, "listUnits",
     "Units with their other names", units_params, NULL, "UnitList", "200 401 403"},
    {QK_PUT, "/units/{id}", qk_api_unit_put, QK_LANE_CHANGE, QK_ACT_UNIT_SET, 16 * KB, 64 * KB,
     "putUnit", "Add a unit or change it", NULL, "UnitChange", "Unit",
     "200 400 401 403 409 413 415"},
    {QK_PUT, "/units/{id}/aliases", qk_api_unit_aliases_put, QK_LANE_CHANGE, QK_ACT_UNIT_SET,
     64 * KB, 256 * KB, "setUnitAliases", "Set the other names of a unit", NULL, "UnitAliases",
     "Unit", "200 400 401 403 404 409 413 415"},
    {QK_GET, "/units/{id}/history", qk_api_unit_history, QK_LANE_READ, QK_ACT_UNIT_VIEW, 0, 4 * MB,
     "listUnitHistory", "Every version of a unit, newest first", NULL, NULL, "RowHistory",
     "200 401 403 404"},
    {QK_POST, "/units/propose", qk_api_units_propose, QK_LANE_CHANGE, QK_ACT_UNIT_SET, 128 * KB, MB,
     "proposeUnits", "What names of a plan come to, and with take make the units", NULL,
     "UnitNames", "UnitProposals", "200 400 401 403 413 415"},
    {QK_GET, "/people", qk_api_people, QK_LANE_READ, QK_ACT_UNIT_VIEW, 0, 32 * MB, "listPeople",
     "Persons, phones masked", people_params, NULL, "PersonList", "200 401 403"},
    {QK_GET, "/people/{id}", qk_api_person, QK_LANE_CHANGE, QK_ACT_PERSON_READ, 0, 64 * KB,
     "getPerson", "One person with the phone; the reading is audited", NULL, NULL, "Person",
     "200 401 403 404"},
    {QK_PUT, "/people/{id}", qk_api_person_put, QK_LANE_CHANGE, QK_ACT_UNIT_SET, 16 * KB, 64 * KB,
     "putPerson", "Add a person or change it", NULL, "PersonChange", "Person",
     "200 400 401 403 409 413 415"},
    {QK_GET, "/posts", qk_api_posts, QK_LANE_READ, QK_ACT_UNIT_VIEW, 0, 32 * MB, "listPosts",
     "Posts and who holds them, now or on a day", posts_params, NULL, "PostList", "200 401 403"},
    {QK_PUT, "/posts/{id}", qk_api_post_put, QK_LANE_CHANGE, QK_ACT_UNIT_SET, 16 * KB, 64 * KB,
     "putPost", "Add a post, or give it to somebody from a day on", NULL, "PostChange", "Post",
     "200 400 401 403 409 413 415"},
    {QK_GET, "/posts/{id}/history", qk_api_post_history, QK_LANE_READ, QK_ACT_UNIT_VIEW, 0, 4 * MB,
     "listPostHistory", "Every version of a post, newest first", NULL, NULL, "RowHistory",
     "200 401 403 404"},
    {0},
};
