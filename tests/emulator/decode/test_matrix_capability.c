/* Which compute capability has a product of matrices, by shape and type (PTX ISA 9.7.14). */
#include "emulator/decode/matrix_capability.h"
#include "tests/support/cmocka.h"

#include <string.h>

static unsigned capability_of(const char *text) {
    enum { MODIFIERS = 16 };
    char copy[160];
    const char *modifiers[MODIFIERS];
    struct syntax_instruction instruction = {.modifiers = modifiers};
    assert_true(strlen(text) < sizeof copy);
    memcpy(copy, text, strlen(text) + 1);
    instruction.root = strtok(copy, ".");
    for (char *part; (part = strtok(NULL, ".")) != NULL;)
        modifiers[instruction.modifier_count++] = part;
    return matrix_capability(&instruction);
}

static void shapes_and_types_want_their_capability(void **state) {
    (void)state;
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

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(shapes_and_types_want_their_capability)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
