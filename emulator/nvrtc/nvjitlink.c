/*
 * nvJitLink for the emulated GPU, from its documented interface. Programs link PTX with it into a
 * cubin; here the linked image is the texts behind each other, as for cuLinkComplete.
 * cuModuleLoadData finds what does not fit. Of inputs for link-time optimisation NVIDIA's library
 * makes PTX. Others hold machine code and are refused; but NVIDIA's library for barriers of the
 * grid, and for launches by kernels, stands for the barrier that is written here.
 */
#include "emulator/nvrtc/nvjitlink.h"

#include "emulator/nvrtc/callees.h"
#include "emulator/nvrtc/lto.h"

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

typedef struct nvJitLink {
    char *text; /* ends with a zero; NULL before the first input */
    size_t length;
    bool has_device_runtime;
    bool is_optimised; /* at link time */
    struct lto *lto;   /* which does that; NULL where nothing can */
    char limit[32];    /* on registers, as kernels declare it; empty: none */
    char error[512];
} * nvJitLinkHandle;

/*
 * What kernels call that wait for the whole grid (cuda_device_runtime_api.h, cooperative_groups).
 * A cooperative launch has a workspace, whose address lies in two special registers. The first
 * thread of a block counts its block in. The first block counts what flips the highest bit when
 * all others have come.
 */
static const char device_runtime[] =
    ".version 7.0\n.target sm_70\n.address_size 64\n"
    ".visible .func (.param .b64 handle) cudaCGGetIntrinsicHandle(.param .b32 scope) {\n"
    ".reg .b32 %r<3>; .reg .b64 %rd<2>;\n"
    "mov.u32 %r1, %envreg1; mov.u32 %r2, %envreg2; mov.b64 %rd1, {%r2, %r1};\n"
    "st.param.b64 [handle], %rd1; ret; }\n"
    ".visible .func (.param .b32 error) cudaCGSynchronize(.param .b64 handle, .param .b32 flags) "
    "{\n"
    ".reg .pred %p<4>; .reg .b32 %r<20>; .reg .b64 %rd<2>;\n"
    "ld.param.b64 %rd1, [handle]; bar.sync 0;\n"
    "mov.u32 %r1, %tid.x; mov.u32 %r2, %tid.y; mov.u32 %r3, %tid.z; or.b32 %r1, %r1, %r2;\n"
    "or.b32 %r1, %r1, %r3; setp.ne.u32 %p1, %r1, 0; @%p1 bra DONE;\n"
    "mov.u32 %r4, %nctaid.x; mov.u32 %r5, %nctaid.y; mov.u32 %r6, %nctaid.z;\n"
    "mul.lo.u32 %r4, %r4, %r5; mul.lo.u32 %r4, %r4, %r6; sub.u32 %r7, 0x80000001, %r4;\n"
    "mov.u32 %r8, %ctaid.x; mov.u32 %r9, %ctaid.y; mov.u32 %r10, %ctaid.z;\n"
    "or.b32 %r8, %r8, %r9; or.b32 %r8, %r8, %r10; setp.eq.u32 %p2, %r8, 0;\n"
    "selp.b32 %r11, %r7, 1, %p2; atom.acq_rel.gpu.global.add.u32 %r12, [%rd1+4], %r11;\n"
    "AGAIN: ld.acquire.gpu.global.u32 %r13, [%rd1+4]; xor.b32 %r14, %r12, %r13;\n"
    "setp.ge.s32 %p3, %r14, 0; @%p3 bra AGAIN;\n"
    "DONE: bar.sync 0; mov.u32 %r15, 0; st.param.b32 [error], %r15; ret; }\n";

/* ---- A link ---- */

NVJITLINK_API nvJitLinkResult nvJitLinkCreate(nvJitLinkHandle *handle, uint32_t count,
                                              const char **options);
NVJITLINK_API nvJitLinkResult nvJitLinkCreate(nvJitLinkHandle *handle, uint32_t count,
                                              const char **options) {
    static const char limit[] = "-maxrregcount=";
    bool has_architecture = false, is_optimised = false;
    unsigned long registers = 0;
    if (!handle || (count && !options))
        return NVJITLINK_ERROR_NULL_INPUT;
    for (uint32_t i = 0; i < count; i++) {
        has_architecture = has_architecture || strncmp(options[i], "-arch=", 6) == 0;
        is_optimised = is_optimised || strcmp(options[i], "-lto") == 0;
        if (strncmp(options[i], limit, sizeof limit - 1) == 0)
            registers = strtoul(options[i] + sizeof limit - 1, NULL, 10);
    }
    if (!has_architecture)
        return NVJITLINK_ERROR_MISSING_ARCH;
    *handle = calloc(1, sizeof **handle);
    if (!*handle)
        return NVJITLINK_ERROR_INTERNAL;
    if (registers > 0)
        (void)snprintf((*handle)->limit, sizeof(*handle)->limit, " .maxnreg %lu ", registers);
    (*handle)->is_optimised = is_optimised;
    const nvJitLinkResult result =
        is_optimised ? lto_begin(&(*handle)->lto, count, options) : NVJITLINK_SUCCESS;
    if (result != NVJITLINK_SUCCESS) {
        free(*handle);
        *handle = NULL;
    }
    return result;
}

NVJITLINK_API nvJitLinkResult nvJitLinkDestroy(nvJitLinkHandle *handle);
NVJITLINK_API nvJitLinkResult nvJitLinkDestroy(nvJitLinkHandle *handle) {
    if (!handle || !*handle)
        return NVJITLINK_ERROR_NULL_INPUT;
    lto_end((*handle)->lto);
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

static bool is_device_runtime(int type, const char *name) {
    return (type == NVJITLINK_INPUT_LIBRARY || type == NVJITLINK_INPUT_ANY) && name &&
           strstr(name, "cudadevrt");
}

/* Once, however often it is an input. */
static nvJitLinkResult device_runtime_append(nvJitLinkHandle link) {
    if (link->has_device_runtime)
        return NVJITLINK_SUCCESS;
    link->has_device_runtime = true;
    return text_append(link, device_runtime, sizeof device_runtime);
}

/*
 * The result of a call of NVIDIA's library, whose words on a failure are kept. A program that
 * links machine code did not ask for PTX by itself, and would not know what they are about.
 */
static nvJitLinkResult optimised(nvJitLinkHandle link, nvJitLinkResult result) {
    char words[sizeof link->error / 2];
    if (result == NVJITLINK_SUCCESS)
        return result;
    lto_error(link->lto, words, sizeof words);
    (void)snprintf(
        link->error, sizeof link->error,
        "lockstep emulator: nvJitLink: NVIDIA's library is asked for PTX in place of machine "
        "code, and says: %s",
        words);
    (void)fprintf(stderr, "%s\n", link->error);
    return result;
}

static nvJitLinkResult refuse(nvJitLinkHandle link, int type, const char *name) {
    (void)snprintf(link->error, sizeof link->error,
                   "lockstep emulator: nvJitLink: %s is an input of type %d, and the emulated GPU "
                   "links PTX alone: %s",
                   name ? name : "this", type,
                   link->is_optimised
                       ? "for link-time optimisation name NVIDIA's library in LOCKSTEP_NVJITLINK"
                       : "compile to PTX, or link with -lto what was compiled for it");
    (void)fprintf(stderr, "%s\n", link->error);
    return NVJITLINK_ERROR_INVALID_INPUT;
}

NVJITLINK_API nvJitLinkResult nvJitLinkAddData(nvJitLinkHandle handle, int type, const void *data,
                                               size_t size, const char *name);
NVJITLINK_API nvJitLinkResult nvJitLinkAddData(nvJitLinkHandle handle, int type, const void *data,
                                               size_t size, const char *name) {
    if (!handle || !data)
        return NVJITLINK_ERROR_NULL_INPUT;
    if (is_ptx(type, data, size))
        return text_append(handle, data, size);
    if (is_device_runtime(type, name))
        return device_runtime_append(handle);
    if (handle->lto)
        return optimised(handle, lto_add(handle->lto, type, data, size, name));
    return refuse(handle, type, name);
}

/* Texts that are read here fit into memory many times. */
NVJITLINK_API nvJitLinkResult nvJitLinkAddFile(nvJitLinkHandle handle, int type, const char *path);
NVJITLINK_API nvJitLinkResult nvJitLinkAddFile(nvJitLinkHandle handle, int type, const char *path) {
    enum { STEP = 1 << 20 };
    char *bytes = NULL;
    size_t size = 0, room = 0;
    FILE *file = handle && path ? fopen(path, "rbe") : NULL;
    if (!file)
        return NVJITLINK_ERROR_INVALID_INPUT;
    for (size_t read = 1; read && size == room;) {
        char *more = realloc(bytes, room + STEP);
        if (!more)
            break;
        bytes = more;
        room += STEP;
        read = fread(bytes + size, 1, room - size, file);
        size += read;
    }
    const bool is_read = !ferror(file) && size < room;
    (void)fclose(file);
    const nvJitLinkResult result =
        is_read ? nvJitLinkAddData(handle, type, bytes, size, path) : NVJITLINK_ERROR_INTERNAL;
    free(bytes);
    return result;
}

/*
 * Where the kernel's body begins, that does not limit its registers by itself; NULL: there is none
 * from `text` on.
 */
static const char *next_kernel(const char *text) {
    for (const char *entry = strstr(text, ".entry"); entry; entry = strstr(entry + 1, ".entry")) {
        const size_t head = strcspn(entry, "{;");
        if (entry[head] == '{' && !memmem(entry, head, ".maxnreg", 8))
            return entry + head;
    }
    return NULL;
}

static nvJitLinkResult limit_registers(nvJitLinkHandle link) {
    const size_t more = strlen(link->limit);
    size_t kernels = 0;
    for (const char *body = next_kernel(link->text); body; body = next_kernel(body))
        kernels++;
    char *limited = malloc(link->length + kernels * more + 1), *to = limited;
    const char *from = link->text;
    if (!limited)
        return NVJITLINK_ERROR_INTERNAL;
    for (const char *body = next_kernel(from); body; body = next_kernel(from)) {
        to = mempcpy(to, from, (size_t)(body - from));
        to = mempcpy(to, link->limit, more);
        from = body;
    }
    memcpy(to, from, strlen(from) + 1);
    free(link->text);
    link->text = limited;
    link->length += kernels * more;
    return NVJITLINK_SUCCESS;
}

static nvJitLinkResult optimised_append(nvJitLinkHandle link) {
    char *text = NULL;
    nvJitLinkResult result = optimised(link, lto_complete(link->lto, link->text, &text));
    if (result == NVJITLINK_SUCCESS && text)
        result = text_append(link, text, strlen(text));
    free(text);
    return result;
}

/* As a linker does. Loading the image would find it, too, but later. */
static nvJitLinkResult check_callees(nvJitLinkHandle link) {
    char name[200];
    if (!callees_lacking(link->text, name, sizeof name))
        return NVJITLINK_SUCCESS;
    (void)snprintf(link->error, sizeof link->error,
                   "lockstep emulator: nvJitLink: a call of '%s', which no input defines", name);
    (void)fprintf(stderr, "%s\n", link->error);
    return NVJITLINK_ERROR_INVALID_INPUT;
}

NVJITLINK_API nvJitLinkResult nvJitLinkComplete(nvJitLinkHandle handle);
NVJITLINK_API nvJitLinkResult nvJitLinkComplete(nvJitLinkHandle handle) {
    if (!handle)
        return NVJITLINK_ERROR_NULL_INPUT;
    nvJitLinkResult result = handle->lto ? optimised_append(handle) : NVJITLINK_SUCCESS;
    if (result == NVJITLINK_SUCCESS)
        result = handle->text ? check_callees(handle) : NVJITLINK_ERROR_INVALID_INPUT;
    if (result != NVJITLINK_SUCCESS)
        return result;
    return handle->limit[0] ? limit_registers(handle) : NVJITLINK_SUCCESS;
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
