/*
 * Every enumerator, the size of every structure and the place of every member, compiled twice: from
 * the emulator's own types.h, and with API_TOOLKIT from cuda.h. The list is made by
 * emulator_api_list.awk.
 */
#include "tests/emulator/driver/api_values.h"

#ifdef API_TOOLKIT
#    define __CUDA_API_VERSION_INTERNAL /* cuda.h keeps one enumerator to itself without it */
#    include <cuda.h>
#    include <cudaProfiler.h>
#    define NUMBERS api_toolkit
#    define NUMBERS_COUNT api_toolkit_count
#else
#    include "emulator/driver/state/types.h"
#    define NUMBERS api_ours
#    define NUMBERS_COUNT api_ours_count
#endif

const struct api_number NUMBERS[] = {
#define VALUE(name) {#name, (long long)(name)},
#define SIZE(type) {"sizeof " #type, sizeof(type)},
#define FIELD(type, member) {#type "." #member, offsetof(type, member)},
#include "emulator_api_list.inc"
};
const size_t NUMBERS_COUNT = sizeof NUMBERS / sizeof *NUMBERS;
