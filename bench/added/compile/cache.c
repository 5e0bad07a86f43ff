/* Keeping compiled images. */
#include "bench/added/compile/cache.h"
#include "common/files.h"
#include "common/hash.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { IMAGE_BYTES_MAX = 1 << 30, LIST_BYTES_MAX = 1 << 24 };

/* --- names ------------------------------------------------------------------------------------ */

/* Where the last name of a path begins, whatever slashes end it. */
static const char *last_name(const char *path) {
    size_t length = strnlen(path, 3000);
    while (length > 1 && path[length - 1] == '/')
        length--;
    while (length > 1 && path[length - 1] != '/')
        length--;
    return path + length;
}

static enum status folder_make(char *folder, size_t size, struct message *message) {
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    const bool chosen = cache && *cache == '/';
    if (!chosen && (!home || !*home))
        return message_set(message, STATUS_IO,
                           "no folder for compiled kernels: neither XDG_CACHE_HOME nor HOME is "
                           "set; set one of them");
    snprintf(folder, size, "%.3000s%s/lockstep/", chosen ? cache : home, chosen ? "" : "/.cache");
    /* A home or a parent that is not there may be a slip of the pen, and is not made. */
    const size_t kept = chosen ? (size_t)(last_name(cache) - cache) : strnlen(home, 3000);
    for (char *slash = strchr(folder + kept + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        const bool there = mkdir(folder, 0777) == 0 || errno == EEXIST;
        const int error = errno;
        if (!there)
            return message_set(message, STATUS_IO,
                               "no folder for compiled kernels: cannot make %.300s: %s; name "
                               "another one in XDG_CACHE_HOME",
                               folder, strerror(error));
        *slash = '/';
    }
    return STATUS_OK;
}

enum status cache_entry_name(uint64_t key, struct cache_entry *entry, struct message *message) {
    char folder[3200];
    enum status status = folder_make(folder, sizeof folder, message);
    if (status != STATUS_OK)
        return status;
    const long process = (long)getpid();
    snprintf(entry->image, sizeof entry->image, "%s%016" PRIx64 ".image", folder, key);
    snprintf(entry->made_of, sizeof entry->made_of, "%s%016" PRIx64 ".made_of", folder, key);
    snprintf(entry->log, sizeof entry->log, "%s%016" PRIx64 ".log", folder, key);
    snprintf(entry->source, sizeof entry->source, "%s%016" PRIx64 ".%ld.cu", folder, key, process);
    snprintf(entry->made, sizeof entry->made, "%s%016" PRIx64 ".%ld.made", folder, key, process);
    snprintf(entry->read, sizeof entry->read, "%s%016" PRIx64 ".%ld.read", folder, key, process);
    return STATUS_OK;
}

void cache_entry_clean(const struct cache_entry *entry) {
    (void)unlink(entry->source);
    (void)unlink(entry->made);
    (void)unlink(entry->read);
}

/* --- hashes ----------------------------------------------------------------------------------- */

static bool file_hash(const char *path, uint64_t *hash) {
    char *bytes = NULL;
    size_t size = 0;
    struct message ignored;
    if (file_read(path, IMAGE_BYTES_MAX, &bytes, &size, &ignored) != STATUS_OK)
        return false;
    *hash = hash_bytes(hash_start, bytes, size);
    free(bytes);
    return true;
}

/* A line "HASH PATH" of the list. */
static bool line_holds(const char *line) {
    char path[PATH_MAX];
    uint64_t wanted, hash;
    return sscanf(line, "%" SCNx64 " %4095[^\n]", &wanted, path) == 2 && file_hash(path, &hash) &&
           hash == wanted;
}

bool cache_read(const struct cache_entry *entry, char **bytes, size_t *size) {
    char *list = NULL;
    size_t length;
    struct message ignored;
    if (file_read(entry->made_of, LIST_BYTES_MAX, &list, &length, &ignored) != STATUS_OK)
        return false;
    bool holds = length > 0;
    for (const char *line = list; holds && *line; line += strcspn(line, "\n") + 1) {
        holds = line_holds(line);
        if (!line[strcspn(line, "\n")])
            break;
    }
    free(list);
    return holds && file_read(entry->image, IMAGE_BYTES_MAX, bytes, size, &ignored) == STATUS_OK;
}

/* --- writing ---------------------------------------------------------------------------------- */

/* The next file of a rule as for make, "TARGET: FILE FILE \"; blanks in names have a backslash. */
static bool rule_next(const char **at, char *path, size_t size) {
    size_t length = 0;
    while (**at == ' ' || **at == '\n' || (**at == '\\' && (*at)[1] == '\n'))
        *at += **at == '\\' ? 2 : 1;
    for (; **at && **at != ' ' && **at != '\n' && length + 1 < size; ++*at) {
        if (**at == '\\' && (*at)[1] == ' ')
            ++*at;
        path[length++] = **at;
    }
    path[length] = '\0';
    return length > 0;
}

static enum status list_write(const struct cache_entry *entry, const char *rule,
                              struct message *message) {
    char *list = NULL, path[PATH_MAX];
    size_t size = 0;
    uint64_t hash = 0;
    FILE *file = open_memstream(&list, &size);
    if (!file)
        return message_set(message, STATUS_NO_MEMORY, "no memory for the list of files");
    if (file_hash(entry->image, &hash))
        fprintf(file, "%016" PRIx64 " %s\n", hash, entry->image);
    const char *at = strchr(rule, ':');
    for (at = at ? at + 1 : ""; rule_next(&at, path, sizeof path);)
        if (strcmp(path, entry->source) != 0 && file_hash(path, &hash))
            fprintf(file, "%016" PRIx64 " %s\n", hash, path);
    enum status status = fclose(file) == 0
                             ? file_replace(entry->made_of, list, size, message)
                             : message_set(message, STATUS_NO_MEMORY, "no memory for a list");
    free(list);
    return status;
}

enum status cache_write(const struct cache_entry *entry, char **bytes, size_t *size,
                        struct message *message) {
    char *rule = NULL;
    size_t length;
    enum status status = file_read(entry->made, IMAGE_BYTES_MAX, bytes, size, message);
    if (status == STATUS_OK)
        status = file_replace(entry->image, *bytes, *size, message);
    if (status == STATUS_OK)
        status = file_read(entry->read, LIST_BYTES_MAX, &rule, &length, message);
    if (status == STATUS_OK)
        status = list_write(entry, rule, message);
    free(rule);
    if (status == STATUS_OK)
        return STATUS_OK;
    free(*bytes);
    *bytes = NULL;
    return status;
}
