/* A growing block of memory that is freed at once. */
#include "emulator/memory/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGNMENT = 64, CHUNK_BYTES = 64 * 1024 };

struct arena_chunk {
    _Alignas(ALIGNMENT) struct arena_chunk *next;
    _Alignas(ALIGNMENT) unsigned char bytes[];
};

static int arena_grow(struct arena *arena, size_t size) {
    size_t capacity = size > CHUNK_BYTES ? size : CHUNK_BYTES;
    struct arena_chunk *chunk = aligned_alloc(
        ALIGNMENT, sizeof *chunk + (capacity + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT);
    if (!chunk)
        return -1;
    chunk->next = arena->chunks;
    arena->chunks = chunk;
    arena->used = 0;
    arena->capacity = capacity;
    return 0;
}

void *arena_allocate(struct arena *arena, size_t size) {
    if (size > SIZE_MAX / 4)
        return NULL;
    size = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (arena->capacity - arena->used < size && arena_grow(arena, size) != 0)
        return NULL;
    unsigned char *memory = arena->chunks->bytes + arena->used;
    arena->used += size;
    memset(memory, 0, size);
    return memory;
}

char *arena_copy_text(struct arena *arena, const char *text, size_t length) {
    char *copy = arena_allocate(arena, length + 1);
    if (copy)
        memcpy(copy, text, length);
    return copy;
}

void arena_free(struct arena *arena) {
    while (arena->chunks) {
        struct arena_chunk *next = arena->chunks->next;
        free(arena->chunks);
        arena->chunks = next;
    }
    *arena = (struct arena){0};
}
