// Takes the samples out of the documentation, so that they can be compiled and run as they are printed.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";

/** What a sample that imports nothing takes for granted. */
const GIVEN = 'import { Chargly, meterEvent } from "chargly";\nconst userId = "demo_user";\nconst chargly = new Chargly();\n';

/**
 * Writes each `ts` block of each document as a module `<document>-<nth>.ts`, and `index.json`: modules in the order of
 * the documents, each with what it prints: the `text` block right behind it.
 */
export function writeSnippets(documents, folder) {
  mkdirSync(folder, { recursive: true });
  const index = [];
  for (const path of documents) {
    const document = basename(path, ".md").toLowerCase();
    const blocks = readFileSync(path, "utf8").matchAll(/^```ts\n([^]*?)^```\n(?:\n```text\n([^]*?)^```\n)?/gm);
    let nth = 0;
    for (const [, code, prints] of blocks) {
      const name = `${document}-${++nth}`;
      // What is given and not used is no mistake of the sample.
      const given = /^import /m.test(code) ? "" : GIVEN;
      writeFileSync(join(folder, `${name}.ts`), `${given}${code}${/^(import|export) /m.test(code) ? "" : "export {};\n"}`);
      index.push({ name, prints: prints ?? null });
    }
  }
  writeFileSync(join(folder, "index.json"), JSON.stringify(index));
}
