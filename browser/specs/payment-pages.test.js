// The sandbox's pay page, the page after a checkout, and what is shown where there is nothing: each state as people
// see it. The server is the example `pages`, which lists them all, so that a new state is looked at without a word here.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { LOOKS, newPage, open } from "../harness/browser.js";
import { inaccessible, sideways, unreachable } from "../harness/checks.js";
import { keepScreenshot } from "../harness/screenshots.js";
import { setStage } from "../harness/stage.js";

const STATUS = { "unknown-link": 404, "bad-form": 400, "not-now": 503, ours: 500 };

const { browser, url } = await setStage("chargly-http", "pages");

const list = await (await fetch(url)).text();
const paths = list.split("\n").filter(Boolean);

for (const look of LOOKS) {
  describe(look.name, () => {
    for (const path of paths) {
      test(`${path} is quiet, accessible, within the window and in reach of the keyboard`, async () => {
        const page = await newPage(browser, look);
        const complaints = await open(page, url + path, STATUS[path.split("/").at(-1)]);
        await keepScreenshot(page, path, look);
        assert.deepEqual(complaints, []);
        // The page that looks again by itself says so, and has a link that turns it off.
        const without = path === "/return/awaited" ? ["meta-refresh"] : [];
        assert.deepEqual(await inaccessible(page, without), []);
        assert.deepEqual(await sideways(page), []);
        assert.deepEqual(await unreachable(page), []);
        await page.close();
      });
    }
  });
}

describe("without JavaScript", () => {
  let page;
  before(async () => {
    page = await newPage(browser, LOOKS[0], { javaScriptEnabled: false });
  });
  after(() => page.close());

  for (const [from, buttons, to] of [
    ["/pay/open", ["Pay $20.00"], "/pay/paid"],
    ["/pay/open", ["Decline"], "/pay/failed"],
    ["/pay/open", ["Pay later"], "/pay/pending"],
    ["/pay/open", ["Pay later", "The money arrives"], "/pay/paid"],
    ["/pay/open", ["Pay later", "The money does not arrive"], "/pay/failed"],
  ]) {
    test(`${buttons.join(", then ")}: from ${from} to ${to}`, async () => {
      await page.goto(url + from);
      for (const button of buttons) await page.getByRole("button", { name: button, exact: true }).click();
      await page.waitForURL(url + to);
    });
  }

  test("Enter on a button does what a click does", async () => {
    await page.goto(`${url}/pay/open`);
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.waitForURL(`${url}/pay/paid`);
  });
});

test("the page of an awaited payment looks again by itself until it is asked to stay", async () => {
  const page = await newPage(browser, LOOKS[0]);
  await page.goto(`${url}/return/awaited`);
  await page.waitForRequest((request) => request.isNavigationRequest(), { timeout: 20_000 });
  await page.waitForLoadState();
  assert.equal(await page.getByRole("link", { name: "Stop looking" }).getAttribute("href"), "?stay=1");
  await page.close();
});

test("a form leads on to a site that its page names, and to no other", async () => {
  const page = await newPage(browser, LOOKS[0]);
  const elsewhere = url.replace("127.0.0.1", "localhost");
  await page.goto(`${url}/elsewhere/named`);
  await page.getByRole("button", { name: "Pay $20.00" }).click();
  await page.waitForURL(`${elsewhere}/return/paid`);

  await page.goto(`${url}/elsewhere/unnamed`);
  const refused = page.waitForEvent("console", (message) => message.text().includes("form-action"));
  await page.getByRole("button", { name: "Pay $20.00" }).click();
  await refused;
  assert.equal(page.url(), `${url}/elsewhere/unnamed`);
  await page.close();
});

test("a link that leads nowhere is answered with a page, in the same look and from any depth", async () => {
  const page = await newPage(browser, LOOKS[1]);
  for (const path of ["/nothing", "/pay/open/", "/a/b/c/d"]) {
    assert.deepEqual(await open(page, url + path, 404), []);
    await page.getByRole("heading", { name: "This link leads nowhere" }).waitFor();
    const sheet = await page.locator(".sheet").evaluate((sheet) => getComputedStyle(sheet).borderTopStyle);
    assert.equal(sheet, "solid", "the stylesheet was found");
  }
  await page.close();
});
