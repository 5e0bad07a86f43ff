/* Inside a contest: its entries, its steps, and how they become rows. For contest.c,
 * contest_rows.c and sampler.c only.
 */
#ifndef LOCKSTEP_BENCH_MEASURE_CONTEST_ENTRY_H
#define LOCKSTEP_BENCH_MEASURE_CONTEST_ENTRY_H

#include "bench/measure/contest.h"
#include "bench/measure/parts.h"
#include "bench/measure/verify.h"
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
    double transfer_s;               /* of one iteration; NAN: not timed */
    struct message transfer_failure; /* why, when it was tried */
};

struct contest {
    const struct contest_rules *rules;
    const struct bench_case *bench_case;
    const struct result *done; /* rows of a resumed run: they are not measured again */
    size_t done_count;
    struct entry *entries;
    int entry_count;
    struct inputs inputs;
    struct stage stages[DEVICES_MAX];
    struct expectation *expectation;
};

/* The steps of contest_run() one by one. contest_open lists who takes part; contest_prepare draws
 * the inputs and opens the buffers; contest_verify checks every running entry against the oracle.
 * Both say whether any entry still runs: what ends one is in its row. contest_close always
 * follows. */
enum status contest_open(struct contest *contest, const struct contest_rules *rules,
                         const struct bench_case *bench_case, const struct result *done,
                         size_t done_count, struct message *message);
bool contest_prepare(struct contest *contest);
bool contest_verify(struct contest *contest);
void contest_close(struct contest *contest);

/* Ends an entry's part: out of memory and unsupported are skips, everything else a failure. */
void contest_row_end(struct entry *entry, enum status status, const char *reason);

/* Fills the row's key, flops and bytes; everything else is "not measured". */
void contest_row_begin(const struct contest *contest, struct entry *entry);

/* What the emulated GPU counted for one kernel, as a row of the entry. */
void contest_counters_write(const struct entry *entry, const struct emulator_counters *counted,
                            struct counters_row *row);

/* The rows of all entries, speedups included. */
enum status contest_rows_make(struct contest *contest, struct case_rows *rows,
                              struct message *message);

#endif
