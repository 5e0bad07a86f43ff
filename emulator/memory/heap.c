/* The heap of the device: first fit over a list of chunks. */
#include "emulator/memory/heap.h"

#include "emulator/memory/list.h"

#include <stdlib.h>
#include <string.h>

enum { HEAP_ALIGNMENT = 16 };

enum machine_status heap_open(struct heap *heap, struct memory *memory, size_t bytes) {
    const size_t size = bytes / HEAP_ALIGNMENT * HEAP_ALIGNMENT;
    heap->chunks = malloc(sizeof *heap->chunks);
    if (!heap->chunks || !size)
        return MACHINE_OUT_OF_MEMORY;
    heap->chunks[0] = (struct heap_chunk){.size = size};
    heap->count = heap->capacity = 1;
    return memory_allocate(memory, size, MACHINE_MEMORY_MODULE, &heap->base);
}

void heap_close(struct heap *heap) {
    free(heap->chunks);
    *heap = (struct heap){0};
}

/* Room for one more chunk. */
static bool heap_reserve(struct heap *heap) {
    struct heap_chunk *chunks =
        list_reserve(heap->chunks, heap->count + 1, &heap->capacity, sizeof *chunks);
    if (chunks)
        heap->chunks = chunks;
    return chunks != NULL;
}

uint64_t heap_allocate(struct heap *heap, uint64_t bytes) {
    if (bytes == 0 || bytes > SIZE_MAX / 2 || !heap_reserve(heap))
        return 0;
    const size_t size = ((size_t)bytes + HEAP_ALIGNMENT - 1) / HEAP_ALIGNMENT * HEAP_ALIGNMENT;
    for (size_t k = 0; k < heap->count; k++) {
        struct heap_chunk *chunk = &heap->chunks[k];
        if (chunk->is_used || chunk->size < size)
            continue;
        if (chunk->size > size) {
            memmove(chunk + 2, chunk + 1, (heap->count - k - 1) * sizeof *chunk);
            chunk[1] = (struct heap_chunk){chunk->offset + size, chunk->size - size, false};
            heap->count++;
        }
        chunk->size = size;
        chunk->is_used = true;
        return heap->base + chunk->offset;
    }
    return 0;
}

/* Joins chunk k with the one behind it when both are free. */
static void heap_join(struct heap *heap, size_t k) {
    struct heap_chunk *chunk = &heap->chunks[k];
    if (k + 1 >= heap->count || chunk[0].is_used || chunk[1].is_used)
        return;
    chunk->size += chunk[1].size;
    memmove(chunk + 1, chunk + 2, (heap->count - k - 2) * sizeof *chunk);
    heap->count--;
}

/* The chunk in use that begins there; the count of chunks when none does. */
static size_t heap_find(const struct heap *heap, uint64_t address) {
    size_t k = 0;
    while (k < heap->count &&
           (!heap->chunks[k].is_used || heap->base + heap->chunks[k].offset != address))
        k++;
    return k;
}

size_t heap_size(const struct heap *heap, uint64_t address) {
    const size_t k = heap_find(heap, address);
    return k < heap->count ? heap->chunks[k].size : 0;
}

bool heap_free(struct heap *heap, uint64_t address) {
    const size_t k = heap_find(heap, address);
    if (k == heap->count)
        return address == 0;
    heap->chunks[k].is_used = false;
    heap_join(heap, k);
    if (k > 0)
        heap_join(heap, k - 1);
    return true;
}

size_t heap_in_use(const struct heap *heap, size_t *count) {
    size_t bytes = 0;
    *count = 0;
    for (size_t k = 0; k < heap->count; k++) {
        bytes += heap->chunks[k].is_used ? heap->chunks[k].size : 0;
        *count += heap->chunks[k].is_used;
    }
    return bytes;
}
