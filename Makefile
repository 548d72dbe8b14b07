# The doors of this project. `make` alone lists them.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help
help: ## list the doors
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

.PHONY: env
env: $(VENV)/.ready ## the locked environment in .venv

$(VENV)/.ready: requirements.lock pyproject.toml
	@bash tools/env.sh "$(PYTHON)" "$(VENV)"
	@touch $@

.PHONY: up
up: env ## serve two demo workspaces on http://localhost:8088
	@$(BIN)/overset up $(ARGS)

.PHONY: check
check: env ## ruff, mypy, import contracts
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

.PHONY: fix
fix: env ## let ruff mend what it can
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

.PHONY: test
test: env check ## check, then every test, two files at a time
	@bash tools/test-deps.sh
	@$(BIN)/pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder $(ARGS)

.PHONY: prove
prove: env ## take each isolation hook out in turn: the tests that must fail do
	@bash tools/test-deps.sh
	@$(BIN)/python tests/prove.py

.PHONY: bench
bench: env ## measure bare Superset and Overset in turn, in one run
	@bash tools/test-deps.sh wrk
	@PYTHONPATH="$(CURDIR)/tests:$(CURDIR)$${PYTHONPATH:+:$$PYTHONPATH}" $(BIN)/python -m bench $(ARGS)

.PHONY: bench-pages
bench-pages: env ## measure the pages of stock Superset and Overset in turn, in one run
	@bash tools/test-deps.sh wrk
	@PYTHONPATH="$(CURDIR)/tests:$(CURDIR)$${PYTHONPATH:+:$$PYTHONPATH}" $(BIN)/python -m bench.pages $(ARGS)

.PHONY: bench-chat
bench-chat: env ## measure what the assistant adds to a model's own time
	@PYTHONPATH="$(CURDIR)/tests:$(CURDIR)$${PYTHONPATH:+:$$PYTHONPATH}" $(BIN)/python -m bench.chat $(ARGS)

.PHONY: docs
docs: env ## write the reference pages that are made from code
	@$(BIN)/python tools/settings_page.py
	@$(BIN)/python tools/modules_page.py
	@$(BIN)/python tools/widget_types.py

.PHONY: widget
widget: ## build the assistant from widget/ into src/overset/web/static
	@bash tools/test-deps.sh
	@npm --prefix widget run --silent check
	@npm --prefix widget run --silent build

.PHONY: screenshots
screenshots: env ## photograph the pages for people into docs/images/pages
	@bash tools/test-deps.sh
	@PYTHONPATH="$(CURDIR)/tests$${PYTHONPATH:+:$$PYTHONPATH}" $(BIN)/python tools/screenshots.py

.PHONY: lock
lock: ## resolve every dependency again into requirements.lock
	@uv pip compile --universal --generate-hashes --no-emit-index-url --no-header --group dev pyproject.toml -o requirements.lock -q --upgrade
