/** What goes into calls and comes out of them. Credits are numbers, money is a decimal string with a currency. */

import type { CharglyError } from "./errors.js";
import type { Cost } from "./usage.js";

/** The server's own answer, field by field as it came. */
export type Raw = Record<string, unknown>;

/** An amount of real money. */
export interface Money {
  /** A decimal string, like `"0.04"`. */
  amount: string;
  /** In lower case, like `usd`. */
  currency: string;
}

/** How one call is made. */
export interface CallOptions {
  /** Ends the call and its retries; what it was about to do may have been done. */
  signal?: AbortSignal | undefined;
  /** Milliseconds that one attempt may take. */
  timeout?: number | undefined;
  /** How often a failed attempt is repeated. */
  maxRetries?: number | undefined;
  /** Milliseconds that all attempts and the waits between them may take together. */
  deadline?: number | undefined;
}

/** A call that writes. */
export interface WriteOptions extends CallOptions {
  /**
   * Names this piece of work, 1–255 visible ASCII characters: the same key never charges twice. Without it each call
   * makes one, which covers its own retries and nothing beyond.
   */
  idempotencyKey?: string | undefined;
}

/** A call that reads. */
export interface ReadOptions extends CallOptions {
  /** The `position` of a write that the answer has to reflect. */
  minPosition?: string | undefined;
}

/** What may be said of an event besides its type and its customer. */
export interface EventDetails {
  /** How much; 1 if left out. */
  quantity?: number | undefined;
  /** Chosen by you, only where the event type has `caller_set_credits`. */
  credits?: number | undefined;
  /** At most 4 KiB and 32 keys; prices may count them. The server calls them `properties`. */
  metadata?: Record<string, unknown> | undefined;
  /** What it cost you: an amount, or what a provider answered. */
  cost?: Cost | undefined;
  /** When it happened, if not now. */
  occurredAt?: Date | string | undefined;
  /** `record` is for work already delivered: it always charges, into debt where it has to. */
  ifInsufficient?: "refuse" | "record" | undefined;
}

/** One event, in the object form. */
export interface MeterInput extends EventDetails {
  event: string;
  customerId: string;
  idempotencyKey?: string | undefined;
}

/** What an event took. */
export interface MeterResult {
  success: true;
  eventId: string;
  event: string;
  customerId: string;
  deductedCredits: number;
  /** What the customer can spend now. */
  remainingBalance: number;
  idempotencyKey: string;
  /** Whether this is the answer to an earlier call with the same key; undefined in a batch, which does not say. */
  replayed: boolean | undefined;
  /** What the wallet owes for this event. */
  debt: number;
  /** What was used and not charged. */
  uncharged: number;
  priceVersion: string;
  recordedAt: string;
  /** To be sent as `minPosition` by a read that has to see this event. */
  position: string | undefined;
  raw: Raw;
}

/** One item of a batch, in the place of its event. */
export type BatchItem = MeterResult | { success: false; idempotencyKey: string; error: CharglyError; raw: Raw };

/** What became of a batch; every event is counted once. */
export interface BatchResult {
  results: BatchItem[];
  accepted: number;
  refused: number;
  replayed: number;
  position: string | undefined;
  raw: Raw;
}

/** One lot of credits. */
export interface Lot {
  id: string;
  kind: string;
  status: string;
  credits: number;
  remaining: number;
  held: number;
  price: Money | null;
  priority: number;
  effectiveAt: string;
  expiresAt: string | null;
  scope: string[];
}

/** What a customer has. */
export interface Wallet {
  customerId: string;
  walletId: string;
  /** What can be spent: `posted` without what is `held`. */
  balance: number;
  unit: string;
  posted: number;
  held: number;
  available: number;
  debt: number;
  policy: string;
  frozen: boolean;
  openHolds: number;
  lots: Lot[];
  raw: Raw;
}

/** One line of a wallet's history. */
export interface WalletEntry {
  id: string;
  at: string;
  kind: string;
  label: string;
  /** With its sign. */
  credits: number;
  balanceAfter: number;
  eventId: string | null;
  grantId: string | null;
  orderId: string | null;
  raw: Raw;
}

/** A bundle of credits for sale. */
export interface CreditPack {
  /** What `createCheckout` takes. */
  id: string;
  name: string;
  /** What arrives in the wallet, bonus included. */
  credits: number;
  /** How many of them are a bonus. */
  bonusCredits: number;
  /** In the smallest coin of the currency: 1000 is $10. */
  price: number;
  currency: string;
  /** Id of this version of the pack. */
  versionId: string;
  version: number;
  audience: string;
  discountLine: string;
  validDays: number | null;
  active: boolean;
  raw: Raw;
}

/** What is bought, for whom, and where the buyer goes afterwards. */
export interface CheckoutInput {
  customerId: string;
  creditPackId: string;
  successUrl?: string | undefined;
  cancelUrl?: string | undefined;
  idempotencyKey?: string | undefined;
}

/** Where a pack is paid. */
export interface Checkout {
  checkoutId: string;
  /** Send the buyer there. */
  checkoutUrl: string;
  /** What will arrive, bonus included. */
  credits: number;
  orderId: string;
  customerId: string;
  creditPackId: string;
  price: Money;
  provider: string;
  /** `created`, `paid`, `expired`, … */
  status: string;
  expiresAt: string | null;
  position: string | undefined;
  raw: Raw;
}

/** The price of an event type. */
export interface PricingRule {
  /** Id of the version in force; null where there is none. */
  id: string | null;
  feature: string;
  /** Credits per unit of provider cost; 0 where the price does not follow cost. */
  multiplier: number;
  /** The least an event costs: of a flat price, the price. */
  minimumCredits: number;
  enabled: boolean;
  version: number;
  /** What one unit costs, where that does not depend on anything else. */
  typicalCredits: number | null;
  /** The whole rule, as the server has it. */
  rule: Raw | null;
  inWords: string | null;
  effectiveAt: string | null;
  raw: Raw;
}

export type RecommendationStatus = "pending" | "accepted" | "rejected" | "applied" | "expired";

/** Advice on a price. */
export interface Recommendation {
  id: string;
  feature: string;
  currentCredits: number | null;
  recommendedCredits: number | null;
  reason: string;
  /** `high`, `medium`, or `low` for what is only watched. */
  confidence: string;
  /** Money a month, a decimal string in `currency`. */
  estimatedLift: string | null;
  currency: string | null;
  versionFrom: number | null;
  versionTo: number | null;
  status: RecommendationStatus;
  kind: string;
  /** Of the claim, between 0 and 1. */
  probability: number;
  /** What applying publishes. */
  proposalInWords: string | null;
  /** Whether applying has to say `noticeDays`. */
  noticeRequired: boolean;
  madeAt: string;
  expiresAt: string;
  /** Besides these fields: the figures and, of a single one, the card and the evidence. */
  raw: Raw;
}

/** Why a price should change. */
export interface RecommendationExplanation {
  recommendationId: string;
  reason: string;
  confidence: string;
  targetMarginPercent: number | null;
  estimatedMarginPercent: number | null;
  providerCostContext: unknown;
  versionTransition: { from: number | null; to: number | null };
  /** The arithmetic, with its numbers put in. */
  lines: string[];
  raw: Raw;
}

/** What became of a decision on advice. */
export interface RecommendationDecision {
  success: true;
  recommendationId: string;
  status: RecommendationStatus;
  /** The price version that was published. */
  newVersion?: number;
  priceVersion?: string;
  effectiveAt?: string;
  position: string | undefined;
  raw: Raw;
}

/** How much is set aside, and for how long. */
export interface HoldDetails {
  quantity?: number | undefined;
  credits?: number | undefined;
  /** Seconds until it lapses by itself; 15 minutes if left out. */
  expiresInSeconds?: number | undefined;
}

/** A hold, in the object form. */
export interface HoldInput extends HoldDetails {
  event: string;
  customerId: string;
  idempotencyKey?: string | undefined;
}

/** How a hold stands. */
export interface HoldState {
  holdId: string;
  state: string;
  event: string;
  customerId: string;
  credits: number;
  priceVersion: string;
  placedAt: string;
  expiresAt: string;
  endedAt: string | null;
  raw: Raw;
}

/** A change to a hold. */
export interface HoldChange {
  success: true;
  holdId: string;
  state: string;
  remainingBalance: number;
  position: string | undefined;
  raw: Raw;
}

/** What is charged of a hold. */
export interface CaptureDetails {
  quantity?: number | undefined;
  /** All that is held, if neither is given. */
  credits?: number | undefined;
  cost?: Cost | undefined;
  metadata?: Record<string, unknown> | undefined;
  ifInsufficient?: "refuse" | "record" | undefined;
  /** False charges a step and keeps the rest held. */
  final?: boolean | undefined;
}

/** What a capture took. */
export interface CaptureResult extends MeterResult {
  holdId: string;
  stillHeld: number;
  /** Whether the hold is over. */
  ended: boolean;
}

/** Credits that are put into a wallet. */
export interface GrantDetails {
  credits: number;
  kind: "paid" | "promotional" | "adjustment";
  /** What was paid for all of it, only for `paid`. */
  price?: Money | undefined;
  priority?: number | undefined;
  effectiveAt?: Date | string | undefined;
  expiresAt?: Date | string | undefined;
  /** Event types it pays for; all if left out. */
  scope?: string[] | undefined;
  reason?: string | undefined;
}

/** A grant, in the object form. */
export interface GrantInput extends GrantDetails {
  customerId: string;
  idempotencyKey?: string | undefined;
}

export interface GrantResult {
  success: true;
  grantId: string;
  customerId: string;
  kind: string;
  status: string;
  credits: number;
  debtSettled: number;
  remainingBalance: number;
  expiresAt: string | null;
  idempotencyKey: string;
  position: string | undefined;
  raw: Raw;
}

/** What an event would cost. */
export interface Quote {
  event: string;
  customerId: string;
  credits: number;
  available: number;
  accepted: boolean;
  /** Why it would be refused; not thrown. */
  refusal: CharglyError | null;
  priceVersion: string | null;
  inWords: string | null;
  raw: Raw;
}

export interface UsageQuery extends ReadOptions {
  from?: Date | string | undefined;
  to?: Date | string | undefined;
  interval?: "total" | "hour" | "day" | "week" | "month" | undefined;
  /** `event`, `customer`, `price_version`, or a dimension of the event type. */
  groupBy?: string | string[] | undefined;
  event?: string | undefined;
  customerId?: string | undefined;
  priceVersion?: string | undefined;
  /** Only these values of dimensions. */
  filter?: Record<string, string> | undefined;
}

export interface UsageFigures {
  events: number;
  lateEvents: number;
  quantity: number;
  creditsUsed: number;
  uncharged: number;
  refused: number;
}

export interface UsageRow extends UsageFigures {
  start?: string;
  end?: string;
  /** Whether the period is not over, or cut by the range. */
  unfinished?: boolean;
  event?: string;
  customerId?: string;
  priceVersion?: string;
  dimensionValue?: string | null;
}

export interface Usage {
  rows: UsageRow[];
  totals: UsageFigures;
  from: string;
  to: string;
  interval: string;
  currency: string;
  timeZone: string;
  asOf: { position: string; at: string };
  raw: Raw;
}

/** An event as it was charged, and what became of it. */
export interface EventState {
  eventId: string;
  event: string;
  customerId: string;
  quantity: number;
  credits: number;
  reversed: number;
  /** Null amount: nobody knows. */
  cost: { amount: string | null; currency: string; source: string };
  revenue: Money | null;
  debt: number;
  uncharged: number;
  priceVersion: string | null;
  metadata: Record<string, unknown>;
  occurredAt: string;
  recordedAt: string;
  raw: Raw;
}

export interface ReversalDetails {
  reason: string;
  /** All that are left, if left out. */
  credits?: number | undefined;
}

export interface ReversalResult {
  success: true;
  entryId: string;
  eventId: string;
  customerId: string;
  credits: number;
  remainingBalance: number;
  idempotencyKey: string;
  position: string | undefined;
  raw: Raw;
}

export interface PageQuery extends ReadOptions {
  /** 1–1000 items a page, 100 if left out. */
  limit?: number | undefined;
  cursor?: string | undefined;
}

export interface RecommendationQuery extends PageQuery {
  feature?: string | undefined;
  status?: RecommendationStatus | undefined;
  kind?: string | undefined;
  confidence?: "high" | "medium" | "low" | undefined;
}

export interface ApplyDetails extends WriteOptions {
  /** Days until the price holds, 0–365; needed where the recommendation says `noticeRequired`. */
  noticeDays?: number | undefined;
  effectiveAt?: Date | string | undefined;
  reason?: string | undefined;
}
