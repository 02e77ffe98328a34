# Two commands for a newcomer: `make quickstart` and `make test`. Python 3.11 or later, pip, make.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -qq
WORKERS ?= 2
ON_CLUSTER := tests/chaos tests/cluster tests/contract

.PHONY: help quickstart test lint format lock bench chaos fuzz clean

help:  ## what can be made
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(VENV)/installed: requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(PIP) install -r requirements.lock
	$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed requirements-dev.lock
	$(PIP) install -r requirements-dev.lock
	@touch $@

quickstart: $(VENV)/installed  ## install and run the main job on a real CSV
	$(BIN)/sweeper launch configs/quickstart.yaml

test: $(VENV)/installed-dev  ## the whole suite, under 10 minutes on 2 cores
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m "not cluster and not slow" -n $(WORKERS) --dist loadfile --no-loadscope-reorder
	$(BIN)/python -m pytest $(ON_CLUSTER) -m "cluster and not slow"

lint: $(VENV)/installed-dev  ## ruff, mypy and the arrows between packages
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

$(VENV)/installed-bench: $(VENV)/installed-dev requirements-bench.txt
	$(PIP) install -r requirements-bench.txt -c requirements-dev.lock
	@touch $@

bench: $(VENV)/installed-bench  ## the measurements of docs/benchmarks.md, beside the peers (hours)
	$(BIN)/python benchmarks/report.py $(BENCH)

chaos: $(VENV)/installed-dev  ## every injection of docs/chaos.md, and that page anew (two hours)
	PYTHONPATH=tests $(BIN)/python -m chaos --report docs/chaos.md

fuzz: $(VENV)/installed-dev  ## 10,000 mutated configs
	$(BIN)/python benchmarks/fuzz_config.py

lock:  ## write the lock files anew from the ranges in pyproject.toml
	rm -rf $(VENV)-lock && $(PYTHON) -m venv $(VENV)-lock
	$(VENV)-lock/bin/python -m pip --quiet install --upgrade setuptools .
	$(VENV)-lock/bin/python -m pip freeze --all --exclude sweeper --exclude pip > requirements.lock
	$(VENV)-lock/bin/python -m pip --quiet install ".[dev]"
	$(VENV)-lock/bin/python -m pip freeze --all --exclude sweeper --exclude pip \
		| grep -vE '^(cuda|nvidia|triton)' | sed 's/+cpu$$//' > requirements-dev.lock  # torch brings these
	rm -rf $(VENV)-lock

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache
