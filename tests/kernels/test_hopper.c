/* gemm's Hopper rung on an emulated H100, against the oracle with all checks on: types, variants,
 * sizes round the tiles, alpha and beta, leading dimensions; what it refuses; and fourteen faults
 * planted into its PTX, each of which a check, or the oracle, has to find. Every form that the
 * tuner may pick, too. */
#include "common/narrow.h"
#include "gpu/counters.h"
#include "kernels/gemm/gemm.h"
#include "kernels/kernels.h"
#include "reference/oracle/oracle.h"
#include "tests/support/staging.h"
#include "tests/support/support.h"
#include "tests/support/test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char image_name[] = "gemm_10_hopper_128x128"; /* of the faults */

struct shape {
    int64_t m, n, k;
    int64_t padding; /* of A, B and C, a multiple of 8 */
    float alpha, beta;
};

/* Tiles are 128 or 256 high and wide, stacks of them up to 512 high; a slot has 64 of k, a ring
 * three to five slots. */
static const struct shape shapes[] = {
    {256, 128, 64, 0, 1.0F, 0.0F},   {128, 256, 320, 0, 1.0F, 0.0F}, {264, 136, 72, 8, 2.0F, 0.0F},
    {8, 8, 8, 0, 1.0F, 0.0F},        {40, 520, 24, 8, -0.5F, 1.0F},  {256, 128, 128, 0, 0.0F, 0.5F},
    {136, 264, 520, 16, 1.0F, 0.5F},
};

static const char *const variants[] = {"nn", "nt", "tn"};

/* ---- A product and its result ---- */

struct product {
    struct gemm_problem host;
    float *before, *after;
};

static void *operand(int64_t rows, int64_t stride, int64_t columns, enum dtype dtype,
                     uint64_t stream) {
    const int64_t elements = rows * stride;
    float *values = malloc((size_t)elements * sizeof *values);
    uint16_t *narrow = malloc((size_t)elements * sizeof *narrow);
    assert_true(values != NULL && narrow != NULL);
    fill_inputs(INPUTS_UNIFORM, stream, values, elements);
    for (int64_t i = 0; i < elements; i++) {
        const float value = i % stride < columns ? values[i] : NAN; /* must not be read */
        narrow[i] = dtype == DTYPE_F16 ? f16_round(value) : bf16_round(value);
    }
    free(values);
    return narrow;
}

static void product_open(struct product *product, const struct shape *shape, enum dtype dtype,
                         enum gemm_variant variant) {
    const bool ta = variant == GEMM_TN, tb = variant == GEMM_NT;
    const int64_t a_rows = ta ? shape->k : shape->m, a_columns = ta ? shape->m : shape->k;
    const int64_t b_rows = tb ? shape->n : shape->k, b_columns = tb ? shape->k : shape->n;
    product->host = (struct gemm_problem){.variant = variant,
                                          .dtype = dtype,
                                          .m = shape->m,
                                          .n = shape->n,
                                          .k = shape->k,
                                          .alpha = shape->alpha,
                                          .beta = shape->beta,
                                          .lda = a_columns + shape->padding,
                                          .ldb = b_columns + shape->padding,
                                          .ldc = shape->n + shape->padding};
    struct gemm_problem *host = &product->host;
    host->a = operand(a_rows, host->lda, a_columns, dtype, 1);
    host->b = operand(b_rows, host->ldb, b_columns, dtype, 2);
    const size_t floats = (size_t)(host->m * host->ldc);
    product->before = malloc(floats * sizeof(float));
    product->after = malloc(floats * sizeof(float));
    assert_true(product->before != NULL && product->after != NULL);
    fill_inputs(INPUTS_UNIFORM, 4, product->before, (int64_t)floats);
    memcpy(product->after, product->before, floats * sizeof(float));
    for (size_t i = 0; host->beta == 0.0F && i < floats; i++) /* must not be read */
        if ((int64_t)i % host->ldc < host->n)
            product->after[i] = NAN;
}

static void product_close(struct product *product) {
    free((void *)product->host.a);
    free((void *)product->host.b);
    free(product->before);
    free(product->after);
}

/* Rows of operands as stored. */
static int64_t elements_of(const struct gemm_problem *host, bool is_a) {
    if (is_a)
        return (host->variant == GEMM_TN ? host->k : host->m) * host->lda;
    return (host->variant == GEMM_NT ? host->n : host->k) * host->ldb;
}

/* How many elements of C are wrong. */
static int64_t wrong_elements(const struct product *product) {
    const struct gemm_problem *host = &product->host;
    const size_t count = (size_t)(host->m * host->n);
    double *expected = calloc(count, sizeof(double)), *tolerance = calloc(count, sizeof(double));
    int64_t wrong = 0;
    if (expected == NULL || tolerance == NULL) {
        fail_msg("no memory");
        abort();
    }
    oracle_gemm(host, product->before, 0, host->m, expected, tolerance);
    for (int64_t i = 0; i < host->m * host->ldc; i++) {
        const int64_t row = i / host->ldc, column = i % host->ldc;
        const int64_t at = row * host->n + column;
        if (column >= host->n)
            wrong += memcmp(&product->after[i], &product->before[i], sizeof(float)) != 0;
        else
            wrong += !(fabs((double)product->after[i] - expected[at]) <= tolerance[at]);
    }
    free(expected);
    free(tolerance);
    return wrong;
}

/* ---- The kernel as it is ---- */

static struct staging *open_h100(void) {
    assert_int_equal(setenv("LOCKSTEP_EMULATOR", "check=all;device=h100", 1), 0);
    return staging_has_image(image_name) ? staging_open_emulated() : NULL;
}

static void expect_right(struct staging *staging, const struct shape *shape, enum dtype dtype,
                         enum gemm_variant variant, const enum gemm_tile_size *form) {
    struct product product;
    char what[120];
    product_open(&product, shape, dtype, variant);
    snprintf(what, sizeof what, "dtype %d %s %lldx%lldx%lld padding %lld %s", (int)dtype,
             variants[variant], (long long)shape->m, (long long)shape->n, (long long)shape->k,
             (long long)shape->padding, form ? gemm_tile_name(*form) : "");
    struct gemm_problem problem = product.host;
    problem.a = staging_input(staging, product.host.a, elements_of(&product.host, true) / 2, 0);
    problem.b = staging_input(staging, product.host.b, elements_of(&product.host, false) / 2, 0);
    problem.c = staging_output(staging, product.after, problem.m * problem.ldc, 0);
    const struct gemm_choice choice = {form ? *form : GEMM_TILES, 1};
    if ((form ? gemm_cuda_chosen(&problem, choice, &staging->execution)
              : gemm_cuda_hopper(&problem, &staging->execution)) != STATUS_OK)
        fail_msg("%s: %s", what, staging->message.text);
    staging_finish(staging, what);
    const int64_t wrong = wrong_elements(&product);
    if (wrong != 0)
        fail_msg("%s: %lld elements are wrong", what, (long long)wrong);
    product_close(&product);
}

TEST(all_variants_are_right_on_the_emulated_h100) {
    struct staging *staging = open_h100();
    if (staging == NULL) {
        skip();
        return;
    }
    for (size_t k = 0; k < sizeof shapes / sizeof shapes[0]; k++)
        for (int variant = GEMM_NN; variant <= GEMM_TN; variant++)
            expect_right(staging, &shapes[k], k % 2 ? DTYPE_F16 : DTYPE_BF16,
                         (enum gemm_variant)variant, NULL);
    staging_close(staging);
}

/* Two rounds of the ring and a beginning of the third, two tiles a block at the edge. */
TEST(each_form_is_right) {
    static const struct shape shape = {264, 264, 520, 0, 1.0F, 0.0F};
    struct staging *staging = open_h100();
    if (staging == NULL) {
        skip();
        return;
    }
    for (enum gemm_tile_size form = GEMM_TILE_BEFORE_HOPPER + 1; form < GEMM_TILES; form++)
        expect_right(staging, &shape, form % 2 ? DTYPE_F16 : DTYPE_BF16,
                     (enum gemm_variant)(form % 3), &form);
    staging_close(staging);
}

/* What the kernel counts for one stack of wide tiles. */
static struct emulator_counters counted(struct staging *staging, int64_t k) {
    const enum gemm_tile_size form = GEMM_TILE_HOPPER_128x256s4c2;
    const struct shape shape = {256, 256, k, 0, 1.0F, 0.0F};
    struct emulator_counters row = {.size = sizeof row};
    assert_int_equal(gpu_counters_reset(staging->device.gpu, &staging->message), STATUS_OK);
    expect_right(staging, &shape, DTYPE_BF16, GEMM_NN, &form);
    assert_int_equal(gpu_counters_read(staging->device.gpu, 0, &row, &staging->message), STATUS_OK);
    return row;
}

/* Two more turns of the loop. A consumer has 2.84 machine instructions a wgmma: 1.09 of products
 * and the loop's end, 1.75 of fences, groups and barriers. The producer has 22 for each slot, which
 * is 32 wgmma of eight warps. */
TEST(the_loop_has_little_but_products) {
    struct staging *staging = open_h100();
    if (staging == NULL) {
        skip();
        return;
    }
    const struct emulator_counters few = counted(staging, 1280), more = counted(staging, 2304);
    const double products = (double)(more.wgmma_warp_instructions - few.wgmma_warp_instructions);
    assert_int_equal(products, 2 * 32 * 2 * 2 * 4); /* of two consumers in two blocks */
    const double each = (double)(more.machine_instructions - few.machine_instructions) / products;
    print_message("%.3f machine instructions a wgmma\n", each);
    assert_in_range((int)(each * 1000.0), 2840, 3700);
    staging_close(staging);
}

/* The wide tile where there are enough of them, single blocks where pairs would leave half of the
 * multiprocessors without a tile. */
TEST(the_form_follows_the_shape) {
    static const struct {
        int64_t m, n, k;
        const char *form;
    } rows[] = {{4096, 4096, 4096, "128x256s4c2"},
                {8192, 8192, 8192, "128x256s4c2"},
                {512, 512, 512, "128x128s4c2"},
                {128, 16384, 4096, "128x128s4c1"}};
    for (size_t k = 0; k < sizeof rows / sizeof rows[0]; k++) {
        const struct gemm_problem problem = {
            .dtype = DTYPE_BF16, .m = rows[k].m, .n = rows[k].n, .k = rows[k].k};
        struct gemm_choice choices[GEMM_CHOICES_MAX];
        assert_string_equal(gemm_tile_name(gemm_choose(&problem, 132, NULL).tile), rows[k].form);
        assert_int_equal(gemm_choices(&problem, choices), GEMM_TILES - GEMM_TILE_SIZES);
    }
    const struct gemm_problem tf32 = {.dtype = DTYPE_TF32, .m = 64, .n = 64, .k = 64};
    struct gemm_choice none[GEMM_CHOICES_MAX];
    assert_int_equal(gemm_choices(&tf32, none), 0);
}

TEST(what_tma_cannot_copy_is_refused) {
    struct staging *staging = open_h100();
    struct message message;
    struct execution nobody = {.threads = 1, .message = &message};
    static float memory[64];
    struct gemm_problem problem = {.dtype = DTYPE_F32, .m = 8, .n = 8, .k = 8, .alpha = 1.0F};
    assert_int_equal(gemm_cuda_hopper(&problem, &nobody), STATUS_UNSUPPORTED);
    problem.dtype = DTYPE_BF16;
    assert_int_equal(gemm_cuda_hopper(&problem, &nobody), STATUS_INVALID);
    if (staging == NULL) {
        skip();
        return;
    }
    problem.a = problem.b = problem.c = memory;
    problem.lda = 9;
    problem.ldb = problem.ldc = 8;
    assert_int_equal(gemm_cuda_hopper(&problem, &staging->execution), STATUS_UNSUPPORTED);
    assert_non_null(strstr(staging->message.text, "multiples of 16"));
    /* What is skipped is counted by its reason, which is therefore the same for all strides. */
    const struct message reason = staging->message;
    problem.lda = 1;
    assert_int_equal(gemm_cuda_hopper(&problem, &staging->execution), STATUS_UNSUPPORTED);
    assert_string_equal(staging->message.text, reason.text);
    staging_close(staging);
}

/* ---- Planted faults ---- */

struct fault {
    const char *what;
    const char *instruction; /* each of these becomes … */
    const char *instead;     /* … this, $0, $1 … being its operands */
};

static const struct fault faults[] = {
    {"bytes are not announced", "mbarrier.arrive.expect_tx.shared::cta.b64",
     "mbarrier.arrive.shared::cta.b64 $0, $1;"},
    {"the parity is wrong", "mbarrier.try_wait.parity.shared::cta.b64",
     "{ .reg .b32 q; xor.b32 q, $2, 1; mbarrier.try_wait.parity.shared::cta.b64 $0, $1, q; }"},
    {"nobody waits at an mbarrier", "mbarrier.try_wait.parity.shared::cta.b64",
     "setp.eq.u32 $0, 0, 0;"},
    {"one arrival empties a slot", "mbarrier.init.shared::cta.b64",
     "mbarrier.init.shared::cta.b64 $0, 1;"},
    /* The descriptors of both operands, as nvcc writes the constant. */
    {"operands are read as swizzled by 64 bytes", "4611686293338849280", "9223372311766237184;"},
    {"wgmma is not fenced", "wgmma.fence.sync.aligned", ""},
    {"a slot is left with its products running", "wgmma.wait_group.sync.aligned 1",
     "wgmma.wait_group.sync.aligned 2;"},
    {"sums are stored with their products running", "wgmma.wait_group.sync.aligned 0",
     "wgmma.wait_group.sync.aligned 1;"},
    {"products are not committed", "wgmma.commit_group.sync.aligned", ""},
    {"only one block gets its half of B",
     "cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes.multicast::"
     "cluster",
     "cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes $0, $1, $2;"},
    {"panels are stored before TMA may see them", "fence.proxy.async.shared::cta", ""},
    {"threads do not meet round a panel", "bar.sync", ""},
    {"a panel is written while TMA reads it", "cp.async.bulk.wait_group.read", ""},
    {"a block ends while the other needs it", "barrier.cluster.wait", ""},
};

/* Operands of the statement at `text`, up to its semicolon: "$number" of them. */
static size_t operand_find(const char *text, int number, const char **from) {
    int depth = 0;
    const char *end = text;
    *from = text;
    for (; depth > 0 || (*end != ',' && *end != ';') || (*end == ',' && number > 0); end++) {
        depth += (*end == '[' || *end == '{') - (*end == ']' || *end == '}');
        if (depth == 0 && *end == ',') {
            number--;
            *from = end + 1;
        }
    }
    return (size_t)(end - *from);
}

/* The text of the image with the fault planted wherever it fits; to be freed. */
static char *plant(const struct gpu_image *image, const struct fault *fault) {
    const size_t bytes = (size_t)((const char *)image->end - (const char *)image->data);
    const char *ptx = memmem(image->data, bytes, ".version", strlen(".version"));
    const size_t length = strlen(fault->instruction);
    assert_non_null(ptx);
    char *planted = malloc(2 * bytes);
    assert_non_null(planted);
    size_t used = 0;
    while (*ptx != '\0') {
        if (strncmp(ptx, fault->instruction, length) != 0 ||
            (ptx[length] != ' ' && ptx[length] != ';')) {
            planted[used++] = *ptx++;
            continue;
        }
        for (const char *at = fault->instead; *at; at++) {
            const char *from = at;
            size_t count = 1;
            if (*at == '$')
                count = operand_find(ptx + length, *++at - '0', &from);
            memcpy(planted + used, from, count);
            used += count;
        }
        ptx += length + strcspn(ptx + length, ";") + 1;
    }
    planted[used] = '\0';
    return planted;
}

/* Runs the product with such PTX; false where an error or a wrong element shows the fault. */
static bool passes(const char *ptx, const struct shape *shape, enum dtype dtype,
                   enum gemm_variant variant, struct message *message) {
    const struct gpu_image image = {image_name, ptx, ptx + strlen(ptx) + 1};
    struct gpu_selection selection = {.images = &image, .image_count = 1};
    char path[4096];
    struct gpu *gpu = NULL;
    struct product product;
    void *a = NULL, *b = NULL, *c = NULL;
    product_open(&product, shape, dtype, variant);
    assert_int_equal(gpu_emulator_path(path, sizeof path, message), STATUS_OK);
    selection.driver = path;
    if (gpu_open(&selection, &gpu, message) != STATUS_OK)
        fail_msg("%s", message->text);
    struct gemm_problem problem = product.host;
    const size_t a_bytes = (size_t)elements_of(&problem, true) * sizeof(uint16_t);
    const size_t b_bytes = (size_t)elements_of(&problem, false) * sizeof(uint16_t);
    const size_t c_bytes = (size_t)(problem.m * problem.ldc) * sizeof(float);
    assert_int_equal(gpu_allocate(gpu, a_bytes, &a, message), STATUS_OK);
    assert_int_equal(gpu_allocate(gpu, b_bytes, &b, message), STATUS_OK);
    assert_int_equal(gpu_allocate(gpu, c_bytes, &c, message), STATUS_OK);
    assert_int_equal(gpu_upload(gpu, a, problem.a, a_bytes, message), STATUS_OK);
    assert_int_equal(gpu_upload(gpu, b, problem.b, b_bytes, message), STATUS_OK);
    assert_int_equal(gpu_upload(gpu, c, product.after, c_bytes, message), STATUS_OK);
    problem.a = a;
    problem.b = b;
    problem.c = c;
    struct execution execution = {.threads = 1, .gpu = gpu, .message = message};
    const bool ran = gemm_cuda_hopper(&problem, &execution) == STATUS_OK &&
                     gpu_download(gpu, product.after, c, c_bytes, message) == STATUS_OK;
    const bool right = ran && wrong_elements(&product) == 0;
    if (ran && !right)
        (void)message_set(message, STATUS_FAILED, "C is wrong");
    struct message closing;
    (void)gpu_close(gpu, &closing);
    product_close(&product);
    return right;
}

static const struct gpu_image *image_of_kernel(void) {
    size_t count;
    const struct gpu_image *images = kernels_images(&count);
    for (size_t k = 0; k < count; k++)
        if (strcmp(images[k].name, image_name) == 0)
            return &images[k];
    return NULL;
}

TEST(each_planted_fault_is_found) {
    static const struct shape shape = {256, 512, 640, 0, 1.0F, 0.0F};
    static const struct fault nothing = {"nothing", "no instruction", ""};
    struct staging *staging = open_h100();
    struct message message;
    if (staging == NULL) {
        skip();
        return;
    }
    staging_close(staging);
    char *whole = plant(image_of_kernel(), &nothing);
    if (!passes(whole, &shape, DTYPE_BF16, GEMM_NN, &message))
        fail_msg("without a fault: %s", message.text);
    for (size_t k = 0; k < sizeof faults / sizeof faults[0]; k++) {
        char *planted = plant(image_of_kernel(), &faults[k]);
        if (strcmp(planted, whole) == 0)
            fail_msg("%s: '%s' is not in the kernel", faults[k].what, faults[k].instruction);
        if (passes(planted, &shape, DTYPE_BF16, GEMM_NN, &message))
            fail_msg("%s, and nothing is found", faults[k].what);
        print_message("%s: %s\n", faults[k].what, message.text);
        free(planted);
    }
    free(whole);
}
