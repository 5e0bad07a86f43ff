/* A run's folder under construction. */
#include "tests/support/report_fixture.h"
#include "tests/support/cmocka.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char fixture_environment[] =
    "{\"state\": \"finished\", \"written\": \"2026-01-02T03:04:05Z\", \"host\": \"box\",\n"
    " \"mode\": \"hot\", \"cpu\": {\"model\": \"A <CPU> & \\\"more\\\"\", \"l2_bytes\": 1048576},\n"
    " \"command\": [\"lockstep\", \"run\", \"--out\", \"somewhere\", \"it's\"],\n"
    " \"build\": {\"commit\": \"c0ffee\"},\n"
    " \"warnings\": [\"the load is <2>\"],\n"
    " \"ceilings\": [{\"threads\": 1, \"peak_flops_per_second\": 1e11, \"bandwidth\":\n"
    "   [{\"working_set_bytes\": 16384, \"bytes_per_second\": 2e11},\n"
    "    {\"working_set_bytes\": 134217728, \"bytes_per_second\": 2e10}]},\n"
    "  {\"threads\": 2, \"peak_flops_per_second\": 2e11, \"bandwidth\":\n"
    "   [{\"working_set_bytes\": 32768, \"bytes_per_second\": 4e11},\n"
    "    {\"working_set_bytes\": 134217728, \"bytes_per_second\": 3e10}]}]}\n";

const char fixture_training[] = "epoch,step,loss,accuracy,seconds,samples_per_s\n"
                                "1,600,0.5,0.81,1.5,40000\n"
                                "2,1200,0.4,0.85,1.5,40000\n";

void fixture_write(struct fixture *f, const char *name, const char *text) {
    temporary_write(&f->place, name, text);
}

char *fixture_text(struct fixture *f, const char *name) {
    return temporary_text(&f->place, name);
}

bool fixture_exists(struct fixture *f, const char *name) {
    return temporary_has(&f->place, name);
}

bool fixture_holds(struct fixture *f, const char *name, const char *words) {
    return temporary_holds(&f->place, name, words);
}

struct result *row_add(struct fixture *f, const char *operation, const char *variant,
                       const char *shape, const char *implementation, int threads) {
    struct result *row = &f->rows[f->row_count++];
    *row =
        (struct result){.key = {.dtype = "f32", .device = "cpu", .threads = threads, .mode = "hot"},
                        .status = "measured",
                        .verified = "yes",
                        .samples = 20,
                        .iterations = 3,
                        .speedup_with_transfer = NAN,
                        .transfer_s = NAN,
                        .energy_j = NAN};
    snprintf(row->key.operation, sizeof row->key.operation, "%s", operation);
    snprintf(row->key.variant, sizeof row->key.variant, "%s", variant);
    snprintf(row->key.shape, sizeof row->key.shape, "%s", shape);
    snprintf(row->key.implementation, sizeof row->key.implementation, "%s", implementation);
    row->flops = 2e6;
    row->bytes = 65536.0;
    return row;
}

void row_measure(struct result *row, double seconds, double flops, double bytes) {
    row->flops = flops;
    row->bytes = bytes;
    row->median_s = row->mean_s = seconds;
    row->low_s = row->min_s = 0.98 * seconds;
    row->high_s = 1.03 * seconds;
    row->noise = 0.05;
    row->gflops = 1e-9 * flops / seconds;
    row->gbps = 1e-9 * bytes / seconds;
    row->limit_fraction = 0.6;
    row->speedup = 1.0;
}

struct result *row_without_times(struct result *row, const char *status, const char *reason) {
    double *const numbers[] = {&row->median_s, &row->low_s,         &row->high_s, &row->mean_s,
                               &row->min_s,    &row->noise,         &row->gflops, &row->gbps,
                               &row->speedup,  &row->limit_fraction};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        *numbers[i] = NAN;
    snprintf(row->status, sizeof row->status, "%s", status);
    snprintf(row->reason, sizeof row->reason, "%s", reason);
    row->verified[0] = '\0';
    return row;
}

void part_add(struct fixture *f, const struct result *row, int part, const char *name) {
    struct part_row *p = &f->parts[f->part_count++];
    *p = (struct part_row){.key = row->key,
                           .part = part,
                           .samples = 9,
                           .median_s = 1e-4 * part,
                           .low_s = 0.9e-4 * part,
                           .high_s = 1.1e-4 * part,
                           .share = 0.3};
    snprintf(p->name, sizeof p->name, "%s", name);
}

void rows_write(struct fixture *f) {
    assert_int_equal(csv_replace(temporary_path(&f->place, "results.csv"), &result_format, f->rows,
                                 f->row_count, &f->message),
                     STATUS_OK);
    assert_int_equal(csv_replace(temporary_path(&f->place, "parts.csv"), &part_format, f->parts,
                                 f->part_count, &f->message),
                     STATUS_OK);
}

void run_write(struct fixture *f) {
    rows_write(f);
    fixture_write(f, "environment.json", fixture_environment);
}

void rows_of_everything(struct fixture *f) {
    static const char *const squares[] = {"64x64x64", "128x128x128", "100x128x784"};
    for (int i = 0; i < 3; i++)
        for (int threads = 1; threads <= 2; threads++)
            row_measure(row_add(f, "gemm", "nn", squares[i], "openblas", threads),
                        1e-5 * (i + 1) / threads, 1e6, 1e5);
    for (int i = 0; i < 2; i++)
        row_measure(row_add(f, "activation", "relu.forward", i ? "65536" : "4096", "cpu-simd", 2),
                    1e-6, 1e4, i ? 524288.0 : 32768.0);
    struct result *step = row_add(f, "mlp", "train_step", "784-128-10@100", "openblas", 2);
    row_measure(step, 1e-3, 1e7, 1e6);
    static const char *const parts[] = {"forward gemm 1", "forward relu 1", "loss",
                                        "backward gemm dW 1", "update"};
    for (int i = 0; i < 5; i++)
        part_add(f, step, i + 1, parts[i]);
}

void run_of_everything(struct fixture *f) {
    rows_of_everything(f);
    run_write(f);
}

enum status fixture_draw(struct fixture *f) {
    FILE *log = fmemopen(f->log, sizeof f->log, "w");
    assert_non_null(log);
    enum status status = report_draw(f->place.path, log, &f->message);
    fclose(log);
    return status;
}

void fixture_draw_page(struct fixture *f) {
    assert_int_equal(fixture_draw(f), STATUS_OK);
}

void fixture_draw_plots(struct fixture *f) {
    fixture_draw_page(f);
    if (strstr(f->log, "no plots")) {
        print_message("%s", f->log);
        skip();
    }
}

int fixture_setup(void **state) {
    struct fixture *f = calloc(1, sizeof *f);
    *state = f;
    if (!f)
        return -1;
    temporary_open(&f->place);
    /* Away from the sources: whatever a report needs must be in the binary. */
    return chdir("/");
}

int fixture_teardown(void **state) {
    struct fixture *f = *state;
    temporary_close(&f->place);
    free(f);
    return 0;
}
