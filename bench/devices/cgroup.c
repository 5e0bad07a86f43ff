/* Reading the files of control groups. */
#include "bench/devices/cgroup.h"
#include "bench/selection/selection.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- which group ------------------------------------------------------------------------------ */

enum { VERSION_1 = 1, VERSION_2 };

static FILE *below_open(const char *root, const char *path) {
    char whole[1200];
    snprintf(whole, sizeof whole, "%s%s", root, path);
    return fopen(whole, "r");
}

/* The path of this process's group from a file of lines "NUMBER:CONTROLLERS:PATH", in which version
 * 2 has number 0 and no controllers. */
static bool group_find(const char *root, const char *controller, int version, char *group,
                       size_t size) {
    FILE *file = below_open(root, "/proc/self/cgroup");
    char line[2048];
    bool found = false;
    while (file && !found && fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = '\0';
        char *controllers = strchr(line, ':');
        char *path = controllers ? strchr(controllers + 1, ':') : NULL;
        if (!path)
            continue;
        *path++ = '\0';
        controllers++;
        found =
            version == VERSION_2 ? *controllers == '\0' : list_contains(controllers, controller);
        if (found)
            snprintf(group, size, "%s", path);
    }
    if (file)
        fclose(file);
    return found;
}

/* A mount of control groups: `group` is the one that its folder shows. */
struct mount {
    char group[1024], folder[1024];
};

/* A line is "ID PARENT DEVICE GROUP FOLDER OPTIONS… - TYPE SOURCE CONTROLLERS,OPTIONS". */
static bool mount_read(char *line, const char *controller, int version, struct mount *mount) {
    char type[32], options[512];
    char *second = strstr(line, " - ");
    if (!second || sscanf(second, " - %31s %*s %511s", type, options) != 2 ||
        sscanf(line, "%*s %*s %*s %1023s %1023s", mount->group, mount->folder) != 2)
        return false;
    return version == VERSION_2 ? strcmp(type, "cgroup2") == 0
                                : strcmp(type, "cgroup") == 0 && list_contains(options, controller);
}

static bool mount_find(const char *root, const char *controller, int version, struct mount *mount) {
    FILE *file = below_open(root, "/proc/self/mountinfo");
    char *line = NULL;
    size_t size = 0;
    bool found = false;
    while (file && !found && getline(&line, &size, file) > 0)
        found = mount_read(line, controller, version, mount);
    free(line);
    if (file)
        fclose(file);
    return found;
}

/* What of `group` lies below the mounted one. In a container the path may be that of the host, of
 * which nothing is seen but the mounted group. */
static const char *group_below(const char *group, const char *mounted) {
    size_t length = strcmp(mounted, "/") == 0 ? 0 : strlen(mounted);
    bool inside = strncmp(group, mounted, length) == 0 && (group[length] == '/' || !group[length]);
    if (!inside || strstr(group, "/.."))
        return "";
    return strcmp(group + length, "/") == 0 ? "" : group + length;
}

static void folder_find(const char *root, const char *controller, struct cgroup_folder *folder) {
    *folder = (struct cgroup_folder){.top = 0};
    for (int version = VERSION_1; version <= VERSION_2; version++) {
        char group[1024];
        struct mount mount;
        if (!group_find(root, controller, version, group, sizeof group) ||
            !mount_find(root, controller, version, &mount))
            continue;
        int top = snprintf(folder->path, sizeof folder->path, "%s%s", root, mount.folder);
        const char *below = group_below(group, mount.group);
        if (top < 0 || (size_t)top + strlen(below) >= sizeof folder->path) {
            folder->path[0] = '\0';
            return;
        }
        snprintf(folder->path + top, sizeof folder->path - (size_t)top, "%s", below);
        folder->top = (size_t)top;
        folder->unified = version == VERSION_2;
        return;
    }
}

void cgroup_find(const char *root, struct cgroup *cgroup) {
    folder_find(root, "cpu", &cgroup->cpu);
    folder_find(root, "memory", &cgroup->memory);
}

/* --- the files of a group and of those above it ----------------------------------------------- */

/* The groups from the own one upwards: both say whether `path` is one. */
static bool group_enter(const struct cgroup_folder *folder, char path[sizeof folder->path]) {
    memcpy(path, folder->path, sizeof folder->path);
    return *path != '\0';
}

static bool group_leave(const struct cgroup_folder *folder, char *path) {
    size_t length = strlen(path);
    while (length > folder->top && path[length] != '/')
        length--;
    if (length < folder->top || length == strlen(path))
        return false;
    path[length] = '\0';
    return true;
}

/* The first two numbers of a file, "max" for infinity; 0 where there are fewer. */
static int numbers_read(const char *path, const char *name, double *first, double *second) {
    char whole[1100], words[2][32];
    snprintf(whole, sizeof whole, "%s/%s", path, name);
    FILE *file = fopen(whole, "r");
    int count = file ? fscanf(file, "%31s %31s", words[0], words[1]) : 0;
    if (file)
        fclose(file);
    if (count >= 1)
        *first = strcmp(words[0], "max") == 0 ? (double)INFINITY : strtod(words[0], NULL);
    if (count >= 2)
        *second = strtod(words[1], NULL);
    return count > 0 ? count : 0;
}

/* The number behind a word at the beginning of a line of a file; 0 where there is none. */
static double keyed_read(const char *path, const char *name, const char *key) {
    char whole[1100], word[64];
    double number, found = 0.0;
    snprintf(whole, sizeof whole, "%s/%s", path, name);
    FILE *file = fopen(whole, "r");
    while (file && fscanf(file, "%63s %lf", word, &number) == 2)
        if (strcmp(word, key) == 0)
            found = number;
    if (file)
        fclose(file);
    return found;
}

/* Processors' worth of time of one group. */
static double group_quota(const char *path, bool unified) {
    double quota = -1.0, period = 0.0;
    if (unified)
        numbers_read(path, "cpu.max", &quota, &period);
    else if (numbers_read(path, "cpu.cfs_quota_us", &quota, &period) > 0)
        numbers_read(path, "cpu.cfs_period_us", &period, &period);
    return quota > 0.0 && period > 0.0 ? quota / period : (double)INFINITY;
}

void cgroup_read_quota(const struct cgroup *cgroup, struct cgroup_quota *quota) {
    const struct cgroup_folder *folder = &cgroup->cpu;
    *quota = (struct cgroup_quota){.processors = (double)INFINITY};
    char path[sizeof folder->path];
    for (bool is = group_enter(folder, path); is; is = group_leave(folder, path)) {
        double processors = group_quota(path, folder->unified);
        if (processors >= quota->processors)
            continue;
        quota->processors = processors;
        snprintf(quota->file, sizeof quota->file, "%s/%s", path,
                 folder->unified ? "cpu.max" : "cpu.cfs_quota_us");
    }
}

long long cgroup_read_throttled(const struct cgroup *cgroup) {
    const struct cgroup_folder *folder = &cgroup->cpu;
    double times = 0.0;
    char path[sizeof folder->path];
    for (bool is = group_enter(folder, path); is; is = group_leave(folder, path))
        if (isfinite(group_quota(path, folder->unified)))
            times += keyed_read(path, "cpu.stat", "nr_throttled");
    return (long long)times;
}

void cgroup_read_memory(const struct cgroup *cgroup, struct cgroup_memory *memory) {
    const struct cgroup_folder *folder = &cgroup->memory;
    const bool unified = folder->unified;
    *memory = (struct cgroup_memory){.limit = SIZE_MAX, .available = SIZE_MAX};
    char path[sizeof folder->path];
    for (bool is = group_enter(folder, path); is; is = group_leave(folder, path)) {
        const char *name = unified ? "memory.max" : "memory.limit_in_bytes";
        double limit, used = 0.0, ignored;
        /* Version 1 says "no limit" by the largest number of whole pages. */
        if (numbers_read(path, name, &limit, &ignored) < 1 || limit >= 0x1p62)
            continue;
        numbers_read(path, unified ? "memory.current" : "memory.usage_in_bytes", &used, &ignored);
        used -= keyed_read(path, "memory.stat", unified ? "inactive_file" : "total_inactive_file");
        double left = used < limit ? limit - used : 0.0;
        if (left < (double)memory->available)
            memory->available = (size_t)left;
        if (limit < (double)memory->limit) {
            memory->limit = (size_t)limit;
            snprintf(memory->file, sizeof memory->file, "%s/%s", path, name);
        }
    }
}
