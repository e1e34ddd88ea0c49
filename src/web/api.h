/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_WEB_API_H
#define QK_WEB_API_H
/* The handlers of the routes, in files by subject. Each writes its answer into x->json and returns
 * QK_OK, or refuses (web/exchange.h). */
#include "web/context.h"
#include "web/exchange.h"

/* Content types of office files (ECMA-376). */
#define QK_TYPE_DOCX "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
#define QK_TYPE_XLSX "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

/* api_state.c */
qk_handler qk_api_health, qk_api_metrics, qk_api_openapi, qk_api_messages, qk_api_factors,
    qk_api_place, qk_api_gateway, qk_api_clock_get, qk_api_clock_put, qk_api_live;
/* api_register.c */
qk_handler qk_api_divisions, qk_api_sites, qk_api_devices, qk_api_device, qk_api_device_put,
    qk_api_parked, qk_api_parked_approve, qk_api_parked_refuse, qk_api_device_factors,
    qk_api_device_factor_put;
/* api_sites.c */
qk_handler qk_api_site_put, qk_api_register_csv, qk_api_register_post;
/* api_search.c */
qk_handler qk_api_search;
/* api_latest.c */
qk_handler qk_api_latest, qk_api_site;
/* api_air.c */
qk_handler qk_api_aqi, qk_api_strip;
/* api_quality.c */
qk_handler qk_api_air_now, qk_api_air_hours, qk_api_air_marks, qk_api_air_mark_post,
    qk_api_air_mark_undo, qk_api_air_reviews, qk_api_air_review_post, qk_api_air_checks,
    qk_api_air_checks_post;
/* api_evaluation.c */
qk_handler qk_api_air_days, qk_api_air_periods, qk_api_air_compare, qk_api_air_ranking;
/* api_explain.c */
qk_handler qk_api_air_explain;
/* api_targets.c */
qk_handler qk_api_air_targets, qk_api_air_network, qk_api_air_components, qk_api_air_profile,
    qk_api_air_profile_post, qk_api_air_lab, qk_api_air_lab_post, qk_api_air_fraud,
    qk_api_air_fraud_post, qk_api_air_history, qk_api_air_history_post, qk_api_air_targets_put,
    qk_api_air_targets_plan, qk_api_air_allocation, qk_api_air_allocation_post,
    qk_api_air_attainment;
/* api_forecast.c */
qk_handler qk_api_forecast, qk_api_forecast_history, qk_api_forecast_scores, qk_api_forecast_state,
    qk_api_forecast_days, qk_api_forecast_publish, qk_api_forecast_edit, qk_api_forecast_minute,
    qk_api_forecast_weather, qk_api_forecast_weather_file;
/* api_hot_cells.c */
qk_handler qk_api_hotgrid, qk_api_hotgrid_case, qk_api_hotgrid_track, qk_api_hotgrid_tracks;
/* api_episodes.c */
qk_handler qk_api_episodes, qk_api_episode, qk_api_episode_report;
/* api_warnings.c */
qk_handler qk_api_warnings, qk_api_warning, qk_api_warning_post, qk_api_warning_step,
    qk_api_warning_ease;
/* api_analysis.c */
qk_handler qk_api_analysis, qk_api_analysis_post;
/* api_hotspots.c */
qk_handler qk_api_hotspots, qk_api_hotspot_trace, qk_api_hotspot_sector;
/* api_receptor.c */
qk_handler qk_api_receptor_profiles, qk_api_receptor_profiles_post, qk_api_receptor_docx;
qk_handler qk_api_receptor_runs, qk_api_receptor_run, qk_api_receptor_run_post,
    qk_api_receptor_run_delete;
/* api_rules.c */
qk_handler qk_api_rules, qk_api_rule_table, qk_api_rule_history, qk_api_rule_put,
    qk_api_rule_revert, qk_api_rule_check;
/* api_cases.c */
qk_handler qk_api_cases, qk_api_case, qk_api_case_post, qk_api_case_step, qk_api_consequences,
    qk_api_consequence_post, qk_api_consequence_step, qk_api_regulation_release;
/* api_attachments.c */
qk_handler qk_api_attachments, qk_api_attachment, qk_api_attachment_post;
/* api_money.c */
qk_handler qk_api_money, qk_api_money_line, qk_api_money_draft, qk_api_money_step,
    qk_api_money_approve, qk_api_assessment;
/* api_ledgers.c */
qk_handler qk_api_ledgers, qk_api_ledger, qk_api_ledger_put, qk_api_ledger_rows, qk_api_ledger_row,
    qk_api_ledger_row_post, qk_api_ledger_row_put, qk_api_ledger_counters, qk_api_ledger_csv,
    qk_api_ledger_xlsx, qk_api_ledger_import;
/* api_series.c */
qk_handler qk_api_series, qk_api_series_csv;
/* api_plans.c */
qk_handler qk_api_plans, qk_api_plan_post, qk_api_plan, qk_api_plan_put, qk_api_plan_text,
    qk_api_plan_items, qk_api_plan_item_put, qk_api_plan_item_history, qk_api_plan_accept,
    qk_api_plan_findings, qk_api_plan_finding_put, qk_api_plan_finding_history;
/* api_year.c */
qk_handler qk_api_measures, qk_api_measure_put, qk_api_months, qk_api_month, qk_api_report_put,
    qk_api_month_close, qk_api_bulletins, qk_api_bulletin, qk_api_bulletin_text,
    qk_api_bulletin_docx, qk_api_bulletin_xlsx, qk_api_bulletin_post, qk_api_bulletin_put;
/* api_tasks.c */
qk_handler qk_api_tasks, qk_api_my_tasks, qk_api_task, qk_api_task_put, qk_api_duty_put,
    qk_api_duties, qk_api_filings, qk_api_deptplans, qk_api_settings, qk_api_setting,
    qk_api_setting_put, qk_api_filing_post;
/* api_frames.c */
qk_handler qk_api_frames;
/* api_events.c */
qk_handler qk_api_events, qk_api_audit;
/* api_session.c */
qk_handler qk_api_session, qk_api_login, qk_api_logout, qk_api_sessions, qk_api_session_delete,
    qk_api_demo_session;
/* api_secrets.c */
qk_handler qk_api_password, qk_api_totp_begin, qk_api_totp_confirm, qk_api_totp_delete,
    qk_api_account_password, qk_api_account_totp_delete, qk_api_setup;
/* api_airshed.c */
qk_handler qk_api_airshed, qk_api_airshed_matrix, qk_api_airshed_field, qk_api_airshed_shares,
    qk_api_airshed_monitors, qk_api_airshed_runstream, qk_api_airshed_build, qk_api_airshed_cancel,
    qk_api_airshed_setup, qk_api_airshed_weather;
/* api_airshed_imports.c */
qk_handler qk_api_airshed_imports, qk_api_airshed_import_post, qk_api_airshed_import_delete;
/* api_accounts.c */
qk_handler qk_api_accounts, qk_api_account_put, qk_api_policy_put, qk_api_rights;
/* api_people.c */
qk_handler qk_api_units, qk_api_unit_put, qk_api_unit_aliases_put, qk_api_unit_history,
    qk_api_units_propose, qk_api_people, qk_api_person, qk_api_person_put, qk_api_posts,
    qk_api_post_put, qk_api_post_history;
/* api_uppers.c */
qk_handler qk_api_uppers, qk_api_upper_links, qk_api_upper_put, qk_api_upper_delete;
/* api_requests.c */
qk_handler qk_api_requests, qk_api_request_post, qk_api_request, qk_api_request_delete,
    qk_api_commands;
/* The last requests to a device, as an array. */
QK_NODISCARD qk_code qk_requests_json(qk_exchange *x, qk_str mn, size_t limit, qk_error *err);
#endif
