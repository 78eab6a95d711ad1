# Genplay: one C library (core/), built natively for its tests and to WebAssembly for the page, Node and the command line.
#
#   make start        install what is missing, build, serve the page on localhost
#   make              the same without serving: everything, and the page as static files in dist/
#   make test         every test: native C under sanitizers, Node on the wasm build, the page in Chromium
#   make data         download MNIST into data/ (GENPLAY_DATA names another folder, MNIST_MIRROR another mirror)
#   make bench-kernels   build what `node tests/bench/kernels.mjs` measures
#   make figures      repeat every number and picture of the README
#   make pretrained   train the shipped weights again (RECIPE=name: only that one)
#   make races        the threads' tests under ThreadSanitizer, where compiler and kernel have it
#   make clean        remove what was built
#
# Parts: native, native-tests, wide, wasm, types, page, package.  Several builds can live side by side: make O=/tmp/a W=/tmp/b wasm

# Folders: native objects and programs; the engine (genplay.mjs loads it from wasm/build, elsewhere it is only built); the page.
O ?= build
W ?= wasm/build
D ?= dist

# The set-up's private tools (see wasm/setup.sh) come before the system's: Debian 12's own emcc is too old.
# SETUP=true skips the set-up.
SETUP ?= wasm/setup.sh
export GENPLAY_TOOLS ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/genplay
export PATH := $(GENPLAY_TOOLS)/emscripten:$(PATH)
EMCC ?= emcc
# V=1 shows each command whole.
Q := $(if $(V),,@)
BIN := node_modules/.bin
export O W D

# As many jobs as there are cores, unless -j was given.
ifeq ($(filter -j%,$(MAKEFLAGS)),)
MAKEFLAGS += -j$(shell getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
endif

# ---------------------------------------------------------------------------------------------------------------- sources

CORE := $(sort $(wildcard core/*.c core/*/*.c core/*/*/*.c))
TESTS := $(sort $(wildcard tests/core/*.c))
POOL_TESTS := tests/core/main.c tests/core/test_pool.c
PROGRAMS := $(patsubst tests/native/%.c,$(O)/native/%,$(wildcard tests/native/*.c))
BOUNDARY := $(sort $(wildcard wasm/*.c))

# ------------------------------------------------------------------------------------------------------------------ flags

# -ffp-contract=off: no fused multiply-add behind our back, so that native and wasm give the same bytes; never -ffast-math.
# -fno-math-errno: sqrt is one instruction.      -MMD -MP: remember which headers and tables each object read.
FLAGS := -std=c11 -Icore -ffp-contract=off -fno-math-errno -MMD -MP -Wall -Wextra -Wshadow

# SIMDe's headers are the system's, except where Homebrew keeps them.      NATIVE: flags of your own, such as -march=native.
SIMDE := $(addprefix -isystem ,$(wildcard /opt/homebrew/include))
NATIVE_FLAGS := -O3 $(SIMDE) $(NATIVE)

# With a pool of threads.
THREADS := -pthread -DGENPLAY_THREADS

# Every instruction of this machine, and fused multiply-adds in the arithmetic of training; data and first weights are those of every build.
# A compiler that is older than the processor would take half the width; those for other processors do not know the flag.
VECTORS = $(shell $(CC) -mprefer-vector-width=512 -E -x c /dev/null >/dev/null 2>&1 && echo -mprefer-vector-width=512)
WIDE_FLAGS = $(NATIVE_FLAGS) $(THREADS) -DGENPLAY_WIDE -march=native $(VECTORS) $(if $(filter core/kernels/% core/graph/%,$<),-ffp-contract=fast)

# Warnings are errors only here: a compiler that we have never seen may warn about anything, and must still build.
# Floats that silently become doubles are errors too, but clang takes NAN and INFINITY for such.
PROMOTION := $(if $(findstring clang,$(shell $(CC) --version 2>/dev/null)),,-Wdouble-promotion)
CHECKED := $(SIMDE) $(THREADS) -O1 -g -fno-omit-frame-pointer
ASAN_FLAGS := $(CHECKED) -Werror $(PROMOTION) -fsanitize=address,undefined -fno-sanitize-recover=all
TSAN_FLAGS := $(CHECKED) -fsanitize=thread

# What builds graphs, reads files or draws is made small, the rest fast.
SMALL := $(wildcard core/*.c) core/models/% core/nn/% core/io/% core/view/% core/lessons/% wasm/% $(addprefix core/graph/,graph.c params.c) \
  $(addprefix core/base/,arena.c decimal.c error.c knob.c)
WASM_FLAGS = $(if $(filter $(SMALL),$<),-Oz,-O3)

# Three builds from the same sources: simd is for everyone, relaxed has fused multiply-add, threads has a pool (core/base/pool.h).
BUILDS := simd relaxed threads
simd_FLAGS := -msimd128
relaxed_FLAGS := -msimd128 -mrelaxed-simd
threads_FLAGS := -msimd128 $(THREADS)

# The first two come in two parts (wasm/split.mjs).
SPLIT := simd relaxed
simd_LINKED := $(W)/obj/simd/whole.js
relaxed_LINKED := $(W)/obj/relaxed/whole.js
threads_LINKED := $(W)/threads.mjs

# A module factory for pages, workers and Node.  What is exported: malloc, free, and what the boundary marks GENPLAY_API.
# emmalloc: the core asks for a few large arenas, so the smallest allocator does.      FILESYSTEM=0: files are JavaScript's.
# 512 kB of stack: the default 64 kB is less than some kernels' tiles.
RUNTIME := GL,HEAPU8,HEAP32,HEAPU32,HEAPF32,HEAPF64,UTF8ToString,stringToUTF8,lengthBytesUTF8
LINK_FLAGS := -O3 --no-entry -sMODULARIZE -sEXPORT_ES6 -sENVIRONMENT=web,worker,node -sFILESYSTEM=0 -sMALLOC=emmalloc \
  -sALLOW_MEMORY_GROWTH -sMAXIMUM_MEMORY=4GB -sSTACK_SIZE=512KB -sMIN_WEBGL_VERSION=2 -sMAX_WEBGL_VERSION=2 \
  -sGL_ENABLE_GET_PROC_ADDRESS=0 -sGL_TRACK_ERRORS=0 -sGL_SUPPORT_AUTOMATIC_ENABLE_EXTENSIONS=0 -sGL_SUPPORT_SIMPLE_ENABLE_EXTENSIONS=0 \
  -sGL_SUPPORT_EXPLICIT_SWAP_CONTROL=0 -sGL_WORKAROUND_SAFARI_GETCONTEXT_BUG=0 -sTEXTDECODER=2 \
  -sEXPORTED_FUNCTIONS=_malloc,_free \
  -sEXPORTED_RUNTIME_METHODS=$(RUNTIME)

# Both parts' loader, and nothing for hooks that nobody uses.      -O0: no string may be the end of another, which may move (wasm/split.mjs).
SPLIT_LINK := -Wl,-O0 --pre-js wasm/parts.pre.js -sINCOMING_MODULE_JS_API=instantiateWasm -sEXPORTED_RUNTIME_METHODS=$(RUNTIME),stackSave,stackRestore
simd_LINK := $(SPLIT_LINK)
relaxed_LINK := $(SPLIT_LINK)

# Browsers start a worker only while the page's own thread rests, so the pool's are started beforehand, as many as the loader asked for.
# Memory that grows is slow for Emscripten's JavaScript only, which no loop of ours is in.
threads_LINK := -sPTHREAD_POOL_SIZE='Module["helpers"]' -sDEFAULT_PTHREAD_STACK_SIZE=512KB -Wno-pthreads-mem-growth \
  -sEXPORTED_RUNTIME_METHODS=$(RUNTIME),PThread --pre-js wasm/threads.pre.js

# ---------------------------------------------------------------------------------------------------------------- targets

.PHONY: all start test bench-kernels data figures pretrained races clean setup native native-tests wide wasm types page package
all: native page

start: page
	node wasm/serve.mjs $(D)

# The tests need Chromium too.  Node 20's runner takes files, not patterns, and its first releases know neither flag.
test: SETUP += --test
test: all native-tests wide types
	node --test $(shell node --test-timeout=1 -e 0 2>/dev/null && echo --test-concurrency=2 --test-timeout=900000) \
	  $(sort $(shell find tests -name '*.test.mjs'))

data:
	node wasm/fetch-mnist.mjs

figures: wasm
	node tests/figures.mjs

pretrained: wasm $(if $(shell command -v $(CC)),wide)
	node wasm/pretrain.mjs $(RECIPE)

races: $(O)/tsan/tests
	$<

clean:
	rm -rf $(O) $(W) $(D)

setup:
	@$(SETUP)

# ----------------------------------------------------------------------------------------------------------------- native

# The library, and the tests' programs, such as the one that the byte-for-byte comparison with wasm runs.
native: $(O)/native/libgenplay.a $(PROGRAMS)
native-tests: $(O)/asan/tests

$(O)/obj/native/%.o: %.c Makefile | setup
	@mkdir -p $(@D)
	@echo 'native   $<'
	$(Q)$(CC) $(FLAGS) $(NATIVE_FLAGS) -c $< -o $@
$(O)/obj/asan/%.o: %.c Makefile | setup
	@mkdir -p $(@D)
	@echo 'asan     $<'
	$(Q)$(CC) $(FLAGS) $(ASAN_FLAGS) -c $< -o $@
$(O)/obj/tsan/%.o: %.c Makefile | setup
	@mkdir -p $(@D)
	@echo 'tsan     $<'
	$(Q)$(CC) $(FLAGS) $(TSAN_FLAGS) -c $< -o $@

# Made anew each time: ar would keep the objects of sources that are gone.
$(O)/native/libgenplay.a: $(CORE:%.c=$(O)/obj/native/%.o)
	@mkdir -p $(@D)
	@rm -f $@
	@echo 'link     $@'
	$(Q)$(AR) rcs $@ $^
$(PROGRAMS): $(O)/native/%: $(O)/obj/native/tests/native/%.o $(O)/native/libgenplay.a
	@echo 'link     $@'
	$(Q)$(CC) $^ -lm -o $@
$(O)/asan/tests: $(CORE:%.c=$(O)/obj/asan/%.o) $(TESTS:%.c=$(O)/obj/asan/%.o)
	@mkdir -p $(@D)
	@echo 'link     $@'
	$(Q)$(CC) $(ASAN_FLAGS) $^ -lm -o $@
$(O)/tsan/tests: $(CORE:%.c=$(O)/obj/tsan/%.o) $(POOL_TESTS:%.c=$(O)/obj/tsan/%.o)
	@mkdir -p $(@D)
	@echo 'link     $@'
	$(Q)$(CC) $(TSAN_FLAGS) $^ -lm -o $@

# The program that trains the shipped weights, in a build of its own.
wide: $(O)/wide/train

$(O)/obj/wide/%.o: %.c Makefile | setup
	@mkdir -p $(@D)
	@echo 'wide     $<'
	$(Q)$(CC) $(FLAGS) $(WIDE_FLAGS) -c $< -o $@
$(O)/wide/train: $(CORE:%.c=$(O)/obj/wide/%.o) $(O)/obj/wide/pretrained/train.o
	@mkdir -p $(@D)
	@echo 'link     $@'
	$(Q)$(CC) $(THREADS) $^ -lm -o $@

# ------------------------------------------------------------------------------------------------------------------- wasm

wasm: $(BUILDS:%=$(W)/%.mjs) $(W)/gunzip.mjs

define build
$(W)/obj/$(1)/%.o: %.c Makefile | setup
	@mkdir -p $$(@D)
	@printf '%-8s %s\n' $(1) $$<
	$$(Q)$$(EMCC) $$(FLAGS) $$(WASM_FLAGS) $$($(1)_FLAGS) -c $$< -o $$@
$($(1)_LINKED): $(CORE:%.c=$(W)/obj/$(1)/%.o) $(BOUNDARY:%.c=$(W)/obj/$(1)/%.o)
	@echo 'link     $$@'
	$$(Q)$$(EMCC) $$($(1)_FLAGS) $$(LINK_FLAGS) $$($(1)_LINK) $$(filter %.o,$$^) -o $$@
endef
$(W)/threads.mjs: wasm/threads.pre.js
$(SPLIT:%=$(W)/obj/%/whole.js): wasm/parts.pre.js
$(SPLIT:%=$(W)/%.mjs): $(W)/%.mjs: $(W)/obj/%/whole.js wasm/split.mjs
	@echo 'split    $@'
	$(Q)node wasm/split.mjs $< $(@:.mjs=)
	@for part in $*.wasm $*.mjs $*.rest.wasm; do echo "         $$part: $$(gzip -9c $(W)/$$part | wc -c) bytes gzipped"; done
$(foreach one,$(BUILDS),$(eval $(call build,$(one))))

# The kernels alone, for tests/bench/kernels.mjs.
bench-kernels: $(O)/bench/simd.mjs $(O)/bench/relaxed.mjs
$(O)/bench/simd.mjs: $(CORE:%.c=$(W)/obj/simd/%.o) $(W)/obj/simd/tests/bench/kernels.o
$(O)/bench/relaxed.mjs: $(CORE:%.c=$(W)/obj/relaxed/%.o) $(W)/obj/relaxed/tests/bench/kernels.o
$(O)/bench/%.mjs:
	@mkdir -p $(@D)
	@echo 'link     $@'
	$(Q)$(EMCC) $(LINK_FLAGS) $^ -o $@

# fflate's inflater in a file of its own, so that genplay.mjs has no import by package name and runs in place.
$(W)/gunzip.mjs: package.json | setup
	@mkdir -p $(@D)
	@echo 'bundle   $@'
	$(Q)echo "export { gunzipSync } from 'fflate'" | $(BIN)/esbuild --bundle --minify --format=esm --log-level=warning --outfile=$@

# -------------------------------------------------------------------------------------------------- page, types, package

page: wasm
	node wasm/build-page.mjs --out $(D)

# The JSDoc types are checked, and become the declarations that ship with the package.  What Emscripten and esbuild made needs no check.
types: wasm
	@echo 'types    $(W)/types'
	$(Q)echo 'export default function create(options?: object): Promise<any>;' | tee $(BUILDS:%=$(W)/%.d.mts) > /dev/null
	$(Q)echo 'export function gunzipSync(packed: Uint8Array): Uint8Array;' > $(W)/gunzip.d.mts
	$(Q)$(BIN)/tsc -p tsconfig.json
	$(Q)$(BIN)/tsc --ignoreConfig wasm/genplay.mjs --allowJs --skipLibCheck --target es2023 --module preserve --types node \
	  --declaration --emitDeclarationOnly --rootDir wasm --outDir $(W)/types
package: types

-include $(shell find $(O) $(W) -name '*.d' 2>/dev/null)
