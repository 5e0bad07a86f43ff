/* The kernels that libraries picked: what those below the processor leave unused, and that those
 * which end the process are refused and end nothing else. */
#include "reference/library_kernels.h"
#include "tests/support/test.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

static void check_holds(const char *text, const char *words) {
    if (!strstr(text, words))
        fail_msg("\"%s\" should hold \"%s\"", text, words);
}

TEST(kernels_lag_behind_the_processor) {
    static const struct {
        const char *picked;
        enum instruction_set best;
        bool lags;
    } cases[] = {{"Haswell", INSTRUCTION_SET_AVX512, true},
                 {"Haswell", INSTRUCTION_SET_AVX2, false},
                 {"zen3", INSTRUCTION_SET_AVX512, true},
                 {"zen4", INSTRUCTION_SET_AVX512, false},
                 {"Zen", INSTRUCTION_SET_AVX512, true},
                 {"SkylakeX", INSTRUCTION_SET_AVX512, false},
                 {"generic", INSTRUCTION_SET_AVX2, true},
                 {"Opteron_SSE3", INSTRUCTION_SET_AVX2, true},
                 {"generic", INSTRUCTION_SET_BASELINE, false},
                 {"avx2", INSTRUCTION_SET_AVX512, true},
                 {"avx512_core_bf16", INSTRUCTION_SET_AVX512, false},
                 {"a processor of tomorrow", INSTRUCTION_SET_AVX512, false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[400];
        if (library_kernels_lag(&library_kernels[0], cases[i].picked, cases[i].best, NULL, text,
                                sizeof text) != cases[i].lags)
            fail_msg("%s beside %s", cases[i].picked, instruction_set_name(cases[i].best));
    }
}

static const struct library_kernels *library_of(const char *name) {
    int i = 0;
    while (i < LIBRARY_KERNELS && strcmp(library_kernels[i].library, name) != 0)
        i++;
    assert_in_range(i, 0, LIBRARY_KERNELS - 1);
    return &library_kernels[i];
}

/* With a variable the remedy is to unset it, without one to set it, or there is none. */
TEST(the_cost_and_the_remedy_are_named) {
    static const struct {
        const char *library, *picked, *value, *words;
        enum instruction_set best;
    } cases[] = {{"OpenBLAS", "Haswell", "Haswell",
                  "OPENBLAS_CORETYPE=Haswell: OpenBLAS runs kernels for Haswell (avx2): avx512 of "
                  "this processor is left unused, which costs up to half its rate; unset "
                  "OPENBLAS_CORETYPE",
                  INSTRUCTION_SET_AVX512},
                 {"OpenBLAS", "Prescott", NULL,
                  "OpenBLAS runs kernels for Prescott (baseline): avx2 of this processor is left "
                  "unused, which costs most of its rate; OPENBLAS_CORETYPE=Haswell chooses others",
                  INSTRUCTION_SET_AVX2},
                 {"oneDNN", "avx2", NULL,
                  "oneDNN runs kernels for avx2 (avx2): avx512 of this processor is left unused, "
                  "which costs up to half its rate",
                  INSTRUCTION_SET_AVX512}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[400];
        assert_true(library_kernels_lag(library_of(cases[i].library), cases[i].picked,
                                        cases[i].best, cases[i].value, text, sizeof text));
        assert_string_equal(text, cases[i].words);
    }
}

/* --- kernels that are tried ------------------------------------------------------------------- */

static enum status dying(const struct gemm_problem *problem, struct execution *execution) {
    (void)execution;
    return problem->variant == GEMM_TN && raise(SIGILL) != 0 ? STATUS_FAILED : STATUS_OK;
}

static enum status failing(const struct gemm_problem *problem, struct execution *execution) {
    (void)problem;
    return message_set(execution->message, STATUS_FAILED, "no");
}

TEST(what_ends_the_process_is_refused) {
    struct message message = {""};
    struct library_kernels library = {
        .library = "A library", .variable = "ITS_KERNELS", .product = dying};
    assert_int_equal(library_kernels_try(&library, "Later", &message), STATUS_INVALID);
    check_holds(message.text, "ITS_KERNELS=Later makes A library choose kernels that cannot run "
                              "here: a small product ended with ");
    check_holds(message.text, strsignal(SIGILL));
    library.product = failing;
    assert_int_equal(library_kernels_try(&library, "Later", &message), STATUS_INVALID);
    check_holds(message.text, "ended with an error");
    library.product = gemm_openblas; /* as this processor's own */
    assert_int_equal(library_kernels_try(&library, "Later", &message), STATUS_OK);
}

/* OpenBLAS chose when it was loaded. */
TEST(the_kernels_of_this_processor_pass) {
    struct message message = {""};
    assert_int_equal(setenv("OPENBLAS_CORETYPE", "any", 0), 0);
    if (library_kernels_check(&message) != STATUS_OK)
        fail_msg("%s", message.text);
}
