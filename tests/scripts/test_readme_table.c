/* scripts/readme-table: which rows of a run it shows, and that it writes between the markers alone.
 */
#include "tests/support/support.h"
#include "tests/support/temporary.h"
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char header[] =
    "operation,variant,dtype,shape,implementation,device,threads,mode,status,median_s,flops,bytes,"
    "gflops,gbps,speedup,verified,reason\n";

/* Runs the script on `rows` below the header, with `page` to write into; its exit status. */
static int run(const char *rows, const char *page, char *result, size_t size) {
    struct temporary place;
    char command[1200], table[4096];
    temporary_open(&place);
    snprintf(table, sizeof table, "%s%s", header, rows);
    temporary_write(&place, "results.csv", table);
    temporary_write(&place, "page.md", page);
    snprintf(command, sizeof command, "scripts/readme-table %s/results.csv %s/page.md 2>/dev/null",
             place.path, place.path);
    int status = system(command);
    char *text = temporary_text(&place, "page.md");
    assert_non_null(text);
    snprintf(result, size, "%s", text);
    free(text);
    temporary_close(&place);
    return status;
}

static const char page[] =
    "above\n<!-- results: begin, by make -->\nold\n<!-- results: end -->\nbelow\n";

TEST(the_fastest_verified_row_of_the_largest_case_is_shown) {
    const char *rows =
        "gemm,nn,f32,8x8x8,openblas,cpu,2,hot,measured,1e-6,1024,768,1,0.7,1,yes,\n"
        "gemm,nn,f32,64x64x64,openblas,cpu,1,hot,measured,3e-3,524288,49152,50,4,0.5,yes,\n"
        "gemm,nn,f32,64x64x64,openblas,cpu,2,hot,measured,2e-3,524288,49152,100,8,1,yes,\n"
        "gemm,nn,f32,64x64x64,wrong,cpu,2,hot,measured,1e-3,524288,49152,200,16,2,no,\n"
        "gemm,nn,f32,64x64x64,openblas,cpu,2,cold,measured,1e-4,524288,49152,9,9,9,yes,\n"
        "gemm,nn,f32,64x64x64,cuda-naive,emulated,,hot,emulated,,524288,49152,,,,yes,\n";
    char result[4096];
    assert_int_equal(run(rows, page, result, sizeof result), 0);
    assert_string_equal(
        result, "above\n<!-- results: begin, by make -->\n"
                "| case | device | fastest | threads | median | rate | speedup |\n"
                "|---|---|---|---|---|---|---|\n"
                "| `gemm/nn/f32/64x64x64` | cpu | openblas | 2 | 2.00 ms | 100.0 GFLOP/s | 1x |\n"
                "<!-- results: end -->\nbelow\n");
}

TEST(a_file_stays_as_it_is_without_rows_or_markers) {
    const char *good = "gemm,nn,f32,8x8x8,openblas,cpu,2,hot,measured,1e-6,1024,768,1,0.7,1,yes,\n";
    char result[4096];
    assert_int_not_equal(run("", page, result, sizeof result), 0);
    assert_string_equal(result, page);
    assert_int_not_equal(run(good, "no markers\n", result, sizeof result), 0);
    assert_string_equal(result, "no markers\n");
}
