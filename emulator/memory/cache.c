/* One cache, as a set of tags. */
#include "emulator/memory/cache.h"

#include <stdlib.h>

int cache_open(struct cache *cache, size_t bytes, unsigned ways) {
    const uint64_t lines = bytes / CACHE_LINE_BYTES;
    *cache = (struct cache){.sets = lines > ways ? lines / ways : 1, .ways = ways};
    cache->lines = calloc(cache->sets * ways, sizeof *cache->lines);
    return cache->lines ? 0 : -1;
}

void cache_close(struct cache *cache) {
    free(cache->lines);
    *cache = (struct cache){.lines = NULL};
}

/* GPUs spread lines over sets by a hash that is not published: neighbours and powers of two apart
 * fall into different sets alike. */
static struct cache_line *set_of(const struct cache *cache, uint64_t number) {
    const uint64_t hash = (number ^ number >> 17) * UINT64_C(0x9e3779b97f4a7c15) >> 32;
    return cache->lines + (hash * cache->sets >> 32) * cache->ways;
}

struct cache_line *cache_find(struct cache *cache, uint64_t number) {
    struct cache_line *set = set_of(cache, number);
    for (uint64_t way = 0; way < cache->ways; way++) {
        if (set[way].number != number + 1)
            continue;
        set[way].used = ++cache->time;
        return &set[way];
    }
    return NULL;
}

struct cache_line *cache_place(struct cache *cache, uint64_t number, uint8_t *dirty) {
    struct cache_line *set = set_of(cache, number), *oldest = set;
    for (uint64_t way = 1; way < cache->ways; way++)
        oldest = set[way].used < oldest->used ? &set[way] : oldest;
    *dirty = oldest->dirty;
    *oldest = (struct cache_line){.number = number + 1, .used = ++cache->time};
    return oldest;
}
