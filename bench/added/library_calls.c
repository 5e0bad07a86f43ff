/* The calls of include/lockstep/implementation.h, made of those of gpu/gpu.h. */
#include "bench/added/library_calls.h"
#include "gpu/gpu.h"

#include <stdarg.h>
#include <stdio.h>

static enum status refuse(struct execution *execution, enum status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static enum status refuse(struct execution *execution, enum status status, const char *format,
                          ...) {
    struct message *message = execution->message;
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(message->text, sizeof message->text, format, arguments);
    va_end(arguments);
    return status;
}

static void *stream(struct execution *execution) {
    return gpu_stream(execution->gpu);
}

static bool is_emulated(struct execution *execution) {
    return gpu_properties(execution->gpu)->emulated;
}

static int capability(struct execution *execution) {
    return gpu_properties(execution->gpu)->capability;
}

static enum status allocate(struct execution *execution, size_t bytes, void **pointer) {
    return gpu_allocate(execution->gpu, bytes, pointer, execution->message);
}

static void release(struct execution *execution, void *pointer) {
    gpu_release(execution->gpu, pointer);
}

static enum status load(struct execution *execution, const char *name, const void *image,
                        size_t bytes) {
    const struct gpu_image added = {name, image, (const char *)image + bytes};
    return gpu_image_add(execution->gpu, &added, execution->message);
}

static enum status launch(struct execution *execution, const struct lockstep_launch *launched) {
    const struct gpu_launch launch = {
        .kernel = {launched->image, launched->kernel},
        .grid = {launched->grid[0], launched->grid[1], launched->grid[2]},
        .block = {launched->block[0], launched->block[1], launched->block[2]},
        .shared_bytes = launched->shared_bytes,
        .parameters = launched->arguments};
    return gpu_launch(execution->gpu, &launch, execution->message);
}

const struct lockstep_calls library_calls = {.bytes = sizeof library_calls,
                                             .refuse = refuse,
                                             .gpu_stream = stream,
                                             .gpu_is_emulated = is_emulated,
                                             .gpu_capability = capability,
                                             .gpu_allocate = allocate,
                                             .gpu_release = release,
                                             .gpu_load = load,
                                             .gpu_launch = launch};
