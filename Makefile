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
# A test that fails runs once more (and says so): servers and browsers share two cores here.
PYTEST := $(if $(STRICT),LOCATOR_TEST_STRICT=1 )$(BIN)/python -m pytest --reruns 1 --reruns-delay 2

# The real Nominatim of the tests compiles against ICU: where its headers are missing, those tests are skipped, loudly.
WITHOUT := $(if $(STRICT),,$(shell pkg-config --exists icu-i18n 2>/dev/null || echo --no-group nominatim))

.PHONY: run test lint types unit browser-tests browser fmt bench clean help

help:
	@echo "make run    open the page at http://localhost:$(PORT)"
	@echo "make test   lint, types, tests, browser tests (STRICT=1: nothing may be skipped)"
	@echo "make fmt    format the code"
	@echo "make bench  the commands behind the figures: see benchmarks/README.md"

run: .venv/.run-stamp
	$(BIN)/python -m streamlit run app.py --server.port $(PORT)

test: lint types unit browser-tests

lint: .venv/.test-stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/.test-stamp
	$(BIN)/mypy

unit: .venv/.test-stamp
	$(PYTEST) -m "not browser" -n 2 --dist loadfile --cov --cov-report=term:skip-covered

browser-tests: .venv/.test-stamp browser
	$(PYTEST) -m browser

browser: .venv/.test-stamp
	sh .ci/browser

fmt: .venv/.test-stamp
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

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
	rm -rf .venv .tools .pytest_cache .mypy_cache .ruff_cache .hypothesis htmlcov .coverage
