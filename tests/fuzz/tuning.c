/* tuning.csv: every row that is taken names a choice that can be launched. */
#include "bench/selection/tuning.h"
#include "tests/fuzz/files.h"
#include "tests/support/fuzzing.h"

#include <stdlib.h>

int fuzz_tuning(const uint8_t *data, size_t size) {
    const struct gpu_properties gpu = {.name = "A", .capability = 90, .multiprocessors = 132};
    const struct memory_file file = memory_file_open(data, size);
    struct tuning_use *use;
    struct message message;
    if (tuning_use_open(file.path, &gpu, &use, &message) == STATUS_OK) {
        for (size_t i = 0; i < use->tuning.count; i++) {
            const struct tuning_entry *entry = &use->entries[i];
            const struct gemm_problem problem = {.variant = entry->variant,
                                                 .dtype = entry->dtype,
                                                 .m = entry->m,
                                                 .n = entry->n,
                                                 .k = entry->k};
            if (!gemm_choice_launchable(&problem, entry->choice))
                abort();
            (void)gemm_choose(&problem, gpu.multiprocessors, &use->tuning);
        }
        tuning_use_close(use);
    }
    memory_file_close(&file);
    return 0;
}
