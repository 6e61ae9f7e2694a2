// `/try`, as somebody who has just started the server sees it: from nothing to an empty wallet, a top-up, and on.

import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
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
after(async () => {
  await browser.close();
  await server.stop();
  await rm(folder, { recursive: true });
});

const rows = (page) => page.locator("#stream tbody tr");
const tiles = (page) => page.locator("#figures strong").allInnerTexts();

/** Clicks, and waits for what the stream tells of it. */
async function click(page, name, lines = 1) {
  const before = await rows(page).count();
  await page.getByRole("button", { name }).click();
  await page.waitForFunction((count) => document.querySelectorAll("#stream tbody tr").length >= count, before + lines);
  await page.waitForFunction(() => !document.querySelector("#clicks").hasAttribute("aria-busy"));
}

for (const look of LOOKS) {
  test(`clicks are told at once, an empty wallet refuses, and a top-up goes on, at ${look.name}`, async () => {
    const page = await newPage(browser, look);
    const complaints = await open(page, `${server.url}/try`);
    assert.deepEqual(await tiles(page), ["0", "0 credits", "$0.00", "—"]);
    assert.equal(await page.getByText("Nothing yet. Click an event.").isVisible(), true);
    await keepScreenshot(page, "/try/empty", look);
    assert.deepEqual(await inaccessible(page), []);
    assert.deepEqual(await sideways(page), []);
    assert.deepEqual(await unreachable(page), []);

    // The first click also tells of the credits to begin with.
    await click(page, /Generate an image/, 2);
    await page.waitForFunction(() => document.querySelector("#figures strong").textContent === "1");
    assert.deepEqual(await tiles(page), ["1", "12 credits", "$0.24", "83.3 %"]);
    await click(page, /Run an agent/, 3);
    for (let image = 0; image < 5; image += 1) await click(page, /Generate an image/);
    await click(page, /Generate an image/);
    await page.locator("#answer p").getByText("The wallet has 9 credits available and 12 are required.").waitFor();
    assert.match(await rows(page).first().innerText(), /Refused 402/);
    await keepScreenshot(page, "/try/refused", look);
    assert.deepEqual(await inaccessible(page), []);
    assert.deepEqual(await sideways(page), []);

    await page.locator("#answer form button").click();
    await page.getByRole("button", { name: "Pay $10.00" }).click();
    await page.waitForURL(`${server.url}/try`);
    await click(page, /Generate an image/);
    assert.match(await page.locator("#answer").innerText(), /497 credits left/);
    // Opened anew, the page has what was refused where it came.
    await page.reload();
    assert.equal(await rows(page).filter({ hasText: "Refused 402" }).count(), 1);
    assert.match(await rows(page).nth(3).innerText(), /Refused 402/);
    await keepScreenshot(page, "/try/opened-anew", look);
    assert.deepEqual(await inaccessible(page), []);
    assert.deepEqual(await sideways(page), []);
    // A stream ends with its page.
    assert.deepEqual(complaints.filter((words) => !words.includes("/try/stream")), []);
    await page.close();
  });
}

test("the code is in tabs that arrows move between", async () => {
  const page = await newPage(browser, LOOKS[0]);
  await open(page, `${server.url}/try`);
  await page.getByRole("tab", { name: "curl" }).focus();
  await page.keyboard.press("ArrowRight");
  assert.equal(await page.getByRole("tab", { name: "Python" }).getAttribute("aria-selected"), "true");
  assert.match(await page.getByRole("tabpanel").innerText(), /client\.meter_event/);
  await page.keyboard.press("ArrowLeft");
  await page.keyboard.press("ArrowLeft");
  assert.match(await page.getByRole("tabpanel").innerText(), /chargly\.meter_event/);
  await page.keyboard.press("ArrowLeft");
  assert.equal(await page.getByRole("tab", { name: "Rust" }).getAttribute("aria-selected"), "true");
  assert.match(await page.getByRole("tabpanel").innerText(), /Meter::new\("image\.generate", "demo_user"\)/);
  await page.close();
});

test("a calculator answers while one types", async () => {
  const page = await newPage(browser, LOOKS[0]);
  await open(page, `${server.url}/try`);
  assert.match(await page.locator("#price-result").innerText(), /5 credits[^]*79 %[^]*73\.75 %[^]*\+\$182\.00 a month/);
  await page.getByLabel("It costs you, each time").fill("0.0084");
  await page.locator("#price-result").getByText("9 credits").waitFor();
  await page.getByLabel("Balance, credits").fill("12");
  await page.locator("#tool-result").getByText("200 accepted").waitFor();
  await page.close();
});

test("without a script the same buttons do the same", async () => {
  const page = await newPage(browser, LOOKS[0], { javaScriptEnabled: false });
  await open(page, `${server.url}/try`);
  await page.getByRole("button", { name: /Generate an image/ }).click();
  assert.deepEqual(await tiles(page), ["1", "12 credits", "$0.24", "83.3 %"]);
  assert.equal(await rows(page).count(), 2);
  assert.equal(await page.getByRole("heading", { name: "TypeScript" }).isVisible(), true);
  await page.close();
});
