/* environment.json of a run with one row: read to compare runs, to draw them, and to tell machines
 * apart. */
#include "bench/regression/compare.h"
#include "bench/regression/history_store.h"
#include "bench/report/drawing/data.h"
#include "tests/fuzz/files.h"
#include "tests/support/fuzzing.h"

#include <stdlib.h>

static void results_write(void) {
    const struct result row = {.key = {.operation = "gemm",
                                       .variant = "nn",
                                       .dtype = "f32",
                                       .shape = "8x8x8",
                                       .implementation = "openblas",
                                       .device = "cpu",
                                       .threads = 1,
                                       .mode = "hot"},
                               .status = "skipped"};
    char *text = NULL;
    size_t size = 0;
    FILE *memory = open_memstream(&text, &size);
    if (memory == NULL || csv_write_header(memory, &result_format) != 0 ||
        csv_write_row(memory, &result_format, &row) != 0 || fclose(memory) != 0)
        abort();
    (void)folder_file_write("results.csv", text, size);
    free(text);
}

static void run_use(const struct run_files *run) {
    struct history_machine machine;
    struct comparison comparison = {.rows = NULL};
    const struct run_files other = {.folder = "other"};
    history_machine_describe(run->environment, NULL, &machine);
    compare_environments(run, run, &comparison);
    if (comparison.difference_count > 0)
        abort();
    compare_environments(&other, run, &comparison);
}

int fuzz_environment(const uint8_t *data, size_t size) {
    struct message message;
    struct run_files run;
    struct report_data report;
    char text[512];
    results_write();
    (void)folder_file_write("environment.json", data, size);
    if (run_files_read(fuzz_folder(), &run, &message) == STATUS_OK) {
        if (run.environment)
            run_use(&run);
        run_files_release(&run);
    }
    if (report_data_load(fuzz_folder(), &report, &message) == STATUS_OK) {
        report_data_describe(&report, text, sizeof text);
        (void)report_data_text(&report, "cpu", "model");
        for (int i = 0; i < report.ceilings_count; i++)
            for (int level = 0; level < report.ceilings[i].level_count; level++)
                (void)report_level_name(&report.ceilings[i], level);
        report_data_release(&report);
    }
    return 0;
}
