/* A program of anybody's, run on the emulated GPU. */
#include "bench/commands/emulated_program.h"

#include "bench/added/probe.h"
#include "bench/commands/elf_symbols.h"
#include "bench/commands/journals.h"
#include "common/process.h"
#include "gpu/gpu.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- What the program finds in its environment ---- */

/* `name` becomes `first`, a separator, and what it was. */
static bool environment_put_before(const char *name, const char *first, char separator,
                                   bool in_front) {
    const char *before = getenv(name);
    char *text;
    int length;
    if (!before || !*before)
        return setenv(name, first, 1) == 0;
    if (in_front)
        length = asprintf(&text, "%s%c%s", first, separator, before);
    else
        length = asprintf(&text, "%s%c%s", before, separator, first);
    if (length < 0)
        return false;
    const bool done = setenv(name, text, 1) == 0;
    free(text);
    return done;
}

/* Programs that run an assembler, as Triton does, or a compiler, as CuPy does, and load what it
 * makes, get one that hands out PTX. A compiler that was chosen stays. */
static bool compilers_name(const char *folder) {
    char assembler[PATH_MAX + sizeof "/ptxas"], compiler[PATH_MAX + sizeof "/nvcc"];
    snprintf(assembler, sizeof assembler, "%s/ptxas", folder);
    snprintf(compiler, sizeof compiler, "%s/nvcc", folder);
    return setenv("TRITON_PTXAS_PATH", assembler, 1) == 0 &&
           setenv("TRITON_PTXAS_BLACKWELL_PATH", assembler, 1) == 0 &&
           setenv("NVCC", compiler, 0) == 0;
}

/* A library that is loaded already is taken wherever the program would look for it. The loader
 * looks for a bare name in the program's DT_RPATH first; blanks and colons end a path. */
static bool libraries_preload(const char *folder) {
    static const char *const names[] = {"libcudart.so.13",    "libcudart.so.12",
                                        "libnvrtc.so.13",     "libnvrtc.so.12",
                                        "libnvJitLink.so.13", "libnvJitLink.so.12"};
    const bool is_listed = strpbrk(folder, ": ") == NULL;
    char path[PATH_MAX + sizeof "/libnvJitLink.so.13"];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s%s%s", is_listed ? folder : "", is_listed ? "/" : "",
                 names[i]);
        if (!environment_put_before("LD_PRELOAD", path, ':', true))
            return false;
    }
    return true;
}

/* The loader looks in LD_LIBRARY_PATH before it looks where a program says. Of two equal keys the
 * later one counts. */
static enum status environment_set(const struct emulated_program *program, char *library,
                                   const char *configuration, struct message *message) {
    char text[2048];
    *strrchr(library, '/') = '\0'; /* an absolute path has one */
    const int length = snprintf(text, sizeof text, "report=%s;findings=%s;processes=%s%s%s",
                                program->counters, program->findings, program->processes,
                                configuration ? ";" : "", configuration ? configuration : "");
    /* The emulated GPU was asked for by name, whatever the machine's GPUs are. */
    (void)unsetenv("CUDA_VISIBLE_DEVICES");
    const bool fits = length > 0 && (size_t)length < sizeof text;
    if (fits && compilers_name(library) && (!program->preload || libraries_preload(library)) &&
        environment_put_before("LD_LIBRARY_PATH", library, ':', true) &&
        environment_put_before("LOCKSTEP_EMULATOR", text, ';', false))
        return STATUS_OK;
    return message_set(message, STATUS_NO_MEMORY, "no memory for the program's environment");
}

void emulated_program_forget(const struct emulated_program *program) {
    (void)unlink(program->counters);
    (void)unlink(program->findings);
    journals_remove(program->processes);
    (void)rmdir(program->processes);
    (void)rmdir(program->folder);
}

static enum status folder_make(struct emulated_program *program, struct message *message) {
    const char *temporary = getenv("TMPDIR");
    /* A blank would end the name in LOCKSTEP_EMULATOR. */
    if (!temporary || !*temporary || strpbrk(temporary, "; \n") || strlen(temporary) > 200)
        temporary = "/tmp";
    snprintf(program->folder, sizeof program->folder, "%s/lockstep-emulate-XXXXXX", temporary);
    if (!mkdtemp(program->folder))
        return message_set(message, STATUS_IO, "cannot make a folder in %s: %s", temporary,
                           strerror(errno));
    snprintf(program->counters, sizeof program->counters, "%s/counters.csv", program->folder);
    snprintf(program->findings, sizeof program->findings, "%s/findings", program->folder);
    snprintf(program->processes, sizeof program->processes, "%s/processes", program->folder);
    enum { OWN = 0700 };
    if (mkdir(program->processes, OWN) == 0)
        return STATUS_OK;
    const int error = errno;
    emulated_program_forget(program);
    return message_set(message, STATUS_IO, "cannot make the folder %s: %s", program->processes,
                       strerror(error));
}

/* ---- Its executable ---- */

/* Where PATH has it, or where it says. */
static bool executable_find(const char *name, char *path, size_t size) {
    const char *folders = getenv("PATH");
    if (strchr(name, '/') || !folders)
        return (size_t)snprintf(path, size, "%s", name) < size;
    while (*folders) {
        const int length = (int)strcspn(folders, ":");
        snprintf(path, size, "%.*s/%s", length, folders, name);
        if (access(path, X_OK) == 0)
            return true;
        folders += length + (folders[length] == ':');
    }
    return false;
}

static bool file_has_symbol(int file, const char *prefix) {
    struct stat about;
    if (fstat(file, &about) != 0 || !S_ISREG(about.st_mode) || about.st_size == 0)
        return false;
    const size_t size = (size_t)about.st_size;
    void *bytes = mmap(NULL, size, PROT_READ, MAP_PRIVATE, file, 0);
    if (bytes == MAP_FAILED)
        return false;
    const bool found = elf_symbols_begin(bytes, size, prefix);
    (void)munmap(bytes, size);
    return found;
}

bool emulated_program_has_static_runtime(const char *name) {
    char path[PATH_MAX];
    const int file =
        executable_find(name, path, sizeof path) ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (file < 0)
        return false;
    /* Symbols of the static library begin so, whatever its version. */
    const bool found = file_has_symbol(file, "libcudart_static_");
    (void)close(file);
    return found;
}

/* ---- Its run ---- */

/* A signal from the keyboard reaches the program by itself; one to lockstep alone is handed on. */
static enum status wait_for(struct emulated_program *program, pid_t process,
                            const struct command_context *context, struct message *message) {
    int state;
    while (waitpid(process, &state, 0) < 0) {
        if (errno != EINTR)
            return message_set(message, STATUS_FAILED, "cannot wait for the program: %s",
                               strerror(errno));
        if (context->stop(context->stop_argument))
            (void)kill(process, SIGTERM);
    }
    enum { SIGNALLED = 128 };
    program->signal = WIFSIGNALED(state) ? WTERMSIG(state) : 0;
    program->exit_status = program->signal ? SIGNALLED + program->signal : WEXITSTATUS(state);
    return STATUS_OK;
}

/* Processes whose parents end before them become this one's children, at whatever depth. */
static enum status left_adopt(struct message *message) {
    if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0)
        return STATUS_OK;
    return message_set(message, STATUS_FAILED,
                       "cannot wait for what the program leaves running: %s", strerror(errno));
}

/* Until there are none, or lockstep is told to stop. */
static void left_await(const struct command_context *context) {
    while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
        if (context->stop(context->stop_argument))
            return;
}

/* What processes have left that did not come to their end. One that a signal has ended could free
 * nothing. */
static enum status journals_read(struct emulated_program *program, struct message *message) {
    struct journals journals = {.folder = program->processes,
                                .counters = program->counters,
                                .findings = program->findings,
                                .seeks_leaks = program->signal == 0};
    const enum status status = journals_collect(&journals, message);
    program->unended = journals.ended;
    program->running = journals.running;
    return status;
}

/* The program gets the signals' usual meaning, not lockstep's. */
static int start(pid_t *process, char *const *words) {
    posix_spawnattr_t attributes;
    sigset_t usual;
    int error = posix_spawnattr_init(&attributes);
    if (error)
        return error;
    sigemptyset(&usual);
    sigaddset(&usual, SIGXFSZ);
    error = posix_spawnattr_setsigdefault(&attributes, &usual);
    if (!error)
        error = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
    if (!error)
        error = posix_spawnp(process, words[0], NULL, &attributes, words, environ);
    posix_spawnattr_destroy(&attributes);
    return error;
}

/* Whether the emulated GPU can be had as the environment says. What is wrong is in the message, so
 * that the driver need not say it, too. */
static enum status emulator_try(void *library, struct message *message) {
    struct gpu *gpu;
    if (!freopen("/dev/null", "w", stderr))
        return message_set(message, STATUS_IO, "cannot open /dev/null: %s", strerror(errno));
    const struct gpu_selection selection = {.driver = library};
    return gpu_open(&selection, &gpu, message);
}

static bool emulator_starts(char *library, struct message *why) {
    static const double seconds = 30.0;
    return probe_run("starting the emulated GPU", seconds, emulator_try, library, why) == STATUS_OK;
}

/* Each pair of the configuration is an option: the one that is wrong by itself is named. */
static enum status configuration_check(char *library, const char *configuration,
                                       struct message *message) {
    static const char variable[] = "LOCKSTEP_EMULATOR: ";
    struct message why;
    char pair[1024];
    if (emulator_starts(library, &why))
        return STATUS_OK;
    for (const char *at = configuration; at && *at; at += strspn(at, ";")) {
        const int length = (int)strcspn(at, ";");
        snprintf(pair, sizeof pair, "%.*s", length, at);
        at += length;
        struct message own;
        if (setenv("LOCKSTEP_EMULATOR", pair, 1) != 0 || emulator_starts(library, &own))
            continue;
        const char *said = strstr(own.text, variable);
        return message_set(message, STATUS_INVALID, "--%s: %.500s", pair,
                           said ? said + strlen(variable) : own.text);
    }
    return message_set(message, STATUS_INVALID, "the emulated GPU cannot be had: %.500s", why.text);
}

enum status emulated_program_run(struct emulated_program *program, char *const *words,
                                 const char *configuration, const struct command_context *context,
                                 struct message *message) {
    char found[4200], library[PATH_MAX];
    pid_t process = 0;
    enum status status = gpu_emulator_path(found, sizeof found, message);
    if (status == STATUS_OK && !realpath(found, library))
        status = message_set(message, STATUS_IO, "cannot find %s: %s", found, strerror(errno));
    if (status == STATUS_OK)
        status = folder_make(program, message);
    if (status != STATUS_OK)
        return status;
    status = environment_set(program, library, configuration, message);
    if (status == STATUS_OK)
        status = configuration_check(found, configuration, message);
    journals_remove(program->processes); /* of the check, which ends without clearing up */
    if (status == STATUS_OK && program->waits)
        status = left_adopt(message);
    const int error = status == STATUS_OK ? start(&process, words) : 0;
    if (error)
        status = process_refuse(words[0], error, message);
    if (status == STATUS_OK)
        status = wait_for(program, process, context, message);
    if (status == STATUS_OK && program->waits)
        left_await(context);
    if (status == STATUS_OK)
        status = journals_read(program, message);
    if (status != STATUS_OK)
        emulated_program_forget(program);
    return status;
}
