# Karpa: every target does its own set-up in .venv. Needs only make and Python 3.11 or newer.
#   make lab                        opens the course in JupyterLab
#   make test                       proves that all of it works
#   make run LESSON=05 PRESET=cpu   executes lessons without a browser, into build/
#   make help                       lists the rest

SHELL := /bin/sh
.DEFAULT_GOAL := help
.NOTPARALLEL:
.SUFFIXES:

VENV := .venv
BIN := $(VENV)/bin
# PyTorch stays out of the environment that the tests run in.
BENCH_VENV := build/bench-venv
CUDA = $(if $(shell command -v nvidia-smi 2>/dev/null),cuda)
PRESET ?=
LESSON ?=
LAB_ARGS ?=
PYTEST ?=
ONLY ?=
BENCH ?=

# The set-up is silent and takes a tenth of a second where nothing has changed.
define setup
	@python=$$(tools/find_python.sh) && "$$python" tools/setup_env.py $(1) --venv "$(CURDIR)/$(or $(2),$(VENV))"
endef

# Only an explicit PRESET is passed on; unset, the course chooses by what JAX sees.
with_preset = $(if $(PRESET),KARPA_PRESET=$(PRESET))

export PYTHON
# The environment's own kernel comes before one of the same name in the user's home.
export JUPYTER_PREFER_ENV_PATH := 1

.PHONY: help lab test browser run store results bench publish links clean setup setup-dev

help: ## lists the targets
	@sed -n 's/^\([a-z-]*\):.*## /make \1\t/p' Makefile | expand -t 16

setup:
	$(call setup,lab apps)

setup-dev:
	$(call setup,lab apps dev)

lab: setup ## opens JupyterLab at the first lesson; LAB_ARGS="--no-browser --port 9999" goes through
	@echo "Starting JupyterLab; stop it with Ctrl-C."
	@$(with_preset) $(BIN)/python -m tools.open_lab $(LAB_ARGS)

test: setup-dev ## style, types, unit tests, all lessons; ONLY="tests lessons", PYTEST="-k name" for less
	@$(BIN)/python -m tools.run_checks $(if $(ONLY),--only $(ONLY)) -- $(PYTEST)

browser: ## opens lessons in the system's Chromium: saved, reopened, on a phone, offline
	$(call setup,lab apps dev browser)
	@$(BIN)/python -m pytest -p no:cacheprovider -rs tests/browser

run: setup ## executes LESSON=05 (unset: all) into build/, as notebook and HTML; PRESET=ci|cpu|gpu
	@$(with_preset) $(BIN)/python -m tools.run_lessons $(LESSON)

store: setup-dev ## executes LESSON=05 from notebooks/text/ and stores it in notebooks/ in light form
	@$(with_preset) $(BIN)/python -m tools.run_lessons --store $(LESSON)
	@$(BIN)/python -m tools.build_results

results: setup-dev ## writes the tables of README.md and docs/ from the stored lessons
	@$(BIN)/python -m tools.build_results

bench: ## measures beside PyTorch and Keras, in an environment of its own; BENCH="--quick" goes through
	$(call setup,lab bench $(CUDA),$(BENCH_VENV))
	@$(BENCH_VENV)/bin/python -m benchmarks.speed $(BENCH)
	@$(if $(BENCH),:,JAX_ENABLE_COMPILATION_CACHE=false $(BENCH_VENV)/bin/python -m benchmarks.forms)

publish: setup-dev ## writes the addresses for REPO=owner/name everywhere; REPO= takes them out
	@$(BIN)/python -m tools.publish $(if $(filter undefined,$(origin REPO)),,"$(REPO)")

links: setup-dev ## checks the internal links and lists the external ones
	@$(BIN)/python -m tools.links

clean: ## removes .venv, build/ and all caches
	@echo "Removing .venv, build/ and the caches."
	@rm -rf .venv build dist *.egg-info .pytest_cache .ruff_cache .mypy_cache
	@find . -name __pycache__ -prune -exec rm -rf {} + ; \
	 find . -name .ipynb_checkpoints -prune -exec rm -rf {} +
