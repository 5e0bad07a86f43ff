/*
 * Images that kernels read and write by a handle: where their texels lie, and how a texture makes
 * one value of several. The words and numbers of address modes are those of CUDA.
 */
#ifndef LOCKSTEP_EMULATOR_MEMORY_TEXTURE_H
#define LOCKSTEP_EMULATOR_MEMORY_TEXTURE_H

#include "emulator/lanes/machine_types.h"

/* An image of 2^31 texels in a row would have no more. */
enum { TEXTURE_LEVELS = 32 };

struct texture_slot {
    struct machine_texture texture;
    uint32_t generation;
    bool is_used;
};

/* Starts as all zeros. */
struct texture_table {
    struct texture_slot *slots;
    uint32_t count;
    size_t capacity;
};

/* 0: no memory. A handle that was removed does not come back soon. */
uint64_t texture_add(struct texture_table *table, const struct machine_texture *texture);
bool texture_remove(struct texture_table *table, uint64_t handle);
/* NULL for what is no handle of the table. */
const struct machine_texture *texture_lookup(const struct texture_table *table, uint64_t handle);
/* A level of an image as an image of its own. */
struct machine_texture texture_level(const struct machine_texture *texture, unsigned level);
/* Bytes from the first texel to behind the last, of all levels. */
size_t texture_bytes(const struct machine_texture *texture);
void texture_table_free(struct texture_table *table);

#endif
