/* The arguments of every operation, and the one signature that CPU and GPU implementations share.
 *
 * A problem holds sizes and pointers, never ownership: the caller allocates, the implementation
 * computes. For a CPU implementation the pointers are host memory, for a GPU implementation device
 * memory of execution->gpu. All matrices are row-major; sizes are in elements and at least 1;
 * buffers of one problem do not overlap unless a field says so.
 *
 * An implementation returns
 *   STATUS_OK            when its work is done (CPU) or enqueued (GPU);
 *   STATUS_UNSUPPORTED   when it cannot do this problem;
 *   another              when something went wrong.
 * Unless it is STATUS_OK, execution->message has the sentence. An implementation allocates nothing
 * that outlives the call, and it is safe to call again at once with the same problem.
 */
#ifndef LOCKSTEP_COMMON_PROBLEM_H
#define LOCKSTEP_COMMON_PROBLEM_H

#include "common/status.h"

#include <stdbool.h>
#include <stdint.h>

struct gpu;    /* gpu/gpu.h; a CPU implementation never looks inside */
struct tuning; /* kernels/gemm/gemm.h; choices that were measured on this GPU */
struct cpu;    /* reference/simd/cpu.h; what CPU implementations keep between calls */
struct ranks;  /* ranks/ranks.h; the processes that compute together */

/* Where and how an implementation runs. */
struct execution {
    int threads;     /* CPU threads; the caller has set OpenMP and OpenBLAS to it already */
    struct gpu *gpu; /* NULL on the CPU */
    /* NULL on a GPU. On the CPU NULL works too, but then nothing is kept: each call asks for cache
     * sizes and builds library primitives anew. */
    struct cpu *cpu;
    const struct tuning *tuning; /* NULL on the CPU, and where nothing was measured */
    struct message *message;     /* the reason of a status other than STATUS_OK; never NULL */
    struct ranks *ranks;         /* NULL: this process computes alone */
};

enum dtype { DTYPE_F32, DTYPE_TF32, DTYPE_BF16, DTYPE_F16 };
enum { DTYPES = DTYPE_F16 + 1 };

/* Whether its elements are stored in 16 bits. */
static inline bool dtype_is_narrow(enum dtype dtype) {
    return dtype == DTYPE_BF16 || dtype == DTYPE_F16;
}

/* C[m,n] = alpha * op(A) * op(B) + beta * C, accumulated in at least f32.
 *
 * As in the BLAS, beta = 0 means that C is not read and alpha = 0 that A and B are not: a NaN that
 * was there does not survive. */
enum gemm_variant {
    GEMM_NN, /* A is [m,k], B is [k,n] */
    GEMM_NT, /* A is [m,k], B is [n,k]: op(B) = B transposed */
    GEMM_TN  /* A is [k,m], B is [k,n]: op(A) = A transposed */
};

struct gemm_problem {
    enum gemm_variant variant;
    /* Of A and B: f32 storage for DTYPE_F32 and DTYPE_TF32, 16-bit storage otherwise. C is f32. */
    enum dtype dtype;
    int64_t m, n, k;
    float alpha, beta;
    const void *a;
    const void *b;
    float *c;
    /* Elements from one row to the next as stored; at least the stored row's length. */
    int64_t lda, ldb, ldc;
    /* So many products of one size, each operand and each C that many elements behind the one
     * before; 0 and 1: one product, whose strides are not read. An implementation that takes no
     * batches is called with one product alone. */
    int64_t batch, stride_a, stride_b, stride_c;
};

/* y = f(x W^T + bias), a dense layer forward; f is ReLU, which keeps NaN, or nothing. f32, all
 * matrices without padding. */
struct linear_problem {
    int64_t rows, outputs, inputs;
    const float *x;       /* [rows, inputs] */
    const float *weights; /* W, [outputs, inputs] */
    const float *bias;    /* [outputs] */
    bool relu;
    float *y; /* [rows, outputs] */
};

/* Elementwise functions. gelu_tanh and gelu_erf: Hendrycks and Gimpel, "Gaussian error linear
 * units" (arXiv:1606.08415), equation in section 2; silu(x) = x * sigmoid(x). */
enum activation_function {
    ACTIVATION_IDENTITY, /* for a layer that only adds its bias */
    ACTIVATION_RELU,     /* max(x, 0), NaN stays NaN; derivative 1 where y > 0, else 0 */
    ACTIVATION_SIGMOID,
    ACTIVATION_TANH,
    ACTIVATION_GELU_TANH,
    ACTIVATION_GELU_ERF,
    ACTIVATION_SILU,
    ACTIVATION_FUNCTIONS
};

/* "relu", "gelu_tanh" …, as in the names of variants. */
const char *activation_function_name(enum activation_function function);

/* forward:   output = f(input + bias)
 * backward:  output = dy * f'(z)
 *            dbias  = column sums of output
 *
 * Backward takes z from `input`, which is what the forward pass kept:
 *   identity, relu, sigmoid, tanh   its output y: f' is a function of y, and no bias is read
 *   the others                      its input x: z = x + bias
 *
 * output may be the same buffer as input or dy. */
struct activation_problem {
    enum activation_function function;
    bool backward;
    int64_t rows, columns; /* without bias: any split of the elements, usually 1 x N */
    const float *input;    /* [rows, columns] */
    const float *bias;     /* [columns], or NULL for none */
    const float *dy;       /* [rows, columns]; backward only, else NULL */
    float *output;         /* [rows, columns] */
    float *dbias;          /* [columns]; backward with bias only, else NULL */
};

/* Over each row:
 *   forward        y  = exp(x - max) / sum exp(x - max)
 *   backward       dx = y * (dy - sum(dy * y))             y is forward's output
 *   log_forward    y  = x - max - log sum exp(x - max)
 *   log_backward   dx = dy - exp(y) * sum(dy)              y is log_forward's output */
enum softmax_variant {
    SOFTMAX_FORWARD,
    SOFTMAX_BACKWARD,
    SOFTMAX_LOG_FORWARD,
    SOFTMAX_LOG_BACKWARD
};

struct softmax_problem {
    enum softmax_variant variant;
    int64_t rows, columns;
    const float *input; /* [rows, columns]: x forward, y backward */
    const float *dy;    /* [rows, columns]; backward only, else NULL */
    float *output;      /* [rows, columns]: y forward, dx backward; may be input or dy */
};

/* Layer normalisation over each row (Ba, Kiros and Hinton, arXiv:1607.06450), PyTorch's layer_norm
 * with weight gamma and bias beta:
 *   forward        mean = sum x / columns
 *                  rstd = 1 / sqrt(sum (x - mean)^2 / columns + epsilon)
 *                  y    = (x - mean) * rstd * gamma + beta
 *   backward       dx     = rstd * (g - sum g / columns - h * sum (g * h) / columns)
 *                  dgamma = column sums of dy * h
 *                  dbeta  = column sums of dy
 *                  with h = (x - mean) * rstd and g = dy * gamma, by mean and rstd of forward
 *   rms_forward, rms_backward   PyTorch's rms_norm (Zhang and Sennrich, "Root mean square layer
 *                  normalization", arXiv:1910.07467): the same with a mean of 0, and without beta,
 *                  dbeta and sum g */
enum layernorm_variant {
    LAYERNORM_FORWARD,
    LAYERNORM_BACKWARD,
    LAYERNORM_RMS_FORWARD,
    LAYERNORM_RMS_BACKWARD
};

struct layernorm_problem {
    enum layernorm_variant variant;
    int64_t rows, columns;
    float epsilon;
    const float *x;     /* [rows, columns] */
    const float *gamma; /* [columns] */
    const float *beta;  /* [columns]; layer norm's forward only, else NULL */
    const float *dy;    /* [rows, columns]; backward only, else NULL */
    float *mean;        /* [rows], written forward and read backward; NULL for rms */
    float *rstd;        /* [rows], likewise */
    float *output;      /* [rows, columns]: y forward, dx backward */
    float *dgamma;      /* [columns]; backward only, else NULL */
    float *dbeta;       /* [columns]; layer norm's backward only, else NULL */
};

/* Scaled dot-product attention, forward (Vaswani et al., "Attention is all you need",
 * arXiv:1706.03762, equation 1), PyTorch's scaled_dot_product_attention. Over each head of each
 * batch by itself:
 *   full     O = softmax(scale Q K^T) V, where softmax is over each row
 *   causal   the same, where query i meets keys 0 to i alone
 * Scores, exponentials and sums are at least f32. A probability may be rounded to the operands'
 * dtype before it meets V. Of a key that a query does not meet, V may still count 0 times. */
enum attention_variant { ATTENTION_FULL, ATTENTION_CAUSAL };

struct attention_problem {
    enum attention_variant variant;
    enum dtype dtype; /* of Q, K and V: DTYPE_F32 or DTYPE_BF16; O is f32 */
    int64_t batch, heads, sequence, dimension;
    float scale; /* 1 / sqrt(dimension) */
    /* [batch, heads, sequence, dimension]: row i of head h of batch b begins at
     * ((b heads + h) sequence + i) times the stride. */
    const void *q;
    const void *k;
    const void *v;
    float *o;
    /* Elements from one row to the next as stored; at least dimension. */
    int64_t q_stride, k_stride, v_stride, o_stride;
};

/* Softmax and cross-entropy in one operation, mean over the rows (PyTorch's cross_entropy with
 * reduction = mean):
 *   loss[r] = log sum exp(x - max) - (x[label] - max)
 *   dlogits = (softmax(x) - onehot(label)) / rows */
enum loss_variant {
    LOSS_FORWARD,         /* writes loss */
    LOSS_BACKWARD,        /* writes the gradient from the inputs alone */
    LOSS_FORWARD_BACKWARD /* writes both in one pass, as a training step wants it */
};

struct cross_entropy_problem {
    enum loss_variant variant;
    int64_t rows, columns;
    const float *logits;   /* [rows, columns] */
    const int32_t *labels; /* [rows], each in [0, columns) */
    float *loss;           /* [rows], not yet divided by rows; NULL for LOSS_BACKWARD */
    float *dlogits;        /* [rows, columns]; may be logits; NULL for LOSS_FORWARD */
};

/* Mean squared error (PyTorch's mse_loss with reduction = mean):
 *   loss[r]     = sum over the row of (y - t)^2 / columns
 *   dprediction = 2 (y - t) / (rows * columns) */
struct mse_problem {
    enum loss_variant variant;
    int64_t rows, columns;
    const float *prediction; /* [rows, columns] */
    const float *target;     /* [rows, columns] */
    float *loss;             /* [rows]; NULL for LOSS_BACKWARD */
    float *dprediction;      /* [rows, columns]; may be prediction; NULL for LOSS_FORWARD */
};

/* sums[c] = sum over r of x[r, c]: the gradient of a bias. */
struct column_sums_problem {
    int64_t rows, columns;
    const float *x; /* [rows, columns] */
    float *sums;    /* [columns] */
};

/* One update of `count` parameters p by their gradients g, PyTorch's formulas (torch.optim.SGD and
 * Adam; no weight decay, no Nesterov, no amsgrad):
 *   sgd            p -= rate * g
 *   sgd_momentum   m  = momentum * m + g
 *                  p -= rate * m
 *   adam           m  = beta1 * m + (1 - beta1) * g
 *                  v  = beta2 * v + (1 - beta2) * g^2
 *                  p -= rate / (1 - beta1^step) * m / (sqrt(v) / sqrt(1 - beta2^step) + epsilon) */
enum optimizer_variant { OPTIMIZER_SGD, OPTIMIZER_SGD_MOMENTUM, OPTIMIZER_ADAM };

struct optimizer_problem {
    enum optimizer_variant variant;
    int64_t count;
    float *parameters;
    const float *gradients;
    float *first_moment;  /* m; NULL for sgd */
    float *second_moment; /* v; NULL unless adam */
    float learning_rate, momentum, beta1, beta2, epsilon;
    int64_t step; /* 1 for the first update */
};

/* out = in * scale, each rounded to the nearest number of a 16-bit format, ties to even, as the
 * operands of products in that format. Beyond the format's range it is an infinity; NaN stays
 * NaN. */
struct round_problem {
    enum dtype dtype; /* DTYPE_BF16 or DTYPE_F16 */
    int64_t count;
    const float *in;
    float scale; /* a power of two: it changes no bit but the exponent's */
    uint16_t *out;
};

/* Memory traffic alone:
 *   copy             out = a
 *   triad (STREAM)   out = a + scale * b
 * The transfers between host and device are `copy` with one pointer on each side; the harness times
 * them itself. */
enum transfer_variant { TRANSFER_COPY, TRANSFER_TRIAD };

struct transfer_problem {
    enum transfer_variant variant;
    int64_t count;
    const float *a;
    const float *b; /* triad only, else NULL */
    float scale;
    float *out;
};

/* out = the sum of `in` over all ranks, each of which calls it with its own. Sums of 16 bits may be
 * rounded to them after every addition. */
struct allreduce_problem {
    enum dtype dtype; /* any but tf32 */
    int64_t count;
    const void *in;
    void *out;
    void *scratch; /* [count] */
};

/* What moves between ranks besides: each calls with its own. Of an array's `count` elements rank r
 * of P has those from count * r / P on, up to the next rank's. */
struct broadcast_problem {
    enum dtype dtype; /* of these three any but tf32 */
    int64_t count;
    void *data; /* the first rank's, for all */
};
struct allgather_problem {
    enum dtype dtype;
    int64_t count;  /* of the whole */
    const void *in; /* this rank's part */
    void *out;      /* all parts */
};
struct reduce_scatter_problem {
    enum dtype dtype;
    int64_t count;  /* of the whole */
    const void *in; /* a whole array */
    void *out;      /* this rank's part of the sum over all ranks */
};

/* x[r, c] = bytes[order[r], c] * scale - offset, rounded after each step: images as a network takes
 * them. */
struct normalise_problem {
    int64_t rows, columns;
    const uint8_t *bytes;  /* rows of `columns` */
    const uint32_t *order; /* [rows]: which of them; NULL: row r is number r */
    float scale, offset;
    float *x; /* [rows, columns] */
};

typedef enum status gemm_kernel(const struct gemm_problem *problem, struct execution *execution);
typedef enum status linear_kernel(const struct linear_problem *problem,
                                  struct execution *execution);
typedef enum status activation_kernel(const struct activation_problem *problem,
                                      struct execution *execution);
typedef enum status softmax_kernel(const struct softmax_problem *problem,
                                   struct execution *execution);
typedef enum status layernorm_kernel(const struct layernorm_problem *problem,
                                     struct execution *execution);
typedef enum status attention_kernel(const struct attention_problem *problem,
                                     struct execution *execution);
typedef enum status cross_entropy_kernel(const struct cross_entropy_problem *problem,
                                         struct execution *execution);
typedef enum status mse_kernel(const struct mse_problem *problem, struct execution *execution);
typedef enum status column_sums_kernel(const struct column_sums_problem *problem,
                                       struct execution *execution);
typedef enum status optimizer_kernel(const struct optimizer_problem *problem,
                                     struct execution *execution);
typedef enum status round_kernel(const struct round_problem *problem, struct execution *execution);
typedef enum status transfer_kernel(const struct transfer_problem *problem,
                                    struct execution *execution);
typedef enum status allreduce_kernel(const struct allreduce_problem *problem,
                                     struct execution *execution);
typedef enum status broadcast_kernel(const struct broadcast_problem *problem,
                                     struct execution *execution);
typedef enum status allgather_kernel(const struct allgather_problem *problem,
                                     struct execution *execution);
typedef enum status reduce_scatter_kernel(const struct reduce_scatter_problem *problem,
                                          struct execution *execution);
typedef enum status normalise_kernel(const struct normalise_problem *problem,
                                     struct execution *execution);

/* Each of these that is an operation's, X(NAME) for NAME_kernel: what a row from outside may be. */
#define LOCKSTEP_KERNELS(X)                                                                        \
    X(gemm)                                                                                        \
    X(linear)                                                                                      \
    X(activation)                                                                                  \
    X(softmax)                                                                                     \
    X(layernorm)                                                                                   \
    X(attention)                                                                                   \
    X(cross_entropy)                                                                               \
    X(mse)                                                                                         \
    X(column_sums)                                                                                 \
    X(optimizer)                                                                                   \
    X(transfer)

#endif
