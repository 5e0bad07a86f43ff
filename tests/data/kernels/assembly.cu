// Instructions that the compiler seldom chooses by itself, written as inline PTX.
#include <stdint.h>

#define TWO_TO_ONE(place, text) asm(text : "=r"(o[place]) : "r"(a), "r"(b))
#define THREE_TO_ONE(place, text) asm(text : "=r"(o[place]) : "r"(a), "r"(b), "r"(c))

extern "C" __global__ void assembly_integers(const unsigned *in, unsigned *out) {
    unsigned a = in[3 * threadIdx.x], b = in[3 * threadIdx.x + 1], c = in[3 * threadIdx.x + 2];
    unsigned *o = out + 32 * threadIdx.x;
    THREE_TO_ONE(0, "bfe.u32 %0, %1, 5, 9; // %2 %3");
    THREE_TO_ONE(1, "bfe.s32 %0, %1, 28, 9; // %2 %3");
    THREE_TO_ONE(2, "bfi.b32 %0, %1, %2, 7, 12; // %3");
    THREE_TO_ONE(3, "lop3.b32 %0, %1, %2, %3, 0x96;");
    THREE_TO_ONE(4, "lop3.b32 %0, %1, %2, %3, 0xCA;");
    THREE_TO_ONE(5, "prmt.b32.f4e %0, %1, %2, %3;");
    THREE_TO_ONE(6, "prmt.b32.rc16 %0, %1, %2, %3;");
    TWO_TO_ONE(7, "bfind.u32 %0, %1; // %2");
    TWO_TO_ONE(8, "bfind.shiftamt.s32 %0, %1; // %2");
    TWO_TO_ONE(9, "shf.l.clamp.b32 %0, %1, %2, 40;");
    TWO_TO_ONE(10, "shf.r.wrap.b32 %0, %1, %2, 40;");
    TWO_TO_ONE(11, "add.sat.s32 %0, %1, %2;");
    TWO_TO_ONE(12, "sub.sat.s32 %0, %1, %2;");
    THREE_TO_ONE(13, "mad.hi.u32 %0, %1, %2, %3;");
    THREE_TO_ONE(14, "mad.lo.s32 %0, %1, %2, %3;");
    THREE_TO_ONE(15, "mad24.lo.u32 %0, %1, %2, %3;");
    THREE_TO_ONE(16, "{.reg .u32 t; add.cc.u32 t, %1, %2; addc.u32 %0, %3, 0;}");
    THREE_TO_ONE(17, "{.reg .u32 t; sub.cc.u32 t, %1, %2; subc.u32 %0, %3, 0;}");
    THREE_TO_ONE(18, "{.reg .u32 t; mad.lo.cc.u32 t, %1, %2, %3; madc.hi.u32 %0, %1, %2, %3;}");
    THREE_TO_ONE(19, "slct.u32.s32 %0, %1, %2, %3;");
    TWO_TO_ONE(20, "set.lt.u32.s32 %0, %1, %2;");
    TWO_TO_ONE(21, "{.reg .pred p, q; setp.gt.and.u32 p|q, %1, %2, 1; selp.u32 %0, 5, 9, q;}");
    TWO_TO_ONE(22, "szext.wrap.s32 %0, %1, 11; // %2");
    TWO_TO_ONE(23, "bmsk.clamp.b32 %0, 5, 9; // %1 %2");
    TWO_TO_ONE(24, "fns.b32 %0, %1, 0, 3; // %2");
    TWO_TO_ONE(
        25,
        "{.reg .u16 x, y, z; mov.b32 {x, y}, %1; mul.lo.u16 z, x, y; cvt.u32.u16 %0, z;} // %2");
    TWO_TO_ONE(26, "{.reg .s64 w; mul.wide.s32 w, %1, %2; shr.s64 w, w, 20; cvt.u32.u64 %0, w;}");
    TWO_TO_ONE(27, "cnot.b32 %0, %1; // %2");
    THREE_TO_ONE(28, "dp2a.hi.s32.u32 %0, %1, %2, %3;");
    THREE_TO_ONE(29, "sad.s32 %0, %1, %2, %3;");
}

// Results of conversions and of rounding otherwise than to nearest, as bits.
extern "C" __global__ void assembly_floats(const float *in, unsigned *out) {
    float a = in[threadIdx.x], b = in[threadIdx.x + 1], f;
    unsigned *o = out + 8 * threadIdx.x;
    asm("cvt.rni.sat.u8.f32 %0, %1;" : "=r"(o[0]) : "f"(a * 100));
    asm("cvt.rzi.s32.f32 %0, %1;" : "=r"(o[1]) : "f"(a * 1e10f));
    asm("cvt.rpi.ftz.s32.f32 %0, %1;" : "=r"(o[2]) : "f"(a));
    asm("fma.rz.f32 %0, %1, %2, %1;" : "=f"(f) : "f"(a), "f"(b));
    o[3] = __float_as_uint(f);
    asm("add.rp.f32 %0, %1, %2;" : "=f"(f) : "f"(a), "f"(b * 1e-7f));
    o[4] = __float_as_uint(f);
    asm("copysign.f32 %0, %1, %2;" : "=f"(f) : "f"(a), "f"(b));
    o[5] = __float_as_uint(f);
    asm("{.reg .pred p; testp.infinite.f32 p, %1; selp.u32 %0, 1, 2, p;}"
        : "=r"(o[6])
        : "f"(a * 1e38f * 100));
    asm("{.reg .f16 h; cvt.rz.f16.f32 h, %1; mov.b32 %0, {h, h};}" : "=r"(o[7]) : "f"(a));
}
