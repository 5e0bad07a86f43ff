/* Calling the program. */
#include "tests/support/calling.h"
#include "tests/support/cmocka.h"

#include <fcntl.h>
#include <libgen.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ARGUMENTS_MAX = 24 };

void calling_open(struct calling *calling) {
    const char *named = getenv("LOCKSTEP");
    char path[PATH_MAX];
    if (!named || !*named) {
        char self[PATH_MAX] = "";
        assert_true(readlink("/proc/self/exe", self, sizeof self - 1) > 0);
        char *folder = dirname(self);
        assert_in_range(snprintf(path, sizeof path, "%s/../lockstep", folder), 1, PATH_MAX - 1);
        named = path;
    }
    if (!realpath(named, calling->program))
        fail_msg("there is no program at %s: build it, or name it in LOCKSTEP", named);
    temporary_open(&calling->place);
}

void calling_close(struct calling *calling) {
    temporary_close(&calling->place);
}

struct calling here;

int place_enter(void **state) {
    (void)state;
    calling_open(&here);
    return 0;
}

int place_leave(void **state) {
    (void)state;
    calling_close(&here);
    return 0;
}

static void redirect(const char *name, int descriptor) {
    int file = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    if (file < 0 || dup2(file, descriptor) < 0)
        _exit(126);
}

/* In the child. */
static void child_prepare(const struct calling *calling, const struct call_limits *limits) {
    if (chdir(calling->place.path) != 0 || setenv("CUDA_VISIBLE_DEVICES", "", 1) != 0)
        _exit(126);
    redirect("/dev/null", STDIN_FILENO);
    redirect("stdout.txt", STDOUT_FILENO);
    redirect("stderr.txt", STDERR_FILENO);
    if (limits->output && dup2(limits->output, STDOUT_FILENO) < 0)
        _exit(126);
    alarm(limits->seconds); /* execve keeps it */
    for (const char *const *variable = limits->variables; variable && *variable; variable++) {
        const char *value = strchr(*variable, '=');
        char name[64];
        snprintf(name, sizeof name, "%.*s", (int)(value - *variable), *variable);
        if (setenv(name, value + 1, 1) != 0)
            _exit(126);
    }
    if (limits->file_bytes == 0)
        return;
    struct rlimit limit = {.rlim_cur = limits->file_bytes, .rlim_max = limits->file_bytes};
    if (signal(SIGXFSZ, SIG_IGN) == SIG_ERR || setrlimit(RLIMIT_FSIZE, &limit) != 0)
        _exit(126);
}

struct call call_start(const struct calling *calling, const char *const *arguments,
                       const struct call_limits *limits) {
    char program[PATH_MAX], *list[ARGUMENTS_MAX + 2] = {program};
    snprintf(program, sizeof program, "%s", calling->program);
    int count = 1;
    for (; arguments[count - 1]; count++) {
        assert_in_range(count, 1, ARGUMENTS_MAX);
        memcpy(&list[count], &arguments[count - 1], sizeof *list); /* execv knows no const */
    }
    struct call call = {.process = fork()};
    assert_true(call.process >= 0);
    if (call.process == 0) {
        child_prepare(calling, limits);
        if (limits->prepare)
            limits->prepare();
        execv(program, list);
        _exit(127);
    }
    return call;
}

/* The name is known, and temporary_path would change the place. */
static char *printed_read(const struct calling *calling, const char *name) {
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", calling->place.path, name);
    char *text = file_text(path);
    assert_non_null(text);
    return text;
}

void call_wait(const struct calling *calling, struct call *call) {
    int status;
    assert_int_equal(waitpid(call->process, &status, 0), call->process);
    call->status = WIFEXITED(status) ? WEXITSTATUS(status) : 256 + WTERMSIG(status);
    call->out = printed_read(calling, "stdout.txt");
    call->err = printed_read(calling, "stderr.txt");
}

void call_free(struct call *call) {
    free(call->out);
    free(call->err);
}

struct call call_of(const struct calling *calling, const char *const *arguments) {
    struct call call = call_start(calling, arguments, &(struct call_limits){0});
    call_wait(calling, &call);
    return call;
}

void check_status(const struct call *call, int status) {
    if (call->status != status)
        fail_msg("exit status %d instead of %d; standard error: %s", call->status, status,
                 call->err);
}

void check_holds(const char *text, const char *words) {
    if (!strstr(text, words))
        fail_msg("\"%s\" should hold \"%s\"", text, words);
}

void check_call(struct call call, int status, const char *out, const char *err) {
    check_status(&call, status);
    if (out)
        check_holds(call.out, out);
    if (err)
        check_holds(call.err, err);
    call_free(&call);
}

int text_count(const char *text, const char *words) {
    int count = 0;
    for (const char *at = strstr(text, words); at; at = strstr(at + strlen(words), words))
        count++;
    return count;
}
