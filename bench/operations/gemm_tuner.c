/* The choices of kernels/gemm/gemm.h as a tuner. */
#include "bench/operations/gemm_tuner.h"
#include "bench/operations/gemm_case.h"
#include "kernels/gemm/gemm.h"

_Static_assert((int)GEMM_CHOICES_MAX <= (int)CHOICES_MAX, "room for every choice");

static struct gemm_problem problem_of(const struct bench_case *c) {
    return (struct gemm_problem){.variant = (enum gemm_variant)c->variant,
                                 .dtype = c->dtype,
                                 .m = c->sizes[0],
                                 .n = c->sizes[1],
                                 .k = c->sizes[2],
                                 .alpha = c->settings.alpha,
                                 .beta = c->settings.beta};
}

static struct choice choice_of(struct gemm_choice choice) {
    return (struct choice){.tile = gemm_tile_name(choice.tile), .splits = choice.splits};
}

static int choices(const struct bench_case *c, struct choice list[CHOICES_MAX]) {
    const struct gemm_problem problem = problem_of(c);
    struct gemm_choice found[GEMM_CHOICES_MAX];
    const int count = gemm_choices(&problem, found);
    for (int i = 0; i < count; i++)
        list[i] = choice_of(found[i]);
    return count;
}

static struct choice model(const struct bench_case *c, int multiprocessors) {
    const struct gemm_problem problem = problem_of(c);
    return choice_of(gemm_choose(&problem, multiprocessors, NULL));
}

static enum status launch(const struct launch *launch, struct choice choice,
                          struct execution *execution) {
    struct gemm_choice chosen = {.splits = choice.splits};
    if (!gemm_tile_find(choice.tile, &chosen.tile))
        return message_set(execution->message, STATUS_FAILED, "there is no tile '%s'", choice.tile);
    return gemm_cuda_chosen(gemm_problem_of(launch), chosen, execution);
}

const struct tuner gemm_tuner = {
    .capability = 80,
    .choices = choices,
    .model = model,
    .launch = launch,
};
