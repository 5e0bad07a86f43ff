/* Values that nothing has written: computing with them is no fault, using them is. */
#include "tests/support/emulator_core.h"
#include "tests/support/test.h"

/* %rd1 has an allocation of which nothing was written, %rd2 one that was; %r1 has a word of the
 * first. */
#define HEAD                                                                                       \
    ".visible .entry k(.param .u64 a, .param .u64 b) { .reg .pred %p<9>; .reg .b64 %rd<9>;\n"      \
    ".reg .b32 %r<20>; .reg .b16 %h<4>; .reg .f32 %f<9>; .shared .align 16 .b8 s[1024];\n"         \
    ".local .align 16 .b8 l[64];\n"                                                                \
    "ld.param.u64 %rd1, [a]; ld.param.u64 %rd2, [b]; mov.u32 %r9, %tid.x; shl.b32 %r8, %r9, 2;\n"  \
    "mov.u32 %r7, s; add.u32 %r7, %r7, %r8; cvt.u64.u32 %rd8, %r8;\n"                              \
    "add.u64 %rd1, %rd1, %rd8; add.u64 %rd2, %rd2, %rd8; setp.eq.u32 %p8, %r9, %r9;\n"             \
    "ld.global.u32 %r1, [%rd1];\n"
#define KERNEL(text) HEAD text " ret; }\n"
#define STORED(text) KERNEL(text " st.global.u32 [%rd2], %r2;")

struct example {
    const char *text, *said; /* NULL: no fault */
};

static int run(struct bench *bench, const struct example *example) {
    uint64_t unwritten, written;
    BENCH_SWITCH_ON(bench, check_init);
    assert_int_equal(machine_allocate(bench->machine, 512, &unwritten), MACHINE_OK);
    assert_int_equal(machine_allocate(bench->machine, 512, &written), MACHINE_OK);
    assert_int_equal(machine_set(bench->machine, written, 0, 4, 128), MACHINE_OK);
    bench->log[0] = '\0';
    bench_must_load(bench, example->text);
    const enum machine_status status = LAUNCH(bench, "k", 1, 32, unwritten, written);
    assert_int_equal(machine_free(bench->machine, unwritten), MACHINE_OK);
    assert_int_equal(machine_free(bench->machine, written), MACHINE_OK);
    if (!example->said)
        return status == MACHINE_OK;
    return status == MACHINE_CHECK_FAILED && strstr(bench->log, example->said);
}

static void run_all(struct bench *bench, const struct example *examples, size_t count) {
    for (size_t k = 0; k < count; k++) {
        if (!run(bench, &examples[k]))
            fail_msg("'%s' for: %s", bench->log, examples[k].text);
    }
}
#define RUN_ALL(bench, examples) run_all(bench, examples, sizeof(examples) / sizeof *(examples))

/* An address that depends on what nothing has written in some lanes. */
#define ADDRESS_OF(compare, lane)                                                                  \
    "mov.u32 %r2, s; setp." compare ".u32 %p1, %r9, " lane "; and.b32 %r3, %r1, 16;"               \
    "@%p1 add.u32 %r2, %r2, %r3;"
#define LDMATRIX "ldmatrix.sync.aligned.m8n8.x1.shared.b16 {%r4}, [%r2];"

TEST_ON_BENCH(what_is_dropped_is_no_fault) {
    static const struct example examples[] = {
        {KERNEL("add.u32 %r2, %r1, 1; cvt.rn.f32.u32 %f1, %r2; setp.lt.u32 %p1, %r1, 5;"), NULL},
        {STORED("setp.lt.u32 %p1, %r1, 5; setp.ne.u32 %p2, %r9, %r9; and.pred %p3, %p2, %p1;"
                "selp.u32 %r2, %r9, 7, %p3;"),
         NULL},
        {STORED("setp.lt.u32 %p1, %r1, 5; or.pred %p3, %p1, %p8; selp.u32 %r2, 7, %r1, %p3;"),
         NULL},
        {STORED("setp.lt.and.u32 %p1, %r1, 5, !%p8; selp.u32 %r2, %r1, 7, %p1;"), NULL},
        {STORED("setp.lt.or.u32 %p1, %r1, 5, %p8; selp.u32 %r2, 7, %r1, %p1;"), NULL},
        {STORED("and.b32 %r2, %r1, 0;"), NULL},
        {STORED("or.b32 %r2, %r1, -1;"), NULL},
        {STORED("mov.u32 %r2, %r1; mov.u32 %r2, 5;"), NULL},
        {KERNEL("setp.gt.u32 %p1, %r9, 99; @%p1 st.global.u32 [%rd2], %r1;"), NULL},
        {KERNEL("st.shared.u32 [%r7], %r1; bar.sync 0; ld.shared.u32 %r2, [%r7];"), NULL},
        {STORED("st.shared.u32 [%r7], %r1; st.shared.u32 [%r7], 1; ld.shared.u32 %r2, [%r7];"),
         NULL},
        {KERNEL("ld.shared.u32 %r2, [%r7]; shfl.sync.bfly.b32 %r3, %r2, 1, 31, -1;"), NULL},
        {KERNEL("atom.shared.exch.b32 %r2, [%r7], %r9; add.u32 %r2, %r2, 1;"), NULL},
        {KERNEL("atom.global.exch.b32 %r2, [%rd1], %r9; add.u32 %r2, %r2, 1;"), NULL},
        {STORED("atom.shared.exch.b32 %r2, [%r7], %r9; ld.shared.u32 %r2, [%r7];"), NULL},
        {STORED("atom.global.exch.b32 %r2, [%rd1], %r9; ld.global.u32 %r2, [%rd1];"), NULL},
        /* Eight lanes have the addresses of a matrix. */
        {KERNEL(ADDRESS_OF("ge", "8") LDMATRIX), NULL},
        /* What holds a byte that was written counts as written. */
        {STORED("st.shared.u8 [%r7], %r9; ld.shared.u32 %r2, [%r7];"), NULL},
    };
    RUN_ALL(*state, examples);
}

/* Gaps of structs go as bytes of their own, beside members that are stored before. */
#define BYTES "{%h0, %h1, %h2, %h3}"
#define BYTES_TO(place) "ld.global.v4.u8 " BYTES ", [%rd1]; st.global.v4.u8 [" place "], " BYTES ";"
TEST_ON_BENCH(gaps_are_copied_byte_by_byte) {
    static const struct example examples[] = {
        {KERNEL(BYTES_TO("%rd2")), NULL},
        {KERNEL("ld.global.u8 %h1, [%rd1]; st.global.u8 [%rd2], %h1;"), NULL},
        {KERNEL(BYTES_TO("%rd1+256")), "'st' stores to global memory what nothing has written"},
        {KERNEL(BYTES_TO("%rd2") "ld.global.u32 %r2, [%rd2]; setp.eq.u32 %p1, %r2, 0;"
                                 "@%p1 bra L; mov.u32 %r2, 1; L:"),
         "whether 'bra' is executed depends on"},
    };
    RUN_ALL(*state, examples);
}

#define WITH_HEAP(text)                                                                            \
    ".extern .func (.param .b64 r) malloc (.param .b64 n);\n"                                      \
    ".extern .func free (.param .b64 p);\n" KERNEL(                                                \
        "{ .param .b64 n; .param .b64 r; st.param.b64 [n], 40; call (r), malloc, (n);"             \
        "ld.param.b64 %rd3, [r]; } st.global.u32 [%rd3], 1;" text)
#define FREE "{ .param .b64 p; st.param.b64 [p], %rd3; call free, (p); }"
TEST_ON_BENCH(what_was_freed_in_a_kernel_is_unwritten) {
    static const struct example examples[] = {
        {WITH_HEAP("ld.global.u32 %r2, [%rd3]; st.global.u32 [%rd2], %r2;" FREE), NULL},
        {WITH_HEAP(FREE "ld.global.u32 %r2, [%rd3]; st.global.u32 [%rd2], %r2;"),
         "'st' stores to global memory what nothing has written"},
    };
    RUN_ALL(*state, examples);
}

TEST_ON_BENCH(a_use_is_a_fault) {
    static const struct example examples[] = {
        {STORED("add.u32 %r2, %r1, 1;"), "'st' stores to global memory what nothing has written"},
        {KERNEL("st.u32 [%rd2], %r1;"), "'st' stores to global memory"},
        {KERNEL("setp.lt.u32 %p1, %r1, 5; @%p1 bra L; mov.u32 %r2, 1; L:"),
         "whether 'bra' is executed depends on what nothing has written, at PTX line 11; such a "
         "value was last loaded at PTX "
         "line 10"},
        {KERNEL("setp.lt.u32 %p1, %r1, 5; @%p1 mov.u32 %r2, 1;"), "whether 'mov' is executed"},
        {KERNEL("and.b32 %r2, %r1, 12; add.u32 %r2, %r2, %r7; ld.shared.u32 %r3, [%r2];"),
         "'ld' takes for an address"},
        {KERNEL("mov.u32 %r2, s; and.b32 %r3, %r1, 0xfc; add.u32 %r2, %r2, %r3;"
                "st.shared.u32 [%r2], 5;"),
         "'st' takes for an address"},
        {KERNEL(ADDRESS_OF("ge", "31") "ld.shared.u32 %r3, [%r2];"), "'ld' takes for an address"},
        {KERNEL(ADDRESS_OF("eq", "7") LDMATRIX), "'ldmatrix' takes for an address"},
        {KERNEL("red.global.add.u32 [%rd2], %r1;"), "'red' takes what nothing"},
        {KERNEL("atom.shared.exch.b32 %r2, [%r7], %r1;"), "'atom' takes what nothing"},
        {KERNEL("red.shared.add.u32 [%r7], %r9;"), "uninitialised read in shared memory"},
        {KERNEL("red.global.add.u32 [%rd1], %r9;"), "uninitialised read of 4 bytes in global"},
        {KERNEL("setp.lt.u32 %p1, %r1, 5; vote.sync.ballot.b32 %r2, %p1, -1;"),
         "'vote' depends on"},
        {KERNEL("setp.lt.u32 %p1, %r1, 5; bar.red.popc.u32 %r2, 0, %p1;"), "'bar' depends on"},
        {KERNEL("redux.sync.add.u32 %r2, %r1, -1;"), "'redux' depends on"},
        {KERNEL("and.b32 %r1, %r1, 31; shfl.sync.idx.b32 %r3, %r9, %r1, 31, -1;"),
         "'shfl' depends on"},
    };
    RUN_ALL(*state, examples);
}

#define STORES "stores to global memory"
#define FUNCTION                                                                                   \
    ".func (.param .b32 out) f(.param .b32 in) { .reg .b32 %r<4>; ld.param.u32 %r1, [in];\n"       \
    "add.u32 %r1, %r1, 1; st.param.u32 [out], %r1; ret; }\n"
#define CALL(value)                                                                                \
    FUNCTION STORED("{ .param .b32 i; .param .b32 o; st.param.u32 [i], " value ";\n"               \
                    "call (o), f, (i); ld.param.u32 %r2, [o]; }")

TEST_ON_BENCH(values_are_followed_wherever_they_go) {
    static const struct example examples[] = {
        {STORED("st.shared.u32 [%r7], %r1; ld.shared.u32 %r2, [%r7];"), STORES},
        {STORED("ld.shared.u32 %r2, [%r7];"), STORES},
        {STORED("st.local.u32 [l+4], %r1; ld.local.u32 %r2, [l+4];"), STORES},
        {STORED("atom.shared.exch.b32 %r2, [%r7], %r9;"), STORES},
        {STORED("atom.global.exch.b32 %r2, [%rd1], %r9;"), STORES},
        {STORED("ld.local.u32 %r2, [l+8];"), STORES},
        {STORED("st.local.u32 [l+4], %r9; ld.local.u32 %r2, [l+4];"), NULL},
        {STORED("mov.b64 %rd3, {%r9, %r1}; shr.u64 %rd3, %rd3, 32; cvt.u32.u64 %r2, %rd3;"),
         STORES},
        {STORED("selp.u32 %r2, %r1, %r9, %p8;"), STORES},
        {STORED("setp.lt.xor.u32 %p1, %r1, 5, %p8; selp.u32 %r2, 1, 2, %p1;"), STORES},
        {STORED("shfl.sync.bfly.b32 %r2, %r1, 1, 31, -1;"), STORES},
        {STORED("cp.async.ca.shared.global [%r7], [%rd1], 4; cp.async.wait_all;"
                "ld.shared.u32 %r2, [%r7];"),
         STORES},
        {STORED("movmatrix.sync.aligned.m8n8.trans.b16 %r2, %r1;"), STORES},
        {CALL("%r1"), STORES},
        {CALL("%r9"), NULL},
    };
    RUN_ALL(*state, examples);
}

/* Half a tile: rows of A from 8 on, or columns of B from 4 on, were never written. */
#define TILE                                                                                       \
    "mov.u32 %r10, s; shl.b32 %r11, %r9, 4; add.u32 %r10, %r10, %r11;\n"                           \
    "setp.lt.u32 %p1, %r9, 8; @%p1 st.shared.v4.u32 [%r10], {%r9, %r9, %r9, %r9};\n"               \
    "bar.sync 0; mov.f32 %f1, 0f00000000;\n"
#define MULTIPLY(a0, a1, b)                                                                        \
    TILE "ldmatrix.sync.aligned.m8n8.x2.shared.b16 {%r11, %r12}, [%r10];\n"                        \
         "mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32 {%f2,%f3,%f4,%f5}, {" a0 "," a1         \
         "}, {" b "}, {%f1,%f1,%f1,%f1};\n"
#define KEEP(register) "st.global.f32 [%rd2], " register ";"

TEST_ON_BENCH(a_tile_at_an_edge_spoils_its_rows_alone) {
    static const struct example examples[] = {
        {KERNEL(MULTIPLY("%r11", "%r12", "%r9") KEEP("%f2") KEEP("%f3")), NULL},
        {KERNEL(MULTIPLY("%r11", "%r12", "%r9") KEEP("%f4")), STORES},
        {KERNEL(MULTIPLY("%r11", "%r11", "%r12") KEEP("%f2")), STORES},
        {KERNEL(MULTIPLY("%r11", "%r11", "%r11") KEEP("%f5")), NULL},
        {KERNEL(TILE "setp.lt.u32 %p2, %r9, 16; mov.u32 %r12, %r9; @!%p2 mov.u32 %r12, %r1;\n"
                     "mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32 {%f2,%f3,%f4,%f5}, "
                     "{%r9,%r9}, {%r12}, {%f1,%f1,%f1,%f1};\n and.b32 %r13, %r9, 3;\n"
                     "setp.lt.u32 %p3, %r13, 2; @%p3 st.global.f32 [%rd2], %f2;"),
         NULL},
        {KERNEL(TILE "setp.lt.u32 %p2, %r9, 16; mov.u32 %r12, %r9; @!%p2 mov.u32 %r12, %r1;\n"
                     "mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32 {%f2,%f3,%f4,%f5}, "
                     "{%r9,%r9}, {%r12}, {%f1,%f1,%f1,%f1};\n and.b32 %r13, %r9, 3;\n"
                     "setp.ge.u32 %p3, %r13, 2; @%p3 st.global.f32 [%rd2], %f2;"),
         STORES},
        {KERNEL(TILE "mov.b32 %r12, 0xeeeeeeee; ldmatrix.sync.aligned.m8n8.x2.shared.b16 "
                     "{%r10, %r11}, [%r10];\n"
                     "mma.sp.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%f2,%f3,%f4,%f5}, "
                     "{%r10,%r11}, {%r9,%r9}, {%f1,%f1,%f1,%f1}, %r12, 0;\n" KEEP("%f3")),
         NULL},
        {KERNEL(TILE "mov.b32 %r12, 0xeeeeeeee; ldmatrix.sync.aligned.m8n8.x2.shared.b16 "
                     "{%r10, %r11}, [%r10];\n"
                     "mma.sp.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%f2,%f3,%f4,%f5}, "
                     "{%r10,%r11}, {%r9,%r9}, {%f1,%f1,%f1,%f1}, %r12, 0;\n" KEEP("%f4")),
         STORES},
        {KERNEL("mma.sync.aligned.m8n8k4.row.col.f16.f16.f16.f16 {%r10,%r11,%r12,%r13}, {%r9,%r9}, "
                "{%r9,%r9}, {%r9,%r9,%r9,%r9}; st.global.u32 [%rd2], %r13;"),
         NULL},
    };
    RUN_ALL(*state, examples);
}

/* Factors of a come from two lanes of four, of b from one; the others' may be unwritten. */
#define SCALE(lanes, a, b)                                                                         \
    KERNEL("and.b32 %r13, %r9, 3; setp." lanes                                                     \
           "; mov.u32 %r12, %r9; @%p2 mov.u32 %r12, %r1; mov.u16 %h1, 0; mov.u16 %h2, 1;\n"        \
           "mov.f32 %f1, 0f00000000; mma.sync.aligned.m16n8k32.row.col.kind::mxf8f6f4.block_scale" \
           ".f32.e4m3.e4m3.f32.ue8m0 {%f2,%f3,%f4,%f5}, {%r9,%r9,%r9,%r9}, {%r9,%r9}, "            \
           "{%f1,%f1,%f1,%f1}, " a ", " b ";\n" KEEP("%f2"))
#define OTHERS "%r9, {%h1, %h1}"

TEST_ON_BENCH(factors_spoil_where_their_selectors_say) {
    static const struct example examples[] = {
        {SCALE("ge.u32 %p2, %r13, 2", "%r12, {%h1, %h1}", OTHERS), NULL},
        {SCALE("ge.u32 %p2, %r13, 2", "%r12, {%h1, %h2}", OTHERS), STORES},
        {SCALE("eq.u32 %p2, %r13, 1", "%r12, {%h1, %h1}", OTHERS), NULL}, /* the lower rows */
        {SCALE("eq.u32 %p2, %r13, 0", "%r12, {%h1, %h1}", OTHERS), STORES},
        {SCALE("ne.u32 %p2, %r13, 0", OTHERS, "%r12, {%h1, %h1}"), NULL},
        {SCALE("ne.u32 %p2, %r13, 0", OTHERS, "%r12, {%h1, %h2}"), STORES},
        {SCALE("ne.u32 %p2, %r13, 1", OTHERS, "%r12, {%h1, 1}"), NULL},
    };
    ((struct bench *)*state)->target = 120;
    RUN_ALL(*state, examples);
}
