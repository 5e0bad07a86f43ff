/* How the entries of a contest become rows. */
#ifndef LOCKSTEP_BENCH_MEASURE_CONTEST_ROWS_H
#define LOCKSTEP_BENCH_MEASURE_CONTEST_ROWS_H

#include "bench/measure/contest_entry.h"
#include "gpu/emulator_api.h"

/* Fills the row's key, flops and bytes; everything else is "not measured". */
void contest_row_begin(const struct contest *contest, struct entry *entry);

/* The ceilings of the entry's device and threads, or NULL. */
const struct ceilings *contest_ceilings(const struct contest *contest, const struct entry *entry);

/* What the emulated GPU counted for one kernel, as a row of the entry. */
void contest_counters_write(const struct entry *entry, const struct emulator_counters *counted,
                            struct counters_row *row);

/* The rows of all entries, speedups included. The caller releases them. */
enum status contest_rows_make(struct contest *contest, struct case_rows *rows,
                              struct message *message);
void contest_rows_release(struct case_rows *rows);

#endif
