/* Reading the options of `lockstep train`. */
#include "bench/commands/command_train.h"

#include "bench/training/dataset.h"
#include "bench/training/train.h"
#include "reference/libraries.h"

#include <argp.h>
#include <errno.h>
#include <math.h>
#include <omp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Keys of options without a letter. */
enum {
    OPTION_DATA = 0x100,
    OPTION_LAYERS,
    OPTION_ACTIVATION,
    OPTION_LOSS,
    OPTION_OPTIMIZER,
    OPTION_BATCH,
    OPTION_EPOCHS,
    OPTION_LEARNING_RATE,
    OPTION_MOMENTUM,
    OPTION_DROP_LAST,
    OPTION_IMPLEMENTATION,
    OPTION_GPU,
    OPTION_TUNING,
    OPTION_THREADS,
    OPTION_SEED,
    OPTION_SAVE,
    OPTION_LOAD,
    OPTION_OUT,
    OPTION_HELP = '?'
};

static const struct argp_option option_table[] = {
    {"data", OPTION_DATA, "DIR", 0,
     "folder with MNIST's four files, or 'synthetic' (default: Fashion-MNIST of the Debian package "
     "dataset-fashion-mnist)",
     1},
    {"layers", OPTION_LAYERS, "SIZES", 0, "sizes from inputs to outputs (default: 784-128-10)", 2},
    {"activation", OPTION_ACTIVATION, "NAME", 0,
     "relu, sigmoid, tanh, gelu_tanh, gelu_erf, silu or identity (default: relu)", 2},
    {"loss", OPTION_LOSS, "NAME", 0, "cross_entropy or mse (default: cross_entropy)", 2},
    {"optimizer", OPTION_OPTIMIZER, "NAME", 0, "adam, sgd or sgd_momentum (default: adam)", 3},
    {"learning-rate", OPTION_LEARNING_RATE, "X", 0, "(default: 0.001)", 3},
    {"momentum", OPTION_MOMENTUM, "X", 0, "of sgd_momentum, 0 to 1 (default: 0.9)", 3},
    {"batch", OPTION_BATCH, "N", 0, "samples a step (default: 100)", 3},
    {"epochs", OPTION_EPOCHS, "N", 0, "passes over the data; 0 only evaluates (default: 10)", 3},
    {"drop-last", OPTION_DROP_LAST, NULL, 0,
     "leave out an epoch's last batch when it is smaller (default: train on it too)", 3},
    {"seed", OPTION_SEED, "N", 0, "of weights and order; same seed, same numbers (default: 1)", 3},
    {"implementation", OPTION_IMPLEMENTATION, "NAME", 0, "who computes (default: openblas)", 4},
    {"gpu", OPTION_GPU, "WHICH", 0, "auto, none, emulated or a number (default: auto)", 4},
    {"tuning", OPTION_TUNING, "FILE", 0, "GEMM tiles and splits as `lockstep tune` measured them",
     4},
    {"threads", OPTION_THREADS, "N", 0, "CPU threads (default: one a core)", 4},
    {"save", OPTION_SAVE, "FILE", 0, "write the weights there after every epoch", 5},
    {"load", OPTION_LOAD, "FILE", 0, "go on from weights that --save wrote", 5},
    {"out", OPTION_OUT, "DIR", 0, "folder of training.csv (default: a new one under reports/runs)",
     5},
    {"help", OPTION_HELP, NULL, 0, "print this text", -1},
    {0},
};

static const char documentation[] =
    "Train a multilayer perceptron and print loss, test accuracy and speed of every epoch."
    "\v"
    "Example: three epochs of the network of every tutorial, weights kept:\n"
    "  lockstep train --epochs 3 --save fashion.weights";

struct call {
    struct train_options options;
    const struct train_environment *environment;
    const struct train_implementation *implementation;
    const char *gpu, *tuning;
    bool help;
    int next; /* the word behind the last that was understood */
    struct message *message;
};

/* --- values -----------------------------------------------------------------------------------*/

struct named {
    const char *name;
    int value;
};

/* Appends ", name" to a list, as far as it fits. */
static void list_add(char *list, size_t size, const char *name) {
    size_t used = strlen(list);
    snprintf(list + used, size - used, "%s%s", used > 0 ? ", " : "", name);
}

static error_t name_read(const char *option, const char *text, const struct named *names,
                         size_t count, int *value, struct message *message) {
    char known[256] = "";
    for (size_t i = 0; i < count; i++) {
        if (strcmp(names[i].name, text) == 0) {
            *value = names[i].value;
            return 0;
        }
        list_add(known, sizeof known, names[i].name);
    }
    message_set(message, STATUS_INVALID, "--%s %s: unknown; the known ones are %s", option, text,
                known);
    return EINVAL;
}

static error_t integer_read(const char *option, const char *text, int64_t low, int64_t high,
                            int64_t *value, struct message *message) {
    char *end;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    if (end == text || *end != '\0' || errno != 0 || number < low || number > high) {
        message_set(message, STATUS_INVALID, "--%s %s: give a whole number from %lld to %lld",
                    option, text, (long long)low, (long long)high);
        return EINVAL;
    }
    *value = number;
    return 0;
}

/* low < number <= high. */
static error_t number_read(const char *option, const char *text, double low, double high,
                           float *value, struct message *message) {
    char *end;
    double number = strtod(text, &end);
    if (end == text || *end != '\0' || !(number > low && number <= high) ||
        !((double)(float)number > low)) {
        message_set(message, STATUS_INVALID, "--%s %s: give a number above %g, at most %g", option,
                    text, low, high);
        return EINVAL;
    }
    *value = (float)number;
    return 0;
}

static error_t implementation_read(struct call *call, const char *text) {
    const struct train_environment *environment = call->environment;
    char known[512] = "";
    for (size_t i = 0; i < environment->implementation_count; i++) {
        call->implementation = &environment->implementations[i];
        if (strcmp(call->implementation->name, text) == 0)
            return 0;
        list_add(known, sizeof known, call->implementation->name);
    }
    message_set(call->message, STATUS_INVALID,
                "--implementation %s: unknown; the known ones are %s", text, known);
    return EINVAL;
}

static error_t activation_read(struct call *call, const char *text) {
    struct named names[ACTIVATION_FUNCTIONS];
    for (int i = 0; i < ACTIVATION_FUNCTIONS; i++)
        names[i] = (struct named){activation_function_name((enum activation_function)i), i};
    int value = 0;
    error_t error =
        name_read("activation", text, names, ACTIVATION_FUNCTIONS, &value, call->message);
    if (!error)
        call->options.model.hidden = (enum activation_function)value;
    return error;
}

static error_t loss_read(struct call *call, const char *text) {
    static const struct named names[] = {{"cross_entropy", MLP_CROSS_ENTROPY}, {"mse", MLP_MSE}};
    int value = 0;
    error_t error =
        name_read("loss", text, names, sizeof names / sizeof names[0], &value, call->message);
    if (!error)
        call->options.model.loss = (enum mlp_loss)value;
    return error;
}

static error_t optimizer_read(struct call *call, const char *text) {
    static const struct named names[] = {
        {"adam", OPTIMIZER_ADAM}, {"sgd", OPTIMIZER_SGD}, {"sgd_momentum", OPTIMIZER_SGD_MOMENTUM}};
    int value = 0;
    error_t error =
        name_read("optimizer", text, names, sizeof names / sizeof names[0], &value, call->message);
    if (!error)
        call->options.model.optimizer = (enum optimizer_variant)value;
    return error;
}

/* --- options ----------------------------------------------------------------------------------*/

enum { THREADS_MAX = 1024 };

static error_t threads_read(struct call *call, const char *text) {
    int64_t threads;
    error_t error = integer_read("threads", text, 1, THREADS_MAX, &threads, call->message);
    if (!error)
        call->options.threads = (int)threads;
    return error;
}

static error_t seed_read(struct call *call, const char *text) {
    int64_t seed;
    error_t error = integer_read("seed", text, 0, INT64_MAX, &seed, call->message);
    if (!error)
        call->options.seed = (uint64_t)seed;
    return error;
}

/* Options with a value that has to be read. */
static error_t value_read(int key, const char *text, struct call *call) {
    struct train_options *options = &call->options;
    struct mlp_model *model = &options->model;
    switch (key) {
    case OPTION_LAYERS:
        return mlp_layers_parse(text, model, call->message) == STATUS_OK ? 0 : EINVAL;
    case OPTION_ACTIVATION:
        return activation_read(call, text);
    case OPTION_LOSS:
        return loss_read(call, text);
    case OPTION_OPTIMIZER:
        return optimizer_read(call, text);
    case OPTION_BATCH:
        return integer_read("batch", text, 1, MLP_SIZE_MAX, &model->batch, call->message);
    case OPTION_EPOCHS:
        return integer_read("epochs", text, 0, 1000000, &options->epochs, call->message);
    case OPTION_LEARNING_RATE:
        return number_read("learning-rate", text, 0.0, 1e6, &model->learning_rate, call->message);
    case OPTION_MOMENTUM:
        return number_read("momentum", text, 0.0, 1.0, &model->momentum, call->message);
    case OPTION_IMPLEMENTATION:
        return implementation_read(call, text);
    case OPTION_THREADS:
        return threads_read(call, text);
    case OPTION_SEED:
        return seed_read(call, text);
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static error_t option_read(int key, char *text, struct argp_state *state) {
    struct call *call = state->input;
    if (key == OPTION_HELP || (key >= OPTION_DATA && key <= OPTION_OUT))
        call->next = state->next;
    struct train_options *options = &call->options;
    switch (key) {
    case OPTION_DATA:
        options->data = text;
        return 0;
    case OPTION_SAVE:
        options->save = text;
        return 0;
    case OPTION_LOAD:
        options->load = text;
        return 0;
    case OPTION_OUT:
        options->out = text;
        return 0;
    case OPTION_GPU:
        call->gpu = text;
        return 0;
    case OPTION_TUNING:
        call->tuning = text;
        return 0;
    case OPTION_DROP_LAST:
        options->drop_last = true;
        return 0;
    case OPTION_HELP:
        call->help = true;
        return 0;
    case ARGP_KEY_ARG:
        message_set(call->message, STATUS_INVALID,
                    "'%s' is not understood: train takes options only, see --help", text);
        return EINVAL;
    default:
        return value_read(key, text, call);
    }
}

static const struct argp parser = {
    .options = option_table, .parser = option_read, .doc = documentation};

/* argp would print and end the process by itself: it is kept silent, and its refusals are put into
 * words here. */
static enum status call_read(int argc, char **argv, struct call *call) {
    call->message->text[0] = '\0';
    if (argp_parse(&parser, argc, argv, ARGP_SILENT, NULL, call) == 0)
        return STATUS_OK;
    if (call->message->text[0] != '\0')
        return STATUS_INVALID;
    return message_set(call->message, STATUS_INVALID,
                       "'%s' is no option of train, or wants another value; see --help",
                       argv[call->next < argc ? call->next : argc - 1]);
}

enum status command_train_with(int argc, char **argv, const struct train_environment *environment,
                               struct message *message) {
    struct call call = {
        .environment = environment,
        .implementation = &environment->implementations[0],
        .gpu = "auto",
        .next = 1,
        .message = message,
        .options = {.data = dataset_default_directory,
                    .epochs = 10,
                    .seed = 1,
                    .threads = omp_get_num_procs(),
                    .report = environment->report,
                    .live = environment->live,
                    .stop = environment->stop,
                    .stop_context = environment->context},
    };
    mlp_model_defaults(&call.options.model);
    call.options.model.batch = 100;
    enum status status = mlp_layers_parse("784-128-10", &call.options.model, message);
    if (status == STATUS_OK)
        status = call_read(argc, argv, &call);
    if (status != STATUS_OK)
        return status;
    if (call.help) {
        argp_help(&parser, environment->report, ARGP_HELP_USAGE | ARGP_HELP_LONG | ARGP_HELP_DOC,
                  argv[0]);
        return STATUS_OK;
    }
    call.options.implementation = call.implementation->name;
    call.options.kernels = call.implementation->kernels;
    call.options.graph = call.implementation->graph;
    status = environment->device_find(environment->context, call.implementation, call.gpu,
                                      call.tuning, &call.options.device, message);
    if (status != STATUS_OK)
        return status;
    if (!call.options.out && environment->folder_make)
        status = environment->folder_make(environment->context, &call.options.out, message);
    if (status != STATUS_OK)
        return status;
    cpu_threads_set(call.options.threads);
    struct train_row last;
    status = train_run(&call.options, &last, message);
    if (status == STATUS_OK && call.options.out && environment->finish)
        status = environment->finish(environment->context, call.options.out, message);
    return status;
}
