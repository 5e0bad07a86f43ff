/* What is recorded of a run beside its rows: its settings, and environment.json. */
#include "bench/devices/build_info.h"
#include "bench/devices/environment_gpu.h"
#include "bench/run/job.h"
#include "ranks/ranks.h"

#include <stdio.h>
#include <time.h>

/* Who measures where: rows of two builds or machines are not of one run. */
static void measurer_write(const struct run *run, FILE *file) {
    const struct environment *e = &run->environment;
    char numbers[256];
    processors_format(&e->processors.set, numbers, sizeof numbers);
    fprintf(file, " build=%s cpu=%s processors=%s machine=%s", build_commit, e->cpu, numbers,
            e->machine_id);
    for (int i = 0; i < run->devices.count; i++)
        if (run->devices.list[i].gpu)
            fprintf(file, " %s=%s", run->devices.list[i].name,
                    gpu_properties(run->devices.list[i].gpu)->name);
    if (run->devices.tuning)
        fprintf(file, " tuning=%08x", run->devices.tuning->file.checksum);
}

enum status run_settings_write(struct run *run, struct message *message) {
    size_t size;
    FILE *file = open_memstream(&run->settings, &size);
    if (!file)
        return message_set(message, STATUS_NO_MEMORY, "no memory for the settings of a run");
    job_asked_write(run, file);
    measurer_write(run, file);
    return fclose(file) == 0
               ? STATUS_OK
               : message_set(message, STATUS_NO_MEMORY, "no memory for the settings of a run");
}

static cJSON *gpu_ceilings_to_json(const struct run *run) {
    const struct ceilings *c = &run->gpu_ceilings;
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "device", run->devices.list[1].name);
    cJSON_AddNumberToObject(object, "peak_flops_per_second", c->flops_per_second[DTYPE_F32]);
    cJSON_AddNumberToObject(object, "copy_working_set_bytes", c->levels[0].working_set);
    cJSON_AddNumberToObject(object, "copy_bytes_per_second", c->levels[0].bytes_per_second);
    return object;
}

static cJSON *ceilings_to_json(const struct run *run) {
    cJSON *list = cJSON_CreateArray();
    for (int i = 0; i < run->thread_count && run->ceilings[i].threads; i++) {
        const struct ceilings *c = &run->ceilings[i];
        cJSON *object = cJSON_CreateObject();
        cJSON_AddNumberToObject(object, "threads", c->threads);
        cJSON_AddNumberToObject(object, "peak_flops_per_second", c->flops_per_second[DTYPE_F32]);
        if (run_bf16_peak_differs(c))
            cJSON_AddNumberToObject(object, "peak_flops_per_second_bf16",
                                    c->flops_per_second[DTYPE_BF16]);
        if (c->peak_doubtful[DTYPE_F32])
            cJSON_AddTrueToObject(object, "peak_doubtful");
        cJSON *levels = cJSON_AddArrayToObject(object, "bandwidth");
        for (int l = 0; l < CEILING_LEVELS; l++) {
            cJSON *level = cJSON_CreateObject();
            cJSON_AddNumberToObject(level, "working_set_bytes", c->levels[l].working_set);
            cJSON_AddNumberToObject(level, "bytes_per_second", c->levels[l].bytes_per_second);
            if (c->level_doubtful[l])
                cJSON_AddTrueToObject(level, "doubtful");
            cJSON_AddItemToArray(levels, level);
        }
        cJSON_AddItemToArray(list, object);
    }
    return list;
}

/* What environment.json says of the run itself. */
static void call_to_json(const struct run *run, const char *state, cJSON *object) {
    const struct run_options *o = run->options;
    char stamp[32];
    time_t seconds = time(NULL);
    struct tm utc;
    gmtime_r(&seconds, &utc);
    strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%SZ", &utc);
    cJSON_AddStringToObject(object, "state", state);
    cJSON_AddStringToObject(object, "written", stamp);
    cJSON *command = cJSON_AddArrayToObject(object, "command");
    for (int i = 0; i < o->argument_count; i++)
        cJSON_AddItemToArray(command, cJSON_CreateString(o->arguments[i]));
    cJSON_AddStringToObject(object, "settings", run->settings);
    if (added_count(o->added) > 0)
        cJSON_AddItemToObject(object, "added", added_to_json(o->added));
    /* Not as a double, which has no room for the last digits of a large one. */
    char seed[24];
    snprintf(seed, sizeof seed, "%llu", (unsigned long long)o->selection.seed);
    cJSON_AddRawToObject(object, "seed", seed);
    if (o->sample_blocks > 0)
        cJSON_AddNumberToObject(object, "sample_blocks", o->sample_blocks);
    cJSON_AddNumberToObject(object, "threads", run->threads[0]);
    cJSON_AddStringToObject(object, "mode", o->cold ? "cold" : "hot");
    cJSON_AddStringToObject(object, "floating_point_of_timed_work",
                            "flush-to-zero and denormals-are-zero in every thread");
}

enum status run_environment_save(struct run *run, const char *state, struct message *message) {
    cJSON *object = ranks_is_first(run->options->ranks) ? cJSON_CreateObject() : NULL;
    job_to_json(run, object);
    if (!object)
        return STATUS_OK;
    call_to_json(run, state, object);
    environment_to_json(&run->environment, object);
    for (int i = 0; i < run->devices.count; i++)
        if (run->devices.list[i].gpu)
            environment_gpu_to_json(&run->devices.list[i], object);
    if (run->devices.tuning)
        tuning_use_to_json(run->devices.tuning, object);
    cJSON_AddStringToObject(object, "cpu_energy",
                            run->devices.list[0].energy ? "RAPL, all packages" : "not readable");
    cJSON_AddNumberToObject(object, "throttled_samples_dropped", (double)run->throttled);
    cJSON_AddItemToObject(object, "ceilings", ceilings_to_json(run));
    if (run_gpu_ceilings_measured(run))
        cJSON_AddItemToObject(object, "gpu_ceilings", gpu_ceilings_to_json(run));
    enum status status = folder_write_environment(&run->folder, object, message);
    cJSON_Delete(object);
    return status;
}
