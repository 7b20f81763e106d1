"""Runs the ssot-lsp beside this file: `python -I run.py server`."""

import os
import sys

if __name__ == "__main__":
    if sys.version_info < (3, 10):
        version = ".".join(map(str, sys.version_info[:3]))
        sys.exit("ssot-lsp needs Python 3.10 or newer, and %s is Python %s." % (sys.executable, version))
    sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "libs"))

    from ssot_lsp.cli import main

    main(prog_name="ssot-lsp")
