import assert from "node:assert/strict";
import { test } from "node:test";
import { registryFile } from "../src/registry";

test("the setting names the registry, else pyproject.toml, else it is registry.json", () => {
  const named = '[project]\nregistry = "no.json"\n\n[tool.ssot-lsp]  # ours\nselect = ["SSOT"]\nregistry = "conf/r.json"\n';
  assert.equal(registryFile("/shop", "mine.json", named), "/shop/mine.json");
  assert.equal(registryFile("/shop", "", named), "/shop/conf/r.json");
  assert.equal(registryFile("/shop", "", "[tool.ssot-lsp]\nregistry = '../r.json'"), "/r.json");
  assert.equal(registryFile("/shop", "", '[tool.ssot-lsp]\n[tool.other]\nregistry = "no.json"'), "/shop/registry.json");
  assert.equal(registryFile("/shop", "", ""), "/shop/registry.json");
});
