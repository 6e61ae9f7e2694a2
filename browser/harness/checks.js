// What must hold on every page, however it is looked at. Each check answers with what is wrong, in words.

import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";

const AXE = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Findings of axe that keep somebody from using the page. */
const GRAVE = ["serious", "critical"];

/** What keeps somebody from using the page. `without` names rules that the page answers in another way. */
export function inaccessible(page, without = []) {
  return graveFindings(page, { rules: Object.fromEntries(without.map((rule) => [rule, { enabled: false }])) });
}

/** What cannot be told from its ground: all that another choice of colours can break. */
export function illegible(page) {
  return graveFindings(page, { runOnly: ["color-contrast"] });
}

async function graveFindings(page, options) {
  if (!(await page.evaluate(() => "axe" in globalThis))) await page.evaluate(AXE);
  const run = (options) => globalThis.axe.run(document, { ...options, resultTypes: ["violations"] });
  const { violations } = await page.evaluate(run, options);
  const grave = violations.filter((violation) => GRAVE.includes(violation.impact));
  return grave.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html} (${node.failureSummary})`));
}

/** What reaches beyond the right edge of the window, or of what it stands in. */
export function sideways(page) {
  return page.evaluate(() => {
    const { clientWidth, scrollWidth } = document.documentElement;
    const isClipped = (element) =>
      element !== null && (getComputedStyle(element).clipPath !== "none" || isClipped(element.parentElement));
    const found = scrollWidth > clientWidth ? [`the page is ${scrollWidth} px wide in ${clientWidth}`] : [];
    for (const element of document.body.querySelectorAll("*")) {
      // What is closed is measured where it does not open.
      if (!element.checkVisibility()) continue;
      const right = element.getBoundingClientRect().right;
      // What is clipped away is there for screen readers.
      if (right > clientWidth + 0.5 && !isClipped(element)) found.push(`${element.tagName} ends at ${right} px of ${clientWidth}`);
      // An inline SVG is drawn, and has no text to cut off; what is one pixel wide is there for screen readers.
      if (element.namespaceURI.endsWith("xhtml") && element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 1) {
        found.push(`${element.tagName} holds ${element.scrollWidth} px in ${element.clientWidth}`);
      }
    }
    return found;
  });
}

/** What the Tab key reaches in another order than it is read, or without showing where it is. */
export async function unreachable(page) {
  const words = () =>
    [...document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex]")]
      .filter((element) => !element.disabled && element.tabIndex >= 0 && element.checkVisibility())
      .map((element) => element.textContent.trim());
  const expected = await page.evaluate(words);
  const found = [];
  for (const word of expected) {
    await page.keyboard.press("Tab");
    const focus = await page.evaluate(() => {
      const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);
      const isShown = outlineStyle !== "none" && parseFloat(outlineWidth) >= 2;
      return { word: document.activeElement.textContent.trim(), isShown };
    });
    if (focus.word !== word) found.push(`Tab reaches "${focus.word}" in place of "${word}"`);
    else if (!focus.isShown) found.push(`"${word}" does not show that it has the focus`);
  }
  return found;
}
