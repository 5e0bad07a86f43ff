/* Creating and resuming a run's folder. */
#include "bench/files/folder.h"
#include "bench/files/json.h"
#include "common/files.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const char runs_folder[] = "reports/runs";
static const char latest_link[] = "reports/latest", latest_suffix[] = ".lockstep-part";

enum status folder_make(const char *path, struct message *message) {
    char partial[2048];
    struct stat found;
    int length = snprintf(partial, sizeof partial, "%s", path);
    if (length <= 0)
        return message_set(message, STATUS_INVALID, "--out wants the name of a folder, not ''");
    if ((size_t)length >= sizeof partial)
        return message_set(message, STATUS_INVALID, "the path %.80s… of --out is too long", path);
    for (char *slash = partial + 1;; slash++) {
        if (*slash != '/' && *slash != '\0')
            continue;
        char end = *slash;
        *slash = '\0';
        if (mkdir(partial, 0777) != 0 && errno != EEXIST)
            return message_set(message, STATUS_IO,
                               "cannot make the folder %s: %s; choose a writable place with --out",
                               partial, strerror(errno));
        if (stat(partial, &found) == 0 && !S_ISDIR(found.st_mode))
            return message_set(message, STATUS_INVALID, "%s is no folder; choose another --out",
                               partial);
        *slash = end;
        if (end == '\0')
            return STATUS_OK;
    }
}

/* Makes the link under another name first. One of that name was left by a process that was killed,
 * or is another's that does the same just now. */
static bool link_make(const char *target, const char *name) {
    enum { ATTEMPTS = 100 };
    char part[512];
    snprintf(part, sizeof part, "%s%s", name, latest_suffix);
    for (int i = 0; i < ATTEMPTS; i++) {
        if (symlink(target, part) == 0) {
            if (rename(part, name) == 0)
                return true;
            if (errno == ENOENT)
                continue; /* the other has removed it */
            int error = errno;
            (void)unlink(part); /* it is the failure before that counts */
            errno = error;
            return false;
        }
        if (errno != EEXIST || (unlink(part) != 0 && errno != ENOENT))
            return false;
    }
    return false;
}

/* reports/latest -> runs/<name>, replaced in one step. It is a convenience: without it a run is
 * whole.
 */
static void latest_point(const char *name, struct folder *folder) {
    char target[512];
    snprintf(target, sizeof target, "runs/%s", name);
    if (!link_make(target, latest_link))
        (void)message_set(&folder->warning, STATUS_IO,
                          "%s does not point at %s: %s; name the folder instead", latest_link,
                          target, strerror(errno));
}

/* A host may be named by anything. */
static void host_write(const char *host, char *name, size_t size) {
    snprintf(name, size, "%s", host);
    for (char *c = name; *c; c++)
        if (!isalnum((unsigned char)*c) && !strchr("._-", *c))
            *c = '-';
}

static enum status folder_new(const char *host, struct folder *folder, struct message *message) {
    char name[256], stamp[32], host_name[101];
    time_t seconds = time(NULL);
    struct tm utc;
    gmtime_r(&seconds, &utc);
    strftime(stamp, sizeof stamp, "%Y%m%dT%H%M%SZ", &utc);
    host_write(host, host_name, sizeof host_name);
    enum status status = folder_make(runs_folder, message);
    if (status != STATUS_OK)
        return status;
    /* Two runs within one second get names of their own. */
    for (int attempt = 0; attempt < 100; attempt++) {
        snprintf(name, sizeof name, attempt ? "%s-%s-%d" : "%s-%s", stamp, host_name, attempt);
        snprintf(folder->path, sizeof folder->path, "%s/%s", runs_folder, name);
        if (mkdir(folder->path, 0777) == 0) {
            latest_point(name, folder);
            return STATUS_OK;
        }
        if (errno != EEXIST)
            break;
    }
    return message_set(message, STATUS_IO, "cannot make the folder %s: %s", folder->path,
                       strerror(errno));
}

/* Two runs that write into one folder would lose each other's rows. Where the file system knows no
 * locks, the user must not start two. */
static enum status folder_lock(struct folder *folder, struct message *message) {
    folder->lock = open(folder->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder->lock < 0 || flock(folder->lock, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
        return STATUS_OK;
    folder_close(folder);
    return message_set(message, STATUS_INVALID,
                       "another process is writing a run into %s; wait for its end, or choose "
                       "another --out",
                       folder->path);
}

void folder_close(struct folder *folder) {
    if (folder->lock >= 0)
        (void)close(folder->lock); /* nothing was written through it */
    folder->lock = -1;
}

/* Where the word begins in which two texts differ first. */
static size_t word_that_differs(const char *one, const char *other) {
    size_t begin = 0;
    for (size_t i = 0; one[i] && one[i] == other[i]; i++)
        if (one[i] == ' ')
            begin = i + 1;
    return begin;
}

/* Whether the run in the folder may be resumed. */
static enum status folder_check_resumable(const struct folder *folder, const cJSON *environment,
                                          const char *settings, struct message *message) {
    const char *state =
        cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(environment, "state"));
    const char *before =
        cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(environment, "settings"));
    if (!state || !before)
        return message_set(message, STATUS_INVALID,
                           "%s/environment.json is not one that this version of lockstep wrote; "
                           "choose another --out",
                           folder->path);
    if (strcmp(state, "finished") == 0)
        return message_set(message, STATUS_INVALID,
                           "%s holds a finished run; choose another --out, or draw its plots again "
                           "with `lockstep report %s`",
                           folder->path, folder->path);
    if (strcmp(before, settings) == 0)
        return STATUS_OK;
    size_t word = word_that_differs(before, settings);
    return message_set(message, STATUS_INVALID,
                       "%.200s holds an unfinished run with other settings (%.200s, now %.200s); "
                       "repeat the same command with the same build on the same machine to "
                       "resume it, or choose another --out",
                       folder->path, before + word, settings + word);
}

/* Whether nothing is in the folder yet, but for what a killed process left there. */
static enum status folder_check_empty(const char *path, struct message *message) {
    DIR *directory = opendir(path);
    if (!directory)
        return message_set(message, STATUS_IO, "cannot look into %s: %s; choose another --out",
                           path, strerror(errno));
    int entries = 0;
    for (const struct dirent *entry; (entry = readdir(directory));)
        entries += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
                   !file_is_leftover(entry->d_name);
    (void)closedir(directory);
    if (entries > 0)
        return message_set(
            message, STATUS_INVALID,
            "%s holds files that are not a run of lockstep; choose a new or an empty "
            "folder with --out",
            path);
    if (access(path, W_OK) != 0)
        return message_set(message, STATUS_IO, "cannot write into %s: %s; choose another --out",
                           path, strerror(errno));
    return STATUS_OK;
}

/* A folder that the user named: empty, or with an unfinished run of the same settings. */
static enum status folder_named(const char *out, const char *settings, struct folder *folder,
                                struct message *message) {
    enum status status = folder_make(out, message);
    if (status != STATUS_OK)
        return status;
    snprintf(folder->path, sizeof folder->path, "%s", out);
    status = folder_lock(folder, message);
    if (status != STATUS_OK)
        return status;
    char path[2300];
    snprintf(path, sizeof path, "%s/environment.json", out);
    if (access(path, F_OK) != 0)
        return folder_check_empty(out, message);
    cJSON *environment = NULL;
    status = json_read(path, &environment, message);
    if (status == STATUS_OK || status == STATUS_INVALID) /* which says the same with advice */
        status = folder_check_resumable(folder, environment, settings, message);
    cJSON_Delete(environment);
    folder->resumed = status == STATUS_OK;
    return status;
}

enum status folder_open(const char *out, const char *host, const char *settings,
                        struct folder *folder, struct message *message) {
    *folder = (struct folder){.lock = -1};
    enum status status =
        out ? folder_named(out, settings, folder, message) : folder_new(host, folder, message);
    if (status == STATUS_OK && !out)
        status = folder_lock(folder, message);
    if (status != STATUS_OK)
        folder_close(folder);
    return status;
}

enum status folder_write_environment(const struct folder *folder, const cJSON *environment,
                                     struct message *message) {
    char path[2300], *text = cJSON_Print(environment), *line = NULL;
    snprintf(path, sizeof path, "%s/environment.json", folder->path);
    int length = text ? asprintf(&line, "%s\n", text) : -1;
    free(text);
    if (length < 0)
        return message_set(message, STATUS_NO_MEMORY, "no memory to write %s", path);
    enum status status = file_replace(path, line, (size_t)length, message);
    free(line);
    return status;
}
