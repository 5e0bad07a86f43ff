/*
 * nvJitLink for the emulated GPU, from its documented interface. Programs link PTX with it into a cubin; here the linked image
 * is the texts behind each other, as for cuLinkComplete. cuModuleLoadData finds what does not fit. Other inputs than PTX
 * hold machine code, or NVIDIA's own intermediate code, and are refused.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef NVJITLINK_MAJOR
#    define NVJITLINK_MAJOR 13
#endif

#define NVJITLINK_API __attribute__((visibility("default")))

typedef enum {
    NVJITLINK_SUCCESS = 0,
    NVJITLINK_ERROR_MISSING_ARCH = 2,
    NVJITLINK_ERROR_INVALID_INPUT = 3,
    NVJITLINK_ERROR_INTERNAL = 6,
    NVJITLINK_ERROR_NULL_INPUT = 10,
} nvJitLinkResult;

typedef enum { NVJITLINK_INPUT_PTX = 2, NVJITLINK_INPUT_ANY = 10 } nvJitLinkInputType;

typedef struct nvJitLink {
    char *text; /* ends with a zero; NULL before the first input */
    size_t length;
    char error[512];
} * nvJitLinkHandle;

/* ---- A link ---- */

NVJITLINK_API nvJitLinkResult nvJitLinkCreate(nvJitLinkHandle *handle, uint32_t count,
                                              const char **options);
NVJITLINK_API nvJitLinkResult nvJitLinkCreate(nvJitLinkHandle *handle, uint32_t count,
                                              const char **options) {
    bool has_architecture = false;
    if (!handle || (count && !options))
        return NVJITLINK_ERROR_NULL_INPUT;
    for (uint32_t i = 0; i < count; i++)
        has_architecture = has_architecture || strncmp(options[i], "-arch=", 6) == 0;
    if (!has_architecture)
        return NVJITLINK_ERROR_MISSING_ARCH;
    *handle = calloc(1, sizeof **handle);
    return *handle ? NVJITLINK_SUCCESS : NVJITLINK_ERROR_INTERNAL;
}

NVJITLINK_API nvJitLinkResult nvJitLinkDestroy(nvJitLinkHandle *handle);
NVJITLINK_API nvJitLinkResult nvJitLinkDestroy(nvJitLinkHandle *handle) {
    if (!handle || !*handle)
        return NVJITLINK_ERROR_NULL_INPUT;
    free((*handle)->text);
    free(*handle);
    *handle = NULL;
    return NVJITLINK_SUCCESS;
}

static nvJitLinkResult text_append(nvJitLinkHandle link, const char *data, size_t size) {
    const size_t more = strnlen(data, size);
    char *text = realloc(link->text, link->length + more + 2);
    if (!text)
        return NVJITLINK_ERROR_INTERNAL;
    memcpy(text + link->length, data, more);
    link->length += more;
    text[link->length++] = '\n';
    text[link->length] = '\0';
    link->text = text;
    return NVJITLINK_SUCCESS;
}

/* Of the kinds that programs may leave to the library, only text begins so. */
static bool is_ptx(int type, const char *data, size_t size) {
    const size_t length = strnlen(data, size);
    return type == NVJITLINK_INPUT_PTX ||
           (type == NVJITLINK_INPUT_ANY && memmem(data, length, ".version", 8));
}

NVJITLINK_API nvJitLinkResult nvJitLinkAddData(nvJitLinkHandle handle, int type, const void *data,
                                               size_t size, const char *name);
NVJITLINK_API nvJitLinkResult nvJitLinkAddData(nvJitLinkHandle handle, int type, const void *data,
                                               size_t size, const char *name) {
    if (!handle || !data)
        return NVJITLINK_ERROR_NULL_INPUT;
    if (is_ptx(type, data, size))
        return text_append(handle, data, size);
    (void)snprintf(handle->error, sizeof handle->error,
                   "lockstep emulator: nvJitLink: %s is an input of type %d, and the emulated GPU "
                   "links PTX alone: compile to PTX, without link-time optimisation",
                   name ? name : "this", type);
    (void)fprintf(stderr, "%s\n", handle->error);
    return NVJITLINK_ERROR_INVALID_INPUT;
}

/* Texts that are read here fit into memory many times. */
NVJITLINK_API nvJitLinkResult nvJitLinkAddFile(nvJitLinkHandle handle, int type, const char *path);
NVJITLINK_API nvJitLinkResult nvJitLinkAddFile(nvJitLinkHandle handle, int type, const char *path) {
    char *bytes = NULL;
    size_t size = 0, room = 0;
    FILE *file = handle && path ? fopen(path, "rbe") : NULL;
    if (!file)
        return NVJITLINK_ERROR_INVALID_INPUT;
    for (size_t read = 1; read && size == room;) {
        char *more = realloc(bytes, room += 1 << 20);
        read = more ? fread(more + size, 1, room - size, file) : 0;
        bytes = more ? more : bytes;
        size += read;
    }
    const bool is_read = !ferror(file) && size < room;
    (void)fclose(file);
    const nvJitLinkResult result =
        is_read ? nvJitLinkAddData(handle, type, bytes, size, path) : NVJITLINK_ERROR_INTERNAL;
    free(bytes);
    return result;
}

NVJITLINK_API nvJitLinkResult nvJitLinkComplete(nvJitLinkHandle handle);
NVJITLINK_API nvJitLinkResult nvJitLinkComplete(nvJitLinkHandle handle) {
    if (!handle)
        return NVJITLINK_ERROR_NULL_INPUT;
    return handle->text ? NVJITLINK_SUCCESS : NVJITLINK_ERROR_INVALID_INPUT;
}

/* ---- What became of it ---- */

/* A text with its zero, in two functions: its size, and its bytes. */
/* NOLINTBEGIN(bugprone-macro-parentheses): a parameter list takes none */
#define TEXT_FUNCTIONS(name, text)                                                                 \
    NVJITLINK_API nvJitLinkResult name##Size(nvJitLinkHandle handle, size_t *size);                \
    NVJITLINK_API nvJitLinkResult name##Size(nvJitLinkHandle handle, size_t *size) {               \
        if (!handle || !size)                                                                      \
            return NVJITLINK_ERROR_NULL_INPUT;                                                     \
        *size = strlen(text) + 1;                                                                  \
        return NVJITLINK_SUCCESS;                                                                  \
    }                                                                                              \
    NVJITLINK_API nvJitLinkResult name(nvJitLinkHandle handle, void *bytes);                       \
    NVJITLINK_API nvJitLinkResult name(nvJitLinkHandle handle, void *bytes) {                      \
        if (!handle || !bytes)                                                                     \
            return NVJITLINK_ERROR_NULL_INPUT;                                                     \
        memcpy(bytes, text, strlen(text) + 1);                                                     \
        return NVJITLINK_SUCCESS;                                                                  \
    }
/* NOLINTEND(bugprone-macro-parentheses) */

TEXT_FUNCTIONS(nvJitLinkGetLinkedCubin, (handle->text ? handle->text : ""))
TEXT_FUNCTIONS(nvJitLinkGetLinkedPtx, (handle->text ? handle->text : ""))
TEXT_FUNCTIONS(nvJitLinkGetErrorLog, handle->error)
TEXT_FUNCTIONS(nvJitLinkGetInfoLog, "")

NVJITLINK_API nvJitLinkResult nvJitLinkVersion(unsigned *major, unsigned *minor);
NVJITLINK_API nvJitLinkResult nvJitLinkVersion(unsigned *major, unsigned *minor) {
    if (!major || !minor)
        return NVJITLINK_ERROR_NULL_INPUT;
    *major = NVJITLINK_MAJOR;
    *minor = 0;
    return NVJITLINK_SUCCESS;
}
