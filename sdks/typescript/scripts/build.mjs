// Compiles the sources twice, as ECMAScript modules and as CommonJS, each with its types.

import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const tsc = createRequire(import.meta.url).resolve("typescript/bin/tsc");

rmSync(`${ROOT}dist`, { recursive: true, force: true });
for (const [folder, flags] of [
  ["esm", []],
  // Sources are written as modules; that they become CommonJS is meant.
  ["cjs", ["--module", "commonjs", "--moduleResolution", "node10", "--verbatimModuleSyntax", "false"]],
]) {
  execFileSync(process.execPath, [tsc, "--outDir", `dist/${folder}`, ...flags], { cwd: ROOT, stdio: "inherit" });
}
mkdirSync(`${ROOT}dist/cjs`, { recursive: true });
// The nearest package.json says what a `.js` file is.
writeFileSync(`${ROOT}dist/cjs/package.json`, '{ "type": "commonjs" }\n');
