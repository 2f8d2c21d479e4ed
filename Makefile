# Everything a person does with this repository. `make help` lists it.
PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3.13 || command -v python3.10 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
LOCK := requirements/dev.txt
READY := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-all test-blender test-window lint bench train train-fill protos lock clean blender nuke bpy shots characters

help:  ## list the targets
	@sed -n 's/^\([a-z-]*\):.*##  *\(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

setup: $(READY)  ## the environment, in .venv

$(READY): $(LOCK) pyproject.toml
	@echo "Preparing $(VENV) with $(PYTHON) ..."
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' \
	  || { echo "Backlot needs Python 3.10 or newer: make setup PYTHON=/path/to/python3.11"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(LOCK)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: $(READY)  ## a real plate is cleaned up and upscaled through the server
	@$(BIN)/python examples/demo.py

test: $(READY) lint blender-module  ## everything that proves it, without the minutes-long rounds
	@$(BIN)/python -m pytest -n 2 --dist loadgroup -m "not slow" $(ARGS)

test-all: $(READY) lint  ## all of it: 20 rounds of kill -9, 10,000 leases ...
	@$(BIN)/python -m pytest $(ARGS)

blender: $(READY)  ## the Blender extension, in dist/
	@$(BIN)/python plugins/blender/build.py

nuke: $(READY)  ## the folder for NUKE_PATH, in dist/nuke
	@$(BIN)/python plugins/nuke/build.py

# Blender as a Python module, for the tests; Blender's wheels want Python 3.11.
BPY ?= 4.5.15
bpy: .cache/bpy-$(BPY)/.ready  ## Blender's own wheel for the tests, 300 MB (BPY=5.0.1 for another)

.cache/bpy-%/.ready:
	@python3.11 -m venv .cache/bpy-$*
	@.cache/bpy-$*/bin/python -m pip install --quiet --disable-pip-version-check 'bpy==$*'
	@touch $@

SHOTS ?= build/shots
WIDTH ?= 480
DRESSING ?= brick
shots: $(READY) bpy  ## the shots that fill is measured on, in build/shots (about 20 minutes)
	@$(BIN)/python examples/shots/make_shots.py $(SHOTS) --width $(WIDTH) --dressing $(DRESSING)

CHARACTERS ?= build/characters
characters: $(READY) bpy  ## the characters that Character Lock is measured on (about 15 minutes)
	@$(BIN)/python examples/characters/make_characters.py $(CHARACTERS)

.PHONY: blender-module
blender-module:  # without it, and without a network, the tests inside Blender are skipped
	@$(MAKE) --no-print-directory bpy >/dev/null 2>&1 \
	  || echo "Blender's module could not be installed (300 MB): the tests inside Blender are skipped."

test-blender: $(READY)  ## the add-on in Blender 4.2, 4.5 and 5.0, and in a window under Xvfb
	@for version in 4.2.23 4.5.15 5.0.1; do \
	  $(MAKE) --no-print-directory bpy BPY=$$version >/dev/null 2>&1 \
	    || echo "Blender $$version could not be installed; it is left out."; done
	@$(BIN)/python -m pytest tests/blender $(ARGS)

test-window: $(READY)  ## Resolve's panel in a real window under Xvfb
	@if command -v xvfb-run >/dev/null; then \
	  QT_QPA_PLATFORM=xcb xvfb-run -a -s "-screen 0 1600x1000x24" \
	    $(BIN)/python -m pytest tests/resolve/test_panel.py $(ARGS); \
	else echo "There is no Xvfb here (apt-get install xvfb xauth): the window is left out."; fi

lint: $(READY)  ## ruff and mypy
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy

bench: $(READY)  ## the figures, as ratios taken in one run
	@$(BIN)/python -m benchmarks $(ARGS)

train: $(READY)  ## the shipped networks, from nothing (hours)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r training/requirements.txt
	@$(BIN)/python -m training.train $(ARGS)

train-fill: $(READY)  ## the fill network, from the images of make train (hours)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r training/requirements.txt
	@$(BIN)/python -m training.fill_samples --images 800
	@$(BIN)/python -m training.fill_train --run build/training/runs/fill-begin
	@$(BIN)/python -m training.fill_train --start fill-begin --rate 0.0015 --iterations 10000 --images 800
	@$(BIN)/python -m training.fill_export

# Stubs come from the last generator whose output imports on protobuf 4.25 and on today's.
STUBS := .cache/stubs
protos:  ## regenerate the stubs after a change in protos/
	@test -x $(STUBS)/bin/python || $(PYTHON) -m venv $(STUBS)
	@$(STUBS)/bin/python -m pip install --quiet --disable-pip-version-check 'grpcio-tools==1.62.3' 'setuptools<80'
	@$(STUBS)/bin/python -m grpc_tools.protoc -Iprotos --python_out=core --pyi_out=core --grpc_python_out=core protos/backlot/v1/backlot.proto
	@$(STUBS)/bin/python -m grpc_tools.protoc -Iprotos --python_out=server --pyi_out=server protos/backlot_server/worker.proto

lock:  ## pin everything anew, by hash, for Python 3.10 to 3.13
	@test -x .cache/lock/bin/uv || { $(PYTHON) -m venv .cache/lock && .cache/lock/bin/python -m pip install --quiet 'uv==0.13.8'; }
	@.cache/lock/bin/uv pip compile --quiet pyproject.toml --extra dev --universal --python-version 3.10 \
	  --generate-hashes --no-annotate --no-header -o $(LOCK)

clean:  ## remove what can be made again
	@rm -rf .cache demo build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
