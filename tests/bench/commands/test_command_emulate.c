/* `lockstep emulate`: programs end as they do, or with 86 where something was found wrong. This
 * test is also the program that is emulated (tests/support/emulated_program.h).
 */
#define TESTS_OWN_MAIN
#include "tests/support/emulated_program.h"
#include "tests/support/test.h"

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

TEST_IN_PLACE(a_right_program_ends_as_it_does) {
    struct call call = EMULATE(emulated_self, "frees", "writes", "0");
    check_status(&call, 0);
    assert_string_equal(call.out, "the program's own output\n");
    check_holds(call.err, "nothing was found wrong");
    check_holds(call.err, "store  ");
    call_free(&call);
    check_call(EMULATE(emulated_self, "frees", "writes", "5"), 5, NULL, NULL);
}

TEST_IN_PLACE(a_fault_that_the_program_ignores_is_an_exit_status) {
    check_call(EMULATE(emulated_self, "frees", "overruns", "0"), 86, NULL,
               "1 found wrong\n  kernel store, block (0,0,0), thread (0,0,0): "
               "out-of-bounds write of 4 bytes in global memory");
    check_call(EMULATE("--error-exitcode", "9", emulated_self, "frees", "overruns", "0"), 9, NULL,
               NULL);
    check_call(EMULATE("--error-exitcode=9", emulated_self, "frees", "overruns", "3"), 3, NULL,
               NULL);
}

/* Where no kernel could be loaded, none ran that could be wrong. */
TEST_IN_PLACE(what_could_not_be_loaded_is_found) {
    check_call(EMULATE(emulated_self, "frees", "loads", "0"), 86, NULL,
               "1 found wrong\n  loading module: the image is machine code");
    struct call call = EMULATE(emulated_self, "frees", "asks", "0");
    check_status(&call, 86);
    char said[PATH_MAX + sizeof "1 found wrong\n  cuGetExportTable:  asks for"];
    snprintf(said, sizeof said, "1 found wrong\n  cuGetExportTable: %s asks for", emulated_self);
    check_holds(call.err, said);
    check_holds(call.err, "nvcc -cudart shared");
    call_free(&call);
    call = EMULATE("--device", "t4", emulated_self, "frees", "writes", "0");
    check_status(&call, 100); /* the program's own, for PTX of sm_80 */
    check_holds(call.err, "1 found wrong\n  loading module: the PTX is for sm_80");
    call_free(&call);
}

/* Programs that look at no result would go on with memory that nothing was written to. */
TEST_IN_PLACE(calls_that_are_refused_are_found) {
    for (const struct emulated_refusal *refusal = emulated_refusals; refusal->word; refusal++) {
        char said[200];
        struct call call = EMULATE(emulated_self, "frees", refusal->word, "0");
        check_status(&call, 86);
        snprintf(said, sizeof said, "1 found wrong\n  %s", refusal->said);
        check_holds(call.err, said);
        call_free(&call);
    }
}

/* What was found counts more than where it could not be written. */
TEST_IN_PLACE(a_report_on_a_full_disk_hides_no_finding) {
    check_call(EMULATE("--report", "/dev/full", emulated_self, "frees", "writes", "0"), 3, NULL,
               "No space left");
    check_call(EMULATE("--report", "/dev/full", emulated_self, "frees", "overruns", "0"), 86, NULL,
               "No space left");
    check_call(EMULATE("--report", "/dev/full", emulated_self, "frees", "writes", "5"), 5, NULL,
               "No space left");
}

TEST_IN_PLACE(leaks_are_found_on_request) {
    check_call(EMULATE(emulated_self, "leaks", "writes", "0"), 0, NULL, NULL);
    check_call(EMULATE("--check", "memory,leak", emulated_self, "leaks", "writes", "0"), 86, NULL,
               "leak: 4 bytes of device memory at 0x");
    check_call(EMULATE("--check", "leak", emulated_self, "frees", "writes", "0"), 0, NULL, NULL);
}

/* As Triton runs it: what comes out is the text, and a zero. */
TEST_IN_PLACE(an_assembler_hands_out_ptx) {
    static const char script[] =
        "\"$TRITON_PTXAS_PATH\" --version | grep -o 'release 1[0-9]' &&"
        "printf .version >k.ptx && \"$TRITON_PTXAS_PATH\" -lineinfo -v "
        "--gpu-name=sm_80 k.ptx -o k.o && wc -c <k.o && cmp -n 8 k.ptx k.o &&"
        "\"$TRITON_PTXAS_PATH\" k.ptx";
    struct call call = EMULATE("sh", "-c", script);
    assert_string_equal(call.out, "release 13\n9\n");
    check_holds(call.err, "-o FILE is needed");
    check_status(&call, 2);
    call_free(&call);
}

/* As CuPy runs it. What stands for NVIDIA's compiler says what it was told. */
TEST_IN_PLACE(a_compiler_makes_ptx_for_machine_code) {
    static const char script[] =
        "mkdir real && printf '#!/bin/sh\\necho \"$@\"\\n' >real/nvcc && chmod +x real/nvcc &&"
        "PATH=$PWD/real:$PATH && \"$NVCC\" --cubin 'd/a b.cu' && \"$NVCC\" -o c c.cu &&"
        "\"$NVCC\" -cubin -o c c.cu";
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
TEST_IN_PLACE(libraries_may_be_loaded_first) {
#ifdef __SANITIZE_ADDRESS__
    skip();
#endif
    check_call(EMULATE(emulated_self, "frees", "finds", "0"), 101, NULL, NULL);
    /* By whole paths, since a program's DT_RPATH would come before a bare name. */
    check_call(
        EMULATE("--preload", "sh", "-c",
                "echo \"$LD_PRELOAD\" | tr : '\\n' | sed -n '/^[^/]/p;s/.*/,/p' | tr -d '\\n'"),
        0, ",,,,,,", NULL);
    check_call(EMULATE("--preload", "--check", "leak", emulated_self, "frees", "finds", "0"), 0,
               NULL, "store  ");
}

TEST_IN_PLACE(calls_that_are_wrong_are_refused) {
    static const struct {
        const char *words[4], *said;
        int status;
    } cases[] = {
        {{"emulate"}, "which program?", 2},
        {{"emulate", "/no/such/program"}, "cannot start /no/such/program", 2},
        {{"emulate", "--check", "memory;race", "true"}, "without blanks", 2},
        {{"emulate", "--report=", "true"}, "--report takes the name of a file", 2},
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
TEST_IN_PLACE(the_device_is_chosen_by_name) {
    check_call(EMULATE("--device", "h100", emulated_self, "frees", "writes", "0"), 0, NULL, NULL);
    struct call call = EMULATE("--device", "gtx1080", emulated_self, "frees", "writes", "0");
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

TEST_IN_PLACE(files_in_the_variable_are_told_of) {
    static const char *const variables[] = {
        "LOCKSTEP_EMULATOR=threads=1;findings=found;report=counted;processes=them", NULL};
    const struct call_limits limits = {.variables = variables};
    struct call call = call_start(&here, (const char *const[]){"emulate", "true", NULL}, &limits);
    call_wait(&here, &call);
    check_status(&call, 0);
    check_holds(call.err, "findings= in LOCKSTEP_EMULATOR is not used");
    check_holds(call.err, "report= in LOCKSTEP_EMULATOR is not used");
    check_holds(call.err, "processes= in LOCKSTEP_EMULATOR is not used");
    call_free(&call);
    call = EMULATE("true");
    assert_null(strstr(call.err, "is not used"));
    call_free(&call);
}

/* This program, and a name more among its symbols: the table of names goes to the end of the file.
 * It stands beside this one, where its libraries are looked for. */
static void program_with_symbol(char path[PATH_MAX], const char *name) {
    assert_in_range(snprintf(path, PATH_MAX, "%s.copy", emulated_self), 1, PATH_MAX - 1);
    struct stat about;
    assert_int_equal(stat(emulated_self, &about), 0);
    const size_t size = (size_t)about.st_size;
    char *bytes = file_text(emulated_self);
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
TEST_IN_PLACE(a_runtime_that_is_built_in_is_told_of) {
    char path[PATH_MAX];
    program_with_symbol(path, "libcudart_static_0123");
    check_call(EMULATE(path, "fails", "early", "2"), 2, NULL, "link it with nvcc -cudart shared");
    /* It ran no kernel, and ends as if all were well. */
    struct call call = EMULATE(path, "fails", "early", "0");
    check_status(&call, 86);
    assert_null(strstr(call.err, "nothing was found wrong"));
    call_free(&call);
    assert_int_equal(unlink(path), 0);
}

/* It may speak of the library, as this one does, or have a name like it. */
TEST_IN_PLACE(text_is_no_runtime) {
    char path[PATH_MAX];
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

TEST_IN_PLACE(a_program_that_is_here_is_pointed_to) {
    struct call call = EMULATE("oob");
    check_status(&call, 2);
    assert_null(strstr(call.err, "did you mean"));
    call_free(&call);
    temporary_write(&here.place, "oob", "#!/bin/sh\n");
    assert_int_equal(chmod(temporary_path(&here.place, "oob"), 0700), 0);
    check_call(EMULATE("oob"), 2, NULL,
               "cannot start oob: No such file or directory; did you mean ./oob?");
}

int main(int argc, char **argv) {
    if (argc == EMULATED_WORDS + 1)
        return emulated_program_run(argv + 1);
    if (!emulated_program_find())
        return EXIT_FAILURE;
    return tests_run(NULL, NULL);
}
