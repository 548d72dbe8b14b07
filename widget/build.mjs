// Builds `src/assistant.ts` into the one module that Superset's pages load.
//
// `node build.mjs [FOLDER]` writes `assistant.js`, and the licences of what is in it, into the
// folder; without one, into the Python package. `node build.mjs --tests FOLDER` builds the tests.

import { build } from "esbuild";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const HERE = dirname(fileURLToPath(import.meta.url));
const PACKAGE = join(HERE, "..", "src", "overset", "web", "static");
const BANNER =
  "// Built from widget/ by `make widget`: change it there.\n" +
  "// What is in it of others, and their licences: assistant.licenses.txt beside it.";
const COMMON = {
  absWorkingDir: HERE,
  bundle: true,
  charset: "utf8",
  format: "esm",
  legalComments: "none",
  logLevel: "warning",
  target: ["chrome111", "firefox113", "safari16.4"],
};

function licences() {
  const { dependencies } = JSON.parse(readFileSync(join(HERE, "package.json"), "utf8"));
  const texts = Object.entries(dependencies).map(([name, version]) => {
    const folder = join(HERE, "node_modules", name);
    const file = readdirSync(folder).sort().find((one) => /^licen[cs]e/i.test(one));
    return `${name} ${version}\n\n${readFileSync(join(folder, file), "utf8").trim()}\n`;
  });
  return texts.join(`\n${"-".repeat(78)}\n\n`);
}

async function buildModule(folder) {
  await build({
    ...COMMON,
    entryPoints: ["src/assistant.ts"],
    outfile: join(folder, "assistant.js"),
    minify: true,
    banner: { js: BANNER },
  });
  writeFileSync(join(folder, "assistant.licenses.txt"), licences());
}

async function buildTests(folder) {
  const found = readdirSync(join(HERE, "src"), { recursive: true }).map(String).sort();
  const tests = found.filter((name) => name.endsWith(".test.ts"));
  const contents = tests.map((name) => `import "./src/${name}";`).join("\n");
  await build({
    ...COMMON,
    stdin: { contents, resolveDir: HERE, loader: "ts" },
    outfile: join(folder, "tests.js"),
    sourcemap: "inline",
  });
}

const [first, second] = process.argv.slice(2);
await (first === "--tests" ? buildTests(second) : buildModule(first ?? PACKAGE));
