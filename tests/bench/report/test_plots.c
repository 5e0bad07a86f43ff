/* Plots: what is drawn from a run's files, and what happens without gnuplot and where it fails. */
#include "tests/support/calling.h"
#include "tests/support/report_fixture.h"
#include "tests/support/test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define TEST_OF_REPORT(test) TEST_BETWEEN(test, fixture_setup, fixture_teardown)

/* --- a little XML ----------------------------------------------------------------------------- */

/* The end of the tag at `tag`, past quoted attributes. */
static const char *tag_end(const char *tag) {
    char quote = '\0';
    for (; *tag && (quote || *tag != '>'); tag++)
        if (quote && *tag == quote)
            quote = '\0';
        else if (!quote && (*tag == '"' || *tag == '\''))
            quote = *tag;
    return tag;
}

/* Whether tags are closed in order, down to the end, and every & starts an entity. */
static bool is_well_formed(const char *text) {
    const char *open[128];
    int depth = 0;
    for (const char *c = text; *c; c++) {
        if (*c == '&' && !memchr(c, ';', strnlen(c, 8)))
            return false;
        if (*c != '<')
            continue;
        const char *end = tag_end(c);
        size_t name = strcspn(c + 1, " \n\t/>");
        if (*end != '>')
            return false;
        if (c[1] == '/') {
            size_t length = strcspn(c + 2, " >");
            if (depth == 0 || strncmp(open[--depth], c + 2, length) != 0 ||
                strcspn(open[depth], " \n\t/>") != length)
                return false;
        } else if (end[-1] != '/' && c[1] != '?' && c[1] != '!') {
            if (depth == 128 || name == 0)
                return false;
            open[depth++] = c + 1;
        }
        c = end;
    }
    return depth == 0;
}

/* --- plots ------------------------------------------------------------------------------------ */

TEST_OF_REPORT(every_plot_that_has_data_is_drawn) {
    struct fixture *f = *state;
    run_of_everything(f);
    fixture_write(f, "training.csv", fixture_training);
    fixture_draw_plots(f);
    static const struct {
        const char *name, *words;
    } plots[] = {{"gemm", "openblas, 2 threads"},
                 {"gemm", "measured peak, cpu, 2 threads: 200 GFLOP/s"},
                 {"gemm-shapes", "nn 100x128x784"},
                 {"activation", "measured bandwidth (triad), cpu, 2 threads"},
                 {"mlp-shapes", "train_step 784-128-10@100"},
                 {"mlp-train_step-parts", "backward gemm"},
                 {"training", "% of the test images"},
                 {"roofline", "cpu, 1 thread: L1 200, memory 20 GB/s; 100 GFLOP/s"}};
    for (size_t i = 0; i < sizeof plots / sizeof plots[0]; i++) {
        char svg[64], png[64];
        snprintf(svg, sizeof svg, "%s.svg", plots[i].name);
        snprintf(png, sizeof png, "%s.png", plots[i].name);
        char *text = temporary_text(&f->place, svg), *image = temporary_text(&f->place, png);
        assert_non_null(text);
        assert_non_null(image);
        assert_true(is_well_formed(text));
        assert_non_null(strstr(text, plots[i].words));
        assert_non_null(strstr(text, "A &lt;CPU> &amp; ?more?"));
        assert_non_null(strstr(f->log, plots[i].name));
        assert_int_equal(memcmp(image, "\x89PNG", 4), 0);
        free(text);
        free(image);
    }
    assert_false(
        fixture_holds(f, "mlp-train_step-parts.svg", "<pattern")); /* a picture each in print */
    assert_false(fixture_exists(f, "activation-shapes.svg"));
    assert_false(fixture_exists(f, "softmax.svg"));
    assert_false(fixture_exists(f, "mlp.svg"));
}

/* A GPU's row beside the CPU's; a speedup of 0 stands for none. */
static void gpu_row_add(struct fixture *f, const char *dtype, const char *shape, double seconds,
                        double speedup, double with_transfer) {
    struct result *row = row_add(f, "gemm", "nn", shape, "cublas", 0);
    snprintf(row->key.device, sizeof row->key.device, "gpu0");
    snprintf(row->key.dtype, sizeof row->key.dtype, "%s", dtype);
    row_measure(row, seconds, speedup > 2.0 ? 4e6 : 1e6, 1e5);
    row->speedup = speedup > 0.0 ? speedup : NAN;
    if (speedup > 0.0)
        snprintf(row->speedup_base, sizeof row->speedup_base, "cpu-naive on 1 thread");
    row->speedup_with_transfer = with_transfer > 0.0 ? with_transfer : NAN;
}

/* The GPU has ceilings of its own, a figure of speedups, and a place in the page's words. Where the
 * peak of f32 says nothing, no ceiling is drawn and no speedup is made up. */
TEST_OF_REPORT(a_gpu_is_drawn_beside_the_cpu) {
    static const char ceilings[] =
        "\"gpu_ceilings\": {\"device\": \"gpu0\", \"peak_flops_per_second\": 6e13,\n"
        " \"copy_working_set_bytes\": 4e8, \"copy_bytes_per_second\": 2.8e12}, \"ceilings\"";
    struct fixture *f = *state;
    char text[4096];
    rows_of_everything(f);
    gpu_row_add(f, "f32", "64x64x64", 1e-5, 0.5, 0.1);
    gpu_row_add(f, "f32", "128x128x128", 1e-6, 9.0, 2.5);
    gpu_row_add(f, "bf16", "64x64x64", 1e-5, 0.0, 0.0);
    gpu_row_add(f, "bf16", "128x128x128", 1e-6, 0.0, 0.0);
    rows_write(f);
    const char *place = strstr(fixture_environment, "\"ceilings\"");
    snprintf(text, sizeof text, "%.*s%s%s", (int)(place - fixture_environment), fixture_environment,
             ceilings, place + strlen("\"ceilings\""));
    fixture_write(f, "environment.json", text);
    fixture_draw_plots(f);
    assert_true(fixture_holds(f, "gemm-speedup.svg",
                              "nn: gpu0 wins from 128x128x128, from 128x128x128 with transfers"));
    assert_true(fixture_holds(f, "gemm-speedup.svg", "with transfers there and back"));
    assert_true(fixture_holds(f, "gemm-speedup.svg", "1x: cpu-naive on 1 thread"));
    assert_true(fixture_holds(f, "gemm-speedup.svg", "cublas, gpu0"));
    assert_false(fixture_holds(f, "gemm-speedup.svg", "openblas"));
    assert_true(fixture_holds(f, "gemm.svg", "measured peak, gpu0: 60000 GFLOP/s"));
    assert_true(fixture_holds(f, "activation.svg", "measured bandwidth (copy), gpu0"));
    assert_true(fixture_holds(f, "roofline.svg", "gpu0: memory 2800 GB/s; 60000 GFLOP/s"));
    assert_true(fixture_holds(f, "plots.gp", "# roof: memory, 0 threads"));
    assert_false(fixture_holds(f, "gemm-bf16.svg", "measured peak"));
    assert_false(fixture_exists(f, "gemm-bf16-speedup.svg"));
    assert_false(fixture_exists(f, "activation-speedup.svg"));
    assert_true(fixture_holds(f, "index.html", "gemm/nn/f32, hot: gpu0 wins from 128x128x128"));
    char *script = fixture_text(f, "plots.gp");
    /* Size, speedup, speedup with transfers; and in the roofline the two f32 rows alone. */
    assert_non_null(strstr(script, "64 0.5 0.1\n128 9 2.5\n"));
    const char *roofline = strstr(script, "# roof: memory, 0 threads");
    assert_non_null(roofline);
    assert_int_equal(
        text_count(roofline, " # nn 64x64x64") + text_count(roofline, " # nn 128x128x128"), 2);
    free(script);
}

/* No bandwidth of a device's memory bounds what goes from rank to rank. */
TEST_OF_REPORT(no_ceiling_bounds_what_goes_between_ranks) {
    struct fixture *f = *state;
    for (int size = 1; size <= 2; size++) {
        struct result *row = row_add(f, "allreduce", "sum", size == 1 ? "1024" : "2048", "mpi", 1);
        snprintf(row->key.device, sizeof row->key.device, "2xcpu");
        row_measure(row, 1e-5 * size, 1e3 * size, 4096.0 * size);
    }
    run_write(f);
    fixture_draw_plots(f);
    assert_true(fixture_holds(f, "allreduce.svg", "mpi"));
    assert_false(fixture_holds(f, "allreduce.svg", "measured bandwidth"));
}

/* The rates at which ranks pass data on do, on the CPU and from GPU to GPU. */
TEST_OF_REPORT(a_link_bounds_what_goes_between_ranks) {
    static const char links[] = "\"ranks\": {\"count\": 2, \"link_bytes_per_second\": 5e9,\n"
                                " \"gpu_link_bytes_per_second\": 4e11}, \"ceilings\"";
    struct fixture *f = *state;
    char text[4096];
    for (int i = 0; i < 4; i++) {
        const char *const shape = i % 2 == 0 ? "1024" : "2048";
        struct result *row =
            row_add(f, "allreduce", "sum", shape, i < 2 ? "mpi" : "nccl", i < 2 ? 1 : 0);
        snprintf(row->key.device, sizeof row->key.device, i < 2 ? "2xcpu" : "2xgpu");
        row_measure(row, 1e-5, 1e3, i % 2 == 0 ? 4096.0 : 8192.0);
    }
    rows_write(f);
    const char *place = strstr(fixture_environment, "\"ceilings\"");
    snprintf(text, sizeof text, "%.*s%s%s", (int)(place - fixture_environment), fixture_environment,
             links, place + strlen("\"ceilings\""));
    fixture_write(f, "environment.json", text);
    fixture_draw_plots(f);
    assert_true(fixture_holds(f, "allreduce.svg", "measured link, 2xcpu: 5 GB/s"));
    assert_true(fixture_holds(f, "allreduce.svg", "measured link, 2xgpu: 400 GB/s"));
    assert_false(fixture_holds(f, "allreduce.svg", "measured bandwidth"));
    char *script = fixture_text(f, "plots.gp");
    assert_non_null(strstr(script, "1 5\n1e+15 5\n"));
    assert_non_null(strstr(script, "1 400\n1e+15 400\n"));
    free(script);
}

/* Beside the bars of parts is room for the longest label, at 7 pixels a character. */
TEST_OF_REPORT(long_labels_of_bars_fit) {
    static const char place[] = "set lmargin at screen ", label[] = "blas-mpi-buckets, 12 threads";
    struct fixture *f = *state;
    struct result *step = row_add(f, "mlp", "train_step", "784-128-10@100", "blas-mpi-buckets", 12);
    snprintf(step->key.device, sizeof step->key.device, "2xcpu");
    row_measure(step, 1e-3, 1e7, 1e6);
    part_add(f, step, 1, "forward gemm 1");
    rows_write(f);
    fixture_draw_plots(f);
    char *script = fixture_text(f, "plots.gp");
    assert_non_null(script);
    char *bars = strstr(script, "set ytics scale 0 (");
    assert_non_null(bars);
    assert_non_null(strstr(bars, "blas-mpi-buckets"));
    *bars = '\0';
    const char *last = NULL;
    for (const char *c = strstr(script, place); c; c = strstr(c + 1, place))
        last = c + strlen(place);
    const char *width = strstr(script, "# --- mlp-train_step-parts");
    assert_non_null(last);
    assert_non_null(width);
    width = strstr(width, "eval terminal(kind, ");
    assert_non_null(width);
    const double pixels = strtod(width + strlen("eval terminal(kind, "), NULL);
    assert_true(strtod(last, NULL) * pixels >= 7.0 * (double)strlen(label));
    free(script);
}

TEST_OF_REPORT(nothing_is_drawn_without_data) {
    struct fixture *f = *state;
    row_without_times(row_add(f, "gemm", "nn", "64x64x64", "cuda-naive", 0), "emulated", "");
    row_without_times(row_add(f, "gemm", "nn", "128x128x128", "openblas", 2), "skipped", "why");
    run_write(f);
    fixture_draw_page(f);
    assert_false(fixture_exists(f, "plots.gp"));
    assert_false(fixture_exists(f, "gemm.svg"));
    assert_false(fixture_exists(f, "gemm-shapes.svg"));
    assert_false(fixture_exists(f, "roofline.svg"));
    assert_false(fixture_exists(f, "training.svg"));
    assert_false(fixture_holds(f, "index.html", "<svg"));
    assert_false(fixture_holds(f, "index.html", "id=speedup"));
    assert_true(fixture_holds(f, "index.html", "<td>emulated</td>"));
}

/* Not an emulated row, and not a failed one that has times. */
TEST_OF_REPORT(only_measured_rows_are_drawn) {
    struct fixture *f = *state;
    rows_of_everything(f);
    row_without_times(row_add(f, "gemm", "nn", "64x64x64", "cuda-naive", 0), "emulated", "");
    struct result *failed = row_add(f, "gemm", "nn", "512x512x512", "openblas", 2);
    row_measure(failed, 1e-3, 1e8, 1e6);
    snprintf(failed->status, sizeof failed->status, "failed");
    rows_write(f);
    fixture_draw_plots(f);
    assert_false(fixture_holds(f, "plots.gp", "\n512 "));
    assert_true(fixture_holds(f, "gemm.svg", "openblas"));
    assert_false(fixture_holds(f, "plots.gp", "cuda-naive"));
    assert_false(fixture_exists(f, "roofline.svg")); /* no environment.json, no ceilings */
}

/* Rows that are gone take their figures with them; what is not a report's stays. */
TEST_OF_REPORT(figures_of_an_earlier_drawing_go) {
    struct fixture *f = *state;
    rows_of_everything(f);
    rows_write(f);
    fixture_draw_plots(f);
    fixture_write(f, "mine.svg", "kept");
    assert_true(fixture_exists(f, "activation.svg") && fixture_exists(f, "gemm.svg"));
    f->row_count = 6; /* the products */
    f->part_count = 0;
    rows_write(f);
    fixture_draw_plots(f);
    assert_true(fixture_exists(f, "gemm.svg") && fixture_exists(f, "gemm.png") &&
                fixture_exists(f, "mine.svg"));
    assert_false(fixture_exists(f, "activation.svg") || fixture_exists(f, "activation.png"));
    assert_false(fixture_exists(f, "mlp-train_step-parts.svg"));
    f->row_count = 0;
    rows_write(f);
    fixture_draw_plots(f);
    assert_false(fixture_exists(f, "gemm.svg") || fixture_exists(f, "plots.gp"));
}

TEST_OF_REPORT(drawing_again_makes_the_same) {
    struct fixture *f = *state;
    run_of_everything(f);
    fixture_draw_plots(f);
    char *script = fixture_text(f, "plots.gp"), *page = fixture_text(f, "index.html");
    fixture_draw_plots(f);
    char *script_again = fixture_text(f, "plots.gp"), *page_again = fixture_text(f, "index.html");
    assert_string_equal(script, script_again);
    assert_string_equal(page, page_again);
    free(script);
    free(page);
    free(script_again);
    free(page_again);
}

/* Names from a file end neither a string nor a datablock, and start no command. */
TEST_OF_REPORT(names_cannot_become_commands) {
    struct fixture *f = *state;
    static const char *const names[] = {"a\nEOD\nsystem 'touch x'\n", "b`touch x`",
                                        "c'; system 'touch x"};
    for (int i = 0; i < 3; i++)
        for (int size = 1; size <= 2; size++) {
            struct result *row = row_add(f, "softmax", names[i], "2x2", names[i], 1);
            row_measure(row, 1e-6, 1e4, 1024.0 * size);
            snprintf(row->key.shape, sizeof row->key.shape, "%dx2 %s", size, names[i]);
            part_add(f, row, 1, names[i]);
        }
    rows_write(f);
    fixture_draw_plots(f);
    assert_true(fixture_exists(f, "softmax.svg"));
    assert_false(fixture_exists(f, "x"));
    assert_false(fixture_holds(f, "plots.gp", "\nsystem"));
    assert_false(fixture_holds(f, "plots.gp", "`touch"));
}

/* Draws with another PATH. */
static enum status draw_with_path(struct fixture *f, const char *path) {
    const char *now = getenv("PATH");
    char *before = strdup(now ? now : "/usr/bin:/bin");
    assert_non_null(before);
    assert_int_equal(setenv("PATH", path, 1), 0);
    enum status status = fixture_draw(f);
    assert_int_equal(setenv("PATH", before, 1), 0);
    free(before);
    return status;
}

TEST_OF_REPORT(without_gnuplot_the_run_is_whole) {
    struct fixture *f = *state;
    run_of_everything(f);
    assert_int_equal(draw_with_path(f, f->place.path), STATUS_OK);
    assert_non_null(strstr(f->log, "gnuplot-nox"));
    assert_non_null(strstr(f->log, "lockstep report"));
    assert_false(fixture_exists(f, "gemm.svg"));
    assert_true(fixture_exists(f, "plots.gp"));
    assert_true(fixture_holds(f, "index.html", "There are no plots"));
    assert_true(fixture_holds(f, "index.html", "128x128x128"));
}

TEST_OF_REPORT(gnuplots_own_words_are_passed_on) {
    struct fixture *f = *state;
    rows_of_everything(f);
    rows_write(f);
    fixture_write(f, "gnuplot", "#!/bin/sh\necho noise; echo 'the pen is <broken>' >&2; exit 3\n");
    assert_int_equal(chmod(temporary_path(&f->place, "gnuplot"), 0755), 0);
    assert_int_equal(draw_with_path(f, f->place.path), STATUS_FAILED);
    assert_non_null(strstr(f->message.text, "the pen is <broken>"));
    assert_non_null(strstr(f->message.text, "plots.gp"));
    assert_true(fixture_holds(f, "index.html", "the pen is &lt;broken&gt;"));
}
