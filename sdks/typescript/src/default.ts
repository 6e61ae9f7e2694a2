/** The one line: a client of its own, made of the environment when it is first needed. */

import { Chargly, type CharglyOptions } from "./client.js";
import type * as T from "./types.js";

let made: Chargly | undefined;

/** Sets how the module's own client is made, where the environment does not say it: on edge runtimes, or in tests. */
export function configure(options: CharglyOptions): void {
  made = new Chargly(options);
}

/** Meters an event with the module's own client; see `Chargly.meterEvent`. */
export function meterEvent(
  event: string,
  customerId: string,
  details?: T.EventDetails & T.WriteOptions,
): Promise<T.MeterResult>;
export function meterEvent(input: T.MeterInput, options?: T.CallOptions): Promise<T.MeterResult>;
export async function meterEvent(
  first: string | T.MeterInput,
  second?: string | T.CallOptions,
  third?: T.EventDetails & T.WriteOptions,
): Promise<T.MeterResult> {
  made ??= new Chargly();
  return typeof first === "string"
    ? made.meterEvent(first, second as string, third)
    : made.meterEvent(first, second as T.CallOptions | undefined);
}
