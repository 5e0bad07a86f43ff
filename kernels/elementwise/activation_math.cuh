/* The elementwise functions of enum activation_function in f32, as both activation rungs use them.
 *
 * A function is a struct: value(z), and gradient(kept, dy), dy times its derivative in terms of
 * what the forward pass kept: its output y where `keeps_output` is true, else its input z. The
 * forms are chosen so that nothing large is subtracted: 1 - sigmoid(z) is computed as sigmoid(-z),
 * 1 + tanh(u) as 2 sigmoid(2u), 1 + erf(u) as erfc(-u), and no exponential overflows.
 */
#ifndef LOCKSTEP_KERNELS_ELEMENTWISE_ACTIVATION_MATH_CUH
#define LOCKSTEP_KERNELS_ELEMENTWISE_ACTIVATION_MATH_CUH

#include "kernels/device.cuh"

static __device__ inline float sigmoidf(float z) {
    const float e = expf(-fabsf(z));
    const float larger = 1.0f / (1.0f + e); /* sigmoid(|z|); a NaN stays one */
    return z < 0.0f ? e * larger : larger;
}

struct function_identity {
    static const bool keeps_output = true;
    static __device__ float value(float z) {
        return z;
    }
    static __device__ float gradient(float, float dy) {
        return dy;
    }
};

struct function_relu {
    static const bool keeps_output = true;
    static __device__ float value(float z) {
        return z < 0.0f ? 0.0f : z;
    }
    /* Selects: where y > 0 is false, a NaN or infinite dy does not come through. */
    static __device__ float gradient(float y, float dy) {
        return y > 0.0f ? dy : 0.0f;
    }
};

struct function_sigmoid {
    static const bool keeps_output = true;
    static __device__ float value(float z) {
        return sigmoidf(z);
    }
    static __device__ float gradient(float y, float dy) {
        return dy * (y * (1.0f - y));
    }
};

struct function_tanh {
    static const bool keeps_output = true;
    static __device__ float value(float z) {
        return tanhf(z);
    }
    static __device__ float gradient(float y, float dy) {
        return dy * ((1.0f - y) * (1.0f + y));
    }
};

/* gelu_tanh(z) = z sigmoid(2u) with u = sqrt(2/pi) (z + 0.044715 z^3). */
struct function_gelu_tanh {
    static const bool keeps_output = false;
    static __device__ float value(float z) {
        return z * sigmoidf(twice_u(z));
    }
    static __device__ float gradient(float z, float dy) {
        const float s = sigmoidf(twice_u(z)), other = sigmoidf(-twice_u(z));
        const float twice_u_slope = 1.5957691216f * fmaf(3.0f * 0.044715f * z, z, 1.0f);
        const float product = z * s * other; /* 0 long before twice_u_slope overflows */
        return dy * (product == 0.0f ? s : fmaf(product, twice_u_slope, s));
    }
    /* 2 sqrt(2/pi) = 1.59576912160573... */
    static __device__ float twice_u(float z) {
        return 1.5957691216f * z * fmaf(0.044715f * z, z, 1.0f);
    }
};

/* gelu_erf(z) = z P(z), P(z) = erfc(-z / sqrt(2))/2; slope = P(z) + z exp(-z^2/2) / sqrt(2 pi). */
struct function_gelu_erf {
    static const bool keeps_output = false;
    static __device__ float value(float z) {
        return z * probability(z);
    }
    static __device__ float gradient(float z, float dy) {
        return dy * fmaf(z * 0.3989422804f, expf(-0.5f * z * z), probability(z));
    }
    static __device__ float probability(float z) {
        return 0.5f * erfcf(-0.7071067812f * z);
    }
};

struct function_silu {
    static const bool keeps_output = false;
    static __device__ float value(float z) {
        return z * sigmoidf(z);
    }
    static __device__ float gradient(float z, float dy) {
        const float s = sigmoidf(z);
        return dy * fmaf(z * s, sigmoidf(-z), s);
    }
};

#endif
