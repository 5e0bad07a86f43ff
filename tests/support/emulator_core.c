/* What the tests of the emulator's core share. */
#include "tests/support/emulator_core.h"
#include "tests/support/a100.h"

#include <stdio.h>
#include <stdlib.h>

const struct machine_properties bench_properties = {
    .name = "bench", A100_LIMITS, .multiprocessors = 108, .memory_bytes = (size_t)1 << 30};

static void keep_log(void *context, const char *line) {
    struct bench *bench = context;
    snprintf(bench->log, sizeof bench->log, "%s", line);
}

static void keep_text(void *context, const char *text, size_t length) {
    struct bench *bench = context;
    assert_true(bench->printed_length + length < sizeof bench->printed);
    memcpy(bench->printed + bench->printed_length, text, length);
    bench->printed_length += length;
}

static void open_machine(struct bench *bench, const struct machine_properties *properties,
                         unsigned host_threads) {
    struct machine_options options;
    *bench = (struct bench){
        .target = (unsigned)(10 * properties->capability_major + properties->capability_minor)};
    machine_options_default(&options);
    options.host_threads = host_threads;
    options.log = keep_log;
    options.print = keep_text;
    options.context = bench;
    bench->machine = machine_create(properties, &options);
    assert_non_null(bench->machine);
}

void bench_open(struct bench *bench, unsigned host_threads) {
    open_machine(bench, &bench_properties, host_threads);
}

static void open_with_clusters(struct bench *bench, int capability_major, unsigned host_threads) {
    struct machine_properties properties = bench_properties;
    properties.capability_major = capability_major;
    properties.tensor_memory_columns = capability_major == 10 ? 512 : 0;
    properties.shared_per_block_optin = 232448;
    properties.shared_per_multiprocessor = 233472;
    open_machine(bench, &properties, host_threads);
}

void bench_open_hopper(struct bench *bench, unsigned host_threads) {
    open_with_clusters(bench, 9, host_threads);
}

void bench_open_blackwell(struct bench *bench, unsigned host_threads) {
    open_with_clusters(bench, 10, host_threads);
}

void bench_close(struct bench *bench) {
    machine_destroy(bench->machine);
}

static int setup(void **state, void (*open)(struct bench *, unsigned), unsigned host_threads) {
    struct bench *bench = calloc(1, sizeof *bench);
    *state = bench;
    if (!bench)
        return -1;
    open(bench, host_threads);
    return 0;
}

int bench_setup(void **state) {
    return setup(state, bench_open, 1);
}

int bench_setup_hopper(void **state) {
    return setup(state, bench_open_hopper, 2);
}

int bench_setup_blackwell(void **state) {
    return setup(state, bench_open_blackwell, 2);
}

int bench_setup_kernels(void **state) {
    if (bench_setup(state) != 0)
        return -1;
    bench_load_kernels(*state);
    return 0;
}

int bench_teardown(void **state) {
    bench_close(*state);
    free(*state);
    return 0;
}

struct machine_options bench_options(struct bench *bench) {
    return machine_options(bench->machine);
}

void bench_load_kernels(struct bench *bench) {
    static const char path[] = "tests/data/ptx/core.ptx";
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    enum { LIMIT = 1 << 20 };
    char *text = malloc(LIMIT);
    assert_non_null(text);
    const size_t length = fread(text, 1, LIMIT, file);
    assert_int_equal(fclose(file), 0);
    const enum machine_status status =
        machine_load(bench->machine, path, text, length, &bench->module, &bench->diagnostic);
    free(text);
    if (status != MACHINE_OK)
        print_message("%s\n", bench->diagnostic.message);
    assert_int_equal(status, MACHINE_OK);
}

void bench_load_whole(struct bench *bench, const char *text, size_t length) {
    if (machine_load(bench->machine, "test", text, length, &bench->module, &bench->diagnostic) !=
        MACHINE_OK)
        fail_msg("%s\nin %s", bench->diagnostic.message, text);
}

enum machine_status bench_load(struct bench *bench, const char *body) {
    char text[16384];
    const int length =
        snprintf(text, sizeof text, ".version 9.0\n.target sm_%u%s\n.address_size 64\n%s",
                 bench->target, bench->target < 90 ? "" : "a", body);
    assert_true(length > 0 && (size_t)length < sizeof text);
    return machine_load(bench->machine, "test", text, (size_t)length, &bench->module,
                        &bench->diagnostic);
}

void bench_must_load(struct bench *bench, const char *body) {
    if (bench_load(bench, body) != MACHINE_OK)
        fail_msg("%s\nin %s", bench->diagnostic.message, body);
}

uint64_t bench_allocate(struct bench *bench, const void *from, size_t bytes) {
    uint64_t address;
    assert_int_equal(machine_allocate(bench->machine, bytes, &address), MACHINE_OK);
    if (from)
        assert_int_equal(machine_write(bench->machine, address, from, bytes), MACHINE_OK);
    else
        assert_int_equal(machine_set(bench->machine, address, 0, 1, bytes), MACHINE_OK);
    return address;
}

enum machine_status bench_launch(struct bench *bench, const char *kernel, unsigned grid,
                                 unsigned block, const void *parameters, size_t parameter_bytes) {
    struct machine_function *function = machine_find_function(bench->module, kernel);
    assert_non_null(function);
    const struct machine_launch launch = {.function = function,
                                          .grid = {grid, 1, 1},
                                          .block = {block, 1, 1},
                                          .parameters = parameters,
                                          .parameter_bytes = parameter_bytes};
    return machine_launch(bench->machine, &launch, &bench->counters, &bench->diagnostic);
}
