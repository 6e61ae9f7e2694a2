"""What calls answer. Small, typed, and named as the product speaks; everything the server sent is in ``raw``."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Generic, Iterator, List, Mapping, Optional, Tuple, TypeVar, Union

from ._amounts import Amount, amount, cents, optional_amount, optional_time, time
from ._call import Answer
from ._errors import CharglyError, error_of

Raw = Mapping[str, Any]
T = TypeVar("T")


def _optional_decimal(text: Optional[str]) -> Optional[Decimal]:
    return None if text is None else Decimal(text)


def _raw() -> Any:
    return field(repr=False, compare=False)


@dataclass(frozen=True)
class MeterResult:
    """One event that was metered."""

    success: bool
    event_id: str
    deducted_credits: Amount
    remaining_balance: Amount
    """What the customer can still spend."""
    idempotency_key: Optional[str]
    event: str
    customer_id: str
    debt: Amount
    """What the wallet owes after it, where the event was recorded beyond the balance."""
    uncharged: Amount
    """What was used and not charged, where the wallet's policy is to record only."""
    price_version: Optional[str]
    recorded_at: datetime
    replayed: bool
    """Whether this is the answer to an earlier call with the same key."""
    position: Optional[str]
    """Give it to a read as ``min_position`` to be sure that the read knows of this."""
    raw: Raw = _raw()

    @staticmethod
    def of(raw: Raw, key: Optional[str], answer: Answer, replayed: bool) -> MeterResult:
        return MeterResult(**_metered(raw, key, answer, replayed))


@dataclass(frozen=True)
class CaptureResult(MeterResult):
    """What was captured of a hold: an event."""

    hold_id: str = ""
    still_held: Amount = 0
    ended: bool = True


def capture_result(answer: Answer) -> CaptureResult:
    raw = answer.body
    return CaptureResult(
        **_metered(raw, answer.key, answer, answer.replayed),
        hold_id=raw["hold_id"],
        still_held=amount(raw["still_held"]),
        ended=raw["ended"],
    )


def meter_result(answer: Answer) -> MeterResult:
    return MeterResult.of(answer.body, answer.key, answer, answer.replayed)


def _metered(raw: Raw, key: Optional[str], answer: Answer, replayed: bool) -> "dict[str, Any]":
    return {
        "success": True,
        "event_id": raw["id"],
        "deducted_credits": amount(raw["credits"]),
        "remaining_balance": amount(raw["balance"]["available"]),
        "idempotency_key": key,
        "event": raw["event"],
        "customer_id": raw["customer"],
        "debt": amount(raw.get("debt", 0)),
        "uncharged": amount(raw.get("uncharged", 0)),
        "price_version": raw.get("price_version"),
        "recorded_at": time(raw["recorded_at"]),
        "replayed": replayed,
        "position": answer.position,
        "raw": raw,
    }


@dataclass(frozen=True)
class BatchResult:
    """One result for each event that was sent, in order."""

    results: List[Union[MeterResult, CharglyError]]
    accepted: int
    refused: int
    replayed: int
    position: Optional[str]
    raw: Raw = _raw()

    @property
    def errors(self) -> "List[Tuple[int, CharglyError]]":
        """What was not accepted, with its place in the batch."""
        return [(i, result) for i, result in enumerate(self.results) if isinstance(result, CharglyError)]


def batch_error(raw: Raw, key: Optional[str]) -> CharglyError:
    return error_of(int(raw.get("status", 500)), raw, key=key)


@dataclass(frozen=True)
class Lot:
    """Credits that came at one time, and what is left of them."""

    id: str
    kind: str
    credits: Amount
    remaining: Amount
    held: Amount
    expires_at: Optional[datetime]
    raw: Raw = _raw()


@dataclass(frozen=True)
class Wallet:
    customer_id: str
    wallet_id: Optional[str]
    """None for a customer never seen."""
    balance: Amount
    """What can be spent now: what is posted, without what is held."""
    unit: str
    posted: Amount
    held: Amount
    debt: Amount
    policy: Optional[str]
    frozen: bool
    lots: Tuple[Lot, ...]
    raw: Raw = _raw()


def wallet(answer: Answer) -> Wallet:
    raw = answer.body
    return Wallet(
        customer_id=raw["customer"],
        wallet_id=raw.get("wallet_id"),
        balance=amount(raw["available"]),
        unit=raw["unit"],
        posted=amount(raw["posted"]),
        held=amount(raw["held"]),
        debt=amount(raw.get("debt", 0)),
        policy=raw.get("policy"),
        frozen=raw.get("frozen", False),
        lots=tuple(
            Lot(
                id=lot["id"],
                kind=lot["kind"],
                credits=amount(lot["credits"]),
                remaining=amount(lot["remaining"]),
                held=amount(lot["held"]),
                expires_at=optional_time(lot.get("expires_at")),
                raw=lot,
            )
            for lot in raw.get("lots", [])
        ),
        raw=raw,
    )


@dataclass(frozen=True)
class CreditPack:
    id: str
    """What it is ordered by: the pack's code."""
    name: str
    credits: Amount
    """With its bonus credits."""
    price: int
    """In cents, or whatever the smallest coin of the currency is."""
    currency: str
    version_id: str
    raw: Raw = _raw()


def credit_packs(answer: Answer) -> List[CreditPack]:
    return [
        CreditPack(
            id=pack["code"],
            name=pack["name"],
            credits=amount(amount(pack["credits"]) + amount(pack.get("bonus_credits", 0))),
            price=cents(pack["price"]),
            currency=pack["price"]["currency"],
            version_id=pack["id"],
            raw=pack,
        )
        for pack in answer.body["data"]
    ]


@dataclass(frozen=True)
class Checkout:
    checkout_id: str
    checkout_url: str
    credits: Amount
    customer_id: str
    pack_id: str
    status: str
    """``created``, ``pending``, ``paid``, ``held``, ``expired`` or ``failed``. Paid: the credits are there."""
    order_id: str
    raw: Raw = _raw()


def checkout(answer: Answer) -> Checkout:
    raw = answer.body
    return Checkout(
        checkout_id=raw["id"],
        checkout_url=raw.get("url") or "",
        credits=amount(raw["credits"]),
        customer_id=raw["customer"],
        pack_id=raw["pack"],
        status=raw["status"],
        order_id=raw["order"],
        raw=raw,
    )


@dataclass(frozen=True)
class PricingRule:
    """The price in force. One event costs ``multiplier`` x quantity credits, and at least ``minimum_credits``; where a
    price cannot be said like that, ``multiplier`` is None and ``rule`` says it."""

    id: Optional[str]
    feature: str
    multiplier: Optional[Amount]
    minimum_credits: Amount
    enabled: bool
    """False where the event type is archived, or has no price yet."""
    version: Optional[int]
    rule: Raw
    in_words: str
    raw: Raw = _raw()


def pricing_rule(answer: Answer) -> PricingRule:
    raw = answer.body
    price: Raw = raw.get("price") or {}
    rule: Raw = price.get("rule") or {}
    multiplier, minimum = _multiplied(rule)
    return PricingRule(
        id=price.get("id"),
        feature=raw["name"],
        multiplier=multiplier,
        minimum_credits=minimum,
        enabled=bool(price) and not raw.get("archived", False),
        version=price.get("version"),
        rule=rule,
        in_words=price.get("in_words", ""),
        raw=raw,
    )


def _multiplied(rule: Raw) -> "Tuple[Optional[Amount], Amount]":
    kind = rule.get("type")
    minimum = optional_amount(rule.get("minimum")) or 0
    if kind == "flat":
        return 0, amount(rule["credits"])
    plain = kind == "per_unit" and not rule.get("base") and rule.get("maximum") is None
    if plain and rule.get("of", "quantity") == "quantity":
        return amount(rule["credits"]), minimum
    return None, minimum


@dataclass(frozen=True)
class EstimatedLift:
    """What is earned more, at the same usage, and the range that it lies in."""

    amount: Decimal
    currency: str
    per: str
    low: Optional[Decimal]
    high: Optional[Decimal]


@dataclass(frozen=True)
class Recommendation:
    id: str
    feature: str
    current_credits: Optional[Amount]
    recommended_credits: Optional[Amount]
    reason: str
    confidence: str
    """``high``, ``medium`` or ``low``."""
    estimated_lift: Optional[EstimatedLift]
    version_from: Optional[int]
    version_to: Optional[int]
    status: str
    """``pending``, ``accepted``, ``rejected``, ``applied`` or ``expired``."""
    kind: str
    raw: Raw = _raw()

    @staticmethod
    def of(raw: Raw) -> Recommendation:
        lift = raw.get("estimated_lift")
        return Recommendation(
            id=raw["id"],
            feature=raw["event"],
            current_credits=optional_amount(raw.get("current_credits")),
            recommended_credits=optional_amount(raw.get("recommended_credits")),
            reason=raw["reason"],
            confidence=raw["confidence"],
            estimated_lift=None
            if lift is None
            else EstimatedLift(
                amount=Decimal(lift["amount"]),
                currency=lift["currency"],
                per=lift["per"],
                low=_optional_decimal(lift.get("low")),
                high=_optional_decimal(lift.get("high")),
            ),
            version_from=raw.get("version_from"),
            version_to=raw.get("version_to"),
            status=raw["status"],
            kind=raw["kind"],
            raw=raw,
        )


@dataclass(frozen=True)
class Explanation:
    recommendation_id: str
    reason: str
    confidence: str
    target_margin: Optional[Decimal]
    """A share: 0.6 is 60 %."""
    estimated_margin: Optional[Decimal]
    cost_context: Optional[str]
    version_from: Optional[int]
    version_to: Optional[int]
    lines: Tuple[str, ...]
    raw: Raw = _raw()

    @staticmethod
    def of(recommendation_id: str, raw: Raw) -> Explanation:
        versions: Raw = raw.get("version_transition") or {}
        return Explanation(
            recommendation_id=recommendation_id,
            reason=raw["reason"],
            confidence=raw["confidence"],
            target_margin=_optional_decimal(raw.get("target_margin")),
            estimated_margin=_optional_decimal(raw.get("estimated_margin")),
            cost_context=raw.get("cost_context"),
            version_from=versions.get("from"),
            version_to=versions.get("to"),
            lines=tuple(raw.get("lines") or ()),
            raw=raw,
        )


@dataclass(frozen=True)
class Decision:
    """A recommendation that was applied or rejected."""

    success: bool
    recommendation_id: str
    status: str
    new_version: Optional[int]
    effective_at: Optional[datetime]
    raw: Raw = _raw()


def decision(answer: Answer) -> Decision:
    raw = answer.body
    return Decision(
        success=True,
        recommendation_id=raw["id"],
        status=raw["status"],
        new_version=raw.get("version"),
        effective_at=optional_time(raw.get("effective_at")),
        raw=raw,
    )


@dataclass(frozen=True)
class Hold:
    id: str
    state: str
    """``open``, ``captured``, ``voided`` or ``expired``."""
    customer_id: str
    credits: Optional[Amount]
    """What is held. None in answers that do not say it."""
    balance: Optional[Amount]
    """What the customer can still spend beside it. None in answers that do not say it."""
    expires_at: Optional[datetime]
    idempotency_key: Optional[str]
    position: Optional[str]
    raw: Raw = _raw()


def hold(answer: Answer) -> Hold:
    raw = answer.body
    balance = raw.get("balance")
    return Hold(
        id=raw["id"],
        state=raw["state"],
        customer_id=raw["customer"],
        credits=optional_amount(raw.get("credits")),
        balance=None if balance is None else amount(balance["available"]),
        expires_at=optional_time(raw.get("expires_at")),
        idempotency_key=answer.key,
        position=answer.position,
        raw=raw,
    )


@dataclass(frozen=True)
class Grant:
    id: str
    customer_id: str
    kind: str
    credits: Amount
    debt_settled: Amount
    balance: Amount
    expires_at: Optional[datetime]
    idempotency_key: Optional[str]
    position: Optional[str]
    raw: Raw = _raw()


def grant(answer: Answer) -> Grant:
    raw = answer.body
    return Grant(
        id=raw["id"],
        customer_id=raw["customer"],
        kind=raw["kind"],
        credits=amount(raw["credits"]),
        debt_settled=amount(raw.get("debt_settled", 0)),
        balance=amount(raw["balance"]["available"]),
        expires_at=optional_time(raw.get("expires_at")),
        idempotency_key=answer.key,
        position=answer.position,
        raw=raw,
    )


@dataclass(frozen=True)
class Quote:
    event: str
    customer_id: str
    credits: Amount
    balance: Amount
    accepted: bool
    price_version: Optional[str]
    in_words: str
    refusal: Optional[CharglyError]
    """Why it would be refused. It is not raised: nothing was asked for."""
    raw: Raw = _raw()


def quote(answer: Answer) -> Quote:
    raw = answer.body
    refusal = raw.get("refusal")
    return Quote(
        event=raw["event"],
        customer_id=raw["customer"],
        credits=amount(raw["credits"]),
        balance=amount(raw["available"]),
        accepted=raw["accepted"],
        price_version=raw.get("price_version"),
        in_words=raw.get("in_words", ""),
        refusal=None if refusal is None else batch_error(refusal, None),
        raw=raw,
    )


@dataclass(frozen=True)
class Event:
    """An event as it stands now."""

    event_id: str
    event: str
    customer_id: str
    quantity: Amount
    credits: Amount
    reversed: Amount
    cost: Optional[Raw]
    revenue: Optional[Raw]
    properties: Raw
    price_version: Optional[str]
    occurred_at: datetime
    recorded_at: datetime
    raw: Raw = _raw()

    @staticmethod
    def of(raw: Raw) -> Event:
        return Event(
            event_id=raw["id"],
            event=raw["event"],
            customer_id=raw["customer"],
            quantity=amount(raw["quantity"]),
            credits=amount(raw["credits"]),
            reversed=amount(raw.get("reversed", 0)),
            cost=raw.get("cost"),
            revenue=raw.get("revenue"),
            properties=raw.get("properties") or {},
            price_version=raw.get("price_version"),
            occurred_at=time(raw["occurred_at"]),
            recorded_at=time(raw["recorded_at"]),
            raw=raw,
        )


@dataclass(frozen=True)
class Reversal:
    id: str
    event_id: str
    customer_id: str
    credits: Amount
    balance: Amount
    idempotency_key: Optional[str]
    position: Optional[str]
    raw: Raw = _raw()


def reversal(answer: Answer) -> Reversal:
    raw = answer.body
    return Reversal(
        id=raw["id"],
        event_id=raw["event_id"],
        customer_id=raw["customer"],
        credits=amount(raw["credits"]),
        balance=amount(raw["balance"]["available"]),
        idempotency_key=answer.key,
        position=answer.position,
        raw=raw,
    )


@dataclass(frozen=True)
class LedgerEntry:
    id: str
    at: datetime
    kind: str
    label: str
    credits: Amount
    """With its sign."""
    balance_after: Amount
    event_id: Optional[str]
    raw: Raw = _raw()

    @staticmethod
    def of(raw: Raw) -> LedgerEntry:
        return LedgerEntry(
            id=raw["id"],
            at=time(raw["at"]),
            kind=raw["kind"],
            label=raw["label"],
            credits=amount(raw["credits"]),
            balance_after=amount(raw["balance_after"]),
            event_id=raw.get("event_id"),
            raw=raw,
        )


@dataclass(frozen=True)
class Page(Generic[T]):
    """Some of a list, newest first. Ask again with ``cursor=page.next_cursor`` for what follows."""

    data: Tuple[T, ...]
    next_cursor: Optional[str]
    raw: Raw = _raw()

    def __iter__(self) -> Iterator[T]:
        return iter(self.data)

    def __len__(self) -> int:
        return len(self.data)


@dataclass(frozen=True)
class UsageRow:
    start: Optional[datetime]
    end: Optional[datetime]
    event: Optional[str]
    customer_id: Optional[str]
    events: int
    quantity: Amount
    credits_used: Amount
    refused: int
    uncharged: Amount
    raw: Raw = _raw()

    @staticmethod
    def of(raw: Raw) -> UsageRow:
        return UsageRow(
            start=optional_time(raw.get("start")),
            end=optional_time(raw.get("end")),
            event=raw.get("event"),
            customer_id=raw.get("customer"),
            events=raw["events"],
            quantity=amount(raw["quantity"]),
            credits_used=amount(raw["credits_used"]),
            refused=raw["refused"],
            uncharged=amount(raw["uncharged"]),
            raw=raw,
        )


@dataclass(frozen=True)
class Usage:
    data: Tuple[UsageRow, ...]
    totals: UsageRow
    interval: str
    time_zone: str
    raw: Raw = _raw()


def usage(answer: Answer) -> Usage:
    raw = answer.body
    return Usage(
        data=tuple(UsageRow.of(row) for row in raw["data"]),
        totals=UsageRow.of(raw["totals"]),
        interval=raw["interval"],
        time_zone=raw["time_zone"],
        raw=raw,
    )
