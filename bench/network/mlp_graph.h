/* A network's steps as CUDA Graphs: what the plans of bench/network/mlp_plan.h enqueue kernel by
 * kernel, captured once and replayed with one call. For any implementation of `mlp` on a GPU.
 *
 * A graph keeps the addresses that it was captured with. So there is one for each place that a
 * batch is read from and each batch size, captured at the first run that needs it. Adam's
 * step is the one number that changes between replays: it travels through gpu_words()
 * (kernels/kernels.h).
 */
#ifndef LOCKSTEP_BENCH_NETWORK_MLP_GRAPH_H
#define LOCKSTEP_BENCH_NETWORK_MLP_GRAPH_H

#include "bench/network/mlp_plan.h"

struct mlp_graphs;

/* An empty collection for these kernels (borrowed). The caller closes it before the GPU is reset or
 * closed, whether or not the GPU is broken. */
enum status mlp_graphs_open(const struct mlp_kernels *kernels, struct mlp_graphs **graphs,
                            struct message *message);
void mlp_graphs_close(struct mlp_graphs *graphs); /* NULL is allowed */

/* Enqueues training step `step` (from 1 on), or inference for step 0, as one graph on
 * execution->gpu; a step over ranks as `together` says. From call to call only that, the batch, x,
 * labels and target may differ. The first run of a batch size also runs the plan once on spare
 * buffers, for what loads at first use must not lie inside a capture: STATUS_NO_MEMORY when there
 * is no room for them. */
enum status mlp_graphs_run(struct mlp_graphs *graphs, const struct mlp_together *together,
                           const struct mlp_model *model, const struct mlp_buffers *buffers,
                           int64_t step, struct execution *execution);

#endif
