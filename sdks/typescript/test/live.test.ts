/** Every operation against a server. */

import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, it } from "node:test";
import {
  CaptureExceedsHoldError,
  Chargly,
  ConflictError,
  ForbiddenError,
  HoldNotOpenError,
  IdempotencyConflictError,
  InsufficientCreditsError,
  InvalidRequestError,
  NotFoundError,
  UnauthorizedError,
  UnknownEventTypeError,
  WalletFrozenError,
  verifyWebhook,
  type WebhookEvent,
} from "chargly";
import { Server, skip } from "./harness/server.js";

describe("against a server", { skip }, () => {
  let server: Server;
  let chargly: Chargly;
  let customers = 0;

  before(async () => {
    server = await Server.start();
    chargly = new Chargly({ apiKey: server.key, baseUrl: `${server.url}/` });
  });
  after(() => server.stop());

  /** A new customer with so many credits. */
  async function customer(credits: number): Promise<string> {
    const id = `user ${++customers}/ü`;
    if (credits > 0) await chargly.grant(id, { credits, kind: "paid", price: { amount: "10", currency: "usd" } });
    return id;
  }

  async function thrown<E>(kind: new (...args: never[]) => E, call: Promise<unknown>): Promise<E> {
    const error = await call.then(() => assert.fail("it was accepted"), (reason: unknown) => reason);
    assert.ok((error as object) instanceof kind, `${kind.name} was expected: ${error}`);
    return error as E;
  }

  it("meters in both forms, and the same key once", async () => {
    const id = await customer(100);
    const first = await chargly.meterEvent("chat.reply", id, { idempotencyKey: "once" });
    assert.deepEqual([first.deductedCredits, first.remainingBalance, first.replayed], [8, 92, false]);
    const again = await chargly.meterEvent({ event: "chat.reply", customerId: id, idempotencyKey: "once" });
    assert.deepEqual([again.eventId, again.remainingBalance, again.replayed], [first.eventId, 92, true]);
    const wallet = await chargly.getWallet(id, { minPosition: first.position });
    assert.deepEqual([wallet.customerId, wallet.balance, wallet.unit, wallet.posted, wallet.held], [id, 92, "credits", 92, 0]);
    assert.match(wallet.walletId, /^wal_/);
    assert.deepEqual(wallet.lots.map((lot) => [lot.kind, lot.remaining, lot.price]), [["paid", 92, { amount: "10", currency: "usd" }]]);
    assert.deepEqual(await chargly.getWallet({ customerId: id }), wallet);
    assert.deepEqual(wallet.raw["wallet_id"], wallet.walletId);
  });

  it("keeps fractions of credits exactly", async () => {
    const id = await customer(0);
    await chargly.grant(id, { credits: 0.3, kind: "promotional" });
    await chargly.grant(id, { credits: 7_000_000_000.740992, kind: "promotional" });
    await chargly.request("PUT", "/v1/event-types/tiny", { body: { credits: 0.000001 } });
    const result = await chargly.meterEvent("tiny", id);
    assert.deepEqual([result.deductedCredits, result.remainingBalance], [0.000001, 7_000_000_001.040991]);
  });

  it("names what was sent under the key before", async () => {
    const id = await customer(100);
    await chargly.meterEvent("chat.reply", id, { idempotencyKey: "job" });
    const error = await thrown(IdempotencyConflictError, chargly.meterEvent("chat.reply", id, { idempotencyKey: "job", quantity: 2 }));
    assert.deepEqual([error.field, error.first, error.now, error.statusCode], ["quantity", "1", "2", 409]);
  });

  it("says what is wrong with a request", async () => {
    const id = await customer(100);
    const unknown = await thrown(UnknownEventTypeError, chargly.meterEvent("chat.repl", id));
    assert.equal(unknown.didYouMean, "chat.reply");
    const invalid = await thrown(InvalidRequestError, chargly.meterEvent("chat.reply", id, { quantity: -1, occurredAt: "soon" }));
    assert.deepEqual(invalid.errors.map(({ field }) => field).sort(), ["occurred_at", "quantity"]);
    assert.equal((await thrown(NotFoundError, chargly.getEvent("evt_0"))).thing, "event");
    assert.equal((await thrown(NotFoundError, chargly.getHold("hld_0"))).thing, "hold");
    await thrown(InvalidRequestError, chargly.meterEvent("chat.reply", id, { idempotencyKey: "not ascii: ü" }));
  });

  it("says whose key it is that may not", async () => {
    const stranger = new Chargly({ apiKey: "sk_test_nobody", baseUrl: server.url });
    await thrown(UnauthorizedError, stranger.getWallet("demo_user"));
    const made = await chargly.request("POST", "/v1/keys", { body: { label: "reader", scopes: ["read"] } });
    const reader = new Chargly({ apiKey: made["secret"] as string, baseUrl: server.url });
    await reader.getWallet("demo_user");
    assert.equal((await thrown(ForbiddenError, reader.meterEvent("chat.reply", "demo_user"))).requiredScope, "meter");
    const id = await customer(100);
    await chargly.request("POST", `/v1/customers/${encodeURIComponent(id)}/wallet/freeze`, { body: { reason: "dispute" } });
    await thrown(WalletFrozenError, chargly.meterEvent("chat.reply", id));
  });

  it("takes a customer from a refusal over a purchase to the work", async () => {
    const id = await customer(5);
    const refusal = await thrown(InsufficientCreditsError, chargly.meterEvent("chat.reply", id, { idempotencyKey: "job" }));
    assert.deepEqual([refusal.required, refusal.available, refusal.shortfall, refusal.customerId], [8, 5, 3, id]);
    const hint = refusal.checkoutHint!.smallestCoveringPack;

    const packs = await chargly.listCreditPacks();
    assert.deepEqual(packs.map((pack) => [pack.id, pack.name, pack.credits, pack.price, pack.currency]), [
      ["starter_500", "Starter", 500, 1000, "usd"],
      ["regular_1200", "Regular", 1200, 2000, "usd"],
      ["power_4000", "Power", 4000, 6000, "usd"],
    ]);
    assert.equal(hint.id, packs[0]!.id);

    const still = await thrown(InsufficientCreditsError, refusal.retryAfterTopUp());
    const checkout = await chargly.createCheckout(id, hint.id, { idempotencyKey: "cart", successUrl: "http://localhost:3000/thanks" });
    assert.deepEqual([checkout.credits, checkout.status], [500, "created"]);
    const same = await chargly.createCheckout({ customerId: id, creditPackId: hint.id, successUrl: "http://localhost:3000/thanks", idempotencyKey: "cart" });
    assert.equal(same.checkoutId, checkout.checkoutId);
    await fetch(checkout.checkoutUrl, { method: "POST", body: new URLSearchParams({ action: "pay" }), redirect: "manual" });
    assert.equal((await chargly.getCheckout(checkout.checkoutId)).status, "paid");

    const result = await refusal.retryAfterTopUp();
    assert.deepEqual([result.deductedCredits, result.remainingBalance, result.idempotencyKey], [8, 497, "job~3"]);
    // Whoever else retries the same work finds it done.
    assert.equal((await still.retryAfterTopUp()).eventId, result.eventId);
    const elsewhere = await thrown(InsufficientCreditsError, chargly.meterEvent("chat.reply", id, { idempotencyKey: "job" }));
    assert.equal((await elsewhere.retryAfterTopUp()).eventId, result.eventId);
    assert.equal((await chargly.getWallet(id)).balance, 497);
  });

  it("meters batches, item by item or all or none", async () => {
    const id = await customer(20);
    const event = { event: "chat.reply", customerId: id };
    const batch = await chargly.meterEvents([
      { ...event, idempotencyKey: "a" },
      { event: "nothing", customerId: id },
      { ...event, idempotencyKey: "a" },
      event,
      { ...event, idempotencyKey: "b" },
    ]);
    assert.deepEqual([batch.accepted, batch.refused, batch.replayed], [2, 2, 1]);
    assert.deepEqual(batch.results.map(({ success }) => success), [true, false, true, true, false]);
    const [first, unknown, same, , refused] = batch.results;
    assert.ok(first?.success && same?.success && first.eventId === same.eventId);
    assert.ok(unknown && !unknown.success && unknown.error instanceof UnknownEventTypeError);
    assert.ok(refused && !refused.success && refused.error instanceof InsufficientCreditsError && refused.error.shortfall === 4);
    await chargly.grant(id, { credits: 10, kind: "promotional" });
    assert.equal((await refused.error.retryAfterTopUp()).idempotencyKey, "b~2");

    const misplaced = await thrown(InvalidRequestError, chargly.meterEvents([event], { idempotencyKey: "whole" }));
    assert.deepEqual(misplaced.errors.map(({ field }) => field), ["idempotency_key"]);

    const poor = await customer(10);
    const all = [1, 2].map(() => ({ event: "chat.reply", customerId: poor }));
    const none = await thrown(InsufficientCreditsError, chargly.meterEvents(all, { atomic: true, idempotencyKey: "all" }));
    assert.equal((await chargly.getWallet(poor)).balance, 10);
    await chargly.grant(poor, { credits: 10, kind: "promotional" });
    assert.deepEqual((await none.retryAfterTopUp<{ accepted: number }>()).accepted, 2);
    assert.equal((await chargly.getWallet(poor)).balance, 4);
  });

  it("shows events, takes them back, and learns what they cost", async () => {
    const id = await customer(100);
    const metered = await chargly.meterEvent("chat.reply", id, { metadata: { modelName: "x" }, cost: { model: "gpt-4o", usage: { prompt_tokens: 10, completion_tokens: 5 } } });
    const event = await chargly.getEvent(metered.eventId);
    assert.deepEqual([event.credits, event.customerId, event.metadata, event.reversed], [8, id, { modelName: "x" }, 0]);
    assert.deepEqual(event.cost, { amount: null, currency: "usd", source: "missing" });
    assert.deepEqual(event.raw["usage"], { provider: "openai", model: "gpt-4o", input_tokens: 10, output_tokens: 5 });
    await chargly.setEventCost(metered.eventId, { amount: "0.02", currency: "usd" }, { reason: "invoice" });
    assert.equal((await chargly.getEvent(metered.eventId)).cost.amount, "0.02");
    const back = await chargly.reverseEvent(metered.eventId, { reason: "wrong answer", credits: 3 });
    assert.deepEqual([back.credits, back.remainingBalance], [3, 95]);
    await thrown(ConflictError, chargly.reverseEvent(metered.eventId, { reason: "again", credits: 8 }));
  });

  it("grants, and goes through a wallet's history page by page", async () => {
    const id = await customer(0);
    const granted = await chargly.grant({ customerId: id, credits: 50, kind: "promotional", reason: "Welcome", expiresAt: new Date("2099-01-01"), scope: ["chat.reply"], idempotencyKey: "w" });
    assert.deepEqual([granted.credits, granted.remainingBalance, granted.expiresAt], [50, 50, "2099-01-01T00:00:00.000Z"]);
    for (let n = 0; n < 4; n++) await chargly.meterEvent("chat.reply", id);
    const page = await chargly.listWalletHistory(id, { limit: 2 });
    assert.ok(page.data.length >= 2 && page.nextCursor !== null);
    const lines = [];
    for await (const line of page) lines.push([line.kind, line.credits, line.balanceAfter]);
    assert.deepEqual(lines, [["charge", -8, 18], ["charge", -8, 26], ["charge", -8, 34], ["charge", -8, 42], ["grant", 50, 50]]);
  });

  it("quotes without charging", async () => {
    const id = await customer(10);
    const good = await chargly.quote("chat.reply", id);
    assert.deepEqual([good.credits, good.available, good.accepted, good.refusal], [8, 10, true, null]);
    const poor = await chargly.quote({ event: "image.generate", customerId: id });
    assert.ok(!poor.accepted && poor.refusal instanceof InsufficientCreditsError && poor.refusal.shortfall === 30);
    assert.equal((await chargly.getWallet(id)).balance, 10);
  });

  it("reports usage", async () => {
    const id = await customer(100);
    const { position } = await chargly.meterEvent("chat.reply", id, { quantity: 2 });
    const usage = await chargly.getUsage({ customerId: id, groupBy: "event", interval: "total", minPosition: position });
    assert.deepEqual(usage.rows, [{ event: "chat.reply", events: 1, lateEvents: 0, quantity: 2, creditsUsed: 8, uncharged: 0, refused: 0 }]);
    assert.equal(usage.totals.creditsUsed, 8);
    const days = await chargly.getUsage({ customerId: id, from: new Date(Date.now() - 86_400_000) });
    assert.ok(days.rows.every((row) => row.start && row.end) && days.interval === "day");
  });

  it("reads rules of every kind", async () => {
    const flat = await chargly.getPricingRule("image.generate");
    assert.deepEqual([flat.feature, flat.multiplier, flat.minimumCredits, flat.typicalCredits, flat.enabled, flat.version], ["image.generate", 0, 40, 40, true, 1]);
    await chargly.request("PUT", "/v1/event-types/priced", { body: {} });
    const none = await chargly.getPricingRule("priced");
    assert.deepEqual([none.id, none.enabled, none.version], [null, false, 0]);
    for (const [rule, multiplier, minimum, typical] of [
      [{ type: "cost_plus", multiplier: "1000", minimum: 3 }, 1000, 3, null],
      [{ type: "cost_plus", multiplier: "2000/3" }, 2000 / 3, 0, null],
      [{ type: "cost_plus", target_margin: "0.75", credit_value: "0.004" }, 1000, 0, null],
      [{ type: "per_unit", credits: 0.5, base: 2, minimum: 1 }, 0, 2, 2.5],
      [{ type: "per_unit", credits: 0.5, of: "properties.seconds", minimum: 1 }, 0, 1, null],
    ] as const) {
      await chargly.request("POST", "/v1/event-types/priced/prices", { body: { rule, note: "test" } });
      const read = await chargly.getPricingRule("priced");
      assert.deepEqual([read.multiplier, read.minimumCredits, read.typicalCredits, read.enabled], [multiplier, minimum, typical, true], JSON.stringify(rule));
      assert.equal(read.rule?.["type"], rule.type);
    }
    await chargly.request("POST", "/v1/event-types/priced/archive");
    assert.equal((await chargly.getPricingRule("priced")).enabled, false);
    await thrown(NotFoundError, chargly.getPricingRule("nothing"));
  });

  it("reads advice on prices, and decides on it", async () => {
    const id = await customer(5_000);
    for (const feature of ["dear.one", "dear.two"]) {
      await chargly.request("PUT", `/v1/event-types/${feature}`, { body: { credits: 1 } });
      const event = { event: feature, customerId: id, cost: { amount: "0.05", currency: "usd" } };
      await chargly.meterEvents(Array.from({ length: 300 }, () => event));
    }
    await chargly.request("POST", "/v1/recommendations/look");
    for (let n = 0; (await chargly.request("GET", "/v1/recommendations/look"))["status"] !== "done"; n++) {
      assert.ok(n < 300, "the look does not end");
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    const pending = await chargly.listPricingRecommendations({ status: "pending", kind: "loss_making", limit: 1 });
    const all = [];
    for await (const one of pending) all.push(one);
    const one = all.find(({ feature }) => feature === "dear.one")!;
    const two = all.find(({ feature }) => feature === "dear.two")!;
    assert.deepEqual([one.currentCredits, one.confidence, one.status, one.versionFrom, one.versionTo], [1, "high", "pending", 1, 2]);
    assert.ok(one.recommendedCredits! > 1 && /^\d+(\.\d+)?$/.test(one.estimatedLift!) && one.reason !== "");
    const { raw: _, ...alone } = await chargly.getPricingRecommendation(one.id);
    assert.deepEqual({ ...alone, raw: one.raw }, one);
    const explained = await chargly.explainPricingRecommendation(one.id);
    assert.deepEqual([explained.targetMarginPercent, explained.versionTransition, explained.recommendationId], [60, { from: 1, to: 2 }, one.id]);
    assert.ok(typeof explained.estimatedMarginPercent === "number" && explained.lines.length > 0);

    assert.ok(one.noticeRequired);
    await thrown(InvalidRequestError, chargly.applyPricingRecommendation(one.id));
    const applied = await chargly.applyPricingRecommendation(one.id, { noticeDays: 0, reason: "cost", idempotencyKey: "apply" });
    assert.deepEqual([applied.success, applied.status, applied.newVersion], [true, "applied", 2]);
    assert.equal((await chargly.getPricingRule("dear.one")).version, 2);
    const rejected = await chargly.rejectPricingRecommendation(two.id, { reason: "on purpose" });
    assert.deepEqual([rejected.status, rejected.newVersion], ["rejected", undefined]);
    assert.equal((await thrown(ConflictError, chargly.applyPricingRecommendation(two.id, { noticeDays: 0 }))).code, "recommendation_not_open");
  });

  describe("a hold", () => {
    it("is placed, moved, captured step by step and given up", async () => {
      const id = await customer(200);
      const hold = await chargly.placeHold({ event: "agent.run", customerId: id, credits: 100, expiresInSeconds: 60, idempotencyKey: "h" });
      assert.deepEqual([hold.credits, hold.remainingBalance, hold.isOpen], [100, 100, true]);
      assert.equal((await chargly.placeHold("agent.run", id, { credits: 100, expiresInSeconds: 60, idempotencyKey: "h" })).holdId, hold.holdId);
      assert.equal((await hold.increase({ credits: 20 })).remainingBalance, 80);
      await hold.extend({ expiresInSeconds: 600 });
      const step = await hold.capture({ credits: 30, final: false, metadata: { step: 1 } });
      assert.deepEqual([step.deductedCredits, step.stillHeld, step.ended, hold.isOpen], [30, 90, false, true]);
      await hold.capture({ credits: 30, final: false });
      const over = await thrown(CaptureExceedsHoldError, hold.capture({ credits: 61 }));
      assert.deepEqual([over.held, over.requested], [60, 61]);
      const last = await hold.capture({ credits: 10 });
      assert.deepEqual([last.remainingBalance, last.ended, hold.isOpen], [130, true, false]);
      const state = await chargly.getHold(hold.holdId);
      assert.deepEqual([state.state, state.customerId], ["captured", id]);
      assert.equal((await thrown(HoldNotOpenError, chargly.voidHold(hold.holdId))).state, "captured");
      assert.equal((await thrown(HoldNotOpenError, chargly.captureHold(hold.holdId, { credits: 1 }))).state, "captured");
      const other = await chargly.placeHold("agent.run", id);
      assert.deepEqual([other.credits, (await other.void()).remainingBalance], [25, 130]);
      assert.ok(!JSON.stringify(hold).includes(server.key));
    });

    const heldBy = async (id: string) => (await chargly.getWallet(id)).held;

    it("with work takes what is captured and releases the rest", async () => {
      const id = await customer(200);
      const answer = await chargly.withHold("agent.run", id, { credits: 100 }, async (hold) => {
        assert.equal(await heldBy(id), 100);
        await hold.capture({ credits: 30 });
        return "done";
      });
      const wallet = await chargly.getWallet(id);
      assert.deepEqual([answer, wallet.balance, wallet.held], ["done", 170, 0]);
    });

    it("with work that throws is voided, also after a step or a capture that was refused", async () => {
      const id = await customer(200);
      const works = [
        async () => {},
        async (hold: { capture: (of: object) => Promise<unknown> }) => hold.capture({ credits: 10, final: false }),
        async (hold: { capture: (of: object) => Promise<unknown> }) => hold.capture({ credits: 500 }).catch(() => undefined),
      ];
      for (const work of works) {
        const run = chargly.withHold("agent.run", id, { credits: 100 }, async (hold) => {
          await work(hold);
          throw new Error("the work's own");
        });
        await assert.rejects(run, { message: "the work's own" });
        assert.equal(await heldBy(id), 0);
      }
      assert.equal((await chargly.getWallet(id)).balance, 190);
    });

    it("with work that captures nothing, or does not wait for it, is never left open", async () => {
      const id = await customer(200);
      assert.equal(await chargly.withHold("agent.run", id, () => 7), 7);
      await chargly.withHold("agent.run", id, { credits: 100 }, (hold) => void hold.capture({ credits: 40 }));
      const wallet = await chargly.getWallet(id);
      assert.deepEqual([wallet.balance, wallet.held], [160, 0]);
    });

    it("that cannot be placed begins no work until there are credits", async () => {
      const id = await customer(0);
      let runs = 0;
      const run = chargly.withHold("agent.run", id, async (hold) => {
        runs++;
        return (await hold.capture()).deductedCredits;
      });
      const refusal = await thrown(InsufficientCreditsError, run);
      assert.equal(runs, 0);
      await chargly.grant(id, { credits: 30, kind: "promotional" });
      assert.deepEqual([await refusal.retryAfterTopUp<number>(), runs], [25, 1]);
      assert.equal((await chargly.getWallet(id)).balance, 5);
    });
  });

  describe("wrapped work", () => {
    it("is metered after it succeeded, and only then", async () => {
      const id = await customer(100);
      const draw = chargly.metered("image.generate", async (_customer: string, prompt: string) => {
        if (prompt === "") throw new Error("no prompt");
        return prompt.toUpperCase();
      });
      assert.equal(await draw(id, "a fox"), "A FOX");
      await assert.rejects(draw(id, ""), { message: "no prompt" });
      assert.equal((await chargly.getWallet(id)).balance, 60);
    });

    it("is metered with what came of it, and once for each piece of work", async () => {
      const id = await customer(100);
      const chat = chargly.metered("chat.reply", (job: number, customer: { id: string }) => ({ model: "gpt-4o", usage: { prompt_tokens: job, completion_tokens: 1 }, of: customer.id }), {
        customer: (_, customer) => customer.id,
        quantity: (answer) => answer.usage.completion_tokens * 2,
        cost: (answer) => answer,
        metadata: (_, job) => ({ job }),
        idempotencyKey: (job) => `job-${job}`,
      });
      await chat(7, { id });
      await chat(7, { id });
      assert.equal((await chargly.getWallet(id)).balance, 92);
      const [line] = (await chargly.listWalletHistory(id)).data;
      const event = await chargly.getEvent(line!.eventId!);
      assert.deepEqual([event.quantity, event.metadata, (event.raw["usage"] as { input_tokens: number }).input_tokens], [2, { job: 7 }, 7]);
    });

    it("that was done is not lost where it cannot be paid any more", async () => {
      const id = await customer(0);
      const error = await thrown(InsufficientCreditsError, chargly.metered("image.generate", (_: string) => "a picture")(id));
      assert.equal(error.result, "a picture");
    });

    it("with a hold is refused before it begins, and captures what it cost", async () => {
      await chargly.request("PUT", "/v1/event-types/agent.costly", { body: {} });
      await chargly.request("POST", "/v1/event-types/agent.costly/prices", { body: { rule: { type: "cost_plus", multiplier: "1000" }, note: "by cost" } });
      let runs = 0;
      const agent = chargly.metered("agent.costly", async (_customer: string) => ({ ran: ++runs }), {
        hold: { credits: 100 },
        cost: () => ({ amount: "0.0371", currency: "usd" }),
      });
      const poor = await customer(99);
      await thrown(InsufficientCreditsError, agent(poor));
      assert.equal(runs, 0);
      const rich = await customer(200);
      assert.deepEqual(await agent(rich), { ran: 1 });
      const wallet = await chargly.getWallet(rich);
      assert.deepEqual([wallet.balance, wallet.held], [162, 0]);
      const failing = chargly.metered("agent.costly", (_: string) => Promise.reject(new Error("broken")), { hold: { credits: 100 } });
      await assert.rejects(failing(rich), { message: "broken" });
      assert.equal((await chargly.getWallet(rich)).held, 0);
    });
  });

  it("records batches in the background, into debt where it has to", async () => {
    const id = await customer(80);
    const refused: string[] = [];
    const batcher = chargly.batcher({ maxBatch: 7, onError: (error) => refused.push(error.code) });
    for (let n = 0; n < 20; n++) batcher.add("chat.reply", id, { metadata: { n } });
    batcher.add("no.such", id);
    await batcher.close();
    const wallet = await chargly.getWallet(id);
    assert.deepEqual([wallet.balance, wallet.debt, refused], [-80, 80, ["unknown_event_type"]]);
  });

  it("verifies the webhooks that the server sends", async () => {
    const got: WebhookEvent[] = [];
    let secret = "";
    const receiver = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", async () => {
        try {
          got.push(await verifyWebhook(Buffer.concat(chunks), request.headers, secret));
          response.writeHead(204).end();
        } catch (error) {
          response.writeHead(400).end(String(error));
        }
      });
    });
    await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve));
    try {
      const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`;
      const endpoint = await chargly.request("POST", "/v1/webhook-endpoints", { body: { url, types: ["wallet.debited"] } });
      secret = endpoint["secret"] as string;
      const ping = await chargly.request("POST", `/v1/webhook-endpoints/${String(endpoint["id"])}/ping`);
      assert.equal(ping["delivered"], true, JSON.stringify(ping));
      assert.equal(got[0]!.type, "webhook.ping");
      const id = await customer(100);
      const metered = await chargly.meterEvent("chat.reply", id);
      for (let n = 0; got.length < 2 && n < 300; n++) await new Promise((resolve) => setTimeout(resolve, 50));
      const { type, data } = got[1]!;
      assert.deepEqual([type, data.customerId, data.credits, data.balance, data["eventId"]], ["wallet.debited", id, 8, 92, metered.eventId]);
      await chargly.request("POST", `/v1/webhook-endpoints/${String(endpoint["id"])}/rotate`, { body: { overlap_s: 600 } });
      const rotated = await chargly.request("POST", `/v1/webhook-endpoints/${String(endpoint["id"])}/ping`);
      assert.equal(rotated["delivered"], true, "the former secret still verifies");
    } finally {
      receiver.close();
    }
  });
});
