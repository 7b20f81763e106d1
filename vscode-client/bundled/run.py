"""Runs the ssot-lsp beside this file: `python -I run.py server`."""

import sys
from pathlib import Path

if __name__ == "__main__":
    if sys.version_info < (3, 10):  # noqa: UP036 - whoever runs this has not looked
        sys.exit("ssot-lsp needs Python 3.10 or newer")
    sys.path.insert(0, str(Path(__file__).resolve().parent / "libs"))

    from ssot_lsp.cli import main

    main(prog_name="ssot-lsp")
