"""Webhooks, judged by the official library and sent by a live server."""

from __future__ import annotations

import threading
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, Dict, List, Tuple

import pytest
from server import Server
from standardwebhooks.webhooks import Webhook

from chargly import Chargly, ConfigurationError, InvalidWebhook, verify_webhook

SECRET = "whsec_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc="
OTHER = "whsec_CAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAg="
BODY = (
    b'{"type":"wallet.debited","timestamp":"2026-11-23T10:00:00.000Z","data":{"id":"msg_1","customerId":"user_42",'
    b'"walletId":"wal_1","credits":0.5,"balance":960,"timestamp":"2026-11-23T10:00:00.000Z"}}'
)
NOW = 1795428000


def headers(secret: str = SECRET, body: bytes = BODY, at: int = NOW) -> Dict[str, str]:
    signature = Webhook(secret).sign("msg_1", datetime.fromtimestamp(at, timezone.utc), body.decode())
    return {"Webhook-Id": "msg_1", "Webhook-Timestamp": str(at), "Webhook-Signature": signature}


def test_a_genuine_message_is_read() -> None:
    event = verify_webhook(BODY, headers(), SECRET, now=NOW + 10)
    assert (event.id, event.type, event.customer_id, event.wallet_id) == ("msg_1", "wallet.debited", "user_42", "wal_1")
    assert (str(event.credits), event.balance) == ("0.5", 960)
    assert event.timestamp == datetime(2026, 11, 23, 10, tzinfo=timezone.utc)
    assert verify_webhook(BODY.decode(), headers(), SECRET, now=NOW) == event
    assert verify_webhook(memoryview(BODY), headers(), SECRET[6:], now=NOW) == event


def test_the_example_of_the_webhooks_guide() -> None:
    signed = {
        "webhook-id": "msg_1",
        "webhook-timestamp": "1795428000",
        "webhook-signature": "v1,c9tFqM4PdzwTgBqCzwcTkjuLbVmA7zCaKzo1xE/QvM8=",
    }
    with pytest.raises(InvalidWebhook, match="genuine and cannot be read"):
        verify_webhook(b'{"type":"wallet.empty"}', signed, SECRET, now=NOW)
    with pytest.raises(InvalidWebhook, match="no signature"):
        verify_webhook(b"{}", signed, SECRET, now=NOW)


def test_one_of_several_signatures_is_enough() -> None:
    given = headers()
    given["Webhook-Signature"] = f"v1a,xx v1,AAAA v1 {headers(OTHER)['Webhook-Signature']} {given['Webhook-Signature']}"
    assert verify_webhook(BODY, given, SECRET, now=NOW).id == "msg_1"
    assert verify_webhook(BODY, given, OTHER, now=NOW).id == "msg_1"


@pytest.mark.parametrize("seconds", [-300, 300])
def test_five_minutes_are_tolerated_and_no_more(seconds: int) -> None:
    assert verify_webhook(BODY, headers(), SECRET, now=NOW + seconds)
    with pytest.raises(InvalidWebhook, match="five minutes"):
        verify_webhook(BODY, headers(), SECRET, now=NOW + seconds + (1 if seconds > 0 else -1))
    with pytest.raises(InvalidWebhook, match="five minutes"):
        verify_webhook(BODY, headers(), SECRET)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"Webhook-Id": "msg_2"}, "no signature"),
        ({"Webhook-Timestamp": str(NOW + 1)}, "no signature"),
        ({"Webhook-Timestamp": "soon"}, "not a number"),
        ({"Webhook-Timestamp": "٣"}, "not a number"),
        ({"Webhook-Timestamp": "9" * 400}, "not a number"),
        ({"Webhook-Signature": ""}, "no signature"),
        ({"Webhook-Signature": "v1,"}, "no signature"),
        ({"Webhook-Signature": "v1,ü"}, "no signature"),
        ({"Webhook-Signature": headers()["Webhook-Signature"].replace("v1", "v2")}, "no signature"),
    ],
)
def test_what_was_changed_is_refused(change: Dict[str, str], told: str) -> None:
    with pytest.raises(InvalidWebhook, match=told):
        verify_webhook(BODY, {**headers(), **change}, SECRET, now=NOW)


def test_another_body_and_another_secret_are_refused() -> None:
    with pytest.raises(InvalidWebhook):
        verify_webhook(BODY.replace(b"960", b"961"), headers(), SECRET, now=NOW)
    with pytest.raises(InvalidWebhook):
        verify_webhook(BODY, headers(), OTHER, now=NOW)


@pytest.mark.parametrize("name", ["Webhook-Id", "Webhook-Timestamp", "Webhook-Signature"])
def test_a_missing_header_is_named(name: str) -> None:
    given = headers()
    del given[name]
    with pytest.raises(InvalidWebhook, match=name.lower()):
        verify_webhook(BODY, given, SECRET, now=NOW)


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_?", "sk_test_x"])
def test_a_secret_that_is_none_is_no_verdict_on_the_message(secret: str) -> None:
    with pytest.raises(ConfigurationError):
        verify_webhook(BODY, headers(), secret, now=NOW)


def test_what_a_server_sends(server: Server, client: Chargly, funded: Any) -> None:
    got: List[Tuple[bytes, Dict[str, str]]] = []
    enough = threading.Event()

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append((self.rfile.read(int(self.headers["content-length"])), dict(self.headers.items())))
            self.send_response(204)
            self.end_headers()
            if len(got) == 2:
                enough.set()

        def log_message(self, format: str, *args: Any) -> None: ...

    receiver = HTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=receiver.serve_forever, daemon=True).start()
    try:
        endpoint = client.request(
            "POST",
            "/v1/webhook-endpoints",
            json={"url": f"http://127.0.0.1:{receiver.server_port}/", "types": ["wallet.credited", "wallet.debited"]},
        )
        customer = funded(100)
        client.meter_event("image.generate", customer)
        assert enough.wait(30)
    finally:
        receiver.shutdown()
        receiver.server_close()
    events = [verify_webhook(body, given, endpoint["secret"]) for body, given in got]
    assert [(event.type, event.customer_id, event.balance) for event in events] == [
        ("wallet.credited", customer, 100),
        ("wallet.debited", customer, 60),
    ]
    client.request("DELETE", f"/v1/webhook-endpoints/{endpoint['id']}")
