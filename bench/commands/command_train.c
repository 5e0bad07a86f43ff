/* `lockstep train` */
#include "bench/commands/job.h"
#include "bench/commands/options.h"
#include "bench/devices/cores.h"
#include "bench/report/report.h"
#include "bench/run/network.h"
#include "bench/training/dataset.h"
#include "bench/training/setup.h"
#include "reference/libraries.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct parsed {
    struct train_options train;
    const struct implementation *implementation;
    struct added_list add;
    struct added *added;    /* NULL where nothing is */
    struct network network; /* of `implementation` and `added` */
    const char *gpu, *tuning;
    const char *cores; /* NULL: all that this process may run on */
};

/* --- readers ---------------------------------------------------------------------------------- */

/* One of `count` names, by its number; -1, after option_refuse, where it is none of them. */
static int name_find(struct option_parse *parse, const struct command_option *option,
                     const char *text, const char *const *names, int count) {
    char known[256] = "";
    for (int i = 0; i < count; i++) {
        size_t used = strlen(known);
        if (strcmp(names[i], text) == 0)
            return i;
        snprintf(known + used, sizeof known - used, "%s%s", used ? ", " : "", names[i]);
    }
    (void)option_refuse(parse, "%s wants one of %s, not '%s'", option->name, known, text);
    return -1;
}

static int activation_read(struct option_parse *parse, const struct command_option *option,
                           char *text, void *member) {
    const char *names[ACTIVATION_FUNCTIONS];
    for (int i = 0; i < ACTIVATION_FUNCTIONS; i++)
        names[i] = activation_function_name((enum activation_function)i);
    int found = name_find(parse, option, text, names, ACTIVATION_FUNCTIONS);
    if (found < 0)
        return EINVAL;
    *(enum activation_function *)member = (enum activation_function)found;
    return 0;
}

static int dtype_read(struct option_parse *parse, const struct command_option *option, char *text,
                      void *member) {
    static const enum dtype dtypes[] = {DTYPE_F32, DTYPE_BF16, DTYPE_F16};
    enum { COUNT = sizeof dtypes / sizeof dtypes[0] };
    const char *names[COUNT];
    for (int i = 0; i < COUNT; i++)
        names[i] = dtype_name(dtypes[i]);
    int found = name_find(parse, option, text, names, COUNT);
    if (found < 0)
        return EINVAL;
    *(enum dtype *)member = dtypes[found];
    return 0;
}

static int loss_read(struct option_parse *parse, const struct command_option *option, char *text,
                     void *member) {
    static const char *const names[] = {[MLP_CROSS_ENTROPY] = "cross_entropy", [MLP_MSE] = "mse"};
    int found = name_find(parse, option, text, names, 2);
    if (found < 0)
        return EINVAL;
    *(enum mlp_loss *)member = (enum mlp_loss)found;
    return 0;
}

static int optimizer_read(struct option_parse *parse, const struct command_option *option,
                          char *text, void *member) {
    static const char *const names[] = {[OPTIMIZER_SGD] = "sgd",
                                        [OPTIMIZER_SGD_MOMENTUM] = "sgd_momentum",
                                        [OPTIMIZER_ADAM] = "adam"};
    int found = name_find(parse, option, text, names, 3);
    if (found < 0)
        return EINVAL;
    *(enum optimizer_variant *)member = (enum optimizer_variant)found;
    return 0;
}

static int layers_read(struct option_parse *parse, const struct command_option *option, char *text,
                       void *member) {
    (void)option;
    parse->status = mlp_layers_parse(text, member, parse->message);
    return parse->status == STATUS_OK ? 0 : EINVAL;
}

static int implementation_read(struct option_parse *parse, const struct command_option *option,
                               char *text, void *member) {
    (void)option;
    parse->status = train_implementation_find(text, member, parse->message);
    return parse->status == STATUS_OK ? 0 : EINVAL;
}

/* 0 < number <= high, in float too. */
static int number_read(struct option_parse *parse, const struct command_option *option,
                       const char *text, double high, float *value) {
    char *end;
    double number = strtod(text, &end);
    if (end == text || *end != '\0' || !(number <= high) || !((float)number > 0.0F))
        return option_refuse(parse, "%s wants a number above 0, at most %g, not '%s'", option->name,
                             high, text);
    *value = (float)number;
    return 0;
}

static int rate_read(struct option_parse *parse, const struct command_option *option, char *text,
                     void *member) {
    return number_read(parse, option, text, 1e6, member);
}

static int momentum_read(struct option_parse *parse, const struct command_option *option,
                         char *text, void *member) {
    return number_read(parse, option, text, 1.0, member);
}

/* --- tables ----------------------------------------------------------------------------------- */

enum { EPOCHS_MAX = 1000000 };

static const struct command_option data_options[] = {
    OPTION_TEXT("data", "DIR", struct parsed, train.data,
                "Folder with MNIST's four files, or 'synthetic' (default: Fashion-MNIST of the "
                "Debian package dataset-fashion-mnist)"),
    OPTION_WHOLE("ignore-label", 0, UINT8_MAX, struct parsed, train.ignored_label,
                 "Leave out the images of this label (default: none)"),
    OPTIONS_END,
};

static const struct command_option network_options[] = {
    OPTION_OWN("layers", "SIZES", layers_read, struct parsed, train.model,
               "Sizes from inputs to outputs (default: the data's pixels, 128, and their classes: "
               "784-128-10 for Fashion-MNIST)"),
    OPTION_OWN("activation", "NAME", activation_read, struct parsed, train.model.hidden,
               "relu, sigmoid, tanh, gelu_tanh, gelu_erf, silu or identity (default: relu)"),
    OPTION_OWN("dtype", "NAME", dtype_read, struct parsed, train.model.dtype,
               "What products take, weights and all else being f32: f32, bf16 or f16 (default: "
               "f32)"),
    OPTION_OWN("loss", "NAME", loss_read, struct parsed, train.model.loss,
               "cross_entropy or mse (default: cross_entropy)"),
    OPTIONS_END,
};

static const struct command_option training_options[] = {
    OPTION_OWN("optimizer", "NAME", optimizer_read, struct parsed, train.model.optimizer,
               "adam, sgd or sgd_momentum (default: adam)"),
    OPTION_OWN("learning-rate", "X", rate_read, struct parsed, train.model.learning_rate,
               "Above 0 (default: 0.001)"),
    OPTION_OWN("momentum", "X", momentum_read, struct parsed, train.model.momentum,
               "Of sgd_momentum, above 0 and at most 1 (default: 0.9)"),
    OPTION_COUNT("batch", 1, MLP_SIZE_MAX, struct parsed, train.model.batch,
                 "Samples a step (default: 100)"),
    OPTION_COUNT(
        "epochs", 0, EPOCHS_MAX, struct parsed, train.epochs,
        "Passes over the data; 0 evaluates, and saves where --save is given (default: 10)"),
    OPTION_FLAG("drop-last", struct parsed, train.drop_last,
                "Leave out an epoch's last batch when it is smaller (default: train on it too)"),
    OPTION_SEED(struct parsed, train.seed,
                "Of weights and order; same seed, same numbers (default: 1)"),
    OPTIONS_END,
};

static const struct command_option device_options[] = {
    OPTION_OWN(
        "implementation", "NAME", implementation_read, struct parsed, implementation,
        "Who computes (default: onednn, or openblas in a build without it; cpu-simd in bf16 and "
        "f16; with --gpu N or emulated: cuda-best, cuda-tensor)"),
    OPTION_ADDED("FILE.so", struct parsed, add,
                 "Rows of your own, from a shared library, for parts of the network; repeatable"),
    OPTION_GPU(struct parsed, gpu),
    OPTION_TUNING(struct parsed, tuning),
    OPTION_CORES(struct parsed, cores),
    OPTION_THREADS(struct parsed, train.threads, "CPU threads (default: as many as there can be)"),
    OPTIONS_END,
};

static const struct command_option file_options[] = {
    OPTION_TEXT("save", "FILE", struct parsed, train.save,
                "Write the weights there after every epoch"),
    OPTION_TEXT("load", "FILE", struct parsed, train.load, "Start from weights that --save wrote"),
    OPTION_TEXT("out", "DIR", struct parsed, train.out,
                "Folder of training.csv (default: a new one under reports/runs)"),
    OPTIONS_END,
};

static const char doc[] =
    "Trains a multilayer perceptron and prints loss, test accuracy and speed of every epoch.\v"
    "Example: three epochs of the network of every tutorial, weights kept:\n"
    "  lockstep train --epochs 3 --save fashion.weights";

/* --- the command ------------------------------------------------------------------------------ */

static void defaults_fill(struct parsed *parsed, const struct command_context *context) {
    *parsed = (struct parsed){.gpu = "auto",
                              .train = {.data = dataset_default_directory,
                                        .ignored_label = -1,
                                        .epochs = 10,
                                        .seed = 1,
                                        .report = stdout,
                                        .live = isatty(STDOUT_FILENO) == 1,
                                        .stop = context->stop,
                                        .stop_context = context->stop_argument}};
    mlp_model_defaults(&parsed->train.model);
    parsed->train.model.batch = 100;
}

static bool names_gpu(const struct parsed *parsed) {
    return strcmp(parsed->gpu, "auto") != 0 && strcmp(parsed->gpu, "none") != 0;
}

/* Who names a GPU means to train there. */
static enum status gpu_check(const struct parsed *parsed, struct message *message) {
    if (parsed->implementation->device == DEVICE_GPU || !names_gpu(parsed))
        return STATUS_OK;
    return message_set(message, STATUS_INVALID,
                       "%s trains on the CPU, and --gpu %s names a GPU: leave out --gpu, or give "
                       "an --implementation of the GPU and rows for it",
                       parsed->implementation->name, parsed->gpu);
}

/* The implementation with what was added in it. */
static enum status network_choose(struct parsed *parsed, struct message *message) {
    if (parsed->train.ranks)
        return message_set(message, STATUS_INVALID,
                           "rows that are added train alone; leave out --add, or the ranks");
    enum status status = added_open(&parsed->add, &parsed->added, message);
    if (status == STATUS_OK)
        status = network_make(&parsed->network, parsed->implementation, parsed->added,
                              parsed->train.model.dtype, message);
    parsed->implementation = &parsed->network.implementation;
    return status;
}

static enum status implementation_choose(struct parsed *parsed, struct message *message) {
    const enum dtype dtype = parsed->train.model.dtype;
    const bool over_ranks = parsed->train.ranks != NULL;
    if (!parsed->implementation && names_gpu(parsed) && !over_ranks && parsed->add.count == 0)
        parsed->implementation = train_implementation_of_gpu(dtype);
    if (!parsed->implementation)
        parsed->implementation = train_implementation_default(over_ranks);
    enum status status =
        train_implementation_check(parsed->implementation, dtype, over_ranks, message);
    if (status == STATUS_OK && parsed->add.count > 0)
        status = network_choose(parsed, message);
    return status == STATUS_OK ? gpu_check(parsed, message) : status;
}

/* Without --layers the network fits the data; synthetic data fit the network. */
static enum status layers_fill(struct train_options *train, struct message *message) {
    train->fit_layers = train->model.layers == 0;
    return train->fit_layers ? mlp_layers_parse("784-128-10", &train->model, message) : STATUS_OK;
}

static enum status train_and_draw(struct parsed *parsed, struct message *message) {
    struct train_setup setup;
    struct train_row last;
    struct train_options *train = &parsed->train;
    enum status status = train_setup_open(&setup, parsed->implementation, parsed->gpu,
                                          parsed->tuning, train, message);
    status = ranks_agree(train->ranks, status, message);
    if (status == STATUS_OK) {
        cpu_threads_set(train->threads);
        status = train_run(train, &last, message);
    }
    if (status == STATUS_OK)
        status = added_check_unchanged(parsed->added, message);
    if (status == STATUS_OK && train->out)
        status = report_draw(train->out, stdout, message);
    if (status == STATUS_OK && train->out)
        printf("results in %s\n", train->out);
    return train_setup_close(&setup, status, message);
}

/* Over the ranks of a job, where there is one; the first prints. */
static enum status job_train(struct parsed *parsed, enum status status,
                             const struct command_context *context, struct message *message) {
    struct train_options *train = &parsed->train;
    status = job_join(context, status, &train->ranks, message);
    FILE *silent = ranks_is_first(train->ranks) ? NULL : fopen("/dev/null", "w");
    if (silent)
        train->report = silent;
    /* Launchers give ranks a terminal, wherever the output goes then. */
    if (train->ranks)
        train->live = false;
    if (status == STATUS_OK)
        status = implementation_choose(parsed, message);
    if (status == STATUS_OK)
        status = layers_fill(train, message);
    if (status == STATUS_OK)
        status = train_and_draw(parsed, message);
    if (silent)
        (void)fclose(silent);
    return job_leave(train->ranks, status, context, message);
}

enum status command_train(int argc, char **argv, const struct command_context *context,
                          struct message *message) {
    static const struct command_option *const tables[] = {
        data_options, network_options, training_options, device_options, file_options, NULL};
    struct parsed parsed;
    struct option_parse parse = {
        .name = "train", .doc = doc, .tables = tables, .parsed = &parsed, .message = message};
    defaults_fill(&parsed, context);
    enum status status = options_parse(&parse, argc, argv);
    if (parse.helped)
        return status;
    if (status == STATUS_OK)
        status = cores_use(parsed.cores, message);
    status = job_train(&parsed, status, context, message);
    added_close(parsed.added);
    return status;
}
