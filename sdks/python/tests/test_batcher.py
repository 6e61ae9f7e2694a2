"""The batcher: bounded, counted, delivered once."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
import time
from typing import Any, Callable, Dict, List, Set

import httpx
import pytest
from server import Server

import chargly
from chargly import Batcher, BatcherStats, Chargly

Funded = Callable[..., str]


class Stub:
    """A server that accepts whatever comes, once it is let."""

    def __init__(self) -> None:
        self.let = threading.Event()
        self.let.set()
        self.batches: List[Any] = []
        self.statuses: List[int] = []
        self.most = 10_000
        self.retryable: Set[str] = set()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        assert self.let.wait(30)
        events = json.loads(request.content)["events"]
        if self.statuses:
            status = self.statuses.pop(0)
            if status == 0:
                raise httpx.ReadError("lost")
            return httpx.Response(status, json={"status": status, "code": "x", "detail": "d"})
        if len(events) > self.most:
            return httpx.Response(413, json={"status": 413, "code": "too_large", "limit": self.most})
        self.batches.append(events)
        results: List[Dict[str, Any]] = []
        for event in events:
            if event["customer"] in self.retryable:
                results.append({"error": {"status": 429, "code": "overloaded", "retryable": True}})
            elif event["event"] == "bad":
                results.append({"error": {"status": 422, "code": "unknown_event_type", "retryable": False}})
            else:
                results.append({"id": "evt_1"})
        self.retryable.clear()
        refused = sum("error" in result for result in results)
        return httpx.Response(
            200, json={"results": results, "accepted": len(events) - refused, "refused": refused, "replayed": 0}
        )

    def client(self, **options: Any) -> Chargly:
        return Chargly("k", transport=httpx.MockTransport(self), **options)


def test_events_arrive_with_what_they_were_added_with(client: Chargly, funded: Funded) -> None:
    customer = funded(10)
    with Batcher(client) as batcher:
        key = batcher.add(
            "chat.reply", customer, quantity=2, cost={"amount": "0.01", "currency": "usd"}, properties={"a": 1}
        )
        batcher.add("chat.reply", customer, idempotency_key="mine")
        batcher.add("chat.reply", customer, idempotency_key="mine", occurred_at="2026-11-23T10:00:00Z")
    stats = batcher.stats
    # The third has the second's key and another time, which is a conflict.
    assert (stats.accepted, stats.refused, stats.pending) == (2, 1, 0)
    wallet = client.get_wallet(customer)
    assert (wallet.balance, wallet.debt) == (-6, 6)
    assert key is not None
    replay = client.meter_events([{"event": "chat.reply", "customer": customer, "idempotency_key": "mine"}])
    assert replay.replayed == 0
    assert isinstance(replay.results[0], chargly.IdempotencyConflict)


def test_thousands_are_delivered_once(client: Chargly, funded: Funded) -> None:
    customer = funded(0)
    with Batcher(client, on_full="block", max_pending=700, batch_size=300) as batcher:
        for _ in range(3000):
            batcher.add("chat.reply", customer)
    assert batcher.stats == BatcherStats(3000, 0, 0, 0, 0)
    assert client.get_wallet(customer).balance == -24000


def test_sent_by_time_and_by_size() -> None:
    stub = Stub()
    batcher = Batcher(stub.client(), batch_size=10, max_pending=100, interval=0.2)
    batcher.add("e", "u")
    time.sleep(0.05)
    assert stub.batches == []
    batcher.flush(5)
    for _ in range(25):
        batcher.add("e", "u")
    ends = time.monotonic() + 5
    while sum(map(len, stub.batches)) < 26 and time.monotonic() < ends:
        time.sleep(0.01)
    assert sorted(map(len, stub.batches))[-2:] == [10, 10]
    batcher.close()


@pytest.mark.parametrize("on_full", ["raise", "drop"])
def test_memory_is_bounded_and_nothing_is_dropped_in_silence(on_full: str) -> None:
    stub = Stub()
    stub.let.clear()
    batcher = Batcher(stub.client(), max_pending=20, batch_size=5, on_full=on_full)
    for _ in range(20):
        assert batcher.add("e", "u")
    if on_full == "raise":
        with pytest.raises(chargly.BufferFull, match="20 events wait"):
            batcher.add("e", "u")
    else:
        assert batcher.add("e", "u") is None
    assert batcher.stats == BatcherStats(0, 0, 0, int(on_full == "drop"), 20)
    with pytest.raises(chargly.NotDelivered) as caught:
        batcher.flush(0.05)
    assert len(caught.value.events) == 20
    stub.let.set()
    assert batcher.close(5) == BatcherStats(20, 0, 0, int(on_full == "drop"), 0)
    with pytest.raises(chargly.CharglyError, match="closed"):
        batcher.add("e", "u")


def test_blocks_until_there_is_room() -> None:
    stub = Stub()
    stub.let.clear()
    batcher = Batcher(stub.client(), max_pending=5, batch_size=5, on_full="block")
    for _ in range(5):
        batcher.add("e", "u")
    blocked = threading.Thread(target=batcher.add, args=("e", "u"))
    blocked.start()
    blocked.join(0.1)
    assert blocked.is_alive()
    stub.let.set()
    blocked.join(5)
    assert not blocked.is_alive()
    assert batcher.close().accepted == 6


@pytest.mark.parametrize("statuses", [[0, 0], [503, 429], [500]])
def test_what_failed_is_sent_again_under_the_same_keys_and_in_order(statuses: List[int]) -> None:
    stub = Stub()
    stub.statuses = statuses
    batcher = Batcher(stub.client(max_retries=0), batch_size=5)
    keys = [batcher.add("e", f"u{n}") for n in range(5)]
    batcher.flush(10)
    assert [event["idempotency_key"] for batch in stub.batches for event in batch] == keys
    assert batcher.close().accepted == 5


def test_single_events_that_failed_are_sent_again() -> None:
    stub = Stub()
    stub.retryable = {"u1"}
    batcher = Batcher(stub.client(), batch_size=3)
    keys = [batcher.add("e", f"u{n}") for n in range(3)]
    assert batcher.flush(10) == BatcherStats(3, 0, 0, 0, 0)
    assert [[event["idempotency_key"] for event in batch] for batch in stub.batches] == [keys, [keys[1]]]
    batcher.close()


def test_refusals_are_told(caplog: pytest.LogCaptureFixture) -> None:
    told: List[Any] = []
    stub = Stub()
    with Batcher(stub.client(), on_refused=lambda event, error: told.append((event["event"], type(error)))) as batcher:
        batcher.add("bad", "u")
        batcher.add("e", "u")
    assert told == [("bad", chargly.UnknownEventType)]
    assert batcher.stats == BatcherStats(1, 0, 1, 0, 0)
    with Batcher(stub.client()) as batcher:
        batcher.add("bad", "u")
    assert "was refused" in caplog.text

    # A hook that fails ends nothing.
    def fails(event: Any, error: Any) -> None:
        raise ZeroDivisionError

    with Batcher(stub.client(), on_refused=fails) as batcher:
        batcher.add("bad", "u")
        batcher.flush(5)
        batcher.add("e", "u")
    assert batcher.stats == BatcherStats(1, 0, 1, 0, 0)


def test_a_key_that_may_not_refuses_the_batch_and_says_so() -> None:
    stub = Stub()
    stub.statuses = [403]
    told: List[Any] = []
    with Batcher(stub.client(), on_refused=lambda _, error: told.append(type(error))) as batcher:
        batcher.add("e", "u")
    assert told == [chargly.Forbidden]


def test_a_batch_that_is_too_large_is_halved() -> None:
    stub = Stub()
    stub.most = 2
    with Batcher(stub.client(), batch_size=9) as batcher:
        keys = [batcher.add("e", "u") for _ in range(9)]
    assert [event["idempotency_key"] for batch in stub.batches for event in batch] == keys
    assert batcher.stats.accepted == 9


def test_one_event_does_not_cost_the_others_theirs(client: Chargly, funded: Funded) -> None:
    customer = funded(0)
    told: List[Any] = []
    with Batcher(client, on_refused=lambda event, _: told.append(event["customer"])) as batcher:
        for n in range(9):
            batcher.add("chat.reply", "\ud800" if n == 4 else customer)
        properties = {"when": time}
        with pytest.raises(TypeError, match="cannot be sent as JSON"):
            batcher.add("chat.reply", customer, properties=properties)
    assert told == ["\ud800"]
    assert batcher.stats == BatcherStats(8, 0, 1, 0, 0)


def test_what_is_changed_after_it_was_added_is_not_sent() -> None:
    stub = Stub()
    stub.let.clear()
    properties = {"tags": ["a"]}
    batcher = Batcher(stub.client())
    batcher.add("e", "u", properties=properties)
    properties["tags"].append("b")
    stub.let.set()
    batcher.close()
    assert stub.batches[0][0]["properties"] == {"tags": ["a"]}


def test_many_threads_may_add() -> None:
    stub = Stub()
    batcher = Batcher(stub.client(), max_pending=10_000, batch_size=100)

    def work() -> None:
        for _ in range(500):
            batcher.add("e", "u")

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert batcher.close().accepted == 4000
    keys = [event["idempotency_key"] for batch in stub.batches for event in batch]
    assert len(keys) == len(set(keys)) == 4000


def test_delivered_at_the_end_of_the_program(server: Server, client: Chargly, funded: Funded) -> None:
    customer = funded(100)
    code = (
        "from chargly import Batcher, Chargly\n"
        "batcher = Batcher(Chargly(), interval=60)\n"
        f"for _ in range(7): batcher.add('chat.reply', {customer!r})\n"
    )
    environment = {**os.environ, "CHARGLY_SECRET_KEY": server.key, "CHARGLY_BASE_URL": server.url}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True, timeout=60)
    assert client.get_wallet(customer).balance == 44


def test_what_cannot_be_delivered_at_the_end_is_told(caplog: pytest.LogCaptureFixture) -> None:
    code = (
        "import logging; logging.basicConfig()\n"
        "from chargly import Batcher, Chargly\n"
        "batcher = Batcher(Chargly('k', 'http://127.0.0.1:9', max_retries=0), close_timeout=0.3)\n"
        "batcher.add('e', 'u')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, timeout=60, capture_output=True, text=True)
    assert "1 events are not delivered yet" in done.stderr


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks here")
def test_a_forked_child_delivers_its_own_and_not_its_parents(client: Chargly, funded: Funded) -> None:
    customer = funded(100)
    batcher = Batcher(client, interval=60)
    batcher.add("chat.reply", customer)
    child = os.fork()
    if child == 0:
        batcher.add("chat.reply", customer)
        os._exit(0 if batcher.flush(30) == BatcherStats(1, 0, 0, 0, 0) else 1)
    _, status = os.waitpid(child, 0)
    assert status == 0
    assert batcher.close() == BatcherStats(1, 0, 0, 0, 0)
    assert client.get_wallet(customer).balance == 84


def test_nonsense_is_refused_when_it_is_made() -> None:
    client = Stub().client()
    with pytest.raises(ValueError, match="on_full"):
        Batcher(client, on_full="ignore")
    with pytest.raises(ValueError, match="batch_size"):
        Batcher(client, batch_size=10_001)
    with pytest.raises(TypeError, match="is a float"):
        Batcher(client).add("e", "u", quantity=0.5)  # type: ignore[arg-type]


def test_logs_are_quiet_when_all_is_well(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="chargly")
    with Batcher(Stub().client()) as batcher:
        batcher.add("e", "u")
    assert [record for record in caplog.records if record.name == "chargly"] == []
