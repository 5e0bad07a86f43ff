/*
 * Feeds bytes to the PTX loader, and runs what loads for a short while: nothing may crash, hang or
 * leak. libFuzzer's target (make fuzz); tests/emulator/ptx/test_corpus.c replays the kept corpus
 * with it.
 */
#include "emulator/machine/machine.h"

#include <stdlib.h>
#include <string.h>

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

static void launch(struct machine *machine, struct machine_function *function) {
    const struct machine_function_info *info = machine_function_info(function);
    enum { PARAMETER_LIMIT = 4096 };
    static const unsigned char zeros[PARAMETER_LIMIT];
    const struct machine_launch one = {.function = function,
                                       .grid = {2, 1, 1},
                                       .block = {40, 1, 1},
                                       .parameters = zeros,
                                       .parameter_bytes = sizeof zeros};
    if (info->parameter_bytes <= sizeof zeros && info->local_bytes < 65536)
        (void)machine_launch(machine, &one, NULL, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct machine_options options;
    struct machine_module *module;
    machine_options_default(&options);
    options.instruction_budget = 2000;
    options.host_threads = 1;
    options.log = ignore;
    options.print = ignore_text;
    struct machine *machine = machine_create(&properties, &options);
    if (!machine)
        return 0;
    if (machine_load(machine, "fuzz", (const char *)data, size, &module, NULL) == MACHINE_OK) {
        for (size_t k = 0; k < machine_function_count(module) && k < 4; k++)
            launch(machine, machine_function_at(module, k));
    }
    machine_destroy(machine);
    return 0;
}
