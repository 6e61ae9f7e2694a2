"""Every operation, once: a function from arguments to a :class:`Call`. The clients give each of them as a method."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Callable, Dict, Iterable, List, Mapping, Optional, Sequence, TypeVar, Union
from urllib.parse import quote as _quoted

from . import _models as models
from ._amounts import AmountInput, money_text, number, time_text
from ._call import Answer, Call, with_another_attempt
from ._errors import CharglyError
from ._ids import uuid7
from ._usage import cost_field

T = TypeVar("T")
Time = Union[datetime, str]

# Metering


def meter_event(
    event: str,
    customer: str,
    *,
    quantity: Optional[AmountInput] = None,
    credits: Optional[AmountInput] = None,
    cost: Any = None,
    properties: Optional[Mapping[str, Any]] = None,
    occurred_at: Optional[Time] = None,
    if_insufficient: Optional[str] = None,
    idempotency_key: Optional[str] = None,
) -> Call[models.MeterResult]:
    """Price one event, take the credits, and answer once that is durable.

    ``cost`` is what it cost you: ``{"amount": "0.04", "currency": "usd"}``, or the response (or its usage) of OpenAI,
    Anthropic or LiteLLM as it came. ``if_insufficient="record"`` is for work that was delivered already: it is charged
    whatever the wallet has. ``credits`` may be chosen where the event type allows it.

    Give an ``idempotency_key`` that your job or request has anyway, and the event is metered once even if the whole
    job runs again. Without it a key is made, which makes retries within this call safe.
    """
    return _post(
        "/v1/events",
        models.meter_result,
        event_fields(
            event,
            customer,
            quantity=quantity,
            credits=credits,
            cost=cost,
            properties=properties,
            occurred_at=occurred_at,
            if_insufficient=if_insufficient,
        ),
        _key(idempotency_key),
    )


def meter_events(
    events: Iterable[Mapping[str, Any]], *, atomic: bool = False, idempotency_key: Optional[str] = None
) -> Call[models.BatchResult]:
    """Meter up to 10,000 events: mappings with what :func:`meter_event` takes.

    Each is judged by itself, and each result is one of :class:`MeterResult` or an error, in order. With ``atomic`` all
    are accepted or none, for one customer and at most 1,000 events, under one key; a refusal is raised.
    """
    fields: List[Dict[str, Any]] = []
    for item in events:
        given = dict(item)
        key = given.pop("idempotency_key", None)
        one = event_fields(**given)
        if not atomic:
            one["idempotency_key"] = _key(key)
        elif key is not None:
            raise ValueError("an atomic batch has one key: pass idempotency_key beside the events")
        fields.append(one)

    def parse(answer: Answer) -> models.BatchResult:
        raw = answer.body
        return models.BatchResult(
            results=[_batch_item(answer, one, sent) for one, sent in zip(raw["results"], fields)],
            accepted=raw["accepted"],
            refused=raw["refused"],
            replayed=raw["replayed"],
            position=answer.position,
            raw=raw,
        )

    if not atomic:
        if idempotency_key is not None:
            raise ValueError("events of a batch have keys of their own; one for all is for atomic=True")
        return batch(fields, parse)
    body = {"events": fields, "atomic": True}
    return _post("/v1/events/batch", parse, body, _key(idempotency_key))


def batch(fields: Sequence[Mapping[str, Any]], parse: Callable[[Answer], T]) -> Call[T]:
    """Events that are in the form of the wire already, keys included."""
    return _post("/v1/events/batch", parse, {"events": fields}, None)


def _batch_item(
    answer: Answer, raw: Mapping[str, Any], sent: Mapping[str, Any]
) -> Union[models.MeterResult, CharglyError]:
    fields = dict(sent)
    key = fields.pop("idempotency_key", answer.key)
    if "error" not in raw:
        return models.MeterResult.of(raw, key, answer, answer.replayed)
    again = _post("/v1/events", models.meter_result, fields, key)
    return with_another_attempt(models.batch_error(raw["error"], key), again, answer.rerun)


def event_fields(
    event: str,
    customer: str,
    *,
    quantity: Optional[AmountInput] = None,
    credits: Optional[AmountInput] = None,
    cost: Any = None,
    properties: Optional[Mapping[str, Any]] = None,
    occurred_at: Optional[Time] = None,
    if_insufficient: Optional[str] = None,
) -> Dict[str, Any]:
    """One event as it is sent."""
    fields: Dict[str, Any] = {"event": event, "customer": customer}
    if quantity is not None:
        fields["quantity"] = number(quantity, "quantity")
    if credits is not None:
        fields["credits"] = number(credits, "credits")
    if cost is not None:
        fields["cost"] = cost_field(cost)
    if properties is not None:
        fields["properties"] = properties
    if occurred_at is not None:
        fields["occurred_at"] = time_text(occurred_at, "occurred_at")
    if if_insufficient is not None:
        fields["if_insufficient"] = if_insufficient
    return fields


def quote(
    event: str,
    customer: str,
    *,
    quantity: Optional[AmountInput] = None,
    credits: Optional[AmountInput] = None,
    cost: Any = None,
    properties: Optional[Mapping[str, Any]] = None,
) -> Call[models.Quote]:
    """What an event would cost, and whether it would be accepted. Changes nothing."""
    fields = event_fields(event, customer, quantity=quantity, credits=credits, cost=cost, properties=properties)
    return _post("/v1/quote", models.quote, fields, None)


def get_event(event_id: str, *, min_position: Optional[str] = None) -> Call[models.Event]:
    """One event as it stands now."""
    return _get(
        _path("/v1/events/{}", event_id), lambda answer: models.Event.of(answer.body), min_position=min_position
    )


def list_events(
    *,
    customer: Optional[str] = None,
    event: Optional[str] = None,
    start: Optional[Time] = None,
    end: Optional[Time] = None,
    limit: Optional[int] = None,
    cursor: Optional[str] = None,
) -> Call[models.Page[models.Event]]:
    """Events, newest first."""
    return _get(
        "/v1/events",
        _page(models.Event.of),
        customer=customer,
        event=event,
        **{"from": _time(start, "start"), "to": _time(end, "end")},
        limit=limit,
        cursor=cursor,
    )


def reverse_event(
    event_id: str,
    reason: str,
    *,
    credits: Optional[AmountInput] = None,
    idempotency_key: Optional[str] = None,
) -> Call[models.Reversal]:
    """Give credits of an event back, all that are left of it unless ``credits`` says how many."""
    body = _without_none(reason=reason, credits=_number(credits, "credits"))
    return _post(_path("/v1/events/{}/reverse", event_id), models.reversal, body, _key(idempotency_key))


def set_event_cost(
    event_id: str, cost: Any, *, reason: Optional[str] = None, idempotency_key: Optional[str] = None
) -> Call[Dict[str, Any]]:
    """Attach what an event cost you, or correct it. Charges nothing."""
    body = _without_none(cost=cost_field(cost), reason=reason)
    return _post(_path("/v1/events/{}/cost", event_id), _body, body, _key(idempotency_key))


# Wallets


def get_wallet(
    customer: str, *, as_of: Optional[Time] = None, min_position: Optional[str] = None
) -> Call[models.Wallet]:
    """What a customer has. One never seen has nothing.

    ``min_position`` waits until the answer knows of the call that answered that ``position``.
    """
    path = _path("/v1/customers/{}/wallet", customer)
    return _get(path, models.wallet, as_of=_time(as_of, "as_of"), min_position=min_position)


def list_wallet_history(
    customer: str,
    *,
    limit: Optional[int] = None,
    cursor: Optional[str] = None,
    min_position: Optional[str] = None,
) -> Call[models.Page[models.LedgerEntry]]:
    """Every movement of a wallet, newest first, with the balance after it."""
    path = _path("/v1/customers/{}/ledger", customer)
    return _get(path, _page(models.LedgerEntry.of), limit=limit, cursor=cursor, min_position=min_position)


def grant(
    customer: str,
    credits: AmountInput,
    kind: str = "promotional",
    *,
    price: Optional[Mapping[str, Any]] = None,
    priority: Optional[int] = None,
    effective_at: Optional[Time] = None,
    expires_at: Optional[Time] = None,
    scope: Optional[Sequence[str]] = None,
    reason: Optional[str] = None,
    idempotency_key: Optional[str] = None,
) -> Call[models.Grant]:
    """Put credits into a wallet: ``promotional``, ``adjustment``, or ``paid`` with the ``price`` that was paid for all
    of them, ``{"amount": "20", "currency": "usd"}``."""
    body = _without_none(
        credits=number(credits, "credits"),
        kind=kind,
        price=None if price is None else {**price, "amount": money_text(price["amount"], "price.amount")},
        priority=priority,
        effective_at=_time(effective_at, "effective_at"),
        expires_at=_time(expires_at, "expires_at"),
        scope=None if scope is None else list(scope),
        reason=reason,
    )
    return _post(_path("/v1/customers/{}/grants", customer), models.grant, body, _key(idempotency_key))


# Holds


def place_hold(
    event: str,
    customer: str,
    *,
    quantity: Optional[AmountInput] = None,
    credits: Optional[AmountInput] = None,
    expires_in_s: Optional[int] = None,
    idempotency_key: Optional[str] = None,
) -> Call[models.Hold]:
    """Set credits aside for work that is about to start, at the price in force now. Lapses after 15 minutes, or
    ``expires_in_s``."""
    body = _without_none(
        event=event,
        customer=customer,
        quantity=_number(quantity, "quantity"),
        credits=_number(credits, "credits"),
        expires_in_s=expires_in_s,
    )
    return _post("/v1/holds", models.hold, body, _key(idempotency_key))


def get_hold(hold_id: str, *, min_position: Optional[str] = None) -> Call[models.Hold]:
    """How a hold stands."""
    return _get(_path("/v1/holds/{}", hold_id), models.hold, min_position=min_position)


def capture_hold(
    hold_id: str,
    *,
    quantity: Optional[AmountInput] = None,
    credits: Optional[AmountInput] = None,
    cost: Any = None,
    properties: Optional[Mapping[str, Any]] = None,
    if_insufficient: Optional[str] = None,
    final: bool = True,
    idempotency_key: Optional[str] = None,
) -> Call[models.CaptureResult]:
    """Charge what was used of a hold, all of it unless said otherwise, and release the rest. ``final=False`` charges a
    step and keeps the rest held."""
    body = _without_none(
        quantity=_number(quantity, "quantity"),
        credits=_number(credits, "credits"),
        cost=None if cost is None else cost_field(cost),
        properties=properties,
        if_insufficient=if_insufficient,
        final=None if final else False,
    )
    # A key of its own, also where the server would take the hold's id for one: a refused capture would use that up, and
    # then neither a smaller capture nor a void could follow.
    return _post(_path("/v1/holds/{}/capture", hold_id), models.capture_result, body, _key(idempotency_key))


def increase_hold(
    hold_id: str,
    *,
    quantity: Optional[AmountInput] = None,
    credits: Optional[AmountInput] = None,
    idempotency_key: Optional[str] = None,
) -> Call[models.Hold]:
    """Set more aside."""
    body = _without_none(quantity=_number(quantity, "quantity"), credits=_number(credits, "credits"))
    return _post(_path("/v1/holds/{}/increase", hold_id), models.hold, body, _key(idempotency_key))


def extend_hold(hold_id: str, expires_in_s: int, *, idempotency_key: Optional[str] = None) -> Call[models.Hold]:
    """Let a hold lapse ``expires_in_s`` seconds from now."""
    path = _path("/v1/holds/{}/extend", hold_id)
    return _post(path, models.hold, {"expires_in_s": expires_in_s}, _key(idempotency_key))


def void_hold(hold_id: str, *, idempotency_key: Optional[str] = None) -> Call[models.Hold]:
    """Give a hold up. What was captured of it stays charged."""
    return _post(_path("/v1/holds/{}/void", hold_id), models.hold, {}, _key(idempotency_key))


# Selling


def list_credit_packs() -> Call[List[models.CreditPack]]:
    """What is for sale."""
    return _get("/v1/packs", models.credit_packs)


def create_checkout(
    customer: str,
    pack: str,
    *,
    success_url: Optional[str] = None,
    cancel_url: Optional[str] = None,
    idempotency_key: Optional[str] = None,
) -> Call[models.Checkout]:
    """Order a pack (its ``id``) for a customer. Send the buyer to the ``checkout_url``."""
    body = _without_none(customer=customer, pack=pack, success_url=success_url, cancel_url=cancel_url)
    return _post("/v1/checkouts", models.checkout, body, _key(idempotency_key))


def get_checkout(checkout_id: str, *, refresh: bool = False) -> Call[models.Checkout]:
    """How a checkout stands. ``refresh`` asks the payment provider first, for a page that the buyer comes back to."""
    if refresh:
        return Call("POST", _path("/v1/checkouts/{}/refresh", checkout_id), models.checkout)
    return _get(_path("/v1/checkouts/{}", checkout_id), models.checkout)


# Prices


def get_pricing_rule(feature: str) -> Call[models.PricingRule]:
    """The price in force of an event type."""
    return _get(_path("/v1/event-types/{}", feature), models.pricing_rule)


def list_pricing_recommendations(
    *,
    feature: Optional[str] = None,
    status: Optional[str] = None,
    kind: Optional[str] = None,
    confidence: Optional[str] = None,
    limit: Optional[int] = None,
    cursor: Optional[str] = None,
) -> Call[models.Page[models.Recommendation]]:
    """Advice on prices, newest first."""
    return _get(
        "/v1/recommendations",
        _page(models.Recommendation.of),
        event=feature,
        status=status,
        kind=kind,
        confidence=confidence,
        limit=limit,
        cursor=cursor,
    )


def get_pricing_recommendation(recommendation_id: str) -> Call[models.Recommendation]:
    """One recommendation; its card and evidence are in ``raw``."""
    path = _path("/v1/recommendations/{}", recommendation_id)
    return _get(path, lambda answer: models.Recommendation.of(answer.body))


def explain_pricing_recommendation(recommendation_id: str) -> Call[models.Explanation]:
    """The arithmetic of a recommendation, with its numbers put in."""
    path = _path("/v1/recommendations/{}/explain", recommendation_id)
    return _get(path, lambda answer: models.Explanation.of(recommendation_id, answer.body))


def apply_pricing_recommendation(
    recommendation_id: str,
    *,
    notice_days: Optional[int] = None,
    effective_at: Optional[Time] = None,
    reason: Optional[str] = None,
    idempotency_key: Optional[str] = None,
) -> Call[models.Decision]:
    """Publish the price that a recommendation proposes, and nothing else. Needs a key with the scope ``prices``."""
    body = _without_none(notice_days=notice_days, effective_at=_time(effective_at, "effective_at"), reason=reason)
    path = _path("/v1/recommendations/{}/apply", recommendation_id)
    return _post(path, models.decision, body, _key(idempotency_key))


def reject_pricing_recommendation(
    recommendation_id: str, *, reason: Optional[str] = None, idempotency_key: Optional[str] = None
) -> Call[models.Decision]:
    """Turn a recommendation down."""
    path = _path("/v1/recommendations/{}/reject", recommendation_id)
    return _post(path, models.decision, _without_none(reason=reason), _key(idempotency_key))


# Figures


def get_usage(
    *,
    start: Optional[Time] = None,
    end: Optional[Time] = None,
    interval: Optional[str] = None,
    group_by: Union[str, Sequence[str], None] = None,
    event: Optional[str] = None,
    customer: Optional[str] = None,
    min_position: Optional[str] = None,
) -> Call[models.Usage]:
    """What was used, by ``interval`` (``total``, ``hour``, ``day``, ``week``, ``month``), the last 30 days unless said
    otherwise. ``start`` is included, ``end`` is not; either may be a date like ``"2026-11-01"``."""
    return _get(
        "/v1/usage",
        models.usage,
        **{"from": _time(start, "start"), "to": _time(end, "end")},
        interval=interval,
        group_by=group_by if group_by is None or isinstance(group_by, str) else ",".join(group_by),
        event=event,
        customer=customer,
        min_position=min_position,
    )


# Everything else


def request(
    method: str,
    path: str,
    *,
    json: Optional[Mapping[str, Any]] = None,
    params: Optional[Mapping[str, Any]] = None,
    idempotency_key: Optional[str] = None,
) -> Call[Any]:
    """Any other route of the reference, with the same key, retries and errors. Answers the JSON.

    A POST without an ``idempotency_key`` is not tried again where it may have been carried out.
    """
    if not path.startswith("/"):
        raise ValueError(f"a path begins with a slash: {path!r}")
    repeatable = method.upper() != "POST" or idempotency_key is not None
    return Call(method.upper(), path, _body, _params(params or {}), json, idempotency_key, repeatable)


def _get(path: str, parse: Callable[[Answer], T], **params: Any) -> Call[T]:
    return Call("GET", path, parse, _params(params))


def _post(path: str, parse: Callable[[Answer], T], body: Mapping[str, Any], key: Optional[str]) -> Call[T]:
    return Call("POST", path, parse, body=body, key=key)


def _body(answer: Answer) -> Any:
    return answer.body


def _page(item: Callable[[Mapping[str, Any]], T]) -> Callable[[Answer], models.Page[T]]:
    def parse(answer: Answer) -> models.Page[T]:
        raw = answer.body
        return models.Page(tuple(item(one) for one in raw["data"]), raw["next_cursor"], raw)

    return parse


def _path(template: str, part: str) -> str:
    if not part:
        raise ValueError(f"an id is empty, in {template}")
    return template.format(_quoted(part, safe=""))


def _params(params: Mapping[str, Any]) -> Dict[str, str]:
    return {name: _param(value) for name, value in params.items() if value is not None}


def _param(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _without_none(**fields: Any) -> Dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _key(given: Optional[str]) -> str:
    """One that was given is sent whatever it is, so that an empty one is refused rather than replaced."""
    return uuid7() if given is None else given


def _number(value: Optional[AmountInput], field: str) -> Any:
    return None if value is None else number(value, field)


def _time(value: Optional[Time], field: str) -> Optional[str]:
    return None if value is None else time_text(value, field)
