/* The names of the counters, and their sums. */
#include "emulator/machine/machine.h"

static const struct machine_counter_name counter_names[] = {
#define COUNTER(name) {#name, offsetof(struct machine_counters, name)},
#include "emulator/lanes/counters.def"
#undef COUNTER
};

const struct machine_counter_name *machine_counter_names(size_t *count) {
    *count = sizeof counter_names / sizeof counter_names[0];
    return counter_names;
}

void machine_counters_add(struct machine_counters *total, const struct machine_counters *more) {
#define COUNTER(name) total->name += more->name;
#define PROPERTY(name) total->name = more->name > total->name ? more->name : total->name;
#include "emulator/lanes/counters.def"
#undef COUNTER
}

struct machine_counters machine_counters_since(const struct machine_counters *now,
                                               const struct machine_counters *before) {
    struct machine_counters since = *now;
#define COUNTER(name) since.name -= before->name;
#define PROPERTY(name)
#include "emulator/lanes/counters.def"
#undef COUNTER
    return since;
}

void machine_counters_scale(struct machine_counters *counters, uint64_t all, uint64_t counted) {
#define COUNTER(name)                                                                              \
    counters->name = (uint64_t)(((__uint128_t)counters->name * all + counted / 2) / counted);
#define PROPERTY(name)
#include "emulator/lanes/counters.def"
#undef COUNTER
}
