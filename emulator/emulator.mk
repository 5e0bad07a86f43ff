# Builds build/emulator/libcuda.so.1, the CUDA driver of the emulated GPU, and its tests.
# Stands alone, from the root of the repository:
#   make -f emulator/emulator.mk                  the library
#   make -f emulator/emulator.mk emulator-test    its tests (cmocka)
# or is included by a Makefile, which may set BUILD, CC, CFLAGS, LDFLAGS, NVCC and CUDA_INCLUDE.

BUILD ?= build
CC ?= cc
CFLAGS ?= -O2 -g
CUDA_HOME ?= /usr/local/cuda
NVCC ?= $(firstword $(wildcard $(CUDA_HOME)/bin/nvcc) nvcc)
CUDA_INCLUDE ?= $(CUDA_HOME)/include

EMULATOR_LIBRARY := $(BUILD)/emulator/libcuda.so.1

.PHONY: emulator
emulator: $(EMULATOR_LIBRARY) ## build the emulated GPU's libcuda.so.1

include emulator/core.mk
include emulator/arithmetic.mk

# ---- The driver ----

EMULATOR_FLAGS := -std=c11 -D_GNU_SOURCE -fPIC -fvisibility=hidden -Wall -Wextra -Wshadow -Wconversion -Werror
EMULATOR_OBJECT_DIRECTORY := $(BUILD)/emulator/objects
EMULATOR_DRIVER_SOURCES := $(wildcard emulator/driver*.c) emulator/fatbin.c emulator/lz4.c
EMULATOR_DRIVER_OBJECTS := $(EMULATOR_DRIVER_SOURCES:emulator/%.c=$(EMULATOR_OBJECT_DIRECTORY)/%.o)

$(EMULATOR_DRIVER_OBJECTS): $(EMULATOR_OBJECT_DIRECTORY)/%.o: emulator/%.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(EMULATOR_FLAGS) -MMD -MP -c $< -o $@

# Calls inside the library stay inside (-Bsymbolic): programs may have symbols of the driver's names. Undefined symbols
# are an error, but for those of a sanitizer, which the program brings.
EMULATOR_LINK_FLAGS := -shared -Wl,-soname,libcuda.so.1 -Wl,--version-script=emulator/exports.map -Wl,-Bsymbolic \
	$(if $(findstring -fsanitize,$(CFLAGS)),,-Wl,-z,defs)

$(EMULATOR_LIBRARY): $(EMULATOR_DRIVER_OBJECTS) $(EMULATOR_CORE_OBJECTS) $(ARITHMETIC_OBJECTS) emulator/exports.map
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(EMULATOR_LINK_FLAGS) $(filter %.o,$^) $(LDFLAGS) -lpthread -ldl -lm -o $@

# ---- Tests ----

EMULATOR_TEST_DIRECTORY := $(BUILD)/tests
EMULATOR_TEST_FLAGS := -std=c11 -D_GNU_SOURCE -Wall -Wextra -Wshadow -Wconversion -Werror -MMD -MP
EMULATOR_TEST_NAMES := $(patsubst tests/%.c,%,$(wildcard tests/test_emulator_driver*.c)) \
	test_emulator_containers test_emulator_api
EMULATOR_TESTS := $(EMULATOR_TEST_NAMES:%=$(EMULATOR_TEST_DIRECTORY)/%)
EMULATOR_TEST_LINK := -L$(BUILD)/emulator -l:libcuda.so.1 -Wl,-rpath,'$$ORIGIN/../emulator' -lcmocka -lpthread -ldl

$(EMULATOR_TEST_DIRECTORY)/test_emulator_driver%: tests/test_emulator_driver%.c $(EMULATOR_LIBRARY)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(EMULATOR_TEST_FLAGS) $< $(LDFLAGS) $(EMULATOR_TEST_LINK) -o $@

$(EMULATOR_TEST_DIRECTORY)/test_emulator_driver: tests/test_emulator_driver.c $(EMULATOR_LIBRARY)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(EMULATOR_TEST_FLAGS) $< $(LDFLAGS) $(EMULATOR_TEST_LINK) -o $@

EMULATOR_CONTAINER_OBJECTS := $(addprefix $(EMULATOR_OBJECT_DIRECTORY)/,fatbin.o lz4.o driver_handles.o)

$(EMULATOR_TEST_DIRECTORY)/test_emulator_containers: tests/test_emulator_containers.c $(EMULATOR_CONTAINER_OBJECTS)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(EMULATOR_TEST_FLAGS) $< $(EMULATOR_CONTAINER_OBJECTS) $(LDFLAGS) -lcmocka -ldl -o $@

# The own declarations of the API against those of the toolkit, where there is one.
EMULATOR_API_DIRECTORY := $(BUILD)/emulator/api
EMULATOR_API_FLAGS := $(EMULATOR_TEST_FLAGS) -I$(EMULATOR_API_DIRECTORY)
EMULATOR_API_OBJECTS := $(EMULATOR_API_DIRECTORY)/ours.o
EMULATOR_API_LISTED := emulator/driver_errors.def emulator/driver_attributes.def emulator/driver_types.h

ifneq (,$(wildcard $(CUDA_INCLUDE)/cuda.h))
EMULATOR_API_FLAGS += -DAPI_HAS_TOOLKIT -isystem $(CUDA_INCLUDE)
EMULATOR_API_OBJECTS += $(EMULATOR_API_DIRECTORY)/toolkit.o $(EMULATOR_API_DIRECTORY)/prototypes.o
endif

$(EMULATOR_API_DIRECTORY)/emulator_api_list.inc: tests/emulator_api_list.awk $(EMULATOR_API_LISTED)
	@mkdir -p $(@D)
	awk -f $< $(EMULATOR_API_LISTED) > $@

$(EMULATOR_API_DIRECTORY)/emulator_api_functions.inc: $(wildcard $(CUDA_INCLUDE)/cuda.h $(CUDA_INCLUDE)/cudaProfiler.h)
	@mkdir -p $(@D)
	printf '#define __CUDA_API_VERSION_INTERNAL\n$(foreach header,$(^F),#include <$(header)>\n)' | \
		$(CC) -E -P -isystem $(CUDA_INCLUDE) -xc - | tr '\n' ' ' | grep -o 'CUresult *cu[A-Za-z0-9_]* *(' | \
		sed 's/CUresult *\(cu[A-Za-z0-9_]*\).*/FUNCTION(\1)/' | sort -u > $@

$(EMULATOR_API_DIRECTORY)/ours.o: tests/emulator_api_values.c $(EMULATOR_API_DIRECTORY)/emulator_api_list.inc
	$(CC) $(CFLAGS) $(EMULATOR_API_FLAGS) -c $< -o $@

$(EMULATOR_API_DIRECTORY)/toolkit.o: tests/emulator_api_values.c $(EMULATOR_API_DIRECTORY)/emulator_api_list.inc
	$(CC) $(CFLAGS) $(EMULATOR_API_FLAGS) -DAPI_TOOLKIT -c $< -o $@

$(EMULATOR_API_DIRECTORY)/prototypes.o: tests/emulator_api_prototypes.c emulator/driver_api.h
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(EMULATOR_API_FLAGS) -c $< -o $@

$(EMULATOR_TEST_DIRECTORY)/test_emulator_api: tests/test_emulator_api.c $(EMULATOR_API_OBJECTS) $(EMULATOR_LIBRARY) \
		$(EMULATOR_API_DIRECTORY)/emulator_api_functions.inc
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(EMULATOR_API_FLAGS) $< $(EMULATOR_API_OBJECTS) $(LDFLAGS) $(EMULATOR_TEST_LINK) -o $@

# ---- Real programs: CUDA C as nvcc compiles it for two targets. Without nvcc their tests are skipped. ----

EMULATOR_PROGRAMS := reduce atomics warps numbers programs tensor heap tiles device_library assembly
EMULATOR_PROGRAM_DIRECTORY := $(EMULATOR_TEST_DIRECTORY)/ptx
EMULATOR_PROGRAM_TESTS := $(patsubst tests/%.c,$(EMULATOR_TEST_DIRECTORY)/%,$(wildcard tests/test_emulator_programs*.c))

ifneq (,$(shell command -v $(NVCC)))
EMULATOR_PROGRAM_PTX := $(foreach target,75 80,$(EMULATOR_PROGRAMS:%=$(EMULATOR_PROGRAM_DIRECTORY)/%.$(target).ptx))
endif

$(EMULATOR_PROGRAM_DIRECTORY)/%.75.ptx: tests/kernels/%.cu
	@mkdir -p $(@D)
	$(NVCC) -std=c++17 -ptx -lineinfo -arch=compute_75 $< -o $@

$(EMULATOR_PROGRAM_DIRECTORY)/%.80.ptx: tests/kernels/%.cu
	@mkdir -p $(@D)
	$(NVCC) -std=c++17 -ptx -lineinfo -arch=compute_80 $< -o $@

$(EMULATOR_PROGRAM_TESTS): $(EMULATOR_TEST_DIRECTORY)/%: tests/%.c $(EMULATOR_LIBRARY) $(EMULATOR_PROGRAM_PTX)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(EMULATOR_TEST_FLAGS) -DPROGRAM_PTX='"$(EMULATOR_PROGRAM_DIRECTORY)"' $< $(LDFLAGS) \
		$(EMULATOR_TEST_LINK) -lm -o $@

# ---- All tests ----

.PHONY: emulator-tests emulator-test emulator-test-driver
emulator-tests: $(EMULATOR_TESTS) $(EMULATOR_PROGRAM_TESTS)

emulator-test-driver: emulator-tests ## test the emulated GPU's driver, and real programs on it
	@for test in $(EMULATOR_TESTS) $(EMULATOR_PROGRAM_TESTS); do echo "$$test"; $$test || exit 1; done

emulator-test: emulator-test-driver test-emulator-core test-arithmetic ## test all of the emulated GPU

# ---- The kept PTX and fat binaries, for machines without nvcc ----

EMULATOR_DATA_KERNELS := tests/kernels/driver.cu
EMULATOR_DATA_TARGETS := $(foreach target,75 80 90,-gencode arch=compute_$(target),code=compute_$(target))

.PHONY: emulator-test-data
emulator-test-data: ## compile the tests' kept kernels again (needs nvcc)
	$(NVCC) -std=c++17 -ptx -arch=compute_75 -o tests/ptx/driver.ptx $(EMULATOR_DATA_KERNELS)
	sed -i '/^\/\//d' tests/ptx/driver.ptx
	$(NVCC) -std=c++17 -fatbin --no-compress $(EMULATOR_DATA_TARGETS) -o tests/ptx/driver_plain.fatbin $(EMULATOR_DATA_KERNELS)
	$(NVCC) -std=c++17 -fatbin --compress-mode=speed $(EMULATOR_DATA_TARGETS) -o tests/ptx/driver_lz4.fatbin $(EMULATOR_DATA_KERNELS)
	$(NVCC) -std=c++17 -fatbin --compress-mode=size $(EMULATOR_DATA_TARGETS) -o tests/ptx/driver_zstd.fatbin $(EMULATOR_DATA_KERNELS)

-include $(wildcard $(EMULATOR_OBJECT_DIRECTORY)/driver*.d $(EMULATOR_TEST_DIRECTORY)/test_emulator*.d)
