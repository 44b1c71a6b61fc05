# The front door: `make run` opens the page, `make test` proves it. Everything lands in .tools/ and .venv/.
UV_BIN := $(shell command -v uv 2>/dev/null)
ifeq ($(UV_BIN),)
UV_BIN := .tools/bin/uv
endif
UV := $(UV_BIN)
BIN := .venv/bin
export UV_PROJECT_ENVIRONMENT := .venv
PORT ?= 8501
# STRICT=1 (what .ci/run sets): a skipped test is a failed test.
STRICT ?=
# Tests share the machine's cores by stealing work. Only a browser's tests run once more when they fail (and say so).
WORKERS ?= 2
PYTEST := $(if $(STRICT),LOCATOR_TEST_STRICT=1 )$(BIN)/python -m pytest
SPREAD := -n $(WORKERS) --dist worksteal
REPORTS := .reports

# The real Nominatim of the tests compiles against ICU: where its headers are missing, those tests are skipped, loudly.
WITHOUT := $(if $(STRICT),,$(shell pkg-config --exists icu-i18n 2>/dev/null || echo --no-group nominatim))

.PHONY: run test quick test-all lint types unit browser-tests slow-tests browser fmt bench measure clean help

help:
	@echo "make run       open the page at http://localhost:$(PORT)"
	@echo "make quick     lint, types and every test that needs no server: while you write"
	@echo "make test      lint, types, tests, browser tests (STRICT=1: nothing may be skipped)"
	@echo "make slow-tests  what is slow by nature (Nominatim, kills, damaged files, the wheel)"
	@echo "make test-all  the slow tests, then branch coverage of everything that needs no browser"
	@echo "make measure   modules, floors, circles, lines, duplicates, slowest tests, and whether the limits hold"
	@echo "make fmt       format the code"
	@echo "make attack flood, slow and fault tests against a server of its own, with a table of figures"
	@echo "make bench     the commands behind the figures: see benchmarks/README.md"

run: .venv/.run-stamp
	$(BIN)/python -m streamlit run app.py --server.port $(PORT)

quick: lint types
	$(PYTEST) -m "not server and not slow" $(SPREAD) -q

test: lint types unit browser-tests

lint: .venv/.test-stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/.test-stamp
	$(BIN)/mypy

unit: .venv/.test-stamp
	$(PYTEST) -m "not browser and not slow" $(SPREAD) --junitxml=$(REPORTS)/unit.xml

browser-tests: .venv/.test-stamp browser
	$(PYTEST) -m "browser and not slow" $(SPREAD) --reruns 1 --reruns-delay 2 --junitxml=$(REPORTS)/browser.xml

# What is slow by nature: Nominatim, kills, damaged files, the wheel, each view in every size, language and look.
slow-tests: .venv/.test-stamp browser
	$(PYTEST) -m "browser and slow" $(SPREAD) --reruns 1 --reruns-delay 2 || [ $$? -eq 5 ]
	$(PYTEST) -m "not browser and slow" $(SPREAD) --junitxml=$(REPORTS)/slow.xml

# Beside make test: the slow ones, and the branch coverage of all that needs no browser.
test-all: slow-tests
	$(PYTEST) -m "not browser and not slow" $(SPREAD) --cov --cov-branch --cov-report=term:skip-covered --junitxml=$(REPORTS)/all.xml

measure: .venv/.test-stamp
	$(BIN)/python benchmarks/measure.py

browser: .venv/.test-stamp
	sh .ci/browser

fmt: .venv/.test-stamp
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

attack: .venv/.test-stamp
	$(BIN)/python benchmarks/attack.py

bench: .venv/.test-stamp
	@cat benchmarks/README.md

# uv goes into a folder of the checkout: Debian's own pip refuses to touch the system's Python.
.tools/bin/uv:
	@sh .ci/bring-uv .tools

.venv/.run-stamp: uv.lock pyproject.toml | $(filter .tools/bin/uv,$(UV))
	$(UV) sync --quiet --frozen --inexact --no-dev
	@touch $@

.venv/.test-stamp: uv.lock pyproject.toml | $(filter .tools/bin/uv,$(UV))
	$(UV) sync --quiet --frozen --inexact --all-extras --all-groups $(WITHOUT)
	@touch $@ .venv/.run-stamp

clean:
	rm -rf .reports .venv .tools .pytest_cache .mypy_cache .ruff_cache .hypothesis htmlcov .coverage
