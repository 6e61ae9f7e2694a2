"""What the package costs beside bare httpx, measured in one process against a server of its own.

CHARGLY_BIN=path/to/chargly python bench/measure.py
"""

from __future__ import annotations

import json
import platform
import statistics
import sys
import time
import uuid
from pathlib import Path
from typing import Any, Callable, Dict, List

import httpx

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from server import Server

from chargly import Batcher, Chargly

ROUNDS = 5


def main() -> None:
    print(f"Python {platform.python_version()}, httpx {httpx.__version__}")
    overhead_without_a_network()
    server = Server()
    try:
        server.start()
        overhead_of_a_call(server)
        throughput(server)
    finally:
        server.stop()


def body() -> Dict[str, Any]:
    return {"event": "chat.reply", "customer": "u", "idempotency_key": str(uuid.uuid4())}


def poster(http: httpx.Client, url: str) -> Callable[[], Any]:
    return lambda: json.loads(
        http.post(url, content=json.dumps(body()).encode(), headers={"content-type": "application/json"}).content
    )


def in_turns(calls: Dict[str, Callable[[], Any]], count: int) -> Dict[str, float]:
    """Medians in microseconds. Taken in turns, so that whatever disturbs disturbs all alike."""
    taken: Dict[str, List[int]] = {name: [] for name in calls}
    for number in range(count + 100):
        for name, call in calls.items():
            began = time.perf_counter_ns()
            call()
            if number >= 100:
                taken[name].append(time.perf_counter_ns() - began)
    return {name: statistics.median(times) / 1000 for name, times in taken.items()}


def overhead_without_a_network() -> None:
    answer = {
        "id": "evt_0000000000002d6bapvf",
        "event": "chat.reply",
        "customer": "u",
        "credits": 8,
        "balance": {"posted": 960, "held": 0, "available": 960},
        "price_version": "prv_0000000000000rdgf9hh",
        "recorded_at": "2026-11-29T20:57:17.635Z",
    }
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json=answer))
    client = Chargly("k", transport=transport)
    http = httpx.Client(transport=transport)
    medians = in_turns(
        {
            "bare httpx": poster(http, "http://127.0.0.1:8080/v1/events"),
            "meter_event": lambda: client.meter_event("chat.reply", "u"),
        },
        3000,
    )
    print("\nOne call without a network, median:")
    show(medians)


def overhead_of_a_call(server: Server) -> None:
    client = Chargly(server.key, server.url)
    client.grant("u", 1_000_000)
    http = httpx.Client(headers={"authorization": f"Bearer {server.key}"})
    medians = in_turns(
        {
            "bare httpx": poster(http, f"{server.url}/v1/events"),
            "meter_event": lambda: client.meter_event("chat.reply", "u"),
        },
        1500,
    )
    print("\nOne call to the server, median:")
    show(medians)


def show(medians: Dict[str, float]) -> None:
    for name, microseconds in medians.items():
        print(f"  {name:<12} {microseconds:8.0f} µs")
    print(f"  {'difference':<12} {medians['meter_event'] - medians['bare httpx']:8.0f} µs")


def throughput(server: Server, events: int = 20_000, size: int = 1000) -> None:
    client = Chargly(server.key, server.url)
    http = httpx.Client(headers={"authorization": f"Bearer {server.key}"}, timeout=60)

    def raw() -> None:
        for _ in range(events // size):
            batch = [{**body(), "if_insufficient": "record"} for _ in range(size)]
            response = http.post(
                f"{server.url}/v1/events/batch",
                content=json.dumps({"events": batch}).encode(),
                headers={"content-type": "application/json"},
            )
            assert json.loads(response.content)["accepted"] == size

    def batched() -> None:
        with Batcher(client, batch_size=size, max_pending=5 * size, on_full="block", close_timeout=120) as batcher:
            for _ in range(events):
                batcher.add("chat.reply", "u")
        assert batcher.stats.accepted == events

    taken: Dict[str, List[float]] = {"raw batch posts": [], "batcher": []}
    for _ in range(ROUNDS):
        for name, work in (("raw batch posts", raw), ("batcher", batched)):
            began = time.perf_counter()
            work()
            taken[name].append(events / (time.perf_counter() - began))
    print(f"\nEvents a second in batches of {size}, median of {ROUNDS} rounds of {events:,}:")
    for name, rates in taken.items():
        print(f"  {name:<16} {statistics.median(rates):8,.0f}")

    began = time.perf_counter()
    accepting = httpx.MockTransport(accept_all)
    with Batcher(Chargly("k", transport=accepting), batch_size=size, max_pending=events) as batcher:
        for _ in range(events):
            batcher.add("chat.reply", "u")
    print(f"  {'without a network':<16} {events / (time.perf_counter() - began):7,.0f}  (what the batcher alone takes)")


def accept_all(request: httpx.Request) -> httpx.Response:
    count = request.content.count(b'"idempotency_key"')
    results = b",".join([b'{"id":"evt_0000000000002d6bapvf","credits":8}'] * count)
    return httpx.Response(200, content=b'{"results":[%b],"accepted":%d,"refused":0,"replayed":0}' % (results, count))


if __name__ == "__main__":
    main()
