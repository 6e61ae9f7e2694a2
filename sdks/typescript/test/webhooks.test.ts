/** Messages of webhooks: what is genuine, and what is not. */

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { it } from "node:test";
import { CharglyError, WebhookVerificationError, verifyWebhook } from "chargly";
import { thrownBy } from "./harness/thrown.js";

const SECRET = "whsec_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";
const OTHER = `whsec_${Buffer.alloc(24, 9).toString("base64")}`;
const NOW = 1_795_428_000_000;
const BODY = '{"type":"wallet.empty"}';

function sign(secret: string, body: string, id = "msg_1", timestamp = "1795428000"): string {
  const key = Buffer.from(secret.slice(6), "base64");
  return `v1,${createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64")}`;
}

function headers(signature: string, timestamp = "1795428000"): Record<string, string> {
  return { "webhook-id": "msg_1", "webhook-timestamp": timestamp, "webhook-signature": signature };
}

it("the example of the guide is genuine", async () => {
  const printed = "v1,c9tFqM4PdzwTgBqCzwcTkjuLbVmA7zCaKzo1xE/QvM8=";
  assert.equal(sign(SECRET, BODY), printed);
  const event = await verifyWebhook(BODY, headers(printed), SECRET, { now: NOW });
  assert.equal(event.type, "wallet.empty");
});

it("body and headers may come in every form", async () => {
  const body = '{"type":"wallet.empty","data":{"customerId":"Zoë"}}';
  const sent = headers(sign(SECRET, body));
  const bytes = new TextEncoder().encode(body);
  for (const form of [body, bytes, bytes.buffer as ArrayBuffer, Buffer.from(body)]) {
    const upper = Object.fromEntries(Object.entries(sent).map(([name, value]) => [name.toUpperCase(), [value]]));
    for (const set of [sent, new Headers(sent), upper]) {
      assert.equal((await verifyWebhook(form, set, SECRET, { now: NOW })).data.customerId, "Zoë");
    }
  }
});

it("one signature of several is enough, and one secret of several", async () => {
  const both = `${sign(OTHER, BODY)} v1a,whatever v1,%% ${sign(SECRET, BODY)}`;
  for (const secret of [SECRET, OTHER, [OTHER, SECRET]]) await verifyWebhook(BODY, headers(both), secret, { now: NOW });
  await verifyWebhook(BODY, headers(sign(SECRET, BODY)), [OTHER, SECRET], { now: NOW });
});

it("300 seconds either way are allowed, and no more", async () => {
  const good = headers(sign(SECRET, BODY));
  for (const seconds of [-300, 300]) await verifyWebhook(BODY, good, SECRET, { now: NOW + seconds * 1000 });
  for (const seconds of [-301, 301]) {
    await assert.rejects(verifyWebhook(BODY, good, SECRET, { now: NOW + seconds * 1000 }), WebhookVerificationError);
  }
  await assert.rejects(verifyWebhook(BODY, good, SECRET), WebhookVerificationError);
});

it("everything else is refused", async () => {
  const good = sign(SECRET, BODY);
  const cases: [string, Record<string, string>, string][] = [
    ["{}", headers(good), SECRET],
    [BODY, headers(good), OTHER],
    [BODY, { ...headers(good), "webhook-id": "msg_2" }, SECRET],
    [BODY, headers(good, "1795428001"), SECRET],
    [BODY, headers(good, "1795428000.0"), SECRET],
    [BODY, headers(good, "soon"), SECRET],
    [BODY, headers(good.replace("v1,", "v2,")), SECRET],
    [BODY, headers(good.slice(0, -8)), SECRET],
    [BODY, headers("v1,"), SECRET],
    [BODY, headers(""), SECRET],
    [BODY, {}, SECRET],
    ["not json", headers(sign(SECRET, "not json")), SECRET],
  ];
  for (const [body, set, secret] of cases) {
    const error = await thrownBy(verifyWebhook(body, set, secret, { now: NOW }));
    assert.ok(error instanceof WebhookVerificationError && error instanceof CharglyError, JSON.stringify([body, set]));
    assert.ok(!JSON.stringify(error).includes(secret));
  }
});

it("a secret that is none is a mistake of the receiver, and not a forged message", async () => {
  for (const secret of ["", "whsec_", "whsec_%%"]) {
    await assert.rejects(verifyWebhook(BODY, headers(sign(SECRET, BODY)), secret, { now: NOW }), TypeError);
  }
});
