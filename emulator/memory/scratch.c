/* Host memory kept between launches. */
#include "emulator/memory/scratch.h"

#include <stdbool.h>
#include <sys/mman.h>

/* One piece, and all together. */
enum { LARGEST_KEPT = 8 << 20, MOST_KEPT = 32 << 20, SMALLEST = 4096 };

int scratch_open(struct scratch *scratch) {
    scratch->count = scratch->kept_bytes = 0;
    return pthread_mutex_init(&scratch->lock, NULL);
}

void scratch_close(struct scratch *scratch) {
    for (size_t k = 0; k < scratch->count; k++)
        (void)munmap(scratch->kept[k].memory, scratch->kept[k].bytes);
    (void)pthread_mutex_destroy(&scratch->lock);
}

/* Sizes go up in powers of two, so that launches of similar kernels find each other's pieces. */
static size_t whole_size(size_t bytes) {
    size_t size = SMALLEST;
    if (bytes > LARGEST_KEPT)
        return bytes;
    while (size < bytes)
        size *= 2;
    return size;
}

void *scratch_take(struct scratch *scratch, size_t bytes) {
    const size_t size = whole_size(bytes);
    void *memory = NULL;
    pthread_mutex_lock(&scratch->lock);
    for (size_t k = scratch->count; k-- > 0 && !memory;) {
        if (scratch->kept[k].bytes != size)
            continue;
        memory = scratch->kept[k].memory;
        scratch->kept_bytes -= size;
        scratch->kept[k] = scratch->kept[--scratch->count];
    }
    pthread_mutex_unlock(&scratch->lock);
    if (memory)
        return memory;
    memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                  -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

void scratch_give(struct scratch *scratch, void *memory, size_t bytes) {
    const size_t size = whole_size(bytes);
    if (!memory)
        return;
    pthread_mutex_lock(&scratch->lock);
    const bool fits = size <= LARGEST_KEPT && scratch->count < SCRATCH_KEPT &&
                      scratch->kept_bytes + size <= MOST_KEPT;
    if (fits) {
        scratch->kept[scratch->count].memory = memory;
        scratch->kept[scratch->count++].bytes = size;
        scratch->kept_bytes += size;
    }
    pthread_mutex_unlock(&scratch->lock);
    if (!fits)
        (void)munmap(memory, size);
}
