from __future__ import annotations

import itertools
from typing import Callable, Iterator

import pytest
from server import SKIPPED, Server, binary

from chargly import Chargly

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    if binary() is None:
        pytest.skip(SKIPPED)
    server = Server()
    try:
        yield server.start()
    finally:
        server.stop()


@pytest.fixture
def own_server() -> Iterator[Server]:
    """One for a single test, which may kill it."""
    if binary() is None:
        pytest.skip(SKIPPED)
    server = Server()
    try:
        yield server.start()
    finally:
        server.stop()


@pytest.fixture
def client(server: Server) -> Iterator[Chargly]:
    with Chargly(server.key, server.url) as client:
        yield client


@pytest.fixture
def funded(client: Chargly) -> Callable[..., str]:
    """Makes a customer nobody else has, with so many credits."""

    def make(credits: int = 1000) -> str:
        customer = f"customer_{next(_numbers)}"
        if credits:
            client.grant(customer, credits, reason="for a test")
        return customer

    return make


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CHARGLY_SECRET_KEY", "CHARGLY_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
