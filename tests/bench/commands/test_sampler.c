/* Times on request: what a sampling process answers. */
#include "bench/commands/sampler.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The options of a run of cpu-naive and openblas over one small GEMM. */
static struct run_options small(void) {
    static const char *const names[] = {"gemm"};
    return (struct run_options){.selection = {.operations = names,
                                              .operation_count = 1,
                                              .case_glob = "gemm/nn/f32/8x8x8",
                                              .preset = "quick",
                                              .seed = 1},
                                .implementations = "cpu-naive,openblas",
                                .gpu = "none",
                                .threads = 1,
                                .quick = true};
}

/* What is answered to the requests, to be freed. */
static char *answers(const struct run_options *options, const char *requests) {
    char text[512], *out = NULL;
    size_t size;
    struct message message = {""};
    snprintf(text, sizeof text, "%s", requests);
    FILE *in = fmemopen(text, strlen(text), "r"), *memory = open_memstream(&out, &size);
    assert_non_null(in);
    assert_non_null(memory);
    enum status status = sampler_serve(options, in, memory, &message);
    assert_int_equal(fclose(in), 0);
    assert_int_equal(fclose(memory), 0);
    if (status != STATUS_OK)
        fail_msg("%s", message.text);
    return out;
}

/* The line of that number, without its newline. */
static void line_of(const char *text, int number, char *line, size_t size) {
    for (int i = 0; i < number; i++) {
        text = strchr(text, '\n');
        assert_non_null(text);
        text++;
    }
    snprintf(line, size, "%.*s", (int)strcspn(text, "\n"), text);
}

static void check_line(const char *text, int number, const char *expected) {
    char line[1024];
    line_of(text, number, line, sizeof line);
    assert_string_equal(line, expected);
}

static void check_times(const char *text, int number, int count) {
    char line[1024], *end;
    line_of(text, number, line, sizeof line);
    assert_int_equal(strncmp(line, "times ", 6), 0);
    int times = 0;
    for (char *at = line + 5; *at; at = end, times++) {
        double seconds = strtod(at, &end);
        assert_true(end != at && seconds > 0.0 && seconds < 1.0);
    }
    assert_int_equal(times, count);
}

static void test_a_case_is_opened_verified_and_sampled(void **state) {
    (void)state;
    const struct run_options options = small();
    char *text = answers(&options, "open 0 verify\ntake 0 1\ntake 1 7\n");
    check_line(text, 0, "lockstep-samples 1 1");
    check_line(text, 1, "rows 2 gemm/nn/f32/8x8x8");
    check_line(text, 2, "cpu-naive\tcpu\t1\thot\tready\t");
    check_line(text, 3, "openblas\tcpu\t1\thot\tready\t");
    check_times(text, 4, 1);
    check_times(text, 5, 7);
    free(text);
}

static void test_requests_that_cannot_be_met(void **state) {
    (void)state;
    const struct run_options options = small();
    char *text = answers(&options, "take 0 1\nopen 1\nopen 0\ntake 2 1\ntake -1 1\ntake 0 0\n"
                                   "take 0 1001\nwalk\n\ntake 0 2\n");
    static const char no_row[] = "broke there is no such row to take so many samples of";
    check_line(text, 1, no_row);
    check_line(text, 2, "broke there is no case of that number");
    check_line(text, 3, "rows 2 gemm/nn/f32/8x8x8");
    for (int i = 6; i < 10; i++)
        check_line(text, i, no_row);
    check_line(text, 10, "broke the request was not understood");
    check_line(text, 11, "broke the request was not understood");
    check_times(text, 12, 2);
    free(text);
}

static void test_wrong_options_are_refused(void **state) {
    (void)state;
    struct run_options options = small();
    struct message message = {""};
    options.implementations = "mkl";
    assert_int_equal(sampler_serve(&options, stdin, stdout, &message), STATUS_INVALID);
    assert_non_null(strstr(message.text, "there is no implementation 'mkl'"));
    options = small();
    options.selection.preset = "none";
    options.selection.case_glob = NULL;
    assert_int_equal(sampler_serve(&options, stdin, stdout, &message), STATUS_INVALID);
    options = small();
    options.gpu = "first";
    assert_int_equal(sampler_serve(&options, stdin, stdout, &message), STATUS_INVALID);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_case_is_opened_verified_and_sampled),
        cmocka_unit_test(test_requests_that_cannot_be_met),
        cmocka_unit_test(test_wrong_options_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
