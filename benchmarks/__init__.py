"""How fast ssot-lsp is on a large repository, and how fast its peers are on the same: see BENCHMARKS.md."""
