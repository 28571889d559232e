# Two commands do all the set-up: `make quickstart` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PEERS := .venv-peers
INSTALLED := $(VENV)/.installed
RUN := runs/quickstart

.PHONY: quickstart test check bench e2e e2e-annotate e2e-engines seeds install clean

quickstart: $(INSTALLED)
	$(BIN)/nabra run configs/quickstart.yaml
	$(BIN)/nabra predict $(RUN)/checkpoint seeds/articles --output $(RUN) --overwrite
	$(BIN)/nabra report $(RUN) --output $(RUN)/report.html --title "The seed articles"
	@echo
	@echo "Open $(RUN)/report.html and $(RUN)/scorecard.html in a browser."

# A thread for each worker: more would wait for one another.
test: $(INSTALLED)
	OMP_NUM_THREADS=1 $(BIN)/pytest --numprocesses auto --maxprocesses 4 --dist loadfile

check: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest tests/unit/test_house.py

bench: $(INSTALLED) $(PEERS)/.installed
	NABRA_PEERS=$(PEERS)/bin/python $(BIN)/pytest tests/bench -s --override-ini=addopts=--import-mode=importlib

e2e: $(INSTALLED)
	$(BIN)/pytest tests/e2e --override-ini=addopts=--import-mode=importlib

# Each tool in an environment of its own: their pins and ours do not go together.
e2e-annotate: $(INSTALLED) build/label-studio/bin/python build/doccano/bin/python
	$(BIN)/pytest tests/e2e/test_annotation_tools.py --override-ini=addopts=--import-mode=importlib

build/label-studio/bin/python:
	$(PYTHON) -m venv build/label-studio
	$@ -m pip install --quiet --disable-pip-version-check "label-studio-sdk==2.1.2"

build/doccano/bin/python:
	$(PYTHON) -m venv build/doccano
	$@ -m pip install --quiet --disable-pip-version-check "doccano==1.8.4" "numpy<2" "marshmallow<4" "setuptools<70"

# Each engine with nabra and all that it is pinned to; pyspark takes an older pandas.
e2e-engines: $(INSTALLED) build/ray/.installed build/spark/.installed
	$(BIN)/pytest tests/e2e/test_engines.py --override-ini=addopts=--import-mode=importlib

build/ray/.installed: ENGINE = "ray[data]==2.60.0"
build/spark/.installed: ENGINE = "pyspark==4.3.0" "pandas<3"
build/ray/.installed build/spark/.installed: requirements.lock
	test -x $(@D)/bin/python || $(PYTHON) -m venv $(@D)
	grep -v '^pandas==' requirements.lock > $(@D)/requirements.txt
	$(@D)/bin/python -m pip install --quiet --disable-pip-version-check $$(grep '^torch==' requirements.lock)
	$(@D)/bin/python -m pip install --quiet --disable-pip-version-check -r $(@D)/requirements.txt $(ENGINE)
	$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

seeds: $(INSTALLED)
	$(BIN)/python -m train.seeds

install: $(INSTALLED)

# The lock pins every version; torch comes first, on its own, so that the pinned build is taken and
# nothing else decides for another one.
$(INSTALLED): requirements.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $$(grep '^torch==' requirements.lock)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $(INSTALLED)

# What benchmarks compare with, in an environment of its own.
$(PEERS)/.installed: tests/bench/peers.txt
	test -x $(PEERS)/bin/python || $(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/python -m pip install --quiet --disable-pip-version-check -r tests/bench/peers.txt
	@touch $(PEERS)/.installed

clean:
	rm -rf $(VENV) $(PEERS) runs build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
