// Pictures for people to look at: what no check can say is whether a page is good.

import { mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";

const FOLDER = fileURLToPath(new URL("../../target/screenshots/", import.meta.url));

/** Keeps a picture of the whole page, or of what is seen of it, as `target/screenshots/<name>-<width>-<scheme>.png`. */
export async function keepScreenshot(page, name, look, { fullPage = true } = {}) {
  await mkdir(FOLDER, { recursive: true });
  const file = `${name.replaceAll("/", "-").replace(/^-/, "")}-${look.width}-${look.scheme}.png`;
  await page.screenshot({ path: FOLDER + file, fullPage });
}
