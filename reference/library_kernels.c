/* Judging and trying the kernels that libraries picked. */
#include "reference/library_kernels.h"

#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* BLIS comes first: where its variable's value ends it, it ends every child. */
const struct library_kernels library_kernels[LIBRARY_KERNELS] = {
    {"BLIS", "BLIS_ARCH_TYPE", blis_absent, blis_configuration, gemm_blis, blis_kernels_advise},
    {"OpenBLAS", "OPENBLAS_CORETYPE", NULL, openblas_core_type, gemm_openblas,
     openblas_kernels_advise},
    {"oneDNN", "ONEDNN_MAX_CPU_ISA", onednn_absent, onednn_configuration, NULL, NULL},
};

/* --- what is left unused ---------------------------------------------------------------------- */

/* Processor types and instruction sets, as the libraries name them, whose kernels have no more than
 * the instruction set. */
static const char *const names_of[INSTRUCTION_SETS] = {
    [INSTRUCTION_SET_BASELINE] = " generic prescott core2 penryn dunnington nehalem atom nano "
                                 "opteron opteron_sse3 barcelona "
                                 "bobcat sandybridge bulldozer piledriver steamroller sse41 avx ",
    [INSTRUCTION_SET_AVX2] = " haswell zen zen2 zen3 excavator avx2 avx2_vnni avx2_vnni_2 ",
};

static enum instruction_set set_of(const char *picked) {
    char name[64];
    int length = snprintf(name, sizeof name, " %.*s ", (int)sizeof name - 3, picked);
    for (int i = 0; i < length; i++)
        name[i] = (char)tolower((unsigned char)name[i]);
    for (enum instruction_set set = INSTRUCTION_SET_BASELINE; set < INSTRUCTION_SETS; set++)
        if (names_of[set] && strstr(names_of[set], name))
            return set;
    return INSTRUCTION_SETS;
}

bool library_kernels_lag(const struct library_kernels *library, const char *picked,
                         enum instruction_set best, const char *value, char *text, size_t size) {
    const enum instruction_set set = set_of(picked);
    if (set >= best)
        return false;
    char remedy[120] = "";
    if (value)
        snprintf(remedy, sizeof remedy, "; unset %s", library->variable);
    else if (library->advise) {
        char advice[64];
        library->advise(best, advice, sizeof advice);
        snprintf(remedy, sizeof remedy, "; %s chooses others", advice);
    }
    snprintf(
        text, size,
        "%s%s%s%s%s runs kernels for %s (%s): %s of this processor is left unused, which costs "
        "%s%s",
        value ? library->variable : "", value ? "=" : "", value ? value : "", value ? ": " : "",
        library->library, picked, instruction_set_name(set), instruction_set_name(best),
        set == INSTRUCTION_SET_BASELINE ? "most of its rate" : "up to half its rate", remedy);
    return true;
}

/* --- what cannot be run ----------------------------------------------------------------------- */

/* Products of every variant: one row, fewer than a tile, and more than a block. */
static bool products_run(gemm_kernel *product) {
    enum { MOST = 200 };
    static const int64_t rows[] = {1, 7, MOST};
    float *block = calloc(3, sizeof(float[MOST][MOST]));
    if (!block)
        return false;
    struct message message;
    struct execution execution = {.threads = 1, .message = &message};
    bool right = true;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (int variant = GEMM_NN; variant <= GEMM_TN; variant++) {
            const struct gemm_problem problem = {.variant = (enum gemm_variant)variant,
                                                 .m = rows[i],
                                                 .n = MOST,
                                                 .k = MOST,
                                                 .alpha = 1.0F,
                                                 .beta = 0.5F,
                                                 .a = block,
                                                 .b = block + (ptrdiff_t)MOST * MOST,
                                                 .c = block + 2 * (ptrdiff_t)MOST * MOST,
                                                 .lda = MOST,
                                                 .ldb = MOST,
                                                 .ldc = MOST};
            right = right && product(&problem, &execution) == STATUS_OK;
        }
    free(block);
    return right;
}

/* The child: its end is the answer. It leaves no core file, and a deadline ends it. */
static _Noreturn void child_run(gemm_kernel *product) {
    enum { DEADLINE_SECONDS = 10 };
    static const int ends[] = {SIGILL, SIGSEGV, SIGBUS, SIGABRT, SIGALRM};
    const struct rlimit none = {0, 0};
    bool right = setrlimit(RLIMIT_CORE, &none) == 0;
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) /* whatever handlers there are */
        right = signal(ends[i], SIG_DFL) != SIG_ERR && right;
    (void)alarm(DEADLINE_SECONDS); /* returns what was left of another */
    cpu_threads_set(1);
    right = products_run(product) && right;
    _exit(right ? EXIT_SUCCESS : EXIT_FAILURE);
}

enum status library_kernels_try(const struct library_kernels *library, const char *value,
                                struct message *message) {
    int ended = 0;
    pid_t child = fork();
    if (child == 0)
        child_run(library->product);
    pid_t waited = child;
    while (child > 0 && (waited = waitpid(child, &ended, 0)) < 0 && errno == EINTR)
        continue;
    if (child < 0 || waited < 0)
        return message_set(message, STATUS_FAILED,
                           "cannot start a process that tries the kernels of %s=%s: %s; unset the "
                           "variable",
                           library->variable, value, strerror(errno));
    if (WIFEXITED(ended) && WEXITSTATUS(ended) == EXIT_SUCCESS)
        return STATUS_OK;
    return message_set(message, STATUS_INVALID,
                       "%s=%s makes %s choose kernels that cannot run here: a small product "
                       "ended with %s; unset %s, and %s chooses by the processor",
                       library->variable, value, library->library,
                       WIFSIGNALED(ended) ? strsignal(WTERMSIG(ended)) : "an error",
                       library->variable, library->library);
}

enum status library_kernels_check(struct message *message) {
    enum status status = STATUS_OK;
    for (int i = 0; i < LIBRARY_KERNELS && status == STATUS_OK; i++) {
        const struct library_kernels *library = &library_kernels[i];
        const char *value = getenv(library->variable);
        if (value && library->product && !(library->absent && library->absent()))
            status = library_kernels_try(library, value, message);
    }
    return status;
}
