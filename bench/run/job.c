/* What the ranks of a job tell each other before a run. */
#include "bench/run/job.h"
#include "bench/devices/build_info.h"
#include "common/hash.h"
#include "gpu/gpu.h"
#include "gpu/nccl.h"
#include "ranks/ranks.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where a rank runs. */
struct place {
    char host[128], cpu[128], processors[256];
    char gpu[GPU_NAME_BYTES], bus[GPU_BUS_BYTES]; /* empty without one */
    int threads;
};

static struct place place_of(struct run *run) {
    const struct device *gpu = devices_gpu(&run->devices);
    const struct environment *e = &run->environment;
    struct place place = {.threads = run->threads[0]};
    snprintf(place.host, sizeof place.host, "%s", e->host);
    snprintf(place.cpu, sizeof place.cpu, "%s", e->cpu);
    processors_format(&e->processors.set, place.processors, sizeof place.processors);
    if (gpu) {
        snprintf(place.gpu, sizeof place.gpu, "%s", gpu_properties(gpu->gpu)->name);
        snprintf(place.bus, sizeof place.bus, "%s", gpu_properties(gpu->gpu)->bus);
    }
    return place;
}

/* The places of all ranks; NULL without memory, on all of them. */
static struct place *places_gather(struct run *run) {
    struct ranks *ranks = run->options->ranks;
    struct place *places = calloc((size_t)ranks_count(ranks), sizeof *places);
    if (ranks_any(ranks, !places)) {
        free(places);
        return NULL;
    }
    const struct place mine = place_of(run);
    ranks_gather(ranks, &mine, places, sizeof mine);
    return places;
}

/* Of the bytes of this program: a commit says nothing about what was changed since. */
static uint64_t program_hash(void) {
    char bytes[1 << 15];
    uint64_t hash = hash_start;
    FILE *file = fopen("/proc/self/exe", "rb");
    for (size_t count = 1; file && count > 0;) {
        count = fread(bytes, 1, sizeof bytes, file);
        hash = hash_bytes(hash, bytes, count);
    }
    if (file)
        (void)fclose(file);
    return hash;
}

void job_asked_write(const struct run *run, FILE *file) {
    const struct run_options *o = run->options;
    fputs("operations=", file);
    for (size_t i = 0; i < o->selection.operation_count; i++)
        fprintf(file, "%s%s", i ? "," : "", o->selection.operations[i]);
    fprintf(file,
            " case=%s shape=%s preset=%s dtype=%s implementation=%s yardsticks=%d threads=%d "
            "mode=%s seed=%llu seconds=%g gpu=%s",
            o->selection.case_glob ? o->selection.case_glob : "",
            o->selection.shapes ? o->selection.shapes : "", o->selection.preset,
            o->selection.dtypes ? o->selection.dtypes : "f32",
            o->implementations ? o->implementations : "", o->yardsticks, run->threads[0],
            o->cold ? "cold" : "hot", (unsigned long long)o->selection.seed,
            run->limits.case_seconds, o->gpu);
    if (o->sample_blocks > 0)
        fprintf(file, " sample_blocks=%d", o->sample_blocks);
    if (o->ranks)
        fprintf(file, " ranks=%d scaling=%s", ranks_count(o->ranks),
                o->scaling ? o->scaling : "strong");
    added_settings_write(o->added, file);
}

enum status job_check_alike(const struct run *run, struct message *message) {
    struct ranks *ranks = run->options->ranks;
    if (!ranks)
        return STATUS_OK;
    char build[160], *asked = NULL;
    size_t size;
    snprintf(build, sizeof build, "%.100s, %016" PRIx64, build_commit, program_hash());
    enum status status = ranks_check_alike(ranks, "build", build, message);
    if (status != STATUS_OK)
        return status;
    FILE *file = open_memstream(&asked, &size);
    if (file)
        job_asked_write(run, file);
    if (!file || fclose(file) != 0)
        status = message_set(message, STATUS_NO_MEMORY, "no memory for the settings of a run");
    status = ranks_agree(ranks, status, message);
    if (status == STATUS_OK)
        status = ranks_check_alike(ranks, "call", asked, message);
    free(asked);
    return status;
}

enum status job_share_done(struct run *run, struct message *message) {
    struct ranks *ranks = run->options->ranks;
    if (!ranks)
        return STATUS_OK;
    uint64_t count = 0;
    const struct result *rows = NULL;
    if (run->results) {
        size_t own;
        rows = results_rows(run->results, &own);
        count = own;
    }
    ranks_broadcast(ranks, &count, sizeof count);
    struct result *done = malloc(((size_t)count + 1) * sizeof *done);
    enum status status = ranks_agree(
        ranks,
        done ? STATUS_OK : message_set(message, STATUS_NO_MEMORY, "no memory for rows of a run"),
        message);
    if (status != STATUS_OK || !done) {
        free(done);
        return status;
    }
    if (rows)
        memcpy(done, rows, (size_t)count * sizeof *done);
    ranks_broadcast(ranks, done, (size_t)count * sizeof *done);
    run->done = done;
    run->done_count = (size_t)count;
    return STATUS_OK;
}

void job_to_json(struct run *run, cJSON *object) {
    struct ranks *ranks = run->options->ranks;
    struct place *places = ranks ? places_gather(run) : NULL;
    const bool shares = ranks_share_memory(ranks), overlaps = ranks_overlap(ranks);
    if (places && object) {
        cJSON *job = cJSON_AddObjectToObject(object, "ranks");
        cJSON_AddNumberToObject(job, "count", ranks_count(ranks));
        cJSON_AddStringToObject(job, "library", ranks_library(ranks));
        if (run->link_bytes_per_second > 0.0)
            cJSON_AddNumberToObject(job, "link_bytes_per_second", run->link_bytes_per_second);
        if (run->gpu_link_bytes_per_second > 0.0)
            cJSON_AddNumberToObject(job, "gpu_link_bytes_per_second",
                                    run->gpu_link_bytes_per_second);
        cJSON_AddBoolToObject(job, "shared_memory", shares);
        cJSON_AddBoolToObject(job, "sums_overlap", overlaps);
        const struct device *gpu = devices_gpu(&run->devices);
        if (gpu && gpu_nccl_version(gpu->gpu))
            cJSON_AddStringToObject(job, "nccl", gpu_nccl_version(gpu->gpu));
        cJSON *list = cJSON_AddArrayToObject(job, "places");
        for (int i = 0; i < ranks_count(ranks); i++) {
            cJSON *place = cJSON_CreateObject();
            cJSON_AddStringToObject(place, "host", places[i].host);
            cJSON_AddStringToObject(place, "cpu", places[i].cpu);
            cJSON_AddStringToObject(place, "processors", places[i].processors);
            cJSON_AddNumberToObject(place, "threads", places[i].threads);
            if (*places[i].gpu) {
                cJSON_AddStringToObject(place, "gpu", places[i].gpu);
                cJSON_AddStringToObject(place, "bus", places[i].bus);
            }
            cJSON_AddItemToArray(list, place);
        }
    }
    free(places);
}
