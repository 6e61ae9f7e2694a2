/** The samples of the documentation, run as they are printed, in their order, each document on a server of its own. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, it, before, after } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Server, skip } from "./harness/server.js";

interface Snippet {
  name: string;
  prints: string | null;
}

const index = JSON.parse(readFileSync(new URL("../snippets/index.json", import.meta.url), "utf8")) as Snippet[];
const documents = new Set(index.map(({ name }) => name.replace(/-\d+$/, "")));

for (const document of documents) {
  describe(`samples of ${document}`, { skip }, () => {
    let server: Server;
    before(async () => {
      server = await Server.start();
    });
    after(() => server.stop());

    for (const { name, prints } of index.filter((snippet) => snippet.name.startsWith(`${document}-`))) {
      it(name, async () => {
        const module = fileURLToPath(new URL(`./snippets/${name}.js`, import.meta.url));
        const env = { ...process.env, CHARGLY_SECRET_KEY: server.key, CHARGLY_BASE_URL: server.url };
        const { stdout } = await promisify(execFile)(process.execPath, [module], { env, timeout: 60_000 });
        if (prints !== null) assert.equal(stdout, prints);
      });
    }
  });
}
