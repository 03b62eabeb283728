# make lab        open the course in JupyterLab
# make test       check the code, run the unit tests, then every notebook
# make bench      measure what the READMEs quote, and write it into them
# make readme     write what was measured, and the list of modules, into the READMEs
# make engine     compile the engine, for all systems (with EXTRAS=…,engine) or for this
# make web        bundle what draws in the browser (with npm), compile the engine for it
# make sanitize   run the engine's tests under the address and undefined sanitizers
# make soak       what takes longer than tests may: odd arguments, sanitizers, panels
# make coverage   measure which lines and branches the tests reach (with EXTRAS=…,soak)
# make mutation   put faults into the package, count what tests find (EXTRAS=…,soak)
# make notebooks  run the notebooks and save what they print
# make constraints  look for newer versions of what the environment holds
#
# Each makes the environment first if it is not there, or if what it holds has changed.
# Variables: VENV is where it lies, PYTHON is what it is made from, EXTRAS is what of the
# package's extras it has; LAB_ARGS and TEST_ARGS are handed on, as in
#     make lab LAB_ARGS="--no-browser --port=9999"

VENV ?= .venv
PYTHON ?= python3
EXTRAS ?= lab,book,test
LAB_ARGS ?=
TEST_ARGS ?=

BIN = $(VENV)/bin
INSTALLED = $(VENV)/.installed

.PHONY: lab test bench readme engine web sanitize soak coverage mutation notebooks \
    constraints clean

lab: $(INSTALLED)
	$(BIN)/python tools/lab.py $(LAB_ARGS)

test: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check d2l_rnn tests benchmarks tools
	$(BIN)/python -m pytest -n 2 --dist loadgroup --no-loadscope-reorder $(TEST_ARGS)

bench: $(INSTALLED)
	set -e; for script in benchmarks/[a-z]*.py; do $(BIN)/python $$script; done
	$(BIN)/python tools/readme.py

readme: $(INSTALLED)
	$(BIN)/python tools/readme.py

engine: $(INSTALLED)
	$(BIN)/python tools/build_engine.py

web: $(INSTALLED)
	$(BIN)/python tools/build_web.py
	$(BIN)/python tools/build_engine.py --web

sanitize: $(INSTALLED)
	$(BIN)/python -m pytest -k sanitized tests/engine/test_elsewhere.py

soak: $(INSTALLED)
	set -e; for script in engine fuzz panels; do \
	    $(BIN)/python benchmarks/soak/$$script.py; done
	$(BIN)/python tools/readme.py

coverage: $(INSTALLED)
	$(BIN)/python benchmarks/soak/covered.py
	$(BIN)/python tools/readme.py

mutation: $(INSTALLED)
	$(BIN)/python benchmarks/soak/mutation.py
	$(BIN)/python tools/readme.py

NOTEBOOKS = notebooks/[0-9]*.ipynb notebooks/solutions/*.ipynb

notebooks: $(INSTALLED)
	D2L_RNN_PROGRESS=off $(BIN)/jupyter nbconvert --to notebook --execute --inplace \
	    --log-level=ERROR \
	    --ExecutePreprocessor.record_timing=False \
	    --ExecutePreprocessor.store_widget_state=False $(NOTEBOOKS)
	$(BIN)/jupyter nbconvert --to notebook --inplace --log-level=ERROR \
	    --coalesce-streams $(NOTEBOOKS)

# PyTorch brings its own CUDA packages, and has another version for Macs with Intel.
constraints: $(INSTALLED)
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.10 --all-extras \
	    --no-annotate --no-header pyproject.toml --output-file $(VENV)/pins > /dev/null
	grep '^#' constraints.txt > constraints.new
	sed -E -e '/^(cuda|nvidia|triton)/d' \
	    -e "/^torch==/s/$$/ ; sys_platform != 'darwin' or platform_machine != 'x86_64'/" \
	    $(VENV)/pins >> constraints.new
	mv constraints.new constraints.txt

clean:
	rm -rf $(VENV)

$(INSTALLED): pyproject.toml constraints.txt tools/install.py
	$(PYTHON) tools/install.py --venv $(VENV) --extras $(EXTRAS)
