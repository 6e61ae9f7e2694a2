"""The two clients. They differ in how they send, sleep and drive a flow; everything else is shared."""

from __future__ import annotations

import asyncio
import functools
import inspect
import math
import os
import time
import weakref
from typing import (
    TYPE_CHECKING,
    Any,
    Awaitable,
    Callable,
    Coroutine,
    Generator,
    Generic,
    Mapping,
    Optional,
    Type,
    TypeVar,
    Union,
    cast,
)

import httpx

from . import _ops as ops
from ._amounts import AmountInput
from ._call import Call, Outcome, Policy, Send, Sleep, Step, attempts
from ._errors import CharglyError, ConfigurationError
from ._holds import Flow, HoldFlows, MeteredFlows
from ._version import __version__

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Concatenate, ParamSpec

    P = ParamSpec("P")
    S = TypeVar("S")
    R_co = TypeVar("R_co", covariant=True)

    class Method(Generic[P, R_co]):
        """An operation as a method."""

        def __get__(self, instance: object, owner: Any = None) -> Callable[P, R_co]: ...


T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])

DEFAULT_BASE_URL = "http://127.0.0.1:8080"


def _method(make: Callable[..., Call[Any]]) -> Any:
    @functools.wraps(make)
    def method(self: _Client, *args: Any, **kwargs: Any) -> Any:
        return self._run(make(*args, **kwargs))

    return _with_self(method, make)


def _driven(flow: Callable[..., Flow[Any]]) -> Any:
    @functools.wraps(flow)
    def method(self: _Block, *args: Any, **kwargs: Any) -> Any:
        return self._client._drive(flow(self, *args, **kwargs))

    method.__name__ = flow.__name__[: -len("_flow")]
    return method


def _with_self(method: Callable[..., Any], make: Callable[..., Any]) -> Any:
    """`help` and editors show the arguments of the operation."""
    signature = inspect.signature(make)
    this = inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    answer = str(signature.return_annotation)
    answer = answer[len("Call[") : -1] if answer.startswith("Call[") else answer
    setattr(  # noqa: B010 - mypy knows no __signature__ of a function
        method,
        "__signature__",
        signature.replace(
            parameters=[this, *signature.parameters.values()], return_annotation=answer.replace("models.", "")
        ),
    )
    return method


def now(make: Callable[P, Call[T]]) -> Method[P, T]:
    return cast("Method[P, T]", _method(make))


def later(make: Callable[P, Call[T]]) -> Method[P, Coroutine[Any, Any, T]]:
    return cast("Method[P, Coroutine[Any, Any, T]]", _method(make))


def flow_now(flow: Callable[Concatenate[S, P], Flow[T]]) -> Method[P, T]:
    return cast("Method[P, T]", _driven(flow))


def flow_later(flow: Callable[Concatenate[S, P], Flow[T]]) -> Method[P, Coroutine[Any, Any, T]]:
    return cast("Method[P, Coroutine[Any, Any, T]]", _driven(flow))


class _Client:
    """What both clients are made of."""

    def __init__(
        self,
        api_key: Optional[str],
        base_url: Optional[str],
        timeout: float,
        max_retries: int,
        deadline: float,
    ) -> None:
        key = os.environ.get("CHARGLY_SECRET_KEY", "") if api_key is None else api_key
        key = key.strip()
        if not key:
            raise ConfigurationError("apiKey is required", code="configuration")
        if not (key.isascii() and key.isprintable()) or " " in key:
            raise ConfigurationError("apiKey has characters that no key has", code="configuration")
        url = base_url or os.environ.get("CHARGLY_BASE_URL") or DEFAULT_BASE_URL
        url = url.strip().rstrip("/")
        if not url.startswith(("http://", "https://")):
            # It is not shown: it may be the key, in the wrong place.
            raise ConfigurationError("base_url must start with http:// or https://", code="configuration")
        if "@" in url.split("/")[2]:
            raise ConfigurationError("base_url takes no user and password: they would be shown", code="configuration")
        if max_retries < 0 or not (0 < timeout < math.inf) or not (0 < deadline < math.inf):
            raise ConfigurationError(
                "timeout and deadline must be above 0, max_retries not below", code="configuration"
            )
        self.base_url = url
        self.max_retries = max_retries
        self.timeout = timeout
        self.deadline = deadline
        self._policy = Policy(timeout=timeout, max_retries=max_retries, deadline=deadline)
        # httpx shows a header of this name as [secure], wherever it shows headers.
        self._headers = httpx.Headers(
            {
                "authorization": f"Bearer {key}",
                "user-agent": f"chargly-python/{__version__}",
                "accept": "application/json",
            }
        )

    def __repr__(self) -> str:
        return f"{type(self).__name__}(base_url={self.base_url!r})"

    def _run(self, call: Call[Any]) -> Any:
        raise NotImplementedError

    def _drive(self, flow: Flow[Any]) -> Any:
        raise NotImplementedError

    def _steps(self, call: Call[Any]) -> Generator[Step, Outcome, Any]:
        return attempts(call, self._policy, self._run)

    def _request(self, http: Union[httpx.Client, httpx.AsyncClient], step: Send) -> httpx.Request:
        call = step.call
        return http.build_request(
            call.method,
            self.base_url + call.path,
            params=call.params or None,
            content=step.content,
            headers=None if step.content is None else {"content-type": "application/json"},
            timeout=step.timeout,
        )


class _Block:
    """A block of `with` that makes calls."""

    _client: _Client


class Chargly(_Client):
    """A client of a Chargly server. It may be shared by threads; make one and keep it.

    ``api_key`` is ``CHARGLY_SECRET_KEY`` of the environment if left out, ``base_url`` is ``CHARGLY_BASE_URL``, else a
    server on this machine. ``timeout`` is for one attempt and ``deadline`` for all of them together, in seconds.
    """

    def __init__(
        self,
        api_key: Optional[str] = None,
        base_url: Optional[str] = None,
        timeout: float = 10.0,
        max_retries: int = 5,
        transport: Optional[httpx.BaseTransport] = None,
        *,
        deadline: float = 60.0,
    ) -> None:
        super().__init__(api_key, base_url, timeout, max_retries, deadline)
        self._transport = transport
        self._http = self._open()
        self._sleep: Callable[[float], None] = time.sleep
        _clients.add(self)

    meter_event = now(ops.meter_event)
    meter_events = now(ops.meter_events)
    quote = now(ops.quote)
    get_event = now(ops.get_event)
    list_events = now(ops.list_events)
    reverse_event = now(ops.reverse_event)
    set_event_cost = now(ops.set_event_cost)
    get_wallet = now(ops.get_wallet)
    list_wallet_history = now(ops.list_wallet_history)
    grant = now(ops.grant)
    place_hold = now(ops.place_hold)
    get_hold = now(ops.get_hold)
    capture_hold = now(ops.capture_hold)
    increase_hold = now(ops.increase_hold)
    extend_hold = now(ops.extend_hold)
    void_hold = now(ops.void_hold)
    list_credit_packs = now(ops.list_credit_packs)
    create_checkout = now(ops.create_checkout)
    get_checkout = now(ops.get_checkout)
    get_pricing_rule = now(ops.get_pricing_rule)
    list_pricing_recommendations = now(ops.list_pricing_recommendations)
    get_pricing_recommendation = now(ops.get_pricing_recommendation)
    explain_pricing_recommendation = now(ops.explain_pricing_recommendation)
    apply_pricing_recommendation = now(ops.apply_pricing_recommendation)
    reject_pricing_recommendation = now(ops.reject_pricing_recommendation)
    get_usage = now(ops.get_usage)
    request = now(ops.request)

    def hold(
        self,
        event: str,
        customer: str,
        *,
        quantity: Optional[AmountInput] = None,
        credits: Optional[AmountInput] = None,
        expires_in_s: Optional[int] = None,
        idempotency_key: Optional[str] = None,
    ) -> HoldBlock:
        """Set credits aside for a block: ``with client.hold(…) as hold: … hold.capture(…)``.

        Whatever is not captured when the block is left is given back.
        """
        return HoldBlock(self, _placed(event, customer, quantity, credits, expires_in_s, idempotency_key))

    def metered(
        self,
        event: str,
        customer: Union[str, Callable[..., str]],
        *,
        quantity: Optional[AmountInput] = None,
        credits: Optional[AmountInput] = None,
        cost: Optional[Callable[[Any], Any]] = None,
        properties: Optional[Mapping[str, Any]] = None,
        expires_in_s: Optional[int] = None,
        if_insufficient: Optional[str] = None,
    ) -> Metered:
        """Meter a function, or a block.

        As a decorator, the function is metered each time after it succeeded. ``customer`` may be a function of the
        same arguments, and ``cost`` a function of the result.

        As a block, credits are held first, and captured when the block is left without an error:
        ``with client.metered(…) as run: … run.cost(response)``.
        """
        return Metered(self, event, customer, quantity, credits, cost, properties, expires_in_s, if_insufficient)

    def close(self) -> None:
        self._http.close()

    def __enter__(self) -> Chargly:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _open(self) -> httpx.Client:
        return httpx.Client(headers=self._headers, transport=self._transport)

    def _run(self, call: Call[T]) -> T:
        steps = self._steps(call)
        outcome: Outcome = None
        try:
            while True:
                step = steps.send(outcome)
                if isinstance(step, Sleep):
                    self._sleep(step.seconds)
                    outcome = None
                    continue
                try:
                    outcome = self._http.send(self._request(self._http, step))
                except httpx.TransportError as error:
                    outcome = error
        except StopIteration as done:
            return cast("T", done.value)

    def _drive(self, flow: Flow[T]) -> T:
        try:
            call = next(flow)
            while True:
                try:
                    result = self._run(call)
                except BaseException as error:
                    call = flow.throw(error)
                else:
                    call = flow.send(result)
        except StopIteration as done:
            return cast("T", done.value)


class AsyncChargly(_Client):
    """The same for ``asyncio``: every operation is awaited, blocks are ``async with``."""

    def __init__(
        self,
        api_key: Optional[str] = None,
        base_url: Optional[str] = None,
        timeout: float = 10.0,
        max_retries: int = 5,
        transport: Optional[httpx.AsyncBaseTransport] = None,
        *,
        deadline: float = 60.0,
    ) -> None:
        super().__init__(api_key, base_url, timeout, max_retries, deadline)
        self._transport = transport
        self._http = self._open()
        self._sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
        _clients.add(self)

    meter_event = later(ops.meter_event)
    meter_events = later(ops.meter_events)
    quote = later(ops.quote)
    get_event = later(ops.get_event)
    list_events = later(ops.list_events)
    reverse_event = later(ops.reverse_event)
    set_event_cost = later(ops.set_event_cost)
    get_wallet = later(ops.get_wallet)
    list_wallet_history = later(ops.list_wallet_history)
    grant = later(ops.grant)
    place_hold = later(ops.place_hold)
    get_hold = later(ops.get_hold)
    capture_hold = later(ops.capture_hold)
    increase_hold = later(ops.increase_hold)
    extend_hold = later(ops.extend_hold)
    void_hold = later(ops.void_hold)
    list_credit_packs = later(ops.list_credit_packs)
    create_checkout = later(ops.create_checkout)
    get_checkout = later(ops.get_checkout)
    get_pricing_rule = later(ops.get_pricing_rule)
    list_pricing_recommendations = later(ops.list_pricing_recommendations)
    get_pricing_recommendation = later(ops.get_pricing_recommendation)
    explain_pricing_recommendation = later(ops.explain_pricing_recommendation)
    apply_pricing_recommendation = later(ops.apply_pricing_recommendation)
    reject_pricing_recommendation = later(ops.reject_pricing_recommendation)
    get_usage = later(ops.get_usage)
    request = later(ops.request)

    def hold(
        self,
        event: str,
        customer: str,
        *,
        quantity: Optional[AmountInput] = None,
        credits: Optional[AmountInput] = None,
        expires_in_s: Optional[int] = None,
        idempotency_key: Optional[str] = None,
    ) -> AsyncHoldBlock:
        """Set credits aside for a block: ``async with client.hold(…) as hold: … await hold.capture(…)``."""
        return AsyncHoldBlock(self, _placed(event, customer, quantity, credits, expires_in_s, idempotency_key))

    def metered(
        self,
        event: str,
        customer: Union[str, Callable[..., str]],
        *,
        quantity: Optional[AmountInput] = None,
        credits: Optional[AmountInput] = None,
        cost: Optional[Callable[[Any], Any]] = None,
        properties: Optional[Mapping[str, Any]] = None,
        expires_in_s: Optional[int] = None,
        if_insufficient: Optional[str] = None,
    ) -> AsyncMetered:
        """Meter a coroutine function, or a block of ``async with``; see :meth:`Chargly.metered`."""
        return AsyncMetered(self, event, customer, quantity, credits, cost, properties, expires_in_s, if_insufficient)

    async def aclose(self) -> None:
        await self._http.aclose()

    async def __aenter__(self) -> AsyncChargly:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def _open(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(headers=self._headers, transport=self._transport)

    async def _run(self, call: Call[T]) -> T:
        steps = self._steps(call)
        outcome: Outcome = None
        try:
            while True:
                step = steps.send(outcome)
                if isinstance(step, Sleep):
                    await self._sleep(step.seconds)
                    outcome = None
                    continue
                try:
                    outcome = await self._http.send(self._request(self._http, step))
                except httpx.TransportError as error:
                    outcome = error
        except StopIteration as done:
            return cast("T", done.value)

    async def _drive(self, flow: Flow[T]) -> T:
        try:
            call = next(flow)
            while True:
                try:
                    result = await self._run(call)
                except BaseException as error:
                    call = flow.throw(error)
                else:
                    call = flow.send(result)
        except StopIteration as done:
            return cast("T", done.value)


# Blocks


def _placed(
    event: str,
    customer: str,
    quantity: Optional[AmountInput],
    credits: Optional[AmountInput],
    expires_in_s: Optional[int],
    idempotency_key: Optional[str] = None,
) -> Call[Any]:
    return ops.place_hold(
        event,
        customer,
        quantity=quantity,
        credits=credits,
        expires_in_s=expires_in_s,
        idempotency_key=idempotency_key,
    )


class HoldBlock(_Block, HoldFlows):
    """Credits that are set aside while a block runs."""

    def __init__(self, client: Chargly, place: Call[Any]) -> None:
        super().__init__(place)
        self._client: Chargly = client

    capture = flow_now(HoldFlows.capture_flow)
    increase = flow_now(HoldFlows.increase_flow)
    extend = flow_now(HoldFlows.extend_flow)
    void = flow_now(HoldFlows.void_flow)

    def __enter__(self) -> HoldBlock:
        self._client._drive(self.enter_flow())
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self._client._drive(self.leave_flow(error))


class MeteredBlock(MeteredFlows, HoldBlock):
    """A hold that is captured when its block is left without an error."""

    def __enter__(self) -> MeteredBlock:
        super().__enter__()
        return self


class AsyncHoldBlock(_Block, HoldFlows):
    """Credits that are set aside while a block runs."""

    def __init__(self, client: AsyncChargly, place: Call[Any]) -> None:
        super().__init__(place)
        self._client: AsyncChargly = client

    capture = flow_later(HoldFlows.capture_flow)
    increase = flow_later(HoldFlows.increase_flow)
    extend = flow_later(HoldFlows.extend_flow)
    void = flow_later(HoldFlows.void_flow)

    async def __aenter__(self) -> AsyncHoldBlock:
        await self._client._drive(self.enter_flow())
        return self

    async def __aexit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        await self._client._drive(self.leave_flow(error))


class AsyncMeteredBlock(MeteredFlows, AsyncHoldBlock):
    """A hold that is captured when its block is left without an error."""

    async def __aenter__(self) -> AsyncMeteredBlock:
        await super().__aenter__()
        return self


class _Metering:
    """What is metered, for a decorator and a block alike."""

    def __init__(
        self,
        client: Any,
        event: str,
        customer: Union[str, Callable[..., str]],
        quantity: Optional[AmountInput],
        credits: Optional[AmountInput],
        cost: Optional[Callable[[Any], Any]],
        properties: Optional[Mapping[str, Any]],
        expires_in_s: Optional[int],
        if_insufficient: Optional[str],
    ) -> None:
        self._client = client
        self._event = event
        self._customer = customer
        self._quantity = quantity
        self._credits = credits
        self._cost = cost
        self._properties = properties
        self._expires_in_s = expires_in_s
        self._if_insufficient = if_insufficient

    def _meter(self, args: Any, kwargs: Any, result: Any) -> Call[Any]:
        customer = self._customer(*args, **kwargs) if callable(self._customer) else self._customer
        return ops.meter_event(
            self._event,
            customer,
            quantity=self._quantity,
            credits=self._credits,
            cost=None if self._cost is None else self._cost(result),
            properties=self._properties,
            if_insufficient=self._if_insufficient,
        )

    def _hold(self) -> Call[Any]:
        if callable(self._customer):
            raise TypeError("a block has no arguments: pass the customer's id")
        if self._cost is not None:
            raise TypeError("a block has no result: say run.cost(…) in it")
        return _placed(self._event, self._customer, self._quantity, self._credits, self._expires_in_s)

    def _check(self, function: Callable[..., Any], is_async: bool) -> None:
        if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
            raise TypeError("a generator has not succeeded when it returns: meter it as a block, inside it")
        if inspect.iscoroutinefunction(function) != is_async:
            wanted = "Chargly for plain functions, AsyncChargly for coroutine functions"
            raise TypeError(f"{function.__qualname__} needs the other client: {wanted}")


class Metered(_Metering):
    """See :meth:`Chargly.metered`."""

    _block: Optional[MeteredBlock] = None

    def __call__(self, function: F) -> F:
        self._check(function, is_async=False)

        @functools.wraps(function)
        def metered(*args: Any, **kwargs: Any) -> Any:
            result = function(*args, **kwargs)
            self._client._run(self._meter(args, kwargs, result))
            return result

        return cast("F", metered)

    def __enter__(self) -> MeteredBlock:
        if self._block is not None:
            raise CharglyError("a metered block is entered once: make another one")
        block = MeteredBlock(self._client, self._hold())
        block.properties = self._properties
        block.if_insufficient = self._if_insufficient
        block.__enter__()
        self._block = block
        return block

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        assert self._block is not None
        self._block.__exit__(kind, error, trace)


class AsyncMetered(_Metering):
    """See :meth:`AsyncChargly.metered`."""

    _block: Optional[AsyncMeteredBlock] = None

    def __call__(self, function: F) -> F:
        self._check(function, is_async=True)

        @functools.wraps(function)
        async def metered(*args: Any, **kwargs: Any) -> Any:
            result = await function(*args, **kwargs)
            await self._client._run(self._meter(args, kwargs, result))
            return result

        return cast("F", metered)

    async def __aenter__(self) -> AsyncMeteredBlock:
        if self._block is not None:
            raise CharglyError("a metered block is entered once: make another one")
        block = AsyncMeteredBlock(self._client, self._hold())
        block.properties = self._properties
        block.if_insufficient = self._if_insufficient
        await block.__aenter__()
        self._block = block
        return block

    async def __aexit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        assert self._block is not None
        await self._block.__aexit__(kind, error, trace)


# Forks


_clients: "weakref.WeakSet[Union[Chargly, AsyncChargly]]" = weakref.WeakSet()


def _after_fork() -> None:
    """A child must not write into the connections of its parent, so it opens its own."""
    for client in list(_clients):
        if client._transport is None:
            client._http = client._open()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
