/* What parsing and decoding share: the memory of the module, and the way out when the text is
 * wrong. */
#ifndef LOCKSTEP_EMULATOR_PTX_SOURCE_H
#define LOCKSTEP_EMULATOR_PTX_SOURCE_H

#include "emulator/lanes/machine_types.h"
#include "emulator/memory/arena.h"

#include <setjmp.h>

struct source {
    struct arena *arena;
    struct machine_diagnostic *diagnostic;
    enum machine_status status;
    jmp_buf failure; /* the loader waits here; everything allocated lives in the arena */
};

/* A place in the PTX text, both from 1. */
struct source_place {
    unsigned line, column;
};

/* Fills the diagnostic and leaves through source->failure. */
_Noreturn void source_fail(struct source *source, enum machine_status status,
                           struct source_place place, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* Zeroed; never NULL (fails with MACHINE_OUT_OF_MEMORY). */
void *source_allocate(struct source *source, size_t size);
/* Room for one more element in an array that doubles; `items` may move. */
void *source_grow(struct source *source, void *items, size_t count, size_t *capacity,
                  size_t item_size);

#endif
