#include "emulator/assemble/assemble.h"

#include "emulator/assemble/body.h"
#include "emulator/assemble/join.h"

void assemble_program(struct source *source, const struct program *program) {
    for (size_t k = 0; k < program->function_count; k++) {
        if (!program->functions[k]->count)
            continue;
        const struct body body = body_open(source, program, program->functions[k]);
        join_accesses(&body);
    }
}
