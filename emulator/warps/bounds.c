/* Whether the lanes of an access stay within their memory, and what to say when one does not. */
#include "emulator/warps/bounds.h"

#include "emulator/lanes/space.h"
#include "emulator/memory/multicast.h"
#include "emulator/warps/warp.h"

#include <stdio.h>

const char *bounds_verb(bool is_store) {
    return is_store ? "write" : "read";
}

bool bounds_fault_multicast(struct warp *warp, const struct instruction *instruction, unsigned lane,
                            uint64_t address) {
    if (!multicast_find(warp->block->launch->memory, address))
        return false;
    warp_fault(warp, instruction, MACHINE_INVALID_ADDRESS, lane, address,
               "a multicast address is used by %s, and multimem's instructions alone may use one: "
               "take the address of the memory that is bound there",
               instruction->detail->source->root);
    return true;
}

/* How far from an allocation an address is said to be near it. */
enum { NEAR_BYTES = 1 << 30 };

static uint64_t distance(const struct memory_range *range, uint64_t address) {
    if (address < range->base)
        return range->base - address;
    return address < range->end ? 0 : address - range->end;
}

/* What is at an address that is in no allocation, nor has been. */
static void describe_outside(const struct warp *warp, uint64_t address, char *place, size_t size) {
    const struct memory_range *near = memory_find_near(warp->block->launch->memory, address);
    const uint64_t offset = address & ((UINT64_C(1) << WINDOW_SHIFT) - 1);
    const unsigned long long bytes = near ? near->end - near->base : 0;
    if (address >> WINDOW_SHIFT == WINDOW_SHARED)
        snprintf(place, size,
                 "it is an address of shared memory, offset %llu, and the block has %zu bytes",
                 (unsigned long long)offset, (size_t)warp->block->launch->shared_bytes);
    else if (address >> WINDOW_SHIFT == WINDOW_LOCAL)
        snprintf(place, size, "it is an address of local memory, offset %llu",
                 (unsigned long long)offset);
    else if (near && distance(near, address) > NEAR_BYTES)
        snprintf(place, size, "the address is in no allocation, nor near one");
    else if (near && address >= near->end)
        snprintf(place, size, "the nearest allocation of %llu bytes ends %llu bytes before it",
                 bytes, (unsigned long long)(address - near->end));
    else if (near && address < near->base)
        snprintf(place, size, "the nearest allocation of %llu bytes begins %llu bytes after it",
                 bytes, (unsigned long long)(near->base - address));
    else if (near)
        snprintf(place, size, "the access runs past the end of an allocation of %llu bytes", bytes);
    else
        snprintf(place, size, "no memory is allocated");
}

static void fault_global(struct warp *warp, const struct instruction *instruction, unsigned lane,
                         uint64_t address, uint32_t bytes, bool is_store) {
    const struct memory *memory = warp->block->launch->memory;
    const struct memory_freed *freed =
        memory_find(memory, address) ? NULL : memory_find_freed(memory, address);
    char place[160];
    if (bounds_fault_multicast(warp, instruction, lane, address))
        return;
    if (freed)
        snprintf(place, sizeof place,
                 "it lies %llu bytes into an allocation of %llu bytes that was freed",
                 (unsigned long long)(address - freed->base),
                 (unsigned long long)(freed->end - freed->base));
    else
        describe_outside(warp, address, place, sizeof place);
    warp_fault(warp, instruction, MACHINE_INVALID_ADDRESS, lane, address,
               "out-of-bounds %s of %u bytes in global memory: %s", bounds_verb(is_store), bytes,
               place);
}

static void fault_misaligned(struct warp *warp, const struct instruction *instruction,
                             unsigned lane, uint64_t address, uint32_t bytes, const char *verb,
                             const char *what) {
    warp_fault(warp, instruction, MACHINE_MISALIGNED_ADDRESS, lane, address,
               "misaligned %s of %u bytes in %s memory: the address must be a multiple of %u", verb,
               bytes, what, bytes);
}

/* The bytes of a lane that have to be there. */
static uint32_t needed_bytes(const struct detail *detail, uint32_t bytes, bool is_store) {
    const bool is_vector_load = !is_store && detail->needed && detail->needed < detail->elements;
    return is_vector_load ? detail->access_bytes * detail->needed : bytes;
}

/* A write to memory that is mapped for reading alone. */
void bounds_fault_read_only(struct warp *warp, const struct instruction *instruction, unsigned lane,
                            uint64_t address, uint32_t bytes) {
    warp_fault(warp, instruction, MACHINE_INVALID_ADDRESS, lane, address,
               "write of %u bytes in global memory that is mapped for reading alone "
               "(CU_MEM_ACCESS_FLAGS_PROT_READ)",
               bytes);
}

/* Every lane on its own: for alignment, lanes in several allocations, and to name the lane at
 * fault. */
bool bounds_global(struct warp *warp, const struct instruction *instruction,
                   const struct access *access, uint32_t bytes, bool is_store) {
    struct memory_range *range = NULL;
    const uint32_t needed = needed_bytes(instruction->detail, bytes, is_store);
    for (unsigned lane = 0; lane < LANES; lane++) {
        uint64_t address = access->address.at[lane];
        if (!(access->mask >> lane & 1))
            continue;
        if (address % bytes != 0) {
            fault_misaligned(warp, instruction, lane, address, bytes, bounds_verb(is_store),
                             "global");
            return false;
        }
        if (!range || address < range->base || address + needed > range->end)
            range = memory_find_all(warp->block->launch->memory, address, needed);
        if (!range) {
            fault_global(warp, instruction, lane, address, bytes, is_store);
            return false;
        }
        if (is_store && range->is_read_only) {
            bounds_fault_read_only(warp, instruction, lane, address, bytes);
            return false;
        }
        __atomic_store_n(&range->is_touched, true, __ATOMIC_RELAXED);
    }
    return true;
}

bool bounds_shared(struct warp *warp, const struct instruction *instruction,
                   const struct access *access, uint32_t bytes, bool is_store) {
    size_t size = warp->block->launch->shared_bytes;
    for (unsigned lane = 0; lane < LANES; lane++) {
        uint64_t address = access->address.at[lane];
        if (!(access->mask >> lane & 1))
            continue;
        if (address % bytes != 0) {
            fault_misaligned(warp, instruction, lane, address, bytes, bounds_verb(is_store),
                             "shared");
            return false;
        }
        if (address > size || size - address < bytes) {
            warp_fault(warp, instruction, MACHINE_INVALID_ADDRESS, lane, address,
                       "out-of-bounds %s of %u bytes in shared memory: the block has %zu bytes",
                       bounds_verb(is_store), bytes, size);
            return false;
        }
    }
    return true;
}

bool bounds_private(struct warp *warp, const struct instruction *instruction,
                    const struct access *access, uint32_t bytes, size_t size, const char *what) {
    for (unsigned lane = 0; lane < LANES; lane++) {
        uint64_t address = access->address.at[lane];
        if (!(access->mask >> lane & 1))
            continue;
        if (address % bytes != 0) {
            fault_misaligned(warp, instruction, lane, address, bytes, "access", what);
            return false;
        }
        if (address > size || size - address < bytes) {
            warp_fault(warp, instruction, MACHINE_INVALID_ADDRESS, lane, address,
                       "out-of-bounds access of %u bytes in %s memory of %zu bytes", bytes, what,
                       size);
            return false;
        }
    }
    return true;
}
