/* The level that the history holds, as a baseline. */
#include "bench/regression/history_baseline.h"
#include "bench/regression/history_levels.h"
#include "bench/regression/history_store.h"
#include "bench/statistics/statistics.h"
#include "common/list.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct collecting {
    const struct run_files *run;
    struct history_machine machine;
    const char *commit, *written; /* of `run` */
    struct run_files *baseline;
    size_t sample_capacity;
};

static const char *text_of(const cJSON *object, const char *name) {
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
    return text ? text : "";
}

static bool is_measured_in(const struct run_files *run, const struct row_key *key) {
    for (size_t i = 0; i < run->result_count; i++)
        if (strcmp(run->results[i].status, "measured") == 0 &&
            row_key_equal(&run->results[i].key, key))
            return true;
    return false;
}

/* A run that is on record already is not compared with itself. */
static void self_drop(const struct collecting *collecting, struct history_series *series) {
    size_t kept = 0;
    for (size_t i = 0; i < series->count; i++)
        if (strcmp(series->values[i].commit, collecting->commit) != 0 ||
            strcmp(series->values[i].written, collecting->written) != 0)
            series->values[kept++] = series->values[i];
    series->count = kept;
}

static enum status samples_reserve(struct collecting *collecting, size_t more,
                                   struct message *message) {
    struct run_files *baseline = collecting->baseline;
    const size_t needed = baseline->sample_count + more;
    struct sample_row *larger =
        list_reserve(baseline->samples, needed, &collecting->sample_capacity, sizeof *larger);
    if (!larger)
        return message_set(message, STATUS_NO_MEMORY, "no memory for %zu values", needed);
    baseline->samples = larger;
    return STATUS_OK;
}

static void row_add(struct run_files *baseline, const struct row_key *key,
                    const struct statistics *statistics) {
    baseline->results[baseline->result_count++] =
        (struct result){.key = *key,
                        .status = "measured",
                        .samples = (int64_t)statistics->count,
                        .median_s = statistics->median,
                        .low_s = statistics->low,
                        .high_s = statistics->high,
                        .mean_s = statistics->mean,
                        .min_s = statistics->min,
                        .noise = statistics->noise,
                        .verified = "yes"};
}

/* Adds one row whose samples are the medians of the level's runs. */
static enum status level_add(struct collecting *collecting, const struct history_series *series,
                             const struct level *level, struct message *message) {
    struct run_files *baseline = collecting->baseline;
    enum status status = samples_reserve(collecting, level->count, message);
    double *seconds = malloc(2 * level->count * sizeof *seconds);
    if (status != STATUS_OK || !seconds) {
        free(seconds);
        return status != STATUS_OK ? status
                                   : message_set(message, STATUS_NO_MEMORY,
                                                 "no memory for %zu values", level->count);
    }
    for (size_t i = 0; i < level->count; i++) {
        seconds[i] = series->values[level->begin + i].median_s;
        baseline->samples[baseline->sample_count++] =
            (struct sample_row){.key = series->key, .sample = (int64_t)i, .seconds = seconds[i]};
    }
    struct statistics statistics;
    statistics_compute(seconds, level->count, seconds + level->count, &statistics);
    row_add(baseline, &series->key, &statistics);
    free(seconds);
    return STATUS_OK;
}

/* For history_each_series: series that are not of the machine or the run are left out. */
static enum status series_collect(const struct history_series *series, void *context,
                                  struct message *message) {
    struct collecting *collecting = context;
    if (strcmp(series->fingerprint, collecting->machine.fingerprint) != 0 ||
        !is_measured_in(collecting->run, &series->key))
        return STATUS_OK;
    struct history_series others = *series; /* its values stay the reader's */
    struct history_levels levels = {.count = 0};
    self_drop(collecting, &others);
    enum status status =
        others.count > 0 ? history_levels_find(&others, &levels, message) : STATUS_OK;
    if (status == STATUS_OK && levels.count > 0)
        status = level_add(collecting, &others, &levels.list[levels.count - 1], message);
    return status;
}

/* The environment of the machine's newest run. */
static enum status environment_read(const struct history *history,
                                    const struct collecting *collecting, struct message *message) {
    sqlite3_stmt *statement = NULL;
    enum status status =
        history_prepare(history,
                        "SELECT environment FROM run JOIN machine ON machine.id = run.machine"
                        " WHERE fingerprint = ?1 AND NOT (commit_id = ?2 AND written = ?3)"
                        " ORDER BY written DESC, run.id DESC LIMIT 1",
                        &statement, message);
    if (status == STATUS_OK) {
        const char *const texts[] = {collecting->machine.fingerprint, collecting->commit,
                                     collecting->written};
        for (int i = 0; i < 3; i++)
            sqlite3_bind_text(statement, i + 1, texts[i], -1, SQLITE_STATIC);
        int code = sqlite3_step(statement);
        if (code == SQLITE_ROW)
            collecting->baseline->environment =
                cJSON_Parse((const char *)sqlite3_column_text(statement, 0));
        else if (code != SQLITE_DONE)
            status = history_failure(history, "read", message);
    }
    sqlite3_finalize(statement);
    return status;
}

static enum status baseline_fill(struct history *history, struct collecting *collecting,
                                 struct message *message) {
    struct run_files *baseline = collecting->baseline;
    baseline->results = calloc(collecting->run->result_count + 1, sizeof *baseline->results);
    if (!baseline->results)
        return message_set(message, STATUS_NO_MEMORY, "no memory for %zu rows",
                           collecting->run->result_count);
    enum status status = history_each_series(history, "*", series_collect, collecting, message);
    if (status == STATUS_OK && baseline->result_count == 0)
        status =
            message_set(message, STATUS_INVALID,
                        "%s has no other run of machine %.8s with a row of %s; record some, "
                        "or give the name that they were recorded under with --machine",
                        history->path, collecting->machine.fingerprint, collecting->run->folder);
    if (status == STATUS_OK)
        status = environment_read(history, collecting, message);
    return status == STATUS_OK ? run_files_group(baseline, message) : status;
}

enum status history_baseline_read(struct history *history, const struct run_files *run,
                                  const char *name, struct run_files *baseline,
                                  struct message *message) {
    struct collecting collecting = {
        .run = run,
        .commit = text_of(cJSON_GetObjectItemCaseSensitive(run->environment, "build"), "commit"),
        .written = text_of(run->environment, "written"),
        .baseline = baseline};
    *baseline = (struct run_files){0};
    snprintf(baseline->folder, sizeof baseline->folder, "%s", history->path);
    history_machine_describe(run->environment, name, &collecting.machine);
    enum status status = baseline_fill(history, &collecting, message);
    if (status != STATUS_OK)
        run_files_release(baseline);
    return status;
}
