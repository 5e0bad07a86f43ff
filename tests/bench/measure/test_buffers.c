/* Inputs, guard zones, poison, and what is seen of a launch that wrote where it should not. */
#include "bench/measure/buffers.h"
#include "bench/operations/operations.h"
#include "tests/support/test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { A, B, C };

static struct bench_case case_of(const char *operation, const char *variant, const char *shape) {
    struct bench_case c = {.operation = operation_find(operation),
                           .settings = {.alpha = 1.0F, .seed = 1}};
    struct message message = {""};
    c.variant = operation_variant_find(c.operation, variant);
    assert_true(c.variant >= 0);
    assert_int_equal(case_shape_parse(shape, &c, &message), STATUS_OK);
    return c;
}

/* C is 5 x 7 and has three elements between its rows; it is read and written. */
static struct bench_case padded_gemm(float beta) {
    struct bench_case c = case_of("gemm", "nn", "5x7x3");
    c.settings.beta = beta;
    c.settings.padding = 3;
    return c;
}

static struct inputs inputs_of(const struct bench_case *c) {
    struct inputs inputs;
    struct message message = {""};
    assert_int_equal(inputs_open(c, &inputs, &message), STATUS_OK);
    return inputs;
}

/* --- inputs --- */

TEST(inputs_are_drawn_from_the_seed) {
    struct bench_case c = padded_gemm(1.0F);
    struct inputs one = inputs_of(&c), same = inputs_of(&c);
    c.settings.seed = 2;
    struct inputs other = inputs_of(&c);
    for (int i = A; i <= C; i++) {
        size_t bytes = (size_t)one.specs[i].elements * sizeof(float);
        assert_memory_equal(one.data[i], same.data[i], bytes);
        assert_memory_not_equal(one.data[i], other.data[i], bytes);
        const float *values = one.data[i];
        for (int64_t e = 0; e < one.specs[i].elements; e++)
            assert_true(fabsf(values[e]) <= 1.0F);
    }
    assert_memory_not_equal(one.data[A], one.data[B], 4 * sizeof(float)); /* streams differ */
    inputs_close(&one);
    inputs_close(&same);
    inputs_close(&other);
    assert_null(one.data[A]);
}

TEST(only_what_is_read_is_an_input) {
    struct bench_case c = padded_gemm(0.0F);
    struct inputs inputs = inputs_of(&c);
    assert_non_null(inputs.data[A]);
    assert_null(inputs.data[C]);
    assert_int_equal(inputs.specs[C].role, BUFFER_OUTPUT);
    inputs_close(&inputs);
}

/* How many elements of a softmax's input satisfy each condition. */
struct census {
    int64_t count, nans, infinities, negative_infinities, zeros, negative_zeros, denormals, large,
        outliers;
};

static struct census census_of(enum values values) {
    struct bench_case c = case_of("softmax", "forward", "20x100");
    c.settings.values = values;
    struct inputs inputs = inputs_of(&c);
    const float *x = inputs.data[0];
    struct census census = {.count = inputs.specs[0].elements};
    for (int64_t i = 0; i < census.count; i++) {
        census.nans += isnan(x[i]);
        census.infinities += isinf(x[i]) && x[i] > 0.0F;
        census.negative_infinities += isinf(x[i]) && x[i] < 0.0F;
        census.zeros += x[i] == 0.0F && !signbit(x[i]);
        census.negative_zeros += x[i] == 0.0F && signbit(x[i]);
        census.denormals += fpclassify(x[i]) == FP_SUBNORMAL;
        census.large += fabsf(x[i]) > 1e14F && isfinite(x[i]);
        census.outliers += fabsf(x[i]) == 1e4F || x[i] == 80.0F;
    }
    inputs_close(&inputs);
    return census;
}

TEST(values_are_what_they_are_called) {
    struct census uniform = census_of(VALUES_UNIFORM);
    assert_int_equal(uniform.nans + uniform.infinities + uniform.negative_infinities, 0);
    assert_int_equal(uniform.denormals + uniform.large + uniform.outliers, 0);
    assert_in_range(census_of(VALUES_LARGE).large, uniform.count * 8 / 10, uniform.count);
    assert_in_range(census_of(VALUES_DENORMAL).denormals, uniform.count * 9 / 10, uniform.count);
    assert_int_equal(census_of(VALUES_OUTLIERS).outliers, uniform.count / 61 + 1);
    struct census special = census_of(VALUES_SPECIAL);
    assert_in_range(special.nans, 3, 6);
    assert_in_range(special.infinities, 3, 6);
    assert_in_range(special.negative_infinities, 3, 6);
    assert_in_range(special.zeros, 3, 6);
    assert_in_range(special.negative_zeros, 3, 6);
}

TEST(labels_stay_in_range) {
    struct bench_case c = case_of("cross_entropy", "forward", "300x7");
    struct inputs inputs = inputs_of(&c);
    const int32_t *labels = inputs.data[1];
    int seen[7] = {0};
    for (int row = 0; row < 300; row++) {
        assert_in_range(labels[row], 0, 6);
        seen[labels[row]]++;
    }
    for (int label = 0; label < 7; label++)
        assert_true(seen[label] > 0);
    inputs_close(&inputs);
}

/* --- a device whose memory only its own functions may touch: a GPU to the code under test --- */

struct fake_gpu {
    int blocks, uploads, downloads;
};

static enum status fake_allocate(struct device *device, size_t bytes, void **pointer,
                                 struct message *message) {
    (void)message;
    struct fake_gpu *fake = device->state;
    fake->blocks++;
    *pointer = aligned_alloc(64, (bytes + 63) / 64 * 64);
    return *pointer ? STATUS_OK : STATUS_NO_MEMORY;
}

static void fake_release(struct device *device, void *pointer) {
    struct fake_gpu *fake = device->state;
    fake->blocks--;
    free(pointer);
}

static enum status fake_upload(struct device *device, void *to, const void *from, size_t bytes,
                               struct message *message) {
    (void)message;
    ((struct fake_gpu *)device->state)->uploads++;
    memcpy(to, from, bytes);
    return STATUS_OK;
}

static enum status fake_download(struct device *device, void *to, const void *from, size_t bytes,
                                 struct message *message) {
    (void)message;
    ((struct fake_gpu *)device->state)->downloads++;
    memcpy(to, from, bytes);
    return STATUS_OK;
}

static struct device gpu_of(struct fake_gpu *fake) {
    return (struct device){.name = "gpu0",
                           .gpu = (struct gpu *)(void *)fake, /* never looked into */
                           .state = fake,
                           .allocate = fake_allocate,
                           .release = fake_release,
                           .upload = fake_upload,
                           .download = fake_download};
}

/* --- a set of buffers, on the CPU or on the fake GPU (the test's initial state says which) --- */

struct fixture {
    struct fake_gpu fake;
    struct device device;
    struct bench_case c;
    struct inputs inputs;
    struct buffer_set set;
};

static struct fixture *fixture_open(void **state, float beta) {
    struct fixture *f = calloc(1, sizeof *f);
    struct message message = {""};
    assert_non_null(f);
    if (*(const char *)*state == 'g')
        f->device = gpu_of(&f->fake);
    else
        assert_int_equal(device_cpu_open(&f->device, &message), STATUS_OK);
    f->c = padded_gemm(beta);
    f->inputs = inputs_of(&f->c);
    assert_int_equal(buffer_set_open(&f->set, &f->device, &f->inputs, &message), STATUS_OK);
    return f;
}

static void fixture_close(struct fixture *f) {
    buffer_set_close(&f->set);
    assert_int_equal(f->fake.blocks, 0);
    inputs_close(&f->inputs);
    struct message message;
    if (f->device.close)
        assert_int_equal(f->device.close(&f->device, &message), STATUS_OK);
    free(f);
}

static enum status check_untouched(struct fixture *f, struct message *message) {
    struct observed observed;
    message->text[0] = '\0';
    assert_int_equal(observed_open(&observed, &f->set, message), STATUS_OK);
    enum status status = observed_check_untouched(&observed, &f->set, message);
    observed_close(&observed);
    return status;
}

/* With its state the word for the device. */
#define TEST_ON_BOTH(test)                                                                         \
    static void test_##test(void **state);                                                         \
    TEST_LISTED(list_##test##_on_cpu, #test " on the CPU", test_##test, NULL, NULL, "cpu")         \
    TEST_LISTED(list_##test##_on_gpu, #test " on a GPU", test_##test, NULL, NULL, "gpu")           \
    static void test_##test(void **state)

TEST_ON_BOTH(a_new_set_is_poisoned_and_untouched) {
    struct fixture *f = fixture_open(state, 0.0F);
    struct message message;
    assert_int_equal(check_untouched(f, &message), STATUS_OK);
    for (int i = A; i <= C; i++)
        assert_int_equal((uintptr_t)f->set.data[i] % 64, 0);
    assert_memory_equal(f->set.data[A], f->inputs.data[A],
                        (size_t)f->inputs.specs[A].elements * sizeof(float));
    const float *c = f->set.data[C];
    for (int64_t i = 0; i < f->inputs.specs[C].elements; i++)
        assert_true(isnan(c[i]));
    assert_int_equal(buffer_set_poison(&f->set, true, &message), STATUS_OK);
    for (int64_t i = 0; i < f->inputs.specs[C].elements; i++)
        assert_true(isfinite(c[i]) && c[i] < -1e29F);
    assert_int_equal(check_untouched(f, &message), STATUS_OK);
    assert_int_equal(buffer_set_bytes(&f->inputs),
                     (size_t)4 * (27 + 27 + 47) + 6 * (size_t)GUARD_BYTES);
    fixture_close(f);
}

TEST_ON_BOTH(what_is_read_and_written_is_put_back) {
    struct fixture *f = fixture_open(state, 1.0F);
    struct message message;
    size_t bytes = (size_t)f->inputs.specs[C].elements * sizeof(float);
    assert_int_equal(f->inputs.specs[C].role, BUFFER_IN_OUT);
    assert_memory_equal(f->set.data[C], f->inputs.data[C], bytes);
    float *c = f->set.data[C], *a = f->set.data[A];
    c[4] = 77.0F;
    a[4] = 77.0F;
    assert_int_equal(buffer_set_restore(&f->set, &message), STATUS_OK);
    assert_memory_equal(c, f->inputs.data[C], bytes);
    assert_true(a[4] == 77.0F); /* an input is not restored: writing it is wrong and must show */
    assert_int_equal(check_untouched(f, &message), STATUS_WRONG);
    assert_int_equal(buffer_set_poison(&f->set, false, &message), STATUS_OK);
    assert_int_equal(check_untouched(f, &message), STATUS_OK);
    fixture_close(f);
}

/* Writes one byte at `offset` from the start of buffer `i` and expects `words` of the check. */
static void check_damage(struct fixture *f, int i, int64_t offset, const char *words) {
    struct message message;
    unsigned char *byte = (unsigned char *)f->set.data[i] + offset;
    *byte = (unsigned char)~*byte;
    assert_int_equal(check_untouched(f, &message), STATUS_WRONG);
    char quoted[16];
    snprintf(quoted, sizeof quoted, "'%s'", f->inputs.specs[i].name);
    if (!strstr(message.text, words) || !strstr(message.text, quoted))
        fail_msg("'%s' should hold \"%s\" and %s", message.text, words, quoted);
    *byte = (unsigned char)~*byte;
    assert_int_equal(check_untouched(f, &message), STATUS_OK);
}

TEST_ON_BOTH(every_byte_around_a_buffer_is_guarded) {
    struct fixture *f = fixture_open(state, 0.0F);
    for (int i = A; i <= C; i++) {
        int64_t end = f->inputs.specs[i].elements * (int64_t)sizeof(float);
        check_damage(f, i, -1, "before the start");
        check_damage(f, i, -(int64_t)GUARD_BYTES, "before the start");
        check_damage(f, i, end, "past the end");
        check_damage(f, i, end + GUARD_BYTES - 1, "past the end");
    }
    fixture_close(f);
}

TEST_ON_BOTH(distances_are_told) {
    struct fixture *f = fixture_open(state, 0.0F);
    check_damage(f, C, -4, "4 bytes before the start");
    check_damage(f, C, -1, "1 bytes before the start");
    int64_t end = f->inputs.specs[C].elements * (int64_t)sizeof(float);
    check_damage(f, C, end, "past the end of buffer 'c', 0 bytes behind it");
    check_damage(f, C, end + 12, "past the end of buffer 'c', 12 bytes behind it");
    fixture_close(f);
}

TEST_ON_BOTH(inputs_must_stay) {
    struct fixture *f = fixture_open(state, 0.0F);
    for (int i = A; i <= B; i++) {
        int64_t end = f->inputs.specs[i].elements * (int64_t)sizeof(float);
        check_damage(f, i, 0, "wrote into its input");
        check_damage(f, i, end - 1, "wrote into its input");
        check_damage(f, i, f->inputs.specs[i].columns * 4, "wrote into its input"); /* a gap */
    }
    fixture_close(f);
}

/* Every element between the rows of an output, whether it was poison or kept, and whichever poison
 * it was; not the rows themselves. */
static void check_gaps(struct fixture *f) {
    struct message message;
    const struct buffer_spec *spec = &f->inputs.specs[C];
    for (int64_t i = 0; i < spec->elements; i++) {
        float *element = (float *)f->set.data[C] + i, before = *element;
        if (i % spec->stride >= spec->columns) {
            char row[40];
            snprintf(row, sizeof row, "behind row %lld:", (long long)(i / spec->stride));
            check_damage(f, C, i * 4, row);
        } else {
            *element = 0.5F;
            assert_int_equal(check_untouched(f, &message), STATUS_OK);
        }
        *element = before;
    }
}

TEST_ON_BOTH(gaps_between_rows_must_stay) {
    struct message message;
    struct fixture *output = fixture_open(state, 0.0F);
    check_gaps(output);
    assert_int_equal(buffer_set_poison(&output->set, true, &message), STATUS_OK);
    check_gaps(output);
    fixture_close(output);
    struct fixture *kept = fixture_open(state, 1.0F);
    check_gaps(kept);
    fixture_close(kept);
}

/* On a GPU nothing is looked at where it lies: everything goes through the device's copies. */
TEST(a_gpus_buffers_are_copied) {
    static char gpu[] = "gpu";
    void *initial = gpu;
    struct fixture *f = fixture_open(&initial, 1.0F);
    struct message message;
    assert_int_equal(f->fake.uploads, 3);
    assert_int_equal(check_untouched(f, &message), STATUS_OK);
    assert_int_equal(f->fake.downloads, 3);
    assert_int_equal(buffer_set_restore(&f->set, &message), STATUS_OK);
    assert_int_equal(f->fake.uploads, 4);
    fixture_close(f);
}

static enum status refuse_third(struct device *device, size_t bytes, void **pointer,
                                struct message *message) {
    struct fake_gpu *fake = device->state;
    if (fake->blocks == 2)
        return message_set(message, STATUS_NO_MEMORY, "no memory for %zu bytes", bytes);
    return fake_allocate(device, bytes, pointer, message);
}

TEST(nothing_stays_when_memory_runs_out) {
    struct fake_gpu fake = {0};
    struct device device = gpu_of(&fake);
    device.allocate = refuse_third;
    struct bench_case c = padded_gemm(1.0F);
    struct inputs inputs = inputs_of(&c);
    struct buffer_set set;
    struct message message = {""};
    assert_int_equal(buffer_set_open(&set, &device, &inputs, &message), STATUS_NO_MEMORY);
    assert_int_equal(fake.blocks, 0);
    assert_non_null(strstr(message.text, "no memory"));
    inputs_close(&inputs);
}
