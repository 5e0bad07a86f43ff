/* Host problems on a GPU, real, emulated or a stand-in: buffers go there with guard zones round
 * them, the kernel runs, and what it wrote comes back. A failed check ends the cmocka test. */
#ifndef LOCKSTEP_TESTS_SUPPORT_STAGING_H
#define LOCKSTEP_TESTS_SUPPORT_STAGING_H

#include "bench/devices/device.h"
#include "gpu/gpu.h"

enum { STAGING_BUFFERS = 8 };

struct staging {
    struct device device;
    struct execution execution;
    struct message message;
    int count;
    struct staged {
        float *base; /* of the device's buffer, guard zones included */
        float *host; /* where the result goes; NULL for an input */
        int64_t elements;
        int offset;
    } buffers[STAGING_BUFFERS];
};

/* The emulated GPU with this program's kernels. NULL where the emulator or the kernels are not
 * built, and the test is to be skipped. The caller's to staging_close(). */
struct staging *staging_open_emulated(void);

/* Whether the build has kernels. */
bool staging_has_kernels(void);
/* Skips the test where it has none. */
void staging_need_kernels(void);
/* Whether the kernels are nvcc's, whose instructions the bounds on counts are for. Another
 * compiler's kernels compute the same with more. */
bool staging_kernels_are_nvccs(void);
/* Whether the build has a kernel image of this name: not every compiler takes every kernel. */
bool staging_has_image(const char *name);

/* The stand-ins for the driver and cuBLAS; nothing but cuBLAS computes there. */
struct staging *staging_open_stand_in(void);
void staging_close(struct staging *staging);

/* A copy of the host's elements in device memory, `offset` floats past 256-byte alignment; NULL for
 * NULL. Valid until staging_finish(). */
const void *staging_input(struct staging *staging, const void *host, int64_t elements, int offset);

/* The same for a buffer that the kernel writes: it begins as the host's elements, and
 * staging_finish() copies it back there. */
float *staging_output(struct staging *staging, float *host, int64_t elements, int offset);

/* Waits, copies the outputs back, checks all guard zones and frees all buffers. */
void staging_finish(struct staging *staging, const char *what);

#endif
