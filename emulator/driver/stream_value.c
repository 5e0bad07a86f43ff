/* Values in memory that streams wait for and write. */
#include "emulator/driver/stream_value.h"

#include <string.h>
#include <time.h>

/* ---- Waiting ---- */

/* What the program waits for. */
struct awaited {
    CUdeviceptr address;
    cuuint64_t value;
    unsigned size, how; /* how: the flags without the flush */
};

static bool has_come(const struct awaited *awaited, cuuint64_t present) {
    const unsigned unused = 64 - awaited->size * 8;
    const cuuint64_t all = UINT64_MAX >> unused;
    switch (awaited->how) {
    case CU_STREAM_WAIT_VALUE_GEQ: /* of the difference, as a signed number of this size */
        return (int64_t)((present - awaited->value) << unused) >= 0;
    case CU_STREAM_WAIT_VALUE_EQ:
        return present == awaited->value;
    case CU_STREAM_WAIT_VALUE_AND:
        return (present & awaited->value) != 0;
    default:
        return (~(present | awaited->value) & all) != 0;
    }
}

static void sleep_unlocked(void *data) {
    (void)nanosleep(data, NULL);
}

/* What was submitted before is done, so the value is there, or another thread of the program has
 * still to write it. */
static CUresult value_await(const struct awaited *awaited) {
    enum { LOOKS = 10000 };
    struct timespec pause = {.tv_nsec = 1000000};
    for (unsigned look = 0; look < LOOKS; look++) {
        cuuint64_t present = 0;
        if (machine_read(driver.machine, &present, awaited->address, awaited->size) != MACHINE_OK)
            return CUDA_ERROR_INVALID_VALUE;
        if (has_come(awaited, present))
            return CUDA_SUCCESS;
        driver_call_host(sleep_unlocked, &pause);
    }
    driver_find(
        "cuStreamWaitValue: the value at 0x%llx has not come in ten seconds; streams run one after "
        "another here, so what writes it must be submitted before",
        awaited->address);
    return CUDA_ERROR_LAUNCH_TIMEOUT;
}

static CUresult value_wait(const CUstreamBatchMemOpParams *step, unsigned size) {
    const struct awaited awaited = {
        .address = step->waitValue.address,
        .value = size == sizeof(cuuint32_t) ? step->waitValue.value : step->waitValue.value64,
        .size = size,
        .how = step->waitValue.flags & ~(unsigned)CU_STREAM_WAIT_VALUE_FLUSH};
    return value_await(&awaited);
}

static CUresult value_write(const CUstreamBatchMemOpParams *step, unsigned size) {
    const cuuint64_t value =
        size == sizeof(cuuint32_t) ? step->writeValue.value : step->writeValue.value64;
    return driver_status(machine_write(driver.machine, step->writeValue.address, &value, size));
}

/* ---- Steps ---- */

static bool is_wait(const CUstreamBatchMemOpParams *step, unsigned size) {
    const unsigned how = step->waitValue.flags & ~(unsigned)CU_STREAM_WAIT_VALUE_FLUSH;
    return how <= CU_STREAM_WAIT_VALUE_NOR && step->waitValue.address % size == 0;
}

static bool is_write(const CUstreamBatchMemOpParams *step, unsigned size) {
    return !(step->writeValue.flags & ~(unsigned)CU_STREAM_WRITE_VALUE_NO_MEMORY_BARRIER) &&
           step->writeValue.address % size == 0;
}

static bool is_step(const CUstreamBatchMemOpParams *step) {
    switch (step->operation) {
    case CU_STREAM_MEM_OP_WAIT_VALUE_32:
        return is_wait(step, sizeof(cuuint32_t));
    case CU_STREAM_MEM_OP_WAIT_VALUE_64:
        return is_wait(step, sizeof(cuuint64_t));
    case CU_STREAM_MEM_OP_WRITE_VALUE_32:
        return is_write(step, sizeof(cuuint32_t));
    case CU_STREAM_MEM_OP_WRITE_VALUE_64:
        return is_write(step, sizeof(cuuint64_t));
    case CU_STREAM_MEM_OP_FLUSH_REMOTE_WRITES:
    case CU_STREAM_MEM_OP_BARRIER:
        return true;
    default:
        return false;
    }
}

CUresult stream_values_check(const CUstreamBatchMemOpParams *steps, unsigned count,
                             unsigned flags) {
    if (!steps || count > STREAM_VALUES || flags)
        return CUDA_ERROR_INVALID_VALUE;
    for (unsigned k = 0; k < count; k++)
        if (!is_step(&steps[k]))
            return CUDA_ERROR_INVALID_VALUE;
    return CUDA_SUCCESS;
}

static CUresult step_execute(const CUstreamBatchMemOpParams *step) {
    switch (step->operation) {
    case CU_STREAM_MEM_OP_WAIT_VALUE_32:
        return value_wait(step, sizeof(cuuint32_t));
    case CU_STREAM_MEM_OP_WAIT_VALUE_64:
        return value_wait(step, sizeof(cuuint64_t));
    case CU_STREAM_MEM_OP_WRITE_VALUE_32:
        return value_write(step, sizeof(cuuint32_t));
    case CU_STREAM_MEM_OP_WRITE_VALUE_64:
        return value_write(step, sizeof(cuuint64_t));
    default: /* what was written is seen at once */
        return CUDA_SUCCESS;
    }
}

CUresult stream_values_execute(const CUstreamBatchMemOpParams *steps, unsigned count) {
    CUstreamBatchMemOpParams own[STREAM_VALUES];
    CUresult status = CUDA_SUCCESS;
    memcpy(own, steps, count * sizeof *own);
    for (unsigned k = 0; k < count && status == CUDA_SUCCESS; k++)
        status = step_execute(&own[k]);
    return status;
}
