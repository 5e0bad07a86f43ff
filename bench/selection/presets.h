/* Named sets of cases. Which cases are in one stands with the operations (struct preset_line). */
#ifndef LOCKSTEP_BENCH_SELECTION_PRESETS_H
#define LOCKSTEP_BENCH_SELECTION_PRESETS_H

struct preset {
    const char *name;
    const char *summary;
    const char *dtypes; /* comma-separated, NULL for f32; --dtype takes their place */
};

extern const struct preset presets[];
extern const int preset_count;

/* NULL when there is none of that name. */
const struct preset *preset_find(const char *name);

#endif
