/* Functions in pieces, for the instruction set whose registers hold a table: 16 or 32 polynomials
 * of degree 4, picked a lane at a time. Included by tables.h only, for AVX-512.
 *
 * A piece is an eighth of an octave of x + start, so pieces are short where the functions bend and
 * long where they are flat; its number is the sum's one or two low exponent bits and three high
 * mantissa bits. The octaves from `start` on, two or four, have each number once, in an order that
 * begins with start's own.
 *
 * The polynomials are minimax fits on each piece of r = x - the piece's first x, their
 * coefficients rounded to float32 one after the other from the constant on, the rest fitted anew
 * after each. The errors given are the fits' own, after that rounding, in units of u = 2^-24;
 * evaluation adds at most 2, and the rounding of x + start up to 4 times the slope.
 */
#ifndef LOCKSTEP_REFERENCE_SIMD_PIECES_H
#define LOCKSTEP_REFERENCE_SIMD_PIECES_H

#include "reference/simd/vector.h"

enum { PIECES_MOST = 32, PIECE_DEGREE = 4, PIECE_SHIFT = 20 };

struct pieces {
    float start;
    float limit; /* from here on the function is constant in float32; below the last piece's end */
    int number;  /* of pieces: 16 or 32 */
    float coefficients[PIECE_DEGREE + 1][PIECES_MOST] __attribute__((aligned(64)));
};

/* table[piece] in each lane; bits of `piece` above those of the number of pieces do not count. */
SIMD_INLINE vector piece_pick(const float *table, int number, __m512i piece) {
    if (number == WIDTH)
        return _mm512_permutexvar_ps(piece, _mm512_load_ps(table));
    return _mm512_permutex2var_ps(_mm512_load_ps(table), piece, _mm512_load_ps(table + WIDTH));
}

/* f(x) for x >= 0, or NaN. r is off by the rounding of x + start, which takes one operation less
 * than an exact one and will do where the absolute error counts. */
SIMD_INLINE vector pieces_value(const struct pieces *f, vector x) {
    vector sum = vector_minimum(vector_set(f->limit), x) + f->start;
    __m512i bits = _mm512_castps_si512(sum);
    __m512i piece = _mm512_srli_epi32(bits, PIECE_SHIFT);
    vector first =
        _mm512_castsi512_ps(_mm512_and_si512(bits, _mm512_set1_epi32(-(1 << PIECE_SHIFT))));
    vector r = sum - first;
    vector value = piece_pick(f->coefficients[PIECE_DEGREE], f->number, piece);
    for (int k = PIECE_DEGREE - 1; k >= 0; k--)
        value = vector_fma(value, r, piece_pick(f->coefficients[k], f->number, piece));
    return value;
}

/* (gelu_erf(x) / x) - 1/2, absolute error 1.2 u. */
static const struct pieces pieces_gelu_erf = {
    .start = 2.0F,
    .limit = 5.75F,
    .number = 16,
    .coefficients =
        {
            {0x0p0F, 0x1.944d18p-4F, 0x1.881d7ap-3F, 0x1.17efp-2F, 0x1.5d897ap-2F, 0x1.93d08ap-2F,
             0x1.bb96e4p-2F, 0x1.d6fabcp-2F, 0x1.e8b42ep-2F, 0x1.f9a43p-2F, 0x1.fe9e26p-2F,
             0x1.ffc306p-2F, 0x1.fff7b2p-2F, 0x1.ffff1cp-2F, 0x1.ffffecp-2F, 0x1.fffffep-2F},
            {0x1.9883a4p-2F, 0x1.8bf218p-2F, 0x1.688368p-2F, 0x1.345d7ap-2F, 0x1.ef8f28p-3F,
             0x1.7612f4p-3F, 0x1.09418cp-3F, 0x1.6164b4p-4F, 0x1.ba53e2p-5F, 0x1.1f14cep-6F,
             0x1.220fd6p-8F, 0x1.c85e5ep-11F, 0x1.188352p-13F, 0x1.0ac13ep-16F, 0x1.2657p-19F,
             0x1.a7171ap-21F},
            {0x1.ac5876p-14F, -0x1.8b45bap-5F, -0x1.68576p-4F, -0x1.ce9efp-4F, -0x1.efc914p-4F,
             -0x1.d40e3p-4F, -0x1.8e23fap-4F, -0x1.35549p-4F, -0x1.bae7a2p-5F, -0x1.6551eep-6F,
             -0x1.ad9dfep-8F, -0x1.86a9d2p-10F, -0x1.12ac96p-12F, -0x1.1fb838p-15F,
             -0x1.62bb4cp-17F, -0x1.d6913p-18F},
            {-0x1.156ed4p-4F, -0x1.f6dc7ep-5F, -0x1.6c321ep-5F, -0x1.645c2ep-6F, 0x1.53d5fep-11F,
             0x1.2acf58p-6F, 0x1.c615fap-6F, 0x1.ec863cp-6F, 0x1.c28444p-6F, 0x1.e454c8p-7F,
             0x1.6115bcp-8F, 0x1.739d9ep-10F, 0x1.2c825ep-12F, 0x1.52ae84p-15F, 0x1.c38ee6p-16F,
             0x1.6d929p-16F},
            {0x1.875e8p-8F, 0x1.0e9154p-6F, 0x1.6df478p-6F, 0x1.6aecaep-6F, 0x1.1aa15ap-6F,
             0x1.3005bap-7F, 0x1.5889f8p-9F, -0x1.52bc1ep-9F, -0x1.8c2778p-8F, -0x1.371906p-8F,
             -0x1.118a56p-9F, -0x1.46b4d8p-11F, -0x1.2c0cb2p-13F, -0x1.6041a8p-16F,
             -0x1.9fe9aep-16F, -0x1.694b6p-16F},
        },
};

/* The derivative of gelu_tanh, less 1/2: absolute error 1.04 u. */
static const struct pieces pieces_gelu_tanh_slope = {
    .start = 0.4375F,
    .limit = 6.5F,
    .number = 32,
    .coefficients =
        {
            {0x1.4016dap-1F, 0x1.361dfcp-1F, 0x1.28a23ep-1F, 0x1.1b9a96p-1F, 0x1.1117p-1F,
             0x1.09a966p-1F, 0x1.04fb7p-1F,  0x1.025608p-1F, 0x1.00fddcp-1F, 0x1.00213ep-1F,
             0x1.0002bcp-1F, 0x1.000022p-1F, 0x1p-1F,        0x1p-1F,        0.0F,
             0x1.98622p-6F,  0x1.97fb9ap-5F, 0x1.9662e4p-4F, 0x1.2eceeep-3F, 0x1.9015cep-3F,
             0x1.ee4f1ap-3F, 0x1.2468b6p-2F, 0x1.4f81dep-2F, 0x1.782fdp-2F,  0x1.9e3996p-2F,
             0x1.e1b398p-2F, 0x1.0c83a2p-1F, 0x1.21ff6p-1F,  0x1.3183f4p-1F, 0x1.3b8c98p-1F,
             0x1.40c752p-1F, 0x1.4201d2p-1F},
            {-0x1.9a6b44p-5F,  -0x1.91b86ep-4F,  -0x1.b80bacp-4F, -0x1.7f283ap-4F, -0x1.1f1304p-4F,
             -0x1.7ce378p-5F,  -0x1.c45c0ap-6F,  -0x1.e245b2p-7F, -0x1.ccbfd2p-8F, -0x1.2b0548p-10F,
             -0x1.d7462cp-14F, -0x1.77c90ep-18F, 0x1.aeb20cp-20F, 0x1.9b28e8p-26F, 0x1.988454p-1F,
             0x1.981d9cp-1F,   0x1.96ea62p-1F,   0x1.92241ep-1F,  0x1.8a4632p-1F,  0x1.7f7696p-1F,
             0x1.71e2c8p-1F,   0x1.61c976p-1F,   0x1.4f6f7ap-1F,  0x1.3b2498p-1F,  0x1.253b6cp-1F,
             0x1.ebf31p-2F,    0x1.8902fap-2F,   0x1.270e06p-2F,  0x1.95a64ap-3F,  0x1.e05342p-4F,
             0x1.8b4ccp-5F,    -0x1.f332eep-8F},
            {-0x1.26aa0ep-3F, -0x1.ad772cp-5F, 0x1.3ef01cp-7F,   0x1.53efdep-5F,   0x1.957362p-5F,
             0x1.647c48p-5F,  0x1.05241p-5F,   0x1.4a255cp-6F,   0x1.6ac704p-7F,   0x1.2a97d2p-9F,
             0x1.12648ap-12F, 0x1.17546cp-17F, -0x1.252212p-16F, -0x1.1a5252p-22F, -0x1.fd6fd2p-19F,
             -0x1.97d744p-6F, -0x1.99360cp-5F, -0x1.961e18p-4F,  -0x1.2b263ep-3F,  -0x1.87d8a8p-3F,
             -0x1.dbd65p-3F,  -0x1.14735cp-2F, -0x1.3611dep-2F,  -0x1.5315bp-2F,   -0x1.69ae9p-2F,
             -0x1.86996ap-2F, -0x1.8d7f9p-2F,  -0x1.7f7ffp-2F,   -0x1.600cf6p-2F,  -0x1.33ed16p-2F,
             -0x1.00362ep-2F, -0x1.932d5ap-3F},
            {0x1.1c8cbep-3F,   0x1.ab3666p-4F,  0x1.f04a88p-5F,  0x1.6fe64ap-6F,  -0x1.ffccd6p-10F,
             -0x1.d9de92p-7F,  -0x1.1d3e74p-6F, -0x1.d7ba6ap-7F, -0x1.2e31c2p-7F, -0x1.3e2bbep-9F,
             -0x1.3d91bap-12F, 0x1.ca764ep-18F, 0x1.de5278p-15F, 0x1.ce7cb6p-21F, -0x1.11895p-2F,
             -0x1.18cb2ep-2F,  -0x1.0fcbeap-2F, -0x1.055816p-2F, -0x1.03dadp-2F,  -0x1.cbd13ap-3F,
             -0x1.b85b1cp-3F,  -0x1.7dec0ap-3F, -0x1.4a7866p-3F, -0x1.f014e8p-4F, -0x1.abd9eep-4F,
             -0x1.7e84c8p-5F,  0x1.da3a4p-7F,   0x1.08a05ap-4F,  0x1.9bc23cp-4F,  0x1.ff1768p-4F,
             0x1.1f42dcp-3F,   0x1.2ef71cp-3F},
            {-0x1.113bcap-5F, -0x1.61f592p-5F,  -0x1.31b77ep-5F,  -0x1.87f638p-6F, -0x1.9dc124p-7F,
             -0x1.46ce54p-9F, 0x1.d46c98p-9F,   0x1.427a5ap-8F,   0x1.c7745ep-9F,  0x1.2c2554p-10F,
             0x1.25e586p-13F, -0x1.3125b6p-16F, -0x1.e1e166p-15F, -0x1.d2e14p-21F, 0x1.154172p-13F,
             0x1.0ffef8p-3F,  0x1.d30342p-6F,   0x1.69cfdcp-6F,   0x1.edaa6p-4F,   0x1.d73fap-6F,
             0x1.f974b4p-4F,  0x1.6fd0f2p-4F,   0x1.a4ef9p-4F,    0x1.19780ep-7F,  0x1.d6d362p-4F,
             0x1.e67e68p-4F,  0x1.6c8b12p-4F,   0x1.14481ep-4F,   0x1.cececp-5F,   0x1.5604e2p-5F,
             0x1.af82fp-7F,   -0x1.bb3f36p-6F},
        },
};

/* The derivative of gelu_erf, less 1/2: absolute error 0.97 u. */
static const struct pieces pieces_gelu_erf_slope = {
    .start = 0.4375F,
    .limit = 6.5F,
    .number = 32,
    .coefficients =
        {
            {0x1.3fe7fp-1F,  0x1.35bbbep-1F, 0x1.283122p-1F, 0x1.1b462cp-1F, 0x1.10f8c2p-1F,
             0x1.09bf36p-1F, 0x1.05301ap-1F, 0x1.029106p-1F, 0x1.012eb6p-1F, 0x1.003434p-1F,
             0x1.0006dep-1F, 0x1.0000b2p-1F, 0x1.00000ep-1F, 0x1p-1F,        0.0F,
             0x1.98624ap-6F, 0x1.97fc46p-5F, 0x1.96658cp-4F, 0x1.2ed35p-3F,  0x1.901fe8p-3F,
             0x1.ee6218p-3F, 0x1.24785ep-2F, 0x1.4f995ep-2F, 0x1.7850a4p-2F, 0x1.9e64d8p-2F,
             0x1.e1f4dp-2F,  0x1.0cad94p-1F, 0x1.222ddap-1F, 0x1.31af74p-1F, 0x1.3bac1ap-1F,
             0x1.40d216p-1F, 0x1.41f138p-1F},
            {-0x1.a987aap-5F,  -0x1.964cf8p-4F,  -0x1.b70a3p-4F,   -0x1.7965aep-4F, -0x1.17e2e2p-4F,
             -0x1.720df4p-5F,  -0x1.bb5f62p-6F,  -0x1.e60f24p-7F,  -0x1.ea018ep-8F, -0x1.8a6bap-10F,
             -0x1.d7789ap-13F, -0x1.bcd75ep-16F, -0x1.5d3206p-19F, 0x1.7931cap-20F, 0x1.988454p-1F,
             0x1.981e4p-1F,    0x1.96ec5ep-1F,   0x1.922bcp-1F,    0x1.8a5798p-1F,  0x1.7f930ap-1F,
             0x1.720d2ep-1F,   0x1.62025ep-1F,   0x1.4fb55ep-1F,   0x1.3b73acp-1F,  0x1.2591f2p-1F,
             0x1.ec9ee2p-2F,   0x1.897752p-2F,   0x1.271f7cp-2F,   0x1.94bbe4p-3F,  0x1.dc3dap-4F,
             0x1.7f0392p-5F,   -0x1.352358p-7F},
            {-0x1.2600aap-3F, -0x1.9a52bep-5F, 0x1.9cfb32p-7F,  0x1.60626ap-5F,   0x1.93df64p-5F,
             0x1.591f82p-5F,  0x1.f01934p-6F,  0x1.39c136p-6F,  0x1.6025dp-7F,    0x1.51b04ep-9F,
             0x1.c98a8p-12F,  0x1.16605ep-14F, 0x1.3cddd8p-17F, -0x1.f97eaap-17F, -0x1.ff4834p-19F,
             -0x1.988baap-6F, -0x1.97154cp-5F, -0x1.939fp-4F,   -0x1.2a2d14p-3F,  -0x1.859ffep-3F,
             -0x1.da23a2p-3F, -0x1.140cecp-2F, -0x1.35d918p-2F, -0x1.5230cep-2F,  -0x1.695d1ep-2F,
             -0x1.872b46p-2F, -0x1.8e441ep-2F, -0x1.813d2ap-2F, -0x1.626e58p-2F,  -0x1.36bc94p-2F,
             -0x1.01e3ecp-2F, -0x1.93992p-3F},
            {0x1.240514p-3F,   0x1.b349f4p-4F,   0x1.e6c53ep-5F,   0x1.5236d8p-6F,  -0x1.0e5c28p-8F,
             -0x1.f67e7p-7F,   -0x1.124b94p-6F,  -0x1.bb46a2p-7F,  -0x1.1384d4p-7F, -0x1.3d14b2p-9F,
             -0x1.d955e8p-12F, -0x1.9f1578p-14F, -0x1.4ffa04p-16F, 0x1.99ebp-15F,   -0x1.102fb2p-2F,
             -0x1.0ec02cp-2F,  -0x1.0ef596p-2F,  -0x1.07dfc4p-2F,  -0x1.fcaaeap-3F, -0x1.da9312p-3F,
             -0x1.b730fap-3F,  -0x1.67b9eap-3F,  -0x1.311f58p-3F,  -0x1.0b617cp-3F, -0x1.b350b8p-4F,
             -0x1.7eac8ep-5F,  0x1.c50a84p-8F,   0x1.f4173ep-5F,   0x1.9e48bcp-4F,  0x1.0ffd7p-3F,
             0x1.231b5ep-3F,   0x1.270512p-3F},
            {-0x1.2155bep-5F,  -0x1.788648p-5F,  -0x1.393d3p-5F,  -0x1.9ccebp-6F,   -0x1.78ba7p-7F,
             -0x1.37a0eap-10F, 0x1.e77f0ep-9F,   0x1.4abf22p-8F,  0x1.91f9e8p-9F,   0x1.0f6e4p-10F,
             0x1.a798a8p-13F,  0x1.16fb04p-14F,  0x1.1bc7f4p-16F, -0x1.9bc9c6p-15F, 0x1.42f24p-15F,
             -0x1.da8a28p-9F,  0x1.03fd64p-5F,   0x1.942a72p-5F,  0x1.53d00cp-4F,   0x1.6ccda4p-4F,
             0x1.e24ff4p-4F,   -0x1.b85d9ep-11F, -0x1.10a2bp-8F,  0x1.29cdb2p-4F,   0x1.d68604p-4F,
             0x1.c46fp-4F,     0x1.ca8364p-4F,   0x1.3de5cp-4F,   0x1.bffb78p-5F,   0x1.f58b7cp-7F,
             0x1.fbb3d6p-7F,   0x1.1a7ad6p-11F},
        },
};

#endif
