/* Result rows as JSON. */
#ifndef LOCKSTEP_BENCH_FILES_RESULTS_JSON_H
#define LOCKSTEP_BENCH_FILES_RESULTS_JSON_H

#include "bench/files/results.h"

/* An array of objects with the names of results.csv; what was not measured is null. */
enum status results_print_json(const struct result *rows, size_t count, FILE *file,
                               struct message *message);

#endif
