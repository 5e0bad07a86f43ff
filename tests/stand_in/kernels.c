/* See tests/stand_in/kernels.h. */
#include "tests/stand_in/kernels.h"
#include "kernels/arguments.h"
#include "tests/stand_in/record.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static bool has_tile(const char *kernel, int side) {
    char tile[32];
    snprintf(tile, sizeof tile, "_%dx%d", side, side);
    return strstr(kernel, tile) != NULL;
}

static void product(const char *kernel, const struct gemm_arguments *g) {
    const bool a_transposed = strstr(kernel, "_tn") != NULL;
    const bool b_transposed = strstr(kernel, "_nt") != NULL;
    for (int64_t i = 0; i < g->m; i++)
        for (int64_t j = 0; j < g->n; j++) {
            float sum = 0.0F;
            for (int64_t l = 0; l < g->k; l++)
                sum += (a_transposed ? g->a[l * g->lda + i] : g->a[i * g->lda + l]) *
                       (b_transposed ? g->b[j * g->ldb + l] : g->b[l * g->ldb + j]);
            float *c = &g->c[i * g->ldc + j];
            *c = g->alpha * sum + (g->beta != 0.0F ? g->beta * *c : 0.0F);
        }
    static int spoiling_launches;
    bool spoilt = has_tile(kernel, record_setting("spoiling", -1)) && spoiling_launches++ > 0;
    if (spoilt || has_tile(kernel, record_setting("wrong", -1)))
        g->c[(g->m - 1) * g->ldc + g->n - 1] += 1.0F;
}

void stand_in_run(const char *kernel, const void *arguments) {
    const struct gemm_split_arguments *split = arguments;
    if (strncmp(kernel, "gemm_pipelined_", 15) == 0)
        product(kernel, arguments);
    else if (strncmp(kernel, "gemm_split_k_", 13) == 0 && strcmp(kernel, "gemm_split_k_sum") != 0)
        product(kernel,
                &split->gemm); /* at once: the launch that adds the parts has nothing left */
}

double stand_in_milliseconds(const char *kernel) {
    if (strncmp(kernel, "gemm_", 5) != 0)
        return 0.0;
    return has_tile(kernel, record_setting("fast", -1)) ? 0.2 : 0.4;
}
