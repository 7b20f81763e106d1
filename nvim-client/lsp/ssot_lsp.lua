-- What Neovim needs to know of the server. It is found in here by Neovim 0.11 and newer, and read by `ssot_lsp` on older ones.
return {
  cmd = { "ssot-lsp", "server" },
  filetypes = { "python" },
  root_markers = { "registry.json", "pyproject.toml", ".git" },
  workspace_required = true, -- without a folder there is no registry
}
