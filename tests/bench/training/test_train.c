/* Training: it learns, it is repeatable, it can be saved, continued, interrupted and stopped.
 * Counts and results only, no times. */
#include "bench/training/train.h"
#include "common/floating.h"
#include "reference/libraries.h"
#include "reference/naive.h"
#include "reference/simd/simd.h"
#include "tests/support/networks.h"
#include "tests/support/test.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static const struct mlp_kernels fast = {
    .gemm = gemm_openblas,
    .activation = activation_simd,
    .softmax = softmax_simd,
    .cross_entropy = cross_entropy_simd,
    .mse = mse_simd,
    .column_sums = column_sums_simd,
    .optimizer = optimizer_simd,
    .round = round_simd,
};

/* A temporary folder, the CPU, and options that train a small network on synthetic data. */
struct bench {
    char folder[64];
    char weights[96], other[96], csv[96], report_path[96];
    FILE *report;
    struct device device;
    struct train_options options;
    struct message message;
};

static int bench_open(void **state) {
    struct bench *bench = calloc(1, sizeof *bench);
    strcpy(bench->folder, "/tmp/test_train.XXXXXX");
    assert_non_null(mkdtemp(bench->folder));
    snprintf(bench->weights, sizeof bench->weights, "%s/weights", bench->folder);
    snprintf(bench->other, sizeof bench->other, "%s/other", bench->folder);
    snprintf(bench->csv, sizeof bench->csv, "%s/training.csv", bench->folder);
    snprintf(bench->report_path, sizeof bench->report_path, "%s/report", bench->folder);
    assert_int_equal(device_cpu_open(&bench->device, &bench->message), STATUS_OK);
    bench->report = fopen(bench->report_path, "w+");
    assert_non_null(bench->report);
    struct train_options *options = &bench->options;
    *options = (struct train_options){
        .data = "synthetic",
        .ignored_label = -1,
        .epochs = 2,
        .seed = 1,
        .implementation = "fast",
        .kernels = &fast,
        .device = &bench->device,
        .threads = 2,
        .report = bench->report,
    };
    mlp_model_defaults(&options->model);
    assert_int_equal(mlp_layers_parse("40-24-5", &options->model, &bench->message), STATUS_OK);
    options->model.batch = 64; /* 6000 = 93 * 64 + 48: the last batch is smaller */
    cpu_threads_set(2);
    *state = bench;
    return 0;
}

static int bench_close(void **state) {
    struct bench *bench = *state;
    const char *const made[] = {bench->weights, bench->other, bench->csv, bench->report_path};
    fclose(bench->report);
    for (size_t i = 0; i < sizeof made / sizeof made[0]; i++)
        unlink(made[i]);
    int left = rmdir(bench->folder); /* fails where a partial file was forgotten */
    struct message message;
    assert_int_equal(bench->device.close(&bench->device, &message), STATUS_OK);
    free(bench);
    return left;
}

#define TEST_TRAINING(test) TEST_BETWEEN(test, bench_open, bench_close)

static struct train_row train(struct bench *bench) {
    struct train_row last;
    enum status status = train_run(&bench->options, &last, &bench->message);
    if (status != STATUS_OK)
        fail_msg("%s", bench->message.text);
    return last;
}

static enum status train_fails(struct bench *bench) {
    struct train_row last;
    bench->message.text[0] = '\0';
    enum status status = train_run(&bench->options, &last, &bench->message);
    assert_int_not_equal(status, STATUS_OK);
    return status;
}

static bool says(const struct bench *bench, const char *text) {
    return strstr(bench->message.text, text) != NULL;
}

static struct train_row *rows_read(struct bench *bench, size_t *count) {
    void *rows;
    assert_int_equal(csv_read(bench->csv, &train_csv, &rows, count, NULL, &bench->message),
                     STATUS_OK);
    return rows;
}

/* --- learning --------------------------------------------------------------------------------- */

TEST_TRAINING(it_learns) {
    struct bench *bench = *state;
    static const struct {
        enum activation_function hidden;
        enum mlp_loss loss;
        enum optimizer_variant optimizer;
        float rate;
    } settings[] = {
        {ACTIVATION_RELU, MLP_CROSS_ENTROPY, OPTIMIZER_ADAM, 0.001F},
        {ACTIVATION_GELU_TANH, MLP_CROSS_ENTROPY, OPTIMIZER_SGD_MOMENTUM, 0.01F},
        {ACTIVATION_TANH, MLP_MSE, OPTIMIZER_SGD, 0.1F},
    };
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
        bench->options.model.hidden = settings[i].hidden;
        bench->options.model.loss = settings[i].loss;
        bench->options.model.optimizer = settings[i].optimizer;
        bench->options.model.learning_rate = settings[i].rate;
        bench->options.epochs = 0;
        struct train_row before = train(bench);
        assert_true(before.accuracy < 0.5); /* 0.2 by chance */
        bench->options.epochs = 1;
        struct train_row first = train(bench);
        bench->options.epochs = 6;
        struct train_row last = train(bench);
        assert_true(last.loss < 0.7 * first.loss);
        assert_true(last.accuracy > 0.75); /* these data allow about 0.8 */
        assert_int_equal(last.step, 6 * 94);
    }
}

/* Every implementation learns the same: naive kernels and fast ones differ by roundings alone. */
TEST_TRAINING(implementations_agree) {
    struct bench *bench = *state;
    bench->options.epochs = 1;
    struct train_row quick = train(bench);
    bench->options.kernels = &naive_kernels;
    struct train_row plain = train(bench);
    assert_true(fabs(quick.loss - plain.loss) < 1e-4);
    assert_true(fabs(quick.accuracy - plain.accuracy) <= 0.005);
}

TEST_TRAINING(same_seed_same_numbers) {
    struct bench *bench = *state;
    struct train_row one = train(bench), two = train(bench);
    assert_true(one.loss == two.loss && one.accuracy == two.accuracy);
    bench->options.seed = 2;
    struct train_row three = train(bench);
    assert_true(one.loss != three.loss);
}

TEST_TRAINING(smaller_last_batch_or_none) {
    struct bench *bench = *state;
    bench->options.epochs = 1;
    assert_int_equal(train(bench).step, 94);
    bench->options.drop_last = true;
    assert_int_equal(train(bench).step, 93);
    bench->options.model.batch = 6000;
    assert_int_equal(train(bench).step, 1);
}

/* With a step too small to matter, an epoch's loss is that of the samples it drew: of 4000 out of
 * 6000, others in each epoch and for each seed. */
TEST_TRAINING(every_epoch_has_its_own_order) {
    struct bench *bench = *state;
    bench->options.model.batch = 4000;
    bench->options.model.learning_rate = 1e-12F;
    bench->options.drop_last = true;
    bench->options.out = bench->folder;
    bench->options.epochs = 3;
    train(bench);
    size_t count;
    struct train_row *rows = rows_read(bench, &count);
    assert_int_equal(count, 3);
    assert_true(rows[0].loss != rows[1].loss && rows[1].loss != rows[2].loss);
    free(rows);
}

TEST_TRAINING(denormal_mode_is_put_back) {
    struct bench *bench = *state;
    bench->options.epochs = 0;
    floating_flush_denormals(false);
    train(bench);
    assert_false(floating_denormals_flushed());
}

/* --- training.csv and the report -------------------------------------------------------------- */

TEST_TRAINING(every_epoch_is_a_row) {
    struct bench *bench = *state;
    bench->options.out = bench->folder;
    struct train_row last = train(bench);
    size_t count;
    struct train_row *rows = rows_read(bench, &count);
    assert_int_equal(count, 2);
    assert_int_equal(rows[0].epoch, 1);
    assert_int_equal(rows[1].epoch, 2);
    assert_int_equal(rows[1].step, 188);
    assert_true(fabs(rows[1].loss - last.loss) < 1e-8);
    assert_true(rows[1].loss < rows[0].loss);
    assert_true(rows[0].seconds > 0.0 && rows[0].samples_per_s > 0.0);
    free(rows);
    assert_int_equal(train_fails(bench), STATUS_INVALID); /* the rows of another training */
    assert_true(says(bench, "holds another training"));
}

/* Killed within its first row, a training is begun again by the same call. */
TEST_TRAINING(a_first_row_that_was_cut) {
    struct bench *bench = *state;
    bench->options.out = bench->folder;
    bench->options.epochs = 1;
    static const char header[] = "epoch,step,loss,accuracy,seconds,samples_per_s\n";
    static const char *const lines[] = {"", "1", "1,94,0.5,0.8,0.1,3000"};
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        FILE *file = fopen(bench->csv, "w");
        assert_non_null(file);
        assert_true(fprintf(file, "%s%s", header, lines[i]) > 0);
        assert_int_equal(fclose(file), 0);
        train(bench);
        size_t count;
        free(rows_read(bench, &count));
        assert_int_equal(count, 1);
    }
}

/* A row is written before its weights. Killed between the two, or within the next row, a training
 * is resumed from its weights, and every epoch has one row. */
TEST_TRAINING(rows_that_the_weights_do_not_know) {
    struct bench *bench = *state;
    bench->options.out = bench->folder;
    bench->options.save = bench->weights;
    bench->options.epochs = 1;
    train(bench);
    bench->options.load = bench->weights;
    static const char *const lines[] = {"2,188,0.5,0.8,0.1,3000\n", "2,18"};
    for (int i = 0; i < 2; i++) {
        FILE *file = fopen(bench->csv, "a");
        assert_non_null(file);
        assert_true(fputs(lines[i], file) >= 0);
        assert_int_equal(fclose(file), 0);
        bench->options.epochs = i; /* 0 only evaluates */
        train(bench);
    }
    size_t count;
    struct train_row *rows = rows_read(bench, &count);
    assert_int_equal(count, 2);
    assert_int_equal(rows[1].epoch, 2);
    free(rows);
}

TEST_TRAINING(weights_that_are_older_than_the_rows) {
    struct bench *bench = *state;
    bench->options.out = bench->folder;
    bench->options.epochs = 1;
    bench->options.save = bench->weights;
    train(bench);
    bench->options.load = bench->weights;
    bench->options.save = bench->other;
    bench->options.epochs = 2;
    train(bench);
    assert_int_equal(train_fails(bench), STATUS_INVALID);
    assert_true(says(bench, "has rows up to epoch 3, and the weights of --load are of epoch 1"));
}

TEST_TRAINING(an_emulated_device_has_no_times) {
    struct bench *bench = *state;
    bench->options.out = bench->folder;
    bench->options.epochs = 1;
    bench->device.emulated = true;
    train(bench);
    size_t count;
    struct train_row *rows = rows_read(bench, &count);
    assert_true(isnan(rows[0].seconds) && isnan(rows[0].samples_per_s));
    free(rows);
}

TEST_TRAINING(the_report_has_a_line_an_epoch) {
    struct bench *bench = *state;
    train(bench);
    rewind(bench->report);
    char line[512];
    int epochs = 0, bars = 0;
    while (fgets(line, sizeof line, bench->report)) {
        epochs += strstr(line, "1/2") == line + 2 || strstr(line, "2/2") == line + 2;
        bars += strchr(line, '\r') != NULL || strchr(line, '[') != NULL;
    }
    assert_int_equal(epochs, 2);
    assert_int_equal(bars, 0);
}

TEST_TRAINING(an_unwritable_folder_is_named) {
    struct bench *bench = *state;
    bench->options.out = "/proc/lockstep";
    assert_int_equal(train_fails(bench), STATUS_IO);
    assert_true(says(bench, "/proc/lockstep"));
    bench->options.out = NULL;
    bench->options.save = "/proc/lockstep/weights";
    assert_int_equal(train_fails(bench), STATUS_INVALID);
    assert_true(says(bench, "/proc/lockstep/weights"));
    bench->options.save = bench->folder;
    assert_int_equal(train_fails(bench), STATUS_INVALID);
}

/* A limit on the size of files, which the header meets and the first row does not, stands for a
 * full disk. */
TEST_TRAINING(a_row_that_cannot_be_written_ends_training) {
    struct bench *bench = *state;
    bench->options.out = bench->folder;
    bench->options.report = fopen("/dev/null", "w");
    struct rlimit before, small;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = (struct rlimit){.rlim_cur = 60, .rlim_max = before.rlim_max};
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    struct train_row last;
    enum status status = train_run(&bench->options, &last, &bench->message);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, handler);
    assert_int_equal(status, STATUS_IO);
    assert_true(says(bench, bench->csv));
    assert_true(says(bench, "File too large"));
    fclose(bench->options.report);
}

/* --- bad options ------------------------------------------------------------------------------ */

TEST_TRAINING(options_that_do_not_fit_are_refused) {
    struct bench *bench = *state;
    struct train_options right = bench->options;
    bench->options.model.batch = 0;
    assert_int_equal(train_fails(bench), STATUS_INVALID);
    bench->options.model.batch = 6001;
    assert_int_equal(train_fails(bench), STATUS_INVALID);
    assert_true(says(bench, "6000 training images"));
    bench->options = right;
    bench->options.epochs = -1;
    assert_int_equal(train_fails(bench), STATUS_INVALID);
    bench->options = right;
    bench->options.model.learning_rate = NAN;
    assert_int_equal(train_fails(bench), STATUS_INVALID);
    bench->options.model.learning_rate = -0.1F;
    assert_int_equal(train_fails(bench), STATUS_INVALID);
    bench->options = right;
    bench->options.data = "/nowhere";
    assert_int_equal(train_fails(bench), STATUS_INVALID);
}

/* --- memory ----------------------------------------------------------------------------------- */

static size_t bytes_left; /* of the device below */

static enum status memory_of_little(struct device *device, size_t *available, size_t *total,
                                    struct message *message) {
    (void)device;
    (void)message;
    *available = bytes_left;
    *total = (size_t)1 << 40;
    return STATUS_OK;
}

/* As in a container: what does not fit is refused before it is allocated, with both numbers. */
TEST_TRAINING(more_than_the_memory_is_refused) {
    struct bench *bench = *state;
    bench->device.memory = memory_of_little;
    bench->options.out = bench->folder;
    bytes_left = 1000;
    assert_int_equal(train_fails(bench), STATUS_NO_MEMORY);
    assert_true(says(bench, "synthetic images of 40 pixels need 307500 bytes of memory and 1000 "));
    bytes_left = (size_t)65 << 20;
    assert_int_equal(mlp_layers_parse("40-2000-5", &bench->options.model, &bench->message),
                     STATUS_OK);
    bench->options.model.batch = 500;
    assert_int_equal(train_fails(bench), STATUS_NO_MEMORY);
    assert_true(says(bench, " bytes of memory on cpu and 68157440 are available; give smaller"));
    assert_int_equal(access(bench->csv, F_OK), -1);
    bytes_left = (size_t)128 << 20;
    (void)train(bench);
}

/* --- saving, continuing, interrupting --------------------------------------------------------- */

static uint8_t *file_bytes(const char *path, size_t *size) {
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    uint8_t *bytes = malloc(1 << 20);
    *size = fread(bytes, 1, 1 << 20, file);
    assert_int_equal(fclose(file), 0);
    return bytes;
}

static void assert_same_files(const char *one, const char *two) {
    size_t size_one, size_two;
    uint8_t *bytes_one = file_bytes(one, &size_one), *bytes_two = file_bytes(two, &size_two);
    assert_int_equal(size_one, size_two);
    assert_memory_equal(bytes_one, bytes_two, size_one);
    free(bytes_one);
    free(bytes_two);
}

/* Four epochs at once, and two and two by way of the disk, end in the same bytes. */
TEST_TRAINING(continued_training_is_the_same_training) {
    struct bench *bench = *state;
    bench->options.out = bench->folder;
    bench->options.save = bench->weights;
    train(bench);
    bench->options.load = bench->weights;
    struct train_row continued = train(bench);
    assert_int_equal(continued.epoch, 4);
    size_t count;
    struct train_row *rows = rows_read(bench, &count);
    assert_int_equal(count, 4);
    free(rows);

    bench->options.out = NULL;
    bench->options.load = NULL;
    bench->options.save = bench->other;
    bench->options.epochs = 4;
    struct train_row at_once = train(bench);
    assert_true(at_once.loss == continued.loss && at_once.accuracy == continued.accuracy);
    assert_int_equal(at_once.step, continued.step);
    assert_same_files(bench->weights, bench->other);
}

/* What the report holds from its beginning. */
static bool reported(const struct bench *bench, const char *words) {
    char text[4096];
    rewind(bench->report);
    text[fread(text, 1, sizeof text - 1, bench->report)] = '\0';
    return strstr(text, words) != NULL;
}

/* The order of samples depends on the seed, so another one makes another training: said, once. */
/* An evaluation saves too: what it loaded, or what training would begin with. */
TEST_TRAINING(no_epochs_save_what_there_is) {
    struct bench *bench = *state;
    bench->options.epochs = 1;
    bench->options.save = bench->weights;
    (void)train(bench);
    bench->options.epochs = 0;
    bench->options.load = bench->weights;
    bench->options.save = bench->other;
    (void)train(bench);
    assert_same_files(bench->weights, bench->other);
    bench->options.load = NULL;
    (void)train(bench);
    bench->options.load = bench->other;
    bench->options.save = NULL;
    assert_int_equal(train(bench).step, 0);
}

TEST_TRAINING(another_seed_is_said) {
    struct bench *bench = *state;
    bench->options.save = bench->weights;
    bench->options.epochs = 1;
    train(bench);
    bench->options.load = bench->weights;
    train(bench);
    assert_false(reported(bench, "seed 1: samples"));
    bench->options.seed = 5;
    train(bench);
    assert_true(
        reported(bench, "was trained with seed 1: samples now come in the order of seed 5"));
}

TEST_TRAINING(another_optimizer_takes_the_parameters_alone) {
    struct bench *bench = *state;
    bench->options.save = bench->weights;
    double accuracy = train(bench).accuracy;
    bench->options.save = NULL;
    bench->options.load = bench->weights;
    bench->options.model.optimizer = OPTIMIZER_SGD;
    bench->options.epochs = 0;
    struct train_row last = train(bench);
    assert_true(last.accuracy == accuracy);
    assert_int_equal(last.step, 0);
    assert_int_equal(last.epoch, 2);
}

struct stopper {
    int asked, at;
};

static bool stop_at(void *context) {
    struct stopper *stopper = context;
    return ++stopper->asked > stopper->at;
}

TEST_TRAINING(an_interruption_keeps_what_is_done) {
    struct bench *bench = *state;
    struct stopper stopper = {0, 94 + 10};
    bench->options.stop = stop_at;
    bench->options.stop_context = &stopper;
    bench->options.save = bench->weights;
    bench->options.out = bench->folder;
    assert_int_equal(train_fails(bench), STATUS_INTERRUPTED);
    assert_true(says(bench, "epoch 2, after step 104"));
    assert_true(says(bench, bench->weights));
    size_t count;
    struct train_row *rows = rows_read(bench, &count);
    assert_int_equal(count, 1);
    free(rows);
    bench->options.stop = NULL;
    bench->options.load = bench->weights;
    bench->options.epochs = 1;
    struct train_row last = train(bench);
    assert_int_equal(last.epoch, 2);
    assert_int_equal(last.step, 104 + 94);
}

/* A rate so large that the loss overflows; what was saved before stays. */
TEST_TRAINING(a_loss_that_is_no_number_stops) {
    struct bench *bench = *state;
    bench->options.save = bench->weights;
    bench->options.epochs = 1;
    train(bench);
    size_t before_size, after_size;
    uint8_t *before = file_bytes(bench->weights, &before_size);
    bench->options.model.optimizer = OPTIMIZER_SGD;
    bench->options.model.loss = MLP_MSE;
    bench->options.model.hidden = ACTIVATION_IDENTITY;
    bench->options.model.learning_rate = 1e6F;
    assert_int_equal(train_fails(bench), STATUS_FAILED);
    assert_true(says(bench, "epoch 1, step "));
    assert_true(says(bench, "learning rate"));
    uint8_t *after = file_bytes(bench->weights, &after_size);
    assert_int_equal(before_size, after_size);
    assert_memory_equal(before, after, after_size);
    free(before);
    free(after);
}

static enum status fail_third(const struct optimizer_problem *problem,
                              struct execution *execution) {
    if (problem->step == 3)
        return message_set(execution->message, STATUS_FAILED, "the optimizer broke");
    return optimizer_naive(problem, execution);
}

TEST_TRAINING(a_failing_kernel_ends_training_with_its_reason) {
    struct bench *bench = *state;
    struct mlp_kernels broken = naive_kernels;
    broken.optimizer = fail_third;
    bench->options.kernels = &broken;
    assert_int_equal(train_fails(bench), STATUS_FAILED);
    assert_string_equal(bench->message.text, "the optimizer broke");
}

/* In 16 bits it learns as well, though not by the same numbers. */
TEST_TRAINING(it_learns_in_bf16_and_f16) {
    static const enum dtype dtypes[] = {DTYPE_BF16, DTYPE_F16};
    struct bench *bench = *state;
    bench->options.epochs = 3;
    const struct train_row exact = train(bench);
    static struct mlp_kernels kernels; /* the options outlive this function */
    kernels = fast;
    kernels.gemm = gemm_simd;
    bench->options.kernels = &kernels;
    for (size_t i = 0; i < sizeof dtypes / sizeof dtypes[0]; i++) {
        bench->options.model.dtype = dtypes[i];
        const struct train_row rounded = train(bench);
        assert_true(rounded.loss != exact.loss);
        assert_true(fabs(rounded.loss - exact.loss) < 0.05 * exact.loss);
        assert_true(rounded.accuracy > exact.accuracy - 0.02);
    }
}
