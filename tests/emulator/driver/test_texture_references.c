/* The emulated driver: references to textures and surfaces of a module. */
#include "tests/support/emulator_driver.h"
#include "tests/support/test.h"

enum { WIDTH = 8, HEIGHT = 2, PITCH = 64 };

static const char text[] =
    ".version 8.0\n.target sm_80\n.address_size 64\n"
    ".global .texref line; .global .texref plane; .global .surfref canvas; .global .u32 number;\n"
    ".visible .entry fetch(.param .u64 to, .param .u32 at) {\n"
    ".reg .f32 %f<9>; .reg .b32 %r<3>; .reg .b64 %rd<3>;\n"
    "ld.param.u64 %rd1, [to]; ld.param.u32 %r1, [at];\n"
    "tex.1d.v4.f32.s32 {%f1,%f2,%f3,%f4}, [line, {%r1}]; st.global.f32 [%rd1], %f1; ret; }\n"
    ".visible .entry sample(.param .u64 to, .param .f32 x, .param .f32 y) {\n"
    ".reg .f32 %f<9>; .reg .b64 %rd<3>;\n"
    "ld.param.u64 %rd1, [to]; ld.param.f32 %f5, [x]; ld.param.f32 %f6, [y];\n"
    "tex.2d.v4.f32.f32 {%f1,%f2,%f3,%f4}, [plane, {%f5,%f6}]; st.global.f32 [%rd1], %f1; ret; }\n"
    ".visible .entry draw(.param .u32 at, .param .f32 value) {\n"
    ".reg .f32 %f<2>; .reg .b32 %r<3>;\n"
    "ld.param.u32 %r1, [at]; ld.param.f32 %f1, [value];\n"
    "sust.b.1d.b32.trap [canvas, {%r1}], %f1; ret; }\n"
    ".visible .entry tell(.param .u64 to) {\n"
    ".reg .b64 %rd<4>;\n"
    "ld.param.u64 %rd1, [to]; mov.u64 %rd2, line; ld.global.u64 %rd3, [%rd2];\n"
    "st.global.u64 [%rd1], %rd3; ret; }\n";

static CUmodule load(void) {
    CUmodule module;
    OK(cuModuleLoadData(&module, text));
    return module;
}

static CUresult launch(CUmodule module, const char *name, void **parameters) {
    CUfunction function;
    OK(cuModuleGetFunction(&function, module, name));
    OK(cuLaunchKernel(function, 1, 1, 1, 1, 1, 1, 0, NULL, parameters, NULL));
    return cuCtxSynchronize();
}

static float fetch(CUmodule module, unsigned at) {
    CUdeviceptr to;
    float value;
    OK(cuMemAlloc_v2(&to, sizeof value));
    OK(launch(module, "fetch", (void *[]){&to, &at}));
    OK(cuMemcpyDtoH_v2(&value, to, sizeof value));
    OK(cuMemFree_v2(to));
    return value;
}

static float sample(CUmodule module, float x, float y) {
    CUdeviceptr to;
    float value;
    OK(cuMemAlloc_v2(&to, sizeof value));
    OK(launch(module, "sample", (void *[]){&to, &x, &y}));
    OK(cuMemcpyDtoH_v2(&value, to, sizeof value));
    OK(cuMemFree_v2(to));
    return value;
}

/* The numbers from `first` on. */
static CUdeviceptr numbers(float first) {
    float values[HEIGHT * PITCH / sizeof(float)];
    CUdeviceptr memory;
    for (size_t k = 0; k < sizeof values / sizeof values[0]; k++)
        values[k] = first + (float)k;
    OK(cuMemAlloc_v2(&memory, sizeof values));
    OK(cuMemcpyHtoD_v2(memory, values, sizeof values));
    return memory;
}

TEST_WITH_CONTEXT(linear_memory_is_bound) {
    CUmodule module = load();
    CUtexref reference, again;
    CUdeviceptr address;
    CUarray_format format;
    int channels;
    size_t offset = 1;
    const CUdeviceptr memory = numbers(10), other = numbers(100);
    OK(cuModuleGetTexRef(&reference, module, "line"));
    OK(cuModuleGetTexRef(&again, module, "line"));
    assert_ptr_equal(reference, again);
    OK(cuTexRefSetFormat(reference, CU_AD_FORMAT_FLOAT, 1));
    OK(cuTexRefSetAddress_v2(&offset, reference, memory, WIDTH * sizeof(float)));
    assert_int_equal(offset, 0);
    assert_true(fetch(module, 3) == 13);
    assert_true(fetch(module, WIDTH) == 0); /* beyond the end */
    OK(cuTexRefSetAddress_v2(NULL, reference, other, WIDTH * sizeof(float)));
    assert_true(fetch(module, 3) == 103);
    /* From the middle: the offset has to be added. */
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuTexRefSetAddress_v2(NULL, reference, memory + 8, 8));
    OK(cuTexRefSetAddress_v2(&offset, reference, memory + 8, 2 * sizeof(float)));
    assert_int_equal(offset, 8);
    assert_true(fetch(module, 2 + 1) == 13 && fetch(module, 2 + 2) == 0);
    OK(cuTexRefGetAddress_v2(&address, reference));
    assert_int_equal(address, memory);
    OK(cuTexRefGetFormat(&format, &channels, reference));
    assert_true(format == CU_AD_FORMAT_FLOAT && channels == 1);
    /* The format may come last. */
    CUmodule second = load();
    OK(cuModuleGetTexRef(&reference, second, "line"));
    OK(cuTexRefSetAddress_v2(NULL, reference, memory, WIDTH * sizeof(float)));
    OK(cuTexRefSetFormat(reference, CU_AD_FORMAT_FLOAT, 1));
    assert_true(fetch(second, 1) == 11);
}

TEST_WITH_CONTEXT(planes_are_read_as_was_said) {
    const CUDA_ARRAY_DESCRIPTOR description = {
        .Width = WIDTH, .Height = HEIGHT, .Format = CU_AD_FORMAT_FLOAT, .NumChannels = 1};
    CUmodule module = load();
    CUtexref reference;
    float border[4] = {7, 7, 7, 7}, colour[4] = {0};
    CUaddress_mode mode;
    CUfilter_mode filter;
    unsigned flags;
    int anisotropy;
    OK(cuModuleGetTexRef(&reference, module, "plane"));
    OK(cuTexRefSetAddress2D_v3(reference, &description, numbers(0), PITCH));
    assert_true((size_t)sample(module, 2, 1) == PITCH / sizeof(float) + 2);
    OK(cuTexRefSetFilterMode(reference, CU_TR_FILTER_MODE_LINEAR));
    assert_true(sample(module, 3, 0.5F) == 2.5F);
    OK(cuTexRefSetFlags(reference, CU_TRSF_NORMALIZED_COORDINATES));
    assert_true(sample(module, 0.5F, 0.25F) == 3.5F);
    for (int k = 0; k < 2; k++)
        OK(cuTexRefSetAddressMode(reference, k, CU_TR_ADDRESS_MODE_BORDER));
    OK(cuTexRefSetBorderColor(reference, border));
    assert_true(sample(module, 3, 3) == 7);
    OK(cuTexRefSetMaxAnisotropy(reference, 4));
    OK(cuTexRefGetAddressMode(&mode, reference, 1));
    OK(cuTexRefGetFilterMode(&filter, reference));
    OK(cuTexRefGetFlags(&flags, reference));
    OK(cuTexRefGetBorderColor(colour, reference));
    OK(cuTexRefGetMaxAnisotropy(&anisotropy, reference));
    assert_true(mode == CU_TR_ADDRESS_MODE_BORDER && filter == CU_TR_FILTER_MODE_LINEAR);
    assert_true(flags == CU_TRSF_NORMALIZED_COORDINATES && colour[3] == 7 && anisotropy == 4);
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuTexRefSetFormat(reference, CU_AD_FORMAT_FLOAT, 1));
    EXPECT(CUDA_ERROR_INVALID_VALUE,
           cuTexRefSetAddress2D_v3(reference, &description, numbers(0), PITCH - 4));
}

/* Sizes are not taken modulo 2^32. */
TEST_WITH_CONTEXT(images_larger_than_the_device_has_are_refused) {
    const size_t beyond = UINT64_C(1) << 32;
    const CUDA_ARRAY_DESCRIPTOR wide = {.Width = beyond + WIDTH,
                                        .Height = HEIGHT,
                                        .Format = CU_AD_FORMAT_FLOAT,
                                        .NumChannels = 1},
                                high = {.Width = WIDTH,
                                        .Height = beyond + HEIGHT,
                                        .Format = CU_AD_FORMAT_FLOAT,
                                        .NumChannels = 1};
    const CUdeviceptr memory = numbers(0);
    CUtexref reference;
    size_t offset;
    OK(cuTexRefCreate(&reference));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuTexRefSetAddress2D_v3(reference, &wide, memory, PITCH));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuTexRefSetAddress2D_v3(reference, &high, memory, PITCH));
    EXPECT(CUDA_ERROR_INVALID_VALUE,
           cuTexRefSetAddress_v2(NULL, reference, memory, (beyond + WIDTH) * sizeof(float)));
    EXPECT(CUDA_ERROR_INVALID_VALUE,
           cuTexRefSetAddress_v2(&offset, reference, memory + 4, SIZE_MAX));
}

/* What cannot be made leaves no handle. */
TEST_WITH_CONTEXT(images_without_memory_are_not_made) {
    const CUDA_ARRAY3D_DESCRIPTOR largest = {.Width = 131072,
                                             .Height = 65536,
                                             .Depth = 16384,
                                             .Format = CU_AD_FORMAT_FLOAT,
                                             .NumChannels = 4};
    CUmipmappedArray image = NULL;
    EXPECT(CUDA_ERROR_OUT_OF_MEMORY, cuMipmappedArrayCreate(&image, &largest, 2));
    assert_null(image);
}

TEST_WITH_CONTEXT(arrays_are_bound_to_both) {
    const CUDA_ARRAY3D_DESCRIPTOR description = {.Width = WIDTH,
                                                 .Format = CU_AD_FORMAT_FLOAT,
                                                 .NumChannels = 1,
                                                 .Flags = CUDA_ARRAY3D_SURFACE_LDST};
    CUmodule module = load();
    CUtexref texture;
    CUsurfref surface;
    CUarray array, bound = NULL;
    unsigned at = 3 * sizeof(float);
    float value = 5;
    OK(cuArray3DCreate_v2(&array, &description));
    OK(cuModuleGetTexRef(&texture, module, "line"));
    OK(cuModuleGetSurfRef(&surface, module, "canvas"));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuSurfRefGetArray(&bound, surface));
    OK(cuTexRefSetArray(texture, array, CU_TRSA_OVERRIDE_FORMAT));
    OK(cuSurfRefSetArray(surface, array, 0));
    OK(launch(module, "draw", (void *[]){&at, &value}));
    assert_true(fetch(module, 3) == 5);
    OK(cuTexRefGetArray(&bound, texture));
    assert_ptr_equal(bound, array);
    OK(cuSurfRefGetArray(&bound, surface));
    assert_ptr_equal(bound, array);
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuTexRefSetArray(texture, array, 0));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuSurfRefSetArray(surface, array, 1));
}

/* What is made of a reference goes with its module. */
TEST_WITH_CONTEXT(images_go_with_the_module) {
    CUmodule module = load();
    CUtexref reference;
    CUDA_RESOURCE_DESC resource;
    CUtexObject image;
    CUdeviceptr to;
    OK(cuModuleGetTexRef(&reference, module, "line"));
    OK(cuTexRefSetFormat(reference, CU_AD_FORMAT_FLOAT, 1));
    OK(cuTexRefSetAddress_v2(NULL, reference, numbers(0), WIDTH * sizeof(float)));
    OK(cuMemAlloc_v2(&to, sizeof image));
    OK(launch(module, "tell", (void *[]){&to}));
    OK(cuMemcpyDtoH_v2(&image, to, sizeof image));
    OK(cuTexObjectGetResourceDesc(&resource, image));
    OK(cuModuleUnload(module));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuTexObjectGetResourceDesc(&resource, image));
}

TEST_WITH_CONTEXT(what_is_not_bound_is_a_fault) {
    CUmodule module = load();
    CUdeviceptr to;
    unsigned at = 0;
    OK(cuMemAlloc_v2(&to, sizeof(float)));
    EXPECT(CUDA_ERROR_ILLEGAL_INSTRUCTION, launch(module, "fetch", (void *[]){&to, &at}));
}

TEST_WITH_CONTEXT(wrong_calls_are_refused) {
    CUmodule module = load();
    CUtexref texture, own;
    CUsurfref surface;
    CUarray array = NULL;
    CUdeviceptr address;
    size_t bytes;
    OK(cuModuleGetTexRef(&texture, module, "line"));
    OK(cuModuleGetSurfRef(&surface, module, "canvas"));
    EXPECT(CUDA_ERROR_NOT_FOUND, cuModuleGetTexRef(&texture, module, "nothing"));
    EXPECT(CUDA_ERROR_NOT_FOUND, cuModuleGetTexRef(&texture, module, "canvas"));
    EXPECT(CUDA_ERROR_NOT_FOUND, cuModuleGetTexRef(&texture, module, "number"));
    EXPECT(CUDA_ERROR_NOT_FOUND, cuModuleGetSurfRef(&surface, module, "line"));
    EXPECT(CUDA_ERROR_NOT_FOUND, cuModuleGetGlobal_v2(&address, &bytes, module, "line"));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuModuleGetTexRef(NULL, module, "line"));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuModuleGetTexRef(&texture, module, NULL));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuTexRefSetFlags(NULL, 0));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuTexRefSetFlags((CUtexref)(void *)surface, 0));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuTexRefSetFormat(texture, CU_AD_FORMAT_FLOAT, 3));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuTexRefSetAddressMode(texture, 3, CU_TR_ADDRESS_MODE_CLAMP));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuTexRefGetAddress_v2(&address, texture));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuTexRefGetArray(&array, texture));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuTexRefDestroy(texture));
    OK(cuTexRefCreate(&own));
    OK(cuTexRefSetFormat(own, CU_AD_FORMAT_FLOAT, 1));
    OK(cuTexRefDestroy(own));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuTexRefSetFlags(own, 0));
    OK(cuModuleUnload(module));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuTexRefSetFlags(texture, 0));
}
