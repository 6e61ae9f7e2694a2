// Starts a program that serves pages on a free port, and ends it.

import { execFile, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** How long a program may take to say where it listens; the first time it is compiled. */
const START_MS_MAX = 600_000;

/**
 * Runs an example of a crate that prints its address as its first line.
 * @returns {Promise<{ url: string, stop: () => Promise<void> }>}
 */
export async function startExample(crate, example) {
  // On Unix cargo becomes the program that it runs, so that ending the child ends the server.
  const child = spawn("cargo", ["run", "--quiet", "--locked", "--package", crate, "--example", example], {
    cwd: ROOT,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise((resolve) => child.once("close", resolve));
  const timer = setTimeout(() => child.kill(), START_MS_MAX);
  const url = await firstLine(child.stdout);
  clearTimeout(timer);
  if (url === undefined) throw new Error(`${example} of ${crate} ended before it said where it listens`);
  return {
    url,
    async stop() {
      child.kill();
      await ended;
    },
  };
}

/** How the program is run: compiled where it has to be, unless CHARGLY_BIN names one that is. */
function chargly(words) {
  const built = process.env.CHARGLY_BIN;
  return built ? [built, words] : ["cargo", ["run", "--quiet", "--locked", "--package", "chargly-server", "--", ...words]];
}

/** Runs a command that ends, and answers with what it prints. */
async function run(words) {
  const { stdout } = await promisify(execFile)(...chargly(words), { cwd: ROOT, timeout: START_MS_MAX });
  return stdout;
}

/**
 * Makes a data directory with the journal of a product that is made up, up to the day before this one.
 * @returns {Promise<string>} the secret key of its test environment
 */
export async function simulateProduct(data, { preset, days, customers }) {
  const size = ["--preset", preset, "--days", String(days), "--customers", String(customers)];
  return JSON.parse(await run(["simulate", "product", "--data", data, ...size, "--json"])).keys.test;
}

/**
 * Signs in to the dashboard as the owner does: by a link that is made on the server's machine.
 * @returns {Promise<object>} what a browser then keeps, as `storageState` of a new page
 */
export async function signIn(browser, url, data) {
  const link = (await run(["sign-in-link", "--data", data, "--public-url", url])).split("\n")[0];
  const page = await browser.newPage();
  await page.goto(link);
  await page.getByRole("button").click();
  await page.waitForURL("**/dashboard/**");
  const state = await page.context().storageState();
  await page.close();
  return state;
}

/**
 * Runs the server itself on a data directory of its own; its first start prints a key.
 * @returns {Promise<{ url: string, key: string | undefined, stop: () => Promise<void> }>}
 */
export async function startChargly(data) {
  const serve = ["serve", "--data", data, "--listen", "127.0.0.1:0", "--master-key-file", `${data}.key`];
  const child = spawn(...chargly(serve), { cwd: ROOT, stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise((resolve) => child.once("close", resolve));
  const timer = setTimeout(() => child.kill(), START_MS_MAX);
  let key;
  for await (const line of createInterface({ input: child.stdout })) {
    key ??= line.match(/sk_test_\S+/)?.[0];
    const url = line.match(/^Listening on (http:\S+?)\/?$/)?.[1];
    if (url === undefined) continue;
    clearTimeout(timer);
    // What it still prints is read and thrown away, so that it never waits for a reader.
    child.stdout.resume();
    return {
      url,
      key,
      async stop() {
        child.kill();
        await ended;
      },
    };
  }
  throw new Error("the server ended before it said where it listens");
}

async function firstLine(stream) {
  for await (const line of createInterface({ input: stream })) return line;
  return undefined;
}
