/* Where the level of a series changed. */
#include "bench/statistics/steps.h"
#include "common/random.h"
#include "tests/support/test.h"

#include <math.h>

enum { COUNT = 200, LEVELS_MAX = 8 };

struct found {
    struct level levels[LEVELS_MAX];
    size_t count;
};

static struct found find(const double *values, size_t count) {
    struct found found;
    struct message message = {""};
    assert_int_equal(
        steps_find(values, count, 0.05, 0.01, found.levels, LEVELS_MAX, &found.count, &message),
        STATUS_OK);
    size_t covered = 0;
    for (size_t i = 0; i < found.count; i++) {
        assert_int_equal(found.levels[i].begin, covered);
        covered += found.levels[i].count;
    }
    assert_int_equal(covered, count);
    return found;
}

/* Values that spread over `spread` of 1, from `stream`. */
static void draw(double values[COUNT], double spread, uint64_t stream) {
    for (uint64_t i = 0; i < COUNT; i++)
        values[i] = 1.0 + (double)random_uniform(3, stream, i, 0.0f, (float)spread);
}

TEST(no_step) {
    double values[COUNT];
    size_t split = 0;
    for (uint64_t stream = 0; stream < 200; stream++) {
        draw(values, 0.2, stream);
        split += find(values, COUNT).count > 1;
    }
    assert_in_range(split, 0, 2);
    for (size_t i = 0; i < COUNT; i++)
        values[i] = 1.0;
    assert_int_equal(find(values, COUNT).count, 1);
    assert_int_equal(find(values, 1).count, 1);
}

TEST(a_level_has_its_median) {
    assert_true(find((const double[]){1.04, 1.01, 1.02, 1.09, 1.03}, 5).levels[0].median == 1.03);
    assert_true(find((const double[]){1.25, 1.0, 1.5, 1.75}, 4).levels[0].median == 1.375);
}

TEST(two_steps_are_where_they_were_made) {
    double values[COUNT];
    draw(values, 0.05, 0);
    for (size_t i = 70; i < COUNT; i++)
        values[i] *= i < 130 ? 1.2 : 0.9;
    struct found found = find(values, COUNT);
    assert_int_equal(found.count, 3);
    assert_int_equal(found.levels[1].begin, 70);
    assert_int_equal(found.levels[2].begin, 130);
    assert_true(fabs(found.levels[1].median / found.levels[0].median - 1.2) < 0.02);
    assert_true(found.levels[0].p == 0.0 && found.levels[1].p <= 0.01);
}

/* The arithmetic of Pettitt's test, by hand: 8 low values, then 8 high ones: K = 64. */
TEST(the_smallest_step) {
    double values[COUNT];
    for (size_t i = 0; i < 16; i++)
        values[i] = (i < 8 ? 1.0 : 2.0) + 0.001 * (double)((7 * i) % 16);
    struct found found = find(values, 16);
    assert_int_equal(found.count, 2);
    assert_int_equal(found.levels[1].begin, 8);
    double p = 2.0 * exp(-6.0 * 64.0 * 64.0 / (16.0 * 16.0 * 16.0 + 16.0 * 16.0));
    assert_true(fabs(found.levels[1].p - p) < 1e-12);
}

TEST(a_wild_run_is_no_step) {
    double values[COUNT];
    draw(values, 0.02, 0);
    values[100] = 1000.0;
    values[150] = 1e-3;
    assert_int_equal(find(values, COUNT).count, 1);
}

/* A change for sure, but one that does not matter. */
TEST(a_small_change_is_no_step) {
    double values[COUNT];
    draw(values, 0.01, 0);
    for (size_t i = 100; i < COUNT; i++)
        values[i] *= 1.04;
    assert_int_equal(find(values, COUNT).count, 1);
    for (size_t i = 100; i < COUNT; i++)
        values[i] *= 1.03;
    assert_int_equal(find(values, COUNT).count, 2);
}

TEST(levels_have_room) {
    double values[COUNT];
    draw(values, 0.01, 0);
    for (size_t i = 0; i < COUNT; i++) {
        size_t level = i / 20;
        values[i] *= pow(1.5, (double)level);
    }
    assert_in_range(find(values, COUNT).count, 4, LEVELS_MAX);
}
