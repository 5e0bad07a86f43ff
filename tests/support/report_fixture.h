/* What the tests of reports share: a run's folder under construction, and drawing it. */
#ifndef LOCKSTEP_TESTS_SUPPORT_REPORT_FIXTURE_H
#define LOCKSTEP_TESTS_SUPPORT_REPORT_FIXTURE_H

#include "bench/files/results.h"
#include "bench/report/report.h"
#include "tests/support/temporary.h"

enum { ROWS_MAX = 64 };

/* A run's folder under construction. */
struct fixture {
    struct temporary place;
    struct result rows[ROWS_MAX];
    size_t row_count;
    struct part_row parts[ROWS_MAX];
    size_t part_count;
    char log[4096]; /* what report_draw said */
    struct message message;
};

/* What an environment.json and a training.csv hold. */
extern const char fixture_environment[], fixture_training[];

void fixture_write(struct fixture *f, const char *name, const char *text);
/* To be freed; NULL where there is no such file. */
char *fixture_text(struct fixture *f, const char *name);
bool fixture_exists(struct fixture *f, const char *name);
bool fixture_holds(struct fixture *f, const char *name, const char *words);
struct result *row_add(struct fixture *f, const char *operation, const char *variant,
                       const char *shape, const char *implementation, int threads);
void row_measure(struct result *row, double seconds, double flops, double bytes);
/* A row that has no times. */
struct result *row_without_times(struct result *row, const char *status, const char *reason);
void part_add(struct fixture *f, const struct result *row, int part, const char *name);
void rows_write(struct fixture *f);
/* The rows, and fixture_environment. */
void run_write(struct fixture *f);
/* Squares and another product on one and two threads, an activation of two sizes, a network with
 * its parts. */
void rows_of_everything(struct fixture *f);
/* Writes a run of them. */
void run_of_everything(struct fixture *f);
enum status fixture_draw(struct fixture *f);
/* Draws, with or without plots. */
void fixture_draw_page(struct fixture *f);
/* Draws, or skips the test where there is no gnuplot. */
void fixture_draw_plots(struct fixture *f);
int fixture_setup(void **state);
int fixture_teardown(void **state);

#endif
