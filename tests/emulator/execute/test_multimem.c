/*
 * multimem: every operation and type that the assembler takes against a model in C, written from
 * the PTX ISA (9.7.9.14), with one to three devices; and what is said of wrong addresses.
 */
#include "emulator/memory/multicast.h"
#include "tests/support/emulator_core.h"
#include "tests/support/kernel_text.h"
#include "tests/support/small_floats.h"
#include "tests/support/test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { DEVICES = 3, LANE_BYTES = 16, BYTES = LANE_BYTES * 32, GRANULARITY = 4096 };

enum kind { INTEGER, SIGNED, F16, BF16, F32, F64, E4M3, E5M2 };

/* A type as multimem spells it: its number, and how many of these an element has. */
struct type {
    const char *name;
    enum kind kind;
    unsigned bytes, packed; /* of an element */
    const char *registers;
};

static const struct type types[] = {
    {"b32", INTEGER, 4, 1, "w"}, {"u32", INTEGER, 4, 1, "w"}, {"s32", SIGNED, 4, 1, "w"},
    {"b64", INTEGER, 8, 1, "d"}, {"u64", INTEGER, 8, 1, "d"}, {"s64", SIGNED, 8, 1, "d"},
    {"f16", F16, 2, 1, "h"},     {"f16x2", F16, 4, 2, "w"},   {"bf16", BF16, 2, 1, "h"},
    {"bf16x2", BF16, 4, 2, "w"}, {"f32", F32, 4, 1, "w"},     {"f64", F64, 8, 1, "d"},
    {"e4m3", E4M3, 1, 1, "b"},   {"e4m3x2", E4M3, 2, 2, "h"}, {"e4m3x4", E4M3, 4, 4, "w"},
    {"e5m2", E5M2, 1, 1, "b"},   {"e5m2x2", E5M2, 2, 2, "h"}, {"e5m2x4", E5M2, 4, 4, "w"},
};
enum { TYPES = sizeof types / sizeof types[0] };

enum operation { ADD, MIN, MAX, AND, OR, XOR, STORE };
static const char *const names[] = {"add", "min", "max", "and", "or", "xor"};

struct form {
    const struct type *type;
    enum operation operation;
    bool is_load, is_wide; /* .acc::f32 or .acc::f16 */
    unsigned vector;
};

static bool is_float(const struct type *type) {
    return type->kind >= F16;
}

static bool is_small(const struct type *type) {
    return type->kind >= E4M3;
}

/* What the assembler of CUDA 13.0 takes, tried one by one. */
static bool has_vector(const struct form *form) {
    const unsigned bytes = form->type->bytes * form->vector;
    if (!is_float(form->type) || form->type->kind == F64)
        return form->vector == 1;
    return bytes == 4 || bytes == 8 || bytes == 16;
}

static bool has_operation(const struct form *form) {
    const struct type *type = form->type;
    const bool is_bits = type->name[0] == 'b' && !is_float(type);
    if (form->operation == STORE)
        return !form->is_load;
    if (form->operation >= AND)
        return is_bits;
    if (is_bits || (!form->is_load && is_small(type)))
        return false;
    if (form->operation == ADD)
        return strcmp(type->name, "s64") != 0;
    const bool is_lone_pair = type->packed == 2 && form->vector == 1;
    return type->kind != F32 && type->kind != F64 && (form->is_load || !is_lone_pair);
}

static bool is_taken(const struct form *form) {
    const bool can_be_wide = form->is_load && form->operation == ADD && is_float(form->type) &&
                             form->type->kind != F32 && form->type->kind != F64;
    return has_vector(form) && has_operation(form) && (!form->is_wide || can_be_wide);
}

/* ---- The model ---- */

static const struct small_float *format_of(enum kind kind) {
    return kind == F16    ? &small_f16
           : kind == BF16 ? &small_bf16
           : kind == E4M3 ? &small_e4m3
                          : &small_e5m2;
}

static double worth(enum kind kind, uint64_t bits) {
    double value;
    float single;
    if (kind == F64) {
        memcpy(&value, &bits, sizeof value);
        return value;
    }
    if (kind == F32) {
        memcpy(&single, &bits, sizeof single);
        return (double)single;
    }
    return small_float_value(format_of(kind), (uint32_t)bits);
}

static uint64_t bits_of(enum kind kind, double value) {
    uint64_t bits = 0;
    if (kind == F64)
        memcpy(&bits, &value, sizeof value);
    else if (kind == F32)
        return small_float_round(&small_f32, value, false);
    else
        return small_float_round(format_of(kind), value, kind >= E4M3);
    return bits;
}

static uint64_t choose_float(enum kind kind, uint64_t a, uint64_t b, bool is_max) {
    const double x = worth(kind, a), y = worth(kind, b);
    if (isnan(x) && isnan(y))
        return bits_of(kind, (double)NAN);
    if (isnan(x) || isnan(y))
        return isnan(x) ? b : a;
    const bool is_less = x < y || (x == y && signbit(x) && !signbit(y));
    return is_less != is_max ? a : b;
}

static uint64_t combine_integer(const struct form *form, uint64_t a, uint64_t b) {
    const bool is_word = form->type->bytes == 4;
    const int64_t x = is_word ? (int32_t)a : (int64_t)a, y = is_word ? (int32_t)b : (int64_t)b;
    const bool is_less = form->type->kind == SIGNED ? x < y : a < b;
    switch (form->operation) {
    case ADD:
        return a + b;
    case MIN:
        return is_less ? a : b;
    case MAX:
        return is_less ? b : a;
    case AND:
        return a & b;
    case OR:
        return a | b;
    case XOR:
    case STORE:
    default:
        return a ^ b;
    }
}

/* What a wide sum is rounded to after each step. */
static double round_wide(enum kind kind, double value) {
    return kind >= E4M3 ? small_float_value(&small_f16, small_float_round(&small_f16, value, false))
                        : (double)(float)value;
}

/* All of one number, in order. */
static uint64_t combine(const struct form *form, const uint64_t *values, unsigned count) {
    const enum kind kind = form->type->kind;
    uint64_t result = values[0];
    double total = worth(kind == INTEGER || kind == SIGNED ? F64 : kind, values[0]);
    for (unsigned k = 1; k < count; k++) {
        if (!is_float(form->type)) {
            result = combine_integer(form, result, values[k]);
        } else if (form->operation != ADD) {
            result = choose_float(kind, result, values[k], form->operation == MAX);
        } else {
            total += worth(kind, values[k]);
            total = form->is_wide ? round_wide(kind, total) : worth(kind, bits_of(kind, total));
            result = bits_of(kind, total);
        }
    }
    return result;
}

/* ---- Data ---- */

struct data {
    uint8_t device[DEVICES][BYTES], source[BYTES], result[BYTES];
};

static uint32_t next_random(uint32_t *seed) {
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8 ^ *seed << 13;
}

/* Any bits, but no NaN and nothing tiny of f32 and f64. */
static void fill(struct data *data, const struct form *form, uint32_t seed) {
    uint8_t *all = data->device[0];
    for (size_t k = 0; k < sizeof *data; k++)
        all[k] = (uint8_t)next_random(&seed);
    const enum kind kind = form->type->kind;
    for (size_t k = 0; k + 8 <= sizeof *data && (kind == F32 || kind == F64);
         k += kind == F32 ? 4 : 8)
        all[k + (kind == F32 ? 3 : 7)] = (uint8_t)(0x3f | (all[k] & 0x80));
}

static uint64_t number_at(const uint8_t *from, unsigned bytes) {
    uint64_t value = 0;
    memcpy(&value, from, bytes);
    return value;
}

/* ---- Running ---- */

static void add_registers(struct text *text, const struct form *form) {
    text_add(text, form->vector > 1 ? "{" : "");
    for (unsigned k = 0; k < form->vector; k++)
        text_add(text, "%s%%%s%u", k ? "," : "", form->type->registers, k);
    text_add(text, form->vector > 1 ? "}" : "");
}

static void add_instruction(struct text *text, const struct form *form) {
    const char *wide = !form->is_wide ? "" : is_small(form->type) ? ".acc::f16" : ".acc::f32";
    const char *what = form->is_load ? "ld_reduce" : form->operation == STORE ? "st" : "red";
    text_add(text, "multimem.%s.relaxed.sys.global", what);
    if (form->operation != STORE)
        text_add(text, ".%s%s", names[form->operation], wide);
    if (form->vector > 1)
        text_add(text, ".v%u", form->vector);
    text_add(text, ".%s ", form->type->name);
    if (form->is_load)
        add_registers(text, form);
    text_add(text, form->is_load ? ", [%%rd1];\n" : "[%%rd1], ");
    if (!form->is_load)
        add_registers(text, form);
    text_add(text, form->is_load ? "" : ";\n");
}

/* Each thread takes its bytes of the multicast object and of plain memory. */
static void write_kernel(struct text *text, const struct form *form) {
    const unsigned bytes = form->type->bytes;
    text->length = 0;
    text_add(text,
             ".version 9.0\n.target sm_100a\n.address_size 64\n"
             ".visible .entry k(.param .u64 at, .param .u64 memory) {\n"
             ".reg .b64 %%rd<5>, %%d<2>; .reg .b32 %%r<3>, %%w<8>; .reg .b16 %%h<8>; "
             ".reg .b8 %%b<8>;\n"
             "ld.param.u64 %%rd1, [at]; ld.param.u64 %%rd2, [memory]; mov.u32 %%r1, %%tid.x;\n");
    text_add(
        text,
        "mul.wide.u32 %%rd3, %%r1, %u; add.u64 %%rd1, %%rd1, %%rd3; add.u64 %%rd2, %%rd2, %%rd3;\n",
        bytes * form->vector);
    if (form->is_load)
        add_instruction(text, form);
    for (unsigned k = 0; k < form->vector; k++) {
        const char *letter = form->type->registers;
        if (form->is_load)
            text_add(text, "st.global.b%u [%%rd2+%u], %%%s%u;\n", bytes * 8, k * bytes, letter, k);
        else
            text_add(text, "ld.global.b%u %%%s%u, [%%rd2+%u];\n", bytes * 8, letter, k, k * bytes);
    }
    if (!form->is_load)
        add_instruction(text, form);
    text_add(text, "ret; }\n");
}

/* A multicast object of so many devices, whose memory is plain memory here. */
static void expose(struct bench *bench, const uint64_t *memory, unsigned devices, uint64_t at) {
    struct multicast_range *range = calloc(1, sizeof *range + devices * sizeof range->places[0]);
    assert_non_null(range);
    range->base = at;
    range->end = at + BYTES;
    range->devices = devices;
    for (unsigned k = 0; k < devices; k++)
        range->places[range->place_count++] =
            (struct multicast_place){.size = BYTES, .memory = memory[k]};
    machine_expose_multicast(bench->machine, range);
}

static const uint64_t object = 0x700000000000; /* no memory lies there */

static void run(struct bench *bench, const struct form *form, unsigned devices, struct data *data) {
    uint64_t memory[DEVICES] = {0};
    struct text text;
    write_kernel(&text, form);
    bench_load_whole(bench, text.at, text.length);
    for (unsigned k = 0; k < devices; k++)
        memory[k] = bench_allocate(bench, data->device[k], BYTES);
    const uint64_t plain = bench_allocate(bench, data->source, BYTES);
    expose(bench, memory, devices, object);
    if (LAUNCH(bench, "k", 1, 32, object, plain) != MACHINE_OK)
        fail_msg("%s\nin %s", bench->diagnostic.message, text.at);
    for (unsigned k = 0; k < devices; k++) {
        assert_int_equal(machine_read(bench->machine, data->device[k], memory[k], BYTES),
                         MACHINE_OK);
        assert_int_equal(machine_free(bench->machine, memory[k]), MACHINE_OK);
    }
    assert_int_equal(machine_read(bench->machine, data->result, plain, BYTES), MACHINE_OK);
    assert_int_equal(machine_free(bench->machine, plain), MACHINE_OK);
    machine_hide_multicast(bench->machine, object);
    assert_int_equal(machine_unload(bench->machine, bench->module), MACHINE_OK);
}

static void expect_number(const struct form *form, unsigned devices, size_t at,
                          const struct data *before, const struct data *after) {
    const unsigned bytes = form->type->bytes / form->type->packed;
    uint64_t values[DEVICES];
    for (unsigned k = 0; k < devices; k++)
        values[k] = number_at(before->device[k] + at, bytes);
    const uint64_t source = number_at(before->source + at, bytes);
    for (unsigned k = 0; k < (form->is_load ? 1 : devices); k++) {
        const uint64_t pair[2] = {values[k], source};
        uint64_t wanted = form->is_load              ? combine(form, values, devices)
                          : form->operation == STORE ? source
                                                     : combine(form, pair, 2);
        const uint64_t is =
            number_at((form->is_load ? after->result : after->device[k]) + at, bytes);
        wanted &= bytes == 8 ? UINT64_MAX : (UINT64_C(1) << 8 * bytes) - 1;
        if (is != wanted)
            fail_msg(
                "%s.v%u.%s, load %d, wide %d, %u devices: byte %zu of device %u is %llx, not %llx",
                form->operation == STORE ? "st" : names[form->operation], form->vector,
                form->type->name, form->is_load, form->is_wide, devices, at, k,
                (unsigned long long)is, (unsigned long long)wanted);
    }
}

static void expect_model(struct bench *bench, const struct form *form, unsigned devices) {
    struct data before, after;
    fill(&before, form, devices * 977 + form->vector * 31 + (unsigned)form->operation);
    after = before;
    run(bench, form, devices, &after);
    const unsigned step = form->type->bytes / form->type->packed;
    for (size_t at = 0; at < (size_t)32 * form->type->bytes * form->vector; at += step)
        expect_number(form, devices, at, &before, &after);
}

/* ---- Tests ---- */

TEST_ON_BLACKWELL(every_operation_and_type_is_the_models) {
    unsigned taken = 0;
    for (unsigned k = 0; k < TYPES * 7 * 2 * 2 * 4; k++) {
        const struct form form = {.type = &types[k / 112],
                                  .operation = (enum operation)(k / 16 % 7),
                                  .is_load = k / 8 % 2,
                                  .is_wide = k / 4 % 2,
                                  .vector = 1U << k % 4};
        if (!is_taken(&form))
            continue;
        taken++;
        for (unsigned devices = 1; devices <= DEVICES; devices++)
            expect_model(*state, &form, devices);
    }
    assert_int_equal(taken, 224);
}

TEST_ON_BLACKWELL(sectors_of_all_devices_are_counted) {
    struct bench *bench = *state;
    const struct form load = {&types[10], ADD, true, false, 4},
                      store = {&types[10], STORE, false, false, 2},
                      update = {&types[1], ADD, false, false, 1};
    expect_model(bench, &load, 2);
    assert_int_equal(bench->counters.global_load_requests, 1);
    assert_int_equal(bench->counters.global_load_sectors, 2 * 16);
    expect_model(bench, &store, 3);
    assert_int_equal(bench->counters.global_store_requests, 1);
    assert_int_equal(bench->counters.global_store_sectors, 3 * 8);
    expect_model(bench, &update, 1);
    assert_int_equal(bench->counters.global_atomic_requests, 1);
    assert_int_equal(bench->counters.global_atomic_sectors, 4);
}

/* A kernel of one thread, which is given the object and plain memory. */
static void expect_fault(struct bench *bench, const char *statement, const char *message) {
    char text[1024];
    uint64_t memory[2] = {bench_allocate(bench, NULL, BYTES), bench_allocate(bench, NULL, BYTES)};
    snprintf(text, sizeof text,
             ".version 9.0\n.target sm_90\n.address_size 64\n.visible .entry k(.param .u64 at, "
             ".param .u64 p) {\n"
             ".reg .b64 %%rd<4>; .reg .b32 %%r<4>; .shared .align 16 .b8 s[64];\n"
             "ld.param.u64 %%rd1, [at]; ld.param.u64 %%rd2, [p]; mov.u32 %%r2, s; %s\nret; }\n",
             statement);
    if (machine_load(bench->machine, "test", text, strlen(text), &bench->module,
                     &bench->diagnostic) != MACHINE_OK)
        fail_msg("%s", bench->diagnostic.message);
    expose(bench, memory, 2, object);
    assert_int_not_equal(LAUNCH(bench, "k", 1, 1, object, memory[0]), MACHINE_OK);
    if (!strstr(bench->diagnostic.message, message))
        fail_msg("%s: %s", statement, bench->diagnostic.message);
    machine_hide_multicast(bench->machine, object);
    assert_int_equal(machine_unload(bench->machine, bench->module), MACHINE_OK);
    assert_int_equal(machine_free(bench->machine, memory[0]), MACHINE_OK);
    assert_int_equal(machine_free(bench->machine, memory[1]), MACHINE_OK);
}

TEST_ON_BLACKWELL(wrong_addresses_are_named) {
    static const struct {
        const char *statement, *message;
    } cases[] = {
        {"ld.global.u32 %r1, [%rd1];", "a multicast address is used by ld"},
        {"st.global.u32 [%rd1+4], 1;", "a multicast address is used by st"},
        {"atom.global.add.u32 %r1, [%rd1], 1;", "a multicast address is used by atom"},
        {"cp.async.ca.shared.global [%r2], [%rd1], 4;", "a multicast address is used by cp"},
        {"cp.async.bulk.global.shared::cta.bulk_group [%rd1], [%r2], 16; "
         "cp.async.bulk.commit_group; "
         "cp.async.bulk.wait_group 0;",
         "a multicast address is used by cp"},
        {"multimem.ld_reduce.add.u32 %r1, [%rd2];", "multimem takes the addresses of a mapped"},
        {"multimem.st.u32 [%rd1+512], 1;", "multimem takes the addresses of a mapped"},
        {"multimem.red.add.u32 [%rd1+2], 1;", "no multiple of the bytes"},
    };
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++)
        expect_fault(*state, cases[k].statement, cases[k].message);
}

TEST_ON_BLACKWELL(devices_without_memory_are_named) {
    struct bench *bench = *state;
    struct multicast_range *range = calloc(1, sizeof *range + sizeof range->places[0]);
    const uint64_t memory = bench_allocate(bench, NULL, BYTES);
    assert_non_null(range);
    *range = (struct multicast_range){.base = object,
                                      .end = object + BYTES,
                                      .is_read_only = true,
                                      .devices = 1,
                                      .place_count = 1};
    range->places[0] = (struct multicast_place){.size = 256, .memory = memory};
    machine_expose_multicast(bench->machine, range);
    const enum machine_status status = bench_load(
        bench, ".visible .entry k(.param .u64 at) {\n.reg .b64 %rd<2>; .reg .b32 %r<2>;\n"
               "ld.param.u64 %rd1, [at]; multimem.ld_reduce.add.u32 %r1, [%rd1]; ret; }\n"
               ".visible .entry w(.param .u64 at) {\n.reg .b64 %rd<2>;\n"
               "ld.param.u64 %rd1, [at]; multimem.st.u32 [%rd1], 1; ret; }\n");
    assert_int_equal(status, MACHINE_OK);
    assert_int_equal(LAUNCH(bench, "k", 1, 1, object + 252), MACHINE_OK);
    assert_int_not_equal(LAUNCH(bench, "k", 1, 1, object + 256), MACHINE_OK);
    assert_non_null(strstr(bench->diagnostic.message, "not every device"));
    assert_int_not_equal(LAUNCH(bench, "w", 1, 1, object), MACHINE_OK);
    assert_non_null(strstr(bench->diagnostic.message, "reading alone"));
}
