/*
 * What PTX's computing instructions compute: tables of lane operations (lanes.h has the contract).
 *
 * The tables hold every instruction that needs no memory, no other lane and no control flow, and
 * mma and wmma.mma; what is in none of them is not supported. They come in several builds, for the
 * plain instruction set of the machine and for newer ones, which all give the same bits.
 *
 * Rows with more than one destination:
 *   "w,c=w,w"     add.cc, sub.cc. For subtraction a set bit is a borrow (PTX ISA 9.7.2).
 *   "w,c=w,w,c"   addc.cc, subc.cc, madc.cc
 *   "p,p=w,w"     setp on f16x2 and bf16x2: the results of the lower and of the upper halves (PTX
 *                 ISA 9.7.6.2); the second one of p|q is not a negation there.
 *
 * Floating point. Everything here expects the default floating-point environment: round to
 * nearest, subnormals kept. A thread inherits MXCSR from the thread that made it, so each thread
 * that computes calls arithmetic_enter_environment() first, and arithmetic_leave_environment()
 * before it returns to foreign code.
 *
 * NaN: an f32 instruction returns 0x7fffffff and an f16 or bf16 one 0x7fff, whatever payload came
 * in, as the hardware does (PTX ISA 9.7.3 leaves the pattern open). f64 instructions keep the
 * payload of their first NaN operand and set the quiet bit; an invalid f64 operation gives
 * 0xfff8000000000000. neg, abs and copysign on f64 change the sign alone.
 */
#ifndef LOCKSTEP_EMULATOR_ARITHMETIC_ARITHMETIC_H
#define LOCKSTEP_EMULATOR_ARITHMETIC_ARITHMETIC_H

#include "emulator/arithmetic/tensor.h"
#include "emulator/arithmetic/warpgroup.h"
#include "emulator/lanes/lanes.h"

#include <stdint.h>

/* The builds of the tables. */
enum arithmetic_isa { ARITHMETIC_BASELINE, ARITHMETIC_AVX2, ARITHMETIC_AVX512, ARITHMETIC_ISAS };

/* The best build that was compiled and that this processor can run. */
enum arithmetic_isa arithmetic_best_isa(void);

/* The tables of one build, to be searched in order; NULL ends them. There are none of a build that
 * was not compiled. */
const struct lane_table *const *arithmetic_tables(enum arithmetic_isa isa);

/* The products of warpgroups by one build; NULL where it was not compiled. */
warpgroup_function *arithmetic_warpgroup(enum arithmetic_isa isa);
/* The same of the tensor cores of sm_100. */
tensor_function *arithmetic_tensor(enum arithmetic_isa isa);

/* What arithmetic_enter_environment() replaced. */
struct arithmetic_environment {
    uint32_t control; /* MXCSR on x86-64 */
};

struct arithmetic_environment arithmetic_enter_environment(void);
void arithmetic_leave_environment(struct arithmetic_environment previous);

#endif
