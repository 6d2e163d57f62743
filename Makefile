# make demo    the main job: channels, learned priors, a coded link -> runs/demo
# make test    format, lint, types and all tests
# make check   format, lint, types, and the tests of what differs from HEAD
# They make their own environment in .venv from the versions in requirements.lock.
# make fuzz    damaged files for every reader, an hour by default (FUZZ="--seconds 60" for a minute)
# make light   the tests of what needs no TensorFlow, without it, under NumPy 1 and 2
# make radio   installs GNU Radio and UHD by apt-get, and makes .venv-radio beside them
# make sdr-demo  in .venv-radio: a learned receiver, LMMSE and LS over fading -> runs/sdr-demo

SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# Processes that share the tests out, of about 2.5 GB and one thread each.
WORKERS ?= 2
PYTEST_OPTIONS := --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder
ONE_THREAD := OMP_NUM_THREADS=1 TF_NUM_INTRAOP_THREADS=1
SIDE_BY_SIDE := $(MAKE) --no-print-directory --jobs 2 --output-sync

.PHONY: changed check demo fuzz test env light lint lock clean help radio radio-packages sdr-demo test-radio

help:
	@sed -n '/^$$/q; s/^# //p' $(firstword $(MAKEFILE_LIST))

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

test: $(READY)
	@$(SIDE_BY_SIDE) lint light
	@$(MAKE) --no-print-directory test-radio
	$(ONE_THREAD) $(BIN)/python -m pytest $(PYTEST_OPTIONS)

check: $(READY)
	@$(BIN)/python tools/changed.py --list
	@$(SIDE_BY_SIDE) lint changed

# The tests of what differs from HEAD, and the contracts.
changed: $(READY)
	$(ONE_THREAD) $(BIN)/python tools/changed.py $(PYTEST_OPTIONS)

FUZZ ?= --seconds 3600
fuzz: $(READY)
	$(BIN)/python tests/fuzz/fuzz.py $(FUZZ)

# What needs no TensorFlow, in environments without it, under NumPy 1.24 and 2.
LIGHT := tests/measures tests/coding tests/frame tests/waveform tests/exported tests/montecarlo tests/design tests/_files tests/test_light.py \
	commgen/measures commgen/coding commgen/frame commgen/waveform commgen/design commgen/exported commgen/montecarlo \
	--ignore=commgen/design/model.py --ignore=tests/design/test_model.py --ignore=commgen/design/waveform
# Radio hosts have NumPy 1; under NumPy 2 make test itself runs these.
LIGHT_numpy1 := tests/sdr commgen/sdr
# NumPy 1.24 is not made for Python 3.12 and newer.
NUMPY1 := $(shell $(PYTHON) -c 'import sys; print("numpy1" if sys.version_info < (3, 12) else "")' 2>/dev/null)

light: $(addprefix light-,$(NUMPY1) numpy2)

light-%: .venv-%/.ready
	.venv-$*/bin/python -m pytest -q -m "not slow" $(LIGHT) $(LIGHT_$*)

# The radio host: GNU Radio of the distribution (Debian 12), whose Python and NumPy
# .venv-radio shares. Only this target installs packages of the system.
SYSTEM_PYTHON := /usr/bin/python3
RADIO := .venv-radio
RADIO_PACKAGES := gnuradio uhd-host python3-venv
SCREEN_PACKAGES := xvfb xauth python3-pyqt5 python3-sip # Qt, and a screen for its tests
AS_ROOT := $(shell [ "$$(id -u)" = 0 ] || echo sudo)

radio: radio-packages
	@$(MAKE) --silent $(RADIO)/.ready

radio-packages:
	@command -v apt-get >/dev/null || { echo "error: make radio is for Debian and Ubuntu, there is no apt-get here." >&2; exit 1; }
	@missing=$$(for package in $(RADIO_PACKAGES) $(SCREEN_PACKAGES); do \
		dpkg-query --show --showformat='$${Status}' $$package 2>/dev/null | grep -q 'ok installed' || echo $$package; done); \
	[ -z "$$missing" ] || { echo "Installing" $$missing "(up to 1.1 GB) ..."; $(AS_ROOT) apt-get -qq -o Acquire::Retries=3 update && \
		DEBIAN_FRONTEND=noninteractive $(AS_ROOT) apt-get -qq -o Acquire::Retries=3 install --no-install-recommends $$missing >/dev/null; }

# The lock is made for Debian's NumPy; another system's is held by a constraint.
$(RADIO)/.ready: requirements-radio.lock pyproject.toml
	@echo "Making the environment of the radio host in $(RADIO) (600 MB) ..."
	@test -x $(RADIO)/bin/python || $(SYSTEM_PYTHON) -m venv --system-site-packages $(RADIO)
	@numpy=$$($(SYSTEM_PYTHON) -c 'import numpy; print("numpy==" + numpy.__version__)'); \
	pip="$(RADIO)/bin/python -m pip --disable-pip-version-check --quiet --quiet"; \
	if grep -q "^$$numpy " requirements-radio.lock; \
	then $$pip install --require-hashes -r requirements-radio.lock; \
	else $$pip install --constraint <(echo "$$numpy") hatchling editables -e '.[sdr,test]'; fi && \
	$$pip install --no-deps --no-build-isolation -e . && $$pip check
	@touch $@

sdr-demo: $(RADIO)/.ready
	$(ONE_THREAD) $(RADIO)/bin/commgen sdr demo --output runs/sdr-demo

test-radio:
	@if [ -e $(RADIO)/.ready ]; \
	then $(ONE_THREAD) $(RADIO)/bin/python -m pytest -q -m gnuradio tests/sdr tests/cli/test_sdr_run.py; \
	else echo "Left out: the tests that need GNU Radio, which make radio installs in $(RADIO)."; fi

.PRECIOUS: .venv-%/.ready
.venv-%/.ready: requirements-%.lock | $(READY)
	@test -x .venv-$*/bin/python || $(PYTHON) -m venv .venv-$*
	@$(BIN)/uv pip install --quiet --python .venv-$*/bin/python --require-hashes -r requirements-$*.lock
	@touch $@

# Keeps the versions that still fit; make lock UPGRADE=--upgrade takes the newest ones.
COMPILE = $(BIN)/uv pip compile $(UPGRADE) --universal --generate-hashes --quiet --no-emit-find-links --custom-compile-command "make lock" pyproject.toml
lock: | $(BIN)/uv
	$(COMPILE) --python-version 3.11 --extra dev --output-file requirements.lock
	echo 'numpy<1.25' | $(COMPILE) --python-version 3.11 --extra test --constraint - --output-file requirements-numpy1.lock
	$(COMPILE) --python-version 3.11 --extra test --constraint requirements.lock --output-file requirements-numpy2.lock
	printf 'numpy==1.24.2\nhatchling\neditables\n' | $(COMPILE) - --python-version 3.11 --extra sdr --extra test --output-file requirements-radio.lock

$(BIN)/uv:
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv

clean:
	rm -rf $(VENV) .venv-numpy1 .venv-numpy2 $(RADIO) .pytest_cache .ruff_cache .hypothesis
