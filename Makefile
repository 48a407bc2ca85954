# Two commands matter: `make demo` and `make test`. Everything they need is set up here, below this folder.
PYTHON ?= python3
PORT ?= 8000
BIN := .venv/bin
UV := .tools/bin/uv
# Byte-code is written once, here: sandboxed children and some environments may not write it, and would compile at every start.
INSTALL := $(UV) pip install -q --python $(BIN)/python --system-certs --require-hashes --compile-bytecode
COMPILE := $(BIN)/python -m compileall -q accounts config consent core provenance vault voices
LOCK := $(UV) pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --system-certs pyproject.toml

.PHONY: demo run test lint bench reformat lock dev clean

.tools/bin/uv:
	@echo "Setting up the installer ..."
	@$(PYTHON) -m venv .tools
	@.tools/bin/pip install -q --disable-pip-version-check uv

.venv/.base: requirements/base.txt | .tools/bin/uv
	@echo "Installing the locked dependencies ..."
	@test -x $(BIN)/python || $(UV) venv -q --python $(PYTHON) .venv
	@$(INSTALL) -r requirements/base.txt
	@touch $@

.venv/.dev: requirements/dev.txt .venv/.base | .tools/bin/uv
	@echo "Installing the locked test tools ..."
	@$(INSTALL) -r requirements/dev.txt
	@touch $@

.venv/.bench: requirements/bench.txt .venv/.dev
	@$(INSTALL) -r requirements/bench.txt
	@touch $@

dev: .venv/.dev

demo: .venv/.base
	@$(COMPILE)
	@$(BIN)/python manage.py demo

run: .venv/.base
	@$(COMPILE)
	@$(BIN)/python manage.py run --port $(PORT)

test: .venv/.dev
	@$(COMPILE) tests
	@$(BIN)/python -m tests.suite

lint: .venv/.dev
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/lint-imports
	@$(BIN)/mypy .
	@$(BIN)/python manage.py makemigrations --check --dry-run
	@$(BIN)/python manage.py check --fail-level WARNING

reformat: .venv/.dev
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: .venv/.bench
	@$(BIN)/python -m bench

lock: | .tools/bin/uv
	$(LOCK) -o requirements/base.txt
	$(LOCK) --group dev --extra containers --extra objects -c requirements/base.txt -o requirements/dev.txt
	$(LOCK) --group bench -c requirements/dev.txt -o requirements/bench.txt

clean:
	rm -rf .venv .tools var .mypy_cache .ruff_cache .pytest_cache
