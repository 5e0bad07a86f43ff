/*
 * What a texture makes of a place in it (CUDA C programming guide, "Texture Fetching"): which
 * texels, with which weight each, and the value they give.
 *
 * Weights between two texels have 8 bits of fraction, as the guide says of the hardware. How these
 * are rounded it leaves open: here to the nearest.
 */
#ifndef LOCKSTEP_EMULATOR_MEMORY_SAMPLE_H
#define LOCKSTEP_EMULATOR_MEMORY_SAMPLE_H

#include "emulator/memory/texture.h"

enum { SAMPLE_TEXELS = 8 };

/* A place in a texture. */
struct sample_place {
    double at[3]; /* a whole number stands for the texel itself where is_index says so */
    bool is_index;
    uint32_t layer; /* beyond the last one: the last one */
};

/* The texels of a sample. */
struct sample {
    unsigned count;
    uint64_t address[SAMPLE_TEXELS]; /* 0: beyond the image, where the border's colour is */
    double weight[SAMPLE_TEXELS];
};

/* `gathers`: the four texels around a place of two dimensions, whatever the filter says, in the
 * order of tld4. */
void sample_find(const struct machine_texture *texture, const struct sample_place *place,
                 bool gathers, struct sample *sample);
/* The bits of four channels: floats, or integers where the texture reads elements. Channels that
 * the image lacks are 0, 0 and 1. */
void sample_value(const struct machine_texture *texture, const struct sample *sample,
                  uint32_t value[4]);
/* Likewise of one of its texels. */
void sample_texel(const struct machine_texture *texture, uint64_t address, uint32_t value[4]);
/* The level that a texture reads where `level` is asked for: a whole number, or with a linear
 * filter between levels one with 8 bits of fraction. */
double sample_level(const struct machine_texture *texture, double level);
/* A direction (x, y, z) as the layer and the place of a cube's face. */
void sample_cube(struct sample_place *place);

#endif
