/*
 * NVRTC for the emulated GPU. NVIDIA's library compiles; but where a program asks for a cubin, it
 * is given the PTX that the cubin was made of: cuModuleLoadData takes both, and the emulated device
 * runs PTX alone.
 */
#include "emulator/nvrtc/nvidia.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#ifndef NVRTC_SONAME
#    define NVRTC_SONAME "libnvrtc.so.13"
#endif

#define NVRTC_API __attribute__((visibility("default")))

typedef int nvrtcResult;
typedef struct nvrtc_program *nvrtcProgram;

enum { NVRTC_SUCCESS = 0, NVRTC_ERROR_INTERNAL_ERROR = 11 };

/* ---- NVIDIA's library ---- */

static struct {
    pthread_once_t once;
    void *library; /* NULL: there is none */
} nvidia = {.once = PTHREAD_ONCE_INIT};

static void open_library(void) {
    static const struct nvidia_library nvrtc = {"libnvrtc.so", NVRTC_SONAME, "LOCKSTEP_NVRTC"};
    nvidia.library = nvidia_open(&nvrtc);
    if (!nvidia.library)
        fprintf(stderr,
                "lockstep emulator: there is no NVRTC beside the emulator's own %s: name NVIDIA's "
                "in %s\n",
                NVRTC_SONAME, nvrtc.variable);
}

static void *function_of(const char *name) {
    (void)pthread_once(&nvidia.once, open_library);
    return nvidia.library ? dlsym(nvidia.library, name) : NULL;
}

/* ---- Functions that are NVIDIA's ---- */

/* A function's name, parameters, and arguments; it is looked up each time, which is nothing beside
 * compiling. */
/* NOLINTBEGIN(bugprone-macro-parentheses): a parameter list takes none */
#define FORWARD(name, parameters, arguments)                                                       \
    NVRTC_API nvrtcResult name parameters;                                                         \
    NVRTC_API nvrtcResult name parameters {                                                        \
        nvrtcResult(*function) parameters;                                                         \
        void *found = function_of(#name);                                                          \
        memcpy(&function, &found, sizeof function);                                                \
        return found ? function arguments : NVRTC_ERROR_INTERNAL_ERROR;                            \
    }
/* NOLINTEND(bugprone-macro-parentheses) */

FORWARD(nvrtcVersion, (int *major, int *minor), (major, minor))
FORWARD(nvrtcGetNumSupportedArchs, (int *count), (count))
FORWARD(nvrtcGetSupportedArchs, (int *list), (list))
FORWARD(nvrtcCreateProgram,
        (nvrtcProgram * program, const char *source, const char *name, int count,
         const char *const *headers, const char *const *names),
        (program, source, name, count, headers, names))
FORWARD(nvrtcDestroyProgram, (nvrtcProgram * program), (program))
FORWARD(nvrtcCompileProgram, (nvrtcProgram program, int count, const char *const *options),
        (program, count, options))
FORWARD(nvrtcGetPTXSize, (nvrtcProgram program, size_t *size), (program, size))
FORWARD(nvrtcGetPTX, (nvrtcProgram program, char *text), (program, text))
FORWARD(nvrtcGetLTOIRSize, (nvrtcProgram program, size_t *size), (program, size))
FORWARD(nvrtcGetLTOIR, (nvrtcProgram program, char *bytes), (program, bytes))
FORWARD(nvrtcGetNVVMSize, (nvrtcProgram program, size_t *size), (program, size))
FORWARD(nvrtcGetNVVM, (nvrtcProgram program, char *bytes), (program, bytes))
FORWARD(nvrtcGetOptiXIRSize, (nvrtcProgram program, size_t *size), (program, size))
FORWARD(nvrtcGetOptiXIR, (nvrtcProgram program, char *bytes), (program, bytes))
FORWARD(nvrtcGetProgramLogSize, (nvrtcProgram program, size_t *size), (program, size))
FORWARD(nvrtcGetProgramLog, (nvrtcProgram program, char *text), (program, text))
FORWARD(nvrtcAddNameExpression, (nvrtcProgram program, const char *name), (program, name))
FORWARD(nvrtcGetLoweredName, (nvrtcProgram program, const char *name, const char **lowered),
        (program, name, lowered))
FORWARD(nvrtcGetPCHHeapSize, (size_t * size), (size))
FORWARD(nvrtcSetPCHHeapSize, (size_t size), (size))
FORWARD(nvrtcGetPCHCreateStatus, (nvrtcProgram program), (program))
FORWARD(nvrtcGetPCHHeapSizeRequired, (nvrtcProgram program, size_t *size), (program, size))
FORWARD(nvrtcSetFlowCallback,
        (nvrtcProgram program, int (*callback)(void *, void *), void *payload),
        (program, callback, payload))

NVRTC_API const char *nvrtcGetErrorString(nvrtcResult result);
NVRTC_API const char *nvrtcGetErrorString(nvrtcResult result) {
    const char *(*function)(nvrtcResult);
    void *found = function_of("nvrtcGetErrorString");
    memcpy(&function, &found, sizeof function);
    return found ? function(result) : "NVIDIA's NVRTC is missing";
}

/* ---- Machine code, which is PTX here ---- */

NVRTC_API nvrtcResult nvrtcGetCUBINSize(nvrtcProgram program, size_t *size);
NVRTC_API nvrtcResult nvrtcGetCUBINSize(nvrtcProgram program, size_t *size) {
    return nvrtcGetPTXSize(program, size);
}

NVRTC_API nvrtcResult nvrtcGetCUBIN(nvrtcProgram program, char *bytes);
NVRTC_API nvrtcResult nvrtcGetCUBIN(nvrtcProgram program, char *bytes) {
    return nvrtcGetPTX(program, bytes);
}
