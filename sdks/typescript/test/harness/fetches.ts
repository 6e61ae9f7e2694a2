/** A `fetch` that answers what a test says, and keeps what it was asked. */

import type { Fetch } from "chargly";

export interface Asked {
  url: string;
  method: string;
  headers: Record<string, string>;
  body: Record<string, unknown>;
  text: string;
}

/** An answer, a connection that fails, or nothing until the call is given up. */
export type Step = { status: number; body?: unknown; headers?: Record<string, string> } | "lost" | "silence";

export const EVENT = {
  id: "evt_1",
  event: "image.generate",
  customer: "user_42",
  credits: 12,
  balance: { posted: 88, held: 0, available: 88 },
  price_version: "prv_1",
  recorded_at: "2026-11-23T10:00:00.000Z",
};

export const OK: Step = { status: 200, body: EVENT, headers: { "chargly-position": "1.7" } };

export function problem(status: number, code: string, facts: object = {}, headers: Record<string, string> = {}): Step {
  const retryable = status === 408 || status === 429 || status >= 500;
  return { status, body: { status, code, detail: `It is ${code}.`, retryable, ...facts }, headers };
}

/** Answers the steps one after the other, and the last one for ever. */
export function script(...steps: Step[]): { fetch: Fetch; asked: Asked[] } {
  const asked: Asked[] = [];
  const fetch: Fetch = async (url, init) => {
    const text = (init.body as string | undefined) ?? "";
    asked.push({
      url,
      method: init.method ?? "GET",
      headers: init.headers as Record<string, string>,
      body: text === "" ? {} : (JSON.parse(text) as Record<string, unknown>),
      text,
    });
    const step = steps[Math.min(asked.length, steps.length) - 1]!;
    if (step === "lost") throw new TypeError("fetch failed", { cause: new Error("other side closed") });
    if (step === "silence") {
      return new Promise((_, reject) => {
        // Keeps the process alive, as an open socket would.
        const alive = setInterval(() => undefined, 1_000);
        init.signal!.addEventListener("abort", () => {
          clearInterval(alive);
          reject(init.signal!.reason);
        });
      });
    }
    const body = typeof step.body === "string" ? step.body : JSON.stringify(step.body ?? {});
    return new Response(body, { status: step.status, headers: step.headers ?? {} });
  };
  return { fetch, asked };
}
