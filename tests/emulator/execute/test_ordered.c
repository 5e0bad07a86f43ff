/* Kernels that people write, each as it should be and with one barrier, fence, wait or mask left
 * out: tests/data/kernels/ordered.cu. The former are silent, of the latter both lines are named. */
#include "tests/support/marked.h"
#include "tests/support/test.h"

#define SOURCE "tests/data/kernels/ordered.cu"
enum { WORDS = 1024, THREADS = 64 };

/* How the kernel is launched, by the word behind PAIR. */
struct kind {
    const char *head;
    unsigned blocks;
    bool is_global;
};

static enum machine_status run(struct bench *bench, const struct kind *kind, const char *name,
                               const char *suffix) {
    char kernel[96];
    struct machine_options options = bench_options(bench);
    options.check_race = true;
    options.check_race_global = kind->is_global;
    machine_set_options(bench->machine, &options);
    const uint64_t words = bench_allocate(bench, NULL, WORDS * 4);
    bench->log[0] = '\0';
    snprintf(kernel, sizeof kernel, "%s%s", name, suffix);
    const enum machine_status status = LAUNCH(bench, kernel, kind->blocks, THREADS, words);
    assert_int_equal(machine_free(bench->machine, words), MACHINE_OK);
    return status;
}

/* Whether the place of one access is named, and then the other's. */
static bool names_lines(const char *said, unsigned first, unsigned second) {
    char here[96], there[96];
    snprintf(here, sizeof here, SOURCE ":%u", first);
    snprintf(there, sizeof there, SOURCE ":%u", second);
    const char *other = strstr(said, "; the other access");
    const char *at = strstr(said, here);
    return at && other && at < other && strstr(other, there);
}

static void run_pair(struct bench *bench, const struct kind *kind, const char *text,
                     const char *name) {
    const struct marks marks = marks_find(text, "races", name);
    if (run(bench, kind, name, "_ordered") != MACHINE_OK)
        fail_msg("%s is right, but: %s", name, bench->log);
    const enum machine_status status = run(bench, kind, name, "_racing");
    if (status != MACHINE_CHECK_FAILED || !strstr(bench->log, ": race in ") ||
        (!names_lines(bench->log, marks.lines[0], marks.lines[1]) &&
         !names_lines(bench->log, marks.lines[1], marks.lines[0])))
        fail_msg("%s races at lines %u and %u, but: %s", name, marks.lines[0], marks.lines[1],
                 bench->log);
}

static void run_all(struct bench *bench, const struct kind *kind) {
    char *text = marked_read(bench, SOURCE, "tests/data/ptx/ordered.ptx");
    unsigned count = 0;
    for (const char *at = text; (at = strstr(at, kind->head)); count++) {
        char name[64] = "";
        at += strlen(kind->head);
        assert_int_equal(sscanf(at, "%63[a-z_]", name), 1);
        run_pair(bench, kind, text, name);
    }
    assert_true(count > 0);
    free(text);
}

TEST_ON_HOPPER(threads_of_a_block) {
    run_all(*state, &(struct kind){"\nPAIR(", 1, false});
}

TEST_ON_HOPPER(blocks_of_a_cluster) {
    run_all(*state, &(struct kind){"\nPAIR_IN_CLUSTERS(", 2, false});
}

TEST_ON_HOPPER(blocks_of_a_grid) {
    run_all(*state, &(struct kind){"\nPAIR_OF_BLOCKS(", 4, true});
}
