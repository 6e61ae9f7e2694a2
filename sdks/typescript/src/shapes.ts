/** The server's answers in the product's shapes. */

import { errorFromProblem } from "./errors.js";
import { minorUnits } from "./money.js";
import type { Answer } from "./transport.js";
import type * as T from "./types.js";

/** What JSON is before it is looked at. The server's own tests hold it to its documented shapes. */
type Json = any;

export function meter(raw: Json, key: string, answer?: Answer): T.MeterResult {
  return {
    success: true,
    eventId: raw.id,
    event: raw.event,
    customerId: raw.customer,
    deductedCredits: raw.credits,
    remainingBalance: raw.balance.available,
    idempotencyKey: key,
    replayed: answer?.replayed,
    debt: raw.debt ?? 0,
    uncharged: raw.uncharged ?? 0,
    priceVersion: raw.price_version,
    recordedAt: raw.recorded_at,
    position: answer?.position,
    raw,
  };
}

export function capture(raw: Json, key: string, answer: Answer): T.CaptureResult {
  return { ...meter(raw, key, answer), holdId: raw.hold_id, stillHeld: raw.still_held, ended: raw.ended };
}

export function batchItem(raw: Json, key: string): T.BatchItem {
  if (!raw.error) return meter(raw, key);
  return { success: false, idempotencyKey: key, error: errorFromProblem(raw.error.status, raw.error), raw };
}

export function wallet(raw: Json): T.Wallet {
  return {
    customerId: raw.customer,
    walletId: raw.wallet_id,
    balance: raw.available,
    unit: raw.unit,
    posted: raw.posted,
    held: raw.held,
    available: raw.available,
    debt: raw.debt,
    policy: raw.policy,
    frozen: raw.frozen,
    openHolds: raw.open_holds,
    lots: (raw.lots ?? []).map(lot),
    raw,
  };
}

function lot(raw: Json): T.Lot {
  return {
    id: raw.id,
    kind: raw.kind,
    status: raw.status,
    credits: raw.credits,
    remaining: raw.remaining,
    held: raw.held,
    price: raw.price,
    priority: raw.priority,
    effectiveAt: raw.effective_at,
    expiresAt: raw.expires_at,
    scope: raw.scope,
  };
}

export function walletEntry(raw: Json): T.WalletEntry {
  return {
    id: raw.id,
    at: raw.at,
    kind: raw.kind,
    label: raw.label,
    credits: raw.credits,
    balanceAfter: raw.balance_after,
    eventId: raw.event_id ?? null,
    grantId: raw.grant_id ?? null,
    orderId: raw.order_id ?? null,
    raw,
  };
}

export function creditPack(raw: Json): T.CreditPack {
  return {
    id: raw.code,
    name: raw.name,
    // To 6 decimals, as credits have them.
    credits: Number((raw.credits + (raw.bonus_credits ?? 0)).toFixed(6)),
    bonusCredits: raw.bonus_credits ?? 0,
    price: minorUnits(raw.price),
    currency: raw.price.currency,
    versionId: raw.id,
    version: raw.version,
    audience: raw.audience,
    discountLine: raw.discount_line,
    validDays: raw.valid_days,
    active: raw.active,
    raw,
  };
}

export function checkout(raw: Json, position: string | undefined): T.Checkout {
  return {
    checkoutId: raw.id,
    checkoutUrl: raw.url,
    credits: raw.credits,
    orderId: raw.order,
    customerId: raw.customer,
    creditPackId: raw.pack,
    price: raw.price,
    provider: raw.provider,
    status: raw.status,
    expiresAt: raw.expires_at ?? null,
    position,
    raw,
  };
}

export function pricingRule(raw: Json): T.PricingRule {
  const price = raw.price;
  return {
    id: price?.id ?? null,
    feature: raw.name,
    ...ruleFigures(price?.rule),
    enabled: price !== null && !raw.archived,
    version: price?.version ?? 0,
    rule: price?.rule ?? null,
    inWords: price?.in_words ?? null,
    effectiveAt: price?.effective_at ?? null,
    raw,
  };
}

function ruleFigures(rule: Json): Pick<T.PricingRule, "multiplier" | "minimumCredits" | "typicalCredits"> {
  if (rule?.type === "flat") return { multiplier: 0, minimumCredits: rule.credits, typicalCredits: rule.credits };
  if (rule?.type === "cost_plus") {
    return { multiplier: multiplierOf(rule), minimumCredits: rule.minimum ?? 0, typicalCredits: null };
  }
  const minimumCredits = Math.max(rule?.minimum ?? 0, rule?.base ?? 0);
  if (rule?.type === "per_unit" && (rule.of ?? "quantity") === "quantity") {
    const one = Math.max(rule.minimum ?? 0, (rule.base ?? 0) + rule.credits);
    return { multiplier: 0, minimumCredits, typicalCredits: Math.min(one, rule.maximum ?? one) };
  }
  return { multiplier: 0, minimumCredits, typicalCredits: null };
}

/** Credits per unit of cost: given as a number or a fraction, or by the margin to keep and what a credit is worth. */
function multiplierOf(rule: Json): number {
  if (rule.multiplier !== undefined && rule.multiplier !== null) {
    const [over, under = "1"] = String(rule.multiplier).split("/");
    return Number(over) / Number(under);
  }
  const worth = typeof rule.credit_value === "object" ? rule.credit_value?.amount : rule.credit_value;
  return 1 / ((1 - Number(rule.target_margin)) * Number(worth));
}

export function recommendation(raw: Json): T.Recommendation {
  return {
    id: raw.id,
    feature: raw.event,
    currentCredits: raw.current_credits,
    recommendedCredits: raw.recommended_credits,
    reason: raw.reason,
    confidence: raw.confidence,
    estimatedLift: raw.estimated_lift?.amount ?? null,
    currency: raw.estimated_lift?.currency ?? null,
    versionFrom: raw.version_from,
    versionTo: raw.version_to,
    status: raw.status,
    kind: raw.kind,
    probability: Number(raw.probability),
    proposalInWords: raw.proposal?.in_words ?? null,
    noticeRequired: raw.notice_required,
    madeAt: raw.made_at,
    expiresAt: raw.expires_at,
    raw,
  };
}

export function explanation(raw: Json, id: string): T.RecommendationExplanation {
  return {
    recommendationId: id,
    reason: raw.reason,
    confidence: raw.confidence,
    targetMarginPercent: percent(raw.target_margin),
    estimatedMarginPercent: percent(raw.estimated_margin),
    providerCostContext: raw.cost_context,
    versionTransition: { from: raw.version_transition?.from ?? null, to: raw.version_transition?.to ?? null },
    lines: raw.lines ?? [],
    raw,
  };
}

/** A share, which is a decimal string of at most four places, in percent. */
function percent(share: string | null | undefined): number | null {
  return share === null || share === undefined ? null : Number((Number(share) * 100).toFixed(4));
}

export function decision(raw: Json, position: string | undefined): T.RecommendationDecision {
  return {
    success: true,
    recommendationId: raw.id,
    status: raw.status,
    ...(raw.version === undefined ? {} : { newVersion: raw.version, priceVersion: raw.price_version, effectiveAt: raw.effective_at }),
    position,
    raw,
  };
}

export function holdState(raw: Json): T.HoldState {
  return {
    holdId: raw.id,
    state: raw.state,
    event: raw.event,
    customerId: raw.customer,
    credits: raw.credits,
    priceVersion: raw.price_version,
    placedAt: raw.placed_at,
    expiresAt: raw.expires_at,
    endedAt: raw.ended_at ?? null,
    raw,
  };
}

export function holdChange(raw: Json, position: string | undefined): T.HoldChange {
  return { success: true, holdId: raw.id, state: raw.state, remainingBalance: raw.balance.available, position, raw };
}

export function grant(raw: Json, key: string, position: string | undefined): T.GrantResult {
  return {
    success: true,
    grantId: raw.id,
    customerId: raw.customer,
    kind: raw.kind,
    status: raw.status,
    credits: raw.credits,
    debtSettled: raw.debt_settled,
    remainingBalance: raw.balance.available,
    expiresAt: raw.expires_at,
    idempotencyKey: key,
    position,
    raw,
  };
}

export function quote(raw: Json): T.Quote {
  return {
    event: raw.event,
    customerId: raw.customer,
    credits: raw.credits,
    available: raw.available,
    accepted: raw.accepted,
    refusal: raw.refusal ? errorFromProblem(raw.refusal.status, raw.refusal) : null,
    priceVersion: raw.price_version ?? null,
    inWords: raw.in_words ?? null,
    raw,
  };
}

export function usage(raw: Json): T.Usage {
  return {
    rows: raw.data.map(usageRow),
    totals: figures(raw.totals),
    from: raw.from,
    to: raw.to,
    interval: raw.interval,
    currency: raw.currency,
    timeZone: raw.time_zone,
    asOf: raw.as_of,
    raw,
  };
}

function usageRow(raw: Json): T.UsageRow {
  return {
    ...("start" in raw ? { start: raw.start, end: raw.end, unfinished: raw.unfinished } : {}),
    ...("event" in raw ? { event: raw.event } : {}),
    ...("customer" in raw ? { customerId: raw.customer } : {}),
    ...("price_version" in raw ? { priceVersion: raw.price_version } : {}),
    ...("dimension_value" in raw ? { dimensionValue: raw.dimension_value } : {}),
    ...figures(raw),
  };
}

function figures(raw: Json): T.UsageFigures {
  return {
    events: raw.events,
    lateEvents: raw.late_events,
    quantity: raw.quantity,
    creditsUsed: raw.credits_used,
    uncharged: raw.uncharged,
    refused: raw.refused,
  };
}

export function eventState(raw: Json): T.EventState {
  return {
    eventId: raw.id,
    event: raw.event,
    customerId: raw.customer,
    quantity: raw.quantity,
    credits: raw.credits,
    reversed: raw.reversed,
    cost: raw.cost,
    revenue: raw.revenue ?? null,
    debt: raw.debt,
    uncharged: raw.uncharged,
    priceVersion: raw.price_version ?? null,
    metadata: raw.properties ?? {},
    occurredAt: raw.occurred_at,
    recordedAt: raw.recorded_at,
    raw,
  };
}

export function reversal(raw: Json, key: string, position: string | undefined): T.ReversalResult {
  return {
    success: true,
    entryId: raw.id,
    eventId: raw.event_id,
    customerId: raw.customer,
    credits: raw.credits,
    remainingBalance: raw.balance.available,
    idempotencyKey: key,
    position,
    raw,
  };
}
