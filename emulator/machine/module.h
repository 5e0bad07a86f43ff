/* A loaded module; machine.h has the contract. */
#ifndef LOCKSTEP_EMULATOR_MACHINE_MODULE_H
#define LOCKSTEP_EMULATOR_MACHINE_MODULE_H

#include "emulator/decode/program.h"
#include "emulator/machine/machine.h"
#include "emulator/memory/arena.h"

struct machine_function {
    struct machine_module *module;
    struct program_function *function;
    struct machine_function_info info;
};

struct machine_module {
    struct machine *machine;
    struct machine_module *next;
    const char *name;
    struct arena arena;
    struct syntax_module *syntax;
    struct program *program;
    struct machine_function *functions; /* kernels */
    size_t function_count;
    uint64_t *placed; /* addresses of its variables */
    size_t placed_count, placed_capacity;
};

/* Frees the module and its variables; the caller holds the lock and has unlinked it. */
void module_destroy(struct machine_module *module);

#endif
