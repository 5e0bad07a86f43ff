/* Named sets of cases. */
#ifndef LOCKSTEP_BENCH_OPERATIONS_PRESETS_H
#define LOCKSTEP_BENCH_OPERATIONS_PRESETS_H

/* One operation, the variants as a comma-separated list, the shapes separated by spaces, from small
 * to large: an implementation's time on a shape is predicted from the ones before. */
struct preset_line {
    const char *operation, *variants, *shapes;
};

struct preset {
    const char *name;
    const char *summary;
    const struct preset_line *lines;
    int line_count;
    const char *dtypes; /* comma-separated, NULL for f32; --dtype takes their place */
};

extern const struct preset presets[];
extern const int preset_count;

/* NULL when there is none of that name. */
const struct preset *preset_find(const char *name);

#endif
