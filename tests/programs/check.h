/* What the programs here share: a check that says where it failed, and ends the program with 1. */
#ifndef LOCKSTEP_TESTS_PROGRAMS_CHECK_H
#define LOCKSTEP_TESTS_PROGRAMS_CHECK_H

#include <cstdio>
#include <cstdlib>

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            std::fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                   \
            std::exit(1);                                                                          \
        }                                                                                          \
    } while (0)

#define EXPECT(code, call)                                                                         \
    do {                                                                                           \
        const cudaError_t error_ = (call);                                                         \
        if (error_ != (code)) {                                                                    \
            std::fprintf(stderr, "%s:%d: %s is %s\n", __FILE__, __LINE__, #call,                   \
                         cudaGetErrorName(error_));                                                \
            std::exit(1);                                                                          \
        }                                                                                          \
    } while (0)

#define OK(call) EXPECT(cudaSuccess, call)

#endif
