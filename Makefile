# make            builds build/cloneci, installs nothing
# make demo       installs what is missing, builds, runs the main job on a real project
# make test       installs what is missing, builds, runs all tests
# make help       lists the rest

MAKEFLAGS += --no-builtin-rules
MODE ?= release
CC ?= gcc
ifeq ($(CC),cc)
CC := gcc
endif
ifeq ($(MODE),fuzz)
CC := clang
endif
PREFIX ?= /usr/local
PYTHON = $(firstword $(wildcard .venv/bin/python) python3)
# Folders of rooms; a wing of one room is that room's folder.
WINGS := lib input act output
PKGS := libpq libcjson libgit2 talloc yaml-0.1 libcrypto libcurl

WARN := -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wstrict-prototypes \
	-Wmissing-prototypes -Wformat=2 -Wvla -Wwrite-strings -Wundef -Wnull-dereference \
	-Wswitch-enum -Wpointer-arith -Wcast-qual
ifneq ($(findstring gcc,$(CC)),)
WARN += -Wduplicated-cond -Wlogical-op
else
WARN += -Wno-gnu-statement-expression # talloc's own macros
endif
# Warnings are errors for who works on the code, not for who installs it with a newer compiler.
DEVELOPER ?= $(if $(filter-out release,$(MODE)),1)
ifeq ($(DEVELOPER),1)
WARN += -Werror
endif
VERSION := 0.1.0
RELEASED := 2026-11-21
PKG_CFLAGS := $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
CPPFLAGS += $(PKG_CFLAGS) -D_GNU_SOURCE -DCLONECI_VERSION='"$(VERSION)"' -DCLONECI_DATE='"$(RELEASED)"' -Irunner/base -Irunner $(WINGS:%=-Irunner/%) -I. -I$(OUT)/gen
CFLAGS ?= -O2 -g
ifeq ($(MODE),release)
HARDEN := -fstack-protector-strong -fPIE $(if $(findstring -O,$(CFLAGS)),-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
LINK := -pie -Wl,-z,relro,-z,now
endif
LDLIBS = $(shell pkg-config --libs $(PKGS)) -lm

# One archive a room: a test of one room builds though another does not, and a call against the
# way of the data fails to link. The order is the way of the data, backwards.
ROOMS := cli job sandbox gc forge report verdict build compare clone plan guard artifact select state manifest gitdiff config \
	sqltext adapters http process yaml jinja dbt base
OUT := build/$(MODE)
ifeq ($(MODE),san)
SANFLAGS := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
CFLAGS := -O1 -g
endif
ifeq ($(MODE),analyze)
CFLAGS := -O1 -g -fanalyzer
endif
ifeq ($(MODE),coverage)
CFLAGS := -O0 -g --coverage
endif
# libFuzzer: the code is instrumented, the driver is linked to the targets alone.
ifeq ($(MODE),fuzz)
SANFLAGS := -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
CFLAGS := -O1 -g
endif

COMPILE = $(CC) -std=gnu17 $(CPPFLAGS) $(WARN) $(CFLAGS) $(HARDEN) $(SANFLAGS)

room_dir = $(if $(filter adapters,$(1)),adapters,$(firstword $(wildcard runner/$(1) $(WINGS:%=runner/%/$(1)))))
room_src = $(wildcard $(call room_dir,$(1))/*.c $(call room_dir,$(1))/*/*.c $(call room_dir,$(1))/*/*/*.c)
room_obj = $(patsubst %.c,$(OUT)/%.o,$(call room_src,$(1)))
PRESENT := $(foreach r,$(ROOMS),$(if $(call room_src,$(r)),$(r)))
LIBS := $(foreach r,$(PRESENT),$(OUT)/lib/$(r).a)

.PHONY: all demo test bench install manual help clean layers deps unit san golden golden-program
all: build/cloneci

build/cloneci: FORCE
	@$(MAKE) --no-print-directory MODE=release build/release/cloneci
	@cmp -s build/release/cloneci $@ 2>/dev/null || cp build/release/cloneci $@
san: ## the program with AddressSanitizer and UBSan: build/san/cloneci
	@$(MAKE) --no-print-directory MODE=san build/san/cloneci
FORCE:

$(OUT)/cloneci: $(OUT)/runner/main.o $(LIBS)
	@echo "  link  $@"
	@$(CC) $(CFLAGS) $(SANFLAGS) $(LINK) $(LDFLAGS) -o $@ $< -Wl,--start-group $(LIBS) -Wl,--end-group $(LDLIBS)

$(OUT)/%.o: %.c
	@mkdir -p $(dir $@)
	@echo "  cc    $<"
	@$(COMPILE) -MMD -MP -c -o $@ $<

define room_rule
$(OUT)/lib/$(1).a: $(call room_obj,$(1))
	@mkdir -p $$(dir $$@)
	@rm -f $$@ && ar rcs $$@ $$^
endef
$(foreach r,$(PRESENT),$(eval $(call room_rule,$(r))))

# Files that are embedded as they are: $(1) is the table, in gen/$(1).h, of $(2) and included by $(3).c.
define embed_rule
$(OUT)/gen/$(1).h: $(2) tools/embed.sh
	@mkdir -p $$(dir $$@)
	@sh tools/embed.sh $(1) $(2) > $$@.tmp && mv $$@.tmp $$@
$(OUT)/$(3).o: $(OUT)/gen/$(1).h
endef
$(eval $(call embed_rule,sql_files,$(wildcard sql/*/*.sql),adapters/sqlkit/files))
$(eval $(call embed_rule,report_page,$(wildcard runner/output/report/html/page.*),runner/output/report/html))
$(eval $(call embed_rule,dbt_macros,$(wildcard adapters/postgres/macros/*.sql),adapters/postgres/lazy))
$(eval $(call embed_rule,ci_recipes,$(wildcard conf/ci/*/*),runner/cli/cmd_init))

# make unit ROOM=select: one room's unit tests, tests/unit/<room>.c or <room>_*.c, with sanitizers
UNIT_SRC := $(wildcard tests/unit/*.c)
UNIT := $(patsubst tests/unit/%.c,$(OUT)/unit/%,$(UNIT_SRC))
unit_room = $(firstword $(subst _, ,$(1)))
# a room's own archive and all that stand below it
below = $(if $(filter $(1),$(firstword $(2))),$(2),$(if $(2),$(call below,$(1),$(wordlist 2,99,$(2)))))
# A warehouse in memory, for tests that need one and no server
$(OUT)/lib/fake.a: $(patsubst %.c,$(OUT)/%.o,$(wildcard tests/support/fake_*.c))
	@mkdir -p $(dir $@)
	@rm -f $@ && ar rcs $@ $^
define unit_rule
$(OUT)/unit/$(1): tests/unit/$(1).c $(wildcard tests/support/*.h) $(OUT)/lib/fake.a $(foreach r,$(filter $(PRESENT),$(call below,$(call unit_room,$(1)),$(ROOMS))),$(OUT)/lib/$(r).a)
	@mkdir -p $$(dir $$@)
	@echo "  unit  $(1)"
	@$$(COMPILE) -Itests/support -o $$@ $$< \
		-Wl,--start-group $$(filter %.a,$$^) -Wl,--end-group $$(LDLIBS) -lcmocka
endef
$(foreach u,$(patsubst tests/unit/%.c,%,$(UNIT_SRC)),$(eval $(call unit_rule,$(u))))
unit-programs: $(filter $(if $(ROOM),$(OUT)/unit/$(ROOM)%,%),$(UNIT))
unit: ## unit tests; ROOM=select for one room's
	@$(MAKE) --no-print-directory MODE=san unit-programs
	@for t in $(patsubst tests/unit/%.c,build/san/unit/%,$(filter tests/unit/$(ROOM)%,$(UNIT_SRC))); do \
		echo "== $$t"; $$t || exit 1; done

# The select room against dbt's own answers (tests/golden)
$(OUT)/golden: tests/golden/golden.c $(foreach r,$(filter $(PRESENT),$(call below,select,$(ROOMS))),$(OUT)/lib/$(r).a)
	@mkdir -p $(dir $@)
	@echo "  golden"
	@$(COMPILE) -o $@ $< \
		-Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(LDLIBS)
golden-program: $(OUT)/golden

# The fuzz targets as plain programs, for their corpora (tests/fuzz/replay.sh)
FUZZ := $(patsubst tests/fuzz/%.c,$(OUT)/fuzz/%,$(wildcard tests/fuzz/*.c))
$(OUT)/fuzz/%: tests/fuzz/%.c tests/fuzz/replay.h $(LIBS)
	@mkdir -p $(dir $@)
	@echo "  fuzz  $*"
	@$(COMPILE) -DFUZZ_REPLAY -Itests -Itests/fuzz -o $@ $< \
		-Wl,--start-group $(LIBS) -Wl,--end-group $(LDLIBS)
fuzz-programs: $(FUZZ)
# .. and as what they are
$(OUT)/fuzzer/%: tests/fuzz/%.c tests/fuzz/replay.h $(LIBS)
	@mkdir -p $(dir $@)
	@echo "  fuzzer  $*"
	@$(COMPILE) -fsanitize=fuzzer -Itests -Itests/fuzz -o $@ $< \
		-Wl,--start-group $(LIBS) -Wl,--end-group $(LDLIBS)
fuzz: ## libFuzzer (needs clang) on one target: TARGET=manifest CPU_MINUTES=30
	@bash tests/fuzz/fuzz.sh "$(TARGET)" "$(or $(CPU_MINUTES),30)"
.PHONY: fuzz fuzz-programs
golden: ## every selection of the corpora against dbt's own answers
	@bash tests/golden/run.sh
golden-accept: ## writes the golden cases of plan and verdict as the program answers now; then read the diff
	@$(MAKE) --no-print-directory MODE=san build/san/unit/verdict build/san/unit/plan_golden
	@build/san/unit/verdict --accept
	@build/san/unit/plan_golden --accept
.PHONY: golden-accept

deps: ## installs what is missing for the demo and the tests (apt-get, .venv)
	@bash tests/support/setup.sh test
$(OUT)/bench/clone_bench: tests/bench/clone_bench.c $(foreach r,adapters base,$(OUT)/lib/$(r).a)
	@mkdir -p $(dir $@)
	@$(COMPILE) -Itests/support -o $@ $^ $(LDLIBS)
$(OUT)/bench/manifest_bench: tests/bench/manifest_bench.c $(foreach r,$(filter $(PRESENT),$(call below,state,$(ROOMS))),$(OUT)/lib/$(r).a)
	@mkdir -p $(dir $@)
	@$(COMPILE) -o $@ $< -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(LDLIBS)
manifest-bench: ## reading a manifest against read() and cJSON; MODELS=5000
	@$(MAKE) --no-print-directory MODE=release build/release/bench/manifest_bench
	@python3 tests/bench/make_project.py build/bench-project --models $(or $(MODELS),5000) --manifest-only \
		--manifest build/bench-manifest.json
	@build/release/bench/manifest_bench build/bench-manifest.json
.PHONY: manifest-bench
clone-bench: ## what clones cost, against plain SQL (a cluster of its own, 4 GB of disk)
	@$(MAKE) --no-print-directory MODE=release build/release/bench/clone_bench
	@build/release/bench/clone_bench
lazy-bench: build/cloneci ## lazy clones against copies, with real dbt (a cluster of its own, 6 GB of disk)
	@$(PYTHON) tests/bench/lazy.py
.PHONY: lazy-bench
.PHONY: clone-bench
bench: build/cloneci ## all benchmarks: manifest, selection against dbt ls, overhead before the build, end to end with dbt, clones, promotion, sandboxes
	@for n in 1000 5000 20000; do $(MAKE) --no-print-directory manifest-bench MODELS=$$n || exit 1; done
	@$(PYTHON) tests/bench/selection.py
	@$(PYTHON) tests/bench/overhead.py
	@if [ -x .venv/bin/dbt ]; then $(PYTHON) tests/bench/build.py; else echo "build: not measured, for there is no .venv/bin/dbt"; fi
	@$(MAKE) --no-print-directory clone-bench
	@$(PYTHON) tests/bench/lazy.py
	@$(PYTHON) tests/bench/promote.py
	@$(PYTHON) tests/bench/sandbox.py
promote-bench: build/cloneci ## promotion under readers, with 1,000 relations, killed 300 times; its size: PROMOTE='--kills 30'
	@$(PYTHON) tests/bench/promote.py $(PROMOTE)
.PHONY: promote-bench
sandbox-bench: build/cloneci ## a sandbox of 200 relations out of 1,000 models
	@$(PYTHON) tests/bench/sandbox.py
.PHONY: sandbox-bench
oracle: build/cloneci ## pull requests at random against what production then does; N=20 SEED=1 (CASE=number: one; CHANGE=, DECORATION=: in each)
	@$(PYTHON) tests/oracle/oracle.py -n $(or $(N),20) --seed $(or $(SEED),1) $(CASE:%=--case %) \
		$(CHANGE:%=--change %) $(DECORATION:%=--decoration %)
.PHONY: oracle
demo: ## three pull requests on a real project: installs what is missing, builds, runs
	@bash tests/support/setup.sh demo
	@$(MAKE) --no-print-directory -j"$$(nproc)" build/cloneci
	@.venv/bin/python tests/demo/demo.py
test: ## all tests: installs what is missing, builds, runs
	@bash tests/support/setup.sh test
	@bash tests/run.sh

test-postgres: ## the adapter, promotion and the main job on PostgreSQL 14, 16, 17 and 18, whose programs are fetched; POSTGRES="14 18" for some
	@bash tests/support/setup.sh test
	@bash tests/run.sh postgres
.PHONY: test-postgres

format: ## clang-format on all C code, by .clang-format
	@sh tools/format.sh apply
.PHONY: format

check: ## what needs no server, in under 3 minutes: format, layers, analyzer, unit and golden tests
	@bash tests/run.sh source unit golden
analyze: ## gcc's analyzer on all of the program
	@$(MAKE) --no-print-directory MODE=analyze objects
objects: $(foreach r,$(PRESENT),$(call room_obj,$(r))) $(OUT)/runner/main.o
coverage: ## line coverage of the unit and golden tests; SUITES="unit golden integration" for others
	@MODE=coverage bash tests/run.sh $(or $(SUITES),unit golden)
	@$(PYTHON) tools/coverage.py build/coverage
compile_commands.json: FORCE ## for clangd and other tools
	@$(MAKE) --no-print-directory -Bn MODE=san objects | awk ' \
		/ -c -o / { file = $$NF; gsub(/\\/, "\\\\"); gsub(/"/, "\\\""); \
			printf "%s{\"directory\": \"$(CURDIR)\", \"file\": \"%s\", \"command\": \"%s\"}", n++ ? ",\n" : "[\n", file, $$0 } \
		END { print "\n]" }' > $@
.PHONY: check analyze objects coverage
layers: san ## checks ARCHITECTURE.md's rules: includes, circles of files, words of a warehouse, lengths
	@$(PYTHON) tools/layers.py

share := $(DESTDIR)$(PREFIX)/share
install: build/cloneci ## PREFIX=/usr/local: the program, manual page, completions, examples
	install -d $(DESTDIR)$(PREFIX)/bin $(share)/man/man1 $(share)/bash-completion/completions \
		$(share)/zsh/site-functions $(share)/fish/vendor_completions.d $(share)/doc/cloneci
	install -m 755 build/cloneci $(DESTDIR)$(PREFIX)/bin/cloneci
	build/cloneci help --format man > $(share)/man/man1/cloneci.1
	build/cloneci completion bash > $(share)/bash-completion/completions/cloneci
	build/cloneci completion zsh > $(share)/zsh/site-functions/_cloneci
	build/cloneci completion fish > $(share)/fish/vendor_completions.d/cloneci.fish
	install -m 644 README.md conf/cloneci.example.yml conf/roles.sql $(share)/doc/cloneci/
	install -m 644 LICENSE CHANGELOG.md SECURITY.md $(share)/doc/cloneci/
	cp -R docs conf/ci conf/schedule $(share)/doc/cloneci/

manual: build/cloneci ## writes the documents that come from the program's tables
	build/cloneci help --format markdown > docs/commands.md
	build/cloneci help --format yaml > conf/cloneci.example.yml
	build/cloneci help --format options > build/options.md
	sed -i -e '/^<!-- options:/r build/options.md' -e '/^<!-- options:/,/^<!-- end/{//!d}' docs/configuration.md

help: ## this list
	@grep -hE '^[a-z_.-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | sort | expand -t 24

clean: ## removes build/
	rm -rf build

-include $(shell find build/$(MODE) -name '*.d' 2>/dev/null)
