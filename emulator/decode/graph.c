/* Basic blocks: where they begin, and what may follow them. */
#include "emulator/decode/graph.h"

bool graph_falls_through(const struct instruction *instruction) {
    return instruction->is_guarded || !(instruction->detail->flags & ROW_ENDS);
}

size_t graph_target_count(const struct instruction *instruction) {
    const struct detail *detail = instruction->detail;
    if (detail->targets)
        return detail->target_count;
    return detail->row && detail->row->decode == DECODE_BRANCH;
}

uint32_t graph_target(const struct program_function *function,
                      const struct instruction *instruction, size_t k) {
    const uint32_t target =
        instruction->detail->targets ? instruction->detail->targets[k] : instruction->target;
    return target - function->first;
}

bool *graph_leaders(struct source *source, const struct program_function *function,
                    const struct instruction *code) {
    bool *leads = source_allocate(source, function->count + 1);
    leads[0] = true;
    for (uint32_t k = 0; k < function->count; k++) {
        const size_t targets = graph_target_count(&code[k]);
        for (size_t n = 0; n < targets; n++)
            leads[graph_target(function, &code[k], n)] = true;
        if (targets || !graph_falls_through(&code[k]))
            leads[k + 1] = true;
    }
    return leads;
}
