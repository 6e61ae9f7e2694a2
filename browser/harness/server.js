// Starts a program that serves pages on a free port, and ends it.

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

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

/**
 * Runs the server itself on a data directory of its own, in the first minute of its life.
 * @returns {Promise<{ url: string, key: string, stop: () => Promise<void> }>}
 */
export async function startChargly(data) {
  const serve = ["serve", "--data", data, "--listen", "127.0.0.1:0", "--master-key-file", `${data}.key`];
  const child = spawn("cargo", ["run", "--quiet", "--locked", "--package", "chargly-server", "--", ...serve], {
    cwd: ROOT,
    stdio: ["ignore", "pipe", "inherit"],
  });
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
