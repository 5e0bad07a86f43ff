/* The state that CPU implementations keep between calls, and what the system says of its caches. */
#include "reference/simd/cpu.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct cpu {
    size_t last_level_cache;
    struct cpu_library onednn;
};

enum status cpu_open(size_t last_level_cache, struct cpu **cpu, struct message *message) {
    *cpu = calloc(1, sizeof **cpu);
    if (*cpu == NULL)
        return message_set(message, STATUS_NO_MEMORY,
                           "cannot allocate %zu bytes for the CPU's state; free some memory",
                           sizeof **cpu);
    (*cpu)->last_level_cache =
        last_level_cache > 0 ? last_level_cache : cpu_read_last_level_cache();
    return STATUS_OK;
}

void cpu_close(struct cpu *cpu) {
    if (cpu == NULL)
        return;
    if (cpu->onednn.release != NULL)
        cpu->onednn.release(cpu->onednn.state);
    free(cpu);
}

struct cpu_library *cpu_library_onednn(struct cpu *cpu) {
    return &cpu->onednn;
}

/* Bytes of cache `index` of CPU 0 ("32768K"), 0 where there is none. */
static size_t read_cache(int index) {
    char path[80];
    char text[32] = "";
    int written =
        snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu0/cache/index%d/size", index);
    if (written < 0 || (size_t)written >= sizeof path)
        return 0;
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return 0;
    bool read = fgets(text, sizeof text, file) != NULL;
    if (fclose(file) != 0 || !read)
        return 0;
    char *unit;
    unsigned long long number = strtoull(text, &unit, 10);
    int shift = *unit == 'K' ? 10 : *unit == 'M' ? 20 : *unit == 'G' ? 30 : 0;
    return (size_t)(number << shift);
}

size_t cpu_read_last_level_cache(void) {
    enum { CACHES = 8 };
    size_t largest = 0;
    for (int index = 0; index < CACHES; index++) {
        size_t bytes = read_cache(index);
        if (bytes > largest)
            largest = bytes;
    }
    long reported = largest > 0 ? 0 : sysconf(_SC_LEVEL3_CACHE_SIZE);
    if (reported > 0)
        return (size_t)reported;
    return largest > 0 ? largest : (size_t)32 << 20;
}

bool cpu_streams(const struct execution *execution, int64_t bytes, const void *output,
                 const void *first_input, const void *second_input) {
    if (output == NULL || output == first_input || output == second_input)
        return false;
    if (execution->cpu != NULL)
        return (size_t)bytes > execution->cpu->last_level_cache;
    /* Hardly a machine has a smaller one; spares small calls the look at the system. */
    enum { SMALLEST_LAST_LEVEL = 4 << 20 };
    return bytes > SMALLEST_LAST_LEVEL && (size_t)bytes > cpu_read_last_level_cache();
}
