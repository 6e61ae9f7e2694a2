// The wallet page of an end user, alone and in a frame, and the two components in a page of somebody else's.

import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

import { LOOKS, launch, newPage, open } from "../harness/browser.js";
import { inaccessible, sideways, unreachable } from "../harness/checks.js";
import { keepScreenshot } from "../harness/screenshots.js";
import { startChargly } from "../harness/server.js";

const folder = await mkdtemp(join(tmpdir(), "chargly-browser-"));
const server = await startChargly(join(folder, "data"));
const browser = await launch();
let content = "";
const app = createServer((_, response) => {
  response.setHeader("content-type", "text/html");
  response.end(`<!doctype html><html lang="en"><title>App</title><main><h1>App</h1>${content}</main>`);
});
await new Promise((resolve) => app.listen(0, "127.0.0.1", resolve));
const appUrl = `http://127.0.0.1:${app.address().port}/`;
after(async () => {
  await browser.close();
  await server.stop();
  app.close();
  await rm(folder, { recursive: true });
});

async function call(path, body) {
  const response = await fetch(server.url + path, {
    method: "POST",
    headers: { authorization: `Bearer ${server.key}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  assert.equal(response.status, 200, path);
  return response.json();
}

const link = async (customer) => (await call(`/v1/customers/${customer}/wallet-links`, {})).url;

/** A customer who used one thing often, and one other. */
async function withHistory(customer) {
  await call(`/v1/customers/${customer}/grants`, {
    credits: 200,
    kind: "promotional",
    expires_at: "2099-12-24T12:00:00Z",
  });
  for (let reply = 0; reply < 12; reply += 1) await call("/v1/events", { event: "chat.reply", customer });
  await call("/v1/events", { event: "image.generate", customer });
}

for (const look of LOOKS) {
  test(`a wallet is told in plain words, and filled, at ${look.name}`, async () => {
    const customer = `wallet_${look.width}_${look.scheme}`;
    await withHistory(customer);
    const page = await newPage(browser, look);
    const complaints = await open(page, await link(customer));
    assert.deepEqual(await unreachable(page), []);
    await page.getByText("Chat reply × 12").click();
    assert.equal(await page.getByText("Chat reply", { exact: false }).count(), 13);
    await keepScreenshot(page, "/wallet/history", look);
    assert.deepEqual(await inaccessible(page), []);
    assert.deepEqual(await sideways(page), []);
    await page.getByRole("button", { name: "Buy Starter for $10.00" }).click();
    await page.getByRole("button", { name: "Pay $10.00" }).click();
    await page.getByText("500 credits have arrived").waitFor();
    await keepScreenshot(page, "/wallet/arrived", look);
    assert.deepEqual(complaints, []);
    await page.close();
  });

  test(`a link that has ended says so, at ${look.name}`, async () => {
    const page = await newPage(browser, look);
    const complaints = await open(page, `${server.url}/wallet/test/wt_00`, 404);
    await page.getByRole("heading", { name: "This link has ended" }).waitFor();
    await keepScreenshot(page, "/wallet/ended", look);
    assert.deepEqual(await inaccessible(page), []);
    assert.deepEqual(await sideways(page), []);
    assert.deepEqual(complaints, []);
    await page.close();
  });
}

test("the components show a balance, sell a pack, and tell when its credits have arrived", async () => {
  const href = await link("in_app");
  content = `<script type="module" src="${server.url}/wallet/components.js"></script>
    <chargly-balance href="${href}"></chargly-balance><chargly-paywall href="${href}"></chargly-paywall>`;
  const page = await newPage(browser, LOOKS[0]);
  const complaints = await open(page, appUrl);
  await page.evaluate(() => document.addEventListener("chargly:credited", (event) => (window.credited = event.detail)));
  await page.locator("chargly-balance").getByText("0 credits").waitFor();
  const paying = page.waitForEvent("popup");
  await page.getByRole("button", { name: "Buy Starter for $10.00" }).click();
  const pay = await paying;
  await pay.getByRole("button", { name: "Pay $10.00" }).click();
  await page.waitForFunction(() => window.credited);
  assert.deepEqual(await page.evaluate(() => window.credited), { credits: "500", balance: "500" });
  assert.deepEqual(await inaccessible(page), []);
  assert.deepEqual(complaints.filter((words) => !words.includes("favicon")), []);
  await page.close();
});

test("a page in a frame tells the page around it", async () => {
  content = `<iframe title="Wallet" width="600" height="700" src="${await link("in_frame")}"></iframe>`;
  const page = await newPage(browser, LOOKS[0]);
  await open(page, appUrl);
  await page.evaluate(() => window.addEventListener("message", (event) => (window.told = event.data)));
  const paying = page.waitForEvent("popup");
  await page.frameLocator("iframe").getByRole("button", { name: "Buy Starter for $10.00" }).click();
  await (await paying).getByRole("button", { name: "Pay $10.00" }).click();
  await page.waitForFunction(() => window.told);
  assert.deepEqual(await page.evaluate(() => window.told), {
    type: "chargly:credited",
    credits: "500",
    balance: "500",
  });
  await page.close();
});
