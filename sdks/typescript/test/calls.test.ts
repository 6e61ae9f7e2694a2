/** What one call does, against a `fetch` that answers what the test says. */

import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { inspect } from "node:util";
import * as sdk from "chargly";
import { Chargly } from "chargly";
import { EVENT, OK, problem, script, type Step } from "./harness/fetches.js";
import { thrownBy } from "./harness/thrown.js";

const KEY = "sk_test_secret";

function client(steps: Step[], options: sdk.CharglyOptions = {}) {
  const scripted = script(...steps);
  return { ...scripted, chargly: new Chargly({ apiKey: KEY, fetch: scripted.fetch, ...options }) };
}

/** Waits between attempts take no time. */
const realTimeout = globalThis.setTimeout;
let waited: number[] = [];
function skipWaits() {
  waited = [];
  globalThis.setTimeout = ((run: () => void, ms: number) => {
    if (ms >= 9_000) return realTimeout(run, ms);
    waited.push(ms);
    return realTimeout(run, 0);
  }) as typeof setTimeout;
}

describe("the client", () => {
  const saved = { ...process.env };
  beforeEach(() => {
    delete process.env["CHARGLY_SECRET_KEY"];
    delete process.env["CHARGLY_BASE_URL"];
  });
  afterEach(() => {
    Object.assign(process.env, saved);
  });

  it("without a key fails at once", () => {
    for (const options of [undefined, {}, { apiKey: "" }, { apiKey: "  " }]) {
      assert.throws(() => new Chargly(options), { message: "apiKey is required" });
    }
    process.env["CHARGLY_SECRET_KEY"] = "sk_test_1";
    assert.throws(() => new Chargly({ apiKey: "" }), { message: "apiKey is required" });
    assert.equal(new Chargly().baseUrl, "http://127.0.0.1:8080");
  });

  it("takes key and address from the environment, and what is given goes before", async () => {
    process.env["CHARGLY_SECRET_KEY"] = "sk_test_env\n";
    process.env["CHARGLY_BASE_URL"] = "https://env.example/";
    const { fetch, asked } = script(OK);
    await new Chargly({ fetch }).meterEvent("image.generate", "user_42");
    await new Chargly({ fetch, apiKey: "sk_test_own", baseUrl: "https://own.example/billing//" }).meterEvent("image.generate", "user_42");
    assert.deepEqual(
      asked.map(({ url, headers }) => [url, headers["authorization"]]),
      [
        ["https://env.example/v1/events", "Bearer sk_test_env"],
        ["https://own.example/billing/v1/events", "Bearer sk_test_own"],
      ],
    );
  });

  it("never shows its key", async () => {
    const { chargly } = client([problem(401, "unauthorized")]);
    const error = await thrownBy(chargly.meterEvent("image.generate", "user_42"));
    const shown = [chargly, error, { chargly }].flatMap((it) => [String(it), JSON.stringify(it), inspect(it, { depth: 9, showHidden: true })]);
    for (const text of shown) assert.ok(!text.includes(KEY), text);
    assert.throws(() => new Chargly({ apiKey: "sk_test_a\nb" }), (thrown: Error) => !thrown.message.includes("sk_test_a"));
  });

  it("refuses an address that is none", () => {
    for (const baseUrl of ["nonsense", "ftp://x.example", "http://user:pass@x.example", "http://x.example/?a=1"]) {
      assert.throws(() => new Chargly({ apiKey: KEY, baseUrl }), sdk.CharglyError, baseUrl);
    }
  });

  it("has the one line, with a client made when it is first needed", async () => {
    await assert.rejects(sdk.meterEvent("image.generate", "user_42"), { message: "apiKey is required" });
    const { fetch, asked } = script(OK);
    sdk.configure({ apiKey: KEY, fetch });
    assert.equal((await sdk.meterEvent("image.generate", "user_42")).deductedCredits, 12);
    assert.equal((await sdk.meterEvent({ event: "image.generate", customerId: "user_42" })).remainingBalance, 88);
    assert.equal(asked.length, 2);
  });
});

describe("an event", () => {
  it("goes out in the server's words and comes back in the product's", async () => {
    const { chargly, asked } = client([OK]);
    const result = await chargly.meterEvent({
      event: "image.generate",
      customerId: "user_42",
      quantity: 2,
      metadata: { modelName: "x" },
      cost: { amount: "0.04", currency: "usd" },
      occurredAt: new Date("2026-11-23T10:00:00Z"),
      ifInsufficient: "record",
      idempotencyKey: "req-1",
    });
    assert.equal(asked[0]!.method, "POST");
    assert.deepEqual(asked[0]!.body, {
      event: "image.generate",
      customer: "user_42",
      quantity: 2,
      properties: { modelName: "x" },
      cost: { amount: "0.04", currency: "usd" },
      occurred_at: "2026-11-23T10:00:00.000Z",
      if_insufficient: "record",
      idempotency_key: "req-1",
    });
    assert.deepEqual(result, {
      success: true,
      eventId: "evt_1",
      event: "image.generate",
      customerId: "user_42",
      deductedCredits: 12,
      remainingBalance: 88,
      idempotencyKey: "req-1",
      replayed: false,
      debt: 0,
      uncharged: 0,
      priceVersion: "prv_1",
      recordedAt: "2026-11-23T10:00:00.000Z",
      position: "1.7",
      raw: EVENT,
    });
  });

  it("gets a key of its own, a UUIDv7", async () => {
    const { chargly, asked } = client([OK]);
    const before = Date.now();
    for (let n = 0; n < 100; n++) await chargly.meterEvent("image.generate", "user_42");
    const keys = asked.map(({ body }) => body["idempotency_key"] as string);
    assert.equal(new Set(keys).size, 100);
    for (const key of keys) {
      assert.match(key, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      const at = Number.parseInt(key.replaceAll("-", "").slice(0, 12), 16);
      assert.ok(at >= before && at <= Date.now());
    }
  });

  it("hands on a field that is not known here, so that the server can refuse it by name", async () => {
    const { chargly, asked } = client([OK]);
    await chargly.meterEvent({ event: "image.generate", customerId: "user_42", colour: "red" } as sdk.MeterInput);
    assert.equal(asked[0]!.body["colour"], "red");
  });

  it("does not send the options of the call", async () => {
    const { chargly, asked } = client([OK]);
    const call = { timeout: 5_000, maxRetries: 1, deadline: 9_999, signal: new AbortController().signal };
    await chargly.meterEvent("image.generate", "user_42", { ...call, quantity: 3 });
    await chargly.meterEvent({ event: "image.generate", customerId: "user_42" }, call);
    assert.deepEqual(Object.keys(asked[0]!.body).sort(), ["customer", "event", "idempotency_key", "quantity"]);
    assert.deepEqual(Object.keys(asked[1]!.body).sort(), ["customer", "event", "idempotency_key"]);
  });
});

describe("retries", () => {
  beforeEach(skipWaits);
  afterEach(() => {
    globalThis.setTimeout = realTimeout;
  });

  it("send the same bytes with the same key, after all that may pass", async () => {
    const { chargly, asked } = client([
      "lost",
      problem(503, "unavailable"),
      problem(429, "rate_limited"),
      problem(408, "request_timeout"),
      OK,
    ]);
    await chargly.meterEvent("image.generate", "user_42");
    assert.equal(asked.length, 5);
    assert.equal(new Set(asked.map(({ text }) => text)).size, 1);
  });

  it("follow an answer that is cut off or not ours", async () => {
    const { chargly, asked } = client([{ status: 200, body: '{"id":"evt' }, { status: 502, body: "<html>" }, OK]);
    await chargly.meterEvent("image.generate", "user_42");
    assert.equal(asked.length, 3);
  });

  it("do not follow a verdict, or what will not change", async () => {
    const never = [
      problem(400, "invalid_request"),
      problem(401, "unauthorized"),
      problem(402, "insufficient_credits"),
      problem(403, "forbidden"),
      problem(404, "not_found"),
      problem(409, "idempotency_conflict"),
      problem(409, "correction_running", { retryable: true }),
      problem(422, "no_active_price"),
      problem(502, "payment_provider_refused", { retryable: false }),
    ];
    for (const step of never) {
      const { chargly, asked } = client([step, OK]);
      await assert.rejects(chargly.meterEvent("image.generate", "user_42"), sdk.CharglyError);
      assert.equal(asked.length, 1, JSON.stringify(step));
    }
  });

  it("end after maxRetries, with the last error", async () => {
    const { chargly, asked } = client([problem(503, "unavailable")], { maxRetries: 2 });
    await assert.rejects(chargly.meterEvent("image.generate", "user_42"), { name: "ServerError", code: "unavailable", retryable: true });
    assert.equal(asked.length, 3);
    await assert.rejects(chargly.meterEvent("image.generate", "user_42", { maxRetries: 0 }));
    assert.equal(asked.length, 4);
  });

  it("wait longer each time, and never twice the same", async () => {
    const { chargly } = client([problem(503, "unavailable")], { maxRetries: 6 });
    await assert.rejects(chargly.meterEvent("image.generate", "user_42"));
    assert.equal(waited.length, 6);
    waited.forEach((ms, n) => {
      const most = Math.min(5_000, 200 * 2 ** n);
      assert.ok(ms >= most / 2 && ms <= most, `${n}: ${ms}`);
    });
  });

  it("wait as long as Retry-After says", async () => {
    const soon = new Date(Date.now() + 3_000).toUTCString();
    const { chargly } = client([
      problem(429, "rate_limited", {}, { "retry-after": "2" }),
      problem(503, "unavailable", {}, { "retry-after": soon }),
      OK,
    ]);
    await chargly.meterEvent("image.generate", "user_42");
    assert.equal(waited[0], 2_000);
    assert.ok(waited[1]! > 1_000 && waited[1]! <= 3_000);
  });

  it("are not begun where the deadline would pass meanwhile", async () => {
    const { chargly, asked } = client([problem(429, "rate_limited", {}, { "retry-after": "3600" }), OK]);
    await assert.rejects(chargly.meterEvent("image.generate", "user_42"), { name: "RateLimitedError", retryAfterS: 3600 });
    assert.equal(asked.length, 1);
  });

  it("of other routes need a key where a repeat may do it twice", async () => {
    const { chargly, asked } = client(["lost", OK]);
    await assert.rejects(chargly.request("POST", "/v1/keys", { body: {} }), sdk.ConnectionError);
    assert.equal(asked.length, 1);
    for (const make of [
      (it: Chargly) => it.request("POST", "/v1/orders/ord_1/refund", { body: {}, idempotencyKey: "refund-1" }),
      (it: Chargly) => it.request("PUT", "/v1/settings", { body: {} }),
    ]) {
      const { chargly, asked } = client(["lost", OK]);
      await make(chargly);
      assert.equal(asked.length, 2);
      assert.equal(asked[0]!.headers["idempotency-key"], asked[1]!.headers["idempotency-key"]);
    }
  });

  it("read, too", async () => {
    const { chargly, asked } = client(["lost", { status: 200, body: { data: [], next_cursor: null } }]);
    assert.deepEqual(await chargly.listCreditPacks(), []);
    assert.equal(asked.length, 2);
  });
});

describe("time", () => {
  it("of an attempt ends it, and the next one begins", async () => {
    const { chargly, asked } = client(["silence", OK], { timeout: 30 });
    await chargly.meterEvent("image.generate", "user_42");
    assert.equal(asked.length, 2);
  });

  it("of the whole call ends it", async () => {
    const { chargly } = client(["silence"], { timeout: 10_000, deadline: 60 });
    const before = Date.now();
    const error = await thrownBy(chargly.meterEvent("image.generate", "user_42"));
    assert.ok(error instanceof sdk.TimeoutError && error instanceof sdk.ConnectionError && error.retryable);
    assert.equal(error.statusCode, undefined);
    assert.ok(Date.now() - before < 2_000);
  });

  it("is the caller's to end, at any point", async () => {
    for (const steps of [["silence"], [problem(503, "unavailable", {}, { "retry-after": "30" })]] as Step[][]) {
      const { chargly, asked } = client(steps);
      const controller = new AbortController();
      setTimeout(() => controller.abort(new Error("enough")), 30);
      await assert.rejects(chargly.meterEvent("image.generate", "user_42", { signal: controller.signal }), { message: "enough" });
      assert.equal(asked.length, 1);
    }
    const { chargly, asked } = client([OK]);
    await assert.rejects(chargly.getWallet("user_42", { signal: AbortSignal.abort() }), { name: "AbortError" });
    assert.equal(asked.length, 0);
  });
});

describe("errors", () => {
  const raised = async (step: Step) => {
    const { chargly } = client([step], { maxRetries: 0 });
    return thrownBy(chargly.meterEvent("image.generate", "user_42"));
  };

  it("are classes with facts", async () => {
    const pack = { code: "starter_500", name: "Starter", credits: 500, price: { amount: "10", currency: "usd" } };
    const refusal = await raised(
      problem(402, "insufficient_credits", { required: 60, available: 47, shortfall: 13, customer: "user_42", checkout_hint: { smallest_covering_pack: pack } }),
    );
    assert.ok(refusal instanceof sdk.InsufficientCreditsError && refusal instanceof sdk.PaymentRequiredError);
    assert.deepEqual([refusal.required, refusal.available, refusal.shortfall, refusal.customerId], [60, 47, 13, "user_42"]);
    assert.deepEqual(refusal.checkoutHint?.smallestCoveringPack, { id: "starter_500", name: "Starter", credits: 500, price: 1000, currency: "usd" });
    assert.match(refusal.idempotencyKey!, /^[0-9a-f-]{36}$/);
    assert.deepEqual([refusal.statusCode, refusal.code, refusal.retryable], [402, "insufficient_credits", false]);

    const conflict = await raised(problem(409, "idempotency_conflict", { field: "quantity", first: "1", now: "2" }));
    assert.ok(conflict instanceof sdk.IdempotencyConflictError && conflict instanceof sdk.ConflictError);
    assert.deepEqual([conflict.field, conflict.first, conflict.now], ["quantity", "1", "2"]);

    const invalid = await raised(problem(400, "invalid_request", { errors: [{ field: "quantity", problem: "must not be negative" }] }));
    assert.ok(invalid instanceof sdk.InvalidRequestError);
    assert.deepEqual(invalid.errors, [{ field: "quantity", problem: "must not be negative" }]);

    const unknown = await raised(problem(422, "unknown_event_type", { event: "image.generat", did_you_mean: "image.generate" }));
    assert.ok(unknown instanceof sdk.UnknownEventTypeError && unknown.didYouMean === "image.generate");

    const forbidden = await raised(problem(403, "forbidden", { required_scope: "grant" }));
    assert.ok(forbidden instanceof sdk.ForbiddenError && forbidden.requiredScope === "grant");

    const slow = await raised(problem(429, "overloaded", {}, { "retry-after": "7" }));
    assert.ok(slow instanceof sdk.RateLimitedError && slow.retryAfterS === 7 && slow.retryable);
  });

  it("with a code that is not known go by their status", async () => {
    const expected: [number, new (...args: never[]) => sdk.CharglyError][] = [
      [400, sdk.InvalidRequestError],
      [401, sdk.UnauthorizedError],
      [402, sdk.PaymentRequiredError],
      [403, sdk.ForbiddenError],
      [404, sdk.NotFoundError],
      [409, sdk.ConflictError],
      [410, sdk.GoneError],
      [418, sdk.InvalidRequestError],
      [429, sdk.RateLimitedError],
      [500, sdk.ServerError],
      [599, sdk.ServerError],
    ];
    for (const [status, kind] of expected) {
      const error = await raised(problem(status, "constructor"));
      assert.ok(error instanceof kind && error instanceof sdk.CharglyError, String(status));
      assert.equal(error.code, "constructor");
      assert.equal(error.name, kind.name);
    }
    const bare = await raised({ status: 504, body: "gateway" });
    assert.ok(bare instanceof sdk.ServerError && bare.code === "http_504" && bare.retryable);
  });

  it("are not instances of each other", async () => {
    const error = await raised(problem(404, "not_found", { kind: "hold" }));
    assert.ok(error instanceof sdk.NotFoundError && error instanceof Error && error.thing === "hold");
    for (const other of [sdk.ConflictError, sdk.GoneError, sdk.ServerError, sdk.BatcherError]) assert.ok(!(error instanceof other));
    class Mine extends sdk.NotFoundError {}
    assert.ok(!(error instanceof Mine));
    const mine = new Mine({ message: "x", code: "x", retryable: false });
    assert.ok(mine instanceof Mine && mine instanceof sdk.NotFoundError);
    for (const value of [null, undefined, 7, "x", {}, new Error("x")]) assert.ok(!((value as unknown) instanceof sdk.CharglyError));
  });

  it("say that an address redirects, and do not follow it with the key", async () => {
    const { chargly, asked } = client([{ status: 301, headers: { location: "https://other.example/" } }, OK]);
    await assert.rejects(chargly.meterEvent("image.generate", "user_42"), /redirected to https:\/\/other\.example\//);
    assert.equal(asked.length, 1);
  });

  it("name an id that would lead to another route", async () => {
    const { chargly, asked } = client([OK]);
    for (const id of ["", ".", ".."]) await assert.rejects(chargly.getWallet(id), sdk.InvalidRequestError);
    assert.equal(asked.length, 0);
    await chargly.getHold("a/b?c").catch(() => undefined);
    assert.equal(asked[0]!.url, "http://127.0.0.1:8080/v1/holds/a%2Fb%3Fc");
  });
});

describe("packs", () => {
  it("have prices in the smallest coin, and credits with their bonus", async () => {
    const pack = { id: "pck_1", code: "c", version: 1, name: "C", credits: 400.1, bonus_credits: 100.2 };
    const prices: [string, string, number][] = [["10", "usd", 1000], ["0.07", "eur", 7], ["19.9", "usd", 1990], ["500", "jpy", 500], ["1.234", "kwd", 1234], ["4.35", "usd", 435]];
    const data = prices.map(([amount, currency]) => ({ ...pack, price: { amount, currency } }));
    const { chargly } = client([{ status: 200, body: { data, next_cursor: null } }]);
    const packs = await chargly.listCreditPacks();
    assert.deepEqual(packs.map(({ price, currency }) => [price, currency]), prices.map(([, currency, price]) => [price, currency]));
    assert.deepEqual([packs[0]!.id, packs[0]!.versionId, packs[0]!.credits, packs[0]!.bonusCredits], ["c", "pck_1", 500.3, 100.2]);
  });
});

describe("after a top-up", () => {
  const refusal = problem(402, "insufficient_credits", { required: 12, available: 0, shortfall: 12 });
  const replayed = problem(402, "insufficient_credits", { required: 12, available: 0, shortfall: 12 }, { "idempotent-replayed": "true" });
  const keys = (asked: { body: Record<string, unknown> }[]) => asked.map(({ body }) => body["idempotency_key"]);

  it("the call is made again as the next attempt", async () => {
    const { chargly, asked } = client([refusal, OK]);
    const error = await thrownBy(chargly.meterEvent("image.generate", "user_42", { idempotencyKey: "job-7" }));
    assert.ok(error instanceof sdk.InsufficientCreditsError);
    const result = await error.retryAfterTopUp();
    assert.equal(result.idempotencyKey, "job-7~2");
    assert.deepEqual(keys(asked), ["job-7", "job-7~2"]);
    assert.deepEqual({ ...asked[1]!.body, idempotency_key: 0 }, { ...asked[0]!.body, idempotency_key: 0 });
  });

  it("attempts that somebody else was refused are passed over", async () => {
    const { chargly, asked } = client([replayed, replayed, replayed, OK]);
    const error = await thrownBy(chargly.meterEvent("image.generate", "user_42", { idempotencyKey: "job-7" }));
    assert.ok(error instanceof sdk.InsufficientCreditsError);
    await error.retryAfterTopUp();
    assert.deepEqual(keys(asked), ["job-7", "job-7~2", "job-7~3", "job-7~4"]);
  });

  it("a refusal that is new is thrown, and can be tried again in turn", async () => {
    const { chargly, asked } = client([refusal, refusal, OK]);
    const first = await thrownBy(chargly.meterEvent("image.generate", "user_42", { idempotencyKey: "job-7" }));
    assert.ok(first instanceof sdk.InsufficientCreditsError);
    const second = await thrownBy(first.retryAfterTopUp());
    assert.ok(second instanceof sdk.InsufficientCreditsError);
    await second.retryAfterTopUp();
    assert.deepEqual(keys(asked), ["job-7", "job-7~2", "job-7~3"]);
  });

  it("a key too long for a suffix leads to a hash of it", async () => {
    const { chargly, asked } = client([refusal, OK]);
    const error = await thrownBy(chargly.meterEvent("image.generate", "user_42", { idempotencyKey: "k".repeat(250) }));
    await (error as sdk.InsufficientCreditsError).retryAfterTopUp();
    assert.match(keys(asked)[1] as string, /^[0-9a-f]{64}~2$/);
  });
});
