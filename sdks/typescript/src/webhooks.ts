/** Messages of webhooks, verified by Standard Webhooks. */

import { CharglyError } from "./errors.js";
import { webCrypto } from "./keys.js";

export type WebhookType =
  | "checkout.completed"
  | "checkout.held"
  | "wallet.credited"
  | "wallet.debited"
  | "balance.updated"
  | "wallet.low_balance"
  | "wallet.empty"
  | "credits.expiring"
  | "hold.expired"
  | "price.published"
  | "recommendation.created"
  | "webhook.ping";

/** What a message says. Fields depend on the type, and may be added. */
export interface WebhookEvent {
  type: WebhookType;
  timestamp: string;
  data: {
    /** The same however often a message is sent: remember it, and do nothing the second time. */
    id: string;
    customerId: string | null;
    walletId: string | null;
    credits: number | null;
    /** What the wallet can spend after it. */
    balance: number | null;
    timestamp: string;
    [field: string]: unknown;
  };
}

/** The message is not the server's, or too old. Answer 400, and do nothing. */
export class WebhookVerificationError extends CharglyError {
  protected static override readonly kind: string = "WebhookVerificationError";
}

/** `Headers`, or an object of them as Node has it. */
export type WebhookHeaders =
  | { get(name: string): string | null }
  | Record<string, string | readonly string[] | undefined>;

export interface VerifyOptions {
  /** How many seconds the message may be older or newer than the clock; 300 if left out. */
  toleranceSeconds?: number | undefined;
  /** Milliseconds since 1970; the clock if left out. */
  now?: number | undefined;
}

/**
 * Verifies a message and returns what it says; throws a `WebhookVerificationError` otherwise. `body` is the body as it
 * came, before anything parsed it. Several secrets are those of an endpoint that is being rotated.
 */
export async function verifyWebhook(
  body: string | Uint8Array | ArrayBuffer,
  headers: WebhookHeaders,
  secret: string | readonly string[],
  options: VerifyOptions = {},
): Promise<WebhookEvent> {
  const id = header(headers, "webhook-id");
  const timestamp = header(headers, "webhook-timestamp");
  const signatures = header(headers, "webhook-signature");
  if (!id || !timestamp || !signatures) throw refused("headers are missing: webhook-id, webhook-timestamp, webhook-signature");

  const tolerance = options.toleranceSeconds ?? 300;
  const age = (options.now ?? Date.now()) / 1000 - Number(timestamp);
  if (!/^\d+$/.test(timestamp) || !(Math.abs(age) <= tolerance)) throw refused("the timestamp is too far from now");

  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : new Uint8Array(body);
  const signed = concatenated(new TextEncoder().encode(`${id}.${timestamp}.`), bytes);
  const sent = signatures.split(" ").filter((one) => one.startsWith("v1,")).map((one) => decoded(one.slice(3)));
  let isGenuine = false;
  for (const one of typeof secret === "string" ? [secret] : secret) {
    const expected = await signature(one, signed);
    for (const found of sent) isGenuine = (found !== undefined && equal(found, expected)) || isGenuine;
  }
  if (!isGenuine) throw refused("no signature matches");

  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)) as WebhookEvent;
  } catch {
    throw refused("the body is not JSON");
  }
}

async function signature(secret: string, signed: Uint8Array): Promise<Uint8Array> {
  const raw = decoded(secret.trim().replace(/^whsec_/, ""));
  if (!raw || raw.length === 0) throw new TypeError("the webhook secret is not of the form whsec_…");
  const { subtle } = await webCrypto();
  const key = await subtle.importKey("raw", raw as BufferSource, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return new Uint8Array(await subtle.sign("HMAC", key, signed as BufferSource));
}

/** Looks at every byte, wherever the first difference is. */
function equal(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let at = 0; at < a.length; at++) difference |= a[at]! ^ b[at]!;
  return difference === 0;
}

function decoded(base64: string): Uint8Array | undefined {
  try {
    return Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
  } catch {
    return undefined;
  }
}

function concatenated(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

function header(headers: WebhookHeaders, name: string): string | undefined {
  if (typeof headers.get === "function") return (headers.get as (name: string) => string | null)(name) ?? undefined;
  const found = Object.entries(headers).find(([other]) => other.toLowerCase() === name)?.[1];
  return typeof found === "string" ? found : found?.[0];
}

function refused(message: string): WebhookVerificationError {
  return new WebhookVerificationError({ message, code: "webhook_not_verified", retryable: false });
}
