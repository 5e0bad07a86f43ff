/* Finding and calling nvcc and clang. */
#include "bench/added/compile/compiler.h"
#include "bench/added/compile/headers.h"
#include "bench/added/compile/nvrtc.h"
#include "common/files.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORDS_MAX = 128, TEXT_BYTES = 1 << 15, LOG_BYTES_MAX = 1 << 24 };

/* --- finding ---------------------------------------------------------------------------------- */

static bool program_find(const char *name, const char *elsewhere, char path[PATH_MAX]) {
    const char *folders = getenv("PATH");
    while (folders && *folders) {
        const size_t length = strcspn(folders, ":");
        const int written = snprintf(path, PATH_MAX, "%.*s/%s", (int)length, folders, name);
        if (written > 0 && written < PATH_MAX && access(path, X_OK) == 0)
            return true;
        folders += length + (folders[length] == ':');
    }
    snprintf(path, PATH_MAX, "%s", elsewhere);
    return *elsewhere && access(path, X_OK) == 0;
}

static void identify(struct compiler *compiler) {
    char whole[PATH_MAX];
    struct stat about;
    const char *path = realpath(compiler->path, whole) ? whole : compiler->path;
    if (stat(path, &about) != 0)
        about = (struct stat){0};
    snprintf(compiler->identity, sizeof compiler->identity, "%s %lld %lld", path,
             (long long)about.st_size, (long long)about.st_mtime);
}

/* The functions of mathematics for clang; NULL where they are not installed. */
static const char *libclc_find(void) {
    static const char *const places[] = {"/usr/lib/clc/nvptx64--nvidiacl.bc",
                                         "/usr/share/clc/nvptx64--nvidiacl.bc"};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
        if (access(places[i], R_OK) == 0)
            return places[i];
    return NULL;
}

static bool compiler_is_there(struct compiler *compiler) {
    switch (compiler->kind) {
    case COMPILER_NVCC:
        return program_find("nvcc", "/usr/local/cuda/bin/nvcc", compiler->path);
    case COMPILER_NVRTC:
        return nvrtc_find(compiler->path, sizeof compiler->path);
    default:
        return libclc_find() && program_find("clang", "", compiler->path);
    }
}

enum status compiler_find(struct compiler *compiler, struct message *message) {
    static const char *const names[] = {
        [COMPILER_NVCC] = "nvcc", [COMPILER_NVRTC] = "nvrtc", [COMPILER_CLANG] = "clang"};
    const char *wanted = getenv("LOCKSTEP_COMPILER");
    bool is_known = !wanted || !*wanted;
    for (int kind = COMPILER_NVCC; kind <= COMPILER_CLANG; kind++)
        is_known = is_known || strcmp(wanted, names[kind]) == 0;
    if (!is_known)
        return message_set(message, STATUS_INVALID,
                           "LOCKSTEP_COMPILER is nvcc, nvrtc or clang, and not '%.60s'", wanted);
    for (int kind = COMPILER_NVCC; kind <= COMPILER_CLANG; kind++) {
        compiler->kind = (enum compiler_kind)kind;
        if ((wanted && *wanted && strcmp(wanted, names[kind]) != 0) || !compiler_is_there(compiler))
            continue;
        identify(compiler);
        return STATUS_OK;
    }
    return message_set(message, STATUS_UNSUPPORTED,
                       "no compiler of CUDA C was found%s%.60s: install nvcc, or NVRTC, or clang "
                       "with libclc%s; PTX needs none",
                       wanted && *wanted ? " that LOCKSTEP_COMPILER names: " : "",
                       wanted ? wanted : "", wanted && *wanted ? ", or unset the variable" : "");
}

/* --- the command ------------------------------------------------------------------------------ */

/* Words one after the other in one text. */
struct command {
    char *words[WORDS_MAX + 1];
    int count;
    char text[TEXT_BYTES];
    size_t used;
    bool too_long;
};

static void word_add(struct command *command, const char *word) {
    const size_t bytes = strlen(word) + 1;
    if (command->count == WORDS_MAX || bytes > sizeof command->text - command->used) {
        command->too_long = true;
        return;
    }
    char *at = memcpy(command->text + command->used, word, bytes);
    command->words[command->count++] = at;
    command->words[command->count] = NULL;
    command->used += bytes;
}

static void words_add(struct command *command, const char *const *words) {
    for (; *words; words++)
        word_add(command, *words);
}

static void flags_add(struct command *command, const char *flags) {
    char word[400];
    while (*(flags += strspn(flags, " \t"))) {
        const size_t length = strcspn(flags, " \t");
        snprintf(word, sizeof word, "%.*s", (int)length, flags);
        word_add(command, word);
        flags += length;
    }
}

static void nvcc_add(struct command *command, const struct image_request *request) {
    char architecture[32];
    snprintf(architecture, sizeof architecture, "-arch=%s_%d", request->ptx ? "compute" : "sm",
             request->capability);
    words_add(command, (const char *const[]){"-x", "cu", request->ptx ? "-ptx" : "-cubin",
                                             architecture, "-std=c++17", "-lineinfo", NULL});
}

/* As kernels/kernels.mk calls it: clang's own CUDA headers need a toolkit, and libclc brings the
 * functions of mathematics. */
static void clang_add(struct command *command, const struct image_request *request) {
    char architecture[40], folders[HEADER_FOLDERS_MAX][PATH_MAX], header[PATH_MAX + 40];
    const int capability = request->capability < 86 ? request->capability : 86; /* that it knows */
    snprintf(architecture, sizeof architecture, "--cuda-gpu-arch=sm_%d", capability);
    words_add(command, (const char *const[]){
                           "-x", "cuda", "--cuda-device-only", "--cuda-path=/nonexistent",
                           "-nocudainc", "-nocudalib", "-S", "-O3", "-std=c++17", architecture,
                           "-gline-directives-only", "-Xclang", "-target-feature", "-Xclang",
                           capability > 75 ? "+ptx70" : "+ptx63", NULL});
    if (headers_find(folders) > 0) {
        snprintf(header, sizeof header, "%s/kernels/clang_device.h", folders[1]);
        words_add(command, (const char *const[]){"-include", header, NULL});
    }
    words_add(command, (const char *const[]){"-Xclang", "-mlink-builtin-bitcode", "-Xclang",
                                             libclc_find(), "-Wno-linker-warnings", NULL});
}

static void command_make(struct command *command, const struct compiler *compiler,
                         const struct image_request *request, const char *source, const char *image,
                         const char *dependencies) {
    char folders[HEADER_FOLDERS_MAX][PATH_MAX], folder[PATH_MAX];
    command->used = 0;
    command->count = 0;
    command->too_long = false;
    word_add(command, compiler->path);
    if (compiler->kind == COMPILER_NVCC)
        nvcc_add(command, request);
    else
        clang_add(command, request);
    snprintf(folder, sizeof folder, "%s", request->source);
    words_add(command, (const char *const[]){"-I", dirname(folder), NULL});
    const int count = headers_find(folders);
    for (int i = 0; i < count; i++)
        words_add(command, (const char *const[]){"-I", folders[i], NULL});
    flags_add(command, request->flags);
    words_add(command,
              (const char *const[]){"-MMD", "-MF", dependencies, "-o", image, source, NULL});
}

/* --- calling ---------------------------------------------------------------------------------- */

static int command_run(const struct command *command, const char *log, int *state) {
    posix_spawn_file_actions_t actions;
    pid_t process = 0;
    int error = posix_spawn_file_actions_init(&actions);
    if (error)
        return error;
    error = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (!error)
        error = posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, log,
                                                 O_WRONLY | O_CREAT | O_TRUNC, 0666);
    if (!error)
        error = posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
    if (!error)
        error = posix_spawn(&process, command->words[0], &actions, NULL, command->words, environ);
    (void)posix_spawn_file_actions_destroy(&actions);
    while (!error && waitpid(process, state, 0) < 0)
        if (errno != EINTR)
            error = errno;
    return error;
}

/* The first line of the log that says error, else its first. */
static void error_find(const char *log, char *text, size_t size) {
    char *bytes = NULL;
    size_t length = 0;
    struct message ignored;
    snprintf(text, size, "it said nothing");
    if (file_read(log, LOG_BYTES_MAX, &bytes, &length, &ignored) != STATUS_OK || length == 0)
        return;
    const char *line = strstr(bytes, "error");
    line = line ? line : bytes;
    while (line > bytes && line[-1] != '\n')
        line--;
    snprintf(text, size, "%.*s", (int)strcspn(line, "\n"), line);
    free(bytes);
}

static enum status failure_describe(const struct command *command, const char *log, int state,
                                    struct message *message) {
    char first[420], words[440] = "";
    error_find(log, first, sizeof first);
    size_t used = 0;
    for (int i = 0; i < command->count && used < sizeof words; i++)
        used += (size_t)snprintf(words + used, sizeof words - used, "%s%s", i ? " " : "",
                                 command->words[i]);
    if (WIFSIGNALED(state))
        return message_set(message, STATUS_FAILED, "the compiler was ended by signal %d: %s",
                           WTERMSIG(state), words);
    return message_set(message, STATUS_INVALID,
                       "%s; all that it says is in %.200s; the command: %s", first, log, words);
}

enum status compiler_run(const struct compiler *compiler, const struct image_request *request,
                         const char *source, const char *image, const char *dependencies,
                         const char *log, struct message *message) {
    struct command *command = malloc(sizeof *command);
    if (!command)
        return message_set(message, STATUS_NO_MEMORY, "no memory for a compiler's command");
    command_make(command, compiler, request, source, image, dependencies);
    int state = 0;
    int error = command->too_long ? E2BIG : command_run(command, log, &state);
    enum status status = STATUS_OK;
    if (error)
        status = message_set(message, STATUS_FAILED, "cannot call %.300s: %s", compiler->path,
                             strerror(error));
    else if (state != 0)
        status = failure_describe(command, log, state, message);
    free(command);
    return status;
}
