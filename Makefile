# Two commands do everything on a fresh machine with Python and make: `make demo` and `make test`.

PYTHON ?= python3
PORT ?= 5000
VENV := .venv
RUN := $(VENV)/bin/python -m

.PHONY: demo test servers bench-endpoint bench-picture bench-resistance bench-trained bench-audio bench-footprint sheet pictures wheel clean

# Serves the example app.
demo: $(VENV)/demo
	@echo
	@echo "  The example app is at http://127.0.0.1:$(PORT)/"
	@echo "  Sign in as demo with the password captcha-demo. Ctrl-C stops it."
	@echo
	@$(RUN) flask --app example_app run --port $(PORT)

# Everything that a change has to pass.
test: servers $(VENV)/dev
	$(RUN) ruff format --check .
	$(RUN) ruff check .
	$(RUN) mypy
	$(VENV)/bin/lint-imports
	CAPTCHA_TESTS_REQUIRE_SERVERS=$(shell tests/install_servers --asked) $(RUN) pytest

# As root on Debian: Redis, memcached and Chromium, installed but not started. Elsewhere the tests use what they find.
servers:
	@tests/install_servers

# What a captcha costs beside a bare Flask view.
bench-endpoint: $(VENV)/dev
	@$(RUN) benchmarks.endpoint

# What a picture costs beside the peers' pictures.
bench-picture: $(VENV)/bench
	@$(RUN) benchmarks.picture

# What ready-made software reads of our pictures. About an hour; `python -m benchmarks.resistance --count 50` for a look.
bench-resistance: $(VENV)/bench
	@$(RUN) benchmarks.resistance

# What a network learns of our pictures, given 8,000 of them. About an hour on one core.
bench-trained: $(VENV)/bench-trained
	@$(RUN) benchmarks.trained

# What machines hear of our sounds, and what a sound costs. Half an hour.
bench-audio: $(VENV)/bench
	@$(RUN) benchmarks.audio

# How many bytes an outstanding captcha takes in each cache. A minute; needs redis-server and memcached.
bench-footprint: servers $(VENV)/dev
	@$(RUN) benchmarks.footprint

# Contact sheets for blind reading, in build/sheets, and the answers apart.
sheet: $(VENV)/dev
	@$(RUN) benchmarks.sheet --kind digits --count 144
	@$(RUN) benchmarks.sheet --kind letters --count 96

# The pictures of the example in README and docs, in docs/pictures.
pictures: servers $(VENV)/dev
	@$(RUN) tools.take_pictures

wheel: $(VENV)/dev
	$(RUN) build

clean:
	rm -rf $(VENV) build dist *.egg-info .*_cache

# -qq keeps pip to its errors: what setuptools says of editable installs is not for whoever runs this.
INSTALL = @echo "installing into $(VENV), which takes a minute at most …"; $(RUN) pip install -qq --editable

$(VENV)/bin/python:
	@echo "making the virtual environment $(VENV) …"
	@$(PYTHON) -m venv $(VENV)
	@$(RUN) pip install -qq --upgrade pip

$(VENV)/demo: pyproject.toml setup.py | $(VENV)/bin/python
	$(INSTALL) '.[redis,wtf,limits]'
	@touch $@

$(VENV)/dev: pyproject.toml setup.py | $(VENV)/bin/python
	$(INSTALL) '.[dev]'
	@touch $@ $(VENV)/demo

$(VENV)/bench: pyproject.toml | $(VENV)/dev
	$(INSTALL) '.[dev,bench]'
	@touch $@

$(VENV)/bench-trained: pyproject.toml | $(VENV)/dev
	$(INSTALL) '.[dev,bench-trained]'
	@touch $@
