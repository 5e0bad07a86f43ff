/* From an image to its PTX. */
#include "emulator/driver/code/image.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "emulator/ptx/fatbin.h"

static CUresult image_open_fatbin(const void *image, struct image_ptx *ptx, char *message,
                                  size_t size) {
    struct fatbin_ptx found;
    switch (fatbin_find_ptx(image, driver_architecture(), &found, message, size)) {
    case FATBIN_OK:
        *ptx = (struct image_ptx){found.text, found.length, found.text};
        return CUDA_SUCCESS;
    case FATBIN_NO_PTX:
        if (found.architecture) {
            const size_t used = strlen(message);
            driver_device_advise(found.architecture, found.features, message + used, size - used);
        }
        return CUDA_ERROR_NO_BINARY_FOR_GPU;
    case FATBIN_OUT_OF_MEMORY:
        return CUDA_ERROR_OUT_OF_MEMORY;
    default:
        return CUDA_ERROR_INVALID_IMAGE;
    }
}

/* PTX is text: a comment or a directive, behind white space. */
static bool image_is_text(const char *image) {
    while (isspace((unsigned char)*image))
        image++;
    return *image == '.' || *image == '/';
}

CUresult image_open(const void *image, struct image_ptx *ptx, char *message, size_t size) {
    const char *bytes = image;
    *ptx = (struct image_ptx){bytes, 0, NULL};
    if (!strncmp(bytes, "\177ELF", 4)) {
        const unsigned device = driver_architecture();
        snprintf(message, size,
                 "the image is machine code (a cubin); the emulated device runs PTX: compile with "
                 "nvcc -ptx, or with -fatbin and -gencode arch=compute_%u,code=compute_%u",
                 device, device);
        return CUDA_ERROR_NO_BINARY_FOR_GPU;
    }
    if (fatbin_is(image))
        return image_open_fatbin(image, ptx, message, size);
    if (!image_is_text(bytes)) {
        snprintf(message, size, "the image is neither PTX, nor a fat binary, nor a cubin");
        return CUDA_ERROR_INVALID_IMAGE;
    }
    ptx->length = strlen(bytes);
    return CUDA_SUCCESS;
}

CUresult image_read_file(const char *path, char **contents, size_t *size) {
    CUresult status = CUDA_ERROR_INVALID_IMAGE;
    FILE *file = fopen(path, "rbe");
    struct stat about;
    char *bytes = NULL;
    if (!file)
        return CUDA_ERROR_FILE_NOT_FOUND;
    if (fstat(fileno(file), &about) != 0 || S_ISDIR(about.st_mode)) {
        (void)fclose(file);
        return CUDA_ERROR_FILE_NOT_FOUND;
    }
    long length = fseek(file, 0, SEEK_END) == 0 ? ftell(file) : -1;
    if (length >= 4 && fseek(file, 0, SEEK_SET) == 0) {
        bytes = malloc((size_t)length + 1);
        status = bytes ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
    }
    if (bytes && fread(bytes, 1, (size_t)length, file) != (size_t)length)
        status = CUDA_ERROR_INVALID_IMAGE;
    (void)fclose(file);
    if (status != CUDA_SUCCESS) {
        free(bytes);
        return status;
    }
    bytes[length] = '\0';
    *contents = bytes;
    *size = (size_t)length;
    return CUDA_SUCCESS;
}
