# What a person does with Accord. `make` alone lists it.

PYTHON ?= python3
VENV := .venv
UV := $(VENV)/bin/uv
UV_VERSION := 0.13.9
ACCORD := $(VENV)/bin/accord
STAMP := $(VENV)/.installed
CODE := accord systems integration_assets resources sensors tests bench

.DEFAULT_GOAL := help
.PHONY: help setup demo up test check fast chaos bench lock clean

help: ## list what there is
	@awk -F':.*## ' '/^[a-z]+:.*## /{printf "  make %-7s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP) ## make the virtual environment from the lock file

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Accord needs Python 3.11 or newer; run: make PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	$(UV) pip sync --quiet --require-hashes --compile-bytecode --python $(VENV)/bin/python requirements.lock
	$(UV) pip install --quiet --no-deps --no-build-isolation --compile-bytecode --python $(VENV)/bin/python -e .
	@touch $(STAMP)

demo: setup ## run the sandbox company once, end to end
	@$(ACCORD) demo

up: setup ## serve the web UI, the daemon and the sandbox until Ctrl-C
	@$(ACCORD) up

WORKERS ?= 2
test: setup ## run all tests, by WORKERS at once
	$(VENV)/bin/python -m pytest -n $(WORKERS)

fast: setup ## run the tests that take seconds
	$(VENV)/bin/python -m pytest -n $(WORKERS) -m "not slow and not real and not browser"

check: setup ## format, lint, types, layers, dbt, fast tests
	$(VENV)/bin/ruff format --check $(CODE)
	$(VENV)/bin/ruff check $(CODE)
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports
	cd dbt_project && ../$(VENV)/bin/dbt --quiet parse --profiles-dir . --target-path ../.accord/dbt-check
	$(MAKE) fast

SEEDS ?= 1000
FIRST_SEED ?= 1
FAMILY ?= general
ONLY ?=
chaos: setup ## tell SEEDS schedules of faults, from FIRST_SEED on, of a FAMILY, ONLY takings or customers
	$(VENV)/bin/python -m tests.chaos --seeds $(SEEDS) --first $(FIRST_SEED) --family "$(FAMILY)" --only "$(ONLY)"

bench: setup ## measure speed and memory, side by side with others
	$(VENV)/bin/python -m bench

lock: setup ## resolve the dependencies again and write the lock file
	$(UV) pip compile --quiet pyproject.toml --group dev --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --no-header --upgrade -o requirements.lock

clean: ## remove the virtual environment and what tools left behind
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
