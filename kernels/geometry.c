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

/* Elements of a group and of a sector, as in kernels/reductions/row_groups.cuh. */
enum { GROUP = 4, SECTOR = 8 };

static const struct {
    int threads, groups;
} row_forms[] = {
#define ROW_FORM(name, threads, groups, ...) [ROW_##name] = {threads, groups},
    ROW_FORM_LIST(ROW_FORM)
#undef ROW_FORM
        [ROW_LONG] = {LONG_THREADS, 0}};

/* Of the row that has most: rows of a whole number of sectors begin all alike in one; others go
 * through all phases. */
static int64_t row_groups(const float *input, int64_t rows, int64_t columns) {
    int64_t phase = (int64_t)((uintptr_t)input / sizeof(float) % SECTOR);
    if (rows > 1 && columns % SECTOR != 0)
        phase = SECTOR - 1;
    return geometry_ceil(columns + phase, GROUP);
}

enum row_form geometry_row_form(const float *input, int64_t rows, int64_t columns) {
    const int64_t groups = row_groups(input, rows, columns);
    int form = 0;
    while (form < ROW_LONG && groups > (int64_t)row_forms[form].threads * row_forms[form].groups)
        form++;
    return (enum row_form)form;
}

int64_t geometry_row_kept(const struct gpu *gpu, int arrays, const float *input, int64_t rows,
                          int64_t columns) {
    enum { RESERVED = 2048 }; /* for the reductions, and what the driver takes of each block */
    const size_t bytes = gpu_properties(gpu)->shared_per_block_optin;
    const size_t group_bytes = GROUP * sizeof(float);
    const int64_t fit = bytes > RESERVED ? (int64_t)((bytes - RESERVED) / group_bytes) / arrays : 0;
    const int64_t groups = row_groups(input, rows, columns);
    return groups < fit ? groups : fit;
}

enum status geometry_launch_rows(struct execution *execution, const struct gpu_kernel *kernels,
                                 enum row_form form, int64_t rows, int64_t kept, void *arguments) {
    const bool warp = row_forms[form].threads == WARP_LANES;
    const int64_t blocks = warp ? geometry_ceil(rows, WARP_ROWS) : rows;
    const int threads = warp ? WARP_ROWS * WARP_LANES : row_forms[form].threads;
    const struct gpu_launch launch = {.kernel = kernels[form],
                                      .grid = {blocks, 1, 1},
                                      .block = {threads, 1, 1},
                                      .shared_bytes = (int)(kept * GROUP * (int64_t)sizeof(float)),
                                      .arguments = arguments};
    if (execution->gpu == NULL)
        return message_set(execution->message, STATUS_INVALID,
                           "%s is a GPU kernel and was called without a GPU", kernels[form].name);
    return gpu_launch(execution->gpu, &launch, execution->message);
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
