/* Advice: ranges of addresses in their order, without a gap, each with what holds for all of it. */
#include "emulator/driver/memory/advice.h"

#include <stdlib.h>

enum { PAGE = 4096, OF_HOST = DRIVER_DEVICES }; /* the host's bit follows those of the devices */

struct driver_advice {
    struct driver_advice *next;
    CUdeviceptr begin, end;
    bool is_read_mostly;
    unsigned accessed_by; /* a bit each */
    CUmemLocation preferred, prefetched;
};

/* ---- Ranges ---- */

/* Makes a range begin at the address. False: there is no memory. */
static bool range_split(struct driver_advice *first, CUdeviceptr at) {
    while (first && first->end <= at)
        first = first->next;
    if (!first || first->begin == at)
        return true;
    struct driver_advice *rest = malloc(sizeof *rest);
    if (!rest)
        return false;
    *rest = *first;
    rest->begin = first->end = at;
    first->next = rest;
    return true;
}

/* The first of the ranges that a run of bytes consists of, which ends at *end. NULL: there is no
 * memory. */
static struct driver_advice *range_cut(struct driver_advice **list, CUdeviceptr address,
                                       size_t count, CUdeviceptr *end) {
    const CUdeviceptr begin = address / PAGE * PAGE;
    if (!*list) {
        *list = calloc(1, sizeof **list);
        if (!*list)
            return NULL;
        (*list)->end = UINT64_MAX;
    }
    *end = (address + count + PAGE - 1) / PAGE * PAGE;
    struct driver_advice *range = *list;
    if (!range_split(range, begin) || !range_split(range, *end))
        return NULL;
    while (range->begin < begin)
        range = range->next;
    return range;
}

void advice_free(struct driver_advice *list) {
    for (struct driver_advice *next; list; list = next) {
        next = list->next;
        free(list);
    }
}

/* ---- What is set ---- */

static unsigned bit_of(CUmemLocation location) {
    return 1U << (location.type == CU_MEM_LOCATION_TYPE_DEVICE ? (unsigned)location.id : OF_HOST);
}

static void range_advise(struct driver_advice *range, CUmem_advise advice, CUmemLocation location) {
    switch (advice) {
    case CU_MEM_ADVISE_SET_READ_MOSTLY:
    case CU_MEM_ADVISE_UNSET_READ_MOSTLY:
        range->is_read_mostly = advice == CU_MEM_ADVISE_SET_READ_MOSTLY;
        break;
    case CU_MEM_ADVISE_SET_PREFERRED_LOCATION:
        range->preferred = location;
        break;
    case CU_MEM_ADVISE_UNSET_PREFERRED_LOCATION:
        range->preferred = (CUmemLocation){.type = CU_MEM_LOCATION_TYPE_INVALID};
        break;
    case CU_MEM_ADVISE_SET_ACCESSED_BY:
        range->accessed_by |= bit_of(location);
        break;
    case CU_MEM_ADVISE_UNSET_ACCESSED_BY:
        range->accessed_by &= ~bit_of(location);
        break;
    }
}

CUresult advice_set(struct driver_advice **list, CUdeviceptr address, size_t count,
                    CUmem_advise advice, CUmemLocation location) {
    CUdeviceptr end;
    struct driver_advice *range = range_cut(list, address, count, &end);
    if (!range)
        return CUDA_ERROR_OUT_OF_MEMORY;
    for (; range && range->begin < end; range = range->next)
        range_advise(range, advice, location);
    return CUDA_SUCCESS;
}

CUresult advice_note_prefetch(struct driver_advice **list, CUdeviceptr address, size_t count,
                              CUmemLocation location) {
    CUdeviceptr end;
    struct driver_advice *range = range_cut(list, address, count, &end);
    if (!range)
        return CUDA_ERROR_OUT_OF_MEMORY;
    for (; range && range->begin < end; range = range->next)
        range->prefetched = location;
    return CUDA_SUCCESS;
}

void advice_forget(struct driver_advice **list, CUdeviceptr address, size_t count) {
    CUdeviceptr end;
    struct driver_advice *range = *list ? range_cut(list, address, count, &end) : NULL;
    for (; range && range->begin < end; range = range->next)
        *range =
            (struct driver_advice){.next = range->next, .begin = range->begin, .end = range->end};
}

/* ---- What is asked ---- */

static CUmemLocation location_common(CUmemLocation a, CUmemLocation b) {
    return a.type == b.type && a.id == b.id ? a
                                            : (CUmemLocation){.type = CU_MEM_LOCATION_TYPE_INVALID};
}

/* What holds for all of a run of bytes. Where nothing was advised, nothing does. */
static struct driver_advice advice_common(const struct driver_advice *list, CUdeviceptr address,
                                          size_t count) {
    const struct driver_advice *range = list;
    while (range && range->end <= address)
        range = range->next;
    if (!range)
        return (struct driver_advice){.is_read_mostly = false};
    struct driver_advice common = *range;
    for (range = range->next; range && range->begin < address + count; range = range->next) {
        common.is_read_mostly &= range->is_read_mostly;
        common.accessed_by &= range->accessed_by;
        common.preferred = location_common(common.preferred, range->preferred);
        common.prefetched = location_common(common.prefetched, range->prefetched);
    }
    return common;
}

/* A place as one number, as before there were kinds of places. */
static int number_of(CUmemLocation location) {
    if (location.type == CU_MEM_LOCATION_TYPE_DEVICE)
        return location.id;
    return location.type == CU_MEM_LOCATION_TYPE_HOST ? CU_DEVICE_CPU : CU_DEVICE_INVALID;
}

static void list_accessors(unsigned accessed_by, int *list, size_t room) {
    size_t count = 0;
    for (int k = 0; k <= OF_HOST && count < room; k++)
        if (accessed_by >> k & 1)
            list[count++] = k == OF_HOST ? CU_DEVICE_CPU : k;
    while (count < room)
        list[count++] = CU_DEVICE_INVALID;
}

/* False: there is no such number. */
static bool number_read(const struct driver_advice *advice, CUmem_range_attribute attribute,
                        int *number) {
    const bool is_preferred = attribute == CU_MEM_RANGE_ATTRIBUTE_PREFERRED_LOCATION ||
                              attribute == CU_MEM_RANGE_ATTRIBUTE_PREFERRED_LOCATION_TYPE ||
                              attribute == CU_MEM_RANGE_ATTRIBUTE_PREFERRED_LOCATION_ID;
    const CUmemLocation location = is_preferred ? advice->preferred : advice->prefetched;
    switch ((int)attribute) {
    case CU_MEM_RANGE_ATTRIBUTE_READ_MOSTLY:
        *number = advice->is_read_mostly;
        return true;
    case CU_MEM_RANGE_ATTRIBUTE_PREFERRED_LOCATION:
    case CU_MEM_RANGE_ATTRIBUTE_LAST_PREFETCH_LOCATION:
        *number = number_of(location);
        return true;
    case CU_MEM_RANGE_ATTRIBUTE_PREFERRED_LOCATION_TYPE:
    case CU_MEM_RANGE_ATTRIBUTE_LAST_PREFETCH_LOCATION_TYPE:
        *number = (int)location.type;
        return true;
    case CU_MEM_RANGE_ATTRIBUTE_PREFERRED_LOCATION_ID:
    case CU_MEM_RANGE_ATTRIBUTE_LAST_PREFETCH_LOCATION_ID:
        *number = location.id;
        return true;
    default:
        return false;
    }
}

CUresult advice_read(const struct driver_advice *list, CUdeviceptr address, size_t count,
                     CUmem_range_attribute attribute, void *data, size_t size) {
    const struct driver_advice advice = advice_common(list, address, count);
    if (attribute == CU_MEM_RANGE_ATTRIBUTE_ACCESSED_BY) {
        if (!size || size % sizeof(int))
            return CUDA_ERROR_INVALID_VALUE;
        list_accessors(advice.accessed_by, data, size / sizeof(int));
        return CUDA_SUCCESS;
    }
    return size == sizeof(int) && number_read(&advice, attribute, data) ? CUDA_SUCCESS
                                                                        : CUDA_ERROR_INVALID_VALUE;
}
