/* From tables of options to argp, and from words to values. */
#include "bench/commands/options.h"
#include "bench/commands/exit_status.h"
#include "bench/statistics/verdict.h"
#include "ranks/ranks.h"

#include <argp.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- reading one value ------------------------------------------------------------------------ */

int option_refuse(struct option_parse *parse, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(parse->message->text, sizeof parse->message->text, format, arguments);
    va_end(arguments);
    parse->status = STATUS_INVALID;
    return EINVAL;
}

int option_text(struct option_parse *parse, const struct command_option *option, char *text,
                void *member) {
    (void)parse;
    (void)option;
    *(const char **)member = text;
    return 0;
}

int option_flag(struct option_parse *parse, const struct command_option *option, char *text,
                void *member) {
    (void)parse;
    (void)option;
    (void)text;
    *(bool *)member = true;
    return 0;
}

int option_format(struct option_parse *parse, const struct command_option *option, char *text,
                  void *member) {
    (void)text;
    int *format = member;
    if (*format != OUTPUT_TABLE && *format != option->least)
        return option_refuse(parse, "choose one of --csv, --json and --markdown at a time");
    *format = (int)option->least;
    return 0;
}

static int whole_read(struct option_parse *parse, const struct command_option *option,
                      const char *text, long long *number) {
    char *end;
    errno = 0;
    *number = strtoll(text, &end, 10);
    if (end != text && *end == '\0' && errno == 0 && *number >= option->least &&
        *number <= option->most)
        return 0;
    if (option->most == INT64_MAX && errno != ERANGE)
        return option_refuse(parse, "%s wants a whole number from %lld, not '%s'", option->name,
                             option->least, text);
    return option_refuse(parse, "%s wants a whole number from %lld to %lld, not '%s'", option->name,
                         option->least, option->most, text);
}

int option_whole(struct option_parse *parse, const struct command_option *option, char *text,
                 void *member) {
    long long number;
    int error = whole_read(parse, option, text, &number);
    if (!error)
        *(int *)member = (int)number;
    return error;
}

int option_count(struct option_parse *parse, const struct command_option *option, char *text,
                 void *member) {
    long long number;
    int error = whole_read(parse, option, text, &number);
    if (!error)
        *(int64_t *)member = number;
    return error;
}

int option_seed(struct option_parse *parse, const struct command_option *option, char *text,
                void *member) {
    long long number;
    int error = whole_read(parse, option, text, &number);
    if (!error)
        *(uint64_t *)member = (uint64_t)number;
    return error;
}

int option_positive(struct option_parse *parse, const struct command_option *option, char *text,
                    void *member) {
    char *end;
    double number = strtod(text, &end);
    if (end == text || *end != '\0' || !isfinite(number) || number <= 0.0)
        return option_refuse(parse, "%s wants a number above 0, not '%s'", option->name, text);
    *(double *)member = number;
    return 0;
}

int option_share(struct option_parse *parse, const struct command_option *option, char *text,
                 void *member) {
    return verdict_read_threshold(text, member)
               ? 0
               : option_refuse(parse, "%s wants a share as 5%% or 0.05, not '%s'", option->name,
                               text);
}

int option_list(struct option_parse *parse, const struct command_option *option, char *text,
                void *member) {
    if (text[strspn(text, ", ")] == '\0')
        return option_refuse(parse, "%s names nothing: '%s'", option->name, text);
    for (const char *word = text; *word;) {
        const size_t length = strcspn(word, ",");
        for (const char *other = text; length > 0 && other < word; other += strcspn(other, ",") + 1)
            if (strcspn(other, ",") == length && strncmp(other, word, length) == 0)
                return option_refuse(parse, "%s names '%.*s' twice", option->name, (int)length,
                                     word);
        word += length + (word[length] == ',');
    }
    return option_text(parse, option, text, member);
}

int option_added(struct option_parse *parse, const struct command_option *option, char *text,
                 void *member) {
    struct added_list *list = member;
    if (list->count == ADDED_MAX)
        return option_refuse(parse, "%s was given more than %d times", option->name, ADDED_MAX);
    list->texts[list->count++] = text;
    return 0;
}

/* --- a whole line ----------------------------------------------------------------------------- */

enum { OPTIONS_MAX = 64, WORDS_MAX = 256, KEY_HELP = '?', KEY_USAGE = 0x1000, KEY_FIRST };

/* What argp calls back with: the tables as one list. */
struct reading {
    struct option_parse *parse;
    const struct command_option *options[OPTIONS_MAX];
    struct argp_option listed[OPTIONS_MAX + 3];
    bool was_given[OPTIONS_MAX];
    int count;
};

static int help_print(struct reading *reading, int key, struct argp_state *state) {
    const unsigned int long_help = ARGP_HELP_LONG | ARGP_HELP_DOC | ARGP_HELP_USAGE;
    if (ranks_launched_first())
        argp_state_help(state, stdout, key == KEY_HELP ? long_help : ARGP_HELP_USAGE);
    reading->parse->helped = true;
    return ECANCELED;
}

/* The last sentence of every help. argp frees what is not the text that it gave. */
static char *help_end(int key, const char *text, void *input) {
    (void)input;
    char *ended = NULL;
    if (key == ARGP_KEY_HELP_EXTRA)
        ended = strdup(exit_status_help);
    return ended ? ended : (char *)text;
}

static error_t key_read(int key, char *text, struct argp_state *state) {
    struct reading *reading = state->input;
    struct option_parse *parse = reading->parse;
    if (key == KEY_HELP || key == KEY_USAGE)
        return help_print(reading, key, state);
    if (key == ARGP_KEY_ARG && parse->argument)
        return parse->argument(parse, text);
    if (key == ARGP_KEY_ARG)
        return option_refuse(parse, "%s takes options only, and '%s' is not one", parse->name,
                             text);
    if (key < KEY_FIRST || key >= KEY_FIRST + reading->count)
        return ARGP_ERR_UNKNOWN;
    const struct command_option *option = reading->options[key - KEY_FIRST];
    const bool may_repeat = !option->value || option->read == option_added;
    if (!may_repeat && reading->was_given[key - KEY_FIRST])
        return option_refuse(parse, "%s was given twice, the second time as '%s'", option->name,
                             text);
    reading->was_given[key - KEY_FIRST] = true;
    int error = option->read(parse, option, text, (char *)parse->parsed + option->offset);
    return error || !parse->heard ? error : parse->heard(parse, option, text);
}

/* False where there are more options than there is room for. */
static bool options_list(struct reading *reading) {
    int group = 1; /* one a table: help sorts within a group */
    for (const struct command_option *const *table = reading->parse->tables; *table;
         table++, group++)
        for (const struct command_option *option = *table; option->name; option++) {
            if (reading->count == OPTIONS_MAX)
                return false;
            reading->options[reading->count] = option;
            reading->listed[reading->count] =
                (struct argp_option){option->name + 2, KEY_FIRST + reading->count,
                                     option->value,    0,
                                     option->help,     group};
            reading->count++;
        }
    /* A negative group comes last. */
    reading->listed[reading->count] =
        (struct argp_option){"help", KEY_HELP, NULL, 0, "Show this help", -1};
    reading->listed[reading->count + 1] =
        (struct argp_option){"usage", KEY_USAGE, NULL, 0, "Show a short usage message", -1};
    return true;
}

enum status options_parse(struct option_parse *parse, int argc, char **argv) {
    struct reading reading = {.parse = parse};
    char name[64], *words[WORDS_MAX];
    if (!options_list(&reading))
        return message_set(parse->message, STATUS_FAILED, "lockstep %s has more than %d options",
                           parse->name, OPTIONS_MAX);
    if (argc >= WORDS_MAX)
        return message_set(parse->message, STATUS_INVALID, "too many arguments: %d", argc);
    snprintf(name, sizeof name, "lockstep %s", parse->name);
    memcpy(words, argv, (size_t)argc * sizeof *argv);
    words[0] = name;
    words[argc] = NULL;
    parse->status = STATUS_OK;
    parse->helped = false;
    const struct argp argp = {.options = reading.listed,
                              .parser = key_read,
                              .args_doc = parse->arguments,
                              .doc = parse->doc,
                              .help_filter = help_end};
    /* ARGP_NO_HELP: argp's own --help ends the process. Its messages about unknown options go to
     * standard error. */
    unsigned int flags = ARGP_NO_EXIT | ARGP_NO_HELP;
    if (!ranks_launched_first())
        flags |= ARGP_NO_ERRS;
    error_t error = argp_parse(&argp, argc, words, flags, NULL, &reading);
    if (parse->helped)
        return STATUS_OK;
    if (parse->status != STATUS_OK)
        return parse->status;
    if (error)
        return message_set(parse->message, STATUS_INVALID,
                           "the call was not understood; `lockstep %s --help` shows what there is",
                           parse->name);
    return STATUS_OK;
}
