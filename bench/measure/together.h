/* Rows whose ranks compute one result on their GPUs, where a rank that waits for its own GPU alone
 * may wait forever (kernels/collectives). Of other rows these functions do nothing: ranks on CPUs
 * wait inside the row.
 */
#ifndef LOCKSTEP_BENCH_MEASURE_TOGETHER_H
#define LOCKSTEP_BENCH_MEASURE_TOGETHER_H

#include "bench/devices/device.h"
#include "bench/operations/operation.h"

/* Before launches, by all ranks. A status is that of all. */
enum status together_enter(const struct implementation *implementation, struct device *device,
                           struct message *message);

/* Behind them, with what became of launching: the worst of all ranks', once the work of all is
 * done. */
enum status together_leave(const struct implementation *implementation, struct device *device,
                           enum status status, struct message *message);

#endif
