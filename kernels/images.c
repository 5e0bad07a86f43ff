/* The kernels, compiled, inside the program: one image a .cu file.
 *
 * The build writes kernels_list.h: KERNEL_LIST(X), the .cu files' names; and kernels_built.h:
 * KERNEL_FOLDER, where their images (.image, a fatbin or PTX) lie, and KERNELS_BUILT, the sentence
 * of kernels_built().
 */
#include "kernels/kernels.h"

#include "kernels_built.h"
#include "kernels_list.h"

#include <string.h>

/* The assembler copies the file's bytes into read-only data, ended by a NUL because PTX is text. */
#define IMAGE_DATA(name)                                                                           \
    __asm__(".pushsection .rodata\n"                                                               \
            ".balign 16\n"                                                                         \
            "kernel_image_" #name ":\n"                                                            \
            ".incbin \"" KERNEL_FOLDER "/" #name ".image\"\n"                                      \
            "kernel_image_end_" #name ":\n"                                                        \
            ".byte 0\n"                                                                            \
            ".popsection\n");                                                                      \
    extern const char kernel_image_##name[], kernel_image_end_##name[];
KERNEL_LIST(IMAGE_DATA)

static const struct gpu_image images[] = {
#define IMAGE_ROW(name) {#name, kernel_image_##name, kernel_image_end_##name},
    KERNEL_LIST(IMAGE_ROW){NULL, NULL, NULL} /* so that a build without kernels has an array too */
};

const struct gpu_image *kernels_images(size_t *count) {
    *count = sizeof images / sizeof images[0] - 1;
    return images;
}

const char *kernels_absence(const char *image) {
    const size_t count = sizeof images / sizeof images[0] - 1;
    for (size_t i = 0; i < count; i++)
        if (strcmp(images[i].name, image) == 0)
            return NULL;
    return count == 0
               ? NULL
               : "the compiler of this build's kernels does not know its instructions: build "
                 "with nvcc";
}

const char *kernels_built(void) {
    return KERNELS_BUILT;
}
