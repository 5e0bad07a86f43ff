/* What main() does around every command: help, exit statuses, missing descriptors, signals, and
 * libraries that end the process. */
#include "kernels/kernels.h"
#include "tests/support/calling.h"
#include "tests/support/test.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define TINY                                                                                       \
    "run transfer --shape 64 --implementation cpu-naive --quick --max-time 0.05 --threads 1 "      \
    "--gpu none --out run"

/* The exit status of a line of the shell, in the test's folder, with the program as $0. */
static int shell(const char *line) {
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (chdir(here.place.path) != 0)
            _exit(126);
        execl("/bin/sh", "sh", "-c", line, here.program, (char *)NULL);
        _exit(127);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

TEST_IN_PLACE(every_command_names_the_help_on_exit_statuses) {
    static const char *const commands[] = {"run",    "sample", "ab",   "compare", "history", "list",
                                           "verify", "train",  "tune", "report",  "info"};
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        struct call asked = CALL("help", commands[i]);
        struct call direct = CALL(commands[i], "--help");
        check_status(&asked, 0);
        check_holds(asked.out, "`lockstep help exit-status`");
        assert_string_equal(asked.out, direct.out);
        call_free(&asked);
        call_free(&direct);
    }
}

TEST_IN_PLACE(each_exit_status_has_its_sentence) {
    static const char *const sentences[] = {"\n  1  A result is wrong", "\n  2  The call",
                                            "\n  3  It could not be finished", "\n 77  The GPU"};
    struct call call = CALL("help", "exit-status");
    check_status(&call, 0);
    assert_int_equal(strncmp(call.out, "  0  Everything was done", 24), 0);
    for (size_t i = 0; i < sizeof sentences / sizeof sentences[0]; i++)
        check_holds(call.out, sentences[i]);
    call_free(&call);
    check_call(CALL("help", "walk"), 2, NULL, "there is no command 'walk'");
}

/* The table went into the first file that the run opened. */
TEST_IN_PLACE(a_run_without_descriptors_keeps_its_files) {
    static const char *const closed[] = {"<&- >&-", "<&- >&- 2>&-", ">&-", "2>&-"};
    for (size_t i = 0; i < sizeof closed / sizeof closed[0]; i++) {
        char line[512];
        snprintf(line, sizeof line, "rm -rf run; \"$0\" " TINY " %s", closed[i]);
        assert_int_equal(shell(line), 0);
        char *results = temporary_text(&here.place, "run/results.csv");
        assert_non_null(results);
        assert_int_equal(strncmp(results, "operation,", 10), 0);
        assert_null(strstr(results, "lockstep:"));
        free(results);
        assert_int_equal(shell("\"$0\" report run >log 2>&1"), 0);
    }
}

TEST_IN_PLACE(a_file_at_its_limit_ends_no_process) {
    assert_int_equal(shell("ulimit -f 1; \"$0\" " TINY " >/dev/null 2>&1"), 3);
}

TEST_IN_PLACE(a_small_stack_is_refused_by_name) {
    assert_int_equal(shell("ulimit -s 64; \"$0\" list 2>log"), 3);
    char *said = temporary_text(&here.place, "log");
    assert_non_null(said);
    assert_string_equal(said, "lockstep: the limit on the stack is 64 KiB, and 1024 are needed: "
                              "raise it (ulimit -s)\n");
    free(said);
}

/* libgomp ends the process by exit(1) where it gets no thread, and 1 says that a result is
 * wrong. */
TEST_IN_PLACE(a_library_that_ends_the_process_is_no_wrong_result) {
    assert_int_equal(shell("OMP_STACKSIZE=100000G \"$0\" run transfer --shape 5000000 --threads 2 "
                           "--quick --gpu none --out run >/dev/null 2>&1"),
                     3);
}

static void file_await(const char *name) {
    for (int i = 0; i < 10000 && !temporary_has(&here.place, name); i++)
        usleep(10000);
    assert_true(temporary_has(&here.place, name));
}

TEST_IN_PLACE(the_first_interruption_is_answered_at_once) {
    struct call call = call_start(&here,
                                  (const char *const[]){"run", "transfer", "--gpu", "none",
                                                        "--max-time", "5", "--out", "run", NULL},
                                  &(struct call_limits){0});
    file_await("run/environment.json");
    assert_int_equal(kill(call.process, SIGINT), 0);
    call_wait(&here, &call);
    check_status(&call, 3);
    check_holds(call.err, "lockstep: ending in order; again to end now\n");
    call_free(&call);
}

/* The case would take a minute more. It is left in the middle of a launch, and has no rows. */
TEST_IN_PLACE(an_emulated_launch_is_left_at_the_first_interruption) {
    size_t built = 0;
    (void)kernels_images(&built);
    if (built == 0)
        skip();
    struct call call = call_start(&here,
                                  (const char *const[]){"run", "--case", "gemm/nn/f32/512x512x512",
                                                        "--gpu", "emulated", "--out", "run", NULL},
                                  &(struct call_limits){.seconds = 300});
    file_await("run/results.csv");
    usleep(300000);
    assert_int_equal(kill(call.process, SIGINT), 0);
    call_wait(&here, &call);
    check_status(&call, 3);
    check_holds(call.err, "interrupted; 0 rows are kept");
    call_free(&call);
}
