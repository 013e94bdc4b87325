# Two commands do everything on a fresh machine with Python and make: `make demo` and `make test`.

PYTHON ?= python3
PORT ?= 5000
VENV := .venv
RUN := $(VENV)/bin/python -m
RELEASE := $(VENV)/release
RECIPES := $(VENV)/recipes

# Workers of pytest-xdist side by side: as many as the machine has cores. A module's tests stay together, as they share
# servers; `make test WORKERS=0` runs them one after the other.
WORKERS ?= auto
PYTEST = $(RUN) pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

# Tests start Python some hundred times; where it may not keep bytecode, each start compiles what it imports.
unexport PYTHONDONTWRITEBYTECODE

# What the tests in front ends are built with.
FRONTENDS := build/frontends
NODE := $(CURDIR)/tests/support/with_node
NPM_QUIETLY := npm --silent --ignore-scripts --no-audit --no-fund

# For the benchmarks: `make bench-peers ARGS=--keep` writes what was measured into the documentation.
ARGS ?=

.PHONY: demo test test-fast lint servers bench-endpoint bench-picture bench-resistance bench-trained bench-audio bench-work bench-browser bench-footprint stress glance glance-page sheet drawing pictures gallery wheel clean
.PHONY: npm test-frontends looks constraints test-recipes test-pythons test-lowest release-check docs tables widget bench-peers

# Serves the playground, with the example app beside it.
demo: $(VENV)/demo
	@echo
	@echo "  The demo is at http://127.0.0.1:$(PORT)/"
	@echo "  Try the captchas there, or sign in as demo with the password captcha-demo. Ctrl-C stops it."
	@echo
	@$(RUN) flask --app example_app.demo run --port $(PORT)

# Everything that a change has to pass. Five minutes on two cores.
test: servers lint
	CAPTCHA_TESTS_REQUIRE_SERVERS=$(shell tests/support/install_servers --asked) $(PYTEST)

# The tests that need no server and no browser and are not slow. 50 seconds on two cores.
test-fast: $(VENV)/dev
	$(PYTEST) -q -m "not server and not browser and not slow"

# The widget in pages made with front-end frameworks and bundlers, from the npm package. Two minutes on two cores.
# Node comes from PyPI where there is none.
test-frontends: servers npm $(FRONTENDS)/complete
	@cd $(FRONTENDS) && $(NODE) $(NPM_QUIETLY) install --no-save --offline $(CURDIR)/build/npm/*.tgz
	CAPTCHA_TESTS_REQUIRE_SERVERS=$(shell tests/support/install_servers --asked) $(PYTEST) tests/frontends

# The widget as a package for npm, in build/npm. Nothing is published.
npm: $(VENV)/demo
	@rm -rf build/npm
	@$(RUN) tools.npm_package

# Formatter, linter, types and the direction of imports.
lint: $(VENV)/dev
	$(RUN) ruff format --check .
	$(RUN) ruff check .
	$(RUN) mypy
	$(VENV)/bin/lint-imports

# The packages that the guides name, unchanged, against this one: in an environment of their own. A minute to install.
test-recipes: servers $(RECIPES)/complete
	CAPTCHA_TESTS_REQUIRE_SERVERS=$(shell tests/support/install_servers --asked) $(RECIPES)/bin/python -m pytest \
		-c tests/recipes/pytest.ini --rootdir . --confcutdir tests/recipes tests/recipes

# The tests that need no server, on every Python from 3.10 on that this machine has, and with the lowest versions
# that pyproject.toml declares. Ten minutes.
test-pythons:
	@tests/support/every_python

test-lowest:
	@tests/support/every_python --lowest

# What is about to be released: both distributions, that a second build gives the same bytes, the types of what is
# installed, and, where a database of advisories can be reached, that none is known of what it is installed with.
release-check: $(VENV)/release/complete
	@rm -rf build/dist build/dist-again
	@$(RELEASE)/bin/python -m tools.distributions build/dist
	@umask 077 && $(RELEASE)/bin/python -m tools.distributions build/dist-again
	@diff -r build/dist build/dist-again
	@$(RELEASE)/bin/twine check --strict build/dist/*
	@$(RELEASE)/bin/check-wheel-contents build/dist/*.whl
	@$(RELEASE)/bin/python -m pip install -qq --force-reinstall --no-deps build/dist/*.whl
	@cd build/dist && PATH="$(CURDIR)/$(RELEASE)/bin:$$PATH" pyright --ignoreexternal --verifytypes flask_captcha_api
	@$(RELEASE)/bin/python -m tools.audit

# As root on Debian: Redis, memcached, nginx and Chromium, installed but not started. Elsewhere the tests use what they find.
servers:
	@tests/support/install_servers

# The documentation, in build/docs. Any warning, such as one of a broken link, is an error.
docs: $(VENV)/dev
	@NO_MKDOCS_2_WARNING=1 $(RUN) mkdocs --quiet build --strict
	@echo "the documentation is in build/docs; to read it with its search: python3 -m http.server -d build/docs"

# The tables in the documentation, made from the code, the catalogues and what was measured.
tables: $(VENV)/dev
	@$(RUN) tools.docs_tables
	@$(RUN) tools.prices_table

# The widget's script as it is served, minified by esbuild. Needs Node.
widget: $(VENV)/dev
	@$(RUN) tools.minify_script

# What a captcha costs beside a bare Flask view.
bench-endpoint: $(VENV)/dev
	@$(RUN) benchmarks.speed.endpoint $(ARGS)

# What a picture costs beside the peers' pictures.
bench-picture: $(VENV)/bench
	@$(RUN) benchmarks.speed.picture $(ARGS)

# A whole trip with each Flask package, and what each lets through. Five minutes.
bench-peers: $(VENV)/dev
	@$(RUN) benchmarks.peers.trips $(ARGS)

# What machines read of our pictures, with the source at hand and without. Several hours; `ARGS="--rows outlines --kinds
# digits --drawings normal --count 40"` for a look at one cell, and `--keep` to write what is measured into the record.
bench-resistance: $(VENV)/bench $(VENV)/bench-trained
	@$(RUN) benchmarks.resistance.table $(ARGS)

# What a network learns of our pictures, given 8,000 of them. Two hours on one core.
bench-trained: $(VENV)/bench-trained
	@$(RUN) benchmarks.resistance.trained $(ARGS)

# What machines hear of our sounds, and what a sound costs. Half an hour.
bench-audio: $(VENV)/bench
	@$(RUN) benchmarks.resistance.audio $(ARGS)

# What work costs a server process: set-up, memory and time for each puzzle. A minute.
bench-work: $(VENV)/dev
	@$(RUN) benchmarks.speed.puzzles

# How Chromium works puzzles out: its time beside Python's, the bar, and the page meanwhile. Two minutes.
bench-browser: servers $(VENV)/dev
	@$(RUN) benchmarks.speed.browser

# How many bytes an outstanding captcha takes in each cache. A minute; needs redis-server and memcached.
bench-footprint: servers $(VENV)/dev
	@$(RUN) benchmarks.speed.footprint

# Servers killed, frozen, full and put under load, and what that costs: 30 minutes at most. Writes docs/reliability.md.
stress: $(VENV)/dev
	@tests/support/install_servers redis-server memcached wrk faketime
	@CAPTCHA_TESTS_REQUIRE_SERVERS=$(shell tests/support/install_servers --asked) $(RUN) benchmarks.stress

# Sheets of several drawings at displayed size, to be read at a glance, and their key apart, in build/glance.
# `make glance ARGS="--before COMMIT"` draws an earlier commit's among them.
glance: $(VENV)/bench
	@$(RUN) benchmarks.legibility.glance draw $(ARGS)

# A page on which people read fifty pictures and get their score.
glance-page: $(VENV)/dev
	@$(RUN) benchmarks.legibility.page $(ARGS)

# Contact sheets for patient reading, enlarged, in build/sheets, and the answers apart.
sheet: $(VENV)/dev
	@$(RUN) benchmarks.legibility.sheet --kind digits --count 144
	@$(RUN) benchmarks.legibility.sheet --kind letters --count 96

# Keeps how pictures look now in benchmarks/legibility/drawing.png, once the figures about them have been measured again.
drawing: $(VENV)/dev
	@$(RUN) benchmarks.legibility.drawing

# The pictures of the example in README and docs, in docs/pictures.
pictures: servers $(VENV)/dev
	@$(RUN) tools.take_pictures

# The pictures and sounds of docs/gallery.md, in docs/pictures/gallery.
gallery: $(VENV)/dev
	@$(RUN) tools.pages.make_gallery

# The pictures of the recipes for looks, in docs/pictures.
looks: servers $(FRONTENDS)/complete
	@$(RUN) tools.take_looks

# The versions that the development environment gets, on every Python: the newest that pyproject.toml allows.
constraints: $(VENV)/bin/python
	@$(RUN) pip install -qq uv
	@$(VENV)/bin/uv pip compile pyproject.toml --extra dev --universal --python-version 3.10 --upgrade --quiet \
		--custom-compile-command "make constraints" --output-file constraints.txt

wheel: $(VENV)/dev
	$(RUN) build

clean:
	rm -rf $(VENV) build dist *.egg-info .*_cache .hypothesis

# -qq keeps pip to its errors: what setuptools says of editable installs is not for whoever runs this.
INSTALL = @echo "installing into $(VENV), which takes a minute at most …"; $(RUN) pip install -qq --editable

$(VENV)/bin/python:
	@echo "making the virtual environment $(VENV) …"
	@$(PYTHON) -m venv $(VENV)
	@$(RUN) pip install -qq --upgrade pip

$(VENV)/demo: pyproject.toml setup.py | $(VENV)/bin/python
	$(INSTALL) '.[redis,wtf,limits]'
	@touch $@

$(VENV)/dev: pyproject.toml setup.py constraints.txt | $(VENV)/bin/python
	$(INSTALL) '.[dev]' --constraint constraints.txt
	@touch $@ $(VENV)/demo

$(RELEASE)/complete: pyproject.toml | $(VENV)/bin/python
	@$(PYTHON) -m venv $(RELEASE)
	@$(RELEASE)/bin/python -m pip install -qq --upgrade pip
	@$(RELEASE)/bin/python -m pip install -qq '.[release,wtf,limits]'
	@touch $@

$(RECIPES)/complete: pyproject.toml | $(VENV)/bin/python
	@echo "installing into $(RECIPES), which takes a minute at most …"
	@$(PYTHON) -m venv $(RECIPES)
	@$(RECIPES)/bin/python -m pip install -qq --upgrade pip
	@$(RECIPES)/bin/python -m pip install -qq --editable '.[dev-recipes]'
	@touch $@

$(VENV)/bench: pyproject.toml | $(VENV)/dev
	$(INSTALL) '.[dev,bench]'
	@touch $@

$(VENV)/bench-trained: pyproject.toml | $(VENV)/dev
	$(INSTALL) '.[dev,bench-trained]'
	@touch $@

$(FRONTENDS)/complete: tests/frontends/package.json tests/frontends/package-lock.json tests/support/with_node | $(VENV)/dev
	@echo "installing npm packages into $(FRONTENDS) …"
	@mkdir -p $(FRONTENDS)
	@cp tests/frontends/package.json tests/frontends/package-lock.json $(FRONTENDS)
	@cd $(FRONTENDS) && $(NODE) $(NPM_QUIETLY) ci
	@touch $@
