-- What Neovim needs to know of the server: Neovim 0.11 looks for it here, and `ssot_lsp` reads it in older ones.
return {
  cmd = { "ssot-lsp", "server" },
  filetypes = { "python" },
  root_markers = { "registry.json", "pyproject.toml", ".git" },
  workspace_required = true, -- without a folder there is no registry
}
