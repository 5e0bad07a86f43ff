/* Inside the stand-in for libnccl: what sums and exchanges share. */
#ifndef LOCKSTEP_TESTS_STAND_IN_NCCL_H
#define LOCKSTEP_TESTS_STAND_IN_NCCL_H

#include "gpu/cuda_api.h"
#include "gpu/nccl_api.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#define DECLARE(member, name, parameters) nccl_result name parameters;
NCCL_FUNCTIONS(DECLARE)
#undef DECLARE

enum { PIECE_BYTES = 1 << 20, RANKS_MAX = 16, FACTORS_MAX = 16 };

/* What all ranks see. */
struct meeting {
    atomic_int joined, failed;
    atomic_int here;        /* at the barrier */
    atomic_uint generation; /* of the barrier */
    _Alignas(64) unsigned char pieces[RANKS_MAX][PIECE_BYTES];
};

/* Of the driver that the process has loaded. */
struct driver_calls {
    enum cuda_result (*from_gpu)(void *, cuda_address, size_t, struct cuda_stream *);
    enum cuda_result (*to_gpu)(cuda_address, const void *, size_t, struct cuda_stream *);
    enum cuda_result (*call)(struct cuda_stream *, void (*)(void *), void *);
};

/* What a group sends and receives: one of each, all of all ranks as many bytes. */
struct exchange {
    const char *sent;
    char *received;
    size_t sent_bytes, received_bytes;
    int from;
    struct cuda_stream *stream;
};

struct nccl_communicator {
    struct meeting *meeting;
    struct driver_calls driver;
    int rank, ranks;
    float factors[FACTORS_MAX]; /* of operations made at run time; 0: free */
    struct piece *pieces;       /* all that were enqueued: a graph may run them again */
    struct exchange exchange;   /* of the group that is open */
};

/* The last one that was joined: a group's first and last call take none. */
extern struct nccl_communicator *communicator_last;

/* What the orders make of `word` on a rank: the number behind it, 1 for a word alone, 0 without
 * one. */
int ordered(const char *word, int rank);

/* What was ordered of a call. Where it fails, the work of the other ranks ends. */
nccl_result call_ordered(const char *name, struct nccl_communicator *communicator);

/* Waits for all ranks. False where one has failed. */
bool all_meet(struct nccl_communicator *communicator);

#endif
