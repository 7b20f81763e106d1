import assert from "node:assert/strict";
import { test } from "node:test";
import type { FolderStatus } from "../src/protocol";
import { registryName, status } from "../src/status";

const GOOD: FolderStatus = { uri: "file:///a%20b", state: "good", registries: ["file:///a%20b/r/registry.json"], count: 1200 };

test("the status tells how much is registered and how much is left", () => {
  assert.equal(status("running", GOOD, 34).text, "r/registry.json: 1,200 entries, 34 importers left");
  assert.equal(status("running", GOOD, 1).text, "r/registry.json: 1,200 entries, 1 importer left");
  assert.equal(status("running", { ...GOOD, count: 1 }, 0).text, "r/registry.json: 1 entry, no importers left");
  assert.equal(status("running", GOOD, undefined).text, "r/registry.json: 1,200 entries");
});

test("the status is as bad as the worst that is to be said", () => {
  const bad = { ...GOOD, state: "bad" } as const;
  assert.deepEqual(
    [status("running", bad, 3).text, status("running", bad, 3).severity],
    ["r/registry.json has errors", "warning"],
  );
  assert.equal(status("running", { ...GOOD, state: "none", registries: [] }, undefined).severity, "information");
  assert.equal(status("stopped", bad, 3).severity, "error");
  assert.equal(status("disabled", bad, 3).severity, "information");
  assert.ok(status("starting", undefined, undefined).isBusy);
});

test("a registry is named as it is found from its folder", () => {
  assert.equal(registryName({ ...GOOD, registries: ["file:///shared/registry.json"] }), "../shared/registry.json");
  assert.equal(registryName({ ...GOOD, registries: [] }), "The registry");
});
