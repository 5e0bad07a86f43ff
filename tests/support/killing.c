/* Killing the program at a system call. */
#include "tests/support/killing.h"
#include "tests/support/cmocka.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* The calls that change files, and what their first argument is. A machine has not all of them. */
enum subject { SUBJECT_FILE, SUBJECT_NAME, SUBJECT_OPENED };
#define SYSTEM_CALL(name, subject)                                                                 \
    { SYS_##name, #name, SUBJECT_##subject }
static const struct {
    long number;
    const char *name;
    enum subject subject;
} calls[] = {
    SYSTEM_CALL(write, FILE),     SYSTEM_CALL(pwrite64, FILE),  SYSTEM_CALL(writev, FILE),
    SYSTEM_CALL(ftruncate, FILE), SYSTEM_CALL(fsync, FILE),     SYSTEM_CALL(fdatasync, FILE),
    SYSTEM_CALL(fchmod, FILE),    SYSTEM_CALL(close, FILE),     SYSTEM_CALL(openat, OPENED),
    SYSTEM_CALL(renameat, NAME),  SYSTEM_CALL(renameat2, NAME), SYSTEM_CALL(unlinkat, NAME),
    SYSTEM_CALL(symlinkat, NAME), SYSTEM_CALL(mkdirat, NAME),
#ifdef SYS_rename
    SYSTEM_CALL(rename, NAME),    SYSTEM_CALL(unlink, NAME),    SYSTEM_CALL(symlink, NAME),
    SYSTEM_CALL(mkdir, NAME),     SYSTEM_CALL(rmdir, NAME),
#endif
};
#undef SYSTEM_CALL
enum { CALLS = sizeof calls / sizeof calls[0] };

/* In the new process: it stops when the program begins, and at each of the calls. */
static void trace_begin(void) {
    struct sock_filter filter[CALLS + 3] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr))};
    size_t length = 1;
    for (size_t i = 0; i < CALLS; i++)
        filter[length++] = (struct sock_filter)BPF_JUMP(
            BPF_JMP | BPF_JEQ | BPF_K, (unsigned)calls[i].number, (unsigned char)(CALLS - i), 0);
    filter[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    filter[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE);
    const struct sock_fprog program = {.len = (unsigned short)length, .filter = filter};
    if (setpgid(0, 0) != 0 || ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0 ||
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
        _exit(125);
}

/* The name, below the folder, of the file that a descriptor of the process is of; false where it is
 * none, or what the program prints into. */
static bool file_name(pid_t process, uint64_t descriptor, const char *folder, char name[PATH_MAX]) {
    char link[64];
    snprintf(link, sizeof link, "/proc/%d/fd/%d", (int)process, (int)descriptor);
    ssize_t length = readlink(link, name, PATH_MAX - 1);
    size_t prefix = strlen(folder);
    name[length > 0 ? length : 0] = '\0';
    if (length <= 0 || strncmp(name, folder, prefix) != 0 || name[prefix] != '/')
        return false;
    memmove(name, name + prefix + 1, strlen(name + prefix));
    return strcmp(name, "stdout.txt") != 0 && strcmp(name, "stderr.txt") != 0;
}

/* Whether the call that the process has stopped at counts; then it is logged. */
static bool is_counted(pid_t process, const char *folder, FILE *log) {
    struct __ptrace_syscall_info info;
    char name[PATH_MAX] = "";
    if (ptrace(PTRACE_GET_SYSCALL_INFO, process, sizeof info, &info) <= 0)
        return false;
    size_t i = 0;
    while (i < CALLS && (uint64_t)calls[i].number != info.seccomp.nr)
        i++;
    if (i == CALLS || (calls[i].subject == SUBJECT_OPENED && !(info.seccomp.args[2] & O_CREAT)) ||
        (calls[i].subject == SUBJECT_FILE &&
         !file_name(process, info.seccomp.args[0], folder, name)))
        return false;
    if (log)
        fprintf(log, "%s%s%s\n", calls[i].name, *name ? " " : "", name);
    return true;
}

/* Lets a process that has stopped go on; with the signal that it was sent, if any. */
static void go_on(pid_t process, int status) {
    int sent = WSTOPSIG(status);
    if (status >> 16 != 0 || sent == SIGTRAP || sent == SIGSTOP)
        sent = 0; /* the trace's own */
    /* NOLINTNEXTLINE(performance-no-int-to-ptr): ptrace takes numbers so */
    (void)ptrace(PTRACE_CONT, process, NULL, (void *)(intptr_t)sent);
}

/* Until all have ended. */
static size_t trace_play(pid_t group, const char *folder, size_t number, FILE *log) {
    size_t count = 0;
    int status;
    for (;;) {
        pid_t process = waitpid(-1, &status, __WALL);
        if (process < 0 && errno == EINTR)
            continue;
        if (process < 0)
            return count;
        if (!WIFSTOPPED(status))
            continue;
        if (status >> 8 == (SIGTRAP | PTRACE_EVENT_SECCOMP << 8) &&
            is_counted(process, folder, log) && ++count == number)
            (void)kill(-group, SIGKILL);
        else
            go_on(process, status);
    }
}

bool killing_is_possible(void) {
    pid_t process = fork();
    int status = 0;
    if (process == 0) {
        trace_begin();
        _exit(0);
    }
    return process > 0 && waitpid(process, &status, 0) == process && WIFEXITED(status) &&
           WEXITSTATUS(status) == 0;
}

size_t kill_before(const struct calling *calling, const char *const *arguments,
                   const char *const *variables, size_t number, FILE *log) {
    const struct call_limits limits = {.variables = variables, .prepare = trace_begin};
    struct call call = call_start(calling, arguments, &limits);
    int status = 0;
    assert_int_equal(waitpid(call.process, &status, 0), call.process);
    if (!WIFSTOPPED(status))
        fail_msg("the program did not stop at its beginning");
    const long options = PTRACE_O_TRACESECCOMP | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK |
                         PTRACE_O_TRACEVFORK | PTRACE_O_EXITKILL;
    /* NOLINTNEXTLINE(performance-no-int-to-ptr): ptrace takes numbers so */
    assert_int_equal(ptrace(PTRACE_SETOPTIONS, call.process, NULL, (void *)options), 0);
    go_on(call.process, status);
    return trace_play(call.process, calling->place.path, number, log);
}
