/* The names of the counters, and their sums. */
#include "emulator/machine/machine.h"

#define COUNTER(name)                                                                              \
    { #name, offsetof(struct machine_counters, name) }

static const struct machine_counter_name counter_names[] = {
    COUNTER(warp_instructions),
    COUNTER(thread_instructions),
    COUNTER(fma_warp_instructions),
    COUNTER(tensor_warp_instructions),
    COUNTER(branches),
    COUNTER(divergent_branches),
    COUNTER(barriers),
    COUNTER(global_load_requests),
    COUNTER(global_load_sectors),
    COUNTER(global_store_requests),
    COUNTER(global_store_sectors),
    COUNTER(global_atomic_requests),
    COUNTER(global_atomic_sectors),
    COUNTER(local_load_requests),
    COUNTER(local_store_requests),
    COUNTER(shared_load_requests),
    COUNTER(shared_store_requests),
    COUNTER(shared_wavefronts),
    COUNTER(shared_wavefronts_ideal),
    COUNTER(bytes_touched),
    COUNTER(blocks),
    COUNTER(warps),
    COUNTER(shared_atomic_requests),
    COUNTER(shared_copy_requests),
};

const struct machine_counter_name *machine_counter_names(size_t *count) {
    *count = sizeof counter_names / sizeof counter_names[0];
    return counter_names;
}

void machine_counters_add(struct machine_counters *total, const struct machine_counters *more) {
    for (size_t k = 0; k < sizeof counter_names / sizeof counter_names[0]; k++) {
        uint64_t *to = (uint64_t *)(void *)((unsigned char *)total + counter_names[k].offset);
        *to += *(const uint64_t *)(const void *)((const unsigned char *)more +
                                                 counter_names[k].offset);
    }
}
