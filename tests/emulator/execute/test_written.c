/* Kernels that people write, each as it should be and with one write left out:
 * tests/data/kernels/written.cu. The former are silent, of the latter the line is named that uses
 * what nothing has written. */
#include "tests/support/marked.h"
#include "tests/support/test.h"

#include <stdio.h>

#define SOURCE "tests/data/kernels/written.cu"
enum { WORDS = 1024, THREADS = 64 };

static enum machine_status run(struct bench *bench, const char *name, const char *suffix) {
    char kernel[96];
    uint64_t fresh;
    const uint64_t memory = bench_allocate(bench, NULL, WORDS * 4);
    assert_int_equal(machine_allocate(bench->machine, WORDS * 4, &fresh), MACHINE_OK);
    bench->log[0] = '\0';
    snprintf(kernel, sizeof kernel, "%s%s", name, suffix);
    const enum machine_status status = LAUNCH(bench, kernel, 1, THREADS, memory, fresh);
    assert_int_equal(machine_free(bench->machine, memory), MACHINE_OK);
    assert_int_equal(machine_free(bench->machine, fresh), MACHINE_OK);
    return status;
}

static void run_pair(struct bench *bench, const char *text, const char *name) {
    char place[96];
    const struct marks marks = marks_find(text, "uses", name);
    snprintf(place, sizeof place, SOURCE ":%u", marks.lines[0]);
    if (run(bench, name, "_written") != MACHINE_OK)
        fail_msg("%s is right, but: %s", name, bench->log);
    const enum machine_status status = run(bench, name, "_lacking");
    if (status != MACHINE_CHECK_FAILED || !strstr(bench->log, ": uninitialised ") ||
        !strstr(bench->log, place))
        fail_msg("%s uses at line %u what nothing has written, but: %s", name, marks.lines[0],
                 bench->log);
}

TEST_ON_BENCH(what_was_written_is_told_from_what_was_not) {
    struct bench *bench = *state;
    BENCH_SWITCH_ON(bench, check_init);
    char *text = marked_read(bench, SOURCE, "tests/data/ptx/written.ptx");
    unsigned count = 0;
    for (const char *at = text; (at = strstr(at, "\nPAIR(")); count++) {
        char name[64] = "";
        at += strlen("\nPAIR(");
        assert_int_equal(sscanf(at, "%63[a-z_]", name), 1);
        run_pair(bench, text, name);
    }
    assert_true(count > 0);
    free(text);
}
