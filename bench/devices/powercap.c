/* Reading RAPL's counters; see bench/devices/powercap.h. */
#include "bench/devices/powercap.h"

#include <dirent.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const powercap_folder = "/sys/class/powercap";

enum { PACKAGES_MAX = 16 };

struct powercap {
    struct package {
        char counter[512];  /* path, in microjoules */
        double range, last; /* where it begins again, and what it was */
    } packages[PACKAGES_MAX];
    int count;
    double joules;
};

static bool number_read(const char *path, double *number) {
    FILE *file = fopen(path, "r");
    bool read = file && fscanf(file, "%lf", number) == 1;
    if (file)
        fclose(file);
    return read;
}

/* Whether the zone is a whole package: "intel-rapl:0" named "package-0" (AMD's too). Its parts are
 * called intel-rapl:0:0, and another zone may hold the whole board. */
static bool is_package(const char *folder, const char *zone) {
    char path[512], name[32] = "";
    const char *colon = strchr(zone, ':');
    if (!colon || strchr(colon + 1, ':'))
        return false;
    snprintf(path, sizeof path, "%s/%s/name", folder, zone);
    FILE *file = fopen(path, "r");
    bool package = file && fscanf(file, "%31s", name) == 1 && strncmp(name, "package", 7) == 0;
    if (file)
        fclose(file);
    return package;
}

static void package_add(struct powercap *powercap, const char *folder, const char *zone) {
    if (powercap->count == PACKAGES_MAX || !is_package(folder, zone))
        return;
    struct package *package = &powercap->packages[powercap->count];
    char range[512];
    snprintf(range, sizeof range, "%s/%s/max_energy_range_uj", folder, zone);
    snprintf(package->counter, sizeof package->counter, "%s/%s/energy_uj", folder, zone);
    if (number_read(range, &package->range) && number_read(package->counter, &package->last))
        powercap->count++;
}

struct powercap *powercap_open(const char *folder) {
    DIR *directory = opendir(folder);
    struct powercap *powercap = directory ? calloc(1, sizeof *powercap) : NULL;
    for (struct dirent *entry; powercap && (entry = readdir(directory)) != NULL;)
        package_add(powercap, folder, entry->d_name);
    if (directory)
        closedir(directory);
    if (powercap && powercap->count == 0) {
        free(powercap);
        powercap = NULL;
    }
    return powercap;
}

void powercap_close(struct powercap *powercap) {
    free(powercap);
}

double powercap_energy(struct powercap *powercap) {
    for (int i = 0; i < powercap->count; i++) {
        struct package *package = &powercap->packages[i];
        double now;
        if (!number_read(package->counter, &now))
            return (double)NAN;
        powercap->joules +=
            1e-6 * (now - package->last + (now < package->last ? package->range : 0.0));
        package->last = now;
    }
    return powercap->joules;
}
