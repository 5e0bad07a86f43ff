/* Virtual memory management. */
#include "emulator/driver/memory/virtual.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "emulator/memory/list.h"
#include "emulator/memory/multicast.h"
#include "emulator/memory/pages.h"

/* ---- Memory without an address ---- */

static CUresult physical_add(struct driver_physical value, struct driver_physical **physical) {
    struct driver_physical *made = malloc(sizeof *made);
    if (!made)
        return CUDA_ERROR_OUT_OF_MEMORY;
    *made = value;
    made->handle = handle_add(&driver.handles, HANDLE_PHYSICAL, made);
    if (!made->handle) {
        free(made);
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    *physical = made;
    return CUDA_SUCCESS;
}

CUresult physical_open(const CUmemAllocationProp *properties, size_t size,
                       struct driver_physical **physical) {
    CUresult status = driver_status(machine_charge(driver.machine, size));
    if (status != CUDA_SUCCESS)
        return status;
    const int file = pages_create(size);
    status = file < 0
                 ? CUDA_ERROR_OUT_OF_MEMORY
                 : physical_add(
                       (struct driver_physical){
                           .properties = *properties, .size = size, .file = file, .references = 1},
                       physical);
    if (status == CUDA_SUCCESS)
        return CUDA_SUCCESS;
    if (file >= 0)
        (void)close(file);
    machine_refund(driver.machine, size);
    return status;
}

CUresult physical_adopt(int file, struct driver_physical **physical) {
    struct stat about;
    if (fstat(file, &about) != 0 || about.st_size <= 0 || about.st_size % PAGES_GRANULARITY)
        return CUDA_ERROR_INVALID_VALUE;
    const size_t size = (size_t)about.st_size;
    CUresult status = driver_status(machine_charge(driver.machine, size));
    if (status != CUDA_SUCCESS)
        return status;
    const struct driver_physical value = {
        .properties = {.type = CU_MEM_ALLOCATION_TYPE_PINNED,
                       .requestedHandleTypes = CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR,
                       .location = {.type = CU_MEM_LOCATION_TYPE_DEVICE}},
        .size = size,
        .file = file,
        .references = 1};
    status = physical_add(value, physical);
    if (status != CUDA_SUCCESS)
        machine_refund(driver.machine, size);
    return status;
}

CUresult physical_find(CUmemGenericAllocationHandle handle, struct driver_physical **physical) {
    // NOLINTNEXTLINE(performance-no-int-to-ptr): handles are pointers, but for this one
    *physical = handle_find(&driver.handles, HANDLE_PHYSICAL, (const void *)(uintptr_t)handle);
    return *physical ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

CUresult physical_open_team(const CUmulticastObjectProp *properties,
                            struct driver_physical **physical) {
    const struct driver_physical value = {
        .size = properties->size, .file = -1, .team = team_open(properties), .references = 1};
    const CUresult status = value.team ? physical_add(value, physical) : CUDA_ERROR_OUT_OF_MEMORY;
    if (status != CUDA_SUCCESS)
        team_close(value.team);
    return status;
}

static void memory_free_unused(struct driver_physical *physical) {
    if (physical->references || physical->mappings)
        return;
    handle_remove(&driver.handles, physical->handle);
    (void)close(physical->file);
    machine_refund(driver.machine, physical->size);
    free(physical);
}

static void binding_end(const struct driver_binding *binding) {
    binding->physical->mappings--;
    memory_free_unused(binding->physical);
}

static void team_free_unused(struct driver_physical *physical) {
    struct driver_binding binding;
    if (physical->references || physical->mappings)
        return;
    while (team_unbind_any(physical->team, &binding))
        binding_end(&binding);
    handle_remove(&driver.handles, physical->handle);
    team_close(physical->team);
    free(physical);
}

static void physical_free_unused(struct driver_physical *physical) {
    if (physical->team)
        team_free_unused(physical);
    else
        memory_free_unused(physical);
}

void physical_release(struct driver_physical *physical) {
    if (physical->references)
        physical->references--;
    physical_free_unused(physical);
}

/* ---- Addresses without memory ---- */

CUresult reservation_open(size_t size, size_t alignment, CUdeviceptr *address) {
    struct driver_reservation *made = calloc(1, sizeof *made);
    uint64_t reserved = 0;
    if (!made || !pages_reserve(size, alignment, &reserved)) {
        free(made);
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    made->address = reserved;
    made->size = size;
    made->next = driver.reservations;
    driver.reservations = made;
    *address = reserved;
    return CUDA_SUCCESS;
}

struct driver_reservation *reservation_find(CUdeviceptr address, size_t size) {
    struct driver_reservation *reservation = driver.reservations;
    while (reservation &&
           (address < reservation->address || address - reservation->address > reservation->size ||
            size > reservation->size - (address - reservation->address)))
        reservation = reservation->next;
    return reservation;
}

void reservation_close(struct driver_reservation *reservation) {
    struct driver_reservation **link = &driver.reservations;
    while (*link != reservation)
        link = &(*link)->next;
    *link = reservation->next;
    pages_release(reservation->address, reservation->size);
    free(reservation->mappings);
    free(reservation->exposed);
    free(reservation);
}

/* ---- What kernels see: stretches of mappings that touch each other and may be accessed alike are
 * one ---- */

static void hide_all(struct driver_reservation *reservation) {
    for (size_t k = 0; k < reservation->exposed_count; k++) {
        (void)machine_hide(driver.machine, reservation->exposed[k]);
        machine_hide_multicast(driver.machine, reservation->exposed[k]);
    }
    reservation->exposed_count = 0;
}

static bool is_memory(const struct driver_mapping *mapping) {
    return !mapping->physical->team;
}

static CUresult expose_team(const struct driver_mapping *mapping) {
    struct multicast_range *range =
        team_range(mapping->physical->team, mapping->address, mapping->offset, mapping->size);
    if (!range)
        return CUDA_ERROR_OUT_OF_MEMORY;
    range->is_read_only = mapping->access == CU_MEM_ACCESS_FLAGS_PROT_READ;
    machine_expose_multicast(driver.machine, range);
    return CUDA_SUCCESS;
}

static CUresult expose_memory(const struct driver_mapping *first, CUdeviceptr end) {
    return driver_status(machine_expose(driver.machine, first->address,
                                        (size_t)(end - first->address),
                                        first->access == CU_MEM_ACCESS_FLAGS_PROT_READ));
}

/* There is room for a stretch a mapping. */
static CUresult expose_all(struct driver_reservation *reservation) {
    size_t k = 0;
    while (k < reservation->mapping_count) {
        const struct driver_mapping *first = &reservation->mappings[k++];
        CUdeviceptr end = first->address + first->size;
        if (first->access == CU_MEM_ACCESS_FLAGS_PROT_NONE)
            continue;
        while (k < reservation->mapping_count && reservation->mappings[k].address == end &&
               is_memory(first) && is_memory(&reservation->mappings[k]) &&
               reservation->mappings[k].access == first->access)
            end += reservation->mappings[k++].size;
        const CUresult status = is_memory(first) ? expose_memory(first, end) : expose_team(first);
        if (status != CUDA_SUCCESS)
            return status;
        reservation->exposed[reservation->exposed_count++] = first->address;
    }
    return CUDA_SUCCESS;
}

static CUresult expose_anew(struct driver_reservation *reservation) {
    hide_all(reservation);
    return expose_all(reservation);
}

/* ---- Mappings ---- */

static bool mappings_reserve(struct driver_reservation *reservation) {
    size_t capacity = reservation->mapping_capacity, exposed_capacity = capacity;
    const size_t needed = reservation->mapping_count + 1;
    struct driver_mapping *mappings =
        list_reserve(reservation->mappings, needed, &capacity, sizeof *mappings);
    if (!mappings)
        return false;
    reservation->mappings = mappings;
    CUdeviceptr *exposed =
        list_reserve(reservation->exposed, needed, &exposed_capacity, sizeof *exposed);
    if (!exposed)
        return false;
    reservation->exposed = exposed;
    reservation->mapping_capacity = capacity;
    return true;
}

/* The first mapping that ends beyond the address. */
static size_t mapping_index(const struct driver_reservation *reservation, CUdeviceptr address) {
    size_t k = 0;
    while (k < reservation->mapping_count &&
           reservation->mappings[k].address + reservation->mappings[k].size <= address)
        k++;
    return k;
}

CUresult mapping_add(struct driver_reservation *reservation, CUdeviceptr address, size_t size,
                     size_t offset, struct driver_physical *physical) {
    const size_t at = mapping_index(reservation, address);
    const bool overlaps =
        at < reservation->mapping_count && reservation->mappings[at].address < address + size;
    if (overlaps || offset > physical->size || size > physical->size - offset) {
        driver_find("cuMemMap: %zu bytes at 0x%llx: %s", size, address,
                    overlaps ? "memory is mapped there already" : "the memory ends before");
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (!mappings_reserve(reservation) ||
        (!physical->team && !pages_map(address, size, physical->file, offset)))
        return CUDA_ERROR_OUT_OF_MEMORY;
    struct driver_mapping *mapping = &reservation->mappings[at];
    memmove(mapping + 1, mapping, (reservation->mapping_count - at) * sizeof *mapping);
    *mapping = (struct driver_mapping){
        .address = address, .size = size, .physical = physical, .offset = offset, .access = 0};
    reservation->mapping_count++;
    physical->mappings++;
    return CUDA_SUCCESS;
}

struct driver_mapping *mapping_find(struct driver_reservation *reservation, CUdeviceptr address) {
    const size_t at = mapping_index(reservation, address);
    const bool found =
        at < reservation->mapping_count && reservation->mappings[at].address <= address;
    return found ? &reservation->mappings[at] : NULL;
}

/* Whether whole mappings, without gaps, fill the addresses: *first to before *end. */
static bool mappings_are_whole(const struct driver_reservation *reservation, CUdeviceptr address,
                               size_t size, size_t *first, size_t *end) {
    CUdeviceptr at = address;
    *first = mapping_index(reservation, address);
    for (*end = *first; *end < reservation->mapping_count && at < address + size; (*end)++) {
        if (reservation->mappings[*end].address != at)
            return false;
        at += reservation->mappings[*end].size;
    }
    return at == address + size;
}

static bool mappings_fill(const struct driver_reservation *reservation, CUdeviceptr address,
                          size_t size, size_t *first, size_t *end) {
    if (mappings_are_whole(reservation, address, size, first, end))
        return true;
    driver_find("virtual memory: %zu bytes at 0x%llx are not whole mappings side by side", size,
                address);
    return false;
}

CUresult mapping_remove(struct driver_reservation *reservation, CUdeviceptr address, size_t size) {
    size_t first, end;
    if (!mappings_fill(reservation, address, size, &first, &end))
        return CUDA_ERROR_INVALID_VALUE;
    hide_all(reservation);
    for (size_t k = first; k < end; k++) {
        struct driver_physical *physical = reservation->mappings[k].physical;
        physical->mappings--;
        physical_free_unused(physical);
    }
    pages_unmap(address, size);
    memmove(&reservation->mappings[first], &reservation->mappings[end],
            (reservation->mapping_count - end) * sizeof *reservation->mappings);
    reservation->mapping_count -= end - first;
    return expose_all(reservation);
}

CUresult mapping_allow(struct driver_reservation *reservation, CUdeviceptr address, size_t size,
                       CUmemAccess_flags access) {
    size_t first, end;
    if (!mappings_fill(reservation, address, size, &first, &end))
        return CUDA_ERROR_INVALID_VALUE;
    for (size_t k = first; k < end; k++)
        reservation->mappings[k].access = access;
    return expose_anew(reservation);
}

/* ---- Multicast objects ---- */

static CUresult renew_mappings(const struct driver_physical *multicast) {
    CUresult status = CUDA_SUCCESS;
    for (struct driver_reservation *reservation = driver.reservations;
         reservation && status == CUDA_SUCCESS; reservation = reservation->next) {
        for (size_t k = 0; k < reservation->mapping_count; k++) {
            if (reservation->mappings[k].physical != multicast)
                continue;
            status = expose_anew(reservation);
            break;
        }
    }
    return status;
}

CUresult physical_bind(struct driver_physical *multicast, struct driver_binding *binding,
                       size_t from) {
    const CUresult status = team_bind(multicast->team, binding, binding->physical->file, from);
    if (status != CUDA_SUCCESS)
        return status;
    binding->physical->mappings++;
    return renew_mappings(multicast);
}

CUresult physical_unbind(struct driver_physical *multicast, CUdevice device, size_t offset,
                         size_t size) {
    struct driver_binding was;
    if (!team_unbind(multicast->team, device, offset, size, &was)) {
        driver_find("cuMulticastUnbind: device %d has no %zu bytes bound at offset %zu, by one "
                    "call alone",
                    device, size, offset);
        return CUDA_ERROR_INVALID_VALUE;
    }
    binding_end(&was);
    return renew_mappings(multicast);
}

/* ---- The end ---- */

/* Addresses that have mappings are no leak of their own. */
static void reservation_report_leak(const struct driver_reservation *reservation) {
    if (!driver_seeks_leaks())
        return;
    for (size_t k = 0; k < reservation->mapping_count; k++)
        driver_find("leak: %zu bytes mapped at 0x%llx were never unmapped",
                    reservation->mappings[k].size, reservation->mappings[k].address);
    if (!reservation->mapping_count)
        driver_find("leak: %zu bytes of addresses reserved at 0x%llx were never freed",
                    reservation->size, reservation->address);
}

/* Memory that the program has released, and a multicast object that it has not, are one leak: the
 * object's. */
void virtual_close_all(void) {
    uint32_t at = 0;
    for (struct driver_reservation *next, *reservation = driver.reservations; reservation;
         reservation = next) {
        next = reservation->next;
        reservation_report_leak(reservation);
        while (reservation->mapping_count)
            (void)mapping_remove(reservation, reservation->mappings[0].address,
                                 reservation->mappings[0].size);
        reservation_close(reservation);
    }
    for (struct driver_physical *physical;
         (physical = handle_next(&driver.handles, HANDLE_PHYSICAL, &at));) {
        if (driver_seeks_leaks() && physical->references)
            driver_find("leak: %zu bytes of %s were never released", physical->size,
                        physical->team ? "a multicast object" : "physical memory");
        physical->references = 0;
        physical_free_unused(physical);
    }
}
