/* Ladders: which case a figure shows, in which order, and what its bars say, for times and for
 * counts.
 */
#include "bench/files/results.h"
#include "bench/report/report.h"
#include "tests/support/temporary.h"
#include "tests/support/test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A run's folder under construction. */
struct fixture {
    struct temporary place;
    FILE *results, *counters; /* counters: NULL before the first row */
    char log[4096];
};

/* --- the run ---------------------------------------------------------------------------------- */

static void result_write(struct fixture *f, const struct row_key *key, const char *status,
                         double seconds, double flops) {
    struct result row = {.key = *key,
                         .samples = 10,
                         .iterations = 1,
                         .median_s = seconds,
                         .low_s = 0.99 * seconds,
                         .high_s = 1.01 * seconds,
                         .mean_s = seconds,
                         .min_s = seconds,
                         .noise = 0.02,
                         .transfer_s = NAN,
                         .flops = flops,
                         .bytes = 1e6,
                         .gflops = 1e-9 * flops / seconds,
                         .gbps = 1e-3 / seconds,
                         .limit_fraction = NAN,
                         .speedup = NAN,
                         .speedup_with_transfer = NAN,
                         .verified = "yes",
                         .energy_j = NAN};
    snprintf(row.status, sizeof row.status, "%s", status);
    assert_int_equal(csv_write_row(f->results, &result_format, &row), 0);
}

static struct row_key key_of(const char *shape, const char *implementation, const char *device) {
    struct row_key key = {
        .operation = "gemm", .variant = "nn", .dtype = "f32", .threads = 2, .mode = "hot"};
    snprintf(key.shape, sizeof key.shape, "%s", shape);
    snprintf(key.implementation, sizeof key.implementation, "%s", implementation);
    snprintf(key.device, sizeof key.device, "%s", device);
    return key;
}

static void measured(struct fixture *f, const char *shape, const char *implementation,
                     double seconds, double flops) {
    const struct row_key key = key_of(shape, implementation, "cpu");
    result_write(f, &key, "measured", seconds, flops);
}

static void emulated(struct fixture *f, const char *shape, const char *implementation) {
    const struct row_key key = key_of(shape, implementation, "emulated");
    result_write(f, &key, "emulated", NAN, 1e6);
}

static void counted(struct fixture *f, const char *shape, const char *implementation,
                    const char *kernel, int64_t instructions, int64_t sectors, int64_t wavefronts) {
    if (!f->counters) {
        f->counters = fopen(temporary_path(&f->place, "counters.csv"), "w");
        assert_non_null(f->counters);
        assert_int_equal(csv_write_header(f->counters, &counters_format), 0);
    }
    struct counters_row row = {.key = key_of(shape, implementation, ""),
                               .grid = "1x1x1",
                               .block = "32x1x1",
                               .launches = 1,
                               .warp_instructions = instructions,
                               .global_load_sectors = sectors - 3,
                               .global_store_sectors = 2,
                               .global_atomic_sectors = 1,
                               .shared_wavefronts = wavefronts};
    snprintf(row.kernel, sizeof row.kernel, "%s", kernel);
    assert_int_equal(csv_write_row(f->counters, &counters_format, &row), 0);
}

static int setup(void **state) {
    struct fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    temporary_open(&f->place);
    f->results = fopen(temporary_path(&f->place, "results.csv"), "w");
    assert_non_null(f->results);
    assert_int_equal(csv_write_header(f->results, &result_format), 0);
    *state = f;
    return 0;
}

static int teardown(void **state) {
    struct fixture *f = *state;
    temporary_close(&f->place);
    free(f);
    return 0;
}

#define TEST_ON_RUN(test) TEST_BETWEEN(test, setup, teardown)

/* --- what was drawn --------------------------------------------------------------------------- */

/* Draws, or skips the test where there is no gnuplot. */
static void draw(struct fixture *f) {
    struct message message = {""};
    assert_int_equal(fclose(f->results), 0);
    if (f->counters)
        assert_int_equal(fclose(f->counters), 0);
    FILE *log = fmemopen(f->log, sizeof f->log, "w");
    assert_non_null(log);
    if (report_draw(f->place.path, log, &message) != STATUS_OK)
        fail_msg("%s", message.text);
    assert_int_equal(fclose(log), 0);
    if (strstr(f->log, "no plots: there is no gnuplot")) {
        print_message("%s", f->log);
        skip();
    }
}

/* All of `words` (NULL-terminated) in the file, each behind the one before. */
static void check_in_order(struct fixture *f, const char *name, const char *const *words) {
    char *text = temporary_text(&f->place, name);
    if (!text) {
        fail_msg("there is no %s", name);
        return;
    }
    const char *at = text;
    for (; *words && at; words++) {
        at = strstr(at, *words);
        if (!at)
            fail_msg("%s does not hold \"%s\" where it should", name, *words);
    }
    free(text);
}

#define CHECK_IN_ORDER(f, name, ...)                                                               \
    check_in_order(f, name, (const char *const[]){__VA_ARGS__, NULL})

/* --- times ------------------------------------------------------------------------------------ */

/* As they stand in the operation's table, not in the file; on all threads; with what they add. */
TEST_ON_RUN(rungs_stand_in_the_order_of_their_table) {
    struct fixture *f = *state;
    struct row_key alone = key_of("64x64x64", "openblas", "cpu");
    alone.threads = 1;
    result_write(f, &alone, "measured", 1e-6, 1e6);
    measured(f, "64x64x64", "openblas", 1e-3, 1e6);
    measured(f, "64x64x64", "direct", 1e-9, 1e6);
    measured(f, "64x64x64", "cpu-blocked", 4e-3, 1e6);
    measured(f, "64x64x64", "cpu-naive", 2e-2, 1e6);
    draw(f);
    assert_true(temporary_has(&f->place, "gemm-ladder-cpu.png"));
    CHECK_IN_ORDER(f, "gemm-ladder-cpu.svg", "cpu-naive, 2 threads", "cpu-blocked, 2 threads",
                   "openblas, 2 threads", "5.0%, 20.0 ms", "three nested loops", "25%, 4.00 ms",
                   "+ blocks that stay in a cache", "100%, 1.00 ms", "+ kernels in assembly");
    CHECK_IN_ORDER(f, "plots.gp", "gemm-ladder-cpu", "\n100 2 ", "\n5 0 ", "\n25 1 ");
    assert_false(temporary_holds(&f->place, "gemm-ladder-cpu.svg", "direct"));
    assert_false(temporary_holds(&f->place, "gemm-ladder-cpu.svg", "1 thread<"));
    assert_true(temporary_holds(&f->place, "index.html", "figure-gemm-ladder-cpu"));
}

/* What --add brought stands behind the operation's own. */
TEST_ON_RUN(added_rows_are_rungs) {
    struct fixture *f = *state;
    measured(f, "64x64x64", "mine", 2e-3, 1e6);
    measured(f, "64x64x64", "openblas", 1e-3, 1e6);
    measured(f, "64x64x64", "cpu-blocked", 4e-3, 1e6);
    measured(f, "64x64x64", "cpu-naive", 2e-2, 1e6);
    draw(f);
    CHECK_IN_ORDER(f, "gemm-ladder-cpu.svg", "cpu-naive, 2 threads", "cpu-blocked, 2 threads",
                   "openblas, 2 threads", "mine, 2 threads", "from outside this build");
    CHECK_IN_ORDER(f, "plots.gp", "gemm-ladder-cpu", "\n100 2 ", "\n5 0 ", "\n25 1 ", "\n50 3 ");
}

/* Devices have figures of their own; a GPU's times are times, whatever the CPU took. */
TEST_ON_RUN(a_gpu_has_its_own_best) {
    static const char *const rungs[] = {"cuda-naive", "cuda-tiled", "cublas"};
    struct fixture *f = *state;
    measured(f, "64x64x64", "cpu-naive", 1e-6, 1e6);
    for (int r = 0; r < 3; r++) {
        struct row_key key = key_of("64x64x64", rungs[r], "gpu0");
        key.threads = 0;
        result_write(f, &key, "measured", 8e-3 / (1 << r), 1e6);
    }
    draw(f);
    CHECK_IN_ORDER(f, "gemm-ladder-gpu0.svg", "gemm ladder, gpu0: nn f32 64x64x64, hot",
                   ">cuda-naive<", ">cuda-tiled<", ">cublas<", "25%, 8.00 ms", "50%, 4.00 ms",
                   "100%, 2.00 ms", "% of the fastest");
    assert_false(temporary_has(&f->place, "gemm-ladder-cpu.svg"));
}

/* More rungs first, then a square, then its size. */
TEST_ON_RUN(the_largest_square_that_all_share_is_shown) {
    static const char *const rungs[] = {"cpu-naive", "cpu-ordered", "openblas", "onednn"};
    static const struct {
        const char *shape;
        int rungs;
        double flops;
    } cases[] = {{"64x64x64", 4, 1e6},
                 {"128x128x128", 4, 4e6},
                 {"2000x100x100", 4, 4e7},
                 {"256x256x256", 3, 3e7},
                 {"32x32x32", 4, 1e5}};
    struct fixture *f = *state;
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++)
        for (int r = 0; r < cases[c].rungs; r++)
            measured(f, cases[c].shape, rungs[r], 1e-3 * (r + 1), cases[c].flops);
    draw(f);
    assert_true(temporary_holds(&f->place, "gemm-ladder-cpu.svg", "nn f32 128x128x128, hot"));
}

TEST_ON_RUN(two_implementations_are_no_ladder) {
    struct fixture *f = *state;
    measured(f, "64x64x64", "cpu-naive", 1e-2, 1e6);
    measured(f, "64x64x64", "openblas", 1e-3, 1e6);
    measured(f, "64x64x64", "of-another-build", 1e-3, 1e6);
    draw(f);
    assert_false(temporary_has(&f->place, "gemm-ladder-cpu.svg"));
}

/* --- counts ----------------------------------------------------------------------------------- */

static void emulated_rows(struct fixture *f) {
    static const char *const rungs[] = {"cuda-naive", "cuda-tiled", "cuda-split-k"};
    for (int r = 0; r < 3; r++)
        emulated(f, "64x64x64", rungs[r]);
    counted(f, "64x64x64", "cuda-naive", "naive", 1000, 9000, 0);
    counted(f, "64x64x64", "cuda-tiled", "tiled", 2000, 400, 100);
    counted(f, "64x64x64", "cuda-split-k", "part", 500, 300, 150);
    counted(f, "64x64x64", "cuda-split-k", "sum", 25, 25, 0);
}

/* Instructions, sectors and wavefronts of all kernels of an iteration, against the least. */
TEST_ON_RUN(emulated_rungs_are_counted) {
    struct fixture *f = *state;
    emulated_rows(f);
    draw(f);
    assert_true(temporary_has(&f->place, "gemm-ladder-emulated.png"));
    CHECK_IN_ORDER(f, "gemm-ladder-emulated.svg",
                   "emulated GPU: nn f32 64x64x64, % of the least counted work", "cuda-naive",
                   "cuda-tiled", "cuda-split-k", "10%, 10 k", "40%, 2.5 k", "100%, 1 k",
                   "(no time)");
    CHECK_IN_ORDER(f, "index.html", "id=ladder", "% of the least counted work",
                   "data-v=10 title=\"10 k: 1 k warp instructions, 9 k sectors, 0 wavefronts\">10%",
                   "data-v=40 title=\"2.5 k: 2 k warp instructions, 400 sectors, 100 wavefronts\"",
                   "best\" style=\"--w:100.0%\"");
}

/* A rung that the first case leaves out, and implementations that another operation lists in
 * another order, stand where the operation's own table has them. */
TEST_ON_RUN(the_tables_columns_stand_in_that_order_too) {
    static const char *const rungs[] = {"cuda-naive", "cuda-best", "cuda-naive", "cuda-split-k",
                                        "cuda-best"};
    struct fixture *f = *state;
    for (int r = 0; r < 5; r++) {
        const char *shape = r < 2 ? "64x64x64" : "128x128x128";
        emulated(f, shape, rungs[r]);
        counted(f, shape, rungs[r], "kernel", 1000 + r, 10, 0);
    }
    measured(f, "64x64x64", "onednn", 1e-3, 1e6);
    measured(f, "64x64x64", "from-elsewhere", 1e-3, 1e6);
    measured(f, "64x64x64", "openblas", 2e-3, 1e6);
    draw(f);
    CHECK_IN_ORDER(f, "index.html", "id=ladder", "<thead>", "openblas, 2 threads",
                   "onednn, 2 threads", "from-elsewhere, 2 threads", "</thead>",
                   "% of the least counted work", "<thead>", ">cuda-naive<", ">cuda-split-k<",
                   ">cuda-best<", "</thead>");
}

TEST_ON_RUN(what_was_not_verified_is_no_rung) {
    struct fixture *f = *state;
    struct row_key key = key_of("64x64x64", "cuda-warp", "emulated");
    emulated_rows(f);
    result_write(f, &key, "failed", NAN, 1e6);
    counted(f, "64x64x64", "cuda-warp", "warp", 10, 10, 10);
    draw(f);
    assert_false(temporary_holds(&f->place, "gemm-ladder-emulated.svg", "cuda-warp"));
    CHECK_IN_ORDER(f, "gemm-ladder-emulated.svg", "100%, 1 k");
}

/* Another program's counters, or an older version's. */
TEST_ON_RUN(counters_of_other_columns_are_no_work) {
    struct fixture *f = *state;
    static const char *const rungs[] = {"cuda-naive", "cuda-tiled", "cuda-warp"};
    for (int r = 0; r < 3; r++)
        emulated(f, "64x64x64", rungs[r]);
    temporary_write(&f->place, "counters.csv",
                    "operation,variant,dtype,shape,implementation,warp_instructions\n"
                    "gemm,nn,f32,64x64x64,cuda-naive,1000\n");
    draw(f);
    assert_false(temporary_has(&f->place, "gemm-ladder-emulated.svg"));
    assert_false(temporary_holds(&f->place, "index.html", "counted work"));
}
