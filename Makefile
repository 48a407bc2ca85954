# Two commands matter: `make demo` and `make test`. Everything they need is set up here, below this folder.
PYTHON ?= python3
PORT ?= 8000
BIN := .venv/bin
UV := .tools/bin/uv
# Byte-code is written once, here: sandboxed children and some environments may not write it, and would compile at every start.
INSTALL := $(UV) pip install -q --python $(BIN)/python --system-certs --require-hashes --compile-bytecode
COMPILE := $(BIN)/python -m compileall -q accounts audio config consent core engine erasure provenance proxies transparency_log upstream vault voices watermark
MESSAGES := $(patsubst %.po,%.mo,$(wildcard locale/*/LC_MESSAGES/django.po))
LOCK := $(UV) pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --system-certs pyproject.toml

.PHONY: help sdks demo run test lint check bench reformat messages lock dev clean

help:
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/make \1\t\2/' | expand -t 16

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

# The providers' official SDKs, by which the proxy routes are tested. They share no library with the product.
.sdks/.python: requirements/sdks.txt | .tools/bin/uv
	@echo "Installing the providers' SDKs ..."
	@test -x .sdks/python/bin/python || $(UV) venv -q --python $(PYTHON) .sdks/python
	@$(UV) pip install -q --python .sdks/python/bin/python --system-certs --require-hashes --compile-bytecode -r $<
	@touch $@

# Node.js knows its own authorities alone: it is told of the system's. Without npm the tests of these SDKs are named at the end of the run as not run.
.sdks/.javascript: tests/sdk/javascript/package-lock.json
	@mkdir -p .sdks/javascript
	@cp tests/sdk/javascript/package.json $< .sdks/javascript/
	@if command -v npm >/dev/null; then NODE_EXTRA_CA_CERTS="$${NODE_EXTRA_CA_CERTS:-/etc/ssl/certs/ca-certificates.crt}" npm ci --prefix .sdks/javascript --ignore-scripts --no-audit --no-fund --loglevel=error --fetch-retries=2 --fetch-timeout=60000 >/dev/null; fi
	@touch $@

# The competing proxy that `bench/gateway.py` measures beside ours.
.peers/.python: requirements/peers.txt | .tools/bin/uv
	@test -x .peers/bin/python || $(UV) venv -q --python $(PYTHON) .peers
	@$(UV) pip install -q --python .peers/bin/python --system-certs --require-hashes --compile-bytecode -r $<
	@touch $@

%.mo: %.po .venv/.base
	@$(BIN)/pybabel -q compile -i $< -o $@

dev: .venv/.dev $(MESSAGES) ## set up everything that development needs

sdks: .sdks/.python .sdks/.javascript ## set up the providers' SDKs for tests/sdk

demo: .venv/.base .sdks/.python $(MESSAGES) ## set up everything and run the main job on real speech
	@$(COMPILE)
	@$(BIN)/python manage.py demo

run: .venv/.base $(MESSAGES) ## leave the service running with demo data, on PORT
	@$(COMPILE)
	@$(BIN)/python manage.py run --port $(PORT)

test: .venv/.dev .sdks/.python .sdks/.javascript $(MESSAGES) ## pass all tests, or those of T: make test T=tests/consent/test_states.py
	@$(COMPILE) tests
	@$(if $(T),$(BIN)/python -m pytest $(T),$(BIN)/python -m tests.suite)

lint: .venv/.dev $(MESSAGES) ## format, style, import contracts, types, migrations, deployment checks
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/lint-imports
	@$(BIN)/mypy .
	@$(BIN)/python manage.py makemigrations --check --dry-run
	@$(BIN)/python manage.py check --fail-level WARNING

check: .venv/.dev ## the quick half of lint, with the types of the files that you changed
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/lint-imports
	@changed=$$({ git diff --name-only --diff-filter=d HEAD -- '*.py'; \
		git ls-files --others --exclude-standard -- '*.py'; } | grep -v /migrations/); \
	if [ -n "$$changed" ]; then $(BIN)/mypy $$changed; fi

reformat: .venv/.dev ## put files into the one form
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

messages: .venv/.base ## bring new sentences of the code and the templates into locale/*/LC_MESSAGES/django.po
	@mkdir -p var
	@$(BIN)/python -m babel.messages.frontend -q extract -F pyproject.toml -o var/django.pot .
	@$(BIN)/pybabel -q update -i var/django.pot

bench: .venv/.bench .peers/.python ## measure every number of docs/numbers.md
	@$(BIN)/python -m bench

lock: ## write the locked requirements again
lock: | .tools/bin/uv
	$(LOCK) -o requirements/base.txt
	$(LOCK) --group dev --extra containers --extra objects -c requirements/base.txt -o requirements/dev.txt
	$(LOCK) --group bench -c requirements/dev.txt -o requirements/bench.txt
	$(subst pyproject.toml,bench/peers.in,$(LOCK)) -o requirements/peers.txt

clean: ## remove what was set up
	rm -rf .venv .tools .sdks .peers var .mypy_cache .ruff_cache .pytest_cache
