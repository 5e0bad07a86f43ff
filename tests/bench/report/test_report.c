/* Reports: what the page holds, and what happens to bad files. */
#include "tests/support/calling.h"
#include "tests/support/report_fixture.h"
#include "tests/support/test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TEST_OF_REPORT(test) TEST_BETWEEN(test, fixture_setup, fixture_teardown)

static const char counters[] = "operation,kernel,launches,more<columns>\n"
                               "gemm,\"naive<4,4>\",1,1234567\n";

/* --- page ------------------------------------------------------------------------------------- */

TEST_OF_REPORT(the_page_holds_every_row_escaped) {
    struct fixture *f = *state;
    rows_of_everything(f);
    row_without_times(row_add(f, "gemm", "tn", "7x7x7", "open<b>blas", 2), "failed",
                      "1 < 2 & \"so\"");
    run_write(f);
    fixture_write(f, "counters.csv", counters);
    fixture_write(
        f, "limits.csv",
        "operation,variant,dtype,shape,implementation,kernel,grid,gpu,FMA,DRAM,limited_by,idle\n"
        "gemm,nn,f32,64x64x64,cuda<warp>,k,1x1x1,t4,1,0.25,FMA,39\n");
    fixture_draw_page(f);
    char *page = fixture_text(f, "index.html");
    assert_non_null(strstr(page, "<section id=limits>"));
    assert_non_null(strstr(page, "<td>cuda&lt;warp&gt;</td><td>k</td><td>FMA</td>"));
    assert_non_null(
        strstr(page, "<td class=\"n bar\" style=\"--w:25.0%\" data-v=25>25%</td></tr>"));
    assert_non_null(page);
    const char *results = strstr(page, "<section id=results>");
    assert_non_null(results);
    const char *end = strstr(results, "</section>");
    char *section = strndup(results, (size_t)(end - results));
    assert_int_equal(text_count(section, "<tr><td>"), f->row_count);
    for (size_t i = 0; i + 1 < f->row_count; i++)
        assert_non_null(strstr(section, f->rows[i].key.shape));
    assert_non_null(strstr(section, "open&lt;b&gt;blas"));
    assert_non_null(strstr(section, "1 &lt; 2 &amp; &quot;so&quot;"));
    assert_non_null(strstr(section, "95% interval 9.80 us to 10.3 us"));
    assert_null(strstr(page, "<b>"));
    assert_null(strstr(page, "<2>"));
    assert_non_null(strstr(page, "A &lt;CPU&gt; &amp; &quot;more&quot;"));
    assert_non_null(strstr(page, "the load is &lt;2&gt;"));
    assert_non_null(strstr(page, "naive&lt;4,4&gt;"));
    assert_non_null(strstr(page, "more&lt;columns&gt;"));
    free(section);
    free(page);
}

/* The page marks what speedups are against, and takes a run of an earlier version for what it
 * is. */
TEST_OF_REPORT(the_page_names_what_speedups_are_against) {
    struct fixture *f = *state;
    row_measure(row_add(f, "gemm", "nn", "64x64x64", "openblas", 2), 2e-4, 5e5, 5e4);
    row_measure(row_add(f, "gemm", "nn", "64x64x64", "openblas", 1), 1e-4, 5e5, 5e4);
    f->rows[0].speedup = 0.5;
    for (size_t i = 0; i < 2; i++)
        row_key_base(&f->rows[1].key, f->rows[i].speedup_base);
    rows_write(f);
    fixture_draw_page(f);
    char *page = fixture_text(f, "index.html");
    assert_int_equal(text_count(page, "\">1.00x <small>base</small></td>"), 1); /* the matrix */
    assert_int_equal(text_count(page, ">1.00x base</td>"), 1);                  /* all results */
    assert_int_equal(text_count(page, "title=\"against openblas on 1 thread; 95% interval 0.4"), 2);
    assert_int_equal(text_count(page, "whatever its threads, marked base"), 2);
    free(page);
    for (size_t i = 0; i < result_format.later_columns; i++)
        file_drop_last_column(temporary_path(&f->place, "results.csv"));
    fixture_draw_page(f);
    assert_false(fixture_holds(f, "index.html", "<small>base") ||
                 fixture_holds(f, "index.html", "x base<"));
    assert_true(fixture_holds(f, "index.html", "implementation of the case on all cores"));
}

/* A speedup of nearly 1, a case that nothing was right in, and a ceiling that was measured
 * on a busy machine. */
TEST_OF_REPORT(the_page_shows_odd_numbers_as_what_they_are) {
    struct fixture *f = *state;
    rows_of_everything(f);
    f->rows[0].speedup = 0.9996;
    f->rows[1].limit_fraction = 1.3;
    rows_write(f);
    fixture_draw_page(f);
    assert_false(fixture_holds(f, "index.html", "1.000x"));
    assert_true(fixture_holds(f, "index.html", ">1.00x</td>"));
    assert_true(fixture_holds(f, "index.html", ">130%</td>"));
    assert_false(fixture_holds(f, "index.html", "id=warnings"));
    snprintf(f->rows[1].limit_doubtful, sizeof f->rows[1].limit_doubtful, "yes");
    rows_write(f);
    fixture_draw_page(f);
    assert_false(fixture_holds(f, "index.html", ">130%</td>"));
    assert_true(fixture_holds(f, "index.html", ">\u2264130%</td>"));
    f->rows[1].limit_fraction = 40.0;
    row_measure(row_add(f, "transfer", "copy", "12345", "cpu-naive", 1), 1e-3, 1e6, 1e6);
    f->rows[f->row_count - 1].speedup = NAN;
    rows_write(f);
    fixture_draw_page(f);
    assert_true(
        fixture_holds(f, "index.html", "1 row is more than 3 times as fast as the measured"));
    char *page = fixture_text(f, "index.html");
    const char *speedup = strstr(page, "<section id=speedup>"), *shape = strstr(page, "12345");
    assert_non_null(speedup);
    assert_non_null(shape);
    assert_true(shape > strstr(speedup, "</section>"));
    free(page);
}

/* Of ceilings that were measured on a busy machine the page says what they are at least. */
TEST_OF_REPORT(the_page_marks_doubtful_ceilings) {
    static const char doubtful[] =
        "{\"ceilings\": [{\"threads\": 2, \"peak_flops_per_second\": 2e11,\n"
        " \"peak_doubtful\": true, \"bandwidth\":\n"
        "   [{\"working_set_bytes\": 32768, \"bytes_per_second\": 4e11},\n"
        "    {\"working_set_bytes\": 1e8, \"bytes_per_second\": 3e10, \"doubtful\": true}]}]}\n";
    struct fixture *f = *state;
    rows_of_everything(f);
    rows_write(f);
    fixture_write(f, "environment.json", doubtful);
    fixture_draw_page(f);
    assert_true(fixture_holds(f, "index.html", "<td class=n>&ge;&nbsp;200.0</td>"));
    assert_true(fixture_holds(f, "index.html", "L1 400.0 <small>"));
    assert_true(fixture_holds(f, "index.html", "memory &ge;&nbsp;30.0 <small>"));
}

/* Of the case with most implementations: the kernels of one together, a row a GPU. */
TEST_OF_REPORT(predictions_have_a_table_and_a_figure) {
    static const char predictions[] =
        "operation,variant,dtype,shape,implementation,kernel,grid,gpu,predicted_s,predicted_low_s,"
        "predicted_high_s,predicted_gflops,predicted_gbps,longest_term,blocks_most,idle\n"
        "gemm,nn,f32,8x8x8,one,k,1x1x1,t4,5,4,6,1,2,DRAM,1,39\n"
        "gemm,nn,f32,9x9x9,one,k,1x1x1,t4,0.001,0.0008,0.0012,1,2,DRAM,1,39\n"
        "gemm,nn,f32,9x9x9,one,l,1x1x1,t4,0.002,0.0018,0.0022,1,2,latency,1,39\n"
        "gemm,nn,f32,9x9x9,two,k,1x1x1,t4,0.007,0.006,0.008,1,2,L2,1,39\n";
    struct fixture *f = *state;
    run_of_everything(f);
    fixture_write(f, "predictions.csv", predictions);
    fixture_draw_page(f);
    assert_true(fixture_holds(f, "plots.gp", "predicted, not measured: gemm nn f32 9x9x9"));
    assert_true(fixture_holds(f, "plots.gp", "\n3 0 2.6 3.4\n"));
    assert_true(fixture_holds(f, "plots.gp", "\n7 0 6 8\n"));
    assert_false(fixture_holds(f, "plots.gp", "f32 8x8x8 on other GPUs"));
    assert_true(fixture_holds(f, "index.html", "id=predictions"));
    assert_true(fixture_holds(f, "index.html", "<td>0.8 to 1.2</td>"));
    assert_true(fixture_holds(f, "index.html", "<a href=\"predictions.csv\">"));
}

/* Bytes of a section's rows over the number of their cells. */
static double bytes_a_cell(const char *page, const char *section) {
    char *rows = strstr(page, section);
    assert_non_null(rows);
    rows = strstr(rows, "<tbody>");
    assert_non_null(rows);
    rows = strndup(rows, (size_t)(strstr(rows, "</tbody>") - rows));
    const double bytes = (double)strlen(rows) / text_count(rows, "<td");
    free(rows);
    return bytes;
}

/* A page of seven hundred rows stays below 2 MB while no cell says anything twice. */
TEST_OF_REPORT(the_page_is_small) {
    static const struct {
        const char *section;
        double bytes; /* a cell, at most */
    } budgets[] = {{"<section id=results>", 40},
                   {"<section id=ladder>", 64},
                   {"<section id=limits>", 22},
                   {"<section id=counters>", 22}};
    struct fixture *f = *state;
    rows_of_everything(f);
    rows_write(f);
    fixture_write(f, "counters.csv",
                  "operation,kernel,launches,instructions,fma,bytes\n"
                  "gemm,naive,1,1234567,0,0.5\n");
    fixture_write(f, "limits.csv",
                  "operation,gpu,FMA,DRAM,L2,LSU,limited_by\n"
                  "gemm,t4,1,0.25342891,0.001,0,FMA\n");
    fixture_draw_plots(f);
    char *page = fixture_text(f, "index.html");
    for (size_t i = 0; i < sizeof budgets / sizeof budgets[0]; i++) {
        const double bytes = bytes_a_cell(page, budgets[i].section);
        if (bytes > budgets[i].bytes)
            fail_msg("%s: %.1f bytes a cell, at most %.0f", budgets[i].section, bytes,
                     budgets[i].bytes);
    }
    assert_null(strstr(page, "stroke-linecap=\"butt\""));
    free(page);
}

TEST_OF_REPORT(the_page_says_how_to_repeat_the_run) {
    struct fixture *f = *state;
    run_of_everything(f);
    fixture_draw_page(f);
    assert_true(
        fixture_holds(f, "index.html", "<pre>lockstep run &#39;it&#39;\\&#39;&#39;s&#39;</pre>"));
    assert_true(fixture_holds(f, "index.html", "c0ffee"));
    assert_true(fixture_holds(f, "index.html", "<a href=\"results.csv\">"));
    assert_true(fixture_holds(f, "index.html", "<a href=\"parts.csv\">"));
    assert_false(fixture_holds(f, "index.html", "<a href=\"counters.csv\">"));
    assert_false(fixture_holds(f, "index.html", "id=counters"));
    assert_false(fixture_holds(f, "index.html", "id=limits"));
    assert_false(fixture_holds(f, "index.html", "not finished"));
}

/* Figures are inlined with names of their own: each name once, no reference to another's or to
 * nothing. */
TEST_OF_REPORT(figures_in_the_page_keep_their_names_apart) {
    struct fixture *f = *state;
    run_of_everything(f);
    fixture_draw_plots(f);
    char *page = fixture_text(f, "index.html");
    assert_int_equal(text_count(page, "<svg "), 6);
    assert_int_equal(text_count(page, "</svg>"), 6);
    int references = 0;
    static const char *const starts[] = {"href='#", "href=\"#", "url(#"};
    for (size_t s = 0; s < sizeof starts / sizeof starts[0]; s++)
        for (const char *c = strstr(page, starts[s]); c; c = strstr(c + 1, starts[s])) {
            char id[64], bare[64], single[64], twice[64];
            const char *name = c + strlen(starts[s]);
            int length = (int)strcspn(name, "'\")");
            snprintf(id, sizeof id, " id=\"%.*s\"", length, name);
            snprintf(bare, sizeof bare, " id=%.*s>", length, name);
            snprintf(single, sizeof single, " id='%.*s'", length, name);
            snprintf(twice, sizeof twice, "%.*s", length, name);
            assert_int_equal(
                text_count(page, id) + text_count(page, bare) + text_count(page, single), 1);
            references++;
        }
    assert_true(references > 20);
    free(page);
}

TEST_OF_REPORT(the_page_asks_nothing_of_the_network) {
    struct fixture *f = *state;
    run_of_everything(f);
    fixture_write(f, "training.csv", fixture_training);
    fixture_draw_page(f);
    static const char *const foreign[] = {"http:", "https:", "src=", "@import", "//cdn", "{{"};
    for (size_t i = 0; i < sizeof foreign / sizeof foreign[0]; i++)
        assert_false(fixture_holds(f, "index.html", foreign[i]));
    assert_true(fixture_holds(f, "index.html", "default-src 'none'"));
}

TEST_OF_REPORT(training_alone_is_a_report) {
    struct fixture *f = *state;
    fixture_write(f, "training.csv", fixture_training);
    fixture_draw_plots(f);
    assert_true(fixture_exists(f, "training.svg"));
    assert_true(fixture_holds(f, "index.html", "2 epochs of training"));
    assert_false(fixture_holds(f, "index.html", "id=results"));
}

TEST_OF_REPORT(a_cut_file_is_said_to_be_unfinished) {
    struct fixture *f = *state;
    rows_of_everything(f);
    rows_write(f);
    char *text = fixture_text(f, "results.csv");
    text[strlen(text) - 9] = '\0';
    fixture_write(f, "results.csv", text);
    free(text);
    fixture_draw_page(f);
    assert_true(fixture_holds(f, "index.html", "not finished"));
    assert_true(fixture_holds(f, "index.html", "8 rows, 8 measured"));
}

/* As `compare` does: such a file is no longer what the run wrote. */
TEST_OF_REPORT(a_cut_file_of_a_finished_run_is_refused) {
    struct fixture *f = *state;
    rows_of_everything(f);
    rows_write(f);
    fixture_write(f, "environment.json", "{\"state\": \"finished\"}");
    char *text = fixture_text(f, "results.csv");
    text[strlen(text) - 9] = '\0';
    fixture_write(f, "results.csv", text);
    free(text);
    assert_int_equal(fixture_draw(f), STATUS_INVALID);
    assert_non_null(strstr(f->message.text, "the last line is cut off"));
}

/* --- what goes wrong -------------------------------------------------------------------------- */

TEST_OF_REPORT(damaged_files_are_named_with_the_line) {
    struct fixture *f = *state;
    static const struct {
        const char *file, *text, *place;
    } damages[] = {
        {"results.csv", "operation,variant\n", "results.csv:1"},
        {"results.csv", "\x01\x02\x03", "results.csv:1"},
        {"parts.csv", "operation;variant\n", "parts.csv:1"},
        {"training.csv", "epoch,loss\n1,0.5\n", "training.csv:1"},
        {"training.csv", "epoch,loss,accuracy\n1,0.5,0.9\n2,half,0.9\n", "training.csv:3"},
        {"training.csv", "epoch,loss,accuracy\n1,0.5\n", "training.csv:2"},
        {"counters.csv", "operation,kernel\ngemm,a\ngemm\n", "counters.csv:3"},
        {"counters.csv", "nothing\n", "counters.csv:1"},
        {"environment.json", "{\n\"a\": 1,\n", "environment.json:"},
        {"environment.json", "[1]\n", "environment.json:"},
    };
    rows_of_everything(f);
    for (size_t i = 0; i < sizeof damages / sizeof damages[0]; i++) {
        rows_write(f);
        char *before = temporary_text(&f->place, damages[i].file);
        fixture_write(f, damages[i].file, damages[i].text);
        assert_int_equal(fixture_draw(f), STATUS_INVALID);
        if (!strstr(f->message.text, damages[i].place))
            fail_msg("'%s' does not name %s", f->message.text, damages[i].place);
        assert_false(fixture_exists(f, "index.html"));
        assert_false(fixture_exists(f, "plots.gp"));
        assert_int_equal(before ? 0 : unlink(temporary_path(&f->place, damages[i].file)), 0);
        free(before);
    }
    rows_write(f);
    fixture_draw_page(f);
}

TEST_OF_REPORT(a_folder_without_a_run_is_refused) {
    struct fixture *f = *state;
    assert_int_equal(fixture_draw(f), STATUS_INVALID);
    assert_non_null(strstr(f->message.text, f->place.path));
    assert_non_null(strstr(f->message.text, "results.csv"));
}
