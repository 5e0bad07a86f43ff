/* Rows that do not come back cost themselves alone, and an interruption does not wait for rows. */
#include "bench/added/compile/compiler.h"
#include "tests/support/calling.h"
#include "tests/support/compiling.h"
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROW(function, statements)                                                                  \
    "static enum status " function "(const struct transfer_problem *p, struct execution *e) {\n"   \
    "    (void)e;\n" statements "\n"                                                               \
    "    for (int64_t i = 0; i < p->count; i++)\n"                                                 \
    "        p->out[i] = p->variant == TRANSFER_COPY ? p->a[i] : p->a[i] + p->scale * p->b[i];\n"  \
    "    return STATUS_OK;\n"                                                                      \
    "}\n"
#define TWO(first, second)                                                                         \
    "#include <lockstep/implementation.h>\n#include <signal.h>\n#include <stdio.h>\n" ROW("one",   \
                                                                                          first)   \
        ROW("two",                                                                                 \
            second) "static const struct lockstep_row rows[] = {\n"                                \
                    "    {.operation = \"transfer\", .name = \"one\", .summary = \"s\", "          \
                    ".run.transfer = one},\n"                                                      \
                    "    {.operation = \"transfer\", .name = \"two\", .summary = \"s\", "          \
                    ".run.transfer = two}};\n"                                                     \
                    "const struct lockstep_library lockstep_library = LOCKSTEP_LIBRARY(rows);\n"

static struct call call_with(const char *variable, const char *const *words) {
    char cache[PATH_MAX];
    snprintf(cache, sizeof cache, "XDG_CACHE_HOME=%s/cache", here.place.path);
    const char *const variables[] = {cache, variable, NULL};
    const struct call_limits limits = {.variables = variables};
    struct call call = call_start(&here, words, &limits);
    call_wait(&here, &call);
    return call;
}

#define CALL_WITH(variable, ...) call_with(variable, (const char *const[]){__VA_ARGS__, NULL})

TEST_IN_PLACE(a_function_that_hangs_costs_its_row) {
    compile_library_text(&here.place, "mine",
                         TWO("for (volatile int more = p->count > 1; more;) ;", ""));
    struct call call = CALL_WITH("LOCKSTEP_PATIENCE=1", "verify", "transfer", "--gpu", "none",
                                 "--threads", "1", "--add", "mine.so");
    check_status(&call, 1);
    check_holds(call.out, "FAILED transfer/copy/f32/2 one on cpu, 1 thread, uniform values: it did "
                          "not end within 1 second");
    check_holds(call.out, "4 passed, 1 FAILED, 43 skipped (not tried again, for it hung in "
                          "transfer/copy/f32/2: it did not");
    check_holds(call.out, "two              cpu          48 passed\n");
    call_free(&call);
}

TEST_IN_PLACE(a_run_goes_on) {
    compile_library_text(&here.place, "mine",
                         TWO("for (volatile int more = p->count > 1; more;) ;", ""));
    struct call call =
        CALL_WITH("LOCKSTEP_PATIENCE=1", "run", "--case", "transfer/copy/f32/*", "--shape", "64,65",
                  "--gpu", "none", "--threads", "1", "--quick", "--max-time", "0.05",
                  "--implementation", "one,two", "--out", "run", "--add", "mine.so");
    check_status(&call, 1); /* a row failed */
    call_free(&call);
    char *rows = temporary_text(&here.place, "run/results.csv");
    check_holds(rows, "copy,f32,64,one,cpu,1,hot,failed,");
    check_holds(rows, "copy,f32,64,two,cpu,1,hot,measured,");
    check_holds(rows, "copy,f32,65,one,cpu,1,hot,skipped,");
    check_holds(rows, "copy,f32,65,two,cpu,1,hot,measured,");
    check_holds(rows, "\"not tried again, for it hung in transfer/copy/f32/64: ");
    check_holds(rows, "(LOCKSTEP_PATIENCE says how many)\"");
    free(rows);
}

/* Nothing that is timed later would have its processors. */
TEST_IN_PLACE(threads_that_hang_end_the_command) {
    compile_library_text(
        &here.place, "mine",
        TWO("volatile int more = 1;\n"
            "extern void GOMP_parallel(void (*)(void *), void *, unsigned, "
            "unsigned);\n"
            "extern void lockstep_hang(void *); GOMP_parallel(lockstep_hang, (void *)&more, 2, 0);",
            "") "void lockstep_hang(void *more) { while (*(volatile int *)more) ; }\n");
    check_call(CALL_WITH("LOCKSTEP_PATIENCE=1", "verify", "transfer", "--gpu", "none", "--threads",
                         "2", "--add", "mine.so"),
               3, NULL, "OpenMP's threads are in it still");
}

TEST_IN_PLACE(a_kernel_that_hangs_costs_its_row) {
    struct compiler compiler;
    struct message message;
    if (compiler_find(&compiler, &message) != STATUS_OK)
        skip();
    temporary_write(&here.place, "mine.cu",
                    "/* lockstep\noperation transfer\nvariant copy\nkernel spin\ngrid 1\nblock 32\n"
                    "args a out\n*/\n"
                    "__global__ void spin(const float *a, volatile float *out) {\n"
                    "    while (out[0] != 3.0f) out[0] = a[0];\n"
                    "}\n");
    struct call call = CALL_WITH("LOCKSTEP_EMULATOR=check=all;budget=100K", "verify", "transfer",
                                 "--gpu", "emulated", "--add", "mine.cu");
    check_status(&call, 1);
    check_holds(call.out, "budget of 102400 warp instructions is spent");
    check_holds(call.out, "mine.cu:10");
    check_holds(call.out, "0 passed, 1 FAILED, 23 skipped (not tried again, for it hung in");
    call_free(&call);
}

TEST_IN_PLACE(a_patience_that_is_none_is_refused) {
    static const char *const bad[] = {"LOCKSTEP_PATIENCE=0", "LOCKSTEP_PATIENCE=soon",
                                      "LOCKSTEP_PATIENCE=5s", "LOCKSTEP_PATIENCE=86401"};
    compile_library_text(&here.place, "mine", TWO("", ""));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        check_call(CALL_WITH(bad[i], "verify", "transfer", "--gpu", "none", "--add", "mine.so"), 2,
                   NULL, "LOCKSTEP_PATIENCE is the seconds");
    }
}

/* The first row asks for the end itself; the second would say that it was called. */
TEST_IN_PLACE(an_interruption_waits_for_one_launch) {
    compile_library_text(&here.place, "mine",
                         TWO("raise(SIGINT);", "FILE *f = fopen(\"called\", \"w\"); fclose(f);"));
    struct call call = CALL_WITH("LOCKSTEP_PATIENCE=", "run", "--case", "transfer/copy/f32/64",
                                 "--gpu", "none", "--threads", "1", "--quick", "--implementation",
                                 "one,two", "--out", "run", "--add", "mine.so");
    check_status(&call, 3);
    check_holds(call.err, "interrupted; 0 rows are kept, and the same command with --out run goes");
    assert_false(temporary_has(&here.place, "called"));
    call_free(&call);
}
