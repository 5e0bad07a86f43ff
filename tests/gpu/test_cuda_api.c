/* Our own declarations of NVIDIA's libraries against the toolkit's headers, and of the emulator
 * against its own, line by line. Skipped where the headers are not there. */
#include "tests/support/test.h"

#include <stdbool.h>

struct comparison {
    const char *name;
    bool same;
};

#define CONSTANT(name, value) {#name, (long long)(name) == (value)},
/* The type of one of their functions that takes these. */
/* NOLINTNEXTLINE(bugprone-macro-parentheses): a declarator takes none */
#define FUNCTION(result, parameters) result(*) parameters
#define COUNT(table) (sizeof(table) / sizeof(table)[0])

#if __has_include(<cuda.h>)
#    include <cuda.h>

#    define LOCKSTEP_CUDA_TYPES
#    define cuda_result cudaError_enum
#    define cuda_device_attribute CUdevice_attribute_enum
#    define cuda_jit_option CUjit_option_enum
#    define cuda_function_attribute CUfunction_attribute_enum
#    define cuda_capture_mode CUstreamCaptureMode_enum
#    define cuda_context CUctx_st
#    define cuda_stream CUstream_st
#    define cuda_event CUevent_st
#    define cuda_module CUmod_st
#    define cuda_function CUfunc_st
#    define cuda_graph CUgraph_st
#    define cuda_graph_exec CUgraphExec_st
#    define cuda_graph_node CUgraphNode_st
#    define cuda_tensor_map CUtensorMap_st
#    define cuda_tensor_type CUtensorMapDataType_enum
#    define cuda_tensor_interleave CUtensorMapInterleave_enum
#    define cuda_tensor_swizzle CUtensorMapSwizzle_enum
#    define cuda_tensor_promotion CUtensorMapL2promotion_enum
#    define cuda_tensor_fill CUtensorMapFloatOOBfill_enum
#    include "gpu/cuda_api.h"

#    define DRIVER(member, name, parameters)                                                       \
        {#name, __builtin_types_compatible_p(__typeof__(&(name)), FUNCTION(CUresult, parameters))},
static const struct comparison driver[] = {
    CUDA_RESULTS(CONSTANT) CUDA_DEVICE_ATTRIBUTES(CONSTANT) CUDA_JIT_OPTIONS(CONSTANT)
        CUDA_FUNCTION_ATTRIBUTES(CONSTANT) CUDA_CAPTURE_MODES(CONSTANT) CUDA_FLAGS(CONSTANT)
            CUDA_TENSOR_TYPES(CONSTANT) CUDA_TENSOR_INTERLEAVES(CONSTANT)
                CUDA_TENSOR_SWIZZLES(CONSTANT) CUDA_TENSOR_PROMOTIONS(CONSTANT)
                    CUDA_TENSOR_FILLS(CONSTANT) CUDA_DRIVER_FUNCTIONS(DRIVER)
                        CUDA_DRIVER_FUNCTIONS_KNOWN(DRIVER)};
#else
static const struct comparison driver[] = {{"", false}};
#endif

#if __has_include(<cublas_v2.h>)
#    include <cublas_v2.h>

#    define LOCKSTEP_CUBLAS_TYPES
#    define cublas_context cublasContext
#    define cuda_stream CUstream_st
#    define cublas_status cublasStatus_t
#    define cublas_operation cublasOperation_t
#    define cublas_data_type cudaDataType
#    define cublas_compute_type cublasComputeType_t
#    define cublas_algorithm cublasGemmAlgo_t
#    include "gpu/cublas_api.h"

#    define CUBLAS(member, name, parameters)                                                       \
        {#name,                                                                                    \
         __builtin_types_compatible_p(__typeof__(&(name)), FUNCTION(cublasStatus_t, parameters))},
static const struct comparison cublas[] = {
    CUBLAS_STATUSES(CONSTANT) CUBLAS_OPERATIONS(CONSTANT) CUBLAS_DATA_TYPES(CONSTANT)
        CUBLAS_COMPUTE_TYPES(CONSTANT) CUBLAS_ALGORITHMS(CONSTANT) CUBLAS_FUNCTIONS(CUBLAS)};
#else
static const struct comparison cublas[] = {{"", false}};
#endif

#if __has_include(<nccl.h>) && __has_include(<cuda_runtime.h>)
#    include <nccl.h>

#    define LOCKSTEP_NCCL_TYPES
#    define nccl_communicator ncclComm
#    define nccl_result ncclResult_t
#    define nccl_data_type ncclDataType_t
#    define nccl_operation ncclRedOp_t
#    define nccl_residence ncclScalarResidence_t
#    define nccl_unique_id ncclUniqueId
#    include "gpu/nccl_api.h"

#    define NCCL(member, name, parameters)                                                         \
        {#name,                                                                                    \
         __builtin_types_compatible_p(__typeof__(&(name)), FUNCTION(ncclResult_t, parameters))},
static const struct comparison nccl[] = {NCCL_RESULTS(CONSTANT) NCCL_DATA_TYPES(
    CONSTANT) NCCL_OPERATIONS(CONSTANT) NCCL_RESIDENCES(CONSTANT) NCCL_FUNCTIONS(NCCL)};
#else
static const struct comparison nccl[] = {{"", false}};
#endif

#if __has_include(<nvml.h>)
#    include <nvml.h>

#    define LOCKSTEP_NVML_TYPES
#    define nvml_device nvmlDevice_st
#    define nvml_result nvmlReturn_t
#    define nvml_clock nvmlClockType_t
#    define nvml_sensor nvmlTemperatureSensors_t
#    include "gpu/nvml_api.h"

#    define NVML(member, name, parameters)                                                         \
        {#name,                                                                                    \
         __builtin_types_compatible_p(__typeof__(&(name)), FUNCTION(nvmlReturn_t, parameters))},
static const struct comparison nvml[] = {NVML_RESULTS(CONSTANT) NVML_CLOCKS(CONSTANT) NVML_SENSORS(
    CONSTANT) NVML_FUNCTIONS(NVML) NVML_READINGS(NVML)};
#else
static const struct comparison nvml[] = {{"", false}};
#endif

#if __has_include("emulator/driver/lockstep_emulator.h")
#    include "emulator/driver/lockstep_emulator.h"
#    include "gpu/emulator_api.h"

/* A member at the same place and of the same size on both sides. */
#    define MEMBER(name)                                                                           \
        {                                                                                          \
#            name, offsetof(struct emulator_counters, name) ==                                     \
                           offsetof(struct lockstep_emulator_counters, name) &&                    \
                       sizeof(((struct emulator_counters *)0)->name) ==                            \
                           sizeof(((struct lockstep_emulator_counters *)0)->name)                  \
        }
#    define PROTOTYPE(member, name, result, parameters)                                            \
        {#name, __builtin_types_compatible_p(__typeof__(&(name)), FUNCTION(result, parameters))},
#    define emulator_counters lockstep_emulator_counters /* the prototypes name our struct */
static const struct comparison emulator_prototypes[] = {EMULATOR_FUNCTIONS(PROTOTYPE)};
#    undef emulator_counters
static const struct comparison emulator[] = {
    MEMBER(size),
    MEMBER(kernel),
    MEMBER(grid),
    MEMBER(block),
    MEMBER(dynamic_shared),
    MEMBER(launches),
    MEMBER(occupancy),
#    define COUNTER(name, column) MEMBER(name),
#    define COUNTER_UNWRITTEN(name) MEMBER(name),
#    include "common/emulator_counters.def"
#    undef COUNTER
#    undef COUNTER_UNWRITTEN
    {"the number of counters",
     sizeof(struct emulator_counters) == sizeof(struct lockstep_emulator_counters)},
};
#else
static const struct comparison emulator[] = {{"", false}};
static const struct comparison emulator_prototypes[] = {{"", false}};
#endif

static void compare(const struct comparison *table, size_t count) {
    size_t different = 0;
    if (table[0].name[0] == 0)
        skip();
    for (size_t i = 0; i < count; i++) {
        if (!table[i].same)
            print_error("%s differs from the toolkit's declaration\n", table[i].name);
        different += !table[i].same;
    }
    assert_int_equal(different, 0);
}

TEST(the_driver_is_declared_as_in_cuda_h) {
    compare(driver, COUNT(driver));
}

TEST(cublas_is_declared_as_in_cublas_v2_h) {
    compare(cublas, COUNT(cublas));
}

TEST(nccl_is_declared_as_in_nccl_h) {
    compare(nccl, COUNT(nccl));
}

TEST(nvml_is_declared_as_in_nvml_h) {
    compare(nvml, COUNT(nvml));
}

TEST(the_emulator_is_declared_as_in_its_header) {
    compare(emulator, COUNT(emulator));
    compare(emulator_prototypes, COUNT(emulator_prototypes));
}
