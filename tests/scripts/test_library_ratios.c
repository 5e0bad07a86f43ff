/* scripts/library-ratios: which rows its table compares, and by what. */
#include "tests/support/support.h"
#include "tests/support/temporary.h"
#include "tests/support/test.h"

#include <stdio.h>

static const char header[] =
    "operation,variant,dtype,shape,implementation,device,threads,mode,status,median_s,min_s,gflops,"
    "verified\n";

/* The script's table of `rows` below the header; its exit status. */
static int table(const char *rows, char *result, size_t size) {
    struct temporary place;
    char command[400], text[2048];
    temporary_open(&place);
    snprintf(text, sizeof text, "%s%s", header, rows);
    temporary_write(&place, "results.csv", text);
    snprintf(command, sizeof command, "scripts/library-ratios table %s/results.csv 2>/dev/null",
             place.path);
    const int status = command_output(command, result, size);
    temporary_close(&place);
    return status;
}

TEST(the_best_of_either_side_is_compared) {
    const char *rows = "gemm,nn,f32,8x8x8,cpu-simd,cpu,1,hot,measured,2e-6,1.5e-6,200,yes\n"
                       "gemm,nn,f32,8x8x8,openblas,cpu,1,hot,measured,4e-6,1e-6,100,yes\n"
                       "gemm,nn,f32,8x8x8,openblas-pypi,cpu,1,hot,measured,5e-6,2e-6,80,yes\n"
                       "gemm,nn,f32,8x8x8,mkl-pypi,cpu,1,hot,measured,3e-6,3e-6,133,yes\n"
                       "gemm,nn,f32,8x8x8,onednn-pypi,cpu,1,hot,measured,1e-9,1e-9,999,no\n"
                       "gemm,nn,f32,8x8x8,onednn-pypi,cpu,2,hot,skipped,,,,\n"
                       "gemm,nn,f32,8x8x8,cpu-simd,cpu,2,hot,measured,1e-6,1e-6,400,yes\n";
    char result[2048];
    assert_int_equal(table(rows, result, sizeof result), 0);
    assert_string_equal(
        result, "| gemm | threads | GFLOP/s | of | the best of PyPI | its median over ours | its "
                "smallest sample over ours |\n"
                "|---|---|---|---|---|---|---|\n"
                "| nn 8x8x8 | 1 | 200 | cpu-simd | mkl-pypi | 1.50 | 2.00 |\n");
}

TEST(no_rows_are_an_error) {
    char result[2048];
    assert_int_not_equal(table("", result, sizeof result), 0);
    assert_string_equal(result, "");
}
