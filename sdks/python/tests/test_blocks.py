"""Holds as blocks, and what is metered around a function or a block."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, Callable, Iterator, List

import httpx
import pytest
from server import Server

import chargly
from chargly import AsyncChargly, Chargly

Funded = Callable[..., str]


class Lossy(httpx.BaseTransport):
    """Loses answers to captures: the server has acted, the caller does not know."""

    def __init__(self, losses: int) -> None:
        self.losses = losses
        self.sent: List[str] = []
        self._below = httpx.HTTPTransport()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(request.url.path.rsplit("/", 1)[-1])
        response = self._below.handle_request(request)
        if request.url.path.endswith("/capture") and self.losses:
            self.losses -= 1
            response.read()
            raise httpx.ReadError("the line went dead")
        return response


def test_what_is_captured_is_charged_and_the_rest_given_back(client: Chargly, funded: Funded) -> None:
    customer = funded()
    with client.hold("agent.run", customer, credits=100) as hold:
        assert client.get_wallet(customer).balance == 900
        assert hold.capture(credits=30).deducted_credits == 30
        assert hold.ended
    wallet = client.get_wallet(customer)
    assert (wallet.balance, wallet.held) == (970, 0)


def test_steps_are_charged_and_the_rest_given_back(client: Chargly, funded: Funded) -> None:
    customer = funded()
    with client.hold("agent.run", customer, credits=100) as hold:
        hold.capture(credits="10.5", final=False)
        hold.increase(credits=50)
        hold.extend(3600)
        hold.capture(credits=20, final=False)
        assert str(hold.captured) == "30.5"
    wallet = client.get_wallet(customer)
    assert (str(wallet.balance), wallet.held) == ("969.5", 0)
    assert client.get_hold(hold.id).state in ("captured", "voided")


def test_nothing_captured_is_given_back(client: Chargly, funded: Funded) -> None:
    customer = funded()
    with client.hold("agent.run", customer, credits=100) as hold:
        pass
    assert client.get_hold(hold.id).state == "voided"
    assert client.get_wallet(customer).balance == 1000


def test_an_exception_gives_back_and_comes_through(client: Chargly, funded: Funded) -> None:
    customer = funded()
    with pytest.raises(ZeroDivisionError):
        with client.hold("agent.run", customer, credits=100) as hold:
            raise ZeroDivisionError
    assert client.get_hold(hold.id).state == "voided"
    assert client.get_wallet(customer).balance == 1000


def test_a_refused_capture_leaves_the_hold_to_be_voided(client: Chargly, funded: Funded) -> None:
    customer = funded()
    with pytest.raises(chargly.CaptureExceedsHold):
        with client.hold("agent.run", customer, credits=100) as hold:
            hold.capture(credits=101)
    assert client.get_hold(hold.id).state == "voided"


def test_voided_by_hand(client: Chargly, funded: Funded) -> None:
    customer = funded()
    with client.hold("agent.run", customer, credits=100) as hold:
        hold.void()
        hold.void()
    assert client.get_wallet(customer).balance == 1000


def test_a_hold_that_is_refused_runs_nothing(client: Chargly, funded: Funded) -> None:
    with pytest.raises(chargly.InsufficientCredits):
        with client.hold("agent.run", funded(10), credits=100):
            raise AssertionError("never")


def test_a_capture_in_doubt_is_never_voided_and_can_be_repeated(server: Server, funded: Funded) -> None:
    lossy = Lossy(1)
    client = Chargly(server.key, server.url, max_retries=0, transport=lossy)
    customer = funded()
    with client.hold("agent.run", customer, credits=100) as hold:
        with pytest.raises(chargly.ConnectionLost):
            hold.capture(credits=30)
        result = hold.capture(credits=30)
        assert result.replayed
    assert client.get_wallet(customer).balance == 970

    lossy.losses = 1
    with pytest.raises(chargly.ConnectionLost) as caught:
        with client.hold("agent.run", customer, credits=100) as hold:
            hold.capture(credits=30)
    assert lossy.sent[-1] == "capture"
    again = client.capture_hold(hold.id, credits=30, idempotency_key=caught.value.idempotency_key)
    assert again.replayed
    assert client.get_wallet(customer).balance == 940


def test_a_lost_answer_is_retried_and_captured_once(server: Server, funded: Funded) -> None:
    client = Chargly(server.key, server.url, transport=Lossy(2))
    customer = funded()
    with client.hold("agent.run", customer, credits=100) as hold:
        assert hold.capture(credits=30).replayed
    assert client.get_wallet(customer).balance == 970


def test_an_error_of_the_block_is_not_hidden_by_a_void_that_fails(
    funded: Funded, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    class NoVoid(Lossy):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            if request.url.path.endswith("/void"):
                raise httpx.ConnectError("gone")
            return super().handle_request(request)

    client = Chargly(server.key, server.url, max_retries=0, transport=NoVoid(0))
    with pytest.raises(ZeroDivisionError):
        with client.hold("agent.run", funded(), credits=100):
            raise ZeroDivisionError
    assert "could not be voided" in caplog.text


def test_a_block_is_entered_once(client: Chargly, funded: Funded) -> None:
    block = client.hold("agent.run", funded(), credits=10)
    with pytest.raises(chargly.CharglyError, match="placed when the block is entered"):
        block.capture()
    with block, pytest.raises(chargly.CharglyError, match="entered once"):
        block.__enter__()


# Decorated functions


def test_a_function_is_metered_after_it_succeeded(client: Chargly, funded: Funded) -> None:
    customer = funded()
    results: Iterator[Any] = iter([ValueError("no"), "picture"])

    @client.metered(
        "image.generate", customer=lambda user, prompt: user, cost=lambda _: {"amount": "0.04", "currency": "usd"}
    )
    def draw(user: str, prompt: str) -> str:
        """Draws."""
        result = next(results)
        if isinstance(result, Exception):
            raise result
        return str(result)

    with pytest.raises(ValueError, match="no"):
        draw(customer, prompt="a cat")
    assert client.get_wallet(customer).balance == 1000
    assert draw(customer, prompt="a cat") == "picture"
    assert client.get_wallet(customer).balance == 960
    assert draw.__doc__ == "Draws."
    (event,) = client.list_events(customer=customer)
    assert event.cost is not None
    assert event.cost["amount"] == "0.04"

    def seven() -> int:
        return 7

    fixed = client.metered("chat.reply", customer=customer)(seven)
    assert fixed() == 7
    assert client.get_wallet(customer).balance == 952


def test_only_what_can_be_metered_is_decorated(server: Server, client: Chargly) -> None:
    async def coroutine() -> None: ...

    def generator() -> Iterator[int]:
        yield 1

    def plain() -> None: ...

    with pytest.raises(TypeError, match="AsyncChargly for coroutine functions"):
        client.metered("chat.reply", customer="u")(coroutine)
    with pytest.raises(TypeError, match="generator"):
        client.metered("chat.reply", customer="u")(generator)
    with pytest.raises(TypeError, match="Chargly for plain functions"):
        AsyncChargly(server.key).metered("chat.reply", customer="u")(plain)
    with pytest.raises(TypeError, match="no arguments"):
        client.metered("chat.reply", lambda: "u").__enter__()


# Metered blocks


def test_a_block_holds_and_captures_with_its_cost(client: Chargly, funded: Funded) -> None:
    customer = funded()
    response = SimpleNamespace(
        model="gpt-4o",
        usage=SimpleNamespace(
            prompt_tokens=812, completion_tokens=164, prompt_tokens_details=SimpleNamespace(cached_tokens=512)
        ),
    )
    with client.metered("agent.run", customer, credits=100, properties={"task": "t"}) as run:
        assert client.get_wallet(customer).balance == 900
        run.cost(response)
        run.credits = 60
    assert run.result is not None
    assert run.result.deducted_credits == 60
    assert client.get_wallet(customer).balance == 940
    event = client.get_event(run.result.event_id)
    assert event.properties == {"task": "t"}
    assert event.raw["usage"] == {
        "provider": "openai",
        "model": "gpt-4o",
        "input_tokens": 812,
        "cached_input_tokens": 512,
        "output_tokens": 164,
    }


def test_a_block_that_fails_charges_nothing(client: Chargly, funded: Funded) -> None:
    customer = funded()
    with pytest.raises(ZeroDivisionError):
        with client.metered("agent.run", customer, credits=100):
            raise ZeroDivisionError
    assert client.get_wallet(customer).balance == 1000
    # Neither does one whose usage cannot be charged.
    with pytest.raises(chargly.CaptureExceedsHold):
        with client.metered("agent.run", customer, credits=100) as run:
            run.credits = 101
    assert client.get_wallet(customer).balance == 1000


def test_a_block_may_end_by_hand(client: Chargly, funded: Funded) -> None:
    customer = funded()
    with client.metered("agent.run", customer, credits=100) as run:
        run.capture(credits=5)
    with client.metered("agent.run", customer, credits=100) as run:
        run.void()
    assert client.get_wallet(customer).balance == 995


def test_the_asynchronous_blocks_do_the_same(server: Server, funded: Funded) -> None:
    customer = funded()

    async def main() -> None:
        async with AsyncChargly(server.key, server.url) as client:
            async with client.hold("agent.run", customer, credits=100) as hold:
                await hold.capture(credits=10, final=False)
                assert not hold.ended
            assert (await client.get_wallet(customer)).balance == 990
            with pytest.raises(ZeroDivisionError):
                async with client.hold("agent.run", customer, credits=100):
                    raise ZeroDivisionError
            async with client.metered("agent.run", customer, credits=100) as run:
                run.cost({"amount": "0.5", "currency": "usd"})
            assert run.result is not None
            assert (await client.get_wallet(customer)).balance == 890

            @client.metered("chat.reply", customer=lambda user: user)
            async def reply(user: str) -> str:
                return "hello"

            assert await reply(customer) == "hello"
            assert (await client.get_wallet(customer)).balance == 882

            # A task that is cancelled gives back what it held.
            entered = asyncio.Event()

            async def work() -> None:
                async with client.hold("agent.run", customer, credits=100):
                    entered.set()
                    await asyncio.sleep(60)

            task = asyncio.ensure_future(work())
            await entered.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            wallet = await client.get_wallet(customer)
            assert (wallet.balance, wallet.held) == (882, 0)

    asyncio.run(main())
