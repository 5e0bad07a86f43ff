// Arithmetic of every kind: integers of all widths, halves, floats, doubles, and the mathematical
// functions.
#include <cuda_bf16.h>
#include <cuda_fp16.h>

extern "C" __global__ void integers(const unsigned *in, unsigned *out, int count) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i + 1 >= count)
        return;
    unsigned a = in[i], b = in[i + 1] | 1;
    int sa = (int)a, sb = (int)b;
    unsigned *o = out + 32 * i;
    o[0] = a / b;
    o[1] = a % b;
    o[2] = (unsigned)(sa / (sb / 2 + 1 ? sb / 2 + 1 : 3));
    o[3] = (unsigned)(sa % 1000);
    o[4] = __umulhi(a, b);
    o[5] = (unsigned)__mulhi(sa, sb);
    o[6] = (unsigned)__popc(a);
    o[7] = (unsigned)__clz(sa);
    o[8] = __brev(a);
    o[9] = __byte_perm(a, b, 0x5140);
    o[10] = __funnelshift_l(a, b, b & 31);
    o[11] = __funnelshift_r(a, b, b & 31);
    o[12] = (unsigned)__ffs(sa);
    o[13] = (unsigned)__sad(sa, sb, a);
    o[14] = (unsigned)__dp4a(sa, sb, 5);
    o[15] = __vadd4(a, b);
    o[16] = __vabsdiffu4(a, b);
    o[17] = (unsigned)__mul24(sa, sb);
    o[18] = (unsigned)__rhadd(sa, sb);
    o[19] = a << (b & 31);
    o[20] = (unsigned)(sa >> (b & 31));
    o[21] = (unsigned)min(sa, sb) ^ max(a, b);
    unsigned long long wide = (unsigned long long)a * b + 12345;
    o[22] = (unsigned)(wide / (b | 1024));
    o[23] = (unsigned)(wide % 1000003);
    o[24] = (unsigned)((long long)wide / -7);
    o[25] = (unsigned)__clzll((long long)wide) * 64 + (unsigned)__popcll(wide);
    __int128 product = (__int128)(long long)wide * (long long)(wide ^ 0x123456789ABCDEFull);
    o[26] = (unsigned)(product >> 96);
    o[27] = (unsigned)(product >> 32);
    o[28] = (unsigned)((signed char)a + (short)b);
    o[29] = (unsigned)(abs(sa) / 3 + (sb >> 31));
    o[30] = __dp2a_lo(a, b, 9u);
    o[31] = (unsigned)__mul64hi((long long)wide, -3);
}

extern "C" __global__ void halves(const float *in, float *out) {
    int i = threadIdx.x;
    __half a = __float2half(in[i]), b = __float2half(in[i + 1]);
    __half2 pair = __halves2half2(a, b), other = __float2half2_rn(1.5f);
    float *o = out + 16 * i;
    o[0] = __half2float(a + b);
    o[1] = __half2float(a * b);
    o[2] = __half2float(__hfma(a, b, a));
    o[3] = __half2float(a / b);
    o[4] = __half2float(hsqrt(__habs(a)));
    o[5] = __low2float(__hfma2(pair, other, pair));
    o[6] = __high2float(__hmul2(pair, other));
    o[7] = __hlt(a, b) ? 1.0f : 0.0f;
    o[8] = __half2float(__hmax(a, b));
    o[9] = (float)__half2int_rz(a);
    o[10] = __half2float(__int2half_rn(i * 1000));
#if __CUDA_ARCH__ >= 800
    __nv_bfloat16 c = __float2bfloat16(in[i]), d = __float2bfloat16(in[i + 1]);
    o[11] = __bfloat162float(c + d);
    o[12] = __bfloat162float(c * d);
    o[13] = __bfloat162float(__hfma(c, d, c));
#else
    o[11] = o[12] = o[13] = 0;
#endif
    o[14] = __half2float(hrint(a));
    o[15] = __half2float(__hneg(a) - b);
}

extern "C" __global__ void doubles(const double *in, double *out, int count) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= count)
        return;
    double x = in[i], positive = fabs(x) + 0.5;
    double *o = out + 24 * i;
    o[0] = sin(x);
    o[1] = cos(x);
    o[2] = tan(x);
    o[3] = exp(x);
    o[4] = log(positive);
    o[5] = pow(positive, 1.7);
    o[6] = erf(x);
    o[7] = erfc(x);
    o[8] = tgamma(positive);
    o[9] = lgamma(positive);
    o[10] = cbrt(x);
    o[11] = asin(x / 8);
    o[12] = atan2(x, 0.7);
    o[13] = sinh(x);
    o[14] = tanh(x);
    o[15] = expm1(x);
    o[16] = log1p(positive);
    o[17] = fmod(x, 0.3);
    o[18] = hypot(x, 3.0);
    o[19] = sqrt(positive);
    o[20] = 1.0 / positive;
    o[21] = rsqrt(positive);
    o[22] = floor(x) + ceil(x) + rint(x) + trunc(x);
    o[23] = (double)(long long)(x * 1e6);
}

extern "C" __global__ void singles(const float *in, float *out, int count) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= count)
        return;
    float x = in[i], positive = fabsf(x) + 0.5f;
    float *o = out + 20 * i;
    o[0] = sinf(x * 1000);
    o[1] = cosf(x);
    o[2] = tanf(x);
    o[3] = expf(x);
    o[4] = logf(positive);
    o[5] = powf(positive, 1.7f);
    o[6] = erff(x);
    o[7] = tanhf(x);
    o[8] = x / positive;
    o[9] = sqrtf(positive);
    o[10] = __fdividef(x, positive);
    o[11] = exp2f(x);
    o[12] = log2f(positive);
    o[13] = atan2f(x, 0.7f);
    o[14] = fmodf(x, 0.3f);
    o[15] = rintf(x) + floorf(x) + roundf(x);
    o[16] = cbrtf(x);
    o[17] = fmaf(x, x, -1.0f);
    o[18] = (float)__float2int_rd(x * 100) + (float)__float2uint_rn(positive);
    o[19] = ldexpf(x, 3) + copysignf(2.0f, x);
}

// The hardware's approximations.
extern "C" __global__ void fast_singles(const float *in, float *out) {
    int i = threadIdx.x;
    float x = in[i], positive = fabsf(x) + 0.5f;
    out[8 * i] = __sinf(x);
    out[8 * i + 1] = __cosf(x);
    out[8 * i + 2] = __expf(x);
    out[8 * i + 3] = __logf(positive);
    out[8 * i + 4] = __powf(positive, 1.5f);
    out[8 * i + 5] = rsqrtf(positive);
    out[8 * i + 6] = __frcp_rn(positive);
    out[8 * i + 7] = __saturatef(x) + __fsqrt_rz(positive);
}
