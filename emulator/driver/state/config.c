/* The configuration:
 * LOCKSTEP_EMULATOR=check=memory,race;device=a100;report=counters.csv;threads=2;memory=4G;budget=N
 */
#include "emulator/driver/state/config.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct config_reader {
    struct driver_config *config;
    char *message;
    size_t message_size;
};

static bool config_refuse(const struct config_reader *reader, const char *what, const char *word,
                          const char *known) {
    snprintf(reader->message, reader->message_size, "LOCKSTEP_EMULATOR: %s '%s'; known: %s", what,
             word, known);
    return false;
}

/* A number, for sizes with K, M, G or T (powers of 1024). */
static bool config_number(const char *text, bool size, uint64_t *value) {
    static const char units[] = "KMGT";
    char *end;
    errno = 0;
    if (!isdigit((unsigned char)*text))
        return false;
    unsigned long long number = strtoull(text, &end, 10);
    const char *unit = size && *end ? strchr(units, toupper((unsigned char)*end)) : NULL;
    unsigned shift = unit ? (unsigned)(unit - units + 1) * 10 : 0;
    if (unit)
        end++;
    if (errno || *end || number > UINT64_MAX >> shift)
        return false;
    *value = (uint64_t)number << shift;
    return true;
}

/* Every word is said once, and "none" alone. */
static bool config_words_agree(const struct config_reader *reader, const char *list) {
    static const char known[] = "each check once, or none by itself";
    bool none = false;
    for (const char *word = list; word; word = strchr(word, ',') ? strchr(word, ',') + 1 : NULL) {
        const size_t length = strcspn(word, ",");
        if (length == 0)
            return config_refuse(reader, "an empty word in", list, known);
        for (const char *other = list; other < word; other += strcspn(other, ",") + 1)
            if (strcspn(other, ",") == length && !strncmp(other, word, length))
                return config_refuse(reader, "a word comes twice in", list, known);
        none |= length == 4 && !strncmp(word, "none", length);
    }
    return !none || !strchr(list, ',') ? true
                                       : config_refuse(reader, "a contradiction in", list, known);
}

static bool config_check(const struct config_reader *reader, char *value) {
    struct machine_options *options = &reader->config->options;
    const struct {
        const char *name;
        bool *flag;
    } checks[] = {
        {"memory", &options->check_memory},           {"race", &options->check_race},
        {"race=global", &options->check_race_global}, {"init", &options->check_init},
        {"barrier", &options->check_barrier},         {"leak", &reader->config->check_leak}};
    enum { CHECKS = sizeof checks / sizeof *checks };
    if (!config_words_agree(reader, value))
        return false;
    for (size_t i = 0; i < CHECKS; i++)
        *checks[i].flag = false;
    char *rest = NULL;
    for (char *word = strtok_r(value, ",", &rest); word; word = strtok_r(NULL, ",", &rest)) {
        bool all = !strcmp(word, "all"), found = all || !strcmp(word, "none");
        for (size_t i = 0; i < CHECKS; i++)
            if ((all && checks[i].flag != &options->check_race_global) ||
                !strcmp(word, checks[i].name))
                *checks[i].flag = found = true;
        if (!found)
            return config_refuse(reader, "no such check", word,
                                 "memory, race, race=global, init, barrier, leak, all, none");
    }
    return true;
}

static bool config_device(const struct config_reader *reader, char *value) {
    char known[256] = "";
    size_t count, used = 0;
    const struct driver_device *devices = driver_devices(&count);
    reader->config->device = driver_device_find(value);
    if (reader->config->device)
        return true;
    for (size_t i = 0; i < count; i++)
        used += (size_t)snprintf(known + used, sizeof known - used, "%s%s", i ? ", " : "",
                                 devices[i].key);
    return config_refuse(reader, "no such device", value, known);
}

static bool config_file(const struct config_reader *reader, const char *value, const char *what,
                        char *file, size_t size) {
    if (!*value || strlen(value) >= size)
        return config_refuse(reader, what, value, "the path of a file, such as counters.csv");
    snprintf(file, size, "%s", value);
    return true;
}

static bool config_report(const struct config_reader *reader, char *value) {
    return config_file(reader, value, "no usable file name for report", reader->config->report,
                       sizeof reader->config->report);
}

static bool config_findings(const struct config_reader *reader, char *value) {
    return config_file(reader, value, "no usable file name for findings", reader->config->findings,
                       sizeof reader->config->findings);
}

static bool config_processes(const struct config_reader *reader, char *value) {
    return config_file(reader, value, "no usable folder name for processes",
                       reader->config->processes, sizeof reader->config->processes);
}

static bool config_threads(const struct config_reader *reader, char *value) {
    uint64_t number;
    if (!config_number(value, false, &number) || number > 1024)
        return config_refuse(reader, "no usable number of threads", value,
                             "0 (as many as there are cores) to 1024");
    reader->config->options.host_threads = (unsigned)number;
    return true;
}

static bool config_memory(const struct config_reader *reader, char *value) {
    uint64_t number;
    if (!config_number(value, true, &number) || number < 1 << 20)
        return config_refuse(reader, "no usable memory size", value,
                             "bytes from 1M on, with K, M, G or T behind the number");
    reader->config->memory_bytes = (size_t)number;
    return true;
}

static bool config_devices(const struct config_reader *reader, char *value) {
    enum { MOST = 8 };
    uint64_t number;
    if (!config_number(value, false, &number) || number < 1 || number > MOST)
        return config_refuse(reader, "no usable number of devices", value, "1 to 8");
    reader->config->devices = (int)number;
    return true;
}

static bool config_budget(const struct config_reader *reader, char *value) {
    if (!config_number(value, true, &reader->config->options.instruction_budget))
        return config_refuse(reader, "no usable instruction budget", value,
                             "warp instructions a launch, with K, M, G or T behind the number; 0 "
                             "for no limit");
    return true;
}

static bool config_sample(const struct config_reader *reader, char *value) {
    uint64_t number;
    if (!config_number(value, true, &number) || number > UINT32_MAX)
        return config_refuse(reader, "no usable number of blocks", value,
                             "how many equal blocks a launch executes at most; 0 for all");
    reader->config->options.sample_blocks = number;
    return true;
}

static bool config_time(const struct config_reader *reader, char *value) {
    reader->config->host_time = strcmp(value, "host") == 0;
    if (reader->config->host_time || strcmp(value, "none") == 0)
        return true;
    return config_refuse(reader, "no such time", value, "none, host");
}

static bool config_count(const struct config_reader *reader, char *value) {
    reader->config->options.count_ptx = strcmp(value, "ptx") == 0;
    if (reader->config->options.count_ptx || strcmp(value, "hardware") == 0)
        return true;
    return config_refuse(reader, "no such way to count", value, "hardware, ptx");
}

static bool config_caches(const struct config_reader *reader, char *value) {
    reader->config->options.simulate_caches = strcmp(value, "on") == 0;
    if (reader->config->options.simulate_caches || strcmp(value, "off") == 0)
        return true;
    return config_refuse(reader, "no such choice of caches", value, "on, off");
}

static const struct {
    const char *key;
    bool (*read)(const struct config_reader *reader, char *value);
} config_keys[] = {
    {"check", config_check},         {"device", config_device}, {"report", config_report},
    {"threads", config_threads},     {"memory", config_memory}, {"budget", config_budget},
    {"findings", config_findings},   {"time", config_time},     {"devices", config_devices},
    {"count", config_count},         {"caches", config_caches}, {"sample", config_sample},
    {"processes", config_processes},
};

static const char config_known[] = "check, device, devices, report, threads, memory, budget, "
                                   "findings, processes, time, count, caches, sample";

static bool config_pair(const struct config_reader *reader, char *pair) {
    char *value = strchr(pair, '=');
    if (!value)
        return config_refuse(reader, "not a key=value pair", pair, config_known);
    *value++ = '\0';
    for (size_t i = 0; i < sizeof config_keys / sizeof *config_keys; i++)
        if (!strcmp(pair, config_keys[i].key))
            return config_keys[i].read(reader, value);
    return config_refuse(reader, "no such key", pair, config_known);
}

bool driver_config_read(struct driver_config *config, const char *text, char *message,
                        size_t message_size) {
    size_t count;
    *config = (struct driver_config){
        .device = driver_devices(&count), .memory_bytes = DRIVER_CONFIG_MEMORY, .devices = 1};
    machine_options_default(&config->options);
    config->options.instruction_budget = DRIVER_CONFIG_BUDGET;
    if (!text)
        return true;
    char *copy = strdup(text);
    if (!copy) {
        snprintf(message, message_size, "LOCKSTEP_EMULATOR: no memory to read it");
        return false;
    }
    const struct config_reader reader = {config, message, message_size};
    bool valid = true;
    char *rest = NULL;
    for (char *pair = strtok_r(copy, "; \n", &rest); pair && valid;
         pair = strtok_r(NULL, "; \n", &rest))
        valid = config_pair(&reader, pair);
    free(copy);
    return valid;
}
