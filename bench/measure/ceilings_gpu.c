/* What a GPU can do at most, measured. */
#include "bench/devices/device.h"
#include "bench/measure/ceilings.h"
#include "common/random.h"
#include "kernels/kernels.h"

#include <stdlib.h>

/* One kernel at its ceiling, and what it works on. */
struct load {
    struct transfer_problem copy;
    void *scratch; /* one float, for the multiply-adds */
    struct execution execution;
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

static enum status batch_rate(struct device *device, struct load *load, load_enqueue *enqueue,
                              int64_t repetitions, double *rate, double *seconds) {
    double work = 0.0;
    enum status status = device->timer_start(device, load->execution.message);
    if (status == STATUS_OK)
        status = enqueue(load, repetitions, &work);
    if (status == STATUS_OK)
        status = device->timer_stop(device, seconds, load->execution.message);
    *rate = status == STATUS_OK && *seconds > 0.0 ? work / *seconds : 0.0;
    return status;
}

/* The kernel's first launch, between no two events: it loads the kernel, which takes longer than
 * many a batch. */
static enum status load_once(struct device *device, struct load *load, load_enqueue *enqueue) {
    double work = 0.0;
    enum status status = enqueue(load, 1, &work);
    return status == STATUS_OK ? device->synchronize(device, load->execution.message) : status;
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
                               "%s's time does not grow with its work: %lld times a kernel took "
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
    const int warming = quick ? 50 : 200, passes = quick ? 5 : 20;
    int64_t repetitions = 1;
    double rate = 0.0, seconds = 0.0;
    *best = 0.0;
    enum status status = load_once(device, load, enqueue);
    if (status == STATUS_OK)
        status = batch_grow(device, load, enqueue, &repetitions);
    for (int i = 0; i < warming && status == STATUS_OK; i++)
        status = batch_rate(device, load, enqueue, repetitions, &rate, &seconds);
    if (status == STATUS_OK)
        status = batch_grow(device, load, enqueue, &repetitions);
    for (int i = 0; i < passes && status == STATUS_OK; i++) {
        status = batch_rate(device, load, enqueue, repetitions, &rate, &seconds);
        *best = rate > *best ? rate : *best;
    }
    return status;
}

/* Values as in every other measurement, never zeros. */
static enum status copy_prepare(struct device *device, float *to, int64_t count,
                                struct message *message) {
    size_t bytes = (size_t)count * sizeof *to;
    float *values = malloc(bytes);
    if (!values)
        return message_set(message, STATUS_NO_MEMORY, "no memory for %zu bytes to copy", bytes);
    random_fill(values, count, 1, 1, -1.0f, 1.0f);
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
        .execution = {.gpu = device->gpu, .message = message}};
    double bandwidth = 0.0;
    *ceilings = (struct ceilings){.threads = 0};
    status = copy_prepare(device, floats, count, message);
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
