# `make reproduce` runs the studies, `make test` passes the tests; both set up what is missing first.
# `make help` lists the rest.

PYTHON ?= python3
CORES ?= all
BIN := .venv/bin
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# DVC's name for the studies of config/config.yaml: the list of their reports, and all it is made from.
STUDIES := --with-deps index

# The programs that snakemake and dvc start are the environment's too.
export PATH := $(CURDIR)/$(BIN):$(PATH)
export PYTHONUNBUFFERED := 1
export MLFLOW_DISABLE_TELEMETRY := true
export DVC_NO_ANALYTICS := 1

.PHONY: help setup reproduce repro sync checkout ui test lint lock clean

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/\1\t\2/p' Makefile | expand -t 12

setup: .venv/.installed ## make the environment .venv from requirements.lock, where it is missing or out of date

.venv/.installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "radflow needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1). Name another: make PYTHON=python3.12 ..."; exit 1; }
	@echo "[setup] installing requirements.lock into .venv (torch is large: this takes some minutes)"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@
	@echo "[setup] done"

reproduce: setup ## run the configured studies from dataset card to report
	@echo "[reproduce] snakemake: what is missing or out of date is made; the rest is kept"
	@mkdir -p logs && touch logs/.started
	@snakemake --cores $(CORES) || { $(MAKE) --no-print-directory reason; exit 1; }
	@$(MAKE) --no-print-directory record
	@$(MAKE) --no-print-directory cost
	@echo "[reproduce] done: open results/index.html"

# Snakemake's benchmarks, of the steps that have just run: the third column is the peak memory, MB.
.PHONY: cost
cost:
	@find logs/benchmarks -name '*.tsv' -newer logs/.started -exec awk 'FNR == 2 { print $$3, FILENAME }' {} + | sort -n | tail -n 1 | \
	  awk -v minutes="$$(( ($$(date +%s) - $$(date -r logs/.started +%s)) / 60 ))" \
	  '{ sub(".*logs/benchmarks/", "", $$2); sub(".tsv", "", $$2); step = sprintf("; the most memory took %s, %.2f GB", $$2, $$1 / 1000) } \
	  END { printf "[reproduce] %d min%s\n", minutes, step }'

# The logs of the steps that failed, once more and at the end, out of Snakemake's own log.
.PHONY: reason
reason:
	@printf '\n[reproduce] stopped. Why:\n\n'
	@told=$$(find .snakemake/log -type f -newer logs/.started -exec sed -n '/^=\{80\}$$/,/^=\{80\}$$/ { /^=*$$/d; p }' {} +); \
	  echo "$${told:-see the message above}"

.PHONY: record
record:
	@if git rev-parse --git-dir >/dev/null 2>&1; \
	  then echo "[record] dvc: hashes of data and results into dvc.lock"; \
    python -m radflow.config.stages && dvc commit --force --quiet $(STUDIES); \
	  else echo "[record] no git repository: dvc.lock is left as it is"; fi

# Snakemake goes by dates, which a copied file does not keep. DVC's hashes say whether all files are
# those of dvc.lock; only then are they dated anew, and recorded as made by the present rules.
.PHONY: touch
touch:
	@dvc status --quiet $(STUDIES) || \
	  { echo "[touch] files differ from dvc.lock (see: dvc status $(STUDIES)). Run: make reproduce"; exit 1; }
	@snakemake --touch --forceall --cores 1 --quiet all 2>/dev/null
	@echo "[touch] all files are those of dvc.lock; snakemake knows"

repro: setup ## the same through DVC
	@python -m radflow.config.stages
	@dvc repro index
	@$(MAKE) --no-print-directory touch

sync: setup ## fetch data and results from the DVC remote; nothing is computed
	@dvc pull $(STUDIES)
	@$(MAKE) --no-print-directory touch

checkout: setup ## after `git checkout`: the data and results of this commit, from DVC's cache
	@dvc checkout $(STUDIES)
	@$(MAKE) --no-print-directory touch

ui: setup ## MLflow's pages, on this machine alone: http://127.0.0.1:5000
	@echo "[ui] open http://127.0.0.1:5000/#/experiments?workflowType=machine_learning (end with Ctrl-C)"
	@mlflow server --backend-store-uri sqlite:///$(CURDIR)/mlflow.db --host 127.0.0.1 --port 5000

test: lint ## set up, check style and types, run all tests
	@echo "[test] pytest$(if $(RADFLOW_MIRROR),, (set RADFLOW_MIRROR to a folder of archives to test on real cases too))"
	@pytest

lint: setup ## style, types, spelling, and the form of the workflow
	@echo "[lint] ruff";      ruff check --quiet && ruff format --check --quiet
	@echo "[lint] pyright";   pyright --pythonpath $(BIN)/python >.pyright.txt || { cat .pyright.txt; rm .pyright.txt; exit 1; }; rm .pyright.txt
	@echo "[lint] codespell"; codespell
	@echo "[lint] snakefmt";  snakefmt --check Snakefile workflow 2>&1 | tail -n 3
	@echo "[lint] snakemake"; snakemake --lint >/dev/null 2>.lint.txt || { cat .lint.txt; rm .lint.txt; exit 1; }; rm .lint.txt

# The lock pins what every machine needs. CUDA's packages follow from torch where it wants them; a
# build of torch for one kind of machine (+cpu, +cu130) can't be installed on the others.
lock: setup ## bring requirements.lock in step with pyproject.toml and constraints.txt (UPGRADE=1: newest)
	@$(BIN)/python -m pip install --quiet uv
	@cp requirements.lock .requirements.txt
	@uv pip compile pyproject.toml --group dev --constraint constraints.txt --python-version 3.11 \
	  --no-header --no-annotate --quiet $(if $(UPGRADE),--upgrade) --output-file .requirements.txt >/dev/null
	@sed -E -e '/^(cuda|nvidia|triton)[a-z0-9-]*==/d' -e 's/\+(cpu|cu[0-9]+)$$//' .requirements.txt > requirements.lock
	@rm .requirements.txt
	@git diff --stat requirements.lock

clean: ## remove the environment, logs and caches; data, results and their history stay
	rm -rf .venv logs .pytest_cache .ruff_cache .hypothesis .coverage
