/* Multicast objects. */
#include "emulator/driver/memory/team.h"

#include "emulator/memory/list.h"
#include "emulator/memory/multicast.h"
#include "emulator/memory/pages.h"

#include <stdlib.h>
#include <string.h>

struct driver_team *team_open(const CUmulticastObjectProp *properties) {
    struct driver_team *team = calloc(1, sizeof *team);
    if (team)
        team->properties = *properties;
    return team;
}

void team_close(struct driver_team *team) {
    if (team)
        free(team->bindings);
    free(team);
}

bool team_is_complete(const struct driver_team *team) {
    return team->device_count == team->properties.numDevices;
}

static bool reserve(struct driver_team *team) {
    struct driver_binding *bindings = list_reserve(team->bindings, team->binding_count + 1,
                                                   &team->binding_capacity, sizeof *bindings);
    if (bindings)
        team->bindings = bindings;
    return bindings != NULL;
}

static bool overlaps(const struct driver_binding *one, const struct driver_binding *other) {
    return one->device == other->device && one->offset < other->offset + other->size &&
           other->offset < one->offset + one->size;
}

CUresult team_bind(struct driver_team *team, struct driver_binding *binding, int file,
                   size_t file_offset) {
    size_t at = 0;
    for (size_t k = 0; k < team->binding_count; k++) {
        at += team->bindings[k].device <= binding->device;
        if (!overlaps(&team->bindings[k], binding))
            continue;
        driver_find("cuMulticastBindMem or cuMulticastBindAddr: device %d has memory bound there "
                    "already; unbind it first (cuMulticastUnbind)",
                    binding->device);
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (!reserve(team) || !pages_reserve(binding->size, 0, &binding->memory))
        return CUDA_ERROR_OUT_OF_MEMORY;
    if (!pages_map(binding->memory, binding->size, file, file_offset)) {
        pages_release(binding->memory, binding->size);
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    struct driver_binding *place = &team->bindings[at];
    memmove(place + 1, place, (team->binding_count - at) * sizeof *place);
    *place = *binding;
    team->binding_count++;
    return CUDA_SUCCESS;
}

static void remove_at(struct driver_team *team, size_t at, struct driver_binding *was) {
    *was = team->bindings[at];
    pages_release(was->memory, was->size);
    team->binding_count--;
    memmove(&team->bindings[at], &team->bindings[at + 1],
            (team->binding_count - at) * sizeof *team->bindings);
}

bool team_unbind(struct driver_team *team, CUdevice device, size_t offset, size_t size,
                 struct driver_binding *was) {
    for (size_t k = 0; k < team->binding_count; k++) {
        const struct driver_binding *binding = &team->bindings[k];
        if (binding->device != device || binding->offset != offset || binding->size != size)
            continue;
        remove_at(team, k, was);
        return true;
    }
    return false;
}

bool team_unbind_any(struct driver_team *team, struct driver_binding *was) {
    if (!team->binding_count)
        return false;
    remove_at(team, team->binding_count - 1, was);
    return true;
}

/* The part of a binding that lies in the bytes from `offset` on; size 0: none. */
static struct multicast_place part_of(const struct driver_binding *binding, size_t offset,
                                      size_t size) {
    const size_t first = binding->offset > offset ? binding->offset : offset;
    const size_t ends = binding->offset + binding->size, wanted = offset + size;
    const size_t end = ends < wanted ? ends : wanted;
    return (struct multicast_place){.offset = first - offset,
                                    .size = end > first ? end - first : 0,
                                    .memory = binding->memory + (first - binding->offset)};
}

struct multicast_range *team_range(const struct driver_team *team, CUdeviceptr address,
                                   size_t offset, size_t size) {
    struct multicast_range *range =
        calloc(1, sizeof *range + team->binding_count * sizeof range->places[0]);
    if (!range)
        return NULL;
    range->base = address;
    range->end = address + size;
    range->devices = team->properties.numDevices;
    for (size_t k = 0; k < team->binding_count; k++) {
        const struct multicast_place place = part_of(&team->bindings[k], offset, size);
        if (place.size)
            range->places[range->place_count++] = place;
    }
    return range;
}
