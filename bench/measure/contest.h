/* One case from its inputs to its rows: who takes part, verified, measured in turn, verified again.
 */
#ifndef LOCKSTEP_BENCH_MEASURE_CONTEST_H
#define LOCKSTEP_BENCH_MEASURE_CONTEST_H

#include "bench/measure/contest_rows.h"

/* Runs one case. Rows that `done` has already (a resumed run's) are left out. A case that cannot be
 * run has rows that say so, which the caller releases. There is a status other than OK, and no row,
 * when the harness itself has no memory or was interrupted. */
enum status contest_run(const struct contest_rules *rules, const struct bench_case *bench_case,
                        const struct result *done, size_t done_count, struct case_rows *rows,
                        struct message *message);

/* Whether a row of the case runs on this device. */
bool contest_uses(const struct contest_rules *rules, const struct bench_case *bench_case,
                  const struct device *device);

/* Whether one runs there that computes one result with all ranks. */
bool contest_joins(const struct contest_rules *rules, const struct bench_case *bench_case,
                   const struct device *device);

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

#endif
