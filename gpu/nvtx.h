/* Named ranges on the timeline of NVIDIA's profilers, in the domain "lockstep".
 *
 * Ranges nest: a case, inside it an implementation, inside that a phase (warm-up, verify, sample),
 * and in a training step a part; docs/profiling.md names them. Without a profiler a range costs a
 * few nanoseconds. Ranges belong to the thread that pushes them.
 */
#ifndef LOCKSTEP_GPU_NVTX_H
#define LOCKSTEP_GPU_NVTX_H

#include <stdbool.h>

struct nvtx {
    void *domain; /* NULL in a build without NVIDIA's headers */
};

/* False in a build without the nvtx3 headers: then every call below does nothing. */
bool nvtx_available(void);

void nvtx_open(struct nvtx *nvtx);
void nvtx_close(struct nvtx *nvtx);

/* Begins a range of that name, which ends at the nvtx_pop() that belongs to it. */
void nvtx_push(const struct nvtx *nvtx, const char *name);
void nvtx_pop(const struct nvtx *nvtx);

#endif
