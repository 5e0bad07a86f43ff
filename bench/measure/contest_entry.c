/* How an entry's part in a contest ends. */
#include "bench/measure/contest_entry.h"
#include "common/words.h"
#include "ranks/ranks.h"

#include <stdio.h>
#include <string.h>

/* A row is verified as a whole: one that ends early loses what its first launch was told. */
void contest_row_finish(struct entry *entry, const char *status, const char *reason) {
    entry->running = false;
    if (strcmp(status, "emulated") != 0)
        entry->row.verified[0] = '\0';
    snprintf(entry->row.status, sizeof entry->row.status, "%s", status);
    words_fit(entry->row.reason, sizeof entry->row.reason, reason);
}

void contest_row_end(struct entry *entry, enum status status, const char *reason) {
    bool skipped = status == STATUS_NO_MEMORY || status == STATUS_UNSUPPORTED;
    contest_row_finish(entry, skipped ? "skipped" : "failed", reason);
    entry->interrupted |= status == STATUS_INTERRUPTED;
    if (status == STATUS_ENDLESS)
        implementation_give_up(entry->contender.implementation, entry->contender.bench_case,
                               reason);
    if (status == STATUS_WRONG)
        snprintf(entry->row.verified, sizeof entry->row.verified, "no");
}

struct ranks *contest_ranks(const struct contest *contest) {
    return contest->rules->devices->list[0].ranks;
}

bool contest_is_running(const struct contest *contest) {
    for (int i = 0; i < contest->entry_count; i++)
        if (contest->entries[i].running)
            return true;
    return false;
}

const struct entry *contest_interrupted(const struct contest *contest) {
    for (int i = 0; i < contest->entry_count; i++)
        if (contest->entries[i].interrupted)
            return &contest->entries[i];
    return NULL;
}

bool contest_ask_stop(struct contest *contest) {
    const struct contest_rules *rules = contest->rules;
    if (!ranks_any(contest_ranks(contest), rules->stop && rules->stop(rules->stop_argument)))
        return false;
    for (int i = 0; i < contest->entry_count; i++)
        if (contest->entries[i].running)
            contest_row_end(&contest->entries[i], STATUS_INTERRUPTED, "interrupted");
    return true;
}
