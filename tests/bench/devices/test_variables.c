/* Variables that say on which processors and with how many threads OpenMP computes, and with which
 * kernels a library. A run must end, with the threads that there can be, and say what was set. Each
 * runs in a process of its own, against a deadline: OpenBLAS once waited for ever under some of
 * them.
 */
#include "bench/devices/processors.h"
#include "common/instruction_set.h"
#include "reference/libraries.h"
#include "tests/support/calling.h"
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEADLINE_SECONDS = 100 };

/* A product that OpenBLAS shares among all threads that it is told of. The folder is named after
 * the variable. */
static struct call run_with(const char *variable, const char *threads) {
    const char *const variables[] = {variable, NULL};
    const char *const arguments[] = {"run",
                                     "--quick",
                                     "--case",
                                     "gemm/nn/f32/256x256x256",
                                     "--implementation",
                                     "openblas",
                                     "--gpu",
                                     "none",
                                     "--max-time",
                                     "0.02",
                                     "--out",
                                     variable,
                                     threads ? "--threads" : NULL,
                                     threads,
                                     NULL};
    struct call call =
        call_start(&here, arguments,
                   &(struct call_limits){.seconds = DEADLINE_SECONDS, .variables = variables});
    call_wait(&here, &call);
    return call;
}

static void check_run(const char *variable, int threads) {
    char line[64], recorded[300], name[300];
    const char *value = strchr(variable, '=') + 1;
    struct call call = run_with(variable, NULL);
    if (call.status != 0)
        fail_msg("%s: status %d, %s", variable, call.status, call.err);
    snprintf(line, sizeof line, ", %d %s\n", threads, threads == 1 ? "thread" : "threads");
    check_holds(call.out, line);
    snprintf(recorded, sizeof recorded, "\"%.*s\":\t\"%s\"", (int)(value - 1 - variable), variable,
             value);
    snprintf(name, sizeof name, "%s/environment.json", variable);
    char *environment = temporary_text(&here.place, name);
    assert_non_null(environment);
    check_holds(environment, recorded);
    free(environment);
    call_free(&call);
}

static struct processors here_and_now(void) {
    struct processors processors;
    processors_read("", &processors);
    return processors;
}

static int last_of(const cpu_set_t *set) {
    int last = -1;
    for (int i = 0; i < CPU_SETSIZE; i++)
        if (CPU_ISSET((size_t)i, set))
            last = i;
    return last;
}

/* Each binds the first thread before main() begins. */
TEST_IN_PLACE(binding_leaves_all_processors) {
#ifdef __clang__
    skip(); /* two OpenMP libraries: a warning says so */
#endif
    const struct processors all = here_and_now();
    char list[256], affinity[300], place[64];
    processors_format(&all.set, list, sizeof list);
    snprintf(affinity, sizeof affinity, "GOMP_CPU_AFFINITY=%s", list);
    check_run("OMP_PROC_BIND=true", all.threads);
    check_run("OMP_PLACES=cores", all.threads);
    check_run(affinity, all.threads);
    /* Places that are fewer are all that there are. */
    snprintf(place, sizeof place, "OMP_PLACES={%d}", last_of(&all.set));
    check_run(place, 1);
    struct call call = run_with(place, "2");
    check_status(&call, 2);
    check_holds(call.err, "--threads 2: this process may run on 1 processor, ");
    check_holds(call.err, place);
    call_free(&call);
}

TEST_IN_PLACE(openmp_gives_the_threads_that_are_asked_for) {
    const int all = here_and_now().threads;
    check_run("OMP_THREAD_LIMIT=1", 1);
    check_run("OMP_DYNAMIC=true", all);
    check_run("OMP_MAX_ACTIVE_LEVELS=0", all);
    check_run("OPENBLAS_NUM_THREADS=1", all);
}

/* More than can be had is refused with what bounds it; verification may take more than processors,
 * but not more than OpenMP gives. */
TEST_IN_PLACE(threads_beyond_the_bounds_are_refused) {
    static const char *const commands[] = {"run", "sample", "train", "verify"};
    static const char *const variables[] = {"OMP_THREAD_LIMIT=2", NULL};
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        const char *const arguments[] = {commands[i], "--threads", "4000", NULL};
        struct call call =
            call_start(&here, arguments,
                       &(struct call_limits){.seconds = DEADLINE_SECONDS, .variables = variables});
        call_wait(&here, &call);
        check_status(&call, 2);
        check_holds(call.err, "--threads 4000: ");
        call_free(&call);
    }
    check_call(run_with("OMP_THREAD_LIMIT=1", "2"), 2, NULL,
               "OMP_THREAD_LIMIT allows 1; give at most that, or unset the variable");
}

TEST_IN_PLACE(verification_ends_under_a_limit) {
    static const char *const variables[] = {"OMP_THREAD_LIMIT=1", "OMP_DYNAMIC=true", NULL};
    static const char *const arguments[] = {"verify", "gemm", "--implementation", "openblas", NULL};
    struct call call =
        call_start(&here, arguments,
                   &(struct call_limits){.seconds = DEADLINE_SECONDS, .variables = variables});
    call_wait(&here, &call);
    check_status(&call, 0);
    call_free(&call);
}

/* Runs a command under a variable. */
static struct call call_under(const char *variable, const char *const *arguments) {
    const char *const variables[] = {variable, NULL};
    struct call call =
        call_start(&here, arguments,
                   &(struct call_limits){.seconds = DEADLINE_SECONDS, .variables = variables});
    call_wait(&here, &call);
    return call;
}

/* Whether OpenBLAS runs its kernels for a core type when it is told to: not every build has all. */
static bool runs_core_type(const char *core_type) {
    static const char *const info[] = {"info", NULL};
    char variable[64], words[64];
    snprintf(variable, sizeof variable, "OPENBLAS_CORETYPE=%s", core_type);
    snprintf(words, sizeof words, "core type %s,", core_type);
    struct call call = call_under(variable, info);
    bool runs = call.status == 0 && strstr(call.out, words) != NULL;
    call_free(&call);
    return runs;
}

/* Prescott has SSE3 and runs on every x86-64. */
TEST_IN_PLACE(kernels_below_the_processor_are_warned_of) {
    if (instruction_set_best() == INSTRUCTION_SET_BASELINE || !runs_core_type("Prescott"))
        skip();
    struct call call = run_with("OPENBLAS_CORETYPE=Prescott", NULL);
    check_status(&call, 0);
    check_holds(call.out, "warning: OPENBLAS_CORETYPE=Prescott: OpenBLAS runs kernels for Prescott "
                          "(baseline): avx");
    check_holds(call.out,
                "is left unused, which costs most of its rate; unset OPENBLAS_CORETYPE\n");
    call_free(&call);
}

/* Bulldozer's kernels multiply and add by FMA4, which later processors have no more. */
TEST_IN_PLACE(kernels_that_cannot_run_are_refused) {
    static const char variable[] = "OPENBLAS_CORETYPE=Bulldozer";
    static const char *const commands[] = {"run", "verify", "train", "sample", "info"};
    struct call info = call_under(variable, (const char *const[]){"info", NULL});
    const bool elsewhere = info.status == 0 && !strstr(info.out, "core type Bulldozer,");
    call_free(&info);
    if (elsewhere || __builtin_cpu_supports("fma4"))
        skip(); /* this OpenBLAS has no such kernels, or they run */
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        const char *const arguments[] = {commands[i], NULL};
        struct call call = call_under(variable, arguments);
        check_status(&call, 2);
        check_holds(call.err, "OPENBLAS_CORETYPE=Bulldozer makes OpenBLAS choose kernels that "
                              "cannot run here: a small product ended with ");
        check_holds(call.err, "; unset OPENBLAS_CORETYPE, and");
        call_free(&call);
    }
}

/* BLIS ends the process over a number that it does not know. */
TEST_IN_PLACE(a_number_that_blis_does_not_know_is_refused) {
    if (blis_absent())
        skip();
    struct call call =
        call_under("BLIS_ARCH_TYPE=4000", (const char *const[]){"verify", "gemm", NULL});
    check_status(&call, 2);
    check_holds(call.err, "BLIS_ARCH_TYPE=4000 makes BLIS choose kernels that cannot run here: ");
    call_free(&call);
}
