/* Bad PTX and bad launches are refused with a proper status, place and message; nothing crashes and
 * nothing leaks. */
#include "tests/support/emulator_core.h"
#include "tests/support/test.h"

#include <stdio.h>

struct refusal {
    const char *body;
    unsigned line; /* after the three lines of the head */
    const char *said;
};

#define KERNEL(statements)                                                                         \
    ".visible .entry k(.param .u64 p) {\n"                                                         \
    ".reg .b32 %r<8>; .reg .b64 %rd<8>; .reg .f32 %f<8>; .reg .pred %p<8>; .reg .b16 "             \
    "%h<4>;\n" statements "\nret; }\n"

static const struct refusal refusals[] = {
    {KERNEL("add.u32 %r1, %r2;"), 6, "operand"},
    {KERNEL("add.u32 %r1, %r2, %r3, %r4;"), 6, "add.u32"},
    {KERNEL("add.u32 %r1, %rd2, %r3;"), 6, "%rd2 has 64 bits"},
    {KERNEL("add.u32 %r1, %r99, %r3;"), 6, "%r99"},
    {KERNEL("add.u32 5, %r2, %r3;"), 6, "destination"},
    {KERNEL("mov.u32 %r1, %nonsense;"), 6, "%nonsense"},
    {KERNEL("bra NOWHERE;"), 6, "NOWHERE"},
    {KERNEL("@%r1 bra L;\nL:"), 6, "guard"},
    {KERNEL("ld.global.u32 %r1, [missing];"), 6, "missing"},
    {KERNEL("ld.global.v4.u32 {%r1,%r2}, [%rd1];"), 6, "vector"},
    {KERNEL("ld.global.v4.f64 {%rd1,%rd2,%rd3,%rd4}, [%rd1];"), 6, "needs .target sm_100"},
    {KERNEL("ld.global.u32 %r1, %rd1;"), 6, "brackets"},
    {KERNEL("call nobody;"), 6, "unknown function"},
    {KERNEL("mov.u32 %r1, 0xZZ;"), 6, "digits"},
    {KERNEL("mov.f32 %f1, 0f123;"), 6, "8 hexadecimal digits"},
    {KERNEL("mov.u32 %r1, 1"), 7, "expected"},
    {KERNEL("mov.b64 {%r1,%r2,%r3}, %rd1;"), 6, "vector"},
    {KERNEL("L: bra L;\nL: bra L;"), 7, "declared twice"},
    {KERNEL(".reg .b32 %r<3>;"), 6, "declared twice"},
    {KERNEL(".reg .b32 %a<9223372036854775807>;"), 6, "registers"},
    {KERNEL(".reg .b32 %a<18446744073709551615>;"), 6, "registers"},
    {KERNEL("brx.idx %r1, L;\nL:"), 6, "branchtargets"},
    {KERNEL("cp.async.wait_group %r1;"), 6, "integer constant"},
    {KERNEL("mma.sp.sync.aligned.m16n8k32.row.col.f32.f16.f16.f32 {%f1,%f2,%f3,%f4}, "
            "{%r1,%r2,%r3,%r4}, {%r4,%r5,%r6,%r7}, {%f1,%f2,%f3,%f4}, %r1, 2;"),
     6, "PTX gives a constant of this value no meaning here"},
    {".visible .entry k() {\n", 5, "end of the text"},
    {".visible .entry k(.param .u64 p {\n", 4, "expected"},
    {"/* for ever", 4, "comment"},
    {".global .u32 x = ;\n", 4, "a number"},
    {".global .align 3 .u32 x;\n", 4, "power of two"},
    {".global .u32 x[2] = {1,2,3};\n", 4, "more values"},
    {".global .u64 x = nobody;\n", 4, "nobody"},
    {".global .u32 x; .global .u32 x;\n", 4, "declared twice"},
    {".address_size 32\n", 4, "64-bit"},
    {".magic\n", 4, ".magic"},
    {".func .attribute(.unified\n", 5, "end of the text"},
    {".global .attribute(.managed\n", 5, "end of the text"},
    {".visible .entry k(.reg .u32 r) { ret; }\n", 4, "a kernel's parameter"},
    {".func f(.reg .u16 r) { ret; }\n", 4, "32 bits or more"},
    {".func f(.reg .u32 r) { ret; }\n.visible .entry k() { .reg .b64 d; call f, (d); ret; }\n", 5,
     "size differs"},
    {".func f(.reg .f32 r) { ret; }\n.visible .entry k() { call f, (1); ret; }\n", 5,
     "an integer where a float"},
    {".func f(.reg .u32 r) { ret; }\n.visible .entry k() { .reg .f32 d; call f, (d); ret; }\n", 5,
     "declared as .f32"},
    {".func f(.param .u32 r) { ret; }\n.shared .b32 s;\n.visible .entry k() { call f, (s); ret; "
     "}\n",
     6, "no .param variable"},
    {".func f(.reg .u32 r) { ret; }\n.visible .entry k() { call f, ({}); ret; }\n", 5,
     "other elements"},
    {".func f(.reg .v2 .u32 r) { ret; }\n.visible .entry k() { call f, (1); ret; }\n", 5,
     "other elements"},
    {".func f(.param .b32 r[2]) { ret; }\n.visible .entry k() { call f, (7); ret; }\n", 5,
     "size differs"},
    {".extern .func g(.param .b32 x);\n.visible .entry k() { .param .b32 a; call g, (a); ret; }\n",
     5, "'g'"},
    {".func g(.param .b32 x) { ret; }\n.visible .entry k() { .param .b32 a; call g, (a, a); ret; "
     "}\n",
     5, "number of parameters"},
    {".func g(.param .b32 x) { ret; }\n.visible .entry k() { .param .b64 a; call g, (a); ret; }\n",
     5, "size"},
};

TEST_ON_BENCH(bad_ptx_is_refused_with_its_place) {
    struct bench *bench = *state;
    for (size_t k = 0; k < sizeof refusals / sizeof refusals[0]; k++) {
        const enum machine_status status = bench_load(bench, refusals[k].body);
        char place[64];
        if (status == MACHINE_OK)
            fail_msg("taken: %s", refusals[k].body);
        snprintf(place, sizeof place, "line %u, column ", refusals[k].line);
        if (!strstr(bench->diagnostic.message, refusals[k].said) ||
            bench->diagnostic.line != refusals[k].line)
            fail_msg("wanted line %u and '%s': %s", refusals[k].line, refusals[k].said,
                     bench->diagnostic.message);
        assert_non_null(strstr(bench->diagnostic.message, place));
        assert_true(bench->diagnostic.column > 0);
        assert_null(bench->module);
    }
    size_t total, in_use;
    machine_memory_info(bench->machine, &total, &in_use);
    assert_int_equal(in_use, 0);
}

TEST_ON_BENCH(a_text_that_is_no_ptx_is_refused) {
    static const char *const texts[] = {
        "", "hello", "\177ELF", ".version", ".version 8.0 .target", "\xff\xfe"};
    struct bench *bench = *state;
    for (size_t k = 0; k < sizeof texts / sizeof texts[0]; k++)
        assert_int_equal(machine_load(bench->machine, "text", texts[k], strlen(texts[k]),
                                      &bench->module, &bench->diagnostic),
                         MACHINE_INVALID_PTX);
}

static enum machine_status launch_with(struct bench *bench, struct machine_launch launch) {
    launch.function = machine_find_function(bench->module, "k");
    assert_non_null(launch.function);
    return machine_launch(bench->machine, &launch, &bench->counters, &bench->diagnostic);
}

enum { WIDE = 130 };

/* A kernel of so many registers that are live at once. */
static const struct machine_function *load_wide_kernel(struct bench *bench,
                                                       const char *directives) {
    char body[14000];
    size_t used = (size_t)snprintf(body, sizeof body,
                                   ".visible .entry k(.param .u64 p) %s {\n.reg .b64 %%d; "
                                   ".reg .b32 %%r<%d>;\nld.param.u64 %%d, [p];\n",
                                   directives, WIDE);
    for (int r = 0; r < WIDE; r++)
        used += (size_t)snprintf(body + used, sizeof body - used,
                                 "ld.global.u32 %%r%d, [%%d+%d];\n", r, 4 * r);
    for (int r = 0; r < WIDE; r++)
        used += (size_t)snprintf(body + used, sizeof body - used,
                                 "st.global.u32 [%%d+%d], %%r%d;\n", 4 * (r + WIDE), r);
    snprintf(body + used, sizeof body - used, "ret; }\n");
    assert_int_equal(bench_load(bench, body), MACHINE_OK);
    const struct machine_function *function = machine_find_function(bench->module, "k");
    assert_non_null(function);
    return function;
}

/* As the assembler's, which spills where a bound leaves too few of the 65,536. */
TEST_ON_BENCH(registers_keep_to_the_bounds_of_the_kernel) {
    static const struct {
        const char *directives;
        unsigned registers; /* 0: as without a bound */
        unsigned threads, blocks;
    } rows[] = {{".maxntid 1024, 1, 1", 64, 1024, 1},
                {".reqntid 1024, 1, 1", 64, 1024, 1},
                {".maxntid 256, 1, 1", 0, 256, 1},
                {".maxntid 256, 1, 1 .minnctapersm 4", 64, 256, 4},
                {".maxntid 100, 1, 1 .minnctapersm 5", 96, 100, 5},
                {".maxnreg 40", 40, 1024, 1}};
    struct bench *bench = *state;
    const struct machine_function *function = load_wide_kernel(bench, "");
    const unsigned unbounded = machine_function_info(function)->registers;
    assert_in_range(unbounded, WIDE, 255);
    assert_int_equal(machine_occupancy(bench->machine, function, 1024, 0), 0);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        function = load_wide_kernel(bench, rows[i].directives);
        assert_int_equal(machine_function_info(function)->registers,
                         rows[i].registers ? rows[i].registers : unbounded);
        assert_int_equal(machine_occupancy(bench->machine, function, rows[i].threads, 0),
                         rows[i].blocks);
    }
}

TEST_ON_BENCH(bad_launches_are_refused) {
    struct bench *bench = *state;
    const uint64_t pointer = 0;
    assert_int_equal(
        bench_load(bench, ".visible .entry k(.param .u64 p) .maxntid 256, 1, 1 {\n"
                          ".shared .b8 room[1024]; .reg .b32 %r<2>; mov.u32 %r1, room; ret; }\n"),
        MACHINE_OK);
    const struct machine_launch good = {
        .grid = {1, 1, 1}, .block = {32, 1, 1}, .parameters = &pointer, .parameter_bytes = 8};
    struct machine_launch launch = good;
    assert_int_equal(launch_with(bench, launch), MACHINE_OK);
    launch.block[0] = 2048;
    assert_int_equal(launch_with(bench, launch), MACHINE_INVALID_VALUE);
    launch.block[0] = 512;
    assert_int_equal(launch_with(bench, launch), MACHINE_INVALID_VALUE);
    assert_non_null(strstr(bench->log, ".maxntid"));
    launch = good;
    launch.block[1] = 0;
    assert_int_equal(launch_with(bench, launch), MACHINE_INVALID_VALUE);
    launch = good;
    launch.grid[1] = 70000;
    assert_int_equal(launch_with(bench, launch), MACHINE_INVALID_VALUE);
    launch = good;
    launch.dynamic_shared = 48 * 1024;
    assert_int_equal(launch_with(bench, launch), MACHINE_TOO_MANY_RESOURCES);
    launch.allow_large_shared = true;
    assert_int_equal(launch_with(bench, launch), MACHINE_OK);
    launch = good;
    launch.parameter_bytes = 4;
    assert_int_equal(launch_with(bench, launch), MACHINE_INVALID_VALUE);
    launch = good;
    launch.grid[0] = 100000;
    launch.cooperative = true;
    assert_int_equal(launch_with(bench, launch), MACHINE_TOO_MANY_RESOURCES);
}

TEST_ON_BENCH(missing_names_are_not_found) {
    struct bench *bench = *state;
    uint64_t address;
    size_t size;
    assert_int_equal(bench_load(bench,
                                ".visible .global .align 8 .u64 table[3] = {1, 2, table+8};\n"
                                ".visible .entry k() { ret; }\n"),
                     MACHINE_OK);
    assert_null(machine_find_function(bench->module, "nobody"));
    assert_int_equal(machine_find_global(bench->module, "nobody", &address, &size),
                     MACHINE_NOT_FOUND);
    assert_int_equal(machine_find_global(bench->module, "table", &address, &size), MACHINE_OK);
    assert_int_equal(size, 24);
    uint64_t values[3];
    assert_int_equal(machine_read(bench->machine, values, address, sizeof values), MACHINE_OK);
    assert_true(values[0] == 1 && values[1] == 2 && values[2] == address + 8);
    assert_int_equal(machine_unload(bench->machine, bench->module), MACHINE_OK);
    assert_int_equal(machine_unload(bench->machine, bench->module), MACHINE_INVALID_VALUE);
    assert_int_equal(machine_read(bench->machine, values, address, sizeof values),
                     MACHINE_INVALID_ADDRESS);
}
