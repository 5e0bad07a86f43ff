/* What a GPU can do at most, measured. */
#include "bench/devices/device.h"
#include "bench/measure/ceilings.h"
#include "common/random.h"
#include "kernels/collectives/collectives.h"
#include "kernels/kernels.h"
#include "ranks/ranks.h"

#include <stdlib.h>
#include <string.h>

/* What works at a ceiling, and on what. */
struct load {
    struct transfer_problem copy;
    void *scratch; /* one float, for the multiply-adds */
    struct collectives_ring ring;
    struct execution execution; /* with ranks where all of them work together */
    int warming;                /* batches before those that count */
};

/* Enqueues so much work and gives its amount, in operations or bytes. */
typedef enum status load_enqueue(struct load *load, int64_t repetitions, double *work);

static enum status fma_enqueue(struct load *load, int64_t repetitions, double *work) {
    return ceiling_cuda_fma(repetitions, load->scratch, work, &load->execution);
}

static enum status copy_enqueue(struct load *load, int64_t repetitions, double *work) {
    enum status status = STATUS_OK;
    for (int64_t i = 0; i < repetitions && status == STATUS_OK; i++)
        status = transfer_cuda_vectorised(&load->copy, &load->execution);
    *work = 8.0 * (double)load->copy.count * (double)repetitions;
    return status;
}

static enum status pass_on_enqueue(struct load *load, int64_t repetitions, double *work) {
    enum status status = STATUS_OK;
    for (int64_t i = 0; i < repetitions && status == STATUS_OK; i++)
        status = collectives_pass_on(&load->ring, &load->execution);
    *work = (double)load->ring.bytes * (double)repetitions;
    return status;
}

/* Work that waits for other GPUs is waited for together; `status` is of enqueuing it. */
static enum status together_wait(struct device *device, const struct load *load,
                                 enum status status) {
    const struct execution *execution = &load->execution;
    return execution->ranks
               ? collectives_leave(device->gpu, execution->ranks, status, execution->message)
               : status;
}

/* Of all ranks the slowest one's seconds. */
static enum status batch_rate(struct device *device, struct load *load, load_enqueue *enqueue,
                              int64_t repetitions, double *rate, double *seconds) {
    struct ranks *ranks = load->execution.ranks;
    double work = 0.0;
    ranks_meet(ranks);
    enum status status = device->timer_start(device, load->execution.message);
    if (status == STATUS_OK)
        status = enqueue(load, repetitions, &work);
    status = together_wait(device, load, status);
    if (status == STATUS_OK)
        status = device->timer_stop(device, seconds, load->execution.message);
    status = ranks_agree(ranks, status, load->execution.message);
    if (status == STATUS_OK)
        *seconds = ranks_slowest(ranks, *seconds);
    *rate = status == STATUS_OK && *seconds > 0.0 ? work / *seconds : 0.0;
    return status;
}

/* The first time, between no two events: it loads the kernel, or connects the GPUs, which takes
 * longer than many a batch. */
static enum status load_once(struct device *device, struct load *load, load_enqueue *enqueue) {
    double work = 0.0;
    enum status status = together_wait(device, load, enqueue(load, 1, &work));
    return status == STATUS_OK && !load->execution.ranks
               ? device->synchronize(device, load->execution.message)
               : status;
}

/* Doubles the repetitions until a batch takes a millisecond, for which a GPU of today needs some
 * ten to thousands. One that has not taken it with a million has a clock that tells nothing. */
static enum status batch_grow(struct device *device, struct load *load, load_enqueue *enqueue,
                              int64_t *repetitions) {
    const double wanted = 1e-3;
    const int64_t most = (int64_t)1 << 20;
    double rate = 0.0, seconds = 0.0;
    enum status status = batch_rate(device, load, enqueue, *repetitions, &rate, &seconds);
    while (status == STATUS_OK && seconds < wanted) {
        if (*repetitions >= most)
            return message_set(load->execution.message, STATUS_FAILED,
                               "%s's time does not grow with its work: %lld repetitions took "
                               "%.3g s by its events; check its driver",
                               device->name, (long long)*repetitions, seconds);
        *repetitions *= 2;
        status = batch_rate(device, load, enqueue, *repetitions, &rate, &seconds);
    }
    return status;
}

/* The best of several batches of a millisecond or so. A GPU that was idle raises its clocks only
 * under load, over many such batches, and the higher they are the more goes into one. */
static enum status best_rate(struct device *device, struct load *load, load_enqueue *enqueue,
                             bool quick, double *best) {
    const int passes = quick ? 5 : 20;
    int64_t repetitions = 1;
    double rate = 0.0, seconds = 0.0;
    *best = 0.0;
    enum status status = load_once(device, load, enqueue);
    if (status == STATUS_OK)
        status = batch_grow(device, load, enqueue, &repetitions);
    for (int i = 0; i < load->warming && status == STATUS_OK; i++)
        status = batch_rate(device, load, enqueue, repetitions, &rate, &seconds);
    if (status == STATUS_OK)
        status = batch_grow(device, load, enqueue, &repetitions);
    for (int i = 0; i < passes && status == STATUS_OK; i++) {
        status = batch_rate(device, load, enqueue, repetitions, &rate, &seconds);
        *best = rate > *best ? rate : *best;
    }
    return status;
}

/* Values as in every other measurement, never zeros. Each rank draws others. */
static enum status values_upload(struct device *device, float *to, int64_t count, int rank,
                                 struct message *message) {
    size_t bytes = (size_t)count * sizeof *to;
    float *values = malloc(bytes);
    if (!values)
        return message_set(message, STATUS_NO_MEMORY, "no memory for %zu bytes to copy", bytes);
    random_fill(values, count, 1, 1 + (uint32_t)rank, -1.0f, 1.0f);
    enum status status = device->upload(device, to, values, bytes, message);
    free(values);
    return status;
}

enum status ceilings_measure_gpu(struct device *device, bool quick, struct ceilings *ceilings,
                                 struct message *message) {
    const size_t unknown = (size_t)64 << 20; /* for a driver that does not tell the L2's size */
    const size_t cache = device->last_level_cache > 0 ? device->last_level_cache : unknown;
    int64_t count = (int64_t)(2 * cache / sizeof(float)) / 64 * 64;
    size_t bytes = 2 * (size_t)count * sizeof(float);
    void *block = NULL;
    enum status status = device->allocate(device, bytes + sizeof(float), &block, message);
    if (status != STATUS_OK)
        return status;
    float *floats = block;
    struct load load = {
        .copy = {.variant = TRANSFER_COPY, .count = count, .a = floats, .out = floats + count},
        .scratch = floats + 2 * count,
        .execution = {.gpu = device->gpu, .message = message},
        .warming = quick ? 50 : 200};
    double bandwidth = 0.0;
    *ceilings = (struct ceilings){.threads = 0};
    status = values_upload(device, floats, count, 0, message);
    if (status == STATUS_OK)
        status =
            best_rate(device, &load, fma_enqueue, quick, &ceilings->flops_per_second[DTYPE_F32]);
    if (status == STATUS_OK)
        status = best_rate(device, &load, copy_enqueue, quick, &bandwidth);
    for (int i = 0; i < CEILING_LEVELS; i++)
        ceilings->levels[i] =
            (struct ceiling_level){.working_set = (double)bytes, .bytes_per_second = bandwidth};
    if (status != STATUS_OK)
        *ceilings = (struct ceilings){0};
    device->release(device, block);
    return status;
}

/* --- from GPU to GPU -------------------------------------------------------------------------- */

enum { MESSAGE_LEAST = 1 << 20, MESSAGE_MOST = 64 << 20, MESSAGE_GROWTH = 8 };

/* Whether the smallest message is what the rank before this one sends. */
static enum status message_check(struct device *device, const struct load *load) {
    const int count = MESSAGE_LEAST / (int)sizeof(float), ranks = ranks_count(device->ranks);
    const int before = (ranks_number(device->ranks) + ranks - 1) % ranks;
    struct message *message = load->execution.message;
    float *values = malloc(2 * (size_t)MESSAGE_LEAST);
    if (!values)
        return message_set(message, STATUS_NO_MEMORY, "no memory to check what a GPU received");
    random_fill(values, count, 1, 1 + (uint32_t)before, -1.0f, 1.0f);
    enum status status =
        device->download(device, values + count, load->ring.received, MESSAGE_LEAST, message);
    /* To the bit. */
    if (status == STATUS_OK &&
        memcmp((const char *)values, (const char *)(values + count), MESSAGE_LEAST) != 0)
        status = message_set(message, STATUS_FAILED,
                             "what came by ncclRecv is not what rank %d gave to ncclSend", before);
    free(values);
    return status;
}

/* The best rate of all sizes, once a message was seen to arrive. */
static enum status link_rate(struct device *device, struct load *load, bool quick, double *best) {
    struct message *message = load->execution.message;
    enum status status = collectives_enter(device->gpu, device->ranks, message);
    load->ring.bytes = MESSAGE_LEAST;
    if (status == STATUS_OK)
        status = load_once(device, load, pass_on_enqueue);
    if (status == STATUS_OK)
        status = message_check(device, load);
    status = ranks_agree(device->ranks, status, message);
    for (size_t bytes = MESSAGE_LEAST; bytes <= MESSAGE_MOST && status == STATUS_OK;
         bytes *= MESSAGE_GROWTH) {
        double rate = 0.0;
        load->ring.bytes = bytes;
        status = best_rate(device, load, pass_on_enqueue, quick, &rate);
        *best = rate > *best ? rate : *best;
    }
    return status;
}

enum status ceilings_measure_gpu_link(struct device *device, bool quick, double *bytes_per_second,
                                      struct message *message) {
    void *block = NULL;
    enum status status = device->allocate(device, 2 * (size_t)MESSAGE_MOST, &block, message);
    double best = 0.0;
    struct load load = {
        .execution = {.gpu = device->gpu, .ranks = device->ranks, .message = message},
        .warming = quick ? 5 : 20}; /* the clocks are up since the other ceilings */
    if (status == STATUS_OK) {
        load.ring.sent = block;
        load.ring.received = (char *)block + MESSAGE_MOST;
        status = values_upload(device, block, MESSAGE_MOST / (int)sizeof(float),
                               ranks_number(device->ranks), message);
    }
    status = ranks_agree(device->ranks, status, message);
    if (status == STATUS_OK)
        status = link_rate(device, &load, quick, &best);
    *bytes_per_second = status == STATUS_OK ? best : 0.0;
    if (block)
        device->release(device, block);
    return status;
}
