#include "bench/model/choice.h"

#include "bench/files/json.h"
#include "bench/model/predict.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* ---- Names ---- */

static void names_join(const struct model_gpu *described, char *text, size_t size) {
    size_t length = 0;
    for (int i = 0; i < model_gpu_count && length < size; i++)
        length += (size_t)snprintf(text + length, size - length, "%s, ", model_gpus[i].name);
    if (length < size)
        snprintf(text + length, size - length, "%s%sall", described ? described->name : "",
                 described ? ", " : "");
}

static const struct model_gpu *gpu_of(const char *name, const struct model_gpu *described) {
    return described && strcmp(described->name, name) == 0 ? described : model_gpu_find(name);
}

static enum status name_refuse(const char *name, const struct model_gpu *described,
                               struct message *message) {
    char known[1024];
    names_join(described, known, sizeof known);
    if (!*name)
        return message_set(message, STATUS_INVALID,
                           "a list of GPUs wants a name between its commas; known are %s", known);
    return message_set(message, STATUS_INVALID,
                       "there are no figures of a GPU '%s'; known are %s. --device-file describes "
                       "another",
                       name, known);
}

bool gpu_choice_has(const struct gpu_choice *choice, const struct model_gpu *gpu) {
    for (int i = 0; i < choice->count; i++)
        if (choice->gpus[i] == gpu)
            return true;
    return false;
}

static void gpu_add(struct gpu_choice *choice, const struct model_gpu *gpu) {
    if (!gpu_choice_has(choice, gpu) && choice->count < GPU_CHOICE_MAX)
        choice->gpus[choice->count++] = gpu;
}

enum status gpu_choice_read(const char *names, const struct model_gpu *described,
                            struct gpu_choice *choice, struct message *message) {
    choice->count = 0;
    for (const char *at = names; *at;) {
        char name[32];
        const size_t length = strcspn(at, ",");
        snprintf(name, sizeof name, "%.*s", (int)(length < sizeof name ? length : sizeof name - 1),
                 at);
        const struct model_gpu *gpu = gpu_of(name, described);
        const bool is_all = strcmp(name, "all") == 0;
        for (int i = 0; is_all && i < model_gpu_count; i++)
            gpu_add(choice, &model_gpus[i]);
        gpu = is_all ? described : gpu;
        if (gpu)
            gpu_add(choice, gpu);
        else if (!is_all)
            return name_refuse(name, described, message);
        at += length + (at[length] == ',');
    }
    return choice->count > 0 ? STATUS_OK : name_refuse(names, described, message);
}

/* ---- A description ---- */

struct field {
    const char *name;
    size_t offset;
    double least, most;
    bool is_whole, is_optional; /* 0 where it is not there */
};

#define FIELD(name, least, most)                                                                   \
    { #name, offsetof(struct model_gpu, name), least, most, false, false }
#define WHOLE_FIELD(name, least, most)                                                             \
    { #name, offsetof(struct model_gpu, name), least, most, true, false }
static const struct field multiprocessors = {"multiprocessors", 0, 1, 10000, true, false};
static const struct field fields[] = {
    FIELD(clock_mhz, 100, 10000),
    FIELD(issue, 1, 64),
    FIELD(fma, 0.5, 64),
    FIELD(alu, 0.5, 64),
    FIELD(lsu, 1, 1024),
    FIELD(shared, 1, 4096),
    FIELD(cache, 1, 4096),
    FIELD(tensor, 0, 1e6),
    FIELD(memory, 1, 1e6),
    WHOLE_FIELD(warps, 1, 256),
    FIELD(l1, 1, 65536),
    FIELD(l2, 0.1, 65536),
    FIELD(l2_bytes, 1, 1e6),
    FIELD(sustained_mhz, 100, 10000),
    FIELD(capacity, 0.1, 65536),
    FIELD(watts, 1, 100000),
    {"ecc", offsetof(struct model_gpu, ecc), 0, 1, true, true},
};
enum { FIELDS = sizeof fields / sizeof fields[0] };

static void lacking_add(char *lacking, size_t size, const char *name) {
    const size_t length = strlen(lacking);
    snprintf(lacking + length, size - length, "%s%s", length ? ", " : "", name);
}

static enum status texts_read(const cJSON *json, const char *path,
                              struct gpu_description *description, char *lacking, size_t size,
                              struct message *message) {
    const char *name = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, "name"));
    const char *family = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, "family"));
    const char *title = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, "title"));
    if (!name)
        lacking_add(lacking, size, "name");
    if (!family)
        lacking_add(lacking, size, "family");
    if (name && (!*name || strlen(name) >= sizeof description->name ||
                 name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_.")] ||
                 strcmp(name, "all") == 0 || strcmp(name, "none") == 0))
        return message_set(message, STATUS_INVALID,
                           "%s: 'name' wants up to 31 of a to z, 0 to 9, -, _ and ., not '%s'",
                           path, name);
    if (name && model_gpu_find(name))
        return message_set(message, STATUS_INVALID, "%s: there is a GPU named '%s' already", path,
                           name);
    if (family && !model_family_find(family))
        return message_set(message, STATUS_INVALID, "%s: 'family' is one of %s, not '%s'", path,
                           model_family_names(), family);
    snprintf(description->name, sizeof description->name, "%s", name ? name : "");
    snprintf(description->title, sizeof description->title, "%s",
             title ? title : description->name);
    description->gpu.name = description->name;
    description->gpu.title = description->title;
    /* the table's own text: the file's ends with the object */
    description->gpu.family = family ? model_family_find(family) : NULL;
    return STATUS_OK;
}

static enum status number_read(const cJSON *json, const char *path, const struct field *field,
                               double *value, struct message *message) {
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(json, field->name);
    *value = cJSON_IsNumber(item) ? cJSON_GetNumberValue(item) : field->least - 1;
    if (*value >= field->least && *value <= field->most &&
        (!field->is_whole || *value == floor(*value)))
        return STATUS_OK;
    return message_set(message, STATUS_INVALID, "%s: '%s' wants a %snumber from %g to %g", path,
                       field->name, field->is_whole ? "whole " : "", field->least, field->most);
}

static bool is_known(const char *name) {
    static const char *const others[] = {"name", "title", "family"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (strcmp(name, others[i]) == 0)
            return true;
    for (int i = 0; i < FIELDS; i++)
        if (strcmp(name, fields[i].name) == 0)
            return true;
    return strcmp(name, multiprocessors.name) == 0;
}

static enum status members_check(const cJSON *json, const char *path, struct message *message) {
    const cJSON *member;
    cJSON_ArrayForEach(member, json) {
        if (!is_known(member->string))
            return message_set(message, STATUS_INVALID,
                               "%s: '%.80s' is no value of a GPU; docs/model.md lists them", path,
                               member->string);
    }
    return STATUS_OK;
}

/* What values mean together. */
static enum status clocks_check(const struct model_gpu *gpu, const char *path,
                                struct message *message) {
    if (gpu->sustained_mhz <= gpu->clock_mhz)
        return STATUS_OK;
    return message_set(message, STATUS_INVALID,
                       "%s: 'sustained_mhz' is %g, and may not exceed 'clock_mhz', %g", path,
                       gpu->sustained_mhz, gpu->clock_mhz);
}

static enum status object_read(const cJSON *json, const char *path,
                               struct gpu_description *description, struct message *message) {
    char lacking[400] = "";
    double value = 0;
    enum status status = texts_read(json, path, description, lacking, sizeof lacking, message);
    if (status == STATUS_OK && !cJSON_HasObjectItem(json, multiprocessors.name))
        lacking_add(lacking, sizeof lacking, multiprocessors.name);
    else if (status == STATUS_OK)
        status = number_read(json, path, &multiprocessors, &value, message);
    description->gpu.multiprocessors = status == STATUS_OK ? (int)value : 0;
    for (int i = 0; status == STATUS_OK && i < FIELDS; i++) {
        double *member = (double *)(void *)((char *)&description->gpu + fields[i].offset);
        const bool is_there = cJSON_HasObjectItem(json, fields[i].name);
        if (!is_there && !fields[i].is_optional)
            lacking_add(lacking, sizeof lacking, fields[i].name);
        else if (is_there)
            status = number_read(json, path, &fields[i], member, message);
    }
    if (status == STATUS_OK && *lacking)
        return message_set(message, STATUS_INVALID,
                           "%s lacks %s; docs/model.md says what each value of a GPU is", path,
                           lacking);
    return status == STATUS_OK ? clocks_check(&description->gpu, path, message) : status;
}

enum status gpu_description_read(const char *path, struct gpu_description *description,
                                 struct message *message) {
    cJSON *json = NULL;
    *description = (struct gpu_description){.gpu = {.name = NULL}};
    enum status status = json_read(path, &json, message);
    if (status == STATUS_IO) /* the user named a wrong file */
        status = STATUS_INVALID;
    if (status == STATUS_OK)
        status = members_check(json, path, message);
    if (status == STATUS_OK)
        status = object_read(json, path, description, message);
    cJSON_Delete(json);
    return status;
}
