/* A growing block of memory that is freed at once: everything a module owns lives in one. */
#ifndef LOCKSTEP_EMULATOR_MEMORY_ARENA_H
#define LOCKSTEP_EMULATOR_MEMORY_ARENA_H

#include <stddef.h>

struct arena_chunk;

struct arena {
    struct arena_chunk *chunks;
    size_t used, capacity; /* of the newest chunk, bytes */
};

/* Zeroed memory aligned to 64 bytes; NULL when there is none left. A zeroed struct arena is an
 * empty arena. */
void *arena_allocate(struct arena *arena, size_t size);
/* A NUL-terminated copy. */
char *arena_copy_text(struct arena *arena, const char *text, size_t length);
void arena_free(struct arena *arena);

#endif
