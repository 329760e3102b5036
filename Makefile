# The two commands of every day are `make demo` and `make test`. Everything lives in .venv; nothing else is touched.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
CORES  := $(shell getconf _NPROCESSORS_ONLN)
# Most tests wait for processes that they started; the fast ones work all the time.
JOBS   ?= $(shell expr $(CORES) + 2)
# A file stays in one process, whose servers its tests share; long files come first (see tests/conftest.py).
SPREAD := --dist loadfile --no-loadscope-reorder

# Without a network, providers come from mirrors below /opt. Set it to other folders, or to nothing for the registry.
MIRRORS := $(patsubst %/,%,$(dir $(wildcard /opt/*/registry.terraform.io)))
EMPTY   :=
export TERRACE_PROVIDER_MIRRORS ?= $(subst $(EMPTY) $(EMPTY),:,$(MIRRORS))

# Compiled once, not at every start: hundreds of tests start the program.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup services tools demo test fast dates explore peers live lint bench docs frameworks picture lock lock-tools clean

help:  ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY)  ## Install everything into .venv (done by itself when needed)

$(READY): pyproject.toml requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit("Terrace needs Python 3.11 or newer: make PYTHON=python3.12 ..." if sys.version_info < (3, 11) else 0)'
	@echo "setting up $(VENV) (once; a minute at most) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check 'uv>=0.5,<1'
	@$(BIN)/uv pip sync --quiet --compile-bytecode --python $(BIN)/python --require-hashes requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $(READY)

services:  ## Install what the tests run against beside Terraform and Git: PostgreSQL (Debian; as root or with sudo)
	@command -v pg_ctl > /dev/null || ls /usr/lib/postgresql/*/bin/pg_ctl > /dev/null 2>&1 || { \
		sudo=$$([ "$$(id -u)" = 0 ] || echo sudo); \
		$$sudo apt-get update -qq && $$sudo apt-get install -qq -y --no-install-recommends postgresql > /dev/null; }

tools: $(READY)  ## Build what the tests run against with Go: OpenTofu and small providers (kept in ~/.cache/terrace-tools)
	@cd tests && ../$(BIN)/python -m support.tools

demo: $(READY)  ## Play the whole story on an embedded cloud: pull request to production
	@$(BIN)/terrace demo

test: lint tools  ## Set up and run every test
	@$(BIN)/pytest -n $(JOBS) $(SPREAD)

fast: $(READY)  ## The tests that take under a minute together
	@$(BIN)/pytest -n $(CORES) $(SPREAD) -m 'not aws and not slow and not peer and not live'

dates: $(READY)  ## The fast tests under other dates: a leap day, the end of a month, two years from now (needs libfaketime, cc)
	@for day in "2028-02-29 12:10:00" "2029-01-31 23:58:00" "$$(date -u -d '+2 years' '+%Y-%m-%d %H:%M:%S')"; do \
		echo "== $$day"; \
		.ci/under-date "$$day" $(BIN)/pytest -n $(CORES) $(SPREAD) -m 'not aws and not slow and not peer and not live' || exit 1; \
	done

explore: $(READY)  ## The property tests with new examples; `make test` draws the same ones in every run
	@TERRACE_EXAMPLES=new $(BIN)/pytest -n $(JOBS) -m 'not aws and not peer and not live' \
		$$(grep -rl '@given' tests --include='*.py')

peers: $(READY)  ## Compare with programs of others, built or installed first: conftest (minutes), an emulator of GitHub
	@$(BIN)/pytest -m peer

live: $(READY)  ## Try GitHub itself, in a repository given for it: TERRACE_LIVE_REPOSITORY=owner/name GITHUB_TOKEN=...
	@$(BIN)/pytest -m live tests/forge/test_live.py

lint: $(READY)  ## Formatting, types and the import contract
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/lint-imports --no-logo > $(VENV)/imports.log || { cat $(VENV)/imports.log; exit 1; }

bench: $(READY)  ## Measure; prints ratios
	@for script in benchmarks/*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

docs: $(READY)  ## Generate the reference from the code
	@$(BIN)/python docs/generate.py

frameworks: $(READY)  ## Generate the compliance frameworks from Prowler's mappings
	@$(BIN)/python -m pip download --quiet --no-deps prowler==5.46.0 --dest $(VENV)/prowler
	@$(BIN)/python docs/frameworks.py $(VENV)/prowler/prowler-5.46.0-py3-none-any.whl

picture: $(READY)  ## Draw the pictures of README and docs: a real run of the demo, pages and screens of an example (needs Chromium)
	@$(BIN)/python docs/picture.py
	@$(BIN)/python docs/pictures.py

lock: $(READY)  ## Pin the newest allowed version of every dependency
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		--no-annotate --all-extras --group dev pyproject.toml --output-file requirements.lock

lock-tools: $(READY)  ## Pin what the checkov of src/terrace/checks/scanners/checkov.py needs
	@sed -n 's/^checkov==\([0-9.]*\) .*/checkov==\1/p' src/terrace/checks/scanners/checkov.lock > $(VENV)/checkov.in
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		--no-annotate --upgrade $(VENV)/checkov.in --output-file src/terrace/checks/scanners/checkov.lock

clean:  ## Remove what was set up
	@rm -rf $(VENV) .mypy_cache .ruff_cache .import_linter_cache .hypothesis
