/**
 * Events of work already delivered, collected and sent in the background.
 *
 * Nothing is dropped in silence: an event is accepted by the server, told to `onError`, or named by the error that
 * `flush` or `close` throws. Memory is bounded by `maxQueue`, and what does not fit is refused where it is added.
 */

import { CharglyError } from "./errors.js";
import { keyFrom, webCrypto } from "./keys.js";
import { backoff } from "./transport.js";
import type { BatchResult, EventDetails, MeterInput, MeterResult } from "./types.js";

export interface BatcherOptions {
  /** Events of one request, at most 10,000; 1,000 if left out. */
  maxBatch?: number | undefined;
  /** Events that wait or are on their way; 10,000 if left out. */
  maxQueue?: number | undefined;
  /** Milliseconds that an event waits for others; 1,000 if left out. */
  intervalMs?: number | undefined;
  /** Of events that do not say it themselves: `record` if left out, which needs a key with that scope. */
  ifInsufficient?: "refuse" | "record" | undefined;
  /** Told of each event that was accepted. */
  onResult?: ((result: MeterResult, event: MeterInput) => void) | undefined;
  /** Told of each event that was refused for good. Without it, `flush` and `close` throw them. */
  onError?: ((error: CharglyError, event: MeterInput) => void) | undefined;
}

/** An event that was not accepted, and why. */
export interface BatcherFailure {
  event: MeterInput;
  error: CharglyError;
}

/** The queue is full, or closed; the event was not taken. */
export class BatcherFullError extends CharglyError {
  protected static override readonly kind: string = "BatcherFullError";
}

/** What `flush` or `close` could not bring to an end. */
export class BatcherError extends CharglyError {
  protected static override readonly kind: string = "BatcherError";
  constructor(
    message: string,
    /** Events that were refused for good, the first thousand of them. */
    readonly failures: BatcherFailure[],
    /** How many more were. */
    readonly failuresLeftOut: number,
    /** Events that are not decided yet. After `close` they are yours; they can be added again as they are. */
    readonly unsent: MeterInput[],
  ) {
    super({ message, code: "batcher_incomplete", retryable: unsent.length > 0, cause: failures[0]?.error });
  }
}

interface Settings extends Pick<BatcherOptions, "onResult" | "onError"> {
  maxBatch: number;
  maxQueue: number;
  intervalMs: number;
  ifInsufficient: "refuse" | "record";
}

interface Entry {
  event: MeterInput;
  number: number;
}

interface Waiter {
  /** It waits until no entry up to this number is undecided. */
  upTo: number;
  done: () => void;
}

const FAILURES_KEPT_MAX = 1_000;
const FLUSH_MS = 60_000;
const WAIT_MS_MAX = 30_000;

/** Made by `client.batcher()`. A process that ends by `process.exit` or a signal has to `close` it first. */
export class Batcher {
  readonly #send: (events: MeterInput[]) => Promise<BatchResult>;
  readonly #options: Settings;
  #queue: Entry[] = [];
  #undecided = new Set<Entry>();
  #numbered = 0;
  #isSending = false;
  #isClosed = false;
  /** Whether what is left was handed back, and is no longer ours to send. */
  #isOver = false;
  #failures: BatcherFailure[] = [];
  #failuresLeftOut = 0;
  #wake: (() => void) | undefined;
  #waiters: Waiter[] = [];
  #roomWaiters: (() => void)[] = [];

  /** @internal */
  constructor(send: (events: MeterInput[]) => Promise<BatchResult>, options: BatcherOptions) {
    this.#send = send;
    this.#options = {
      ...options,
      maxBatch: Math.min(10_000, Math.max(1, options.maxBatch ?? 1_000)),
      maxQueue: Math.max(1, options.maxQueue ?? 10_000),
      intervalMs: options.intervalMs ?? 1_000,
      ifInsufficient: options.ifInsufficient ?? "record",
    };
  }

  /** How many events wait or are on their way. */
  get pending(): number {
    return this.#undecided.size;
  }

  /** Takes an event, or throws a `BatcherFullError` where there is no room. */
  add(event: string, customerId: string, details?: EventDetails & { idempotencyKey?: string | undefined }): void;
  add(input: MeterInput): void;
  add(first: string | MeterInput, customerId?: string, details: EventDetails & { idempotencyKey?: string } = {}): void {
    if (this.#isClosed) throw full("batcher_closed", "the batcher is closed; the event was not taken");
    if (!this.#hasRoom()) throw full("batcher_full", `${this.#options.maxQueue} events wait already; the event was not taken`);
    const given = typeof first === "string" ? { ...details, event: first, customerId: customerId! } : first;
    // What happened now is not to be dated by when it is sent.
    const event = { ifInsufficient: this.#options.ifInsufficient, occurredAt: new Date().toISOString(), ...given };
    const entry = { event, number: ++this.#numbered };
    this.#queue.push(entry);
    this.#undecided.add(entry);
    if (this.#queue.length >= this.#options.maxBatch) this.#wake?.();
    if (!this.#isSending) void this.#run();
  }

  /** Takes an event once there is room. Await it: whoever does not, waits in memory. */
  async enqueue(input: MeterInput): Promise<void> {
    while (!this.#isClosed && !this.#hasRoom()) await new Promise<void>((go) => this.#roomWaiters.push(go));
    this.add(input);
  }

  /** Resolves once everything that was added before is decided; throws a `BatcherError` where something is left to say. */
  async flush(options: { timeout?: number | undefined } = {}): Promise<void> {
    await this.#settled(options.timeout ?? FLUSH_MS);
    const unsent = this.#unsent();
    if (unsent.length > 0) throw this.#incomplete(unsent);
    if (this.#failures.length > 0) throw this.#incomplete([]);
  }

  /** Takes no more events, and flushes. What is not sent in time is handed back in the error. */
  async close(options: { timeout?: number | undefined } = {}): Promise<void> {
    this.#isClosed = true;
    this.#makeRoom();
    await this.#settled(options.timeout ?? FLUSH_MS);
    const unsent = this.#unsent();
    this.#isOver = true;
    this.#wake?.();
    if (unsent.length > 0 || this.#failures.length > 0) throw this.#incomplete(unsent);
  }

  #hasRoom(): boolean {
    return this.#undecided.size < this.#options.maxQueue;
  }

  /** Sends until there is nothing left to send; there is one of it at a time. */
  async #run(): Promise<void> {
    this.#isSending = true;
    let size = this.#options.maxBatch;
    for (let failed = 0; this.#queue.length > 0 && !this.#isOver; ) {
      if (failed > 0) await this.#pause(Math.min(WAIT_MS_MAX, backoff(failed)));
      else if (this.#queue.length < this.#options.maxBatch && this.#waiters.length === 0) {
        await this.#pause(this.#options.intervalMs);
      }
      if (this.#isOver) break;
      const batch = this.#queue.splice(0, size);
      const outcome = await this.#sendBatch(batch);
      if (outcome === "too_large" && batch.length > 1) size = Math.ceil(batch.length / 2);
      failed = outcome === "again" ? failed + 1 : 0;
    }
    this.#isSending = false;
  }

  async #sendBatch(batch: Entry[]): Promise<"sent" | "again" | "too_large"> {
    try {
      // From here on an event has a key, and sending it again is safe.
      const crypto = await webCrypto();
      for (const { event } of batch) event.idempotencyKey ??= keyFrom(crypto);
      const { results } = await this.#send(batch.map((entry) => entry.event));
      const again = batch.filter((entry, at) => {
        const item = results[at]!;
        if (item.success) this.#accepted(entry, item);
        else if (item.error.retryable) return true;
        else this.#refused(entry, item.error);
        return false;
      });
      this.#queue.unshift(...again);
      return again.length > 0 ? "again" : "sent";
    } catch (thrown) {
      const error = thrown instanceof CharglyError ? thrown : strange(thrown);
      const isTooLarge = error.statusCode === 413 && batch.length > 1;
      if (isTooLarge || error.retryable) {
        this.#queue.unshift(...batch);
        return isTooLarge ? "too_large" : "again";
      }
      // One event that cannot be written down must not take the others with it.
      if (batch.length > 1 && !(thrown instanceof CharglyError)) {
        for (const entry of batch) await this.#sendBatch([entry]);
        return "sent";
      }
      for (const entry of batch) this.#refused(entry, error);
      return "sent";
    } finally {
      this.#tellWaiters();
      this.#makeRoom();
    }
  }

  #accepted(entry: Entry, result: MeterResult): void {
    this.#undecided.delete(entry);
    try {
      this.#options.onResult?.(result, entry.event);
    } catch (thrown) {
      this.#keep({ event: entry.event, error: strange(thrown) });
    }
  }

  #refused(entry: Entry, error: CharglyError): void {
    this.#undecided.delete(entry);
    if (!this.#options.onError) return this.#keep({ event: entry.event, error });
    try {
      this.#options.onError(error, entry.event);
    } catch {
      this.#keep({ event: entry.event, error });
    }
  }

  #keep(failure: BatcherFailure): void {
    if (this.#failures.length < FAILURES_KEPT_MAX) this.#failures.push(failure);
    else this.#failuresLeftOut++;
  }

  /** Once for each batch: the first entry of a set is found behind all that were deleted before it. */
  #tellWaiters(): void {
    if (this.#waiters.length === 0) return;
    const first = this.#undecided.values().next();
    const decidedUpTo = first.done ? this.#numbered : first.value.number - 1;
    this.#waiters = this.#waiters.filter((waiter) => {
      if (waiter.upTo > decidedUpTo) return true;
      waiter.done();
      return false;
    });
  }

  #makeRoom(): void {
    for (const go of this.#roomWaiters.splice(0)) go();
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(wake, ms);
      this.#wake = wake;
      function wake() {
        clearTimeout(timer);
        resolve();
      }
    });
  }

  /** Resolves once everything added before is decided, or the time is over. */
  #settled(timeout: number): Promise<void> {
    if (this.#undecided.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const waiter = { upTo: this.#numbered, done };
      const timer = setTimeout(() => {
        this.#waiters = this.#waiters.filter((other) => other !== waiter);
        resolve();
      }, timeout);
      function done() {
        clearTimeout(timer);
        resolve();
      }
      this.#waiters.push(waiter);
      this.#wake?.();
    });
  }

  #unsent(): MeterInput[] {
    return Array.from(this.#undecided, (entry) => entry.event);
  }

  #incomplete(unsent: MeterInput[]): BatcherError {
    const failures = this.#failures.splice(0);
    const leftOut = this.#failuresLeftOut;
    this.#failuresLeftOut = 0;
    const parts = [];
    if (failures.length > 0) parts.push(`${failures.length + leftOut} events were refused, the first because: ${failures[0]!.error.message}`);
    if (unsent.length > 0) parts.push(`${unsent.length} events are not sent yet`);
    return new BatcherError(parts.join("; "), failures, leftOut, unsent);
  }
}

function full(code: string, message: string): BatcherFullError {
  return new BatcherFullError({ message, code, retryable: true });
}

function strange(thrown: unknown): CharglyError {
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new CharglyError({ message, code: "client_error", retryable: false, cause: thrown });
}
