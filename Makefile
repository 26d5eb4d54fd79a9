# make run   shows the main job; make test runs every check. Both need Python 3.11+ and a package index once.
PYTHON ?= python3
VENV ?= .venv
ORACLES ?= .oracles
BIN = $(VENV)/bin
export HARMONIUM_ORACLES = $(abspath $(ORACLES))

.PHONY: run test install oracles lint types unit clean

$(VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --editable ".[all]" --group dev
	touch $@

install: $(VENV)/.installed

# The two published libraries that the tests compare with: both import as openai_harmony, so each
# has an environment of its own. They read the vocabulary that harmonium bundles.
$(ORACLES)/oss/.installed:
	$(PYTHON) -m venv $(ORACLES)/oss
	$(ORACLES)/oss/bin/python -m pip install --quiet oss-harmony==0.0.11
	touch $@

$(ORACLES)/legacy/.installed:
	$(PYTHON) -m venv $(ORACLES)/legacy
	$(ORACLES)/legacy/bin/python -m pip install --quiet openai-harmony==0.0.8
	touch $@

oracles: $(ORACLES)/oss/.installed $(ORACLES)/legacy/.installed

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: install
	$(BIN)/mypy

unit: install oracles
	$(BIN)/python -m pytest

test: lint types unit

clean:
	rm -rf $(VENV) $(ORACLES) build dist
