/* A machine to fuzz. */
#include "tests/emulator/fuzz/machine.h"

static const struct machine_properties properties = {
    .name = "fuzz",
    .capability_major = 8,
    .multiprocessors = 4,
    .warp_size = 32,
    .max_threads_per_block = 1024,
    .max_threads_per_multiprocessor = 2048,
    .max_blocks_per_multiprocessor = 32,
    .max_block = {1024, 1024, 64},
    .max_grid = {2147483647, 65535, 65535},
    .registers_per_block = 65536,
    .registers_per_multiprocessor = 65536,
    .shared_per_block = 49152,
    .shared_per_block_optin = 166912,
    .shared_per_multiprocessor = 167936,
    .constant_memory = 65536,
    .memory_bytes = (size_t)64 << 20,
};

static void ignore(void *context, const char *line) {
    (void)context;
    (void)line;
}

static void ignore_text(void *context, const char *text, size_t length) {
    (void)context;
    (void)text;
    (void)length;
}

struct machine *fuzz_machine(uint64_t budget, bool checks) {
    struct machine_options options;
    machine_options_default(&options);
    options.instruction_budget = budget;
    options.host_threads = 1;
    options.log = ignore;
    options.print = ignore_text;
    options.check_race = options.check_init = options.check_barrier = checks;
    return machine_create(&properties, &options);
}
