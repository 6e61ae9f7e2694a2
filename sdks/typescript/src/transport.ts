/** One call over HTTP: attempts, the waits between them, and what an answer means. */

import { CharglyError, ConnectionError, TimeoutError, errorFromProblem, isRetryableStatus, type Problem } from "./errors.js";
import type { CallOptions } from "./types.js";

export const TIMEOUT_MS = 10_000;
export const DEADLINE_MS = 60_000;
export const RETRIES_MAX = 4;
const BACKOFF_FIRST_MS = 200;
const BACKOFF_MS_MAX = 5_000;

/** The part of `fetch` that is used. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** @internal */
export interface Wire {
  baseUrl: string;
  fetch: Fetch;
  timeout: number;
  maxRetries: number;
  deadline: number;
  headers: Record<string, string>;
}

/** @internal */
export interface Request {
  method: string;
  path: string;
  body?: unknown;
  idempotencyKey?: string | undefined;
}

/** @internal A 2xx answer. */
export interface Answer {
  body: Record<string, unknown>;
  position: string | undefined;
  replayed: boolean;
}

/** What one attempt came to, where it did not succeed. */
interface Failure {
  error: CharglyError;
  replayed: boolean;
  again: boolean;
  waitS?: number | undefined;
}

/** @internal An error, with whether it is the answer to an earlier call under the same key. */
export class Refused {
  constructor(
    readonly error: CharglyError,
    readonly replayed: boolean,
  ) {}
}

/**
 * @internal Sends a request until it is answered for good, its retries are used up, or its time is over. Every attempt
 * is the same to the byte, and so has the same idempotency key.
 */
export async function send(wire: Wire, request: Request, options: CallOptions): Promise<Answer> {
  const retries = options.maxRetries ?? wire.maxRetries;
  const endsAt = Date.now() + (options.deadline ?? wire.deadline);
  const init: RequestInit = { method: request.method, headers: { ...wire.headers }, redirect: "manual" };
  const headers = init.headers as Record<string, string>;
  if (request.body !== undefined) {
    init.body = JSON.stringify(request.body);
    headers["content-type"] = "application/json";
  }
  if (request.idempotencyKey !== undefined) headers["idempotency-key"] = request.idempotencyKey;

  for (let attempt = 0; ; attempt++) {
    options.signal?.throwIfAborted();
    const left = Math.max(1, endsAt - Date.now());
    const timeout = Math.min(options.timeout ?? wire.timeout, left);
    const came = await attemptOnce(wire, request.path, init, timeout, options.signal);
    if ("body" in came) return came;
    const wait = came.waitS === undefined ? backoff(attempt) : came.waitS * 1000;
    if (!came.again || attempt >= retries || Date.now() + wait >= endsAt) throw new Refused(came.error, came.replayed);
    await sleep(wait, options.signal);
  }
}

async function attemptOnce(
  wire: Wire,
  path: string,
  init: RequestInit,
  timeout: number,
  signal: AbortSignal | undefined,
): Promise<Answer | Failure> {
  const controller = new AbortController();
  const onAbort = () => controller.abort(signal?.reason);
  signal?.addEventListener("abort", onAbort, { once: true });
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    controller.abort();
  }, timeout);
  try {
    const response = await wire.fetch(`${wire.baseUrl}${path}`, { ...init, signal: controller.signal });
    // The body belongs to the attempt: a connection may be lost in the middle of it.
    return read(response, await response.text());
  } catch (cause) {
    if (signal?.aborted) throw signal.reason;
    const error = isLate
      ? new TimeoutError({ message: `no answer within ${timeout} ms`, code: "timeout", retryable: true, cause })
      : new ConnectionError({ message: `no answer: ${reasonOf(cause)}`, code: "connection_failed", retryable: true, cause });
    return { error, replayed: false, again: true };
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  }
}

function read(response: Response, text: string): Answer | Failure {
  const { status, headers } = response;
  const body = parse(text);
  const replayed = headers.get("idempotent-replayed") === "true";
  if (response.ok && body) return { body, position: headers.get("chargly-position") ?? undefined, replayed };
  if (response.ok) {
    const message = "the answer is not JSON: is this Chargly, and is the answer whole?";
    return { error: new ConnectionError({ message, statusCode: status, code: "unreadable_answer", retryable: true }), replayed, again: true };
  }
  if (status < 400) {
    // A redirected POST would arrive as a GET, and a key does not go where nobody sent it.
    const to = headers.get("location");
    const message = `redirected${to ? ` to ${to}` : ""}: give the address itself as baseUrl`;
    return { error: new ConnectionError({ message, statusCode: status, code: "redirected", retryable: false }), replayed, again: false };
  }
  const waitS = retryAfter(headers.get("retry-after"));
  const error = errorFromProblem(status, body ?? {}, waitS);
  // A 409 may be retryable in the long run; it is not repeated within the call.
  return { error, replayed, again: error.retryable && isRetryableStatus(status), waitS };
}

function parse(text: string): Problem | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Problem) : undefined;
  } catch {
    return undefined;
  }
}

/** Seconds from now, of a number or a date. */
function retryAfter(header: string | null): number | undefined {
  if (header === null || header.trim() === "") return undefined;
  const seconds = Number(header);
  if (Number.isFinite(seconds)) return Math.max(0, seconds);
  const at = Date.parse(header);
  return Number.isNaN(at) ? undefined : Math.max(0, (at - Date.now()) / 1000);
}

/** Twice as long each time, and somewhere in the upper half of that, so that many callers do not come back together. */
export function backoff(attempt: number): number {
  const most = Math.min(BACKOFF_MS_MAX, BACKOFF_FIRST_MS * 2 ** attempt);
  return most * (0.5 + Math.random() / 2);
}

export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(done, ms);
    function done() {
      signal?.removeEventListener("abort", stop);
      resolve();
    }
    function stop() {
      clearTimeout(timer);
      reject(signal?.reason);
    }
    signal?.addEventListener("abort", stop, { once: true });
  });
}

function reasonOf(cause: unknown): string {
  const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
  return inner instanceof Error ? (inner.message || inner.name) : String(inner);
}
