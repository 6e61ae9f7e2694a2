"""The server dies in the middle of a stream of calls. Nothing is metered twice, and nothing that was acknowledged is
lost."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from typing import List

import pytest
from server import Server

import chargly
from chargly import Batcher, Chargly

KILLS = 4
CUSTOMERS = 4


def test_calls_outlive_the_server(own_server: Server) -> None:
    client = Chargly(own_server.key, own_server.url, max_retries=50, deadline=120)
    for customer in range(CUSTOMERS):
        client.grant(f"c{customer}", 1_000_000)
    acknowledged: List[List[chargly.MeterResult]] = [[] for _ in range(CUSTOMERS)]
    problems: List[BaseException] = []
    stop = threading.Event()

    def meter(customer: int) -> None:
        try:
            while not stop.is_set():
                acknowledged[customer].append(client.meter_event("chat.reply", f"c{customer}"))
        except BaseException as error:
            problems.append(error)

    batcher = Batcher(client, batch_size=50, interval=0.01, on_full="block", max_pending=200)

    def add() -> None:
        while not stop.is_set():
            batcher.add("chat.reply", "batched")
            time.sleep(0.0005)

    threads = [threading.Thread(target=meter, args=(customer,)) for customer in range(CUSTOMERS)]
    threads.append(threading.Thread(target=add))
    for thread in threads:
        thread.start()
    chance = random.Random(7)
    for _ in range(KILLS):
        time.sleep(chance.uniform(0.2, 0.6))
        own_server.kill()
        time.sleep(0.1)
        own_server.start()
    time.sleep(0.3)
    stop.set()
    for thread in threads:
        thread.join(120)
        assert not thread.is_alive()
    assert problems == []
    stats = batcher.close(60)
    assert (stats.refused, stats.dropped, stats.pending) == (0, 0, 0)

    # The books, read without the SDK: one event for each call that returned, and not one more.
    for customer, results in enumerate(acknowledged):
        assert len(results) > KILLS
        stored = events_of(own_server, f"c{customer}")
        assert Counter(stored) == Counter(result.event_id for result in results)
        wallet = own_server.ask("GET", f"/v1/customers/c{customer}/wallet")
        assert wallet["available"] == 1_000_000 - 8 * len(results)
        replays = [result for result in results if result.replayed]
        assert all(Counter(stored)[replay.event_id] == 1 for replay in replays)
    batched = events_of(own_server, "batched")
    assert len(batched) == len(set(batched)) == stats.accepted + stats.replayed
    assert own_server.ask("GET", "/v1/customers/batched/wallet")["debt"] == 8 * len(batched)
    proved = own_server.verify()
    assert proved.returncode == 0, proved.stdout + proved.stderr


@pytest.mark.parametrize(
    ("point", "replays"),
    [("journal.before_write", 0), ("journal.between_write_and_flush", 0), ("journal.after_flush", 1)],
)
def test_a_death_at_each_point_of_a_commit(own_server: Server, point: str, replays: int) -> None:
    """Also where the event is on disk and nobody was told: the call gets that event's answer, and makes no second."""
    client = Chargly(own_server.key, own_server.url, max_retries=50, deadline=120)
    client.grant("u", 1000)
    own_server.kill()
    own_server.start(CHARGLY_CRASH_AT=f"{point}:12")

    def revive() -> None:
        own_server.wait()
        own_server.start()

    reviving = threading.Thread(target=revive)
    reviving.start()
    results = [client.meter_event("chat.reply", "u") for _ in range(20)]
    reviving.join(120)
    assert f"crash point {point} reached" in own_server.log.read_text()
    assert sum(result.replayed for result in results) == replays
    assert Counter(events_of(own_server, "u")) == Counter(result.event_id for result in results)
    assert client.get_wallet("u").balance == 1000 - 20 * 8


def events_of(server: Server, customer: str) -> List[str]:
    found: List[str] = []
    cursor = ""
    while True:
        page = server.ask("GET", f"/v1/events?customer={customer}&limit=1000{cursor}")
        found += [event["id"] for event in page["data"]]
        if page["next_cursor"] is None:
            return found
        cursor = f"&cursor={page['next_cursor']}"


def test_an_answer_that_was_lost_is_given_again(own_server: Server) -> None:
    """The caller may ask again after any restart, under the same key."""
    client = Chargly(own_server.key, own_server.url, max_retries=0)
    client.grant("u", 100)
    first = client.meter_event("chat.reply", "u", idempotency_key="job-1")
    own_server.kill()
    with pytest.raises(chargly.ConnectionLost) as caught:
        client.meter_event("chat.reply", "u", idempotency_key="job-2")
    assert caught.value.idempotency_key == "job-2"
    own_server.start()
    again = client.meter_event("chat.reply", "u", idempotency_key="job-1")
    assert again.replayed
    assert again.raw == first.raw
    assert not client.meter_event("chat.reply", "u", idempotency_key="job-2").replayed
    assert client.get_wallet("u").balance == 84
