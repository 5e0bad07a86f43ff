/* Names of kernels against what compilers make of them. */
#include "bench/added/mangled.h"
#include "tests/support/test.h"

TEST(names) {
    static const struct {
        const char *symbol, *name;
        bool same;
    } cases[] = {
        {"mine", "mine", true},
        {"mine", "min", false},
        {"_Zv", "mine", false},
        {"_Z11sgemm_naiveiiifPKfS0_fPf", "sgemm_naive", true},
        {"_Z11sgemm_naiveiiifPKfS0_fPf", "sgemm", false},
        {"_Z11sgemm_naiveiiifPKfS0_fPf", "_Z11sgemm_naiveiiifPKfS0_fPf", true},
        {"_Z4tileILi64ELi8EEviPf", "tile<64, 8>", true},
        {"_Z4tileILi64ELi8EEviPf", "tile<64,16>", false},
        {"_Z4tileILi64ELi8EEviPf", "tile", false},
        {"_Z4tileiPf", "tile<64, 8>", false},
        {"_Z4tileIfLi128EEvPT_", "tile<float, 128>", true},
        {"_Z4tileILb1ELin3EEvPf", "tile<true, -3>", true},
        {"_Z4tileILb0ELin3EEvPf", "tile<true, -3>", false},
        {"_Z4tileIfLi128EEvPT_", "tile<double, 128>", false},
        {"_Z4tileIfLi128EEvPT_", "tile<real, 128>", true},
        {"_Z4tileI6__halfS0_Lb1EEvPT_", "tile<half, half, true>", true},
        {"_Z4tileI6__halfS0_Lb1EEvPT_", "tile<float, half, true>", false},
        {"_Z4tileI6__halfS0_Lb1EEvPT_", "tile<half, half, false>", false},
        {"_Z4tileIffffEvPT_", "tile<float, float, float, float>", true},
        {"_Z4tileI13__nv_bfloat16S0_fEvPT_", "tile<float, float, float>", false},
        {"_Z4tileIN2ns4pairIfLi2EEELi3EEvv", "tile<ns::pair<float, 2>, 3>", true},
        {"_Z4tileIN2ns4pairIfLi2EEELi3EEvv", "tile<ns::pair<float, 2>, 4>", false},
        {"_Z4tileIfLi128ELi2EEvPT_", "tile<float>", true},
        {"_Z4tileIfE", "tile<float, 1>", false},
        {"_ZN2ns4mineEPf", "ns::mine", true},
        {"_ZN2ns4mineEPf", "mine", false},
        {"_ZN2ns4mineILi4EEEvPf", "ns::mine<4>", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (mangled_is(cases[i].symbol, cases[i].name) != cases[i].same)
            fail_msg("%s as %s", cases[i].symbol, cases[i].name);
}
