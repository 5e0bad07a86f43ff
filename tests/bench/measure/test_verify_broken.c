/* Every implementation passes, and is caught as soon as it is broken on purpose: a wrong
 * element, a NaN, a write past the end or before the start, a missing row, an input overwritten,
 * a leading dimension not kept to. Those of the GPU run on the emulated one. */
#include "bench/operations/operations.h"
#include "tests/support/bout.h"
#include "tests/support/cmocka.h"
#include "tests/support/staging.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- what is damaged --- */

/* The last element that a good run leaves neither NaN nor zero: what belongs to nobody between the
 * tensors of a network is one or the other. */
static int64_t last_element(struct bout *bout, int buffer) {
    struct place place = {
        .bout = bout, .buffer = buffer, .first = bout->inputs.specs[buffer].elements - 1};
    for (; place.first > 0; place.first--) {
        float value;
        place_move(&place, &value, 1, false);
        if (!isnan(value) && value != 0.0F)
            break;
    }
    return place.first;
}

/* How a message names the buffer of a wrong element. In a network any tensor may be the first that
 * does not follow from the others. */
static void element_words(const struct bout *bout, int buffer, char *words, size_t size) {
    bool network = bout->c.operation == &operation_mlp;
    snprintf(words, size, "%s[", network ? "" : bout->inputs.specs[buffer].name);
}

static void quoted(const struct bout *bout, int buffer, char *words, size_t size) {
    snprintf(words, size, "'%s'", bout->inputs.specs[buffer].name);
}

static void catch_output_damages(struct bout *bout, const struct implementation *broken,
                                 int buffer) {
    const struct buffer_spec *spec = &bout->inputs.specs[buffer];
    int64_t last_row = (spec->rows - 1) * spec->stride;
    char words[64];
    element_words(bout, buffer, words, sizeof words);
    struct place first = {.bout = bout, .buffer = buffer, .count = 1, .value = NAN};
    struct place last = first, row = first;
    last.first = last_element(bout, buffer);
    row.first = last_row;
    row.count = spec->elements - last_row;
    bout_catch_damage(bout, broken, damage_wrong, &first, "a wrong first element", words);
    bout_catch_damage(bout, broken, damage_wrong, &last, "a wrong last element", words);
    bout_catch_damage(bout, broken, damage_write, &first, "a NaN", words);
    last.value = INFINITY;
    bout_catch_damage(bout, broken, damage_write, &last, "an infinity", words);
    bout_catch_damage(bout, broken, damage_unwritten, &row, "a missing last row", words);
}

/* Writes around every buffer, into inputs, and between the rows of padded outputs. */
static void catch_stray_writes(struct bout *bout, const struct implementation *broken, int buffer) {
    const struct buffer_spec *spec = &bout->inputs.specs[buffer];
    char words[64];
    quoted(bout, buffer, words, sizeof words);
    struct place place = {.bout = bout, .buffer = buffer, .count = 1, .value = 1.0F};
    place.first = spec->elements;
    bout_catch_damage(bout, broken, damage_write, &place, "a write past the end", words);
    place.first = -1;
    bout_catch_damage(bout, broken, damage_write, &place, "a write before the start", words);
    if (spec->role == BUFFER_INPUT) {
        place.first = spec->elements - 1;
        bout_catch_damage(bout, broken, damage_byte, &place, "an overwritten input", words);
    }
    if (spec->role != BUFFER_INPUT && spec->stride > spec->columns) {
        place.first = (spec->rows - 1) * spec->stride - 1;
        bout_catch_damage(bout, broken, damage_write, &place, "a write between the rows", words);
    }
}

static void catch_everything(struct bout *bout, const struct implementation *original) {
    const struct implementation broken = breakage_of(bout->c.operation, original);
    for (int i = 0; i < BUFFERS_MAX; i++) {
        const struct buffer_spec *spec = &bout->inputs.specs[i];
        if (spec->elements == 0)
            continue;
        bout_pass(bout, original); /* and leaves good results for last_element() */
        /* The damages are of floats; test_verify_networks breaks what is rounded to 16 bits. */
        if ((spec->role == BUFFER_OUTPUT || spec->role == BUFFER_IN_OUT) &&
            element_bytes(spec->element) == sizeof(float))
            catch_output_damages(bout, &broken, i);
        catch_stray_writes(bout, &broken, i);
    }
    bout_pass(bout, original);
}

/* --- all implementations --- */

/* A library may find out only when it is called that it cannot do a case. */
static bool is_able(struct bout *bout, const struct implementation *implementation) {
    struct message message;
    return bout_verify(bout, implementation, &message) != STATUS_UNSUPPORTED;
}

/* Shapes of several rows that fill no vector, and settings that use every argument. */
static const struct ground {
    const struct operation *operation;
    const char *shape;
    struct settings settings;
    enum dtype dtype;
} grounds[] = {
    {&operation_gemm, "13x17x19", {.alpha = 1.0F, .seed = 1}, DTYPE_F32},
    {&operation_gemm,
     "13x17x19",
     {.alpha = -0.5F, .beta = 2.0F, .padding = 3, .seed = 2},
     DTYPE_F32},
    {&operation_gemm, "13x17x19", {.alpha = 1.5F, .padding = 5, .seed = 3}, DTYPE_F32},
    {&operation_gemm, "3x5x150", {.alpha = 1.0F, .seed = 4}, DTYPE_F32}, /* k that can be split */
    {&operation_gemm, "13x17x19", {.alpha = 1.0F, .seed = 5}, DTYPE_TF32},
    /* not every compiler takes the kernels of tf32 */
    {&operation_gemm, "13x17x19", {.alpha = 1.0F, .seed = 6}, DTYPE_BF16},
    /* rows that bulk copies can take */
    {&operation_gemm, "16x24x32", {.alpha = 1.5F, .beta = 2.0F, .seed = 7}, DTYPE_BF16},
    {&operation_linear, "13x17x19", {.alpha = 1.0F, .seed = 1}, DTYPE_F32},
    {&operation_activation, "7x127", {.alpha = 1.0F, .seed = 1}, DTYPE_F32},
    {&operation_activation, "67x71", {.alpha = 1.0F, .seed = 2}, DTYPE_F32},
    {&operation_softmax, "5x17", {.alpha = 1.0F, .seed = 1}, DTYPE_F32},
    {&operation_softmax, "3x1025", {.alpha = 1.0F, .seed = 2}, DTYPE_F32},
    {&operation_layernorm, "5x17", {.alpha = 1.0F, .seed = 1}, DTYPE_F32},
    {&operation_attention, "1x2x7x13", {.alpha = 1.0F, .padding = 3, .seed = 1}, DTYPE_F32},
    {&operation_attention, "1x2x7x13", {.alpha = 1.0F, .seed = 2}, DTYPE_BF16},
    {&operation_cross_entropy, "5x17", {.alpha = 1.0F, .seed = 1}, DTYPE_F32},
    {&operation_mse, "5x17", {.alpha = 1.0F, .seed = 1}, DTYPE_F32},
    {&operation_column_sums, "33x65", {.alpha = 1.0F, .seed = 1}, DTYPE_F32},
    {&operation_optimizer, "5000", {.alpha = 1.0F, .seed = 1}, DTYPE_F32},
    {&operation_transfer, "5000", {.alpha = 1.0F, .seed = 1}, DTYPE_F32},
    {&operation_mlp, "17-19-23@5", {.alpha = 1.0F, .seed = 1}, DTYPE_F32},
    {&operation_mlp, "31-17-9-11@3", {.alpha = 1.0F, .seed = 2}, DTYPE_F32},
    {&operation_mlp, "17-19-23@5", {.alpha = 1.0F, .seed = 3}, DTYPE_BF16},
    /* layers that bulk copies can take */
    {&operation_mlp, "16-24-8@16", {.alpha = 1.0F, .seed = 4}, DTYPE_BF16},
};

/* Every implementation on one ground; how many there were, a bit each. */
static unsigned catch_on_ground(const struct ground *ground, int variant, enum device_kind kind) {
    const struct bench_case c = {.operation = ground->operation,
                                 .variant = variant,
                                 .dtype = ground->dtype,
                                 .settings = ground->settings};
    struct bout *bout = bout_open_on(kind, &c, ground->shape, 0.0);
    unsigned checked = 0;
    for (int i = 0; i < c.operation->implementation_count; i++) {
        const struct implementation *original = &c.operation->implementations[i];
        if (!bout_takes_on(kind, &bout->c, original) || !is_able(bout, original))
            continue;
        catch_everything(bout, original);
        checked |= 1U << i;
    }
    bout_close(bout);
    return checked;
}

/* What is to be checked of an operation. */
struct subject {
    const struct operation *operation;
    enum device_kind kind;
};

static bool is_available(enum device_kind kind) {
    char path[4096];
    struct message message;
    return kind == DEVICE_CPU ||
           (staging_has_kernels() && gpu_emulator_path(path, sizeof path, &message) == STATUS_OK);
}

/* The ones that no ground has reached. Libraries may be missing, or need a real GPU. */
static void expect_all_checked(const struct subject *subject, unsigned checked) {
    const struct operation *operation = subject->operation;
    for (int i = 0; i < operation->implementation_count; i++) {
        const struct implementation *implementation = &operation->implementations[i];
        bool elsewhere = implementation->over_ranks || (implementation->kind == KIND_LIBRARY &&
                                                        implementation->device == DEVICE_GPU);
        if (implementation->device == subject->kind && implementation->kind != KIND_YARDSTICK &&
            !elsewhere && implementation_is_built(implementation) && !(checked & 1U << i))
            fail_msg("%s %s was never broken", operation->name, implementation->name);
    }
}

static void test_every_broken_implementation_is_caught(void **state) {
    const struct subject *subject = *state;
    unsigned checked = 0;
    /* What takes several ranks is broken in tests/ranks. */
    if (!is_available(subject->kind) || subject->operation->between_ranks)
        skip();
    for (size_t i = 0; i < sizeof grounds / sizeof grounds[0]; i++)
        for (int v = 0;
             grounds[i].operation == subject->operation && v < subject->operation->variant_count;
             v++)
            checked |= catch_on_ground(&grounds[i], v, subject->kind);
    expect_all_checked(subject, checked);
}

/* One test an operation and device, so that a new one fails until it has its grounds; cmocka passes
 * over the places that are left. */
enum { OPERATIONS_MAX = 32, SUBJECTS_MAX = 2 * OPERATIONS_MAX };

static int broken_implementations_run(void) {
    struct CMUnitTest tests[SUBJECTS_MAX] = {0};
    struct subject subjects[SUBJECTS_MAX]; /* cmocka's initial states are not const */
    char names[SUBJECTS_MAX][96];
    assert_in_range(operation_count, 1, OPERATIONS_MAX);
    for (int i = 0; i < 2 * operation_count; i++) {
        subjects[i] = (struct subject){operations[i / 2], i % 2 ? DEVICE_GPU : DEVICE_CPU};
        snprintf(names[i], sizeof names[i], "test_every_broken_implementation_is_caught: %s, %s",
                 operations[i / 2]->name, i % 2 ? "emulated GPU" : "CPU");
        tests[i] = (struct CMUnitTest){names[i], test_every_broken_implementation_is_caught, NULL,
                                       NULL, &subjects[i]};
    }
    return cmocka_run_group_tests_name("broken implementations", tests, NULL, NULL);
}

/* The emulated GPU of an H100 runs all rows. */
int main(void) {
    if (setenv("LOCKSTEP_EMULATOR", "device=h100", 0) != 0)
        return EXIT_FAILURE;
    return broken_implementations_run();
}
