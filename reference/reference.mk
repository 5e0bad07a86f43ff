# Vectorised C: a file that names what it defines by SIMD_NAME is compiled once for each instruction set, and the best is
# picked at run time (reference/simd/simd.h). Included by the Makefile.

# 512-bit vectors are asked for because gcc's default of 256 bits costs a factor of about two on transcendental loops.
simd_levels   := baseline avx2 avx512
simd_baseline :=
simd_avx2     := -mavx2 -mfma -mf16c
simd_avx512   := -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx2 -mfma -mprefer-vector-width=512
# gcc leaves formulas that stand side by side one behind the other unless it may schedule before it has given out
# registers, which is worth 10 to 15% in the transcendental loops; clang does so anyway and knows no such option.
simd_avx512   += $(shell $(CC) -Werror -fschedule-insns -fsched-pressure -E -x c /dev/null >/dev/null 2>&1 && \
                   echo -fschedule-insns -fsched-pressure)

# Rows of the CPU keep their speed from one link to the next, and as shared libraries: a loop that lies across one more line
# of 64 bytes than before made softmax 5% slower. gcc's default is multiples of 16.
placement     := -falign-functions=64 -falign-loops=32
$(BUILD)/reference/%.o: private CFLAGS += $(placement)

simd_sources  := $(shell grep -lw SIMD_NAME reference/simd/*.c reference/oracle/*.c ranks/*.c)
simd_objects  := $(foreach level,$(simd_levels),$(simd_sources:%.c=$(BUILD)/%.$(level).o))

define simd_rule
$(BUILD)/%.$(1).o: %.c $(flags)
	@mkdir -p $$(@D)
	$$(CC) $$(CPPFLAGS) $$(CFLAGS) $$(simd_$(1)) -DSIMD_LEVEL=$(1) -MMD -MP -c $$< -o $$@
endef
$(foreach level,$(simd_levels),$(eval $(call simd_rule,$(level))))

# A tile takes every register that there is, and that order of instructions takes one more.
simd_tile := $(simd_avx512) $(if $(filter -fschedule-insns,$(simd_avx512)),-fno-schedule-insns)
$(patsubst %,$(BUILD)/reference/simd/%.avx512.o,gemm_tile gemm_few): simd_avx512 := $(simd_tile)
