# The emulator's arithmetic: ARITHMETIC_OBJECTS for the library, and its tests.
#   make -f emulator/arithmetic.mk test-arithmetic      the tests
#   make -f emulator/arithmetic.mk test-exhaustive      every f32 input of the approximations and conversions, minutes
# emulator.mk includes it. The kernels are compiled once for each instruction set; the flags must never let the
# compiler change results: no contraction, no reassociation. Errors are not reported through errno, nor exceptions
# through flags, which nobody here reads.

BUILD ?= build
CC ?= cc
CFLAGS ?= -O2 -g

ARITHMETIC_KERNELS := float32 float64 half integer bits compare convert_integer convert_float \
	matrix_multiply
ARITHMETIC_FLAGS := -std=c11 -D_GNU_SOURCE -fPIC -Wall -Wextra -Wshadow -Wconversion -Werror
EMULATOR_OPTIMISE ?= -O3
ARITHMETIC_KERNEL_FLAGS := $(EMULATOR_OPTIMISE) -ffp-contract=off -fno-math-errno -fno-trapping-math

ARITHMETIC_ISAS := baseline
ifneq (,$(findstring x86_64,$(shell $(CC) -dumpmachine)))
ARITHMETIC_ISAS += avx2 avx512
endif
ARITHMETIC_FLAGS_baseline :=
ARITHMETIC_FLAGS_avx2 := -mavx2 -mfma -mbmi2
ARITHMETIC_FLAGS_avx512 := $(ARITHMETIC_FLAGS_avx2) -mavx512f -mavx512bw -mavx512dq -mavx512vl \
	-mprefer-vector-width=512

ARITHMETIC_DIRECTORY := $(BUILD)/emulator/objects
ARITHMETIC_OBJECTS := $(ARITHMETIC_DIRECTORY)/arithmetic.o $(ARITHMETIC_DIRECTORY)/arithmetic_matrix.o \
	$(foreach isa,$(ARITHMETIC_ISAS),$(ARITHMETIC_KERNELS:%=$(ARITHMETIC_DIRECTORY)/arithmetic_%.$(isa).o))

$(ARITHMETIC_DIRECTORY)/arithmetic.o $(ARITHMETIC_DIRECTORY)/arithmetic_matrix.o: \
		$(ARITHMETIC_DIRECTORY)/%.o: emulator/%.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(ARITHMETIC_FLAGS) -MMD -MP -c $< -o $@

define ARITHMETIC_KERNEL_RULE
$$(ARITHMETIC_KERNELS:%=$$(ARITHMETIC_DIRECTORY)/arithmetic_%.$(1).o): \
		$$(ARITHMETIC_DIRECTORY)/%.$(1).o: emulator/%.c
	@mkdir -p $$(@D)
	$$(CC) $$(CFLAGS) $$(ARITHMETIC_FLAGS) $$(ARITHMETIC_KERNEL_FLAGS) $$(ARITHMETIC_FLAGS_$(1)) \
		-DARITHMETIC_SUFFIX=$(1) -MMD -MP -c $$< -o $$@
endef
$(foreach isa,$(ARITHMETIC_ISAS),$(eval $(call ARITHMETIC_KERNEL_RULE,$(isa))))

# The tests look instructions up by the text of PTX, with the executor's own matching of patterns.
ARITHMETIC_TEST_NAMES := $(patsubst tests/%.c,%,$(wildcard tests/test_emulator_arithmetic_*.c))
ARITHMETIC_TESTS := $(ARITHMETIC_TEST_NAMES:%=$(BUILD)/tests/%)
ARITHMETIC_TEST_SUPPORT := $(ARITHMETIC_DIRECTORY)/arithmetic_lookup.o $(ARITHMETIC_DIRECTORY)/arithmetic_pattern.o

$(ARITHMETIC_DIRECTORY)/arithmetic_lookup.o: tests/arithmetic_lookup.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(ARITHMETIC_FLAGS) -Iemulator -MMD -MP -c $< -o $@

$(ARITHMETIC_DIRECTORY)/arithmetic_pattern.o: emulator/pattern.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(ARITHMETIC_FLAGS) -MMD -MP -c $< -o $@

$(ARITHMETIC_TESTS): $(BUILD)/tests/%: tests/%.c $(ARITHMETIC_TEST_SUPPORT) $(ARITHMETIC_OBJECTS)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(ARITHMETIC_FLAGS) -ffp-contract=off -frounding-math -Iemulator -MMD -MP $< \
		$(ARITHMETIC_TEST_SUPPORT) $(ARITHMETIC_OBJECTS) $(LDFLAGS) -lcmocka -lm -o $@

$(BUILD)/tests/exhaustive_arithmetic: tests/exhaustive_arithmetic.c $(ARITHMETIC_TEST_SUPPORT) $(ARITHMETIC_OBJECTS)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(ARITHMETIC_FLAGS) -O2 -ffp-contract=off -frounding-math -fopenmp -Iemulator -MMD -MP $< \
		$(ARITHMETIC_TEST_SUPPORT) $(ARITHMETIC_OBJECTS) $(LDFLAGS) -lcmocka -lm -o $@

.PHONY: test-arithmetic test-exhaustive
test-arithmetic: $(ARITHMETIC_TESTS) ## test the emulator's arithmetic
	@for test in $(ARITHMETIC_TESTS); do $$test || exit 1; done

test-exhaustive: $(BUILD)/tests/exhaustive_arithmetic ## try every f32 input of the emulator's approximations
	$<

-include $(wildcard $(ARITHMETIC_DIRECTORY)/arithmetic*.d $(BUILD)/tests/*arithmetic*.d)
