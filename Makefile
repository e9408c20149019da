# Needs only Python 3.11+ and make. Everything else goes into .venv.
SHELL := /bin/bash
.DEFAULT_GOAL := help

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
# Two BLAS threads on a busy two-core machine are 80 times slower than one.
export OPENBLAS_NUM_THREADS := 1
export OMP_NUM_THREADS := 1
export RAGAS_DO_NOT_TRACK := true

PACKAGES := domain tools knowledge records simulation agents graphs workflows connectors runtime api evals benchmarks

.PHONY: help setup demo up test check lint types imports cov bench evals requirements replay-record clean

help: ## Show this help
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 18

setup: $(VENV)/.installed ## Create .venv and install the pinned packages

$(VENV)/.installed: requirements.txt pyproject.toml
	@echo "[1/4] creating $(VENV) with $(PYTHON)"
	@$(PYTHON) -m venv $(VENV)
	@echo "[2/4] installing uv"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@echo "[3/4] installing $$(grep -cE '^[a-z]' requirements.txt) pinned packages (about 1.5 GB; a minute or two)"
	@VIRTUAL_ENV=$(VENV) $(BIN)/uv pip sync --compile-bytecode requirements.txt
	@echo "[4/4] installing leadline"
	@VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --no-deps --editable . uv
	@touch $@

demo: setup ## Run the whole main job once, end to end, and exit
	@$(BIN)/leadline demo

up: setup ## Serve Leadline on localhost until stopped
	@$(BIN)/leadline up

test: setup ## Run every test
	@$(BIN)/python -m pytest -n 2

check: setup lint types imports ## Lint, types and import contracts

lint: setup
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .

types: setup
	@$(BIN)/mypy $(PACKAGES)

imports: setup
	@$(BIN)/lint-imports

cov: setup ## Run the tests with branch coverage
	@$(BIN)/coverage run -m pytest && $(BIN)/coverage combine -q; $(BIN)/coverage report

bench: setup $(VENV)/.benched ## Run every benchmark, each beside its peer
	@for b in benchmarks/[a-z]*.py; do n=$$(basename $$b .py); [ $$n = harness ] && continue; echo "== $$n"; $(BIN)/python -m benchmarks.$$n || exit 1; done

$(VENV)/.benched: requirements-bench.txt $(VENV)/.installed
	@echo "installing the peers that benchmarks measure beside us"
	@VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --compile-bytecode -r requirements-bench.txt
	@touch $@

evals: setup ## Run the golden suite and open the gate or close it
	@$(BIN)/leadline eval

requirements: setup ## Compile requirements.txt from pyproject.toml
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-emit-index-url --extra evals --extra postgres --group dev --no-header pyproject.toml -o requirements.txt
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-emit-index-url --extra bench --constraint requirements.txt --no-header --no-annotate pyproject.toml -o requirements-bench.txt

replay-record: setup ## Record the journeys' histories anew, after a wanted change of the workflow
	@$(BIN)/python -m tests.workflows.record && $(BIN)/python -m tests.workflows.record_scoring

clean: ## Remove the environment, caches and the local data folder
	rm -rf $(VENV) .leadline .mypy_cache .ruff_cache .pytest_cache .hypothesis build *.egg-info
