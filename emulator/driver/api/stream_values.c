/* cuStreamWaitValue*, cuStreamWriteValue* and their batches, in streams and in nodes of graphs. */
#include "emulator/driver/api/api.h"
#include "emulator/driver/execute.h"
#include "emulator/driver/prepare.h"
#include "emulator/driver/stream.h"

CUresult cuStreamBatchMemOp_v2(CUstream handle, unsigned int count, CUstreamBatchMemOpParams *steps,
                               unsigned int flags) {
    const CUDA_BATCH_MEM_OP_NODE_PARAMS parameters = {
        .count = count, .paramArray = steps, .flags = flags};
    struct driver_operation operation;
    struct driver_stream *stream;
    CUresult status = stream_begin(handle, &stream);
    if (status == CUDA_SUCCESS)
        status = prepare_values(&operation, &parameters);
    if (status == CUDA_SUCCESS) {
        status = operation_submit(stream, &operation);
        prepare_release(&operation);
    }
    return driver_end(status);
}
DRIVER_ALIAS(cuStreamBatchMemOp_v2, cuStreamBatchMemOp);
DRIVER_ALIAS(cuStreamBatchMemOp_v2, cuStreamBatchMemOp_ptsz);
DRIVER_ALIAS(cuStreamBatchMemOp_v2, cuStreamBatchMemOp_v2_ptsz);

/* ---- Single ones ---- */

static CUresult wait_for(CUstream stream, CUdeviceptr address, cuuint64_t value,
                         CUstreamBatchMemOpType type, unsigned flags) {
    CUstreamBatchMemOpParams step = {
        .waitValue = {.operation = type, .address = address, .value64 = value, .flags = flags}};
    return cuStreamBatchMemOp_v2(stream, 1, &step, 0);
}

static CUresult write_to(CUstream stream, CUdeviceptr address, cuuint64_t value,
                         CUstreamBatchMemOpType type, unsigned flags) {
    CUstreamBatchMemOpParams step = {
        .writeValue = {.operation = type, .address = address, .value64 = value, .flags = flags}};
    return cuStreamBatchMemOp_v2(stream, 1, &step, 0);
}

CUresult cuStreamWaitValue32_v2(CUstream stream, CUdeviceptr address, cuuint32_t value,
                                unsigned int flags) {
    return wait_for(stream, address, value, CU_STREAM_MEM_OP_WAIT_VALUE_32, flags);
}
DRIVER_ALIAS(cuStreamWaitValue32_v2, cuStreamWaitValue32);
DRIVER_ALIAS(cuStreamWaitValue32_v2, cuStreamWaitValue32_ptsz);
DRIVER_ALIAS(cuStreamWaitValue32_v2, cuStreamWaitValue32_v2_ptsz);

CUresult cuStreamWaitValue64_v2(CUstream stream, CUdeviceptr address, cuuint64_t value,
                                unsigned int flags) {
    return wait_for(stream, address, value, CU_STREAM_MEM_OP_WAIT_VALUE_64, flags);
}
DRIVER_ALIAS(cuStreamWaitValue64_v2, cuStreamWaitValue64);
DRIVER_ALIAS(cuStreamWaitValue64_v2, cuStreamWaitValue64_ptsz);
DRIVER_ALIAS(cuStreamWaitValue64_v2, cuStreamWaitValue64_v2_ptsz);

CUresult cuStreamWriteValue32_v2(CUstream stream, CUdeviceptr address, cuuint32_t value,
                                 unsigned int flags) {
    return write_to(stream, address, value, CU_STREAM_MEM_OP_WRITE_VALUE_32, flags);
}
DRIVER_ALIAS(cuStreamWriteValue32_v2, cuStreamWriteValue32);
DRIVER_ALIAS(cuStreamWriteValue32_v2, cuStreamWriteValue32_ptsz);
DRIVER_ALIAS(cuStreamWriteValue32_v2, cuStreamWriteValue32_v2_ptsz);

CUresult cuStreamWriteValue64_v2(CUstream stream, CUdeviceptr address, cuuint64_t value,
                                 unsigned int flags) {
    return write_to(stream, address, value, CU_STREAM_MEM_OP_WRITE_VALUE_64, flags);
}
DRIVER_ALIAS(cuStreamWriteValue64_v2, cuStreamWriteValue64);
DRIVER_ALIAS(cuStreamWriteValue64_v2, cuStreamWriteValue64_ptsz);
DRIVER_ALIAS(cuStreamWriteValue64_v2, cuStreamWriteValue64_v2_ptsz);
