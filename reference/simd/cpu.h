/* What CPU implementations keep between calls: the size of the last-level cache, and the primitives
 * that a library wants built before it is called (oneDNN). Goes into execution->cpu; one owner,
 * used by one caller at a time (the kernels start their own threads).
 */
#ifndef LOCKSTEP_REFERENCE_SIMD_CPU_H
#define LOCKSTEP_REFERENCE_SIMD_CPU_H

#include "common/problem.h"

#include <stddef.h>

/* `last_level_cache` is in bytes, 0 to ask the system. STATUS_NO_MEMORY, else STATUS_OK and a `cpu`
 * that cpu_close() frees (NULL is allowed there). */
enum status cpu_open(size_t last_level_cache, struct cpu **cpu, struct message *message);
void cpu_close(struct cpu *cpu);

/* Bytes of the largest cache that the first CPU reaches, read from the system (some 20
 * microseconds). The kernel's sysfs comes first: sysconf reports the whole socket's cache on AMD
 * machines, not the part that a core shares. 32 MiB where the system does not say. */
size_t cpu_read_last_level_cache(void);

/* The one rule of stores around the caches: an output that exceeds the last-level cache and is none
 * of the inputs (NULL for none). Through the caches each of its lines would be fetched only to be
 * overwritten, and evicted before anyone reads it; where it is an input, it is there already. */
bool cpu_streams(const struct execution *execution, int64_t bytes, const void *output,
                 const void *first_input, const void *second_input);

/* A slot for one library's state, freed by `release` in cpu_close(). */
struct cpu_library {
    void *state;
    void (*release)(void *state);
};
struct cpu_library *cpu_library_onednn(struct cpu *cpu);

#endif
