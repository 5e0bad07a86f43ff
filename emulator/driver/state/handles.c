/* Handles of the driver API: a table of slots with generations. */
#include "emulator/driver/state/handles.h"

#include "emulator/memory/list.h"

#include <stdlib.h>

/* A handle's bits: generation from bit 32 on, index from bit 8, and below it a mark that no small
 * integer carries. */
enum { HANDLE_MARK = 0xE8, INDEX_BITS = 24, GENERATION_BITS = 15 };

union handle_bits {
    uintptr_t bits;
    const void *handle;
    void *given;
};

static void *handle_encode(uint32_t index, uint32_t generation) {
    union handle_bits value = {.bits = ((uintptr_t)generation << 32) | ((uintptr_t)index << 8) |
                                       HANDLE_MARK};
    return value.given;
}

static struct handle_slot *handle_slot_of_bits(const struct handle_table *table, uintptr_t bits) {
    const uint32_t index = (uint32_t)(bits >> 8) & ((1U << INDEX_BITS) - 1);
    return (bits & 0xFF) == HANDLE_MARK && index < table->count ? &table->slots[index] : NULL;
}

/* The slot, or NULL when the bits name none that is live. */
static struct handle_slot *handle_slot(const struct handle_table *table, const void *handle) {
    const union handle_bits value = {.handle = handle};
    struct handle_slot *slot = handle_slot_of_bits(table, value.bits);
    return slot && slot->kind != HANDLE_FREE && slot->generation == value.bits >> 32 ? slot : NULL;
}

static bool handle_table_reserve(struct handle_table *table) {
    if (table->count == 1U << INDEX_BITS)
        return false;
    struct handle_slot *slots =
        list_reserve(table->slots, table->count + 1, &table->capacity, sizeof *slots);
    if (slots)
        table->slots = slots;
    return slots != NULL;
}

void *handle_add(struct handle_table *table, enum handle_kind kind, void *object) {
    uint32_t index = table->first_free;
    if (index) {
        index--;
        table->first_free = table->slots[index].next_free;
    } else {
        if (!handle_table_reserve(table))
            return NULL;
        index = table->count++;
        table->slots[index] = (struct handle_slot){.generation = 1};
    }
    table->slots[index].object = object;
    table->slots[index].kind = kind;
    return handle_encode(index, table->slots[index].generation);
}

void *handle_find(const struct handle_table *table, enum handle_kind kind, const void *handle) {
    const struct handle_slot *slot = handle_slot(table, handle);
    return slot && slot->kind == kind ? slot->object : NULL;
}

void handle_remove(struct handle_table *table, const void *handle) {
    struct handle_slot *slot = handle_slot(table, handle);
    if (!slot)
        return;
    slot->object = NULL;
    slot->kind = HANDLE_FREE;
    slot->went_along = table->removes_along;
    slot->generation = (slot->generation + 1) & ((1U << GENERATION_BITS) - 1);
    slot->next_free = table->first_free;
    table->first_free = (uint32_t)(slot - table->slots) + 1;
}

bool handle_went_along(const struct handle_table *table, const void *handle) {
    const union handle_bits value = {.handle = handle};
    const struct handle_slot *slot = handle_slot_of_bits(table, value.bits);
    return slot && slot->went_along &&
           slot->generation == (((value.bits >> 32) + 1) & ((1U << GENERATION_BITS) - 1));
}

void *handle_next(const struct handle_table *table, enum handle_kind kind, uint32_t *position) {
    while (*position < table->count) {
        const struct handle_slot *slot = &table->slots[(*position)++];
        if (slot->kind == kind)
            return slot->object;
    }
    return NULL;
}

void handle_table_free(struct handle_table *table) {
    free(table->slots);
    *table = (struct handle_table){0};
}
