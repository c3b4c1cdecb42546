# make demo | run | test | lint | bench | setup | clean
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
export HF_HUB_OFFLINE := 1
export TOKENIZERS_PARALLELISM := false

.PHONY: train-attribution gaming soak-distractors soak-kill soak-size soak-drift soak-statements \
	soak-ingest soak-properties setup setup-readers setup-vendors setup-browser screenshots demo run test lint check-api bench clean

setup: $(VENV)/.complete

# torch goes first, by itself: its CPU build where the package client finds one.
$(VENV)/.complete: pyproject.toml clients/python/pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || python3 -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt torch==2.13.0
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev,redis]' \
		--editable clients/python
	$(BIN)/wellspring encoder
	touch $@

# Programs that read the exported books, in tests where they are installed (Debian).
setup-readers:
	@command -v bean-check >/dev/null && command -v hledger >/dev/null \
	|| { apt-get update -qq && apt-get install -qq -y --no-install-recommends beancount hledger; }

# Programs of vendors that report to a server, in tests where they are installed: some 230 MB.
setup-vendors: setup
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[vendors]'

# A browser (Debian's Chromium) and what drives it, in tests where they are installed: some 500 MB.
setup-browser: setup
	@command -v chromium >/dev/null \
	|| { apt-get update -qq && apt-get install -qq -y --no-install-recommends chromium; }
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[browser]'

# Pictures of the main pages in docs/images, and what docs/guide.md takes, in seconds.
screenshots: setup-browser
	$(BIN)/python tests/browser/screenshots.py

demo: setup
	$(BIN)/wellspring demo

run: setup
	$(BIN)/wellspring up --sample

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: lint
	$(BIN)/pytest --numprocesses 2

# Whether a running installation keeps what its OpenAPI document says: schemathesis, all checks.
check-api: setup
	$(BIN)/python tests/check_api.py

bench: setup
	@for bench in benchmarks/bench_*.py; do $(BIN)/python $$bench || exit 1; done

bench-%: setup
	$(BIN)/python benchmarks/bench_$(subst -,_,$*).py

# Coefficients and their report, from evaluation texts that are not part of the product.
SETS ?= ../shared/eval
train-attribution: setup
	@test -d $(SETS) || { echo "no evaluation sets at $(SETS): give SETS=folder"; exit 1; }
	$(BIN)/python -m attribution.training $(SETS) --models $(VENV)/share/wellspring/models

# What gaming earns; our own texts serve where there are no evaluation sets.
gaming: setup
	$(BIN)/python benchmarks/gaming.py --sets $(SETS) --models $(VENV)/share/wellspring/models --write

# The figures of every set with 100,000 passages beside it that are the source of nothing.
soak-distractors: setup
	@test -d $(SETS) || { echo "no evaluation sets at $(SETS): give SETS=folder"; exit 1; }
	$(BIN)/python benchmarks/soak_distractors.py $(SETS) --models $(VENV)/share/wellspring/models --write

# Long runs of the ledger, docs/ledger-soaks.md and docs/statements.md; SMALL=1 for a run of seconds.
soak-kill soak-size soak-drift soak-statements soak-ingest: setup
	$(BIN)/python benchmarks/$(subst -,_,$@).py

# Random histories against plain models, new ones each time: EXAMPLES times as many as the suite tries.
EXAMPLES ?= 20
soak-properties: setup
	EXAMPLES=$(EXAMPLES) $(BIN)/pytest --numprocesses 2 -o faulthandler_timeout=0 \
	tests/worker/test_any_*.py tests/worker/test_*_machine.py

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
