/* Each kernel takes one parameter, a struct from this file. C fills it (kernels/<family>.c) and
 * CUDA C reads it (kernels/<family>_<rung>.cu), both from this one declaration, so that a changed
 * member cannot go unseen on one side.
 *
 * Shapes and formulas are those of common/problem.h. Sizes are in elements.
 */
#ifndef LOCKSTEP_KERNELS_ARGUMENTS_H
#define LOCKSTEP_KERNELS_ARGUMENTS_H

#include <stdint.h>

/* Geometry that kernels and their launchers must agree on. */
enum {
    THREADS = 256,              /* a block, unless a line below says otherwise */
    GEMM_SIDE = 32,             /* gemm_1_naive, gemm_2_coalesced, gemm_3_tiled: side of a block */
    GEMM_REGISTER_TILE = 128,   /* gemm_4_register: side of a block's square of C */
    GEMM_VECTORISED_TILE = 128, /* gemm_5_vectorised: the same */
    GEMM_WARP_TILE = 128,       /* gemm_6_warp: the same */
    GEMM_TENSOR_THREADS = 128,  /* gemm_9_tensor_*: a block */
    TENSOR_TILE = 128,          /* its square of C */
    GEMM_TENSOR_SHARED = 65536, /* its dynamic shared memory, bytes */
    HOPPER_THREADS = 384,       /* gemm_10_hopper_*: a producer and two consumers of 128 */
    HOPPER_DEPTH = 64,          /* of k, that a slot of its ring holds */
    ROW_THREADS = 256,          /* the tiled rungs that give a block to a row */
    GEMM_SPLIT_WORKSPACE = 1 << 22, /* gemm_8_split_k: floats, at least m n splits */
    WARP_LANES = 32,
    WARP_ROWS = 4,              /* the warp rungs: warps of a block, each with a row of its own */
    LONG_THREADS = 1024,        /* the vectorised rungs' blocks for rows that no registers hold */
    SHARE_THREADS = 512,        /* layernorm_3_vectorised: a block with several rows, at most */
    SHARE_ROWS = 128,           /* … and its rows, at most */
    ATTENTION_SCORES = 1 << 22, /* attention_1_naive: floats of scores at a time, whole rows */
    ATTENTION_QUERIES = 64,     /* attention_2_fused: of a block */
    ATTENTION_KEYS_64 = 64,     /* … keys that it meets at a time, up to 64 dimensions */
    ATTENTION_KEYS_128 = 32,    /* … and up to 128 */
    COLUMN_WARPS = 16,          /* column_sums_2_tiled: warps that share a block's columns */
    CEILING_CHAINS = 16         /* ceiling: independent multiply-adds a thread */
};

struct gemm_arguments {
    const float *a, *b;
    float *c;
    int64_t m, n, k;
    int64_t lda, ldb, ldc;
    float alpha, beta;
    int32_t c_in_vectors; /* the tensor rung: C and its rows are 16-byte aligned */
};

/* The forms of gemm_10_hopper_*, by tile: X(rows and columns of the tile, slots of the ring, blocks of
 * a cluster). */
#define HOPPER_FORMS_128x256(X)                                                                    \
    X(128, 256, 4, 2)                                                                              \
    X(128, 256, 3, 2)                                                                              \
    X(128, 256, 4, 1)
#define HOPPER_FORMS_256x128(X)                                                                    \
    X(256, 128, 4, 2)                                                                              \
    X(256, 128, 3, 2)                                                                              \
    X(256, 128, 4, 1)
#define HOPPER_FORMS_128x128(X)                                                                    \
    X(128, 128, 4, 2)                                                                              \
    X(128, 128, 5, 2)                                                                              \
    X(128, 128, 4, 1)
#define HOPPER_FORM_LIST(X) HOPPER_FORMS_128x256(X) HOPPER_FORMS_256x128(X) HOPPER_FORMS_128x128(X)

/* Their dynamic shared memory: the ring of A and B, four panels of C of 64 x 32, and barriers. */
#define HOPPER_SHARED(rows, columns, slots)                                                        \
    ((slots) * ((rows) + (columns)) * HOPPER_DEPTH * 2 + 4 * 64 * 32 * 4 + 2 * (slots)*8)

/* A matrix as the driver describes it to TMA (cuTensorMapEncodeTiled). */
struct tensor_map {
    uint64_t opaque[16];
} __attribute__((aligned(128)));

/* The matrices of gemm as gemm has them too; a, b are boxes of 64 x 64 elements, c of 64 rows and 32
 * columns. */
struct gemm_hopper_arguments {
    struct tensor_map a, b, c;
    struct gemm_arguments gemm;
};

/* gemm holds x as A, W as B, y as C, alpha 1 and beta 0. */
struct linear_arguments {
    struct gemm_arguments gemm;
    const float *bias;
    int32_t relu;
};

struct gemm_split_arguments {
    struct gemm_arguments gemm;
    int64_t k_each; /* of k for each block along the grid's y; the last may have less */
    int64_t splits;
    const float *bias; /* linear_split_k_sum alone */
    int32_t relu;      /* likewise */
};

/* How a flat buffer is cut for 16-byte accesses: elements [0, head) lie before the first 16-byte
 * boundary, then come `vectors` groups of four, then what is left of `count`. */
struct vector_split {
    int64_t count;
    int64_t head;
    int64_t vectors;
};

/* Enumerator of enum activation_function, and the name in a kernel's name. */
#define ACTIVATION_LIST(X)                                                                         \
    X(ACTIVATION_IDENTITY, identity)                                                               \
    X(ACTIVATION_RELU, relu)                                                                       \
    X(ACTIVATION_SIGMOID, sigmoid)                                                                 \
    X(ACTIVATION_TANH, tanh)                                                                       \
    X(ACTIVATION_GELU_TANH, gelu_tanh)                                                             \
    X(ACTIVATION_GELU_ERF, gelu_erf)                                                               \
    X(ACTIVATION_SILU, silu)

struct activation_arguments {
    const float *input; /* may be output */
    const float *bias;  /* [columns] or NULL */
    const float *dy;    /* backward only; may be output */
    float *output;
    int64_t columns;
    struct vector_split split; /* of input, dy and output; the naive rung reads `count` alone */
    float *dbias;              /* by columns, backward: [columns] or NULL */
    int32_t across;            /* by columns: threads of a block side by side, a power of 2 */
    int32_t bias_in_vectors; /* each group of four reads four neighbours of bias, 16-byte aligned */
};

/* How the vectorised rungs hold a row in registers: name in a kernel's name, threads that share a
 * row (WARP_LANES: a warp, with WARP_ROWS rows a block), groups of four elements a thread. From
 * short rows to long ones; what the last cannot hold goes to a kernel of LONG_THREADS. Further
 * arguments go to each X. */
#define ROW_FORM_LIST(X, ...)                                                                      \
    X(warp1, WARP_LANES, 1, __VA_ARGS__)                                                           \
    X(warp2, WARP_LANES, 2, __VA_ARGS__)                                                           \
    X(warp4, WARP_LANES, 4, __VA_ARGS__)                                                           \
    X(warp8, WARP_LANES, 8, __VA_ARGS__)                                                           \
    X(block4, ROW_THREADS, 4, __VA_ARGS__)                                                         \
    X(block8, ROW_THREADS, 8, __VA_ARGS__)

struct softmax_arguments {
    const float *input; /* may be output */
    const float *dy;    /* may be output */
    float *output;
    int64_t rows, columns;
    int64_t kept; /* the vectorised rung for long rows: groups of a row in shared memory */
};

struct layernorm_arguments {
    const float *x, *gamma, *beta; /* beta: layer norm's forward alone */
    const float *dy;               /* backward only */
    float *mean, *rstd;            /* written forward, read backward; mean is NULL for rms */
    float *output;
    float *dgamma, *dbeta; /* of the kernels over columns alone; dbeta is NULL for rms */
    int64_t rows, columns;
    float epsilon;
    int64_t share; /* the vectorised rung: rows of a block */
    int64_t kept;  /* as in softmax_arguments */
};

/* Rows of all heads one after the other, as in struct attention_problem. */
struct attention_arguments {
    const void *q, *k, *v;
    float *o;
    int64_t heads, sequence, dimension; /* heads of all batches together */
    int64_t q_stride, k_stride, v_stride, o_stride;
    float scale;
    int32_t causal;
    int32_t in_vectors;      /* the fused rung: rows of all four lie in aligned groups of four */
    int64_t first_row, rows; /* the naive rung: which rows of O */
};

struct cross_entropy_arguments {
    const float *logits;
    const int32_t *labels;
    float *loss;
    float *dlogits; /* may be logits */
    int64_t rows, columns;
    float scale;  /* 1 / rows */
    int64_t kept; /* as in softmax_arguments */
};

struct mse_arguments {
    const float *prediction, *target;
    float *loss;
    float *dprediction; /* may be prediction */
    int64_t rows, columns;
    float scale; /* 2 / (rows * columns) */
};

struct column_sums_arguments {
    const float *x;
    float *sums;
    int64_t rows, columns;
};

/* What Adam computes from its step: rate / (1 - beta1^step) and sqrt(1 - beta2^step). */
struct adam_step {
    float rate, correction;
};

struct optimizer_arguments {
    float *parameters;
    const float *gradients;
    float *first_moment, *second_moment;
    struct vector_split split; /* the naive rung reads `count` alone */
    float rate, momentum;      /* sgd */
    float beta1, one_minus_beta1, beta2, one_minus_beta2, epsilon;
    struct adam_step step;
    const struct adam_step *step_in_memory; /* read instead of `step` unless NULL: inside a graph */
};

struct round_arguments {
    const float *in;
    uint16_t *out;
    float scale;
    int64_t count;
    int64_t vectors; /* groups of four that can be accessed at once; the naive rung ignores it */
};

struct transfer_arguments {
    const float *a, *b;
    float *out;
    float scale;
    struct vector_split split; /* the naive rung reads `count` alone */
};

struct ceiling_arguments {
    int64_t iterations; /* of CEILING_CHAINS multiply-adds each */
    float factor, summand;
    float *out; /* one element, written only if a sum turns out to be NaN */
};

#endif
