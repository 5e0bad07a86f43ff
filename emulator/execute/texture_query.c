/* Questions to textures and surfaces (PTX ISA 9.7.10, txq and istypep; 9.7.11, suq). */
#include "emulator/execute/execute.h"
#include "emulator/execute/texture.h"
#include "emulator/warps/values.h"
#include "emulator/warps/warp.h"

/* Those of textures in the order of their row. */
enum question {
    WIDTH,
    HEIGHT,
    DEPTH,
    LAYERS,
    LEVELS,
    NORMALISED,
    ORDER,
    TYPE,
    FILTER,
    ADDRESS_0,
    ADDRESS_1,
    ADDRESS_2,
    SAMPLES,
    LAYOUT
};

/* In the order of the row of surfaces. */
static const enum question of_surfaces[] = {WIDTH, HEIGHT, DEPTH, LAYERS, ORDER, TYPE, LAYOUT};

/* The manual has the numbers of OpenCL alone. */
static uint32_t channel_order(const struct machine_texture *texture) {
    enum { ORDER_R = 0x10b0, ORDER_RG = 0x10b2, ORDER_RGBA = 0x10b5 };
    return texture->channels == 1 ? ORDER_R : texture->channels == 2 ? ORDER_RG : ORDER_RGBA;
}

static uint32_t channel_type(const struct machine_texture *texture) {
    static const struct {
        uint32_t of_elements, of_fractions;
    } types[] = {
        [TEXEL_U8] = {0x10da, 0x10d2},  [TEXEL_U16] = {0x10db, 0x10d3},
        [TEXEL_U32] = {0x10dc, 0x10dc}, [TEXEL_S8] = {0x10d7, 0x10d0},
        [TEXEL_S16] = {0x10d8, 0x10d1}, [TEXEL_S32] = {0x10d9, 0x10d9},
        [TEXEL_F16] = {0x10dd, 0x10dd}, [TEXEL_F32] = {0x10de, 0x10de},
    };
    return texture->is_surface || texture->reads_elements ? types[texture->format].of_elements
                                                          : types[texture->format].of_fractions;
}

/* In the order of PTX: wrap, mirror, one that CUDA does not have, to the edge, to the border. */
static uint32_t address_mode(enum texture_address address) {
    static const uint8_t modes[] = {
        [TEXTURE_WRAP] = 0, [TEXTURE_MIRROR] = 1, [TEXTURE_CLAMP] = 3, [TEXTURE_BORDER] = 4};
    return modes[address];
}

/* False: the image has no such size. */
static bool answer(const struct machine_texture *texture, enum question question, uint32_t *value) {
    switch (question) {
    case LEVELS: /* the image itself is one */
        *value = texture->levels ? texture->levels : 1;
        return true;
    case NORMALISED:
        *value = texture->is_normalised;
        return true;
    case ORDER:
        *value = channel_order(texture);
        return true;
    case TYPE:
        *value = channel_type(texture);
        return true;
    case FILTER: /* nearest or linear */
        *value = texture->is_filtered;
        return true;
    case ADDRESS_0:
    case ADDRESS_1:
    case ADDRESS_2:
        *value = address_mode(texture->address[question - ADDRESS_0]);
        return true;
    case SAMPLES: /* of a texture of several a texel, which none is */
    case LAYOUT:  /* arrays are not linear */
        *value = 0;
        return true;
    case LAYERS:
        *value = texture->size[2];
        return texture->is_layered && !texture->is_cubemap;
    case WIDTH:
    case HEIGHT:
    case DEPTH:
    default:
        *value = texture->size[question];
        return (unsigned)question < texture->dimensions;
    }
}

static uint32_t ask(struct warp *warp, const struct instruction *instruction, unsigned lane,
                    const struct image *image) {
    static const char *const names[] = {"width", "height", "depth", "layers"};
    const struct detail *detail = instruction->detail;
    const bool is_surface = detail->source->root[0] == 's';
    const enum question question =
        is_surface ? of_surfaces[(size_t)detail->choice[0]] : (enum question)detail->choice[0];
    const uint32_t level = detail->from_count > 1 ? (uint32_t)value_read(warp, detail, 1, lane) : 0;
    const uint32_t levels = image->texture->levels ? image->texture->levels : 1;
    const struct machine_texture asked =
        texture_level(image->texture, level < levels ? level : levels - 1);
    uint32_t value = 0;
    if (level >= levels)
        warp_fault(warp, instruction, MACHINE_ILLEGAL_INSTRUCTION, lane, image->handle,
                   "the texture has %u levels, and no level %u", levels, level);
    else if (image->texture->is_surface != is_surface ||
             !answer(level ? &asked : image->texture, question, &value))
        warp_fault(warp, instruction, MACHINE_ILLEGAL_INSTRUCTION, lane, image->handle,
                   "the handle is that of a %s that has no %s",
                   image->texture->is_surface ? "surface" : "texture",
                   question < LEVELS ? names[question] : "sampler");
    return value;
}

static void execute_question(struct warp *warp, const struct instruction *instruction) {
    const bool is_surface = instruction->detail->source->root[0] == 's';
    struct image image = {0};
    for (unsigned lane = 0; lane < LANES && !warp->is_faulted; lane++)
        if ((warp->mask >> lane & 1) && image_look_up(warp, instruction, lane, is_surface, &image))
            value_write(warp, instruction->detail, 0, lane, ask(warp, instruction, lane, &image));
}

/* Of which kind is what a number stands for? What is no handle and no reference is of none. */
static enum syntax_opaque kind_of(const struct warp *warp, uint64_t handle) {
    const struct syntax_variable *reference = image_reference(warp, handle);
    const struct machine_texture *texture = texture_lookup(warp->block->launch->textures, handle);
    if (reference)
        return reference->opaque;
    if (!texture)
        return OPAQUE_NONE;
    return texture->is_surface ? OPAQUE_SURFACE : OPAQUE_TEXTURE;
}

static void execute_kind(struct warp *warp, const struct instruction *instruction) {
    static const enum syntax_opaque kinds[] = {OPAQUE_TEXTURE, OPAQUE_SURFACE, OPAQUE_SAMPLER};
    const struct detail *detail = instruction->detail;
    for (uint32_t rest = warp->mask; rest; rest &= rest - 1) {
        const unsigned lane = lane_first(rest);
        const uint64_t handle = value_read(warp, detail, 0, lane);
        value_write(warp, detail, 0, lane,
                    kind_of(warp, handle) == kinds[(size_t)detail->choice[0]]);
    }
}

static const struct instruction_row rows[] = {
    {.pattern = "txq.{width,height,depth,array_size,num_mipmap_levels,normalized_coords,"
                "channel_order,channel_data_type,filter_mode,addr_mode_0,addr_mode_1,addr_mode_2,"
                "num_samples}.b32",
     "w=m",
     execute_question,
     .decode = DECODE_UNTYPED},
    {.pattern = "txq.level.{width,height,depth}.b32",
     "w=m,w",
     execute_question,
     .decode = DECODE_UNTYPED},
    {.pattern = "suq.{width,height,depth,array_size,channel_order,channel_data_type,"
                "memory_layout}.b32",
     "w=m",
     execute_question,
     .decode = DECODE_UNTYPED},
    {.pattern = "istypep.{texref,surfref,samplerref}", "p=d", execute_kind},
};

const struct instruction_table executor_texture_query = {rows, sizeof rows / sizeof rows[0]};
