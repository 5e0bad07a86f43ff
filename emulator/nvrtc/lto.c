#include "emulator/nvrtc/lto.h"

#include "emulator/nvrtc/callees.h"
#include "emulator/nvrtc/nvidia.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef NVJITLINK_SONAME
#    define NVJITLINK_SONAME "libnvJitLink.so.13"
#endif

struct lto {
    void *handle; /* NVIDIA's */
    bool is_empty;
    char architecture[32]; /* "-arch=sm_80" */
};

/* ---- NVIDIA's library ---- */

/* Its functions, by name and parameters. */
#define FUNCTIONS(F)                                                                               \
    F(nvJitLinkCreate, (void **, uint32_t, const char **))                                         \
    F(nvJitLinkDestroy, (void **))                                                                 \
    F(nvJitLinkAddData, (void *, int, const void *, size_t, const char *))                         \
    F(nvJitLinkComplete, (void *))                                                                 \
    F(nvJitLinkGetLinkedPtxSize, (void *, size_t *))                                               \
    F(nvJitLinkGetLinkedPtx, (void *, char *))                                                     \
    F(nvJitLinkGetErrorLogSize, (void *, size_t *))                                                \
    F(nvJitLinkGetErrorLog, (void *, char *))

/* NOLINTBEGIN(bugprone-macro-parentheses): a parameter list takes none */
#define MEMBER(name, parameters) nvJitLinkResult(*name) parameters;
static struct {
    pthread_once_t once;
    bool is_there; /* with all of these functions */
    FUNCTIONS(MEMBER)
} nvidia = {.once = PTHREAD_ONCE_INIT};
#undef MEMBER
/* NOLINTEND(bugprone-macro-parentheses) */

static void open_library(void) {
    static const struct nvidia_library wanted = {"libnvJitLink.so", NVJITLINK_SONAME,
                                                 "LOCKSTEP_NVJITLINK"};
    void *library = nvidia_open(&wanted), *found;
    nvidia.is_there = library != NULL;
#define LOOK_UP(name, parameters)                                                                  \
    found = library ? dlsym(library, #name) : NULL;                                                \
    nvidia.is_there = nvidia.is_there && found;                                                    \
    memcpy(&nvidia.name, &found, sizeof nvidia.name);
    FUNCTIONS(LOOK_UP)
#undef LOOK_UP
}

/* ---- A link of it ---- */

/* PTX is asked for once: a program may ask for it, too. */
static nvJitLinkResult create(void **handle, uint32_t count, const char **options) {
    const char **asked = calloc(count + 1U, sizeof *asked);
    uint32_t kept = 0;
    if (!asked)
        return NVJITLINK_ERROR_INTERNAL;
    for (uint32_t i = 0; i < count; i++)
        if (strcmp(options[i], "-ptx") != 0)
            asked[kept++] = options[i];
    asked[kept++] = "-ptx";
    const nvJitLinkResult result = nvidia.nvJitLinkCreate(handle, kept, asked);
    free((void *)asked);
    return result;
}

nvJitLinkResult lto_begin(struct lto **lto, uint32_t count, const char **options) {
    *lto = NULL;
    (void)pthread_once(&nvidia.once, open_library);
    if (!nvidia.is_there)
        return NVJITLINK_SUCCESS;
    struct lto *link = calloc(1, sizeof *link);
    if (!link)
        return NVJITLINK_ERROR_INTERNAL;
    link->is_empty = true;
    for (uint32_t i = 0; i < count; i++)
        if (strncmp(options[i], "-arch=", 6) == 0)
            (void)snprintf(link->architecture, sizeof link->architecture, "%s", options[i]);
    const nvJitLinkResult result = create(&link->handle, count, options);
    if (result == NVJITLINK_SUCCESS)
        *lto = link;
    else
        free(link);
    return result;
}

nvJitLinkResult lto_add(struct lto *lto, int type, const void *data, size_t size,
                        const char *name) {
    lto->is_empty = false;
    return nvidia.nvJitLinkAddData(lto->handle, type, data, size, name);
}

/* What inputs of PTX call is kept by one more input. */
static nvJitLinkResult keep_callees(struct lto *lto, const char *ptx) {
    size_t size = 0;
    char *code = callees_keep(ptx, lto->architecture, &size);
    const nvJitLinkResult result =
        code ? lto_add(lto, NVJITLINK_INPUT_LTOIR, code, size, "callees") : NVJITLINK_SUCCESS;
    free(code);
    return result;
}

static nvJitLinkResult linked_text(struct lto *lto, char **text) {
    size_t size = 0;
    nvJitLinkResult result = nvidia.nvJitLinkComplete(lto->handle);
    if (result == NVJITLINK_SUCCESS)
        result = nvidia.nvJitLinkGetLinkedPtxSize(lto->handle, &size);
    if (result != NVJITLINK_SUCCESS)
        return result;
    *text = calloc(size + 1, 1);
    return *text ? nvidia.nvJitLinkGetLinkedPtx(lto->handle, *text) : NVJITLINK_ERROR_INTERNAL;
}

nvJitLinkResult lto_complete(struct lto *lto, const char *ptx, char **text) {
    *text = NULL;
    if (lto->is_empty)
        return NVJITLINK_SUCCESS;
    nvJitLinkResult result = ptx ? keep_callees(lto, ptx) : NVJITLINK_SUCCESS;
    if (result == NVJITLINK_SUCCESS)
        result = linked_text(lto, text);
    if (result == NVJITLINK_SUCCESS)
        callees_forget(*text);
    return result;
}

void lto_error(struct lto *lto, char *text, size_t room) {
    size_t size = 0;
    text[0] = '\0';
    if (nvidia.nvJitLinkGetErrorLogSize(lto->handle, &size) != NVJITLINK_SUCCESS || size == 0)
        return;
    char *said = calloc(size + 1, 1);
    if (said && nvidia.nvJitLinkGetErrorLog(lto->handle, said) == NVJITLINK_SUCCESS)
        (void)strncat(text, said, room - 1);
    for (char *end = strchr(text, '\n'); end; end = strchr(end, '\n'))
        *end = end[1] ? ' ' : '\0';
    free(said);
}

void lto_end(struct lto *lto) {
    if (!lto)
        return;
    (void)nvidia.nvJitLinkDestroy(&lto->handle);
    free(lto);
}
