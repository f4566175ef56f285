# Pressrun's verbs. `make demo` shows everything; `make check test` is what a change has to pass.
PYTHON ?= python3
BIN := .venv/bin
COMPILE = .venv/lock/bin/uv pip compile --quiet --generate-hashes --no-emit-index-url --universal --python-version 3.11 --extra demo
# The lock for developers holds everything that running needs: where it is installed, the demo installs nothing more.
INSTALLED = $(if $(wildcard .venv/dev.installed),.venv/dev.installed,.venv/run.installed)

.PHONY: setup demo test slow check fmt lock docs bench

setup: .venv/dev.installed
demo: $(INSTALLED) ; @$(BIN)/pressrun demo
test: setup ; @$(BIN)/pytest --numprocesses 2 --dist loadgroup
slow: setup ; @$(BIN)/pytest -m slow
check: setup ; @$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/pytest --quiet tests/house
fmt: setup ; @$(BIN)/ruff check --fix . && $(BIN)/ruff format .
lock: .venv/lock/bin/uv ; @$(COMPILE) pyproject.toml -o requirements/run.txt && $(COMPILE) --group dev pyproject.toml -o requirements/dev.txt
docs: setup ; @$(BIN)/python -m mailer.cli.reference docs
bench: setup ; @for one in $(notdir $(basename $(shell grep -l __main__ bench/*.py))); do $(BIN)/python -m "bench.$$one" || exit 1; done

# How the environment comes to be: from the locks, each file checked by its hash, then Pressrun itself, as it lies here.
.venv/%.installed: requirements/%.txt pyproject.toml | .venv/bin/pip
	@echo "Installing from requirements/$*.txt; this takes about a minute."
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-input --use-pep517 --require-hashes --requirement requirements/$*.txt
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-input --no-deps --editable .
	@touch $@

.venv/bin/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Pressrun needs Python 3.11 or newer; name one: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 2; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || $(VENV_FROM_DEBIAN)
	@$(PYTHON) -m venv .venv

.venv/lock/bin/uv: | .venv/bin/pip
	@$(PYTHON) -m venv .venv/lock && .venv/lock/bin/pip install --quiet --disable-pip-version-check uv

# Debian keeps the part of Python that makes environments in a package of its own.
define VENV_FROM_DEBIAN
{ \
	if ! command -v apt-get >/dev/null; then root=false; elif [ "$$(id -u)" = 0 ]; then root=; elif command -v sudo >/dev/null; then root=sudo; else root=false; fi; \
	echo "Python's venv module is missing; installing python3-venv."; \
	{ $$root apt-get update -qq && $$root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y python3-venv >/dev/null; } \
	|| { echo "Python cannot make environments here: have the administrator install python3-venv, then run make again." >&2; exit 2; }; \
}
endef
