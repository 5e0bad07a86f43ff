/* oneDNN's primitives as this project uses them. A primitive is machine code made for one shape, so
 * it is made once and kept: execution->cpu owns the kept ones. A call without one makes a primitive
 * and throws it away, correct but slow.
 */
#ifndef LOCKSTEP_REFERENCE_ONEDNN_PRIMITIVE_H
#define LOCKSTEP_REFERENCE_ONEDNN_PRIMITIVE_H

#include "common/problem.h"
#include "reference/onednn_api.h"

/* A matrix: [rows, columns], and the elements from one row, and from one column, to the next. With
 * 0 columns, a vector of `rows`. With a batch above 0, so many of them `batch_stride` apart. */
struct onednn_matrix {
    int64_t rows, columns, row_stride, column_stride, batch, batch_stride;
};

enum onednn_kind { ONEDNN_PRODUCT, ONEDNN_SOFTMAX, ONEDNN_ELTWISE, ONEDNN_LAYERNORM };

enum { ONEDNN_ARGUMENTS_MOST = 6 };

/* What a primitive is made for. Its arguments are A, B, C and perhaps a bias for a product
 * C = f(alpha A B + bias) + beta C; x, y and the vectors mean, variance, gamma and beta for a layer
 * normalisation; else x, y and dy as its kind wants them, all of one shape. */
struct onednn_key {
    enum onednn_kind kind;
    dnnl_alg_kind_t algorithm; /* of softmax or eltwise; a product's f, dnnl_alg_kind_undef for none
                                */
    int backward;
    int threads;               /* work is split among as many as there were when it was made */
    float alpha, beta;         /* of a product */
    float epsilon;             /* of a layer normalisation */
    dnnl_data_type_t operands; /* of A and B; everything else is f32 */
    int count;                 /* of arguments */
    struct onednn_matrix arguments[ONEDNN_ARGUMENTS_MOST]; /* of 0 rows from `count` on */
};

/* oneDNN's name for an argument, and its data. The library takes no const; it writes DST,
 * DIFF_SRC, MEAN and VARIANCE only. */
struct onednn_argument {
    int name;
    const void *data;
};

/* Runs the primitive of `key` on its `count` arguments. STATUS_UNSUPPORTED where the library has
 * none for it, or a product as a plain loop only. */
enum status onednn_run(const struct onednn_key *key, const struct onednn_argument *arguments,
                       struct execution *execution);

/* "avx512_core_bf16": the instruction set that primitives are made of here. */
const char *onednn_instruction_set(void);

/* What a status of the library means here, with the sentence. */
enum status onednn_fail(struct execution *execution, const char *what, dnnl_status_t status);

#endif
