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

/* Rows and levels begin at addresses that surfaces and textures may begin at. */
static size_t round_up(size_t bytes, size_t alignment) {
    return (bytes + alignment - 1) / alignment * alignment;
}

static void halve(struct machine_texture *texture) {
    enum { ROW = 32, LEVEL = 512 };
    texture->base += round_up(texture->plane_bytes * texture->size[2], LEVEL);
    for (unsigned k = 0; k < texture->dimensions; k++)
        texture->size[k] = texture->size[k] > 1 ? texture->size[k] / 2 : 1;
    texture->row_bytes = round_up((size_t)texture->size[0] * machine_texel_bytes(texture), ROW);
    texture->plane_bytes = texture->row_bytes * texture->size[1];
}

struct machine_texture texture_level(const struct machine_texture *texture, unsigned level) {
    struct machine_texture found = *texture;
    for (unsigned k = 0; k < level; k++)
        halve(&found);
    found.levels = 1;
    return found;
}

size_t texture_bytes(const struct machine_texture *texture) {
    if (texture->levels < 2)
        return machine_texture_bytes(texture);
    const struct machine_texture last = texture_level(texture, texture->levels - 1U);
    return (size_t)(last.base - texture->base) + machine_texture_bytes(&last);
}

void texture_table_free(struct texture_table *table) {
    free(table->slots);
    *table = (struct texture_table){0};
}
