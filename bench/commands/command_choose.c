/* `lockstep choose` */
#include "bench/commands/command.h"
#include "bench/commands/options.h"
#include "bench/files/run_files.h"
#include "bench/model/limits_file.h"
#include "bench/model/offers.h"
#include "bench/operations/operations.h"
#include "bench/run/run.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const char doc[] =
    "Predicts on which GPU a network's training step or inference takes how long, whether its "
    "memory holds it, and how many a joule at the power limit and a dollar buy. The kernels run on "
    "the emulated GPU, by some of their equal blocks, and are counted. Nothing is measured.\v"
    "Examples:\n"
    "  lockstep choose mlp --layers 784-1024-1024-10 --batch 1024 --price a100=1.5,l4=0.7\n"
    "  lockstep choose mlp --layers 784-128-10 --batch 100 --variant inference --measured before";

struct parsed {
    const char *operation, *layers, *variant, *gpus, *price, *measured, *device_file, *out;
    int batch;
    struct gpu_choice choice;
    struct gpu_prices prices;
    struct gpu_description description;
};

static const struct command_option options[] = {
    OPTION_TEXT("layers", "SIZES", struct parsed, layers, "Units of each layer, as in 784-128-10"),
    OPTION_WHOLE("batch", 1, 1000000, struct parsed, batch, "Rows of a batch (default 100)"),
    OPTION_TEXT("variant", "NAME", struct parsed, variant,
                "train_step (default), train_step_mse or inference"),
    OPTION_LIST("gpus", struct parsed, gpus, "Choose from these (default: all)"),
    OPTION_TEXT("device-file", "FILE", struct parsed, device_file,
                "Describes another GPU (docs/model.md)"),
    OPTION_LIST("price", struct parsed, price,
                "Dollars an hour, as in a100=1.5,l4=0.7: the most iterations a dollar come first"),
    OPTION_TEXT("measured", "DIR", struct parsed, measured,
                "A run's folder: its fastest time of the same case on a CPU stands beside"),
    OPTION_TEXT("out", "DIR", struct parsed, out,
                "Folder for the counts (default: a new one under reports/runs)"),
    OPTIONS_END,
};

static int argument_read(struct option_parse *parse, char *text) {
    struct parsed *parsed = parse->parsed;
    if (parsed->operation)
        return option_refuse(parse, "choose takes one operation");
    parsed->operation = text;
    return 0;
}

/* A wrong folder is better known before the kernels are counted than after. */
static enum status measured_check(const char *folder, struct message *message) {
    struct run_files files;
    const enum status status = run_files_read(folder, &files, message);
    if (status == STATUS_OK)
        run_files_release(&files);
    return status;
}

static enum status arguments_check(struct parsed *parsed, struct message *message) {
    static const char form[] = "LAYERS@BATCH";
    const char *name = parsed->operation ? parsed->operation : "";
    const struct operation *operation = operation_table_find(&operations_built_in, name);
    if (!operation || strcmp(operation->shape_form, form) != 0)
        return message_set(message, STATUS_INVALID,
                           "choose wants an operation whose shape is %s, see `lockstep list "
                           "operations`; not '%s'",
                           form, name);
    const struct model_gpu *described = parsed->device_file ? &parsed->description.gpu : NULL;
    enum status status = variants_check(parsed->variant, operation, message);
    if (status == STATUS_OK && described)
        status = gpu_description_read(parsed->device_file, &parsed->description, message);
    if (status == STATUS_OK)
        status = gpu_choice_read(parsed->gpus, described, &parsed->choice, message);
    if (status == STATUS_OK && described && !gpu_choice_has(&parsed->choice, described))
        return message_set(message, STATUS_INVALID,
                           "--device-file describes '%s', which --gpus does not name",
                           described->name);
    if (status == STATUS_OK)
        status = gpu_prices_read(parsed->price, &parsed->choice, &parsed->prices, message);
    if (status == STATUS_OK && parsed->measured)
        status = measured_check(parsed->measured, message);
    if (status == STATUS_OK && !parsed->layers) /* what is there comes before what is missing */
        return message_set(message, STATUS_INVALID, "choose wants --layers, as in 784-128-10");
    return status;
}

static bool is_case(const struct row_key *key, const char *name) {
    char text[300];
    snprintf(text, sizeof text, "%s/%s/%s/%s", key->operation, key->variant, key->dtype,
             key->shape);
    return strcmp(text, name) == 0;
}

/* NaN where the folder has no such time; else it is said whose it is. */
static enum status measured_find(const char *folder, const char *name, double *seconds,
                                 struct message *message) {
    struct run_files files;
    enum status status = run_files_read(folder, &files, message);
    if (status != STATUS_OK)
        return status;
    const struct result *fastest = NULL;
    for (size_t i = 0; i < files.result_count; i++) {
        const struct result *row = &files.results[i];
        if (is_case(&row->key, name) && row_key_is_cpu(&row->key) &&
            strcmp(row->status, "measured") == 0 && strcmp(row->verified, "yes") == 0 &&
            (!fastest || row->median_s < fastest->median_s))
            fastest = row;
    }
    if (fastest) {
        char base[SPEEDUP_BASE_SIZE];
        row_key_base(&fastest->key, base);
        printf("measured in %s: %.4g ms by %s on the CPU\n", folder, 1e3 * fastest->median_s, base);
        *seconds = fastest->median_s;
    } else {
        printf("%s has no verified time of %s on a CPU\n", folder, name);
    }
    run_files_release(&files);
    return STATUS_OK;
}

/* Of the case in the folder of counts. */
static enum status folder_tell(const struct parsed *parsed, const char *folder, const char *name,
                               double bytes, struct message *message) {
    struct run_files files;
    struct offer offers[GPU_CHOICE_MAX];
    double measured_s = NAN;
    enum status status = run_files_read(folder, &files, message);
    if (status != STATUS_OK)
        return status;
    size_t count = 0;
    for (size_t i = 0; i < files.counters_count; i++)
        if (is_case(&files.counters[i].key, name))
            files.counters[count++] = files.counters[i];
    status = offers_find(files.counters, count, limits_gpu_of_run(folder), bytes, &parsed->choice,
                         &parsed->prices, offers, message);
    run_files_release(&files);
    if (status != STATUS_OK)
        return status;
    printf("\n%s needs %.3g GB of memory. Predicted, not measured: an iteration, by its kernels "
           "alone\n",
           name, bytes / 1e9);
    limits_sampling_print(stdout, folder);
    if (parsed->measured)
        status = measured_find(parsed->measured, name, &measured_s, message);
    if (status == STATUS_OK)
        offers_print(stdout, offers, parsed->choice.count, measured_s);
    return status;
}

static enum status case_choose(const struct parsed *parsed, const struct command_context *context,
                               struct message *message) {
    enum { SAMPLED = 64 };
    char name[300], shape[200];
    snprintf(shape, sizeof shape, "%s@%d", parsed->layers, parsed->batch);
    snprintf(name, sizeof name, "%s/%s/f32/%s", parsed->operation, parsed->variant, shape);
    const struct run_options run = {.selection = {.operations = &parsed->operation,
                                                  .operation_count = 1,
                                                  .case_glob = name,
                                                  .shapes = shape,
                                                  .preset = "emulated",
                                                  .seed = 1},
                                    .gpu = "emulated",
                                    .limits = "none",
                                    .sample_blocks = SAMPLED,
                                    .quick = true,
                                    .out = parsed->out,
                                    .stop = context->stop,
                                    .stop_argument = context->stop_argument,
                                    .argument_count = context->argument_count,
                                    .arguments = context->arguments};
    struct selection selection;
    enum status status = selection_open(&run.selection, &selection, message);
    if (status != STATUS_OK)
        return status;
    const double bytes = (double)case_bytes(&selection.cases[0]);
    selection_close(&selection);
    status = run_sample_blocks(SAMPLED, message);
    if (status == STATUS_OK)
        status = run_execute(&run, message);
    if (status == STATUS_OK)
        status =
            folder_tell(parsed, parsed->out ? parsed->out : "reports/latest", name, bytes, message);
    return status;
}

enum status command_choose(int argc, char **argv, const struct command_context *context,
                           struct message *message) {
    static const struct command_option *const tables[] = {options, NULL};
    struct parsed parsed = {.variant = "train_step", .gpus = "all", .batch = 100};
    struct option_parse parse = {.name = "choose",
                                 .arguments = "OPERATION",
                                 .doc = doc,
                                 .tables = tables,
                                 .parsed = &parsed,
                                 .argument = argument_read,
                                 .message = message};
    enum status status = options_parse(&parse, argc, argv);
    if (status != STATUS_OK || parse.helped)
        return status;
    status = arguments_check(&parsed, message);
    return status == STATUS_OK ? case_choose(&parsed, context, message) : status;
}
