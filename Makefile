# Every target prints what it does; `make help` lists them. CI runs `check` and `test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PACKAGES := admin bot channels classifier dispatch

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev up test check format bench migrations screenshots lock clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

setup: $(VENV)/.ready ## create .venv, install, train the starter classifier

setup-dev: $(VENV)/.ready-dev ## the same, with what the tests and checks need

$(VENV)/.ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "aduan needs Python 3.11 or newer: make PYTHON=python3.12 ..."; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	$(BIN)/aduan classifier train
	@touch $@

$(VENV)/.ready-dev: $(VENV)/.ready requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

up: setup ## run everything on http://127.0.0.1:8000 (PORT=… for another port)
	@exec $(BIN)/aduan up

test: setup-dev ## run the whole test suite; what this machine cannot run is named, and is a failure with CI=true
	$(BIN)/python -m pytest -n 2 --dist loadscope

check: setup-dev ## format, lint, types, import contracts, schema, region pack, docs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/aduan region check
	$(BIN)/python -m pytest -q tests/test_house.py tests/dispatch/test_migrations.py

format: setup-dev ## format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: setup-dev ## print timings; nothing depends on them
	@for script in tests/bench/bench_*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

migrations: setup-dev ## write a migration for what the models have and the schema has not: make migrations MESSAGE="…"
	rm -rf var/migrations && mkdir -p var/migrations
	ADUAN_VAR=var/migrations $(BIN)/aduan db upgrade
	ADUAN_VAR=var/migrations $(BIN)/aduan db revise "$(MESSAGE)"

screenshots: setup-dev ## make the pictures of the documentation again (needs Chromium)
	$(BIN)/python -m tests.browser.screenshots

lock: setup-dev ## pin exact versions with hashes again, from pyproject.toml
	$(BIN)/uv pip compile pyproject.toml --python-version 3.11 --universal --generate-hashes --no-emit-index-url --no-header --quiet -o requirements.lock
	$(BIN)/uv pip compile pyproject.toml --extra dev --python-version 3.11 --universal --generate-hashes --no-emit-index-url --no-header --quiet -o requirements-dev.lock

clean: ## remove what make made, but not your data in var/
	rm -rf $(VENV) build dist *.egg-info
