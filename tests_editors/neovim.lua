-- What the tests of Neovim are written with. A test is Lua that returns what it has seen.

--- Wait for something to become true; its value.
function wait_for(what, condition)
  local value
  local came = vim.wait(20000, function()
    value = condition()
    return value
  end, 10)
  if not came then
    error("waited in vain for " .. what, 2)
  end
  return value
end

--- The one client that there is, as soon as it is ready.
function the_client()
  return wait_for("a client", function()
    local clients = (vim.lsp.get_clients or vim.lsp.get_active_clients)()
    assert(#clients <= 1, "more than one client")
    return clients[1]
  end)
end

--- The process of the server.
function the_process()
  the_client()
  local children = vim.api.nvim_get_proc_children(vim.fn.getpid())
  assert(#children == 1, "not one child")
  return children[1]
end

--- Wait for a number of diagnostics of the current buffer.
function diagnostics(count)
  return wait_for(count .. " diagnostics", function()
    local all = vim.diagnostic.get(0)
    return #all == count and all
  end)
end

--- Choose an action by its title, of those that Neovim offers under the cursor; the titles of all.
function choose(title)
  local titles, chosen = {}, nil
  vim.ui.select = function(items, options, on_choice)
    for _, item in ipairs(items) do
      table.insert(titles, (options.format_item(item)))
      chosen = titles[#titles] == title and item or chosen
    end
    assert(chosen, vim.inspect(titles))
    on_choice(chosen)
  end
  vim.lsp.buf.code_action()
  wait_for("actions", function()
    return #titles > 0
  end)
  return titles
end

function lines(buffer)
  return vim.api.nvim_buf_get_lines(buffer or 0, 0, -1, false)
end

--- Run a test as soon as Neovim has started, note in a file what it returns or what went wrong, and leave.
local function run(test, result)
  vim.schedule(function()
    local is_done, value = xpcall(dofile, debug.traceback, test)
    vim.fn.writefile({ vim.fn.json_encode({ is_done, value == nil and vim.NIL or value }) }, result)
    vim.cmd("qall!")
  end)
end

return { run = run }
