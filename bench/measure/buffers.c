/* Inputs, guarded device buffers, poison. */
#include "bench/measure/buffers.h"
#include "common/narrow.h"
#include "common/random.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GUARD_BYTE = 0xA5 };
static const uint32_t quiet_nan = 0x7FC00000u;
static const uint32_t finite_poison_word = 0xF149F2CAu; /* -1.0e30f */

static size_t spec_bytes(const struct buffer_spec *spec) {
    return (size_t)spec->elements * element_bytes(spec->element);
}

/* --- inputs ----------------------------------------------------------------------------------- */

/* What stands at every `stride`-th element of special inputs. */
static void strew(float *values, int64_t count, int64_t stride, const float *specials,
                  int64_t special_count) {
    for (int64_t i = stride / 2, which = 0; i < count; i += stride, which++)
        values[i] = specials[which % special_count];
}

static void fill_pattern(float *values, int64_t count, enum values kind, uint64_t seed,
                         uint64_t stream) {
    static const float outliers[] = {1e4f, -1e4f, 80.0f};
    static const float specials[] = {NAN, INFINITY, -INFINITY, 0.0f, -0.0f};
    float reach = kind == VALUES_LARGE ? 1e15f : kind == VALUES_DENORMAL ? 1e-39f : 1.0f;
    random_fill(values, count, seed, stream, -reach, reach);
    if (kind == VALUES_OUTLIERS)
        strew(values, count, 61, outliers, sizeof outliers / sizeof outliers[0]);
    if (kind == VALUES_SPECIAL)
        strew(values, count, 97, specials, sizeof specials / sizeof specials[0]);
}

/* The same numbers, rounded to the 16 bits of the buffer's elements. */
static enum status fill_rounded(uint16_t *to, const struct buffer_spec *spec,
                                const struct settings *settings, uint64_t stream,
                                struct message *message) {
    float *values = malloc((size_t)spec->elements * sizeof *values);
    if (!values)
        return message_set(message, STATUS_NO_MEMORY,
                           "no memory for %lld numbers to round into input '%s'; choose a smaller "
                           "shape",
                           (long long)spec->elements, spec->name);
    fill_pattern(values, spec->elements, settings->values, settings->seed, stream);
    for (int64_t i = 0; i < spec->elements; i++)
        to[i] = spec->element == ELEMENT_BF16 ? bf16_round(values[i]) : f16_round(values[i]);
    free(values);
    return STATUS_OK;
}

static enum status fill_input(void *to, const struct buffer_spec *spec,
                              const struct settings *settings, uint64_t stream,
                              struct message *message) {
    if (!spec->pattern)
        memset(to, 0, spec_bytes(spec));
    else if (spec->element == ELEMENT_BF16 || spec->element == ELEMENT_F16)
        return fill_rounded(to, spec, settings, stream, message);
    else
        fill_pattern(to, spec->elements, settings->values, settings->seed, stream);
    return STATUS_OK;
}

enum status inputs_open(const struct bench_case *bench_case, struct inputs *inputs,
                        struct message *message) {
    memset(inputs, 0, sizeof *inputs);
    case_buffers(bench_case, inputs->specs);
    for (int i = 0; i < BUFFERS_MAX; i++) {
        const struct buffer_spec *spec = &inputs->specs[i];
        if (spec->elements == 0 || spec->role == BUFFER_SCRATCH || spec->role == BUFFER_OUTPUT)
            continue;
        size_t bytes = spec_bytes(spec);
        inputs->data[i] = aligned_alloc(64, (bytes + 63) / 64 * 64);
        if (!inputs->data[i]) {
            inputs_close(inputs);
            return message_set(message, STATUS_NO_MEMORY,
                               "no memory for %zu bytes of input '%s'; choose a smaller shape",
                               bytes, spec->name);
        }
        enum status status =
            fill_input(inputs->data[i], spec, &bench_case->settings, (uint64_t)i, message);
        if (status != STATUS_OK) {
            inputs_close(inputs);
            return status;
        }
    }
    if (bench_case->operation->prepare)
        bench_case->operation->prepare(bench_case, inputs->data);
    return STATUS_OK;
}

void inputs_close(struct inputs *inputs) {
    for (int i = 0; i < BUFFERS_MAX; i++) {
        free(inputs->data[i]);
        inputs->data[i] = NULL;
    }
}

/* --- device buffers --------------------------------------------------------------------------- */

size_t buffer_set_data_bytes(const struct inputs *inputs) {
    size_t total = 0;
    for (int i = 0; i < BUFFERS_MAX; i++)
        total += inputs->specs[i].elements > 0 ? spec_bytes(&inputs->specs[i]) : 0;
    return total;
}

size_t buffer_set_bytes(const struct inputs *inputs) {
    size_t guards = 0;
    for (int i = 0; i < BUFFERS_MAX; i++)
        guards += inputs->specs[i].elements > 0 ? 2 * (size_t)GUARD_BYTES : 0;
    return buffer_set_data_bytes(inputs) + guards;
}

static enum status buffer_upload(struct buffer_set *set, int i, struct message *message) {
    return set->device->upload(set->device, set->data[i], set->inputs->data[i],
                               spec_bytes(&set->inputs->specs[i]), message);
}

enum status buffer_set_open(struct buffer_set *set, struct device *device,
                            const struct inputs *inputs, struct message *message) {
    *set = (struct buffer_set){.device = device, .inputs = inputs};
    enum status status = STATUS_OK;
    for (int i = 0; i < BUFFERS_MAX && status == STATUS_OK; i++) {
        const struct buffer_spec *spec = &inputs->specs[i];
        if (spec->elements == 0)
            continue;
        status = (spec->shared ? device_allocate_shared : device->allocate)(
            device, spec_bytes(spec) + 2 * (size_t)GUARD_BYTES, &set->blocks[i], message);
        if (status == STATUS_OK)
            set->data[i] = (char *)set->blocks[i] + GUARD_BYTES;
    }
    if (status == STATUS_OK)
        status = buffer_set_poison(set, false, message);
    if (status != STATUS_OK)
        buffer_set_close(set);
    return status;
}

void buffer_set_close(struct buffer_set *set) {
    for (int i = 0; i < BUFFERS_MAX; i++) {
        if (set->blocks[i])
            set->device->release(set->device, set->blocks[i]);
        set->blocks[i] = set->data[i] = NULL;
    }
}

int buffer_set_transfers(const struct buffer_set *set,
                         struct device_transfer transfers[BUFFERS_MAX]) {
    int count = 0;
    for (int i = 0; i < BUFFERS_MAX; i++) {
        const struct buffer_spec *spec = &set->inputs->specs[i];
        if (!set->blocks[i] || spec->role == BUFFER_SCRATCH || spec->stays)
            continue;
        size_t portions = spec->portions > 0 ? (size_t)spec->portions : 1;
        transfers[count++] = (struct device_transfer){.data = set->data[i],
                                                      .bytes = spec_bytes(spec) / portions,
                                                      .up = spec->role != BUFFER_OUTPUT,
                                                      .down = buffer_is_output(spec)};
    }
    return count;
}

/* Elements of 16 bits are the upper halves: NaN, or far from anything, in either format. */
static void fill_poison(void *to, const struct buffer_spec *spec, bool finite) {
    const uint32_t word = finite ? finite_poison_word : quiet_nan;
    uint32_t *words = to;
    uint16_t *halves = to;
    const bool narrow = element_bytes(spec->element) == sizeof *halves;
    for (int64_t i = 0; i < spec->elements; i++)
        if (narrow)
            halves[i] = (uint16_t)(word >> 16);
        else
            words[i] = word;
}

/* The image of one buffer: guard, contents, guard. */
static void image_fill(char *image, const struct buffer_spec *spec, const void *contents,
                       bool finite_poison) {
    size_t bytes = spec_bytes(spec);
    memset(image, GUARD_BYTE, GUARD_BYTES);
    if (contents)
        memcpy(image + GUARD_BYTES, contents, bytes);
    else
        fill_poison(image + GUARD_BYTES, spec, finite_poison);
    memset(image + GUARD_BYTES + bytes, GUARD_BYTE, GUARD_BYTES);
}

static enum status poison_by_upload(struct buffer_set *set, int i, bool finite_poison,
                                    struct message *message) {
    const struct buffer_spec *spec = &set->inputs->specs[i];
    size_t bytes = spec_bytes(spec) + 2 * (size_t)GUARD_BYTES;
    char *image = malloc(bytes);
    if (!image)
        return message_set(message, STATUS_NO_MEMORY,
                           "no memory for %zu bytes to prepare buffer '%s'; choose a smaller shape",
                           bytes, spec->name);
    image_fill(image, spec, set->inputs->data[i], finite_poison);
    enum status status = set->device->upload(set->device, set->blocks[i], image, bytes, message);
    free(image);
    if (status == STATUS_OK && set->device->forget) {
        set->device->forget(set->device, set->blocks[i], GUARD_BYTES);
        set->device->forget(set->device, (char *)set->data[i] + spec_bytes(spec), GUARD_BYTES);
    }
    return status;
}

enum status buffer_set_poison(struct buffer_set *set, bool finite_poison, struct message *message) {
    enum status status = STATUS_OK;
    for (int i = 0; i < BUFFERS_MAX && status == STATUS_OK; i++) {
        if (!set->blocks[i])
            continue;
        if (set->device->gpu)
            status = poison_by_upload(set, i, finite_poison, message);
        else
            image_fill(set->blocks[i], &set->inputs->specs[i], set->inputs->data[i], finite_poison);
    }
    return status;
}

enum status buffer_set_restore(struct buffer_set *set, struct message *message) {
    enum status status = STATUS_OK;
    for (int i = 0; i < BUFFERS_MAX && status == STATUS_OK; i++)
        if (set->blocks[i] && set->inputs->specs[i].role == BUFFER_IN_OUT)
            status = buffer_upload(set, i, message);
    return status;
}

/* --- what a launch left ----------------------------------------------------------------------- */

enum status observed_open(struct observed *observed, const struct buffer_set *set,
                          struct message *message) {
    memset(observed, 0, sizeof *observed);
    for (int i = 0; i < BUFFERS_MAX; i++) {
        if (!set->blocks[i])
            continue;
        observed->data[i] = set->data[i];
        if (!set->device->gpu)
            continue;
        const struct buffer_spec *spec = &set->inputs->specs[i];
        size_t bytes = spec_bytes(spec) + 2 * (size_t)GUARD_BYTES;
        observed->blocks[i] = aligned_alloc(64, (bytes + 63) / 64 * 64);
        enum status status =
            observed->blocks[i]
                ? set->device->download(set->device, observed->blocks[i], set->blocks[i], bytes,
                                        message)
                : message_set(message, STATUS_NO_MEMORY,
                              "no memory for %zu bytes to read back buffer '%s'; choose a smaller "
                              "shape",
                              bytes, spec->name);
        if (status != STATUS_OK) {
            observed_close(observed);
            return status;
        }
        observed->data[i] = (char *)observed->blocks[i] + GUARD_BYTES;
    }
    return STATUS_OK;
}

void observed_close(struct observed *observed) {
    for (int i = 0; i < BUFFERS_MAX; i++)
        free(observed->blocks[i]);
    memset(observed, 0, sizeof *observed);
}

/* The offset from `zone` of the first byte that is not the guard's, or -1. */
static ptrdiff_t guard_damage(const char *zone) {
    for (ptrdiff_t i = 0; i < GUARD_BYTES; i++)
        if ((unsigned char)zone[i] != GUARD_BYTE)
            return i;
    return -1;
}

static enum status check_guards(const char *data, const struct buffer_spec *spec,
                                struct message *message) {
    ptrdiff_t below = guard_damage(data - GUARD_BYTES);
    if (below >= 0)
        return message_set(message, STATUS_WRONG, "wrote %td bytes before the start of buffer '%s'",
                           (ptrdiff_t)GUARD_BYTES - below, spec->name);
    ptrdiff_t above = guard_damage(data + spec_bytes(spec));
    if (above >= 0)
        return message_set(message, STATUS_WRONG,
                           "wrote past the end of buffer '%s', %td bytes behind it", spec->name,
                           above);
    return STATUS_OK;
}

/* Between the rows of a padded output stands what stood there before. */
static enum status check_gaps(const float *data, const struct buffer_spec *spec,
                              const float *before, struct message *message) {
    for (int64_t row = 0; row + 1 < spec->rows; row++)
        for (int64_t i = buffer_row_start(spec, row) + spec->columns;
             i < buffer_row_start(spec, row + 1); i++) {
            uint32_t word, expected;
            memcpy(&word, &data[i], sizeof word);
            if (before)
                memcpy(&expected, &before[i], sizeof expected);
            bool intact =
                before ? word == expected : word == quiet_nan || word == finite_poison_word;
            if (!intact)
                return message_set(message, STATUS_WRONG,
                                   "wrote between the rows of buffer '%s', behind row %lld: the "
                                   "leading dimension was not kept to, or the stride of a batch",
                                   spec->name, (long long)row);
        }
    return STATUS_OK;
}

enum status observed_check_untouched(const struct observed *observed, const struct buffer_set *set,
                                     struct message *message) {
    for (int i = 0; i < BUFFERS_MAX; i++) {
        if (!set->blocks[i])
            continue;
        const struct buffer_spec *spec = &set->inputs->specs[i];
        enum status status = check_guards(observed->data[i], spec, message);
        if (status == STATUS_OK && buffer_is_output(spec))
            status = check_gaps(observed->data[i], spec, set->inputs->data[i], message);
        if (status == STATUS_OK && spec->role == BUFFER_INPUT &&
            memcmp(observed->data[i], set->inputs->data[i], spec_bytes(spec)) != 0)
            status = message_set(message, STATUS_WRONG, "wrote into its input '%s'", spec->name);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}
