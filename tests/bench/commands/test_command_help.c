/* What the program says of itself: the help of every command, its options, and README.md beside
 * them.
 */
#include "tests/support/calling.h"
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COMMANDS_MAX = 16, OPTIONS_MAX = 64 };

/* Words in the order in which they were found, each once. */
struct words {
    char list[OPTIONS_MAX][32];
    int count;
};

static bool words_have(const struct words *words, const char *word) {
    for (int i = 0; i < words->count; i++)
        if (strcmp(words->list[i], word) == 0)
            return true;
    return false;
}

static void words_add(struct words *words, const char *word, size_t length) {
    char text[sizeof words->list[0]];
    assert_in_range(length, 1, sizeof text - 1);
    snprintf(text, sizeof text, "%.*s", (int)length, word);
    if (words_have(words, text))
        return;
    assert_in_range(words->count, 0, OPTIONS_MAX - 1);
    memcpy(words->list[words->count++], text, sizeof text);
}

/* Every --option in a text, without its dashes. */
static void options_collect(const char *text, struct words *options) {
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz-";
    for (const char *at = strstr(text, "--"); at; at = strstr(at, "--")) {
        bool begins = at == text || !strchr(letters, at[-1]);
        size_t length = strspn(at + 2, letters);
        if (begins && length > 0 && at[2] != '-')
            words_add(options, at + 2, length);
        at += 2 + length;
    }
}

/* The subcommands, from the program's own help. */
static struct words commands_of(void) {
    struct call call = CALL("--help");
    check_status(&call, 0);
    struct words commands = {.count = 0};
    for (char *rest = call.out, *line; (line = strsep(&rest, "\n"));)
        if (strncmp(line, "  ", 2) == 0)
            words_add(&commands, line + 2, strcspn(line + 2, " "));
    call_free(&call);
    assert_in_range(commands.count, 5, COMMANDS_MAX);
    return commands;
}

/* The options of a subcommand: what stands at the beginning of a line of its help. */
static struct words options_of(const char *command) {
    struct call call = CALL(command, "--help");
    check_status(&call, 0);
    assert_string_equal(call.err, "");
    check_holds(call.out, "Usage: lockstep");
    check_holds(call.out, command);
    check_holds(call.out, "Example");
    struct words options = {.count = 0};
    for (char *rest = call.out, *line; (line = strsep(&rest, "\n"));) {
        size_t blanks = strspn(line, " ");
        if (blanks >= 2 && line[blanks] == '-') {
            line[blanks + strcspn(line + blanks, "=[")] = '\0';
            options_collect(line + blanks, &options);
        }
    }
    call_free(&call);
    return options;
}

TEST_IN_PLACE(every_command_has_help_with_an_example) {
    const struct words commands = commands_of();
    for (int i = 0; i < commands.count; i++) {
        const struct words options = options_of(commands.list[i]);
        assert_true(words_have(&options, "help") && words_have(&options, "usage"));
        struct call usage = CALL(commands.list[i], "--usage");
        check_status(&usage, 0);
        check_holds(usage.out, "Usage: lockstep");
        check_holds(usage.out, commands.list[i]);
        assert_null(strstr(usage.out, "Example"));
        call_free(&usage);
    }
}

/* A value that each option takes; "" for an option without one. */
static const struct {
    const char *option, *value;
} values[] = {
    {"activation", "relu"},
    {"add", "mine.so"},
    {"against-history", ""},
    {"all", ""},
    {"batch", "10"},
    {"caches", ""},
    {"case", "gemm/*"},
    {"cold", ""},
    {"cores", "0"},
    {"counters-threshold", "1%"},
    {"csv", ""},
    {"check", "memory"},
    {"device", "a100"},
    {"device-file", "gpu.json"},
    {"error-exitcode", "1"},
    {"report", "counters.csv"},
    {"data", "synthetic"},
    {"dtype", "f32"},
    {"drop-last", ""},
    {"epochs", "1"},
    {"exact", ""},
    {"gpu", "none"},
    {"help", ""},
    {"ignore-label", "3"},
    {"implementation", "openblas"},
    {"json", ""},
    {"layers", "784-10"},
    {"learning-rate", "0.1"},
    {"load", "weights.bin"},
    {"loss", "cross_entropy"},
    {"machine", "eb60"},
    {"markdown", ""},
    {"max-time", "1"},
    {"missing", "fail"},
    {"momentum", "0.9"},
    {"optimizer", "adam"},
    {"out", "run"},
    {"pairs", "12"},
    {"predict", "a100,t4"},
    {"gpus", "t4,l4"},
    {"price", "t4=0.5"},
    {"measured", "before"},
    {"preload", ""},
    {"preset", "quick"},
    {"quick", ""},
    {"sample-blocks", "64"},
    {"save", "weights.bin"},
    {"scaling", "weak"},
    {"limits", "t4"},
    {"seed", "1"},
    {"shape", "8x8x8"},
    {"strict", ""},
    {"threads", "1"},
    {"threshold", "5%"},
    {"tuning", "tuning.csv"},
    {"usage", ""},
    {"variant", "nn"},
    {"wait", ""},
    {"yardsticks", ""},
};

static const char *value_of(const char *option) {
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
        if (strcmp(values[i].option, option) == 0)
            return values[i].value;
    fail_msg("this test knows no value for --%s", option);
    return NULL;
}

/* --help comes last, so the option before it is read and nothing is run. */
TEST_IN_PLACE(every_option_in_help_is_accepted) {
    const struct words commands = commands_of();
    for (int i = 0; i < commands.count; i++) {
        const struct words options = options_of(commands.list[i]);
        for (int o = 0; o < options.count; o++) {
            char option[64];
            snprintf(option, sizeof option, "--%s", options.list[o]);
            const char *value = value_of(options.list[o]);
            struct call call = *value ? CALL(commands.list[i], option, value, "--help")
                                      : CALL(commands.list[i], option, "--help");
            if (call.status != 0)
                fail_msg("%s %s: %s", commands.list[i], option, call.err);
            call_free(&call);
        }
    }
}

static bool is_documented(const char *option) {
    return strcmp(option, "help") != 0 && strcmp(option, "usage") != 0;
}

/* README.md and --help name the same options. */
TEST_IN_PLACE(readme_and_help_agree) {
    char *readme = file_text("README.md");
    if (!readme) {
        print_message("skipped: there is no README.md in the working directory\n");
        skip();
        return;
    }
    struct words documented = {.count = 0}, known = {.count = 0};
    options_collect(readme, &documented);
    free(readme);
    const struct words commands = commands_of();
    for (int i = 0; i < commands.count; i++) {
        const struct words options = options_of(commands.list[i]);
        for (int o = 0; o < options.count; o++) {
            words_add(&known, options.list[o], strlen(options.list[o]));
            if (is_documented(options.list[o]) && !words_have(&documented, options.list[o]))
                fail_msg("README.md does not name --%s of `lockstep %s`", options.list[o],
                         commands.list[i]);
        }
    }
    words_add(&known, "version", strlen("version"));
    for (int i = 0; i < documented.count; i++)
        if (!words_have(&known, documented.list[i]))
            fail_msg("README.md names --%s, and no --help does", documented.list[i]);
}
