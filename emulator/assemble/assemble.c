#include "emulator/assemble/assemble.h"

#include "emulator/assemble/body.h"
#include "emulator/assemble/fold.h"
#include "emulator/assemble/join.h"

static void sum_machine_instructions(struct source *source, struct program *program, bool as_ptx) {
    uint32_t before = 0;
    program->machine_before =
        source_allocate(source, (program->count + 1u) * sizeof *program->machine_before);
    for (uint32_t k = 0; k < program->count; k++) {
        program->machine_before[k] = before;
        before += as_ptx ? 4 : program->code[k].detail->machine_quarters;
    }
    program->machine_before[program->count] = before;
}

void assemble_program(struct source *source, struct program *program, bool as_ptx) {
    for (size_t k = 0; k < program->function_count && !as_ptx; k++) {
        if (!program->functions[k]->count)
            continue;
        const struct body body = body_open(source, program, program->functions[k]);
        join_accesses(&body);
        fold_instructions(&body);
    }
    sum_machine_instructions(source, program, as_ptx);
}
