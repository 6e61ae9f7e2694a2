/**
 * A server that dies without a warning in the middle of it all. Whatever a call was answered holds, and whatever is
 * repeated is charged once.
 */

import assert from "node:assert/strict";
import { it } from "node:test";
import { BatcherError, Chargly, ConnectionError, type MeterResult } from "chargly";
import { Server, skip } from "./harness/server.js";
import { thrownBy } from "./harness/thrown.js";

const CUSTOMER = "user_42";
const PRICE = 8;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function stocked(server: Server, credits: number): Promise<Chargly> {
  const chargly = new Chargly({ apiKey: server.key, baseUrl: server.url, timeout: 5_000, maxRetries: 100, deadline: 60_000 });
  await chargly.grant(CUSTOMER, { credits, kind: "promotional", idempotencyKey: "stock" });
  return chargly;
}

/** What the server charged, by the key that its answer names: each event as often as it is in the wallet's history. */
async function charged(chargly: Chargly): Promise<string[]> {
  const ids = [];
  for await (const line of await chargly.listWalletHistory(CUSTOMER, { limit: 1000 })) if (line.eventId) ids.push(line.eventId);
  return ids;
}

it("nothing is metered twice and nothing acknowledged is lost, whenever the server is killed", { skip, timeout: 240_000 }, async () => {
  const server = await Server.start();
  try {
    const chargly = await stocked(server, 1_000_000);
    const answered = new Map<string, MeterResult>();
    const unsure = new Set<string>();
    let asked = 0;
    let retried = 0;
    let isOver = false;

    // Half of the callers leave retries to the client, half give up at once and come back with the key on their own.
    const caller = async (isPatient: boolean) => {
      while (!isOver) {
        const key = `call-${asked++}`;
        try {
          const result = await chargly.meterEvent("chat.reply", CUSTOMER, { idempotencyKey: key, ...(isPatient ? {} : { maxRetries: 0 }) });
          assert.ok(!answered.has(key));
          answered.set(key, result);
          if (result.replayed) retried++;
        } catch (error) {
          assert.ok(error instanceof ConnectionError && !isPatient, String(error));
          unsure.add(key);
          await pause(20);
        }
      }
    };
    const callers = Array.from({ length: 16 }, (_, n) => caller(n % 2 === 0));
    for (let n = 0; n < 5; n++) {
      await pause(300 + Math.random() * 300);
      await server.kill();
      await pause(50);
      await server.serve();
    }
    await pause(300);
    isOver = true;
    await Promise.all(callers);

    for (const key of unsure) {
      const result = await chargly.meterEvent("chat.reply", CUSTOMER, { idempotencyKey: key });
      answered.set(key, result);
      if (result.replayed) retried++;
    }
    assert.ok(unsure.size > 0, "no call was cut off: the test kills nothing");
    assert.equal(answered.size, asked);

    const before = { wallet: await chargly.getWallet(CUSTOMER), ids: await charged(chargly) };
    assert.equal(before.ids.length, asked, "each call is charged once");
    assert.deepEqual(new Set(before.ids), new Set([...answered.values()].map(({ eventId }) => eventId)));
    assert.equal(before.wallet.balance, 1_000_000 - asked * PRICE);

    // All of them once more, in one go: everything is an answer of before.
    const keys = [...answered.keys()];
    for (let from = 0; from < keys.length; from += 5_000) {
      const part = keys.slice(from, from + 5_000);
      const again = await chargly.meterEvents(part.map((idempotencyKey) => ({ event: "chat.reply", customerId: CUSTOMER, idempotencyKey })));
      assert.deepEqual([again.accepted, again.replayed], [0, part.length]);
    }
    assert.equal((await chargly.getWallet(CUSTOMER)).balance, before.wallet.balance);
    await server.kill();
    server.verify();
    console.log(`${asked} calls over 5 kills: ${unsure.size} were cut off and repeated, ${retried} of all had been done already`);
  } finally {
    await server.stop();
  }
});

it("a batcher delivers each event once, whenever the server is killed", { skip, timeout: 240_000 }, async () => {
  const server = await Server.start();
  try {
    const chargly = await stocked(server, 1_000_000);
    const results = new Set<string>();
    const batcher = chargly.batcher({ maxBatch: 50, maxQueue: 500, intervalMs: 20, onResult: ({ eventId }) => results.add(eventId) });
    let added = 0;
    let isOver = false;
    const producer = (async () => {
      while (!isOver) {
        await batcher.enqueue({ event: "chat.reply", customerId: CUSTOMER, metadata: { n: added } });
        added++;
        if (added % 20 === 0) await pause(2);
      }
    })();
    for (let n = 0; n < 4; n++) {
      await pause(300 + Math.random() * 300);
      await server.kill();
      await pause(50);
      await server.serve();
    }
    isOver = true;
    await producer;
    await batcher.close();
    const ids = await charged(chargly);
    assert.ok(added > 500, `${added}`);
    assert.deepEqual([ids.length, new Set(ids).size, results.size], [added, added, added]);
    assert.deepEqual(new Set(ids), results);
    console.log(`${added} events over 4 kills`);
  } finally {
    await server.stop();
  }
});

it("what a closed batcher hands back can be added again, and is charged once", { skip, timeout: 60_000 }, async () => {
  const server = await Server.start();
  try {
    const chargly = await stocked(server, 1_000);
    const impatient = new Chargly({ apiKey: server.key, baseUrl: server.url, maxRetries: 0 });
    const batcher = impatient.batcher({ intervalMs: 1 });
    batcher.add("chat.reply", CUSTOMER);
    await batcher.flush();
    await server.kill();
    for (let n = 0; n < 10; n++) batcher.add("chat.reply", CUSTOMER);
    const error = await thrownBy(batcher.close({ timeout: 500 }));
    assert.ok(error instanceof BatcherError && error.unsent.length === 10);
    await server.serve();
    for (let n = 0; n < 2; n++) {
      const next = chargly.batcher();
      for (const event of error.unsent) next.add(event);
      await next.close();
    }
    assert.equal((await chargly.getWallet(CUSTOMER)).balance, 1_000 - 11 * PRICE);
  } finally {
    await server.stop();
  }
});
