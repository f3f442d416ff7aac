# Needs git, make and Python 3.11 or newer with venv; everything else goes into .venv, from wherever pip is configured to
# install from. PYTHON=… chooses the interpreter, PYTEST_ARGS=… and BENCH_ARGS=… are passed on.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
# Settings of another Python installation must not reach the one in .venv.
unexport PYTHONHOME PYTHONPATH

BIN := .venv/bin
PY := $(BIN)/python
# `user = true` in a pip configuration cannot work inside a virtual environment.
PIP := PIP_USER=0 $(PY) -m pip --disable-pip-version-check install -qq

# A .venv that has lost its interpreter, or was copied here from another folder, is made again.
VENV_OK := $(shell $(PY) -c '' 2>/dev/null && [ "$$(cat .venv/made-in 2>/dev/null)" = "$$(pwd -P)" ] && echo yes)

.PHONY: help
help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-8s %s\n", $$1, $$2}' Makefile

.PHONY: sample
sample: .venv/installed ## show what is affected in sample_monorepo/, then build all of it
	@echo '$$ mbuild affected --dry-run'
	@$(PY) -m mbuild affected --dry-run --missing-base all
	@echo
	@echo '$$ mbuild all'
	@$(PY) -m mbuild all

# A test that hangs fails, with the stacks of its threads; none takes a fifth of that many seconds.
.PHONY: test
test: .venv/installed-test ## run the tests
	@$(PY) -m pytest -n auto --maxprocesses 8 --dist worksteal --timeout 600 $(PYTEST_ARGS)

.PHONY: oracle
oracle: .venv/installed-test ## compare with the oracles on thousands of random monorepos and edits
	@MBUILD_ORACLE_EXAMPLES=$${MBUILD_ORACLE_EXAMPLES:-2000} MBUILD_ORACLE_FIGURES=1 \
	  $(PY) -m pytest -n auto --maxprocesses 8 --dist worksteal tests/oracle $(PYTEST_ARGS)

.PHONY: lint
lint: .venv/installed-lint ## check format, style, types, layers and the generated schema
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy
	$(BIN)/lint-imports
	$(PY) -m mbuild.config.schema | diff -u src/mbuild/config/schema.json -

.PHONY: format
format: .venv/installed-lint ## format the code
	$(PY) -m ruff format .
	$(PY) -m ruff check --fix .

.PHONY: bench
bench: .venv/installed-test ## measure against the budgets
	$(PY) -m bench $(BENCH_ARGS)

.PHONY: clean
clean: ## remove .venv, caches, build results and the sample's bulk/
	rm -rf .venv .mbuild .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis .coverage .coverage.*
	rm -rf dist sample_monorepo/bulk
	find src tests bench -name __pycache__ -type d -prune -exec rm -rf {} +

# The newest Python that is new enough and can make virtual environments.
.venv/made-in: $(if $(VENV_OK),,again)
	@found=; old=; bare=; \
	for python in $(or $(PYTHON),python3.14 python3.13 python3.12 python3.11 python3); do \
	  "$$python" -c '' 2>/dev/null || continue; \
	  "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { old="$$old $$python"; continue; }; \
	  "$$python" -c 'import ensurepip, venv' 2>/dev/null || { bare="$$bare $$python"; continue; }; \
	  found=$$python; break; \
	done; \
	if [ -z "$$found" ]; then \
	  if [ -n "$$bare" ]; then \
	    echo "error: cannot make a virtual environment:$$bare lacks the module venv or ensurepip" >&2; \
	    echo "hint: Debian and Ubuntu have it in the package python3-venv" >&2; \
	  else \
	    echo "error: no Python 3.11 or newer was found$${old:+ (too old:$$old)}" >&2; \
	    echo "hint: install one, or name it: make PYTHON=/path/to/python3" >&2; \
	  fi; \
	  exit 2; \
	fi; \
	echo "making .venv with $$("$$found" --version)"; \
	rm -f .venv/installed .venv/installed-test .venv/installed-lint; \
	"$$found" -m venv .venv
	@$(PIP) --upgrade 'pip>=25.1'
	@pwd -P >$@

.PHONY: again
again:

.venv/installed: .venv/made-in pyproject.toml
	@echo 'installing mbuild'
	@$(PIP) --editable .
	@touch $@

.venv/installed-%: .venv/installed pyproject.toml
	@echo 'installing the tools: $*'
	@$(PIP) --group test $(if $(filter lint,$*),--group lint)
	@touch $@
