/* Device memory and the host memory that kernels may reach. */
#include "emulator/memory/memory.h"

#include "emulator/lanes/space.h"
#include "emulator/memory/list.h"
#include "emulator/memory/multicast.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static size_t align_up(size_t value, size_t alignment) {
    return (value + alignment - 1) / alignment * alignment;
}

enum machine_status memory_open(struct memory *memory, size_t device_bytes) {
    /* Room for guard gaps and for the addresses that next fit leaves behind. */
    size_t bytes = align_up(device_bytes + device_bytes / 4 + ((size_t)64 << 20), (size_t)1 << 21);
    void *arena = mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (arena == MAP_FAILED)
        return MACHINE_OUT_OF_MEMORY;
    *memory = (struct memory){.arena = arena, .arena_bytes = bytes, .device_bytes = device_bytes};
    return MACHINE_OK;
}

static void range_release(struct memory_range *range) {
    if (range->kind == MACHINE_MEMORY_HOST)
        free(space_host(range->base));
    free(range->touched);
    free(range->written);
    free(range);
}

void memory_close(struct memory *memory) {
    for (size_t k = 0; k < memory->count; k++)
        range_release(memory->ranges[k]);
    free(memory->ranges);
    multicast_remove_all(memory);
    if (memory->arena)
        munmap(memory->arena, memory->arena_bytes);
    *memory = (struct memory){0};
}

/* Index of the first range that ends beyond the address. */
static size_t range_index(const struct memory *memory, uint64_t address) {
    size_t low = 0, high = memory->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (memory->ranges[middle]->end > address)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

struct memory_range *memory_find(const struct memory *memory, uint64_t address) {
    size_t index = range_index(memory, address);
    bool found = index < memory->count && memory->ranges[index]->base <= address;
    return found ? memory->ranges[index] : NULL;
}

struct memory_range *memory_find_all(const struct memory *memory, uint64_t address, size_t size) {
    struct memory_range *range = memory_find(memory, address);
    return range && size <= range->end - address ? range : NULL;
}

struct memory_range *memory_find_near(const struct memory *memory, uint64_t address) {
    size_t index = range_index(memory, address);
    struct memory_range *below = index > 0 ? memory->ranges[index - 1] : NULL;
    struct memory_range *above = index < memory->count ? memory->ranges[index] : NULL;
    if (!below || !above)
        return below ? below : above;
    if (address >= above->base)
        return above; /* it is inside */
    return address - below->end < above->base - address ? below : above;
}

const struct memory_freed *memory_find_freed(const struct memory *memory, uint64_t address) {
    const size_t oldest =
        memory->freed_count > MEMORY_FREED ? memory->freed_count - MEMORY_FREED : 0;
    for (size_t k = memory->freed_count; k-- > oldest;) {
        const struct memory_freed *freed = &memory->freed[k % MEMORY_FREED];
        if (address >= freed->base && address < freed->end)
            return freed;
    }
    return NULL;
}

static enum machine_status range_insert(struct memory *memory, uint64_t base, size_t size,
                                        enum machine_memory_kind kind) {
    struct memory_range **ranges = list_reserve(memory->ranges, memory->count + 1,
                                                &memory->capacity, sizeof(struct memory_range *));
    if (!ranges)
        return MACHINE_OUT_OF_MEMORY;
    memory->ranges = ranges;
    struct memory_range *range = calloc(1, sizeof *range);
    if (!range)
        return MACHINE_OUT_OF_MEMORY;
    range->base = base;
    range->end = base + size;
    range->kind = kind;
    range->touched_words = (size / SECTOR_BYTES + 2 + 63) / 64 + 1;
    range->touched = calloc(range->touched_words, sizeof *range->touched);
    range->written = memory->track_written ? calloc(size / 8 + 1, 1) : NULL;
    if (!range->touched || (memory->track_written && !range->written)) {
        range->kind = MACHINE_MEMORY_NONE;
        range_release(range);
        return MACHINE_OUT_OF_MEMORY;
    }
    size_t index = range_index(memory, base);
    memmove(memory->ranges + index + 1, memory->ranges + index,
            (memory->count - index) * sizeof(struct memory_range *));
    memory->ranges[index] = range;
    memory->count++;
    return MACHINE_OK;
}

/* The first gap of `size` bytes from offset `from` on in the arena; SIZE_MAX when there is none. */
static size_t find_gap(const struct memory *memory, size_t from, size_t size, size_t alignment) {
    uint64_t arena = (uint64_t)(uintptr_t)memory->arena;
    size_t at = align_up(from, alignment);
    for (size_t k = range_index(memory, arena + from); k < memory->count; k++) {
        const struct memory_range *range = memory->ranges[k];
        if (range->base >= arena + memory->arena_bytes)
            break;
        if (range->end <= arena + at)
            continue;
        if (range->base >= arena + at && range->base - (arena + at) >= size + MEMORY_ALIGNMENT)
            break;
        at = align_up((size_t)(range->end - arena) + MEMORY_ALIGNMENT, alignment);
    }
    return at <= memory->arena_bytes && memory->arena_bytes - at > size + MEMORY_ALIGNMENT
               ? at
               : SIZE_MAX;
}

/* With the page before it: no gap of pages stays that would cost a mapping of its own, of which a
 * process may have some 65,000. */
static enum machine_status commit(struct memory *memory, size_t offset, size_t size) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t first = (offset > page ? offset - page : 0) / page * page,
           end = align_up(offset + size, page);
    if (mprotect(memory->arena + first, end - first, PROT_READ | PROT_WRITE) != 0)
        return MACHINE_OUT_OF_MEMORY;
    return MACHINE_OK;
}

/* As a driver does, a large allocation begins with a page. */
enum { LARGE_BYTES = 1 << 20, LARGE_ALIGNMENT = 4096 };

/* `beyond` bytes past a multiple of MEMORY_ALIGNMENT. */
static enum machine_status allocate(struct memory *memory, size_t size, size_t beyond,
                                    enum machine_memory_kind kind, uint64_t *address) {
    *address = 0;
    if (size == 0)
        return MACHINE_INVALID_VALUE;
    if (size > memory->device_bytes - memory->in_use)
        return MACHINE_OUT_OF_MEMORY;
    const size_t alignment = size < LARGE_BYTES ? MEMORY_ALIGNMENT : LARGE_ALIGNMENT;
    size_t offset = find_gap(memory, memory->cursor, beyond + size, alignment);
    if (offset == SIZE_MAX)
        offset = find_gap(memory, 0, beyond + size, alignment);
    if (offset == SIZE_MAX || commit(memory, offset, beyond + size) != MACHINE_OK)
        return MACHINE_OUT_OF_MEMORY;
    offset += beyond;
    uint64_t base = (uint64_t)(uintptr_t)(memory->arena + offset);
    enum machine_status status = range_insert(memory, base, size, kind);
    if (status != MACHINE_OK)
        return status;
    memory->in_use += size;
    memory->cursor = align_up(offset + size + MEMORY_ALIGNMENT, MEMORY_ALIGNMENT);
    *address = base;
    return MACHINE_OK;
}

enum machine_status memory_allocate(struct memory *memory, size_t size,
                                    enum machine_memory_kind kind, uint64_t *address) {
    return allocate(memory, size, 0, kind, address);
}

enum machine_status memory_place(struct memory *memory, size_t size, size_t alignment,
                                 enum machine_memory_kind kind, uint64_t *address) {
    return allocate(memory, size, alignment < MEMORY_ALIGNMENT ? alignment : 0, kind, address);
}

static size_t index_of_base(const struct memory *memory, uint64_t address,
                            enum machine_memory_kind kind) {
    size_t index = range_index(memory, address);
    bool found = index < memory->count && memory->ranges[index]->base == address &&
                 memory->ranges[index]->kind == kind;
    return found ? index : SIZE_MAX;
}

static void range_remove(struct memory *memory, size_t index) {
    range_release(memory->ranges[index]);
    memory->count--;
    memmove(memory->ranges + index, memory->ranges + index + 1,
            (memory->count - index) * sizeof(struct memory_range *));
}

/* Pages that lie wholly in the freed range go back to the system. */
static void decommit(const struct memory_range *range) {
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
    uint64_t first = (range->base + page - 1) / page * page, end = range->end / page * page;
    if (first < end)
        (void)madvise(space_host(first), end - first, MADV_DONTNEED);
}

enum machine_status memory_free(struct memory *memory, uint64_t address,
                                enum machine_memory_kind kind) {
    size_t index = index_of_base(memory, address, kind);
    if (index == SIZE_MAX)
        return MACHINE_INVALID_VALUE;
    const struct memory_range *range = memory->ranges[index];
    memory->in_use -= range->end - range->base;
    memory->freed[memory->freed_count++ % MEMORY_FREED] =
        (struct memory_freed){range->base, range->end};
    decommit(range);
    range_remove(memory, index);
    return MACHINE_OK;
}

enum machine_status memory_register(struct memory *memory, uint64_t address, size_t size,
                                    enum machine_memory_kind kind) {
    size_t index = range_index(memory, address);
    bool overlaps = index < memory->count && memory->ranges[index]->base < address + size;
    if (size == 0 || address == 0 || address + size < address || overlaps)
        return MACHINE_INVALID_VALUE;
    return range_insert(memory, address, size, kind);
}

enum machine_status memory_unregister(struct memory *memory, uint64_t address,
                                      enum machine_memory_kind kind) {
    size_t index = index_of_base(memory, address, kind);
    if (index == SIZE_MAX)
        return MACHINE_INVALID_VALUE;
    range_remove(memory, index);
    return MACHINE_OK;
}

static uint64_t sectors_touched(const struct memory_range *range) {
    uint64_t sectors = 0;
    for (size_t n = 0; range->is_touched && n < range->touched_words; n++)
        sectors += (uint64_t)__builtin_popcountll(range->touched[n]);
    return sectors;
}

uint64_t memory_touched(const struct memory *memory) {
    uint64_t sectors = 0;
    for (size_t k = 0; k < memory->count; k++)
        sectors += sectors_touched(memory->ranges[k]);
    return sectors * SECTOR_BYTES;
}

uint64_t memory_collect_touched(struct memory *memory, double multiple) {
    uint64_t sectors = 0;
    for (size_t k = 0; k < memory->count; k++) {
        struct memory_range *range = memory->ranges[k];
        if (!range->is_touched)
            continue;
        const uint64_t most = (range->end - 1) / SECTOR_BYTES - range->base / SECTOR_BYTES + 1;
        const double all = (double)sectors_touched(range) * multiple;
        sectors += all < (double)most ? (uint64_t)(all + 0.5) : most;
        memset(range->touched, 0, range->touched_words * sizeof *range->touched);
        range->is_touched = false;
    }
    return sectors * SECTOR_BYTES;
}

void memory_touch(struct memory_range *range, uint64_t address, size_t size) {
    const uint64_t origin = range->base / SECTOR_BYTES;
    const uint64_t last = (address + size - 1) / SECTOR_BYTES - origin;
    __atomic_store_n(&range->is_touched, true, __ATOMIC_RELAXED);
    for (uint64_t bit = address / SECTOR_BYTES - origin; bit <= last; bit++)
        __atomic_fetch_or(&range->touched[bit / 64], UINT64_C(1) << (bit % 64), __ATOMIC_RELAXED);
}

void memory_mark_written(struct memory_range *range, uint64_t address, size_t size) {
    if (!range->written)
        return;
    size_t offset = (size_t)(address - range->base);
    for (size_t k = 0; k < size;) {
        size_t bit = offset + k;
        if (bit % 8 == 0 && size - k >= 8) {
            size_t bytes = (size - k) / 8;
            memset(range->written + bit / 8, 0xff, bytes);
            k += bytes * 8;
        } else {
            __atomic_fetch_or(&range->written[bit / 8], (uint8_t)(1u << (bit % 8)),
                              __ATOMIC_RELAXED);
            k++;
        }
    }
}

void memory_forget_written(struct memory_range *range, uint64_t address, size_t size) {
    const size_t first = (size_t)(address - range->base);
    for (size_t bit = first; range->written && bit < first + size; bit++)
        __atomic_fetch_and(&range->written[bit / 8], (uint8_t) ~(1U << (bit % 8)),
                           __ATOMIC_RELAXED);
}

bool memory_is_written(const struct memory_range *range, uint64_t address, size_t size) {
    if (!range->written)
        return true;
    size_t bit = (size_t)(address - range->base);
    const size_t end = bit + size;
    while (bit < end) {
        const bool is_whole = bit % 8 == 0 && end - bit >= 8;
        if (is_whole ? range->written[bit / 8] != 0xff
                     : !(range->written[bit / 8] >> (bit % 8) & 1))
            return false;
        bit += is_whole ? 8 : 1;
    }
    return true;
}

uint16_t memory_unwritten_bits(const struct memory_range *range, uint64_t address, size_t size) {
    const size_t first = (size_t)(address - range->base);
    unsigned bits = 0;
    for (size_t k = 0; range->written && k < size; k++) {
        const size_t bit = first + k;
        bits |= (unsigned)(!(range->written[bit / 8] >> (bit % 8) & 1)) << k;
    }
    return (uint16_t)bits;
}

bool memory_is_unwritten(const struct memory_range *range, uint64_t address, size_t size) {
    return memory_unwritten_bits(range, address, size) == (UINT32_C(1) << size) - 1;
}

enum machine_status memory_track_written(struct memory *memory, bool track) {
    if (track == memory->track_written)
        return MACHINE_OK;
    memory->track_written = track;
    for (size_t k = 0; k < memory->count; k++) {
        struct memory_range *range = memory->ranges[k];
        size_t bytes = (size_t)(range->end - range->base) / 8 + 1;
        free(range->written);
        range->written = track ? malloc(bytes) : NULL;
        if (track && !range->written)
            return MACHINE_OUT_OF_MEMORY;
        if (track)
            memset(range->written, 0xff, bytes);
    }
    return MACHINE_OK;
}
