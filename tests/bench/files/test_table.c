/* The table on the terminal: each kind of row under its own columns. */
#include "bench/files/table.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

static struct result row_of(const char *shape, const char *device, const char *status) {
    struct result row = {.bytes = 1.0, .verified = "yes"};
    snprintf(row.key.operation, sizeof row.key.operation, "gemm");
    snprintf(row.key.variant, sizeof row.key.variant, "nn");
    snprintf(row.key.dtype, sizeof row.key.dtype, "f32");
    snprintf(row.key.mode, sizeof row.key.mode, "hot");
    snprintf(row.key.shape, sizeof row.key.shape, "%s", shape);
    snprintf(row.key.implementation, sizeof row.key.implementation, "by-%s", device);
    snprintf(row.key.device, sizeof row.key.device, "%s", device);
    snprintf(row.status, sizeof row.status, "%s", status);
    row.key.threads = strcmp(device, "cpu") == 0 ? 2 : 0;
    return row;
}

/* A case that a CPU measured and the emulated GPU counted. */
struct mixed_case {
    struct result results[2];
    struct counters_row counters[1];
};

static struct mixed_case mixed_case_of(const char *shape) {
    struct mixed_case mixed = {
        .results = {row_of(shape, "cpu", "measured"), row_of(shape, "emulated", "emulated")},
        .counters = {{.kernel = "gemm_kernel", .warp_instructions = 1}}};
    mixed.counters[0].key = mixed.results[1].key;
    return mixed;
}

static char *printed(struct mixed_case *cases, size_t count) {
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    assert_non_null(file);
    for (size_t i = 0; i < count; i++) {
        const struct case_rows rows = {.results = cases[i].results,
                                       .result_count = 2,
                                       .counters = cases[i].counters,
                                       .counters_count = 1};
        table_print_case(file, &rows, i == 0 ? NULL : &cases[i - 1].results[1]);
    }
    assert_int_equal(fclose(file), 0);
    return text;
}

/* Where `what` begins behind `from`, which it must. */
static const char *behind(const char *from, const char *what) {
    const char *found = strstr(from, what);
    if (!found)
        fail_msg("no '%s' in\n%s", what, from);
    return found + strlen(what);
}

TEST(counts_stand_under_their_own_heading) {
    struct mixed_case cases[] = {mixed_case_of("1x2x3"), mixed_case_of("4x5x6")};
    char *text = printed(cases, 2);
    const char *at = text;
    for (int i = 0; i < 2; i++) {
        const char *shape = cases[i].results[0].key.shape;
        at = behind(behind(at, "gemm/nn/f32, hot"), "speedup");
        at = behind(behind(at, shape), "by-cpu");
        at = behind(behind(at, "gemm/nn/f32, emulated"), "warp instr.");
        at = behind(behind(behind(at, shape), "by-emulated"), "gemm_kernel");
    }
    assert_null(strstr(at, "hot"));
    free(text);
}

/* Sectors of loads and stores over their requests, their bytes over the least, and different bytes
 * over it. */
TEST(counts_are_set_against_the_least) {
    struct mixed_case cases[] = {mixed_case_of("1x2x3")};
    struct counters_row *counted = &cases[0].counters[0];
    cases[0].results[1].bytes = 64.0;
    counted->global_load_requests = 2;
    counted->global_store_requests = 1;
    counted->global_load_sectors = 7;
    counted->global_store_sectors = 2;
    counted->bytes_touched = 128;
    char *text = printed(cases, 1);
    behind(behind(text, "gemm_kernel"), "     3.00    4.50x  2.00x ");
    free(text);
}

TEST(a_heading_stands_once_over_rows_of_its_kind) {
    struct mixed_case cases[] = {mixed_case_of("1x2x3"), mixed_case_of("4x5x6")};
    for (size_t i = 0; i < 2; i++)
        cases[i].results[1] = row_of(cases[i].results[0].key.shape, "cpu", "measured");
    char *text = printed(cases, 2);
    assert_null(strstr(behind(text, "gemm/nn/f32, hot"), "gemm/nn/f32"));
    free(text);
}

/* The row that speedups are against is marked; where it stands in no row of the table it is named.
 */
TEST(the_base_of_speedups_is_shown) {
    struct mixed_case cases[] = {mixed_case_of("1x2x3"), mixed_case_of("4x5x6")};
    for (size_t i = 0; i < 2; i++) {
        cases[i].results[1] = row_of(cases[i].results[0].key.shape, "gpu0", "measured");
        for (size_t j = 0; j < 2; j++) {
            cases[i].results[j].speedup = j ? 2.5 : 1.0;
            snprintf(cases[i].results[j].speedup_base, SPEEDUP_BASE_SIZE, "by-cpu on %d threads",
                     i == 0 ? 2 : 4);
        }
    }
    char *text = printed(cases, 1);
    behind(behind(behind(text, "by-cpu "), " base 1x"), " 2.5x");
    assert_null(strstr(text, "measured before"));
    free(text);
    text = printed(cases + 1, 1);
    behind(behind(text, " 2.5x"), "speedups against by-cpu on 4 threads, measured before\n");
    assert_null(strstr(text, "base 1x"));
    free(text);
}

/* A limit that rests on a doubtful ceiling is one at most, in its row and in the summary. */
TEST(a_doubtful_limit_is_marked) {
    struct mixed_case cases[] = {mixed_case_of("1x2x3")};
    struct result *row = &cases[0].results[0];
    row->limit_fraction = 0.83;
    char *text = printed(cases, 1);
    behind(text, "     83% ");
    free(text);
    snprintf(row->limit_doubtful, sizeof row->limit_doubtful, "yes");
    text = printed(cases, 1);
    behind(text, "   <=83% ");
    free(text);
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    assert_non_null(file);
    table_print_summary(file, row, 1);
    assert_int_equal(fclose(file), 0);
    behind(text, "1 row has a limit marked <=: a ceiling came out lower for all cores");
    free(text);
}

TEST(a_failure_names_threads_only_where_there_are_some) {
    const struct result rows[] = {row_of("1x2x3", "cpu", "failed"),
                                  row_of("1x2x3", "emulated", "failed")};
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    assert_non_null(file);
    table_print_summary(file, rows, 2);
    assert_int_equal(fclose(file), 0);
    behind(text, "by-cpu on cpu, 2 threads:");
    behind(text, "by-emulated on emulated:");
    free(text);
}
