/* What a case takes on the host. */
#include "bench/measure/case_memory.h"

#include <stdint.h>

size_t case_memory_bytes(const struct bench_case *bench_case) {
    /* Inputs and one set of buffers, and at most two float64 an output element for the expected
     * values, of which no more than verify.c keeps. */
    size_t once = case_bytes(bench_case), total;
    size_t kept = once < ((size_t)108 << 20) ? 4 * once : (size_t)432 << 20;
    if (__builtin_mul_overflow(once, (size_t)2, &total) ||
        __builtin_add_overflow(total, kept, &total))
        return SIZE_MAX;
    return total;
}

enum status case_memory_check(const struct bench_case *bench_case, struct device *cpu,
                              struct message *message) {
    size_t available, total, needed = case_memory_bytes(bench_case);
    enum status status = cpu->memory(cpu, &available, &total, message);
    if (status == STATUS_OK && needed > available)
        status = message_set(message, STATUS_NO_MEMORY,
                             "needs %zu bytes of memory and %zu are available", needed, available);
    return status;
}
