/* The kernel around statements on tensor memory. */
#include "tests/support/tensor_memory_run.h"

#include "tests/support/kernel_text.h"

enum machine_status tensor_memory_run(struct bench *bench, bool checks, const char *statements,
                                      uint64_t output) {
    struct text text = {.length = 0};
    struct machine_options options = bench_options(bench);
    text_add(
        &text,
        ".version 9.0\n.target sm_100a\n.address_size 64\n"
        ".shared .align 1024 .b8 space[4096]; .shared .align 8 .b64 done; .shared .b32 base;\n"
        ".shared .align 1024 .b8 empty[1024];\n"
        ".visible .entry k(.param .u64 output) {\n"
        ".reg .b32 %%r<20>, %%v<8>; .reg .b64 %%rd<10>; .reg .pred %%p<8>; .reg .b16 %%h<2>;\n"
        "ld.param.u64 %%rd2, [output]; mov.u32 %%r1, %%tid.x; mul.wide.u32 %%rd3, %%r1, 32;\n"
        "add.u64 %%rd2, %%rd2, %%rd3; shl.b32 %%r2, %%r1, 5; mov.u32 %%r5, space;\n"
        "add.u32 %%r2, %%r2, %%r5; shl.b32 %%r6, %%r1, 3; mov.u32 %%r7, 0;\n"
        "FILL: add.u32 %%r8, %%r6, %%r7; shl.b32 %%r9, %%r7, 2; add.u32 %%r9, %%r9, %%r2;\n"
        "st.shared.b32 [%%r9], %%r8; add.u32 %%r7, %%r7, 1; setp.lt.u32 %%p1, %%r7, 8; @%%p1 bra "
        "FILL;\n"
        "fence.proxy.async; setp.ge.u32 %%p4, %%r1, 32; setp.eq.u32 %%p5, %%r1, 0;\n"
        "@%%p5 mbarrier.init.shared.b64 [done], 1;\n"
        "@%%p4 bra ALLOCATED;\n"
        "tcgen05.alloc.cta_group::1.sync.aligned.shared::cta.b32 [base], 128;\n"
        "ALLOCATED: bar.sync 0; ld.shared.b32 %%r3, [base];\n"
        "shr.u32 %%r14, %%r1, 5; shl.b32 %%r14, %%r14, 21; add.u32 %%r4, %%r3, %%r14;\n"
        "mov.u64 %%rd1, 0x0000401000080000; setp.ne.u32 %%p6, %%r1, %%r1; mov.b32 %%r10, "
        "0x08040490;\n"
        "%s\nbar.sync 0; @%%p4 bra FREED;\n"
        "tcgen05.dealloc.cta_group::1.sync.aligned.b32 %%r3, 128;\nFREED: ret; }\n",
        statements);
    options.check_race = options.check_init = checks;
    machine_set_options(bench->machine, &options);
    bench_load_whole(bench, text.at, text.length);
    const struct machine_launch launch = {.function = machine_find_function(bench->module, "k"),
                                          .grid = {1, 1, 1},
                                          .block = {TENSOR_MEMORY_THREADS, 1, 1},
                                          .parameters = &output,
                                          .parameter_bytes = sizeof output};
    return machine_launch(bench->machine, &launch, &bench->counters, &bench->diagnostic);
}
