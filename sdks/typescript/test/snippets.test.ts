/** The samples of the documentation, run as they are printed, in their order, each document on a server of its own. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, it, before, after } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Chargly } from "chargly";
import { Server, skip } from "./harness/server.js";

interface Snippet {
  name: string;
  prints: string | null;
}

const index = JSON.parse(readFileSync(new URL("../snippets/index.json", import.meta.url), "utf8")) as Snippet[];
const documents = new Set(index.map(({ name }) => name.replace(/-\d+$/, "")));

for (const document of documents) {
  describe(`samples of ${document}`, { skip }, () => {
    let server: Server;
    before(async () => {
      server = await Server.start();
    });
    after(() => server.stop());

    for (const { name, prints } of index.filter((snippet) => snippet.name.startsWith(`${document}-`))) {
      it(name, async () => {
        const module = fileURLToPath(new URL(`./snippets/${name}.js`, import.meta.url));
        const env = { ...process.env, CHARGLY_SECRET_KEY: server.key, CHARGLY_BASE_URL: server.url };
        const { stdout } = await promisify(execFile)(process.execPath, [module], { env, timeout: 60_000 });
        if (prints !== null) assert.equal(stdout, prints);
      });
    }
  });
}

/** A message as the server sends it. */
async function delivered(server: Server): Promise<{ secret: string; headers: IncomingHttpHeaders; body: string }> {
  const chargly = new Chargly({ apiKey: server.key, baseUrl: server.url });
  let got: { headers: IncomingHttpHeaders; body: string } | undefined;
  const receiver = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8");
    request.on("data", (chunk: string) => (body += chunk));
    request.on("end", () => {
      got = { headers: request.headers, body };
      response.writeHead(204).end();
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve));
  try {
    const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`;
    const made = await chargly.request("POST", "/v1/webhook-endpoints", { body: { url, types: ["wallet.debited"] } });
    await chargly.request("POST", `/v1/webhook-endpoints/${String(made["id"])}/ping`);
    return { secret: String(made["secret"]), ...got! };
  } finally {
    receiver.close();
  }
}

it("the receiver of the guide takes what the server sends, and nothing else", { skip }, async () => {
  const server = await Server.start();
  try {
    const { secret, headers, body } = await delivered(server);
    process.env["CHARGLY_WEBHOOK_SECRET"] = secret;
    const receivers = [];
    for (const { name } of index) {
      const source = readFileSync(new URL(`./snippets/${name}.js`, import.meta.url), "utf8");
      if (source.includes("export async function POST")) receivers.push(await import(`./snippets/${name}.js`));
    }
    assert.equal(receivers.length, 1);
    const { POST } = receivers[0] as { POST: (request: Request) => Promise<Response> };
    const request = (text: string) => new Request("http://shop.example/", { method: "POST", headers: headers as Record<string, string>, body: text });
    assert.equal((await POST(request(body))).status, 204);
    assert.equal((await POST(request(body))).status, 204);
    assert.equal((await POST(request(body.replace("ping", "pong")))).status, 400);
  } finally {
    await server.stop();
  }
});
