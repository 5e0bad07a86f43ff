/* `lockstep compare` */
#include "bench/commands/command.h"
#include "bench/commands/options.h"
#include "bench/regression/compare.h"
#include "bench/regression/history_baseline.h"
#include "common/words.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct parsed {
    const char *baseline, *changed;
    struct compare_rule rule;
    bool strict, against_history;
    const char *machine;
    int format; /* enum output_format */
};

static int missing_read(struct option_parse *parse, const struct command_option *option, char *text,
                        void *member) {
    enum compare_missing *missing = member;
    *missing = strcmp(text, "fail") == 0 ? MISSING_FAIL : MISSING_WARN;
    if (*missing == MISSING_FAIL || strcmp(text, "warn") == 0)
        return 0;
    return option_refuse(parse, "%s wants fail or warn, not '%s'", option->name, text);
}

static const struct command_option options[] = {
    OPTION_SHARE("threshold", struct parsed, rule.verdict.threshold,
                 "How much longer a row may take before it is slower: 5% or 0.05 (default 5%)"),
    OPTION_SHARE("counters-threshold", struct parsed, rule.counters_threshold,
                 "How much more the emulated GPU may count (default 0: not one more)"),
    OPTION_FLAG("exact", struct parsed, rule.exact,
                "Counts must be equal: fewer, or a kernel that one side alone has, are refused "
                "as well"),
    OPTION_OWN(
        "missing", "WHAT", missing_read, struct parsed, rule.missing,
        "fail: refuse a new run without a row that the baseline measured or counted; warn: "
        "say so (default: warn, but fail under --strict or where nothing is left to compare)"),
    OPTION_FLAG("strict", struct parsed, strict,
                "Refuse runs of different machines, libraries, threads, drivers or builds, and "
                "missing rows"),
    OPTIONS_END,
};

static const struct command_option history_options[] = {
    OPTION_FLAG("against-history", struct parsed, against_history,
                "The baseline is what the history holds for this machine: of each row the runs of "
                "its last level"),
    OPTION_TEXT("machine", "NAME", struct parsed, machine,
                "The name that these runs were recorded under, as in `lockstep history record`"),
    OPTIONS_END,
};

static const struct command_option formats[] = {
    OPTION_CSV(struct parsed, format, "Print CSV: a line a row"),
    OPTION_JSON(struct parsed, format, "Print JSON: rows, counts and differences"),
    OPTION_MARKDOWN(struct parsed, format, "Print Markdown, for a pull request's comment"),
    OPTIONS_END,
};

static const char doc[] =
    "Says what became faster or slower between two runs, and where one cannot tell. BASELINE and "
    "NEW are folders of runs, or their results.csv. Where one is a counters.csv, or a folder with "
    "nothing else, counts alone are compared.\v"
    "Examples:\n  lockstep compare reports/runs/before reports/latest\n"
    "  lockstep compare --markdown --threshold 10% before after >comment.md\n"
    "  lockstep compare --exact reports/baseline reports/latest\n"
    "  lockstep compare --strict --against-history reports/latest";

static int argument_read(struct option_parse *parse, char *text) {
    struct parsed *parsed = parse->parsed;
    if (parsed->changed)
        return option_refuse(parse, "compare takes two runs, BASELINE and NEW");
    *(parsed->baseline ? &parsed->changed : &parsed->baseline) = text;
    return 0;
}

static enum status comparison_print(const struct parsed *parsed,
                                    const struct comparison *comparison, struct message *message) {
    const struct comparison_view view = {comparison, &parsed->rule, parsed->baseline,
                                         parsed->changed};
    enum status status = STATUS_OK;
    if (parsed->format == OUTPUT_CSV)
        comparison_print_csv(&view, stdout);
    else if (parsed->format == OUTPUT_JSON)
        status = comparison_print_json(&view, stdout, message);
    else if (parsed->format == OUTPUT_MARKDOWN)
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
    comparison_print_differences(comparison, "lockstep: warning: ", stderr);
    comparison_print_counts(comparison, "lockstep: ", stderr);
}

static void missing_print(const struct comparison *comparison) {
    size_t rows = comparison->rows_vanished, kernels = comparison->kernels_vanished;
    if (rows + kernels > 0)
        fprintf(stderr,
                "lockstep: warning: rows that the baseline has and the new run does not: %zu; "
                "kernels not counted any more: %zu\n",
                rows, kernels);
    if (comparison_is_empty(comparison))
        fputs("lockstep: warning: nothing was compared\n", stderr);
}

static enum status strictness_check(const struct comparison *comparison, struct message *message) {
    if (comparison->difference_count == 0)
        return STATUS_OK;
    const struct setting_difference *first = &comparison->differences[0];
    return message_set(message, STATUS_INVALID,
                       "%s %s, the first is %s: %s in the baseline, %s in the new; "
                       "without --strict they are compared all the same",
                       COUNTED(comparison->difference_count, "setting"),
                       ONE_OR_MORE(comparison->difference_count, "differs", "differ"), first->name,
                       first->baseline, first->changed);
}

static enum status runs_compare(const struct parsed *parsed, const struct run_files *baseline,
                                const struct run_files *changed, struct message *message) {
    struct comparison comparison;
    enum status status = compare_runs(baseline, changed, &parsed->rule, &comparison, message);
    if (status != STATUS_OK)
        return status;
    if (parsed->strict)
        status = strictness_check(&comparison, message);
    if (status == STATUS_OK && parsed->format == OUTPUT_CSV)
        differences_print(&comparison);
    if (status == STATUS_OK)
        status = comparison_print(parsed, &comparison, message);
    if (status == STATUS_OK)
        status = comparison_status(&comparison, &parsed->rule, message);
    if (status == STATUS_OK)
        missing_print(&comparison);
    comparison_release(&comparison);
    return status;
}

static enum status baseline_read(const struct parsed *parsed, const struct run_files *changed,
                                 struct run_files *baseline, struct message *message) {
    struct history *history = NULL;
    if (!parsed->against_history)
        return run_files_read(parsed->baseline, baseline, message);
    enum status status = history_open(history_path(), false, &history, message);
    if (status == STATUS_OK)
        status = history_baseline_read(history, changed, parsed->machine, baseline, message);
    history_close(history);
    return status;
}

static enum status both_compare(const struct parsed *parsed, struct message *message) {
    struct run_files baseline, changed;
    enum status status = run_files_read(parsed->changed, &changed, message);
    if (status != STATUS_OK)
        return status;
    status = baseline_read(parsed, &changed, &baseline, message);
    if (status == STATUS_OK) {
        status = runs_compare(parsed, &baseline, &changed, message);
        run_files_release(&baseline);
    }
    run_files_release(&changed);
    return status;
}

/* Puts right what the options and arguments mean together. */
static enum status call_finish(struct parsed *parsed, struct message *message) {
    if (parsed->strict && parsed->rule.missing == MISSING_UNSAID)
        parsed->rule.missing = MISSING_FAIL;
    if (parsed->machine && !parsed->against_history)
        return message_set(message, STATUS_INVALID, "--machine goes with --against-history");
    if (parsed->against_history && parsed->baseline && !parsed->changed) {
        parsed->changed = parsed->baseline;
        parsed->baseline = "the history";
        return STATUS_OK;
    }
    if (parsed->changed && !parsed->against_history)
        return STATUS_OK;
    return message_set(message, STATUS_INVALID,
                       parsed->against_history
                           ? "with --against-history, compare wants one run, as in `lockstep "
                             "compare --against-history reports/latest`"
                           : "compare wants two runs, as in `lockstep compare reports/runs/before "
                             "reports/latest`");
}

enum status command_compare(int argc, char **argv, const struct command_context *context,
                            struct message *message) {
    (void)context;
    static const struct command_option *const tables[] = {options, history_options, formats, NULL};
    struct parsed parsed = {.rule.verdict = verdict_rule_default()};
    struct option_parse parse = {.name = "compare",
                                 .arguments = "BASELINE NEW\n--against-history NEW",
                                 .doc = doc,
                                 .tables = tables,
                                 .parsed = &parsed,
                                 .argument = argument_read,
                                 .message = message};
    enum status status = options_parse(&parse, argc, argv);
    if (status != STATUS_OK || parse.helped)
        return status;
    status = call_finish(&parsed, message);
    return status == STATUS_OK ? both_compare(&parsed, message) : status;
}
