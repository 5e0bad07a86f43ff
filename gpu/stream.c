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
