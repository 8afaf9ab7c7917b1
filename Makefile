# `make help` lists the targets. Everything happens in .venv; nothing is needed but Python 3.11 and make.
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
CODE := reconciler tests
# What `make package` builds for: FunctionRuntime and FunctionArchitecture of infra/template.yaml.
RUNTIME ?= python3.13
ARCHITECTURE ?= x86_64
# Tests start hundreds of processes: each would compile everything anew, where the environment forbids keeping it.
unexport PYTHONDONTWRITEBYTECODE
# Groups of the fleets that `make bench` measures.
SIZES := 20,200
# The floor for branch coverage; it only ever goes up.
COVERAGE := 88

.PHONY: help setup demo test coverage faults e2e lint types format package bench clean

help: ## list the targets
	@grep -hE '^[a-z0-9]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9]+):.*## /\1\t/' | awk -F'\t' '{printf "  %-8s %s\n", $$1, $$2}'

setup: $(READY) ## make .venv with the project, the sandbox and all tools in it

$(READY): pyproject.toml constraints.txt tests/infra/ministack.txt
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt uv
	$(BIN)/uv pip install --quiet --python $(BIN)/python --constraint constraints.txt --editable '.[policies,sandbox,dev]'
	$(BIN)/uv venv --quiet --python $(BIN)/python $(VENV)/ministack
	$(BIN)/uv pip install --quiet --python $(VENV)/ministack/bin/python --requirement tests/infra/ministack.txt
	@touch $(READY)

demo: $(READY) ## plan, provision, deploy and roll forward a fleet on AWS in a box
	@PATH="$(CURDIR)/$(BIN):$$PATH" bash examples/demo.sh

test: $(READY) ## run the tests, with a sample of the long ones
	$(BIN)/pytest -n 2 -m "not long"

coverage: $(READY) ## run the same, and say which branches they leave out; takes half as long again
	$(BIN)/pytest -n 2 -m "not long" --cov --cov-report=term:skip-covered --cov-fail-under=$(COVERAGE)

faults: $(READY) ## make every call that makes something go wrong, and cut runs at each; `make test` has a sample
	$(BIN)/pytest -n 2 tests/faults tests/runtimes/v2/test_faults.py tests/runtimes/v1/test_faults.py tests/runtimes/v1/test_resume.py \
		tests/execution/queue/test_cuts.py tests/execution/queue/test_cuts_v2.py

e2e: $(READY) ## run the long tests: the demo, workers that are killed, and all of what `make test` samples
	$(BIN)/pytest -n 2 -m "long or sampled" --hypothesis-profile thorough

lint: $(READY) ## look for mistakes, and for layers that are skipped
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/actionlint
	$(BIN)/zizmor --quiet --offline .github action.yml
	$(BIN)/cfn-lint --include-checks I --non-zero-exit-code informational -- infra/template.yaml

types: $(READY) ## check the types
	$(BIN)/mypy

format: $(READY) ## mend what can be mended by itself
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

package: $(READY) ## build dist/functions.zip, the code of the Lambda functions (RUNTIME, ARCHITECTURE)
	$(BIN)/python infra/package.py --runtime $(RUNTIME) --architecture $(ARCHITECTURE)

bench: $(READY) ## measure what commands cost by the size of the fleet (SIZES)
	$(BIN)/python -m benchmarks.scale --sizes $(SIZES)

clean: ## remove .venv and everything that tools leave behind
	rm -rf $(VENV) .coverage* .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
