/*
 * A tensor map, as cuTensorMapEncode… fills it in and bulk copies read it. CUDA leaves what its
 * 128 bytes hold open; this is the emulated GPU's own layout, which no real device understands.
 */
#ifndef LOCKSTEP_EMULATOR_LANES_TENSOR_MAP_H
#define LOCKSTEP_EMULATOR_LANES_TENSOR_MAP_H

#include <stdbool.h>
#include <stdint.h>

enum {
    TENSOR_RANKS = 5,
    TENSOR_SPACES = TENSOR_RANKS - 2 /* an image's own dimensions */,
    TENSOR_MAP_BYTES = 128,
    TENSOR_MAP_ALIGNMENT = 64
};

#define TENSOR_MAP_MAGIC UINT32_C(0x706d746c) /* tells a tensor map from other bytes */

/* What the elements are: how they are added up, and what stands for those outside the tensor. */
enum tensor_element {
    TENSOR_U8,
    TENSOR_U16,
    TENSOR_U32,
    TENSOR_S32,
    TENSOR_U64,
    TENSOR_S64,
    TENSOR_F16,
    TENSOR_F32,
    TENSOR_F64,
    TENSOR_BF16,
    TENSOR_F32_FLUSHED, /* denormals become zeros as they are loaded */
    /* Packed: side by side in global memory. In shared memory those that are spread begin a chunk
     * of 16 bytes with every sixteenth. */
    TENSOR_U4,
    TENSOR_U4_SPREAD,
    TENSOR_U6_SPREAD,
};

enum {
    TENSOR_SPREAD_BOX = 128, /* what a box of spread elements has, and a tensor whole ones of */
    TENSOR_CHUNK = 16        /* bytes of shared memory, and spread elements in them */
};

/* Each 16 bits of a float that lies outside, where a NaN stands for it: fma.oob knows it by that.
 * PTX leaves the number open; an sm_100 has this one. */
enum { TENSOR_MAP_OUTSIDE = 0x7ff7 };

struct tensor_map {
    uint32_t magic;
    uint8_t rank;
    uint8_t element;   /* enum tensor_element */
    uint8_t swizzle;   /* bytes of the span within which chunks change places: 0, 32, 64, 128 */
    uint8_t fills_nan; /* outside of the tensor, instead of zeros */
    uint64_t patched;  /* programs clear a bit here, to mend what some drivers of NVIDIA do */
    uint64_t address;  /* of element (0, 0 …) */
    uint64_t stride[TENSOR_RANKS]; /* bytes from one to the next; [0] is 1 for packed ones */
    uint64_t size[TENSOR_RANKS];   /* elements */
    uint16_t box[TENSOR_RANKS];    /* elements that a box spans; im2col: channels, then pixels */
    uint8_t step[TENSOR_RANKS];    /* of which every step-th is taken */
    uint8_t is_im2col;
    /* Where the pixels of im2col begin and end along width, height and depth: those are pixels that
     * far from the image's first, and from its last. The latter take the place of box[2] and on. */
    int16_t lower[TENSOR_SPACES];
    uint8_t doubled; /* what changes places is 16 bytes, or twice (1) or four times (2) as much */
    uint8_t unused[TENSOR_MAP_BYTES - 3 * 8 - 16 * TENSOR_RANKS - 3 * TENSOR_RANKS - 9];
};

static inline bool tensor_is_spread(unsigned element) {
    return element == TENSOR_U4_SPREAD || element == TENSOR_U6_SPREAD;
}

/* Of an element in global memory, when its own stride is `bytes`. */
static inline uint32_t tensor_element_bits(unsigned element, uint32_t bytes) {
    return element == TENSOR_U4 || element == TENSOR_U4_SPREAD ? 4
           : element == TENSOR_U6_SPREAD                       ? 6
                                                               : bytes * 8;
}

static inline int16_t tensor_map_upper(const struct tensor_map *map, unsigned dimension) {
    return (int16_t)map->box[2 + dimension];
}

_Static_assert(sizeof(struct tensor_map) == TENSOR_MAP_BYTES, "it fills a CUtensorMap");

#endif
