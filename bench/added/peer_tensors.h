/* The tensors of one launch in memory that a peer shares, each between guard zones of its own: a
 * file without a name that the peer opens by its path. */
#ifndef LOCKSTEP_BENCH_ADDED_PEER_TENSORS_H
#define LOCKSTEP_BENCH_ADDED_PEER_TENSORS_H

#include "bench/devices/device.h"
#include "bench/operations/operation.h"

#include <cjson/cJSON.h>

struct peer_tensors {
    struct buffer_spec specs[BUFFERS_MAX];
    void *buffers[BUFFERS_MAX];  /* the harness's; borrowed */
    size_t offsets[BUFFERS_MAX]; /* of the tensors in the file */
    size_t bytes;                /* of the file */
    int file;
    char *memory; /* the whole file */
};

/* STATUS_NO_MEMORY: the CPU has not twice the room, for a peer may work on a copy. On failure there
 * is nothing to close. */
enum status peer_tensors_open(struct peer_tensors *tensors, const struct bench_case *bench_case,
                              void *const buffers[], struct device *cpu, struct message *message);
void peer_tensors_close(struct peer_tensors *tensors);

/* Adds "file", "bytes" and "tensors" to a request. */
void peer_tensors_describe(const struct peer_tensors *tensors, cJSON *request);

/* The harness's buffers into the file, guard zones around them; `gpu` where the buffers are. */
enum status peer_tensors_load(struct peer_tensors *tensors, struct gpu *gpu,
                              struct message *message);
/* What was computed back into the harness's buffers. STATUS_WRONG: a guard zone or an input was
 * written to, and nothing is copied. */
enum status peer_tensors_store(const struct peer_tensors *tensors, struct gpu *gpu,
                               struct message *message);

#endif
