/* The page in a browser: headless Chromium opens it, filters, sorts, and says what it saw in the
 * page's title. Without a chromium on the PATH the program ends with 77: skipped.
 */
#define TESTS_OWN_MAIN
#include "bench/files/results.h"
#include "bench/report/report.h"
#include "tests/support/temporary.h"
#include "tests/support/test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct temporary place;

/* --- a run ------------------------------------------------------------------------------------ */

static void rows_write(FILE *file, const char *operation, const char *shape, double seconds) {
    static const char *const implementations[] = {"cpu-naive", "cpu-simd", "onednn"};
    for (int i = 0; i < 3; i++) {
        double median = seconds * (i == 0 ? 9.0 : i == 1 ? 1.0 : 2.0);
        struct result row = {.key = {.variant = "forward",
                                     .dtype = "f32",
                                     .device = "cpu",
                                     .threads = i == 0 ? 1 : 2,
                                     .mode = "hot"},
                             .status = "measured",
                             .samples = 10,
                             .iterations = 1,
                             .median_s = median,
                             .low_s = 0.99 * median,
                             .high_s = 1.01 * median,
                             .mean_s = median,
                             .min_s = 0.98 * median,
                             .noise = 0.02,
                             .transfer_s = NAN,
                             .flops = 1e6,
                             .bytes = 1e6,
                             .gflops = 1e-3 / median,
                             .gbps = 1e-3 / median,
                             .limit_fraction = 0.5,
                             .speedup = seconds / median,
                             .speedup_with_transfer = NAN,
                             .verified = "yes",
                             .error = 1e-6,
                             .tolerance = 1e-5,
                             .energy_j = NAN};
        snprintf(row.key.operation, sizeof row.key.operation, "%s", operation);
        snprintf(row.key.shape, sizeof row.key.shape, "%s", shape);
        snprintf(row.key.implementation, sizeof row.key.implementation, "%s", implementations[i]);
        assert_int_equal(csv_write_row(file, &result_format, &row), 0);
    }
}

static void run_draw(void) {
    FILE *file = fopen(temporary_path(&place, "results.csv"), "w");
    assert_non_null(file);
    assert_int_equal(csv_write_header(file, &result_format), 0);
    rows_write(file, "softmax", "64x1000", 1e-3);
    rows_write(file, "softmax", "1024x1024", 2e-2);
    rows_write(file, "softmax", "32x50257", 5e-3);
    rows_write(file, "activation", "1048576", 1e-3);
    assert_int_equal(fclose(file), 0);
    temporary_write(&place, "counters.csv", "kernel,fma\na,9\nb,0.5\nc,1e+03\nd,10\n");
    FILE *log = tmpfile();
    struct message message = {""};
    assert_non_null(log);
    if (report_draw(place.path, log, &message) != STATUS_OK)
        fail_msg("%s", message.text);
    assert_int_equal(fclose(log), 0);
}

/* --- the browser ------------------------------------------------------------------------------ */

static bool browser_is_there(void) {
    return system("command -v chromium >/dev/null 2>&1") == 0; /* NOLINT(cert-env33-c) */
}

/* The title that `script` sets in the loaded page, in a window so wide; to be freed. */
static char *page_ask(const char *script, int width) {
    char *page = temporary_text(&place, "index.html");
    assert_non_null(page);
    FILE *file = fopen(temporary_path(&place, "asked.html"), "w");
    assert_non_null(file);
    fprintf(file,
            "%s<script>addEventListener('load', () => { document.title = String((() => {%s})()); "
            "});</script>",
            page, script);
    assert_int_equal(fclose(file), 0);
    free(page);
    char command[2048];
    snprintf(command, sizeof command,
             "chromium --headless --no-sandbox --disable-gpu --user-data-dir='%s/browser' "
             "--window-size=%d,900 --virtual-time-budget=4000 --dump-dom 'file://%s/asked.html' "
             "2>/dev/null",
             place.path, width, place.path);
    FILE *browser = popen(command, "r"); /* NOLINT(cert-env33-c) */
    assert_non_null(browser);
    char *text = NULL;
    size_t size = 0;
    assert_true(getdelim(&text, &size, '\0', browser) > 0);
    assert_int_equal(pclose(browser), 0);
    char *title = strstr(text, "<title>"), *end = title ? strstr(title, "</title>") : NULL;
    if (!end) {
        fail_msg("the page has no title");
        return NULL;
    }
    *end = '\0';
    char *answer = strdup(title + strlen("<title>"));
    assert_non_null(answer);
    free(text);
    return answer;
}

static void check_answer(const char *script, int width, const char *expected) {
    char *answer = page_ask(script, width);
    if (strcmp(answer, expected) != 0)
        fail_msg("the page answered \"%s\" instead of \"%s\"", answer, expected);
    free(answer);
}

TEST(the_speedups_are_filtered) {
    check_answer(
        "const i = document.querySelector('#speedup .filter input');"
        "i.value = 'softmax 1024'; i.dispatchEvent(new Event('input'));"
        "const rows = [...document.querySelectorAll('#speedup tbody tr')];"
        "return rows.filter(r => r.offsetParent).map(r => r.cells[1].textContent).join(' ')"
        " + ', ' + document.querySelector('#speedup .filter small').textContent + ', ' +"
        "[...document.querySelectorAll('#speedup h3')].filter(h => h.offsetParent)"
        ".map(h => h.textContent).join(' ');",
        1280, "1024x1024, 1 of 4 rows, softmax");
}

TEST(results_are_sorted) {
    check_answer("const table = document.querySelector('#results table');"
                 "const heads = [...table.tHead.rows[0].cells];"
                 "const column = heads.findIndex(h => h.textContent === 'median');"
                 "const button = heads[column].querySelector('[role=button]');"
                 "const values = () => [...table.tBodies[0].rows].map(r => "
                 "Number(r.cells[column].dataset.v));"
                 "const up = v => v.every((x, i) => i === 0 || v[i - 1] <= x);"
                 "button.click(); const first = up(values());"
                 "button.click(); const second = up(values().reverse());"
                 "return [values().length, first, second, "
                 "heads[column].getAttribute('aria-sort')].join(' ');",
                 1280, "12 true true descending");
}

/* Numbers whose cells have nothing but their text. */
TEST(counters_are_sorted_as_numbers) {
    check_answer("const table = document.querySelector('#counters table');"
                 "table.tHead.rows[0].cells[1].querySelector('[role=button]').click();"
                 "return [...table.tBodies[0].rows].map(r => r.textContent).join(' ');",
                 1280, "b0.5 a9 d10 c1e+03");
}

/* Nothing but scrolling boxes is wider than the window, and the table of results needs none. */
TEST(the_page_fits) {
    static const char script[] =
        "const root = document.documentElement, box = document.querySelector('#results .scroll');"
        "return [root.scrollWidth <= root.clientWidth, box.scrollWidth <= box.clientWidth].join(' "
        "');";
    check_answer(script, 1280, "true true");
    char *answer = page_ask(script, 390);
    assert_int_equal(strncmp(answer, "true ", 5), 0);
    free(answer);
}

TEST(nothing_is_fetched) {
    check_answer("return performance.getEntriesByType('resource').length + ' ' + "
                 "[...document.querySelectorAll('[src],link[href]')].filter(e => "
                 "!(e.src || e.href).startsWith('data:')).length;",
                 1280, "0 0");
}

TEST(numbers_have_their_interval_on_hover) {
    check_answer("const cells = [...document.querySelectorAll('#speedup td.n')];"
                 "return cells.length + ' ' + cells.filter(c => "
                 "/^95% interval .+ to .+/.test(c.title)).length;",
                 1280, "12 12");
}

/* Printed, every area is an area: a browser makes a picture of each gradient, and megabytes of
 * them all. */
TEST(a_print_holds_no_pictures) {
    char command[2048];
    snprintf(command, sizeof command,
             "cd '%s' && chromium --headless --no-sandbox --disable-gpu "
             "--user-data-dir='%s/browser' --print-to-pdf=printed.pdf 'file://%s/index.html' "
             ">/dev/null 2>&1",
             place.path, place.path, place.path);
    assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c) */
    FILE *file = fopen(temporary_path(&place, "printed.pdf"), "rb");
    assert_non_null(file);
    char *line = NULL;
    size_t size = 0, pages = 0, pictures = 0;
    while (getline(&line, &size, file) > 0) {
        pages += strstr(line, "/Type /Page\n") != NULL;
        pictures += strstr(line, "/Subtype /Image") != NULL;
    }
    free(line);
    assert_int_equal(fclose(file), 0);
    assert_true(pages > 0);
    assert_int_equal(pictures, 0);
}

int main(void) {
    if (!browser_is_there()) {
        fprintf(stderr, "skipped: there is no chromium on the PATH\n");
        return 77;
    }
    temporary_open(&place);
    run_draw();
    int failed = tests_run(NULL, NULL);
    temporary_close(&place);
    return failed;
}
