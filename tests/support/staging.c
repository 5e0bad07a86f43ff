/* See tests/support/staging.h. */
#include "tests/support/staging.h"

#include "bench/devices/gpu.h"
#include "kernels/kernels.h"
#include "tests/stand_in/client.h"
#include "tests/support/support.h"

#include <stdlib.h>
#include <string.h>

/* Floats: 4 KiB on both sides, all of them NaN, so that what is read there shows in the result. */
enum { GUARD = 1024, GUARD_BYTE = 0xFF };

bool staging_kernels_are_nvccs(void) {
    const char *built = kernels_built();
    bool theirs = strncmp(built, "by nvcc ", strlen("by nvcc ")) == 0;
    if (!theirs)
        print_message("kernels built %s: counts are bounded for nvcc's alone\n", built);
    return theirs;
}

bool staging_has_kernels(void) {
    size_t count;
    (void)kernels_images(&count);
    return count > 0;
}

void staging_need_kernels(void) {
    if (staging_has_kernels())
        return;
    print_message("kernels built: %s\n", kernels_built());
    skip();
}

bool staging_has_image(const char *name) {
    size_t count;
    const struct gpu_image *images = kernels_images(&count);
    for (size_t i = 0; i < count; i++)
        if (strcmp(images[i].name, name) == 0)
            return true;
    print_message("kernels built %s: no %s among them\n", kernels_built(), name);
    return false;
}

static struct staging *staging_start(struct staging *staging) {
    staging->execution =
        (struct execution){.threads = 1, .gpu = staging->device.gpu, .message = &staging->message};
    return staging;
}

/* Missing is a reason to skip; there and broken is not. */
static bool emulated_available(void) {
    struct message message;
    char path[4096];
    if (!staging_has_kernels())
        print_message("kernels built: %s\n", kernels_built());
    else if (gpu_emulator_path(path, sizeof path, &message) != STATUS_OK)
        print_message("%s\n", message.text);
    else
        return true;
    return false;
}

struct staging *staging_open_emulated(void) {
    if (!emulated_available())
        return NULL;
    struct staging *staging = calloc(1, sizeof *staging);
    assert_non_null(staging);
    /* Races, reads of memory that nothing wrote, and barriers that not all threads reach, too. */
    assert_int_equal(setenv("LOCKSTEP_EMULATOR", "check=all", 0), 0);
    if (device_gpu_open("emulated", &staging->device, &staging->message) != STATUS_OK)
        fail_msg("%s", staging->message.text);
    assert_true(staging->device.emulated);
    return staging_start(staging);
}

struct staging *staging_open_stand_in(void) {
    const struct gpu_selection selection = {.driver = STAND_IN_CUDA, .cublas = STAND_IN_CUBLAS};
    struct staging *staging = calloc(1, sizeof *staging);
    assert_non_null(staging);
    stand_in_order(NULL);
    assert_int_equal(device_gpu_open_selection(&selection, &staging->device, &staging->message),
                     STATUS_OK);
    return staging_start(staging);
}

void staging_close(struct staging *staging) {
    if (staging == NULL)
        return;
    (void)staging->device.close(&staging->device, &staging->message);
    free(staging);
}

static float *stage(struct staging *staging, const void *host, int64_t elements, int offset,
                    float *result) {
    struct device *device = &staging->device;
    const size_t floats = (size_t)elements + 2 * (size_t)GUARD + (size_t)offset;
    const size_t bytes = floats * sizeof(float);
    float *image = malloc(bytes);
    void *base = NULL;
    assert_non_null(image);
    assert_in_range(staging->count, 0, STAGING_BUFFERS - 1);
    memset(image, GUARD_BYTE, bytes);
    memcpy(image + GUARD + offset, host, (size_t)elements * sizeof(float));
    assert_int_equal(device->allocate(device, bytes, &base, &staging->message), STATUS_OK);
    assert_int_equal(device->upload(device, base, image, bytes, &staging->message), STATUS_OK);
    free(image);
    struct staged *buffer = &staging->buffers[staging->count++];
    *buffer = (struct staged){.base = base, .elements = elements, .offset = offset};
    buffer->host = result;
    return (float *)base + GUARD + offset;
}

const void *staging_input(struct staging *staging, const void *host, int64_t elements, int offset) {
    return host == NULL ? NULL : stage(staging, host, elements, offset, NULL);
}

float *staging_output(struct staging *staging, float *host, int64_t elements, int offset) {
    return host == NULL ? NULL : stage(staging, host, elements, offset, host);
}

static void unstage(struct staging *staging, const struct staged *buffer, const char *what) {
    struct device *device = &staging->device;
    const size_t before = (size_t)GUARD + (size_t)buffer->offset;
    const size_t elements = (size_t)buffer->elements;
    const size_t bytes = (before + elements + GUARD) * sizeof(float);
    unsigned char *image = malloc(bytes);
    assert_non_null(image);
    assert_int_equal(device->download(device, image, buffer->base, bytes, &staging->message),
                     STATUS_OK);
    for (size_t i = 0; i < bytes; i++) {
        bool guard = i < before * sizeof(float) || i >= (before + elements) * sizeof(float);
        if (guard && image[i] != GUARD_BYTE)
            fail_msg("%s: wrote outside its buffer, byte %zu of %zu", what, i, bytes);
    }
    if (buffer->host != NULL)
        memcpy(buffer->host, image + before * sizeof(float), elements * sizeof(float));
    free(image);
    device->release(device, buffer->base);
}

void staging_finish(struct staging *staging, const char *what) {
    struct device *device = &staging->device;
    if (device->synchronize(device, &staging->message) != STATUS_OK)
        fail_msg("%s: %s", what, staging->message.text);
    for (int i = 0; i < staging->count; i++)
        unstage(staging, &staging->buffers[i], what);
    staging->count = 0;
}
