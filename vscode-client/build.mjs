// Everything that is made from sources: the bundle, the tests, the schema and the icon.
import { copyFile, mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import { deflateSync, crc32 } from "node:zlib";
import * as esbuild from "esbuild";

const common = { bundle: true, platform: "node", format: "cjs", target: "node20", logLevel: "warning" };

await mkdir("dist", { recursive: true });
await Promise.all([
  esbuild.build({
    ...common,
    entryPoints: ["src/extension.ts"],
    outfile: "dist/extension.js",
    external: ["vscode"],
    minify: true,
    sourcemap: false,
  }),
  esbuild.build({
    ...common,
    entryPoints: [...(await readdir("test")).map((name) => `test/${name}`), "e2e/main.ts"],
    outbase: ".",
    outdir: "out",
    external: ["vscode", "playwright-core"],
    sourcemap: "inline",
  }),
  esbuild.build({
    ...common,
    entryPoints: ["e2e/host/tests.ts"],
    outfile: "e2e/host/dist/tests.js",
    external: ["vscode"],
  }),
  readFile("../ssot_lsp/registry/schema.json", "utf8").then((schema) =>
    writeFile("dist/registry.schema.json", JSON.stringify(ofRegistries(JSON.parse(schema)))),
  ),
  copyFile("../LICENSE", "LICENSE"),
  readFile("README.md", "utf8").then((page) => writeFile("dist/README.md", withoutPictures(page))),
  writeFile("icon.png", png(128, icon)),
]);

/**
 * The schema for those files of the registry's name that are registries: other programs have theirs. The server takes an
 * object with entries for one; here one with nothing but keys of ours counts too, which is being written.
 */
function ofRegistries({ $schema, title, description, definitions, ...registry }) {
  const keys = Object.keys(registry.properties);
  return {
    $schema,
    title,
    description,
    if: { type: "object", anyOf: [{ required: ["entries"] }, { propertyNames: { enum: keys } }] },
    then: registry,
    definitions,
  };
}

/** A page without its pictures: of an extension's page VS Code shows only those that are fetched from elsewhere. */
function withoutPictures(page) {
  return page.replaceAll(/^!\[[^\]]*\]\([^)]*\)\n\n/gm, "");
}

/** Many grey paths lead to one point, of which one is green. */
function icon(x, y) {
  const near = (distance, radius) => Math.min(1, Math.max(0, radius - distance + 0.5));
  const toSegment = (ax, ay, bx, by) => {
    const [dx, dy] = [bx - ax, by - ay];
    const t = Math.min(1, Math.max(0, ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy)));
    return Math.hypot(x - ax - t * dx, y - ay - t * dy);
  };
  const corner = Math.hypot(Math.max(Math.abs(x - 63.5) - 40, 0), Math.max(Math.abs(y - 63.5) - 40, 0));
  const layers = [
    [[33, 37, 52], near(corner, 24)],
    ...[24, 104].map((ay) => [[120, 128, 150], near(toSegment(24, ay, 88, 64), 4)]),
    ...[24, 104].map((ay) => [[120, 128, 150], near(Math.hypot(x - 24, y - ay), 9)]),
    [[88, 196, 130], near(toSegment(24, 64, 88, 64), 5)],
    [[88, 196, 130], near(Math.hypot(x - 24, y - 64), 9)],
    [[88, 196, 130], near(Math.hypot(x - 94, y - 64), 18)],
    [[33, 37, 52], near(Math.hypot(x - 94, y - 64), 8)],
  ];
  return layers.reduce(
    ([r, g, b, a], [colour, cover]) => [
      ...[r, g, b].map((channel, i) => channel + (colour[i] - channel) * cover),
      Math.max(a, 255 * cover),
    ],
    [33, 37, 52, 0],
  );
}

/** A PNG file of so many pixels in each direction. */
function png(size, colour) {
  const rows = Array.from({ length: size }, (_, y) => [
    0,
    ...Array.from({ length: size }, (_, x) => colour(x, y).map(Math.round)).flat(),
  ]);
  const chunk = (type, data) => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const frame = Buffer.alloc(8);
    frame.writeUInt32BE(data.length);
    frame.writeUInt32BE(crc32(body), 4);
    return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
  };
  const header = Buffer.from([0, 0, 0, size, 0, 0, 0, size, 8, 6, 0, 0, 0]);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const data = deflateSync(Buffer.from(rows.flat()));
  return Buffer.concat([signature, chunk("IHDR", header), chunk("IDAT", data), chunk("IEND", Buffer.alloc(0))]);
}
