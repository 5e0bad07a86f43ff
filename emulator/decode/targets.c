#include "emulator/decode/targets.h"

#include "emulator/decode/text.h"
#include "emulator/ptx/pattern.h"
#include "emulator/ptx/target.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- The notes ---- */

/* As under "Target ISA Notes" (PTX ISA 9.0, chapter 9.7). Where the assembler takes more or fewer
 * targets, they are the assembler's. */
#define HOPPER_ON "90a 100f 110f 120f"
#define BLACKWELL "100f 110f 120f"
#define BLACKWELL_FP8 "100f 110f 120a 121a"
#define TENSOR_MEMORY "100f 110f"

/* The newest come first, since an instruction may have modifiers of several. */
const struct target_note target_notes[] = {
    {"abs.{bf16,bf16x2}", "80", 0},
    {"abs.{f16,f16x2}", "53", 0},
    {"activemask", "30", 0},
    {"add.f32x2", "100", 0},
    {"add.f32.{f16,bf16}", "100", 0},
    {"add.{bf16,bf16x2,u16x2,s16x2}", "90", 0},
    {"add.{f16,f16x2}", "53", 0},
    {"alloca", "52", 0},
    {"applypriority", "80", 0},
    {"atom.{v2,v4,v8,b128,bf16,bf16x2,cluster,shared::cluster}", "90", 0},
    {"atom.L2::cache_hint", "80", 0},
    {"atom.{relaxed,acquire,release,acq_rel,f16,b16}", "70", 0},
    {"atom.{cta,gpu,sys,f16x2,f64}", "60", 0},
    {"atom.{and,or,xor}.b64", "32", 0},
    {"atom.{min,max}.{u64,s64}", "32", 0},
    {"bar.warp", "30", 0},
    {"barrier.cluster", "90", 0},
    {"barrier", "30", 0},
    {"bmsk", "70", 0},
    {"clusterlaunchcontrol.multicast::cluster::all", BLACKWELL, 0},
    {"clusterlaunchcontrol", "100", 0},
    {"cp.{cta_group::1,cta_group::2,tile::scatter4}", TENSOR_MEMORY, 0},
    {"cp.{shared::cluster,prefetch}.tile::gather4", TENSOR_MEMORY, 0},
    {"cp.{shared::cluster,prefetch}.{im2col::w,im2col::w::128}", TENSOR_MEMORY, 0},
    {"cp.{cp_mask,tile::gather4,im2col::w,im2col::w::128}", "100", 0},
    {"cp.bulk", "90", 0},
    {"cp", "80", 0},
    {"createpolicy", "80", 0},
    {"cvt.rs", "100a 103a", 0},
    {"cvt.{e2m1x2,e2m3x2,e3m2x2,ue8m0x2}", BLACKWELL, 0},
    {"cvt.{rn,rz}.satfinite.tf32", "100", 0},
    {"cvt.{rn,rz}.tf32", "90", 0},
    {"cvt.ftz.f32.bf16", "90", 0},
    {"cvt.{bf16,f16,f64,u8,s8,u16,s16,u32,s32,u64,s64}.bf16", "90", 0},
    {"cvt.bf16.{f16,f64,u8,s8,u16,s16,u32,s32,u64,s64}", "90", 0},
    {"cvt.{e4m3x2,e5m2x2}", "89", 0},
    {"cvt.{bf16,bf16x2,f16x2,tf32,relu}", "80", 0},
    {"cvt.pack.{u4,s4,u2,s2}", "75", 0},
    {"cvt.pack", "72", 0},
    {"cvt.satfinite", "70", 0},
    {"cvta.shared::cluster", "90", 0},
    {"cvta.{param,param::entry}", "70", 0},
    {"discard", "80", 0},
    {"dp2a", "61", 0},
    {"dp4a", "61", 0},
    {"elect", "90", 0},
    {"ex2.{bf16,bf16x2}", "90", 0},
    {"ex2.{f16,f16x2}", "75", 0},
    {"fence.{cluster,async,async::generic,tensormap::generic}", "90", 0},
    {"fence", "70", 0},
    {"fma.f32x2", "100", 0},
    {"fma.f32.{f16,bf16}", "100", 0},
    {"fma.oob", "90", 0},
    {"fma.{bf16,bf16x2,relu}", "80", 0},
    {"fma.{f16,f16x2}", "53", 0},
    {"fns", "30", 0},
    {"getctarank", "90", 0},
    {"griddepcontrol", "90", 0},
    {"isspacep.shared::cluster", "90", 0},
    {"isspacep.{param,param::entry}", "70", 0},
    {"istypep", "30", 0},
    {"ld.v8.{b32,u32,s32,f32}", "100", 0},
    {"ld.v4.{b64,u64,s64,f64}", "100", 0},
    {"ld.{L2::evict_first,L2::evict_last,L2::evict_normal}", "100", 0},
    {"ld.{cluster,shared::cluster}", "90", 0},
    {"ld.{L2::256B,L2::cache_hint}", "80", 0},
    {"ld.{L2::64B,L2::128B}", "75", 0},
    {"ld.{L1::evict_normal,L1::evict_unchanged,L1::evict_first,L1::evict_last,L1::no_allocate}",
     "70", 0},
    {"ld.{weak,relaxed,acquire,b128}", "70", 0},
    {"ld.nc", "32", 0},
    {"ldmatrix.{m16n16,b8x16}", BLACKWELL, 0},
    {"ldmatrix", "75", 0},
    {"ldu.b128", "70", 0},
    {"lop3.{and,or,xor}", "70", 0},
    {"lop3", "50", 0},
    {"mapa", "90", 0},
    {"match", "70", 0},
    {"max.f32", "100", 4},
    {"max.{relu,u16x2,s16x2}", "90", 0},
    {"max.abs", "86", 0},
    {"max.{NaN,f16,f16x2,bf16,bf16x2}", "80", 0},
    {"mbarrier.{cluster,shared::cluster,relaxed,expect_tx,complete_tx,try_wait}", "90", 0},
    {"mbarrier.noComplete", "80", 0},
    {"mbarrier.{arrive,arrive_drop}", "90", 3},
    {"mbarrier", "80", 0},
    {"membar.proxy", "60", 0},
    {"min.f32", "100", 4},
    {"min.{relu,u16x2,s16x2}", "90", 0},
    {"min.abs", "86", 0},
    {"min.{NaN,f16,f16x2,bf16,bf16x2}", "80", 0},
    {"mma.sp::ordered_metadata.{kind::mxf4,kind::mxf4nvf4}", "120a 121a", 0},
    {"mma.{block_scale,e2m1,e2m3,e3m2}", "120f", 0},
    {"mma.sp::ordered_metadata.f16.{e4m3,e5m2}", "120f", 0},
    {"mma.kind::f8f6f4", "120f 100f 110f", 0},
    {"mma.{m16n8k4,m16n8k8,m16n8k16}.f64", "90", 0},
    {"mma.{e4m3,e5m2}", "89", 0},
    {"mma.{f64,bf16,tf32,and}", "80", 0},
    {"mma.{m16n8k16,m16n8k32,m16n8k64,m16n8k128,m16n8k256}", "80", 0},
    {"mma.{m16n8k8,m8n8k16,m8n8k32,m8n8k128}", "75", 0},
    {"mma", "70", 0},
    {"mov.b128", "70", 0},
    {"movmatrix", "75", 0},
    {"mul.f32x2", "100", 0},
    {"mul.{bf16,bf16x2}", "90", 0},
    {"mul.{f16,f16x2}", "53", 0},
    {"multimem.{e4m3,e4m3x2,e4m3x4,e5m2,e5m2x2,e5m2x4}", BLACKWELL_FP8, 0},
    {"multimem", "90", 0},
    {"nanosleep", "70", 0},
    {"neg.{bf16,bf16x2}", "80", 0},
    {"neg.{f16,f16x2}", "53", 0},
    {"prefetch.tensormap", "90", 0},
    {"prefetch.{L2::evict_last,L2::evict_normal}", "80", 0},
    {"red.async.release", "100", 0},
    {"red.{async,v2,v4,v8,bf16,bf16x2,cluster,shared::cluster}", "90", 0},
    {"red.L2::cache_hint", "80", 0},
    {"red.{relaxed,release,f16}", "70", 0},
    {"red.{cta,gpu,sys,f16x2,f64}", "60", 0},
    {"red.{and,or,xor}.b64", "32", 0},
    {"red.{min,max}.{u64,s64}", "32", 0},
    {"redux.f32", "100f", 0},
    {"redux", "80", 0},
    {"set.{bf16,bf16x2}", "90", 0},
    {"set.{f16,f16x2}", "53", 0},
    {"setmaxnreg", HOPPER_ON, 0},
    {"setp.{bf16,bf16x2}", "90", 0},
    {"setp.{f16,f16x2}", "53", 0},
    {"shf", "32", 0},
    {"shfl", "30", 0},
    {"st.v8.{b32,u32,s32,f32}", "100", 0},
    {"st.v4.{b64,u64,s64,f64}", "100", 0},
    {"st.{L2::evict_first,L2::evict_last,L2::evict_normal,bulk}", "100", 0},
    {"st.async.release", "100", 0},
    {"st.{async,cluster,shared::cluster}", "90", 0},
    {"st.L2::cache_hint", "80", 0},
    {"st.{L1::evict_normal,L1::evict_unchanged,L1::evict_first,L1::evict_last,L1::no_allocate}",
     "70", 0},
    {"st.{weak,relaxed,release,b128}", "70", 0},
    {"stackrestore", "52", 0},
    {"stacksave", "52", 0},
    {"stmatrix.m16n8", BLACKWELL, 0},
    {"stmatrix", "90", 0},
    {"sub.f32x2", "100", 0},
    {"sub.f32.{f16,bf16}", "100", 0},
    {"sub.{bf16,bf16x2}", "90", 0},
    {"sub.{f16,f16x2}", "53", 0},
    {"sured.s64", "50", 0},
    {"szext", "70", 0},
    {"tanh.{bf16,bf16x2}", "90", 0},
    {"tanh", "75", 0},
    {"tcgen05.kind::i8", "100a 110a", 0},
    {"tcgen05.{shift,scale_vec::1X,scale_vec::2X,scale_vec::4X}", "100a 103a 110a", 0},
    {"tcgen05.sp.{kind::mxf4,kind::mxf4nvf4}", "100a 103a 110a", 0},
    {"tcgen05.red", "103f 110f", 0},
    {"tcgen05", TENSOR_MEMORY, 0},
    {"tensormap.swizzle_atomicity", BLACKWELL, 0},
    {"tensormap.replace", HOPPER_ON, 0},
    {"tensormap", "90", 0},
    {"txq.level", "30", 0},
    {"vabsdiff2", "30", 0},
    {"vabsdiff4", "30", 0},
    {"vadd2", "30", 0},
    {"vadd4", "30", 0},
    {"vavrg2", "30", 0},
    {"vavrg4", "30", 0},
    {"vmax2", "30", 0},
    {"vmax4", "30", 0},
    {"vmin2", "30", 0},
    {"vmin4", "30", 0},
    {"vote.sync", "30", 0},
    {"vset2", "30", 0},
    {"vset4", "30", 0},
    {"vsub2", "30", 0},
    {"vsub4", "30", 0},
    {"wgmma", "90a", 0},
    {"wmma.{f64,bf16,tf32,m16n16k8,and}", "80", 0},
    {"wmma.{m8n8k32,m8n8k128}", "75", 0},
    {"wmma.{u8,s8,s32}", "72", 0},
    {"wmma", "70", 0},
};

const size_t target_note_count = sizeof target_notes / sizeof target_notes[0];

/* ---- The note of an instruction ---- */

/* The order of a pattern's root and another root. */
static int compare_roots(const char *pattern, const char *root) {
    while (*root && *pattern == *root) {
        pattern++;
        root++;
    }
    if (*pattern == '\0' || *pattern == '.')
        return *root ? -1 : 0;
    return *pattern < *root ? -1 : 1;
}

static size_t first_of_root(const char *root) {
    size_t low = 0, high = target_note_count;
    while (low < high) {
        const size_t middle = (low + high) / 2;
        if (compare_roots(target_notes[middle].pattern, root) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const struct target_note *targets_find(const struct syntax_instruction *instruction) {
    for (size_t k = first_of_root(instruction->root); k < target_note_count; k++) {
        const struct target_note *note = &target_notes[k];
        if (compare_roots(note->pattern, instruction->root) != 0)
            return NULL;
        if ((note->operands == 0 || note->operands == instruction->operand_count) &&
            pattern_occurs(note->pattern, instruction))
            return note;
    }
    return NULL;
}

/* ---- Targets ---- */

struct target {
    unsigned number;
    char features; /* 'a', 'f' or NUL */
};

/* The next of the targets in the text; false behind the last one. */
static bool next_target(const char **text, struct target *target) {
    char *end;
    if (**text == '\0')
        return false;
    target->number = (unsigned)strtoul(*text, &end, 10);
    target->features = '\0';
    if (*end == 'a' || *end == 'f')
        target->features = *end++;
    *text = *end == ' ' ? end + 1 : end;
    return true;
}

unsigned targets_first(const struct syntax_instruction *instruction) {
    const struct target_note *note = targets_find(instruction);
    struct target first = {0, '\0'};
    const char *text = note ? note->targets : "";
    (void)next_target(&text, &first);
    return first.number;
}

/* Code for sm_103a may use what those of sm_100f's family have, code for sm_103 may not. */
static bool has(struct target unit, struct target noted) {
    const bool is_special = noted.features == '\0' || unit.features == noted.features ||
                            (noted.features == 'f' && unit.features == 'a');
    return is_special && target_fits(noted.number, noted.features, unit.number);
}

static bool is_among(struct target unit, const char *targets) {
    struct target noted;
    while (next_target(&targets, &noted))
        if (has(unit, noted))
            return true;
    return false;
}

/* The one of the unit's family, where there is one: the least that has to be changed. */
static struct target nearest(struct target unit, const char *targets) {
    enum { FAMILY = 10 };
    struct target noted, found = {0, '\0'};
    while (next_target(&targets, &noted))
        if (found.number == 0 || noted.number / FAMILY == unit.number / FAMILY)
            found = noted;
    return found;
}

static void list(const char *targets, char *text, size_t size) {
    struct target noted;
    size_t used = 0;
    while (next_target(&targets, &noted) && used < size) {
        const char *before = used == 0 ? "" : *targets ? ", " : " or ";
        const char features[] = {noted.features, '\0'};
        const int more = snprintf(text + used, size - used, "%ssm_%u%s%s", before, noted.number,
                                  features, noted.features ? "" : " or newer");
        used += more > 0 ? (size_t)more : 0;
    }
}

void targets_check(struct decoder *decoder) {
    const struct syntax_instruction *source = decoder_source(decoder);
    const struct target_note *note = targets_find(source);
    const struct syntax_function *syntax = decoder->function->syntax;
    const struct target unit = {syntax->target, syntax->features};
    if (!note || is_among(unit, note->targets))
        return;
    const struct target wanted = nearest(unit, note->targets);
    const char said[] = {unit.features, '\0'}, needed[] = {wanted.features, '\0'};
    char instruction[256], targets[128];
    decoder_spell(decoder, instruction, sizeof instruction);
    list(note->targets, targets, sizeof targets);
    source_fail(decoder->source, MACHINE_INVALID_PTX, source->place,
                "'%s' needs .target %s, and the module says sm_%u%s: compile for compute_%u%s",
                instruction, targets, unit.number, said, wanted.number, needed);
}
