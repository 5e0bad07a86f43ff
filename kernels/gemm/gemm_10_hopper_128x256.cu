/* gemm, rung 10, with tiles of 128x256: what it adds, and how, stands in gemm_hopper.cuh. */
#include "kernels/gemm/gemm_hopper.cuh"

HOPPER_FORMS_128x256(GEMM_HOPPER_FORM)
