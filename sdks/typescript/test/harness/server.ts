/** A server of its own for a test: the binary that CHARGLY_BIN names, on a free port and a new data directory. */

import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const BIN = process.env["CHARGLY_BIN"];
const START_MS_MAX = 60_000;

/** Why tests that need a server are skipped, or false. */
export const skip: string | false =
  BIN === undefined || BIN === ""
    ? "CHARGLY_BIN names no server binary"
    : existsSync(BIN)
      ? false
      : `CHARGLY_BIN names ${BIN}, which is not there`;

export class Server {
  url = "";
  readonly key: string;
  readonly #folder = mkdtempSync(join(tmpdir(), "chargly-sdk-"));
  readonly #data = join(this.#folder, "data");
  #child: ChildProcess | undefined;

  private constructor() {
    const said = execFileSync(BIN!, ["init", "--json", "--data", this.#data], { encoding: "utf8" });
    this.key = (JSON.parse(said) as { keys: { test: string } }).keys.test;
  }

  static async start(): Promise<Server> {
    const server = new Server();
    await server.serve();
    return server;
  }

  /** Serves the data; after a `kill` where it did before, so that clients find it again. */
  async serve(): Promise<void> {
    const listen = this.url === "" ? "127.0.0.1:0" : new URL(this.url).host;
    const serve = ["serve", "--data", this.#data, "--listen", listen, "--webhook-allow-private"];
    const child = spawn(BIN!, serve, { stdio: ["ignore", "pipe", "ignore"] });
    this.#child = child;
    const timer = setTimeout(() => child.kill("SIGKILL"), START_MS_MAX);
    for await (const line of createInterface({ input: child.stdout })) {
      const url = /^Listening on (http:\S+?)\/?$/.exec(line)?.[1];
      if (url === undefined) continue;
      clearTimeout(timer);
      this.url = url;
      child.stdout.resume();
      return;
    }
    throw new Error("the server ended before it said where it listens");
  }

  /** Ends it without a warning, as `kill -9` does. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once("close", resolve));
    child.kill("SIGKILL");
    await ended;
  }

  async stop(): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Proves the data, of a server that was killed. */
  verify(): string {
    return execFileSync(BIN!, ["verify", "--data", this.#data], { encoding: "utf8" });
  }
}
