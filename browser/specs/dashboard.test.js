// The dashboard, as its owner sees it: every page in every look, and what figures, links and the live page promise. The
// product is a made-up one, so that every chart has something to draw.

import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { LOOKS, launch, listen, newPage, open } from "../harness/browser.js";
import { illegible, inaccessible, sideways, unreachable } from "../harness/checks.js";
import { keepScreenshot } from "../harness/screenshots.js";
import { signIn, simulateProduct, startChargly } from "../harness/server.js";

const PAGES = [
  "overview",
  "first-minute",
  "live",
  "usage",
  "customers",
  "customers/cus_00009",
  "events/image.generate",
  "revenue",
  "credits",
  "costs",
  "costs/import",
  "pricing",
  "pricing/image.generate",
  "pricing/simulate",
  "price-impact",
  "advisor",
  "advisor/track-record",
  "health",
  "exports",
  "settings",
  "settings/keys",
  "settings/packs",
  "settings/payments",
  "settings/webhooks",
  "settings/people",
  "settings/you",
];

/** Pages that are gone through by keyboard: one to read, one to fill in. */
const BY_KEYBOARD = ["overview", "settings/keys", "exports"];

const folder = await mkdtemp(join(tmpdir(), "chargly-browser-"));
const data = join(folder, "data");
const key = await simulateProduct(data, { preset: "price-change", days: 60, customers: 60 });
const server = await startChargly(data);
const browser = await launch();
const session = await signIn(browser, server.url, data);
after(async () => {
  await browser.close();
  await server.stop();
  await rm(folder, { recursive: true });
});

const address = (path) => `${server.url}/dashboard/test/${path}`;

/** A stream ends with its page, which is no complaint. */
const withoutStreams = (complaints) => complaints.filter((words) => !words.includes("/dashboard/test/stream"));

/** A page of the dashboard, and what the browser complains about. */
async function visit(path) {
  const page = await newPage(browser, LOOKS[0], { storageState: session });
  const complaints = await open(page, address(path));
  return { page, complaints: () => withoutStreams(complaints) };
}

async function call(path, body, method = body === undefined ? "GET" : "POST") {
  const response = await fetch(server.url + path, {
    method,
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  assert.equal(response.status, 200, path);
  return response.json();
}

// One event's page is found by its id.
PAGES.push(`event/${(await call("/v1/events?limit=1")).data[0].id}`);

/** A date so many days ago, as the address of a page and the API have it. */
const daysAgo = (days) => new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 10);

/** The exact numbers of a table, by row. */
const numbers = (table) =>
  table.evaluate((table) =>
    [...table.tBodies[0].rows].map((row) => [...row.querySelectorAll("td.number data")].map(({ value }) => value)),
  );

const sum = (rows) => rows.flat().reduce((whole, number) => whole + Number(number), 0);

describe("every page, in every look", { concurrency: true }, () => {
  // Light and dark are the same document, opened once; both widths go through the pages side by side.
  for (const look of LOOKS.filter(({ scheme }) => scheme === "light")) {
    describe(`at ${look.width} px`, { concurrency: 1 }, () => {
      let page;
      let complaints;
      before(async () => {
        page = await newPage(browser, look, { storageState: session });
        complaints = listen(page);
      });
      after(() => page.close());

      for (const path of PAGES) {
        test(path, async () => {
          complaints.length = 0;
          await page.emulateMedia({ colorScheme: "light" });
          const response = await page.goto(address(path), { waitUntil: "load" });
          assert.equal(response.status(), 200);
          assert.deepEqual(await sideways(page), []);
          if (BY_KEYBOARD.includes(path)) assert.deepEqual(await unreachable(page), []);
          await page.evaluate(() => {
            document.activeElement.blur();
            window.scrollTo(0, 0);
          });
          await keepScreenshot(page, `dashboard/${path}`, look);
          assert.deepEqual(await inaccessible(page), []);

          await page.emulateMedia({ colorScheme: "dark" });
          await keepScreenshot(page, `dashboard/${path}`, { ...look, scheme: "dark" });
          // What is narrow has the colours of what is wide.
          if (look.width === LOOKS[0].width) assert.deepEqual(await illegible(page), []);
          assert.deepEqual(withoutStreams(complaints), []);
        });
      }
    });
  }
});

describe("figures", () => {
  const range = `from=${daysAgo(25)}&to=${daysAgo(15)}`;
  // On a page the last day belongs to the range, in the API it does not.
  const sameRange = `from=${daysAgo(25)}&to=${daysAgo(14)}`;

  test("a table behind a chart has what the API has", async () => {
    const { totals } = await call(`/v1/usage?interval=total&${sameRange}`);
    const { page } = await visit(`usage?${range}`);
    const rows = await numbers(page.locator("#over-time table"));
    assert.equal(sum(rows.map((row) => row.slice(0, -1))), totals.credits_used);
    assert.equal(sum(rows.map((row) => row.slice(-1))), totals.credits_used);
    const tile = page.locator(".tile", { hasText: "Credits used" }).locator("data");
    assert.equal(await tile.getAttribute("value"), String(totals.credits_used));
    await page.close();
  });

  test("a file has the numbers of the table that it lies beside", async () => {
    const { page } = await visit(`usage?${range}`);
    const table = await numbers(page.locator("#over-time table"));
    const downloading = page.waitForEvent("download");
    await page.getByRole("link", { name: /^CSV of: How did credits used change/ }).click();
    const download = await downloading;
    const lines = (await readFile(await download.path(), "utf8")).trimEnd().split("\r\n");
    const [head, ...rows] = lines.map((line) => line.split(","));
    assert.equal(download.suggestedFilename(), "chargly-test-over-time.csv");
    const types = ["agent.run", "image.generate", "chat.reply", "ai.summary"];
    assert.deepEqual(head.slice(0, 6), ["Time", ...types, "Total"]);
    assert.deepEqual(rows.map((row) => row.slice(1, 6)), table);
    assert.equal(rows[0][0], `${daysAgo(25)}T00:00:00.000Z`);
    await page.close();
  });

  test("pressing a piece of time leads into it, and back", async () => {
    const { page, complaints } = await visit(`usage?${range}`);
    const days = await numbers(page.locator("#over-time table"));
    await page.locator("#over-time svg a").nth(3).click();
    await page.waitForURL(`**/usage?*from=${daysAgo(22)}&to=${daysAgo(22)}*`);
    const hours = await numbers(page.locator("#over-time table"));
    assert.equal(hours.length, 24);
    assert.equal(sum(hours), sum([days[3]]));
    await page.goBack();
    assert.deepEqual(await numbers(page.locator("#over-time table")), days);
    assert.deepEqual(complaints(), []);
    await page.close();
  });

  test("test and live are the same page of the same range, and never look alike", async () => {
    const { page, complaints } = await visit("usage?range=7d");
    const banner = page.getByText("Test: no real money moves here");
    assert.equal(await banner.isVisible(), true);
    const environments = page.getByRole("navigation", { name: "Environment" });
    await environments.getByRole("link", { name: "Live" }).click();
    await page.waitForURL(`${server.url}/dashboard/live/usage?range=7d`);
    assert.equal(await page.getByRole("heading", { level: 1 }).innerText(), "Usage");
    assert.equal(await banner.count(), 0);
    await environments.getByRole("link", { name: "Test" }).click();
    await page.waitForURL(address("usage?range=7d"));
    assert.deepEqual(complaints(), []);
    await page.close();
  });
});

describe("a price list", () => {
  test("goes from its file into the form, is looked at, and is published", async () => {
    const { page, complaints } = await visit("costs/import");
    const list = { "writer-9": { litellm_provider: "acme", input_cost_per_token: 2.5e-6 } };
    const file = { name: "prices.json", mimeType: "application/json", buffer: Buffer.from(JSON.stringify(list)) };
    await page.getByLabel("A file").setInputFiles(file);
    await page.waitForFunction(() => document.querySelector("textarea[name=list]").value.includes("writer-9"));
    await page.getByRole("button", { name: "Show what would change" }).click();
    await page.getByRole("heading", { name: "What litellm would change", level: 1 }).waitFor();
    assert.deepEqual(await sideways(page), []);
    assert.deepEqual(await inaccessible(page), []);
    await keepScreenshot(page, "dashboard/costs/import/preview", LOOKS[0]);
    await page.getByRole("button", { name: "Publish them" }).click();
    await page.getByText("The rates are published as card").waitFor();
    assert.deepEqual(complaints(), []);
    await page.close();
  });
});

describe("a narrow window", () => {
  const narrow = LOOKS.find(({ width }) => width < 640);
  const shown = (page, list) =>
    page.locator(list).evaluateAll((rows) => rows.filter((row) => row.checkVisibility()).length);

  test("shows the first of many cards, and all of them when asked", async () => {
    const page = await newPage(browser, narrow, { storageState: session });
    const complaints = await open(page, address("customers"));
    const rows = "#customers tbody tr";
    assert.equal(await shown(page, rows), 8);
    await page.locator("#customers .all summary").click();
    assert.equal(await shown(page, rows), 50);
    assert.deepEqual(await sideways(page), []);
    assert.deepEqual(await inaccessible(page), []);
    assert.deepEqual(complaints, []);
    await page.close();
  });

  test("bears names as long as they may be", async () => {
    const name = `${"a_name_as_long_as_it_may_be".repeat(2)}.${"x".repeat(9)}`;
    const customer = "c".repeat(255);
    await call(`/v1/event-types/${name}`, { label: "Long", credits: 1 }, "PUT");
    await call(`/v1/customers/${customer}/grants`, { credits: 5, kind: "promotional" });
    const { id } = await call("/v1/events", { event: name, customer });
    assert.match(id, /^evt_/);
    const pages = ["overview", "live", "usage", "revenue", "costs", "pricing", `pricing/${name}`, "pricing/simulate"];
    for (const path of [...pages, `events/${name}`, `customers/${customer}`]) {
      const page = await newPage(browser, narrow, { storageState: session });
      await open(page, address(path));
      assert.deepEqual(await sideways(page), [], path);
      await page.close();
    }
  });

  test("shows the newest of a table over time", async () => {
    const page = await newPage(browser, narrow, { storageState: session });
    await open(page, address("usage"));
    assert.equal(await shown(page, "#pivot tbody tr"), 8);
    assert.equal(await page.locator("#pivot tbody tr").last().isVisible(), true);
    await page.close();
  });
});

describe("one customer", () => {
  for (const look of LOOKS) {
    test(`a wallet link is shown once, can be copied, and opens their page, at ${look.name}`, async () => {
      const page = await newPage(browser, look, { storageState: session, permissions: ["clipboard-write"] });
      const complaints = await open(page, address("customers/cus_00009?range=7d"));
      await page.getByText("Make a wallet link").first().click();
      await page.getByLabel("Good for").selectOption("15 minutes");
      await page.getByRole("button", { name: "Make a wallet link" }).click();
      await page.getByRole("heading", { level: 1, name: "A wallet link for cus_00009" }).waitFor();
      await page.getByRole("button", { name: "Copy" }).click();
      await page.getByRole("button", { name: "Copied" }).waitFor();
      await keepScreenshot(page, "dashboard/customers/wallet-link", look);
      assert.deepEqual(await inaccessible(page), []);
      assert.deepEqual(await sideways(page), []);
      const link = await page.locator("[data-copy] pre").innerText();
      assert.match(link, /^http:\S+\/wallet\/test\/wt_\w+$/);
      assert.deepEqual(complaints, []);
      await page.getByRole("link", { name: "cus_00009" }).click();
      await page.waitForURL(address("customers/cus_00009?range=7d"));
      const visitor = await newPage(browser, look);
      assert.deepEqual(await open(visitor, link), []);
      await visitor.close();
      await page.close();
    });
  }
});

describe("the live page", () => {
  const FLOOD = 10_000;
  const rows = (page) => page.locator(".live tbody tr");
  const meter = (customer) => call("/v1/events", { event: "chat.reply", customer });

  /** The live page, once it listens: it is told of a rate only then. */
  async function listen() {
    const visited = await visit("live");
    await visited.page.locator('[data-meter="rate"]').getByText(/\d/).waitFor();
    return visited;
  }

  test("what commits appears, a pause holds it, and going on shows it", async () => {
    await call("/v1/customers/watched/grants", { credits: 100, kind: "promotional" });
    const { page, complaints } = await listen();
    await meter("watched");
    await rows(page).filter({ hasText: "watched" }).filter({ hasText: "99" }).waitFor();
    assert.match(await rows(page).first().innerText(), /metered\s+chat\.reply\s+watched\s+1\s+99/);

    await page.getByRole("button", { name: "Pause" }).click();
    await meter("watched");
    await page.getByRole("status").getByText("1 new").waitFor();
    assert.doesNotMatch(await rows(page).first().innerText(), /98/);
    await page.getByRole("button", { name: "Go on" }).click();
    await rows(page).filter({ hasText: "98" }).first().waitFor();
    assert.match(await rows(page).first().innerText(), /watched\s+1\s+98/);

    await rows(page).first().getByRole("link", { name: "watched" }).click();
    await page.getByRole("heading", { name: "watched", level: 1 }).waitFor();
    assert.deepEqual(complaints(), []);
    await page.close();
  });

  test("a flood is counted and not drawn, and the page still answers", async () => {
    await call("/v1/customers/flood/grants", { credits: FLOOD, kind: "promotional" });
    const { page, complaints } = await listen();
    const events = Array.from({ length: FLOOD }, () => ({ event: "chat.reply", customer: "flood" }));
    const flooding = call("/v1/events/batch", events);
    await rows(page).filter({ hasText: "flood" }).first().waitFor();
    await page.getByRole("button", { name: "Pause" }).click();
    await page.getByRole("button", { name: "Go on" }).waitFor();
    await page.getByRole("status").getByText("were counted and not shown").waitFor();
    const { results } = await flooding;
    assert.equal(results.length, FLOOD);
    await page.getByRole("button", { name: "Go on" }).click();
    await page.getByRole("button", { name: "Pause" }).waitFor();
    assert.ok((await rows(page).count()) <= 500);
    await keepScreenshot(page, "dashboard/live/flood", LOOKS[0], { fullPage: false });
    assert.deepEqual(complaints(), []);
    await page.close();
  });
});
