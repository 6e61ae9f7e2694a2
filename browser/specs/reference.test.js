// The reference of the API: one long page, which has to be as usable as the short ones.

import assert from "node:assert/strict";
import { test } from "node:test";

import { LOOKS, newPage, open } from "../harness/browser.js";
import { inaccessible, sideways, unreachable } from "../harness/checks.js";
import { keepScreenshot } from "../harness/screenshots.js";
import { setStage } from "../harness/stage.js";

const { browser, url } = await setStage("chargly-http", "pages");

/** Unfolds what is folded away until somebody asks for it. */
const unfold = (page) =>
  page.evaluate(() => document.querySelectorAll("details").forEach((details) => (details.open = true)));

for (const look of LOOKS) {
  test(`${look.name}: is quiet, accessible and within the window`, async () => {
    const page = await newPage(browser, look);
    const complaints = await open(page, `${url}/docs`);
    assert.deepEqual(complaints, []);
    assert.deepEqual(await inaccessible(page), []);
    await unfold(page);
    assert.deepEqual(await sideways(page), []);
    await page.close();
  });

  test(`${look.name}: an operation and an error are where their links lead`, async () => {
    const page = await newPage(browser, look);
    for (const name of ["meter_event", "insufficient_credits"]) {
      await page.goto(`${url}/docs#${name}`);
      await keepScreenshot(page, `docs-${name}`, look, { fullPage: false });
      const { y } = await page.locator(`#${name}`).boundingBox();
      assert.ok(y >= 0 && y < 100, `${name} stands at ${y} px`);
    }
    await page.close();
  });
}

test("everything is in reach of the keyboard, in the order in which it is read", async () => {
  const page = await newPage(browser, LOOKS[0]);
  await page.goto(`${url}/docs`);
  assert.deepEqual(await unreachable(page), []);
  await page.close();
});
