/* `lockstep emulate`: programs end as they do, or with 86 where something was found wrong. This
 * test is also the program that is emulated: called with a word, it loads the driver as any program
 * does.
 */
#include "emulator/driver/api/api.h"
#include "tests/support/calling.h"
#include "tests/support/cmocka.h"

#include <dlfcn.h>
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- The program ---- */

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

/* A call that the driver refuses, and what is told of it. */
static const struct {
    const char *word, *said;
} refused[] = {
    {"copies", "copy of 256 bytes: the destination, 0x"},
    {"copies-nothing", "copy of 4x1x1 bytes: the destination is 0x0"},
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

/* The words: "frees", "leaks", "overruns" or "fails", before it does anything; "writes" inside or
 * "overruns", "asks" for a private table before, "loads" machine code first, "finds" libraries
 * loaded, or one of `refused` or of process_end; and the exit status. */
static int program_run(char **words) {
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

/* ---- Calling lockstep ---- */

static char self[PATH_MAX];

#define EMULATE(...) call_of(&here, (const char *const[]){"emulate", __VA_ARGS__, NULL})

static void a_right_program_ends_as_it_does(void **state) {
    (void)state;
    struct call call = EMULATE(self, "frees", "writes", "0");
    check_status(&call, 0);
    assert_string_equal(call.out, "the program's own output\n");
    check_holds(call.err, "nothing was found wrong");
    check_holds(call.err, "store  ");
    call_free(&call);
    call = EMULATE(self, "frees", "writes", "5");
    check_status(&call, 5);
    call_free(&call);
}

static void a_fault_that_the_program_ignores_is_an_exit_status(void **state) {
    (void)state;
    struct call call = EMULATE(self, "frees", "overruns", "0");
    check_status(&call, 86);
    check_holds(call.err, "1 found wrong\n  kernel store, block (0,0,0), thread (0,0,0): "
                          "out-of-bounds write of 4 bytes in global memory");
    call_free(&call);
    call = EMULATE("--error-exitcode", "9", self, "frees", "overruns", "0");
    check_status(&call, 9);
    call_free(&call);
    call = EMULATE("--error-exitcode=9", self, "frees", "overruns", "3");
    check_status(&call, 3);
    call_free(&call);
}

/* Where no kernel could be loaded, none ran that could be wrong. */
static void what_could_not_be_loaded_is_found(void **state) {
    (void)state;
    struct call call = EMULATE(self, "frees", "loads", "0");
    check_status(&call, 86);
    check_holds(call.err, "1 found wrong\n  loading module: the image is machine code");
    call_free(&call);
    call = EMULATE(self, "frees", "asks", "0");
    check_status(&call, 86);
    char said[PATH_MAX + sizeof "1 found wrong\n  cuGetExportTable:  asks for"];
    snprintf(said, sizeof said, "1 found wrong\n  cuGetExportTable: %s asks for", self);
    check_holds(call.err, said);
    check_holds(call.err, "nvcc -cudart shared");
    call_free(&call);
    call = EMULATE("--device", "t4", self, "frees", "writes", "0");
    check_status(&call, 100); /* the program's own, for PTX of sm_80 */
    check_holds(call.err, "1 found wrong\n  loading module: the PTX is for sm_80");
    call_free(&call);
}

/* Programs that look at no result would go on with memory that nothing was written to. */
static void calls_that_are_refused_are_found(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        char said[200];
        struct call call = EMULATE(self, "frees", refused[i].word, "0");
        check_status(&call, 86);
        snprintf(said, sizeof said, "1 found wrong\n  %s", refused[i].said);
        check_holds(call.err, said);
        call_free(&call);
    }
}

static void leaks_are_found_on_request(void **state) {
    (void)state;
    struct call call = EMULATE(self, "leaks", "writes", "0");
    check_status(&call, 0);
    call_free(&call);
    call = EMULATE("--check", "memory,leak", self, "leaks", "writes", "0");
    check_status(&call, 86);
    check_holds(call.err, "leak: 4 bytes of device memory at 0x");
    call_free(&call);
    call = EMULATE("--check", "leak", self, "frees", "writes", "0");
    check_status(&call, 0);
    call_free(&call);
}

/* From another folder, by a shell, in two processes. */
static void scripts_may_start_programs(void **state) {
    char script[PATH_MAX * 2 + 100];
    (void)state;
    snprintf(script, sizeof script, "cd / && '%s' frees overruns 0 && '%s' frees writes 0; exit 4",
             self, self);
    struct call call = EMULATE("--report", "counters.csv", "sh", "-c", script);
    check_status(&call, 4);
    check_holds(call.err, "1 found wrong");
    call_free(&call);
    char *counters = temporary_text(&here.place, "counters.csv");
    assert_non_null(counters);
    check_holds(counters, "kernel,grid,block,launches,");
    check_holds(counters, "\nstore,1x1x1,1x1x1,1,");
    assert_non_null(strstr(strstr(counters, "\nstore,") + 1, "\nstore,"));
    free(counters);
}

/* As Triton runs it: what comes out is the text, and a zero. */
static void an_assembler_hands_out_ptx(void **state) {
    static const char script[] =
        "\"$TRITON_PTXAS_PATH\" --version | grep -o 'release 1[0-9]' &&"
        "printf .version >k.ptx && \"$TRITON_PTXAS_PATH\" -lineinfo -v "
        "--gpu-name=sm_80 k.ptx -o k.o && wc -c <k.o && cmp -n 8 k.ptx k.o &&"
        "\"$TRITON_PTXAS_PATH\" k.ptx";
    (void)state;
    struct call call = EMULATE("sh", "-c", script);
    assert_string_equal(call.out, "release 13\n9\n");
    check_holds(call.err, "-o FILE is needed");
    check_status(&call, 2);
    call_free(&call);
}

/* As CuPy runs it. What stands for NVIDIA's compiler says what it was told. */
static void a_compiler_makes_ptx_for_machine_code(void **state) {
    static const char script[] =
        "mkdir real && printf '#!/bin/sh\\necho \"$@\"\\n' >real/nvcc && chmod +x real/nvcc &&"
        "PATH=$PWD/real:$PATH && \"$NVCC\" --cubin 'd/a b.cu' && \"$NVCC\" -o c c.cu &&"
        "\"$NVCC\" -cubin -o c c.cu";
    (void)state;
    assert_int_equal(unsetenv("NVCC"), 0);
    struct call call = EMULATE("sh", "-c", script);
    check_status(&call, 0);
    assert_string_equal(call.out, "--cubin d/a b.cu --ptx -o a b.cubin\n-o c c.cu\n"
                                  "-cubin -o c c.cu --ptx\n");
    call_free(&call);
    call = EMULATE("env", "NVCC=mine", "sh", "-c", "echo $NVCC");
    assert_string_equal(call.out, "mine\n");
    call_free(&call);
}

/* The program asks for what is loaded, without a search. A sanitizer's build of the libraries needs
 * the sanitizer in the program's first place. */
static void libraries_may_be_loaded_first(void **state) {
    (void)state;
#ifdef __SANITIZE_ADDRESS__
    skip();
#endif
    struct call call = EMULATE(self, "frees", "finds", "0");
    check_status(&call, 101);
    call_free(&call);
    call = EMULATE("--preload", "--check", "leak", self, "frees", "finds", "0");
    check_status(&call, 0);
    check_holds(call.err, "store  ");
    call_free(&call);
}

static void calls_that_are_wrong_are_refused(void **state) {
    (void)state;
    static const struct {
        const char *words[4], *said;
        int status;
    } cases[] = {
        {{"emulate"}, "which program?", 2},
        {{"emulate", "/no/such/program"}, "cannot start /no/such/program", 2},
        {{"emulate", "--check", "memory;race", "true"}, "without blanks", 2},
        {{"emulate", "--check", "all,none", "true"}, "--check=all,none: a contradiction", 2},
        {{"emulate", "--error-exitcode", "256", "true"}, "from 0 to 255", 2},
        {{"emulate", "--report", "/no/such/folder/f", "true"}, "/no/such/folder", 2},
        {{"emulate", "true"}, "no kernel ran on the emulated GPU", 0},
        {{"emulate", "--", "false"}, "no kernel ran on the emulated GPU", 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *words[5] = {NULL};
        memcpy(words, cases[i].words, sizeof cases[i].words);
        struct call call = call_of(&here, words);
        check_status(&call, cases[i].status);
        check_holds(call.err, cases[i].said);
        call_free(&call);
    }
}

/* The help names each of the driver's devices; they end with the line. */
static void check_help_lists(char *devices) {
    char *rest = NULL;
    struct call help = EMULATE("--help");
    devices[strcspn(devices, "\n")] = '\0';
    for (char *key = strtok_r(devices, ", ", &rest); key; key = strtok_r(NULL, ", ", &rest))
        check_holds(help.out, key);
    call_free(&help);
}

/* A wrong name is refused before the program starts: one that ignores errors would pass. */
static void the_device_is_chosen_by_name(void **state) {
    (void)state;
    struct call call = EMULATE("--device", "h100", self, "frees", "writes", "0");
    check_status(&call, 0);
    call_free(&call);
    call = EMULATE("--device", "gtx1080", self, "frees", "writes", "0");
    check_status(&call, 2);
    check_holds(call.err, "lockstep: --device=gtx1080: no such device 'gtx1080'; known: ampere");
    check_help_lists(strstr(call.err, "known: ") + strlen("known: "));
    assert_string_equal(call.out, "");
    call_free(&call);
    call = EMULATE("--check", "memry", "true");
    check_status(&call, 2);
    check_holds(call.err, "lockstep: --check=memry: no such check 'memry'; known: memory");
    assert_null(strstr(call.err, "cuInit"));
    assert_null(strstr(call.err, "LOCKSTEP_EMULATOR"));
    call_free(&call);
}

static void files_in_the_variable_are_told_of(void **state) {
    (void)state;
    static const char *const variables[] = {
        "LOCKSTEP_EMULATOR=threads=1;findings=found;report=counted", NULL};
    const struct call_limits limits = {.variables = variables};
    struct call call = call_start(&here, (const char *const[]){"emulate", "true", NULL}, &limits);
    call_wait(&here, &call);
    check_status(&call, 0);
    check_holds(call.err, "findings= in LOCKSTEP_EMULATOR is not used");
    check_holds(call.err, "report= in LOCKSTEP_EMULATOR is not used");
    call_free(&call);
    call = EMULATE("true");
    assert_null(strstr(call.err, "is not used"));
    call_free(&call);
}

/* This program, and a name more among its symbols: the table of names goes to the end of the file.
 * It stands beside this one, where its libraries are looked for. */
static void program_with_symbol(char path[PATH_MAX], const char *name) {
    assert_in_range(snprintf(path, PATH_MAX, "%s.copy", self), 1, PATH_MAX - 1);
    struct stat about;
    assert_int_equal(stat(self, &about), 0);
    const size_t size = (size_t)about.st_size;
    char *bytes = file_text(self);
    assert_non_null(bytes);
    const Elf64_Ehdr *head = (const void *)bytes;
    Elf64_Shdr *sections = (void *)(bytes + head->e_shoff), *names = NULL;
    for (unsigned k = 0; k < head->e_shnum; k++)
        if (sections[k].sh_type == SHT_SYMTAB)
            names = &sections[sections[k].sh_link];
    assert_non_null(names);
    const size_t before = names->sh_size, place = names->sh_offset;
    names->sh_offset = size;
    names->sh_size = before + strlen(name) + 1;
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fwrite(bytes + place, 1, before, file), before);
    assert_int_equal(fwrite(name, 1, strlen(name) + 1, file), strlen(name) + 1);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, 0700), 0);
    free(bytes);
}

/* A program with a symbol of NVIDIA's static library. */
static void a_runtime_that_is_built_in_is_told_of(void **state) {
    char path[PATH_MAX];
    (void)state;
    program_with_symbol(path, "libcudart_static_0123");
    struct call call = EMULATE(path, "fails", "early", "2");
    check_status(&call, 2);
    check_holds(call.err, "link it with nvcc -cudart shared");
    call_free(&call);
    /* It ran no kernel, and ends as if all were well. */
    call = EMULATE(path, "fails", "early", "0");
    check_status(&call, 86);
    assert_null(strstr(call.err, "nothing was found wrong"));
    call_free(&call);
    assert_int_equal(unlink(path), 0);
}

/* It may speak of the library, as this one does, or have a name like it. */
static void text_is_no_runtime(void **state) {
    char path[PATH_MAX];
    (void)state;
    program_with_symbol(path, "no_libcudart_static_0123");
    struct call call = EMULATE(path, "frees", "writes", "0");
    check_status(&call, 0);
    assert_null(strstr(call.err, "-cudart shared"));
    call_free(&call);
    assert_int_equal(unlink(path), 0);
    temporary_write(&here.place, "program", "#!/bin/sh\n# libcudart_static_0123\nexit 0\n");
    assert_int_equal(chmod(temporary_path(&here.place, "program"), 0700), 0);
    call = EMULATE("./program");
    check_status(&call, 0);
    assert_null(strstr(call.err, "-cudart shared"));
    call_free(&call);
}

static void a_program_that_is_here_is_pointed_to(void **state) {
    (void)state;
    struct call call = EMULATE("oob");
    check_status(&call, 2);
    assert_null(strstr(call.err, "did you mean"));
    call_free(&call);
    temporary_write(&here.place, "oob", "#!/bin/sh\n");
    assert_int_equal(chmod(temporary_path(&here.place, "oob"), 0700), 0);
    call = EMULATE("oob");
    check_status(&call, 2);
    check_holds(call.err, "cannot start oob: No such file or directory; did you mean ./oob?");
    call_free(&call);
}

static void a_signal_is_an_exit_status(void **state) {
    (void)state;
    struct call call = EMULATE("sh", "-c", "kill -9 $$");
    check_status(&call, 137);
    check_holds(call.err, "lockstep emulate: signal 9 (Killed) ended the program");
    assert_null(strstr(call.err, "nothing was found wrong"));
    assert_null(strstr(call.err, "no kernel ran"));
    call_free(&call);
    call = EMULATE("sh", "-c", "kill -SEGV $$");
    check_status(&call, 139);
    check_holds(call.err, "lockstep emulate: signal 11 (Segmentation fault) ended the program");
    call_free(&call);
}

/* Their kernels are counted all the same. */
static void processes_without_an_end_are_counted(void **state) {
    (void)state;
    static const struct {
        const char *first, *second, *said;
    } cases[] = {{"_exits", "becomes-another", "2 processes used the emulated GPU and ended by"},
                 {"is-killed", "_exits", "2 processes used"},
                 {"writes", "_exits", "1 process used"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char script[PATH_MAX * 2 + 100];
        snprintf(script, sizeof script, "'%s' frees %s 0; '%s' frees %s 0; exit 0", self,
                 cases[i].first, self, cases[i].second);
        struct call call = EMULATE("--report", "counters.csv", "sh", "-c", script);
        check_status(&call, 0);
        check_holds(call.err, cases[i].said);
        check_holds(call.err, "nothing was found wrong");
        call_free(&call);
        char *counters = file_text(temporary_path(&here.place, "counters.csv"));
        assert_int_equal(strncmp(counters, "kernel,grid,block,launches,", 27), 0);
        const char *first = strstr(counters, "\nstore,1x1x1,1x1x1,1,");
        assert_non_null(first);
        assert_non_null(strstr(first + 1, "\nstore,1x1x1,1x1x1,1,"));
        assert_null(strchr(counters, ' '));
        free(counters);
    }
}

/* By a shell that does not wait for it: the program's end is not its own. */
static void processes_that_are_left_are_waited_for(void **state) {
    (void)state;
    char script[PATH_MAX + 100];
    snprintf(script, sizeof script, "(sleep 1; setsid '%s' frees writes 0) & exit 3", self);
    struct call call = EMULATE("--wait", "sh", "-c", script);
    check_status(&call, 3);
    check_holds(call.err, "store  ");
    check_holds(call.err, "nothing was found wrong");
    call_free(&call);
    snprintf(script, sizeof script, "(sleep 1; '%s' overruns writes 0) & exit 0", self);
    call = EMULATE("--wait", "sh", "-c", script);
    check_status(&call, 86);
    check_holds(call.err, "out-of-bounds");
    call_free(&call);
}

/* Only the memory that a process has left, and none of one that a signal has ended. */
static void leaks_of_processes_without_an_end_are_found(void **state) {
    (void)state;
    struct call call = EMULATE("--check", "memory,leak", self, "leaks", "_exits", "0");
    check_status(&call, 86);
    check_holds(call.err, "leak: 4 bytes in 1 allocation were never freed by a process that ended");
    check_holds(call.err, "store  ");
    call_free(&call);
    call = EMULATE("--check", "memory,leak", self, "frees", "_exits", "0");
    check_status(&call, 0);
    check_holds(call.err, "nothing was found wrong");
    call_free(&call);
    call = EMULATE("--check", "memory,leak", self, "leaks", "is-killed", "0");
    check_status(&call, 137);
    check_holds(call.err, "signal 9 (Killed) ended the program: its kernels are counted");
    check_holds(call.err, "store  ");
    assert_null(strstr(call.err, "leak:"));
    call_free(&call);
    call = EMULATE("--check", "memory,leak", self, "overruns", "_exits", "0");
    check_status(&call, 86);
    assert_null(strstr(call.err, "leak:"));
    call_free(&call);
}

/* The child of a fork cannot use the GPU: nothing of it is lost. */
static void a_quick_exit_and_a_fork_lose_nothing(void **state) {
    (void)state;
    struct call call = EMULATE("--check", "memory,leak", self, "leaks", "exits-quickly", "0");
    check_status(&call, 86);
    check_holds(call.err, "leak: 4 bytes of device memory at 0x");
    check_holds(call.err, "store  ");
    assert_null(strstr(call.err, "ended by _exit"));
    call_free(&call);
    call = EMULATE(self, "frees", "forks", "0");
    check_status(&call, 0);
    check_holds(call.err, "nothing was found wrong");
    call_free(&call);
}

int main(int argc, char **argv) {
    if (argc == 4)
        return program_run(argv + 1);
    const struct CMUnitTest tests[] = {
        IN_PLACE(a_right_program_ends_as_it_does),
        IN_PLACE(processes_without_an_end_are_counted),
        IN_PLACE(leaks_of_processes_without_an_end_are_found),
        IN_PLACE(a_quick_exit_and_a_fork_lose_nothing),
        IN_PLACE(processes_that_are_left_are_waited_for),
        IN_PLACE(a_fault_that_the_program_ignores_is_an_exit_status),
        IN_PLACE(what_could_not_be_loaded_is_found),
        IN_PLACE(calls_that_are_refused_are_found),
        IN_PLACE(leaks_are_found_on_request),
        IN_PLACE(scripts_may_start_programs),
        IN_PLACE(an_assembler_hands_out_ptx),
        IN_PLACE(a_compiler_makes_ptx_for_machine_code),
        IN_PLACE(libraries_may_be_loaded_first),
        IN_PLACE(calls_that_are_wrong_are_refused),
        IN_PLACE(the_device_is_chosen_by_name),
        IN_PLACE(files_in_the_variable_are_told_of),
        IN_PLACE(a_runtime_that_is_built_in_is_told_of),
        IN_PLACE(text_is_no_runtime),
        IN_PLACE(a_program_that_is_here_is_pointed_to),
        IN_PLACE(a_signal_is_an_exit_status),
    };
    if (readlink("/proc/self/exe", self, sizeof self - 1) <= 0)
        return EXIT_FAILURE;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
