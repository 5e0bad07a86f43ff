#include "bench/model/limits_text.h"

#include "bench/model/residence.h"
#include "common/words.h"

void limits_csv_print(FILE *file, const struct counters_row *row, const struct model_gpu *gpu,
                      const struct limits *limits) {
    fprintf(file, "%s,%s,%s,%s,%s,%s,%s,%s", row->key.operation, row->key.variant, row->key.dtype,
            row->key.shape, row->key.implementation, row->kernel, row->grid, gpu->name);
    for (int unit = 0; unit < LIMIT_UNITS; unit++)
        fprintf(file, ",%.4g", limits->share[unit]);
    fprintf(file, ",%s,%lld,%d,%.4g,%d,%s,%.4g\n", limit_unit_name(limits->busiest),
            (long long)limits->blocks_most, limits->idle, limits->filled, limits->residence.blocks,
            residence_holder_name(limits->residence.held_by), limits->waves);
}

void limits_csv_header_print(FILE *file) {
    fprintf(file, "operation,variant,dtype,shape,implementation,kernel,grid,gpu");
    for (int unit = 0; unit < LIMIT_UNITS; unit++)
        fprintf(file, ",%s", limit_unit_name((enum limit_unit)unit));
    fprintf(file, ",limited_by,blocks_most,idle,filled,blocks_resident,held_by,waves\n");
}

/* "gemm_warp_nn: FMA 100%, issue 57%, DRAM 4%: limited by FMA" */
void limits_sentence_print(FILE *file, const struct counters_row *row, const struct model_gpu *gpu,
                           const struct limits *limits) {
    bool said[LIMIT_UNITS] = {false};
    const char *separator = ": ";
    fprintf(file, "  %-16s %s", row->key.implementation, row->kernel);
    for (int rank = 0; rank < LIMIT_UNITS; rank++) {
        int next = -1;
        for (int unit = 0; unit < LIMIT_UNITS; unit++)
            if (!said[unit] && (next < 0 || limits->share[unit] > limits->share[next]))
                next = unit;
        said[next] = true;
        if (limits->share[next] < 0.005)
            break;
        fprintf(file, "%s%s %s%.0f%%", separator, limit_unit_name((enum limit_unit)next),
                next == LIMIT_L2 && !limits->has_caches ? "at most " : "",
                100 * limits->share[next]);
        separator = ", ";
    }
    fprintf(file, "; limited by %s", limit_unit_name(limits->busiest));
    if (limits->idle > 0)
        fprintf(file, "; %s %s %d of %d multiprocessors idle", COUNTED(limits->blocks, "block"),
                ONE_OR_MORE(limits->blocks, "leaves", "leave"), limits->idle, gpu->multiprocessors);
    else
        fprintf(file, "; %s on the fullest multiprocessor", COUNTED(limits->blocks_most, "block"));
    if (limits->idle == 0 && limits->filled < 0.9)
        fprintf(file, ", the average one busy %.0f%% of its time", 100 * limits->filled);
    if (limits->residence.held_by != HELD_UNKNOWN)
        fprintf(file, "; room for %d at once, held by %s", limits->residence.blocks,
                residence_holder_name(limits->residence.held_by));
    fputc('\n', file);
}

void limits_unable_print(FILE *file, const struct counters_row *row, const char *why) {
    fprintf(file, "  %-16s %s: cannot run there: %s\n", row->key.implementation, row->kernel, why);
}
