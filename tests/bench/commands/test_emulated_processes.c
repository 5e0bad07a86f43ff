/* `lockstep emulate`: programs of several processes, and processes that end by a signal or run none
 * of what libraries have to do at the end.
 */
#define TESTS_OWN_MAIN
#include "tests/support/emulated_program.h"
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* From another folder, by a shell, in two processes. */
TEST_IN_PLACE(scripts_may_start_programs) {
    char script[PATH_MAX * 2 + 100];
    snprintf(script, sizeof script, "cd / && '%s' frees overruns 0 && '%s' frees writes 0; exit 4",
             emulated_self, emulated_self);
    check_call(EMULATE("--report", "counters.csv", "sh", "-c", script), 4, NULL, "1 found wrong");
    char *counters = temporary_text(&here.place, "counters.csv");
    assert_non_null(counters);
    check_holds(counters, "kernel,grid,block,launches,");
    check_holds(counters, "\nstore,1x1x1,1x1x1,1,");
    assert_non_null(strstr(strstr(counters, "\nstore,") + 1, "\nstore,"));
    free(counters);
}

/* Their kernels are counted all the same. */
TEST_IN_PLACE(processes_without_an_end_are_counted) {
    static const struct {
        const char *first, *second, *said;
    } cases[] = {{"_exits", "becomes-another", "2 processes used the emulated GPU and ended by"},
                 {"is-killed", "_exits", "2 processes used"},
                 {"writes", "_exits", "1 process used"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char script[PATH_MAX * 2 + 100];
        snprintf(script, sizeof script, "'%s' frees %s 0; '%s' frees %s 0; exit 0", emulated_self,
                 cases[i].first, emulated_self, cases[i].second);
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
TEST_IN_PLACE(processes_that_are_left_are_waited_for) {
    char script[PATH_MAX + 100];
    snprintf(script, sizeof script, "(sleep 1; setsid '%s' frees writes 0) & exit 3",
             emulated_self);
    struct call call = EMULATE("--wait", "sh", "-c", script);
    check_status(&call, 3);
    check_holds(call.err, "store  ");
    check_holds(call.err, "nothing was found wrong");
    call_free(&call);
    snprintf(script, sizeof script, "(sleep 1; '%s' overruns writes 0) & exit 0", emulated_self);
    check_call(EMULATE("--wait", "sh", "-c", script), 86, NULL, "out-of-bounds");
}

/* Only the memory that a process has left, and none of one that a signal has ended. */
TEST_IN_PLACE(leaks_of_processes_without_an_end_are_found) {
    struct call call = EMULATE("--check", "memory,leak", emulated_self, "leaks", "_exits", "0");
    check_status(&call, 86);
    check_holds(call.err, "leak: 4 bytes in 1 allocation were never freed by a process that ended");
    check_holds(call.err, "store  ");
    call_free(&call);
    check_call(EMULATE("--check", "memory,leak", emulated_self, "frees", "_exits", "0"), 0, NULL,
               "nothing was found wrong");
    call = EMULATE("--check", "memory,leak", emulated_self, "leaks", "is-killed", "0");
    check_status(&call, 137);
    check_holds(call.err, "signal 9 (Killed) ended the program: its kernels are counted");
    check_holds(call.err, "store  ");
    assert_null(strstr(call.err, "leak:"));
    call_free(&call);
    call = EMULATE("--check", "memory,leak", emulated_self, "overruns", "_exits", "0");
    check_status(&call, 86);
    assert_null(strstr(call.err, "leak:"));
    call_free(&call);
}

/* The child of a fork cannot use the GPU: nothing of it is lost. */
TEST_IN_PLACE(a_quick_exit_and_a_fork_lose_nothing) {
    struct call call =
        EMULATE("--check", "memory,leak", emulated_self, "leaks", "exits-quickly", "0");
    check_status(&call, 86);
    check_holds(call.err, "leak: 4 bytes of device memory at 0x");
    check_holds(call.err, "store  ");
    assert_null(strstr(call.err, "ended by _exit"));
    call_free(&call);
    check_call(EMULATE(emulated_self, "frees", "forks", "0"), 0, NULL, "nothing was found wrong");
}

TEST_IN_PLACE(a_signal_is_an_exit_status) {
    struct call call = EMULATE("sh", "-c", "kill -9 $$");
    check_status(&call, 137);
    check_holds(call.err, "lockstep emulate: signal 9 (Killed) ended the program");
    assert_null(strstr(call.err, "nothing was found wrong"));
    assert_null(strstr(call.err, "no kernel ran"));
    call_free(&call);
    check_call(EMULATE("sh", "-c", "kill -SEGV $$"), 139, NULL,
               "lockstep emulate: signal 11 (Segmentation fault) ended the program");
}

int main(int argc, char **argv) {
    if (argc == EMULATED_WORDS + 1)
        return emulated_program_run(argv + 1);
    if (!emulated_program_find())
        return EXIT_FAILURE;
    return tests_run(NULL, NULL);
}
