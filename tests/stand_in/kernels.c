/* See tests/stand_in/kernels.h. */
#include "tests/stand_in/kernels.h"
#include "common/narrow.h"
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

struct operand {
    const void *data;
    int64_t leading;
    enum dtype dtype;
};

static float element(const struct operand *operand, int64_t row, int64_t column) {
    return dtype_element(operand->data, operand->dtype, row * operand->leading + column);
}

static void product(const char *kernel, const struct gemm_arguments *g, const struct operand *a,
                    const struct operand *b) {
    const bool a_transposed = strstr(kernel, "_tn") != NULL;
    const bool b_transposed = strstr(kernel, "_nt") != NULL;
    for (int64_t i = 0; i < g->m; i++)
        for (int64_t j = 0; j < g->n; j++) {
            float sum = 0.0F;
            for (int64_t l = 0; l < g->k; l++)
                sum += (a_transposed ? element(a, l, i) : element(a, i, l)) *
                       (b_transposed ? element(b, j, l) : element(b, l, j));
            float *c = &g->c[i * g->ldc + j];
            *c = g->alpha * sum + (g->beta != 0.0F ? g->beta * *c : 0.0F);
        }
    static int spoiling_launches;
    bool spoilt = has_tile(kernel, record_setting("spoiling", -1)) && spoiling_launches++ > 0;
    if (spoilt || has_tile(kernel, record_setting("wrong", -1)))
        g->c[(g->m - 1) * g->ldc + g->n - 1] += 1.0F;
}

static void product_f32(const char *kernel, const struct gemm_arguments *g) {
    const struct operand a = {.data = g->a, .leading = g->lda},
                         b = {.data = g->b, .leading = g->ldb};
    product(kernel, g, &a, &b);
}

static struct operand mapped(const struct tensor_map *map, enum dtype dtype) {
    struct operand operand = {.leading = (int64_t)map->opaque[1] / (int64_t)sizeof(uint16_t),
                              .dtype = dtype};
    memcpy(&operand.data, &map->opaque[0], sizeof operand.data);
    return operand;
}

static void product_mapped(const char *kernel, const struct gemm_hopper_arguments *hopper) {
    const enum dtype dtype = strstr(kernel, "_bf16_") != NULL ? DTYPE_BF16 : DTYPE_F16;
    const struct operand a = mapped(&hopper->a, dtype), b = mapped(&hopper->b, dtype);
    product(kernel, &hopper->gemm, &a, &b);
}

void stand_in_run(const char *kernel, const void *arguments) {
    const struct gemm_split_arguments *split = arguments;
    if (strncmp(kernel, "gemm_pipelined_", 15) == 0)
        product_f32(kernel, arguments);
    else if (strncmp(kernel, "gemm_hopper_", 12) == 0)
        product_mapped(kernel, arguments);
    else if (strncmp(kernel, "gemm_split_k_", 13) == 0 && strcmp(kernel, "gemm_split_k_sum") != 0)
        product_f32(kernel,
                    &split->gemm); /* at once: the launch that adds the parts has nothing left */
}

double stand_in_milliseconds(const char *kernel) {
    if (strncmp(kernel, "gemm_", 5) != 0)
        return 0.0;
    return has_tile(kernel, record_setting("fast", -1)) ? 0.2 : 0.4;
}
