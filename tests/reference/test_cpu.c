/* What the CPU says of itself, when output goes around the caches, how work is split, and the peak
 * loops. */
#include "reference/peak.h"
#include "reference/simd/cpu.h"
#include "reference/simd/parallel.h"
#include "reference/simd/simd.h"
#include "tests/support/support.h"
#include "tests/support/test.h"

#include <string.h>

TEST(cache_is_plausible) {
    size_t bytes = cpu_read_last_level_cache();
    assert_true(bytes >= (size_t)256 << 10);
    assert_true(bytes <= (size_t)4 << 30);
}

TEST(streams_above_the_cache_only) {
    enum { CACHE = 1 << 20 };
    struct message message = {""};
    struct cpu *cpu = NULL;
    assert_int_equal(cpu_open(CACHE, &cpu, &message), STATUS_OK);
    struct execution execution = {.threads = 1, .cpu = cpu, .message = &message};
    float output, input;
    assert_false(cpu_streams(&execution, CACHE, &output, &input, NULL));
    assert_true(cpu_streams(&execution, CACHE + 1, &output, &input, NULL));
    assert_false(cpu_streams(&execution, CACHE + 1, &output, &output, NULL));
    assert_false(cpu_streams(&execution, CACHE + 1, &output, &input, &output));
    assert_false(cpu_streams(&execution, CACHE + 1, NULL, &input, NULL));
    cpu_close(cpu);
    execution.cpu = NULL;
    assert_false(cpu_streams(&execution, CACHE, &output, &input, NULL));
    assert_true(cpu_streams(&execution, (int64_t)8 << 30, &output, &input, NULL));
}

enum { COUNT_MOST = 100 };

struct visits {
    int seen[COUNT_MOST];
    int64_t granule;
};

static void visit(const void *context, int part, int64_t first, int64_t last) {
    (void)part;
    struct visits *visits = *(struct visits *const *)context;
    assert_int_equal(first % visits->granule, 0);
    for (int64_t i = first; i < last; i++)
        visits->seen[i]++;
}

TEST(ranges_cover_once) {
    for (int64_t count = 1; count <= COUNT_MOST; count += 9)
        for (int parts = 1; parts <= 5; parts++)
            for (int64_t granule = 1; granule <= 16; granule *= 4) {
                struct visits visits = {.granule = granule};
                struct visits *context = &visits;
                parallel_ranges(count, granule, (struct team){3, parts}, visit, &context);
                for (int64_t i = 0; i < COUNT_MOST; i++)
                    assert_int_equal(visits.seen[i], i < count ? 1 : 0);
            }
}

TEST(small_work_wakes_nobody) {
    assert_int_equal(parallel_team(1000, 8).parts, 1);
    assert_int_equal(parallel_team((int64_t)1 << 30, 8).parts, 8);
    assert_int_equal(parallel_team((int64_t)1 << 30, 1).parts, 1);
}

/* Each build is of its own set: a wider one does more in a repetition. */
TEST(builds_are_in_order) {
    double before = 0.0;
    for (enum instruction_set set = INSTRUCTION_SET_BASELINE; set <= instruction_set_best();
         set++) {
        const double flops = simd_kernels_of(set)->fma_loop(1);
        assert_true(flops > before);
        before = flops;
    }
}

TEST(peak_counts_its_work) {
    for (enum dtype d = DTYPE_F32; d <= DTYPE_F16; d++) {
        enum peak_instruction instruction = peak_instruction_of(d);
        if (instruction == PEAK_UNKNOWN)
            continue;
        double once = peak_flops(instruction, 1, 1);
        assert_true(once > 0);
        assert_true(peak_flops(instruction, 1, 100) == 100 * once);
        assert_true(peak_flops(instruction, 3, 10) == 30 * once);
    }
}
