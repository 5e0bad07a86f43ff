/* Reading whole files, and replacing them by renaming. */
#include "common/files.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- reading ---------------------------------------------------------------------------------- */

static enum status read_failed(const char *path, int error, struct message *message) {
    return message_set(message, STATUS_IO, "cannot read %s: %s", path, strerror(error));
}

static enum status is_too_large(const char *path, size_t most, struct message *message) {
    return message_set(message, STATUS_INVALID,
                       "cannot read %s: it has more than the %zu bytes that such a file may have",
                       path, most);
}

/* Reads up to the end, which need not be where `expected` says: the files of /proc have no size. */
static enum status all_read(int file, const char *path, size_t expected, size_t most, char **bytes,
                            size_t *size, struct message *message) {
    size_t capacity = expected + 1, used = 0; /* one more, to see the end */
    char *buffer = malloc(capacity + 1);
    while (buffer) {
        ssize_t got = read(file, buffer + used, capacity - used);
        if (got < 0 && errno == EINTR)
            continue;
        used += got > 0 ? (size_t)got : 0;
        if (got < 0 || used > most) {
            int error = errno;
            free(buffer);
            return got < 0 ? read_failed(path, error, message) : is_too_large(path, most, message);
        }
        if (got == 0) {
            buffer[used] = '\0';
            *bytes = buffer;
            *size = used;
            return STATUS_OK;
        }
        if (used < capacity)
            continue;
        capacity *= 2;
        char *larger = realloc(buffer, capacity + 1);
        if (!larger)
            free(buffer);
        buffer = larger;
    }
    return message_set(message, STATUS_NO_MEMORY, "no memory for the %zu bytes of %s", capacity,
                       path);
}

static const char *kind_name(mode_t mode) {
    return S_ISDIR(mode)    ? "folder"
           : S_ISFIFO(mode) ? "FIFO"
           : S_ISSOCK(mode) ? "socket"
                            : "device";
}

static enum status kind_check(const char *path, mode_t mode, struct message *message) {
    if (S_ISREG(mode))
        return STATUS_OK;
    return message_set(message, STATUS_INVALID, "cannot read %s: it is a %s; name a regular file",
                       path, kind_name(mode));
}

enum status file_check_regular(const char *path, struct message *message) {
    struct stat found;
    return stat(path, &found) == 0 ? kind_check(path, found.st_mode, message) : STATUS_OK;
}

enum status file_read(const char *path, size_t most, char **bytes, size_t *size,
                      struct message *message) {
    *bytes = NULL;
    *size = 0;
    /* O_NONBLOCK: the opening of a FIFO would wait for a writer. */
    int file = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    struct stat found;
    if (file < 0 || fstat(file, &found) != 0) {
        int error = errno;
        if (file >= 0)
            (void)close(file);
        return read_failed(path, error, message);
    }
    enum status status = kind_check(path, found.st_mode, message);
    if (status == STATUS_OK && (uintmax_t)found.st_size > most)
        status = is_too_large(path, most, message);
    else if (status == STATUS_OK)
        status = all_read(file, path, (size_t)found.st_size, most, bytes, size, message);
    (void)close(file); /* nothing was written */
    return status;
}

enum status file_read_named(const char *path, size_t most, char **bytes, size_t *size,
                            struct message *message) {
    const enum status status = file_read(path, most, bytes, size, message);
    return status == STATUS_IO ? STATUS_INVALID : status;
}

/* --- what is replaced ------------------------------------------------------------------------- */

static const char part_suffix[] = ".lockstep-part";

bool file_is_leftover(const char *name) {
    size_t length = strlen(name), suffix = strlen(part_suffix);
    return length > suffix && strcmp(name + length - suffix, part_suffix) == 0;
}

/* A path as it was given, and where that leads. */
struct target {
    const char *name;
    char path[PATH_MAX]; /* behind the links */
    char part[PATH_MAX]; /* beside it: written first, then renamed */
    struct stat old;     /* where it exists */
    bool exists;
    bool special; /* neither a regular file nor a folder: written through */
};

static enum status write_failed(const struct target *target, int error, struct message *message) {
    const bool lacks_folder = error == ENOENT || error == ENOTDIR;
    const bool lacks_room = error == ENOSPC || error == EDQUOT || error == EFBIG;
    return message_set(message, STATUS_IO, "cannot write %s: %s; %s", target->name, strerror(error),
                       lacks_folder ? "make its folder, or name another place"
                       : lacks_room ? "what was there is untouched, so make room or name another "
                                      "place"
                                    : "what was there is untouched; name another place");
}

/* Puts the link's text in the place of the path's last component, or of all of it. */
static bool link_apply(char path[PATH_MAX], const char *link) {
    char *name = strrchr(path, '/');
    name = *link == '/' || !name ? path : name + 1;
    size_t room = PATH_MAX - (size_t)(name - path);
    if ((size_t)snprintf(name, room, "%s", link) < room)
        return true;
    errno = ENAMETOOLONG;
    return false;
}

/* Follows the links that the path ends in. They may lead to a file that is not there. */
static bool links_follow(char path[PATH_MAX]) {
    enum { LINKS_MAX = 40 }; /* as Linux itself */
    char link[PATH_MAX];
    for (int i = 0; i < LINKS_MAX; i++) {
        ssize_t length = readlink(path, link, sizeof link - 1);
        if (length < 0)
            return errno == EINVAL || errno == ENOENT; /* no link, or nothing at all */
        link[length] = '\0';
        if (!link_apply(path, link))
            return false;
    }
    errno = ELOOP;
    return false;
}

/* errno where it is false. */
static bool target_find(const char *name, struct target *target) {
    *target = (struct target){.name = name};
    target->exists = stat(name, &target->old) == 0;
    if (!target->exists && errno != ENOENT)
        return false;
    mode_t mode = target->old.st_mode;
    if (target->exists && S_ISDIR(mode)) {
        errno = EISDIR;
        return false;
    }
    target->special = target->exists && !S_ISREG(mode);
    if (target->special)
        return true;
    bool fits = snprintf(target->path, sizeof target->path, "%s", name) < PATH_MAX;
    if (fits && !links_follow(target->path))
        return false;
    fits = fits && snprintf(target->part, sizeof target->part, "%s%s", target->path, part_suffix) <
                       PATH_MAX;
    if (!fits)
        errno = ENAMETOOLONG;
    return fits;
}

/* --- writing ---------------------------------------------------------------------------------- */

static bool all_write(int file, const char *bytes, size_t size) {
    for (size_t done = 0; done < size;) {
        ssize_t written = write(file, bytes + done, size - done);
        if (written < 0 && errno != EINTR)
            return false;
        done += written > 0 ? (size_t)written : 0;
    }
    return true;
}

bool file_flush(int descriptor) {
    return fsync(descriptor) == 0 || errno == EINVAL;
}

static enum status special_write(const struct target *target, const void *bytes, size_t size,
                                 struct message *message) {
    int file = open(target->name, O_WRONLY | O_NOCTTY | O_CLOEXEC);
    bool written = file >= 0 && all_write(file, bytes, size) && file_flush(file);
    int error = errno;
    if (file >= 0 && close(file) != 0 && written) {
        written = false;
        error = errno;
    }
    return written ? STATUS_OK
                   : message_set(message, STATUS_IO,
                                 "cannot write to the %s %s: %s; name another place",
                                 kind_name(target->old.st_mode), target->name, strerror(error));
}

/* Waits for the lock. A file system without locks has no such step. */
static void lock_await(int file) {
    while (flock(file, LOCK_EX) != 0 && errno == EINTR)
        continue;
}

static bool is_named(int file, const char *path) {
    struct stat own, named;
    return fstat(file, &own) == 0 && lstat(path, &named) == 0 && own.st_dev == named.st_dev &&
           own.st_ino == named.st_ino;
}

/* Removes the part that is there as soon as nobody has it locked: then it was left behind. False,
 * with errno, where that cannot be done. */
static bool leftover_remove(const char *part) {
    int file = open(part, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (file < 0)
        return errno == ENOENT; /* renamed or removed meanwhile */
    lock_await(file);
    bool removed = !is_named(file, part) || unlink(part) == 0;
    int error = errno;
    (void)close(file); /* nothing was written through it */
    errno = error;
    return removed;
}

/* Opens a new part and locks it, or returns -1 and sets errno. Between its making and its locking
 * another process may take it for left behind. */
static int part_open(const struct target *target) {
    enum { ATTEMPTS = 1000 };
    mode_t mode = target->exists ? 0600 : 0666; /* the old file's mode is set at the end */
    for (int i = 0; i < ATTEMPTS; i++) {
        int file = open(target->part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
        if (file < 0 && (errno != EEXIST || !leftover_remove(target->part)))
            return -1;
        if (file < 0)
            continue;
        lock_await(file);
        if (is_named(file, target->part))
            return file;
        (void)close(file); /* empty, and removed by another */
    }
    errno = EBUSY;
    return -1;
}

/* The owner first: its change takes bits from the mode. */
static bool owner_and_mode_keep(int file, const struct target *target) {
    struct stat own;
    if (!target->exists)
        return true;
    if (fstat(file, &own) != 0)
        return false;
    bool same = own.st_uid == target->old.st_uid && own.st_gid == target->old.st_gid;
    return (same || fchown(file, target->old.st_uid, target->old.st_gid) == 0) &&
           fchmod(file, target->old.st_mode & 07777) == 0;
}

/* The new name is on the disk when the folder is. A folder that may not be read cannot be flushed.
 */
static bool folder_flush(const struct target *target) {
    char path[PATH_MAX];
    memcpy(path, target->path, sizeof path);
    int folder = open(dirname(path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return errno == EACCES;
    bool flushed = file_flush(folder);
    int error = errno;
    (void)close(folder); /* nothing was written through it */
    errno = error;
    return flushed;
}

enum status file_replace(const char *path, const void *bytes, size_t size,
                         struct message *message) {
    struct target target;
    if (!target_find(path, &target))
        return write_failed(&target, errno, message);
    if (target.special)
        return special_write(&target, bytes, size, message);
    int file = part_open(&target);
    if (file < 0)
        return write_failed(&target, errno, message);
    bool replaced = all_write(file, bytes, size) && owner_and_mode_keep(file, &target) &&
                    file_flush(file) && rename(target.part, target.path) == 0;
    int error = errno;
    if (!replaced)
        (void)unlink(target.part); /* it is the failure before that counts */
    (void)close(file);             /* flushed already; held up to here for its lock */
    if (!replaced)
        return write_failed(&target, error, message);
    if (folder_flush(&target))
        return STATUS_OK;
    return message_set(message, STATUS_IO,
                       "wrote %s, but cannot flush its folder to the disk: %s; look after the disk",
                       path, strerror(errno));
}

static enum status replaceable_try(const char *path, struct message *message) {
    struct target target;
    if (!target_find(path, &target))
        return write_failed(&target, errno, message);
    if (target.special) {
        /* A FIFO is not opened for a trial: its reader would see the end. */
        if (!S_ISSOCK(target.old.st_mode) && access(path, W_OK) == 0)
            return STATUS_OK;
        return write_failed(&target, S_ISSOCK(target.old.st_mode) ? ENXIO : errno, message);
    }
    int file = part_open(&target);
    if (file < 0)
        return write_failed(&target, errno, message);
    bool removed = unlink(target.part) == 0;
    int error = errno;
    (void)close(file);
    return removed ? STATUS_OK : write_failed(&target, error, message);
}

enum status file_check_replaceable(const char *path, struct message *message) {
    const enum status status = replaceable_try(path, message);
    return status == STATUS_IO ? STATUS_INVALID : status;
}
