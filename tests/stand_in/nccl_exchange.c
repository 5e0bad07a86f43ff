/* Data that goes from GPU to GPU around a ring, by the stand-in for libnccl: piece by piece through
 * the memory that sums go through. */
#include "tests/stand_in/nccl.h"

#include <stdint.h>
#include <stdlib.h>

/* Of this process. */
static struct {
    bool open;
    nccl_result failure; /* of a call within */
} group;

/* What was ordered of a call within a group, whose end tells of it again. */
static nccl_result member_ordered(const char *name, struct nccl_communicator *communicator) {
    const nccl_result failure = group.open ? call_ordered(name, communicator) : ncclInvalidUsage;
    if (group.failure == ncclSuccess)
        group.failure = failure;
    return failure;
}

nccl_result ncclGroupStart(void) {
    const nccl_result failure = call_ordered("ncclGroupStart", communicator_last);
    group.open = failure == ncclSuccess;
    group.failure = ncclSuccess;
    return failure;
}

nccl_result ncclSend(const void *data, size_t count, nccl_data_type type, int peer,
                     struct nccl_communicator *communicator, struct cuda_stream *stream) {
    struct exchange *exchange = &communicator->exchange;
    const nccl_result failure = member_ordered("ncclSend", communicator);
    if (failure != ncclSuccess)
        return failure;
    if (type != ncclInt8 || exchange->sent_bytes > 0 ||
        peer != (communicator->rank + 1) % communicator->ranks)
        return ncclInvalidArgument;
    exchange->sent = data;
    exchange->sent_bytes = count;
    exchange->stream = stream;
    return ncclSuccess;
}

nccl_result ncclRecv(void *data, size_t count, nccl_data_type type, int peer,
                     struct nccl_communicator *communicator, struct cuda_stream *stream) {
    struct exchange *exchange = &communicator->exchange;
    const nccl_result failure = member_ordered("ncclRecv", communicator);
    if (failure != ncclSuccess)
        return failure;
    if (type != ncclInt8 || exchange->received_bytes > 0 ||
        (peer + 1) % communicator->ranks != communicator->rank)
        return ncclInvalidArgument;
    exchange->received = data;
    exchange->received_bytes = count;
    exchange->from = peer;
    exchange->stream = stream;
    return ncclSuccess;
}

/* All pieces are there, or all have been taken away. */
static void exchange_meet(void *argument) {
    (void)all_meet(argument);
}

static void exchange_arrive(void *argument) {
    struct nccl_communicator *communicator = argument;
    (void)all_meet(communicator);
    const int from = (communicator->rank + communicator->ranks - 1) % communicator->ranks;
    if (ordered("wrong", communicator->rank))
        communicator->meeting->pieces[from][0] ^= 1;
}

/* Piece by piece, as sums go. */
static bool exchange_enqueue(struct nccl_communicator *communicator) {
    const struct exchange *exchange = &communicator->exchange;
    const struct driver_calls *driver = &communicator->driver;
    unsigned char(*pieces)[PIECE_BYTES] = communicator->meeting->pieces;
    bool enqueued = true;
    for (size_t first = 0; first < exchange->sent_bytes && enqueued; first += PIECE_BYTES) {
        const size_t left = exchange->sent_bytes - first;
        const size_t bytes = left < PIECE_BYTES ? left : PIECE_BYTES;
        enqueued =
            driver->from_gpu(pieces[communicator->rank],
                             (cuda_address)(uintptr_t)(exchange->sent + first), bytes,
                             exchange->stream) == CUDA_SUCCESS &&
            driver->call(exchange->stream, exchange_arrive, communicator) == CUDA_SUCCESS &&
            driver->to_gpu((cuda_address)(uintptr_t)(exchange->received + first),
                           pieces[exchange->from], bytes, exchange->stream) == CUDA_SUCCESS &&
            driver->call(exchange->stream, exchange_meet, communicator) == CUDA_SUCCESS;
    }
    return enqueued;
}

nccl_result ncclGroupEnd(void) {
    struct nccl_communicator *communicator = communicator_last;
    nccl_result result = group.open ? group.failure : ncclInvalidUsage;
    group.open = false;
    if (result == ncclSuccess)
        result = call_ordered("ncclGroupEnd", communicator);
    if (result == ncclSuccess &&
        communicator->exchange.sent_bytes != communicator->exchange.received_bytes)
        result = ncclInvalidUsage;
    if (result == ncclSuccess && !exchange_enqueue(communicator))
        result = ncclUnhandledCudaError;
    communicator->exchange = (struct exchange){0};
    return result;
}
