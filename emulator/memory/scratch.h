/*
 * Host memory that launches need while they run, kept from one launch to the next: most launches
 * are like the one before, and fresh pages cost more than a small kernel.
 */
#ifndef LOCKSTEP_EMULATOR_MEMORY_SCRATCH_H
#define LOCKSTEP_EMULATOR_MEMORY_SCRATCH_H

#include <pthread.h>
#include <stddef.h>

enum { SCRATCH_KEPT = 64 };

struct scratch {
    pthread_mutex_t lock;
    struct {
        void *memory;
        size_t bytes;
    } kept[SCRATCH_KEPT];
    size_t count, kept_bytes;
};

/* 0, or an error number. */
int scratch_open(struct scratch *scratch);
/* Everything taken has been given back. */
void scratch_close(struct scratch *scratch);
/* At least `bytes`, aligned to a page, holding anything; NULL when there is none. Pages that are
 * never written take no memory. */
void *scratch_take(struct scratch *scratch, size_t bytes);
/* With the size it was taken with; NULL is allowed. */
void scratch_give(struct scratch *scratch, void *memory, size_t bytes);

#endif
