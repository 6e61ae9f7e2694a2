/** Functions whose every success is metered. */

import { CharglyError } from "./errors.js";
import type { Chargly } from "./client.js";
import type * as T from "./types.js";
import type { Cost } from "./usage.js";

/** What is metered for one run of the work; functions get the result, then the arguments. */
export interface MeteredOptions<Args extends unknown[], Result> {
  /** Whose it is; the first argument if left out. */
  customer?: ((...args: Args) => string) | undefined;
  /** Sets credits aside before the work begins: `true` for one unit, else how much. */
  hold?: boolean | T.HoldDetails | ((...args: Args) => T.HoldDetails) | undefined;
  quantity?: ((result: Result, ...args: Args) => number | undefined) | undefined;
  credits?: ((result: Result, ...args: Args) => number | undefined) | undefined;
  /** What the run cost you: an amount, or a provider's answer as it came. */
  cost?: ((result: Result, ...args: Args) => Cost | undefined) | undefined;
  metadata?: ((result: Result, ...args: Args) => Record<string, unknown> | undefined) | undefined;
  /** Names the piece of work, so that doing it again is not charged again. */
  idempotencyKey?: ((...args: Args) => string) | undefined;
  ifInsufficient?: "refuse" | "record" | undefined;
}

/** @internal */
export function metered<Args extends unknown[], Result>(
  client: Chargly,
  event: string,
  work: (...args: Args) => Promise<Result> | Result,
  options: MeteredOptions<Args, Result>,
): (...args: Args) => Promise<Result> {
  return async (...args) => {
    const customerId = options.customer ? options.customer(...args) : args[0];
    if (typeof customerId !== "string") throw new TypeError("metered: the first argument is no customer; give `customer`");
    const idempotencyKey = options.idempotencyKey?.(...args);
    const details = (result: Result) => ({
      quantity: options.quantity?.(result, ...args),
      credits: options.credits?.(result, ...args),
      cost: options.cost?.(result, ...args),
      metadata: options.metadata?.(result, ...args),
      ifInsufficient: options.ifInsufficient,
    });
    const held = typeof options.hold === "function" ? options.hold(...args) : options.hold;
    if (!held) {
      const result = await work(...args);
      await keeping(result, async () => client.meterEvent(event, customerId, { ...details(result), idempotencyKey }));
      return result;
    }
    return client.withHold(event, customerId, { ...(held === true ? {} : held), idempotencyKey }, async (hold) => {
      const result = await work(...args);
      await keeping(result, async () => {
        const came = details(result);
        // As for an event: one unit, where no amount is given. Under the hold's own key, a repeat finds what it took.
        const quantity = came.quantity ?? (came.credits === undefined ? 1 : undefined);
        await hold.capture({ ...came, quantity, idempotencyKey: hold.holdId });
      });
      return result;
    });
  };
}

/** Work that was done is not lost where its metering fails: the error carries what it returned. */
async function keeping(result: unknown, meter: () => Promise<unknown>): Promise<void> {
  try {
    await meter();
  } catch (error) {
    if (error instanceof CharglyError) error.result = result;
    throw error;
  }
}
