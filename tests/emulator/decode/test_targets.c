/* Which targets have an instruction (PTX ISA 9.7, "Target ISA Notes"): a module for another is
 * refused. */
#include "emulator/decode/targets.h"
#include "tests/support/emulator_core.h"
#include "tests/support/test.h"

#include <stdio.h>

/* Root and modifiers of the text, into an array of them. */
static struct syntax_instruction instruction_of(char *text, const char *modifiers[]) {
    struct syntax_instruction instruction = {.root = strtok(text, "."), .modifiers = modifiers};
    for (char *part; (part = strtok(NULL, ".")) != NULL;)
        modifiers[instruction.modifier_count++] = part;
    return instruction;
}

static unsigned capability_of(const char *text) {
    enum { MODIFIERS = 16 };
    char copy[160];
    const char *modifiers[MODIFIERS];
    assert_true(strlen(text) < sizeof copy);
    memcpy(copy, text, strlen(text) + 1);
    const struct syntax_instruction instruction = instruction_of(copy, modifiers);
    return targets_first(&instruction);
}

TEST(shapes_and_types_want_their_capability) {
    static const struct {
        const char *text;
        unsigned capability;
    } forms[] = {
        {"mma.sync.aligned.m8n8k4.row.col.f32.f16.f16.f32", 70},
        {"mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32", 75},
        {"mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32", 80},
        {"mma.sync.aligned.m16n8k8.row.col.f32.bf16.bf16.f32", 80},
        {"mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32", 80},
        {"mma.sync.aligned.m8n8k16.row.col.s32.u8.u8.s32", 75},
        {"mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32", 80},
        {"mma.sync.aligned.m8n8k32.row.col.s32.s4.s4.s32", 75},
        {"mma.sync.aligned.m8n8k128.row.col.s32.b1.b1.s32.xor.popc", 75},
        {"mma.sync.aligned.m16n8k32.row.col.f32.e4m3.e4m3.f32", 89},
        {"mma.sync.aligned.m16n8k32.row.col.f32.e5m2.e5m2.f32", 89},
        {"mma.sync.aligned.kind::f8f6f4.m16n8k32.row.col.f32.e4m3.e4m3.f32", 120},
        {"mma.sync.aligned.m16n8k64.row.col.kind::mxf4.block_scale.f32.e2m1.e2m1.f32.ue8m0", 120},
        {"mma.sync.aligned.m8n8k4.row.col.f64.f64.f64.f64", 80},
        {"mma.sync.aligned.m16n8k8.row.col.f64.f64.f64.f64", 90},
        {"wmma.mma.sync.aligned.row.col.m16n16k16.f32.f32", 70},
        {"wmma.mma.sync.aligned.row.col.m16n16k16.s32.s8.s8.s32", 72},
        {"wmma.mma.sync.aligned.row.col.m32n8k16.s32.u8.u8.s32", 72},
        {"wmma.mma.sync.aligned.row.col.m8n8k32.s32.u4.u4.s32", 75},
        {"wmma.mma.sync.aligned.row.col.m8n8k32.s32.s4.s4.s32", 75},
        {"wmma.mma.xor.popc.sync.aligned.row.col.m8n8k128.s32.b1.b1.s32", 75},
        {"wmma.mma.sync.aligned.row.col.m16n16k16.f32.bf16.bf16.f32", 80},
        {"wgmma.mma_async.sync.aligned.m64n256k16.f32.bf16.bf16", 90},
    };
    for (size_t k = 0; k < sizeof forms / sizeof forms[0]; k++)
        if (capability_of(forms[k].text) != forms[k].capability)
            fail_msg("%s: %u", forms[k].text, capability_of(forms[k].text));
}

/* The notes are looked up by halves. */
TEST(notes_stand_in_the_order_of_their_roots) {
    for (size_t k = 1; k < target_note_count; k++) {
        const char *last = target_notes[k - 1].pattern, *next = target_notes[k].pattern;
        const size_t length = strcspn(last, "."), next_length = strcspn(next, ".");
        const int order = strncmp(last, next, length < next_length ? length : next_length);
        if (order > 0 || (order == 0 && length > next_length))
            fail_msg("%s stands before %s", last, next);
    }
}

/* An instruction, a target that does not have it, and one that does. */
struct step {
    const char *instruction, *before, *from;
};

static const struct step steps[] = {
    {"cp.async.ca.shared.global [%r1], [%rd1], 16;", "75", "80"},
    {"cp.async.bulk.commit_group;", "89", "90"},
    {"redux.sync.add.u32 %r1, %r2, -1;", "75", "80"},
    {"redux.sync.min.f32 %f1, %f2, -1;", "100", "100a"},
    {"redux.sync.min.f32 %f1, %f2, -1;", "120a", "103f"},
    {"mbarrier.test_wait.shared.b64 %p1, [%r1], %rd1;", "75", "80"},
    {"mbarrier.try_wait.shared.b64 %p1, [%r1], %rd1;", "89", "90"},
    {"mbarrier.arrive.noComplete.shared.b64 %rd1, [%r1], 2;", "75", "80"},
    {"mbarrier.arrive.shared.b64 %rd1, [%r1], 2;", "89", "90"},
    {"mbarrier.arrive.shared.b64 %rd1, [%r1];", "75", "80"},
    {"add.f16 %h1, %h2, %h3;", "52", "53"},
    {"add.bf16 %h1, %h2, %h3;", "89", "90"},
    {"fma.rn.bf16 %h1, %h2, %h3, %h4;", "75", "80"},
    {"setp.lt.and.f16 %p1, %h1, %h2, %p2;", "52", "53"},
    {"setp.lt.and.bf16 %p1, %h1, %h2, %p2;", "89", "90"},
    {"max.f32 %f1, %f2, %f3, %f4;", "90a", "100"},
    {"max.f32 %f1, %f2, %f3;", NULL, "50"},
    {"max.NaN.f32 %f1, %f2, %f3;", "75", "80"},
    {"max.xorsign.abs.f32 %f1, %f2, %f3;", "80", "86"},
    {"tanh.approx.f32 %f1, %f2;", "72", "75"},
    {"ex2.approx.f16 %h1, %h2;", "72", "75"},
    {"cvt.rn.bf16.f32 %h1, %f1;", "75", "80"},
    {"cvt.f32.bf16 %f1, %h1;", "75", "80"},
    {"cvt.rni.bf16.bf16 %h1, %h2;", "89", "90"},
    {"cvt.rn.bf16.s32 %h1, %r1;", "89", "90"},
    {"cvt.rna.tf32.f32 %r1, %f1;", "75", "80"},
    {"cvt.rn.tf32.f32 %r1, %f1;", "89", "90"},
    {"cvt.rn.satfinite.e4m3x2.f32 %h1, %f1, %f2;", "86", "89"},
    {"cvt.rn.satfinite.e2m1x2.f32 %b1, %f1, %f2;", "100", "100f"},
    {"cvt.rn.satfinite.e2m1x2.f32 %b1, %f1, %f2;", "121", "121a"},
    {"atom.global.relaxed.gpu.add.u32 %r1, [%rd1], 1;", "62", "70"},
    {"atom.add.f64 %fd1, [%rd1], %fd2;", "53", "60"},
    {"atom.global.v2.f32.add {%f1,%f2}, [%rd1], {%f3,%f4};", "89", "90"},
    {"atom.global.gpu.cas.b128 %q1, [%rd1], %q2, %q3;", "89", "90"},
    {"ld.global.v8.f32 {%f1,%f2,%f3,%f4,%f5,%f6,%f7,%f8}, [%rd1];", "90a", "100"},
    {"ld.global.v4.f32 {%f1,%f2,%f3,%f4}, [%rd1];", NULL, "50"},
    {"ld.acquire.gpu.global.u32 %r1, [%rd1];", "62", "70"},
    {"ld.global.L2::128B.u32 %r1, [%rd1];", "72", "75"},
    {"ld.shared::cluster.u32 %r1, [%r2];", "89", "90"},
    {"st.async.shared::cluster.mbarrier::complete_tx::bytes.u32 [%r1], %r2, [%r3];", "89", "90"},
    {"ldmatrix.sync.aligned.m8n8.x1.shared.b16 {%r1}, [%r2];", "72", "75"},
    {"ldmatrix.sync.aligned.m16n16.x1.trans.shared.b8 {%r1,%r2}, [%r3];", "100", "120f"},
    {"stmatrix.sync.aligned.m8n8.x1.shared.b16 [%r2], {%r1};", "89", "90"},
    {"movmatrix.sync.aligned.m8n8.trans.b16 %r1, %r2;", "72", "75"},
    {"mov.b128 %q1, {%rd1,%rd2};", "62", "70"},
    {"fence.acq_rel.gpu;", "62", "70"},
    {"fence.acq_rel.cluster;", "89", "90"},
    {"fence.proxy.async;", "89", "90"},
    {"griddepcontrol.wait;", "89", "90"},
    {"elect.sync %r1|%p1, -1;", "89", "90"},
    {"barrier.cluster.arrive;", "89", "90"},
    {"createpolicy.fractional.L2::evict_last.b64 %rd1, 1.0;", "75", "80"},
    {"multimem.red.relaxed.gpu.global.add.f32 [%rd1], %f1;", "89", "90"},
    {"setmaxnreg.inc.sync.aligned.u32 64;", "90", "90a"},
    {"setmaxnreg.inc.sync.aligned.u32 64;", "120", "120f"},
    {"wgmma.fence.sync.aligned;", "90", "90a"},
    {"wgmma.fence.sync.aligned;", "100a", "90a"},
    {"tcgen05.wait::ld.sync.aligned;", "90a", "100a"},
    {"tcgen05.wait::ld.sync.aligned;", "100", "103f"},
    {"tcgen05.wait::ld.sync.aligned;", "120a", "103a"},
    {"mma.sync.aligned.m16n8k32.row.col.f32.e4m3.e4m3.f32 {%f1,%f2,%f3,%f4}, {%r1,%r2,%r3,%r4}, "
     "{%r5,%r6}, {%f1,%f2,%f3,%f4};",
     "86", "89"},
    {"mma.sync.aligned.kind::f8f6f4.m16n8k32.row.col.f32.e2m1.e4m3.f32 {%f1,%f2,%f3,%f4}, "
     "{%r1,%r2,%r3,%r4}, {%r5,%r6}, {%f1,%f2,%f3,%f4};",
     "120", "120a"},
};

static enum machine_status load_for(struct bench *bench, const char *target,
                                    const char *instruction) {
    char text[1024];
    snprintf(text, sizeof text,
             ".version 9.0\n.target sm_%s\n.address_size 64\n"
             ".visible .entry k() {\n.reg .pred %%p<4>; .reg .b8 %%b<4>; .reg .b16 %%h<6>; "
             ".reg .b32 %%r<9>; .reg .f32 %%f<9>; .reg .b64 %%rd<9>; .reg .f64 %%fd<4>; "
             "%s\n%s\nret; }\n",
             target, strstr(instruction, "%q") ? ".reg .b128 %q<4>;" : "", instruction);
    return machine_load(bench->machine, "text", text, strlen(text), &bench->module,
                        &bench->diagnostic);
}

TEST_ON_BENCH(targets_have_what_the_manual_notes) {
    struct bench *bench = *state;
    for (size_t k = 0; k < sizeof steps / sizeof steps[0]; k++) {
        const struct step *step = &steps[k];
        if (load_for(bench, step->from, step->instruction) != MACHINE_OK)
            fail_msg("sm_%s: %s", step->from, bench->diagnostic.message);
        if (step->before && load_for(bench, step->before, step->instruction) != MACHINE_INVALID_PTX)
            fail_msg("taken for sm_%s: %s", step->before, step->instruction);
        if (step->before && !strstr(bench->diagnostic.message, "needs .target"))
            fail_msg("sm_%s: %s", step->before, bench->diagnostic.message);
    }
}

TEST_ON_BENCH(a_refusal_says_what_to_compile_for) {
    static const struct {
        const char *instruction, *target, *said;
    } refusals[] = {
        {"cp.async.commit_group;", "75",
         "line 6, column 1: 'cp.async.commit_group' needs .target sm_80 or newer, and the module "
         "says "
         "sm_75: compile for compute_80"},
        {"wgmma.fence.sync.aligned;", "90",
         "'wgmma.fence.sync.aligned' needs .target sm_90a, and the module says sm_90: compile for "
         "compute_90a"},
        {"setmaxnreg.inc.sync.aligned.u32 64;", "100",
         "needs .target sm_90a, sm_100f, sm_110f or sm_120f, and the module says sm_100: compile "
         "for "
         "compute_100f"},
    };
    struct bench *bench = *state;
    for (size_t k = 0; k < sizeof refusals / sizeof refusals[0]; k++) {
        assert_int_equal(load_for(bench, refusals[k].target, refusals[k].instruction),
                         MACHINE_INVALID_PTX);
        if (!strstr(bench->diagnostic.message, refusals[k].said))
            fail_msg("%s", bench->diagnostic.message);
    }
}

/* Units that are linked keep their own. */
TEST_ON_BENCH(each_unit_has_its_target) {
    struct bench *bench = *state;
    static const char unit[] = ".version 9.0\n.target sm_80\n.address_size 64\n"
                               ".visible .entry a() { cp.async.wait_all; ret; }\n"
                               ".version 9.0\n.target sm_75\n.address_size 64\n"
                               ".visible .entry b() { %s ret; }\n";
    char text[512];
    snprintf(text, sizeof text, unit, "");
    assert_int_equal(machine_load(bench->machine, "text", text, strlen(text), &bench->module,
                                  &bench->diagnostic),
                     MACHINE_OK);
    snprintf(text, sizeof text, unit, "cp.async.wait_all;");
    assert_int_equal(machine_load(bench->machine, "text", text, strlen(text), &bench->module,
                                  &bench->diagnostic),
                     MACHINE_INVALID_PTX);
    assert_int_equal(bench->diagnostic.line, 8);
}
