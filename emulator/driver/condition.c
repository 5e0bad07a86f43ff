/* The variables of conditional nodes. */
#include "emulator/driver/condition.h"

#include <stdlib.h>

#include "emulator/driver/memory/region.h"

static uint32_t *memory_of(const struct driver_condition *condition) {
    return (uint32_t *)(uintptr_t)condition->region->address; // NOLINT(performance-no-int-to-ptr)
}

CUresult condition_open(CUgraph graph, uint32_t initial, bool is_reset,
                        CUgraphConditionalHandle *handle) {
    struct driver_condition *made = calloc(1, sizeof *made);
    struct driver_region *region;
    CUresult status = made ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
    if (status == CUDA_SUCCESS)
        status = region_open(sizeof(uint32_t), &region);
    if (status != CUDA_SUCCESS) {
        free(made);
        return status;
    }
    status = region_fill(region);
    if (status != CUDA_SUCCESS) {
        region_release(region);
        free(made);
        return status;
    }
    *made = (struct driver_condition){.next = driver.conditions,
                                      .region = region,
                                      .graph = graph,
                                      .initial = initial,
                                      .is_reset = is_reset,
                                      .references = 1};
    driver.conditions = made;
    *memory_of(made) = initial;
    *handle = region->address;
    return CUDA_SUCCESS;
}

struct driver_condition *condition_find(CUgraphConditionalHandle handle) {
    struct driver_condition *condition = driver.conditions;
    while (condition && condition->region->address != handle)
        condition = condition->next;
    return condition;
}

void condition_hold(struct driver_condition *condition) {
    condition->references++;
}

void condition_release(struct driver_condition *condition) {
    struct driver_condition **link = &driver.conditions;
    if (--condition->references)
        return;
    while (*link != condition)
        link = &(*link)->next;
    *link = condition->next;
    region_empty(condition->region);
    region_release(condition->region);
    free(condition);
}

void condition_release_all(CUgraph graph) {
    struct driver_condition *next;
    for (struct driver_condition *at = driver.conditions; at; at = next) {
        next = at->next;
        if (at->graph != graph)
            continue;
        at->graph = NULL;
        condition_release(at);
    }
}

uint32_t condition_read(const struct driver_condition *condition) {
    return *memory_of(condition);
}

void condition_begin(const struct driver_condition *condition) {
    if (condition->is_reset)
        *memory_of(condition) = condition->initial;
}
