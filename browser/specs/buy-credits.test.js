// The whole loop, as a buyer goes through it: an empty wallet, a pack, the pay page, credits. The server is the real one,
// a minute after its first start.

import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";

import { LOOKS, launch, newPage, open } from "../harness/browser.js";
import { inaccessible, sideways } from "../harness/checks.js";
import { keepScreenshot } from "../harness/screenshots.js";
import { startChargly } from "../harness/server.js";

const folder = await mkdtemp(join(tmpdir(), "chargly-browser-"));
const server = await startChargly(join(folder, "data"));
const browser = await launch();
const shop = await startShop();
after(async () => {
  await browser.close();
  await server.stop();
  shop.close();
  await rm(folder, { recursive: true });
});

/** The site of somebody who sells: where its buyers come back to. */
async function startShop() {
  const listening = createServer((request, response) => {
    response.setHeader("content-type", "text/html");
    response.end(`<!doctype html><html lang="en"><title>Shop</title><h1>Back at ${request.url}</h1>`);
  });
  await new Promise((resolve) => listening.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${listening.address().port}`, close: () => listening.close() };
}

async function call(path, body) {
  const response = await fetch(server.url + path, {
    method: body === undefined ? "GET" : "POST",
    headers: { authorization: `Bearer ${server.key}`, "content-type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  return { status: response.status, body: await response.json() };
}

const meter = (customer, key) =>
  call("/v1/events", { event: "image.generate", customer, idempotency_key: key });
const available = async (customer) => (await call(`/v1/customers/${customer}/wallet`)).body.available;
const checkout = async (customer, more = {}) => {
  const created = await call("/v1/checkouts", { customer, pack: "starter_500", ...more });
  assert.equal(created.status, 200, JSON.stringify(created.body));
  return created.body;
};
const press = (page, name) => page.getByRole("button", { name, exact: true }).click();

for (const look of LOOKS) {
  test(`an empty wallet is filled and the refused work is done, at ${look.name}`, async () => {
    const customer = `buyer_${look.width}_${look.scheme}`;
    const refused = await meter(customer, "first");
    assert.equal(refused.status, 402);
    assert.equal(refused.body.checkout_hint.smallest_covering_pack.code, "starter_500");
    await call(`/v1/customers/${customer}/grants`, { credits: 47, kind: "promotional" });

    const { url } = await checkout(customer, { idempotency_key: "buy" });
    const page = await newPage(browser, look);
    const complaints = await open(page, url);
    await keepScreenshot(page, "loop/pay", look);
    assert.deepEqual(await inaccessible(page), []);
    await press(page, "Pay $10.00");
    await page.getByText("500 credits are in the wallet").waitFor();
    await keepScreenshot(page, "loop/paid", look);
    assert.deepEqual(await inaccessible(page), []);
    assert.deepEqual(await sideways(page), []);
    assert.deepEqual(complaints, []);
    await page.close();

    assert.equal(await available(customer), 547);
    // A refusal is final for its key; a new attempt is a new key.
    assert.equal((await meter(customer, "first")).status, 402);
    assert.equal((await meter(customer, "again")).status, 200);
    assert.equal(await available(customer), 507);
  });
}

describe("the other ways through a checkout", () => {
  test("a buyer comes back to the site that sells, with the credits already there", async () => {
    const order = await checkout("shopper", { success_url: `${shop.url}/thanks?order=7` });
    const page = await newPage(browser, LOOKS[0]);
    await page.goto(order.url);
    await press(page, "Pay $10.00");
    await page.waitForURL(`${shop.url}/thanks?order=7`);
    assert.equal(await available("shopper"), 500);
    await page.close();
  });

  test("who declines comes back to where the checkout was begun, and may still pay", async () => {
    const order = await checkout("decliner", { cancel_url: `${shop.url}/cart` });
    const page = await newPage(browser, LOOKS[0]);
    await page.goto(order.url);
    await press(page, "Decline");
    await page.waitForURL(`${shop.url}/cart`);
    assert.equal(await available("decliner"), 0);
    await page.goto(order.url);
    await press(page, "Pay $10.00");
    await page.getByText("500 credits are in the wallet").waitFor();
    assert.equal(await available("decliner"), 500);
    await page.close();
  });

  test("a payment that takes days is awaited, and its credits come with the money", async () => {
    const order = await checkout("patient");
    const page = await newPage(browser, LOOKS[1]);
    await page.goto(order.url);
    await press(page, "Pay later");
    await page.getByText("We are waiting for the payment").waitFor();
    await keepScreenshot(page, "loop/awaited", LOOKS[1]);
    assert.equal(await available("patient"), 0);
    await page.goto(order.url);
    await press(page, "The money arrives");
    await page.getByText("500 credits are in the wallet").waitFor();
    assert.equal(await available("patient"), 500);
    await page.close();
  });

  test("pressing twice buys once", async () => {
    const order = await checkout("twice");
    const form = () => fetch(order.url, { method: "POST", body: new URLSearchParams({ action: "pay" }), redirect: "manual" });
    const pressed = await Promise.all([form(), form(), form()]);
    assert.deepEqual(pressed.map((response) => response.status), [303, 303, 303]);
    assert.equal(await available("twice"), 500);
  });

  test("an address that nobody was given shows nothing", async () => {
    const { url } = await checkout("nobody");
    const page = await newPage(browser, LOOKS[0]);
    const complaints = await open(page, url.slice(0, -1) + (url.endsWith("0") ? "1" : "0"), 404);
    await keepScreenshot(page, "loop/unknown", LOOKS[0]);
    assert.deepEqual(complaints, []);
    assert.ok(!(await page.content()).includes("Starter"));
    await page.close();
  });
});
