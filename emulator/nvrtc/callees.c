#include "emulator/nvrtc/callees.h"

#include "emulator/nvrtc/nvidia.h"

#include <ctype.h>
#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef NVRTC_SONAME
#    define NVRTC_SONAME "libnvrtc.so.13"
#endif

#define KEPT "lockstep_kept"

/* ---- Functions of a text ---- */

struct function {
    const char *name;
    size_t length;
    bool is_external;
};

/* Whether the word before `at` is this one. */
static bool follows(const char *text, const char *at, const char *word) {
    const size_t length = strlen(word);
    while (at > text && isspace((unsigned char)at[-1]))
        at--;
    return (size_t)(at - text) >= length && strncmp(at - length, word, length) == 0;
}

/* Behind ".func" come what it returns, in parentheses, and its name. */
static const char *name_of(const char *at) {
    at += strspn(at, " \t\r\n");
    if (*at == '(' && (at = strchr(at, ')')))
        at += 1 + strspn(at + 1, " \t\r\n");
    return at;
}

static const char letters[] = "_$abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/* The next function from `from` on; false: there is none. */
static bool next_function(const char *text, const char *from, struct function *function) {
    for (const char *at = strstr(from, ".func"); at; at = strstr(at + 1, ".func")) {
        const char *name = name_of(at + strlen(".func"));
        const size_t length = name ? strspn(name, letters) : 0;
        if (length == 0)
            continue;
        *function = (struct function){
            .name = name, .length = length, .is_external = follows(text, at, ".extern")};
        return true;
    }
    return false;
}

static bool is_named(const struct function *function, const char *name, size_t length) {
    return function->length == length && strncmp(function->name, name, length) == 0;
}

static bool is_defined(const char *text, const struct function *wanted) {
    struct function function;
    for (const char *from = text; next_function(text, from, &function); from = function.name)
        if (!function.is_external && is_named(&function, wanted->name, wanted->length))
            return true;
    return false;
}

/* Whether it is named between "call" and the end of an instruction. */
static bool is_called(const char *text, const struct function *wanted) {
    for (const char *call = strstr(text, "call"); call; call = strstr(call + 1, "call")) {
        const char *at = call + strcspn(call, " \t\r\n;{"), *end = at + strcspn(at, ";{");
        while (at < end) {
            const size_t length = strspn(at, letters);
            if (is_named(wanted, at, length))
                return true;
            at += length ? length : 1;
        }
    }
    return false;
}

/* What every device has is called without a definition. */
static bool is_builtin(const struct function *function) {
    static const char *const names[] = {"vprintf", "malloc", "free", "__assertfail"};
    bool is_one = false;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        is_one = is_one || is_named(function, names[i], strlen(names[i]));
    return is_one;
}

/* Whether the text alone does not say what the function does. */
static bool is_lacking(const char *text, const struct function *function) {
    return function->is_external && !is_builtin(function) && !is_defined(text, function);
}

bool callees_lacking(const char *ptx, char *name, size_t room) {
    struct function function;
    for (const char *from = ptx; next_function(ptx, from, &function); from = function.name)
        if (is_lacking(ptx, &function) && is_called(ptx, &function)) {
            (void)snprintf(name, room, "%.*s", (int)function.length, function.name);
            return true;
        }
    return false;
}

/* ---- Keeping them ---- */

/* CUDA C++ that names them; NULL: none are lacking. Their types do not matter to a link. */
static char *source_of(const char *ptx) {
    char *source = NULL;
    size_t size = 0, kept = 0;
    struct function function;
    FILE *out = open_memstream(&source, &size);
    if (!out)
        return NULL;
    for (int pass = 0; pass < 2; pass++) {
        if (pass == 1)
            (void)fputs("typedef void (*function)();\n__device__ function " KEPT "[] = {", out);
        for (const char *from = ptx; next_function(ptx, from, &function); from = function.name)
            if (is_lacking(ptx, &function)) {
                kept++;
                (void)fprintf(out, pass ? "%.*s," : "extern \"C\" __device__ void %.*s();\n",
                              (int)function.length, function.name);
            }
    }
    (void)fputs("};\n", out);
    if (fclose(out) == 0 && kept > 0)
        return source;
    free(source);
    return NULL;
}

/* NVIDIA's NVRTC, as far as it is needed. */
#define FUNCTIONS(F)                                                                               \
    F(nvrtcCreateProgram,                                                                          \
      (void **, const char *, const char *, int, const char *const *, const char *const *))        \
    F(nvrtcCompileProgram, (void *, int, const char *const *))                                     \
    F(nvrtcGetLTOIRSize, (void *, size_t *))                                                       \
    F(nvrtcGetLTOIR, (void *, char *))                                                             \
    F(nvrtcDestroyProgram, (void **))

/* NOLINTBEGIN(bugprone-macro-parentheses): a parameter list takes none */
#define MEMBER(name, parameters) int(*name) parameters;
struct nvrtc {
    FUNCTIONS(MEMBER)
};
#undef MEMBER
/* NOLINTEND(bugprone-macro-parentheses) */

static bool nvrtc_open(struct nvrtc *nvrtc) {
    static const struct nvidia_library wanted = {"libnvrtc.so", NVRTC_SONAME, "LOCKSTEP_NVRTC"};
    void *library = nvidia_open(&wanted), *found;
    bool is_there = library != NULL;
#define LOOK_UP(name, parameters)                                                                  \
    found = library ? dlsym(library, #name) : NULL;                                                \
    is_there = is_there && found;                                                                  \
    memcpy(&nvrtc->name, &found, sizeof nvrtc->name);
    FUNCTIONS(LOOK_UP)
#undef LOOK_UP
    return is_there;
}

static char *compile(const char *source, const char *architecture, size_t *size) {
    const char *const options[] = {architecture, "-dlto", "-rdc=true"};
    struct nvrtc nvrtc;
    void *program = NULL;
    char *code = NULL;
    if (!nvrtc_open(&nvrtc) || nvrtc.nvrtcCreateProgram(&program, source, KEPT, 0, NULL, NULL) != 0)
        return NULL;
    if (nvrtc.nvrtcCompileProgram(program, sizeof options / sizeof options[0], options) == 0 &&
        nvrtc.nvrtcGetLTOIRSize(program, size) == 0 && (code = malloc(*size)) &&
        nvrtc.nvrtcGetLTOIR(program, code) != 0) {
        free(code);
        code = NULL;
    }
    (void)nvrtc.nvrtcDestroyProgram(&program);
    return code;
}

char *callees_keep(const char *ptx, const char *architecture, size_t *size) {
    char *source = source_of(ptx);
    char *code = source ? compile(source, architecture, size) : NULL;
    free(source);
    return code;
}

void callees_forget(char *text) {
    char *name = strstr(text, " " KEPT "["), *end = name ? strchr(name, ';') : NULL;
    if (!end)
        return;
    while (name > text && name[-1] != '\n')
        name--;
    memset(name, ' ', (size_t)(end - name) + 1);
}
