# lockstep: matched CPU and GPU kernels, timed and verified. `make help` lists the targets.

BUILD     ?= build
CC        ?= gcc
OPTIMISE  ?= -O3
SANITIZE  ?=
WARNINGS  := -Wall -Wextra -Wshadow -Wconversion
WERROR    ?=
CPPFLAGS  += -I. -D_GNU_SOURCE
# -fno-math-errno lets sqrtf become one instruction; -ffast-math is out of the question: it lets NaN pass a comparison.
CFLAGS    += -std=c11 $(OPTIMISE) -g -fopenmp -fno-math-errno -ffp-contract=off $(WARNINGS) $(WERROR) $(SANITIZE)
LDFLAGS   += -fopenmp $(SANITIZE)
LDLIBS    += -lopenblas -lz -lcjson -lm -ldl -lpthread

# --- sources, a room each -------------------------------------------------------------------------------------------
common_sources    := common/status.c common/random.c
reference_sources := $(addprefix reference/,oracle_gemm.c oracle_activation.c oracle_softmax.c oracle_elementwise.c \
                     naive_gemm.c naive_activation.c naive_softmax.c naive_elementwise.c openblas.c \
                     cpu.c parallel.c peak.c simd_dispatch.c)
# Compiled once an instruction set, see reference/simd.h.
simd_sources      := $(addprefix reference/,simd_level.c simd_activation.c simd_softmax.c simd_loss.c simd_optimizer.c \
                     simd_column_sums.c simd_transfer.c simd_peak.c)
gpu_sources       := $(addprefix gpu/,counters.c cublas.c driver.c gpu.c graph.c launch.c library.c memory.c nvml.c nvtx.c)
kernels_sources   := $(addprefix kernels/,activation.c column_sums.c gemm.c gemm_cublas.c geometry.c images.c loss.c \
                     optimizer.c softmax.c transfer.c)
operation_sources :=
bench_sources     := bench/device_gpu.c
tests             := test_oracle test_oracle_catches test_gemm test_activation test_softmax test_loss test_elementwise test_cpu \
                     test_cuda_api test_gpu test_cublas test_nvml test_nvtx test_profile test_kernels_launch \
                     test_kernels_gemm test_kernels_rows test_kernels_elementwise
# Linked into every test.
test_support      := tests/support.c tests/staging.c

sources := $(common_sources) $(reference_sources) $(gpu_sources) $(kernels_sources) $(operation_sources) $(bench_sources)

# Instruction sets of the vectorised kernels, with their compiler flags. 512-bit vectors are asked for because gcc's
# default of 256 bits costs a factor of about two on transcendental loops.
simd_levels   := baseline avx2 avx512
simd_baseline :=
simd_avx2     := -mavx2 -mfma
simd_avx512   := -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx2 -mfma -mprefer-vector-width=512

objects := $(sources:%.c=$(BUILD)/%.o) \
           $(foreach level,$(simd_levels),$(simd_sources:%.c=$(BUILD)/%.$(level).o))

.PHONY: all
all: $(BUILD)/liblockstep.a ## build everything

$(BUILD)/liblockstep.a: $(objects)
	@mkdir -p $(@D)
	rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c $< -o $@

# --- GPU kernels: each kernels/*.cu becomes one image, embedded by kernels/images.c ------------------------------------
# Machine code for every architecture is made from the same PTX that is embedded beside it, so the emulated GPU runs what
# the real one runs, and the front end runs once a file. A kernel that needs a newer PTX says so: virtual_<file> := 80.
NVCC          ?= $(firstword $(shell command -v nvcc 2>/dev/null) $(wildcard /usr/local/cuda/bin/nvcc))
KERNEL_CLANG  ?= $(shell clang --print-targets 2>/dev/null | grep -q nvptx64 && command -v clang)
LIBCLC        ?= $(firstword $(wildcard /usr/lib/clc/nvptx64--nvidiacl.bc /usr/share/clc/nvptx64--nvidiacl.bc))
ARCHITECTURES ?= 75 80 86 89 90 100 120
kernel_names  := $(basename $(notdir $(sort $(wildcard kernels/*.cu))))
kernel_build  := $(BUILD)/kernels
virtual        = $(or $(virtual_$(1)),75)

ifneq ($(NVCC),)
nvcc_known    := $(patsubst sm_%,%,$(shell $(NVCC) --list-gpu-code))
nvcc_version  := $(shell $(NVCC) --version | sed -n 's/.*release \([0-9.]*\),.*/\1/p')
architectures := $(filter $(nvcc_known),$(ARCHITECTURES))
kernels_built := by nvcc $(nvcc_version) for $(addprefix sm_,$(architectures)) and as PTX
machine_codes  = $(foreach a,$(architectures),$(if $(shell test $(a) -ge $(call virtual,$(1)) && echo yes),$(comma)sm_$(a)))
comma         := ,
empty         :=
space         := $(empty) $(empty)
# The list of codes has no blanks: nvcc takes it as one word.
gencode        = arch=compute_$(call virtual,$(1)),code=[compute_$(call virtual,$(1))$(subst $(space),,$(call machine_codes,$(1)))]
kernel_compile = $(NVCC) -I. -fatbin --no-compress -lineinfo --Werror all-warnings -Xptxas -v \
                 -gencode "$(call gencode,$(1))" -MD -MF $(kernel_build)/$(1).d -MT $(kernel_build)/$(1).image
else ifneq ($(and $(KERNEL_CLANG),$(LIBCLC)),)
kernels_built := by $(shell $(KERNEL_CLANG) --version | sed -n '1s/.*\(clang version [0-9.]*\).*/\1/p') as PTX alone
# clang's own CUDA headers need the toolkit, hence -nocudainc and a path without one; libclc brings the math functions.
kernel_compile = $(KERNEL_CLANG) -x cuda --cuda-device-only --cuda-path=/nonexistent -nocudainc -nocudalib -S -O3 -I. \
                 --cuda-gpu-arch=sm_$(call virtual,$(1)) -gline-directives-only -Wall -Werror -Wno-linker-warnings \
                 -include kernels/clang_device.h -Xclang -mlink-builtin-bitcode -Xclang $(LIBCLC) \
                 -Xclang -target-feature -Xclang +ptx$(if $(filter 75,$(call virtual,$(1))),63,70) \
                 -MD -MF $(kernel_build)/$(1).d -MT $(kernel_build)/$(1).image
else
kernels_built := none: the build found neither nvcc nor a clang with the nvptx64 target and libclc
kernel_names  :=
endif

kernel_images := $(kernel_names:%=$(kernel_build)/%.image)

$(kernel_images): $(kernel_build)/%.image: kernels/%.cu
	@mkdir -p $(@D)
	$(call kernel_compile,$*) $< -o $@ >$(@:.image=.log) 2>&1 || { cat $(@:.image=.log); rm -f $@; exit 1; }

# Rewritten only when it says something new, so that a changed list of architectures rebuilds the program.
.PHONY: force
$(kernel_build)/kernels_list.h: force
	@mkdir -p $(@D)
	@{ echo '#define KERNEL_FOLDER "$(kernel_build)"'; \
	   echo '#define KERNELS_BUILT "$(kernels_built)"'; \
	   echo '#define KERNEL_LIST(X) $(foreach name,$(kernel_names),X($(name)))'; } >$@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@

$(kernel_build)/images.o: CPPFLAGS += -I$(kernel_build)
$(kernel_build)/images.o: $(kernel_build)/kernels_list.h $(kernel_images)
$(kernel_images): $(kernel_build)/kernels_list.h

.PHONY: kernels-report
kernels-report: $(kernel_images) ## registers, shared memory, spills and occupancy of each kernel and architecture
	@scripts/kernels-report $(kernel_images)

# The headers of NVIDIA's profiler ranges; without them gpu/nvtx.c is empty and says so.
NVTX_INCLUDE ?= $(patsubst %/nvtx3,%,$(firstword $(wildcard /usr/local/cuda/include/nvtx3 /usr/include/nvtx3)))
# Naming /usr/include again would change the order in which system headers are searched.
isystem       = $(addprefix -isystem ,$(filter-out /usr/include /usr/include/,$(1)))
TOOLKIT_INCLUDE ?= $(dir $(firstword $(wildcard /usr/local/cuda/include/cuda.h /usr/include/cuda.h)))
$(BUILD)/tests/test_cuda_api.o: CPPFLAGS += $(call isystem,$(TOOLKIT_INCLUDE))
$(BUILD)/gpu/nvtx.o: CPPFLAGS += $(call isystem,$(NVTX_INCLUDE))

.PHONY: profile
profile: ## Nsight on one case: make profile CASE=gemm/nn/f32/1024x1024x1024 IMPLEMENTATION=cuda-tiled
	@scripts/profile '$(CASE)' '$(IMPLEMENTATION)' $(BUILD)/lockstep

define simd_rule
$(BUILD)/%.$(1).o: %.c
	@mkdir -p $$(@D)
	$$(CC) $$(CPPFLAGS) $$(CFLAGS) $$(simd_$(1)) -DSIMD_LEVEL=$(1) -MMD -MP -c $$< -o $$@
endef
$(foreach level,$(simd_levels),$(eval $(call simd_rule,$(level))))

$(BUILD)/tests/%: $(BUILD)/tests/%.o $(test_support:%.c=$(BUILD)/%.o) $(BUILD)/liblockstep.a
	$(CC) $(LDFLAGS) $^ $(LDLIBS) -lcmocka -o $@

# --- stand-ins for NVIDIA's libraries, see tests/stand_in/stand_in.h -------------------------------------------------
stand_in      := $(BUILD)/tests/stand_in
stand_ins     := $(stand_in)/libcuda.so.1 $(stand_in)/old/libcuda.so.1 $(stand_in)/libcublas.so.13 \
                 $(stand_in)/libnvidia-ml.so.1 $(if $(NVTX_INCLUDE),$(stand_in)/libnvtx-injection.so)
$(stand_in)/libcuda.so.1: stand_in_source := cuda
$(stand_in)/old/libcuda.so.1: stand_in_source := cuda
$(stand_in)/old/libcuda.so.1: CPPFLAGS += -DSTAND_IN_OLD
$(stand_in)/libcublas.so.13: stand_in_source := cublas
$(stand_in)/libcublas.so.13: LDLIBS := -lopenblas -lm
$(stand_in)/libnvidia-ml.so.1: stand_in_source := nvml
$(stand_in)/libnvtx-injection.so: stand_in_source := nvtx
$(stand_in)/libnvtx-injection.so: CPPFLAGS += $(call isystem,$(NVTX_INCLUDE))

$(stand_ins): $(wildcard tests/stand_in/*.[ch]) gpu/cuda_api.h gpu/cublas_api.h gpu/nvml_api.h
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -fPIC -shared tests/stand_in/$(stand_in_source).c tests/stand_in/record.c $(LDLIBS) -o $@

$(BUILD)/tests/%.o: CPPFLAGS += -DSTAND_IN_FOLDER='"$(stand_in)"'
$(tests:%=$(BUILD)/tests/%): | $(stand_ins)

.PHONY: test
test: $(tests:%=$(BUILD)/tests/%) ## run the tests
	@set -e; for test in $^; do ./$$test; done

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
