/* Calling the C compiler. */
#include "tests/support/compiling.h"
#include "tests/support/cmocka.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORDS_MAX = 12 };

/* Whether the compiler ends well; what it says of a mistake that is meant goes nowhere. */
static bool compiler_run(const char *const words[WORDS_MAX], bool silent) {
    posix_spawn_file_actions_t actions;
    pid_t process;
    int status = -1;
    assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
    if (silent)
        assert_int_equal(
            posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0), 0);
    assert_int_equal(
        posix_spawnp(&process, words[0], &actions, NULL, (char *const *)words, environ), 0);
    assert_int_equal(waitpid(process, &status, 0), process);
    assert_int_equal(posix_spawn_file_actions_destroy(&actions), 0);
    return status == 0;
}

void compile_library(const char *source, const char *library) {
    const char *const words[WORDS_MAX] = {"cc",  "-O1",  "-fPIC", "-shared", "-Iinclude",
                                          "-I.", source, "-o",    library,   "-lm"};
    if (!compiler_run(words, false))
        fail_msg("cc cannot make %s of %s", library, source);
}

bool compile_accepts(struct temporary *place, const char *text) {
    char source[512];
    snprintf(source, sizeof source, "%s", temporary_path(place, "accepted.c"));
    file_write_text(source, text);
    const char *const words[WORDS_MAX] = {"cc", "-std=c11", "-fsyntax-only", "-I.", source};
    return compiler_run(words, true);
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
