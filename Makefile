# lockstep: matched CPU and GPU kernels, timed and verified. `make help` lists the targets.

BUILD     ?= build
CC        ?= gcc
ifeq ($(origin CC),default)
CC        := gcc
endif
OPTIMISE  ?= -O3
SANITIZE  ?=
WARNINGS  := -Wall -Wextra -Wshadow -Wconversion
WERROR    ?=
CPPFLAGS  += -I. -D_GNU_SOURCE
# -fno-math-errno lets sqrtf become one instruction; -ffast-math is out of the question: it lets NaN pass a comparison.
CFLAGS    += -std=c11 $(OPTIMISE) -g -fopenmp -fno-math-errno -ffp-contract=off $(WARNINGS) $(WERROR) $(SANITIZE)
LDFLAGS   += -fopenmp $(SANITIZE)
LDLIBS    += -lopenblas -lz -lcjson -lsqlite3 -lm -ldl -lpthread

# OpenBLAS's openmp build, whatever the system's default is: its pthread build beside OpenMP code is a second pool of
# threads that spins against the first.
openblas_library := $(firstword $(wildcard /usr/lib/*/openblas-openmp))
openblas_include := $(firstword $(wildcard /usr/include/*/openblas-openmp))
ifneq ($(openblas_library),)
CPPFLAGS  += -isystem $(openblas_include)
LDFLAGS   += -L$(openblas_library) -Wl,-rpath,$(openblas_library)
endif

# BLIS is an optional peer, in its openmp build for the same reason: BLIS= leaves it out. Behind OpenBLAS, so that the
# names which both have are OpenBLAS's.
blis_library := $(firstword $(wildcard /usr/lib/*/blis-openmp))
blis_include := $(firstword $(wildcard /usr/include/*/blis-openmp))
BLIS ?= $(if $(wildcard $(blis_include)/blis.h),yes)
ifneq ($(BLIS),)
CPPFLAGS  += -DHAVE_BLIS -idirafter $(blis_include)
LDFLAGS   += -L$(blis_library) -Wl,-rpath,$(blis_library)
LDLIBS    += -lblis
endif

# oneDNN is an optional peer: ONEDNN= leaves it out. The versions that will do are named in the header.
ONEDNN ?= $(shell $(CC) $(CPPFLAGS) -E reference/onednn_api.h >/dev/null 2>&1 && echo yes)
ifneq ($(ONEDNN),)
CPPFLAGS  += -DHAVE_ONEDNN
LDLIBS    += -ldnnl
endif

# MPI is optional, and a library of its own (ranks/mpi_api.h): MPICC= leaves it out. The compiler behind mpicc is ours.
MPICC ?= $(shell command -v mpicc)
mpi_version := $(if $(MPICC),$(shell $(MPICC) -show))

# --- what a build is made of ------------------------------------------------------------------------------------------
# What every object and link is made with, in one file that is rewritten when its text changes: a flag, another compiler, a
# library that was installed or removed. All that is built depends on it.
.DEFAULT_GOAL := all
.PHONY: force
written_anew = { cmp -s $@.new $@ && rm $@.new || mv $@.new $@; }
flags := $(BUILD)/flags
$(flags): force
	@mkdir -p $(@D)
	@printf '%s\n' $(foreach made,$(made_with),'$(subst ','\'',$(made): $(strip $($(made))))') >$@.new
	@$(written_anew)
made_with     = CC cc_version mpi_version CPPFLAGS CFLAGS placement LDFLAGS LDLIBS $(simd_levels:%=simd_%) $(emulator_isas:%=emulator_isa_%) EMULATOR_OPTIMISE
cc_version   := $(shell $(CC) --version | head -n 1)
# The list of objects: an archive that holds one too many is made anew.
objects_list := $(BUILD)/objects
$(objects_list): force
	@mkdir -p $(@D)
	@printf '%s\n' $(objects) $(emulator_objects) >$@.new
	@$(written_anew)

# --- sources: every C file of a room ------------------------------------------------------------------------------------
include reference/reference.mk

host_rooms := common ranks reference reference/oracle reference/simd reference/collectives gpu \
              $(patsubst %/,%,$(sort $(dir $(wildcard kernels/*.c kernels/*/*.c bench/*/*.c bench/*/*/*.c))))
sources    := $(filter-out bench/commands/main.c $(simd_sources),$(foreach room,$(host_rooms),$(sort $(wildcard $(room)/*.c))))
objects    := $(sources:%.c=$(BUILD)/%.o) $(simd_objects) $(BUILD)/reports/templates.o

# --- building ---------------------------------------------------------------------------------------------------------
# What is built is built by a make of its own: it looks at the machine after `deps` has changed it, and it uses all cores
# while `make deps test` itself keeps to its order.
ifeq ($(MAKELEVEL),0)
.NOTPARALLEL:
endif
jobs       ?= $(shell nproc)
# Looked up when a recipe runs: only then does make tell whether it was called with -j.
build_with  = $(MAKE) --no-print-directory $(if $(filter -j%,$(MAKEFLAGS)),,-j$(jobs))

.PHONY: all programs
all: ## build: build everything
	+@$(build_with) programs
programs: $(BUILD)/lockstep $(BUILD)/emulator/libcuda.so.1

$(BUILD)/lockstep: $(BUILD)/bench/commands/main.o $(BUILD)/liblockstep.a $(flags)
	$(CC) $(LDFLAGS) $(linked) $(LDLIBS) -o $@
linked = $(filter %.o,$^) $(filter %.a,$^)

$(BUILD)/liblockstep.a: $(objects) $(objects_list)
	@mkdir -p $(@D)
	rm -f $@ && $(AR) rcs $@ $(filter %.o,$^)

$(BUILD)/%.o: %.c $(flags)
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c $< -o $@

ifneq ($(MPICC),)
MPI_LIBRARY := $(BUILD)/ranks/liblockstep-mpi.so
programs: $(MPI_LIBRARY)
mpicc        = OMPI_CC='$(CC)' MPICH_CC='$(CC)' $(MPICC)
$(MPI_LIBRARY): ranks/mpi/mpi.c ranks/mpi_api.h $(flags)
	@mkdir -p $(@D)
	$(mpicc) $(CPPFLAGS) $(CFLAGS) -fPIC -shared $< -o $@
endif

# The templates of a report, embedded.
$(BUILD)/reports/templates.o: reports/templates.S reports/style.gp reports/page.html
	@mkdir -p $(@D)
	$(CC) -c $< -o $@

# The kernels that `lockstep new` writes, embedded by bench/added/templates.c.
template_list := $(BUILD)/bench/added/templates_list.h
template_new  := $(sort $(wildcard examples/new/*.cu examples/new/*.c examples/new/*.py))
$(template_list): force
	@mkdir -p $(@D)
	@echo '#define TEMPLATE_LIST(X) $(foreach file,$(notdir $(template_new)),X($(basename $(file)),$(patsubst .%,%,$(suffix $(file)))))' >$@.new
	@$(written_anew)
$(BUILD)/bench/added/templates.o: CPPFLAGS += -I$(dir $(template_list))
$(BUILD)/bench/added/templates.o: $(template_list) $(template_new)

include kernels/kernels.mk
include emulator/emulator.mk
programs: $(EMULATOR_RUNTIMES) $(EMULATOR_NVRTC) $(EMULATOR_JITLINK) $(EMULATOR_CUBLAS) $(EMULATOR_COMPILERS)

# What was built, for `lockstep info`. Sources without a repository have no commit; what git has to say of a repository is
# shown.
commit := $(or $(if $(wildcard .git),$(shell git describe --always --dirty --abbrev=12)),unknown)
$(BUILD)/commit: force
	@mkdir -p $(@D)
	@echo '$(commit)' >$@.new
	@$(written_anew)
$(BUILD)/bench/devices/build_info.o: $(BUILD)/commit
$(BUILD)/bench/devices/build_info.o: CPPFLAGS += -DLOCKSTEP_COMMIT='"$(commit)"' -DLOCKSTEP_FLAGS='"$(strip $(CFLAGS))"'

# --- using ------------------------------------------------------------------------------------------------------------
.PHONY: gpu-check deps bench bench-yardsticks bench-pytorch bench-libraries regress profile install
deps: ## build: install what is needed (Debian, Ubuntu); PEERS=1 BLIS too, MPI=1 OpenMPI too, CHECK=1 linters too
	@scripts/deps

bench: all ## measure: time and verify everything, draw the plots; QUICK=1 takes under a minute
	$(BUILD)/lockstep run $(if $(QUICK),--quick) $(ARGUMENTS)

# An option with its value, but where ARGUMENTS give it: lockstep takes none twice.
unless_given = $(if $(filter $(1) $(1)=%,$(ARGUMENTS)),,$(1) $(2))

bench-yardsticks: all ## measure: the ratios of docs/measurements.md: kernels beside copies and bare library calls
	$(BUILD)/lockstep run $(call unless_given,--preset,yardsticks) --yardsticks $(ARGUMENTS)

# PyTorch is some gigabytes, from PyPI, in a folder of the build's own. python3-venv is all that it asks of the machine.
pytorch := $(BUILD)/pytorch
$(pytorch)/ready:
	python3 -m venv $(pytorch) || { echo 'bench-pytorch: install Debian'"'"'s python3-venv'; exit 1; }
	$(pytorch)/bin/pip install --quiet torch numpy
	@touch $@
bench-pytorch: all $(pytorch)/ready ## measure: ours beside PyTorch, eager and compiled, in one run; installs PyTorch from PyPI into build/pytorch
	$(BUILD)/lockstep run $(call unless_given,--preset,pytorch) $(call unless_given,--gpu,none) $(if $(QUICK),--quick) \
	    --add '$(pytorch)/bin/python peers/pytorch.py' $(ARGUMENTS)

bench-libraries: all ## measure: gemm beside the newest OpenBLAS, oneDNN and MKL, as ratios; installs them from PyPI into build/libraries
	@scripts/library-ratios $(BUILD) $(ARGUMENTS)

regress: all ## measure: BASE=revision: whether this build is slower than that one, the two run in turn; ARGUMENTS for `lockstep ab`
	+@scripts/regress $(BUILD) '$(BASE)' $(ARGUMENTS)

gpu-check: all ## measure: do on a real GPU all that is otherwise emulated; leaves the folder gpu-check
	scripts/gpu-check $(BUILD)

profile: all ## measure: CASE=… IMPLEMENTATION=… in Nsight Systems and Nsight Compute, see docs/profiling.md
	@scripts/profile '$(CASE)' '$(IMPLEMENTATION)' $(BUILD)/lockstep

prefix ?= $(or $(PREFIX),/usr/local)
install: all ## build: install the program, and headers and Python module for kernels of one's own, below prefix (/usr/local)
	install -D $(BUILD)/lockstep $(DESTDIR)$(prefix)/bin/lockstep
	install -D -m 644 $(BUILD)/emulator/libcuda.so.1 $(DESTDIR)$(prefix)/lib/lockstep/libcuda.so.1
	ln -sf libcuda.so.1 $(DESTDIR)$(prefix)/lib/lockstep/libcuda.so
	install -m 644 -t $(DESTDIR)$(prefix)/lib/lockstep $(EMULATOR_RUNTIMES) $(EMULATOR_NVRTC) $(EMULATOR_JITLINK) $(EMULATOR_CUBLAS)
	install -m 755 -t $(DESTDIR)$(prefix)/lib/lockstep $(EMULATOR_COMPILERS)
	$(if $(MPI_LIBRARY),install -m 644 -t $(DESTDIR)$(prefix)/lib/lockstep $(MPI_LIBRARY))
	install -D -m 644 include/lockstep/implementation.h $(installed_headers)/implementation.h
	install -D -m 644 -t $(installed_headers)/common common/problem.h common/status.h
	install -D -m 644 -t $(installed_headers)/kernels kernels/clang_device.h
	install -D -m 644 -t $(DESTDIR)$(prefix)/share/lockstep/peers peers/*.py
	install -d $(DESTDIR)$(prefix)/lib/pkgconfig
	sed 's#@prefix@#$(prefix)#; s#@version@#$(version)#' include/lockstep.pc.in >$(DESTDIR)$(prefix)/lib/pkgconfig/lockstep.pc
installed_headers = $(DESTDIR)$(prefix)/include/lockstep
version           = $(shell sed -n 's/^const char build_version\[\] = "\(.*\)";/\1/p' bench/devices/build_info.c)

include tests/tests.mk

# --- checking ---------------------------------------------------------------------------------------------------------
.PHONY: test test-every-float check arrows lint tidy format
test: ## test: run the tests; ROOM=emulator/ptx: those of one room
	+@$(build_with) test-programs
	scripts/test $(BUILD) $(filter $(BUILD)/tests/$(ROOM)%,$(test_programs))

# 77: made by another compiler than the recorded counts. A skip, said aloud, unless CI asks for the gate with REQUIRE=1.
.PHONY: check-model
check-model: all ## check: the errors of predicted times against published ones, and that program and script predict alike
	@scripts/fit-model check $(BUILD)/lockstep

.PHONY: counters-gate counters-baseline ladder readme-table rooms-picture
counters-gate: all ## check: fail when a kernel's counts are not those of reports/baseline; REQUIRE=1 never skips
	@scripts/counters-gate $(BUILD) || { status=$$?; [ $$status -eq 77 ] && [ -z "$(REQUIRE)" ]; }

ladder: all ## measure: count the GEMM ladder at 1024x1024x1024 and write the table of docs/ladder.md
	@scripts/ladder $(BUILD)

rooms-picture: ## write: draw docs/rooms.svg from the table of docs/design.md
	scripts/rooms-picture >docs/rooms.svg

readme-table: ## write: RUN=FOLDER: write the table of results in README.md from a run's files
	@scripts/readme-table $(or $(RUN),reports/latest)/results.csv README.md

counters-baseline: all ## write: show how the kernels' counts differ from reports/baseline, and record them
	@scripts/counters-gate $(BUILD) update

# One program under three names: the number says by how many percent cross-entropy waits, see tests/support/slowed.c.
slowed := $(addprefix $(BUILD)/tests/lockstep-slowed-,0 5 10)
$(BUILD)/tests/lockstep-slowed: $(BUILD)/bench/commands/main.o $(BUILD)/tests/support/slowed.o $(BUILD)/liblockstep.a $(flags)
	$(CC) $(LDFLAGS) -Wl,--wrap=cross_entropy_simd $(linked) $(LDLIBS) -o $@
$(slowed): $(BUILD)/tests/lockstep-slowed
	ln -sf $(<F) $@

COMPARISONS ?= 4
VERDICTS    ?= $(BUILD)/verdicts
.PHONY: test-verdicts
test-verdicts: programs $(slowed) ## test: whether verdicts are right, with a build that was slowed; COMPARISONS=200 for the figures of docs/measurements.md
	scripts/verdicts $(BUILD) $(VERDICTS) $(COMPARISONS)
test-every-float: $(BUILD)/tests/reference/every_float ## test: the vectorised functions on all 2^32 inputs: some hours; STRIDE=61 every 61st
	$(BUILD)/tests/reference/every_float $(STRIDE)

# -O3 under UBSan takes minutes a file; machine code for GPUs is none of the sanitizers' business.
check: lint tidy ## test: lint, clang-tidy, and the tests under AddressSanitizer and UBSan
	$(MAKE) test BUILD=build-sanitize CC=gcc WERROR=-Werror ARCHITECTURES= EMULATOR_OPTIMISE=-O1 \
	    OPTIMISE="-O1 -fno-omit-frame-pointer" SANITIZE="-fsanitize=address,undefined -fno-sanitize-recover=undefined"

tracked_c = $(shell git ls-files '*.c' '*.h' '*.cu' '*.cuh')
# What can be compiled here: these want mpi.h.
mpi_c      = ranks/mpi/mpi.c tests/ranks/allreduce_loop.c tests/stand_in/machines.c
tidy_c     = $(filter-out $(if $(MPICC),,$(mpi_c)),$(filter %.c,$(tracked_c)))
# What is built for the warnings of the host's compilers alone.
for_warnings := test-programs WERROR=-Werror OPTIMISE=-O1 EMULATOR_OPTIMISE=-O1 NVCC= KERNEL_CLANG=
arrows: programs ## check: which room uses which against the table of docs/design.md
	scripts/arrows $(BUILD)

lint: ## check: formatting, documents, arrows between rooms, shell scripts, and both compilers with warnings as errors
	clang-format --dry-run --Werror $(tracked_c)
	shellcheck $(shell git grep -lE '^#!/bin/(ba)?sh' -- ':!*.md')
	scripts/docs-check
	scripts/operation-names
	scripts/rooms-picture | cmp - docs/rooms.svg || { echo 'lint: docs/rooms.svg is not that of docs/design.md: make rooms-picture'; exit 1; }
	+$(build_with) $(for_warnings) BUILD=build-gcc CC=gcc
	scripts/arrows build-gcc
	+$(build_with) $(for_warnings) BUILD=build-clang CC=clang

# A file that was found clean is looked at again when it, a header of its, the checks or the flags have changed.
tidy_flags = $(CPPFLAGS) -Iinclude -I$(kernel_build) -I$(dir $(template_list)) -I$(EMULATOR_API_DIRECTORY) $(call isystem,$(TOOLKIT_INCLUDE)) $(simd_avx2) \
             -DSIMD_LEVEL=avx2 -DLOCKSTEP_COMMIT='""' -DLOCKSTEP_FLAGS='""' -DSTAND_IN_FOLDER='""' -DPROGRAM_PTX='""' -DRUNTIME_LIBRARY='""' -DRUNTIME_PROGRAMS='""' -DHOPPER_PROGRAMS='""' \
             -DFUZZ_TARGET=fuzz_csv $(patsubst -I%,-isystem %,$(filter -I%,$(mpi_version))) \
             -std=c11 -fopenmp
tidy_made  = $(template_list) $(kernel_build)/kernels_built.h $(kernel_build)/kernels_list.h $(addprefix $(EMULATOR_API_DIRECTORY)/emulator_api_,list.inc functions.inc)
tidy_clean = $(patsubst %.c,$(BUILD)/tidy/%.clean,$(tidy_c))
tidy: ## check: clang-tidy over every C file
	+@$(build_with) --keep-going --output-sync tidy-files
.PHONY: tidy-files
ifneq ($(filter tidy-files,$(MAKECMDGOALS)),)
tidy-files: $(tidy_clean)
tidy_stamp := $(BUILD)/tidy/stamp-$(shell printf '%s' '$(tidy_flags)' | cksum | cut -d' ' -f1)
$(tidy_stamp):
	@mkdir -p $(@D)
	@rm -f $(BUILD)/tidy/stamp-* && touch $@
# One file a call: given several, its va_list checker reports what is not there.
$(tidy_clean): $(BUILD)/tidy/%.clean: %.c $(wildcard .clang-tidy */.clang-tidy) $(tidy_stamp) | $(tidy_made)
	@mkdir -p $(@D)
	@clang $(tidy_flags) -MM -MP -MT $@ -MF $(@:.clean=.d) $<
	@echo "clang-tidy $<"
	@clang-tidy --quiet $< -- $(tidy_flags) >$(@:.clean=.log) 2>&1 || { cat $(@:.clean=.log); exit 1; }
	@touch $@
endif

format: ## check: format every source file
	clang-format -i $(tracked_c)

.PHONY: help clean
help: ## build: this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { \
	        group = text = $$2; sub(/:.*/, "", group); sub(/[^:]*: /, "", text); \
	        if (!(group in lines)) order[++groups] = group; \
	        lines[group] = lines[group] sprintf("  %-22s%s\n", $$1, text) } \
	    END { for (g = 1; g <= groups; g++) printf "%s%s\n%s", (g > 1 ? "\n" : ""), order[g], lines[order[g]] }' $(MAKEFILE_LIST)

clean: ## build: remove what was built
	rm -rf build build-*

# Another revision's build may lie in base, see scripts/regress.
-include $(shell find $(BUILD) -path $(BUILD)/base -prune -o -name '*.d' -print 2>/dev/null)
