/* Batches of copies, prefetches and discards. Their parts are in no order, so the order of the
 * arrays will do. */
#include <stdint.h>
#include <stdlib.h>

#include "emulator/driver/api/api.h"
#include "emulator/driver/capture.h"
#include "emulator/driver/execute.h"
#include "emulator/driver/memory/array.h"
#include "emulator/driver/memory/copy.h"
#include "emulator/driver/memory/managed.h"
#include "emulator/driver/stream.h"

static CUresult batch_refuse(const char *why) {
    driver_find("batch: %s", why);
    return CUDA_ERROR_INVALID_VALUE;
}

static CUresult batch_begin(CUstream handle, struct driver_stream **stream) {
    const CUresult status = stream_begin_any(handle, stream);
    return status == CUDA_SUCCESS && *stream == (*stream)->context->legacy
               ? batch_refuse("it cannot go into the legacy stream")
               : status;
}

/* In the forms for a per-thread default stream. */
static CUstream per_thread(CUstream stream) {
    return stream ? stream : CU_STREAM_PER_THREAD;
}

/* What holds for a run of operations is said once, with the first operation of the run. */
static CUresult check_runs(const size_t *first, size_t runs, size_t count) {
    bool is_right = first && runs && runs <= count && first[0] == 0 && first[runs - 1] < count;
    for (size_t i = 1; is_right && i < runs; i++)
        is_right = first[i - 1] < first[i];
    return is_right ? CUDA_SUCCESS
                    : batch_refuse(
                          "what its attributes apply to does not rise from 0 to below the count");
}

/* ---- Copies ---- */

static CUresult check_manner(CUmemcpySrcAccessOrder order, unsigned flags) {
    if (order < CU_MEMCPY_SRC_ACCESS_ORDER_STREAM || order > CU_MEMCPY_SRC_ACCESS_ORDER_ANY)
        return batch_refuse("the order in which a source is read is none");
    return flags & ~(unsigned)CU_MEMCPY_FLAG_PREFER_OVERLAP_WITH_COMPUTE
               ? batch_refuse("a copy has unknown flags")
               : CUDA_SUCCESS;
}

/* All are checked before any is done. *fail is the one that is wrong. */
static CUresult copies_submit(struct driver_stream *stream, const CUDA_MEMCPY3D *copies,
                              size_t count, size_t *fail) {
    CUresult status = CUDA_SUCCESS;
    for (size_t i = 0; i < count && status == CUDA_SUCCESS; i++) {
        status = copy_check(&copies[i]);
        if (status != CUDA_SUCCESS)
            *fail = i;
    }
    for (size_t i = 0; i < count && status == CUDA_SUCCESS; i++) {
        const struct driver_operation operation = {.type = CU_GRAPH_NODE_TYPE_MEMCPY,
                                                   .copy = copies[i]};
        status = operation_submit(stream, &operation);
    }
    return status;
}

struct line_batch {
    const CUdeviceptr *to, *from;
    const size_t *sizes;
    size_t count;
    const CUmemcpyAttributes *attributes;
    const size_t *first;
    size_t runs;
};

static CUresult lines_check(const struct line_batch *batch) {
    if (!batch->to || !batch->from || !batch->sizes || !batch->attributes)
        return batch_refuse("one of its arrays is at no address");
    CUresult status = check_runs(batch->first, batch->runs, batch->count);
    for (size_t i = 0; i < batch->runs && status == CUDA_SUCCESS; i++)
        status = check_manner(batch->attributes[i].srcAccessOrder, batch->attributes[i].flags);
    return status;
}

static CUresult lines_copy(const struct line_batch *batch, struct driver_stream *stream,
                           size_t *fail) {
    CUDA_MEMCPY3D *copies = calloc(batch->count, sizeof *copies);
    if (!copies)
        return CUDA_ERROR_OUT_OF_MEMORY;
    for (size_t i = 0; i < batch->count; i++)
        copies[i] = (CUDA_MEMCPY3D){.srcMemoryType = CU_MEMORYTYPE_UNIFIED,
                                    .srcDevice = batch->from[i],
                                    .dstMemoryType = CU_MEMORYTYPE_UNIFIED,
                                    .dstDevice = batch->to[i],
                                    .WidthInBytes = batch->sizes[i],
                                    .Height = 1,
                                    .Depth = 1};
    const CUresult status = copies_submit(stream, copies, batch->count, fail);
    free(copies);
    return status;
}

// NOLINTBEGIN(readability-non-const-parameter): the types are the API's
CUresult cuMemcpyBatchAsync(CUdeviceptr *destinations, CUdeviceptr *sources, size_t *sizes,
                            size_t count, CUmemcpyAttributes *attributes, size_t *first,
                            size_t runs, size_t *fail, CUstream handle) {
    const struct line_batch batch = {destinations, sources, sizes, count, attributes, first, runs};
    struct driver_stream *stream;
    size_t failed = SIZE_MAX; /* of none in particular */
    CUresult status = batch_begin(handle, &stream);
    if (status == CUDA_SUCCESS)
        status = lines_check(&batch);
    if (status == CUDA_SUCCESS)
        status = lines_copy(&batch, stream, &failed);
    if (fail)
        *fail = failed;
    return driver_end(status);
}

DRIVER_API __typeof__(cuMemcpyBatchAsync) cuMemcpyBatchAsync_ptsz;
CUresult cuMemcpyBatchAsync_ptsz(CUdeviceptr *destinations, CUdeviceptr *sources, size_t *sizes,
                                 size_t count, CUmemcpyAttributes *attributes, size_t *first,
                                 size_t runs, size_t *fail, CUstream stream) {
    return cuMemcpyBatchAsync(destinations, sources, sizes, count, attributes, first, runs, fail,
                              per_thread(stream));
}

CUresult cuMemcpyBatchAsync_v2(CUdeviceptr *destinations, CUdeviceptr *sources, size_t *sizes,
                               size_t count, CUmemcpyAttributes *attributes, size_t *first,
                               size_t runs, CUstream stream) {
    return cuMemcpyBatchAsync(destinations, sources, sizes, count, attributes, first, runs, NULL,
                              stream);
}

DRIVER_API __typeof__(cuMemcpyBatchAsync_v2) cuMemcpyBatchAsync_v2_ptsz;
CUresult cuMemcpyBatchAsync_v2_ptsz(CUdeviceptr *destinations, CUdeviceptr *sources, size_t *sizes,
                                    size_t count, CUmemcpyAttributes *attributes, size_t *first,
                                    size_t runs, CUstream stream) {
    return cuMemcpyBatchAsync(destinations, sources, sizes, count, attributes, first, runs, NULL,
                              per_thread(stream));
}
// NOLINTEND(readability-non-const-parameter)

/* ---- Copies of boxes, in elements ---- */

/* Bytes of an element; 0 where the operand is no array. */
static CUresult element_of(const CUmemcpy3DOperand *operand, size_t *bytes) {
    struct driver_array *array;
    *bytes = 0;
    if (operand->type == CU_MEMCPY_OPERAND_TYPE_POINTER)
        return CUDA_SUCCESS;
    if (operand->type != CU_MEMCPY_OPERAND_TYPE_ARRAY ||
        array_find(operand->op.array.array, &array) != CUDA_SUCCESS)
        return batch_refuse("an operand is neither a pointer nor an array");
    *bytes = machine_texel_bytes(&array->image);
    return CUDA_SUCCESS;
}

/* One side of a box; rows and layers without a length follow one another without a gap. */
struct box_side {
    CUmemorytype type;
    CUdeviceptr device;
    CUarray array;
    size_t x, y, z, pitch, height;
};

static CUresult side_of(const CUmemcpy3DOperand *operand, const CUextent3D *extent, size_t element,
                        struct box_side *side) {
    if (operand->type == CU_MEMCPY_OPERAND_TYPE_ARRAY) {
        *side = (struct box_side){.type = CU_MEMORYTYPE_ARRAY,
                                  .array = operand->op.array.array,
                                  .x = operand->op.array.offset.x * element,
                                  .y = operand->op.array.offset.y,
                                  .z = operand->op.array.offset.z};
        return CUDA_SUCCESS;
    }
    const size_t row = operand->op.ptr.rowLength, layer = operand->op.ptr.layerHeight;
    *side = (struct box_side){.type = CU_MEMORYTYPE_UNIFIED,
                              .device = operand->op.ptr.ptr,
                              .pitch = (row ? row : extent->width) * element,
                              .height = layer ? layer : extent->height};
    return (row && row < extent->width) || (layer && layer < extent->height)
               ? batch_refuse("a row or a layer of an operand is shorter than the copy")
               : CUDA_SUCCESS;
}

static CUresult box_of(const CUDA_MEMCPY3D_BATCH_OP *operation, CUDA_MEMCPY3D *copy) {
    const CUextent3D *extent = &operation->extent;
    struct box_side from, to;
    size_t from_element, to_element;
    CUresult status = check_manner(operation->srcAccessOrder, operation->flags);
    if (status == CUDA_SUCCESS)
        status = element_of(&operation->src, &from_element);
    if (status == CUDA_SUCCESS)
        status = element_of(&operation->dst, &to_element);
    if (status != CUDA_SUCCESS)
        return status;
    if (from_element && to_element && from_element != to_element)
        return batch_refuse("elements of two arrays differ in size");
    if (!extent->width || !extent->height || !extent->depth)
        return batch_refuse("a copy has no extent");
    const size_t element = (from_element | to_element) ? from_element | to_element : 1;
    status = side_of(&operation->src, extent, element, &from);
    if (status == CUDA_SUCCESS)
        status = side_of(&operation->dst, extent, element, &to);
    if (status == CUDA_SUCCESS)
        *copy = (CUDA_MEMCPY3D){.srcXInBytes = from.x,
                                .srcY = from.y,
                                .srcZ = from.z,
                                .srcMemoryType = from.type,
                                .srcDevice = from.device,
                                .srcArray = from.array,
                                .srcPitch = from.pitch,
                                .srcHeight = from.height,
                                .dstXInBytes = to.x,
                                .dstY = to.y,
                                .dstZ = to.z,
                                .dstMemoryType = to.type,
                                .dstDevice = to.device,
                                .dstArray = to.array,
                                .dstPitch = to.pitch,
                                .dstHeight = to.height,
                                .WidthInBytes = extent->width * element,
                                .Height = extent->height,
                                .Depth = extent->depth};
    return status;
}

static CUresult boxes_copy(const CUDA_MEMCPY3D_BATCH_OP *operations, size_t count,
                           struct driver_stream *stream, size_t *fail) {
    CUresult status = CUDA_SUCCESS;
    CUDA_MEMCPY3D *copies = calloc(count, sizeof *copies);
    if (!copies)
        return CUDA_ERROR_OUT_OF_MEMORY;
    for (size_t i = 0; i < count && status == CUDA_SUCCESS; i++) {
        status = box_of(&operations[i], &copies[i]);
        if (status != CUDA_SUCCESS)
            *fail = i;
    }
    if (status == CUDA_SUCCESS)
        status = copies_submit(stream, copies, count, fail);
    free(copies);
    return status;
}

// NOLINTBEGIN(readability-non-const-parameter): the types are the API's
CUresult cuMemcpy3DBatchAsync(size_t count, CUDA_MEMCPY3D_BATCH_OP *operations, size_t *fail,
                              unsigned long long flags, CUstream handle) {
    struct driver_stream *stream;
    size_t failed = SIZE_MAX;
    CUresult status = batch_begin(handle, &stream);
    if (status == CUDA_SUCCESS && (!count || !operations || flags))
        status = batch_refuse("it has no copies, or flags");
    if (status == CUDA_SUCCESS)
        status = boxes_copy(operations, count, stream, &failed);
    if (fail)
        *fail = failed;
    return driver_end(status);
}

DRIVER_API __typeof__(cuMemcpy3DBatchAsync) cuMemcpy3DBatchAsync_ptsz;
CUresult cuMemcpy3DBatchAsync_ptsz(size_t count, CUDA_MEMCPY3D_BATCH_OP *operations, size_t *fail,
                                   unsigned long long flags, CUstream stream) {
    return cuMemcpy3DBatchAsync(count, operations, fail, flags, per_thread(stream));
}

CUresult cuMemcpy3DBatchAsync_v2(size_t count, CUDA_MEMCPY3D_BATCH_OP *operations,
                                 unsigned long long flags, CUstream stream) {
    return cuMemcpy3DBatchAsync(count, operations, NULL, flags, stream);
}

DRIVER_API __typeof__(cuMemcpy3DBatchAsync_v2) cuMemcpy3DBatchAsync_v2_ptsz;
CUresult cuMemcpy3DBatchAsync_v2_ptsz(size_t count, CUDA_MEMCPY3D_BATCH_OP *operations,
                                      unsigned long long flags, CUstream stream) {
    return cuMemcpy3DBatchAsync(count, operations, NULL, flags, per_thread(stream));
}

/* ---- Ranges of managed memory ---- */

/* Those that are prefetched have places; others have none. Nothing is read of what is discarded. */
struct range_batch {
    const CUdeviceptr *addresses;
    const size_t *sizes;
    size_t count;
    const CUmemLocation *locations;
    const size_t *first;
    size_t runs;
    unsigned long long flags;
};

static CUresult ranges_check(const struct range_batch *batch, bool is_prefetched) {
    if (!batch->addresses || !batch->sizes || !batch->count || batch->flags ||
        (is_prefetched && !batch->locations))
        return batch_refuse("it has no ranges, no places, or flags");
    return is_prefetched ? check_runs(batch->first, batch->runs, batch->count) : CUDA_SUCCESS;
}

static CUresult ranges_submit(const struct range_batch *batch, bool is_prefetched,
                              CUstream handle) {
    struct driver_stream *stream;
    size_t run = 0;
    CUresult status = batch_begin(handle, &stream);
    if (status == CUDA_SUCCESS)
        status = capture_forbid_stream(stream);
    if (status == CUDA_SUCCESS)
        status = ranges_check(batch, is_prefetched);
    for (size_t i = 0; i < batch->count && status == CUDA_SUCCESS; i++) {
        if (is_prefetched && run + 1 < batch->runs && batch->first[run + 1] == i)
            run++;
        status = is_prefetched
                     ? managed_prefetch(batch->addresses[i], batch->sizes[i], batch->locations[run])
                     : managed_check(batch->addresses[i], batch->sizes[i]);
    }
    return driver_end(status);
}

CUresult cuMemPrefetchBatchAsync(CUdeviceptr *addresses, size_t *sizes, size_t count,
                                 CUmemLocation *locations, size_t *first, size_t runs,
                                 unsigned long long flags, CUstream stream) {
    const struct range_batch batch = {addresses, sizes, count, locations, first, runs, flags};
    return ranges_submit(&batch, true, stream);
}

DRIVER_API __typeof__(cuMemPrefetchBatchAsync) cuMemPrefetchBatchAsync_ptsz;
CUresult cuMemPrefetchBatchAsync_ptsz(CUdeviceptr *addresses, size_t *sizes, size_t count,
                                      CUmemLocation *locations, size_t *first, size_t runs,
                                      unsigned long long flags, CUstream stream) {
    return cuMemPrefetchBatchAsync(addresses, sizes, count, locations, first, runs, flags,
                                   per_thread(stream));
}
DRIVER_ALIAS(cuMemPrefetchBatchAsync, cuMemDiscardAndPrefetchBatchAsync);
DRIVER_ALIAS(cuMemPrefetchBatchAsync_ptsz, cuMemDiscardAndPrefetchBatchAsync_ptsz);

CUresult cuMemDiscardBatchAsync(CUdeviceptr *addresses, size_t *sizes, size_t count,
                                unsigned long long flags, CUstream stream) {
    const struct range_batch batch = {addresses, sizes, count, NULL, NULL, 0, flags};
    return ranges_submit(&batch, false, stream);
}

DRIVER_API __typeof__(cuMemDiscardBatchAsync) cuMemDiscardBatchAsync_ptsz;
CUresult cuMemDiscardBatchAsync_ptsz(CUdeviceptr *addresses, size_t *sizes, size_t count,
                                     unsigned long long flags, CUstream stream) {
    return cuMemDiscardBatchAsync(addresses, sizes, count, flags, per_thread(stream));
}
// NOLINTEND(readability-non-const-parameter)
