/** The package in a world that has the web's globals and nothing of Node: no process, no Buffer, no modules. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { webcrypto } from "node:crypto";
import { dirname, join } from "node:path";
import { it } from "node:test";
import vm from "node:vm";
import * as esm from "chargly";
import { OK, problem, script } from "./harness/fetches.js";

const require = createRequire(import.meta.url);

function loadInBareWorld(fetch: esm.Fetch): typeof esm {
  const folder = join(dirname(require.resolve("chargly/package.json")), "dist/cjs");
  const globals = {
    fetch, crypto: webcrypto, Response, Headers, URL, URLSearchParams, TextEncoder, TextDecoder,
    AbortController, AbortSignal, setTimeout, clearTimeout, atob,
  };
  const context = vm.createContext(globals);
  const loaded = new Map<string, { exports: object }>();
  const load = (name: string): object => {
    assert.match(name, /^\.\//);
    const known = loaded.get(name);
    if (known) return known.exports;
    const module = { exports: {} };
    loaded.set(name, module);
    const wrapped = vm.runInContext(`(function (exports, require, module) {${readFileSync(join(folder, name), "utf8")}\n})`, context);
    (wrapped as (...given: unknown[]) => void)(module.exports, load, module);
    return module.exports;
  };
  return load("./index.js") as typeof esm;
}

it("meters, retries, verifies and batches with the web's globals alone", async () => {
  const { fetch, asked } = script(problem(503, "unavailable"), OK, {
    status: 200,
    body: { results: [OK === "lost" || OK === "silence" ? {} : OK.body], accepted: 1, refused: 0, replayed: 0 },
  });
  const edge = loadInBareWorld(fetch);
  assert.throws(() => new edge.Chargly(), { message: "apiKey is required" });
  edge.configure({ apiKey: "sk_test_1", baseUrl: "https://chargly.example" });
  assert.equal((await edge.meterEvent("image.generate", "user_42")).deductedCredits, 12);
  const batcher = new edge.Chargly({ apiKey: "sk_test_1", baseUrl: "https://chargly.example" }).batcher();
  batcher.add("image.generate", "user_42");
  await batcher.close();
  assert.equal(asked.length, 3);
  const headers = {
    "webhook-id": "msg_1",
    "webhook-timestamp": "1795428000",
    "webhook-signature": "v1,c9tFqM4PdzwTgBqCzwcTkjuLbVmA7zCaKzo1xE/QvM8=",
  };
  const secret = "whsec_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";
  assert.equal((await edge.verifyWebhook('{"type":"wallet.empty"}', headers, secret, { now: 1_795_428_000_000 })).type, "wallet.empty");
});

it("an error of one build is an instance of the other's class, and of no other", () => {
  const cjs = require("chargly") as typeof esm;
  assert.notEqual(cjs.NotFoundError, esm.NotFoundError);
  const init = { message: "x", code: "not_found", retryable: false };
  for (const [one, other] of [[esm, cjs], [cjs, esm]] as const) {
    const error: unknown = new one.GoneError(init);
    assert.ok(error instanceof other.GoneError && error instanceof other.NotFoundError && error instanceof other.CharglyError);
    assert.ok(!(error instanceof other.ConflictError) && error instanceof one.GoneError);
    assert.ok(new one.BatcherFullError(init) instanceof other.BatcherFullError);
    assert.ok(new one.WebhookVerificationError(init) instanceof other.WebhookVerificationError);
  }
});
