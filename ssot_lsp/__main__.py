"""`python -m ssot_lsp`."""

from ssot_lsp.cli import main

main()
