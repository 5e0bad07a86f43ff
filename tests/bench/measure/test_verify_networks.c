/* A network with one kernel that does something else is caught, whatever the implementation and
 * the size. */
#include "bench/operations/operations.h"
#include "tests/support/bout.h"
#include "tests/support/broken_kernels.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void catch_broken_kernels(struct bout *bout, const struct implementation *original) {
    bout_pass(bout, original);
    for (size_t i = 0; i < broken_kernel_count; i++) {
        const struct broken_kernel *b = &broken_kernels[i];
        if (!b->in[bout->c.variant])
            continue;
        const struct mlp_kernels kernels = broken_kernels_of(b, original->run.mlp);
        struct implementation broken = *original;
        broken.run.mlp = &kernels;
        bout_catch(bout, &broken, b->what, "[");
    }
}

static void test_every_broken_kernel_of_a_network_is_caught(void **state) {
    (void)state;
    for (int variant = TRAIN_STEP; variant <= INFERENCE; variant++) {
        struct bout *bout = bout_open(&operation_mlp, variant, "19-19-23@5", &bout_plain, 0.0);
        for (int i = 0; i < operation_mlp.implementation_count; i++)
            if (bout_takes(&bout->c, &operation_mlp.implementations[i]))
                catch_broken_kernels(bout, &operation_mlp.implementations[i]);
        bout_close(bout);
    }
}

/* The bounds do not grow with the network: a hundredth of one gradient shows here as well. */
static void test_broken_kernels_of_a_large_network_are_caught(void **state) {
    (void)state;
    for (int variant = TRAIN_STEP; variant <= INFERENCE; variant++) {
        struct bout *bout =
            bout_open(&operation_mlp, variant, "256-256-256-256-64@200", &bout_plain, 0.0);
        for (int i = 0; i < operation_mlp.implementation_count; i++)
            if (bout_takes(&bout->c, &operation_mlp.implementations[i]) &&
                operation_mlp.implementations[i].kind != KIND_PLAIN)
                catch_broken_kernels(bout, &operation_mlp.implementations[i]);
        bout_close(bout);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_broken_kernel_of_a_network_is_caught),
        cmocka_unit_test(test_broken_kernels_of_a_large_network_are_caught),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
