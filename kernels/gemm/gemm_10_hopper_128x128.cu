/* gemm, rung 10, with tiles of 128x128: what it adds, and how, stands in gemm_hopper.cuh. */
#include "kernels/gemm/gemm_hopper.cuh"

HOPPER_FORMS_128x128(GEMM_HOPPER_FORM)
