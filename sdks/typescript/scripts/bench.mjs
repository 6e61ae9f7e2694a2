// What the SDK adds to a call, and how fast the batcher is:
//
//   CHARGLY_BIN=…/chargly npm run bench
//
// A server of its own is started on a new data directory. Calls by the SDK and by a bare fetch take turns, so that both
// meet the same server; the same is done against an empty handler, where nothing hides the difference.

import { execFileSync, spawn } from "node:child_process";
import { createServer } from "node:http";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Chargly } from "chargly";

const CALLS = 3_000;
const EVENTS = 100_000;
const BATCH = 1_000;
const bin = process.env.CHARGLY_BIN;
if (!bin) throw new Error("CHARGLY_BIN names no server binary");

const folder = mkdtempSync(join(tmpdir(), "chargly-bench-"));
const data = join(folder, "data");
const { keys } = JSON.parse(execFileSync(bin, ["init", "--json", "--data", data], { encoding: "utf8" }));
const child = spawn(bin, ["serve", "--data", data, "--listen", "127.0.0.1:0"], { stdio: ["ignore", "pipe", "ignore"] });
process.on("exit", () => {
  child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

async function address() {
  for await (const line of createInterface({ input: child.stdout })) {
    const url = /^Listening on (http:\S+?)\/?$/.exec(line)?.[1];
    if (url) return url;
  }
  throw new Error("the server ended before it said where it listens");
}

const median = (times) => times.sort((a, b) => a - b)[Math.floor(times.length / 2)];
const headers = { authorization: `Bearer ${keys.test}`, "content-type": "application/json" };

async function bare(url, path, body) {
  const response = await fetch(`${url}${path}`, { method: "POST", headers, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(await response.text());
  return response.json();
}

async function calls(what, url) {
  const chargly = new Chargly({ apiKey: keys.test, baseUrl: url });
  const times = { sdk: [], bare: [] };
  for (let n = -300; n < CALLS; n++) {
    for (const kind of n % 2 === 0 ? ["sdk", "bare"] : ["bare", "sdk"]) {
      const before = performance.now();
      if (kind === "sdk") await chargly.meterEvent("chat.reply", "user_42");
      else await bare(url, "/v1/events", { event: "chat.reply", customer: "user_42", idempotency_key: crypto.randomUUID() });
      if (n >= 0) times[kind].push((performance.now() - before) * 1000);
    }
  }
  const [sdk, alone] = [median(times.sdk), median(times.bare)];
  console.log(`${what}: SDK ${sdk.toFixed(0)} µs, bare fetch ${alone.toFixed(0)} µs, the SDK adds ${(sdk - alone).toFixed(0)} µs (medians of ${CALLS})`);
}

async function perSecond(work) {
  const before = performance.now();
  await work();
  return EVENTS / ((performance.now() - before) / 1000);
}

async function batches(url, round) {
  const chargly = new Chargly({ apiKey: keys.test, baseUrl: url });
  const raw = () =>
    perSecond(async () => {
      for (let from = 0; from < EVENTS; from += BATCH) {
        const events = Array.from({ length: BATCH }, () => ({ event: "chat.reply", customer: "user_42", if_insufficient: "record", occurred_at: new Date().toISOString(), idempotency_key: crypto.randomUUID() }));
        await bare(url, "/v1/events/batch", { events });
      }
    });
  const batched = () =>
    perSecond(async () => {
      const batcher = chargly.batcher({ maxBatch: BATCH });
      for (let n = 0; n < EVENTS; n++) await batcher.enqueue({ event: "chat.reply", customerId: "user_42" });
      await batcher.close();
    });
  const results = {};
  for (const kind of round % 2 === 0 ? ["raw", "batched"] : ["batched", "raw"]) results[kind] = await (kind === "raw" ? raw() : batched());
  return results;
}

const url = await address();
const admin = new Chargly({ apiKey: keys.test, baseUrl: url });
await admin.grant("user_42", { credits: 7_000_000_000, kind: "promotional" });

const answer = JSON.stringify({ id: "evt_1", event: "chat.reply", customer: "user_42", credits: 8, balance: { posted: 1, held: 0, available: 1 }, price_version: "prv_1", recorded_at: "2026-11-23T10:00:00.000Z" });
const empty = createServer((request, response) => {
  request.resume();
  request.on("end", () => response.writeHead(200, { "content-type": "application/json" }).end(answer));
});
await new Promise((resolve) => empty.listen(0, "127.0.0.1", resolve));
console.log(`Node ${process.version}`);
await calls("an empty handler in the same process", `http://127.0.0.1:${empty.address().port}`);
await calls("the server", url);
const rounds = [];
for (let round = 0; round < 4; round++) rounds.push(await batches(url, round));
const [raw, batched] = ["raw", "batched"].map((kind) => median(rounds.map((round) => round[kind])));
console.log(`${EVENTS} events in batches of ${BATCH}: batcher ${batched.toFixed(0)} events/s, raw posts one after the other ${raw.toFixed(0)} events/s (medians of ${rounds.length})`);
process.exit(0);
