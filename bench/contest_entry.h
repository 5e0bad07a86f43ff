/* Inside a contest: its entries, and how they become rows. For contest.c and contest_rows.c only.
 */
#ifndef LOCKSTEP_BENCH_CONTEST_ENTRY_H
#define LOCKSTEP_BENCH_CONTEST_ENTRY_H

#include "bench/contest.h"
#include "bench/verify.h"
#include "gpu/emulator_api.h"

/* One contender and the row that it will have. */
struct entry {
    struct contender contender;
    bool running; /* takes part still: not skipped, not failed */
    struct result row;
    struct measured_part *parts;
    int part_count;
    struct counters_row *counters; /* of an emulated entry */
    size_t counters_count;
};

/* The buffers of one device. */
struct stage {
    struct buffer_set *sets;
    int set_count;
};

struct contest {
    const struct contest_rules *rules;
    const struct bench_case *bench_case;
    struct entry *entries;
    int entry_count;
    struct inputs inputs;
    struct stage stages[DEVICES_MAX];
    struct expectation *expectation;
};

/* Fills the row's key, flops and bytes; everything else is "not measured". */
void contest_row_begin(const struct contest *contest, struct entry *entry);

/* What the emulated GPU counted for one kernel, as a row of the entry. */
void contest_counters_write(const struct entry *entry, const struct emulator_counters *counted,
                            struct counters_row *row);

/* The rows of all entries, speedups included. */
enum status contest_rows_make(struct contest *contest, struct case_rows *rows,
                              struct message *message);

#endif
