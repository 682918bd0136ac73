# make demo: the main job on a fresh machine. make test: the suite. See BUILD.md.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

PROVERS := $(VENV)/.provers
DOCS := $(VENV)/.docs
# Two processes for two cores, since a test in Python keeps only one core busy.
PARALLEL := --numprocesses=2 --dist=worksteal

.PHONY: demo test test-all test-provers lint format docs drift clean

demo: $(INSTALLED)
	$(BIN)/zoo train --model=resnet18 --data=digits --epochs=15 --output=runs/demo
	$(BIN)/zoo export --checkpoint=runs/demo --data=digits --output=exports/demo

test: $(INSTALLED)
	$(BIN)/python -m pytest -m "not slow and not provers" $(PARALLEL) --durations=10

test-provers: $(PROVERS)
	$(BIN)/python -m pytest -m provers tests/export tests/artifacts

test-all: $(PROVERS)
	$(BIN)/python -m pytest $(PARALLEL) --durations=20

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(INSTALLED)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The site of docs/. Its configuration refuses pages that would fetch anything from elsewhere.
docs: $(DOCS)
	$(BIN)/python -m sphinx --quiet --fail-on-warning --keep-going docs build/site

# Tries what a user gets today: installs the newest versions that setup.py allows, and exports once.
drift:
	rm -rf build/drift
	$(PYTHON) -m venv build/drift
	build/drift/bin/pip install --quiet --disable-pip-version-check .
	build/drift/bin/pip freeze --exclude zoo-residual | diff --side-by-side --suppress-common-lines - constraints.txt | grep -v '>' || echo "as in constraints.txt"
	build/drift/bin/zoo export --checkpoint=resnet8.digits --data=digits --targets=cpu --output=build/drift/export

$(INSTALLED): setup.py constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[test,lint]"
	touch $@

$(PROVERS): $(INSTALLED)
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[provers,browser]"
	touch $@

$(DOCS): $(INSTALLED)
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[docs]"
	touch $@

clean:
	rm -rf $(VENV) build *.egg-info .pytest_cache .ruff_cache .mypy_cache .import_linter_cache
