/* Memory that processes share. */
#include "emulator/driver/memory/interprocess.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "emulator/driver/memory/allocation.h"
#include "emulator/driver/memory/pool.h"
#include "emulator/memory/pages.h"

#define MEMORY_SIGN UINT64_C(0x6d656d6f72797631)
#define EVENT_SIGN UINT64_C(0x6576656e74737631)
#define POINTER_SIGN UINT64_C(0x706f696e74727631)
#define POOL_SIGN UINT64_C(0x706f6f6c73797631)

/* What a handle of memory holds, and what is told of memory of a pool. */
struct shared_place {
    uint64_t sign;
    int32_t process, file;
    uint64_t address, size; /* in that process; the address is the place in the file, too */
    uint64_t identifier;    /* of the allocation, in that process */
    uint64_t pool;          /* likewise; 0: of none */
};

/* What the file of a pool holds. */
struct shared_pool {
    uint64_t sign, identifier;
    int32_t process, device;
};

/* Pages that are in the file. */
struct driver_shared_pages {
    struct driver_shared_pages *next;
    uint64_t first, end;
};

static uint64_t page_bytes(void) {
    return (uint64_t)sysconf(_SC_PAGESIZE);
}

static uint64_t page_first(uint64_t address) {
    return address / page_bytes() * page_bytes();
}

static uint64_t page_end(uint64_t address) {
    return page_first(address + page_bytes() - 1);
}

/* ---- Sharing ---- */

static bool open_file(void) {
    if (driver.shared_file)
        return true;
    /* Beyond all addresses, and as much memory as pages are written to. */
    const int file = pages_create((size_t)1 << 47);
    if (file < 0)
        return false;
    driver.shared_file = file;
    return true;
}

/* The end of the pages from `first` on, up to `end`, that are all shared or all not. */
static uint64_t run_end(uint64_t first, uint64_t end, bool *is_shared) {
    *is_shared = false;
    for (const struct driver_shared_pages *pages = driver.shared_pages; pages;
         pages = pages->next) {
        if (first >= pages->first && first < pages->end) {
            *is_shared = true;
            return pages->end < end ? pages->end : end;
        }
        if (first < pages->first && pages->first < end)
            end = pages->first;
    }
    return end;
}

static bool move_pages(uint64_t first, uint64_t end) {
    struct driver_shared_pages *pages = malloc(sizeof *pages);
    const char *from = allocation_pointer(first);
    for (uint64_t done = 0; pages && done < end - first;) {
        const ssize_t count =
            pwrite(driver.shared_file, from + done, end - first - done, (off_t)(first + done));
        if (count <= 0) {
            free(pages);
            return false;
        }
        done += (uint64_t)count;
    }
    if (!pages || !pages_map(first, end - first, driver.shared_file, first)) {
        free(pages);
        return false;
    }
    *pages = (struct driver_shared_pages){driver.shared_pages, first, end};
    driver.shared_pages = pages;
    return true;
}

/* Moves the allocation into the file, and says where it is. */
static CUresult share(const struct driver_allocation *allocation, struct shared_place *place) {
    const uint64_t end = page_end(allocation->address + allocation->size);
    bool is_new = false;
    if (!open_file())
        return CUDA_ERROR_OUT_OF_MEMORY;
    for (uint64_t first = page_first(allocation->address), next; first < end; first = next) {
        bool is_shared;
        next = run_end(first, end, &is_shared);
        if (!is_shared && !move_pages(first, next))
            return CUDA_ERROR_OUT_OF_MEMORY;
        is_new |= !is_shared;
    }
    *place = (struct shared_place){.process = getpid(),
                                   .file = driver.shared_file,
                                   .address = allocation->address,
                                   .size = allocation->size,
                                   .identifier = allocation->identifier};
    /* What another process writes cannot be followed, so all of it counts as written. */
    return is_new ? driver_status(machine_write(driver.machine, allocation->address,
                                                allocation_pointer(allocation->address),
                                                allocation->size))
                  : CUDA_SUCCESS;
}

CUresult interprocess_share(const struct driver_allocation *allocation, CUipcMemHandle *handle) {
    struct shared_place place;
    const CUresult status = share(allocation, &place);
    if (status != CUDA_SUCCESS)
        return status;
    place.sign = MEMORY_SIGN;
    *handle = (CUipcMemHandle){.reserved = {0}};
    memcpy(handle->reserved, &place, sizeof place);
    return CUDA_SUCCESS;
}

CUresult interprocess_share_of_pool(const struct driver_allocation *allocation,
                                    CUmemPoolPtrExportData *data) {
    struct shared_place place;
    _Static_assert(sizeof place <= sizeof data->reserved, "what is told has this room");
    const CUresult status = share(allocation, &place);
    if (status != CUDA_SUCCESS)
        return status;
    place.sign = POINTER_SIGN;
    place.pool = allocation->pool->identifier;
    *data = (CUmemPoolPtrExportData){.reserved = {0}};
    memcpy(data->reserved, &place, sizeof place);
    return CUDA_SUCCESS;
}

CUresult interprocess_share_pool(const struct driver_pool *pool, int *file) {
    const struct shared_pool shared = {POOL_SIGN, pool->identifier, getpid(), pool->device};
    *file = pages_create(sizeof shared);
    if (*file < 0)
        return CUDA_ERROR_OUT_OF_MEMORY;
    if (pwrite(*file, &shared, sizeof shared, 0) == (ssize_t)sizeof shared)
        return CUDA_SUCCESS;
    (void)close(*file);
    return CUDA_ERROR_OUT_OF_MEMORY;
}

void interprocess_close_all(void) {
    for (struct driver_shared_pages *next, *pages = driver.shared_pages; pages; pages = next) {
        next = pages->next;
        free(pages);
    }
    driver.shared_pages = NULL;
    if (driver.shared_file)
        (void)close(driver.shared_file);
    driver.shared_file = 0;
}

/* ---- Opening ---- */

static CUresult refuse(const char *call, const char *what) {
    driver_find("%s: %s", call, what);
    return CUDA_ERROR_INVALID_VALUE;
}

/* A descriptor of the other process's file, which holds the place; -1: there is none. */
static int open_place(const struct shared_place *place) {
    char path[64];
    struct stat about;
    (void)snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)place->process, (int)place->file);
    const int file = open(path, O_RDWR | O_CLOEXEC);
    const bool is_held = file >= 0 && fstat(file, &about) == 0 && place->size > 0 &&
                         place->size <= (uint64_t)about.st_size &&
                         place->address <= (uint64_t)about.st_size - place->size;
    if (file >= 0 && !is_held)
        (void)close(file);
    return is_held ? file : -1;
}

static CUresult map_place(struct driver_context *context, const struct shared_place *place,
                          struct driver_pool *pool, int file, CUdeviceptr *address) {
    const uint64_t first = page_first(place->address);
    const uint64_t within = place->address - first;
    const size_t bytes = (size_t)(page_end(place->address + place->size) - first);
    const size_t reserved = (bytes + PAGES_GRANULARITY - 1) / PAGES_GRANULARITY * PAGES_GRANULARITY;
    uint64_t start = 0;
    if (!pages_reserve(reserved, 0, &start))
        return CUDA_ERROR_OUT_OF_MEMORY;
    CUresult status =
        pages_map(start, bytes, file, first) ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
    const struct driver_origin origin = {place->process, place->identifier};
    if (status == CUDA_SUCCESS)
        status = allocation_adopt(context, &origin, pool, start + within, place->size);
    if (status != CUDA_SUCCESS)
        pages_release(start, reserved);
    else
        *address = start + within;
    return status;
}

/* Where it is already it is opened once more. */
static CUresult open_or_find(struct driver_context *context, const struct shared_place *place,
                             struct driver_pool *pool, const char *call, CUdeviceptr *address) {
    const struct driver_origin origin = {place->process, place->identifier};
    struct driver_allocation *adopted = allocation_adopted(context, &origin);
    if (adopted) {
        adopted->times_opened++;
        *address = adopted->address;
        return CUDA_SUCCESS;
    }
    const int file = open_place(place);
    if (file < 0)
        return refuse(call, "the process that shares the memory has ended, or is another user's");
    const CUresult status = map_place(context, place, pool, file, address);
    (void)close(file);
    return status;
}

CUresult interprocess_open(struct driver_context *context, const CUipcMemHandle *handle,
                           CUdeviceptr *address) {
    static const char call[] = "cuIpcOpenMemHandle";
    struct shared_place place;
    memcpy(&place, handle->reserved, sizeof place);
    if (place.sign != MEMORY_SIGN)
        return refuse(call, "this is no handle of cuIpcGetMemHandle");
    if (place.process == getpid()) {
        driver_find("%s: the handle is this process's own", call);
        return CUDA_ERROR_INVALID_CONTEXT;
    }
    return open_or_find(context, &place, NULL, call, address);
}

CUresult interprocess_close(CUdeviceptr address) {
    return allocation_free_at("cuIpcCloseMemHandle", address, 1 << ALLOCATION_IMPORTED);
}

CUresult interprocess_open_pool(int file, struct driver_pool **pool) {
    static const char call[] = "cuMemPoolImportFromShareableHandle";
    struct shared_pool shared;
    if (pread(file, &shared, sizeof shared, 0) != (ssize_t)sizeof shared ||
        shared.sign != POOL_SIGN || !driver_has_device(shared.device))
        return refuse(call, "this is no file of cuMemPoolExportToShareableHandle");
    if (shared.process == getpid())
        return refuse(call, "the pool is this process's own");
    const struct pool_place place = {CU_MEM_ALLOCATION_TYPE_PINNED,
                                     {CU_MEM_LOCATION_TYPE_DEVICE, shared.device}};
    *pool = pool_open(&place);
    if (!*pool)
        return CUDA_ERROR_OUT_OF_MEMORY;
    (*pool)->origin = (struct driver_origin){shared.process, shared.identifier};
    return CUDA_SUCCESS;
}

CUresult interprocess_open_of_pool(struct driver_context *context, struct driver_pool *pool,
                                   const CUmemPoolPtrExportData *data, CUdeviceptr *address) {
    static const char call[] = "cuMemPoolImportPointer";
    struct shared_place place;
    memcpy(&place, data->reserved, sizeof place);
    if (place.sign != POINTER_SIGN)
        return refuse(call, "this is not what cuMemPoolExportPointer has told");
    if (!pool->origin.process || place.process != pool->origin.process ||
        place.pool != pool->origin.identifier)
        return refuse(call, "the memory is not of the pool that was imported");
    return open_or_find(context, &place, pool, call, address);
}

/* ---- Events ---- */

void interprocess_sign_event(CUipcEventHandle *handle) {
    const uint64_t sign = EVENT_SIGN;
    *handle = (CUipcEventHandle){.reserved = {0}};
    memcpy(handle->reserved, &sign, sizeof sign);
}

bool interprocess_is_event(const CUipcEventHandle *handle) {
    uint64_t sign;
    memcpy(&sign, handle->reserved, sizeof sign);
    return sign == EVENT_SIGN;
}
