/** Credits that are set aside while work runs. */

import type * as T from "./types.js";

/** @internal What a hold asks its client to do. */
export interface HoldCalls {
  capture(holdId: string, details: T.CaptureDetails & T.WriteOptions): Promise<T.CaptureResult>;
  void(holdId: string, options: T.WriteOptions): Promise<T.HoldChange>;
  increase(holdId: string, details: Pick<T.HoldDetails, "credits" | "quantity"> & T.WriteOptions): Promise<T.HoldChange>;
  extend(holdId: string, details: { expiresInSeconds: number } & T.WriteOptions): Promise<T.HoldChange>;
}

const RELEASE_MS = 10_000;

/** A hold that was placed. Where it is not at hand any more, the client's methods take its `holdId`. */
export class Hold {
  readonly holdId: string;
  readonly event: string;
  readonly customerId: string;
  /** What was set aside when it was placed. */
  readonly credits: number;
  /** What the customer could spend beside it, when it was placed. */
  readonly remainingBalance: number;
  readonly priceVersion: string;
  readonly placedAt: string;
  readonly expiresAt: string;
  readonly idempotencyKey: string;
  readonly position: string | undefined;
  readonly raw: T.Raw;
  #calls: HoldCalls;
  #isOpen = true;
  #captures = new Set<Promise<unknown>>();

  /** @internal */
  constructor(calls: HoldCalls, raw: T.Raw, key: string, position: string | undefined) {
    this.#calls = calls;
    this.holdId = raw["id"] as string;
    this.event = raw["event"] as string;
    this.customerId = raw["customer"] as string;
    this.credits = raw["credits"] as number;
    this.remainingBalance = (raw["balance"] as { available: number }).available;
    this.priceVersion = raw["price_version"] as string;
    this.placedAt = raw["placed_at"] as string;
    this.expiresAt = raw["expires_at"] as string;
    this.idempotencyKey = key;
    this.position = position;
    this.raw = raw;
  }

  /** Whether it was neither captured nor voided from here. It may have lapsed. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Charges what was held, all of it if no amount is given, and releases the rest; `final: false` charges a step. */
  async capture(details: T.CaptureDetails & T.WriteOptions = {}): Promise<T.CaptureResult> {
    const captured = this.#calls.capture(this.holdId, details);
    this.#captures.add(captured);
    try {
      const result = await captured;
      if (result.ended) this.#isOpen = false;
      return result;
    } finally {
      this.#captures.delete(captured);
    }
  }

  /** Gives it up and releases what was held. */
  async void(options: T.WriteOptions = {}): Promise<T.HoldChange> {
    const result = await this.#calls.void(this.holdId, options);
    this.#isOpen = false;
    return result;
  }

  /** Sets more aside. */
  increase(details: Pick<T.HoldDetails, "credits" | "quantity"> & T.WriteOptions): Promise<T.HoldChange> {
    return this.#calls.increase(this.holdId, details);
  }

  /** Moves the time at which it lapses, to so many seconds from now. */
  extend(details: { expiresInSeconds: number } & T.WriteOptions): Promise<T.HoldChange> {
    return this.#calls.extend(this.holdId, details);
  }

  /**
   * @internal The end of the work: waits for captures that are still on their way, then voids what is left. Where that
   * cannot be said to the server soon, or the hold has ended already, it lapses by itself; the outcome of the work stands,
   * and does not wait for long.
   */
  async release(): Promise<void> {
    while (this.#captures.size > 0) await Promise.allSettled(this.#captures);
    if (!this.#isOpen) return;
    await this.void({ deadline: RELEASE_MS }).catch(() => undefined);
  }
}
