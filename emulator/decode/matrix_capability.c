#include "emulator/decode/matrix_capability.h"

#include <string.h>

static bool has(const struct syntax_instruction *instruction, const char *modifier) {
    for (size_t k = 0; k < instruction->modifier_count; k++)
        if (strcmp(instruction->modifiers[k], modifier) == 0)
            return true;
    return false;
}

static bool has_any(const struct syntax_instruction *instruction, const char *const modifiers[]) {
    for (; *modifiers; modifiers++)
        if (has(instruction, *modifiers))
            return true;
    return false;
}

static unsigned of_types(const struct syntax_instruction *instruction) {
    static const char *const fp8[] = {"e4m3", "e5m2", NULL};
    static const char *const ampere[] = {"bf16", "tf32", "f64", NULL};
    static const char *const fours[] = {"u4", "s4", "b1", NULL};
    static const char *const bytes[] = {"u8", "s8", NULL};
    return has_any(instruction, fp8)      ? 89
           : has_any(instruction, ampere) ? 80
           : has_any(instruction, fours)  ? 75
           : has_any(instruction, bytes)  ? 72
                                          : 70;
}

/* mma alone: wmma of one type has the same capability in every shape. */
static unsigned of_shape(const struct syntax_instruction *instruction) {
    static const char *const turing[] = {"m8n8k16", "m8n8k32", "m16n8k8", "m8n8k128", NULL};
    static const char *const volta[] = {"m8n8k4", NULL};
    if (has(instruction, "f64") && !has_any(instruction, volta))
        return 90;
    return has_any(instruction, volta) ? 70 : has_any(instruction, turing) ? 75 : 80;
}

/* mma of sm_120. */
static bool has_kind(const struct syntax_instruction *instruction) {
    for (size_t k = 0; k < instruction->modifier_count; k++)
        if (strncmp(instruction->modifiers[k], "kind::", strlen("kind::")) == 0)
            return true;
    return false;
}

unsigned matrix_capability(const struct syntax_instruction *instruction) {
    if (strcmp(instruction->root, "wgmma") == 0)
        return 90;
    if (strcmp(instruction->root, "mma") == 0 && has_kind(instruction))
        return 120;
    const unsigned types = of_types(instruction);
    const unsigned shape = strcmp(instruction->root, "mma") == 0 ? of_shape(instruction) : 0;
    return types > shape ? types : shape;
}
