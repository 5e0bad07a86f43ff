/* A machine to fuzz. */
#include "tests/emulator/fuzz/machine.h"
#include "tests/support/a100.h"

static const struct machine_properties properties = {
    .name = "fuzz", A100_LIMITS, .multiprocessors = 4, .memory_bytes = (size_t)64 << 20};

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
