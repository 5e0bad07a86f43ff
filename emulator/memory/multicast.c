/* Multicast addresses and what they stand for. */
#include "emulator/memory/multicast.h"

#include "emulator/lanes/space.h"

#include <stdlib.h>

void multicast_add(struct memory *memory, struct multicast_range *range) {
    range->next = memory->multicasts;
    memory->multicasts = range;
}

bool multicast_remove(struct memory *memory, uint64_t base) {
    struct multicast_range **link = &memory->multicasts;
    while (*link && (*link)->base != base)
        link = &(*link)->next;
    struct multicast_range *range = *link;
    if (!range)
        return false;
    *link = range->next;
    free(range);
    return true;
}

void multicast_remove_all(struct memory *memory) {
    while (memory->multicasts)
        (void)multicast_remove(memory, memory->multicasts->base);
}

const struct multicast_range *multicast_find(const struct memory *memory, uint64_t address) {
    const struct multicast_range *range = memory->multicasts;
    while (range && (address < range->base || address >= range->end))
        range = range->next;
    return range;
}

unsigned multicast_locate(const struct multicast_range *range, uint64_t address,
                          unsigned char *at[MULTICAST_DEVICES]) {
    unsigned count = 0;
    for (size_t k = 0; k < range->place_count && count < MULTICAST_DEVICES; k++) {
        const struct multicast_place *place = &range->places[k];
        const uint64_t offset = address - range->base - place->offset;
        if (address - range->base >= place->offset && offset < place->size)
            at[count++] = space_host(place->memory + offset);
    }
    return count;
}
