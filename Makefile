# Needs Python 3.11 or newer and make; everything else is installed below .venv.

VENV := .venv
PY := $(VENV)/bin/python
PYTHON ?= $(shell for p in python3.11 python3 python; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
INSTALLED := $(VENV)/.installed
JOBS ?= 3
PIP = $(PY) -m pip install --quiet --disable-pip-version-check --require-hashes
ARGS ?=
BENCH ?=

# Compiled modules are kept, whatever the machine's habit: tests and servers start Python often.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help setup demo up test proof lint e2e bench lock clean chromium

help: ## list the targets
	@awk -F':.*## ' '/^[a-z0-9]+:.*## / { printf "  %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(INSTALLED) ## make .venv from requirements.lock

# pip, which Python brings along, fetches uv, and uv the rest in a tenth of pip's time. Where uv
# cannot (it reads no pip.conf), pip does it all.
$(INSTALLED): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is missing: install it, or name it with PYTHON=..."; exit 1; }
	@test -x $(PY) || "$(PYTHON)" -m venv $(VENV) || { \
		echo "$(PYTHON) cannot make a virtual environment: install its venv package (Debian: python3-venv)"; exit 1; }
	@awk '/^[^ ]/ { wanted = /^uv==/ } wanted' requirements.lock > $(VENV)/uv.txt
	@$(PIP) -r $(VENV)/uv.txt && $(VENV)/bin/uv pip install --quiet --python $(PY) --require-hashes -r requirements.lock || \
		$(PIP) -r requirements.lock
	@touch $@

demo: setup ## run the product with live matches and logins; RESET=1 starts a new season
	$(if $(RESET),$(PY) -m config.embedded reset)
	$(PY) manage.py demo $(ARGS)

up: setup ## run the product on its own data
	$(PY) manage.py up $(ARGS)

test: setup ## run the tests, but for those of `proof` and `e2e`
	$(PY) -m pytest -q -n $(JOBS) --dist loadscope -m "not e2e and not slow" $(ARGS)

proof: setup chromium ## run the long tests: real seasons, a real match in a browser, and chaos
	$(PY) -m pytest -q -n 2 --dist loadscope -m slow $(ARGS)

# All of them, so that one run shows everything there is to mend.
CHECKS := "ruff check ." "ruff format --check ." "mypy ." lint-imports "djlint templates --lint --quiet" \
	"python manage.py makemigrations --check --dry-run" "python manage.py packs check"

lint: setup ## check style, types, layers, templates, migrations and packs
	@failed=0; for check in $(CHECKS); do \
		echo "== $$check"; $(VENV)/bin/$$check || failed=1; \
	done; exit $$failed

e2e: setup chromium ## run the tests that drive a browser
	$(PY) -m pytest -q -n 2 --dist worksteal -m "e2e and not slow" $(ARGS)

chromium:
	@command -v chromium >/dev/null || { test "$$(id -u)" = 0 && apt-get update -qq && \
		apt-get install -y -qq --no-install-recommends chromium; } || \
		{ echo "Chromium is missing: install the Debian package chromium"; exit 1; }

bench: setup ## measure; BENCH=name runs one of tests/bench
	@names="$(or $(BENCH),$(patsubst tests/bench/bench_%.py,%,$(wildcard tests/bench/bench_*.py)))"; \
	for name in $$names; do \
		test -n "$(BENCH)" || echo "== $$name"; \
		$(PY) -m tests.bench.bench_$$name $(ARGS) || exit 1; \
	done

# Without UPGRADE=1 the versions of the present lock stay.
lock: setup ## write requirements.lock and docker/requirements.lock from pyproject.toml
	$(VENV)/bin/uv pip compile pyproject.toml --group dev $(COMPILE) $(if $(UPGRADE),--upgrade) -o requirements.lock
	$(VENV)/bin/uv pip compile pyproject.toml -c requirements.lock $(COMPILE) --upgrade -o docker/requirements.lock

COMPILE := --quiet --generate-hashes --no-header --no-annotate --python-version 3.11

clean: ## stop the embedded servers, delete their data, .venv and caches
	@test ! -x $(PY) || $(PY) -m config.embedded reset
	rm -rf $(VENV) .veze .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis staticfiles htmlcov .coverage
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
