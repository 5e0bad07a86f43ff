/* A network with one kernel that does something else is caught, whatever the implementation and
 * the size. */
#include "bench/operations/mlp.h"
#include "bench/operations/operations.h"
#include "tests/support/bout.h"
#include "tests/support/broken_kernels.h"
#include "tests/support/test.h"

static void catch_broken_kernels(struct bout *bout, const struct implementation *original) {
    struct message message;
    if (bout_verify(bout, original, &message) == STATUS_UNSUPPORTED)
        return; /* a library without this dtype on this processor */
    bout_pass(bout, original);
    for (size_t i = 0; i < broken_kernel_count; i++) {
        const struct broken_kernel *b = &broken_kernels[i];
        const bool is_f32 = bout->c.dtype == DTYPE_F32;
        if (!b->in[bout->c.variant] || (b->kernels.round && is_f32) ||
            (b->kernels.linear && !(mlp_kernels_of(original)->linear && is_f32)))
            continue;
        const struct mlp_kernels kernels = broken_kernels_of(b, mlp_kernels_of(original));
        struct implementation broken = *original;
        broken.own = MLP_KERNELS(&kernels);
        bout_catch(bout, &broken, b->what, "[");
    }
}

/* Every variant and dtype; `kinds` are bits of enum implementation_kind. */
static void catch_in_every_case(const char *shape, unsigned kinds) {
    static const enum dtype dtypes[] = {DTYPE_F32, DTYPE_BF16, DTYPE_F16};
    for (int variant = TRAIN_STEP; variant <= INFERENCE; variant++)
        for (size_t d = 0; d < sizeof dtypes / sizeof dtypes[0]; d++) {
            const struct bench_case c = {.operation = &operation_mlp,
                                         .variant = variant,
                                         .dtype = dtypes[d],
                                         .settings = bout_plain};
            struct bout *bout = bout_open_on(DEVICE_CPU, &c, shape, 0.0);
            for (int i = 0; i < operation_mlp.implementation_count; i++)
                if (bout_takes(&bout->c, &operation_mlp.implementations[i]) &&
                    (kinds >> operation_mlp.implementations[i].kind & 1U))
                    catch_broken_kernels(bout, &operation_mlp.implementations[i]);
            bout_close(bout);
        }
}

TEST(every_broken_kernel_of_a_network_is_caught) {
    catch_in_every_case("19-19-23@5", ~0U);
}

/* The bounds do not grow with the network: a hundredth of one gradient shows here as well. */
TEST(broken_kernels_of_a_large_network_are_caught) {
    catch_in_every_case("256-256-256-256-64@200", ~(1U << KIND_PLAIN));
}
