/* `lockstep emulate` */
#include "bench/commands/command.h"
#include "bench/commands/emulate_summary.h"
#include "bench/commands/emulated_program.h"
#include "bench/commands/exit_status.h"
#include "bench/commands/options.h"
#include "common/files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char doc[] =
    "Runs any CUDA program on the emulated GPU. Faults with kernel, thread, address and source "
    "line, "
    "memory that was never freed and a table of the kernels go to standard error when it has "
    "ended.\v"
    "The program is one of the driver API, or of the runtime API and built with -cudart shared, "
    "with "
    "PTX in it; a script that starts some will do. The exit status is the program's, or that of "
    "--error-exitcode where it is 0 though something was found wrong.\n\n"
    "Example:\n  lockstep emulate --check memory,race ./my_tests --quick";

struct parsed {
    const char *device, *check, *report;
    bool preload, wait;
    int found_status;
};

static const struct command_option options[] = {
    OPTION_TEXT("device", "NAME", struct parsed, device,
                "What the GPU says it is: ampere (default), t4, a100, rtx3090, rtx4060, h100, "
                "b200, rtx5090"),
    OPTION_LIST(
        "check", struct parsed, check,
        "memory (default), race, race=global, init, barrier, leak, joined by commas; all; none"),
    OPTION_TEXT("report", "FILE", struct parsed, report,
                "Write the counters of all kernels into this CSV file, which is replaced"),
    OPTION_FLAG("preload", struct parsed, preload,
                "Load the emulator's runtime and NVRTC before those that the program brings along, "
                "as wheels of Python do"),
    OPTION_FLAG("wait", struct parsed, wait,
                "Wait for the processes that the program leaves running, too"),
    OPTION_WHOLE("error-exitcode", 0, 255, struct parsed, found_status,
                 "The exit status where something was found wrong and the program's is 0 (86)"),
    OPTIONS_END,
};

/* Whether the next word is this option's value. The options of all commands without one may be cut
 * short. */
static bool takes_value(const char *option) {
    static const char *const alone[] = {"--pr", "--wa", "--he", "--us"};
    for (size_t i = 0; i < sizeof alone / sizeof alone[0]; i++)
        if (strncmp(option, alone[i], strlen(alone[i])) == 0)
            return false;
    return strchr(option, '=') == NULL;
}

/* How many words are lockstep's own: those before the first that is neither an option nor the value
 * of one. */
static int own_words(int argc, char **argv) {
    int count = 1;
    while (count < argc && argv[count][0] == '-') {
        const char *word = argv[count++];
        if (strcmp(word, "--") == 0)
            break;
        count += takes_value(word) && count < argc;
    }
    return count;
}

static bool is_listed(const char *text) {
    return strpbrk(text, "; \n") == NULL;
}

/* What the options say, as LOCKSTEP_EMULATOR has it. */
static enum status configuration_write(const struct parsed *parsed, char *text, size_t size,
                                       struct message *message) {
    const char *device = parsed->device, *check = parsed->check;
    if ((device && !is_listed(device)) || (check && !is_listed(check)))
        return message_set(message, STATUS_INVALID,
                           "--device and --check take names without blanks and semicolons");
    const int length = snprintf(text, size, "%s%s;%s%s", device ? "device=" : "",
                                device ? device : "", check ? "check=" : "", check ? check : "");
    if (length < 0 || (size_t)length >= size)
        return message_set(message, STATUS_INVALID, "--device or --check is too long");
    return STATUS_OK;
}

/* Whether LOCKSTEP_EMULATOR names a file by `key`, which ends with '='. */
static bool variable_names_file(const char *key) {
    const char *said = getenv("LOCKSTEP_EMULATOR");
    for (const char *at = said ? strstr(said, key) : NULL; at; at = strstr(at + 1, key))
        if (at == said || strchr("; \n", at[-1]))
            return true;
    return false;
}

/* The emulator writes them for this command, which says what is in them. */
static void variable_explain(void) {
    if (variable_names_file("findings="))
        fprintf(stderr, "lockstep emulate: findings= in LOCKSTEP_EMULATOR is not used; what is "
                        "found is told here\n");
    if (variable_names_file("report="))
        fprintf(stderr, "lockstep emulate: report= in LOCKSTEP_EMULATOR is not used; --report "
                        "FILE is\n");
    if (variable_names_file("processes="))
        fprintf(stderr, "lockstep emulate: processes= in LOCKSTEP_EMULATOR is not used; a folder "
                        "of its own is\n");
}

/* Where no kernel was launched there are no counters, and the file is left empty. */
static enum status report_copy(const char *from, const char *to, struct message *message) {
    enum { MOST = 1 << 30 };
    char *bytes = NULL;
    size_t size = 0;
    enum status status = STATUS_OK;
    if (access(from, F_OK) == 0)
        status = file_read(from, MOST, &bytes, &size, message);
    if (status == STATUS_OK)
        status = file_replace(to, bytes ? bytes : "", size, message);
    free(bytes);
    return status;
}

/* What the program ended with says more than a report that could not be written. */
static enum status report_write(const char *from, const char *to, int exit_status,
                                struct message *message) {
    const enum status status = report_copy(from, to, message);
    if (status == STATUS_OK || exit_status == 0)
        return status;
    fprintf(stderr, "lockstep: %s\n", message->text);
    return STATUS_OK;
}

/* Of processes that did not come to their end is known what they had done until then. */
static void ends_tell(const struct emulated_program *program) {
    if (program->signal)
        fprintf(stderr,
                "lockstep emulate: signal %d (%s) ended the program: its kernels are counted up to "
                "there, and leaks are not told\n",
                program->signal, strsignal(program->signal));
    else if (program->unended)
        fprintf(stderr,
                "lockstep emulate: %zu %s used the emulated GPU and ended by _exit, by exec or by "
                "a signal: kernels are counted up to there\n",
                program->unended, program->unended == 1 ? "process" : "processes");
    if (program->running)
        fprintf(stderr,
                "lockstep emulate: %zu %s still using the emulated GPU: kernels are counted up to "
                "now\n",
                program->running, program->running == 1 ? "process is" : "processes are");
}

/* That nothing was found, or that no kernel ran, is said alone where all processes were looked at
 * up to their end. */
static enum status summary_print(const struct emulated_program *program, bool is_refused,
                                 size_t *found, struct message *message) {
    const bool is_whole = !program->signal && !program->running;
    size_t kernels = 0;
    enum status status = summary_print_findings(stderr, program->findings, found, message);
    if (status == STATUS_OK && is_refused && access(program->counters, F_OK) != 0)
        ++*found; /* what was asked for could not be looked at */
    else if (status == STATUS_OK && *found == 0 && is_whole)
        fprintf(stderr, "lockstep emulate: nothing was found wrong\n");
    if (status == STATUS_OK)
        status = summary_print_kernels(stderr, program->counters, &kernels, message);
    if (status == STATUS_OK && kernels == 0 && is_whole)
        fprintf(stderr, "lockstep emulate: no kernel ran on the emulated GPU\n");
    return status;
}

static enum status program_emulate(const struct parsed *parsed, char *const *words,
                                   const struct command_context *context, struct message *message) {
    struct emulated_program program = {.preload = parsed->preload, .waits = parsed->wait};
    char configuration[1024];
    size_t found = 0;
    enum status status = configuration_write(parsed, configuration, sizeof configuration, message);
    if (status == STATUS_OK && parsed->report && !*parsed->report)
        status = message_set(message, STATUS_INVALID, "--report takes the name of a file");
    if (status == STATUS_OK && parsed->report)
        status = file_check_replaceable(parsed->report, message);
    const bool is_refused = emulated_program_has_static_runtime(words[0]);
    if (is_refused)
        fprintf(stderr,
                "lockstep emulate: %s has NVIDIA's CUDA runtime built in, which runs on NVIDIA's "
                "driver alone; link it with nvcc -cudart shared\n",
                words[0]);
    variable_explain();
    if (status == STATUS_OK)
        status = emulated_program_run(&program, words, configuration, context, message);
    if (status != STATUS_OK)
        return status;
    ends_tell(&program);
    status = summary_print(&program, is_refused, &found, message);
    *context->exit_status =
        program.exit_status == 0 && found ? parsed->found_status : program.exit_status;
    if (status == STATUS_OK && parsed->report)
        status = report_write(program.counters, parsed->report, *context->exit_status, message);
    emulated_program_forget(&program);
    return status;
}

enum status command_emulate(int argc, char **argv, const struct command_context *context,
                            struct message *message) {
    static const struct command_option *const tables[] = {options, NULL};
    struct parsed parsed = {.found_status = EXIT_STATUS_FOUND};
    struct option_parse parse = {.name = "emulate",
                                 .arguments = "PROGRAM [ARGUMENT…]",
                                 .doc = doc,
                                 .tables = tables,
                                 .parsed = &parsed,
                                 .message = message};
    const int own = own_words(argc, argv);
    const enum status status = options_parse(&parse, own, argv);
    if (status != STATUS_OK || parse.helped)
        return status;
    if (own == argc)
        return message_set(message, STATUS_INVALID,
                           "which program? `lockstep emulate [OPTION…] PROGRAM [ARGUMENT…]`");
    return program_emulate(&parsed, argv + own, context, message);
}
