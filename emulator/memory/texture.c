/* The table of textures and surfaces. */
#include "emulator/memory/texture.h"

#include "emulator/memory/list.h"

#include <stdlib.h>

static struct texture_slot *slot_find(const struct texture_table *table, uint64_t handle) {
    const uint32_t number = (uint32_t)handle;
    if (number == 0 || number > table->count)
        return NULL;
    struct texture_slot *slot = &table->slots[number - 1];
    return slot->is_used && slot->generation == handle >> 32 ? slot : NULL;
}

uint64_t texture_add(struct texture_table *table, const struct machine_texture *texture) {
    uint32_t index = 0;
    while (index < table->count && table->slots[index].is_used)
        index++;
    if (index == table->count) {
        struct texture_slot *slots =
            list_reserve(table->slots, table->count + 1, &table->capacity, sizeof *slots);
        if (!slots)
            return 0;
        table->slots = slots;
        table->slots[table->count++].generation = 0;
    }
    struct texture_slot *slot = &table->slots[index];
    slot->texture = *texture;
    slot->is_used = true;
    slot->generation++;
    return (uint64_t)slot->generation << 32 | (index + 1);
}

bool texture_remove(struct texture_table *table, uint64_t handle) {
    struct texture_slot *slot = slot_find(table, handle);
    if (slot)
        slot->is_used = false;
    return slot != NULL;
}

const struct machine_texture *texture_lookup(const struct texture_table *table, uint64_t handle) {
    const struct texture_slot *slot = slot_find(table, handle);
    return slot ? &slot->texture : NULL;
}

void texture_table_free(struct texture_table *table) {
    free(table->slots);
    *table = (struct texture_table){0};
}
