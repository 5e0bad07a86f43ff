/* Writing and strictly reading safetensors. */
#include "bench/training/safetensors.h"
#include "common/files.h"

#include <endian.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

_Static_assert(__BYTE_ORDER == __LITTLE_ENDIAN, "the file's numbers are copied as they are");

static const char metadata_name[] = "__metadata__", checksum_name[] = "crc32";
/* What stands before the digits in a header that was written here: nothing else is without
 * blanks. */
static const char checksum_before[] = "\"crc32\":\"";
enum { LENGTH_BYTES = sizeof(uint64_t), CHECKSUM_DIGITS = 8, HEADER_BYTES_MAX = 1 << 20 };

size_t safetensor_bytes(const struct safetensor *tensor) {
    size_t bytes = sizeof(float);
    for (int d = 0; d < tensor->dimensions; d++)
        bytes *= (size_t)tensor->shape[d];
    return bytes;
}

/* --- the checksum ----------------------------------------------------------------------------- */

/* Of the file as it would be with zeros in the place of its digits. */
static uint32_t checksum_of(const char *bytes, size_t size, size_t digits) {
    static const unsigned char zeros[] = "00000000";
    const unsigned char *at = (const unsigned char *)bytes;
    uLong sum = crc32_z(crc32_z(0, NULL, 0), at, digits);
    sum = crc32_z(sum, zeros, CHECKSUM_DIGITS);
    return (uint32_t)crc32_z(sum, at + digits + CHECKSUM_DIGITS, size - digits - CHECKSUM_DIGITS);
}

/* --- writing ---------------------------------------------------------------------------------- */

static void tensor_describe(FILE *file, const struct safetensor *tensor, size_t begin) {
    fprintf(file, ",\"%s\":{\"dtype\":\"F32\",\"shape\":[", tensor->name);
    for (int d = 0; d < tensor->dimensions; d++)
        fprintf(file, "%s%" PRId64, d ? "," : "", tensor->shape[d]);
    fprintf(file, "],\"data_offsets\":[%zu,%zu]}", begin, begin + safetensor_bytes(tensor));
}

static void header_write(FILE *file, const struct safetensor *tensors, size_t count,
                         const struct safetensors_text *texts, size_t text_count) {
    size_t begin = 0;
    fprintf(file, "{\"%s\":{%s00000000\"", metadata_name, checksum_before);
    for (size_t i = 0; i < text_count; i++)
        fprintf(file, ",\"%s\":\"%s\"", texts[i].name, texts[i].text);
    fputc('}', file);
    for (size_t i = 0; i < count; i++) {
        tensor_describe(file, &tensors[i], begin);
        begin += safetensor_bytes(&tensors[i]);
    }
    fputc('}', file);
    while (ftell(file) % LENGTH_BYTES != 0) /* the data begin at a multiple of eight */
        fputc(' ', file);
}

/* The whole file in memory, to be freed; NULL when there is none. */
static char *file_compose(const struct safetensor *tensors, size_t count,
                          const struct safetensors_text *texts, size_t text_count, size_t *size) {
    char *bytes = NULL;
    uint64_t length = 0;
    FILE *memory = open_memstream(&bytes, size);
    if (!memory)
        return NULL;
    bool whole = fwrite(&length, sizeof length, 1, memory) == 1;
    header_write(memory, tensors, count, texts, text_count);
    length = (uint64_t)ftell(memory) - LENGTH_BYTES;
    for (size_t i = 0; i < count; i++)
        whole &= fwrite(tensors[i].values, safetensor_bytes(&tensors[i]), 1, memory) == 1;
    whole &= ferror(memory) == 0;
    whole &= fclose(memory) == 0;
    if (!whole) {
        free(bytes);
        return NULL;
    }
    memcpy(bytes, &length, sizeof length);
    char digits[CHECKSUM_DIGITS + 1];
    char *place = strstr(bytes + LENGTH_BYTES, checksum_before) + strlen(checksum_before);
    snprintf(digits, sizeof digits, "%08" PRIx32,
             checksum_of(bytes, *size, (size_t)(place - bytes)));
    memcpy(place, digits, CHECKSUM_DIGITS);
    return bytes;
}

enum status safetensors_write(const char *path, const struct safetensor *tensors, size_t count,
                              const struct safetensors_text *texts, size_t text_count,
                              struct message *message) {
    size_t size = 0;
    char *bytes = file_compose(tensors, count, texts, text_count, &size);
    if (!bytes)
        return message_set(message, STATUS_NO_MEMORY, "no memory for the %zu tensors of %s", count,
                           path);
    enum status status = file_replace(path, bytes, size, message);
    free(bytes);
    return status;
}

/* --- reading: the header ---------------------------------------------------------------------- */

/* A file that is being taken apart. */
struct parsing {
    const char *path;
    const char *header, *data;
    size_t header_bytes, data_bytes;
    struct safetensors *parsed;
    struct range {
        size_t begin, end;
        const char *name;
    } ranges[SAFETENSORS_MAX]; /* of the tensors' bytes in the data */
    struct message *message;
};

static enum status header_find(struct parsing *parsing, const char *bytes, size_t size) {
    uint64_t length = 0;
    if (size >= LENGTH_BYTES)
        memcpy(&length, bytes, sizeof length);
    if (size <= LENGTH_BYTES || length > HEADER_BYTES_MAX || bytes[LENGTH_BYTES] != '{')
        return message_set(parsing->message, STATUS_INVALID,
                           "%s is not a safetensors file: no header of at most %d bytes begins it",
                           parsing->path, HEADER_BYTES_MAX);
    if (length > size - LENGTH_BYTES)
        return message_set(parsing->message, STATUS_INVALID,
                           "%s is truncated: its header should have %" PRIu64
                           " bytes, and %zu are there",
                           parsing->path, length, size - LENGTH_BYTES);
    parsing->header = bytes + LENGTH_BYTES;
    parsing->header_bytes = (size_t)length;
    parsing->data = parsing->header + length;
    parsing->data_bytes = size - LENGTH_BYTES - (size_t)length;
    return STATUS_OK;
}

static bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static enum status header_read(struct parsing *parsing) {
    const char *end = NULL, *stop = parsing->header + parsing->header_bytes;
    cJSON *header = cJSON_ParseWithLengthOpts(parsing->header, parsing->header_bytes, &end, false);
    while (header && end < stop && is_blank(*end))
        end++;
    parsing->parsed->header = header;
    if (cJSON_IsObject(header) && end == stop)
        return STATUS_OK;
    return message_set(parsing->message, STATUS_INVALID,
                       "the header of %s is damaged: it is not JSON from its byte %td on",
                       parsing->path, end ? end - parsing->header : 0);
}

/* The first name that an object has twice, or NULL. */
static const char *name_repeated(const cJSON *object) {
    for (const cJSON *item = object->child; item; item = item->next)
        for (const cJSON *other = item->next; other; other = other->next)
            if (strcmp(item->string, other->string) == 0)
                return item->string;
    return NULL;
}

/* Names once, texts as texts, and no more of either than a network has. */
static enum status names_check(const struct parsing *parsing) {
    const cJSON *header = parsing->parsed->header;
    const cJSON *metadata = cJSON_GetObjectItemCaseSensitive(header, metadata_name);
    const cJSON *const objects[] = {header, metadata};
    if (metadata && !cJSON_IsObject(metadata))
        return message_set(parsing->message, STATUS_INVALID,
                           "the header of %s is damaged: its %s is not an object", parsing->path,
                           metadata_name);
    for (size_t i = 0; i < 2 && objects[i]; i++) {
        if (cJSON_GetArraySize(objects[i]) > SAFETENSORS_MAX)
            return message_set(parsing->message, STATUS_INVALID,
                               "%s has %d names, and a network has at most %d", parsing->path,
                               cJSON_GetArraySize(objects[i]), SAFETENSORS_MAX);
        const char *name = name_repeated(objects[i]);
        if (name)
            return message_set(parsing->message, STATUS_INVALID,
                               "the header of %s is damaged: it has the name '%.60s' twice",
                               parsing->path, name);
    }
    for (const cJSON *item = metadata ? metadata->child : NULL; item; item = item->next)
        if (!cJSON_IsString(item))
            return message_set(parsing->message, STATUS_INVALID,
                               "the header of %s is damaged: the text '%.60s' is not a string",
                               parsing->path, item->string);
    return STATUS_OK;
}

/* --- reading: tensors ------------------------------------------------------------------------- */

static enum status tensor_damaged(const struct parsing *parsing, const char *name,
                                  const char *what) {
    return message_set(parsing->message, STATUS_INVALID, "tensor '%.60s' of %s is damaged: %s",
                       name, parsing->path, what);
}

/* A whole number from 0 to `most`; JSON has doubles. */
static bool whole_read(const cJSON *item, double most, int64_t *number) {
    if (!cJSON_IsNumber(item) || !(item->valuedouble >= 0.0 && item->valuedouble <= most))
        return false;
    *number = (int64_t)item->valuedouble;
    return (double)*number == item->valuedouble;
}

static bool shape_read(const cJSON *list, struct safetensor *tensor) {
    tensor->dimensions = cJSON_GetArraySize(list);
    if (!cJSON_IsArray(list) || tensor->dimensions < 1 ||
        tensor->dimensions > SAFETENSORS_DIMENSIONS_MAX)
        return false;
    for (int d = 0; d < tensor->dimensions; d++)
        if (!whole_read(cJSON_GetArrayItem(list, d), INT32_MAX, &tensor->shape[d]))
            return false;
    return true;
}

static bool offsets_read(const cJSON *list, struct range *range) {
    const double most = 0x1p53; /* beyond, a double skips numbers */
    int64_t begin = 0, end = 0;
    bool good = cJSON_IsArray(list) && cJSON_GetArraySize(list) == 2 &&
                whole_read(cJSON_GetArrayItem(list, 0), most, &begin) &&
                whole_read(cJSON_GetArrayItem(list, 1), most, &end) && begin <= end;
    range->begin = (size_t)begin;
    range->end = (size_t)end;
    return good;
}

static enum status tensor_read(struct parsing *parsing, const cJSON *item) {
    struct safetensors *parsed = parsing->parsed;
    struct safetensor *tensor = &parsed->tensors[parsed->count];
    struct range *range = &parsing->ranges[parsed->count];
    const char *dtype = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(item, "dtype"));
    tensor->name = range->name = item->string;
    if (!cJSON_IsObject(item) || cJSON_GetArraySize(item) != 3 || !dtype)
        return tensor_damaged(parsing, item->string,
                              "it has not just dtype, shape and data_offsets");
    if (strcmp(dtype, "F32") != 0)
        return message_set(parsing->message, STATUS_INVALID,
                           "tensor '%.60s' of %s has dtype '%.16s'; lockstep trains F32, so "
                           "convert it",
                           item->string, parsing->path, dtype);
    if (!shape_read(cJSON_GetObjectItemCaseSensitive(item, "shape"), tensor))
        return tensor_damaged(parsing, item->string, "its shape is not one or two sizes");
    if (!offsets_read(cJSON_GetObjectItemCaseSensitive(item, "data_offsets"), range))
        return tensor_damaged(parsing, item->string, "its offsets are not a beginning and an end");
    if (range->end > parsing->data_bytes)
        return message_set(parsing->message, STATUS_INVALID,
                           "%s is truncated: tensor '%.60s' ends at byte %zu of the data, and %zu "
                           "are there",
                           parsing->path, item->string, range->end, parsing->data_bytes);
    if (range->end - range->begin != safetensor_bytes(tensor))
        return tensor_damaged(parsing, item->string, "its offsets and its shape do not agree");
    tensor->values = parsing->data + range->begin;
    parsed->count++;
    return STATUS_OK;
}

static int by_begin(const void *left, const void *right) {
    const struct range *a = left, *b = right;
    if (a->begin != b->begin)
        return a->begin < b->begin ? -1 : 1;
    return (a->end > b->end) - (a->end < b->end); /* one without bytes first */
}

/* Every byte of the data is of one tensor. */
static enum status ranges_check(struct parsing *parsing) {
    size_t count = parsing->parsed->count, covered = 0;
    qsort(parsing->ranges, count, sizeof parsing->ranges[0], by_begin);
    for (size_t i = 0; i < count; i++) {
        const struct range *range = &parsing->ranges[i];
        if (range->begin < covered)
            return message_set(parsing->message, STATUS_INVALID,
                               "%s is damaged: the tensors '%.60s' and '%.60s' overlap",
                               parsing->path, parsing->ranges[i - 1].name, range->name);
        if (range->begin > covered)
            return message_set(parsing->message, STATUS_INVALID,
                               "%s is damaged: bytes %zu to %zu of its data are of no tensor",
                               parsing->path, covered, range->begin);
        covered = range->end;
    }
    if (covered < parsing->data_bytes)
        return message_set(parsing->message, STATUS_INVALID,
                           "%s is too long: %zu bytes follow its last tensor", parsing->path,
                           parsing->data_bytes - covered);
    return STATUS_OK;
}

/* --- reading: the whole ----------------------------------------------------------------------- */

static enum status checksum_check(const struct parsing *parsing, const char *bytes, size_t size) {
    const char *said = safetensors_text(parsing->parsed, checksum_name);
    if (!said)
        return STATUS_OK;
    const char *place =
        memmem(parsing->header, parsing->header_bytes, checksum_before, strlen(checksum_before));
    uint32_t found = 0;
    if (place && strlen(said) == CHECKSUM_DIGITS)
        found = checksum_of(bytes, size, (size_t)(place - bytes) + strlen(checksum_before));
    char digits[CHECKSUM_DIGITS + 1];
    snprintf(digits, sizeof digits, "%08" PRIx32, found);
    if (place && strcmp(said, digits) == 0)
        return STATUS_OK;
    return message_set(
        parsing->message, STATUS_INVALID,
        "%s is damaged: its CRC-32 is %s, and it says %.16s (a program that changes it "
        "must drop the text crc32)",
        parsing->path, digits, said);
}

enum status safetensors_parse(const char *path, const char *bytes, size_t size,
                              struct safetensors *parsed, struct message *message) {
    struct parsing parsing = {.path = path, .parsed = parsed, .message = message};
    *parsed = (struct safetensors){.count = 0};
    enum status status = header_find(&parsing, bytes, size);
    if (status == STATUS_OK)
        status = header_read(&parsing);
    if (status == STATUS_OK)
        status = names_check(&parsing);
    const cJSON *item = status == STATUS_OK ? parsed->header->child : NULL;
    for (; item && status == STATUS_OK; item = item->next)
        if (strcmp(item->string, metadata_name) != 0)
            status = tensor_read(&parsing, item);
    if (status == STATUS_OK)
        status = ranges_check(&parsing);
    if (status == STATUS_OK)
        status = checksum_check(&parsing, bytes, size);
    if (status != STATUS_OK)
        safetensors_release(parsed);
    return status;
}

void safetensors_release(struct safetensors *parsed) {
    cJSON_Delete(parsed->header);
    *parsed = (struct safetensors){.count = 0};
}

const struct safetensor *safetensors_find(const struct safetensors *parsed, const char *name) {
    for (size_t i = 0; i < parsed->count; i++)
        if (strcmp(parsed->tensors[i].name, name) == 0)
            return &parsed->tensors[i];
    return NULL;
}

const char *safetensors_text(const struct safetensors *parsed, const char *name) {
    const cJSON *metadata = cJSON_GetObjectItemCaseSensitive(parsed->header, metadata_name);
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(metadata, name));
}
