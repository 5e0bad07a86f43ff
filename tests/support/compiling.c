/* Calling the C compiler. */
#include "tests/support/compiling.h"

#include <setjmp.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

void compile_library(const char *source, const char *library) {
    char words[][512] = {"cc", "-O1", "-fPIC", "-shared", "-Iinclude", "-I.", "", "-o", "", "-lm"};
    enum { COUNT = sizeof words / sizeof words[0] };
    char *list[COUNT + 1] = {NULL};
    pid_t process;
    int status = -1;
    snprintf(words[6], sizeof words[6], "%s", source);
    snprintf(words[8], sizeof words[8], "%s", library);
    for (int i = 0; i < COUNT; i++)
        list[i] = words[i];
    assert_int_equal(posix_spawnp(&process, "cc", NULL, NULL, list, environ), 0);
    assert_int_equal(waitpid(process, &status, 0), process);
    if (status != 0)
        fail_msg("cc cannot make %s of %s", library, source);
}

void compile_library_text(struct temporary *place, const char *name, const char *text) {
    char source[512], library[512], file[80];
    snprintf(file, sizeof file, "%s.c", name);
    snprintf(source, sizeof source, "%s", temporary_path(place, file));
    snprintf(file, sizeof file, "%s.so", name);
    snprintf(library, sizeof library, "%s", temporary_path(place, file));
    file_write_text(source, text);
    compile_library(source, library);
}
