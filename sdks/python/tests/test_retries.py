"""What is tried again, when, and under which key. No server: a transport of our own answers."""

from __future__ import annotations

import asyncio
import json
import pickle
import time
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any, Callable, List, Union

import httpx
import pytest

import chargly
from chargly import AsyncChargly, Chargly

GOOD = {
    "id": "evt_1",
    "event": "image.generate",
    "customer": "u",
    "credits": 40,
    "balance": {"posted": 60, "held": 0, "available": 60},
    "price_version": "prv_1",
    "recorded_at": "2026-11-23T21:35:15.036Z",
}
Step = Union[Exception, httpx.Response, Callable[[httpx.Request], httpx.Response]]


def problem(status: int, code: str, headers: Any = None, **facts: Any) -> httpx.Response:
    return httpx.Response(status, json={"status": status, "code": code, "detail": "d", **facts}, headers=headers)


def good() -> httpx.Response:
    return httpx.Response(200, json=GOOD)


class Script:
    """Plays one step for each attempt, and remembers what was sent and how long was waited."""

    def __init__(self, *steps: Step) -> None:
        self.steps = list(steps)
        self.bodies: List[Any] = []
        self.requests: List[httpx.Request] = []
        self.waits: List[float] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        self.bodies.append(json.loads(request.content) if request.content else None)
        step = self.steps.pop(0)
        if isinstance(step, Exception):
            raise step
        return step if isinstance(step, httpx.Response) else step(request)

    def client(self, **options: Any) -> Chargly:
        client = Chargly("sk_test_x", transport=httpx.MockTransport(self), **options)
        client._sleep = self.waits.append
        return client


def lost() -> httpx.ConnectError:
    return httpx.ConnectError("refused")


@pytest.mark.parametrize(
    "failure",
    [
        lost(),
        httpx.ReadError("reset"),
        httpx.ReadTimeout("slow"),
        httpx.RemoteProtocolError("cut off"),
        problem(408, "request_timeout"),
        problem(429, "rate_limited"),
        problem(500, "internal"),
        problem(503, "unavailable", retryable=True),
        problem(507, "storage_full", retryable=True),
        httpx.Response(502, text="<html>Bad gateway</html>"),
    ],
)
def test_is_tried_again_under_the_same_key(failure: Step) -> None:
    script = Script(failure, failure, good())
    result = script.client().meter_event("image.generate", "u")
    assert result.event_id == "evt_1"
    keys = {body["idempotency_key"] for body in script.bodies}
    assert keys == {result.idempotency_key}
    assert len(script.bodies) == 3
    assert len({request.content for request in script.requests}) == 1


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "invalid_request"),
        (401, "unauthorized"),
        (402, "insufficient_credits"),
        (409, "x"),
        (422, "x"),
        (302, "x"),
    ],
)
def test_a_refusal_is_not_tried_again(status: int, code: str) -> None:
    script = Script(problem(status, code))
    with pytest.raises(chargly.CharglyError) as caught:
        script.client().meter_event("image.generate", "u")
    assert caught.value.status_code == status
    assert len(script.bodies) == 1


def test_a_post_without_a_key_is_not_made_twice() -> None:
    for failure in (httpx.ReadError("reset"), httpx.ReadTimeout("slow"), problem(503, "unavailable", retryable=True)):
        script = Script(failure)
        with pytest.raises(chargly.CharglyError):
            script.client().request("POST", "/v1/webhook-endpoints", json={"url": "u"})
        assert len(script.bodies) == 1
    for harmless in (lost(), problem(429, "rate_limited")):
        script = Script(harmless, httpx.Response(200, json={}))
        script.client().request("POST", "/v1/webhook-endpoints", json={"url": "u"})
        assert len(script.bodies) == 2
    for method, key in (("PUT", None), ("DELETE", None), ("GET", None), ("POST", "k")):
        script = Script(httpx.ReadError("reset"), httpx.Response(200, json={}))
        script.client().request(method, "/v1/x", idempotency_key=key)
        assert len(script.bodies) == 2
    with pytest.raises(ValueError, match="slash"):
        Script().client().request("GET", "@elsewhere.example/")


def test_a_server_that_says_that_it_is_final_is_believed() -> None:
    script = Script(problem(502, "payment_provider_refused", retryable=False))
    with pytest.raises(chargly.PaymentProviderRefused):
        script.client().create_checkout("u", "starter_500")
    assert len(script.bodies) == 1


def test_calls_have_different_keys() -> None:
    script = Script(good(), good())
    client = script.client()
    keys = [client.meter_event("image.generate", "u").idempotency_key for _ in range(2)]
    assert len(set(keys)) == 2
    assert all(key is not None and key[14] == "7" and key[19] in "89ab" for key in keys)


def test_keys_are_ordered_by_time() -> None:
    from chargly._ids import uuid7

    first = uuid7()
    time.sleep(0.005)
    assert first < uuid7()


def test_gives_up_after_max_retries() -> None:
    script = Script(*[lost()] * 3)
    with pytest.raises(chargly.ConnectionLost) as caught:
        script.client(max_retries=2).meter_event("image.generate", "u", idempotency_key="mine")
    assert caught.value.retryable
    assert caught.value.idempotency_key == "mine"
    assert isinstance(caught.value.__cause__, httpx.ConnectError)
    assert len(script.bodies) == 3


def test_time_out_has_a_class_of_its_own() -> None:
    with pytest.raises(chargly.TimedOut):
        Script(httpx.ReadTimeout("slow")).client(max_retries=0).get_wallet("u")


def test_waits_as_long_as_it_is_told() -> None:
    script = Script(problem(429, "rate_limited", {"retry-after": "7"}), good())
    script.client().meter_event("image.generate", "u")
    assert 7 <= script.waits[0] <= 7.1

    when = format_datetime(datetime.now(timezone.utc) + timedelta(seconds=9), usegmt=True)
    script = Script(problem(503, "unavailable", {"retry-after": when}), good())
    script.client().meter_event("image.generate", "u")
    assert 7 <= script.waits[0] <= 9.1


def test_does_not_wait_beyond_the_deadline() -> None:
    script = Script(problem(429, "rate_limited", {"retry-after": "61"}))
    with pytest.raises(chargly.RateLimited) as caught:
        script.client().meter_event("image.generate", "u")
    assert caught.value.retry_after == 61
    assert script.waits == []


def test_waits_longer_each_time_with_jitter() -> None:
    waits: List[List[float]] = []
    for _ in range(200):
        script = Script(*[lost()] * 5, good())
        script.client().meter_event("image.generate", "u")
        waits.append(script.waits)
    longest = [max(each) for each in zip(*waits)]
    assert all(longest[n] <= 0.1 * 2**n for n in range(5))
    assert longest == sorted(longest)
    assert len({round(each[4], 3) for each in waits}) > 50


def test_attempts_are_given_no_more_time_than_is_left() -> None:
    script = Script(good())
    script.client(timeout=10, deadline=3).meter_event("image.generate", "u")
    assert script.requests[0].extensions["timeout"]["read"] <= 3


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, chargly.InvalidRequest),
        (401, chargly.Unauthorized),
        (402, chargly.PaymentRequired),
        (403, chargly.Forbidden),
        (404, chargly.NotFound),
        (405, chargly.CharglyError),
        (409, chargly.Conflict),
        (410, chargly.Gone),
        (413, chargly.TooLarge),
        (422, chargly.Unprocessable),
        (429, chargly.RateLimited),
        (500, chargly.ServerError),
        (501, chargly.ServerError),
        (503, chargly.Unavailable),
        (507, chargly.StorageFull),
    ],
)
def test_an_unknown_code_has_the_class_of_its_status(status: int, kind: type) -> None:
    script = Script(problem(status, "of_tomorrow", fact=1))
    with pytest.raises(chargly.CharglyError) as caught:
        script.client(max_retries=0).meter_event("image.generate", "u")
    error = caught.value
    assert type(error) is kind
    assert (error.status_code, error.code, error.raw["fact"], str(error)) == (status, "of_tomorrow", 1, "d")


def test_an_answer_that_is_not_json() -> None:
    with pytest.raises(chargly.UnexpectedAnswer, match="is base_url the address of a Chargly server"):
        Script(httpx.Response(200, text="<html>")).client().get_wallet("u")
    with pytest.raises(chargly.NotFound) as caught:
        Script(httpx.Response(404, text="<html>")).client().get_wallet("u")
    assert caught.value.code == "http_404"


def test_errors_travel_between_processes() -> None:
    refused = problem(402, "insufficient_credits", required=40, available=1, shortfall=39, customer="u")
    with pytest.raises(chargly.InsufficientCredits) as caught:
        Script(refused).client().meter_event("image.generate", "u", idempotency_key="k")
    copy = pickle.loads(pickle.dumps(caught.value))
    assert type(copy) is chargly.InsufficientCredits
    assert (copy.shortfall, copy.idempotency_key, str(copy)) == (39, "k", "d")


def test_retry_after_top_up_keeps_its_new_key_until_it_is_refused_again() -> None:
    refused = problem(402, "insufficient_credits")
    script = Script(refused, lost(), good(), refused, good())
    client = script.client(max_retries=0)
    with pytest.raises(chargly.InsufficientCredits) as first:
        client.meter_event("image.generate", "u", idempotency_key="k0")
    with pytest.raises(chargly.ConnectionLost):
        first.value.retry_after_top_up()
    first.value.retry_after_top_up()
    with pytest.raises(chargly.InsufficientCredits) as second:
        first.value.retry_after_top_up()
    second.value.retry_after_top_up()
    keys = [body["idempotency_key"] for body in script.bodies]
    assert keys[0] == "k0"
    assert keys[1] == keys[2] == keys[3] != "k0"
    assert keys[4] not in keys[:4]
    assert [{**body, "idempotency_key": ""} for body in script.bodies] == [
        {"event": "image.generate", "customer": "u", "idempotency_key": ""}
    ] * 5


def test_the_asynchronous_client_decides_alike() -> None:
    async def main() -> None:
        script = Script(lost(), problem(503, "unavailable"), good())
        client = AsyncChargly("sk_test_x", transport=httpx.MockTransport(script))

        async def sleep(seconds: float) -> None:
            script.waits.append(seconds)

        client._sleep = sleep
        async with client:
            result = await client.meter_event("image.generate", "u")
        assert {body["idempotency_key"] for body in script.bodies} == {result.idempotency_key}
        assert len(script.waits) == 2

    asyncio.run(main())
