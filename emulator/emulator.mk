# Builds build/emulator/libcuda.so.1, the CUDA driver of the emulated GPU. Stands alone, from the root of the repository:
#   make -f emulator/emulator.mk
# or is included by the Makefile, which sets BUILD, CC, CFLAGS and LDFLAGS. tests/tests.mk builds its tests.

BUILD  ?= build
CC     ?= cc
CFLAGS ?= -O2 -g
EMULATOR_OPTIMISE ?= -O3

.PHONY: emulator
EMULATOR_LIBRARY := $(BUILD)/emulator/libcuda.so.1
emulator: $(EMULATOR_LIBRARY) ## build: build the emulated GPU's libcuda.so.1

emulator_rooms := lanes memory ptx arithmetic decode assemble warps checks execute matrix async tensor machine \
                  driver/state driver/memory driver/code driver driver/api/graphs driver/api
emulator_found := $(foreach room,$(emulator_rooms),$(wildcard emulator/$(room)/*.c))

# Compiled once for each instruction set and chosen when a module is loaded: what computes lane by lane.
emulator_once  := $(addprefix emulator/arithmetic/,arithmetic.c matrix.c)
emulator_hot   := $(filter-out $(emulator_once),$(wildcard emulator/arithmetic/*.c)) $(addprefix emulator/execute/,arithmetic.c memory.c)
emulator_plain := $(filter-out $(emulator_hot),$(emulator_found))

ifneq (,$(findstring x86_64,$(shell $(CC) -dumpmachine)))
emulator_isas ?= baseline avx2 avx512
endif
emulator_isas ?= baseline
emulator_isa_baseline :=
emulator_isa_avx2     := -mavx2 -mfma -mbmi2
emulator_isa_avx512   := $(emulator_isa_avx2) -mavx512f -mavx512bw -mavx512dq -mavx512vl -mprefer-vector-width=512

# The compiler must never change results: no contraction, no reassociation. Errors are not reported through errno, nor
# exceptions through flags, which nobody here reads. clang need not warn of lane loops that it leaves as they are
# (-Wno-pass-failed; gcc ignores it).
emulator_flags := -I. -std=c11 -D_GNU_SOURCE -fPIC -pthread -fvisibility=hidden \
                  -ffp-contract=off -fno-math-errno -fno-trapping-math -Wno-pass-failed \
                  $(if $(filter avx512,$(emulator_isas)),-DEMULATOR_HAS_X86_BUILDS)

emulator_plain_objects := $(emulator_plain:%.c=$(BUILD)/%.o)
emulator_objects       := $(emulator_plain_objects) $(foreach isa,$(emulator_isas),$(emulator_hot:%.c=$(BUILD)/%.$(isa).o))

$(emulator_plain_objects): $(BUILD)/%.o: %.c $(flags)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(emulator_flags) -MMD -MP -c $< -o $@

define emulator_hot_rule
$(emulator_hot:%.c=$(BUILD)/%.$(1).o): $(BUILD)/%.$(1).o: %.c $(flags)
	@mkdir -p $$(@D)
	$$(CC) $$(CFLAGS) $$(emulator_flags) $$(EMULATOR_OPTIMISE) $(emulator_isa_$(1)) \
	    -DEXECUTOR_SUFFIX=$(1) -DARITHMETIC_SUFFIX=$(1) -MMD -MP -c $$< -o $$@
endef
$(foreach isa,$(emulator_isas),$(eval $(call emulator_hot_rule,$(isa))))

# Calls inside the library stay inside (-Bsymbolic): programs may have symbols of the driver's names. Undefined symbols
# are an error, but for those of a sanitizer, which the program brings.
emulator_link := -shared -Wl,-soname,libcuda.so.1 -Wl,--version-script=emulator/driver/exports.map -Wl,-Bsymbolic \
                 $(if $(findstring -fsanitize,$(CFLAGS)),,-Wl,-z,defs)

$(EMULATOR_LIBRARY): $(emulator_objects) emulator/driver/exports.map $(flags) $(objects_list)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(emulator_link) $(filter %.o,$^) $(LDFLAGS) -lpthread -ldl -lm -o $@
	ln -sf libcuda.so.1 $(@D)/libcuda.so # for programs that load it by this name

# --- the CUDA runtime, in the versions 12 and 13, on top of the driver's API --------------------------------------------
runtime_sources := $(wildcard emulator/runtime/*.c)
EMULATOR_RUNTIMES := $(foreach version,12 13,$(BUILD)/emulator/libcudart.so.$(version))
emulator: $(EMULATOR_RUNTIMES)

define runtime_rule
runtime_objects_$(1) := $(runtime_sources:%.c=$(BUILD)/%.$(1).o)
$$(runtime_objects_$(1)): $(BUILD)/%.$(1).o: %.c $(flags)
	@mkdir -p $$(@D)
	$$(CC) $$(CFLAGS) $$(emulator_flags) -DRUNTIME_VERSION=$(1)000 -MMD -MP -c $$< -o $$@

$(BUILD)/emulator/runtime/exports.$(1).map: emulator/runtime/exports.map.in
	@mkdir -p $$(@D)
	sed 's/@version@/$(1)/' $$< >$$@

$(BUILD)/emulator/libcudart.so.$(1): $$(runtime_objects_$(1)) $(BUILD)/emulator/runtime/exports.$(1).map $(EMULATOR_LIBRARY)
	$$(CC) $$(CFLAGS) -shared -Wl,-soname,$$(@F) -Wl,--version-script=$(BUILD)/emulator/runtime/exports.$(1).map -Wl,-Bsymbolic \
	    $$(if $$(findstring -fsanitize,$$(CFLAGS)),,-Wl,-z,defs) $$(filter %.o,$$^) \
	    $$(LDFLAGS) -L$$(@D) -l:libcuda.so.1 -Wl,-rpath,'$$$$ORIGIN' -lpthread -o $$@
endef
$(foreach version,12 13,$(eval $(call runtime_rule,$(version))))

# --- what of cuBLAS and cuBLASLt programs compare their kernels with --------------------------------------------------------
cublas_sources  := $(wildcard emulator/cublas/*.c)
EMULATOR_CUBLAS := $(foreach library,libcublas libcublasLt,$(foreach version,12 13,$(BUILD)/emulator/$(library).so.$(version)))
emulator: $(EMULATOR_CUBLAS)

define cublas_objects_rule
cublas_objects_$(1) := $(cublas_sources:%.c=$(BUILD)/%.$(1).o)
$$(cublas_objects_$(1)): $(BUILD)/%.$(1).o: %.c $(flags)
	@mkdir -p $$(@D)
	$$(CC) $$(CFLAGS) $$(emulator_flags) $$(EMULATOR_OPTIMISE) -DCUBLAS_VERSION=$(1)0000 -MMD -MP -c $$< -o $$@
endef
$(foreach version,12 13,$(eval $(call cublas_objects_rule,$(version))))

# Both libraries are made of the same objects, and show the names that begin with their own.
define cublas_rule
$(BUILD)/emulator/cublas/$(1).$(3).map: emulator/cublas/exports.map.in
	@mkdir -p $$(@D)
	sed 's/@library@/$(1)/; s/@version@/$(3)/; s/@names@/$(2)/' $$< >$$@

$(BUILD)/emulator/$(1).so.$(3): $$(cublas_objects_$(3)) $(BUILD)/emulator/cublas/$(1).$(3).map $(EMULATOR_LIBRARY)
	$$(CC) $$(CFLAGS) -shared -Wl,-soname,$$(@F) -Wl,--version-script=$(BUILD)/emulator/cublas/$(1).$(3).map -Wl,-Bsymbolic \
	    $$(if $$(findstring -fsanitize,$$(CFLAGS)),,-Wl,-z,defs) $$(filter %.o,$$^) \
	    $$(LDFLAGS) -L$$(@D) -l:libcuda.so.1 -Wl,-rpath,'$$$$ORIGIN' -o $$@
endef
$(foreach version,12 13,$(eval $(call cublas_rule,libcublas,cublas,$(version))))
$(foreach version,12 13,$(eval $(call cublas_rule,libcublasLt,cublasLt,$(version))))

# --- NVRTC, in front of NVIDIA's ----------------------------------------------------------------------------------------
EMULATOR_COMPILERS := $(BUILD)/emulator/ptxas $(BUILD)/emulator/nvcc
EMULATOR_NVRTC := $(foreach version,12 13,$(BUILD)/emulator/libnvrtc.so.$(version))
emulator: $(EMULATOR_NVRTC) $(EMULATOR_COMPILERS)
$(EMULATOR_COMPILERS): $(BUILD)/emulator/%: emulator/nvrtc/%
	@mkdir -p $(@D)
	install -m 755 $< $@

$(BUILD)/emulator/nvrtc/nvidia.o: emulator/nvrtc/nvidia.c $(flags)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(emulator_flags) -MMD -MP -c $< -o $@

define nvrtc_rule
$(BUILD)/emulator/nvrtc/nvrtc.$(1).o: emulator/nvrtc/nvrtc.c $(flags)
	@mkdir -p $$(@D)
	$$(CC) $$(CFLAGS) $$(emulator_flags) -DNVRTC_SONAME='"libnvrtc.so.$(1)"' -MMD -MP -c $$< -o $$@

$(BUILD)/emulator/nvrtc/exports.$(1).map: emulator/nvrtc/exports.map.in
	@mkdir -p $$(@D)
	sed 's/@version@/$(1)/' $$< >$$@

$(BUILD)/emulator/libnvrtc.so.$(1): $(BUILD)/emulator/nvrtc/nvrtc.$(1).o $(BUILD)/emulator/nvrtc/nvidia.o $(BUILD)/emulator/nvrtc/exports.$(1).map
	$$(CC) $$(CFLAGS) -shared -Wl,-soname,$$(@F) -Wl,--version-script=$(BUILD)/emulator/nvrtc/exports.$(1).map -Wl,-Bsymbolic \
	    $$(filter %.o,$$^) $$(LDFLAGS) -ldl -lpthread -o $$@
endef
$(foreach version,12 13,$(eval $(call nvrtc_rule,$(version))))

# --- nvJitLink, which links PTX ----------------------------------------------------------------------------------------------
EMULATOR_JITLINK := $(foreach version,12 13,$(BUILD)/emulator/libnvJitLink.so.$(version))
emulator: $(EMULATOR_JITLINK)

# NVIDIA's header calls each function by a name with the version that it was first in: __nvJitLinkCreate_13_0.
jitlink_names := Create Destroy AddData AddFile Complete $(foreach part,LinkedCubin LinkedPtx ErrorLog InfoLog,Get$(part) Get$(part)Size)

$(BUILD)/emulator/nvrtc/versioned.%.ld: emulator/emulator.mk
	@mkdir -p $(@D)
	@for name in $(jitlink_names); do for minor in 0 1 2 3 4 5 6 7 8 9; do \
	    echo "__nvJitLink$${name}_$*_$$minor = nvJitLink$$name;"; done; done >$@

define jitlink_rule
jitlink_objects_$(1) := $(foreach name,nvjitlink lto callees,$(BUILD)/emulator/nvrtc/$(name).$(1).o)
$$(jitlink_objects_$(1)): $(BUILD)/emulator/nvrtc/%.$(1).o: emulator/nvrtc/%.c $(flags)
	@mkdir -p $$(@D)
	$$(CC) $$(CFLAGS) $$(emulator_flags) -DNVJITLINK_MAJOR=$(1) -DNVJITLINK_SONAME='"libnvJitLink.so.$(1)"' \
	    -DNVRTC_SONAME='"libnvrtc.so.$(1)"' -MMD -MP -c $$< -o $$@

$(BUILD)/emulator/nvrtc/exports.nvjitlink.$(1).map: emulator/nvrtc/exports.nvjitlink.map.in
	@mkdir -p $$(@D)
	sed 's/@version@/$(1)/' $$< >$$@

$(BUILD)/emulator/libnvJitLink.so.$(1): $$(jitlink_objects_$(1)) $(BUILD)/emulator/nvrtc/nvidia.o \
    $(BUILD)/emulator/nvrtc/versioned.$(1).ld $(BUILD)/emulator/nvrtc/exports.nvjitlink.$(1).map
	$$(CC) $$(CFLAGS) -shared -Wl,-soname,$$(@F) -Wl,--version-script=$(BUILD)/emulator/nvrtc/exports.nvjitlink.$(1).map \
	    -Wl,-Bsymbolic $$(filter %.o %.ld,$$^) $$(LDFLAGS) -ldl -lpthread -o $$@
endef
$(foreach version,12 13,$(eval $(call jitlink_rule,$(version))))

# For tests that reach below the driver's API.
emulator_archive := $(BUILD)/emulator/libemulator.a
$(emulator_archive): $(emulator_objects) $(objects_list)
	@mkdir -p $(@D)
	rm -f $@ && $(AR) rcs $@ $(filter %.o,$^)
