# Builds the tests: tests/ROOM/test_*.c is one program a subject, and its room says what it is linked with. Included by the
# Makefile.

test_sources  := $(sort $(wildcard tests/*/test_*.c tests/*/*/test_*.c))
test_programs := $(test_sources:%.c=$(BUILD)/%)
# The tests of the rooms below the emulated driver, and those that see it as any program does.
driver_tests  := $(filter $(BUILD)/tests/emulator/driver/%,$(test_programs))
runtime_tests := $(filter $(BUILD)/tests/emulator/runtime/%,$(test_programs))
nvrtc_tests   := $(filter $(BUILD)/tests/emulator/nvrtc/%,$(test_programs))
cublas_tests  := $(filter $(BUILD)/tests/emulator/cublas/%,$(test_programs))
core_tests    := $(filter $(BUILD)/tests/emulator/%,$(filter-out $(driver_tests) $(runtime_tests) $(nvrtc_tests) $(cublas_tests),$(test_programs)))
host_tests    := $(filter-out $(core_tests) $(driver_tests) $(runtime_tests) $(nvrtc_tests) $(cublas_tests),$(test_programs))

both_support  := tests/support/corpus.c
core_support  := $(both_support) $(addprefix tests/support/,emulator_core.c arithmetic_lookup.c kernel_text.c matrix_elements.c small_floats.c tensor_kernel.c tensor_memory_run.c tensor_product.c)
apart         := $(filter-out $(both_support),$(core_support)) $(addprefix tests/support/,slowed.c libfuzzer.c)
host_support  := $(filter-out $(apart),$(wildcard tests/support/*.c))

.PHONY: test-programs
test-programs: programs $(test_programs)

# --- lockstep: linked with all of it but main ------------------------------------------------------------------------
# The kernels' images are 94 MB: the tests share one copy, which stands before the archive and so takes its place.
images_shared := $(BUILD)/tests/libimages.so
$(images_shared): $(kernel_build)/images.o $(flags)
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -shared $(filter %.o,$^) -Wl,-soname,$(@F) -o $@

images_link   := -L$(BUILD)/tests -limages -Wl,-rpath,'$$ORIGIN/..:$$ORIGIN/../..'
$(host_tests) $(BUILD)/tests/reference/every_float: $(BUILD)/%: $(BUILD)/%.o $(host_support:%.c=$(BUILD)/%.o) $(images_shared) $(BUILD)/liblockstep.a $(flags)
	$(CC) $(LDFLAGS) $(filter %.o,$^) $(images_link) $(filter %.a,$^) $(LDLIBS) -lcmocka -o $@

# Stand-ins for NVIDIA's libraries, see tests/stand_in/stand_in.h.
stand_in      := $(BUILD)/tests/stand_in
stand_ins     := $(stand_in)/libcuda.so.1 $(stand_in)/old/libcuda.so.1 $(stand_in)/libcublas.so.13 $(stand_in)/libnccl.so.2 \
                 $(stand_in)/libnvidia-ml.so.1 $(stand_in)/old/libnvidia-ml.so.1 \
                 $(stand_in)/faulty/libcuda.so.1 $(stand_in)/faulty/real/libcuda.so.1 $(stand_in)/faulty/libcublas.so.13 \
                 $(if $(NVTX_INCLUDE),$(stand_in)/libnvtx-injection.so)
$(stand_in)/libcuda.so.1: stand_in_source := cuda kernels
$(stand_in)/old/libcuda.so.1: stand_in_source := cuda kernels
$(stand_in)/old/libcuda.so.1: CPPFLAGS += -DSTAND_IN_OLD
$(stand_in)/faulty/libcuda.so.1: stand_in_source := faulty_cuda
$(stand_in)/faulty/real/libcuda.so.1: stand_in_source := faulty_cuda
$(stand_in)/faulty/real/libcuda.so.1: CPPFLAGS += -DFAULTY_REAL
$(stand_in)/libcublas.so.13: stand_in_source := cublas
$(stand_in)/libcublas.so.13: LDLIBS := -lopenblas -lm
$(stand_in)/faulty/libcublas.so.13: stand_in_source := faulty_cublas
$(stand_in)/libnccl.so.2: stand_in_source := nccl nccl_exchange
$(stand_in)/libnccl.so.2: stand_in_common := common/narrow.c
$(stand_in)/libnvidia-ml.so.1: stand_in_source := nvml
$(stand_in)/old/libnvidia-ml.so.1: stand_in_source := nvml
$(stand_in)/old/libnvidia-ml.so.1: CPPFLAGS += -DSTAND_IN_OLD
$(stand_in)/libnvtx-injection.so: stand_in_source := nvtx
$(stand_in)/libnvtx-injection.so: CPPFLAGS += $(call isystem,$(NVTX_INCLUDE))

# Which failing call of the driver is told how, see tests/bench/commands/test_faults.c.
.PHONY: test-faults
test-faults: $(BUILD)/tests/bench/commands/test_faults programs ## test: fail 3,600 calls of the driver, one in each run of the program: some minutes
	LOCKSTEP=$(BUILD)/lockstep LOCKSTEP_FAULTS=1 OMP_WAIT_POLICY=passive $<

$(stand_ins): $(wildcard tests/stand_in/*.[ch]) gpu/cuda_api.h gpu/cublas_api.h gpu/nccl_api.h gpu/nvml_api.h gpu/emulator_api.h kernels/arguments.h $(flags)
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -fPIC -shared $(stand_in_source:%=tests/stand_in/%.c) $(stand_in_common) tests/stand_in/record.c $(LDLIBS) -o $@

$(BUILD)/tests/%.o: CPPFLAGS += -DSTAND_IN_FOLDER='"$(stand_in)"'
# Machines of a few ranks each, on one.
mpi_stand_in  := $(if $(MPICC),$(stand_in)/liblockstep-mpi.so)
$(mpi_stand_in): ranks/mpi/mpi.c tests/stand_in/machines.c ranks/mpi_api.h $(flags)
	@mkdir -p $(@D)
	$(mpicc) $(CPPFLAGS) $(CFLAGS) -fPIC -shared -Wl,-Bsymbolic $(filter %.c,$^) -o $@

$(host_tests): | $(stand_ins) $(mpi_stand_in)
$(BUILD)/tests/gpu/test_cuda_api.o: CPPFLAGS += $(call isystem,$(TOOLKIT_INCLUDE))

# --- the emulated GPU below its driver -------------------------------------------------------------------------------
$(core_tests): $(BUILD)/%: $(BUILD)/%.o $(core_support:%.c=$(BUILD)/%.o) $(emulator_archive) $(flags)
	$(CC) $(LDFLAGS) $(linked) -lcmocka -lm -pthread -o $@

$(BUILD)/tests/emulator/arithmetic/%.o: CFLAGS += -frounding-math

$(BUILD)/tests/emulator/arithmetic/exhaustive: $(BUILD)/tests/emulator/arithmetic/exhaustive.o $(core_support:%.c=$(BUILD)/%.o) $(emulator_archive) $(flags)
	$(CC) $(LDFLAGS) $(linked) -lcmocka -lm -o $@

# In the tests each command is killed at a few of its calls.
.PHONY: test-kills
test-kills: all $(BUILD)/tests/bench/commands/test_kills ## test: kill run, train, tune, history and report before each call that changes a file, minutes
	LOCKSTEP=$(BUILD)/lockstep LOCKSTEP_KILLS=all OMP_WAIT_POLICY=passive $(BUILD)/tests/bench/commands/test_kills

.PHONY: test-exhaustive bench-emulator
test-exhaustive: $(BUILD)/tests/emulator/arithmetic/exhaustive ## test: try every f32 input of the emulator's approximations, minutes
	$<

$(BUILD)/tests/emulator/benchmark: $(BUILD)/tests/emulator/benchmark.o $(emulator_archive) $(flags)
	$(CC) $(LDFLAGS) $(linked) -lm -pthread -o $@

bench-emulator: $(BUILD)/tests/emulator/benchmark ## measure: how fast the emulated GPU is
	$<

# Of two ranks; wants MPI.
.PHONY: bench-allreduce
$(BUILD)/tests/ranks/allreduce_loop: tests/ranks/allreduce_loop.c $(flags)
	@mkdir -p $(@D)
	$(mpicc) $(CPPFLAGS) $(CFLAGS) $< -o $@

bench-allreduce: all $(BUILD)/tests/ranks/allreduce_loop ## measure: allreduce beside MPI_Allreduce in a bare loop, on two ranks
	scripts/allreduce-ratios $(BUILD)

.PHONY: bench-peer
$(BUILD)/tests/bench/added/benchmark: $(BUILD)/tests/bench/added/benchmark.o $(BUILD)/liblockstep.a $(flags)
	$(CC) $(LDFLAGS) $(linked) $(LDLIBS) -o $@

bench-peer: $(BUILD)/tests/bench/added/benchmark ## measure: what it costs to ask a process for a sample
	$<

# --- the emulated GPU by its driver ----------------------------------------------------------------------------------
driver_test_link := -L$(BUILD)/emulator -l:libcuda.so.1 -Wl,-rpath,'$$ORIGIN/../../../emulator' -lcmocka -lpthread -ldl -lm
$(driver_tests): $(BUILD)/%: $(BUILD)/%.o $(EMULATOR_LIBRARY) $(flags)
	$(CC) $(linked) $(LDFLAGS) $(driver_test_link) -o $@

# The own declarations of the API against those of the toolkit, where there is one.
CUDA_INCLUDE   ?= $(patsubst %/,%,$(TOOLKIT_INCLUDE))
EMULATOR_API_DIRECTORY := $(BUILD)/emulator/api
api_listed     := emulator/driver/state/errors.def emulator/driver/state/attributes.def $(sort $(wildcard emulator/driver/state/types_*.h))
api_flags       = $(CPPFLAGS) $(CFLAGS) -I$(EMULATOR_API_DIRECTORY) $(api_toolkit)
api_objects    := $(EMULATOR_API_DIRECTORY)/ours.o
ifneq (,$(wildcard $(CUDA_INCLUDE)/cuda.h))
api_toolkit    := -DAPI_HAS_TOOLKIT $(call isystem,$(CUDA_INCLUDE))
api_objects    += $(EMULATOR_API_DIRECTORY)/toolkit.o $(EMULATOR_API_DIRECTORY)/prototypes.o
endif

$(EMULATOR_API_DIRECTORY)/emulator_api_list.inc: tests/emulator/driver/api_list.awk $(api_listed)
	@mkdir -p $(@D)
	awk -f $< $(api_listed) > $@

$(EMULATOR_API_DIRECTORY)/emulator_api_functions.inc: $(wildcard $(CUDA_INCLUDE)/cuda.h $(CUDA_INCLUDE)/cudaProfiler.h)
	@mkdir -p $(@D)
	printf '#define __CUDA_API_VERSION_INTERNAL\n$(foreach header,$(^F),#include <$(header)>\n)' | \
		$(CC) -E -P -isystem $(CUDA_INCLUDE) -xc - | tr '\n' ' ' | grep -o 'CUresult *cu[A-Za-z0-9_]* *(' | \
		sed 's/CUresult *\(cu[A-Za-z0-9_]*\).*/FUNCTION(\1)/' | sort -u > $@

$(EMULATOR_API_DIRECTORY)/ours.o: tests/emulator/driver/api_values.c $(EMULATOR_API_DIRECTORY)/emulator_api_list.inc $(flags)
	$(CC) $(api_flags) -MMD -MP -c $< -o $@
$(EMULATOR_API_DIRECTORY)/toolkit.o: tests/emulator/driver/api_values.c $(EMULATOR_API_DIRECTORY)/emulator_api_list.inc $(flags)
	$(CC) $(api_flags) -DAPI_TOOLKIT -MMD -MP -c $< -o $@
$(EMULATOR_API_DIRECTORY)/prototypes.o: tests/emulator/driver/api_prototypes.c emulator/driver/api/api.h $(flags)
	@mkdir -p $(@D)
	$(CC) $(api_flags) -MMD -MP -c $< -o $@

$(BUILD)/tests/emulator/driver/test_api.o: $(EMULATOR_API_DIRECTORY)/emulator_api_functions.inc
$(BUILD)/tests/emulator/driver/test_api.o: CPPFLAGS += -I$(EMULATOR_API_DIRECTORY) $(api_toolkit)
$(BUILD)/tests/emulator/driver/test_api: $(api_objects)

# Real programs: CUDA C as nvcc compiles it for two targets. Without nvcc their tests are skipped.
program_names   := reduce atomics warps numbers programs tensor heap tiles device_library assembly
program_folder  := $(BUILD)/tests/ptx
program_targets := 75 80
ifneq ($(NVCC),)
program_ptx     := $(foreach target,$(program_targets),$(program_names:%=$(program_folder)/%.$(target).ptx))
endif
define program_rule
$(program_folder)/%.$(1).ptx: tests/data/kernels/%.cu
	@mkdir -p $$(@D)
	$$(NVCC) -std=c++17 -ptx -lineinfo -arch=compute_$(1) $$< -o $$@
endef
$(foreach target,$(program_targets),$(eval $(call program_rule,$(target))))
program_tests   := $(filter $(BUILD)/tests/emulator/driver/test_programs%,$(driver_tests))
$(program_tests): | $(program_ptx)
$(program_tests:%=%.o): CPPFLAGS += -DPROGRAM_PTX='"$(program_folder)"'

# --- the CUDA runtime on the emulated GPU ----------------------------------------------------------------------------
# Programs of the runtime, where there is an nvcc. A program without a sanitizer cannot load libraries with one.
runtime_folder  := $(BUILD)/tests/programs
hopper_folder   := $(BUILD)/tests/programs-hopper
ifneq ($(if $(SANITIZE),,$(NVCC)),)
runtime_programs := $(patsubst tests/programs/%.cu,$(runtime_folder)/%,$(wildcard tests/programs/*.cu)) $(runtime_folder)/linked
runtime_programs += $(patsubst tests/programs/hopper/%.cu,$(hopper_folder)/%,$(wildcard tests/programs/hopper/*.cu))
endif
runtime_compile   = $(NVCC) -std=c++17 -cudart shared -lineinfo -gencode arch=compute_75,code=compute_75
$(runtime_folder)/%: tests/programs/%.cu tests/programs/check.h
	@mkdir -p $(@D)
	$(runtime_compile) $< -o $@
$(hopper_folder)/%: tests/programs/hopper/%.cu tests/programs/check.h
	@mkdir -p $(@D)
	$(subst compute_75,compute_90,$(runtime_compile)) $< -o $@
$(runtime_folder)/linked: $(wildcard tests/programs/linked/*.cu) tests/programs/check.h
	@mkdir -p $(@D)
	$(runtime_compile) -rdc=true $(filter %.cu,$^) -o $@

$(runtime_tests): $(BUILD)/%: $(BUILD)/%.o $(EMULATOR_RUNTIMES) $(EMULATOR_LIBRARY) $(flags) | $(runtime_programs)
	$(CC) $(linked) $(LDFLAGS) -L$(BUILD)/emulator -l:libcudart.so.13 $(driver_test_link) -o $@
$(runtime_tests:%=%.o): CPPFLAGS += -DRUNTIME_PROGRAMS='"$(runtime_folder)"' -DHOPPER_PROGRAMS='"$(hopper_folder)"' -DRUNTIME_LIBRARY='"$(BUILD)/emulator"'

$(nvrtc_tests): $(BUILD)/%: $(BUILD)/%.o $(EMULATOR_NVRTC) $(EMULATOR_JITLINK) $(EMULATOR_LIBRARY) $(flags)
	$(CC) $(linked) $(LDFLAGS) -L$(BUILD)/emulator -l:libnvrtc.so.13 -l:libnvJitLink.so.13 $(driver_test_link) -o $@

$(cublas_tests): $(BUILD)/%: $(BUILD)/%.o $(BUILD)/emulator/cublas/numbers.13.o $(EMULATOR_CUBLAS) $(EMULATOR_LIBRARY) $(flags)
	$(CC) $(linked) $(LDFLAGS) -L$(BUILD)/emulator -l:libcublas.so.13 -l:libcublasLt.so.13 $(driver_test_link) -o $@

# The kept PTX and fat binaries, for machines without nvcc.
data_kernels := tests/data/kernels/driver.cu
data_targets := $(foreach target,75 80 90,-gencode arch=compute_$(target),code=compute_$(target))
.PHONY: emulator-test-data
emulator-test-data: ## write: compile the tests' kept kernels again (needs nvcc)
	$(NVCC) -O3 -std=c++17 -arch=compute_80 -lineinfo -ptx tests/data/kernels/core.cu -o tests/data/ptx/core.ptx
	sed -i 's#"[^"]*/tests/data/kernels#"tests/data/kernels#; /^\/\//d' tests/data/ptx/core.ptx
	$(NVCC) -O3 -std=c++17 -arch=compute_90 -lineinfo -ptx tests/data/kernels/ordered.cu -o tests/data/ptx/ordered.ptx
	sed -i 's#"[^"]*/tests/data/kernels#"tests/data/kernels#; s#"/usr/[^"]*/include/#"#; /^\/\//d' tests/data/ptx/ordered.ptx
	$(NVCC) -O3 -std=c++17 -arch=compute_80 -lineinfo -ptx tests/data/kernels/written.cu -o tests/data/ptx/written.ptx
	sed -i 's#"[^"]*/tests/data/kernels#"tests/data/kernels#; s#"/usr/[^"]*/include/#"#; /^\/\//d' tests/data/ptx/written.ptx
	$(NVCC) -std=c++17 -ptx -arch=compute_75 -o tests/data/ptx/driver.ptx $(data_kernels)
	sed -i '/^\/\//d' tests/data/ptx/driver.ptx
	$(NVCC) -std=c++17 -fatbin --no-compress $(data_targets) -o tests/data/ptx/driver_plain.fatbin $(data_kernels)
	$(NVCC) -std=c++17 -fatbin --compress-mode=speed $(data_targets) -o tests/data/ptx/driver_lz4.fatbin $(data_kernels)
	$(NVCC) -std=c++17 -fatbin --compress-mode=size $(data_targets) -o tests/data/ptx/driver_zstd.fatbin $(data_kernels)

# --- fuzzing: libFuzzer comes with clang; the programs test_corpus replay the kept corpora with any compiler ------------
fuzz_core    := $(notdir $(basename $(filter-out %/machine.c %/test_corpus.c,$(wildcard tests/emulator/fuzz/*.c))))
fuzz_host    := $(notdir $(basename $(filter-out %/files.c %/test_corpus.c,$(wildcard tests/fuzz/*.c))))
TARGETS      ?= $(fuzz_host) $(fuzz_core)
FUZZ_SECONDS ?= 60
fuzz_build   := BUILD=build-fuzz CC=clang NVCC= KERNEL_CLANG= OPTIMISE=-O1 EMULATOR_OPTIMISE=-O1 emulator_isas=baseline FUZZED=yes \
                SANITIZE="-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined"
# What computes on the CPU reads nothing of the input, and takes minutes to compile under sanitizers.
ifdef FUZZED
$(BUILD)/reference/%.o: override SANITIZE :=
endif
fuzz_link     = $(CC) $(LDFLAGS) -fsanitize=fuzzer $(linked)

$(BUILD)/tests/fuzz/test_corpus: $(fuzz_host:%=$(BUILD)/tests/fuzz/%.o) $(BUILD)/tests/fuzz/files.o
$(BUILD)/tests/emulator/fuzz/test_corpus: $(fuzz_core:%=$(BUILD)/tests/emulator/fuzz/%.o) $(BUILD)/tests/emulator/fuzz/machine.o

$(BUILD)/fuzz/%.o: tests/support/libfuzzer.c $(flags)
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -DFUZZ_TARGET=fuzz_$* -c $< -o $@
$(fuzz_host:%=$(BUILD)/fuzz/%): $(BUILD)/fuzz/%: $(BUILD)/fuzz/%.o $(BUILD)/tests/fuzz/%.o $(BUILD)/tests/fuzz/files.o $(BUILD)/liblockstep.a $(flags)
	$(fuzz_link) $(LDLIBS) -o $@
$(fuzz_core:%=$(BUILD)/fuzz/%): $(BUILD)/fuzz/%: $(BUILD)/fuzz/%.o $(BUILD)/tests/emulator/fuzz/%.o $(BUILD)/tests/emulator/fuzz/machine.o $(emulator_archive) $(flags)
	$(fuzz_link) -lm -ldl -pthread -o $@

.PHONY: fuzz fuzz-programs
fuzz-programs: $(TARGETS:%=$(BUILD)/fuzz/%)
fuzz: ## test: fuzz what is read and run, FUZZ_SECONDS a target, 60 unless said (needs clang); TARGETS="csv ptx" for some
	+@$(build_with) fuzz-programs $(fuzz_build)
	scripts/fuzz build-fuzz/fuzz $(FUZZ_SECONDS) $(TARGETS)
