/* `lockstep compare` */
#include "bench/commands/command.h"
#include "bench/regression/compare.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum {
    KEY_THRESHOLD = 0x2001,
    KEY_COUNTERS,
    KEY_EXACT,
    KEY_STRICT,
    KEY_CSV,
    KEY_JSON,
    KEY_MARKDOWN
};

static const struct argp_option options[] = {
    {"threshold", KEY_THRESHOLD, "SHARE", 0,
     "How much longer a row may take before it is slower: 5% or 0.05 (default 5%)", 0},
    {"counters-threshold", KEY_COUNTERS, "SHARE", 0,
     "How much more the emulated GPU may count (default 0: not one more)", 0},
    {"exact", KEY_EXACT, NULL, 0,
     "Counts must be equal: fewer, or a kernel that one side alone has, are refused as well", 0},
    {"strict", KEY_STRICT, NULL, 0,
     "Refuse runs of different machines, libraries, threads, drivers or builds", 0},
    {"csv", KEY_CSV, NULL, 0, "Print CSV: a line a row", 1},
    {"json", KEY_JSON, NULL, 0, "Print JSON: rows, counts and differences", 1},
    {"markdown", KEY_MARKDOWN, NULL, 0, "Print Markdown, for a pull request's comment", 1},
    {0},
};

static const char doc[] =
    "Says what became faster or slower between two runs, and where one cannot tell. BASELINE and "
    "NEW are folders of runs, or their results.csv. Where one is a counters.csv, or a folder with "
    "nothing else, counts alone are compared.\v"
    "Examples:\n  lockstep compare reports/runs/before reports/latest\n"
    "  lockstep compare --markdown --threshold 10% before after >comment.md\n"
    "  lockstep compare --exact reports/baseline reports/latest\n\n"
    "Exit status: 0 nothing is slower; 1 a row is slower or fails now, or a count is worse; 2 the "
    "call or a file was wrong; 3 the answer could not be written.";

struct parsed {
    const char *baseline, *changed;
    struct compare_rule rule;
    bool strict;
    int format; /* 0 or the key of one of the formats */
};

static int parse_share(struct command_parse *parse, const char *name, const char *argument,
                       double *share) {
    return verdict_read_threshold(argument, share)
               ? 0
               : command_refuse(parse, "--%s wants a share as 5%% or 0.05, not '%s'", name,
                                argument);
}

static error_t parse_option(int key, char *argument, struct argp_state *state) {
    struct command_parse *parse = state->input;
    struct parsed *parsed = parse->options;
    switch (key) {
    case KEY_THRESHOLD:
        return parse_share(parse, "threshold", argument, &parsed->rule.verdict.threshold);
    case KEY_COUNTERS:
        return parse_share(parse, "counters-threshold", argument, &parsed->rule.counters_threshold);
    case KEY_EXACT:
        parsed->rule.exact = true;
        return 0;
    case KEY_STRICT:
        parsed->strict = true;
        return 0;
    case KEY_CSV:
    case KEY_JSON:
    case KEY_MARKDOWN:
        if (parsed->format && parsed->format != key)
            return command_refuse(parse, "choose one of --csv, --json and --markdown");
        parsed->format = key;
        return 0;
    case ARGP_KEY_ARG:
        if (parsed->changed)
            return command_refuse(parse, "compare takes two runs, BASELINE and NEW");
        *(parsed->baseline ? &parsed->changed : &parsed->baseline) = argument;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static enum status comparison_print(const struct parsed *parsed,
                                    const struct comparison *comparison, struct message *message) {
    const struct comparison_view view = {comparison, &parsed->rule, parsed->baseline,
                                         parsed->changed};
    enum status status = STATUS_OK;
    if (parsed->format == KEY_CSV)
        comparison_print_csv(&view, stdout);
    else if (parsed->format == KEY_JSON)
        status = comparison_print_json(&view, stdout, message);
    else if (parsed->format == KEY_MARKDOWN)
        comparison_print_markdown(&view, stdout);
    else
        comparison_print_table(&view, stdout);
    if (status == STATUS_OK && (fflush(stdout) != 0 || ferror(stdout)))
        status =
            message_set(message, STATUS_IO, "cannot write the comparison: %s", strerror(errno));
    return status;
}

/* Neither settings nor counts are part of the CSV: they go to standard error. */
static void differences_print(const struct comparison *comparison) {
    for (size_t i = 0; i < comparison->difference_count; i++)
        fprintf(stderr, "lockstep: warning: %s differs: %s in the baseline, %s in the new\n",
                comparison->differences[i].name, comparison->differences[i].baseline,
                comparison->differences[i].changed);
    comparison_print_counts(comparison, "lockstep: ", stderr);
}

static enum status strictness_check(const struct comparison *comparison, struct message *message) {
    if (comparison->difference_count == 0)
        return STATUS_OK;
    const struct setting_difference *first = &comparison->differences[0];
    return message_set(message, STATUS_INVALID,
                       "%zu settings differ, the first is %s: %s in the baseline, %s in the new; "
                       "without --strict they are compared all the same",
                       comparison->difference_count, first->name, first->baseline, first->changed);
}

static enum status runs_compare(const struct parsed *parsed, const struct run_files *baseline,
                                const struct run_files *changed, struct message *message) {
    struct comparison comparison;
    enum status status = compare_runs(baseline, changed, &parsed->rule, &comparison, message);
    if (status != STATUS_OK)
        return status;
    if (parsed->strict)
        status = strictness_check(&comparison, message);
    if (status == STATUS_OK && parsed->format == KEY_CSV)
        differences_print(&comparison);
    if (status == STATUS_OK)
        status = comparison_print(parsed, &comparison, message);
    if (status == STATUS_OK)
        status = comparison_status(&comparison, &parsed->rule, message);
    comparison_release(&comparison);
    return status;
}

enum status command_compare(int argc, char **argv, const struct command_context *context,
                            struct message *message) {
    (void)context;
    struct parsed parsed = {.rule.verdict = verdict_rule_default()};
    const struct argp argp = {
        .options = options, .parser = parse_option, .args_doc = "BASELINE NEW", .doc = doc};
    struct command_parse parse = {.name = "compare", .options = &parsed, .message = message};
    enum status status = command_parse(&argp, argc, argv, &parse);
    if (status != STATUS_OK || parse.helped)
        return status;
    if (!parsed.changed)
        return message_set(message, STATUS_INVALID,
                           "compare wants two runs, as in `lockstep compare reports/runs/before "
                           "reports/latest`");
    struct run_files baseline, changed;
    status = run_files_read(parsed.baseline, &baseline, message);
    if (status != STATUS_OK)
        return status;
    status = run_files_read(parsed.changed, &changed, message);
    if (status == STATUS_OK) {
        status = runs_compare(&parsed, &baseline, &changed, message);
        run_files_release(&changed);
    }
    run_files_release(&baseline);
    return status;
}
