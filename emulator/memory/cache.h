/* One cache, as a set of tags: lines of 128 bytes in four sectors. Of a set the line goes that was
 * used longest ago. */
#ifndef LOCKSTEP_EMULATOR_MEMORY_CACHE_H
#define LOCKSTEP_EMULATOR_MEMORY_CACHE_H

#include <stddef.h>
#include <stdint.h>

enum { CACHE_LINE_SECTORS = 4, CACHE_LINE_BYTES = 128 };

struct cache_line {
    uint64_t number; /* its address / CACHE_LINE_BYTES, plus 1; 0: none */
    uint64_t used;   /* the cache's time then */
    uint8_t valid;   /* a bit for each sector that is there, */
    uint8_t dirty;   /* and for each that memory does not have yet */
};

struct cache {
    struct cache_line *lines; /* set by set */
    uint64_t sets, ways, time;
};

/* Empty, of at least one set; -1 when there is no memory. */
int cache_open(struct cache *cache, size_t bytes, unsigned ways);
void cache_close(struct cache *cache);
/* The line, which is then the latest of its set; NULL when it is not there. */
struct cache_line *cache_find(struct cache *cache, uint64_t number);
/* A line that is not there, without valid sectors, in place of another. `dirty` gets that one's
 * dirty sectors. */
struct cache_line *cache_place(struct cache *cache, uint64_t number, uint8_t *dirty);

#endif
