/*
 * What the number stands for that an instruction is given for a texture or a surface: it is a
 * handle, or the address of a variable that refers to one (PTX ISA 9.0, 5.3: pointers to opaque
 * variables).
 */
#include "emulator/execute/texture.h"
#include "emulator/lanes/space.h"
#include "emulator/warps/values.h"
#include "emulator/warps/warp.h"

#include <string.h>

const struct syntax_variable *image_reference(const struct warp *warp, uint64_t address) {
    const struct program *program = warp->block->launch->program;
    for (size_t k = 0; k < program->reference_count; k++) {
        if (program->references[k]->address == address)
            return program->references[k];
    }
    return NULL;
}

bool image_look_up(struct warp *warp, const struct instruction *instruction, unsigned lane,
                   bool is_surface, struct image *image) {
    const struct texture_table *table = warp->block->launch->textures;
    const char *what = is_surface ? "surface" : "texture";
    image->handle = value_read(warp, instruction->detail, 0, lane);
    const struct syntax_variable *reference = image_reference(warp, image->handle);
    uint64_t handle = image->handle;
    if (reference)
        memcpy(&handle, space_host(reference->address), sizeof handle);
    image->texture = texture_lookup(table, handle);
    if (image->texture)
        return true;
    if (reference)
        warp_fault(warp, instruction, MACHINE_ILLEGAL_INSTRUCTION, lane, image->handle,
                   "no %s is bound to '%s'", what, reference->name);
    else
        warp_fault(warp, instruction, MACHINE_ILLEGAL_INSTRUCTION, lane, image->handle,
                   "the handle is of no %s, or of one that was destroyed", what);
    return false;
}
