/* The kernel of one tcgen05.mma, its operands, and its launch. */
#include "tests/support/kernel_text.h"
#include "tests/support/tensor_product.h"

/* ---- The text ---- */

static const char *kind_of(const struct product_form *form) {
    if (form->scaled)
        return form->scaled;
    return form->a == TF32 ? "tf32" : form->a <= BF16 ? "f16" : form->d == S32 ? "i8" : "f8f6f4";
}

static void add_stationary_product(struct text *text, const struct product_form *form) {
    text_add(text, "mov.b64 %%rd8, 0x%llx;\n", (unsigned long long)form->mask);
    text_add(text,
             "@%%p3 tcgen05.mma.ws.cta_group::1.kind::%s%s [%%r3], %s, %%rd6, %%r9, %%p2%s;\n",
             kind_of(form), form->collector ? form->collector : "",
             form->is_a_in_memory ? "[%r3+256]" : "%rd5", form->mask ? ", %rd8" : "");
}

static void add_product(struct text *text, const struct product_form *form, const char *behind_kind,
                        const char *adds) {
    const unsigned words = form->has_lanes ? 4 * product_blocks(form) : 0;
    text_add(text, "@%%p3 tcgen05.mma%s.cta_group::%u.kind::%s%s [%%r3+%u], %s, %%rd6, %s%%r9, ",
             form->is_sparse ? ".sp" : "", product_blocks(form), kind_of(form), behind_kind,
             form->lane << 16,
             form->is_a_in_memory ? form->lane ? "[%r3+1048832]" : "[%r3+256]" : "%rd5",
             form->is_sparse ? "[%r3+268], " : "");
    if (form->scaled)
        text_add(text, "[%%r3+%u], [%%r3+%u], ", (unsigned)PRODUCT_COLUMNS + PRODUCT_A_SCALES,
                 (unsigned)PRODUCT_COLUMNS + PRODUCT_B_SCALES);
    for (unsigned k = 0; k < words; k++)
        text_add(text, "%s0x%x%s", k ? ", " : "{", product_blocked_lanes[k],
                 k + 1 == words ? "}, " : "");
    text_add(text, "%s", adds);
    if (form->scale)
        text_add(text, ", %u", form->scale);
    text_add(text, ";\n");
}

/* Eight registers from global memory to tensor memory, or back; a column of either is a thread's
 * word. */
static void add_store(struct text *text, const char *from, unsigned first, unsigned column) {
    for (unsigned k = 0; k < 8; k++)
        text_add(text, "ld.global.b32 %%v%u, [%s+%u];\n", k, from,
                 (first + k) * PRODUCT_THREADS * 4);
    text_add(text,
             "tcgen05.st.sync.aligned.32x32b.x8.b32 [%%r4+%u], "
             "{%%v0,%%v1,%%v2,%%v3,%%v4,%%v5,%%v6,%%v7};\n",
             column);
}

static void add_load(struct text *text, unsigned column) {
    text_add(text,
             "tcgen05.ld.sync.aligned.32x32b.x8.b32 {%%v0,%%v1,%%v2,%%v3,%%v4,%%v5,%%v6,%%v7}, "
             "[%%r4+%u];\n"
             "tcgen05.wait::ld.sync.aligned;\n",
             column);
    for (unsigned k = 0; k < 8; k++)
        text_add(text, "st.global.b32 [%%rd2+%u], %%v%u;\n", (column + k) * PRODUCT_THREADS * 4, k);
}

static void add_head(struct text *text, const struct product_form *form) {
    text->length = 0;
    text_add(
        text,
        ".version 9.0\n.target sm_100a\n.address_size 64\n"
        ".extern .shared .align 1024 .b8 space[];\n"
        ".visible .entry k(.param .u64 image, .param .u64 d, .param .u64 a, .param .u64 da,\n"
        "  .param .u64 db, .param .u32 adds, .param .u32 idesc)\n"
        ".explicitcluster .reqnctapercluster %u, 1, 1 {\n"
        ".reg .b32 %%r<20>, %%v<8>; .reg .b64 %%rd<10>; .reg .pred %%p<8>; .reg .b16 %%h<2>;\n"
        "ld.param.u64 %%rd1, [image]; ld.param.u64 %%rd2, [d]; ld.param.u64 %%rd3, [a];\n"
        "ld.param.u64 %%rd5, [da]; ld.param.u64 %%rd6, [db]; ld.param.u32 %%r10, [adds];\n"
        "ld.param.u32 %%r9, [idesc]; setp.ne.u32 %%p2, %%r10, 0;\n"
        "mov.u32 %%r1, %%tid.x; mov.u32 %%r2, %%cluster_ctarank; mov.u32 %%r11, space;\n"
        "mul.wide.u32 %%rd7, %%r2, %u; add.u64 %%rd1, %%rd1, %%rd7;\n"
        "mul.wide.u32 %%rd7, %%r2, %u; add.u64 %%rd2, %%rd2, %%rd7;\n"
        "mul.wide.u32 %%rd7, %%r2, %u; add.u64 %%rd3, %%rd3, %%rd7;\n"
        "mul.wide.u32 %%rd7, %%r1, 4; add.u64 %%rd2, %%rd2, %%rd7; add.u64 %%rd3, %%rd3, %%rd7;\n"
        "shl.b32 %%r12, %%r1, 4;\n"
        "COPY: setp.ge.u32 %%p1, %%r12, %u; @%%p1 bra COPIED;\n"
        "cvt.u64.u32 %%rd7, %%r12; add.u64 %%rd7, %%rd1, %%rd7;\n"
        "ld.global.v4.b32 {%%v0,%%v1,%%v2,%%v3}, [%%rd7]; add.u32 %%r13, %%r11, %%r12;\n"
        "st.shared.v4.b32 [%%r13], {%%v0,%%v1,%%v2,%%v3}; add.u32 %%r12, %%r12, %u; bra COPY;\n"
        "COPIED: fence.proxy.async;\n",
        product_blocks(form), (unsigned)PRODUCT_SHARED_BYTES,
        (unsigned)(PRODUCT_COLUMNS * PRODUCT_THREADS * 4),
        (unsigned)(PRODUCT_MORE_COLUMNS * PRODUCT_THREADS * 4), (unsigned)PRODUCT_SHARED_BYTES,
        PRODUCT_THREADS * 16);
}

#define CLUSTER_BARRIER "barrier.cluster.arrive.aligned; barrier.cluster.wait.aligned;\n"

/* Copies the image to shared memory, d and a to tensor memory, multiplies, and stores d. */
static void write_kernel(struct text *text, const struct product_form *form) {
    const unsigned group = product_blocks(form);
    add_head(text, form);
    text_add(text,
             "setp.ge.u32 %%p4, %%r1, 32; @%%p4 bra ALLOCATED;\n"
             "tcgen05.alloc.cta_group::%u.sync.aligned.shared::cta.b32 [space+8], 512;\n"
             "tcgen05.relinquish_alloc_permit.cta_group::%u.sync.aligned;\n"
             "ALLOCATED: setp.eq.u32 %%p5, %%r1, 0; @%%p5 mbarrier.init.shared.b64 [space], 1;\n"
             "bar.sync 0; ld.shared.b32 %%r3, [space+8];\n"
             "shr.u32 %%r14, %%r1, 5; shl.b32 %%r14, %%r14, 21; add.u32 %%r4, %%r3, %%r14;\n",
             group, group);
    for (unsigned c = 0; c < product_columns(form); c += 8)
        add_store(text, "%rd2", c, c);
    const unsigned more = form->lacks_factors ? PRODUCT_A_SCALES : PRODUCT_MORE_COLUMNS;
    for (unsigned c = 0; c < more; c += 8)
        add_store(text, "%rd3", c, PRODUCT_COLUMNS + c);
    text_add(text,
             "tcgen05.wait::st.sync.aligned; tcgen05.fence::before_thread_sync;\n" CLUSTER_BARRIER
             "tcgen05.fence::after_thread_sync;\n"
             "setp.eq.u32 %%p6, %%r2, 0; and.pred %%p3, %%p5, %%p6; mov.u32 %%r15, space;\n");
    if (form->keeps_b)
        add_stationary_product(text, form);
    else
        add_product(text, form, form->shifts_a ? ".ashift" : "", "%p2");
    if (form->shifts_a)
        add_product(text, form, "", "%p3");
    text_add(text,
             form->is_pair
                 ? "mov.b16 %%h1, 3; @%%p3 tcgen05.commit.cta_group::2.mbarrier::arrive::one"
                   ".shared::cluster.multicast::cluster.b64 [%%r15], %%h1;\n"
                 : "@%%p3 tcgen05.commit.cta_group::1.mbarrier::arrive::one.shared::cluster.b64 "
                   "[%%r15];\n");
    text_add(text, "WAIT: mbarrier.try_wait.parity.shared.b64 %%p1, [space], 0; @!%%p1 bra WAIT;\n"
                   "tcgen05.fence::after_thread_sync;\n");
    for (unsigned c = 0; c < product_columns(form); c += 8)
        add_load(text, c);
    text_add(text,
             CLUSTER_BARRIER
             "@%%p4 bra FREED;\n"
             "tcgen05.dealloc.cta_group::%u.sync.aligned.b32 %%r3, 512;\nFREED: ret; }\n",
             group);
}

static uint64_t descriptor_of(const struct product_form *form, bool is_a) {
    static const unsigned modes[] = {[1] = 0, [2] = 6, [4] = 4, [8] = 2};
    const struct product_strides strides = product_strides_of(form, is_a);
    const bool is_across = is_a ? form->is_a_across : form->is_b_across;
    const unsigned begins = (is_a ? PRODUCT_A_START : PRODUCT_B_START) + form->shifted * 128;
    const bool is_by_pairs = is_across && form->a == TF32;
    const uint64_t base = form->width > 1 ? begins >> 7 & 7 & (form->width - 1) : 0;
    return begins >> 4 | (uint64_t)(strides.leading >> 4) << 16 |
           (uint64_t)(strides.stride >> 4) << 32 | UINT64_C(1) << 46 | base << 49 |
           (uint64_t)(is_by_pairs ? 1 : modes[form->width]) << 61;
}

static uint32_t scaled_description_of(const struct product_form *form) {
    static const uint8_t codes[] = {
        [E4M3] = 0, [E5M2] = 1, [E2M3] = 3, [E3M2] = 4, [E2M1] = 5, [E2M1_PAIR] = 1};
    return (uint32_t)form->is_sparse << 2 | form->b_begins << 4 | (uint32_t)codes[form->a] << 7 |
           (uint32_t)codes[form->b] << 10 | (uint32_t)form->negates_a << 13 |
           (uint32_t)form->negates_b << 14 | (uint32_t)form->is_a_across << 15 |
           (uint32_t)form->is_b_across << 16 | form->n / 8 << 17 |
           (uint32_t)form->has_powers << 23 | form->m / 128 << 27 | form->a_begins << 29;
}

static uint32_t description_of(const struct product_form *form) {
    if (form->scaled)
        return scaled_description_of(form);
    static const uint8_t codes[] = {[F16] = 0,  [BF16] = 1, [TF32] = 2, [E4M3] = 0, [E5M2] = 1,
                                    [E2M3] = 3, [E3M2] = 4, [E2M1] = 5, [S8] = 1,   [U8] = 0};
    const uint32_t d = form->d == F16 ? 0 : form->d == F32 ? 1 : 2;
    return form->selector | (uint32_t)form->is_sparse << 2 | (uint32_t)form->saturates << 3 |
           d << 4 | (uint32_t)codes[form->a] << 7 | (uint32_t)codes[form->b] << 10 |
           (uint32_t)form->negates_a << 13 | (uint32_t)form->negates_b << 14 |
           (uint32_t)form->is_a_across << 15 | (uint32_t)form->is_b_across << 16 |
           form->n / 8 << 17 | form->m / 16 << 24 | form->shift_code << 30;
}

/* ---- Running ---- */

/* Factors around 1, or any; all warps' lanes have the same, or those of each half. */
static void fill_factors(struct product_data *data, const struct product_form *form, bool is_wild,
                         uint32_t *seed) {
    for (unsigned block = 0; block < PRODUCT_BLOCKS; block++) {
        for (unsigned k = 0; k < (PRODUCT_MORE_COLUMNS - PRODUCT_A_SCALES) * PRODUCT_THREADS; k++) {
            const unsigned column = PRODUCT_A_SCALES + k / PRODUCT_THREADS;
            const unsigned lane = k % PRODUCT_THREADS;
            const uint32_t random = element_random(seed);
            const uint32_t powers = (random & 0x03030303) + 0x7e7e7e7e;
            const uint32_t tame = form->has_powers ? powers : random & 0x3f3f3f3f;
            uint32_t(*columns)[PRODUCT_THREADS] = data->more[block];
            const bool has_halves = form->is_pair && form->m == 128 && column >= PRODUCT_B_SCALES;
            const unsigned like = has_halves ? lane / 64 * 64 + lane % 32 : lane % 32;
            columns[column][lane] = lane > like ? columns[column][like] : is_wild ? random : tame;
            /* Both blocks have all factors of b. */
            if (column >= PRODUCT_B_SCALES)
                columns[column][lane] = data->more[0][column][lane];
        }
    }
}

/* Two of four elements are there in every chunk, one of two of tf32. */
static void fill_metadata(struct product_data *data, const struct product_form *form,
                          uint32_t *seed) {
    static const uint8_t codes[] = {4, 8, 9, 12, 13, 14};
    for (unsigned k = 0; k < PRODUCT_BLOCKS * 4 * PRODUCT_THREADS; k++) {
        uint32_t word = 0;
        for (unsigned chunk = 0; chunk < 8; chunk++) {
            const uint32_t random = element_random(seed);
            word = word << 4 | codes[form->a == TF32 ? random % 2 * 5 : random % 6];
        }
        data->more[k / PRODUCT_THREADS % 2][PRODUCT_METADATA + k / PRODUCT_THREADS / 2]
                  [k % PRODUCT_THREADS] = word;
    }
}

static void fill_sums(struct product_data *data, const struct product_form *form, bool is_wild,
                      uint32_t *seed) {
    const uint32_t mask = form->d == F16 ? 0xffff : UINT32_MAX;
    for (unsigned k = 0; k < PRODUCT_BLOCKS * PRODUCT_COLUMNS * PRODUCT_THREADS; k++)
        (&data->d[0][0][0])[k] = element_draw(form->d, is_wild, seed) & mask;
}

void product_fill(struct product_data *data, const struct product_form *form, bool is_wild,
                  uint32_t seed) {
    const unsigned bytes = product_room(form->a);
    for (unsigned at = 0; at < PRODUCT_BLOCKS * PRODUCT_SHARED_BYTES; at += bytes) {
        const unsigned offset = at % PRODUCT_SHARED_BYTES;
        const uint32_t value =
            element_draw(offset < PRODUCT_B_START ? form->a : form->b, is_wild, &seed);
        memcpy(data->shared[at / PRODUCT_SHARED_BYTES] + offset, &value, bytes);
    }
    for (unsigned block = 0; block < PRODUCT_BLOCKS; block++)
        for (unsigned k = 0; k < PRODUCT_A_COLUMNS; k++)
            memcpy(data->more[block][k],
                   data->shared[block] + PRODUCT_A_START + (size_t)k * PRODUCT_THREADS * 4,
                   sizeof data->more[block][k]);
    /* Where a pair shares 128 rows, each half of the lanes has all 64 of its block. */
    for (unsigned k = 0; k < PRODUCT_BLOCKS * PRODUCT_A_COLUMNS && form->is_pair && form->m == 128;
         k++) {
        uint32_t *column = data->more[k / PRODUCT_A_COLUMNS][k % PRODUCT_A_COLUMNS];
        memcpy(column + PRODUCT_THREADS / 2, column, PRODUCT_THREADS / 2 * sizeof *column);
    }
    fill_factors(data, form, is_wild, &seed);
    if (form->is_sparse)
        fill_metadata(data, form, &seed);
    fill_sums(data, form, is_wild, &seed);
}

enum machine_status product_run(struct bench *bench, const struct product_form *form,
                                struct product_data *data) {
    struct text text;
    write_kernel(&text, form);
    bench_load_whole(bench, text.at, text.length);
    const struct {
        uint64_t image, d, a, descriptor_a, descriptor_b;
        uint32_t adds, description;
    } parameters = {bench_allocate(bench, data->shared, sizeof data->shared),
                    bench_allocate(bench, data->d, sizeof data->d),
                    bench_allocate(bench, data->more, sizeof data->more),
                    descriptor_of(form, true),
                    descriptor_of(form, false),
                    !form->overwrites,
                    description_of(form)};
    const struct machine_launch launch = {.function = machine_find_function(bench->module, "k"),
                                          .grid = {product_blocks(form), 1, 1},
                                          .block = {PRODUCT_THREADS, 1, 1},
                                          .dynamic_shared = PRODUCT_SHARED_BYTES,
                                          .allow_large_shared = true,
                                          .parameters = &parameters,
                                          .parameter_bytes = sizeof parameters};
    const enum machine_status status =
        machine_launch(bench->machine, &launch, &bench->counters, &bench->diagnostic);
    assert_int_equal(machine_read(bench->machine, data->result, parameters.d, sizeof data->result),
                     MACHINE_OK);
    assert_int_equal(machine_free(bench->machine, parameters.image), MACHINE_OK);
    assert_int_equal(machine_free(bench->machine, parameters.d), MACHINE_OK);
    assert_int_equal(machine_free(bench->machine, parameters.a), MACHINE_OK);
    assert_int_equal(machine_unload(bench->machine, bench->module), MACHINE_OK);
    return status;
}
