import assert from "node:assert/strict";
import { test } from "node:test";
import { importedAt, isReference } from "../src/imports";

/** What is imported where a text has `|`. */
const at = (marked: string) => importedAt(marked.replace("|", ""), marked.indexOf("|"));

test("the name under the cursor is meant, else the module", () => {
  assert.equal(at("from shop.models import Buy|er, Order\n"), "shop.models:Buyer");
  assert.equal(at("x = 1\nfrom shop.models import Buyer, Order|\n"), "shop.models:Order");
  assert.equal(at("from shop.models import Buyer as B|, Order as O\n"), "shop.models:Buyer");
  assert.equal(at("from sh|op.models import Buyer, Order\n"), "shop.models");
  assert.equal(at("from sh|op.models import Buyer\n"), "shop.models:Buyer");
  assert.equal(at("import os, shop.mod|els as m\n"), "shop.models");
  assert.equal(at("    import shop|\n"), "shop");
});

test("an import may have several lines, and comments", () => {
  const lines = "from shop.models import (\n    Buyer,  # who buys, Order\n    Ord|er,\n)\n";
  assert.equal(at(lines), "shop.models:Order");
  assert.equal(at("from shop.models import (\n    Buyer,  # buys, Ord|er\n    Order,\n)\n"), "shop.models");
  assert.equal(at("from shop.models import (Buyer, Order)  # li|ke\n"), undefined);
});

test("nothing is meant elsewhere, nor by a relative path", () => {
  assert.equal(at("from shop import A\nprint(|A)\n"), undefined);
  assert.equal(at("from .models import Or|der\n"), undefined);
  assert.equal(at("from .. import Or|der\n"), undefined);
  assert.equal(at("|"), undefined);
});

test("what is no path is told", () => {
  for (const path of ["a", "a.b", "a.b:C", "a:C.d", "paquet.été:Ñ"]) {
    assert.ok(isReference(path), path);
  }
  for (const path of ["", "a b", "a:", ":a", "a:b:c", "a..b", "a.b.", "a/b", 'a"']) {
    assert.ok(!isReference(path), path);
  }
});
