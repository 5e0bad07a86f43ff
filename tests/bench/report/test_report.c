/* Reports: what is drawn from a run's files, what the page holds, and what happens to bad files. */
#include "bench/files/results.h"
#include "bench/report/report.h"
#include "tests/support/calling.h"
#include "tests/support/temporary.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { ROWS_MAX = 64 };

/* A run's folder under construction. */
struct fixture {
    struct temporary place;
    struct result rows[ROWS_MAX];
    size_t row_count;
    struct part_row parts[ROWS_MAX];
    size_t part_count;
    char log[4096]; /* what report_draw said */
    struct message message;
};

static const char environment[] =
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

static const char training[] = "epoch,step,loss,accuracy,seconds,samples_per_s\n"
                               "1,600,0.5,0.81,1.5,40000\n"
                               "2,1200,0.4,0.85,1.5,40000\n";

static const char counters[] = "operation,kernel,launches,more<columns>\n"
                               "gemm,\"naive<4,4>\",1,1234567\n";

/* --- files ------------------------------------------------------------------------------------ */

static bool exists(struct fixture *f, const char *name) {
    return access(temporary_path(&f->place, name), F_OK) == 0;
}

static bool holds(struct fixture *f, const char *name, const char *words) {
    char *text = file_text(temporary_path(&f->place, name));
    assert_non_null(text);
    bool found = strstr(text, words) != NULL;
    free(text);
    return found;
}

/* --- rows ------------------------------------------------------------------------------------- */

static struct result *row_add(struct fixture *f, const char *operation, const char *variant,
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

static void row_measure(struct result *row, double seconds, double flops, double bytes) {
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

/* A row that has no times. */
static struct result *row_without_times(struct result *row, const char *status,
                                        const char *reason) {
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

static void part_add(struct fixture *f, const struct result *row, int part, const char *name) {
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

static void rows_write(struct fixture *f) {
    assert_int_equal(csv_replace(temporary_path(&f->place, "results.csv"), &result_format, f->rows,
                                 f->row_count, &f->message),
                     STATUS_OK);
    assert_int_equal(csv_replace(temporary_path(&f->place, "parts.csv"), &part_format, f->parts,
                                 f->part_count, &f->message),
                     STATUS_OK);
}

/* Squares and another product on one and two threads, an activation of two sizes, a network with
 * its parts. */
static void rows_of_everything(struct fixture *f) {
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

static enum status draw(struct fixture *f) {
    FILE *log = fmemopen(f->log, sizeof f->log, "w");
    assert_non_null(log);
    enum status status = report_draw(f->place.path, log, &f->message);
    fclose(log);
    return status;
}

/* Draws, or skips the test where there is no gnuplot. */
static void draw_plots(struct fixture *f) {
    assert_int_equal(draw(f), STATUS_OK);
    if (strstr(f->log, "no plots")) {
        print_message("%s", f->log);
        skip();
    }
}

static int setup(void **state) {
    struct fixture *f = calloc(1, sizeof *f);
    *state = f;
    if (!f)
        return -1;
    temporary_open(&f->place);
    /* Away from the sources: whatever a report needs must be in the binary. */
    return chdir("/");
}

static int teardown(void **state) {
    struct fixture *f = *state;
    temporary_close(&f->place);
    free(f);
    return 0;
}

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

static void test_every_plot_that_has_data_is_drawn(void **state) {
    struct fixture *f = *state;
    rows_of_everything(f);
    rows_write(f);
    file_write_text(temporary_path(&f->place, "environment.json"), environment);
    file_write_text(temporary_path(&f->place, "training.csv"), training);
    draw_plots(f);
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
        char *text = file_text(temporary_path(&f->place, svg)),
             *image = file_text(temporary_path(&f->place, png));
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
    assert_false(holds(f, "mlp-train_step-parts.svg", "<pattern")); /* a picture each in print */
    assert_false(exists(f, "activation-shapes.svg"));
    assert_false(exists(f, "softmax.svg"));
    assert_false(exists(f, "mlp.svg"));
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
static void test_a_gpu_is_drawn_beside_the_cpu(void **state) {
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
    const char *place = strstr(environment, "\"ceilings\"");
    snprintf(text, sizeof text, "%.*s%s%s", (int)(place - environment), environment, ceilings,
             place + strlen("\"ceilings\""));
    file_write_text(temporary_path(&f->place, "environment.json"), text);
    draw_plots(f);
    assert_true(holds(f, "gemm-speedup.svg",
                      "nn: gpu0 wins from 128x128x128, from 128x128x128 with transfers"));
    assert_true(holds(f, "gemm-speedup.svg", "with transfers there and back"));
    assert_true(holds(f, "gemm-speedup.svg", "1x: cpu-naive on 1 thread"));
    assert_true(holds(f, "gemm-speedup.svg", "cublas, gpu0"));
    assert_false(holds(f, "gemm-speedup.svg", "openblas"));
    assert_true(holds(f, "gemm.svg", "measured peak, gpu0: 60000 GFLOP/s"));
    assert_true(holds(f, "activation.svg", "measured bandwidth (copy), gpu0"));
    assert_true(holds(f, "roofline.svg", "gpu0: memory 2800 GB/s; 60000 GFLOP/s"));
    assert_true(holds(f, "plots.gp", "# roof: memory, 0 threads"));
    assert_false(holds(f, "gemm-bf16.svg", "measured peak"));
    assert_false(exists(f, "gemm-bf16-speedup.svg"));
    assert_false(exists(f, "activation-speedup.svg"));
    assert_true(holds(f, "index.html", "gemm/nn/f32, hot: gpu0 wins from 128x128x128"));
    char *script = file_text(temporary_path(&f->place, "plots.gp"));
    /* Size, speedup, speedup with transfers; and in the roofline the two f32 rows alone. */
    assert_non_null(strstr(script, "64 0.5 0.1\n128 9 2.5\n"));
    const char *roofline = strstr(script, "# roof: memory, 0 threads");
    assert_non_null(roofline);
    assert_int_equal(
        text_count(roofline, " # nn 64x64x64") + text_count(roofline, " # nn 128x128x128"), 2);
    free(script);
}

/* No bandwidth of a device's memory bounds what goes from rank to rank. */
static void test_no_ceiling_bounds_what_goes_between_ranks(void **state) {
    struct fixture *f = *state;
    for (int size = 1; size <= 2; size++) {
        struct result *row = row_add(f, "allreduce", "sum", size == 1 ? "1024" : "2048", "mpi", 1);
        snprintf(row->key.device, sizeof row->key.device, "2xcpu");
        row_measure(row, 1e-5 * size, 1e3 * size, 4096.0 * size);
    }
    rows_write(f);
    file_write_text(temporary_path(&f->place, "environment.json"), environment);
    draw_plots(f);
    assert_true(holds(f, "allreduce.svg", "mpi"));
    assert_false(holds(f, "allreduce.svg", "measured bandwidth"));
}

/* Beside the bars of parts is room for the longest label, at 7 pixels a character. */
static void test_long_labels_of_bars_fit(void **state) {
    static const char place[] = "set lmargin at screen ", label[] = "blas-mpi-buckets, 12 threads";
    struct fixture *f = *state;
    struct result *step = row_add(f, "mlp", "train_step", "784-128-10@100", "blas-mpi-buckets", 12);
    snprintf(step->key.device, sizeof step->key.device, "2xcpu");
    row_measure(step, 1e-3, 1e7, 1e6);
    part_add(f, step, 1, "forward gemm 1");
    rows_write(f);
    draw_plots(f);
    char *script = file_text(temporary_path(&f->place, "plots.gp"));
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

static void test_nothing_is_drawn_without_data(void **state) {
    struct fixture *f = *state;
    row_without_times(row_add(f, "gemm", "nn", "64x64x64", "cuda-naive", 0), "emulated", "");
    row_without_times(row_add(f, "gemm", "nn", "128x128x128", "openblas", 2), "skipped", "why");
    rows_write(f);
    file_write_text(temporary_path(&f->place, "environment.json"), environment);
    assert_int_equal(draw(f), STATUS_OK);
    assert_false(exists(f, "plots.gp"));
    assert_false(exists(f, "gemm.svg"));
    assert_false(exists(f, "gemm-shapes.svg"));
    assert_false(exists(f, "roofline.svg"));
    assert_false(exists(f, "training.svg"));
    assert_false(holds(f, "index.html", "<svg"));
    assert_false(holds(f, "index.html", "id=speedup"));
    assert_true(holds(f, "index.html", "<td>emulated</td>"));
}

/* Not an emulated row, and not a failed one that has times. */
static void test_only_measured_rows_are_drawn(void **state) {
    struct fixture *f = *state;
    rows_of_everything(f);
    row_without_times(row_add(f, "gemm", "nn", "64x64x64", "cuda-naive", 0), "emulated", "");
    struct result *failed = row_add(f, "gemm", "nn", "512x512x512", "openblas", 2);
    row_measure(failed, 1e-3, 1e8, 1e6);
    snprintf(failed->status, sizeof failed->status, "failed");
    rows_write(f);
    draw_plots(f);
    assert_false(holds(f, "plots.gp", "\n512 "));
    assert_true(holds(f, "gemm.svg", "openblas"));
    assert_false(holds(f, "plots.gp", "cuda-naive"));
    assert_false(exists(f, "roofline.svg")); /* no environment.json, no ceilings */
}

/* Rows that are gone take their figures with them; what is not a report's stays. */
static void test_figures_of_an_earlier_drawing_go(void **state) {
    struct fixture *f = *state;
    rows_of_everything(f);
    rows_write(f);
    draw_plots(f);
    file_write_text(temporary_path(&f->place, "mine.svg"), "kept");
    assert_true(exists(f, "activation.svg") && exists(f, "gemm.svg"));
    f->row_count = 6; /* the products */
    f->part_count = 0;
    rows_write(f);
    draw_plots(f);
    assert_true(exists(f, "gemm.svg") && exists(f, "gemm.png") && exists(f, "mine.svg"));
    assert_false(exists(f, "activation.svg") || exists(f, "activation.png"));
    assert_false(exists(f, "mlp-train_step-parts.svg"));
    f->row_count = 0;
    rows_write(f);
    draw_plots(f);
    assert_false(exists(f, "gemm.svg") || exists(f, "plots.gp"));
}

static void test_drawing_again_makes_the_same(void **state) {
    struct fixture *f = *state;
    rows_of_everything(f);
    rows_write(f);
    file_write_text(temporary_path(&f->place, "environment.json"), environment);
    draw_plots(f);
    char *script = file_text(temporary_path(&f->place, "plots.gp")),
         *page = file_text(temporary_path(&f->place, "index.html"));
    draw_plots(f);
    char *script_again = file_text(temporary_path(&f->place, "plots.gp")),
         *page_again = file_text(temporary_path(&f->place, "index.html"));
    assert_string_equal(script, script_again);
    assert_string_equal(page, page_again);
    free(script);
    free(page);
    free(script_again);
    free(page_again);
}

/* Names from a file end neither a string nor a datablock, and start no command. */
static void test_names_cannot_become_commands(void **state) {
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
    draw_plots(f);
    assert_true(exists(f, "softmax.svg"));
    assert_false(exists(f, "x"));
    assert_false(holds(f, "plots.gp", "\nsystem"));
    assert_false(holds(f, "plots.gp", "`touch"));
}

/* --- page ------------------------------------------------------------------------------------- */

static void test_the_page_holds_every_row_escaped(void **state) {
    struct fixture *f = *state;
    rows_of_everything(f);
    row_without_times(row_add(f, "gemm", "tn", "7x7x7", "open<b>blas", 2), "failed",
                      "1 < 2 & \"so\"");
    rows_write(f);
    file_write_text(temporary_path(&f->place, "environment.json"), environment);
    file_write_text(temporary_path(&f->place, "counters.csv"), counters);
    file_write_text(
        temporary_path(&f->place, "limits.csv"),
        "operation,variant,dtype,shape,implementation,kernel,grid,gpu,FMA,DRAM,limited_by,idle\n"
        "gemm,nn,f32,64x64x64,cuda<warp>,k,1x1x1,t4,1,0.25,FMA,39\n");
    assert_int_equal(draw(f), STATUS_OK);
    char *page = file_text(temporary_path(&f->place, "index.html"));
    assert_non_null(strstr(page, "<section id=limits>"));
    assert_non_null(strstr(page, "<td>cuda&lt;warp&gt;</td><td>k</td><td>FMA</td>"));
    assert_non_null(
        strstr(page, "<td class=\"n bar\" style=\"--w:25.0%\" data-v=25>25%</td></tr>"));
    assert_non_null(page);
    const char *results = strstr(page, "<section id=results>");
    assert_non_null(results);
    const char *end = strstr(results, "</section>");
    char *section = strndup(results, (size_t)(end - results));
    assert_int_equal(text_count(section, "<tr><td>"), f->row_count);
    for (size_t i = 0; i + 1 < f->row_count; i++)
        assert_non_null(strstr(section, f->rows[i].key.shape));
    assert_non_null(strstr(section, "open&lt;b&gt;blas"));
    assert_non_null(strstr(section, "1 &lt; 2 &amp; &quot;so&quot;"));
    assert_non_null(strstr(section, "95% interval 9.80 us to 10.3 us"));
    assert_null(strstr(page, "<b>"));
    assert_null(strstr(page, "<2>"));
    assert_non_null(strstr(page, "A &lt;CPU&gt; &amp; &quot;more&quot;"));
    assert_non_null(strstr(page, "the load is &lt;2&gt;"));
    assert_non_null(strstr(page, "naive&lt;4,4&gt;"));
    assert_non_null(strstr(page, "more&lt;columns&gt;"));
    free(section);
    free(page);
}

/* The page marks what speedups are against, and takes a run of an earlier version for what it is. */
static void test_the_page_names_what_speedups_are_against(void **state) {
    struct fixture *f = *state;
    row_measure(row_add(f, "gemm", "nn", "64x64x64", "openblas", 2), 2e-4, 5e5, 5e4);
    row_measure(row_add(f, "gemm", "nn", "64x64x64", "openblas", 1), 1e-4, 5e5, 5e4);
    f->rows[0].speedup = 0.5;
    for (size_t i = 0; i < 2; i++)
        row_key_base(&f->rows[1].key, f->rows[i].speedup_base);
    rows_write(f);
    assert_int_equal(draw(f), STATUS_OK);
    char *page = file_text(temporary_path(&f->place, "index.html"));
    assert_int_equal(text_count(page, "\">1.00x <small>base</small></td>"), 1); /* the matrix */
    assert_int_equal(text_count(page, ">1.00x base</td>"), 1);                  /* all results */
    assert_int_equal(text_count(page, "title=\"against openblas on 1 thread; 95% interval 0.4"), 2);
    assert_int_equal(text_count(page, "whatever its threads, marked base"), 2);
    free(page);
    for (size_t i = 0; i < result_format.later_columns; i++)
        file_drop_last_column(temporary_path(&f->place, "results.csv"));
    assert_int_equal(draw(f), STATUS_OK);
    assert_false(holds(f, "index.html", "<small>base") || holds(f, "index.html", "x base<"));
    assert_true(holds(f, "index.html", "implementation of the case on all cores"));
}

/* A speedup of nearly 1, a case that nothing was right in, and a ceiling that was measured
 * on a busy machine. */
static void test_the_page_shows_odd_numbers_as_what_they_are(void **state) {
    struct fixture *f = *state;
    rows_of_everything(f);
    f->rows[0].speedup = 0.9996;
    f->rows[1].limit_fraction = 1.3;
    rows_write(f);
    assert_int_equal(draw(f), STATUS_OK);
    assert_false(holds(f, "index.html", "1.000x"));
    assert_true(holds(f, "index.html", ">1.00x</td>"));
    assert_true(holds(f, "index.html", ">130%</td>"));
    assert_false(holds(f, "index.html", "id=warnings"));
    snprintf(f->rows[1].limit_doubtful, sizeof f->rows[1].limit_doubtful, "yes");
    rows_write(f);
    assert_int_equal(draw(f), STATUS_OK);
    assert_false(holds(f, "index.html", ">130%</td>"));
    assert_true(holds(f, "index.html", ">\u2264130%</td>"));
    f->rows[1].limit_fraction = 40.0;
    row_measure(row_add(f, "transfer", "copy", "12345", "cpu-naive", 1), 1e-3, 1e6, 1e6);
    f->rows[f->row_count - 1].speedup = NAN;
    rows_write(f);
    assert_int_equal(draw(f), STATUS_OK);
    assert_true(holds(f, "index.html", "1 row is more than 3 times as fast as the measured"));
    char *page = file_text(temporary_path(&f->place, "index.html"));
    const char *speedup = strstr(page, "<section id=speedup>"), *shape = strstr(page, "12345");
    assert_non_null(speedup);
    assert_non_null(shape);
    assert_true(shape > strstr(speedup, "</section>"));
    free(page);
}

/* Of ceilings that were measured on a busy machine the page says what they are at least. */
static void test_the_page_marks_doubtful_ceilings(void **state) {
    static const char doubtful[] =
        "{\"ceilings\": [{\"threads\": 2, \"peak_flops_per_second\": 2e11,\n"
        " \"peak_doubtful\": true, \"bandwidth\":\n"
        "   [{\"working_set_bytes\": 32768, \"bytes_per_second\": 4e11},\n"
        "    {\"working_set_bytes\": 1e8, \"bytes_per_second\": 3e10, \"doubtful\": true}]}]}\n";
    struct fixture *f = *state;
    rows_of_everything(f);
    rows_write(f);
    file_write_text(temporary_path(&f->place, "environment.json"), doubtful);
    assert_int_equal(draw(f), STATUS_OK);
    assert_true(holds(f, "index.html", "<td class=n>&ge;&nbsp;200.0</td>"));
    assert_true(holds(f, "index.html", "L1 400.0 <small>"));
    assert_true(holds(f, "index.html", "memory &ge;&nbsp;30.0 <small>"));
}

/* Of the case with most implementations: the kernels of one together, a row a GPU. */
static void test_predictions_have_a_table_and_a_figure(void **state) {
    static const char predictions[] =
        "operation,variant,dtype,shape,implementation,kernel,grid,gpu,predicted_s,predicted_low_s,"
        "predicted_high_s,predicted_gflops,predicted_gbps,longest_term,blocks_most,idle\n"
        "gemm,nn,f32,8x8x8,one,k,1x1x1,t4,5,4,6,1,2,DRAM,1,39\n"
        "gemm,nn,f32,9x9x9,one,k,1x1x1,t4,0.001,0.0008,0.0012,1,2,DRAM,1,39\n"
        "gemm,nn,f32,9x9x9,one,l,1x1x1,t4,0.002,0.0018,0.0022,1,2,latency,1,39\n"
        "gemm,nn,f32,9x9x9,two,k,1x1x1,t4,0.007,0.006,0.008,1,2,L2,1,39\n";
    struct fixture *f = *state;
    rows_of_everything(f);
    rows_write(f);
    file_write_text(temporary_path(&f->place, "environment.json"), environment);
    file_write_text(temporary_path(&f->place, "predictions.csv"), predictions);
    assert_int_equal(draw(f), STATUS_OK);
    assert_true(holds(f, "plots.gp", "predicted, not measured: gemm nn f32 9x9x9"));
    assert_true(holds(f, "plots.gp", "\n3 0 2.6 3.4\n"));
    assert_true(holds(f, "plots.gp", "\n7 0 6 8\n"));
    assert_false(holds(f, "plots.gp", "f32 8x8x8 on other GPUs"));
    assert_true(holds(f, "index.html", "id=predictions"));
    assert_true(holds(f, "index.html", "<td>0.8 to 1.2</td>"));
    assert_true(holds(f, "index.html", "<a href=\"predictions.csv\">"));
}

/* Bytes of a section's rows over the number of their cells. */
static double bytes_a_cell(const char *page, const char *section) {
    char *rows = strstr(page, section);
    assert_non_null(rows);
    rows = strstr(rows, "<tbody>");
    assert_non_null(rows);
    rows = strndup(rows, (size_t)(strstr(rows, "</tbody>") - rows));
    const double bytes = (double)strlen(rows) / text_count(rows, "<td");
    free(rows);
    return bytes;
}

/* A page of seven hundred rows stays below 2 MB while no cell says anything twice. */
static void test_the_page_is_small(void **state) {
    static const struct {
        const char *section;
        double bytes; /* a cell, at most */
    } budgets[] = {{"<section id=results>", 40},
                   {"<section id=ladder>", 64},
                   {"<section id=limits>", 22},
                   {"<section id=counters>", 22}};
    struct fixture *f = *state;
    rows_of_everything(f);
    rows_write(f);
    file_write_text(temporary_path(&f->place, "counters.csv"),
                    "operation,kernel,launches,instructions,fma,bytes\n"
                    "gemm,naive,1,1234567,0,0.5\n");
    file_write_text(temporary_path(&f->place, "limits.csv"),
                    "operation,gpu,FMA,DRAM,L2,LSU,limited_by\n"
                    "gemm,t4,1,0.25342891,0.001,0,FMA\n");
    draw_plots(f);
    char *page = file_text(temporary_path(&f->place, "index.html"));
    for (size_t i = 0; i < sizeof budgets / sizeof budgets[0]; i++) {
        const double bytes = bytes_a_cell(page, budgets[i].section);
        if (bytes > budgets[i].bytes)
            fail_msg("%s: %.1f bytes a cell, at most %.0f", budgets[i].section, bytes,
                     budgets[i].bytes);
    }
    assert_null(strstr(page, "stroke-linecap=\"butt\""));
    free(page);
}

static void test_the_page_says_how_to_repeat_the_run(void **state) {
    struct fixture *f = *state;
    rows_of_everything(f);
    rows_write(f);
    file_write_text(temporary_path(&f->place, "environment.json"), environment);
    assert_int_equal(draw(f), STATUS_OK);
    assert_true(holds(f, "index.html", "<pre>lockstep run &#39;it&#39;\\&#39;&#39;s&#39;</pre>"));
    assert_true(holds(f, "index.html", "c0ffee"));
    assert_true(holds(f, "index.html", "<a href=\"results.csv\">"));
    assert_true(holds(f, "index.html", "<a href=\"parts.csv\">"));
    assert_false(holds(f, "index.html", "<a href=\"counters.csv\">"));
    assert_false(holds(f, "index.html", "id=counters"));
    assert_false(holds(f, "index.html", "id=limits"));
    assert_false(holds(f, "index.html", "not finished"));
}

/* Figures are inlined with names of their own: each name once, no reference to another's or to
 * nothing. */
static void test_figures_in_the_page_keep_their_names_apart(void **state) {
    struct fixture *f = *state;
    rows_of_everything(f);
    rows_write(f);
    file_write_text(temporary_path(&f->place, "environment.json"), environment);
    draw_plots(f);
    char *page = file_text(temporary_path(&f->place, "index.html"));
    assert_int_equal(text_count(page, "<svg "), 6);
    assert_int_equal(text_count(page, "</svg>"), 6);
    int references = 0;
    static const char *const starts[] = {"href='#", "href=\"#", "url(#"};
    for (size_t s = 0; s < sizeof starts / sizeof starts[0]; s++)
        for (const char *c = strstr(page, starts[s]); c; c = strstr(c + 1, starts[s])) {
            char id[64], bare[64], single[64], twice[64];
            const char *name = c + strlen(starts[s]);
            int length = (int)strcspn(name, "'\")");
            snprintf(id, sizeof id, " id=\"%.*s\"", length, name);
            snprintf(bare, sizeof bare, " id=%.*s>", length, name);
            snprintf(single, sizeof single, " id='%.*s'", length, name);
            snprintf(twice, sizeof twice, "%.*s", length, name);
            assert_int_equal(
                text_count(page, id) + text_count(page, bare) + text_count(page, single), 1);
            references++;
        }
    assert_true(references > 20);
    free(page);
}

static void test_the_page_asks_nothing_of_the_network(void **state) {
    struct fixture *f = *state;
    rows_of_everything(f);
    rows_write(f);
    file_write_text(temporary_path(&f->place, "environment.json"), environment);
    file_write_text(temporary_path(&f->place, "training.csv"), training);
    assert_int_equal(draw(f), STATUS_OK);
    static const char *const foreign[] = {"http:", "https:", "src=", "@import", "//cdn", "{{"};
    for (size_t i = 0; i < sizeof foreign / sizeof foreign[0]; i++)
        assert_false(holds(f, "index.html", foreign[i]));
    assert_true(holds(f, "index.html", "default-src 'none'"));
}

static void test_training_alone_is_a_report(void **state) {
    struct fixture *f = *state;
    file_write_text(temporary_path(&f->place, "training.csv"), training);
    draw_plots(f);
    assert_true(exists(f, "training.svg"));
    assert_true(holds(f, "index.html", "2 epochs of training"));
    assert_false(holds(f, "index.html", "id=results"));
}

static void test_a_cut_file_is_said_to_be_unfinished(void **state) {
    struct fixture *f = *state;
    rows_of_everything(f);
    rows_write(f);
    char *text = file_text(temporary_path(&f->place, "results.csv"));
    text[strlen(text) - 9] = '\0';
    file_write_text(temporary_path(&f->place, "results.csv"), text);
    free(text);
    assert_int_equal(draw(f), STATUS_OK);
    assert_true(holds(f, "index.html", "not finished"));
    assert_true(holds(f, "index.html", "8 rows, 8 measured"));
}

/* --- what goes wrong -------------------------------------------------------------------------- */

static void test_damaged_files_are_named_with_the_line(void **state) {
    struct fixture *f = *state;
    static const struct {
        const char *file, *text, *place;
    } damages[] = {
        {"results.csv", "operation,variant\n", "results.csv:1"},
        {"results.csv", "\x01\x02\x03", "results.csv:1"},
        {"parts.csv", "operation;variant\n", "parts.csv:1"},
        {"training.csv", "epoch,loss\n1,0.5\n", "training.csv:1"},
        {"training.csv", "epoch,loss,accuracy\n1,0.5,0.9\n2,half,0.9\n", "training.csv:3"},
        {"training.csv", "epoch,loss,accuracy\n1,0.5\n", "training.csv:2"},
        {"counters.csv", "operation,kernel\ngemm,a\ngemm\n", "counters.csv:3"},
        {"counters.csv", "nothing\n", "counters.csv:1"},
        {"environment.json", "{\n\"a\": 1,\n", "environment.json:"},
        {"environment.json", "[1]\n", "environment.json:"},
    };
    rows_of_everything(f);
    for (size_t i = 0; i < sizeof damages / sizeof damages[0]; i++) {
        rows_write(f);
        char *before = file_text(temporary_path(&f->place, damages[i].file));
        file_write_text(temporary_path(&f->place, damages[i].file), damages[i].text);
        assert_int_equal(draw(f), STATUS_INVALID);
        if (!strstr(f->message.text, damages[i].place))
            fail_msg("'%s' does not name %s", f->message.text, damages[i].place);
        assert_false(exists(f, "index.html"));
        assert_false(exists(f, "plots.gp"));
        assert_int_equal(before ? 0 : unlink(temporary_path(&f->place, damages[i].file)), 0);
        free(before);
    }
    rows_write(f);
    assert_int_equal(draw(f), STATUS_OK);
}

static void test_a_folder_without_a_run_is_refused(void **state) {
    struct fixture *f = *state;
    assert_int_equal(draw(f), STATUS_INVALID);
    assert_non_null(strstr(f->message.text, f->place.path));
    assert_non_null(strstr(f->message.text, "results.csv"));
}

/* Draws with another PATH. */
static enum status draw_with_path(struct fixture *f, const char *path) {
    const char *now = getenv("PATH");
    char *before = strdup(now ? now : "/usr/bin:/bin");
    assert_non_null(before);
    assert_int_equal(setenv("PATH", path, 1), 0);
    enum status status = draw(f);
    assert_int_equal(setenv("PATH", before, 1), 0);
    free(before);
    return status;
}

static void test_without_gnuplot_the_run_is_whole(void **state) {
    struct fixture *f = *state;
    rows_of_everything(f);
    rows_write(f);
    file_write_text(temporary_path(&f->place, "environment.json"), environment);
    assert_int_equal(draw_with_path(f, f->place.path), STATUS_OK);
    assert_non_null(strstr(f->log, "gnuplot-nox"));
    assert_non_null(strstr(f->log, "lockstep report"));
    assert_false(exists(f, "gemm.svg"));
    assert_true(exists(f, "plots.gp"));
    assert_true(holds(f, "index.html", "There are no plots"));
    assert_true(holds(f, "index.html", "128x128x128"));
}

static void test_gnuplots_own_words_are_passed_on(void **state) {
    struct fixture *f = *state;
    rows_of_everything(f);
    rows_write(f);
    file_write_text(temporary_path(&f->place, "gnuplot"),
                    "#!/bin/sh\necho noise; echo 'the pen is <broken>' >&2; exit 3\n");
    assert_int_equal(chmod(temporary_path(&f->place, "gnuplot"), 0755), 0);
    assert_int_equal(draw_with_path(f, f->place.path), STATUS_FAILED);
    assert_non_null(strstr(f->message.text, "the pen is <broken>"));
    assert_non_null(strstr(f->message.text, "plots.gp"));
    assert_true(holds(f, "index.html", "the pen is &lt;broken&gt;"));
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_every_plot_that_has_data_is_drawn),
        TEST(test_a_gpu_is_drawn_beside_the_cpu),
        TEST(test_no_ceiling_bounds_what_goes_between_ranks),
        TEST(test_long_labels_of_bars_fit),
        TEST(test_nothing_is_drawn_without_data),
        TEST(test_only_measured_rows_are_drawn),
        TEST(test_figures_of_an_earlier_drawing_go),
        TEST(test_drawing_again_makes_the_same),
        TEST(test_names_cannot_become_commands),
        TEST(test_the_page_holds_every_row_escaped),
        TEST(test_the_page_names_what_speedups_are_against),
        TEST(test_the_page_shows_odd_numbers_as_what_they_are),
        TEST(test_the_page_marks_doubtful_ceilings),
        TEST(test_predictions_have_a_table_and_a_figure),
        TEST(test_the_page_is_small),
        TEST(test_the_page_says_how_to_repeat_the_run),
        TEST(test_figures_in_the_page_keep_their_names_apart),
        TEST(test_the_page_asks_nothing_of_the_network),
        TEST(test_training_alone_is_a_report),
        TEST(test_a_cut_file_is_said_to_be_unfinished),
        TEST(test_damaged_files_are_named_with_the_line),
        TEST(test_a_folder_without_a_run_is_refused),
        TEST(test_without_gnuplot_the_run_is_whole),
        TEST(test_gnuplots_own_words_are_passed_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
