/* The machine: its options, and its memory as the host sees it. */
#include "emulator/machine/machine.h"

#include "emulator/lanes/space.h"
#include "emulator/machine/state.h"
#include "emulator/memory/multicast.h"

#include <stdlib.h>
#include <string.h>

const char *machine_status_name(enum machine_status status) {
    static const char *const names[] = {
        [MACHINE_OK] = "done",
        [MACHINE_INVALID_VALUE] = "invalid value",
        [MACHINE_OUT_OF_MEMORY] = "out of memory",
        [MACHINE_INVALID_PTX] = "invalid PTX",
        [MACHINE_NOT_FOUND] = "not found",
        [MACHINE_INVALID_ADDRESS] = "out-of-bounds address",
        [MACHINE_MISALIGNED_ADDRESS] = "misaligned address",
        [MACHINE_INVALID_ADDRESS_SPACE] = "invalid address space",
        [MACHINE_INVALID_PC] = "invalid program counter",
        [MACHINE_ILLEGAL_INSTRUCTION] = "illegal instruction",
        [MACHINE_TRAP] = "trap",
        [MACHINE_ASSERT] = "assertion failed",
        [MACHINE_STACK_OVERFLOW] = "stack overflow",
        [MACHINE_DEADLOCK] = "deadlock",
        [MACHINE_BUDGET_SPENT] = "instruction budget spent",
        [MACHINE_STOPPED] = "stopped",
        [MACHINE_CHECK_FAILED] = "check failed",
        [MACHINE_TOO_MANY_RESOURCES] = "too many resources",
        [MACHINE_NOT_SUPPORTED] = "not supported",
    };
    const size_t count = sizeof names / sizeof names[0];
    return (size_t)status < count && names[status] ? names[status] : "unknown status";
}

void machine_options_default(struct machine_options *options) {
    *options = (struct machine_options){.check_memory = true,
                                        .stack_bytes = (size_t)16 * 1024,
                                        .heap_bytes = (size_t)8 << 20,
                                        .printf_bytes = (size_t)1 << 20};
}

struct machine_options machine_options(const struct machine *machine) {
    return machine->options;
}

void machine_set_options(struct machine *machine, const struct machine_options *options) {
    pthread_mutex_lock(&machine->lock);
    machine->options = *options;
    (void)memory_track_written(&machine->memory, options->check_init);
    pthread_mutex_unlock(&machine->lock);
}

/* ---- Memory ---- */

/* A GPU has memory up to the next multiple of what its allocations begin at. */
static size_t allocated_bytes(const struct machine *machine, size_t size) {
    const size_t more = size % MEMORY_ALIGNMENT ? MEMORY_ALIGNMENT - size % MEMORY_ALIGNMENT : 0;
    return machine->options.check_memory || size > SIZE_MAX - more ? size : size + more;
}

enum machine_status machine_allocate(struct machine *machine, size_t size, uint64_t *address) {
    pthread_mutex_lock(&machine->lock);
    const enum machine_status status = memory_allocate(
        &machine->memory, allocated_bytes(machine, size), MACHINE_MEMORY_DEVICE, address);
    pthread_mutex_unlock(&machine->lock);
    return status;
}

enum machine_status machine_free(struct machine *machine, uint64_t address) {
    pthread_mutex_lock(&machine->lock);
    const enum machine_status status =
        memory_free(&machine->memory, address, MACHINE_MEMORY_DEVICE);
    pthread_mutex_unlock(&machine->lock);
    return status;
}

/* Memory that somebody else has filled. */
static enum machine_status add_written(struct machine *machine, uint64_t address, size_t size,
                                       enum machine_memory_kind kind, bool is_read_only) {
    pthread_mutex_lock(&machine->lock);
    const enum machine_status status = memory_register(&machine->memory, address, size, kind);
    struct memory_range *range =
        status == MACHINE_OK ? memory_find(&machine->memory, address) : NULL;
    if (range) {
        memory_mark_written(range, address, size);
        range->is_read_only = is_read_only;
    }
    pthread_mutex_unlock(&machine->lock);
    return status;
}

static enum machine_status remove_written(struct machine *machine, uint64_t address,
                                          enum machine_memory_kind kind) {
    pthread_mutex_lock(&machine->lock);
    const enum machine_status status = memory_unregister(&machine->memory, address, kind);
    pthread_mutex_unlock(&machine->lock);
    return status;
}

/* The host writes there and nobody sees it. */
enum machine_status machine_allocate_host(struct machine *machine, size_t size, void **memory) {
    *memory = NULL;
    if (size == 0 || size > SIZE_MAX / 2)
        return MACHINE_INVALID_VALUE;
    void *allocated = aligned_alloc(4096, (size + 4095) / 4096 * 4096);
    if (!allocated)
        return MACHINE_OUT_OF_MEMORY;
    const enum machine_status status =
        add_written(machine, (uint64_t)(uintptr_t)allocated, size, MACHINE_MEMORY_HOST, false);
    if (status == MACHINE_OK)
        *memory = allocated;
    else
        free(allocated);
    return status;
}

enum machine_status machine_free_host(struct machine *machine, void *memory) {
    return remove_written(machine, (uint64_t)(uintptr_t)memory, MACHINE_MEMORY_HOST);
}

enum machine_status machine_register_host(struct machine *machine, void *memory, size_t size) {
    return add_written(machine, (uint64_t)(uintptr_t)memory, size, MACHINE_MEMORY_REGISTERED,
                       false);
}

enum machine_status machine_unregister_host(struct machine *machine, void *memory) {
    return remove_written(machine, (uint64_t)(uintptr_t)memory, MACHINE_MEMORY_REGISTERED);
}

enum machine_status machine_expose(struct machine *machine, uint64_t address, size_t size,
                                   bool is_read_only) {
    return add_written(machine, address, size, MACHINE_MEMORY_EXPOSED, is_read_only);
}

enum machine_status machine_hide(struct machine *machine, uint64_t address) {
    return remove_written(machine, address, MACHINE_MEMORY_EXPOSED);
}

void machine_expose_multicast(struct machine *machine, struct multicast_range *range) {
    pthread_mutex_lock(&machine->lock);
    multicast_add(&machine->memory, range);
    pthread_mutex_unlock(&machine->lock);
}

void machine_hide_multicast(struct machine *machine, uint64_t address) {
    pthread_mutex_lock(&machine->lock);
    (void)multicast_remove(&machine->memory, address);
    pthread_mutex_unlock(&machine->lock);
}

enum machine_status machine_charge(struct machine *machine, size_t size) {
    pthread_mutex_lock(&machine->lock);
    const bool fits = size <= machine->memory.device_bytes - machine->memory.in_use;
    if (fits)
        machine->memory.in_use += size;
    pthread_mutex_unlock(&machine->lock);
    return fits ? MACHINE_OK : MACHINE_OUT_OF_MEMORY;
}

void machine_refund(struct machine *machine, size_t size) {
    pthread_mutex_lock(&machine->lock);
    machine->memory.in_use -= size;
    pthread_mutex_unlock(&machine->lock);
}

struct machine_range machine_find_range(struct machine *machine, uint64_t address) {
    struct machine_range found = {0};
    pthread_mutex_lock(&machine->lock);
    const struct memory_range *range = memory_find(&machine->memory, address);
    if (range)
        found = (struct machine_range){range->base, (size_t)(range->end - range->base), range->kind,
                                       range->is_managed};
    pthread_mutex_unlock(&machine->lock);
    return found;
}

void machine_memory_info(struct machine *machine, size_t *total, size_t *in_use) {
    pthread_mutex_lock(&machine->lock);
    *total = machine->memory.device_bytes;
    *in_use = machine->memory.in_use;
    pthread_mutex_unlock(&machine->lock);
}

size_t machine_heap_in_use(struct machine *machine, size_t *count) {
    pthread_mutex_lock(&machine->lock);
    const size_t bytes = heap_in_use(&machine->heap, count);
    pthread_mutex_unlock(&machine->lock);
    return bytes;
}

/* The bytes of a range that is allocated, or NULL. The caller holds the lock. */
static void *range_bytes(struct machine *machine, uint64_t address, size_t size, bool written) {
    struct memory_range *range = memory_find_all(&machine->memory, address, size);
    if (!range)
        return NULL;
    if (written)
        memory_mark_written(range, address, size);
    return space_host(address);
}

enum machine_status machine_read(struct machine *machine, void *to, uint64_t from, size_t size) {
    if (size == 0)
        return MACHINE_OK;
    pthread_mutex_lock(&machine->lock);
    const void *bytes = range_bytes(machine, from, size, false);
    if (bytes)
        memmove(to, bytes, size);
    pthread_mutex_unlock(&machine->lock);
    return bytes ? MACHINE_OK : MACHINE_INVALID_ADDRESS;
}

enum machine_status machine_write(struct machine *machine, uint64_t to, const void *from,
                                  size_t size) {
    if (size == 0)
        return MACHINE_OK;
    pthread_mutex_lock(&machine->lock);
    void *bytes = range_bytes(machine, to, size, true);
    if (bytes)
        memmove(bytes, from, size);
    pthread_mutex_unlock(&machine->lock);
    return bytes ? MACHINE_OK : MACHINE_INVALID_ADDRESS;
}

enum machine_status machine_forget(struct machine *machine, uint64_t address, size_t size) {
    pthread_mutex_lock(&machine->lock);
    struct memory_range *range = memory_find_all(&machine->memory, address, size);
    if (range)
        memory_forget_written(range, address, size);
    pthread_mutex_unlock(&machine->lock);
    return range ? MACHINE_OK : MACHINE_INVALID_ADDRESS;
}

enum machine_status machine_copy(struct machine *machine, uint64_t to, uint64_t from, size_t size) {
    if (size == 0)
        return MACHINE_OK;
    pthread_mutex_lock(&machine->lock);
    const void *source = range_bytes(machine, from, size, false);
    void *target = source ? range_bytes(machine, to, size, true) : NULL;
    if (target)
        memmove(target, source, size);
    pthread_mutex_unlock(&machine->lock);
    return target ? MACHINE_OK : MACHINE_INVALID_ADDRESS;
}

enum machine_status machine_set(struct machine *machine, uint64_t to, uint32_t value,
                                unsigned width, size_t count) {
    const bool is_width = width == 1 || width == 2 || width == 4;
    if (!is_width || to % width != 0 || count > SIZE_MAX / 4)
        return MACHINE_INVALID_VALUE;
    if (count == 0)
        return MACHINE_OK;
    pthread_mutex_lock(&machine->lock);
    unsigned char *bytes = range_bytes(machine, to, count * width, true);
    if (bytes && width == 1)
        memset(bytes, (int)(value & 0xff), count);
    for (size_t k = 0; bytes && width > 1 && k < count; k++)
        memcpy(bytes + k * width, &value, width);
    pthread_mutex_unlock(&machine->lock);
    return bytes ? MACHINE_OK : MACHINE_INVALID_ADDRESS;
}

/* ---- Textures and surfaces ---- */

uint64_t machine_texture_create(struct machine *machine, const struct machine_texture *texture) {
    pthread_mutex_lock(&machine->lock);
    const uint64_t handle = texture_add(&machine->textures, texture);
    pthread_mutex_unlock(&machine->lock);
    return handle;
}

enum machine_status machine_texture_destroy(struct machine *machine, uint64_t handle) {
    pthread_mutex_lock(&machine->lock);
    const bool is_removed = texture_remove(&machine->textures, handle);
    pthread_mutex_unlock(&machine->lock);
    return is_removed ? MACHINE_OK : MACHINE_INVALID_VALUE;
}
