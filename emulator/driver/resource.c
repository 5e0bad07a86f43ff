/* Resources of a device: multiprocessors, by their number alone. */
#include "emulator/driver/resource.h"

#include <string.h>

/* What stands in the bytes of a resource that are the driver's own. */
struct mark {
    uint64_t magic; /* of what this driver has made */
    uint64_t split; /* the number of the splitting that it is a part of; 0: of none */
    unsigned part;  /* which part of it; the rest is the last */
    bool is_group;  /* not split again */
    CUdevice device;
};

enum { LARGEST_CLUSTER = 16 };

static const uint64_t magic = 0x6c6f636b73746570U;

_Static_assert(sizeof(struct mark) <= sizeof((CUdevResource *)0)->_internal_padding,
               "a resource has too few bytes for the driver");

static struct mark mark_read(const CUdevResource *resource) {
    struct mark mark;
    memcpy(&mark, resource->_internal_padding, sizeof mark);
    return mark;
}

/* The least that a group has, and what it has a multiple of (cuda.h, green contexts). */
static unsigned least_group(void) {
    const int major = driver.properties.capability_major;
    const unsigned of_eight = major == 8 ? 4 : 2;
    return major >= 9 ? 8 : of_eight;
}

static unsigned step_of_groups(void) {
    return driver.properties.capability_major >= 9 ? 8 : 2;
}

static CUdevResource make(const struct mark *mark, unsigned multiprocessors) {
    CUdevResource made = {.type = CU_DEV_RESOURCE_TYPE_SM};
    made.sm = (CUdevSmResource){multiprocessors, least_group(), step_of_groups()};
    memcpy(made._internal_padding, mark, sizeof *mark);
    return made;
}

CUdevResource resource_of(CUdevice device, unsigned multiprocessors) {
    const struct mark mark = {.magic = magic, .device = device};
    return make(&mark, multiprocessors);
}

CUdevice resource_device(const CUdevResource *resource) {
    return mark_read(resource).device;
}

static CUresult check(const CUdevResource *resource) {
    if (resource->type != CU_DEV_RESOURCE_TYPE_SM)
        return CUDA_ERROR_INVALID_RESOURCE_TYPE;
    return mark_read(resource).magic == magic && resource->sm.smCount
               ? CUDA_SUCCESS
               : CUDA_ERROR_INVALID_RESOURCE_CONFIGURATION;
}

static unsigned round_up(unsigned count, unsigned step) {
    return (count + step - 1) / step * step;
}

CUresult resource_count_groups(const CUdevResource *whole, unsigned flags, unsigned least,
                               unsigned *groups, unsigned *each) {
    const bool is_fine = flags & CU_DEV_SM_RESOURCE_SPLIT_IGNORE_SM_COSCHEDULING;
    const bool has_clusters = flags & CU_DEV_SM_RESOURCE_SPLIT_MAX_POTENTIAL_CLUSTER_SIZE;
    CUresult status = check(whole);
    if (status != CUDA_SUCCESS)
        return status;
    if (mark_read(whole).is_group) {
        driver_find("cuDevSmResourceSplitByCount: a group is split again once a green context "
                    "has been made of it");
        return CUDA_ERROR_INVALID_RESOURCE_CONFIGURATION;
    }
    if (least > whole->sm.smCount || (is_fine && has_clusters) ||
        (has_clusters && driver.properties.capability_major < 9))
        return CUDA_ERROR_INVALID_VALUE;
    if (is_fine)
        *each = round_up(least ? least : 1, 2);
    else if (has_clusters)
        *each = round_up(least ? least : 1, LARGEST_CLUSTER);
    else
        *each = round_up(least < least_group() ? least_group() : least, step_of_groups());
    *groups = whole->sm.smCount / *each;
    return CUDA_SUCCESS;
}

void resource_split(const CUdevResource *whole, unsigned groups, unsigned each,
                    CUdevResource *parts, CUdevResource *rest) {
    struct mark mark = mark_read(whole);
    const unsigned left = whole->sm.smCount - groups * each;
    mark.split = ++driver.next_identifier;
    mark.is_group = true;
    for (mark.part = 0; mark.part < groups; mark.part++)
        parts[mark.part] = make(&mark, each);
    mark.is_group = false;
    if (rest)
        *rest = left ? make(&mark, left) : (CUdevResource){.type = CU_DEV_RESOURCE_TYPE_INVALID};
}

CUresult resource_join(const CUdevResource *parts, unsigned count, CUdevResource *whole) {
    unsigned multiprocessors = 0;
    for (unsigned k = 0; k < count; k++) {
        const struct mark mark = mark_read(&parts[k]), first = mark_read(&parts[0]);
        const CUresult status = check(&parts[k]);
        if (status != CUDA_SUCCESS)
            return status;
        multiprocessors += parts[k].sm.smCount;
        bool is_another = mark.device == first.device && (!k || mark.split);
        is_another = is_another && mark.split == first.split;
        for (unsigned before = 0; before < k; before++)
            is_another = is_another && mark_read(&parts[before]).part != mark.part;
        if (!is_another)
            return CUDA_ERROR_INVALID_RESOURCE_CONFIGURATION;
    }
    *whole = resource_of(resource_device(&parts[0]), multiprocessors);
    return CUDA_SUCCESS;
}
