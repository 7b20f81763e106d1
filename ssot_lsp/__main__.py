"""`python -m ssot_lsp`."""

import os
import sys

# `python -m` puts the current folder first on the path: a json.py of the workspace must not become ours
sys.path[:] = [folder for folder in sys.path if folder not in ("", os.getcwd())]  # noqa: PTH109 - before any import

from ssot_lsp.cli import main  # noqa: E402

main()
