/* Which GPU to choose: by predicted time, by price, and by memory. */
#include "bench/model/offers.h"
#include "tests/support/test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A kernel of 65,536 blocks that multiplies and adds, `work` times an element. */
static struct counters_row row_of(const char *implementation, int64_t work) {
    enum { WARPS = 65536 * 8 };
    struct counters_row row = {.launches = 1,
                               .warp_instructions = work * WARPS,
                               .machine_instructions = work * WARPS,
                               .fma_warp_instructions = work * WARPS,
                               .bytes_touched = 1 << 20,
                               .occupancy = 1};
    snprintf(row.key.implementation, sizeof row.key.implementation, "%s", implementation);
    snprintf(row.kernel, sizeof row.kernel, "kernel");
    snprintf(row.grid, sizeof row.grid, "65536x1x1");
    snprintf(row.block, sizeof row.block, "256x1x1");
    return row;
}

static struct gpu_choice choice_of(const char *names) {
    struct message message = {{0}};
    struct gpu_choice choice;
    if (gpu_choice_read(names, NULL, &choice, &message) != STATUS_OK)
        fail_msg("%s", message.text);
    return choice;
}

static void find(const struct gpu_choice *choice, const char *price, double bytes,
                 struct offer *offers) {
    const struct counters_row rows[] = {row_of("slow", 900), row_of("slow", 900),
                                        row_of("fast", 500), row_of("fast", 500)};
    struct message message = {{0}};
    struct gpu_prices prices;
    if (gpu_prices_read(price, choice, &prices, &message) != STATUS_OK ||
        offers_find(rows, 4, model_gpu_find("a100"), bytes, choice, &prices, offers, &message) !=
            STATUS_OK)
        fail_msg("%s", message.text);
}

/* The faster implementation counts, with all of its kernels. */
TEST(offers_come_by_time) {
    const struct gpu_choice choice = choice_of("t4,h100,a100");
    struct offer offers[GPU_CHOICE_MAX];
    find(&choice, NULL, 1e9, offers);
    assert_string_equal(offers[0].gpu->name, "h100");
    assert_string_equal(offers[2].gpu->name, "t4");
    for (int i = 0; i < 3; i++) {
        struct message message;
        struct prediction one;
        const struct counters_row row = row_of("fast", 500);
        assert_string_equal(offers[i].implementation, "fast");
        assert_int_equal(predict(&row, model_gpu_find("a100"), offers[i].gpu, &one, &message),
                         STATUS_OK);
        assert_true(fabs(offers[i].seconds / (2 * one.seconds) - 1) < 1e-9);
        assert_true(offers[i].low < offers[i].seconds && offers[i].seconds < offers[i].high);
        assert_true(fabs(offers[i].a_joule * offers[i].gpu->watts * offers[i].seconds - 1) < 1e-9);
        assert_true(isnan(offers[i].a_dollar) && offers[i].holds);
    }
}

TEST(prices_come_first_and_what_is_too_small_last) {
    const struct gpu_choice choice = choice_of("t4,h100,a100,l4");
    struct offer offers[GPU_CHOICE_MAX];
    find(&choice, "h100=400,a100=0.001", 20e9, offers);
    assert_string_equal(offers[0].gpu->name, "a100");
    assert_string_equal(offers[1].gpu->name, "h100");
    assert_true(fabs(offers[1].a_dollar * offers[1].seconds * 400 / 3600 - 1) < 1e-9);
    assert_string_equal(offers[2].gpu->name, "l4"); /* 24 GB */
    assert_string_equal(offers[3].gpu->name, "t4"); /* 16 GB do not hold it */
    assert_false(offers[3].holds);
    char *text = NULL;
    size_t size;
    FILE *file = open_memstream(&text, &size);
    assert_non_null(file);
    offers_print(file, offers, choice.count, 1.0);
    assert_int_equal(fclose(file), 0);
    assert_non_null(strstr(text, "predicted ms"));
    assert_non_null(strstr(text, "a joule and a dollar: iterations that they buy"));
    const char *l4 = strstr(text, "  l4 ");
    assert_non_null(l4);
    assert_true(strstr(l4, "no price") && strstr(l4, "no price") < strchr(l4, '\n'));
    assert_non_null(strstr(text, "t4               its 16 GB of memory do not hold the case"));
    free(text);
}

/* The implementation that runs there is offered; where none does, the GPU comes last with the
 * reason. */
TEST(what_cannot_run_is_not_offered) {
    struct counters_row rows[] = {row_of("slow", 900), row_of("fast", 100), row_of("fast", 100)};
    const struct gpu_choice choice = choice_of("t4,h100");
    const struct gpu_prices prices = {.any = false};
    struct offer offers[GPU_CHOICE_MAX];
    struct message message = {{0}};
    char *text = NULL;
    size_t size;
    rows[1].shared_bytes = 65537;
    const struct model_gpu *a100 = model_gpu_find("a100");
    assert_int_equal(offers_find(rows, 3, a100, 1, &choice, &prices, offers, &message), STATUS_OK);
    assert_string_equal(offers[0].implementation, "fast");
    assert_string_equal(offers[1].implementation, "slow");
    rows[0].shared_bytes = 65537;
    assert_int_equal(offers_find(rows, 3, a100, 1, &choice, &prices, offers, &message), STATUS_OK);
    FILE *file = open_memstream(&text, &size);
    assert_non_null(file);
    offers_print(file, offers, choice.count, (double)NAN);
    assert_int_equal(fclose(file), 0);
    assert_string_equal(offers[0].gpu->name, "h100");
    assert_non_null(strstr(text, "a joule: iterations that it buys"));
    assert_null(strstr(text, "dollar"));
    assert_non_null(strstr(text, "  t4               cannot run it: a block wants 65537 bytes of "
                                 "shared memory and it has at most 65536\n"));
    free(text);
}

TEST(bad_prices_are_refused) {
    static const char *const wrong[] = {"a100",      "a100=",    "a100=0",   "a100=-1",
                                        "a100=much", "a100=inf", "h100=1",   "a100=1;t4=2",
                                        "=1",        "a10=1",    "t4=1,t4=2"};
    const struct gpu_choice choice = choice_of("t4,a100");
    struct gpu_prices prices;
    struct message message;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        if (gpu_prices_read(wrong[i], &choice, &prices, &message) != STATUS_INVALID)
            fail_msg("'%s' was taken", wrong[i]);
    assert_int_equal(gpu_prices_read("t4=0.35,a100=1.5", &choice, &prices, &message), STATUS_OK);
    assert_true(prices.an_hour[0] == 0.35 && prices.an_hour[1] == 1.5 && prices.any);
    struct offer offers[GPU_CHOICE_MAX];
    assert_int_equal(
        offers_find(NULL, 0, model_gpu_find("a100"), 1, &choice, &prices, offers, &message),
        STATUS_INVALID);
}
