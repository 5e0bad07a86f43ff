/* cuStreamWaitValue*, cuStreamWriteValue* and their batches. */
#include <time.h>

#include "emulator/driver/api/api.h"
#include "emulator/driver/capture.h"
#include "emulator/driver/stream.h"

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

/* What was submitted before is done, so the value is there, or another thread of the program has still to
 * write it. */
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

static CUresult value_wait(CUdeviceptr address, cuuint64_t value, unsigned size, unsigned flags) {
    const struct awaited awaited = {.address = address,
                                    .value = value,
                                    .size = size,
                                    .how = flags & ~(unsigned)CU_STREAM_WAIT_VALUE_FLUSH};
    return awaited.how > CU_STREAM_WAIT_VALUE_NOR || address % size ? CUDA_ERROR_INVALID_VALUE
                                                                    : value_await(&awaited);
}

static CUresult value_write(CUdeviceptr address, cuuint64_t value, unsigned size, unsigned flags) {
    if ((flags & ~(unsigned)CU_STREAM_WRITE_VALUE_NO_MEMORY_BARRIER) || address % size)
        return CUDA_ERROR_INVALID_VALUE;
    return driver_status(machine_write(driver.machine, address, &value, size));
}

/* These cannot be captured. */
static CUresult value_begin(CUstream handle) {
    struct driver_stream *stream;
    const CUresult status = stream_begin(handle, &stream);
    return status == CUDA_SUCCESS ? capture_forbid_stream(stream) : status;
}

/* ---- Single ones ---- */

static CUresult wait_for(CUstream stream, CUdeviceptr address, cuuint64_t value, unsigned size,
                         unsigned flags) {
    CUresult status = value_begin(stream);
    if (status == CUDA_SUCCESS)
        status = value_wait(address, value, size, flags);
    return driver_end(status);
}

static CUresult write_to(CUstream stream, CUdeviceptr address, cuuint64_t value, unsigned size,
                         unsigned flags) {
    CUresult status = value_begin(stream);
    if (status == CUDA_SUCCESS)
        status = value_write(address, value, size, flags);
    return driver_end(status);
}

CUresult cuStreamWaitValue32_v2(CUstream stream, CUdeviceptr address, cuuint32_t value,
                                unsigned int flags) {
    return wait_for(stream, address, value, sizeof value, flags);
}
DRIVER_ALIAS(cuStreamWaitValue32_v2, cuStreamWaitValue32);
DRIVER_ALIAS(cuStreamWaitValue32_v2, cuStreamWaitValue32_ptsz);
DRIVER_ALIAS(cuStreamWaitValue32_v2, cuStreamWaitValue32_v2_ptsz);

CUresult cuStreamWaitValue64_v2(CUstream stream, CUdeviceptr address, cuuint64_t value,
                                unsigned int flags) {
    return wait_for(stream, address, value, sizeof value, flags);
}
DRIVER_ALIAS(cuStreamWaitValue64_v2, cuStreamWaitValue64);
DRIVER_ALIAS(cuStreamWaitValue64_v2, cuStreamWaitValue64_ptsz);
DRIVER_ALIAS(cuStreamWaitValue64_v2, cuStreamWaitValue64_v2_ptsz);

CUresult cuStreamWriteValue32_v2(CUstream stream, CUdeviceptr address, cuuint32_t value,
                                 unsigned int flags) {
    return write_to(stream, address, value, sizeof value, flags);
}
DRIVER_ALIAS(cuStreamWriteValue32_v2, cuStreamWriteValue32);
DRIVER_ALIAS(cuStreamWriteValue32_v2, cuStreamWriteValue32_ptsz);
DRIVER_ALIAS(cuStreamWriteValue32_v2, cuStreamWriteValue32_v2_ptsz);

CUresult cuStreamWriteValue64_v2(CUstream stream, CUdeviceptr address, cuuint64_t value,
                                 unsigned int flags) {
    return write_to(stream, address, value, sizeof value, flags);
}
DRIVER_ALIAS(cuStreamWriteValue64_v2, cuStreamWriteValue64);
DRIVER_ALIAS(cuStreamWriteValue64_v2, cuStreamWriteValue64_ptsz);
DRIVER_ALIAS(cuStreamWriteValue64_v2, cuStreamWriteValue64_v2_ptsz);

/* ---- Batches ---- */

static CUresult batch_step(const CUstreamBatchMemOpParams *step) {
    switch (step->operation) {
    case CU_STREAM_MEM_OP_WAIT_VALUE_32:
        return value_wait(step->waitValue.address, step->waitValue.value, 4, step->waitValue.flags);
    case CU_STREAM_MEM_OP_WAIT_VALUE_64:
        return value_wait(step->waitValue.address, step->waitValue.value64, 8,
                          step->waitValue.flags);
    case CU_STREAM_MEM_OP_WRITE_VALUE_32:
        return value_write(step->writeValue.address, step->writeValue.value, 4,
                           step->writeValue.flags);
    case CU_STREAM_MEM_OP_WRITE_VALUE_64:
        return value_write(step->writeValue.address, step->writeValue.value64, 8,
                           step->writeValue.flags);
    case CU_STREAM_MEM_OP_FLUSH_REMOTE_WRITES:
    case CU_STREAM_MEM_OP_BARRIER: /* what was written is seen at once */
        return CUDA_SUCCESS;
    default:
        return CUDA_ERROR_INVALID_VALUE;
    }
}

CUresult cuStreamBatchMemOp_v2(CUstream stream, unsigned int count, CUstreamBatchMemOpParams *steps,
                               unsigned int flags) {
    enum { LARGEST = 256 };
    CUresult status = value_begin(stream);
    if (status == CUDA_SUCCESS && (!steps || count > LARGEST || flags))
        status = CUDA_ERROR_INVALID_VALUE;
    for (unsigned k = 0; k < count && status == CUDA_SUCCESS; k++)
        status = batch_step(&steps[k]);
    return driver_end(status);
}
DRIVER_ALIAS(cuStreamBatchMemOp_v2, cuStreamBatchMemOp);
DRIVER_ALIAS(cuStreamBatchMemOp_v2, cuStreamBatchMemOp_ptsz);
DRIVER_ALIAS(cuStreamBatchMemOp_v2, cuStreamBatchMemOp_v2_ptsz);
