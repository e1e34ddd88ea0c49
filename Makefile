# The front door. Meson and Ninja do the work; this file only says what a person may ask for.
#
#   make            install what is missing, build build/qingkong
#   make demo       the same, then run the demo county and print the page's address
#   make test       the same, then every check (about a quarter of an hour on two cores)
#   make bench      the measured tables
#   make capabilities  which rows of the catalogue the tests show
#   make lint       formatting, layers and both analysers at full depth
#   make asan, make fuzz, make page-test, make install, make clean

BUILD   ?= build
ASAN    ?= build-asan
DESTDIR ?=
DEMO_ARGS ?=

.PHONY: all deps test-deps page program demo test bench capabilities lint asan fuzz page-test install clean

all: program

deps:
	@tools/install-deps build

test-deps: deps
	@tools/install-deps test

page: deps
	@tools/build-page

program: page
	@test -f $(BUILD)/build.ninja || meson setup $(BUILD)
	@ninja -C $(BUILD)

demo: program
	@exec $(BUILD)/qingkong demo $(DEMO_ARGS)

test: test-deps program
	@tools/run-tests $(BUILD) $(ASAN)

bench: program
	@tools/run-bench $(BUILD)

capabilities:
	@tools/capabilities

lint: test-deps program
	@tools/lint
	@tools/analyse $(BUILD)

asan: test-deps page
	@tools/run-tests --only asan $(BUILD) $(ASAN)

fuzz: test-deps page
	@tools/run-tests --only fuzz $(BUILD) $(ASAN)

page-test: test-deps program
	@tools/run-tests --only page $(BUILD) $(ASAN)

install: program
	@DESTDIR="$(DESTDIR)" meson install -C $(BUILD) --no-rebuild

clean:
	rm -rf $(BUILD) $(ASAN) ui/dist
