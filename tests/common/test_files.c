/* Whole files: what file_read refuses, and each sentence of file_replace's contract. */
#include "common/files.h"
#include "tests/support/temporary.h"
#include "tests/support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static struct temporary place;
static struct message message;

/* A name in the folder, each in memory of its own. */
static const char *at(const char *name, char path[512]) {
    snprintf(path, 512, "%s", temporary_path(&place, name));
    return path;
}

static void check_replaced(const char *path, const char *text) {
    if (file_replace(path, text, strlen(text), &message) != STATUS_OK)
        fail_msg("%s", message.text);
    char *found = file_text(path);
    assert_string_equal(found, text);
    free(found);
}

static void check_text(const char *path, const char *text) {
    char *found = file_text(path);
    assert_non_null(found);
    assert_string_equal(found, text);
    free(found);
}

static void check_says(const char *words) {
    if (!strstr(message.text, words))
        fail_msg("\"%s\" should hold \"%s\"", message.text, words);
}

static mode_t mode_of(const char *path) {
    struct stat found;
    assert_int_equal(lstat(path, &found), 0);
    return found.st_mode;
}

/* --- the order of a replacement's steps: these take the place of libc's ----------------------- */

static char steps[8]; /* f: a file is flushed, d: a folder is, r: a file is renamed */

static void step_add(char step) {
    size_t used = strlen(steps);
    if (used + 1 < sizeof steps)
        steps[used] = step;
}

int rename(const char *old, const char *new) {
    step_add('r');
    return renameat(AT_FDCWD, old, AT_FDCWD, new);
}

static const char *lost; /* a file that is gone before the next lock is there; NULL: none */

int flock(int descriptor, int operation) {
    if (lost)
        assert_int_equal(unlink(lost), 0);
    lost = NULL;
    return (int)syscall(SYS_flock, descriptor, operation);
}

int fsync(int descriptor) {
    struct stat found;
    if (fstat(descriptor, &found) == 0)
        step_add(S_ISDIR(found.st_mode) ? 'd' : 'f');
    return (int)syscall(SYS_fsync, descriptor);
}

/* --- reading ---------------------------------------------------------------------------------- */

TEST_IN_TEMPORARY(a_file_is_read_whole, &place) {
    char path[512], *bytes;
    size_t size;
    file_write(at("file", path), "one\0two", 7);
    assert_int_equal(file_read(path, 7, &bytes, &size, &message), STATUS_OK);
    assert_int_equal(size, 7);
    assert_memory_equal(bytes, "one\0two", 8); /* with the NUL behind it */
    free(bytes);
    file_write(path, "", 0);
    assert_int_equal(file_read(path, 0, &bytes, &size, &message), STATUS_OK);
    assert_int_equal(size, 0);
    assert_string_equal(bytes, "");
    free(bytes);
    /* A file whose size is not known before it is read. */
    assert_int_equal(file_read("/proc/self/status", 1 << 20, &bytes, &size, &message), STATUS_OK);
    assert_int_equal(strncmp(bytes, "Name:", 5), 0);
    assert_int_equal(strlen(bytes), size);
    free(bytes);
}

TEST_IN_TEMPORARY(a_file_that_is_too_large_is_refused, &place) {
    char path[512], *bytes;
    size_t size;
    file_write(at("file", path), "12345678", 8);
    assert_int_equal(file_read(path, 7, &bytes, &size, &message), STATUS_INVALID);
    assert_null(bytes);
    check_says(path);
    check_says("more than the 7 bytes");
    assert_int_equal(truncate(path, (off_t)1 << 43), 0); /* more than memory can be asked for */
    assert_int_equal(file_read(path, 7, &bytes, &size, &message), STATUS_INVALID);
    assert_int_equal(file_read("/proc/self/status", 100, &bytes, &size, &message), STATUS_INVALID);
    check_says("more than the 100 bytes");
    assert_null(bytes);
}

TEST_IN_TEMPORARY(what_has_no_end_is_not_read, &place) {
    char path[512], *bytes;
    size_t size;
    assert_int_equal(mkfifo(at("fifo", path), 0600), 0);
    alarm(20); /* neither waits nor reads for ever */
    assert_int_equal(file_read(path, 1 << 20, &bytes, &size, &message), STATUS_INVALID);
    check_says("it is a FIFO");
    assert_int_equal(file_read("/dev/zero", 1 << 20, &bytes, &size, &message), STATUS_INVALID);
    check_says("/dev/zero: it is a device; name a regular file");
    alarm(0);
    assert_int_equal(file_read(place.path, 1 << 20, &bytes, &size, &message), STATUS_INVALID);
    check_says("it is a folder");
    assert_int_equal(file_read(at("none", path), 1 << 20, &bytes, &size, &message), STATUS_IO);
    check_says(path);
    check_says("No such file");
    assert_null(bytes);
}

/* --- replacing -------------------------------------------------------------------------------- */

TEST_IN_TEMPORARY(a_file_is_made_and_replaced, &place) {
    char path[512], none[512];
    check_replaced(at("file", path), "one");
    check_replaced(path, "a longer text");
    check_replaced(path, "");
    assert_int_equal(file_replace(at("none/file", none), "x", 1, &message), STATUS_IO);
    check_says(none);
    check_says("No such file");
    assert_int_equal(file_replace(place.path, "x", 1, &message), STATUS_IO);
    check_says("Is a directory");
}

/* Whoever has the old file open still sees the old bytes. */
TEST_IN_TEMPORARY(a_reader_sees_the_old_or_the_new, &place) {
    char path[512], text[16] = "";
    check_replaced(at("file", path), "old");
    int reader = open(path, O_RDONLY | O_CLOEXEC);
    check_replaced(path, "new");
    assert_int_equal(read(reader, text, sizeof text), 3);
    assert_string_equal(text, "old");
    close(reader);
}

TEST_IN_TEMPORARY(file_and_folder_are_flushed, &place) {
    char path[512];
    memset(steps, 0, sizeof steps);
    check_replaced(at("file", path), "text");
    assert_string_equal(steps, "frd");
}

/* A limit on the size of files stands for a full disk. */
TEST_IN_TEMPORARY(a_failure_leaves_the_old_file, &place) {
    char path[512];
    static const char large[4096];
    struct rlimit before, small;
    check_replaced(at("file", path), "old");
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = (struct rlimit){.rlim_cur = 100, .rlim_max = before.rlim_max};
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    enum status status = file_replace(path, large, sizeof large, &message);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, handler);
    assert_int_equal(status, STATUS_IO);
    check_says("File too large; what was there is untouched");
    check_text(path, "old");
    assert_null(temporary_text(&place, "file.lockstep-part"));
}

TEST_IN_TEMPORARY(links_are_followed, &place) {
    char path[512], link[512], second[512], new[512];
    assert_int_equal(mkdir(temporary_path(&place, "there"), 0700), 0);
    check_replaced(at("there/file", path), "old");
    assert_int_equal(symlink("there/file", at("link", link)), 0);
    assert_int_equal(symlink(link, at("second", second)), 0);
    check_replaced(second, "new");
    assert_true(S_ISLNK(mode_of(link)) && S_ISLNK(mode_of(second)));
    assert_true(S_ISREG(mode_of(path)));
    check_text(path, "new");
    /* Made where the link leads. */
    assert_int_equal(unlink(path), 0);
    assert_int_equal(file_check_replaceable(second, &message), STATUS_OK);
    check_replaced(second, "again");
    assert_true(S_ISLNK(mode_of(link)));
    check_text(at("there/file", new), "again");
    assert_int_equal(symlink("round", at("round", link)), 0);
    assert_int_equal(file_replace(link, "x", 1, &message), STATUS_IO);
    assert_true(S_ISLNK(mode_of(link)));
}

/* One of our own: where a device that everyone uses would be replaced, it would be gone. */
TEST_IN_TEMPORARY(a_device_is_written_through, &place) {
    char full[512], null[512];
    if (mknod(at("full", full), S_IFCHR | 0600, makedev(1, 7)) != 0 ||
        mknod(at("null", null), S_IFCHR | 0600, makedev(1, 3)) != 0) {
        print_message("skipped: only root makes devices\n");
        skip();
        return;
    }
    int opened = open(full, O_WRONLY | O_CLOEXEC);
    if (opened < 0) {
        print_message("skipped: devices cannot be used in %s\n", place.path);
        skip();
        return;
    }
    close(opened);
    assert_int_equal(file_check_replaceable(full, &message), STATUS_OK);
    assert_int_equal(file_replace(full, "text", 4, &message), STATUS_IO);
    check_says("cannot write to the device");
    check_says("No space left on device");
    assert_true(S_ISCHR(mode_of(full)));
    assert_int_equal(file_replace(null, "text", 4, &message), STATUS_OK);
    assert_true(S_ISCHR(mode_of(null)));
}

TEST_IN_TEMPORARY(a_fifo_is_written_through, &place) {
    char path[512], text[16] = "";
    assert_int_equal(mkfifo(at("fifo", path), 0600), 0);
    int reader = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    assert_int_equal(file_check_replaceable(path, &message), STATUS_OK);
    assert_int_equal(file_replace(path, "text", 4, &message), STATUS_OK);
    assert_int_equal(read(reader, text, sizeof text), 4);
    assert_string_equal(text, "text");
    assert_true(S_ISFIFO(mode_of(path)));
    close(reader);
}

TEST_IN_TEMPORARY(a_socket_stays, &place) {
    char path[512];
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%.*s", (int)sizeof address.sun_path - 1,
             at("socket", path));
    int opened = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(opened, (const struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(file_check_replaceable(path, &message), STATUS_INVALID);
    check_says("No such device or address");
    assert_int_equal(file_replace(path, "text", 4, &message), STATUS_IO);
    assert_true(S_ISSOCK(mode_of(path)));
    close(opened);
}

TEST_IN_TEMPORARY(the_mode_stays, &place) {
    char path[512];
    mode_t before = umask(027);
    check_replaced(at("file", path), "one");
    assert_int_equal(mode_of(path) & 07777, 0640);
    static const mode_t modes[] = {0600, 0644, 0666, 0755};
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        assert_int_equal(chmod(path, modes[i]), 0);
        check_replaced(path, "two");
        assert_int_equal(mode_of(path) & 07777, modes[i]);
    }
    umask(before);
}

TEST_IN_TEMPORARY(the_owner_stays, &place) {
    char path[512];
    struct stat found;
    check_replaced(at("file", path), "one");
    if (chown(path, 4711, 4712) != 0) {
        print_message("skipped: only root gives files away\n");
        skip();
        return;
    }
    assert_int_equal(chmod(path, 0640), 0);
    check_replaced(path, "two");
    assert_int_equal(stat(path, &found), 0);
    assert_int_equal(found.st_uid, 4711);
    assert_int_equal(found.st_gid, 4712);
    assert_int_equal(found.st_mode & 07777, 0640);
}

TEST_IN_TEMPORARY(what_a_killed_process_left_is_ours, &place) {
    char path[512], part[512];
    check_replaced(at("file", path), "one");
    assert_int_equal(chmod(path, 0644), 0);
    file_write_text(at("file.lockstep-part", part), "half of tw");
    assert_true(file_is_leftover("file.lockstep-part"));
    assert_false(file_is_leftover(".lockstep-part"));
    assert_false(file_is_leftover("file"));
    assert_int_equal(chmod(part, 0600), 0);
    assert_int_equal(file_check_replaceable(path, &message), STATUS_OK);
    file_write_text(part, "half of tw");
    check_replaced(path, "two");
    assert_int_equal(mode_of(path) & 07777, 0644);
    assert_null(file_text(part));
}

/* A link in the part's place may lead anywhere. */
TEST_IN_TEMPORARY(a_link_at_the_part_is_not_followed, &place) {
    char path[512], precious[512], part[512];
    file_write_text(at("precious", precious), "precious");
    check_replaced(at("file", path), "one");
    assert_int_equal(symlink(precious, at("file.lockstep-part", part)), 0);
    assert_int_equal(file_replace(path, "two", 3, &message), STATUS_IO);
    check_text(path, "one");
    check_text(precious, "precious");
}

/* Another process may take a part for left behind before it is locked. */
TEST_IN_TEMPORARY(a_part_that_another_removed_is_made_again, &place) {
    char path[512], part[512];
    lost = at("file.lockstep-part", part);
    check_replaced(at("file", path), "text");
    assert_null(lost);
}

enum { WRITERS = 4, TURNS = 20, LARGE = 200000 };

static void write_letters(const char *path, int writer) {
    static char letters[LARGE];
    memset(letters, 'a' + writer, sizeof letters);
    for (int i = 0; i < TURNS; i++)
        if (file_replace(path, letters, sizeof letters, &message) != STATUS_OK)
            _exit(1);
    _exit(0);
}

TEST_IN_TEMPORARY(writers_wait_for_each_other, &place) {
    char path[512], *bytes;
    size_t size;
    check_replaced(at("file", path), "");
    for (int i = 0; i < WRITERS; i++) {
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0)
            write_letters(path, i);
    }
    for (int ended = 0; ended < WRITERS;) {
        int status = 0;
        ended += waitpid(-1, &status, WNOHANG) > 0;
        assert_int_equal(status, 0);
        assert_int_equal(file_read(path, LARGE, &bytes, &size, &message), STATUS_OK);
        if (size > 0) {
            assert_int_equal(size, LARGE);
            for (size_t i = 1; i < size; i++)
                assert_int_equal(bytes[i], bytes[0]);
        }
        free(bytes);
    }
    assert_null(temporary_text(&place, "file.lockstep-part"));
}

TEST_IN_TEMPORARY(a_trial_changes_nothing, &place) {
    char path[512];
    assert_int_equal(file_check_replaceable(at("file", path), &message), STATUS_OK);
    assert_null(file_text(path));
    check_replaced(path, "one");
    assert_int_equal(file_check_replaceable(path, &message), STATUS_OK);
    check_text(path, "one");
    assert_null(temporary_text(&place, "file.lockstep-part"));
    assert_int_equal(file_check_replaceable(place.path, &message), STATUS_INVALID);
    check_says("Is a directory");
    assert_int_equal(file_check_replaceable("/proc/lockstep/file", &message), STATUS_INVALID);
    check_says("/proc/lockstep/file");
}
