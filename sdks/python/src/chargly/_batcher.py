"""A background thread that meters in batches what does not have to be decided now.

What is promised: memory is bounded; every event that was added is delivered under one key, however often that takes,
or is counted, and told of, as refused; nothing is dropped without an error or a count.
"""

from __future__ import annotations

import atexit
import logging
import os
import random
import threading
import time
import weakref
from collections import deque
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Callable, Deque, Dict, List, Mapping, Optional, Union

from . import _ops as ops
from ._amounts import AmountInput, dumps, loads
from ._call import Answer
from ._errors import CharglyError, InvalidRequest, TooLarge
from ._ids import uuid7
from ._models import batch_error

if TYPE_CHECKING:
    from ._client import Chargly

log = logging.getLogger("chargly")

_PAUSE_FIRST_S = 0.5
_PAUSE_MAX_S = 30.0


class BufferFull(CharglyError):
    """The batcher has as many events waiting as it may. This one was not taken."""


class NotDelivered(CharglyError):
    """Time was up before everything was delivered. ``events`` are what is left, in the form of ``meter_events``."""

    events: "List[Dict[str, Any]]" = []  # noqa: RUF012 - replaced, never changed


@dataclass(frozen=True)
class BatcherStats:
    """Every event that was offered is in exactly one of these."""

    accepted: int
    replayed: int
    refused: int
    dropped: int
    pending: int


class Batcher:
    """Meters in the background, for uses that are recorded whatever the wallet has.

    ``add`` does not wait for the network. Batches are sent every ``interval`` seconds, or as soon as ``batch_size``
    events wait. At most ``max_pending`` are kept. What happens to one more is for ``on_full`` to say: ``"raise"``
    :class:`BufferFull`, ``"drop"`` it and count it, or ``"block"`` until there is room. The key needs the scope
    ``record``.

    ``on_refused`` is called, in the thread, with each event that the server refuses for good and the error; without it
    they are logged. Everything is delivered at the end of the program, for at most ``close_timeout`` seconds.
    """

    def __init__(
        self,
        client: Chargly,
        *,
        max_pending: int = 10_000,
        batch_size: int = 500,
        interval: float = 0.5,
        on_full: str = "raise",
        on_refused: Optional[Callable[[Mapping[str, Any], CharglyError], None]] = None,
        if_insufficient: Optional[str] = "record",
        close_timeout: float = 10.0,
    ) -> None:
        if on_full not in ("raise", "drop", "block"):
            raise ValueError('on_full must be "raise", "drop" or "block"')
        if not 1 <= batch_size <= 10_000 or max_pending < batch_size:
            raise ValueError("batch_size must be 1 to 10,000, and max_pending at least as much")
        self._client = client
        self._max_pending = max_pending
        self._batch_size = batch_size
        self._interval = interval
        self._on_full = on_full
        self._on_refused = on_refused
        self._if_insufficient = if_insufficient
        self._close_timeout = close_timeout
        self._closed = False
        self._begin()
        _batchers.add(self)

    def _begin(self) -> None:
        self._changed = threading.Condition()
        self._waiting: Deque[Dict[str, Any]] = deque()
        self._in_flight: List[Dict[str, Any]] = []
        self._oldest_at = 0.0
        self._flushes = 0
        self._thread: Optional[threading.Thread] = None
        self._accepted = self._replayed = self._refused = self._dropped = 0

    def add(
        self,
        event: str,
        customer: str,
        *,
        quantity: Optional[AmountInput] = None,
        credits: Optional[AmountInput] = None,
        cost: Any = None,
        properties: Optional[Mapping[str, Any]] = None,
        occurred_at: Union[datetime, str, None] = None,
        idempotency_key: Optional[str] = None,
    ) -> Optional[str]:
        """Take an event, and answer its key; None where it was dropped because nothing more may wait."""
        fields = ops.event_fields(
            event,
            customer,
            quantity=quantity,
            credits=credits,
            cost=cost,
            # A copy, since the caller may go on changing it; and what is no JSON is refused here, not in the thread.
            properties=None if properties is None else loads(dumps(properties)),
            occurred_at=occurred_at or datetime.now(timezone.utc),
            if_insufficient=self._if_insufficient,
        )
        key = fields["idempotency_key"] = uuid7() if idempotency_key is None else idempotency_key
        with self._changed:
            while len(self._waiting) + len(self._in_flight) >= self._max_pending and not self._closed:
                if self._on_full == "drop":
                    self._dropped += 1
                    return None
                if self._on_full == "raise":
                    raise BufferFull(
                        f"{self._max_pending} events wait to be delivered", code="buffer_full", retryable=True
                    )
                self._changed.wait()
            if self._closed:
                raise CharglyError("the batcher is closed", code="batcher_closed")
            if not self._waiting:
                self._oldest_at = time.monotonic()
            self._waiting.append(fields)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="chargly-batcher", daemon=True)
                self._thread.start()
            if len(self._waiting) in (1, self._batch_size):
                self._changed.notify_all()
        return key

    @property
    def stats(self) -> BatcherStats:
        with self._changed:
            return BatcherStats(self._accepted, self._replayed, self._refused, self._dropped, self._left())

    def flush(self, timeout: Optional[float] = None) -> BatcherStats:
        """Wait until everything that was added is delivered. Raises :class:`NotDelivered` after ``timeout`` seconds;
        what is left goes on waiting."""
        with self._changed:
            self._flushes += 1
            self._changed.notify_all()
            delivered = self._changed.wait_for(lambda: self._left() == 0, timeout)
            self._flushes -= 1
            if not delivered:
                raise self._not_delivered()
        return self.stats

    def close(self, timeout: Optional[float] = None) -> BatcherStats:
        """Take nothing more and deliver what there is. Raises :class:`NotDelivered` with what is left after ``timeout``
        seconds (``close_timeout`` if not given)."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        return self.flush(self._close_timeout if timeout is None else timeout)

    def __enter__(self) -> Batcher:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _left(self) -> int:
        return len(self._waiting) + len(self._in_flight)

    def _not_delivered(self) -> NotDelivered:
        error = NotDelivered(f"{self._left()} events are not delivered yet", code="not_delivered", retryable=True)
        error.events = [dict(fields) for fields in (*self._in_flight, *self._waiting)]
        return error

    def _work(self) -> None:
        failures = 0
        while True:
            with self._changed:
                while not self._is_due():
                    if self._closed and not self._waiting:
                        return
                    left = None
                    if self._waiting:
                        left = self._oldest_at + self._interval - time.monotonic()
                    self._changed.wait(left)
                count = min(self._batch_size, len(self._waiting))
                self._in_flight = [self._waiting.popleft() for _ in range(count)]
                self._oldest_at = time.monotonic()
                batch = list(self._in_flight)
            again = self._deliver(batch)
            with self._changed:
                self._in_flight = []
                self._waiting.extendleft(reversed(again))
                self._changed.notify_all()
            failures = failures + 1 if again else 0
            if failures:
                pause = min(_PAUSE_MAX_S, _PAUSE_FIRST_S * 2.0 ** min(failures - 1, 10))
                self._pause(random.uniform(pause / 2, pause))

    def _pause(self, seconds: float) -> None:
        """Whoever closes has little time, and is not made to wait for a long pause."""
        with self._changed:
            if not self._closed and self._changed.wait_for(lambda: self._closed, seconds):
                return
        if self._closed:
            time.sleep(min(seconds, _PAUSE_FIRST_S))

    def _is_due(self) -> bool:
        if not self._waiting:
            return False
        if self._closed or self._flushes or len(self._waiting) >= self._batch_size:
            return True
        return time.monotonic() >= self._oldest_at + self._interval

    def _deliver(self, batch: List[Dict[str, Any]]) -> List[Dict[str, Any]]:
        """Sends a batch. Answers what has to be sent again."""
        try:
            body = self._client._run(ops.batch(batch, parse=_body))
            results = body["results"]
        except (TooLarge, InvalidRequest) as error:
            # One event must not cost the others theirs, so it is found by halving.
            if len(batch) == 1:
                return self._refuse(batch, error)
            middle = len(batch) // 2
            return self._deliver(batch[:middle]) + self._deliver(batch[middle:])
        except CharglyError as error:
            if not error.retryable:
                return self._refuse(batch, error)
            log.warning("%d events could not be delivered, and will be tried again: %s", len(batch), error)
            return batch
        except Exception as error:  # a client that was closed, for example
            return self._refuse(batch, CharglyError(f"the batch could not be sent: {error!r}", code="not_sent"))
        again = []
        for fields, result in zip(batch, results):
            if "error" in result:
                refusal = batch_error(result["error"], fields["idempotency_key"])
                again += [fields] if refusal.retryable else self._refuse([fields], refusal)
        with self._changed:
            self._accepted += body["accepted"]
            self._replayed += body["replayed"]
        return again

    def _refuse(self, events: List[Dict[str, Any]], error: CharglyError) -> List[Dict[str, Any]]:
        with self._changed:
            self._refused += len(events)
        for fields in events:
            if self._on_refused is None:
                log.error("event %s was refused: %s", fields["idempotency_key"], error)
                continue
            try:
                self._on_refused(fields, error)
            except Exception:
                log.exception("on_refused failed for event %s", fields["idempotency_key"])
        return []


def _body(answer: Answer) -> Any:
    return answer.body


_batchers: "weakref.WeakSet[Batcher]" = weakref.WeakSet()


def _at_exit() -> None:
    for batcher in list(_batchers):
        try:
            batcher.close()
        except NotDelivered as error:
            log.error("at the end of the program, %s", error)


def _after_fork() -> None:
    """What waits is the parent's to deliver; the child begins with nothing."""
    for batcher in list(_batchers):
        batcher._begin()


atexit.register(_at_exit)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
