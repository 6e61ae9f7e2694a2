/**
 * What can go wrong, as classes.
 *
 * `instanceof` works across the two builds: a program that loads the package both as a module and through `require` has
 * two copies of each class, and an error of one is an instance of the other.
 */

import { minorUnits } from "./money.js";
import type { CallOptions, MeterResult, Money } from "./types.js";

/** An RFC 9457 problem as the server sends it: `code`, `detail` and the facts that a program needs to act. */
export type Problem = Record<string, unknown>;

const KINDS = Symbol.for("chargly.error.kinds");

/** What is known of an answer when an error is made of it. */
export interface ErrorInit {
  message: string;
  statusCode?: number | undefined;
  code: string;
  retryable: boolean;
  raw?: Problem | undefined;
  retryAfterS?: number | undefined;
  cause?: unknown;
}

/** Everything that this package throws about a call. */
export class CharglyError extends Error {
  /** The HTTP status; undefined where no answer arrived. */
  readonly statusCode: number | undefined;
  /** Stable and in snake_case, the same in every door of the product, like `insufficient_credits`. */
  readonly code: string;
  /** Whether the same call, with the same key, may well succeed later. */
  readonly retryable: boolean;
  /** The body of the answer. */
  readonly raw: Problem;
  /** The key that the call was made with, for doing it again; undefined where it had none. */
  declare idempotencyKey?: string;
  /** What the work returned that was done before its metering failed; set by `metered`. */
  declare result?: unknown;

  constructor(init: ErrorInit) {
    super(init.message, init.cause === undefined ? undefined : { cause: init.cause });
    this.name = new.target.name;
    this.statusCode = init.statusCode;
    this.code = init.code;
    this.retryable = init.retryable;
    this.raw = init.raw ?? {};
    Object.defineProperty(this, KINDS, { value: kindsOf(new.target) });
  }

  /** The plain facts, for logs. */
  toJSON(): Record<string, unknown> {
    const { name, message, statusCode, code, retryable, raw } = this;
    return { name, message, statusCode, code, retryable, raw };
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    const kind = Object.prototype.hasOwnProperty.call(this, "kind") ? this.kind : undefined;
    if (kind === undefined) return Function.prototype[Symbol.hasInstance].call(this, value);
    const kinds = typeof value === "object" && value !== null ? (value as { [KINDS]?: string[] })[KINDS] : undefined;
    return Array.isArray(kinds) && kinds.includes(kind);
  }

  /** The name by which both builds know the class, whatever a minifier calls it. */
  protected static readonly kind: string | undefined = "CharglyError";
}

function kindsOf(from: unknown): string[] {
  const kinds: string[] = [];
  for (let c = from as { kind?: string } | null; c !== null && c !== Function.prototype; c = Object.getPrototypeOf(c)) {
    if (Object.prototype.hasOwnProperty.call(c, "kind") && c.kind !== undefined) kinds.push(c.kind);
  }
  return kinds;
}

/** No answer arrived, or none that could be read. Whether the call was done is not known; its key makes a repeat safe. */
export class ConnectionError extends CharglyError {
  protected static override readonly kind: string = "ConnectionError";
}

/** No answer arrived in time. */
export class TimeoutError extends ConnectionError {
  protected static override readonly kind: string = "TimeoutError";
}

/** One field that was refused. */
export interface FieldError {
  field: string;
  problem: string;
}

/** 400, and every other status that says the request itself is at fault. */
export class InvalidRequestError extends CharglyError {
  protected static override readonly kind: string = "InvalidRequestError";
  /** All of them, not only the first; empty where no single field is at fault. */
  get errors(): FieldError[] {
    return Array.isArray(this.raw["errors"]) ? (this.raw["errors"] as FieldError[]) : [];
  }
}

/** 422: no event type has this name. */
export class UnknownEventTypeError extends InvalidRequestError {
  protected static override readonly kind: string = "UnknownEventTypeError";
  get event(): string {
    return text(this.raw["event"]);
  }
  /** The name that is closest, where one is close. */
  get didYouMean(): string | undefined {
    return optionalText(this.raw["did_you_mean"]);
  }
}

/** 401: the key is missing, unknown or revoked. */
export class UnauthorizedError extends CharglyError {
  protected static override readonly kind: string = "UnauthorizedError";
}

/** 403: the key may not do this. */
export class ForbiddenError extends CharglyError {
  protected static override readonly kind: string = "ForbiddenError";
  get requiredScope(): string | undefined {
    return optionalText(this.raw["required_scope"]);
  }
}

/** 403: the wallet is frozen. */
export class WalletFrozenError extends ForbiddenError {
  protected static override readonly kind: string = "WalletFrozenError";
}

/** 402: it cannot be paid. */
export class PaymentRequiredError extends CharglyError {
  protected static override readonly kind: string = "PaymentRequiredError";
}

/** The pack that would help. */
export interface CheckoutHint {
  /** As in `listCreditPacks`: `id` is what `createCheckout` takes, `price` is in the smallest coin. */
  smallestCoveringPack: { id: string; name: string; credits: number; price: number; currency: string };
  walletUrl?: string;
}

/** @internal Makes the call again under the next attempt key. */
export type RetryWithNewKey = (options: CallOptions) => Promise<unknown>;

/** 402: the wallet has too little. This is final for the call's key: nothing that repeats the call charges it later. */
export class InsufficientCreditsError extends PaymentRequiredError {
  protected static override readonly kind: string = "InsufficientCreditsError";
  #retry: RetryWithNewKey | undefined;

  /** Credits that the call needs. */
  get required(): number {
    return number(this.raw["required"]);
  }
  /** Credits that the wallet can spend. */
  get available(): number {
    return number(this.raw["available"]);
  }
  /** Credits that are missing. */
  get shortfall(): number {
    return number(this.raw["shortfall"]);
  }
  get customerId(): string {
    return text(this.raw["customer"]);
  }
  /** The pack that would help, where packs are for sale. */
  get checkoutHint(): CheckoutHint | undefined {
    const hint = this.raw["checkout_hint"] as Record<string, unknown> | undefined;
    const pack = hint?.["smallest_covering_pack"] as Record<string, unknown> | undefined;
    if (!hint || !pack) return undefined;
    const walletUrl = optionalText(hint["wallet_url"]);
    const price = pack["price"] as Money;
    return {
      smallestCoveringPack: {
        id: text(pack["code"]),
        name: text(pack["name"]),
        credits: number(pack["credits"]),
        price: minorUnits(price),
        currency: price.currency,
      },
      ...(walletUrl === undefined ? {} : { walletUrl }),
    };
  }

  /**
   * Makes the refused call again, as a new attempt: to be called once the customer has topped up.
   *
   * The keys of attempts follow from the key of the call (`order-1`, then `order-1~2`, …), and an attempt that was
   * refused before is passed over. So however often and from however many processes one piece of work is retried, it is
   * charged once. Throws another `InsufficientCreditsError` where the wallet is still too empty.
   */
  async retryAfterTopUp<T = MeterResult>(options: CallOptions = {}): Promise<T> {
    if (!this.#retry) throw new Error("this refusal did not come from a call, so there is nothing to make again");
    return (await this.#retry(options)) as T;
  }

  /** @internal */
  setRetry(wrap: (retry: RetryWithNewKey | undefined) => RetryWithNewKey): this {
    this.#retry = wrap(this.#retry);
    return this;
  }
}

/** 404: there is no such thing in the key's environment. */
export class NotFoundError extends CharglyError {
  protected static override readonly kind: string = "NotFoundError";
  /** What was looked for, like `hold`; named `thing` by the server's field `kind`. */
  get thing(): string | undefined {
    return optionalText(this.raw["kind"]);
  }
}

/** 410: it was there, and is no more. */
export class GoneError extends NotFoundError {
  protected static override readonly kind: string = "GoneError";
}

/** 409: what is there forbids it. */
export class ConflictError extends CharglyError {
  protected static override readonly kind: string = "ConflictError";
}

/** 409: the key was used before, for another request. */
export class IdempotencyConflictError extends ConflictError {
  protected static override readonly kind: string = "IdempotencyConflictError";
  /** The field that differs. */
  get field(): string {
    return text(this.raw["field"]);
  }
  /** What it was the first time. */
  get first(): string {
    return text(this.raw["first"]);
  }
  /** What it is now. */
  get now(): string {
    return text(this.raw["now"]);
  }
}

/** 409: the hold has ended. */
export class HoldNotOpenError extends ConflictError {
  protected static override readonly kind: string = "HoldNotOpenError";
  /** `captured`, `voided` or `expired`. */
  get state(): string {
    return text(this.raw["state"]);
  }
}

/** 409: more was captured than is held. */
export class CaptureExceedsHoldError extends ConflictError {
  protected static override readonly kind: string = "CaptureExceedsHoldError";
  get held(): number {
    return number(this.raw["held"]);
  }
  get requested(): number {
    return number(this.raw["requested"]);
  }
}

/** 429: too much at once. */
export class RateLimitedError extends CharglyError {
  protected static override readonly kind: string = "RateLimitedError";
  /** Seconds to wait, where the server said so. */
  readonly retryAfterS: number | undefined;
  constructor(init: ErrorInit) {
    super(init);
    this.retryAfterS = init.retryAfterS;
  }
}

/** 5xx: the server could not. */
export class ServerError extends CharglyError {
  protected static override readonly kind: string = "ServerError";
}

type ErrorClass = new (init: ErrorInit) => CharglyError;

const BY_CODE: Record<string, ErrorClass> = {
  insufficient_credits: InsufficientCreditsError,
  idempotency_conflict: IdempotencyConflictError,
  hold_not_open: HoldNotOpenError,
  capture_exceeds_hold: CaptureExceedsHoldError,
  unknown_event_type: UnknownEventTypeError,
  wallet_frozen: WalletFrozenError,
};

const BY_STATUS: Record<number, ErrorClass> = {
  401: UnauthorizedError,
  402: PaymentRequiredError,
  403: ForbiddenError,
  404: NotFoundError,
  409: ConflictError,
  410: GoneError,
  429: RateLimitedError,
};

function classFor(status: number, code: string): ErrorClass {
  const known = Object.prototype.hasOwnProperty.call(BY_CODE, code) ? BY_CODE[code] : BY_STATUS[status];
  if (known) return known;
  if (status >= 500) return ServerError;
  return status >= 400 && status !== 408 ? InvalidRequestError : CharglyError;
}

/** @internal Statuses after which the same request may well succeed. */
export function isRetryableStatus(status: number): boolean {
  return status === 408 || status === 429 || status >= 500;
}

/** @internal The error that an answer is about; a code that this version does not know goes by its status. */
export function errorFromProblem(status: number, raw: Problem, retryAfterS?: number): CharglyError {
  const code = typeof raw["code"] === "string" ? raw["code"] : `http_${status}`;
  const message = optionalText(raw["detail"]) ?? optionalText(raw["title"]) ?? `The server answered ${status}.`;
  const retryable = typeof raw["retryable"] === "boolean" ? raw["retryable"] : isRetryableStatus(status);
  return new (classFor(status, code))({ message, statusCode: status, code, retryable, raw, retryAfterS });
}

function text(value: unknown): string {
  return typeof value === "string" ? value : value === undefined || value === null ? "" : String(value);
}

function optionalText(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function number(value: unknown): number {
  return typeof value === "number" ? value : Number.NaN;
}
