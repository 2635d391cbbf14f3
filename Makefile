# Everything starts here. Python 3.12 or newer and make are all that must be there.

.DEFAULT_GOAL := help
.PHONY: help demo up test check bench bench-peers lock clean

BIN := .venv/bin
INSTALLED := .venv/.installed
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.12 --generate-hashes \
	--no-header --no-annotate --no-emit-index-url --no-emit-find-links

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(INSTALLED) ## Show on real flights what Loadstone does, and stay up (EXIT=1: end after the story)
	$(BIN)/loadstone demo $(if $(filter-out 0,$(EXIT)),--exit)

up: $(INSTALLED) ## Run everything on this machine, servers included (ARGS="--api-port 8080")
	$(BIN)/loadstone up $(ARGS)

test: $(INSTALLED) ## Run all tests (ARGS="tests/unit -x")
	$(BIN)/python -m pytest --durations=15 $(ARGS)

check: $(INSTALLED) ## Lint, formatting, types and import directions
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(INSTALLED) ## Measure the way from the bucket to a live version against psql \copy
	$(BIN)/python -m bench.end_to_end $(ARGS)

# Each kind of peer has an environment of its own, away from Loadstone's; one that can't be made is listed so.
bench-peers: $(INSTALLED) ## Measure what people use instead, on the same file into the same server
	@mkdir -p .venv-peers
	@for peers in peers peers-ingestr peers-singer; do \
		test -e .venv-peers/$$peers/.installed && continue; \
		$(BIN)/uv venv --quiet --clear --python $(BIN)/python .venv-peers/$$peers \
		&& $(BIN)/uv pip sync --quiet --python .venv-peers/$$peers/bin/python requirements/$$peers.txt \
		&& touch .venv-peers/$$peers/.installed || echo "requirements/$$peers.txt can't be installed here"; \
	done
	@test -e .venv-peers/pgloader/usr/bin/pgloader || { cd .venv-peers && apt-get -qq download pgloader \
		&& dpkg -x pgloader_*.deb pgloader && rm pgloader_*.deb; } || echo "Debian's pgloader can't be had here"
	$(BIN)/python -m bench.peers $(ARGS)

lock: $(INSTALLED) ## Pin the newest allowed dependencies anew in requirements/*.txt
	$(COMPILE) --upgrade --extra local --group dev pyproject.toml --output-file requirements/dev.txt
	$(COMPILE) --constraint requirements/dev.txt pyproject.toml --output-file requirements/runtime.txt
	for peers in peers peers-ingestr peers-singer; do \
		$(COMPILE) --upgrade requirements/$$peers.in --output-file requirements/$$peers.txt || exit; done
	$(COMPILE) --upgrade requirements/build.in --output-file requirements/build.txt

clean: ## Remove the environment and every cache; data in .loadstone stay
	rm -rf .venv .venv-peers .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The environment is made anew when its interpreter is gone, and otherwise only brought up to date. uv comes
# from PyPI like the rest, pinned and hashed, whether or not the machine has one.
$(INSTALLED): pyproject.toml requirements/dev.txt requirements/build.txt
	@$(BIN)/python -c '' 2>/dev/null || { python=$$($(FIND_PYTHON)) && "$$python" -m venv --clear .venv; }
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements/build.txt
	@$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements/dev.txt requirements/build.txt
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

# A name can be there and not work: pyenv has a shim for each version, and refuses those not chosen.
define FIND_PYTHON
for python in python3.12 python3.13 python3.14 python3 python "$$HOME"/.pyenv/versions/3.1[2-9]*/bin/python; do \
	"$$python" -c 'import sys, venv; sys.exit(sys.version_info < (3, 12))' 2>/dev/null \
		&& echo "$$python" && exit; \
done; echo "Loadstone needs Python 3.12 or newer, and none was found" >&2; exit 1
endef
