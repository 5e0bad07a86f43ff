/* The memory that a case takes on the host, known before anything is allocated. */
#ifndef LOCKSTEP_BENCH_MEASURE_CASE_MEMORY_H
#define LOCKSTEP_BENCH_MEASURE_CASE_MEMORY_H

#include "bench/devices/device.h"
#include "bench/operations/operation.h"

/* The bytes of the inputs, one set of buffers and the expected values; SIZE_MAX where they are more
 * than a number can say. */
size_t case_memory_bytes(const struct bench_case *bench_case);

/* STATUS_NO_MEMORY with both numbers where the host has fewer available. */
enum status case_memory_check(const struct bench_case *bench_case, struct device *cpu,
                              struct message *message);

#endif
