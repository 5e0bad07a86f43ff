/* The rule by which results are compared: what passes for equal, what is never let pass, and
 * what a failing launch says. */
#include "bench/operations/operations.h"
#include "reference/naive.h"
#include "tests/support/bout.h"
#include "tests/support/test.h"

#include <float.h>
#include <math.h>
#include <stdio.h>

/* Copies are exact, so that each damage is the only one. `was` picks the element. */
static void catch_special(float was, float becomes, bool caught) {
    struct settings settings = bout_plain;
    settings.values = VALUES_SPECIAL;
    struct bout *bout = bout_open(&operation_transfer, TRANSFER_COPY, "5000", &settings, 0.0);
    const struct implementation *original = &operation_transfer.implementations[0];
    const struct implementation broken = breakage_of(&operation_transfer, original);
    const float *a = bout->inputs.data[0];
    int64_t i = 0;
    while (i < 5000 && !(isnan(was) ? isnan(a[i]) : a[i] == was))
        i++;
    assert_in_range(i, 0, 4999);
    struct place place = {.bout = bout, .buffer = 2, .first = i, .count = 1, .value = becomes};
    struct message message;
    breakage.damage = damage_write;
    breakage.argument = &place;
    enum status status = bout_verify(bout, &broken, &message);
    if (status != (caught ? STATUS_WRONG : STATUS_OK))
        fail_msg("%g that became %g: status %d %s", (double)was, (double)becomes, (int)status,
                 message.text);
    bout_close(bout);
}

TEST(the_rule_of_comparison) {
    catch_special(NAN, 0.0F, true);
    catch_special(NAN, INFINITY, true);
    catch_special(NAN, -NAN, false);
    catch_special(INFINITY, -INFINITY, true);
    catch_special(INFINITY, FLT_MAX, true);
    catch_special(INFINITY, NAN, true);
    catch_special(-INFINITY, -FLT_MAX, true);
    catch_special(0.0F, NAN, true);
    catch_special(0.0F, FLT_MIN, true);
    catch_special(0.0F, -0.0F, false);
}

/* Leaves alone what should become NaN. */
static enum status softmax_leaving_nans(const struct softmax_problem *problem,
                                        struct execution *execution) {
    float before = problem->output[0];
    enum status status = softmax_naive(problem, execution);
    for (int64_t i = 0; i < problem->rows * problem->columns; i++)
        if (isnan(problem->output[i]))
            problem->output[i] = before;
    return status;
}

/* Among NaNs poison must be a number, or what was never written would pass for a result. */
TEST(what_was_not_written_shows_among_nans) {
    struct settings settings = bout_plain;
    settings.values = VALUES_SPECIAL;
    struct bout *bout = bout_open(&operation_softmax, SOFTMAX_FORWARD, "9x200", &settings, 0.0);
    struct implementation broken = operation_softmax.implementations[0];
    bout_pass(bout, &broken);
    broken.run = RUN(softmax, softmax_leaving_nans);
    bout_catch(bout, &broken, "a row that was not written", "y[");
    bout_close(bout);
}

/* Rows are compared by several threads, and the worst of all must come out. */
TEST(one_wrong_row_among_many_is_caught) {
    enum { ROWS = 5000, COLUMNS = 4 };
    struct bout *bout = bout_open(&operation_softmax, SOFTMAX_FORWARD, "5000x4", &bout_plain, 0.0);
    const struct implementation *original = &operation_softmax.implementations[0];
    const struct implementation broken = breakage_of(&operation_softmax, original);
    for (int64_t row = 0; row < ROWS; row += 307) {
        char words[32];
        snprintf(words, sizeof words, "y[%lld,2]", (long long)row);
        struct place place = {.bout = bout, .buffer = 2, .first = row * COLUMNS + 2, .count = 1};
        bout_catch_damage(bout, &broken, damage_wrong, &place, "a wrong row", words);
    }
    bout_close(bout);
}

/* An implementation that fails is no wrong result: its own status and reason come back. */
static enum status gemm_failing(const struct gemm_problem *problem, struct execution *execution) {
    (void)problem;
    return message_set(execution->message, STATUS_FAILED, "the library gave up");
}

TEST(a_failing_launch_keeps_its_reason) {
    struct bout *bout = bout_open(&operation_gemm, GEMM_NN, "4x4x4", &bout_plain, 0.0);
    struct implementation failing = operation_gemm.implementations[0];
    failing.run = RUN(gemm, gemm_failing);
    struct message message;
    assert_int_equal(bout_verify(bout, &failing, &message), STATUS_FAILED);
    assert_string_equal(message.text, "the library gave up");
    bout_close(bout);
}
