"""A call, and the rule by which it is tried again. Nothing here does any I/O: :func:`attempts` is a generator that says
what to do next, so that the blocking and the asynchronous client share every decision.

The invariant: one call has one idempotency key, whatever happens on the way.
"""

from __future__ import annotations

import email.utils
import itertools
import random
import time
from dataclasses import dataclass, field, replace
from typing import Any, Callable, Generator, Generic, Mapping, Optional, TypeVar, Union

import httpx

from ._amounts import dumps, loads
from ._errors import (
    CharglyError,
    ConfigurationError,
    ConnectionLost,
    InsufficientCredits,
    TimedOut,
    UnexpectedAnswer,
    error_of,
)

T = TypeVar("T")

_BACKOFF_FIRST_S = 0.1
_BACKOFF_MAX_S = 5.0


@dataclass(frozen=True)
class Answer:
    """A success, as the functions that make results of it see it."""

    body: Any
    key: Optional[str]
    replayed: bool
    position: Optional[str]
    rerun: Callable[[Call[Any]], Any]
    """Makes another call with the client that made this one."""


@dataclass(frozen=True)
class Call(Generic[T]):
    method: str
    path: str
    parse: Callable[[Answer], T]
    params: Mapping[str, str] = field(default_factory=dict)
    body: Optional[Mapping[str, Any]] = None
    key: Optional[str] = None
    """The idempotency key, where the operation takes one."""
    repeatable: bool = True
    """False where doing it twice would do it twice: then only what was not done is tried again."""

    def with_key(self, key: str) -> Call[T]:
        return replace(self, key=key)

    def content(self) -> Optional[bytes]:
        if self.body is None and self.key is None:
            return None
        body = dict(self.body or {})
        if self.key is not None:
            body["idempotency_key"] = self.key
        return dumps(body)


@dataclass(frozen=True)
class Policy:
    timeout: float
    """Seconds for one attempt."""
    max_retries: int
    deadline: float
    """Seconds for all attempts and the waits between them."""


@dataclass(frozen=True)
class Send:
    call: Call[Any]
    content: Optional[bytes]
    timeout: float


@dataclass(frozen=True)
class Sleep:
    seconds: float


Step = Union[Send, Sleep]
Outcome = Union[httpx.Response, httpx.TransportError, None]


def attempts(
    call: Call[T],
    policy: Policy,
    rerun: Callable[[Call[Any]], Any],
    clock: Callable[[], float] = time.monotonic,
) -> Generator[Step, Outcome, T]:
    """Says what to do, is told what came of it, and ends with the result or an error."""
    content = call.content()
    ends = clock() + policy.deadline
    for tried in itertools.count():
        outcome = yield Send(call, content, min(policy.timeout, max(ends - clock(), 0.001)))
        if isinstance(outcome, httpx.Response):
            if outcome.is_success:
                return call.parse(_answer(outcome, call, rerun))
            error = _refusal(outcome, call, rerun)
        else:
            assert outcome is not None
            error = _lost(outcome, call)
        wait = _wait(error, tried)
        if not _is_repeated(error, call) or tried >= policy.max_retries or clock() + wait >= ends:
            raise error from (outcome if isinstance(outcome, Exception) else None)
        yield Sleep(wait)
    raise AssertionError("unreachable")


def _is_repeated(error: CharglyError, call: Call[Any]) -> bool:
    if not call.repeatable:
        return error.status_code == 429 or error.code == "no_connection"
    if isinstance(error, ConnectionLost):
        return True
    status = error.status_code or 0
    return error.retryable and (status in (408, 429) or status >= 500)


def _wait(error: CharglyError, tried: int) -> float:
    """Full jitter, so that callers who failed together do not come back together."""
    backoff = random.uniform(0, min(_BACKOFF_MAX_S, _BACKOFF_FIRST_S * 2.0 ** min(tried, 10)))
    return backoff if error.retry_after is None else error.retry_after + backoff


def _answer(response: httpx.Response, call: Call[Any], rerun: Callable[[Call[Any]], Any]) -> Answer:
    try:
        body = loads(response.content)
    except ValueError as error:
        raise UnexpectedAnswer(
            f"{call.method} {call.path}: the answer is not JSON; is base_url the address of a Chargly server?",
            status_code=response.status_code,
            code="unexpected_answer",
            raw={"body": response.text[:1000]},
            idempotency_key=call.key,
        ) from error
    headers = response.headers
    replayed = headers.get("idempotent-replayed") == "true"
    return Answer(body, call.key, replayed, headers.get("chargly-position"), rerun)


def _refusal(response: httpx.Response, call: Call[Any], rerun: Callable[[Call[Any]], Any]) -> CharglyError:
    try:
        problem = loads(response.content)
    except ValueError:
        problem = None
    retry_after = _seconds(response.headers.get("retry-after"))
    error = error_of(response.status_code, problem, key=call.key, retry_after=retry_after, text=response.text)
    return with_another_attempt(error, call, rerun)


def with_another_attempt(error: CharglyError, call: Call[Any], rerun: Callable[[Call[Any]], Any]) -> CharglyError:
    """Lets ``retry_after_top_up`` know what to try."""
    if isinstance(error, InsufficientCredits) and call.key is not None:
        error._again = lambda key: rerun(call.with_key(key))
    return error


def _lost(cause: httpx.TransportError, call: Call[Any]) -> CharglyError:
    what = f"{call.method} {call.path}"
    if isinstance(cause, (httpx.UnsupportedProtocol, httpx.LocalProtocolError)):
        return ConfigurationError(f"{what}: {cause}", code="configuration", idempotency_key=call.key)
    if isinstance(cause, httpx.TimeoutException):
        return TimedOut(f"{what}: no answer in time", code="timed_out", retryable=True, idempotency_key=call.key)
    code = "no_connection" if isinstance(cause, httpx.ConnectError) else "connection_lost"
    return ConnectionLost(f"{what}: {cause}", code=code, retryable=True, idempotency_key=call.key)


def _seconds(retry_after: Optional[str]) -> Optional[float]:
    """The header is a number of seconds, or a date."""
    if retry_after is None:
        return None
    try:
        return max(0.0, float(retry_after))
    except ValueError:
        pass
    try:
        return max(0.0, email.utils.parsedate_to_datetime(retry_after).timestamp() - time.time())
    except (TypeError, ValueError):
        return None
