/* Boxes of tensors, and pixels for im2col (PTX ISA 5.5, "Tensors"). */
#include "emulator/async/tile.h"

#include <string.h>

enum { CHUNK_BYTES = TENSOR_CHUNK, SWIZZLE_LINE = 128 };

/* Elements along a dimension; the first one has no steps. */
static uint32_t count_of(const struct tensor_map *map, unsigned k) {
    const uint32_t step = k == 0 ? 1 : map->step[k];
    return (map->box[k] + step - 1) / step;
}

/* What elements take in global memory. */
static uint64_t bytes_of(const struct tensor_map *map, uint64_t elements) {
    return elements * tensor_element_bits(map->element, (uint32_t)map->stride[0]) / 8;
}

static uint32_t row_bytes(const struct tensor_map *map) {
    return (uint32_t)bytes_of(map, map->box[0]);
}

static uint32_t row_taken(const struct tensor_map *map) {
    return tensor_is_spread(map->element) ? map->box[0] : row_bytes(map);
}

static bool has_sound_box(const struct tensor_map *map) {
    enum { BOX_LIMIT = 256, PIXELS_LIMIT = 1024, STEP_LIMIT = 8, BYTES_LIMIT = 1 << 20 };
    const unsigned dimensions = map->is_im2col ? 2 : map->rank;
    uint64_t bytes = map->stride[0];
    bool is_sound = !map->is_im2col || map->rank >= 3;
    for (unsigned k = 0; is_sound && k < dimensions; k++) {
        const unsigned limit = map->is_im2col && k == 1 ? PIXELS_LIMIT : BOX_LIMIT;
        bytes *= map->box[k];
        is_sound = map->box[k] >= 1 && map->box[k] <= limit && bytes <= BYTES_LIMIT;
    }
    for (unsigned k = 0; is_sound && k < map->rank; k++)
        is_sound = map->step[k] >= 1 && map->step[k] <= STEP_LIMIT && map->size[k] >= 1;
    return is_sound;
}

/* Packed elements fill whole bytes, and spread ones whole boxes. */
static bool has_sound_elements(const struct tensor_map *map) {
    if (map->element < TENSOR_U4)
        return map->stride[0] >= 1 && map->stride[0] <= 8;
    if (map->element == TENSOR_U4)
        return map->stride[0] == 1 && map->size[0] % 2 == 0 && map->box[0] % (2 * CHUNK_BYTES) == 0;
    return map->element <= TENSOR_U6_SPREAD && map->stride[0] == 1 &&
           map->box[0] == TENSOR_SPREAD_BOX && map->size[0] % TENSOR_SPREAD_BOX == 0 &&
           (map->swizzle == 0 || map->swizzle == SWIZZLE_LINE) &&
           map->doubled <= (map->element == TENSOR_U6_SPREAD ? 2 : 1);
}

bool tile_is_sound(const struct tensor_map *map) {
    const bool has_known_swizzle =
        map->swizzle == 0 || map->swizzle == 32 || map->swizzle == 64 || map->swizzle == 128;
    const bool is_sound = map->magic == TENSOR_MAP_MAGIC && map->rank >= 1 &&
                          map->rank <= TENSOR_RANKS && has_sound_elements(map) && has_known_swizzle;
    if (map->doubled > (map->swizzle == SWIZZLE_LINE ? 2 : 0))
        return false;
    return is_sound && has_sound_box(map) && row_bytes(map) % CHUNK_BYTES == 0;
}

bool tile_take_rows(struct tile *tile) {
    if (tile->map.rank != 2 || tile->map.is_im2col || tile->map.box[1] != 1)
        return false;
    tile->map.box[1] = TILE_ROWS_TAKEN;
    tile->map.step[1] = 1;
    tile->is_of_rows = true;
    return true;
}

uint32_t tile_rows(const struct tensor_map *map) {
    uint32_t rows = 1;
    if (map->is_im2col)
        return map->box[1];
    for (unsigned k = 1; k < map->rank; k++)
        rows *= count_of(map, k);
    return rows;
}

/* A row narrower than the span of its swizzle takes the whole span. */
static uint32_t row_pitch(const struct tensor_map *map) {
    const uint32_t bytes = row_taken(map);
    return bytes < map->swizzle ? map->swizzle : bytes;
}

uint32_t tile_bytes(const struct tensor_map *map) {
    return tile_rows(map) * row_pitch(map);
}

uint32_t tile_payload(const struct tensor_map *map) {
    return tile_rows(map) * row_bytes(map);
}

/* Where row `number` of a box lies along dimension k, and the number of the row along those
 * above. */
static int64_t step_box(const struct tile *tile, unsigned k, uint32_t *number) {
    const uint32_t count = count_of(&tile->map, k);
    const int64_t at = tile->at[k] + (int64_t)(*number % count) * tile->map.step[k];
    *number /= count;
    return at;
}

/* The same of pixel `number` behind the first one. Behind the last pixel of a line comes the first
 * one of the next line, and so on up to the images of a batch. */
static int64_t step_pixel(const struct tile *tile, unsigned k, uint32_t *number) {
    const struct tensor_map *map = &tile->map;
    const int64_t step = map->step[k], first = tile->at[k];
    if (k + 1 == map->rank)
        return first + (int64_t)*number * step;
    const int64_t begin = map->lower[k - 1];
    const int64_t last = (int64_t)map->size[k] - 1 + tensor_map_upper(map, k - 1);
    const int64_t left = last < first ? 0 : (last - first) / step + 1;
    const int64_t whole = last < begin ? 1 : (last - begin) / step + 1;
    const int64_t offset = tile->offset[k - 1];
    if (*number < left) {
        const int64_t at = first + (int64_t)*number * step + offset;
        *number = 0;
        return at;
    }
    const int64_t behind = (int64_t)*number - left;
    *number = (uint32_t)(1 + behind / whole);
    return begin + behind % whole * step + offset;
}

static int64_t step_along(const struct tile *tile, unsigned k, uint32_t *number) {
    if (tile->is_of_rows)
        return tile->at[1 + *number];
    return tile->map.is_im2col ? step_pixel(tile, k, number) : step_box(tile, k, number);
}

struct tile_row tile_row(const struct tile *tile, uint32_t number) {
    const struct tensor_map *map = &tile->map;
    struct tile_row row = {.offset = number * row_pitch(map),
                           .bytes = row_bytes(map),
                           .taken = row_taken(map),
                           .global = map->address};
    bool is_inside = true;
    for (unsigned k = 1; k < map->rank; k++) {
        const int64_t at = step_along(tile, k, &number);
        is_inside &= at >= 0 && (uint64_t)at < map->size[k];
        row.global += (uint64_t)at * map->stride[k];
    }
    int64_t first = tile->at[0], end = first + map->box[0];
    first = first < 0 ? 0 : first;
    end = end > (int64_t)map->size[0] ? (int64_t)map->size[0] : end;
    if (!is_inside || first >= end)
        return row;
    row.lead = (uint32_t)bytes_of(map, (uint64_t)(first - tile->at[0]));
    row.inside = (uint32_t)bytes_of(map, (uint64_t)(end - first));
    row.global += bytes_of(map, (uint64_t)first);
    return row;
}

uint32_t tile_chunk(const struct tensor_map *map) {
    return tensor_is_spread(map->element) ? (uint32_t)bytes_of(map, TENSOR_CHUNK) : CHUNK_BYTES;
}

void tile_spread(const struct tensor_map *map, unsigned char *row, uint32_t bytes) {
    const uint32_t chunk = tile_chunk(map);
    for (uint32_t k = bytes / chunk; chunk < CHUNK_BYTES && k-- > 0;) {
        memmove(row + (size_t)k * CHUNK_BYTES, row + (size_t)k * chunk, chunk);
        memset(row + (size_t)k * CHUNK_BYTES + chunk, 0, CHUNK_BYTES - chunk);
    }
}

void tile_gather(const struct tensor_map *map, unsigned char *row, uint32_t bytes) {
    const uint32_t chunk = tile_chunk(map);
    for (uint32_t k = 0; chunk < CHUNK_BYTES && k < bytes / chunk; k++)
        memmove(row + (size_t)k * chunk, row + (size_t)k * CHUNK_BYTES, chunk);
}

/* The pattern is one of addresses: the number of the chunk of 16, 32 or 64 bytes within its span is
 * combined with that of the line of 128 bytes within the pattern. */
uint32_t tile_swizzle(const struct tensor_map *map, uint32_t base, uint32_t offset) {
    const uint32_t address = base + offset;
    if (map->swizzle == 0)
        return address;
    const uint32_t bytes = (uint32_t)CHUNK_BYTES << map->doubled;
    return address ^ (address / SWIZZLE_LINE % (map->swizzle / bytes) * bytes);
}

void tile_fill(const struct tensor_map *map, unsigned char *row, uint32_t bytes) {
    const uint16_t nan = TENSOR_MAP_OUTSIDE;
    memset(row, 0, bytes);
    for (uint32_t k = 0; map->fills_nan && k + sizeof nan <= bytes; k += sizeof nan)
        memcpy(row + k, &nan, sizeof nan);
}
