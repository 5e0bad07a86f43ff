/* The program that tests of `lockstep emulate` have emulated. */
#include "tests/support/emulated_program.h"

#include "emulator/driver/api/api.h"

#include <dlfcn.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

char emulated_self[PATH_MAX];

bool emulated_program_find(void) {
    return readlink("/proc/self/exe", emulated_self, sizeof emulated_self - 1) > 0;
}

/* store writes to where p points, and over_end four bytes behind an allocation of four. */
static const char ptx[] = ".version 8.0\n.target sm_80\n.address_size 64\n"
                          ".visible .entry store(.param .u64 p) {\n"
                          ".reg .b64 %rd<3>; .reg .b32 %r<3>;\n"
                          "ld.param.u64 %rd1, [p]; mov.u32 %r1, 7;\n"
                          "st.global.u32 [%rd1], %r1;\n"
                          "ret; }\n";

struct functions {
    __typeof__(cuInit) *init;
    __typeof__(cuDevicePrimaryCtxRetain) *retain;
    __typeof__(cuCtxSetCurrent) *set_current;
    __typeof__(cuModuleLoadData) *load;
    __typeof__(cuModuleGetFunction) *get_function;
    __typeof__(cuMemAlloc_v2) *allocate;
    __typeof__(cuMemFree_v2) *give_back;
    __typeof__(cuLaunchKernel) *launch;
    __typeof__(cuCtxSynchronize) *synchronise;
    __typeof__(cuMemsetD8_v2) *fill;
    __typeof__(cuMemcpyHtoD_v2) *copy;
};

static bool functions_find(struct functions *functions) {
    static const char *const names[] = {
        "cuInit",           "cuDevicePrimaryCtxRetain", "cuCtxSetCurrent",
        "cuModuleLoadData", "cuModuleGetFunction",      "cuMemAlloc_v2",
        "cuMemFree_v2",     "cuLaunchKernel",           "cuCtxSynchronize",
        "cuMemsetD8_v2",    "cuMemcpyHtoD_v2"};
    enum { NAMES = sizeof names / sizeof names[0] };
    void *found[NAMES], *library = dlopen("libcuda.so", RTLD_NOW);
    for (size_t i = 0; i < NAMES; i++) {
        found[i] = library ? dlsym(library, names[i]) : NULL;
        if (!found[i])
            return false;
    }
    memcpy(functions, found, sizeof found);
    return true;
}

/* Asks before anything else, as the CUDA runtime does. */
static void table_ask(void) {
    const CUuuid identifier = {.bytes = {0}};
    const void *table;
    __typeof__(cuGetExportTable) *get_table;
    void *library = dlopen("libcuda.so", RTLD_NOW);
    void *found = library ? dlsym(library, "cuGetExportTable") : NULL;
    memcpy(&get_table, &found, sizeof found);
    if (found)
        (void)get_table(&table, &identifier);
}

/* Whether runtime and NVRTC are there though nobody has looked for them. */
static bool libraries_are_loaded(void) {
    static const char *const names[] = {"libcudart.so.12", "libcudart.so.13", "libnvrtc.so.13"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (!dlopen(names[i], RTLD_NOW | RTLD_NOLOAD))
            return false;
    return true;
}

const struct emulated_refusal emulated_refusals[] = {
    {"copies", "copy of 256 bytes: the destination, 0x"},
    {"copies-nothing", "copy of 4 bytes: the destination is no address (NULL)"},
    {"fills", "fill of 256 bytes at 0x"},
    {"frees-twice", "cuMemFree: 0x"},
    {"block", "launch of store: grid 1x1x1 of blocks 2048x1x1: size 2048"},
    {"grid", "launch of store: grid 0x1x1 of blocks 1x1x1: size 0"},
    {"shared", "launch of store: 0 bytes of static and 1048576 of dynamic shared memory"},
    {"maps", "cuMemMap: 4096 bytes: sizes, addresses and offsets"},
    {"maps-nothing", "cuMemMap: 0x7 is no handle of memory"},
    {"unmaps", "virtual memory: 2097152 bytes at 0x"},
    {"frees-addresses", "cuMemAddressFree: 2097152 bytes at 0x200000 do not lie in"},
    {"frees-a-part", "cuMemAddressFree: 0x"},
    {"releases", "cuMemRelease: 0x7 is no handle of memory"},
    {"unregisters", "cuMemHostUnregister: 0x"},
    {"frees-an-array", "cuArrayDestroy: 0x"},
    {NULL, NULL},
};

#define IGNORE(function, ...)                                                                      \
    do {                                                                                           \
        __typeof__(function) *call;                                                                \
        void *found = dlsym(dlopen("libcuda.so", RTLD_NOW), #function);                            \
        memcpy(&call, &found, sizeof found);                                                       \
        (void)call(__VA_ARGS__);                                                                   \
    } while (0)

/* Nor at these, which share addresses of 4 MiB. */
static void refused_mapping(const char *word) {
    enum { PIECE = 1 << 21 };
    CUdeviceptr reserved = 0;
    IGNORE(cuMemAddressReserve, &reserved, (size_t)2 * PIECE, 0, 0, 0);
    if (strcmp(word, "maps") == 0)
        IGNORE(cuMemMap, reserved, 4096, 0, 7, 0);
    if (strcmp(word, "maps-nothing") == 0)
        IGNORE(cuMemMap, reserved, PIECE, 0, 7, 0);
    if (strcmp(word, "unmaps") == 0)
        IGNORE(cuMemUnmap, reserved, PIECE);
    if (strcmp(word, "frees-addresses") == 0)
        IGNORE(cuMemAddressFree, PIECE, PIECE);
    if (strcmp(word, "frees-a-part") == 0)
        IGNORE(cuMemAddressFree, reserved, PIECE);
    if (strcmp(word, "releases") == 0)
        IGNORE(cuMemRelease, 7);
    IGNORE(cuMemAddressFree, reserved, (size_t)2 * PIECE);
}

/* The program does not look at what these return. */
static void refused_call(const struct functions *cuda, const char *word, CUfunction function,
                         CUdeviceptr memory) {
    static const char bytes[256];
    void *parameters[] = {&memory};
    if (strcmp(word, "copies") == 0)
        (void)cuda->copy(memory, bytes, sizeof bytes);
    if (strcmp(word, "copies-nothing") == 0)
        (void)cuda->copy(0, bytes, 4);
    if (strcmp(word, "fills") == 0)
        (void)cuda->fill(memory, 0, sizeof bytes);
    if (strcmp(word, "frees-twice") == 0)
        (void)cuda->give_back(memory + 1);
    if (strcmp(word, "block") == 0)
        (void)cuda->launch(function, 1, 1, 1, 2048, 1, 1, 0, NULL, parameters, NULL);
    if (strcmp(word, "grid") == 0)
        (void)cuda->launch(function, 0, 1, 1, 1, 1, 1, 0, NULL, parameters, NULL);
    if (strcmp(word, "shared") == 0)
        (void)cuda->launch(function, 1, 1, 1, 1, 1, 1, 1 << 20, NULL, parameters, NULL);
    if (strcmp(word, "unregisters") == 0)
        IGNORE(cuMemHostUnregister, (void *)parameters);
    if (strcmp(word, "frees-an-array") == 0)
        IGNORE(cuArrayDestroy, (CUarray)(void *)parameters);
    refused_mapping(word);
}

/* Ways to end that run none of what libraries have to do at the end, or a part of it. */
static void process_end(const char *word) {
    int state = 0;
    if (strcmp(word, "_exits") == 0)
        _exit(0);
    if (strcmp(word, "is-killed") == 0)
        (void)raise(SIGKILL);
    if (strcmp(word, "exits-quickly") == 0)
        quick_exit(0);
    if (strcmp(word, "becomes-another") == 0)
        (void)execlp("true", "true", (char *)NULL);
    if (strcmp(word, "forks") != 0)
        return;
    const pid_t child = fork();
    if (child == 0)
        _exit(0);
    (void)waitpid(child, &state, 0);
}

int emulated_program_run(char **words) {
    struct functions cuda;
    CUcontext context;
    CUmodule module;
    CUfunction function;
    CUdeviceptr memory, to;
    void *parameters[] = {&to};
    if (strcmp(words[0], "fails") == 0)
        return atoi(words[2]);
    if (strcmp(words[1], "asks") == 0)
        table_ask();
    if (strcmp(words[1], "finds") == 0 && !libraries_are_loaded())
        return 101;
    if (!functions_find(&cuda) || cuda.init(0) || cuda.retain(&context, 0) ||
        cuda.set_current(context) || cuda.load(&module, ptx) ||
        cuda.get_function(&function, module, "store") || cuda.allocate(&memory, 4))
        return 100;
    if (strcmp(words[1], "loads") == 0)
        (void)cuda.load(&module, "\177ELF\2\1\1A\10");
    const bool overruns = strcmp(words[0], "overruns") == 0 || strcmp(words[1], "overruns") == 0;
    to = overruns ? memory + 4 : memory;
    (void)cuda.launch(function, 1, 1, 1, 1, 1, 1, 0, NULL, parameters, NULL);
    (void)cuda.synchronise();
    refused_call(&cuda, words[1], function, memory);
    if (strcmp(words[0], "frees") == 0)
        (void)cuda.give_back(memory);
    printf("the program's own output\n");
    process_end(words[1]);
    return atoi(words[2]);
}
