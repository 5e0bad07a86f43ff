/* The kernels that the stand-in GPU runs, and what each launch is said to take. */
#ifndef LOCKSTEP_TESTS_STAND_IN_KERNELS_H
#define LOCKSTEP_TESTS_STAND_IN_KERNELS_H

/* Does what the kernel would do to memory, where it is one of those that `lockstep tune` tries:
 * pipelined and split products of f32, and those of the Hopper rung, on host memory. A tensor map
 * begins with the matrix's address and the bytes from row to row. Every other kernel does
 * nothing. */
void stand_in_run(const char *kernel, const void *arguments);

/* Made-up milliseconds of one launch of gemm, 0 for other kernels. With the order "fast=64" the
 * kernels of tiles of 64x64 take half of what the others do, and events tell the sum; without it,
 * and for other kernels, any batch takes 1.5 ms. The order "wrong=64" lets the kernels of those
 * tiles compute a wrong last element, "spoiling=64" all but the first. */
double stand_in_milliseconds(const char *kernel);

#endif
