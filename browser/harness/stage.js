// What a spec needs to begin: a browser, and a server that is looked at. Both end with the spec.

import { after } from "node:test";

import { launch } from "./browser.js";
import { startExample } from "./server.js";

/**
 * Starts a browser and an example of a crate. To be awaited at the top of a spec.
 * @returns {Promise<{ browser: import("playwright-core").Browser, url: string }>}
 */
export async function setStage(crate, example) {
  const browser = await launch();
  let server;
  try {
    server = await startExample(crate, example);
  } catch (error) {
    // A browser that stays open keeps the spec from ending.
    await browser.close();
    throw error;
  }
  after(async () => {
    await browser.close();
    await server.stop();
  });
  return { browser, url: server.url };
}
