"""Every operation against a live server."""

from __future__ import annotations

import asyncio
import time
from decimal import Decimal
from typing import Any, Callable, Dict, List

import httpx
import pytest
from server import Server

import chargly
from chargly import AsyncChargly, Chargly

Funded = Callable[..., str]


def test_the_line_of_the_readme(server: Server, funded: Funded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHARGLY_SECRET_KEY", server.key)
    monkeypatch.setenv("CHARGLY_BASE_URL", server.url + "/")
    chargly.set_default_client(None)
    user_id = funded()
    from chargly import meter_event

    result = meter_event("image.generate", user_id)
    assert (result.success, result.deducted_credits, result.remaining_balance) == (True, 40, 960)
    assert chargly.get_wallet(user_id).balance == 960
    chargly.set_default_client(None)


def test_meter_and_wallet(client: Chargly, funded: Funded) -> None:
    customer = funded()
    cost = {"amount": Decimal("0.04"), "currency": "usd"}
    result = client.meter_event(
        event="image.generate", customer=customer, idempotency_key="req-1", cost=cost, properties={"size": "1024"}
    )
    assert result.event_id.startswith("evt_")
    assert (result.event, result.customer_id, result.idempotency_key) == ("image.generate", customer, "req-1")
    assert not result.replayed
    again = client.meter_event(
        "image.generate", customer, idempotency_key="req-1", cost=cost, properties={"size": "1024"}
    )
    assert again.replayed
    assert again.event_id == result.event_id
    assert again.raw == result.raw

    wallet = client.get_wallet(customer, min_position=result.position)
    assert (wallet.customer_id, wallet.balance, wallet.unit) == (customer, 960, "credits")
    assert (wallet.posted, wallet.held, wallet.debt, wallet.frozen) == (960, 0, 0, False)
    assert wallet.wallet_id is not None
    assert wallet.lots[0].remaining == 960

    event = client.get_event(result.event_id)
    assert (event.credits, event.quantity, event.reversed) == (40, 1, 0)
    assert event.properties == {"size": "1024"}
    assert event.cost == {"amount": "0.04", "currency": "usd", "source": "reported"}
    assert [e.event_id for e in client.list_events(customer=customer)] == [result.event_id]

    history = client.list_wallet_history(customer, limit=1)
    assert [(e.kind, e.credits, e.balance_after) for e in history] == [("charge", -40, 960)]
    rest = client.list_wallet_history(customer, cursor=history.next_cursor)
    assert [(e.kind, e.credits) for e in rest] == [("grant", 1000)]


def test_a_customer_never_seen_has_nothing(client: Chargly) -> None:
    wallet = client.get_wallet("never/seen ü?#")
    assert (wallet.customer_id, wallet.wallet_id, wallet.balance) == ("never/seen ü?#", None, 0)


def test_credits_are_exact(client: Chargly) -> None:
    for credits in ("0.1", "0.2", "0.000001", "7000000000.123456"):
        client.grant("exact", credits)
    assert client.get_wallet("exact").balance == Decimal("7000000000.423457")
    grant = client.grant("exact", Decimal("0.576543"))
    assert grant.balance == 7000000001
    assert isinstance(grant.balance, int)


def test_refusal_top_up_retry(server: Server, client: Chargly, funded: Funded) -> None:
    customer = funded(30)
    with pytest.raises(chargly.InsufficientCredits) as caught:
        client.meter_event("image.generate", customer, idempotency_key="report-1")
    error = caught.value
    assert (error.required, error.available, error.shortfall, error.customer) == (40, 30, 10, customer)
    assert (error.status_code, error.code, error.retryable) == (402, "insufficient_credits", False)
    hint = error.checkout_hint
    assert hint is not None
    pack = hint.smallest_covering_pack
    assert pack is not None
    assert (pack.code, pack.credits, pack.price, pack.currency) == ("starter_500", 500, 1000, "usd")

    # The refusal is final for its key, also with credits.
    client.grant(customer, 100)
    with pytest.raises(chargly.InsufficientCredits):
        client.meter_event("image.generate", customer, idempotency_key="report-1")

    result = error.retry_after_top_up()
    assert result.deducted_credits == 40
    assert result.idempotency_key != "report-1"
    same = error.retry_after_top_up()
    assert same.replayed
    assert client.get_wallet(customer).balance == 90


def test_sell_a_pack(client: Chargly, funded: Funded) -> None:
    packs = {pack.id: pack for pack in client.list_credit_packs()}
    assert (packs["power_4000"].name, packs["power_4000"].credits, packs["power_4000"].price) == ("Power", 4000, 6000)
    customer = funded(0)
    order = client.create_checkout(customer, "starter_500", idempotency_key="cart-1")
    assert order.checkout_id.startswith("chk_")
    assert order.credits == 500
    assert client.create_checkout(customer, "starter_500", idempotency_key="cart-1").checkout_url == order.checkout_url
    paid = httpx.post(order.checkout_url, data={"action": "pay"}, follow_redirects=True)
    assert paid.is_success, paid.text
    assert client.get_checkout(order.checkout_id, refresh=True).status == "paid"
    assert client.get_checkout(order.checkout_id).status == "paid"
    assert client.get_wallet(customer).balance == 500


def test_errors_have_their_classes(server: Server, client: Chargly, funded: Funded) -> None:
    customer = funded()
    with pytest.raises(chargly.UnknownEventType) as unknown:
        client.meter_event("image.generat", customer)
    assert (unknown.value.event, unknown.value.did_you_mean) == ("image.generat", "image.generate")
    with pytest.raises(chargly.InvalidRequest) as invalid:
        client.meter_event("Image!", "")
    assert {error.field for error in invalid.value.errors} == {"event", "customer"}
    client.meter_event("image.generate", customer, idempotency_key="k")
    with pytest.raises(chargly.InvalidRequest, match="idempotency_key"):
        client.meter_event("image.generate", customer, idempotency_key="")
    with pytest.raises(chargly.IdempotencyConflict) as conflict:
        client.meter_event("image.generate", customer, idempotency_key="k", quantity=2)
    assert (conflict.value.field, conflict.value.first, conflict.value.now) == ("quantity", "1", "2")
    with pytest.raises(chargly.NotFound) as missing:
        client.get_event("evt_0000000000002d6bapvf")
    assert missing.value.kind == "event"
    with pytest.raises(chargly.Unauthorized):
        Chargly("sk_test_wrong", server.url).get_wallet("x")
    reader = server.ask("POST", "/v1/keys", label="reader", scopes=["read"])["secret"]
    with pytest.raises(chargly.Forbidden) as forbidden:
        Chargly(reader, server.url).meter_event("image.generate", customer)
    assert forbidden.value.required_scope == "meter"
    client.request("POST", f"/v1/customers/{customer}/wallet/freeze", json={"reason": "test"})
    with pytest.raises(chargly.WalletFrozen):
        client.meter_event("image.generate", customer)
    assert client.get_wallet(customer).frozen
    client.request("PUT", "/v1/event-types/no.price", json={"label": "x"})
    with pytest.raises(chargly.NoActivePrice):
        client.meter_event("no.price", customer)


def test_a_batch(client: Chargly, funded: Funded) -> None:
    rich, poor = funded(), funded(0)
    events: List[Dict[str, Any]] = [
        {"event": "image.generate", "customer": rich, "idempotency_key": "b1"},
        {"event": "image.generate", "customer": poor},
        {"event": "nope", "customer": rich},
        {"event": "chat.reply", "customer": rich, "quantity": "0.5", "cost": {"amount": "0.01", "currency": "usd"}},
    ]
    batch = client.meter_events(events)
    assert (batch.accepted, batch.refused, batch.replayed) == (2, 2, 0)
    first, refused, unknown, last = batch.results
    assert isinstance(first, chargly.MeterResult)
    assert first.idempotency_key == "b1"
    assert isinstance(last, chargly.MeterResult)
    assert isinstance(unknown, chargly.UnknownEventType)
    assert [place for place, _ in batch.errors] == [1, 2]
    assert isinstance(refused, chargly.InsufficientCredits)
    client.grant(poor, 50)
    assert refused.retry_after_top_up().remaining_balance == 10

    image = {"event": "image.generate", "customer": poor}
    with pytest.raises(chargly.InsufficientCredits) as atomic:
        client.meter_events([image, image], atomic=True)
    client.grant(poor, 100)
    assert atomic.value.retry_after_top_up().accepted == 2
    assert client.get_wallet(poor).balance == 30


def test_quote_and_rule(client: Chargly, funded: Funded) -> None:
    customer = funded(30)
    quote = client.quote("image.generate", customer)
    assert (quote.credits, quote.balance, quote.accepted) == (40, 30, False)
    assert isinstance(quote.refusal, chargly.InsufficientCredits)
    with pytest.raises(chargly.CharglyError, match="can be made again"):
        quote.refusal.retry_after_top_up()
    assert client.quote("chat.reply", customer).refusal is None

    rule = client.get_pricing_rule("image.generate")
    assert (rule.feature, rule.multiplier, rule.minimum_credits, rule.enabled, rule.version) == (
        "image.generate",
        0,
        40,
        True,
        1,
    )
    client.request("PUT", "/v1/event-types/by.second", json={"label": "Second"})
    assert not client.get_pricing_rule("by.second").enabled
    price = {"rule": {"type": "per_unit", "credits": Decimal("0.5"), "minimum": 3}, "note": "first"}
    client.request("POST", "/v1/event-types/by.second/prices", json=price, idempotency_key="price-1")
    rule = client.get_pricing_rule("by.second")
    assert (rule.multiplier, rule.minimum_credits) == (Decimal("0.5"), 3)


def test_reversal_and_cost(client: Chargly, funded: Funded) -> None:
    customer = funded()
    event = client.meter_event("image.generate", customer)
    assert client.reverse_event(event.event_id, "blurred", credits=15).credits == 15
    assert client.reverse_event(event.event_id, "blurred").balance == 1000
    with pytest.raises(chargly.AlreadyReversed) as caught:
        client.reverse_event(event.event_id, "again", credits=1)
    assert caught.value.left == 0
    answer = client.set_event_cost(event.event_id, {"amount": "0.05", "currency": "usd"}, reason="invoice")
    assert answer["cost"]["amount"] == "0.05"


def test_holds(client: Chargly, funded: Funded) -> None:
    customer = funded()
    hold = client.place_hold("agent.run", customer, credits=100)
    assert (hold.state, hold.credits, hold.balance) == ("open", 100, 900)
    assert client.increase_hold(hold.id, credits="20.5").balance == Decimal("879.5")
    longer = client.extend_hold(hold.id, 3600)
    assert longer.expires_at is not None
    assert hold.expires_at is not None
    assert longer.expires_at > hold.expires_at
    step = client.capture_hold(hold.id, credits=10, final=False)
    assert (step.still_held, step.ended, step.hold_id) == (Decimal("110.5"), False, hold.id)
    # A refused capture uses up its own key and no other: a smaller one can follow, and so could a void.
    with pytest.raises(chargly.CaptureExceedsHold) as caught:
        client.capture_hold(hold.id, credits=500)
    assert (caught.value.held, caught.value.requested) == (Decimal("110.5"), 500)
    last = client.capture_hold(hold.id, credits=30)
    assert (last.deducted_credits, last.remaining_balance, last.ended) == (30, 960, True)
    assert client.get_hold(hold.id).state == "captured"
    with pytest.raises(chargly.HoldNotOpen) as ended:
        client.void_hold(hold.id)
    assert ended.value.state == "captured"


def test_usage(client: Chargly, funded: Funded) -> None:
    customer = funded()
    result = client.meter_event("image.generate", customer)
    usage = client.get_usage(interval="total", group_by=["event"], customer=customer, min_position=result.position)
    assert (usage.totals.events, usage.totals.credits_used) == (1, 40)
    assert [(row.event, row.events) for row in usage.data] == [("image.generate", 1)]


def test_recommendations(own_server: Server) -> None:
    client = Chargly(own_server.key, own_server.url)
    client.request("PUT", "/v1/event-types/loss.maker", json={"label": "Loss", "credits": 1})
    client.grant("payer", 1000, "paid", price={"amount": "20", "currency": "usd"})
    for _ in range(20):
        client.meter_event("loss.maker", "payer", cost={"amount": "0.50", "currency": "usd"})
        client.meter_event("chat.reply", "payer")
    client.request("POST", "/v1/recommendations/look")
    ends = time.monotonic() + 60
    while client.request("GET", "/v1/recommendations/look")["status"] != "done":
        assert time.monotonic() < ends
        time.sleep(0.05)

    (advice,) = client.list_pricing_recommendations(feature="loss.maker", status="pending")
    assert (advice.current_credits, advice.recommended_credits, advice.kind) == (1, 25, "loss_making")
    assert (advice.version_from, advice.version_to, advice.status, advice.confidence) == (1, 2, "pending", "high")
    assert "you lose 48 ¢ every time" in advice.reason
    assert advice.estimated_lift is not None
    assert advice.estimated_lift.amount > 0
    assert (advice.estimated_lift.currency, advice.estimated_lift.per) == ("usd", "month")
    whole = client.get_pricing_recommendation(advice.id)
    assert whole == advice
    assert whole.raw["card"]["title"]
    explained = client.explain_pricing_recommendation(advice.id)
    assert (explained.recommendation_id, explained.version_from, explained.version_to) == (advice.id, 1, 2)
    assert (explained.target_margin, explained.estimated_margin) == (Decimal("0.6"), Decimal(0))
    assert len(explained.lines) > 3

    with pytest.raises(chargly.InvalidRequest) as caught:
        client.apply_pricing_recommendation(advice.id)
    assert [error.field for error in caught.value.errors] == ["notice_days"]
    applied = client.apply_pricing_recommendation(advice.id, notice_days=0, reason="It loses money")
    assert (applied.success, applied.status, applied.new_version) == (True, "applied", 2)
    rule = client.get_pricing_rule("loss.maker")
    assert (rule.minimum_credits, rule.version) == (25, 2)
    with pytest.raises(chargly.RecommendationNotOpen) as decided:
        client.reject_pricing_recommendation(advice.id)
    assert decided.value.recommendation_status == "applied"

    (other,) = client.list_pricing_recommendations(feature="chat.reply")
    assert other.recommended_credits is None
    with pytest.raises(chargly.RecommendationNotApplicable):
        client.apply_pricing_recommendation(other.id)
    assert client.reject_pricing_recommendation(other.id, reason="known").status == "rejected"

    for ask in (
        client.get_pricing_recommendation,
        client.explain_pricing_recommendation,
        client.apply_pricing_recommendation,
        client.reject_pricing_recommendation,
    ):
        with pytest.raises(chargly.NotFound):
            ask("rec_0000000000002d6bapvf")


def test_the_asynchronous_client_does_the_same(server: Server) -> None:
    async def main() -> None:
        async with AsyncChargly(server.key, server.url) as client:
            await client.grant("async_user", 100)
            results = await asyncio.gather(*(client.meter_event("image.generate", "async_user") for _ in range(2)))
            assert sorted(result.remaining_balance for result in results) == [20, 60]
            with pytest.raises(chargly.InsufficientCredits) as caught:
                await client.meter_event("image.generate", "async_user")
            await client.grant("async_user", 100)
            assert (await caught.value.retry_after_top_up()).remaining_balance == 80
            assert (await client.get_wallet("async_user")).balance == 80

    asyncio.run(main())
