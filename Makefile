# Every task of this project. `make help` lists them.
#
# Set-up happens by itself: one virtual environment in .venv, filled from the hashed locks in
# requirements/. A stamp named after the locks' checksum makes the next run skip it.

SHELL := /bin/sh
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?=
ARGS ?=
NODES ?= 1
# Test processes, for a machine of two cores: half of the time a test waits for other programs.
# Tests on Apache Kafka share one of them.
WORKERS ?= 3

VENV := .venv
BIN := $(VENV)/bin
# Compiling every module at once would cost more than it saves: Python compiles what it imports.
PIP_INSTALL := $(BIN)/python -m pip install --quiet --no-compile --no-input --disable-pip-version-check
UV_COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-annotate --no-header --exclude-newer "1 week"
SUM := $(shell cat requirements/runtime.txt requirements/dev.txt pyproject.toml | cksum | tr -d ' ')
RUNTIME_STAMP := $(VENV)/.runtime-$(SUM)
DEV_STAMP := $(VENV)/.dev-$(SUM)

.PHONY: help
help: ## list the tasks
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1|\2/p' Makefile | awk -F'|' '{printf "%-12s %s\n", $$1, $$2}'

.PHONY: setup
setup: $(RUNTIME_STAMP) ## only the set-up: .venv with the locked dependencies and .venv/bin/ledgerwire

.PHONY: demo
demo: setup ## the main job, with no account and no server; ARGS="--seconds 30 --quiet" passes options
	@$(BIN)/ledgerwire demo $(ARGS)

.PHONY: test
test: $(DEV_STAMP) ## the whole test suite but for the long proofs; ARGS="-k relay" passes options
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup $(ARGS)

.PHONY: prove
prove: $(DEV_STAMP) ## the promises under attack: crashes, faults, several processes; ARGS passes options
	@$(BIN)/python -m pytest -m "proof and not alone" -n $(WORKERS) --dist loadgroup $(ARGS)
	@$(BIN)/python -m pytest -m "proof and alone" $(ARGS)

.PHONY: check
check: $(DEV_STAMP) ## format, lint, types, import contracts, spelling, generated documents
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/typos
	$(BIN)/yamllint --strict .
	$(BIN)/hadolint Dockerfile
	$(BIN)/python -m ledgerwire.documents --check

.PHONY: bench
bench: $(DEV_STAMP) ## benchmarks against baselines of the same run; writes bench/results/*.json
	@$(BIN)/python -m bench $(ARGS)

.PHONY: lock
lock: $(DEV_STAMP) ## renew the hashed requirement locks, from releases at least a week old
	$(UV_COMPILE) --upgrade pyproject.toml --extra embedded --group build -o requirements/runtime.txt
	$(UV_COMPILE) --upgrade pyproject.toml --extra embedded --group build --group dev \
		-c requirements/runtime.txt -o requirements/dev.txt

.PHONY: kafka
kafka: setup ## fetch and run a real Apache Kafka on loopback until interrupted; NODES=3 for a cluster
	@$(BIN)/python -m ledgerwire.apache_kafka --nodes $(NODES)

# The first interpreter that is new enough, unless PYTHON names one.
$(BIN)/python:
	@new_enough='import sys; sys.exit(sys.version_info < (3, 11))'; \
	for candidate in $(or $(PYTHON),python3 python3.13 python3.12 python3.11); do \
		if "$$candidate" -c "$$new_enough" 2>/dev/null; then found=$$candidate; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
		echo "Ledgerwire needs Python 3.11 or newer: install it, or name it with make PYTHON=/path/to/python3" >&2; exit 1; \
	elif ! "$$found" -c 'import ensurepip, venv' 2>/dev/null; then \
		echo "This Python has no venv module: install it (on Debian and Ubuntu: apt-get install python3-venv)" >&2; exit 1; \
	fi; \
	"$$found" -m venv $(VENV)

$(RUNTIME_STAMP): | $(BIN)/python
	@echo "Setting up $(VENV) …"
	@$(PIP_INSTALL) --require-hashes -r requirements/runtime.txt
	@$(PIP_INSTALL) --no-deps --no-build-isolation --editable .
	@rm -f $(VENV)/.runtime-* && touch $@

$(DEV_STAMP): $(RUNTIME_STAMP)
	@echo "Setting up the development tools …"
	@# xero-python comes as source: setuptools, locked, is there to build it.
	@$(PIP_INSTALL) --no-build-isolation --require-hashes -r requirements/dev.txt
	@rm -f $(VENV)/.dev-* && touch $@
