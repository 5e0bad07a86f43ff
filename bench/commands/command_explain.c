/* `lockstep explain` */
#include "bench/commands/command.h"
#include "bench/commands/explain_run.h"
#include "bench/commands/options.h"
#include "bench/model/limits_file.h"
#include "bench/model/limits_text.h"
#include "bench/model/limits_words.h"
#include "bench/model/predict_file.h"
#include "bench/operations/operations.h"

#include <fnmatch.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char doc[] =
    "Says what limits each kernel of an emulated run, whose folder WHAT is: the share of the "
    "busiest "
    "unit's time that each unit would be busy at its peak, from exact counts and a GPU's published "
    "figures. With --predict it says instead what each kernel would take, with an interval. Where "
    "WHAT is an operation, or --add names rows, these are counted first. It then says in sentences "
    "what limits each, and which rung of the ladder takes less of that.\v"
    "Example:\n  lockstep run gemm --shape 1024x1024x1024 --gpu emulated --out counted\n"
    "  lockstep explain counted --gpu a100\n"
    "  lockstep explain gemm --shape 512x512x512 --implementation cuda-tiled";

struct parsed {
    const char *folder, *gpu, *predict, *device_file, *case_glob, *implementation;
    struct explain_request request; /* what is to be counted first */
    bool is_counted_first;
    struct gpu_choice choice;
    struct gpu_description description;
    bool csv, caches;
};

static const struct command_option options[] = {
    OPTION_TEXT("gpu", "NAME", struct parsed, gpu,
                "Whose figures (default: the emulated GPU's, or else a100); `list` names them"),
    OPTION_LIST("predict", struct parsed, predict,
                "Predict the time on these GPUs: names joined by commas, or all"),
    OPTION_TEXT("device-file", "FILE", struct parsed, device_file,
                "Describes another GPU, for --gpu (itself by default) and --predict "
                "(docs/model.md)"),
    OPTION_TEXT("case", "GLOB", struct parsed, case_glob, "Only cases whose name matches"),
    OPTION_TEXT("implementation", "NAME", struct parsed, implementation, "Only this one"),
    OPTION_LIST("shape", struct parsed, request.shapes,
                "Of an operation: these shapes instead of the preset's"),
    OPTION_LIST("dtype", struct parsed, request.dtypes,
                "Of an operation: f32 (default), tf32, bf16, f16"),
    OPTION_ADD(struct parsed, request.add),
    OPTION_FLAG("caches", struct parsed, caches,
                "Of an operation: also count what the GPU's caches hold"),
    OPTION_FLAG("csv", struct parsed, csv, "CSV instead of sentences"),
    OPTIONS_END,
};

static int argument_read(struct option_parse *parse, char *text) {
    struct parsed *parsed = parse->parsed;
    if (parsed->folder || parsed->request.operation)
        return option_refuse(parse, "explain takes one folder, or one operation");
    if (operation_find(text))
        parsed->request.operation = text;
    else
        parsed->folder = text;
    return 0;
}

static void gpus_print(bool csv) {
    if (csv)
        puts("gpu,title,multiprocessors,clock_mhz,memory_gbps");
    for (int i = 0; i < model_gpu_count; i++)
        printf(csv ? "%s,%s,%d,%.0f,%.0f\n"
                   : "%-14s %s: %d multiprocessors at %.0f MHz, %.0f GB/s\n",
               model_gpus[i].name, model_gpus[i].title, model_gpus[i].multiprocessors,
               model_gpus[i].clock_mhz, model_gpus[i].memory);
}

/* Of --add the added rows alone, unless another is named: the others were counted to compare
 * with. */
static bool is_named(const struct parsed *parsed, const struct row_key *key) {
    const struct operation *operation = operation_find(key->operation);
    if (parsed->implementation)
        return strcmp(parsed->implementation, key->implementation) == 0;
    return parsed->request.add.count == 0 || !operation ||
           operation_implementation_find(operation, key->implementation) < 0;
}

static bool is_wanted(const struct parsed *parsed, const struct counters_row *row) {
    char name[256];
    snprintf(name, sizeof name, "%s/%s/%s/%s", row->key.operation, row->key.variant, row->key.dtype,
             row->key.shape);
    return (!parsed->case_glob || fnmatch(parsed->case_glob, name, 0) == 0) &&
           is_named(parsed, &row->key);
}

/* Above the first row, and above the first of a case. */
static void heading_print(const struct parsed *parsed, const struct model_gpu *gpu,
                          const struct counters_row *row, const struct counters_row *before) {
    if (!before && parsed->csv)
        limits_csv_header_print(stdout);
    else if (!before) {
        limits_sampling_print(stdout, parsed->folder);
        printf("by the published peaks of the %s: %d multiprocessors, %.0f MHz, %.0f GB/s\n",
               gpu->title, gpu->multiprocessors, gpu->clock_mhz, gpu->memory);
    }
    if (!parsed->csv && (!before || !row_key_same_case(&row->key, &before->key)))
        printf("%s/%s/%s/%s\n", row->key.operation, row->key.variant, row->key.dtype,
               row->key.shape);
}

static enum status rows_missing(const struct parsed *parsed, struct message *message) {
    return message_set(message, STATUS_INVALID,
                       "%s has no counts of such a case and implementation; "
                       "`lockstep run --gpu emulated --out DIR` counts",
                       parsed->folder);
}

static void row_print(const struct parsed *parsed, const struct model_gpu *gpu,
                      const struct counters_row *rows, size_t count, const struct counters_row *row,
                      const struct limits *limits) {
    if (parsed->csv)
        limits_csv_print(stdout, row, gpu, limits);
    else
        limits_sentence_print(stdout, row, gpu, limits);
    if (parsed->is_counted_first && !parsed->csv) {
        limits_words_print(stdout, row, gpu, limits);
        explain_rung_print(stdout, rows, count, row, gpu, limits->busiest);
    }
}

static enum status rows_print(const struct parsed *parsed, const struct model_gpu *gpu,
                              const struct counters_row *rows, size_t count,
                              struct message *message) {
    const struct counters_row *before = NULL;
    for (size_t i = 0; i < count; i++) {
        struct limits limits;
        if (!is_wanted(parsed, &rows[i]))
            continue;
        const enum status status = limits_find(&rows[i], gpu, &limits, message);
        if (status != STATUS_OK && status != STATUS_UNSUPPORTED)
            return status;
        heading_print(parsed, gpu, &rows[i], before);
        if (status == STATUS_OK)
            row_print(parsed, gpu, rows, count, &rows[i], &limits);
        else if (!parsed->csv)
            limits_unable_print(stdout, &rows[i], message->text);
        before = &rows[i];
    }
    return before ? STATUS_OK : rows_missing(parsed, message);
}

/* Of the rows that are wanted, which it moves to the front. */
static enum status rows_predict(const struct parsed *parsed, struct counters_row *rows,
                                size_t count, struct message *message) {
    size_t wanted = 0;
    for (size_t i = 0; i < count; i++)
        if (is_wanted(parsed, &rows[i]))
            rows[wanted++] = rows[i];
    if (wanted == 0)
        return rows_missing(parsed, message);
    if (!parsed->csv)
        limits_sampling_print(stdout, parsed->folder);
    return predictions_print(rows, wanted, limits_gpu_of_run(parsed->folder), &parsed->choice,
                             parsed->csv ? stdout : NULL, parsed->csv ? NULL : stdout, message);
}

/* `gpu` is NULL where none was named. */
static enum status folder_explain(const struct parsed *parsed, const struct model_gpu *gpu,
                                  struct message *message) {
    char path[2048];
    void *rows = NULL;
    size_t count = 0;
    if (snprintf(path, sizeof path, "%s/counters.csv", parsed->folder) >= (int)sizeof path)
        return message_set(message, STATUS_INVALID, "the folder's name is too long");
    if (access(path, F_OK) != 0)
        return message_set(message, STATUS_INVALID,
                           "%s is no folder of an emulated run: it has no counters.csv; `lockstep "
                           "run --gpu emulated --out DIR` makes one",
                           parsed->folder);
    enum status status = limits_environment_check(parsed->folder, message);
    if (status != STATUS_OK)
        return status;
    if (!gpu)
        gpu = limits_gpu_of_run(parsed->folder);
    status = csv_read(path, &counters_format, &rows, &count, NULL, message);
    if (status == STATUS_OK && parsed->predict)
        status = rows_predict(parsed, rows, count, message);
    else if (status == STATUS_OK)
        status = rows_print(parsed, gpu, rows, count, message);
    free(rows);
    return status;
}

/* Of what is counted first, in a folder that does not stay. */
static enum status request_explain(struct parsed *parsed, const struct model_gpu *gpu,
                                   const struct command_context *context, struct message *message) {
    char folder[EXPLAIN_FOLDER_SIZE];
    parsed->request.case_glob = parsed->case_glob;
    parsed->request.implementation = parsed->implementation;
    enum status status = parsed->caches ? run_simulate_caches(message) : STATUS_OK;
    if (status == STATUS_OK)
        status = explain_run(&parsed->request, context, folder, message);
    const bool has_failures = status == STATUS_WRONG;
    if (status != STATUS_OK && !has_failures)
        return status;
    parsed->folder = folder;
    parsed->is_counted_first = true;
    status = folder_explain(parsed, gpu, message);
    if (has_failures) /* perhaps of all that were to be explained */
        status = explain_failures_tell(parsed->csv ? stderr : stdout, folder, message);
    parsed->folder = NULL;
    explain_forget(folder);
    return status;
}

/* What counts first belongs to operations, not to folders. */
static enum status request_check(const struct parsed *parsed, struct message *message) {
    const struct explain_request *request = &parsed->request;
    if (parsed->folder &&
        (request->shapes || request->dtypes || request->add.count > 0 || parsed->caches))
        return message_set(
            message, STATUS_INVALID,
            "--shape, --dtype, --caches and --add say what to count, and %s has been counted: "
            "name an operation instead",
            parsed->folder);
    if (parsed->folder || request->operation || request->add.count > 0)
        return STATUS_OK;
    return message_set(message, STATUS_INVALID,
                       "explain wants the folder of an emulated run, as in `lockstep explain "
                       "reports/latest`, or an operation, as in `lockstep explain gemm`");
}

/* A described GPU that is not named either would be of no use. */
static enum status description_check(const struct parsed *parsed, const struct model_gpu *gpu,
                                     struct message *message) {
    const struct model_gpu *described = &parsed->description.gpu;
    if (!parsed->device_file || gpu == described ||
        (parsed->predict && gpu_choice_has(&parsed->choice, described)))
        return STATUS_OK;
    return message_set(message, STATUS_INVALID,
                       "--device-file describes '%s', which neither --gpu nor --predict names",
                       described->name);
}

/* The GPUs of --device-file, --gpu and --predict. */
static enum status gpus_read(struct parsed *parsed, const struct model_gpu **gpu,
                             struct message *message) {
    const struct model_gpu *described = parsed->device_file ? &parsed->description.gpu : NULL;
    enum status status = STATUS_OK;
    if (parsed->gpu && parsed->predict)
        return message_set(message, STATUS_INVALID,
                           "--gpu says whose limits, --predict on which GPUs to predict: give one "
                           "of them");
    if (described)
        status = gpu_description_read(parsed->device_file, &parsed->description, message);
    if (status == STATUS_OK && parsed->predict)
        status = gpu_choice_read(parsed->predict, described, &parsed->choice, message);
    else if (status == STATUS_OK && !parsed->gpu)
        *gpu = described;
    if (status == STATUS_OK && parsed->gpu)
        *gpu = described && strcmp(parsed->gpu, described->name) == 0 ? described
                                                                      : model_gpu_find(parsed->gpu);
    if (status == STATUS_OK && parsed->gpu && !*gpu)
        return message_set(message, STATUS_INVALID,
                           "there are no figures of a GPU '%s'; `lockstep explain --gpu list` "
                           "names those that there are",
                           parsed->gpu);
    return status == STATUS_OK ? description_check(parsed, *gpu, message) : status;
}

enum status command_explain(int argc, char **argv, const struct command_context *context,
                            struct message *message) {
    static const struct command_option *const tables[] = {options, NULL};
    struct parsed parsed = {.gpu = NULL};
    struct option_parse parse = {.name = "explain",
                                 .arguments = "DIR|OPERATION",
                                 .doc = doc,
                                 .tables = tables,
                                 .parsed = &parsed,
                                 .argument = argument_read,
                                 .message = message};
    enum status status = options_parse(&parse, argc, argv);
    if (status != STATUS_OK || parse.helped)
        return status;
    if (parsed.gpu && strcmp(parsed.gpu, "list") == 0) {
        gpus_print(parsed.csv);
        return STATUS_OK;
    }
    const struct model_gpu *gpu = NULL;
    status = gpus_read(&parsed, &gpu, message);
    if (status != STATUS_OK)
        return status;
    status = request_check(&parsed, message);
    if (status != STATUS_OK)
        return status;
    return parsed.folder ? folder_explain(&parsed, gpu, message)
                         : request_explain(&parsed, gpu, context, message);
}
