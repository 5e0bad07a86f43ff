/* Samples of textures. */
#include "emulator/memory/sample.h"

#include "emulator/lanes/lanes.h"
#include "emulator/lanes/space.h"

#include <math.h>

/* ---- One dimension: two texels, of which the second counts by `weight` ---- */

struct axis {
    int64_t index[2]; /* -1: beyond the image */
    double weight;
};

static bool reads_integers(const struct machine_texture *texture) {
    return texture->reads_elements && texture->format != TEXEL_F16 && texture->format != TEXEL_F32;
}

/* Wrapping and mirroring need normalised coordinates; else they clamp. */
static enum texture_address address_mode(const struct machine_texture *texture, unsigned k) {
    const enum texture_address mode = texture->address[k];
    const bool repeats = mode == TEXTURE_WRAP || mode == TEXTURE_MIRROR;
    return repeats && !texture->is_normalised ? TEXTURE_CLAMP : mode;
}

static int64_t texel_index(enum texture_address mode, int64_t index, int64_t size) {
    if (index >= 0 && index < size)
        return index;
    switch (mode) {
    case TEXTURE_BORDER:
        return -1;
    case TEXTURE_WRAP:
        return ((index % size) + size) % size;
    case TEXTURE_MIRROR: /* at most one texel beyond: the place itself has been mirrored */
        index = index < 0 ? -1 - index : index;
        return index >= size ? 2 * size - 1 - index : index;
    default:
        return index < 0 ? 0 : size - 1;
    }
}

/* A normalised coordinate within the image, in texels. */
static double normalised_place(enum texture_address mode, double at, double size) {
    const double whole = floor(at);
    if (mode == TEXTURE_WRAP)
        at -= whole;
    if (mode == TEXTURE_MIRROR) /* every other image is turned round */
        at = fmod(whole, 2) != 0 ? 1 - (at - whole) : at - whole;
    return at * size;
}

static struct axis axis_find(const struct machine_texture *texture, unsigned k, double at,
                             bool is_index, bool is_filtered) {
    enum { FAR = 1 << 30, FRACTION = 256 };
    const int64_t size = texture->size[k];
    const enum texture_address mode = address_mode(texture, k);
    struct axis axis = {.weight = 0};
    if (texture->is_normalised && !is_index)
        at = normalised_place(mode, at, (double)size);
    if (isnan(at))
        at = 0;
    at = at < -FAR ? -FAR : at > FAR ? FAR : at;
    if (is_filtered)
        at -= 0.5;
    const int64_t near = (int64_t)at, whole = near - (at < (double)near); /* rounded down */
    axis.index[0] = texel_index(mode, whole, size);
    if (is_filtered) {
        axis.weight = nearbyint((at - (double)whole) * FRACTION) / FRACTION;
        axis.index[1] = texel_index(mode, whole + 1, size);
    }
    return axis;
}

/* ---- All dimensions ---- */

static uint64_t texel_address(const struct machine_texture *texture, const int64_t at[3]) {
    if (at[0] < 0 || at[1] < 0 || at[2] < 0)
        return 0;
    return texture->base + (uint64_t)at[2] * texture->plane_bytes +
           (uint64_t)at[1] * texture->row_bytes + (uint64_t)at[0] * machine_texel_bytes(texture);
}

static void gather(const struct machine_texture *texture, const struct axis axes[3],
                   struct sample *sample) {
    static const uint8_t order[4][2] = {{0, 1}, {1, 1}, {1, 0}, {0, 0}};
    sample->count = 4;
    for (unsigned k = 0; k < 4; k++) {
        const int64_t at[3] = {axes[0].index[order[k][0]], axes[1].index[order[k][1]],
                               axes[2].index[0]};
        sample->address[k] = texel_address(texture, at);
        sample->weight[k] = 1;
    }
}

/* The nearest texel, or two of each dimension. */
static void add_corners(const struct machine_texture *texture, const struct axis axes[3],
                        bool is_filtered, struct sample *sample) {
    const unsigned corners = is_filtered ? 1U << texture->dimensions : 1;
    sample->count = 0;
    for (unsigned corner = 0; corner < corners; corner++) {
        double weight = 1;
        int64_t at[3];
        for (unsigned k = 0; k < 3; k++) {
            const unsigned side = corner >> k & 1;
            at[k] = axes[k].index[side];
            weight *= side ? axes[k].weight : 1 - axes[k].weight;
        }
        if (weight == 0)
            continue;
        sample->address[sample->count] = texel_address(texture, at);
        sample->weight[sample->count++] = weight;
    }
}

void sample_find(const struct machine_texture *texture, const struct sample_place *place,
                 bool gathers, struct sample *sample) {
    const bool is_filtered = gathers || (texture->is_filtered && !place->is_index);
    const uint32_t last = texture->size[2] - 1;
    struct axis axes[3] = {{{0}, 0}};
    for (unsigned k = 0; k < texture->dimensions; k++)
        axes[k] = axis_find(texture, k, place->at[k], place->is_index, is_filtered);
    if (texture->is_layered || texture->is_cubemap)
        axes[2].index[0] = place->layer < last ? place->layer : last;
    if (gathers) {
        gather(texture, axes, sample);
        return;
    }
    add_corners(texture, axes, is_filtered, sample);
}

/* ---- Values ---- */

static uint32_t half_widen(uint32_t half) {
    const uint32_t sign = (half & 0x8000u) << 16, magnitude = half & 0x7fffu;
    if (magnitude >= 0x7c00u)
        return sign | 0x7f800000u | (magnitude & 0x3ffu) << 13;
    return lane_bits32(lane_f32(magnitude << 13) * 0x1p112f) | sign;
}

/* An integer as it is, a float as one, or what a normalised integer stands for. */
static uint32_t channel_value(const struct machine_texture *texture, const unsigned char *bytes,
                              unsigned channel) {
    const uint32_t size = machine_texel_bytes(texture) / texture->channels;
    const bool is_signed = texture->format >= TEXEL_S8 && texture->format <= TEXEL_S32;
    uint32_t raw = 0;
    memcpy(&raw, bytes + (size_t)channel * size, size);
    if (texture->format == TEXEL_F16)
        return half_widen(raw);
    const unsigned unused = 32 - size * 8;
    const int32_t number = (int32_t)(raw << unused) >> unused;
    if (size == 4 || texture->reads_elements)
        return is_signed ? (uint32_t)number : raw;
    const float largest =
        is_signed ? (float)((1 << (size * 8 - 1)) - 1) : (float)((1 << size * 8) - 1);
    return lane_bits32(is_signed ? fmaxf((float)number / largest, -1) : (float)raw / largest);
}

void sample_texel(const struct machine_texture *texture, uint64_t address, uint32_t value[4]) {
    const bool is_integer = reads_integers(texture);
    for (unsigned k = 0; k < 4; k++) {
        const float border = texture->border[k], absent = k == 3 ? 1 : 0;
        if (!address)
            value[k] = is_integer ? (uint32_t)(int32_t)border : lane_bits32(border);
        else if (k >= texture->channels)
            value[k] = is_integer ? (uint32_t)absent : lane_bits32(absent);
        else
            value[k] = channel_value(texture, space_host(address), k);
    }
}

void sample_value(const struct machine_texture *texture, const struct sample *sample,
                  uint32_t value[4]) {
    double sum[4] = {0};
    if (sample->count == 1) {
        sample_texel(texture, sample->address[0], value);
        return;
    }
    for (unsigned n = 0; n < sample->count; n++) {
        uint32_t texel[4];
        sample_texel(texture, sample->address[n], texel);
        for (unsigned k = 0; k < 4; k++)
            sum[k] += sample->weight[n] * (double)lane_f32(texel[k]);
    }
    for (unsigned k = 0; k < 4; k++)
        value[k] = lane_bits32((float)sum[k]);
}

/* ---- Levels ---- */

double sample_level(const struct machine_texture *texture, double level) {
    enum { FRACTION = 256 };
    const double last = texture->levels - 1;
    level = fmin(fmax(level + (double)texture->level_bias, (double)texture->least_level),
                 (double)texture->most_level);
    level = level > 0 ? level : 0; /* also where it is no number */
    level = level < last ? level : last;
    return texture->mixes_levels ? nearbyint(level * FRACTION) / FRACTION : floor(level + 0.5);
}

/* ---- Cubes ---- */

/* The guide's table: the largest of the three says the face, and what the others are divided by. */
void sample_cube(struct sample_place *place) {
    const double x = place->at[0], y = place->at[1], z = place->at[2];
    const bool is_x = fabs(x) >= fabs(y) && fabs(x) >= fabs(z);
    const bool is_y = !is_x && fabs(y) >= fabs(z);
    const double largest = is_x ? x : is_y ? y : z;
    const double sign = largest < 0 ? -1 : 1;
    double s = sign * x, t = -y;
    unsigned face = 4;
    if (is_x) {
        face = 0;
        s = -sign * z;
    } else if (is_y) {
        face = 2;
        s = x;
        t = sign * z;
    }
    const double divisor = largest == 0 ? 1 : fabs(largest);
    place->layer = place->layer * 6 + face + (sign < 0);
    place->at[0] = (s / divisor + 1) / 2;
    place->at[1] = (t / divisor + 1) / 2;
}
