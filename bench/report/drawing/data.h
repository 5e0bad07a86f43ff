/* What a report is drawn from: the files of a run's folder, read and checked. */
#ifndef LOCKSTEP_BENCH_REPORT_DRAWING_DATA_H
#define LOCKSTEP_BENCH_REPORT_DRAWING_DATA_H

#include "bench/files/csv.h"
#include "bench/files/results.h"

#include <cjson/cJSON.h>

enum { REPORT_CEILINGS_MAX = 8, REPORT_LEVELS_MAX = 4, REPORT_LINKS_MAX = 2 };

/* The ceilings that a run measured on one device, with so many threads (0 on a GPU). */
struct report_ceilings {
    char device[16];
    int threads;
    double flops_per_second;
    bool doubtful; /* lower for all cores than for one, and so one's; levels alike */
    struct report_level {
        double working_set; /* bytes */
        double bytes_per_second;
        bool doubtful;
    } levels[REPORT_LEVELS_MAX]; /* working sets grow; the last one in use is memory */
    int level_count;
};

struct report_data {
    char folder[2048];
    struct result *results;
    size_t result_count;
    struct part_row *parts;
    size_t part_count;
    /* no rows where the folder has no such file */
    struct csv_table training, counters, limits, predictions;
    bool has_samples;
    cJSON *environment;                                   /* NULL where the folder has none */
    struct report_ceilings ceilings[REPORT_CEILINGS_MAX]; /* those of most threads first */
    int ceilings_count;
    /* How fast ranks pass data on, on the CPU and from GPU to GPU: one level, without a working
     * set. */
    struct report_ceilings links[REPORT_LINKS_MAX];
    int link_count;
    bool cut; /* a file ends within a line: the run that wrote it was killed, or still runs */
};

/* Reads the folder. STATUS_INVALID: there is neither results.csv nor training.csv, or a file is
 * damaged, named with its line. The caller releases `data` after STATUS_OK alone. */
enum status report_data_load(const char *folder, struct report_data *data, struct message *message);
void report_data_release(struct report_data *data);

/* A text of environment.json, by one or two names ("cpu", "model"); NULL when it is not there. */
const char *report_data_text(const struct report_data *data, const char *name, const char *member);

/* "L1", "L2" … "memory". */
const char *report_level_name(const struct report_ceilings *ceilings, int level);

/* "AMD EPYC, 2 threads and 1, 2026-11-22T22:08:57Z": what every plot is headed with. */
void report_data_describe(const struct report_data *data, char *text, size_t size);

#endif
