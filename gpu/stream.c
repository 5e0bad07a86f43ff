/* Waiting for the stream, and the time between two of its events; see gpu/gpu.h. */
#include "gpu/state.h"

enum status gpu_synchronize(struct gpu *gpu, struct message *message) {
    enum status status = gpu_usable(gpu, message);
    if (status != STATUS_OK)
        return status;
    return gpu_check(gpu, gpu->driver.cuStreamSynchronize(gpu->stream), message,
                     "cuStreamSynchronize");
}

void *gpu_stream(const struct gpu *gpu) {
    return gpu->stream;
}

enum status gpu_pending(struct gpu *gpu, bool *pending, struct message *message) {
    *pending = false;
    enum status status = gpu_usable(gpu, message);
    if (status != STATUS_OK)
        return status;
    const enum cuda_result result = gpu->driver.cuStreamQuery(gpu->stream);
    *pending = result == CUDA_ERROR_NOT_READY;
    return *pending ? STATUS_OK : gpu_check(gpu, result, message, "cuStreamQuery");
}

/* --- the second stream ------------------------------------------------------------------------ */

static enum status beside_open(struct gpu *gpu, struct message *message) {
    const struct driver *driver = &gpu->driver;
    enum status status = gpu_usable(gpu, message);
    if (status == STATUS_OK && gpu->crossing == NULL)
        status = gpu_check(gpu, driver->cuEventCreate(&gpu->crossing, CU_EVENT_DISABLE_TIMING),
                           message, "cuEventCreate");
    if (status == STATUS_OK && gpu->beside == NULL)
        status = gpu_check(gpu, driver->cuStreamCreate(&gpu->beside, CU_STREAM_NON_BLOCKING),
                           message, "cuStreamCreate");
    return status;
}

/* A wait is for what the event was recorded behind last: one event does for all. */
static enum status stream_wait(struct gpu *gpu, struct cuda_stream *waiting,
                               struct cuda_stream *awaited, struct message *message) {
    enum status status =
        gpu_check(gpu, gpu->driver.cuEventRecord(gpu->crossing, awaited), message, "cuEventRecord");
    if (status == STATUS_OK)
        status = gpu_check(gpu, gpu->driver.cuStreamWaitEvent(waiting, gpu->crossing, 0), message,
                           "cuStreamWaitEvent");
    return status;
}

enum status gpu_beside_follow(struct gpu *gpu, struct message *message) {
    enum status status = beside_open(gpu, message);
    return status == STATUS_OK ? stream_wait(gpu, gpu->beside, gpu->stream, message) : status;
}

enum status gpu_beside_wait(struct gpu *gpu, struct message *message) {
    enum status status = beside_open(gpu, message);
    return status == STATUS_OK ? stream_wait(gpu, gpu->stream, gpu->beside, message) : status;
}

/* --- timing --------------------------------------------------------------------------------- */

enum status gpu_timer_start(struct gpu *gpu, struct message *message) {
    enum status status = gpu_usable(gpu, message);
    if (status != STATUS_OK)
        return status;
    gpu->timer_marked = false;
    return gpu_check(gpu, gpu->driver.cuEventRecord(gpu->timer_start, gpu->stream), message,
                     "cuEventRecord");
}

enum status gpu_timer_mark(struct gpu *gpu, struct message *message) {
    enum status status = gpu_usable(gpu, message);
    if (status == STATUS_OK && !gpu->timer_marked)
        status = gpu_check(gpu, gpu->driver.cuEventRecord(gpu->timer_stop, gpu->stream), message,
                           "cuEventRecord");
    gpu->timer_marked = status == STATUS_OK;
    return status;
}

enum status gpu_timer_stop(struct gpu *gpu, double *seconds, struct message *message) {
    const struct driver *driver = &gpu->driver;
    enum status status = gpu_timer_mark(gpu, message);
    if (status == STATUS_OK)
        status = gpu_check(gpu, driver->cuEventSynchronize(gpu->timer_stop), message,
                           "cuEventSynchronize");
    if (status != STATUS_OK)
        return status;
    float milliseconds = 0.0f;
    enum cuda_result result =
        driver->cuEventElapsedTime(&milliseconds, gpu->timer_start, gpu->timer_stop);
    if (driver->emulated && result == CUDA_ERROR_NOT_SUPPORTED)
        return message_set(message, STATUS_UNSUPPORTED,
                           "an emulated GPU has no time: its counters say what the kernel did");
    if (result != CUDA_SUCCESS)
        return gpu_check(gpu, result, message, "cuEventElapsedTime");
    *seconds = (double)milliseconds * 1e-3;
    return STATUS_OK;
}
