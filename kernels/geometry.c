/* What the launchers of all families share; see kernels/geometry.h. */
#include "kernels/geometry.h"

int64_t geometry_ceil(int64_t a, int64_t b) {
    return a / b + (a % b != 0);
}

int64_t geometry_blocks(int64_t items) {
    return geometry_ceil(items, THREADS);
}

int64_t geometry_blocks_resident(const struct gpu *gpu, int64_t items) {
    const struct gpu_properties *properties = gpu_properties(gpu);
    int64_t resident =
        (int64_t)properties->multiprocessors * (properties->threads_per_multiprocessor / THREADS);
    int64_t blocks = geometry_blocks(items);
    if (blocks > resident && resident > 0)
        blocks = resident;
    return blocks > 0 ? blocks : 1;
}

struct vector_split geometry_split(int64_t count, const void *const *pointers, int pointer_count) {
    const int64_t vector_bytes = 16, element_bytes = sizeof(float);
    struct vector_split split = {.count = count, .head = 0, .vectors = 0};
    int64_t offset = -1; /* common to all: bytes past a 16-byte boundary */
    for (int i = 0; i < pointer_count; i++) {
        if (pointers[i] == NULL)
            continue;
        int64_t mine = (int64_t)((uintptr_t)pointers[i] % (uintptr_t)vector_bytes);
        if (offset >= 0 && mine != offset)
            return split;
        offset = mine;
    }
    if (offset < 0 || offset % element_bytes != 0)
        return split;
    split.head = (vector_bytes - offset) % vector_bytes / element_bytes;
    if (split.head > count)
        split.head = count;
    split.vectors = (count - split.head) / (vector_bytes / element_bytes);
    return split;
}

enum status geometry_launch(struct execution *execution, struct gpu_kernel kernel,
                            const int64_t blocks[2], const int threads[2], void *arguments) {
    if (execution->gpu == NULL)
        return message_set(execution->message, STATUS_INVALID,
                           "%s is a GPU kernel and was called without a GPU", kernel.name);
    const struct gpu_launch launch = {.kernel = kernel,
                                      .grid = {blocks[0], blocks[1], 1},
                                      .block = {threads[0], threads[1], 1},
                                      .arguments = arguments};
    return gpu_launch(execution->gpu, &launch, execution->message);
}

enum status geometry_launch_flat(struct execution *execution, struct gpu_kernel kernel,
                                 int64_t blocks, void *arguments) {
    const int64_t grid[2] = {blocks, 1};
    const int block[2] = {THREADS, 1};
    return geometry_launch(execution, kernel, grid, block, arguments);
}
