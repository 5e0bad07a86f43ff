/*
 * The caches of a device while one launch runs: a first-level cache for each multiprocessor, and
 * the second-level cache that all share. They begin empty, as Nsight Compute's do.
 * docs/emulator.md, "Caches", says what is simulated and what is not.
 */
#ifndef LOCKSTEP_EMULATOR_MEMORY_CACHES_H
#define LOCKSTEP_EMULATOR_MEMORY_CACHES_H

#include "emulator/lanes/machine_types.h"
#include "emulator/memory/cache.h"

struct caches {
    struct cache *first; /* of each multiprocessor */
    struct cache second;
    unsigned multiprocessors;
    bool has_inline_ecc;
    uint64_t checked; /* the KiB whose check bytes the request has read last, plus 1; 0: none */
};

enum caches_access {
    CACHES_LOAD,      /* through both */
    CACHES_LOAD_PAST, /* past the first one */
    CACHES_STORE,     /* through the first one, which keeps no line for it, into the second one */
    CACHES_ATOMIC,    /* in the second one */
};

/* What launches of one kernel leave of the memory that caches and shared memory divide; 0: no first
 * cache. `shared` bytes are those of all blocks of a multiprocessor. */
size_t caches_first_bytes(const struct machine_properties *properties, size_t shared);

/* NULL when there is no memory. */
struct caches *caches_create(const struct machine_properties *properties, size_t first_bytes);
void caches_destroy(struct caches *caches);

/* A request of a warp begins, which accesses one line after the other. */
void caches_request(struct caches *caches);

/* An access of a multiprocessor to `sectors`, a bit for each, of the line of that number. */
void caches_access(struct caches *caches, unsigned multiprocessor, enum caches_access access,
                   uint64_t line, uint8_t sectors, struct machine_counters *counters);

#endif
