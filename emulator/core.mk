# The core of the emulator: EMULATOR_CORE_OBJECTS for the library, its tests and its benchmark. emulator.mk includes it.
# clang need not warn of lane loops that it leaves as they are (-Wno-pass-failed; gcc ignores it).
# The hot files of the executor are compiled once for each instruction set and chosen when a module is loaded.

BUILD ?= build
CC ?= cc
CFLAGS ?= -O2 -g

CORE_SOURCES := allocate arena block decode decode_operands decode_special execute_async execute_atomic \
	execute_barrier execute_control execute_fragment execute_generic execute_matrix execute_warp heap launch layout lexer \
	machine memory module parser parser_body pattern print race request scope scratch source warp
CORE_HOT_SOURCES := execute_arithmetic execute_memory
CORE_FLAGS := -std=c11 -D_GNU_SOURCE -fPIC -pthread -Wall -Wextra -Wshadow -Wconversion -Werror -ffp-contract=off \
	-fno-math-errno -fno-trapping-math -Wno-pass-failed
EMULATOR_OPTIMISE ?= -O3
CORE_HOT_FLAGS := $(EMULATOR_OPTIMISE)

ifneq (,$(findstring x86_64,$(shell $(CC) -dumpmachine)))
CORE_ISAS ?= baseline avx2 avx512
endif
CORE_ISAS ?= baseline
CORE_FLAGS += $(if $(filter avx512,$(CORE_ISAS)),-DEXECUTOR_HAS_X86_BUILDS)
CORE_FLAGS_baseline :=
CORE_FLAGS_avx2 := -mavx2 -mfma -mbmi2
CORE_FLAGS_avx512 := $(CORE_FLAGS_avx2) -mavx512f -mavx512bw -mavx512dq -mavx512vl -mprefer-vector-width=512

CORE_DIRECTORY := $(BUILD)/emulator/objects
EMULATOR_CORE_OBJECTS := $(CORE_SOURCES:%=$(CORE_DIRECTORY)/%.o) \
	$(foreach isa,$(CORE_ISAS),$(CORE_HOT_SOURCES:%=$(CORE_DIRECTORY)/%.$(isa).o))

$(CORE_SOURCES:%=$(CORE_DIRECTORY)/%.o): $(CORE_DIRECTORY)/%.o: emulator/%.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(CORE_FLAGS) -MMD -MP -c $< -o $@

define CORE_HOT_RULE
$$(CORE_HOT_SOURCES:%=$$(CORE_DIRECTORY)/%.$(1).o): $$(CORE_DIRECTORY)/%.$(1).o: emulator/%.c
	@mkdir -p $$(@D)
	$$(CC) $$(CFLAGS) $$(CORE_FLAGS) $$(CORE_HOT_FLAGS) $$(CORE_FLAGS_$(1)) -DEXECUTOR_SUFFIX=$(1) -MMD -MP -c $$< -o $$@
endef
$(foreach isa,$(CORE_ISAS),$(eval $(call CORE_HOT_RULE,$(isa))))

-include $(EMULATOR_CORE_OBJECTS:.o=.d)

# ---- Tests: linked with the objects, not the library, to reach the machine itself ----

CORE_TEST_FLAGS := -std=c11 -D_GNU_SOURCE -pthread -Wall -Wextra -Wshadow -Wconversion -Werror
CORE_TESTS := $(patsubst %,$(BUILD)/tests/test_emulator_%,counters wavefronts execute checks refusals corpus)
CORE_TEST_SUPPORT := $(BUILD)/tests/emulator_core.o
CORE_LINK = $(filter %.o,$^) $(LDFLAGS) -lcmocka -lm -pthread

$(CORE_TEST_SUPPORT): tests/emulator_core.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(CORE_TEST_FLAGS) -MMD -MP -c $< -o $@

.SECONDEXPANSION:
$(CORE_TESTS): $(BUILD)/tests/%: tests/%.c $(CORE_TEST_SUPPORT) $(EMULATOR_CORE_OBJECTS) $$(ARITHMETIC_OBJECTS)
	$(CC) $(CFLAGS) $(CORE_TEST_FLAGS) -MMD -MP $< $(CORE_LINK) -o $@

.PHONY: test-emulator-core emulator-core-data
test-emulator-core: $(CORE_TESTS) ## test the core of the emulated GPU
	@for test in $(CORE_TESTS); do echo "$$test"; $$test || exit 1; done

emulator-core-data: ## compile the kept kernels of the core's tests again (needs nvcc)
	$(NVCC) -O3 -std=c++17 -arch=compute_80 -lineinfo -ptx tests/kernels/core.cu -o tests/ptx/core.ptx
	sed -i 's#"[^"]*/tests/kernels#"tests/kernels#; /^\/\//d' tests/ptx/core.ptx

# ---- Fuzzing: libFuzzer comes with clang; test_emulator_corpus replays the kept corpus with any compiler ----

FUZZ_CORPUS := tests/corpus/ptx
FUZZ_SECONDS ?= 60
FUZZ_FLAGS := -O1 -g -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined
FUZZ_SOURCES := $(CORE_SOURCES:%=emulator/%.c) $(CORE_HOT_SOURCES:%=emulator/%.c)

$(BUILD)/tests/fuzz_ptx: tests/fuzz_ptx.c $(FUZZ_SOURCES) $$(ARITHMETIC_OBJECTS)
	@mkdir -p $(@D)
	clang $(FUZZ_FLAGS) $(filter-out -D%BUILDS,$(CORE_FLAGS)) $^ -lm -pthread -o $@

$(CORE_DIRECTORY)/fuzz_ptx.o: tests/fuzz_ptx.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(CORE_TEST_FLAGS) -MMD -MP -c $< -o $@

$(BUILD)/tests/test_emulator_corpus: $(CORE_DIRECTORY)/fuzz_ptx.o

.PHONY: fuzz bench-emulator
fuzz: $(BUILD)/tests/fuzz_ptx ## fuzz the emulator's PTX loader for FUZZ_SECONDS, 60 unless said (needs clang)
	mkdir -p $(BUILD)/fuzz/ptx
	$< -max_total_time=$(FUZZ_SECONDS) -timeout=20 -dict=$(FUZZ_CORPUS).dict \
		-artifact_prefix=$(BUILD)/fuzz/ $(BUILD)/fuzz/ptx $(FUZZ_CORPUS)

$(BUILD)/emulator/benchmark: emulator/benchmark.c $(EMULATOR_CORE_OBJECTS) $$(ARITHMETIC_OBJECTS)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(CORE_TEST_FLAGS) $^ $(LDFLAGS) -lm -pthread -o $@

bench-emulator: $(BUILD)/emulator/benchmark ## how fast the emulated GPU is
	$<
