/* Asks the processor for its instruction sets; see common/instruction_set.h. */
#include "common/instruction_set.h"

#include <stdbool.h>

static bool has_avx2(void) {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

static bool has_avx512(void) {
    return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}

enum instruction_set instruction_set_best(void) {
    return has_avx512() ? INSTRUCTION_SET_AVX512
           : has_avx2() ? INSTRUCTION_SET_AVX2
                        : INSTRUCTION_SET_BASELINE;
}

const char *instruction_set_name(enum instruction_set set) {
    static const char *const names[INSTRUCTION_SETS] = {"baseline", "avx2", "avx512"};
    return names[set];
}
