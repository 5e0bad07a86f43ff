/* `lockstep ab` */
#include "bench/commands/arguments.h"
#include "bench/regression/ab.h"

#include <unistd.h>

enum { KEY_THRESHOLD = 0x4001, KEY_PAIRS, KEY_CSV, KEY_JSON, KEY_MARKDOWN };

static const struct argp_option options[] = {
    {"threshold", KEY_THRESHOLD, "SHARE", 0, "The change that does not matter (default 2%)", 0},
    {"pairs", KEY_PAIRS, "N", 0, "At most N pairs of processes, 6 to 48 (default 48)", 0},
    {"csv", KEY_CSV, NULL, 0, "Verdicts as CSV on standard output, the table on standard error", 0},
    {"json", KEY_JSON, NULL, 0, "The same as JSON, with the times of every pair", 0},
    {"markdown", KEY_MARKDOWN, NULL, 0, "The same as Markdown, for a pull request", 0},
    {0},
};

static const char doc[] =
    "Runs two builds in turn, in pairs of fresh processes, and says for each row whether the "
    "second is faster, slower or the same, or that one cannot tell. Ends as soon as all rows are "
    "decided. Without a preset it takes `quick`. A row of which one iteration takes longer than "
    "2.5 times --max-time (default 0.3 s) is left out.\v"
    "Example:\n"
    "  lockstep ab build-before/lockstep build/lockstep softmax --threads 1\n\n"
    "Exit status: 0 nothing is slower; 1 something is, or a result is wrong; 2 the call was wrong, "
    "or the binaries cannot be compared; 3 a process broke; 77 the GPU that was required is not "
    "there.";

typedef enum status print_function(const struct ab *, FILE *, struct message *);

struct parsed {
    struct run_arguments arguments; /* first: the shared parser fills it */
    struct ab_options ab;
    int binaries;
    print_function *print; /* NULL: the table alone */
};

static int parse_value(struct command_parse *parse, int key, const char *argument) {
    struct ab_options *ab = &((struct parsed *)parse->options)->ab;
    long long number;
    if (key == KEY_THRESHOLD) {
        if (!verdict_read_threshold(argument, &ab->threshold))
            return command_refuse(parse, "--threshold wants a share as 2%% or 0.02, not '%s'",
                                  argument);
        return 0;
    }
    if (!command_read_integer(argument, AB_PAIRS_MIN, AB_PAIRS_MAX, &number))
        return command_refuse(parse, "--pairs wants a number from %d to %d, not '%s'", AB_PAIRS_MIN,
                              AB_PAIRS_MAX, argument);
    ab->pairs_max = (size_t)number;
    return 0;
}

static error_t parse_option(int key, char *argument, struct argp_state *state) {
    static const struct {
        int key;
        print_function *print;
    } formats[] = {
        {KEY_CSV, ab_print_csv}, {KEY_JSON, ab_print_json}, {KEY_MARKDOWN, ab_print_markdown}};
    struct command_parse *parse = state->input;
    struct parsed *parsed = parse->options;
    if (key == ARGP_KEY_INIT) {
        state->child_inputs[0] = parse;
        return 0;
    }
    if (key == ARGP_KEY_ARG && parsed->binaries < AB_SIDES) {
        parsed->ab.binaries[parsed->binaries++] = argument;
        return 0;
    }
    if (key == KEY_THRESHOLD || key == KEY_PAIRS)
        return parse_value(parse, key, argument);
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++)
        if (formats[i].key == key) {
            if (parsed->print)
                return command_refuse(parse, "one of --csv, --json and --markdown at a time");
            parsed->print = formats[i].print;
            return 0;
        }
    return ARGP_ERR_UNKNOWN;
}

/* Something slower is the verdict that has an exit status of its own. */
static enum status verdict_status(const struct ab *ab, struct message *message) {
    size_t slower = 0;
    for (size_t i = 0; i < ab->row_count; i++)
        slower += ab->rows[i].judgement.verdict == VERDICT_SLOWER;
    if (slower == 0)
        return STATUS_OK;
    return message_set(message, STATUS_WRONG, "%zu of %zu rows %s slower", slower, ab->row_count,
                       slower == 1 ? "is" : "are");
}

static enum status compare_and_print(const struct parsed *parsed, struct message *message) {
    struct ab ab;
    enum status status = ab_open(&ab, &parsed->ab, message);
    if (status != STATUS_OK)
        return status;
    status = ab_play(&ab, message);
    if (status == STATUS_OK)
        status = ab_print_table(&ab, parsed->print ? stderr : stdout, message);
    if (status == STATUS_OK && parsed->print)
        status = parsed->print(&ab, stdout, message);
    if (status == STATUS_OK)
        status = verdict_status(&ab, message);
    ab_close(&ab);
    return status;
}

enum status command_ab(int argc, char **argv, const struct command_context *context,
                       struct message *message) {
    struct parsed parsed = {.ab = {.threshold = 0.02,
                                   .pairs_max = AB_PAIRS_MAX,
                                   .stop = context->stop,
                                   .stop_argument = context->stop_argument}};
    run_arguments_begin(&parsed.arguments, context);
    const struct argp_child children[] = {{.argp = &run_arguments_argp}, {0}};
    const struct argp argp = {.options = options,
                              .parser = parse_option,
                              .args_doc = "BASELINE_BINARY NEW_BINARY [OPERATION…]",
                              .doc = doc,
                              .children = children};
    struct command_parse parse = {.name = "ab", .options = &parsed, .message = message};
    enum status status = command_parse(&argp, argc, argv, &parse);
    if (status != STATUS_OK || parse.helped)
        return status;
    if (parsed.binaries < AB_SIDES)
        return message_set(message, STATUS_INVALID,
                           "ab wants two binaries, the baseline and the new one");
    /* Another build may know other defaults, and `quick` limits how long a row may take. */
    static char quick[] = "--quick";
    if (!parsed.arguments.run.quick && parsed.arguments.word_count + 1 < RUN_WORDS_MAX)
        parsed.arguments.words[parsed.arguments.word_count++] = quick;
    parsed.ab.words = parsed.arguments.words;
    parsed.ab.word_count = parsed.arguments.word_count;
    return compare_and_print(&parsed, message);
}
