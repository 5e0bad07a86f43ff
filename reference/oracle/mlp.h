/* The float64 oracle of a multilayer perceptron (common/mlp_model.h): one training step or one
 * inference, with a running bound of what a correct float32 implementation may return.
 *
 * Every number carries (value, error): the float64 result and the largest distance of a float32
 * result from it, carried through the network componentwise:
 *   products       |A||B| gamma + EA |B| + |A| EB              reference/oracle/bounded_product.h
 *   functions      |f(z^) - f(z)| <= e * max |f'| over [z - e, z + e] <= e (|f'(z)| + e max |f''|),
 *                  plus the implementation's own error of f
 *   relu           where |z| <= e its mask may differ: there the bound of the gradient is |dy|
 *   cross-entropy  log sum exp moves by at most log sum p exp(e); a probability by the factor
 *                  exp(e + that) - 1
 *   mean squares   by the exact difference of the squares
 * Each number also has 2^-126 for an implementation that flushes denormals to zero. The tolerances
 * are derived, never tuned: a float32 step outside them is wrong, whatever its order of summation.
 *
 * Two ways to use it:
 * - `kept` NULL: the bound is carried from the inputs to the last gradient. It holds whatever the
 *   implementation keeps, but grows by about sqrt(inputs) a layer and says little about deep, wide
 *   networks.
 *   In f32 alone: an uncertain number may round either way.
 * - `kept` is what the implementation left in its activations (enum mlp_tensor): each tensor is
 *   computed from the implementation's own tensors before it, so every tolerance is that of one
 *   product or one function however deep the network. Then compare oracle_mlp_activations as well:
 *   together they prove the chain.
 *
 * In bf16 and f16 the operands of products are rounded where common/mlp_model.h says, from `kept`,
 * so they are known to the bit. oracle_mlp_rounded() compares them without tolerance. Their
 * products are exact in float32, and the sums have twice its unit, because tensor cores truncate.
 *
 * The updated parameters are not predicted from here: the first step of Adam is near a sign
 * function, so an uncertain sign of a tiny gradient becomes an uncertainty of 2 * learning rate.
 * They are checked in two halves instead: (a) losses and gradients against this oracle, (b)
 * parameters and moments against oracle_optimizer (reference/oracle/oracle.h) applied to the
 * implementation's own gradients, with its tolerance.
 *
 * No BLAS. Runs on all OpenMP threads; a step with n parameters and a batch of b costs some 10 b n
 * operations in float64, and 12 bytes an element of the activations.
 */
#ifndef LOCKSTEP_REFERENCE_ORACLE_MLP_H
#define LOCKSTEP_REFERENCE_ORACLE_MLP_H

#include "common/mlp_model.h"
#include "common/status.h"

#include <stdint.h>

/* All in host memory and finite, as they were before the step; they must outlive the oracle. */
struct oracle_mlp_input {
    const struct mlp_model *model;
    const float *parameters; /* parameter layout; or, where they are known within bounds alone: */
    const double *parameter_values; /* what they are near (`parameters` is not looked at then) … */
    const float *parameter_errors;  /* … and the largest distance of each from it */
    const float *x;                 /* [batch, sizes[0]] */
    const int32_t *labels;          /* [batch], each in [0, outputs); a step with cross-entropy */
    const float *target;            /* [batch, outputs]; a step with MSE */
    /* The implementation's activations afterwards, or NULL. bf16 and f16 want it, and
     * parameters. */
    const float *kept;
};

struct oracle_mlp;

/* Computes the step, or the inference, and gives an oracle to ask; oracle_mlp_close() frees it.
 * STATUS_NO_MEMORY names the bytes wanted; *oracle is then NULL. */
enum status oracle_mlp_train_step(const struct oracle_mlp_input *input, struct oracle_mlp **oracle,
                                  struct message *message);
enum status oracle_mlp_inference(const struct oracle_mlp_input *input, struct oracle_mlp **oracle,
                                 struct message *message);
void oracle_mlp_close(struct oracle_mlp *oracle); /* NULL is allowed */

/* After a training step: the loss of samples [first, first + count). */
void oracle_mlp_loss(const struct oracle_mlp *oracle, int64_t first, int64_t count,
                     double *expected, double *tolerance);

/* After a training step: elements [first, first + count) of the gradients, in the parameter layout;
 * gaps are expected to be 0 with tolerance 0. Computed when asked for, in pieces of any size (whole
 * rows of a weight matrix, and many of them, are cheapest). STATUS_NO_MEMORY only. */
enum status oracle_mlp_gradients(const struct oracle_mlp *oracle, int64_t first, int64_t count,
                                 double *expected, double *tolerance, struct message *message);

/* Elements [first, first + count) of the activations as the step or the inference leaves them. The
 * gaps between tensors, and the gradients of an inference, belong to nobody: their tolerance is
 * infinite, and what is expected there is what `kept` holds, or 0. */
void oracle_mlp_activations(const struct oracle_mlp *oracle, int64_t first, int64_t count,
                            double *expected, double *tolerance);

/* Elements [first, first + count) of the rounded numbers, as the step or the inference leaves them;
 * bf16 and f16. Exact, but that a subnormal may be zero. What belongs to nobody is NaN with an
 * infinite tolerance. */
void oracle_mlp_rounded(const struct oracle_mlp *oracle, int64_t first, int64_t count,
                        double *expected, double *tolerance);

#endif
