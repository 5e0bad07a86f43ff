/* NCCL for one GPU: sums over it and the GPUs of other processes, and data that goes from one to
 * another. Loaded at the first use.
 *
 * What the processes must agree on is the caller's (kernels/collectives). Each of them loads the
 * library; one draws an identity, which all get; all join at once. From then on all enqueue the
 * same sums in the same order. Where one fails, the work of the others may never end: all abandon
 * then, which ends it, and may join again.
 */
#ifndef LOCKSTEP_GPU_NCCL_H
#define LOCKSTEP_GPU_NCCL_H

#include "common/status.h"
#include "gpu/nccl_api.h"

#include <stdbool.h>
#include <stdint.h>

struct gpu;

/* What one process draws and all join by. */
struct gpu_nccl_identity {
    nccl_unique_id id;
};

/* Loads libnccl.so.2, or what the environment's LOCKSTEP_NCCL names. STATUS_UNSUPPORTED: there is
 * none, it is too old, or the GPU is emulated and LOCKSTEP_NCCL names no stand-in: NCCL ships
 * machine code alone. */
enum status gpu_nccl_load(struct gpu *gpu, struct message *message);

/* "2.28.9"; NULL where none is loaded. */
const char *gpu_nccl_version(const struct gpu *gpu);

enum status gpu_nccl_identify(struct gpu *gpu, struct gpu_nccl_identity *identity,
                              struct message *message);

/* Begins to join `ranks` processes, of which this is number `rank`, in a thread of its own: NCCL
 * waits there for those that never come. gpu_nccl_joining() says whether it still waits, and why it
 * failed. Not inside a capture. */
enum status gpu_nccl_join(struct gpu *gpu, const struct gpu_nccl_identity *identity, int rank,
                          int ranks, struct message *message);
enum status gpu_nccl_joining(struct gpu *gpu, bool *waiting, struct message *message);

/* Counts the times that this GPU has joined; 0 while it is not one of several. What is captured
 * with one number is of no use with another. */
int gpu_nccl_joined(const struct gpu *gpu);

/* Enqueues out = the sum of factor * in over all; `in` may be `out`. `type` is how elements are
 * stored.
 */
struct gpu_nccl_sum {
    nccl_data_type type;
    const void *in;
    void *out;
    int64_t count;
    float factor; /* 1, or with f32 anything */
    bool beside;  /* in the second stream, which follows the first (gpu_beside_follow()) */
};
enum status gpu_nccl_sum(struct gpu *gpu, const struct gpu_nccl_sum *sum, struct message *message);

/* Enqueues both at once: bytes go to one process, and as many come from one. */
struct gpu_nccl_exchange {
    const void *sent;
    void *received;
    size_t bytes;
    int to, from; /* their numbers */
};
enum status gpu_nccl_exchange(struct gpu *gpu, const struct gpu_nccl_exchange *exchange,
                              struct message *message);

/* STATUS_FAILED with what went wrong since in the work that was enqueued. */
enum status gpu_nccl_check(struct gpu *gpu, struct message *message);

/* Ends what was enqueued, and leaves the others. */
void gpu_nccl_abandon(struct gpu *gpu);

#endif
