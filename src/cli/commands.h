/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_CLI_COMMANDS_H
#define QK_CLI_COMMANDS_H
/* The entry of each command file; see cli/command.h for what it takes and gives. */
int qk_cmd_air(int argc, char **argv);
int qk_cmd_calc(int argc, char **argv);
int qk_cmd_demo(int argc, char **argv);
int qk_cmd_disperse(int argc, char **argv);
int qk_cmd_export(int argc, char **argv);
int qk_cmd_forecast(int argc, char **argv);
int qk_cmd_import(int argc, char **argv);
int qk_cmd_hj212(int argc, char **argv);
int qk_cmd_plan(int argc, char **argv);
int qk_cmd_serve(int argc, char **argv);
int qk_cmd_simulate(int argc, char **argv);
int qk_cmd_trace(int argc, char **argv);
int qk_cmd_user(int argc, char **argv);
int qk_cmd_verify(int argc, char **argv);
int qk_cmd_weather(int argc, char **argv);
int qk_cmd_backup(int argc, char **argv);
int qk_cmd_receptor(int argc, char **argv);
int qk_cmd_restore(int argc, char **argv);
#endif
