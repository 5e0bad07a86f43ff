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
reference_sources :=
# Compiled once an instruction set, see reference/simd.h.
simd_sources      :=
gpu_sources       := gpu/counters.c gpu/cublas.c gpu/driver.c gpu/gpu.c gpu/graph.c gpu/launch.c gpu/library.c \
                     gpu/memory.c
operation_sources :=
bench_sources     :=
tests             :=

sources := $(common_sources) $(reference_sources) $(gpu_sources) $(operation_sources) $(bench_sources)

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

define simd_rule
$(BUILD)/%.$(1).o: %.c
	@mkdir -p $$(@D)
	$$(CC) $$(CPPFLAGS) $$(CFLAGS) $$(simd_$(1)) -DSIMD_LEVEL=$(1) -MMD -MP -c $$< -o $$@
endef
$(foreach level,$(simd_levels),$(eval $(call simd_rule,$(level))))

$(BUILD)/tests/%: $(BUILD)/tests/%.o $(BUILD)/liblockstep.a
	$(CC) $(LDFLAGS) $^ $(LDLIBS) -lcmocka -o $@

.PHONY: test
test: $(tests:%=$(BUILD)/tests/%) ## run the tests
	@set -e; for test in $^; do ./$$test; done

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
