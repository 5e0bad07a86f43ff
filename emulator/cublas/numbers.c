/* Numbers of each type. */
#include "emulator/cublas/numbers.h"

#include "emulator/arithmetic/half.h"

size_t number_bytes(cudaDataType type) {
    switch (type) {
    case CUDA_R_32F:
        return 4;
    case CUDA_R_64F:
        return 8;
    case CUDA_R_16F:
    case CUDA_R_16BF:
        return 2;
    }
    return 0;
}

double number_read(cudaDataType type, const void *numbers, size_t index) {
    switch (type) {
    case CUDA_R_64F:
        return ((const double *)numbers)[index];
    case CUDA_R_16F:
        return (double)lane_f32(f16_widen(((const uint16_t *)numbers)[index]));
    case CUDA_R_16BF:
        return (double)lane_f32(bf16_widen(((const uint16_t *)numbers)[index]));
    default:
        return (double)((const float *)numbers)[index];
    }
}

void number_write(cudaDataType type, void *numbers, size_t index, double value) {
    switch (type) {
    case CUDA_R_64F:
        ((double *)numbers)[index] = value;
        break;
    case CUDA_R_16F:
        ((uint16_t *)numbers)[index] = (uint16_t)f16_narrow(lane_bits32((float)value));
        break;
    case CUDA_R_16BF:
        ((uint16_t *)numbers)[index] = (uint16_t)bf16_narrow(lane_bits32((float)value));
        break;
    default:
        ((float *)numbers)[index] = (float)value;
    }
}
