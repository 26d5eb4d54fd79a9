# make run   shows the main job on real input; make test runs every check; make docs builds the API
# reference. All need Python 3.11+, make, and a package index the first time; offline after that.
PYTHON ?= python3
VENV ?= .venv
ORACLES ?= .oracles
WHEEL_VENV ?= $(VENV)-wheel
DOCS ?= build/docs
BIN = $(VENV)/bin
WHEEL_BIN = $(WHEEL_VENV)/bin
export HARMONIUM_ORACLES = $(abspath $(ORACLES))

.PHONY: run test install oracles lint types unit wheel docs bench clean

run: install
	$(BIN)/python examples/tour.py
	PYTHON=$(BIN)/python sh examples/serve.sh

test: lint types unit docs wheel

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

docs: install
	$(BIN)/python scripts/build_reference.py $(DOCS)

# How fast, beside the two libraries. BENCH holds options: --quick, --check, --publish.
$(VENV)/.installed-bench: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --group bench
	touch $@

# TEMPLATE=FOLDER (a tokenizer with its chat template) lets transformers take part as well.
$(ORACLES)/template/.installed:
	$(PYTHON) -m venv $(ORACLES)/template
	$(ORACLES)/template/bin/python -m pip install --quiet transformers==4.57.6 jinja2==3.1.6
	touch $@

bench: install oracles $(VENV)/.installed-bench $(if $(TEMPLATE),$(ORACLES)/template/.installed)
	$(BIN)/python -m benchmarks $(BENCH) $(if $(TEMPLATE),--template $(TEMPLATE))

# What users install: the wheel in an environment of its own, with nothing of src on the path. What
# users see is tested there: the command, the examples, the testing room, every documented example.
WHEEL_TESTS ?= tests/house tests/cli tests/testing tests/examples

$(WHEEL_VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(WHEEL_VENV)
	$(WHEEL_BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(WHEEL_BIN)/python -m pip install --quiet ".[all]" --group dev
	touch $@

wheel: install $(WHEEL_VENV)/.installed
	rm -rf $(WHEEL_VENV)/dist
	$(BIN)/python -m build --wheel --no-isolation --outdir $(WHEEL_VENV)/dist > /dev/null
	$(WHEEL_BIN)/python -m pip install --quiet --no-index --no-deps --force-reinstall \
		$(WHEEL_VENV)/dist/*.whl
	$(WHEEL_BIN)/python -m pytest --quiet -p no:cacheprovider $(WHEEL_TESTS)

clean:
	rm -rf $(VENV) $(WHEEL_VENV) $(ORACLES) build dist
