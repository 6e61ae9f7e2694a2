"""Making a client, what is sent, and what is never shown."""

from __future__ import annotations

import asyncio
import inspect
import json
import logging
import os
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any, List

import httpx
import pytest
from test_retries import Script, good, lost, problem

import chargly
from chargly import AsyncChargly, Chargly

SECRET = "sk_test_" + "verysecretindeed"


@pytest.mark.parametrize("make", [Chargly, AsyncChargly])
@pytest.mark.parametrize("key", [None, "", "  "])
def test_an_empty_key_fails_at_once(make: Any, key: Any) -> None:
    with pytest.raises(chargly.ConfigurationError) as caught:
        make(key)
    assert str(caught.value) == "apiKey is required"


def test_the_default_client_needs_a_key_when_it_is_used() -> None:
    chargly.set_default_client(None)
    with pytest.raises(chargly.ConfigurationError, match="apiKey is required"):
        chargly.meter_event("image.generate", "u")


def test_the_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Chargly("k").base_url == "http://127.0.0.1:8080"
    monkeypatch.setenv("CHARGLY_SECRET_KEY", SECRET)
    monkeypatch.setenv("CHARGLY_BASE_URL", "https://billing.example/")
    script = Script(good())
    client = Chargly(transport=httpx.MockTransport(script))
    client.meter_event("image.generate", "u")
    assert str(script.requests[0].url) == "https://billing.example/v1/events"
    assert script.requests[0].headers["authorization"] == f"Bearer {SECRET}"
    assert script.requests[0].headers["user-agent"] == f"chargly-python/{chargly.__version__}"
    assert Chargly(base_url="http://x/p//").base_url == "http://x/p"


@pytest.mark.parametrize("url", ["billing.example", "ftp://x", "file:///x", "https://u:secret@x/p", SECRET])
def test_a_base_url_that_is_none_is_refused_and_not_shown(url: str) -> None:
    with pytest.raises(chargly.ConfigurationError, match="base_url") as caught:
        Chargly("k", url)
    assert url not in str(caught.value)


@pytest.mark.parametrize("key", ["sk_test_x\nx: y", "sk test", "sk_tëst"])
def test_a_key_that_can_be_none_is_refused_and_not_shown(key: str) -> None:
    with pytest.raises(chargly.ConfigurationError) as caught:
        Chargly(key)
    assert key not in str(caught.value)


def test_secrets_are_not_shown(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    shown: List[str] = []
    for step in (good(), problem(401, "unauthorized"), lost()):
        client = Chargly(SECRET, transport=httpx.MockTransport(Script(step)), max_retries=0)
        try:
            shown.append(repr(client.meter_event("image.generate", "u")))
        except chargly.CharglyError as error:
            shown += [repr(error), str(error), repr(vars(error)), repr(error.__cause__)]
        shown += [repr(client), str(client), repr(vars(client)), repr(client._http.headers)]
    shown.append(repr(AsyncChargly(SECRET)))
    shown.append(caplog.text)
    assert SECRET not in "".join(shown)
    assert "Bearer" not in caplog.text


def test_secrets_are_not_logged_by_what_is_below(server: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    Chargly(server.key, server.url).get_wallet("u")
    assert "/v1/customers/u/wallet" in caplog.text
    assert server.key not in caplog.text


@pytest.mark.parametrize(
    "call",
    [
        lambda c: c.meter_event("e", "u", cost={"amount": 0.04, "currency": "usd"}),
        lambda c: c.meter_event("e", "u", credits=1.5),
        lambda c: c.meter_event("e", "u", quantity=0.1),
        lambda c: c.grant("u", 0.5),
        lambda c: c.grant("u", 5, "paid", price={"amount": 19.99, "currency": "usd"}),
        lambda c: c.place_hold("e", "u", credits=1.5),
        lambda c: c.capture_hold("hld_1", credits=1.5),
        lambda c: c.meter_events([{"event": "e", "customer": "u", "credits": 0.1}]),
    ],
)
def test_floats_are_refused_for_amounts(call: Any) -> None:
    script = Script()
    with pytest.raises(TypeError, match=r'is a float .*, which cannot hold an amount exactly: pass "'):
        call(script.client())
    assert script.bodies == []


@pytest.mark.parametrize("amount", ["", "x", "NaN", "Infinity", Decimal("NaN")])
def test_what_is_no_number_is_refused(amount: Any) -> None:
    with pytest.raises(ValueError, match=r"is not a (finite )?number"):
        Script().client().grant("u", amount)


def test_a_cost_without_a_currency_is_refused() -> None:
    for cost in ("0.04", 4, 0.04):
        with pytest.raises(TypeError, match="cost needs a currency"):
            Script().client().meter_event("e", "u", cost=cost)


def test_amounts_are_sent_as_exact_numbers_and_money_as_text() -> None:
    script = Script(good())
    script.client().meter_event(
        "e",
        "u",
        quantity="7000000000.123456",
        credits=Decimal("1E-6"),
        cost={"amount": Decimal("1E+2"), "currency": "usd"},
        properties={"seconds": Decimal("1.50"), "text": '"12"', "ratio": 0.5},
        occurred_at=datetime(2026, 11, 23, 10, 0, tzinfo=timezone.utc),
        idempotency_key="k",
    )
    assert script.requests[0].content == (
        b'{"event":"e","customer":"u","quantity":7000000000.123456,"credits":0.000001,'
        b'"cost":{"amount":"100","currency":"usd"},'
        b'"properties":{"seconds":1.50,"text":"\\"12\\"","ratio":0.5},"occurred_at":"2026-11-23T10:00:00.000Z",'
        b'"idempotency_key":"k"}'
    )


def test_times_without_a_zone_are_refused() -> None:
    with pytest.raises(ValueError, match="occurred_at has no time zone"):
        Script().client().meter_event("e", "u", occurred_at=datetime(2026, 1, 1))


def test_ids_cannot_lead_elsewhere() -> None:
    script = Script(problem(404, "not_found"))
    with pytest.raises(chargly.NotFound):
        script.client().get_event("../../x?y#z")
    assert script.requests[0].url.raw_path == b"/v1/events/..%2F..%2Fx%3Fy%23z"
    with pytest.raises(ValueError, match="empty"):
        script.client().get_event("")


def test_redirects_are_not_followed() -> None:
    script = Script(httpx.Response(307, headers={"location": "http://evil.example/"}))
    with pytest.raises(chargly.CharglyError):
        script.client().meter_event("e", "u")
    assert len(script.requests) == 1


def test_both_clients_have_the_same_operations() -> None:
    def operations(client: type) -> "dict[str, str]":
        skipped = {"close", "aclose"}
        return {
            name: str(inspect.signature(value)).split(" -> ")[0]
            for name, value in vars(client).items()
            if not name.startswith("_") and name not in skipped
        }

    blocking, asynchronous = operations(Chargly), operations(AsyncChargly)
    assert blocking == asynchronous
    assert "customer: 'str'" in blocking["meter_event"]
    assert len(blocking) >= 27
    assert Chargly.meter_event.__doc__


def test_closed_with_its_block() -> None:
    with Chargly("k", transport=httpx.MockTransport(Script())) as client:
        pass
    with pytest.raises(RuntimeError):
        client.get_wallet("u")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks here")
def test_a_forked_child_opens_connections_of_its_own(server: Any) -> None:
    client = Chargly(server.key, server.url)
    client.get_wallet("u")
    reads, writes = os.pipe()
    child = os.fork()
    if child == 0:
        told = json.dumps([client.get_wallet("forked").customer_id for _ in range(20)])
        os.write(writes, told.encode())
        os._exit(0)
    assert [client.get_wallet("parent").customer_id for _ in range(20)] == ["parent"] * 20
    assert json.loads(os.read(reads, 10_000)) == ["forked"] * 20
    os.waitpid(child, 0)


def test_is_shared_by_threads(client: Chargly, funded: Any) -> None:
    from concurrent.futures import ThreadPoolExecutor

    customer = funded(1000)
    with ThreadPoolExecutor(16) as pool:
        results = list(pool.map(lambda _: client.meter_event("chat.reply", customer), range(50)))
    assert len({result.event_id for result in results}) == 50
    assert client.get_wallet(customer).balance == 600


def test_the_asynchronous_client_is_closed_with_its_block() -> None:
    async def main() -> None:
        async with AsyncChargly("k") as client:
            pass
        with pytest.raises(RuntimeError):
            await client.get_wallet("u")

    asyncio.run(main())
