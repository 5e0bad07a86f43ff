/* The tables of operations, their shapes and counts, and the presets. */
#include "bench/operations/mlp.h"
#include "bench/operations/operations.h"
#include "bench/selection/presets.h"
#include "tests/support/test.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct bench_case case_of(const char *operation, const char *variant) {
    struct bench_case c = {.operation = operation_find(operation), .settings = {.alpha = 1.0F}};
    assert_non_null(c.operation);
    c.variant = operation_variant_find(c.operation, variant);
    if (c.variant < 0)
        fail_msg("%s has no variant '%s'", operation, variant);
    return c;
}

static struct bench_case case_parsed(const char *operation, const char *variant,
                                     const char *shape) {
    struct bench_case c = case_of(operation, variant);
    struct message message = {""};
    if (case_shape_parse(shape, &c, &message) != STATUS_OK)
        fail_msg("%s/%s %s: %s", operation, variant, shape, message.text);
    return c;
}

/* --- names --- */

TEST(every_operation_is_found_by_its_name) {
    static const char *const names[] = {
        "gemm",          "linear",      "activation", "softmax",       "mse",       "optimizer",
        "cross_entropy", "column_sums", "transfer",   "mlp",           "layernorm", "attention",
        "allreduce",     "broadcast",   "allgather",  "reduce_scatter"};
    assert_int_equal(operation_count, sizeof names / sizeof names[0]);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const struct operation *operation = operation_find(names[i]);
        assert_non_null(operation);
        assert_string_equal(operation->name, names[i]);
    }
    assert_null(operation_find("gemm "));
    assert_null(operation_find("GEMM"));
    assert_null(operation_find(""));
}

TEST(variants_are_found_by_their_names) {
    for (int o = 0; o < operation_count; o++) {
        assert_true(operations[o]->variant_count > 0);
        for (int v = 0; v < operations[o]->variant_count; v++)
            assert_int_equal(operation_variant_find(operations[o], operations[o]->variants[v]), v);
        assert_int_equal(operation_variant_find(operations[o], "none"), -1);
    }
}

/* What a CSV file, a list on the command line and a glob can hold. */
TEST(names_have_no_characters_that_mean_something) {
    for (int o = 0; o < operation_count; o++) {
        const struct operation *operation = operations[o];
        assert_null(strpbrk(operation->name, "/,*?[ \""));
        for (int v = 0; v < operation->variant_count; v++)
            assert_null(strpbrk(operation->variants[v], "/,*?[ \""));
        for (int i = 0; i < operation->implementation_count; i++)
            assert_null(strpbrk(operation->implementations[i].name, "/,*?[ \""));
    }
}

/* An operation has the dtypes of its implementations; a yardstick computes nothing. */
TEST(dtypes_are_those_of_the_implementations) {
    const struct implementation rows[] = {
        {.name = "plain"},
        {.name = "narrow", .dtypes = DTYPE_BIT(DTYPE_TF32) | DTYPE_BIT(DTYPE_BF16)},
        {.name = "bare", .dtypes = DTYPES_ALL, .kind = KIND_YARDSTICK}};
    const struct operation operation = {.implementations = rows, .implementation_count = 3};
    const bool has[] = {
        [DTYPE_F32] = true, [DTYPE_TF32] = true, [DTYPE_BF16] = true, [DTYPE_F16] = false};
    for (enum dtype d = DTYPE_F32; d <= DTYPE_F16; d++)
        assert_int_equal(operation_has_dtype(&operation, d), has[d]);
    static const char *const words[] = {"f32", "tf32 and bf16", "f32, tf32, bf16 and f16"};
    for (int i = 0; i < 3; i++) {
        char text[40];
        implementation_dtypes(&rows[i], text, sizeof text);
        assert_string_equal(text, words[i]);
    }
}

/* Every rung behind the first of its device; libraries stand beside the ladder. */
TEST(every_rung_says_what_it_adds) {
    for (int o = 0; o < operation_count; o++) {
        bool begun[] = {[DEVICE_CPU] = false, [DEVICE_GPU] = false};
        for (int i = 0; i < operations[o]->implementation_count; i++) {
            const struct implementation *rung = &operations[o]->implementations[i];
            bool beside = rung->kind == KIND_LIBRARY || rung->kind == KIND_YARDSTICK;
            if (begun[rung->device] && !beside && !rung->adds)
                fail_msg("%s %s adds nothing", operations[o]->name, rung->name);
            if (!begun[rung->device])
                assert_null(rung->adds);
            begun[rung->device] = true;
        }
    }
}

TEST(every_implementation_has_a_name_of_its_own) {
    for (int o = 0; o < operation_count; o++)
        for (int i = 0; i < operations[o]->implementation_count; i++) {
            const struct implementation *one = &operations[o]->implementations[i];
            assert_non_null(one->summary);
            assert_true(one->kind == KIND_YARDSTICK ? one->yardstick != NULL
                                                    : one->run || one->own);
            for (int j = 0; j < i; j++)
                assert_string_not_equal(one->name, operations[o]->implementations[j].name);
        }
}

/* Tests run from the repository's root. */
TEST(every_implementation_names_a_file_that_is_there) {
    for (int o = 0; o < operation_count; o++)
        for (int i = 0; i < operations[o]->implementation_count; i++) {
            const struct implementation *one = &operations[o]->implementations[i];
            FILE *file = one->file ? fopen(one->file, "r") : NULL;
            if (file == NULL)
                fail_msg("%s %s: no file '%s'", operations[o]->name, one->name,
                         one->file ? one->file : "");
            assert_int_equal(fclose(file), 0);
        }
}

/* A network's launch keeps graphs where its kernels say so; a yardstick has no such kernels. */
TEST(launches_keep_what_their_kernels_say) {
    struct bench_case c = {.operation = &operation_mlp};
    struct message message = {""};
    void *const none[BUFFERS_MAX] = {0};
    assert_int_equal(case_shape_parse("3-2@1", &c, &message), STATUS_OK);
    for (int i = 0; i < operation_mlp.implementation_count; i++) {
        const struct implementation *one = &operation_mlp.implementations[i];
        bool graph = one->kind != KIND_YARDSTICK && mlp_kernels_of(one)->graph;
        struct launch launch;
        assert_int_equal(launch_open(&c, one, none, &launch, &message), STATUS_OK);
        assert_int_equal(launch.kept != NULL, graph);
        launch_close(&launch);
    }
}

/* --- shapes --- */

TEST(awkward_shapes_are_read_and_named_back) {
    for (int o = 0; o < operation_count; o++)
        for (int v = 0; v < operations[o]->variant_count; v++)
            for (const char *const *shape = operations[o]->awkward_shapes; *shape; shape++) {
                struct bench_case c =
                    case_parsed(operations[o]->name, operations[o]->variants[v], *shape);
                char text[160], name[256], expected[256];
                case_shape(&c, text, sizeof text);
                struct bench_case again =
                    case_parsed(operations[o]->name, operations[o]->variants[v], text);
                assert_int_equal(again.size_count, c.size_count);
                assert_memory_equal(again.sizes, c.sizes, sizeof c.sizes);
                case_name(&c, name, sizeof name);
                snprintf(expected, sizeof expected, "%s/%s/f32/%s", operations[o]->name,
                         operations[o]->variants[v], text);
                assert_string_equal(name, expected);
            }
}

TEST(names_are_cut_where_the_room_ends) {
    struct bench_case c = case_parsed("gemm", "nn", "100x200x300");
    char name[12], shape[6];
    case_name(&c, name, sizeof name);
    assert_string_equal(name, "gemm/nn/f32");
    case_shape(&c, shape, sizeof shape);
    assert_string_equal(shape, "100x2");
}

static void refuse(const char *operation, const char *variant, const char *shape,
                   const char *words) {
    struct bench_case c = case_of(operation, variant);
    struct message message = {""};
    if (case_shape_parse(shape, &c, &message) != STATUS_INVALID)
        fail_msg("%s accepts shape '%s'", operation, shape);
    if (!strstr(message.text, words) || !strstr(message.text, shape))
        fail_msg("'%s' should hold '%s' and '%s'", message.text, words, shape);
}

TEST(bad_shapes_are_refused) {
    static const struct {
        const char *shape, *words;
    } bad[] = {
        {"", "MxNxK"},
        {"x", "MxNxK"},
        {"0x3", "at least 1"},
        {"1x2", "MxNxK"},
        {"1x2x", "MxNxK"},
        {"1xx3", "MxNxK"},
        {"1x2x3x4x5", "MxNxK or BxMxNxK"},
        {"0x2x3x4", "at least 1"},
        {"1x2x3 ", "MxNxK"},
        {" 1x2x3", "MxNxK"},
        {"\t1x2x3", "MxNxK"},
        {"1x\n2x3", "MxNxK"},
        {"1x2X3", "MxNxK"},
        {"1x2.5x3", "MxNxK"},
        {"1x1e3x3", "MxNxK"},
        {"-1x2x3", "MxNxK"},
        {"1x+2x3", "MxNxK"},
        {"1x2x99999999999999999999", "99999999999999999999; no size may exceed 2147483647"},
        {"9223372036854775808x2x3", "9223372036854775808; no size may exceed 2147483647"},
        {"9223372036854775807x2x3", "9223372036854775807; no size may exceed 2147483647"},
        {"1x2", "as in 2048x2048x2048"},
        {"0x2x3", "at least 1"},
        {"1x2x0", "at least 1"},
        {"1x2x2147483648", "2147483647"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        refuse("gemm", "nt", bad[i].shape, bad[i].words);
    refuse("softmax", "forward", "3", "ROWSxCOLS");
    refuse("attention", "full", "8x64", "as in 1x8x1024x64");
    refuse("optimizer", "adam", "3x4", "wants the form N");
    refuse("optimizer", "adam", "0", "at least 1");
}

TEST(bad_shapes_of_activations_are_refused) {
    static const char *const bad[] = {"",   "x",  "0",    "-1",  "+1",         "1x",    "x1",
                                      " 1", "1 ", "1x-1", "1x0", "2147483648", "1x2x3", "1.0"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        refuse("activation", "relu.forward", bad[i], "ROWSxCOLS");
        refuse("activation", "relu.forward_bias", bad[i], "ROWSxCOLS");
    }
    refuse("activation", "tanh.backward_bias", "12", "512x3072");
    struct bench_case flat = case_parsed("activation", "relu.forward", "3x5");
    assert_int_equal(flat.size_count, 1);
    assert_int_equal(flat.sizes[0], 15);
}

TEST(bad_shapes_of_networks_are_refused) {
    static const struct {
        const char *shape, *words;
    } bad[] = {
        {"", "LAYERS@BATCH"},        {"@", "LAYERS@BATCH"},        {"784-10", "LAYERS@BATCH"},
        {"784-10@", "LAYERS@BATCH"}, {"@100", "LAYERS@BATCH"},     {"784-10@0", "batch"},
        {"784-10@-5", "batch"},      {"784-10@+5", "batch"},       {"784-10@ 5", "batch"},
        {"784-10@5x", "batch"},      {"784-10@16777217", "batch"}, {"784-10@5@6", "batch"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        refuse("mlp", "train_step", bad[i].shape, bad[i].words);
    struct bench_case c = case_of("mlp", "train_step");
    struct message message;
    assert_int_equal(case_shape_parse("784@5", &c, &message), STATUS_INVALID);
    assert_int_equal(case_shape_parse("784-0@5", &c, &message), STATUS_INVALID);
    assert_int_equal(case_shape_parse("784x10@5", &c, &message), STATUS_INVALID);
}

/* --- counts --- */

/* By hand, from the formulas in common/problem.h. `buffers` counts elements of all buffers. */
static const struct {
    const char *operation, *variant, *shape;
    double flops, elements;
    int buffers;
} counts[] = {
    {"gemm", "nn", "2x3x5", 60, 10 + 15 + 6, 10 + 15 + 6},
    {"gemm", "nt", "2x3x5", 60, 10 + 15 + 6, 10 + 15 + 6},
    {"gemm", "tn", "2x3x5", 60, 10 + 15 + 6, 10 + 15 + 6},
    {"linear", "bias", "2x3x5", 60, 10 + 15 + 3 + 6, 10 + 15 + 3 + 6},
    {"linear", "bias_relu", "2x3x5", 60, 10 + 15 + 3 + 6, 10 + 15 + 3 + 6},
    {"activation", "tanh.forward", "10", 10, 2 * 10, 2 * 10},
    {"activation", "silu.backward", "10", 10, 3 * 10, 3 * 10},
    {"activation", "relu.forward_bias", "2x5", 10, 2 * 10 + 5, 2 * 10 + 5},
    {"activation", "identity.forward_bias", "2x5", 10, 2 * 10 + 5, 2 * 10 + 5},
    /* From the output: the bias is there, but nobody reads it. */
    {"activation", "relu.backward_bias", "2x5", 10, 3 * 10 + 5, 3 * 10 + 5 + 5},
    {"activation", "sigmoid.backward_bias", "2x5", 10, 3 * 10 + 5, 3 * 10 + 5 + 5},
    /* From the input and the bias. */
    {"activation", "gelu_erf.backward_bias", "2x5", 10, 3 * 10 + 5 + 5, 3 * 10 + 5 + 5},
    {"softmax", "forward", "2x5", 50, 2 * 10, 2 * 10},
    {"softmax", "log_forward", "2x5", 50, 2 * 10, 2 * 10},
    {"softmax", "backward", "2x5", 40, 3 * 10, 3 * 10},
    {"softmax", "log_backward", "2x5", 40, 3 * 10, 3 * 10},
    {"layernorm", "forward", "2x5", 70, 2 * 10 + 2 * 5 + 2 * 2, 2 * 10 + 2 * 5 + 2 * 2},
    {"layernorm", "backward", "2x5", 130, 3 * 10 + 3 * 5 + 2 * 2, 3 * 10 + 3 * 5 + 2 * 2},
    {"layernorm", "rms_forward", "2x5", 40, 2 * 10 + 5 + 2, 2 * 10 + 5 + 2},
    {"layernorm", "rms_backward", "2x5", 90, 3 * 10 + 2 * 5 + 2, 3 * 10 + 2 * 5 + 2},
    {"attention", "full", "2x3x5x7", 4 * 6 * 25 * 7, 4 * 2 * 3 * 5 * 7, 4 * 2 * 3 * 5 * 7},
    {"attention", "causal", "2x3x5x7", 2 * 6 * 25 * 7, 4 * 2 * 3 * 5 * 7, 4 * 2 * 3 * 5 * 7},
    {"cross_entropy", "forward", "2x5", 50, 10 + 2 + 2, 10 + 2 + 2},
    {"cross_entropy", "backward", "2x5", 50, 2 * 10 + 2, 2 * 10 + 2},
    {"cross_entropy", "forward_backward", "2x5", 50, 2 * 10 + 2 + 2, 2 * 10 + 2 + 2},
    {"mse", "forward", "2x5", 30, 2 * 10 + 2, 2 * 10 + 2},
    {"mse", "backward", "2x5", 20, 3 * 10, 3 * 10},
    {"mse", "forward_backward", "2x5", 40, 3 * 10 + 2, 3 * 10 + 2},
    {"column_sums", "forward", "2x5", 10, 10 + 5, 10 + 5},
    {"optimizer", "sgd", "10", 2 * 10, 3 * 10, 2 * 10},
    {"optimizer", "sgd_momentum", "10", 4 * 10, 5 * 10, 3 * 10},
    {"optimizer", "adam", "10", 13 * 10, 7 * 10, 4 * 10},
    {"transfer", "copy", "10", 0, 2 * 10, 2 * 10},
    {"transfer", "triad", "10", 2 * 10, 3 * 10, 3 * 10},
    /* One process alone has nothing to add or send; its scratch is there. */
    {"allreduce", "sum", "10", 0, 0, 3 * 10},
    {"broadcast", "copy", "10", 0, 0, 10},
    {"allgather", "copy", "10", 0, 0, 2 * 10},
    {"reduce_scatter", "sum", "10", 0, 0, 2 * 10},
    /* x, W and the logits; these with the bias, in place; softmax in place. Tensors start at
     * multiples of 16, and x holds eight batches. */
    {"mlp", "inference", "2-3@4", 2 * 4 * 3 * 2, (8 + 6 + 12) + (12 + 12 + 3) + (12 + 12),
     (16 + 16) + 16 + 8 * 8},
    /* Forward and both gradients of the last layer, forward and dW of the first. */
    {"mlp", "train_step", "784-128-10@100", 2.0 * (2 * 100 * 128 * 784 + 3 * 100 * 10 * 128), -1,
     0},
};

TEST(flops_and_bytes_by_hand) {
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        struct bench_case c = case_parsed(counts[i].operation, counts[i].variant, counts[i].shape);
        double flops = c.operation->flops(&c), bytes = c.operation->bytes(&c);
        if (flops != counts[i].flops)
            fail_msg("%s/%s: %g operations", counts[i].operation, counts[i].variant, flops);
        if (counts[i].elements >= 0 && bytes != 4 * counts[i].elements)
            fail_msg("%s/%s: %g bytes", counts[i].operation, counts[i].variant, bytes);
        if (counts[i].buffers > 0 && case_bytes(&c) != (size_t)4 * (size_t)counts[i].buffers)
            fail_msg("%s/%s: buffers of %zu bytes", counts[i].operation, counts[i].variant,
                     case_bytes(&c));
    }
}

TEST(every_operation_is_counted_by_hand) {
    for (int o = 0; o < operation_count; o++) {
        bool found = false;
        for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
            found |= strcmp(counts[i].operation, operations[o]->name) == 0;
        if (!found)
            fail_msg("%s is not in the table", operations[o]->name);
    }
}

/* With beta C is read as well, and padding lies between the rows, not behind the last. */
TEST(settings_of_gemm_count) {
    struct bench_case c = case_parsed("gemm", "tn", "2x3x5");
    c.settings.beta = 1.0F;
    c.settings.padding = 7;
    assert_true(c.operation->bytes(&c) == 4.0 * (10 + 15 + 2 * 6));
    assert_int_equal(case_bytes(&c), 4 * ((10 + 4 * 7) + (15 + 4 * 7) + (6 + 7)));
}

TEST(bytes_of_huge_shapes) {
    struct bench_case c = case_parsed("gemm", "nn", "9999999x9999999x9999999");
    assert_true(case_bytes(&c) == (size_t)1199999760000012);
    c = case_parsed("gemm", "nn", "2147483647x2147483647x2147483647");
    assert_true(case_bytes(&c) == SIZE_MAX);
    c = case_parsed("activation", "relu.backward_bias", "2147483647x2147483647");
    assert_true(case_bytes(&c) == SIZE_MAX);
    c = case_parsed("softmax", "forward", "2147483647x1");
    assert_true(case_bytes(&c) == (size_t)8 * 2147483647);
}

/* Every view of a buffer holds what the spec says. */
TEST(rows_of_buffers_cover_their_elements) {
    struct buffer_spec matrix = buffer_matrix("m", BUFFER_INPUT, 5, 7, 3);
    assert_int_equal(matrix.elements, 4 * 10 + 7);
    assert_int_equal(matrix.stride, 10);
    static const int64_t counts_of_flat[] = {1, 4095, 4096, 4097, 100003};
    for (size_t i = 0; i < sizeof counts_of_flat / sizeof counts_of_flat[0]; i++) {
        struct buffer_spec flat = buffer_flat("f", BUFFER_OUTPUT, counts_of_flat[i]);
        int64_t covered = 0;
        for (int64_t row = 0; row < flat.rows; row++) {
            int64_t first, count = buffer_flat_range(flat.elements, row, 1, &first);
            assert_int_equal(first, row * flat.stride);
            assert_int_equal(first, covered);
            assert_in_range(count, 1, flat.columns);
            covered += count;
        }
        assert_int_equal(covered, counts_of_flat[i]);
    }
}

/* --- presets --- */

enum { CASES_MAX = 512, NAME_SIZE = 256 };

/* Cuts the next piece off a list. */
static char *piece_next(char **rest, const char *separators) {
    return strtok_r(NULL, separators, rest);
}

/* Adds the names of a line's cases, as the line writes them. */
static size_t line_expand(const char *operation, const struct preset_line *line,
                          char (*names)[NAME_SIZE], size_t count) {
    char variants[512];
    assert_in_range(snprintf(variants, sizeof variants, "%s", line->variants), 1, 511);
    char *rest = variants;
    for (char *variant = piece_next(&rest, ","); variant; variant = piece_next(&rest, ",")) {
        char shapes[1024];
        assert_in_range(snprintf(shapes, sizeof shapes, "%s", line->shapes), 1, 1023);
        char *left = shapes;
        for (char *shape = piece_next(&left, " "); shape; shape = piece_next(&left, " ")) {
            assert_in_range(count, 0, CASES_MAX - 1);
            struct bench_case c = case_parsed(operation, variant, shape);
            case_name(&c, names[count++], NAME_SIZE);
        }
    }
    return count;
}

TEST(presets_hold_known_cases_once) {
    char(*names)[NAME_SIZE] = malloc(CASES_MAX * sizeof *names);
    assert_non_null(names);
    for (int p = 0; p < preset_count; p++) {
        size_t count = 0;
        for (int o = 0; o < operation_count; o++)
            for (const struct preset_line *line = operations[o]->preset_lines; line->preset; line++)
                if (strcmp(line->preset, presets[p].name) == 0)
                    count = line_expand(operations[o]->name, line, names, count);
        assert_true(count > 0);
        for (size_t i = 0; i < count; i++)
            for (size_t j = 0; j < i; j++)
                if (strcmp(names[i], names[j]) == 0)
                    fail_msg("preset %s has %s twice", presets[p].name, names[i]);
    }
    free(names);
}

TEST(operations_are_of_known_presets) {
    for (int o = 0; o < operation_count; o++)
        for (const struct preset_line *line = operations[o]->preset_lines; line->preset; line++)
            if (!preset_find(line->preset))
                fail_msg("%s is of preset %s, which is none", operations[o]->name, line->preset);
}

/* An implementation's time is predicted from the shapes before. */
TEST(presets_go_from_small_to_large) {
    char(*names)[NAME_SIZE] = malloc(CASES_MAX * sizeof *names);
    assert_non_null(names);
    static const char *const in_order[] = {"squares", "yardsticks"};
    for (size_t p = 0; p < sizeof in_order / sizeof in_order[0]; p++) {
        const struct preset_line *first = operation_gemm.preset_lines;
        while (first->preset && strcmp(first->preset, in_order[p]) != 0)
            first++;
        assert_non_null(first->preset);
        const struct preset_line line = {in_order[p], "nn", first->shapes};
        size_t count = line_expand("gemm", &line, names, 0);
        double before = 0.0;
        for (size_t i = 0; i < count; i++) {
            struct bench_case c = case_parsed("gemm", "nn", strrchr(names[i], '/') + 1);
            assert_true(c.operation->flops(&c) > before);
            before = c.operation->flops(&c);
        }
    }
    free(names);
}

TEST(presets_are_found_by_their_names) {
    for (int p = 0; p < preset_count; p++)
        assert_ptr_equal(preset_find(presets[p].name), &presets[p]);
    assert_non_null(preset_find("default"));
    assert_non_null(preset_find("quick"));
    assert_null(preset_find("none"));
    assert_null(preset_find(""));
}
