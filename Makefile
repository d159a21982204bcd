# logloom's tasks. `make help` lists them. Whatever is up to date is not built again.
#
#   VENV=.venv             the Python environment
#   PYTHON=python3         the interpreter it is made with (3.11 or newer)
#   CORPORA=...            real logs with their expected results, for `conformance` (../shared/corpora)
#   PEERS=required         `test-peers` fails where a listed peer is absent
#   CARGO_TARGET_DIR=...   where Cargo builds (./target unless set)

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory --no-builtin-rules

# rustup's own folder, and Go's, are not on every PATH.
export PATH := $(PATH):$(HOME)/.cargo/bin:/usr/local/go/bin

VENV ?= .venv
ifndef PYTHON
PYTHON := $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$p"; break; }; done)
endif
ifneq ($(filter-out help clean,$(MAKECMDGOALS)),)
LACKING := $(shell PATH='$(PATH)' tools/preflight.sh '$(PYTHON)')
$(if $(LACKING),$(error $(LACKING)))
endif

PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check install --quiet --require-hashes --only-binary :all:
# Jaeger's own client and what it needs were never published as wheels: pure Python, pinned by hash, for tests alone.
SDISTS := --no-binary jaeger-client,opentracing,threadloop
STAMPS := $(VENV)/.stamps

# Cargo knows what changed; these tell only whether to ask it. Folders are named too, so that a deleted file counts.
CORE_SOURCES := Cargo.toml Cargo.lock pyproject.toml $(shell find rust proto -name target -prune -o -print 2>/dev/null)
CORE := python/logloom/_native.abi3.so
RUST_TESTED := --release --locked --workspace --exclude logloom-python

.PHONY: help run build test test-rust test-python test-peers redaction-report conformance check check-rust check-python \
	check-shape format formats bench bench-peers record-operators soak wheel lock fuzz-brief clean

help: ## list these tasks
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' $(firstword $(MAKEFILE_LIST)) | expand -t 22

run: build ## build, then start the collector on its embedded config; Ctrl-C stops it
	@exec $(VENV)/bin/logloom run

build: $(STAMPS)/core ## environment in .venv, core in release mode, the `logloom` command

test: test-rust test-python ## every test that needs only PyPI and crates.io, Rust and Python

test-rust:
	cargo test $(RUST_TESTED)

test-python: build $(STAMPS)/dev
	$(PY) -m pytest $(ARGS)

conformance: build $(STAMPS)/dev ## score what is read of real logs (CORPORA=DIR, CATEGORY=…, ARGS=-v)
	@$(PY) -m tests.conformance $(if $(CORPORA),--corpora $(CORPORA)) $(CATEGORY) $(ARGS)

redaction-report: build $(STAMPS)/dev ## how well the rules of `redaction` find what they look for (ARGS=-v)
	@$(PY) -m tests.redaction $(ARGS)

test-peers: build $(STAMPS)/dev ## tests that drive what .ci/peers lists (Debian, Go, Java); says what it did not run (ARGS=-k…)
	@PEERS='$(PEERS)' $(PY) -m tests.peers $(ARGS)

check: check-rust check-python check-shape ## format, lints, types, stubs, layout

check-rust: $(STAMPS)/core
	cargo fmt --all --check
	tools/clippy.sh $(PY)

check-python: build $(STAMPS)/dev
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy
	$(PY) -m mypy.stubtest --allowlist tools/stubtest.allow logloom._native

check-shape: build $(STAMPS)/dev
	$(PY) tools/formats.py --check
	$(PY) tools/format_pages.py --check
	$(PY) tools/config.py --check
	$(PY) tools/fidelity.py --check
	$(PY) tools/peers.py --check
	$(PY) -m pytest tests/test_layout.py

format: $(STAMPS)/dev ## bring all code into the house's format
	cargo fmt --all
	$(PY) -m ruff format .
	$(PY) -m ruff check --fix .

formats: $(STAMPS)/dev ## rewrite the list of formats, the README's table and each format's page
	$(PY) tools/formats.py --registry
	cargo run --quiet --release -p logloom-formats --example envoy_docs > docs/envoy.md
	@$(MAKE) build
	$(PY) tools/formats.py --readme
	$(PY) tools/format_pages.py
	$(PY) tools/config.py
	$(PY) tools/fidelity.py
	$(PY) tools/peers.py

bench: build $(STAMPS)/dev ## time everything, beside the recorded ratios
	$(PY) bench/run.py

bench-peers: build $(STAMPS)/dev ## pipelines and receivers beside the OpenTelemetry Collector, built from Go's modules (ARGS=--record)
	@binary=$$(sh bench/peers/build.sh "$${XDG_CACHE_HOME:-$$HOME/.cache}/logloom-peers") && \
		$(PY) -m bench.pipelines --collector "$$binary" $(ARGS) && $(PY) -m bench.receivers --collector "$$binary" $(ARGS)

record-operators: $(STAMPS)/dev ## record anew what a Collector makes of tests/operators, built from Go's modules (ARGS=nginx)
	@binary=$$(sh bench/peers/build.sh "$${XDG_CACHE_HOME:-$$HOME/.cache}/logloom-peers") && $(PY) tools/operators.py "$$binary" $(ARGS)

soak: build $(STAMPS)/dev ## half an hour at half of the most: memory, descriptors, what waits (ARGS='--minutes 5')
	@$(PY) -m bench.soak $(ARGS)

wheel: $(STAMPS)/core ## the abi3 wheel, in dist/
	$(PY) -m maturin build --release --locked --interpreter $(PY) --out dist

fuzz-brief: $(STAMPS)/runtime ## each fuzz target for FUZZ_SECONDS (20)
	@cargo fuzz --version >/dev/null 2>&1 || { echo "this needs cargo-fuzz: cargo install --locked cargo-fuzz" >&2; exit 1; }
	$(PY) tools/fuzz_seeds.py
	for target in $$(cargo fuzz list --fuzz-dir rust/fuzz); do \
		cargo fuzz run --fuzz-dir rust/fuzz --sanitizer none "$$target" -- \
			-max_total_time=$${FUZZ_SECONDS:-20} -rss_limit_mb=2048 -timeout=10 || exit 1; done

lock: ## resolve the Python dependencies anew and write both lock files
	tools/lock.sh $(PYTHON)

clean: ## remove what was built (not ./data)
	rm -rf $(VENV) dist $(CORE) .pytest_cache .mypy_cache .ruff_cache .hypothesis .benchmarks
	find python tests tools bench -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true
	cargo clean

# --- the environment, each step behind a stamp ---

# A venv outlives neither its Python nor a move; one that does not answer is made anew.
ifeq ($(shell test -x $(PY) && echo there),)
.PHONY: $(STAMPS)/venv
endif
$(STAMPS)/venv:
	$(PYTHON) -m venv $$(test -f $(VENV)/pyvenv.cfg && echo --clear) $(VENV)
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/runtime: requirements.lock $(STAMPS)/venv
	$(PIP) -r requirements.lock
	@touch $@

$(STAMPS)/dev: requirements-dev.lock $(STAMPS)/runtime
	$(PIP) $(SDISTS) -r requirements-dev.lock
	@touch $@

ifeq ($(wildcard $(CORE)),)
.PHONY: $(STAMPS)/core
endif
$(STAMPS)/core: $(CORE_SOURCES) $(STAMPS)/runtime
	VIRTUAL_ENV=$(abspath $(VENV)) PIP_NO_INDEX=1 PIP_QUIET=1 $(PY) -m maturin develop --release --locked
	@touch $@
