/* Verifying the entries. */
#include "bench/measure/contest_verify.h"
#include "bench/measure/contest_stages.h"

#include <stdio.h>

/* What a library may take to start within its first launch: code that it compiles, threads that it
 * makes. */
static const double library_start_seconds = 0.5;

/* Checks one launch, the first one or a later one; false when the entry's part ends with it. The
 * later one is of the last set of buffers, for a cold row is timed on all sets. It is of a later
 * iteration too: a network takes another batch in each of LATER_ITERATION + 1. */
static bool entry_launch(const struct contest *contest, struct entry *entry, bool first,
                         struct check *check) {
    enum { LATER_ITERATION = 7 };
    struct contender *c = &entry->contender;
    struct message message;
    enum status status = contender_check_device(c, &message);
    if (status != STATUS_OK) {
        contest_row_end(entry, status, message.text);
        return false;
    }
    struct execution execution = contender_execution(c);
    contender_enter(c, false);
    contender_range_begin(c, "verify");
    int set = first ? 0 : c->set_count - 1;
    status = verify_launch(contest->expectation, c->implementation, &c->launches[set],
                           first ? 0 : LATER_ITERATION, &c->sets[set], &execution, check, &message);
    contender_range_end(c);
    entry->row.error = check->error;
    entry->row.tolerance = check->tolerance;
    if (status != STATUS_OK) {
        contest_row_end(entry, status, message.text);
        return false;
    }
    snprintf(entry->row.verified, sizeof entry->row.verified, "yes");
    return true;
}

static void entry_verify(const struct contest *contest, struct entry *entry, bool first) {
    const struct contender *c = &entry->contender;
    struct check check;
    if (contest->rules->is_sampled && c->device->emulated)
        return;
    if (!entry->running || c->implementation->kind == KIND_YARDSTICK ||
        !entry_launch(contest, entry, first, &check))
        return;
    if (c->device->emulated)
        prediction_learn(contest->rules->predictions, c, check.seconds);
    if (!first || c->device->emulated)
        return;
    const struct measure_limits *limits = &contest->rules->limits;
    double most = measure_patience(limits, c->implementation) / (double)limits->samples_few;
    /* A first launch may carry a library's start, and that of another process whatever it compiles;
     * where it may be no more than that, a second one decides. */
    const bool may_be_start = check.seconds < library_start_seconds ||
                              (c->implementation->methods && c->implementation->methods->batch);
    if (check.seconds > 1.5 * most && may_be_start && !entry_launch(contest, entry, true, &check))
        return;
    if (check.seconds > 1.5 * most) {
        char reason[200];
        snprintf(
            reason, sizeof reason,
            "verified, but one iteration took %.3g s, more than the %.3g s that leave room for "
            "%zu samples; give more with --max-time",
            check.seconds, most, limits->samples_few);
        contest_row_finish(entry, "skipped", reason);
    }
}

void contest_entries_verify(struct contest *contest, const char *phase, bool first) {
    char name[256];
    case_name(contest->bench_case, name, sizeof name);
    progress_show(contest->rules->progress, name, phase);
    for (int i = 0; i < contest->entry_count && !contest_ask_stop(contest); i++) {
        entry_verify(contest, &contest->entries[i], first);
        contest_stage_recover(contest, contest->entries[i].contender.device);
    }
}
