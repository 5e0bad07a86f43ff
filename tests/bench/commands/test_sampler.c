/* Times on request: what a sampling process answers. */
#include "bench/run/sampler.h"
#include "tests/support/test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

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

TEST(a_case_is_opened_verified_and_sampled) {
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

/* --- the first sample of a request ------------------------------------------------------------ */

/* The clock of this program, and requests that come a line at a time: the readings behind each
 * request are far apart, as if another process had run in between. */
enum { SLOW_READINGS = 5 }; /* those of one sample: its beginning, a batch to warm up, the batch */
static const double slow_step = 1.0, step = 1e-3;
static bool scripted;
static int slow_readings;
static double now;

/* Takes the place of libc's. */
int clock_gettime(clockid_t clock, struct timespec *time) {
    if (!scripted)
        return (int)syscall(SYS_clock_gettime, clock, time);
    now += slow_readings > 0 ? slow_step : step;
    slow_readings -= slow_readings > 0;
    *time = (struct timespec){.tv_sec = (time_t)now, .tv_nsec = (long)(1e9 * fmod(now, 1.0))};
    return 0;
}

static ssize_t request_read(void *cookie, char *buffer, size_t size) {
    const char **rest = cookie;
    size_t length = strcspn(*rest, "\n") + (**rest != '\0');
    assert_in_range(length, 0, size);
    memcpy(buffer, *rest, length);
    *rest += length;
    slow_readings = SLOW_READINGS;
    return (ssize_t)length;
}

/* It brings caches and clocks back, so it is taken besides those that were asked for. */
TEST(the_first_sample_of_a_request_is_dropped) {
    struct run_options options = small();
    struct message message = {""};
    const char *requests = "open 0\ntake 0 1\ntake 0 3\ntake 0 2\n";
    char *text = NULL, line[1024];
    size_t size;
    options.implementations = "cpu-naive";
    FILE *in = fopencookie(&requests, "r", (cookie_io_functions_t){.read = request_read});
    FILE *out = open_memstream(&text, &size);
    assert_true(in && out);
    scripted = true;
    enum status status = sampler_serve(&options, in, out, &message);
    scripted = false;
    assert_int_equal(fclose(in), 0);
    assert_int_equal(fclose(out), 0);
    assert_int_equal(status, STATUS_OK);
    for (int request = 4; request <= 5; request++) { /* behind a warm-up: lines from 0 */
        check_times(text, request, request == 4 ? 3 : 2);
        line_of(text, request, line, sizeof line);
        char *end, *at = line + strlen("times");
        for (double seconds = strtod(at, &end); end != at; seconds = strtod(at, &end)) {
            assert_true(seconds < 2.0 * step);
            at = end;
        }
    }
    free(text);
}

TEST(requests_that_cannot_be_met) {
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

TEST(wrong_options_are_refused) {
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
