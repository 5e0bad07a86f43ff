# Compiles the CUDA kernels, and finds the headers that the GPU side can do without. Included by the Makefile.

# --- GPU kernels: each kernels/**/*.cu becomes one image, embedded by kernels/images.c ------------------------------------
# Machine code for every architecture is made from the same PTX that is embedded beside it, so the emulated GPU runs what
# the real one runs, and the front end runs once a file. A kernel that needs a newer PTX says so: virtual_<file> := 80.
NVCC          ?= $(firstword $(shell command -v nvcc 2>/dev/null) $(wildcard /usr/local/cuda/bin/nvcc))
KERNEL_CLANG  ?= $(shell clang --print-targets 2>/dev/null | grep -q nvptx64 && command -v clang)
LIBCLC        ?= $(firstword $(wildcard /usr/lib/clc/nvptx64--nvidiacl.bc /usr/share/clc/nvptx64--nvidiacl.bc))
ARCHITECTURES ?= 75 80 86 89 90 100 120
virtual_gemm_7_pipelined := 80
virtual_gemm_8_split_k   := 80
virtual_gemm_batch       := 80
virtual_linear_1_fused   := 80
kernel_sources := $(sort $(wildcard kernels/*.cu kernels/*/*.cu))
kernel_names  := $(basename $(notdir $(kernel_sources)))
kernel_build  := $(BUILD)/kernels
virtual_gemm_9_tensor_bf16 := 80
virtual_gemm_9_tensor_f16  := 80
virtual_gemm_9_tensor_tf32 := 80
# Instructions of one architecture, whose PTX no other takes.
virtual_gemm_10_hopper_128x128 := 90a
virtual_gemm_10_hopper_128x256 := 90a
virtual_gemm_10_hopper_256x128 := 90a
virtual        = $(or $(virtual_$(1)),75)

ifneq ($(NVCC),)
nvcc_known    := $(patsubst sm_%,%,$(shell $(NVCC) --list-gpu-code))
nvcc_version  := $(shell $(NVCC) --version | sed -n 's/.*release \([0-9.]*\),.*/\1/p')
architectures := $(filter $(nvcc_known),$(ARCHITECTURES))
kernels_built := by nvcc $(nvcc_version) $(if $(architectures),for $(addprefix sm_,$(architectures)) and as PTX,as PTX alone)
machine_codes  = $(if $(call features,$(1)),$(addprefix $(comma)sm_,$(addsuffix $(call features,$(1)),\
                     $(filter $(patsubst %$(call features,$(1)),%,$(call virtual,$(1))),$(architectures)))),\
                     $(foreach a,$(architectures),$(if $(shell test $(a) -ge $(call virtual,$(1)) && echo yes),$(comma)sm_$(a))))
features       = $(findstring a,$(call virtual,$(1)))
comma         := ,
empty         :=
space         := $(empty) $(empty)
# nvcc 13's front end merges loads into vectors, and may load what lies between them; which loads varies from one compilation
# to the next, and with them the counts. Without that filling they do not.
nvcc_repeatable := $(if $(shell grep -lF vect-fill-gaps $(dir $(realpath $(NVCC)))../nvvm/bin/cicc 2>/dev/null),-Xcicc --Xopt -Xcicc -vect-fill-gaps=0)
# The list of codes has no blanks: nvcc takes it as one word.
gencode        = arch=compute_$(call virtual,$(1)),code=[compute_$(call virtual,$(1))$(subst $(space),,$(call machine_codes,$(1)))]
kernel_compile = $(NVCC) $(nvcc_repeatable) -I. -fatbin --no-compress -lineinfo --Werror all-warnings -Xptxas -v \
                 -gencode "$(call gencode,$(1))" -MD -MP -MF $(kernel_build)/$(1).d -MT $(kernel_build)/$(1).image
else ifneq ($(and $(KERNEL_CLANG),$(LIBCLC)),)
# clang 14 parts the lanes of a warp before its mma.sync, which wants them together.
# It knows no sm_90a.
kernel_names  := $(filter-out gemm_9_tensor_tf32 gemm_10_hopper_%,$(kernel_names))
kernels_built := by $(shell $(KERNEL_CLANG) --version | sed -n '1s/.*\(clang version [0-9.]*\).*/\1/p') as PTX alone
# It warns of indices in branches that a template's constants rule out.
# clang's own CUDA headers need the toolkit, hence -nocudainc and a path without one; libclc brings the math functions.
kernel_compile = $(KERNEL_CLANG) -x cuda --cuda-device-only --cuda-path=/nonexistent -nocudainc -nocudalib -S -O3 -I. \
                 --cuda-gpu-arch=sm_$(call virtual,$(1)) -gline-directives-only -Wall -Werror -Wno-linker-warnings -Wno-array-bounds \
                 -include kernels/clang_device.h -Xclang -mlink-builtin-bitcode -Xclang $(LIBCLC) \
                 -Xclang -target-feature -Xclang +ptx$(if $(filter 75,$(call virtual,$(1))),63,70) \
                 -MD -MP -MF $(kernel_build)/$(1).d -MT $(kernel_build)/$(1).image
else
kernels_built := none: the build found neither nvcc nor a clang with the nvptx64 target and libclc
kernel_names  :=
endif

kernel_images := $(kernel_names:%=$(kernel_build)/%.image)

vpath %.cu $(sort $(dir $(kernel_sources)))
$(kernel_images): $(kernel_build)/%.image: %.cu
	@mkdir -p $(@D)
	@echo "compiling $<"
	@$(call kernel_compile,$*) $< -o $@ >$(@:.image=.log) 2>&1 || { cat $(@:.image=.log); rm -f $@; exit 1; }

# Rewritten only when they say something new: another compiler or list of architectures makes every kernel anew, another
# file in the list only itself.
$(kernel_build)/kernels_built.h: force
	@mkdir -p $(@D)
	@{ echo '#define KERNEL_FOLDER "$(kernel_build)"'; echo '#define KERNELS_BUILT "$(kernels_built)"'; } >$@.new
	@$(written_anew)
$(kernel_build)/kernels_list.h: force
	@mkdir -p $(@D)
	@echo '#define KERNEL_LIST(X) $(foreach name,$(kernel_names),X($(name)))' >$@.new
	@$(written_anew)

# The tests share it as a library of its own.
$(kernel_build)/images.o: CPPFLAGS += -I$(kernel_build) -fPIC
$(kernel_build)/images.o: $(kernel_build)/kernels_built.h $(kernel_build)/kernels_list.h $(kernel_images)
$(kernel_images): $(kernel_build)/kernels_built.h

.PHONY: kernels-report
kernels-report: $(kernel_images) ## check: registers, shared memory, spills and occupancy of each kernel and architecture
	@scripts/kernels-report $(kernel_images)

# The headers of NVIDIA's profiler ranges; without them gpu/nvtx.c is empty and says so.
NVTX_INCLUDE ?= $(patsubst %/nvtx3,%,$(firstword $(wildcard /usr/local/cuda/include/nvtx3 /usr/include/nvtx3)))
# Naming /usr/include again would change the order in which system headers are searched.
isystem       = $(addprefix -isystem ,$(filter-out /usr/include /usr/include/,$(1)))
TOOLKIT_INCLUDE ?= $(dir $(firstword $(wildcard /usr/local/cuda/include/cuda.h /usr/include/cuda.h)))
$(BUILD)/gpu/nvtx.o: CPPFLAGS += $(call isystem,$(NVTX_INCLUDE))
