/* The caches of a device while one launch runs. */
#include "emulator/memory/caches.h"

#include "emulator/memory/memory.h"

#include <stdlib.h>

enum { FIRST_WAYS = 64, SECOND_WAYS = 16 };
/* Where error correction lies in the memory of the data, 64 bytes check a KiB. */
enum { CHECK_BYTES = 64, CHECKED_LINES = 1024 / CACHE_LINE_BYTES };

static uint64_t count(uint8_t sectors) {
    return (uint64_t)__builtin_popcount(sectors);
}

/* Shared memory takes the least of the sizes that the CUDA programming guide lists into which the
 * blocks fit. */
size_t caches_first_bytes(const struct machine_properties *properties, size_t shared) {
    static const size_t sizes_kib[] = {0, 8, 16, 32, 64, 100, 132, 164, 196, 228};
    enum { SIZES = sizeof sizes_kib / sizeof sizes_kib[0] };
    const size_t least = properties->capability_major < 8 ? 32 : 0;
    size_t taken = properties->shared_per_multiprocessor;
    for (size_t k = SIZES; k-- > 0;)
        if (sizes_kib[k] >= least && sizes_kib[k] << 10 >= shared && sizes_kib[k] << 10 < taken)
            taken = sizes_kib[k] << 10;
    return properties->l1_bytes > taken ? properties->l1_bytes - taken : 0;
}

struct caches *caches_create(const struct machine_properties *properties, size_t first_bytes) {
    struct caches *caches = calloc(1, sizeof *caches);
    bool is_whole = caches && cache_open(&caches->second, properties->l2_bytes, SECOND_WAYS) == 0;
    if (is_whole)
        caches->first = calloc(properties->multiprocessors, sizeof *caches->first);
    is_whole = is_whole && caches->first;
    for (; is_whole && caches->multiprocessors < properties->multiprocessors;
         caches->multiprocessors++)
        if (cache_open(&caches->first[caches->multiprocessors], first_bytes, FIRST_WAYS) != 0)
            is_whole = false;
    if (is_whole) {
        caches->has_inline_ecc = properties->has_inline_ecc;
        return caches;
    }
    caches_destroy(caches);
    return NULL;
}

void caches_destroy(struct caches *caches) {
    for (unsigned k = 0; caches && k < caches->multiprocessors; k++)
        cache_close(&caches->first[k]);
    if (caches) {
        cache_close(&caches->second);
        free(caches->first);
    }
    free(caches);
}

/* The sectors that go on to the second cache. Nothing in the first one is dirty: stores go through
 * it, and change the line where it is there. */
static uint8_t access_first(struct cache *cache, enum caches_access access, uint64_t number,
                            uint8_t sectors, struct machine_counters *counters) {
    struct cache_line *line = cache_find(cache, number);
    const uint8_t hits = line ? line->valid & sectors : 0;
    uint8_t none;
    counters->l1_sectors += count(sectors);
    counters->l1_hits += count(hits);
    if (access == CACHES_STORE)
        return sectors;
    if (!line)
        line = cache_place(cache, number, &none);
    line->valid |= sectors;
    return sectors & (uint8_t)~hits;
}

/* What is checked together is read together: both sectors of half a line. */
static uint8_t halves_of(uint8_t sectors) {
    const uint8_t any = (sectors | sectors >> 1) & 5;
    return any | (uint8_t)(any << 1);
}

void caches_request(struct caches *caches) {
    caches->checked = 0;
}

/* Check bytes are kept nowhere: only what one request reads side by side shares them. */
static void dram_read(struct caches *caches, uint64_t number, uint8_t sectors,
                      struct machine_counters *counters) {
    const uint64_t checked = number / CHECKED_LINES + 1;
    counters->dram_read_bytes += SECTOR_BYTES * count(sectors);
    if (sectors && caches->has_inline_ecc && caches->checked != checked) {
        counters->dram_read_bytes += CHECK_BYTES;
        caches->checked = checked;
    }
}

static void dram_write(const struct caches *caches, uint8_t sectors,
                       struct machine_counters *counters) {
    counters->dram_write_bytes += SECTOR_BYTES * count(sectors);
    if (sectors && caches->has_inline_ecc)
        counters->dram_write_bytes += CHECK_BYTES;
}

/* A store needs nothing of what was there, so it finds its place always. */
static void access_second(struct caches *caches, enum caches_access access, uint64_t number,
                          uint8_t sectors, struct machine_counters *counters) {
    struct cache_line *line = cache_find(&caches->second, number);
    uint8_t dirty = 0;
    if (!line)
        line = cache_place(&caches->second, number, &dirty);
    const uint8_t hits = access == CACHES_STORE ? sectors : line->valid & sectors;
    counters->l2_sectors += count(sectors);
    counters->l2_hits += count(hits);
    const uint8_t missing = sectors & (uint8_t)~hits;
    const uint8_t brought =
        caches->has_inline_ecc ? halves_of(missing) & (uint8_t)~line->valid : missing;
    dram_read(caches, number, brought, counters);
    dram_write(caches, dirty, counters);
    line->valid |= sectors | brought;
    if (access == CACHES_STORE || access == CACHES_ATOMIC)
        line->dirty |= sectors;
}

void caches_access(struct caches *caches, unsigned multiprocessor, enum caches_access access,
                   uint64_t line, uint8_t sectors, struct machine_counters *counters) {
    if (access == CACHES_LOAD || access == CACHES_STORE)
        sectors = access_first(&caches->first[multiprocessor], access, line, sectors, counters);
    if (sectors)
        access_second(caches, access, line, sectors, counters);
}
