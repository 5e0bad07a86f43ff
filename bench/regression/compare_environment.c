/* What two runs do not share: machine, libraries, threads, driver, build. */
#include "bench/regression/compare.h"

#include <stdlib.h>
#include <string.h>

/* Members of environment.json that should be equal, whole objects included. What differs from one
 * moment to the next (load, time) or is the very thing that is compared (commit) is left out. */
static const char *const shared[] = {
    "host",         "system",    "cpu",    "memory_bytes",
    "threads",      "mode",      "seed",   "floating_point_of_timed_work",
    "libraries",    "variables", "gpu",    "gpus",
    "devices",      "build",     "tuning", "cgroup",
    "sample_blocks"};
static const char *const passing[] = {
    "load",          "commit",       "version",          "free_bytes",
    "temperature_c", "sm_clock_mhz", "memory_clock_mhz", "clocks_held_back_by",
    "power_w"};

static bool is_passing(const char *name) {
    for (size_t i = 0; name && i < sizeof passing / sizeof passing[0]; i++)
        if (strcmp(name, passing[i]) == 0)
            return true;
    return false;
}

static void value_text(const cJSON *item, char *text, size_t size) {
    char *printed = item && !cJSON_IsString(item) ? cJSON_PrintUnformatted(item) : NULL;
    snprintf(text, size, "%s",
             !item                  ? "nothing"
             : cJSON_IsString(item) ? item->valuestring
             : printed              ? printed
                                    : "?");
    cJSON_free(printed);
}

static void difference_add(struct comparison *comparison, const char *name, const cJSON *baseline,
                           const cJSON *changed) {
    if (comparison->difference_count == DIFFERENCES_MAX)
        return;
    struct setting_difference *difference =
        &comparison->differences[comparison->difference_count++];
    snprintf(difference->name, sizeof difference->name, "%s", name);
    value_text(baseline, difference->baseline, sizeof difference->baseline);
    value_text(changed, difference->changed, sizeof difference->changed);
}

/* Objects are gone through member by member, so that the one that differs is named. */
static void items_compare(struct comparison *comparison, const char *name, const cJSON *baseline,
                          const cJSON *changed) {
    if (!cJSON_IsObject(baseline) || !cJSON_IsObject(changed)) {
        if ((baseline || changed) && !cJSON_Compare(baseline, changed, true))
            difference_add(comparison, name, baseline, changed);
        return;
    }
    const cJSON *item;
    char inner[64];
    cJSON_ArrayForEach(item, baseline) {
        snprintf(inner, sizeof inner, "%.30s %.30s", name, item->string);
        const cJSON *other = cJSON_GetObjectItemCaseSensitive(changed, item->string);
        if (!is_passing(item->string) && !cJSON_Compare(item, other, true))
            difference_add(comparison, inner, item, other);
    }
    cJSON_ArrayForEach(item, changed) {
        snprintf(inner, sizeof inner, "%.30s %.30s", name, item->string);
        if (!is_passing(item->string) && !cJSON_GetObjectItemCaseSensitive(baseline, item->string))
            difference_add(comparison, inner, NULL, item);
    }
}

void compare_environments(const struct run_files *baseline, const struct run_files *changed,
                          struct comparison *comparison) {
    comparison->is_sampled = cJSON_HasObjectItem(baseline->environment, "sample_blocks") ||
                             cJSON_HasObjectItem(changed->environment, "sample_blocks");
    if (!baseline->environment || !changed->environment) {
        struct setting_difference *unknown =
            &comparison->differences[comparison->difference_count++];
        *unknown = (struct setting_difference){"environment.json", "known", "known"};
        if (!baseline->environment)
            snprintf(unknown->baseline, sizeof unknown->baseline, "missing");
        if (!changed->environment)
            snprintf(unknown->changed, sizeof unknown->changed, "missing");
        return;
    }
    for (size_t i = 0; i < sizeof shared / sizeof shared[0]; i++)
        items_compare(comparison, shared[i],
                      cJSON_GetObjectItemCaseSensitive(baseline->environment, shared[i]),
                      cJSON_GetObjectItemCaseSensitive(changed->environment, shared[i]));
}
