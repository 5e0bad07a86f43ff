/* The forms of rung 10 and what each costs a shape; see kernels/gemm/gemm.h. */
#include "kernels/gemm/gemm.h"
#include "kernels/geometry.h"

#include <math.h>

#define FORM(rows, columns, slots, blocks)                                                         \
    {#rows "x" #columns "s" #slots "c" #blocks, rows, columns, slots, blocks},
static const struct gemm_hopper_form forms[] = {HOPPER_FORM_LIST(FORM)};
#undef FORM

const struct gemm_hopper_form *gemm_hopper_form(enum gemm_tile_size tile) {
    return &forms[tile - GEMM_TILE_BEFORE_HOPPER - 1];
}

int64_t gemm_hopper_stacks(const struct gemm_problem *problem,
                           const struct gemm_hopper_form *form) {
    return geometry_ceil(problem->m, (int64_t)form->blocks * form->rows) *
           geometry_ceil(problem->n, form->columns);
}

/* Clocks of the busiest multiprocessor. An H100 multiplies 2,048 pairs of 16 bits a clock in each,
 * and L2 brings it 64 bytes; the longer of the two counts. Elements of B are brought once for all
 * blocks of a cluster. */
double gemm_hopper_cost(const struct gemm_problem *problem, const struct gemm_hopper_form *form,
                        int multiprocessors) {
    const double products_a_clock = 2048.0, elements_a_clock = 32.0;
    const double fixed_k = 128.0; /* filling the ring and writing C, in steps of k */
    const int64_t round_k = (int64_t)form->slots * HOPPER_DEPTH;
    const double k = (double)(geometry_ceil(problem->k, round_k) * round_k) + fixed_k;
    const double products = (double)form->rows * form->columns / products_a_clock;
    const double elements = (form->rows + (double)form->columns / form->blocks) / elements_a_clock;
    const double clusters = multiprocessors > form->blocks ? multiprocessors / form->blocks : 1;
    return ceil((double)gemm_hopper_stacks(problem, form) / clusters) * k *
           fmax(products, elements);
}
