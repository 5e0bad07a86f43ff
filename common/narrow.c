/* See common/narrow.h. */
#include "common/narrow.h"

uint16_t f16_round(float value) {
    const uint32_t bits = float_bits(value);
    const uint16_t sign = (uint16_t)(bits >> 16 & 0x8000u);
    const float magnitude = fabsf(value);
    if (isnan(value))
        return (uint16_t)(sign | 0x7e00u);
    if (magnitude >= 65520.0f)
        return (uint16_t)(sign | 0x7c00u);
    if (magnitude < 0x1p-14f) /* subnormal: a whole number of 2^-24 */
        return (uint16_t)(sign | (uint16_t)rintf(magnitude * 0x1p24f));
    return (uint16_t)(sign | ((float_bits_round(magnitude, 13) - (112u << 23)) >> 13));
}
