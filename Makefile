# Everything that one does here. `make` lists it.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help demo test test-all lint format docs bench clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if (3, 11) <= v < (3, 14) else "Python 3.11, 3.12 or 3.13 is needed; %s is %d.%d. Choose one with make PYTHON=python3.12" % (sys.executable, v[0], v[1]))'
	@echo "Setting up $(VENV)"
	@$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --editable '.[dev]'
	@touch $@

demo: $(STAMP) ## Watch the scheduler move jobs, be killed, and go on (REDIS_URL=redis://… for a real server)
	@$(BIN)/python -m supervision.demo $(ARGS)

test: $(STAMP) ## Run the tests, on embedded:// and on a real Redis
	@$(BIN)/python -m pytest -q $(ARGS)

test-all: ## Run the tests on each of Python 3.11, 3.12 and 3.13 that is installed
	@for version in 3.11 3.12 3.13; do \
		if python$$version -c '' 2>/dev/null; then \
			echo "== Python $$version"; \
			$(MAKE) --no-print-directory test PYTHON=python$$version VENV=.venv-$$version || exit 1; \
		else echo "== Python $$version is not installed: skipped"; fi; \
	done

lint: $(STAMP) ## Check style, types and the direction of imports
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: $(STAMP) ## Put the code into shape
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

docs: $(STAMP) ## Run the code blocks of the README and the docs, and check the tables made from the tests
	@$(BIN)/python -m pytest -q tests/test_docs.py $(ARGS)

bench: $(STAMP) ## Measure, as ratios beside peers in the same run
	@$(BIN)/python -m tests.bench $(ARGS)

clean: ## Remove what the targets made
	rm -rf .venv .venv-3.* build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache *.egg-info
