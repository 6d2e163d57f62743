# make demo    the main job: channels, learned priors, a coded link -> runs/demo
# make test    format, lint, types and all tests
# Both make their own environment in .venv from the versions in requirements.lock.

SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: demo test env lint lock clean help

help:
	@sed -n 's/^# //p' $(firstword $(MAKEFILE_LIST))

env: $(READY)

$(READY): requirements.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "error: $(PYTHON) is not installed (Debian: apt-get install python3 python3-venv)." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' || { echo "error: commgen needs Python 3.11 to 3.13, $(PYTHON) is $$($(PYTHON) -V 2>&1); name another one: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "error: $(PYTHON) has no venv module (Debian: apt-get install python3-venv)." >&2; exit 1; }
	@echo "Making the environment in $(VENV) (3.5 GB, a minute or two with a fast connection) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(READY)

demo: $(READY)
	$(BIN)/commgen demo --output runs/demo

lint: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright

test: $(READY) lint
	$(BIN)/python -m pytest

# Keeps the versions that still fit; make lock UPGRADE=--upgrade takes the newest ones.
# Needs uv (pip install uv).
lock:
	uv pip compile $(UPGRADE) --universal --python-version 3.11 --generate-hashes --quiet --no-emit-find-links --extra dev --custom-compile-command "make lock" pyproject.toml --output-file requirements.lock

clean:
	rm -rf $(VENV) .pytest_cache .ruff_cache .hypothesis
