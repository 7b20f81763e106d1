# Everything here needs make and Python 3.10 or newer (with venv and pip), and sets itself up.
#
#   make demo         the demonstration, on a copy of examples/netra
#   make test         everything that CI checks
#   make test-lowest  the tests against the lowest versions of the dependencies that pyproject.toml allows
#   make test-editors the server in real editors, VS Code among them, and the registry's page in Chromium; they are
#                     installed first (Debian's, PyPI's, npm's)
#   make test-editors-often  the same 20 times, or `TIMES=5`: each run that fails is shown
#   make corpus       33,000 files of other people's code, from PyPI into .corpus (170 MB to fetch, 390 MB on the disk)
#   make fuzz         random registries over the corpus; `make fuzz FUZZ="--files 500 --seed 7"` for a part of it
#   make fuzz-registry  5,000 registries, spoiled in all sorts of ways; `FUZZ="--count 100 --seed 7"` for others
#   make migration    Jinja2 3.0 to 3.1 and MarkupSafe 2.0 to 2.1: their dependents from PyPI, fixed and imported
#   make bench        how fast it is on 18,000 of those files, beside ruff and pyrefly: benchmarks/BENCHMARKS.md
#                     `make bench BENCH="--runs 3 --only rules warm --json bench.json"`; BENCH=--help tells all
#   make latency      how soon there are diagnostics after a keystroke, beside ruff's server; LATENCY=--help tells all
#   make agreement    what is broken, in pyright's, ty's and pyrefly's eyes and in ours: docs/RELIABILITY.md (20 minutes;
#                     `make agreement AGREEMENT="--only django --kind migrated"`)
#   make vsix         the extension for Visual Studio Code, for this platform: vscode-client/ssot-lsp.vsix; needs Node 20
#   make test-vscode  its tests, and a real VS Code in a browser (Debian's chromium); installs that into .editors (700 MB)
#   make pictures     the pictures in the documentation, of VS Code, of Neovim and of the registry's page, taken anew
#   make PYTHON=python3.12 ...  with another Python (after `make clean`)

PYTHON ?= python3
VENV := .venv
LOWEST := .venv-lowest
PEERS := .venv-bench
BUNDLE := .venv-bundle
BIN := $(VENV)/bin/python

# What is set outside must not decide what runs in here.
unexport VIRTUAL_ENV PYTHONPATH PYTHONHOME PYTHONOPTIMIZE PYTHONWARNINGS PYTHONSAFEPATH PYTEST_ADDOPTS PYTEST_PLUGINS
unexport PIP_USER PIP_TARGET PIP_PREFIX PIP_REQUIRE_VIRTUALENV PIP_CONSTRAINT

# npm trusts what the system trusts, as pip does: a network may have a certificate authority of its own.
SYSTEM_CERTIFICATES := $(wildcard /etc/ssl/certs/ca-certificates.crt)
ifneq ($(SYSTEM_CERTIFICATES),)
export NODE_EXTRA_CA_CERTS ?= $(SYSTEM_CERTIFICATES)
endif

.PHONY: demo test lint format clean test-lowest test-editors test-editors-often pictures vsix test-vscode
.PHONY: corpus fuzz fuzz-registry migration bench latency agreement

demo: $(VENV)/.installed
	$(BIN) scripts/demo.py

test: lint
	$(BIN) -m pytest

lint: $(VENV)/.installed
	$(BIN) -m ruff check
	$(BIN) -m ruff format --check
	$(BIN) -m mypy
	$(VENV)/bin/lint-imports --no-cache

format: $(VENV)/.installed
	$(BIN) -m ruff check --fix
	$(BIN) -m ruff format

clean:
	rm -rf $(VENV) $(LOWEST) $(PEERS) $(BUNDLE) .editors build dist $(CLIENT)/dist $(CLIENT)/out $(CLIENT)/bundled/libs \
		$(CLIENT)/bundled/.made $(CLIENT)/node_modules .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis

test-editors: $(VENV)/.installed test-vscode
	$(BIN) scripts/editors.py
	$(BIN) -m pytest tests_editors

TIMES := 20
test-editors-often: $(VENV)/.installed
	$(BIN) scripts/often.py $(TIMES) $(MAKE) --no-print-directory test-editors

corpus: $(VENV)/.installed
	$(BIN) scripts/corpus.py

fuzz: $(VENV)/.installed
	$(BIN) scripts/fuzz.py $(FUZZ)

fuzz-registry: $(VENV)/.installed
	$(BIN) scripts/fuzz_registry.py $(FUZZ)

migration: $(VENV)/.installed
	$(BIN) scripts/migration.py

bench: $(VENV)/.installed $(PEERS)/.installed
	$(BIN) -m benchmarks.run $(BENCH)

latency: $(VENV)/.installed $(PEERS)/.installed
	$(BIN) -m benchmarks.latency --peers $(PEERS)/bin $(LATENCY)

agreement: $(VENV)/.installed $(PEERS)/.installed
	$(BIN) benchmarks/agreement.py --bin $(PEERS)/bin $(AGREEMENT)

test-lowest: $(LOWEST)/.installed
	$(LOWEST)/bin/python -m pytest --ignore tests/test_packaging.py

CLIENT := vscode-client
VSIX := $(CLIENT)/ssot-lsp.vsix
SERVER := $(shell find ssot_lsp -name '*.py' -o -name '*.json' -o -name '*.md' -o -name 'page.*')

vsix: $(VSIX)

test-vscode: $(VSIX)
	cd $(CLIENT) && npm test --silent
	$(DRIVE)

pictures: $(VENV)/.installed $(VSIX)
	$(BIN) scripts/editors.py
	$(BIN) -m tests_editors.start
	$(BIN) -m tests_editors.page
	$(DRIVE) --pictures=$(CURDIR)

# The real VS Code, with our extension and those that only tests need.
define DRIVE
	sh $(CLIENT)/e2e/install.sh .editors
	cd $(CLIENT) && npm run --silent package:e2e
	cd $(CLIENT) && node out/e2e/main.js $(CURDIR)/.editors ssot-lsp.vsix out/python.vsix out/host.vsix
endef

$(VSIX): $(CLIENT)/node_modules/.installed $(CLIENT)/bundled/.made $(CLIENT)/build.mjs $(CLIENT)/README.md \
		$(CLIENT)/view.svg $(CLIENT)/.vscodeignore $(wildcard $(CLIENT)/src/* $(CLIENT)/walkthrough/* $(CLIENT)/images/* $(CLIENT)/bundled/*.py)
	cd $(CLIENT) && npm run --silent build && npm run --silent package

# Nothing but pip: who only wants the extension does not wait for what the tests need.
$(CLIENT)/bundled/.made: $(CLIENT)/bundle.py pyproject.toml $(SERVER) $(BUNDLE)/.installed
	$(BUNDLE)/bin/python $(CLIENT)/bundle.py
	@touch $@

$(BUNDLE)/.installed:
	$(PYTHON) -m venv --clear $(BUNDLE)
	@echo '*' > $(BUNDLE)/.gitignore
	$(BUNDLE)/bin/python -m pip install --quiet --disable-pip-version-check "pip>=25.1"
	@touch $@

$(CLIENT)/node_modules/.installed: $(CLIENT)/package.json $(CLIENT)/package-lock.json
	cd $(CLIENT) && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

# An environment is made anew when pyproject.toml has changed. The pip that comes with Python may be too old for --group.
$(VENV)/.installed: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.10 or newer is needed: make PYTHON=..." if sys.version_info < (3, 10) else 0)'
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN) -m pip install --quiet --disable-pip-version-check "pip>=25.1"
	$(BIN) -m pip install --quiet --disable-pip-version-check --editable . --group dev
	@touch $@

$(LOWEST)/.installed: pyproject.toml scripts/lowest.py $(VENV)/.installed
	$(PYTHON) -m venv --clear $(LOWEST)
	@echo '*' > $(LOWEST)/.gitignore
	$(BIN) scripts/lowest.py > $(LOWEST)/constraints.txt
	$(LOWEST)/bin/python -m pip install --quiet --disable-pip-version-check "pip>=25.1"
	$(LOWEST)/bin/python -m pip install --quiet --disable-pip-version-check --editable . --group test \
		--constraint $(LOWEST)/constraints.txt
	@touch $@

$(PEERS)/.installed: benchmarks/peers.txt $(VENV)/.installed
	$(PYTHON) -m venv --clear $(PEERS)
	@echo '*' > $(PEERS)/.gitignore
	$(PEERS)/bin/python -m pip install --quiet --disable-pip-version-check --requirement benchmarks/peers.txt
	@touch $@
