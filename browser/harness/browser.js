// The browser that all specs share, and the ways in which each page is looked at.

import { existsSync } from "node:fs";
import { chromium } from "playwright-core";

/** Where Debian's package puts it, unless CHARGLY_CHROMIUM says otherwise. */
const EXECUTABLE = process.env.CHARGLY_CHROMIUM ?? "/usr/bin/chromium";

/** A container has neither a sandbox for the browser nor a screen, and nothing here may ask anybody for anything. */
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Every page is looked at in each of these. */
export const LOOKS = [1280, 360].flatMap((width) =>
  ["light", "dark"].map((scheme) => ({ name: `${width} px, ${scheme}`, width, scheme })),
);

export function launch() {
  if (!existsSync(EXECUTABLE)) {
    throw new Error(`there is no browser at ${EXECUTABLE}: install chromium, or name one with CHARGLY_CHROMIUM`);
  }
  return chromium.launch({ executablePath: EXECUTABLE, args: FLAGS });
}

/** A fresh page of a person who looks in this way. */
export function newPage(browser, look, options = {}) {
  const size = { width: look.width, height: 800 };
  return browser.newPage({ viewport: size, colorScheme: look.scheme, reducedMotion: "reduce", ...options });
}

/** Collects what the browser complains about on a page, but for what is expected. */
export function listen(page, isExpected = () => false) {
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("requestfailed", (request) => complaints.push(`${request.url()}: ${request.failure()?.errorText}`));
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type()) && !isExpected(message)) complaints.push(message.text());
  });
  return complaints;
}

/** Opens an address and collects what the browser complains about, but for the status that was expected. */
export async function open(page, url, status = 200) {
  const complaints = listen(page, (message) => {
    const isAboutStatus = message.text().startsWith("Failed to load resource") && message.location().url === url;
    return isAboutStatus && status >= 400;
  });
  const response = await page.goto(url, { waitUntil: "load" });
  if (response.status() !== status) complaints.push(`status ${response.status()} in place of ${status}`);
  return complaints;
}
