/* Rows over GPUs against the rate at which one passes data on to the next, with a stand-in for
 * NCCL. */
#include "bench/files/json.h"
#include "bench/files/results.h"
#include "tests/stand_in/client.h"
#include "tests/support/launching.h"
#include "tests/support/test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static double number_in(const cJSON *object, const char *name) {
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    if (!cJSON_IsNumber(item))
        fail_msg("there is no %s", name);
    return item->valuedouble;
}

/* Either a rank's share of the work on its GPU, or what it sends. A sum has no work but that. */
static double seconds_allowed(const struct result *row, const cJSON *environment) {
    const cJSON *gpu = cJSON_GetObjectItemCaseSensitive(environment, "gpu_ceilings");
    const cJSON *ranks = cJSON_GetObjectItemCaseSensitive(environment, "ranks");
    const double link = number_in(ranks, "gpu_link_bytes_per_second");
    enum { PARAMETERS = 17 * 19 + 19 * 23 + 19 + 23 };
    if (strcmp(row->key.operation, "allreduce") == 0)
        return row->bytes / link;
    /* The parameters lie at multiples of some elements: a few more are sent. */
    const double sent = 4.0 * PARAMETERS / link;
    const double computed = row->flops / 2.0 / number_in(gpu, "peak_flops_per_second");
    const double moved = row->bytes / 2.0 / number_in(gpu, "copy_bytes_per_second");
    return fmax(sent, fmax(computed, moved));
}

/* Holds the rows of a run against what it has measured; how many of them there are. */
static size_t limits_check(const char *folder) {
    struct result *rows = NULL;
    cJSON *environment = NULL;
    struct message message = {""};
    size_t count = 0;
    char path[PATH_MAX], name[100];
    snprintf(name, sizeof name, "%s/results.csv", folder);
    snprintf(path, sizeof path, "%s", temporary_path(&here.place, name));
    assert_int_equal(csv_read(path, &result_format, (void **)&rows, &count, NULL, &message),
                     STATUS_OK);
    snprintf(name, sizeof name, "%s/environment.json", folder);
    snprintf(path, sizeof path, "%s", temporary_path(&here.place, name));
    assert_int_equal(json_read(path, &environment, &message), STATUS_OK);
    for (size_t i = 0; i < count; i++) {
        const double wanted = seconds_allowed(&rows[i], environment) / rows[i].median_s;
        assert_string_equal(rows[i].key.device, "2xgpu");
        if (strcmp(rows[i].status, "skipped") == 0) /* on a busy machine, as too slow */
            continue;
        assert_string_equal(rows[i].status, "measured");
        if (!(rows[i].limit_fraction > 0.999 * wanted && rows[i].limit_fraction < 1.1 * wanted))
            fail_msg("%s: %g is not %g", rows[i].key.implementation, rows[i].limit_fraction,
                     wanted);
    }
    cJSON_Delete(environment);
    free(rows);
    return count;
}

/* By a driver that hides that it is emulated, with the host's time: what a GPU would have is
 * measured. */
TEST_IN_PLACE(rows_are_held_against_the_link) {
    if (!launching_is_possible(here.program))
        skip();
    static const struct {
        const char *operation, *cases, *shape, *rows;
        size_t count;
    } runs[] = {
        {"allreduce", "*", "4096,8192", "nccl,nccl-graph", 4},
        {"mlp", "*/train_step/*", "17-19-23@6", "cuda-best-nccl,cuda-best-nccl-buckets", 2},
    };
    char nccl[PATH_MAX], library[PATH_MAX + 20], folder[PATH_MAX], search[PATH_MAX + 20],
        driver[PATH_MAX + 30];
    const char *emulator = getenv("LOCKSTEP_EMULATOR_LIBRARY");
    assert_non_null(emulator);
    assert_non_null(realpath(STAND_IN_FOLDER "/faulty/real", folder));
    assert_non_null(realpath(STAND_IN_NCCL, nccl));
    snprintf(library, sizeof library, "LOCKSTEP_NCCL=%s", nccl);
    snprintf(search, sizeof search, "LD_LIBRARY_PATH=%s", folder);
    snprintf(driver, sizeof driver, "LOCKSTEP_FAULT_DRIVER=%s", emulator);
    for (size_t i = 0; i < sizeof runs / sizeof runs[0]; i++) {
        const char *const words[] = {library,
                                     search,
                                     driver,
                                     "LOCKSTEP_EMULATOR=devices=2;time=host;threads=1",
                                     "CUDA_VISIBLE_DEVICES=0,1",
                                     here.program,
                                     "run",
                                     runs[i].operation,
                                     "--case",
                                     runs[i].cases,
                                     "--shape",
                                     runs[i].shape,
                                     "--implementation",
                                     runs[i].rows,
                                     "--quick",
                                     "--max-time",
                                     "2",
                                     "--out",
                                     runs[i].operation,
                                     NULL};
        check_call(launch_of("/usr/bin/env", 2, words), 0, "ceiling from GPU to GPU: ", NULL);
        assert_int_equal(limits_check(runs[i].operation), runs[i].count);
    }
    char *plot = temporary_text(&here.place, "allreduce/allreduce.svg");
    if (plot) /* there is gnuplot */
        check_holds(plot, "measured link, 2xgpu");
    free(plot);
}
