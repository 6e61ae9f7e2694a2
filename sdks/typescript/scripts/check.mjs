// Everything that is checked, as whoever installs the package meets it: it is built and packed, and types, tests and the
// samples of the documentation run against the tarball, installed in a directory of its own.
//
//   npm run check                           without a server: what needs one is skipped, and said so
//   CHARGLY_BIN=…/chargly npm run check     with one
//   npm run check -- --only live            only test files whose name has this

import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { writeSnippets } from "./snippets.mjs";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const require = createRequire(import.meta.url);
const tsc = require.resolve("typescript/bin/tsc");
const only = process.argv.includes("--only") ? process.argv[process.argv.indexOf("--only") + 1] : "";
const npm = process.env.npm_execpath ? [process.execPath, process.env.npm_execpath] : ["npm"];
const read = (path) => readFileSync(join(ROOT, path), "utf8");

function run(cwd, [program, ...args], env = {}) {
  execFileSync(program, args, { cwd, stdio: ["ignore", "inherit", "inherit"], env: { ...process.env, ...env } });
}

function step(what, work) {
  console.log(`\n# ${what}`);
  return work();
}

function same(what, a, b) {
  if (a !== b) throw new Error(`${what}: ${a} is not ${b}`);
}

const folder = mkdtempSync(join(tmpdir(), "chargly-check-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

step("one version, one licence", () => {
  const { version } = JSON.parse(read("package.json"));
  same("the version in src/version.ts", /VERSION = "(.*)"/.exec(read("src/version.ts"))[1], version);
  same("the newest version in CHANGELOG.md", /^## (\S+)/m.exec(read("CHANGELOG.md"))[1], version);
  same("LICENSE and that of the project", read("LICENSE"), read("../../LICENSE"));
});

const tarball = step("build and pack", () => {
  run(ROOT, [...npm, "pack", "--silent", "--pack-destination", folder]);
  return join(folder, readdirSync(folder).find((name) => name.endsWith(".tgz")));
});

step("install it into a new directory", () => {
  writeFileSync(join(folder, "package.json"), '{ "private": true, "type": "module" }\n');
  run(folder, [...npm, "install", "--silent", "--no-audit", "--no-fund", "--no-save", "--offline", tarball]);
  const { dependencies } = JSON.parse(readFileSync(join(folder, "node_modules/chargly/package.json"), "utf8"));
  same("runtime dependencies", JSON.stringify(dependencies ?? {}), "{}");
});

step("no import but of its own files, and no word of Node", () => {
  for (const build of ["esm", "cjs"]) {
    const at = join(folder, "node_modules/chargly/dist", build);
    for (const name of readdirSync(at).filter((name) => name.endsWith(".js"))) {
      const text = readFileSync(join(at, name), "utf8");
      for (const [, from] of text.matchAll(/(?:from |require\(|import\()"([^"]+)"/g)) {
        if (!from.startsWith("./")) throw new Error(`${build}/${name} imports ${from}`);
      }
      if (/\bBuffer\b|\b__dirname\b/.test(text)) throw new Error(`${build}/${name} uses what only Node has`);
    }
  }
});

const COMMON = {
  target: "ES2022",
  strict: true,
  noUncheckedIndexedAccess: true,
  exactOptionalPropertyTypes: true,
  noPropertyAccessFromIndexSignature: true,
  // The package's own types are checked, too.
  skipLibCheck: false,
  types: [],
};

const node = { types: ["node"], typeRoots: [join(ROOT, "node_modules/@types")] };

function project(name, type, files, compilerOptions) {
  const at = join(folder, name);
  mkdirSync(at, { recursive: true });
  writeFileSync(join(at, "package.json"), JSON.stringify({ type }));
  for (const [file, text] of Object.entries(files)) writeFileSync(join(at, file), text);
  const config = { compilerOptions: { ...COMMON, ...compilerOptions }, include: ["**/*"], exclude: ["out"] };
  writeFileSync(join(at, "tsconfig.json"), JSON.stringify(config));
  return at;
}

step("types and both builds, as a module and through require", () => {
  const body = `
const chargly: Chargly = new Chargly({ apiKey: "sk_test_1", fetch: async () => new Response("{}", { status: 404 }) });
const wallet: Promise<Wallet> = chargly.getWallet("user_42");
wallet.then(
  () => { throw new Error("there is no such wallet"); },
  (error: unknown) => { if (!(error instanceof NotFoundError)) throw error; },
);
// @ts-expect-error an event needs a customer
const wrong = () => chargly.meterEvent({ event: "image.generate" });
void wrong;
`;
  const esm = `import { Chargly, NotFoundError, type Wallet } from "chargly";\n${body}`;
  const cjs = `import chargly_ = require("chargly");\nimport type { Wallet } from "chargly";\nconst { NotFoundError } = chargly_;\nimport Chargly = chargly_.Chargly;\n${body}`;
  const dom = { lib: ["ES2022", "DOM", "DOM.Iterable"], outDir: "out" };
  // Without the types of a browser: those of Node have `fetch` and what belongs to it.
  const modes = [
    ["esm-nodenext", "module", { "a.ts": esm }, { module: "nodenext" }],
    ["esm-bundler", "module", { "a.ts": esm }, { module: "esnext", moduleResolution: "bundler" }],
    ["esm-node-alone", "module", { "a.ts": esm }, { module: "nodenext", ...node, lib: ["ES2022"] }],
    ["cjs-nodenext", "commonjs", { "a.ts": cjs }, { module: "nodenext" }],
    ["cjs-node10", "commonjs", { "a.ts": cjs }, { module: "commonjs", moduleResolution: "node10" }],
  ];
  for (const [name, type, files, options] of modes) {
    const at = project(name, type, files, { ...dom, ...options });
    run(at, [process.execPath, tsc, "--noEmit"]);
    run(at, [process.execPath, tsc]);
    run(at, [process.execPath, "out/a.js"]);
    console.log(`${name}: compiles and runs`);
  }
});

step("the tests and the samples of the documentation compile", () => {
  const at = project("tests", "module", {}, { module: "nodenext", outDir: "out", rootDir: ".", ...node, lib: ["ES2022", "DOM", "DOM.Iterable"] });
  cpSync(join(ROOT, "test"), at, { recursive: true });
  // Guides for all SDKs have their code in each language.
  const guides = ["typescript", "idempotency-and-retries", "metering", "event-names", "sdk-or-mcp"];
  const pages = guides.map((name) => resolve(ROOT, `../../docs/guides/${name}.md`));
  writeSnippets([join(ROOT, "README.md"), ...pages], join(at, "snippets"));
  run(at, [process.execPath, tsc]);
});

step(`the tests run${process.env.CHARGLY_BIN ? "" : ": CHARGLY_BIN names no server, so those that need one are skipped"}`, () => {
  const at = join(folder, "tests/out");
  const files = readdirSync(at).filter((name) => name.endsWith(".test.js") && name.includes(only)).map((name) => join(at, name));
  const env = process.env.CHARGLY_BIN ? { CHARGLY_BIN: resolve(process.env.CHARGLY_BIN) } : {};
  run(folder, [process.execPath, "--test", "--test-reporter=spec", ...files], env);
});
