/* Numbers with bounds: whatever lies within the bounds of the arguments gives a float64 result
 * within the bound of the result, with room for what float32 loses. The arguments are moved to the
 * ends of their bounds and between, many times. */
#include "common/instruction_set.h"
#include "common/mlp_model.h"
#include "common/random.h"
#include "reference/oracle/bounded_functions.h"
#include "reference/oracle/bounded_product.h"
#include "reference/oracle/bounded_tile.h"
#include "reference/oracle/functions.h"
#include "tests/support/test.h"

#include <math.h>
#include <stdlib.h>

static const double roundoff = 0x1p-24;

/* Uniform in [-1, 1], and often -1 or 1. */
static double spread(uint64_t seed, uint64_t index) {
    double unit = (double)random_uniform(seed, 1, index, -1.5F, 1.5F);
    return fmax(-1.0, fmin(1.0, unit));
}

/* --- activations ------------------------------------------------------------------------------*/

static const double errors[] = {0.0, 1e-7, 1e-5, 1e-3, 0.03, 0.5, 4.0};
enum { ERRORS = sizeof errors / sizeof errors[0], MOVES = 40 };

static void check_activation(enum activation_function function, struct bounded z, uint64_t seed) {
    struct bounded y = bounded_activation(function, z);
    for (uint64_t i = 0; i < MOVES; i++) {
        double moved = z.value + z.error * spread(seed, i);
        struct point at = oracle_function_value(function, moved, 0.0);
        assert_true(fabs(at.value - y.value) + at.error <= y.error + 1e-15);
    }
    assert_true(fabs(y.value - oracle_function_value(function, z.value, 0.0).value) <= 1e-15);
    /* Useful as well: within a factor 1.2 of the slope's share and twice the roundings at z. */
    double own = oracle_function_value(function, z.value, 0.0).error;
    assert_true(y.error <= 1.13 * z.error + 2.0 * own + 512.0 * roundoff * z.error + 1e-9);
}

/* dy f'(z) where z moves and y = f(z) with it, or y by as much as its own bound allows. */
static void check_backward(enum activation_function function, struct bounded z, struct bounded dy,
                           uint64_t seed) {
    struct bounded kept = mlp_keeps_input(function) ? z : bounded_activation(function, z);
    struct bounded dz = bounded_activation_backward(function, kept, dy);
    for (uint64_t i = 0; i < MOVES; i++) {
        double moved_dy = dy.value + dy.error * spread(seed + 1, i);
        double moved = kept.value + kept.error * spread(seed, i);
        struct point slope = oracle_function_slope(function, moved, 0.0);
        if (function == ACTIVATION_RELU && moved <= 0.0)
            slope.value = 0.0;
        double distance = fabs(moved_dy * slope.value - dz.value);
        assert_true(distance + fabs(moved_dy) * slope.error <= dz.error + 1e-15);
    }
}

TEST(activations_hold_their_bounds) {
    for (int f = ACTIVATION_IDENTITY; f < ACTIVATION_FUNCTIONS; f++)
        for (int e = 0; e < ERRORS; e++)
            for (int i = -800; i <= 800; i++) {
                enum activation_function function = (enum activation_function)f;
                struct bounded z = {(double)i / 64.0, errors[e]};
                struct bounded dy = {0.7, errors[(e + i + 800) % ERRORS]};
                check_activation(function, z, (uint64_t)i + 800);
                check_backward(function, z, dy, (uint64_t)i + 800);
            }
}

TEST(relu_is_certain_away_from_its_kink) {
    struct bounded dy = {2.0, 0.25};
    struct bounded on = bounded_activation(ACTIVATION_RELU, (struct bounded){1.0, 0.5});
    struct bounded off = bounded_activation(ACTIVATION_RELU, (struct bounded){-1.0, 0.5});
    struct bounded open = bounded_activation(ACTIVATION_RELU, (struct bounded){-0.25, 0.5});
    assert_true(on.value == 1.0 && on.error == 0.5);
    assert_true(off.value == 0.0 && off.error == 0.0);
    assert_true(open.value == 0.0 && open.error == 0.5);
    struct bounded dz = bounded_activation_backward(ACTIVATION_RELU, on, dy);
    assert_true(dz.value == 2.0 && dz.error == 0.25);
    dz = bounded_activation_backward(ACTIVATION_RELU, off, dy);
    assert_true(dz.value == 0.0 && dz.error == 0.0);
    dz = bounded_activation_backward(ACTIVATION_RELU, open, dy);
    assert_true(dz.value == 0.0 && dz.error == 2.25);
    assert_true(bounded_error(0.0) == 0.0F);
    assert_true((double)bounded_error(1.0 / 3.0) >= 1.0 / 3.0);
}

/* --- softmax and losses ----------------------------------------------------------------------- */

enum { COLUMNS = 7 };

struct row {
    double values[COLUMNS];
    float errors[COLUMNS];
};

static struct row random_row(uint64_t seed) {
    static const float scales[] = {0.1F, 3.0F, 40.0F};
    struct row row;
    for (uint64_t j = 0; j < COLUMNS; j++) {
        row.values[j] = (double)(scales[seed % 3] * random_uniform(seed, 2, j, -1.0F, 1.0F));
        row.errors[j] = (float)(errors[seed % ERRORS] * fabs(spread(seed + 7, j)));
    }
    return row;
}

static struct row moved_row(const struct row *row, uint64_t seed) {
    struct row moved = *row;
    for (uint64_t j = 0; j < COLUMNS; j++)
        moved.values[j] += (double)row->errors[j] * spread(seed, j);
    return moved;
}

static double log_sum_exp(const struct row *row) {
    double maximum = row->values[0], sum = 0.0;
    for (int j = 1; j < COLUMNS; j++)
        maximum = fmax(maximum, row->values[j]);
    for (int j = 0; j < COLUMNS; j++)
        sum += exp(row->values[j] - maximum);
    return maximum + log(sum);
}

TEST(softmax_and_cross_entropy_hold_their_bounds) {
    for (uint64_t seed = 0; seed < 420; seed++) {
        struct row logits = random_row(seed), softmax = logits, gradient = logits;
        int64_t label = (int64_t)(seed % COLUMNS);
        bounded_softmax(COLUMNS, softmax.values, softmax.errors);
        struct bounded loss =
            bounded_cross_entropy(COLUMNS, label, 4, gradient.values, gradient.errors);
        for (uint64_t i = 0; i < MOVES; i++) {
            struct row moved = moved_row(&logits, seed * MOVES + i);
            double sum = log_sum_exp(&moved);
            assert_true(fabs(sum - moved.values[label] - loss.value) <= loss.error);
            for (int j = 0; j < COLUMNS; j++) {
                double p = exp(moved.values[j] - sum);
                double g = (p - (j == label ? 1.0 : 0.0)) / 4.0;
                assert_true(fabs(p - softmax.values[j]) <= (double)softmax.errors[j]);
                assert_true(fabs(g - gradient.values[j]) <= (double)gradient.errors[j]);
            }
        }
    }
}

/* With exact logits the bounds are those of float32 alone: some dozens of roundings. */
TEST(softmax_of_exact_logits_is_sharp) {
    struct row logits = {{0.5, -1.0, 2.0, 0.25, 1.0, -2.0, 0.0}, {0}}, softmax = logits;
    bounded_softmax(COLUMNS, softmax.values, softmax.errors);
    struct bounded loss = bounded_cross_entropy(COLUMNS, 0, 1, logits.values, logits.errors);
    for (int j = 0; j < COLUMNS; j++) {
        assert_true((double)softmax.errors[j] > 4.0 * roundoff * softmax.values[j]);
        assert_true((double)softmax.errors[j] < 300.0 * roundoff * softmax.values[j]);
    }
    assert_true(loss.error < 300.0 * roundoff);
}

TEST(mse_holds_its_bounds) {
    for (uint64_t seed = 0; seed < 210; seed++) {
        struct row prediction = random_row(seed), gradient = prediction;
        float target[COLUMNS];
        for (uint64_t j = 0; j < COLUMNS; j++)
            target[j] = random_uniform(seed, 3, j, -1.0F, 1.0F);
        struct bounded loss = bounded_mse(COLUMNS, target, 5, gradient.values, gradient.errors);
        for (uint64_t i = 0; i < MOVES; i++) {
            struct row moved = moved_row(&prediction, seed * MOVES + i);
            double sum = 0.0;
            for (int j = 0; j < COLUMNS; j++) {
                double r = moved.values[j] - (double)target[j];
                double g = 2.0 * r / (5.0 * COLUMNS);
                sum += r * r;
                assert_true(fabs(g - gradient.values[j]) <= (double)gradient.errors[j]);
            }
            assert_true(fabs(sum / COLUMNS - loss.value) <= loss.error);
        }
    }
}

/* --- products ---------------------------------------------------------------------------------*/

struct operand {
    double *value;
    float *error, *held; /* held: a float within the bound */
};

static struct operand operand_open(int64_t count, uint64_t seed, double error) {
    struct operand operand = {malloc((size_t)count * sizeof(double)),
                              malloc((size_t)count * sizeof(float)),
                              malloc((size_t)count * sizeof(float))};
    for (int64_t i = 0; i < count; i++) {
        operand.held[i] = random_uniform(seed, 4, (uint64_t)i, -1.0F, 1.0F);
        operand.value[i] = (double)operand.held[i] + error * spread(seed, (uint64_t)i);
        operand.error[i] = bounded_error(error);
    }
    return operand;
}

static void operand_close(struct operand *operand) {
    free(operand->value);
    free(operand->error);
    free(operand->held);
}

static void check_product(int64_t m, int64_t n, int64_t k, double error_a, double error_b) {
    struct operand a = operand_open(m * k, 1, error_a), b = operand_open(k * n, 2, error_b);
    double *value = malloc((size_t)(m * n) * sizeof *value);
    float *error = malloc((size_t)(m * n) * sizeof *error);
    struct bounded_matrix view_a = {
        .value = a.value, .error = a.error, .row_stride = k, .column_stride = 1};
    /* B is stored transposed, [n, k]. */
    struct bounded_matrix view_b = {.value = b.value,
                                    .error = b.error,
                                    .exact = error_b == 0.0 ? b.held : NULL,
                                    .row_stride = 1,
                                    .column_stride = k};
    bounded_product(m, n, k, view_a, view_b, roundoff, value, error);
    for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j < n; j++) {
            double exact = 0.0, bound = 0.0;
            float sum = 0.0F;
            for (int64_t p = 0; p < k; p++) {
                double va = a.value[i * k + p], vb = b.value[j * k + p];
                exact += va * vb;
                sum += a.held[i * k + p] * b.held[j * k + p];
                bound += (double)(k + 2) * roundoff * (fabs(va) + error_a) * (fabs(vb) + error_b) +
                         error_a * (fabs(vb) + error_b) + fabs(va) * error_b;
            }
            assert_true(fabs(value[i * n + j] - exact) <= 1e-12);
            assert_true(fabs((double)sum - exact) <= (double)error[i * n + j]);
            assert_true((double)error[i * n + j] >= bound);
            assert_true((double)error[i * n + j] <= bound * 1.001);
        }
    operand_close(&a);
    operand_close(&b);
    free(value);
    free(error);
}

TEST(products_hold_their_bounds) {
    static const int64_t shapes[][3] = {{1, 1, 1},   {4, 8, 3},    {5, 9, 257},  {3, 65, 256},
                                        {17, 1, 40}, {2, 130, 19}, {33, 63, 513}};
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        check_product(shapes[i][0], shapes[i][1], shapes[i][2], 0.0, 0.0);
        check_product(shapes[i][0], shapes[i][1], shapes[i][2], 1e-4, 0.0);
        check_product(shapes[i][0], shapes[i][1], shapes[i][2], 1e-3, 1e-2);
    }
}

TEST(every_instruction_set_gives_the_same_bits) {
    bounded_tile_function *const functions[INSTRUCTION_SETS] = {
        bounded_tile_baseline, bounded_tile_avx2, bounded_tile_avx512};
    struct packed_rows a;
    struct packed_columns b;
    for (uint64_t p = 0; p < TILE_DEPTH; p++) {
        for (uint64_t i = 0; i < TILE_ROWS; i++) {
            a.value[p][i] = spread(11, p * TILE_ROWS + i);
            a.scaled[p][i] = random_uniform(12, 1, p * TILE_ROWS + i, 0.0F, 1e-4F);
            a.absolute[p][i] = fabsf((float)a.value[p][i]);
        }
        for (uint64_t j = 0; j < TILE_COLUMNS; j++) {
            b.value[p][j] = spread(13, p * TILE_COLUMNS + j);
            b.absolute[p][j] = fabsf((float)b.value[p][j]);
            b.error[p][j] = random_uniform(14, 1, p * TILE_COLUMNS + j, 0.0F, 1e-4F);
        }
    }
    struct bounded_tile first, other;
    bounded_tile_baseline(TILE_DEPTH, &a, &b, false, &first);
    for (enum instruction_set set = INSTRUCTION_SET_AVX2; set <= instruction_set_best(); set++) {
        functions[set](TILE_DEPTH, &a, &b, false, &other);
        assert_memory_equal(&first, &other, sizeof first);
    }
}
