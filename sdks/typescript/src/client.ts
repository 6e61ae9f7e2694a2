/** The client: one method for each operation. */

import { Batcher, type BatcherOptions } from "./batcher.js";
import { CharglyError, InsufficientCreditsError, InvalidRequestError } from "./errors.js";
import { Hold, type HoldCalls } from "./hold.js";
import { attemptKey, keyFrom, newKey, webCrypto } from "./keys.js";
import { metered, type MeteredOptions } from "./metered.js";
import { Page } from "./page.js";
import * as shapes from "./shapes.js";
import {
  DEADLINE_MS,
  RETRIES_MAX,
  Refused,
  TIMEOUT_MS,
  send,
  type Answer,
  type Fetch,
  type Wire,
} from "./transport.js";
import type * as T from "./types.js";
import { costToWire, type Cost } from "./usage.js";
import { VERSION } from "./version.js";

export interface CharglyOptions {
  /** Secret key of the environment; `CHARGLY_SECRET_KEY` if left out. */
  apiKey?: string | undefined;
  /** Where the server is; `CHARGLY_BASE_URL`, else `http://127.0.0.1:8080`, if left out. */
  baseUrl?: string | undefined;
  /** Milliseconds that one attempt may take; 10,000 if left out. */
  timeout?: number | undefined;
  /** How often a failed attempt is repeated; 4 if left out. */
  maxRetries?: number | undefined;
  /** Milliseconds for all attempts of a call together; 60,000 if left out. */
  deadline?: number | undefined;
  /** Used in place of the global `fetch`. */
  fetch?: Fetch | undefined;
}

/** Attempts after refusals that one call looks through; each was a refusal that somebody received. */
const ATTEMPTS_MAX = 1_000;

/** A client of one environment, which its key chooses. It can be shared by everything in a process. */
export class Chargly {
  readonly baseUrl: string;
  readonly #wire: Wire;

  constructor(options: CharglyOptions = {}) {
    const apiKey = (options.apiKey ?? environment("CHARGLY_SECRET_KEY") ?? "").trim();
    if (apiKey === "") throw mistake("api_key_required", "apiKey is required");
    // Were it sent, the runtime's complaint would quote it.
    if (!/^[\x21-\x7e]+$/.test(apiKey)) throw mistake("api_key_malformed", "apiKey has characters that no key has");
    this.baseUrl = address(options.baseUrl ?? environment("CHARGLY_BASE_URL") ?? "http://127.0.0.1:8080");
    this.#wire = {
      baseUrl: this.baseUrl,
      fetch: options.fetch ?? ((url, init) => globalThis.fetch(url, init)),
      timeout: options.timeout ?? TIMEOUT_MS,
      maxRetries: options.maxRetries ?? RETRIES_MAX,
      deadline: options.deadline ?? DEADLINE_MS,
      headers: {
        authorization: `Bearer ${apiKey}`,
        accept: "application/json",
        "user-agent": `chargly-typescript/${VERSION}`,
      },
    };
  }

  // Metering

  /** Prices an event, takes its credits and stores it for good, before it answers. */
  meterEvent(event: string, customerId: string, details?: T.EventDetails & T.WriteOptions): Promise<T.MeterResult>;
  meterEvent(input: T.MeterInput, options?: T.CallOptions): Promise<T.MeterResult>;
  async meterEvent(
    first: string | T.MeterInput,
    second?: string | T.CallOptions,
    third: T.EventDetails & T.WriteOptions = {},
  ): Promise<T.MeterResult> {
    const [details, options] = separate(inputOf(first, second, third), typeof first === "string" ? third : second);
    return this.#meter(details, options);
  }

  #meter(input: T.MeterInput, options: T.CallOptions): Promise<T.MeterResult> {
    const { idempotencyKey, ...event } = input;
    const call = { ...options, idempotencyKey };
    return this.#write("/v1/events", eventToWire(event), call, (answer, key) => shapes.meter(answer.body, key, answer));
  }

  /**
   * Meters 1–10,000 events. Each is accepted or refused for itself, and its result stands in its place; with `atomic`
   * all or none of at most 1,000 events of one customer are.
   */
  async meterEvents(
    events: readonly T.MeterInput[],
    options: T.WriteOptions & { atomic?: boolean | undefined } = {},
  ): Promise<T.BatchResult> {
    const { atomic, idempotencyKey, ...call } = options;
    if (atomic) {
      const body = { events: events.map(eventToWire), atomic: true };
      return this.#write("/v1/events/batch", body, { ...call, idempotencyKey }, (answer, key) =>
        this.#batch(events, events.map(() => key), answer),
      );
    }
    const crypto = await webCrypto();
    const keys = events.map((event) => event.idempotencyKey ?? keyFrom(crypto));
    const body = { events: events.map((event, at) => Object.assign(eventToWire(event), { idempotency_key: keys[at] })) };
    // The server takes a key of the whole batch only where it is atomic, and says so.
    const answer = await this.#send("POST", "/v1/events/batch", { ...body, idempotency_key: idempotencyKey }, call);
    return this.#batch(events, keys, answer);
  }

  #batch(events: readonly T.MeterInput[], keys: string[], answer: Answer): T.BatchResult {
    const raw = answer.body as { results: T.Raw[]; accepted: number; refused: number; replayed: number };
    const results = raw.results.map((item, at) => {
      const shaped = shapes.batchItem(item, keys[at]!);
      if (!shaped.success) shaped.error.idempotencyKey = keys[at]!;
      if (!shaped.success && shaped.error instanceof InsufficientCreditsError) {
        const { idempotencyKey: _, ...event } = events[at]!;
        this.#offerRetry(shaped.error, "/v1/events", eventToWire(event), keys[at]!, 2, (got, key) =>
          shapes.meter(got.body, key, got),
        );
      }
      return shaped;
    });
    const { accepted, refused, replayed } = raw;
    return { results, accepted, refused, replayed, position: answer.position, raw: answer.body };
  }

  /** What an event would cost, and whether it would be accepted. Changes nothing. */
  quote(event: string, customerId: string, details?: T.EventDetails & T.CallOptions): Promise<T.Quote>;
  quote(input: Omit<T.MeterInput, "idempotencyKey">, options?: T.CallOptions): Promise<T.Quote>;
  async quote(
    first: string | Omit<T.MeterInput, "idempotencyKey">,
    second?: string | T.CallOptions,
    third: T.EventDetails & T.CallOptions = {},
  ): Promise<T.Quote> {
    const [input, options] = separate(inputOf(first, second, third), typeof first === "string" ? third : second);
    return shapes.quote((await this.#send("POST", "/v1/quote", eventToWire(input), options)).body);
  }

  /** An event as it was charged, and what became of it. */
  async getEvent(eventId: string, options: T.ReadOptions = {}): Promise<T.EventState> {
    return shapes.eventState(await this.#get(`/v1/events/${segment("eventId", eventId)}`, {}, options));
  }

  /** Gives credits of an event back to the grants they came from. */
  reverseEvent(eventId: string, details: T.ReversalDetails & T.WriteOptions): Promise<T.ReversalResult> {
    const { reason, credits, ...options } = details;
    const path = `/v1/events/${segment("eventId", eventId)}/reverse`;
    return this.#write(path, { reason, credits }, options, (answer, key) =>
      shapes.reversal(answer.body, key, answer.position),
    );
  }

  /** Attaches what an event cost you, or corrects it. Charges and gives back nothing. */
  setEventCost(eventId: string, cost: Cost, details: { reason?: string } & T.WriteOptions = {}): Promise<T.Raw> {
    const { reason, ...options } = details;
    const path = `/v1/events/${segment("eventId", eventId)}/cost`;
    return this.#write(path, { cost: costToWire(cost), reason }, options, (answer) => answer.body);
  }

  // Wallets

  /** What a customer has. A customer never seen has nothing. */
  async getWallet(customer: string | { customerId: string }, options: T.ReadOptions = {}): Promise<T.Wallet> {
    return shapes.wallet(await this.#get(`${customerPath(customer)}/wallet`, {}, options));
  }

  /** Every movement of a wallet, newest first. */
  listWalletHistory(customer: string | { customerId: string }, query: T.PageQuery = {}): Promise<Page<T.WalletEntry>> {
    return this.#list(`${customerPath(customer)}/ledger`, {}, query, shapes.walletEntry);
  }

  /** Puts a lot of credits into a wallet. */
  grant(customerId: string, details: T.GrantDetails & T.WriteOptions): Promise<T.GrantResult>;
  grant(input: T.GrantInput, options?: T.CallOptions): Promise<T.GrantResult>;
  async grant(
    first: string | T.GrantInput,
    second?: (T.GrantDetails & T.WriteOptions) | T.CallOptions,
  ): Promise<T.GrantResult> {
    const input = (typeof first === "string" ? { ...second, customerId: first } : { ...first, ...second }) as T.GrantInput;
    const [{ customerId, idempotencyKey, effectiveAt, expiresAt, ...rest }, options] = separate(input);
    const body = { ...rest, effective_at: time(effectiveAt), expires_at: time(expiresAt) };
    return this.#write(`${customerPath(customerId)}/grants`, body, { ...options, idempotencyKey }, (answer, key) =>
      shapes.grant(answer.body, key, answer.position),
    );
  }

  /** What was used, by period and by what it is grouped by. */
  async getUsage(query: T.UsageQuery = {}): Promise<T.Usage> {
    const { from, to, interval, groupBy, event, customerId, priceVersion, filter, ...options } = query;
    const filters = Object.entries(filter ?? {}).map(([name, value]) => [`filter[${name}]`, value] as const);
    const fields = {
      from: time(from),
      to: time(to),
      interval,
      group_by: Array.isArray(groupBy) ? groupBy.join(",") : groupBy,
      event,
      customer: customerId,
      price_version: priceVersion,
      ...Object.fromEntries(filters),
    };
    return shapes.usage(await this.#get("/v1/usage", fields, options));
  }

  // Selling credits

  /** What is for sale. */
  async listCreditPacks(options: T.ReadOptions = {}): Promise<T.CreditPack[]> {
    const body = await this.#get("/v1/packs", {}, options);
    return (body["data"] as T.Raw[]).map(shapes.creditPack);
  }

  /** Orders a pack for a customer, and answers where it is paid. */
  createCheckout(customerId: string, creditPackId: string, details?: Pick<T.CheckoutInput, "successUrl" | "cancelUrl"> & T.WriteOptions): Promise<T.Checkout>;
  createCheckout(input: T.CheckoutInput, options?: T.CallOptions): Promise<T.Checkout>;
  async createCheckout(
    first: string | T.CheckoutInput,
    second?: string | T.CallOptions,
    third: Pick<T.CheckoutInput, "successUrl" | "cancelUrl"> & T.WriteOptions = {},
  ): Promise<T.Checkout> {
    const input =
      typeof first === "string" ? { ...third, customerId: first, creditPackId: String(second) } : { ...first, ...(second as object) };
    const [{ customerId, creditPackId, successUrl, cancelUrl, idempotencyKey }, options] = separate(input);
    const body = { customer: customerId, pack: creditPackId, success_url: successUrl, cancel_url: cancelUrl };
    return this.#write("/v1/checkouts", body, { ...options, idempotencyKey }, (answer) =>
      shapes.checkout(answer.body, answer.position),
    );
  }

  /** How a checkout stands; where its status is `paid`, the credits are in the wallet. */
  async getCheckout(checkoutId: string, options: T.ReadOptions = {}): Promise<T.Checkout> {
    const body = await this.#get(`/v1/checkouts/${segment("checkoutId", checkoutId)}`, {}, options);
    return shapes.checkout(body, undefined);
  }

  // Prices and advice on them

  /** The price of an event type. */
  async getPricingRule(feature: string, options: T.ReadOptions = {}): Promise<T.PricingRule> {
    return shapes.pricingRule(await this.#get(`/v1/event-types/${segment("feature", feature)}`, {}, options));
  }

  /** Advice on prices, newest first. */
  listPricingRecommendations(query: T.RecommendationQuery = {}): Promise<Page<T.Recommendation>> {
    const { feature, status, kind, confidence, ...page } = query;
    return this.#list("/v1/recommendations", { event: feature, status, kind, confidence }, page, shapes.recommendation);
  }

  /** One recommendation; `raw` has its card and its evidence. */
  async getPricingRecommendation(id: string, options: T.ReadOptions = {}): Promise<T.Recommendation> {
    return shapes.recommendation(await this.#get(recommendationPath(id), {}, options));
  }

  /** The arithmetic of a recommendation, with its numbers put in. */
  async explainPricingRecommendation(id: string, options: T.ReadOptions = {}): Promise<T.RecommendationExplanation> {
    return shapes.explanation(await this.#get(`${recommendationPath(id)}/explain`, {}, options), id);
  }

  /** Publishes the price that a recommendation proposes. */
  async applyPricingRecommendation(id: string, details: T.ApplyDetails = {}): Promise<T.RecommendationDecision> {
    const { noticeDays, effectiveAt, reason, ...options } = details;
    const body = { notice_days: noticeDays, effective_at: time(effectiveAt), reason };
    return this.#write(`${recommendationPath(id)}/apply`, body, options, (answer) =>
      shapes.decision(answer.body, answer.position),
    );
  }

  /** Turns a recommendation down. */
  async rejectPricingRecommendation(
    id: string,
    details: { reason?: string | undefined } & T.WriteOptions = {},
  ): Promise<T.RecommendationDecision> {
    const { reason, ...options } = details;
    return this.#write(`${recommendationPath(id)}/reject`, { reason }, options, (answer) =>
      shapes.decision(answer.body, answer.position),
    );
  }

  // Holds

  /** Sets credits aside for work that is about to start, at the price in force now. */
  placeHold(event: string, customerId: string, details?: T.HoldDetails & T.WriteOptions): Promise<Hold>;
  placeHold(input: T.HoldInput, options?: T.CallOptions): Promise<Hold>;
  async placeHold(
    first: string | T.HoldInput,
    second?: string | T.CallOptions,
    third: T.HoldDetails & T.WriteOptions = {},
  ): Promise<Hold> {
    const [input, options] = separate(inputOf(first, second, third), typeof first === "string" ? third : second);
    const { event, customerId, quantity, credits, expiresInSeconds, idempotencyKey } = input;
    const body = { event, customer: customerId, quantity, credits, expires_in_s: expiresInSeconds };
    return this.#write("/v1/holds", body, { ...options, idempotencyKey }, (answer, key) =>
      new Hold(this.#holdCalls(), answer.body, key, answer.position),
    );
  }

  #holdCalls(): HoldCalls {
    return {
      capture: (id, details) => this.captureHold(id, details),
      void: (id, options) => this.voidHold(id, options),
      increase: (id, details) => this.increaseHold(id, details),
      extend: (id, details) => this.extendHold(id, details),
    };
  }

  /** How a hold stands. */
  async getHold(holdId: string, options: T.ReadOptions = {}): Promise<T.HoldState> {
    return shapes.holdState(await this.#get(holdPath(holdId), {}, options));
  }

  /** Charges what was held, and releases the rest; with `final: false` charges a step and keeps the rest held. */
  async captureHold(holdId: string, details: T.CaptureDetails & T.WriteOptions = {}): Promise<T.CaptureResult> {
    const { quantity, credits, cost, metadata, ifInsufficient, final, ...options } = details;
    const body = {
      quantity,
      credits,
      cost: cost && costToWire(cost),
      properties: metadata,
      if_insufficient: ifInsufficient,
      final,
    };
    return this.#write(`${holdPath(holdId)}/capture`, body, options, (answer, key) =>
      shapes.capture(answer.body, key, answer),
    );
  }

  /** Gives a hold up and releases what was held. */
  async voidHold(holdId: string, options: T.WriteOptions = {}): Promise<T.HoldChange> {
    return this.#changeHold(holdId, "void", {}, options);
  }

  /** Sets more aside. */
  async increaseHold(
    holdId: string,
    details: Pick<T.HoldDetails, "credits" | "quantity"> & T.WriteOptions,
  ): Promise<T.HoldChange> {
    const { credits, quantity, ...options } = details;
    return this.#changeHold(holdId, "increase", { credits, quantity }, options);
  }

  /** Moves the time at which a hold lapses, to so many seconds from now. */
  async extendHold(holdId: string, details: { expiresInSeconds: number } & T.WriteOptions): Promise<T.HoldChange> {
    const { expiresInSeconds, ...options } = details;
    return this.#changeHold(holdId, "extend", { expires_in_s: expiresInSeconds }, options);
  }

  #changeHold(holdId: string, verb: string, body: T.Raw, options: T.WriteOptions): Promise<T.HoldChange> {
    return this.#write(`${holdPath(holdId)}/${verb}`, body, options, (answer) =>
      shapes.holdChange(answer.body, answer.position),
    );
  }

  // Comfort

  /**
   * Holds credits while work runs. The work captures what it came to; the hold is voided where it throws, and so is
   * what it has not captured by its end.
   */
  withHold<Result>(event: string, customerId: string, work: (hold: Hold) => Promise<Result> | Result): Promise<Result>;
  withHold<Result>(
    event: string,
    customerId: string,
    details: T.HoldDetails & T.WriteOptions,
    work: (hold: Hold) => Promise<Result> | Result,
  ): Promise<Result>;
  async withHold<Result>(
    event: string,
    customerId: string,
    third: (T.HoldDetails & T.WriteOptions) | ((hold: Hold) => Promise<Result> | Result),
    fourth?: (hold: Hold) => Promise<Result> | Result,
  ): Promise<Result> {
    const [details, work] = typeof third === "function" ? [{}, third] : [third, fourth!];
    let hold: Hold;
    try {
      hold = await this.placeHold(event, customerId, details);
    } catch (error) {
      // Once there is enough, it is the work that is wanted, and not the hold alone.
      if (error instanceof InsufficientCreditsError) {
        error.setRetry((place) => async (options) => runHeld((await place!(options)) as Hold, work));
      }
      throw error;
    }
    return runHeld(hold, work);
  }

  /**
   * Wraps work so that each success is metered. The customer is the first argument, unless `options.customer` says
   * otherwise. With `hold`, credits are set aside before the work begins, so that whoever cannot pay is refused then.
   */
  metered<Args extends unknown[], Result>(
    event: string,
    work: (...args: Args) => Promise<Result> | Result,
    options: MeteredOptions<Args, Result> = {},
  ): (...args: Args) => Promise<Result> {
    return metered(this, event, work, options);
  }

  /** Collects events of work already delivered, and sends them in batches in the background. */
  batcher(options: BatcherOptions = {}): Batcher {
    return new Batcher((events) => this.meterEvents(events), options);
  }

  /**
   * Any other route of the server; answers the body. A POST without an `idempotencyKey` is not repeated, because not
   * every route can tell a repeat.
   */
  async request(
    method: "GET" | "POST" | "PUT" | "DELETE",
    path: string,
    options: T.WriteOptions & { body?: unknown; query?: Record<string, string | number | undefined> } = {},
  ): Promise<T.Raw> {
    const { body, query, idempotencyKey, ...call } = options;
    const once = method === "POST" && idempotencyKey === undefined ? { ...call, maxRetries: 0 } : call;
    return (await this.#send(method, path + queryString(query ?? {}), body, once, idempotencyKey)).body;
  }

  // What a key is never part of

  toString(): string {
    return `Chargly(${this.baseUrl})`;
  }

  toJSON(): { baseUrl: string } {
    return { baseUrl: this.baseUrl };
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }

  // One call

  async #send(
    method: string,
    path: string,
    body: unknown,
    options: T.CallOptions,
    idempotencyKey?: string,
  ): Promise<Answer> {
    try {
      return await send(this.#wire, { method, path, body, idempotencyKey }, options);
    } catch (refused) {
      throw refused instanceof Refused ? refused.error : refused;
    }
  }

  async #get(path: string, query: Record<string, unknown>, options: T.ReadOptions): Promise<T.Raw> {
    const { minPosition, ...call } = options;
    return (await this.#send("GET", path + queryString({ ...query, min_position: minPosition }), undefined, call)).body;
  }

  async #list<Item>(
    path: string,
    filter: Record<string, unknown>,
    query: T.PageQuery,
    shape: (raw: T.Raw) => Item,
  ): Promise<Page<Item>> {
    const { limit, cursor, ...options } = query;
    const body = await this.#get(path, { ...filter, limit, cursor }, options);
    return new Page(body, shape, (next) => this.#list(path, filter, { ...query, cursor: next }, shape));
  }

  /** A call that writes: its key is made once, and every attempt has it. */
  async #write<Result>(
    path: string,
    body: T.Raw,
    options: T.WriteOptions,
    shape: (answer: Answer, key: string) => Result,
  ): Promise<Result> {
    const { idempotencyKey, ...call } = options;
    const first = idempotencyKey ?? (await newKey());
    return this.#attempt(path, body, first, 1, false, call, shape);
  }

  /** The n-th attempt at a call. Where refusals are `passed`, one that was received before leads to the next attempt. */
  async #attempt<Result>(
    path: string,
    body: T.Raw,
    first: string,
    from: number,
    passes: boolean,
    options: T.CallOptions,
    shape: (answer: Answer, key: string) => Result,
  ): Promise<Result> {
    for (let attempt = from; ; attempt++) {
      const key = await attemptKey(first, attempt);
      try {
        const sent = { ...body, idempotency_key: key };
        return shape(await send(this.#wire, { method: "POST", path, body: sent }, options), key);
      } catch (refused) {
        if (!(refused instanceof Refused)) throw refused;
        const { error, replayed } = refused;
        error.idempotencyKey = key;
        if (!(error instanceof InsufficientCreditsError)) throw error;
        if (passes && replayed && attempt < ATTEMPTS_MAX) continue;
        throw this.#offerRetry(error, path, body, first, attempt + 1, shape);
      }
    }
  }

  #offerRetry<Result>(
    error: InsufficientCreditsError,
    path: string,
    body: T.Raw,
    first: string,
    next: number,
    shape: (answer: Answer, key: string) => Result,
  ): InsufficientCreditsError {
    return error.setRetry(() => (options) => this.#attempt(path, body, first, next, true, options, shape));
  }
}

async function runHeld<Result>(hold: Hold, work: (hold: Hold) => Promise<Result> | Result): Promise<Result> {
  try {
    return await work(hold);
  } finally {
    await hold.release();
  }
}

/** The object form of a call, whichever form it was made in. */
function inputOf<Input extends object>(first: string | Input, second: unknown, third: object): Input & T.CallOptions {
  if (typeof first !== "string") return first;
  return { ...third, event: first, customerId: second as string } as unknown as Input;
}

/** What is said of the matter, and how the call is made. */
function separate<Input extends object>(
  input: Input & T.CallOptions,
  more?: unknown,
): [Omit<Input, keyof T.CallOptions> & Input, T.CallOptions] {
  const { signal, timeout, maxRetries, deadline, ...rest } = input;
  const options = typeof more === "object" && more !== null ? (more as T.CallOptions) : {};
  return [
    rest as never,
    {
      signal: options.signal ?? signal,
      timeout: options.timeout ?? timeout,
      maxRetries: options.maxRetries ?? maxRetries,
      deadline: options.deadline ?? deadline,
    },
  ];
}

/** What is not known here goes on as it is, so that the server refuses it by name. */
function eventToWire(input: Omit<T.MeterInput, "idempotencyKey"> & { idempotencyKey?: string | undefined }): T.Raw {
  const { event, customerId, quantity, credits, metadata, cost, occurredAt, ifInsufficient, idempotencyKey: _, ...rest } = input;
  return {
    event,
    customer: customerId,
    quantity,
    credits,
    properties: metadata,
    cost: cost && costToWire(cost),
    occurred_at: time(occurredAt),
    if_insufficient: ifInsufficient,
    ...rest,
  };
}

function time(at: Date | string | undefined): string | undefined {
  return at instanceof Date ? at.toISOString() : at;
}

function customerPath(customer: string | { customerId: string }): string {
  return `/v1/customers/${segment("customerId", typeof customer === "string" ? customer : customer.customerId)}`;
}

function holdPath(holdId: string): string {
  return `/v1/holds/${segment("holdId", holdId)}`;
}

function recommendationPath(id: string): string {
  return `/v1/recommendations/${segment("id", id)}`;
}

/** A part of a path. Dots alone would lead to another route, however they are escaped. */
function segment(field: string, value: string): string {
  if (typeof value !== "string" || value === "" || value === "." || value === "..") {
    const problem = value === "" || typeof value !== "string" ? "is required" : "cannot stand in an address";
    const raw = { errors: [{ field, problem }] };
    throw new InvalidRequestError({ message: `${field} ${problem}`, code: "invalid_request", retryable: false, raw });
  }
  return encodeURIComponent(value);
}

function queryString(fields: Record<string, unknown>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(fields)) if (value !== undefined) query.append(name, String(value));
  const text = query.toString();
  return text === "" ? "" : `?${text}`;
}

function environment(name: string): string | undefined {
  const process = (globalThis as { process?: { env?: Record<string, string | undefined> } }).process;
  return process?.env?.[name] || undefined;
}

function address(text: string): string {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw mistake("base_url_malformed", `baseUrl is no address: ${text}`);
  }
  if (!/^https?:$/.test(url.protocol)) throw mistake("base_url_malformed", "baseUrl has to begin with http:// or https://");
  if (url.username || url.password || url.search || url.hash) {
    throw mistake("base_url_malformed", "baseUrl is a scheme, a host and perhaps a path, and nothing else");
  }
  return text.trim().replace(/\/+$/, "");
}

function mistake(code: string, message: string): CharglyError {
  return new CharglyError({ message, code, retryable: false });
}
