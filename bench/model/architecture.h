/* What is published of a GPU's family beside its peaks; see architectures.def for the units. */
#ifndef LOCKSTEP_BENCH_MODEL_ARCHITECTURE_H
#define LOCKSTEP_BENCH_MODEL_ARCHITECTURE_H

struct architecture {
    const char *family;
    int capability, blocks;
    double shared, l2, dram, launch;
};

/* NULL where there is no such family. */
const struct architecture *architecture_find(const char *family);

#endif
