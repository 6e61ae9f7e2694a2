/** The batcher: bounded, in order, and nothing lost without a word. */

import assert from "node:assert/strict";
import { it } from "node:test";
import { BatcherError, BatcherFullError, Chargly, type BatcherOptions, type Fetch, type MeterInput } from "chargly";
import { EVENT } from "./harness/fetches.js";
import { thrownBy } from "./harness/thrown.js";

type Item = Record<string, unknown>;
const accepted = (): Item => EVENT;
const refusal = (status: number, code: string, retryable = false): Item => ({ error: { status, code, detail: code, retryable } });

/** A server that answers each batch by `answer`, which may also say a status for the whole of it. */
function batcher(answer: (events: Item[], nth: number) => Item[] | number | "lost", options: BatcherOptions = {}) {
  const batches: Item[][] = [];
  const fetch: Fetch = async (_, init) => {
    const { events } = JSON.parse(init.body as string) as { events: Item[] };
    batches.push(events);
    const said = answer(events, batches.length);
    if (said === "lost") throw new TypeError("fetch failed");
    if (typeof said === "number") return new Response("{}", { status: said });
    return Response.json({ results: said, accepted: said.length, refused: 0, replayed: 0 });
  };
  const chargly = new Chargly({ apiKey: "sk_test_1", fetch, maxRetries: 0 });
  return { batches, batcher: chargly.batcher({ intervalMs: 5, ...options }) };
}

const event = (n: number): MeterInput => ({ event: "chat.reply", customerId: "user_42", metadata: { n } });
const numbers = (events: Item[]) => events.map((one) => (one["properties"] as { n: number }).n);

it("sends what was added, in order, in batches, as work already delivered", async () => {
  const got: number[] = [];
  const { batcher: it, batches } = batcher((events) => events.map(accepted), {
    maxBatch: 10,
    onResult: (_, { metadata }) => got.push(metadata!["n"] as number),
  });
  for (let n = 0; n < 25; n++) it.add(event(n));
  assert.equal(it.pending, 25);
  await it.flush();
  assert.equal(it.pending, 0);
  assert.deepEqual(batches.map((events) => events.length), [10, 10, 5]);
  assert.deepEqual(batches.flatMap(numbers), [...Array(25).keys()]);
  assert.deepEqual(got, [...Array(25).keys()]);
  assert.ok(batches.flat().every((one) => one["if_insufficient"] === "record" && one["occurred_at"] && one["idempotency_key"]));
});

it("sends by itself after a while", async () => {
  const { batcher: it, batches } = batcher((events) => events.map(accepted));
  it.add("chat.reply", "user_42", { metadata: { n: 1 }, ifInsufficient: "refuse", idempotencyKey: "k" });
  await new Promise((resolve) => setTimeout(resolve, 200));
  assert.equal(it.pending, 0);
  assert.deepEqual([batches[0]![0]!["if_insufficient"], batches[0]![0]!["idempotency_key"]], ["refuse", "k"]);
});

it("sends again under the same keys until the server is there", async () => {
  const { batcher: it, batches } = batcher((events, nth) => (nth === 1 ? "lost" : nth === 2 ? 503 : events.map(accepted)));
  for (let n = 0; n < 3; n++) it.add(event(n));
  await it.flush();
  assert.equal(batches.length, 3);
  assert.deepEqual(batches[2], batches[0]);
});

it("sends single events again that could not be taken yet", async () => {
  const { batcher: it, batches } = batcher((events, nth) => events.map((_, at) => (nth === 1 && at === 1 ? refusal(503, "unavailable", true) : EVENT)));
  for (let n = 0; n < 3; n++) it.add(event(n));
  await it.flush();
  assert.deepEqual(batches.map(numbers), [[0, 1, 2], [1]]);
});

it("tells each event that was refused", async () => {
  const told: [number, string][] = [];
  const answer = (events: Item[]) => events.map((_, at) => (at === 1 ? refusal(422, "unknown_event_type") : EVENT));
  const { batcher: it } = batcher(answer, { onError: (error, { metadata }) => told.push([metadata!["n"] as number, error.code]) });
  for (let n = 0; n < 3; n++) it.add(event(n));
  await it.close();
  assert.deepEqual(told, [[1, "unknown_event_type"]]);
});

it("throws them where nobody listens, or the listener fails", async () => {
  const failing = () => {
    throw new Error("the listener's own");
  };
  for (const options of [{}, { onError: failing }]) {
    const { batcher: it } = batcher((events) => events.map(() => refusal(422, "unknown_event_type")), options);
    it.add(event(0));
    it.add(event(1));
    const error = await thrownBy(it.flush());
    assert.ok(error instanceof BatcherError);
    assert.deepEqual(error.failures.map((one) => [one.event.metadata!["n"], one.error.code]), [[0, "unknown_event_type"], [1, "unknown_event_type"]]);
    await it.close();
  }
});

it("tells all of a batch that is refused as a whole", async () => {
  const { batcher: it } = batcher(() => 401);
  for (let n = 0; n < 3; n++) it.add(event(n));
  const error = await thrownBy(it.close());
  assert.ok(error instanceof BatcherError && error.failures.length === 3 && error.unsent.length === 0);
});

it("cuts a batch that is too large", async () => {
  const { batcher: it, batches } = batcher((events) => (events.length > 3 ? 413 : events.map(accepted)));
  for (let n = 0; n < 10; n++) it.add(event(n));
  await it.flush();
  assert.deepEqual(batches.filter((one) => one.length <= 3).flatMap(numbers), [...Array(10).keys()]);
});

it("an event that cannot be written down does not take the others with it", async () => {
  const { batcher: it, batches } = batcher((events) => events.map(accepted));
  it.add(event(0));
  it.add({ ...event(1), metadata: { n: 10n } });
  it.add(event(2));
  const error = await thrownBy(it.flush());
  assert.ok(error instanceof BatcherError && error.failures.length === 1 && error.failures[0]!.event.metadata!["n"] === 10n);
  assert.deepEqual(batches.flatMap(numbers), [0, 2]);
});

it("is bounded: add refuses, enqueue waits", async () => {
  let release = () => {};
  const gate = new Promise<void>((resolve) => (release = resolve));
  const fetch: Fetch = async (_, init) => {
    await gate;
    const { events } = JSON.parse(init.body as string) as { events: Item[] };
    return Response.json({ results: events.map(accepted), accepted: events.length, refused: 0, replayed: 0 });
  };
  const it = new Chargly({ apiKey: "sk_test_1", fetch }).batcher({ maxQueue: 4, maxBatch: 2, intervalMs: 1 });
  for (let n = 0; n < 4; n++) it.add(event(n));
  assert.throws(() => it.add(event(4)), BatcherFullError);
  let isIn = 0;
  const waiting = [5, 6, 7].map((n) => it.enqueue(event(n)).then(() => isIn++));
  await new Promise((resolve) => setTimeout(resolve, 30));
  assert.deepEqual([isIn, it.pending], [0, 4]);
  release();
  await Promise.all(waiting);
  await it.close();
  assert.deepEqual([isIn, it.pending], [3, 0]);
  assert.throws(() => it.add(event(8)), { code: "batcher_closed" });
  await assert.rejects(it.enqueue(event(8)), { code: "batcher_closed" });
});

it("hands back what it could not send in time, with its keys", async () => {
  const { batcher: it, batches } = batcher(() => "lost");
  for (let n = 0; n < 3; n++) it.add(event(n));
  await assert.rejects(it.flush({ timeout: 60 }), (thrown: unknown) => thrown instanceof BatcherError && thrown.unsent.length === 3);
  assert.equal(it.pending, 3);
  const error = await thrownBy(it.close({ timeout: 60 }));
  assert.ok(error instanceof BatcherError && error.retryable);
  assert.deepEqual(error.unsent.map((one) => one.idempotencyKey), batches[0]!.map((one) => one["idempotency_key"]));
});
