/* Calling NVRTC. Names and prototypes are NVIDIA's ("NVRTC", reference manual). */
#include "bench/added/compile/nvrtc.h"
#include "bench/added/compile/headers.h"
#include "gpu/library.h"

#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct nvrtc_program;

#define INTEGERS                                                                                   \
    "typedef signed char int8_t; typedef unsigned char uint8_t; typedef short int16_t;"            \
    "typedef unsigned short uint16_t; typedef int int32_t; typedef unsigned uint32_t;"             \
    "typedef long long int64_t; typedef unsigned long long uint64_t;"

/* All return 0 for success. */
struct nvrtc {
    int (*create)(struct nvrtc_program **program, const char *text, const char *name, int headers,
                  const char *const *contents, const char *const *names);
    int (*add_name)(struct nvrtc_program *program, const char *expression);
    int (*compile)(struct nvrtc_program *program, int count, const char *const *options);
    int (*log_size)(struct nvrtc_program *program, size_t *size);
    int (*log)(struct nvrtc_program *program, char *log);
    int (*ptx_size)(struct nvrtc_program *program, size_t *size);
    int (*ptx)(struct nvrtc_program *program, char *ptx);
    int (*cubin_size)(struct nvrtc_program *program, size_t *size);
    int (*cubin)(struct nvrtc_program *program, char *cubin);
    int (*destroy)(struct nvrtc_program **program);
};

static const struct library_symbol symbols[] = {
    {"nvrtcCreateProgram", offsetof(struct nvrtc, create)},
    {"nvrtcAddNameExpression", offsetof(struct nvrtc, add_name)},
    {"nvrtcCompileProgram", offsetof(struct nvrtc, compile)},
    {"nvrtcGetProgramLogSize", offsetof(struct nvrtc, log_size)},
    {"nvrtcGetProgramLog", offsetof(struct nvrtc, log)},
    {"nvrtcGetPTXSize", offsetof(struct nvrtc, ptx_size)},
    {"nvrtcGetPTX", offsetof(struct nvrtc, ptx)},
    {"nvrtcGetCUBINSize", offsetof(struct nvrtc, cubin_size)},
    {"nvrtcGetCUBIN", offsetof(struct nvrtc, cubin)},
    {"nvrtcDestroyProgram", offsetof(struct nvrtc, destroy)},
};
/* NVRTC has no header of C, and brings most of what is in them by itself. */
static const struct {
    const char *name, *text;
} headers[] = {{"cuda_runtime.h", "typedef unsigned uint;"},
               {"assert.h", ""},
               {"cassert", ""},
               {"math.h", ""},
               {"cmath", ""},
               {"stdio.h", ""},
               {"cstdio", ""},
               {"stdlib.h", ""},
               {"cstdlib", ""},
               {"stdbool.h", ""},
               {"stddef.h", ""},
               {"cstddef", ""},
               {"stdint.h", INTEGERS},
               {"cstdint", INTEGERS}};
enum { HEADER_COUNT = sizeof headers / sizeof headers[0] };

static const char *const names[] = {"libnvrtc.so.13", "libnvrtc.so.12",
                                    "/usr/local/cuda/lib64/libnvrtc.so"};

bool nvrtc_find(char *path, size_t size) {
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct message ignored;
        void *library = NULL;
        const char *const one[] = {names[i], NULL};
        if (library_open(one, &library, &ignored) != STATUS_OK)
            continue;
        snprintf(path, size, "%s", names[i]);
        return true;
    }
    return false;
}

static enum status failure_describe(const struct nvrtc *nvrtc, struct nvrtc_program *program,
                                    const char *path, struct message *message) {
    size_t size = 0;
    char *log = nvrtc->log_size(program, &size) == 0 && size > 0 ? malloc(size + 1) : NULL;
    const bool read = log && nvrtc->log(program, log) == 0;
    const char *line = read ? strstr(log, "error") : NULL;
    if (log)
        log[size] = '\0';
    while (line && line > log && line[-1] != '\n')
        line--;
    enum status status = message_set(message, STATUS_INVALID, "%.*s (said by %.200s)",
                                     line ? (int)strcspn(line, "\n") : 40,
                                     line ? line : "it was not compiled", path);
    free(log);
    return status;
}

static int program_compile(const struct nvrtc *nvrtc, struct nvrtc_program *program,
                           const struct image_request *request) {
    enum { OPTIONS_MAX = 48 };
    char folders[HEADER_FOLDERS_MAX][PATH_MAX], include[PATH_MAX + 8], source[PATH_MAX];
    char architecture[40], flags[400], found[HEADER_FOLDERS_MAX][PATH_MAX + 8];
    const char *options[OPTIONS_MAX] = {architecture,
                                        "-std=c++17",
                                        "-lineinfo",
                                        "-default-device",
                                        "-DINFINITY=__int_as_float(0x7f800000)",
                                        "-DNAN=__int_as_float(0x7fffffff)",
                                        include};
    int count = 7;
    snprintf(architecture, sizeof architecture, "--gpu-architecture=%s_%d",
             request->ptx ? "compute" : "sm", request->capability);
    snprintf(source, sizeof source, "%s", request->source);
    snprintf(include, sizeof include, "-I%.4080s", dirname(source));
    const int folder_count = headers_find(folders);
    for (int i = 0; i < folder_count; i++) {
        snprintf(found[i], sizeof found[i], "-I%.4080s", folders[i]);
        options[count++] = found[i];
    }
    snprintf(flags, sizeof flags, "%s", request->flags);
    char *save = NULL;
    for (char *flag = strtok_r(flags, " \t", &save); flag && count < OPTIONS_MAX;
         flag = strtok_r(NULL, " \t", &save))
        options[count++] = flag;
    for (int i = 0; i < request->kernel_count; i++)
        if (strchr(request->kernels[i], '<') && nvrtc->add_name(program, request->kernels[i]) != 0)
            return -1;
    return nvrtc->compile(program, count, options);
}

static enum status result_read(const struct nvrtc *nvrtc, struct nvrtc_program *program, bool ptx,
                               char **bytes, size_t *size, struct message *message) {
    if ((ptx ? nvrtc->ptx_size(program, size) : nvrtc->cubin_size(program, size)) != 0)
        return message_set(message, STATUS_FAILED, "NVRTC made nothing");
    *bytes = calloc(*size + 1, 1);
    if (!*bytes)
        return message_set(message, STATUS_NO_MEMORY, "no memory for %zu bytes of code", *size);
    if ((ptx ? nvrtc->ptx(program, *bytes) : nvrtc->cubin(program, *bytes)) == 0)
        return STATUS_OK;
    free(*bytes);
    *bytes = NULL;
    return message_set(message, STATUS_FAILED, "NVRTC does not give what it made");
}

enum status nvrtc_compile(const char *path, const struct image_request *request, const char *text,
                          char **bytes, size_t *size, struct message *message) {
    const char *const one[] = {path, NULL};
    void *library = NULL;
    struct nvrtc nvrtc;
    struct nvrtc_program *program = NULL;
    enum status status = library_open(one, &library, message);
    if (status == STATUS_OK)
        status =
            library_bind(library, symbols, sizeof symbols / sizeof symbols[0], &nvrtc, message);
    if (status != STATUS_OK)
        return status;
    const char *contents[HEADER_COUNT], *included[HEADER_COUNT];
    for (int i = 0; i < HEADER_COUNT; i++) {
        contents[i] = headers[i].text;
        included[i] = headers[i].name;
    }
    if (nvrtc.create(&program, text, request->source, HEADER_COUNT, contents, included) != 0)
        return message_set(message, STATUS_FAILED, "NVRTC (%.200s) cannot begin", path);
    if (program_compile(&nvrtc, program, request) != 0)
        status = failure_describe(&nvrtc, program, path, message);
    if (status == STATUS_OK)
        status = result_read(&nvrtc, program, request->ptx, bytes, size, message);
    (void)nvrtc.destroy(&program);
    return status;
}
