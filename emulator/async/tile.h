/* A box of a tensor, or pixels of an image: where its rows lie in global memory and, swizzled, in
 * shared memory. */
#ifndef LOCKSTEP_EMULATOR_ASYNC_TILE_H
#define LOCKSTEP_EMULATOR_ASYNC_TILE_H

#include "emulator/lanes/tensor_map.h"

#include <stdbool.h>

struct tile {
    struct tensor_map map;
    int32_t at[TENSOR_RANKS];       /* coordinates of its first element, which may lie outside */
    uint16_t offset[TENSOR_SPACES]; /* im2col: how far from each pixel that lies which is read */
    bool is_of_rows;                /* see tile_take_rows */
};

enum {
    TILE_ROW_BYTES = 256 * 8, /* at most */
    TILE_ROWS_TAKEN = 4       /* of a tile of rows */
};

/* The elements of a box that follow each other in the first dimension, or a pixel's channels. */
struct tile_row {
    uint32_t offset; /* in the box in shared memory, before it is swizzled */
    uint32_t bytes;  /* of the row, as in global memory */
    uint32_t taken;  /* and as in shared memory: more, when elements are spread */
    uint32_t lead;   /* bytes before those that lie inside the tensor, */
    uint32_t inside; /* and how many do: 0 for a row outside */
    uint64_t global; /* where these lie */
};

/* Whether the map can be one that the driver has made: nothing in it leads astray. */
bool tile_is_sound(const struct tensor_map *map);
/*
 * Makes it a tile of four rows of a plane, which lie anywhere in it and one behind the other in
 * shared memory (PTX ISA 5.5.3.4, tile::gather4 and tile::scatter4). at[0] is their column, the
 * other coordinates are their numbers, and those outside of the tensor are such rows. False where
 * the map's box is not of one row, as it has to be.
 */
bool tile_take_rows(struct tile *tile);
/* Rows that a box has, and what it takes of shared memory. */
uint32_t tile_rows(const struct tensor_map *map);
uint32_t tile_bytes(const struct tensor_map *map);
/* Bytes that its elements have in global memory, which a copy of it moves. */
uint32_t tile_payload(const struct tensor_map *map);
struct tile_row tile_row(const struct tile *tile, uint32_t number);
/* Bytes of a row in global memory that a chunk of 16 bytes of shared memory holds. */
uint32_t tile_chunk(const struct tensor_map *map);
/* Spreads a row of global memory over chunks, with zeros between, or takes it from them. */
void tile_spread(const struct tensor_map *map, unsigned char *row, uint32_t bytes);
void tile_gather(const struct tensor_map *map, unsigned char *row, uint32_t bytes);
/* Where a byte of the box lies in shared memory, when the box begins at `base` there. */
uint32_t tile_swizzle(const struct tensor_map *map, uint32_t base, uint32_t offset);
/* Fills `row` with what stands for elements outside of the tensor. */
void tile_fill(const struct tensor_map *map, unsigned char *row, uint32_t bytes);

#endif
