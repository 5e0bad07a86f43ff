/* Training in float64 with a running bound: after every step, each loss and each parameter of any
 * correct float32 implementation that started from the same numbers lies within the bound of the
 * float64 one. So two implementations, a CPU's and a GPU's, lie within twice the bound of each
 * other, whatever their orders of summation.
 *
 * A step is that of reference/oracle/mlp.h, whose weights carry the bound of the steps before. The
 * update on numbers with bounds follows:
 *   sgd            E(p') = E(p) + rate E(g), and the roundings
 *   sgd_momentum   E(m') = momentum E(m) + E(g)
 *   adam           E(m') = beta1 E(m) + (1 - beta1) E(g), E(v') = beta2 E(v) + (1 - beta2) E(g^2);
 *                  the quotient over the interval of its denominator, and never more than twice
 *                  the largest update that Cauchy and Schwarz's inequality allows Adam
 *
 * Bounds of bounds grow by a factor a step: about 1 + rate * inputs of a layer for plain gradient
 * descent, and Adam divides by a gradient's size besides. They say much about tens of steps of a
 * small network and little about thousands of a large one.
 */
#ifndef LOCKSTEP_TESTS_SUPPORT_BOUNDED_TRAINING_H
#define LOCKSTEP_TESTS_SUPPORT_BOUNDED_TRAINING_H

#include "common/mlp_model.h"
#include "common/status.h"

#include <stdint.h>

struct bounded_training;

/* Starts from `parameters` (parameter layout, host memory, exact) with moments of zero; the model's
 * batch is that of every step. */
enum status bounded_training_open(const struct mlp_model *model, const float *parameters,
                                  struct bounded_training **training, struct message *message);
void bounded_training_close(struct bounded_training *training); /* NULL is allowed */

/* One more step on a batch of finite numbers: x [batch, inputs], and labels [batch] or target
 * [batch, outputs] as the model's loss wants. */
enum status bounded_training_step(struct bounded_training *training, const float *x,
                                  const int32_t *labels, const float *target,
                                  struct message *message);

/* The mean loss of the last step's samples, before its update. */
void bounded_training_loss(const struct bounded_training *training, double *expected,
                           double *tolerance);

/* Elements [first, first + count) of the parameter layout after the last step. */
void bounded_training_parameters(const struct bounded_training *training, int64_t first,
                                 int64_t count, double *expected, double *tolerance);

#endif
