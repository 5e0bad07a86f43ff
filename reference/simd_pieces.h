/* Functions in pieces, for the instruction set whose registers hold a table: 32 polynomials of
 * degree 4, picked a lane at a time. Included by simd_tables.h only, for AVX-512.
 *
 * A piece is an eighth of an octave of x + start, so pieces are short where the functions bend and
 * long where they are flat; its number is the sum's two low exponent bits and three high mantissa
 * bits. Four octaves from `start` on have each number once, in an order that begins with start's
 * own.
 *
 * The polynomials are minimax fits on each piece (Remez) of r = x - the piece's first x, their
 * coefficients rounded to float32 one after the other from the constant on, the rest fitted anew
 * after each. The first piece has no constant, so values next to 0 are right relatively. The errors
 * given are the fits' own, after that rounding, in units of u = 2^-24; evaluation adds at most 2.
 */
#ifndef LOCKSTEP_REFERENCE_SIMD_PIECES_H
#define LOCKSTEP_REFERENCE_SIMD_PIECES_H

#include "reference/simd_vector.h"

enum { PIECES = 32, PIECE_DEGREE = 4, PIECE_SHIFT = 20 };

struct pieces {
    float start;
    float limit; /* from here on the function is constant in float32; below 15 start */
    float coefficients[PIECE_DEGREE + 1][PIECES] __attribute__((aligned(64)));
};

/* table[piece] in each lane; bits above the lowest five do not count. */
SIMD_INLINE vector piece_pick(const float table[PIECES], __m512i piece) {
    return _mm512_permutex2var_ps(_mm512_load_ps(table), piece, _mm512_load_ps(table + WIDTH));
}

/* f(x) for x >= 0, or NaN. `exact`: r is; without, it is off by the rounding of x + start, which
 * takes one operation less and will do where the absolute error counts. */
SIMD_INLINE vector pieces_value(const struct pieces *f, vector x, bool exact) {
    x = vector_minimum(vector_set(f->limit), x);
    vector sum = x + f->start;
    __m512i bits = _mm512_castps_si512(sum);
    __m512i piece = _mm512_srli_epi32(bits, PIECE_SHIFT);
    vector first =
        _mm512_castsi512_ps(_mm512_and_si512(bits, _mm512_set1_epi32(-(1 << PIECE_SHIFT))));
    vector r = exact ? x - (first - f->start) : sum - first;
    vector value = piece_pick(f->coefficients[PIECE_DEGREE], piece);
    for (int k = PIECE_DEGREE - 1; k >= 0; k--)
        value = vector_fma(value, r, piece_pick(f->coefficients[k], piece));
    return value;
}

/* tanh x, relative error 0.65 u. */
static const struct pieces pieces_tanh = {
    .start = 0.625F,
    .limit = 9.25F,
    .coefficients =
        {
            {0x1.c278a4p-1F, 0x1.d9c6fcp-1F, 0x1.e878ap-1F,  0x1.f1994ep-1F, 0x1.f73776p-1F,
             0x1.faa794p-1F, 0x1.fcc04cp-1F, 0x1.fe06ecp-1F, 0x1.fecd6cp-1F, 0x1.ff8f22p-1F,
             0x1.ffd678p-1F, 0x1.fff0b8p-1F, 0x1.fffa6p-1F,  0x1.fffdeep-1F, 0x1.ffff3ep-1F,
             0x1.ffffb8p-1F, 0x1.ffffe6p-1F, 0x1.fffffcp-1F, 0.0F,           0x1.ff559ap-5F,
             0x1.fd5992p-4F, 0x1.7b8ffap-3F, 0x1.f597eap-3F, 0x1.35f98ap-2F, 0x1.6ef53ep-2F,
             0x1.d9353ep-2F, 0x1.1bf47ep-1F, 0x1.45323ep-1F, 0x1.68665p-1F,  0x1.85efacp-1F,
             0x1.9e5cb6p-1F, 0x1.b2523cp-1F},
            {0x1.ceaa02p-3F,  0x1.265bdap-3F,  0x1.6fc9fp-4F,   0x1.c658bp-5F,   0x1.16aba8p-5F,
             0x1.544522p-6F,  0x1.9ea01ep-7F,  0x1.f7db62p-8F,  0x1.3214c8p-8F,  0x1.c310dcp-10F,
             0x1.4ba5f2p-11F, 0x1.e94b7ap-13F, 0x1.6e5fa8p-14F, 0x1.1172eap-15F, 0x1.54e0aap-17F,
             0x1.4a493ep-18F, 0x1.49addep-20F, 0x1.4b9f0cp-21F, 0x1p0F,          0x1.fe014p-1F,
             0x1.f81556p-1F,  0x1.ee695cp-1F,  0x1.e149d4p-1F,  0x1.d11582p-1F,  0x1.be3fbp-1F,
             0x1.92a918p-1F,  0x1.62858cp-1F,  0x1.31742p-1F,   0x1.0250dap-1F,  0x1.ae0c9p-2F,
             0x1.614f96p-2F,  0x1.1f2492p-2F},
            {-0x1.97512ap-3F,  -0x1.102bfp-3F,   -0x1.5e5aa4p-4F,  -0x1.b93774p-5F,
             -0x1.120404p-5F,  -0x1.4f9424p-6F,  -0x1.9d8b96p-7F,  -0x1.f0d604p-8F,
             -0x1.2f0ad8p-8F,  -0x1.bf3126p-10F, -0x1.451e7ap-11F, -0x1.ea28c2p-13F,
             -0x1.a7fe8ap-14F, -0x1.5ea8dcp-15F, 0x1.85dbf6p-19F,  -0x1.687f3p-17F,
             0x1.7c341ep-23F,  -0x1.2af654p-19F, 0x1.8dd886p-18F,  -0x1.fcd8bcp-5F,
             -0x1.f5eff8p-4F,  -0x1.6dd364p-3F,  -0x1.d7bf9p-3F,   -0x1.199976p-2F,
             -0x1.3fd1e8p-2F,  -0x1.741fecp-2F,  -0x1.898606p-2F,  -0x1.84319ap-2F,
             -0x1.6bf2fp-2F,   -0x1.475ebp-2F,   -0x1.1de3dp-2F,   -0x1.e70694p-3F},
            {0x1.9c7c5cp-4F,  0x1.30443cp-4F,   0x1.9eca2p-5F,   0x1.115918p-5F,  0x1.5f2c32p-6F,
             0x1.a41fcap-7F,  0x1.16d98cp-7F,   0x1.269bdep-8F,  0x1.77aba2p-9F,  0x1.15c29ep-10F,
             0x1.7d54c2p-12F, 0x1.3da898p-13F,  0x1.b43206p-14F, 0x1.bcab5cp-15F, -0x1.46dd44p-15F,
             0x1.893f3p-16F,  -0x1.f52098p-20F, 0x1.c140dep-19F, -0x1.55ec7ep-2F, -0x1.521958p-2F,
             -0x1.3dd1eep-2F, -0x1.312bfcp-2F,  -0x1.0443eap-2F, -0x1.c08364p-3F, -0x1.6e338ep-3F,
             -0x1.80e51p-4F,  -0x1.b0d20ep-7F,  0x1.7109e8p-5F,  0x1.61b306p-4F,  0x1.a3085ep-4F,
             0x1.c5f94p-4F,   0x1.b938dap-4F},
            {-0x1.a87bdcp-6F,  -0x1.718518p-6F,  -0x1.13b2c2p-6F,  -0x1.964ac8p-7F,
             -0x1.1ce33ep-7F,  -0x1.244facp-8F,  -0x1.065414p-8F,  -0x1.0eafbap-10F,
             -0x1.f3f5b4p-11F, -0x1.72824cp-12F, -0x1.af1bd6p-14F, -0x1.d14e7ep-15F,
             -0x1.1ffdb4p-14F, -0x1.4f9e42p-15F, 0x1.6efb7cp-15F,  -0x1.6bbabap-16F,
             0x1.3241cap-20F,  -0x1.b9b77ap-20F, 0x1.0558b6p-6F,   0x1.180c4p-4F,
             0x1.185b24p-4F,   0x1.939afap-3F,   0x1.f9c162p-4F,   0x1.426cf4p-3F,
             0x1.5d02fp-3F,    0x1.42ca78p-3F,   0x1.bde0a8p-4F,   0x1.34a036p-4F,
             0x1.0a2b3ep-5F,   0x1.9c9d54p-6F,   -0x1.6a6e44p-10F, -0x1.b2a39ap-7F},
        },
};

/* (gelu_tanh(x) / x) - 1/2, absolute error 0.35 u. */
static const struct pieces pieces_gelu_tanh = {
    .start = 0.4375F,
    .limit = 6.5F,
    .coefficients =
        {
            {0x1.c35dd2p-2F, 0x1.dc2cb4p-2F, 0x1.ec068ap-2F, 0x1.f58786p-2F, 0x1.fadcb6p-2F,
             0x1.fda6ep-2F,  0x1.ff018cp-2F, 0x1.ff9cd6p-2F, 0x1.ffdca6p-2F, 0x1.fffca6p-2F,
             0x1.ffffccp-2F, 0x1.fffffep-2F, 0x1p-1F,        0x1p-1F,        0.0F,
             0x1.987338p-7F, 0x1.983ff2p-6F, 0x1.977348p-5F, 0x1.3097dcp-4F, 0x1.9447ecp-4F,
             0x1.f66abp-4F,  0x1.2b52dp-3F,  0x1.5a51e8p-3F, 0x1.880b6ap-3F, 0x1.b45bbcp-3F,
             0x1.042324p-2F, 0x1.2aa382p-2F, 0x1.4d6cb2p-2F, 0x1.6c5f24p-2F, 0x1.877b94p-2F,
             0x1.9edf16p-2F, 0x1.b2bdecp-2F},
            {0x1.e35daep-4F,  0x1.3ded3ap-4F, 0x1.88b1eep-5F,   0x1.c66f9ap-6F,   0x1.eaea8cp-7F,
             0x1.ed2f5p-8F,   0x1.c9f7ecp-9F, 0x1.872f22p-10F,  0x1.2ff6d4p-11F,  0x1.113348p-14F,
             0x1.111ba8p-18F, 0x1.d8e59p-23F, -0x1.31ce0cp-25F, -0x1.cf8576p-32F, 0x1.988454p-2F,
             0x1.98511ep-2F,  0x1.97b72ep-2F, 0x1.9552bp-2F,    0x1.915ce8p-2F,   0x1.8be3bap-2F,
             0x1.84f5f8p-2F,  0x1.7ca8aep-2F, 0x1.7314acp-2F,   0x1.685418p-2F,   0x1.5c8652p-2F,
             0x1.424648p-2F,  0x1.256708p-2F, 0x1.070332p-2F,   0x1.d04b4cp-3F,   0x1.938eacp-3F,
             0x1.596c78p-3F,  0x1.232af2p-3F},
            {-0x1.774126p-4F,  -0x1.1e54b2p-4F,  -0x1.93c698p-5F,  -0x1.080d06p-5F,
             -0x1.3f088ep-6F,  -0x1.66a8cap-7F,  -0x1.716a78p-8F,  -0x1.5f57aap-9F,
             -0x1.253348p-10F, -0x1.38822cp-13F, -0x1.a1b458p-18F, -0x1.9d8ed2p-21F,
             0x1.a1ad2ep-22F,  0x1.3f2b0ep-28F,  -0x1.1a1d7p-19F,  -0x1.9e11a4p-8F,
             -0x1.98ea08p-7F,  -0x1.982fa4p-6F,  -0x1.2d638ep-5F,  -0x1.8dc394p-5F,
             -0x1.e830fp-5F,   -0x1.1e798ep-4F,  -0x1.4642e4p-4F,  -0x1.695c38p-4F,
             -0x1.8903ecp-4F,  -0x1.bbcdc4p-4F,  -0x1.dd035ep-4F,  -0x1.ed5ea2p-4F,
             -0x1.ebc134p-4F,  -0x1.dcfb5p-4F,   -0x1.c2e7eep-4F,  -0x1.a0780ep-4F},
            {0x1.d464c6p-6F,  0x1.df7706p-6F,  0x1.a29118p-6F,   0x1.472184p-6F,   0x1.bfe274p-7F,
             0x1.26ce7p-7F,   0x1.5302cp-8F,   0x1.74531cp-9F,   0x1.3229d2p-10F,  0x1.7bbee2p-13F,
             -0x1.944dcp-19F, 0x1.7a8846p-20F, -0x1.554792p-20F, -0x1.05c418p-26F, -0x1.114184p-4F,
             -0x1.05bd28p-4F, -0x1.12c25ap-4F, -0x1.05a752p-4F,  -0x1.10d66ap-4F,  -0x1.eed7e8p-5F,
             -0x1.d8035ap-5F, -0x1.bd7c8ep-5F, -0x1.7d2b8cp-5F,  -0x1.6f81d8p-5F,  -0x1.416b2ap-5F,
             -0x1.c608aep-6F, -0x1.041adap-6F, -0x1.615d6ep-9F,  0x1.04768p-8F,    0x1.95879ep-7F,
             0x1.46b09cp-6F,  0x1.b65a72p-6F},
            {0x1.e5c102p-11F,  -0x1.c4334ap-9F,  -0x1.6a733ep-8F,  -0x1.8f936ap-8F,
             -0x1.2752b4p-8F,  -0x1.02525p-8F,   -0x1.4397b4p-9F,  -0x1.b48368p-10F,
             -0x1.1efa1ap-11F, -0x1.8f869ap-14F, 0x1.5eab5p-17F,   -0x1.16a634p-20F,
             0x1.581504p-20F,  0x1.0870f2p-26F,  -0x1.5d05c6p-10F, -0x1.55b3dap-5F,
             0x1.2eaf3ap-7F,   -0x1.d99576p-9F,  0x1.2c11eap-5F,   0x1.6f11bap-7F,
             0x1.296bd4p-6F,   0x1.ab0aap-6F,    0x1.18c67ep-10F,  0x1.d52504p-6F,
             0x1.967768p-6F,   0x1.9329acp-6F,   0x1.744868p-6F,   0x1.93fb34p-7F,
             0x1.737982p-6F,   0x1.3ceca4p-6F,   0x1.84065ap-7F,   -0x1.062954p-12F},
        },
};

/* (gelu_erf(x) / x) - 1/2, absolute error 0.45 u. */
static const struct pieces pieces_gelu_erf = {
    .start = 0.4375F,
    .limit = 6.5F,
    .coefficients =
        {
            {0x1.c37f3p-2F,  0x1.dc34e4p-2F, 0x1.ebf334p-2F, 0x1.f5603cp-2F, 0x1.faade2p-2F,
             0x1.fd7baep-2F, 0x1.fee04ep-2F, 0x1.ff86cep-2F, 0x1.ffcfdcp-2F, 0x1.fff9a4p-2F,
             0x1.ffff56p-2F, 0x1.fffff2p-2F, 0x1p-1F,        0x1p-1F,        0.0F,
             0x1.98734ep-7F, 0x1.984048p-6F, 0x1.97749ep-5F, 0x1.309a14p-4F, 0x1.944d16p-4F,
             0x1.f67486p-4F, 0x1.2b5b0ep-3F, 0x1.5a5e88p-3F, 0x1.881d78p-3F, 0x1.b47438p-3F,
             0x1.043706p-2F, 0x1.2abfe2p-2F, 0x1.4d9138p-2F, 0x1.6c8a1ep-2F, 0x1.87aa16p-2F,
             0x1.9f0d52p-2F, 0x1.b2e7b4p-2F},
            {0x1.e2181ep-4F,  0x1.3c29f2p-4F, 0x1.858cfap-5F,   0x1.c2f0c6p-6F,  0x1.ea4188p-7F,
             0x1.f4bb6cp-8F,  0x1.e069d2p-9F, 0x1.b1010cp-10F,  0x1.6d8e0cp-11F, 0x1.aefda8p-14F,
             0x1.9e1ffap-17F, 0x1.3e566p-20F, -0x1.98e3b8p-21F, -0x1.4708dp-25F, 0x1.988454p-2F,
             0x1.985152p-2F,  0x1.97b83p-2F,  0x1.95568p-2F,    0x1.9165c6p-2F,  0x1.8bf28p-2F,
             0x1.850c7p-2F,   0x1.7cc79p-2F,  0x1.733b1p-2F,    0x1.68845ap-2F,  0x1.5cbdfap-2F,
             0x1.42888cp-2F,  0x1.25abdep-2F, 0x1.073f1p-2F,    0x1.d09f16p-3F,  0x1.93ad14p-3F,
             0x1.59484ap-3F,  0x1.22c28cp-3F},
            {-0x1.78def6p-4F,  -0x1.1ea6f2p-4F, -0x1.919232p-5F, -0x1.04dc1ep-5F,  -0x1.3957a4p-6F,
             -0x1.5e9fd4p-7F,  -0x1.6d6806p-8F, -0x1.638f48p-9F, -0x1.3c52d8p-10F, -0x1.985decp-13F,
             -0x1.f266e2p-16F, -0x1.e9cb7p-19F, 0x1.1197fp-17F,  0x1.b78634p-22F,  -0x1.1a6b78p-19F,
             -0x1.9a3822p-8F,  -0x1.96e76cp-7F, -0x1.957008p-6F, -0x1.2c54cap-5F,  -0x1.8b6044p-5F,
             -0x1.e614ecp-5F,  -0x1.1d8ebep-4F, -0x1.44112ap-4F, -0x1.692efcp-4F,  -0x1.887796p-4F,
             -0x1.bb8f66p-4F,  -0x1.dd8206p-4F, -0x1.ee047ep-4F, -0x1.ed83fp-4F,   -0x1.dfb704p-4F,
             -0x1.c57a78p-4F,  -0x1.a274c8p-4F},
            {0x1.da55d6p-6F,  0x1.e81ed4p-6F,  0x1.a5a884p-6F,   0x1.48a67ep-6F,   0x1.baf538p-7F,
             0x1.14207cp-7F,  0x1.3aff28p-8F,  0x1.4d75cap-9F,   0x1.2c2d84p-10F,  0x1.9060b4p-13F,
             0x1.62827p-15F,  0x1.c25a24p-18F, -0x1.bb7f2ep-16F, -0x1.64cebep-20F, -0x1.0fe814p-4F,
             -0x1.09dfep-4F,  -0x1.118678p-4F, -0x1.0996d4p-4F,  -0x1.0b698ap-4F,  -0x1.fdd8b8p-5F,
             -0x1.da178ep-5F, -0x1.b5ed08p-5F, -0x1.b76772p-5F,  -0x1.4680dp-5F,   -0x1.3acbc8p-5F,
             -0x1.c1aabap-6F, -0x1.f51652p-7F, -0x1.edd5c2p-9F,  0x1.26aa08p-8F,   0x1.e0e2b4p-7F,
             0x1.5d9e26p-6F,  0x1.b86c38p-6F},
            {0x1.193a24p-10F,  -0x1.ddbf0ap-9F,  -0x1.6902bcp-8F,  -0x1.a4082ep-8F,
             -0x1.2f837p-8F,   -0x1.a7b53ep-9F,  -0x1.0545e4p-9F,  -0x1.2d6f8ep-10F,
             -0x1.01795ap-11F, -0x1.431094p-14F, -0x1.ca090cp-16F, -0x1.5deb4p-18F,
             0x1.bd6b14p-16F,  0x1.669d44p-20F,  -0x1.611bccp-10F, -0x1.64d198p-6F,
             0x1.346942p-7F,   0x1.9e220ep-8F,   0x1.c5a9aep-6F,   0x1.bcb66ap-6F,
             0x1.5511e8p-6F,   0x1.33d32ap-6F,   0x1.d57756p-5F,   -0x1.9caf3p-7F,
             0x1.4ef4dcp-6F,   0x1.679144p-6F,   0x1.30d5a4p-6F,   0x1.eabafcp-7F,
             0x1.3e0cbp-6F,    0x1.3c456ap-7F,   0x1.ad066ep-8F,   0x1.1a69cep-12F},
        },
};

/* The derivative of gelu_tanh, less 1/2: absolute error 1.04 u. */
static const struct pieces pieces_gelu_tanh_slope = {
    .start = 0.4375F,
    .limit = 6.5F,
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
