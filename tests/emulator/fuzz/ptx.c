/* Feeds bytes to the PTX loader, and runs what loads for a short while. */
#include "tests/emulator/fuzz/machine.h"
#include "tests/support/fuzzing.h"

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

int fuzz_ptx(const uint8_t *data, size_t size) {
    struct machine_module *module;
    struct machine *machine = fuzz_machine(2000, false);
    if (!machine)
        return 0;
    if (machine_load(machine, "fuzz", (const char *)data, size, &module, NULL) == MACHINE_OK) {
        for (size_t k = 0; k < machine_function_count(module) && k < 4; k++)
            launch(machine, machine_function_at(module, k));
    }
    machine_destroy(machine);
    return 0;
}
