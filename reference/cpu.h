/* What CPU implementations keep between calls: the size of the last-level cache, and the primitives
 * that a library wants built before it is called (oneDNN). Goes into execution->cpu; one owner,
 * used by one caller at a time (the kernels start their own threads).
 */
#ifndef LOCKSTEP_REFERENCE_CPU_H
#define LOCKSTEP_REFERENCE_CPU_H

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

/* Whether an output of so many bytes is better written around the caches: it exceeds the last-level
 * cache, so a line would be fetched only to be overwritten, and evicted before anyone reads it. */
bool cpu_streams(const struct execution *execution, int64_t bytes);

/* A slot for one library's state, freed by `release` in cpu_close(). */
struct cpu_library {
    void *state;
    void (*release)(void *state);
};
struct cpu_library *cpu_library_onednn(struct cpu *cpu);

#endif
