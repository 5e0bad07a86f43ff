/* `lockstep ab` */
#include "bench/commands/ab_files.h"
#include "bench/commands/arguments.h"
#include "bench/devices/processors.h"
#include "bench/regression/ab.h"
#include "common/words.h"

enum { WORDS_MAX = 256 };

struct parsed {
    struct run_arguments arguments; /* first: the shared options fill it */
    const char *binaries[AB_SIDES];
    double threshold;
    int64_t pairs;
    int format;                   /* enum output_format */
    const char *words[WORDS_MAX]; /* run's options as they came, for the processes */
    int binary_count, word_count;
};

static const struct command_option options[] = {
    OPTION_SHARE("threshold", struct parsed, threshold,
                 "The change that does not matter (default 2%)"),
    OPTION_COUNT("pairs", AB_PAIRS_MIN, AB_PAIRS_MAX, struct parsed, pairs,
                 "At most N pairs of processes, 6 to 48 (default 48)"),
    OPTION_CSV(struct parsed, format,
               "Verdicts as CSV on standard output, the table on standard error"),
    OPTION_JSON(struct parsed, format, "The same as JSON, with the times of every pair"),
    OPTION_MARKDOWN(struct parsed, format, "The same as Markdown, for a pull request"),
    OPTIONS_END,
};

static const char doc[] =
    "Runs two builds in turn, in pairs of fresh processes, and says for each row whether the "
    "second is faster, slower or the same, or that one cannot tell. Two files of kernels instead "
    "of "
    "builds are compared in this build, as by --add. Ends as soon as all rows are decided. Without "
    "a preset it takes `quick`. A row of which one iteration takes longer than "
    "2.5 times --max-time (default 0.3 s) is left out.\v"
    "Example:\n"
    "  lockstep ab build-before/lockstep build/lockstep softmax --threads 1\n"
    "  lockstep ab mine_before.cu mine.cu --shape 1024x1024x1024";

static int word_add(struct option_parse *parse, const char *word) {
    struct parsed *parsed = parse->parsed;
    if (parsed->word_count == WORDS_MAX - 1) /* leaves room for --quick */
        return option_refuse(parse, "more than %d words of options", WORDS_MAX - 1);
    parsed->words[parsed->word_count++] = word;
    return 0;
}

/* Keeps the words of run's options. */
static int option_heard(struct option_parse *parse, const struct command_option *option,
                        char *text) {
    for (const struct command_option *own = options; own->name; own++)
        if (own == option)
            return 0;
    int error = word_add(parse, option->name);
    return error || !text ? error : word_add(parse, text);
}

static int argument_read(struct option_parse *parse, char *text) {
    struct parsed *parsed = parse->parsed;
    if (parsed->binary_count < AB_SIDES) {
        parsed->binaries[parsed->binary_count++] = text;
        return 0;
    }
    int error = run_arguments_operation(parse, text);
    return error ? error : word_add(parse, text);
}

/* Something slower is the verdict that has an exit status of its own. */
static enum status verdict_status(const struct ab *ab, struct message *message) {
    size_t slower = 0;
    for (size_t i = 0; i < ab->row_count; i++)
        slower += ab->rows[i].judgement.verdict == VERDICT_SLOWER;
    if (slower == 0)
        return STATUS_OK;
    return message_set(message, STATUS_WRONG, "%zu of %s %s slower", slower,
                       COUNTED(ab->row_count, "row"), ONE_OR_MORE(slower, "is", "are"));
}

static enum status rows_print(const struct ab *ab, int format, struct message *message) {
    enum status status = ab_print_table(ab, format == OUTPUT_TABLE ? stdout : stderr, message);
    if (status != STATUS_OK || format == OUTPUT_TABLE)
        return status;
    return format == OUTPUT_CSV    ? ab_print_csv(ab, stdout, message)
           : format == OUTPUT_JSON ? ab_print_json(ab, stdout, message)
                                   : ab_print_markdown(ab, stdout, message);
}

/* Processes inherit where they may run, and OMP_PROC_BIND has bound this one to one processor. */
static enum status processors_free(struct message *message) {
    struct processors processors;
    processors_read("", &processors);
    return processors_use(&processors.set, message);
}

static enum status compare_and_print(const struct ab_options *ab_options, int format,
                                     struct message *message) {
    struct ab ab;
    enum status status = processors_free(message);
    if (status == STATUS_OK)
        status = ab_open(&ab, ab_options, message);
    if (status != STATUS_OK)
        return status;
    status = ab_play(&ab, message);
    if (status == STATUS_OK)
        status = rows_print(&ab, format, message);
    if (status == STATUS_OK)
        status = verdict_status(&ab, message);
    ab_close(&ab);
    return status;
}

/* Compares this build with one file's rows and with the other's. */
static enum status files_compare(const struct parsed *parsed, const struct ab_options *both,
                                 struct message *message) {
    struct ab_options sides = *both;
    const struct run_options *run = &parsed->arguments.run;
    const char *words[AB_SIDES][WORDS_MAX + AB_FILES_WORDS_MAX];
    struct ab_files files;
    enum status status =
        ab_files_open(&files, parsed->binaries, run->implementations != NULL,
                      run->selection.operation_count == 0 && !run->selection.case_glob, message);
    if (status != STATUS_OK)
        return status;
    for (int side = 0; side < AB_SIDES; side++) {
        int count = 0;
        for (int i = 0; i < files.word_counts[side]; i++)
            words[side][count++] = files.words[side][i];
        for (int i = 0; i < parsed->word_count; i++)
            words[side][count++] = parsed->words[i];
        sides.binaries[side] = files.program;
        sides.words[side] = words[side];
        sides.word_counts[side] = count;
    }
    const enum status compared = compare_and_print(&sides, parsed->format, message);
    if (compared == STATUS_OK || compared == STATUS_WRONG) {
        struct message why;
        status = ab_files_check(&files, &why);
        if (status != STATUS_OK)
            *message = why;
    }
    ab_files_close(&files);
    return status == STATUS_OK ? compared : status;
}

/* Two builds, or two files of kernels. */
static enum status sides_compare(struct parsed *parsed, struct ab_options *ab_options,
                                 struct message *message) {
    const bool files[AB_SIDES] = {added_is_file(parsed->binaries[AB_BASELINE]),
                                  added_is_file(parsed->binaries[AB_NEW])};
    if (files[AB_BASELINE] != files[AB_NEW])
        return message_set(message, STATUS_INVALID,
                           "ab compares two builds or two files of kernels, and not one of each");
    return files[AB_NEW] ? files_compare(parsed, ab_options, message)
                         : compare_and_print(ab_options, parsed->format, message);
}

enum status command_ab(int argc, char **argv, const struct command_context *context,
                       struct message *message) {
    static const struct command_option *const tables[] = {options, run_arguments_options, NULL};
    struct parsed parsed = {.threshold = 0.02, .pairs = AB_PAIRS_MAX};
    run_arguments_begin(&parsed.arguments, context);
    struct option_parse parse = {.name = "ab",
                                 .arguments = "BASELINE NEW [OPERATION…]",
                                 .doc = doc,
                                 .tables = tables,
                                 .parsed = &parsed,
                                 .argument = argument_read,
                                 .heard = option_heard,
                                 .message = message};
    enum status status = options_parse(&parse, argc, argv);
    if (status != STATUS_OK || parse.helped)
        return status;
    if (parsed.binary_count < AB_SIDES)
        return message_set(
            message, STATUS_INVALID,
            "ab wants two binaries or two files of kernels, the baseline and the new one");
    /* Another build may know other defaults, and `quick` limits how long a row may take. */
    if (!parsed.arguments.run.quick)
        parsed.words[parsed.word_count++] = "--quick";
    struct ab_options ab = {.names = {parsed.binaries[0], parsed.binaries[1]},
                            .binaries = {parsed.binaries[0], parsed.binaries[1]},
                            .words = {parsed.words, parsed.words},
                            .word_counts = {parsed.word_count, parsed.word_count},
                            .threshold = parsed.threshold,
                            .pairs_max = (size_t)parsed.pairs,
                            .stop = context->stop,
                            .stop_argument = context->stop_argument};
    return sides_compare(&parsed, &ab, message);
}
