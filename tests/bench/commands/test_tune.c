/* Measured choices: which one a shape takes, the file that holds them, everything that can be wrong
 * with it, and `lockstep tune` from end to end on the stand-in GPU, whose times are made up. */
#include "bench/devices/devices.h"
#include "bench/operations/operations.h"
#include "gpu/counters.h"
#include "kernels/kernels.h"
#include "tests/stand_in/client.h"
#include "tests/support/staging.h"
#include "tests/support/temporary.h"
#include "tests/support/test.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct temporary place;

/* --- the decision ----------------------------------------------------------------------------- */

static const struct tuning_entry entries[] = {
    {GEMM_NN, DTYPE_F32, 512, 512, 512, {GEMM_TILE_64, 1}},
    {GEMM_NN, DTYPE_F32, 512, 512, 1024, {GEMM_TILE_32, 8}},
    {GEMM_NT, DTYPE_F32, 512, 512, 512, {GEMM_TILE_128, 1}},
    {GEMM_TN, DTYPE_F32, 8, 8, 65536, {GEMM_TILE_64, 256}},
    {GEMM_NN, DTYPE_F32, 512, 512, 512, {GEMM_TILE_128, 1}},
    {GEMM_NN, DTYPE_F32, 64, 64, 100, {GEMM_TILE_64, 1}},
    {GEMM_NN, DTYPE_F32, 64, 64, 16384, {GEMM_TILE_32, 256}},
    {GEMM_NN, DTYPE_BF16, 4096, 4096, 4096, {GEMM_TILE_HOPPER_256x128s3c2, 1}},
};
static const struct tuning tuning = {entries, sizeof entries / sizeof entries[0]};

TEST(the_nearest_measured_shape_decides) {
    static const struct {
        enum gemm_variant variant;
        int64_t m, n, k;
        int entry; /* -1: counted work decides */
    } rows[] = {
        {GEMM_NN, 512, 512, 512, 0},   /* itself, the first of two */
        {GEMM_NN, 512, 512, 700, 0},   /* log2: 0.45 from 512, 0.55 from 1024 */
        {GEMM_NN, 512, 512, 740, 1},   /* 0.53 and 0.47 */
        {GEMM_NN, 1024, 512, 512, 0},  /* just near enough */
        {GEMM_NN, 256, 512, 512, 0},   /* likewise */
        {GEMM_NN, 1025, 512, 512, -1}, /* too far */
        {GEMM_NN, 800, 800, 512, -1},  /* twice 0.64, though neither alone is too far */
        {GEMM_NN, 640, 640, 512, 0},   /* twice 0.32 */
        {GEMM_NT, 512, 512, 512, 2},   /* another variant */
        {GEMM_TN, 512, 512, 512, -1},  /* and one that was measured elsewhere only */
        {GEMM_NN, 64, 64, 128, 5},     {GEMM_NN, 64, 64, 16384, 6}, /* 256 parts of 64 */
        {GEMM_NN, 64, 64, 16383, -1}, /* nearer than near, but parts would be too short */
        {GEMM_TN, 8, 8, 65536, 3},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct gemm_problem problem = {
            .variant = rows[i].variant, .m = rows[i].m, .n = rows[i].n, .k = rows[i].k};
        const struct tuning_entry *nearest = tuning_nearest(&tuning, &problem);
        const int found = nearest ? (int)(nearest - entries) : -1;
        const struct gemm_choice choice = gemm_choose(&problem, 132, &tuning),
                                 counted = gemm_choose(&problem, 132, NULL);
        const struct gemm_choice expected =
            rows[i].entry >= 0 ? entries[rows[i].entry].choice : counted;
        if (found != rows[i].entry || choice.tile != expected.tile ||
            choice.splits != expected.splits)
            fail_msg("row %zu: entry %d, not %d; %s in %d splits", i, found, rows[i].entry,
                     gemm_tile_name(choice.tile), choice.splits);
    }
    const struct gemm_problem narrow = {.dtype = DTYPE_BF16, .m = 4096, .n = 4096, .k = 8192};
    const struct gemm_problem other = {.dtype = DTYPE_F16, .m = 4096, .n = 4096, .k = 8192};
    assert_ptr_equal(tuning_nearest(&tuning, &narrow), &entries[tuning.count - 1]);
    assert_null(tuning_nearest(&tuning, &other));
    const struct gemm_problem problem = {.m = 512, .n = 512, .k = 512};
    const struct tuning none = {NULL, 0};
    assert_null(tuning_nearest(NULL, &problem));
    assert_null(tuning_nearest(&none, &problem));
}

/* What is tried is what can be launched, and holds what counted work would take. */
TEST(all_choices_are_enumerated) {
    static const struct {
        int64_t m, n, k;
        int count;
    } rows[] = {{64, 64, 127, 3},         /* no split leaves parts of 64 */
                {64, 64, 128, 5},         /* two tiles in halves */
                {64, 64, 1 << 20, 19},    /* up to 256 parts */
                {2048, 1024, 1 << 20, 5}, /* the workspace holds two sums */
                {4096, 4096, 4096, 3}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct gemm_problem problem = {.m = rows[i].m, .n = rows[i].n, .k = rows[i].k};
        const struct gemm_choice model = gemm_choose(&problem, 132, NULL);
        struct gemm_choice choices[GEMM_CHOICES_MAX];
        const int count = gemm_choices(&problem, choices);
        assert_int_equal(count, rows[i].count);
        int found = 0;
        for (int c = 0; c < count; c++) {
            assert_true(isfinite(gemm_choice_cost(&problem, choices[c], 132)));
            found += choices[c].tile == model.tile && choices[c].splits == model.splits;
        }
        assert_int_equal(found, 1);
    }
}

/* --- the launch follows ----------------------------------------------------------------------- */

enum { SIDE = 64 };

static void expect_first_kernel(struct staging *staging, const char *name) {
    struct emulator_counters row = {.size = sizeof row};
    assert_int_equal(gpu_counters_read(staging->device.gpu, 0, &row, &staging->message), STATUS_OK);
    assert_string_equal(row.kernel, name);
}

TEST(gemm_and_linear_launch_what_was_measured) {
    static const struct {
        struct gemm_choice choice;
        const char *gemm, *linear;
    } rows[] = {
        {{GEMM_TILE_128, 1}, "gemm_pipelined_nt_128x128", "linear_fused_128x128"},
        {{GEMM_TILE_64, 1}, "gemm_pipelined_nt_64x64", "linear_fused_64x64"},
        {{GEMM_TILE_32, 1}, "gemm_pipelined_nt_32x32", "linear_fused_32x32"},
        {{GEMM_TILE_64, 2}, "gemm_split_k_nt_64x64", "gemm_split_k_nt_64x64"},
        {{GEMM_TILE_32, 2}, "gemm_split_k_nt_32x32", "gemm_split_k_nt_32x32"},
    };
    static float x[SIDE * 2 * SIDE], bias[SIDE], y[SIDE * SIDE];
    struct staging *staging = staging_open_emulated();
    if (staging == NULL)
        skip();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct tuning_entry entry = {GEMM_NT, DTYPE_F32, SIDE,
                                           SIDE,    2 * SIDE,  rows[i].choice};
        const struct tuning measured = {&entry, 1};
        staging->execution.tuning = &measured;
        const float *a = staging_input(staging, x, SIDE * 2 * SIDE, 0);
        float *c = staging_output(staging, y, SIDE * SIDE, 0);
        const struct gemm_problem product = {.variant = GEMM_NT,
                                             .dtype = DTYPE_F32,
                                             .m = SIDE,
                                             .n = SIDE,
                                             .k = 2 * SIDE,
                                             .alpha = 1.0F,
                                             .a = a,
                                             .b = a,
                                             .c = c,
                                             .lda = 2 * SIDE,
                                             .ldb = 2 * SIDE,
                                             .ldc = SIDE};
        const struct linear_problem layer = {.rows = SIDE,
                                             .outputs = SIDE,
                                             .inputs = 2 * SIDE,
                                             .x = a,
                                             .weights = a,
                                             .bias = staging_input(staging, bias, SIDE, 0),
                                             .y = c};
        assert_int_equal(gpu_counters_reset(staging->device.gpu, &staging->message), STATUS_OK);
        assert_int_equal(gemm_cuda_best(&product, &staging->execution), STATUS_OK);
        expect_first_kernel(staging, rows[i].gemm);
        assert_int_equal(gpu_counters_reset(staging->device.gpu, &staging->message), STATUS_OK);
        assert_int_equal(linear_cuda_best(&layer, &staging->execution), STATUS_OK);
        expect_first_kernel(staging, rows[i].linear);
        staging_finish(staging, "tuned");
    }
    staging_close(staging);
}

/* --- the file --------------------------------------------------------------------------------- */

#define HEADER                                                                                     \
    "device,capability,variant,dtype,shape,tile,splits,median_s,low_s,high_s,model_tile,model_"    \
    "splits,"                                                                                      \
    "model_s,driver,date,commit,broken\n"
#define TAIL ",64x64,1,2e-05,580.65.06,2026-11-23T04:00:00Z,0123456789ab,\n"
#define ROW(device, choice) device ",9.0,nn,f32,512x512x512," choice ",1e-05,9e-06,1.1e-05" TAIL

static struct gpu_properties gpu_of(const char *name, int capability) {
    struct gpu_properties gpu = {.capability = capability};
    snprintf(gpu.name, sizeof gpu.name, "%s", name);
    return gpu;
}

static const char *file_of(const char *text) {
    temporary_write(&place, "tuning.csv", text);
    return temporary_path(&place, "tuning.csv");
}

TEST_IN_TEMPORARY(what_is_wrong_with_a_file_is_named, &place) {
    static const struct {
        const char *text, *words;
    } files[] = {
        {"", "tuning.csv:1: "},
        {"mlp,9.0\n", "tuning.csv:1: the header's field 1 should be 'device'"},
        {HEADER ROW("A", "64x64,1") "A,9.0,nn", "tuning.csv:3: the last line is cut off"},
        {HEADER "A,9.0,nn\n", "tuning.csv:2: the line does not have the 17 fields"},
        {HEADER ROW("A", "96x96,1"), "tuning.csv:2: there is no tile '96x96'"},
        {HEADER ROW("A", "64x64,1") ROW("B", "128x128,2"),
         "tuning.csv:3: 128x128 in 2 splits cannot run 512x512x512 in f32"},
        {HEADER ROW("A", "128x256s4c2,1"), "tuning.csv:2: 128x256s4c2 in 1 splits cannot run"},
        {HEADER "A,9.0,nn,f64,512x512x512,64x64,1,1e-05,9e-06,1.1e-05" TAIL,
         "tuning.csv:2: there is no dtype 'f64'"},
        {HEADER "A,9.0,nn,bf16,512x512x512,64x64,1,1e-05,9e-06,1.1e-05" TAIL,
         "tuning.csv:2: 64x64 in 1 splits cannot run 512x512x512 in bf16"},
        {HEADER ROW("A", "64x64,0"), "tuning.csv:2: 64x64 in 0 splits"},
        {HEADER ROW("A", "64x64,-4"), "tuning.csv:2: splits is '-4', not a count"},
        {HEADER ROW("A", "64x64,4294967297"), "tuning.csv:2: 64x64 in 4294967297 splits"},
        {HEADER ROW("A", "64x64,two"), "tuning.csv:2: splits is 'two', not a count"},
        {HEADER "A,9.0,tt,f32,512x512x512,64x64,1,1e-05,9e-06,1.1e-05" TAIL,
         "tuning.csv:2: there is no variant 'tt'"},
        {HEADER "A,9.0,nn,f32,512x512,64x64,1,1e-05,9e-06,1.1e-05" TAIL, "tuning.csv:2: "},
        {HEADER "A,9.0,nn,f32,512x512x512,64x64,1,nan,9e-06,1.1e-05" TAIL,
         "tuning.csv:2: median_s is"},
        {HEADER "A,9.0,nn,f32,512x512x512,64x64,1,,9e-06,1.1e-05" TAIL,
         "tuning.csv:2: median_s, low_s"},
        {HEADER "A,9.0,nn,f32,512x512x512,64x64,1,1e-05,0,1.1e-05" TAIL,
         "tuning.csv:2: median_s, low_s"},
        {HEADER "A,9.0,nn,f32,512x512x512,64x64,1,1e-05,9e-06,inf" TAIL,
         "tuning.csv:2: median_s, low_s"},
        {HEADER "A,9.0,nn,f32,512x512x512,64x64,1,1e-05,2e-05,3e-05" TAIL,
         "tuning.csv:2: median_s, low_s"},
    };
    const struct gpu_properties gpu = gpu_of("A", 90);
    struct tuning_use *use;
    struct message message;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        assert_int_equal(tuning_use_open(file_of(files[i].text), &gpu, &use, &message),
                         STATUS_INVALID);
        assert_null(use);
        if (strstr(message.text, files[i].words) == NULL)
            fail_msg("file %zu: '%s' should hold '%s'", i, message.text, files[i].words);
    }
    file_write(temporary_path(&place, "tuning.csv"), HEADER "A,9\0,", sizeof HEADER + 5);
    assert_int_equal(tuning_use_open(temporary_path(&place, "tuning.csv"), &gpu, &use, &message),
                     STATUS_INVALID);
    assert_non_null(strstr(message.text, "tuning.csv:2: the line holds bytes"));
    assert_int_equal(tuning_use_open(temporary_path(&place, "none.csv"), &gpu, &use, &message),
                     STATUS_INVALID);
    assert_non_null(strstr(message.text, "none.csv"));
}

/* Of a file of several GPUs each takes its own rows; another one is told so and takes none. */
TEST_IN_TEMPORARY(only_the_rows_of_this_gpu_are_used, &place) {
    static const char text[] = HEADER ROW("A", "64x64,1") ROW("B", "32x32,2") ROW("A", "128x128,1");
    static const struct {
        const char *name;
        int capability;
        size_t used;
        const char *words;
    } gpus[] = {{"A", 90, 2, "tuning: 2 shapes of "},
                {"B", 90, 1, "measured 2026-11-23T04:00:00Z on B, driver 580.65.06"},
                {"A", 80, 0,
                 "it holds measurements of A, and the GPU is A of compute capability "
                 "8.0"},
                {"C", 90, 0, "the GPU is C of compute capability 9.0; `lockstep tune`"}};
    struct message message;
    struct tuning_use *use;
    for (size_t i = 0; i < sizeof gpus / sizeof gpus[0]; i++) {
        const struct gpu_properties gpu = gpu_of(gpus[i].name, gpus[i].capability);
        assert_int_equal(tuning_use_open(file_of(text), &gpu, &use, &message), STATUS_OK);
        assert_int_equal(use->tuning.count, gpus[i].used);
        assert_int_equal(strncmp(use->note, "warning: ", 9) == 0, gpus[i].used == 0);
        if (strstr(use->note, gpus[i].words) == NULL)
            fail_msg("'%s' should hold '%s'", use->note, gpus[i].words);
        tuning_use_close(use);
    }
    const struct gpu_properties b = gpu_of("B", 90);
    assert_int_equal(tuning_use_open(file_of(text), &b, &use, &message), STATUS_OK);
    assert_int_equal(use->tuning.entries[0].choice.tile, GEMM_TILE_32);
    assert_int_equal(use->tuning.entries[0].choice.splits, 2);
    assert_int_equal(use->tuning.entries[0].k, 512);
    tuning_use_close(use);
    assert_int_equal(tuning_use_open(file_of(HEADER), &b, &use, &message), STATUS_OK);
    assert_non_null(strstr(use->note, "it holds no measurement"));
    tuning_use_close(use);
}

/* --- the program ------------------------------------------------------------------------------ */

static char output[1 << 16]; /* of the last call, both streams */

/* Runs a shell command in which $L is the program and the stand-in GPU follows `order`; "" is
 * no GPU. */
static int shell(const char *order, const char *command) {
    char folder[PATH_MAX], program[PATH_MAX], whole[3 * PATH_MAX];
    const char *named = getenv("LOCKSTEP");
    assert_non_null(realpath(STAND_IN_FOLDER, folder));
    if (realpath(named ? named : "build/lockstep", program) == NULL)
        fail_msg("the program is not built");
    snprintf(whole, sizeof whole,
             "cd '%s' && export LD_LIBRARY_PATH='%s' LOCKSTEP_STAND_IN='%s' "
             "LOCKSTEP_STAND_IN_SILENT=1 CUDA_VISIBLE_DEVICES= L='%s' && { %s; } 2>&1",
             place.path, *order ? folder : "", order, program, command);
    FILE *pipe = popen(whole, "r"); /* NOLINT(cert-env33-c): the program under test */
    assert_non_null(pipe);
    output[fread(output, 1, sizeof output - 1, pipe)] = '\0';
    int status = pclose(pipe);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void expect_shell(int status, const char *order, const char *command, const char *words) {
    int got = shell(order, command);
    if (got != status || strstr(output, words) == NULL)
        fail_msg("with '%s', `%s` exits with %d, not %d with '%s':\n%s", order, command, got,
                 status, words, output);
}

/* The file that `tune` left, whole. */
static struct tuning_file file_read_back(size_t rows) {
    struct tuning_file file;
    struct message message;
    if (tuning_read(temporary_path(&place, "t.csv"), &file, &message) != STATUS_OK)
        fail_msg("%s", message.text);
    assert_int_equal(file.row_count, rows);
    return file;
}

#define TUNE "\"$L\" tune --max-time 0.1 --out t.csv "
#define BEST                                                                                       \
    "\"$L\" run --case gemm/nn/f32/48x48x128 --implementation cuda-best --gpu 0 --quick "          \
    "--max-time 0.1 "

/* Whichever tiles are fast: the table names them, and cuda-best launches them. */
TEST_IN_TEMPORARY(the_fastest_choice_is_written_and_followed, &place) {
    static const struct {
        const char *order, *tile, *table;
    } gpus[] = {{"fast=128", "128x128", "counted work would choose 32x32 in 1 split: 2.000 times"},
                {"fast=64", "64x64", "counted work would choose 32x32 in 1 split: 2.000 times"},
                {"fast=32", "32x32", "counted work would choose 32x32 in 1 split: 1.000 times"}};
    if (!staging_has_kernels())
        skip();
    for (size_t i = 0; i < sizeof gpus / sizeof gpus[0]; i++) {
        expect_shell(0, gpus[i].order, TUNE "64x64x128 --variant nn", gpus[i].table);
        struct tuning_file file = file_read_back(1); /* the row takes the place of the last one */
        const struct tuning_row *row = &file.rows[0];
        assert_string_equal(row->device, "Stand-in GPU 0");
        assert_string_equal(row->capability, "9.0");
        assert_string_equal(row->variant, "nn");
        assert_string_equal(row->dtype, "f32");
        assert_string_equal(row->shape, "64x64x128");
        assert_string_equal(row->tile, gpus[i].tile);
        assert_int_equal(row->splits, 1);
        assert_true(fabs(row->median_s - 2e-4) < 1e-9);
        assert_string_equal(row->model_tile, "32x32");
        assert_true(fabs(row->model_s - (i == 2 ? 2e-4 : 4e-4)) < 1e-9);
        assert_string_equal(row->driver, "580.65.06");
        assert_true(*row->commit && strlen(row->date) == 20);
        tuning_release(&file);
        expect_shell(0, gpus[i].order, BEST "--tuning t.csv --out tuned",
                     "tuning: 1 shape of t.csv");
        expect_shell(0, gpus[i].order, "cut -d, -f5,7,12 tuned/results.csv", "cuda-best,0,0.0002");
        expect_shell(0, gpus[i].order, "cat tuned/environment.json && rm -r tuned",
                     "\"measured_on\":\t\"Stand-in GPU 0\"");
    }
    expect_shell(0, "fast=64", BEST "--out plain && cut -d, -f5,7,12 plain/results.csv",
                 "cuda-best,0,0.0004");
}

/* In bf16 and f16 the forms of cuda-hopper are tried, and cuda-hopper follows. */
TEST_IN_TEMPORARY(the_forms_of_cuda_hopper_are_tuned, &place) {
    if (!staging_has_image("gemm_10_hopper_128x256"))
        skip();
    expect_shell(0, "fast=256", TUNE "64x64x128 --variant nt --dtype bf16,f16",
                 "counted work would choose 128x128s4c2 in 1 split: 1.000 times");
    struct tuning_file file = file_read_back(2);
    assert_string_equal(file.rows[0].dtype, "bf16");
    assert_string_equal(file.rows[1].dtype, "f16");
    assert_string_equal(file.rows[0].model_tile, "128x128s4c2");
    tuning_release(&file);
    for (enum gemm_tile_size form = GEMM_TILE_BEFORE_HOPPER + 1; form < GEMM_TILES; form++)
        if (strstr(output, gemm_tile_name(form)) == NULL)
            fail_msg("%s was not tried:\n%s", gemm_tile_name(form), output);
    expect_shell(2, "fast=256", TUNE "64x64x64 --dtype tf32", "neither tf32 nor batches are tuned");
    expect_shell(2, "fast=256", TUNE "64x64x64 --dtype f64", "there is no dtype 'f64'");
}

/* A wrong result is told, ends with 1, and is in no row however fast it was. */
TEST_IN_TEMPORARY(a_wrong_choice_is_never_written, &place) {
    if (!staging_has_kernels())
        skip();
    expect_shell(1, "wrong=128", TUNE "64x64x128 --variant tn",
                 "128x128          1  WRONG: c[63,63] is ");
    struct tuning_file file = file_read_back(1);
    assert_string_equal(file.rows[0].tile, "64x64");
    assert_string_equal(file.rows[0].broken, "128x128/1");
    tuning_release(&file);
}

/* An error of the driver that spares the context costs the choice alone: the fastest of the others
 * is written beside its name, and the call ends with 3. */
TEST_IN_TEMPORARY(a_choice_that_breaks_is_named_in_the_file, &place) {
    if (!staging_has_kernels())
        skip();
    expect_shell(3, "cuLaunchKernel=701", TUNE "64x64x128 --variant nn",
                 "1 choice broke with an error");
    assert_non_null(strstr(output, "CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES"));
    struct tuning_file file = file_read_back(1);
    assert_string_equal(file.rows[0].broken, "128x128/1");
    tuning_release(&file);
}

/* Right when it is looked at first and wrong by the last sample: what it did between is no time. */
TEST_IN_TEMPORARY(a_choice_that_goes_wrong_is_never_written, &place) {
    if (!staging_has_kernels())
        skip();
    expect_shell(1, "spoiling=64", TUNE "64x64x128 --variant nn",
                 "64x64            1  WRONG: c[63,63] is ");
    struct tuning_file file = file_read_back(1);
    assert_string_not_equal(file.rows[0].tile, "64x64");
    tuning_release(&file);
}

/* What the file has of another GPU stays, and a file that is none is left alone. */
TEST_IN_TEMPORARY(what_is_in_the_file_stays, &place) {
    if (!staging_has_kernels())
        skip();
    temporary_write(&place, "t.csv", HEADER ROW("A", "32x32,2"));
    expect_shell(0, "fast=64", TUNE "64x64x64 65x64x64 --variant nn", "measured 2 of 2 shapes");
    struct tuning_file file = file_read_back(3);
    assert_string_equal(file.rows[0].device, "A");
    assert_string_equal(file.rows[1].shape, "64x64x64");
    assert_string_equal(file.rows[2].shape, "65x64x64");
    tuning_release(&file);
    temporary_write(&place, "t.csv", "my notes\n");
    expect_shell(2, "fast=64", TUNE "64x64x64", "t.csv:1: the header's field 1");
    expect_shell(0, "", "cat t.csv", "my notes\n");
    expect_shell(2, "fast=64", "\"$L\" tune 64x64x64 --out nowhere/t.csv",
                 "cannot write nowhere/t.csv");
}

/* A GPU that breaks at the first launch is reset, and the next shape is measured. */
TEST_IN_TEMPORARY(a_shape_that_cannot_be_measured_is_told, &place) {
    if (!staging_has_kernels())
        skip();
    expect_shell(3, "cuLaunchKernel=719", TUNE "32x32x32 64x64x64 --variant nn",
                 "1 of 2 shapes could not be measured");
    struct tuning_file file = file_read_back(1);
    assert_string_equal(file.rows[0].shape, "64x64x64");
    tuning_release(&file);
}

/* Interrupted as soon as there is something to keep. */
TEST_IN_TEMPORARY(an_interruption_keeps_what_is_done, &place) {
    if (!staging_has_kernels())
        skip();
    expect_shell(3, "fast=64",
                 TUNE "16x16x16 17x16x16 18x16x16 19x16x16 20x16x16 21x16x16 22x16x16 23x16x16 & "
                      "for i in $(seq 600); do [ -e t.csv ] && break; sleep 0.1; done; "
                      "kill -INT $!; wait $!",
                 "interrupted; ");
    struct tuning_file file;
    struct message message;
    assert_int_equal(tuning_read(temporary_path(&place, "t.csv"), &file, &message), STATUS_OK);
    assert_in_range(file.row_count, 1, 23);
    tuning_release(&file);
    expect_shell(0, "", "ls", "t.csv\n");
    assert_null(strstr(output, "-part"));
}

TEST_IN_TEMPORARY(without_a_gpu_that_has_times_there_is_nothing_to_tune, &place) {
    expect_shell(77, "", TUNE, "tune measures times on a real GPU");
    assert_null(strstr(output, "--gpu emulated"));
    expect_shell(77, "", TUNE "--gpu none", "--gpu none leaves it out");
    expect_shell(77, "", TUNE "--gpu 0", "libcuda.so.1");
    assert_null(strstr(output, "--gpu emulated"));
    expect_shell(77, "capability=7", TUNE, "compute capability 8.0 and up");
    if (staging_has_kernels())
        expect_shell(77, "", TUNE "--gpu emulated", "an emulated GPU has none");
    expect_shell(2, "", TUNE "64x64", "MxNxK");
    expect_shell(2, "", TUNE "--variant nn,xx", "there is no variant 'xx'");
    expect_shell(2, "", TUNE "--preset none", "there is no preset 'none'");
    expect_shell(2, "", TUNE "--preset recommender --variant tn", "no shape is left");
    expect_shell(2, "", TUNE "4x64x64x64", "neither tf32 nor batches are tuned");
}

/* A file for the emulated GPU, where every launch is counted by name: run, verify, train and info
 * know --tuning, and gemm, linear and mlp launch what it says. */
TEST_IN_TEMPORARY(every_command_follows_the_file, &place) {
    struct staging *staging = staging_open_emulated();
    if (staging == NULL)
        skip();
    struct tuning_file file = {0};
    struct tuning_row row;
    struct message message;
    snprintf(file.path, sizeof file.path, "%s/e.csv", place.path);
    tuning_row_begin(&row, gpu_properties(staging->device.gpu), "");
    staging_close(staging);
    row.median_s = row.low_s = row.high_s = 1e-5;
    row.splits = row.model_splits = 1;
    snprintf(row.tile, sizeof row.tile, "64x64");
    snprintf(row.model_tile, sizeof row.model_tile, "32x32");
    snprintf(row.dtype, sizeof row.dtype, "f32");
    snprintf(row.shape, sizeof row.shape, "32x32x32");
    for (int v = 0; v < operation_gemm.variant_count; v++) {
        snprintf(row.variant, sizeof row.variant, "%s", operation_gemm.variants[v]);
        assert_int_equal(tuning_put(&file, &row, &message), STATUS_OK);
    }
    assert_int_equal(tuning_write(&file, &message), STATUS_OK);
    tuning_release(&file);
#define COUNTED(case, options)                                                                     \
    "\"$L\" run --case " case " --implementation cuda-best --gpu emulated --quick " options        \
                              " --out r >/dev/null && cut -d, -f6 r/counters.csv && rm -r r"
    static const struct {
        const char *command, *words;
    } rows[] = {
        {COUNTED("gemm/tn/f32/32x32x32", ""), "gemm_pipelined_tn_32x32"},
        {COUNTED("gemm/tn/f32/32x32x32", "--tuning e.csv"), "gemm_pipelined_tn_64x64"},
        {COUNTED("gemm/tn/f32/128x32x32", "--tuning e.csv"), "gemm_pipelined_tn_32x32"},
        {COUNTED("linear/bias/f32/32x32x32", ""), "linear_fused_32x32"},
        {COUNTED("linear/bias/f32/32x32x32", "--tuning e.csv"), "linear_fused_64x64"},
        {COUNTED("mlp/inference/f32/32-32-32@32", "--tuning e.csv"), "linear_fused_64x64"},
        {"\"$L\" verify linear --gpu emulated --implementation cuda-best --tuning e.csv",
         "tuning: 3 shapes of e.csv"},
        {"\"$L\" train --data synthetic --layers 4-3 --epochs 0 --implementation cuda-best --gpu "
         "emulated --out t --tuning e.csv",
         "tuning: 3 shapes of e.csv"},
        {"\"$L\" info --tuning e.csv", "warning: e.csv is not used: there is no GPU"},
        {"\"$L\" sample --case transfer/copy/f32/17 --gpu none --tuning e.csv </dev/null",
         "warning: e.csv is not used: there is no GPU"},
        {"\"$L\" ab \"$L\" \"$L\" --case transfer/copy/f32/17 --implementation cpu-naive --pairs 6 "
         "--gpu none --tuning e.csv",
         "lockstep: warning: e.csv is not used: there is no GPU"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        expect_shell(0, "", rows[i].command, rows[i].words);
    static const char *const commands[] = {"run --quick --gpu emulated", "verify linear", "info",
                                           "train --gpu emulated --implementation cuda-best",
                                           "sample --quick"};
    temporary_write(&place, "e.csv", HEADER "A,9.0,nn\n");
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        char command[256];
        snprintf(command, sizeof command, "\"$L\" %s --tuning e.csv", commands[i]);
        expect_shell(2, "", command, "e.csv:2: the line does not have");
    }
}
