/* What the tests of the emulator's core share: a machine like an A100, the kept kernels, and
 * launches in one line. */
#ifndef LOCKSTEP_TESTS_SUPPORT_EMULATOR_CORE_H
#define LOCKSTEP_TESTS_SUPPORT_EMULATOR_CORE_H

#include "emulator/machine/machine.h"
#include "tests/support/cmocka.h"

#include <string.h>

/* A machine and its last messages. */
struct bench {
    struct machine *machine;
    struct machine_module *module;
    struct machine_diagnostic diagnostic;
    struct machine_counters counters;
    unsigned target; /* of texts that are loaded by bench_load(), with its features from 90 on */
    char log[2048], printed[4096];
    size_t printed_length;
};

extern const struct machine_properties bench_properties; /* like an A100 */

void bench_open(struct bench *bench, unsigned host_threads);
/* The same for a device of compute capability 9.0. */
void bench_open_hopper(struct bench *bench, unsigned host_threads);
/* And of 10.0. */
void bench_open_blackwell(struct bench *bench, unsigned host_threads);
void bench_close(struct bench *bench);
/* cmocka's setups and teardown: *state is a bench on one host thread, or for 9.0 on two. With the
 * kept kernels it is like an A100. */
int bench_setup(void **state);
int bench_setup_hopper(void **state);
int bench_setup_blackwell(void **state);
int bench_setup_kernels(void **state);
int bench_teardown(void **state);
#define TEST_ON_BENCH(test) TEST_BETWEEN(test, bench_setup, bench_teardown)
#define TEST_ON_HOPPER(test) TEST_BETWEEN(test, bench_setup_hopper, bench_teardown)
#define TEST_ON_BLACKWELL(test) TEST_BETWEEN(test, bench_setup_blackwell, bench_teardown)
#define TEST_ON_KERNELS(test) TEST_BETWEEN(test, bench_setup_kernels, bench_teardown)
struct machine_options bench_options(struct bench *bench);
/* Switches an option of struct machine_options on. */
#define BENCH_SWITCH_ON(bench, option)                                                             \
    do {                                                                                           \
        struct machine_options switched = bench_options(bench);                                    \
        switched.option = true;                                                                    \
        machine_set_options((bench)->machine, &switched);                                          \
    } while (0)
/* tests/data/ptx/core.ptx */
void bench_load_kernels(struct bench *bench);
/* Whole PTX text; fails the test where it cannot be loaded. */
void bench_load_whole(struct bench *bench, const char *text, size_t length);
/* PTX text with the usual head in front, for all that the target has. */
enum machine_status bench_load(struct bench *bench, const char *body);
/* The same; fails the test where it cannot be loaded. */
void bench_must_load(struct bench *bench, const char *body);
uint64_t bench_allocate(struct bench *bench, const void *from, size_t bytes);
/* One-dimensional; parameters as an initialised struct. */
enum machine_status bench_launch(struct bench *bench, const char *kernel, unsigned grid,
                                 unsigned block, const void *parameters, size_t parameter_bytes);

/* For kernels that take up to three pointers and nothing else. */
#define LAUNCH(bench, kernel, grid, block, ...)                                                    \
    bench_launch(bench, kernel, grid, block, &(struct launch_arguments){.pointer = {__VA_ARGS__}}, \
                 sizeof(struct launch_arguments))

struct launch_arguments {
    uint64_t pointer[3];
    int32_t number[4];
};

#endif
