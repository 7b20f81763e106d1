--- ssot-lsp in Neovim 0.7 and newer. `:help ssot-lsp` says all of it.
local M = {}

local NAME = "ssot_lsp"
local FIX_ALL = "source.fixAll.ssot"
local FIX_WORKSPACE = "ssot.fixWorkspace"
local PATIENCE = 5000 -- milliseconds, where somebody asks for something and looks at the screen

local has_lsp_config = vim.fn.has("nvim-0.11") == 1
local loop = vim.uv or vim.loop

--- What the server is started with before Neovim 0.11, which keeps that itself.
local config = {}

--- Clients of Neovim 0.7, which does not look for one that is there already: root → id.
local ids = {}

--- A client's methods want the client itself since 0.11, and did not before.
local function call(client, method, ...)
  if has_lsp_config then
    return client[method](client, ...)
  end
  return client[method](...)
end

--- Our clients, all of them or those of one buffer.
local function clients(buffer)
  if vim.lsp.get_clients then
    return vim.lsp.get_clients({ name = NAME, bufnr = buffer })
  end
  local all = buffer and vim.lsp.buf_get_clients(buffer) or vim.lsp.get_active_clients()
  return vim.tbl_filter(function(client)
    return client.name == NAME
  end, all)
end

--- The nearest folder above a file with the first of the markers that is in any.
local function root_of(file)
  for _, marker in ipairs(config.root_markers) do
    local folder, parent = nil, vim.fn.fnamemodify(file, ":p:h")
    while folder ~= parent do
      folder, parent = parent, vim.fn.fnamemodify(parent, ":h")
      if loop.fs_stat(folder .. "/" .. marker) then
        return folder
      end
    end
  end
end

--- Start the server for a buffer, or attach the one of its root: what `vim.lsp.enable` does since 0.11.
local function start(buffer)
  local wanted = vim.tbl_contains(config.filetypes, vim.bo[buffer].filetype) and vim.bo[buffer].buftype == ""
  local root = wanted and root_of(vim.api.nvim_buf_get_name(buffer))
  if not root then
    return
  end
  local options = vim.tbl_extend("keep", { name = NAME, root_dir = root }, config)
  if vim.lsp.start then
    vim.api.nvim_buf_call(buffer, function()
      vim.lsp.start(options)
    end)
    return
  end
  if not ids[root] or vim.lsp.client_is_stopped(ids[root]) then
    -- 0.7 does not say that it can be asked for settings
    options.init_options = options.init_options or vim.tbl_get(config, "settings", "ssot")
    ids[root] = vim.lsp.start_client(options)
  end
  if ids[root] then
    vim.lsp.buf_attach_client(buffer, ids[root])
  end
end

local function start_everywhere()
  if has_lsp_config then
    vim.lsp.enable(NAME)
    return
  end
  for _, buffer in ipairs(vim.api.nvim_list_bufs()) do
    if vim.api.nvim_buf_is_loaded(buffer) then
      start(buffer)
    end
  end
end

--- The fixes of a buffer from one client as an edit, if there are any. Raises an error after `limit` milliseconds.
local function edit_of(client, buffer, limit)
  local deadline = loop.hrtime() / 1e6 + limit

  local function ask(method, params)
    local left = math.max(0, math.ceil(deadline - loop.hrtime() / 1e6))
    local answer, reason = call(client, "request_sync", method, params, left, buffer)
    if not answer then
      error(("%s: %s"):format(method, reason or "the server is gone"), 0)
    elseif answer.err then
      error(("%s: %s"):format(method, answer.err.message), 0)
    end
    return answer.result
  end

  local actions = ask("textDocument/codeAction", {
    textDocument = { uri = vim.uri_from_bufnr(buffer) },
    range = {
      start = { line = 0, character = 0 },
      ["end"] = { line = vim.api.nvim_buf_line_count(buffer), character = 0 },
    },
    context = { only = { FIX_ALL }, diagnostics = {} },
  })
  local action = (actions or {})[1]
  return action and (action.edit or ask("codeAction/resolve", action).edit)
end

--- Apply all safe fixes to a buffer; waits for them for `limit` milliseconds at most.
--- Returns why it could not be done, if so: that is no error, for nothing may come between a text and its file.
local function fix(buffer, limit)
  for _, client in ipairs(clients(buffer)) do
    local is_done, problem = pcall(function()
      local edit = edit_of(client, buffer, limit)
      if edit then
        vim.lsp.util.apply_workspace_edit(edit, client.offset_encoding)
      end
    end)
    if not is_done then
      return tostring(problem)
    end
  end
end

--- Apply all safe fixes to a buffer, by default the current one.
function M.fix_all(buffer)
  local problem = fix(buffer or vim.api.nvim_get_current_buf(), PATIENCE)
  if problem then
    vim.notify("ssot-lsp: " .. problem, vim.log.levels.WARN)
  end
end

--- Apply all safe fixes in the workspace of the current buffer. The files are changed in buffers: `:wall` writes them.
function M.fix_workspace()
  local buffer = vim.api.nvim_get_current_buf()
  for _, client in ipairs(clients(buffer)) do
    local params = { command = FIX_WORKSPACE, arguments = { vim.uri_from_bufnr(buffer) } }
    call(client, "request", "workspace/executeCommand", params, function(problem)
      if problem then
        vim.notify("ssot-lsp: " .. problem.message, vim.log.levels.WARN)
      end
    end, buffer)
  end
end

--- Stop the server, by force if it does not answer, and start it again for all buffers.
function M.restart()
  local stopping = clients()

  local function have_stopped()
    for _, client in ipairs(stopping) do
      if not call(client, "is_stopped") then
        return false
      end
    end
    return true
  end

  for _, force in ipairs({ false, true }) do
    for _, client in ipairs(stopping) do
      call(client, "stop", force)
    end
    if vim.wait(PATIENCE / 2, have_stopped, 10) then
      break
    end
  end
  vim.schedule(start_everywhere) -- Neovim lets go of the buffers of a server that has ended
end

---@class ssot_lsp.Options : vim.lsp.Config All but these two is handed on to Neovim's client.
---@field fix_on_save? boolean Safe fixes are applied before a file is written; false by default.
---@field timeout_ms? integer How long a write waits for them at most; 200 by default.

--- Start ssot-lsp for each Python file that is opened.
---@param options? ssot_lsp.Options
function M.setup(options)
  local given = vim.deepcopy(options or {})
  local fix_on_save, limit = given.fix_on_save, given.timeout_ms or 200
  given.fix_on_save, given.timeout_ms = nil, nil
  if fix_on_save and vim.lsp.get_clients then
    -- since 0.10 Neovim asks for such fixes too, and would wait a second more for a server that hangs
    local function ask_once(client)
      client.server_capabilities.textDocumentSync.willSaveWaitUntil = false
    end
    given.on_init = vim.list_extend({ ask_once }, type(given.on_init) == "table" and given.on_init or { given.on_init })
  end
  local group = vim.api.nvim_create_augroup(NAME, { clear = true })

  if has_lsp_config then
    vim.lsp.config(NAME, given)
  else
    local file = vim.api.nvim_get_runtime_file("lsp/ssot_lsp.lua", false)[1]
    config = vim.tbl_deep_extend("force", dofile(file), given)
    vim.api.nvim_create_autocmd("FileType", {
      group = group,
      pattern = config.filetypes,
      callback = function(event)
        start(event.buf)
      end,
    })
  end
  start_everywhere()

  if fix_on_save then
    vim.api.nvim_create_autocmd("BufWritePre", {
      group = group,
      callback = function(event)
        local problem = fix(event.buf, limit)
        if problem then
          require("vim.lsp.log").warn(NAME, event.file .. " is written as it is: " .. problem)
        end
      end,
    })
  end

  vim.api.nvim_create_user_command("SsotFixAll", function()
    M.fix_all()
  end, { desc = "Fix all deprecated imports in this file" })
  vim.api.nvim_create_user_command("SsotFixWorkspace", M.fix_workspace, {
    desc = "Fix all deprecated imports in the workspace",
  })
  vim.api.nvim_create_user_command("SsotRestart", M.restart, { desc = "Start ssot-lsp again" })
end

return M
