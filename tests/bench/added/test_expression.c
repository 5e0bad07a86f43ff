/* Expressions of launch lines: what they are worth for a shape, and how mistakes are named. */
#include "bench/added/expression.h"
#include "bench/operations/operations.h"
#include "tests/support/test.h"

#include <string.h>

/* gemm of 100x30x7. */
static void launch_make(struct launch *launch) {
    const struct bench_case c = {.operation = &operation_gemm,
                                 .size_count = 3,
                                 .sizes = {100, 30, 7},
                                 .settings = {.alpha = 0.5f}};
    void *none[BUFFERS_MAX] = {0};
    *launch = (struct launch){.kept = NULL};
    c.operation->bind(&c, none, launch);
}

static enum status parse(const char *text, struct expression **expression,
                         struct message *message) {
    struct line_reader reader = {.file = "mine.cu", .line = 7, .text = text, .at = text};
    const struct names names = {.operation = &operation_gemm};
    enum status status = expression_parse(&reader, &names, expression, message);
    if (status == STATUS_OK && line_has_more(&reader))
        fail_msg("\"%s\": \"%s\" is left", text, reader.at);
    return status;
}

static void check_whole(const char *text, int64_t wanted) {
    struct expression *expression;
    struct message message = {""};
    struct launch launch;
    int64_t value = 0;
    launch_make(&launch);
    if (parse(text, &expression, &message) != STATUS_OK ||
        expression_whole(expression, &launch, &value, &message) != STATUS_OK)
        fail_msg("\"%s\": %s", text, message.text);
    if (value != wanted)
        fail_msg("\"%s\" is %lld instead of %lld", text, (long long)value, (long long)wanted);
    expression_free(expression);
}

TEST(whole_numbers) {
    check_whole("M", 100);
    check_whole("m + N * k", 310);
    check_whole("(M + N) * K", 910);
    check_whole("M - N - K", 63);
    check_whole("-K + 10", 3);
    check_whole("M / 32", 3);
    check_whole("(M + 31) / 32", 4);
    check_whole("ceil(M / 32)", 4);
    check_whole("ceil(M / 50)", 2);
    check_whole("ceil((M / 8) / 4)", 4);
    check_whole("floor(M / 32)", 3);
    check_whole("ceil(-M / 32)", -3);
    check_whole("M % 32", 4);
    check_whole("0x10 + 1u", 17);
    check_whole("min(M, N) + max(K, 9)", 39);
    check_whole("ceil(sqrt(M))", 10);
    check_whole("ceil(2.5)", 3);
}

TEST(conditions) {
    check_whole("K % 7 == 0 && M >= 100", 1);
    check_whole("K % 4 == 0 || N < 30", 0);
    check_whole("!(M != 100)", 1);
    check_whole("alpha == 0.5", 1);
    check_whole("M <= 99", 0);
    check_whole("M > 99 && N > 29 && K > 6", 1);
    check_whole("K == 7 || 1 / 0", 1); /* the right side is not computed */
    check_whole("beta == 0", 1);
}

TEST(real_numbers) {
    static const struct {
        const char *text;
        double wanted;
    } cases[] = {{"1 - pow(alpha, 2)", 0.75},
                 {"alpha / M", 0.005},
                 {"sqrt(1.0 - 0.75f)", 0.5},
                 {"2.0 / (M * N)", 2.0 / 3000.0}};
    struct launch launch;
    launch_make(&launch);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct expression *expression;
        struct message message = {""};
        double value = 0.0;
        assert_int_equal(parse(cases[i].text, &expression, &message), STATUS_OK);
        assert_true(expression_is_real(expression));
        assert_int_equal(expression_real(expression, &launch, &value, &message), STATUS_OK);
        assert_true(value == cases[i].wanted);
        expression_free(expression);
    }
}

static void check_refused(const char *text, const char *words) {
    struct expression *expression;
    struct message message = {""};
    assert_int_equal(parse(text, &expression, &message), STATUS_INVALID);
    if (!strstr(message.text, words))
        fail_msg("\"%s\": \"%s\" should hold \"%s\"", text, message.text, words);
    assert_null(expression);
}

TEST(mistakes_are_named_by_column) {
    check_refused("M + columns",
                  "mine.cu:7:5: gemm has no 'columns'; what it has are: variant m n");
    check_refused("ceil(M / 32", "mine.cu:7:12: a closing parenthesis is wanted here");
    check_refused("M +", "mine.cu:7:4: a value is wanted here, and the line ends");
    check_refused("(M", "closing parenthesis");
    check_refused("12abc", "mine.cu:7:3: a number is followed by letters");
    check_refused("99999999999999999999", "beyond 64 bits");
    check_refused("min(M)", "a second operand");
    check_refused("* 3", "mine.cu:7:1: a value is wanted here");
    char deep[300];
    memset(deep, '(', sizeof deep);
    deep[sizeof deep - 1] = '\0';
    check_refused(deep, "nested too deeply");
}

static void check_fails(const char *text, const char *words) {
    struct expression *expression;
    struct message message = {""};
    struct launch launch;
    int64_t value = 0;
    launch_make(&launch);
    assert_int_equal(parse(text, &expression, &message), STATUS_OK);
    assert_int_equal(expression_whole(expression, &launch, &value, &message), STATUS_FAILED);
    if (!strstr(message.text, words))
        fail_msg("\"%s\": \"%s\" should hold \"%s\"", text, message.text, words);
    expression_free(expression);
}

TEST(what_a_shape_makes_impossible) {
    check_fails("M / (K - 7)", "mine.cu:7:3: division by zero");
    check_fails("M % (K - 7)", "division by zero");
    check_fails("M * 9223372036854775807", "beyond 64 bits");
    check_fails("alpha * 3", "a whole number is wanted, and this is 1.5");
    check_fails("sqrt(-1)", "a whole number is wanted, and this is none");
    check_fails("ceil(alpha * 1e30)", "beyond 64 bits");
}

static void check_reads(const char *text, bool wanted) {
    struct expression *expression;
    struct message message = {""};
    assert_int_equal(parse(text, &expression, &message), STATUS_OK);
    if (expression_reads(expression, "batch") != wanted)
        fail_msg("\"%s\" %s batch", text, wanted ? "does not read" : "reads");
    expression_free(expression);
}

/* By which a row is one that takes batches. */
TEST(what_is_read_is_known) {
    check_reads("batch", true);
    check_reads("ceil(M * BATCH / 8)", true);
    check_reads("-(1 + batch)", true);
    check_reads("M + stride_a", false);
    check_reads("7", false);
}
