/* Running one case. */
#include "bench/measure/contest.h"
#include "bench/measure/case_memory.h"
#include "bench/measure/contest_list.h"
#include "bench/measure/contest_measure.h"
#include "bench/measure/contest_stages.h"
#include "bench/measure/contest_verify.h"
#include "ranks/ranks.h"

#include <stdlib.h>

/* Whatever was lost in this case is there again for the next; a device that cannot be reset says so
 * in its rows. */
static void devices_recover(struct devices *devices) {
    for (int d = 0; d < devices->count; d++) {
        struct device *device = &devices->list[d];
        struct message message;
        if (device->lost && device->lost(device))
            (void)device->reset(device, &message);
    }
}

void contest_close(struct contest *contest) {
    for (int i = 0; i < contest->entry_count; i++) {
        contender_close(&contest->entries[i].contender);
        free(contest->entries[i].parts);
        free(contest->entries[i].counters);
    }
    free(contest->entries);
    expectation_close(contest->expectation);
    contest_stages_close(contest);
    devices_recover(contest->rules->devices);
    inputs_close(&contest->inputs);
}

static void entries_end(struct contest *contest, enum status status, const char *reason) {
    for (int i = 0; i < contest->entry_count; i++)
        if (contest->entries[i].running)
            contest_row_end(&contest->entries[i], status, reason);
}

enum status contest_open(struct contest *contest, const struct contest_rules *rules,
                         const struct bench_case *bench_case, const struct result *done,
                         size_t done_count, struct message *message) {
    *contest = (struct contest){
        .rules = rules, .bench_case = bench_case, .done = done, .done_count = done_count};
    return contest_list(contest, message);
}

bool contest_prepare(struct contest *contest) {
    struct message why;
    enum status status =
        case_memory_check(contest->bench_case, &contest->rules->devices->list[0], &why);
    if (status == STATUS_OK)
        status = inputs_open(contest->bench_case, &contest->inputs, &why);
    status = ranks_agree(contest_ranks(contest), status, &why);
    if (status == STATUS_OK)
        contest_stages_open(contest);
    else
        entries_end(contest, status, why.text);
    return contest_is_running(contest);
}

bool contest_verify(struct contest *contest) {
    struct message why;
    enum status status =
        expectation_open(contest->bench_case, &contest->inputs, &contest->expectation, &why);
    status = ranks_agree(contest_ranks(contest), status, &why);
    if (status == STATUS_OK)
        contest_entries_verify(contest, "verifying", true);
    else
        entries_end(contest, status, why.text);
    return contest_is_running(contest);
}

/* Everything that needs the buffers. A status other than OK ends the run; what only ends the case
 * is in its rows. */
static enum status contest_play(struct contest *contest, struct message *message) {
    if (!contest_prepare(contest) || !contest_verify(contest))
        return STATUS_OK;
    contest_entries_count(contest);
    enum status status =
        contest_is_running(contest) ? contest_entries_measure(contest, message) : STATUS_OK;
    if (status != STATUS_OK)
        return status;
    contest_entries_measure_more(contest);
    contest_stages_time_transfers(contest);
    contest_entries_verify(contest, "verifying again", false);
    return STATUS_OK;
}

enum status contest_run(const struct contest_rules *rules, const struct bench_case *bench_case,
                        const struct result *done, size_t done_count, struct case_rows *rows,
                        struct message *message) {
    struct contest contest;
    *rows = (struct case_rows){0};
    char name[256];
    case_name(bench_case, name, sizeof name);
    enum status status = contest_open(&contest, rules, bench_case, done, done_count, message);
    nvtx_push(rules->ranges, name);
    if (status == STATUS_OK && contest_is_running(&contest))
        status = contest_play(&contest, message);
    const struct entry *interrupted = contest_interrupted(&contest);
    if (status == STATUS_OK && interrupted)
        status = message_set(message, STATUS_INTERRUPTED, "%s", interrupted->row.reason);
    nvtx_pop(rules->ranges);
    if (status == STATUS_OK)
        status = contest_rows_make(&contest, rows, message);
    contest_close(&contest);
    return status;
}
