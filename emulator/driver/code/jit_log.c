/* The options of the PTX compiler: all that count are those that name logs. */
#include "emulator/driver/code/jit_log.h"

#include <stdint.h>
#include <string.h>

/* Numbers come in place of pointers in the list of option values. */
static size_t jit_number(const void *value) {
    return (size_t)(uintptr_t)value & 0xFFFFFFFF;
}

CUresult jit_log_open(struct jit_log *log, unsigned count, const CUjit_option *options,
                      void **values) {
    *log = (struct jit_log){0};
    if (count && (!options || !values))
        return CUDA_ERROR_INVALID_VALUE;
    for (unsigned i = 0; i < count; i++) {
        switch ((int)options[i]) {
        case CU_JIT_ERROR_LOG_BUFFER:
            log->error = values[i];
            break;
        case CU_JIT_INFO_LOG_BUFFER:
            log->info = values[i];
            break;
        case CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES:
            log->error_size = jit_number(values[i]);
            log->error_written = &values[i];
            break;
        case CU_JIT_INFO_LOG_BUFFER_SIZE_BYTES:
            log->info_size = jit_number(values[i]);
            log->info_written = &values[i];
            break;
        default: /* how to compile: nothing that changes what the code means */
            if ((unsigned)options[i] >= CU_JIT_NUM_OPTIONS)
                return CUDA_ERROR_INVALID_VALUE;
        }
    }
    if (log->error && log->error_size)
        *log->error = '\0';
    if (log->info && log->info_size)
        *log->info = '\0';
    return CUDA_SUCCESS;
}

static void *jit_length(const char *text, size_t size) {
    uintptr_t length = text && size ? strlen(text) + 1 : 0;
    // NOLINTNEXTLINE(performance-no-int-to-ptr): the API returns the number in place of a pointer
    return (void *)length;
}

void jit_log_close(struct jit_log *log) {
    if (log->error_written)
        *log->error_written = jit_length(log->error, log->error_size);
    if (log->info_written)
        *log->info_written = jit_length(log->info, log->info_size);
}
