/* The emulated driver: images of every kind, compiler logs, functions, globals, libraries, linking.
 */
#include "tests/support/emulator_driver.h"
#include "tests/support/test.h"

static const char broken_ptx[] = ".version 7.0\n"
                                 ".target sm_70\n"
                                 ".address_size 64\n"
                                 ".visible .entry broken()\n"
                                 "{\n"
                                 "    call frobnicate;\n"
                                 "    ret;\n"
                                 "}\n";

static const char two_kernels[] = ".version 7.0\n"
                                  ".target sm_70\n"
                                  ".address_size 64\n"
                                  ".visible .entry first() { ret; }\n"
                                  ".visible .entry second(.param .u32 n) { ret; }\n";

TEST_WITH_CONTEXT(ptx_text_is_loaded) {
    CUmodule module, owner;
    CUfunction functions[3] = {NULL}, second;
    const char *name;
    unsigned count = 0;
    size_t offset = 9, size = 9;
    CUfunctionLoadingState loaded = CU_FUNCTION_LOADING_STATE_UNLOADED;
    OK(cuModuleLoadData(&module, two_kernels));
    OK(cuModuleGetFunctionCount(&count, module));
    assert_int_equal(count, 2);
    OK(cuModuleEnumerateFunctions(functions, 3, module));
    OK(cuModuleGetFunction(&second, module, "second"));
    assert_ptr_equal(functions[1], second);
    assert_null(functions[2]);
    OK(cuFuncGetName(&name, second));
    assert_string_equal(name, "second");
    OK(cuFuncGetModule(&owner, second));
    assert_ptr_equal(owner, module);
    OK(cuFuncGetParamInfo(second, 0, &offset, &size));
    assert_int_equal(offset, 0);
    assert_int_equal(size, 4);
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuFuncGetParamInfo(second, 1, &offset, &size));
    OK(cuFuncLoad(second));
    OK(cuFuncIsLoaded(&loaded, second));
    assert_int_equal(loaded, CU_FUNCTION_LOADING_STATE_LOADED);
    EXPECT(CUDA_ERROR_NOT_FOUND, cuModuleGetFunction(&second, module, "third"));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuModuleGetFunction(&second, module, NULL));
    OK(cuModuleUnload(module));
    EXPECT(CUDA_ERROR_INVALID_HANDLE, cuModuleUnload(module));
    EXPECT(CUDA_ERROR_INVALID_HANDLE, cuFuncGetName(&name, functions[0]));
    EXPECT(CUDA_ERROR_INVALID_HANDLE, cuModuleGetFunction(&second, module, "first"));
}

TEST_WITH_CONTEXT(broken_ptx_is_explained) {
    CUmodule module;
    char error[300] = "x", info[10] = "x";
    CUjit_option options[] = {CU_JIT_ERROR_LOG_BUFFER, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES,
                              CU_JIT_INFO_LOG_BUFFER, CU_JIT_INFO_LOG_BUFFER_SIZE_BYTES,
                              CU_JIT_OPTIMIZATION_LEVEL};
    void *values[] = {error, pointer_of(sizeof error), info, pointer_of(sizeof info),
                      pointer_of(4)};
    EXPECT(CUDA_ERROR_INVALID_PTX, cuModuleLoadData(&module, broken_ptx));
    EXPECT(CUDA_ERROR_INVALID_PTX, cuModuleLoadDataEx(&module, broken_ptx, 5, options, values));
    assert_int_equal(strncmp(error, "6:5: ", 5), 0);
    assert_null(strstr(error, "line 6")); /* the place is said once */
    assert_non_null(strstr(error, "unknown function"));
    assert_int_equal((uintptr_t)values[1], strlen(error) + 1);
    assert_string_equal(info, "");
    values[1] = pointer_of(8); /* a log that does not fit is cut */
    EXPECT(CUDA_ERROR_INVALID_PTX, cuModuleLoadDataEx(&module, broken_ptx, 5, options, values));
    assert_int_equal(strlen(error), 7);
    options[0] = (CUjit_option)1000;
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuModuleLoadDataEx(&module, two_kernels, 1, options, values));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuModuleLoadDataEx(&module, two_kernels, 1, NULL, NULL));
}

TEST_WITH_CONTEXT(images_that_are_not_ptx_are_refused) {
    CUmodule module;
    EXPECT(CUDA_ERROR_NO_BINARY_FOR_GPU, cuModuleLoadData(&module, "\177ELF\2\1\1A\10"));
    EXPECT(CUDA_ERROR_INVALID_IMAGE, cuModuleLoadData(&module, "\001\002\003\004"));
    EXPECT(CUDA_ERROR_INVALID_IMAGE, cuModuleLoadData(&module, ""));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuModuleLoadData(&module, NULL));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuModuleLoadData(NULL, two_kernels));
    EXPECT(CUDA_ERROR_FILE_NOT_FOUND, cuModuleLoad(&module, TEST_PTX "/missing.ptx"));
    EXPECT(CUDA_ERROR_FILE_NOT_FOUND, cuModuleLoad(&module, TEST_PTX));
    OK(cuModuleLoad(&module, TEST_PTX "/driver.ptx"));
    OK(cuModuleUnload(module));
}

TEST_WITH_CONTEXT(ptx_for_newer_devices_is_refused) {
    CUmodule module;
    EXPECT(CUDA_ERROR_INVALID_PTX,
           cuModuleLoadData(&module, ".version 8.0\n.target sm_90\n.address_size 64\n"
                                     ".visible .entry kernel() { ret; }\n"));
}

/* What counts is whether its instructions are known. */
TEST_WITH_CONTEXT(ptx_of_a_newer_version_is_taken) {
    CUmodule module;
    OK(cuModuleLoadData(&module, ".version 9.9\n.target sm_70\n.address_size 64\n"
                                 ".visible .entry kernel() { ret; }\n"));
    OK(cuModuleUnload(module));
}

/* ---- Fat binaries, as nvcc 13 packs them: plain, with LZ4, with Zstandard ---- */

/* The one with PTX for compute_75, 80 and 90; the device is of compute capability 8.0. */
static void check_fat_module(CUmodule module) {
    CUfunction function;
    int target = 0;
    OK(cuModuleGetFunction(&function, module, "scale"));
    OK(cuFuncGetAttribute(&target, CU_FUNC_ATTRIBUTE_PTX_VERSION, function));
    assert_int_equal(target, 80);
}

TEST_WITH_CONTEXT(fat_binaries_are_unpacked) {
    static const char *const files[] = {"driver_plain.fatbin", "driver_lz4.fatbin",
                                        "driver_zstd.fatbin"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        CUmodule module;
        char *image = read_test_file(files[i]);
        OK(cuModuleLoadData(&module, image));
        check_fat_module(module);
        OK(cuModuleUnload(module));
        const struct {
            unsigned magic, version;
            const void *container, *more;
        } wrapper = {0x466243B1U, 1, image, NULL};
        OK(cuModuleLoadFatBinary(&module, &wrapper));
        check_fat_module(module);
        OK(cuModuleUnload(module));
        free(image);
    }
}

TEST_WITH_CONTEXT(broken_fat_binaries_are_refused) {
    CUmodule module;
    char *image = read_test_file("driver_lz4.fatbin");
    image[20] = 1; /* the size of the first entry's header */
    EXPECT(CUDA_ERROR_INVALID_IMAGE, cuModuleLoadData(&module, image));
    free(image);
    image = read_test_file("driver_lz4.fatbin");
    for (unsigned i = 0; i < 8; i++)
        image[8 + i] = (char)(i == 0 ? 90 : 0); /* the size of all: ends inside the first entry */
    EXPECT(CUDA_ERROR_INVALID_IMAGE, cuModuleLoadData(&module, image));
    free(image);
}

/* Every entry's kind becomes machine code: there is no PTX left to run. */
TEST_WITH_CONTEXT(fat_binaries_without_ptx_are_refused) {
    CUmodule module;
    char *image = read_test_file("driver_plain.fatbin");
    uint64_t size, whole;
    memcpy(&whole, image + 8, sizeof whole);
    for (size_t at = 16; at < 16 + whole;) {
        uint32_t header;
        image[at] = 2;
        memcpy(&header, image + at + 4, sizeof header);
        memcpy(&size, image + at + 8, sizeof size);
        at += header + size;
    }
    EXPECT(CUDA_ERROR_NO_BINARY_FOR_GPU, cuModuleLoadData(&module, image));
    free(image);
}

/* ---- Functions and variables ---- */

TEST_WITH_MODULE(functions_have_attributes) {
    CUfunction scale = find_function(state, "scale"),
               bounded = find_function(state, "small_blocks");
    int value = -1;
    OK(cuFuncGetAttribute(&value, CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK, scale));
    assert_int_equal(value, 1024);
    OK(cuFuncGetAttribute(&value, CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK, bounded));
    assert_int_equal(value, 64);
    OK(cuFuncGetAttribute(&value, CU_FUNC_ATTRIBUTE_NUM_REGS, scale));
    assert_in_range(value, 16, 255);
    OK(cuFuncGetAttribute(&value, CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES, scale));
    assert_int_equal(value, 0);
    OK(cuFuncGetAttribute(&value, CU_FUNC_ATTRIBUTE_CONST_SIZE_BYTES, scale));
    assert_int_equal(value, 16);
    OK(cuFuncGetAttribute(&value, CU_FUNC_ATTRIBUTE_BINARY_VERSION, scale));
    assert_int_equal(value, 80);
    OK(cuFuncGetAttribute(&value, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, scale));
    assert_int_equal(value, 49152);
    OK(cuFuncSetAttribute(scale, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, 100000));
    OK(cuFuncGetAttribute(&value, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, scale));
    assert_int_equal(value, 100000);
    EXPECT(CUDA_ERROR_INVALID_VALUE,
           cuFuncSetAttribute(scale, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, 200000));
    OK(cuFuncSetAttribute(scale, CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT, 50));
    EXPECT(CUDA_ERROR_INVALID_VALUE,
           cuFuncSetAttribute(scale, CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT, 101));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuFuncSetAttribute(scale, CU_FUNC_ATTRIBUTE_NUM_REGS, 10));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuFuncGetAttribute(&value, (CUfunction_attribute)1000, scale));
    OK(cuFuncSetCacheConfig(scale, CU_FUNC_CACHE_PREFER_L1));
    EXPECT(CUDA_ERROR_INVALID_HANDLE,
           cuFuncGetAttribute(&value, CU_FUNC_ATTRIBUTE_NUM_REGS, pointer_of((uintptr_t)&value)));
}

TEST_WITH_MODULE(parameters_have_places) {
    CUfunction gather = find_function(state, "gather");
    static const struct {
        size_t offset, size;
    } expected[] = {{0, 8}, {8, 1}, {10, 2}, {16, 16}, {32, 4}};
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        size_t offset = 99, size = 99;
        OK(cuFuncGetParamInfo(gather, i, &offset, &size));
        assert_int_equal(offset, expected[i].offset);
        assert_int_equal(size, expected[i].size);
        OK(cuFuncGetParamInfo(gather, i, &offset, NULL));
    }
    size_t offset;
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuFuncGetParamInfo(gather, 5, &offset, NULL));
}

TEST_WITH_MODULE(variables_are_found_and_initialised) {
    const struct fixture *fixture = *state;
    CUdeviceptr address = 0;
    size_t size = 0;
    int counter = 0;
    float table[4] = {0};
    OK(cuModuleGetGlobal_v2(&address, &size, fixture->module, "counter"));
    assert_int_equal(size, 4);
    OK(cuMemcpyDtoH_v2(&counter, address, size));
    assert_int_equal(counter, 5);
    OK(cuModuleGetGlobal_v2(&address, NULL, fixture->module, "table"));
    OK(cuMemcpyDtoH_v2(table, address, sizeof table));
    assert_true(table[0] == 1 && table[3] == 4);
    table[0] = 7;
    OK(cuMemcpyHtoD_v2(address, table, 4));
    OK(cuModuleGetGlobal_v2(NULL, &size, fixture->module, "table"));
    assert_int_equal(size, 16);
    EXPECT(CUDA_ERROR_NOT_FOUND, cuModuleGetGlobal_v2(&address, &size, fixture->module, "nothing"));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuMemFree_v2(address));
}

/* ---- Libraries and linking ---- */

TEST(libraries_need_no_context) {
    CUlibrary library, owner;
    CUkernel kernel, listed[8] = {NULL};
    CUmodule module;
    CUfunction function;
    CUdeviceptr address;
    const char *name;
    unsigned count = 0;
    int value = 0;
    size_t offset;
    OK(cuInit(0));
    OK(cuLibraryLoadFromFile(&library, TEST_PTX "/driver_plain.fatbin", NULL, NULL, 0, NULL, NULL,
                             0));
    OK(cuLibraryGetKernel(&kernel, library, "scale"));
    EXPECT(CUDA_ERROR_NOT_FOUND, cuLibraryGetKernel(&kernel, library, "nothing"));
    OK(cuLibraryGetKernelCount(&count, library));
    assert_int_equal(count, 11);
    OK(cuLibraryEnumerateKernels(listed, 8, library));
    assert_non_null(listed[7]);
    OK(cuKernelGetName(&name, kernel));
    assert_string_equal(name, "scale");
    OK(cuKernelGetLibrary(&owner, kernel));
    assert_ptr_equal(owner, library);
    OK(cuKernelGetFunction(&function, kernel));
    OK(cuKernelGetAttribute(&value, CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK, kernel, 0));
    assert_int_equal(value, 1024);
    OK(cuKernelSetAttribute(CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, 65536, kernel, 0));
    OK(cuKernelSetCacheConfig(kernel, CU_FUNC_CACHE_PREFER_L1, 0));
    OK(cuKernelGetParamInfo(kernel, 1, &offset, NULL));
    assert_int_equal(offset, 8);
    OK(cuLibraryGetModule(&module, library));
    OK(cuLibraryGetGlobal(&address, NULL, library, "counter"));
    EXPECT(CUDA_ERROR_NOT_FOUND, cuLibraryGetManaged(&address, NULL, library, "nothing"));
    OK(cuLibraryUnload(library));
    EXPECT(CUDA_ERROR_INVALID_HANDLE, cuLibraryUnload(library));
    EXPECT(CUDA_ERROR_INVALID_HANDLE, cuKernelGetName(&name, kernel));
    EXPECT(CUDA_ERROR_INVALID_PTX,
           cuLibraryLoadData(&library, broken_ptx, NULL, NULL, 0, NULL, NULL, 0));
}

TEST_WITH_CONTEXT(linking_joins_ptx) {
    static const char calls[] = ".version 7.0\n.target sm_70\n.address_size 64\n"
                                ".extern .func helper();\n"
                                ".visible .entry calls() { call helper; ret; }\n";
    static const char defines[] = ".version 7.0\n.target sm_70\n.address_size 64\n"
                                  ".visible .func helper() { ret; }\n";
    CUlinkState link;
    CUmodule module;
    CUfunction function;
    void *image = NULL;
    OK(cuLinkCreate_v2(0, NULL, NULL, &link));
    OK(cuLinkAddData_v2(link, CU_JIT_INPUT_PTX, pointer_of((uintptr_t)calls), sizeof calls, "calls",
                        0, NULL, NULL));
    EXPECT(CUDA_ERROR_INVALID_PTX, cuLinkComplete(link, &image, NULL));
    OK(cuLinkAddData_v2(link, CU_JIT_INPUT_PTX, pointer_of((uintptr_t)defines), sizeof defines,
                        "defines", 0, NULL, NULL));
    OK(cuLinkComplete(link, &image, NULL));
    OK(cuModuleLoadData(&module, image));
    OK(cuLinkDestroy(link));
    OK(cuModuleGetFunction(&function, module, "calls"));
    OK(cuLaunchKernel(function, 1, 1, 1, 1, 1, 1, 0, NULL, NULL, NULL));
    OK(cuCtxSynchronize());
    OK(cuModuleUnload(module));
}

TEST_WITH_CONTEXT(linking_hands_one_ptx_through) {
    static const char garbled[] = ".version 7.0\n.target sm_70\n.visible .entry k( {\n";
    CUlinkState link;
    CUmodule module;
    CUfunction function;
    void *image = NULL;
    size_t size = 0;
    OK(cuLinkCreate_v2(0, NULL, NULL, &link));
    EXPECT(CUDA_ERROR_INVALID_VALUE, cuLinkComplete(link, &image, &size));
    EXPECT(CUDA_ERROR_INVALID_PTX,
           cuLinkAddData_v2(link, CU_JIT_INPUT_PTX, pointer_of((uintptr_t)garbled), sizeof garbled,
                            "garbled", 0, NULL, NULL));
    OK(cuLinkAddData_v2(link, CU_JIT_INPUT_PTX, pointer_of((uintptr_t)two_kernels),
                        sizeof two_kernels, "kernels", 0, NULL, NULL));
    OK(cuLinkAddFile_v2(link, CU_JIT_INPUT_PTX, TEST_PTX "/driver.ptx", 0, NULL, NULL));
    EXPECT(CUDA_ERROR_NOT_SUPPORTED,
           cuLinkAddData_v2(link, CU_JIT_INPUT_CUBIN, &image, 8, "cubin", 0, NULL, NULL));
    OK(cuLinkComplete(link, &image, &size));
    OK(cuModuleLoadData(&module, image));
    OK(cuLinkDestroy(link));
    OK(cuModuleGetFunction(&function, module, "first"));
    EXPECT(CUDA_ERROR_INVALID_HANDLE, cuLinkDestroy(link));
}
