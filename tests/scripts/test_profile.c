/* scripts/profile with tools that only write down how they were called. */
#include "tests/support/support.h"
#include "tests/support/temporary.h"
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* All that the script may find besides the tools of a test: nsys and ncu may be installed here. */
static const char *const commands[] = {"date", "hostname", "mkdir"};

struct place {
    struct temporary folder; /* the working directory, with bin/ for the tools */
    char script[512];
};

static int set_up(void **state) {
    struct place *place = calloc(1, sizeof *place);
    char here[448];
    *state = place;
    if (place == NULL || getcwd(here, sizeof here) == NULL)
        return 1;
    snprintf(place->script, sizeof place->script, "%s/scripts/profile", here);
    temporary_open(&place->folder);
    int failures = mkdir(temporary_path(&place->folder, "bin"), 0700);
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        char from[64];
        snprintf(from, sizeof from, "/bin/%s", commands[i]);
        failures += symlink(from, temporary_path(&place->folder, from + 1)) != 0;
    }
    return failures;
}

static int tear_down(void **state) {
    struct place *place = *state;
    temporary_close(&place->folder);
    free(place);
    return 0;
}

/* A program in bin/ that appends its name and arguments to `calls` and ends with `status`. */
static void tool_add(struct place *place, const char *name, int status) {
    char path[64], text[512];
    snprintf(path, sizeof path, "bin/%s", name);
    snprintf(text, sizeof text, "#!/bin/sh\necho \"%s $*\" >>%s/calls\nexit %d\n", name,
             place->folder.path, status);
    temporary_write(&place->folder, path, text);
    assert_int_equal(chmod(temporary_path(&place->folder, path), 0700), 0);
}

/* Runs the script with these arguments; gives its status, and the file of its output or of the
 * calls in `text`. */
static int run(struct place *place, const char *arguments, const char *file, char *text,
               size_t bytes) {
    char command[2048];
    snprintf(command, sizeof command, "cd %s && : >calls && PATH=%s/bin %s %s >output 2>&1",
             place->folder.path, place->folder.path, place->script, arguments);
    int status = system(command);
    char *written = temporary_text(&place->folder, file);
    assert_non_null(written);
    snprintf(text, bytes, "%s", written);
    free(written);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static const char arguments[] = "gemm/nn/f32/64x64x64 cuda-tiled the-lockstep";

TEST_BETWEEN(without_tools_it_says_what_to_install, set_up, tear_down) {
    char text[4096];
    assert_int_equal(run(*state, arguments, "output", text, sizeof text), 1);
    assert_non_null(strstr(text, "nsight-systems"));
    assert_non_null(strstr(text, "nsight-compute"));
}

TEST_BETWEEN(without_a_case_it_shows_the_call, set_up, tear_down) {
    char text[4096];
    tool_add(*state, "nsys", 0);
    assert_int_equal(run(*state, "\"\" \"\"", "output", text, sizeof text), 2);
    assert_non_null(strstr(text, "CASE=gemm/nn/f32/1024x1024x1024"));
    assert_int_equal(run(*state, "", "calls", text, sizeof text), 2);
    assert_string_equal(text, "");
}

TEST_BETWEEN(both_tools_look_at_the_samples, set_up, tear_down) {
    char text[4096];
    tool_add(*state, "nsys", 0);
    tool_add(*state, "ncu", 0);
    assert_int_equal(run(*state, arguments, "calls", text, sizeof text), 0);
    assert_non_null(strstr(text, "nsys profile "));
    assert_non_null(strstr(text, "--nvtx-capture=sample@lockstep"));
    assert_non_null(strstr(text, "ncu --nvtx --nvtx-include lockstep@sample/"));
    const char *lockstep = strstr(text, "the-lockstep run --case gemm/nn/f32/64x64x64 "
                                        "--implementation cuda-tiled");
    assert_non_null(lockstep);
    assert_non_null(strstr(lockstep + 1, "the-lockstep run --case"));
}

TEST_BETWEEN(one_tool_runs_and_the_other_is_named, set_up, tear_down) {
    char text[4096];
    tool_add(*state, "ncu", 0);
    assert_int_equal(run(*state, arguments, "output", text, sizeof text), 0);
    assert_non_null(strstr(text, "nsys is not in PATH"));
    assert_non_null(strstr(text, "kernels.ncu-rep"));
}

TEST_BETWEEN(a_tool_that_fails_fails_the_script, set_up, tear_down) {
    char text[4096];
    tool_add(*state, "nsys", 3);
    assert_int_not_equal(run(*state, arguments, "calls", text, sizeof text), 0);
}
