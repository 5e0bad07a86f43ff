/* How a machine begins and ends. */
#include "emulator/machine/machine.h"
#include "emulator/machine/module.h"
#include "emulator/machine/state.h"

#include <stdlib.h>

struct machine *machine_create(const struct machine_properties *properties,
                               const struct machine_options *options) {
    struct machine *machine = calloc(1, sizeof *machine);
    if (!machine)
        return NULL;
    machine->properties = *properties;
    machine->options = *options;
    if (memory_open(&machine->memory, properties->memory_bytes) != MACHINE_OK) {
        free(machine);
        return NULL;
    }
    if (scratch_open(&machine->scratch) != 0) {
        memory_close(&machine->memory);
        free(machine);
        return NULL;
    }
    if (pthread_mutex_init(&machine->lock, NULL) != 0) {
        scratch_close(&machine->scratch);
        memory_close(&machine->memory);
        free(machine);
        return NULL;
    }
    (void)memory_track_written(&machine->memory, options->check_init);
    return machine;
}

void machine_destroy(struct machine *machine) {
    if (!machine)
        return;
    while (machine->modules) {
        struct machine_module *module = machine->modules;
        machine->modules = module->next;
        module_destroy(module);
    }
    memory_close(&machine->memory);
    heap_close(&machine->heap);
    scratch_close(&machine->scratch);
    texture_table_free(&machine->textures);
    pthread_mutex_destroy(&machine->lock);
    free(machine);
}
