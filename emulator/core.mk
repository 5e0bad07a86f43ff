# The core of the emulator: EMULATOR_CORE_OBJECTS for the library, its tests and its benchmark. emulator.mk includes it.
# The hot files of the executor are compiled once for each instruction set and chosen when a module is loaded.

BUILD ?= build
CC ?= cc
CFLAGS ?= -O2 -g

CORE_SOURCES := allocate arena block decode decode_operands decode_special execute_async execute_atomic \
	execute_barrier execute_control execute_generic execute_matrix execute_warp launch layout lexer machine memory \
	module parser parser_body pattern print race scope source warp
CORE_HOT_SOURCES := execute_arithmetic execute_memory
CORE_FLAGS := -std=c11 -D_GNU_SOURCE -fPIC -pthread -Wall -Wextra -Wshadow -Wconversion -Werror -ffp-contract=off \
	-fno-math-errno -fno-trapping-math
CORE_HOT_FLAGS := -O3

CORE_ISAS := baseline
ifneq (,$(findstring x86_64,$(shell $(CC) -dumpmachine)))
CORE_ISAS += avx2 avx512
CORE_FLAGS += -DEXECUTOR_HAS_X86_BUILDS
endif
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
