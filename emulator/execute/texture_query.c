/* Questions to textures and surfaces (PTX ISA 9.7.10, txq; 9.7.11, suq). */
#include "emulator/execute/execute.h"
#include "emulator/execute/texture.h"
#include "emulator/warps/values.h"
#include "emulator/warps/warp.h"

enum question { WIDTH, HEIGHT, DEPTH, LAYERS, LEVELS, NORMALISED };

/* False: the image has no such size. */
static bool answer(const struct machine_texture *texture, enum question question, uint32_t *value) {
    switch (question) {
    case LEVELS: /* the image itself */
        *value = 1;
        return true;
    case NORMALISED:
        *value = texture->is_normalised;
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
    const enum question question = (enum question)detail->choice[0];
    const bool has_level = detail->from_count > 1 && value_read(warp, detail, 1, lane) != 0;
    uint32_t value = 0;
    if (has_level)
        warp_fault(warp, instruction, MACHINE_ILLEGAL_INSTRUCTION, lane, image->handle,
                   "the texture has no other level than 0");
    else if (image->texture->is_surface != is_surface || !answer(image->texture, question, &value))
        warp_fault(warp, instruction, MACHINE_ILLEGAL_INSTRUCTION, lane, image->handle,
                   "the handle is that of a %s that has no %s",
                   image->texture->is_surface ? "surface" : "texture",
                   question < LEVELS ? names[question] : "levels and coordinates");
    return value;
}

static void execute_question(struct warp *warp, const struct instruction *instruction) {
    const bool is_surface = instruction->detail->source->root[0] == 's';
    struct image image = {0};
    for (unsigned lane = 0; lane < LANES && !warp->is_faulted; lane++)
        if ((warp->mask >> lane & 1) && image_look_up(warp, instruction, lane, is_surface, &image))
            value_write(warp, instruction->detail, 0, lane, ask(warp, instruction, lane, &image));
}

static const struct instruction_row rows[] = {
    {.pattern = "txq.{width,height,depth,array_size,num_mipmap_levels,normalized_coords}.b32",
     "w=m",
     execute_question,
     .decode = DECODE_UNTYPED},
    {.pattern = "txq.level.{width,height,depth}.b32",
     "w=m,w",
     execute_question,
     .decode = DECODE_UNTYPED},
    {.pattern = "suq.{width,height,depth,array_size}.b32",
     "w=m",
     execute_question,
     .decode = DECODE_UNTYPED},
};

const struct instruction_table executor_texture_query = {rows, sizeof rows / sizeof rows[0]};
