"""Webhooks, verified by `Standard Webhooks <https://www.standardwebhooks.com>`_."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Mapping, Optional, Union

from ._amounts import Amount, loads, optional_amount
from ._amounts import time as parsed_time
from ._errors import ConfigurationError, InvalidWebhook

TOLERANCE_S = 300


@dataclass(frozen=True)
class WebhookEvent:
    """A message that is genuine."""

    id: str
    """The same however often the message is sent: remember it, and do nothing the second time."""
    type: str
    timestamp: datetime
    data: Mapping[str, Any]
    """As it was sent, in camelCase."""
    raw: Mapping[str, Any] = field(repr=False, compare=False)

    @property
    def customer_id(self) -> Optional[str]:
        return self.data.get("customerId")

    @property
    def wallet_id(self) -> Optional[str]:
        return self.data.get("walletId")

    @property
    def credits(self) -> Optional[Amount]:
        return optional_amount(self.data.get("credits"))

    @property
    def balance(self) -> Optional[Amount]:
        """What the wallet could spend after it."""
        return optional_amount(self.data.get("balance"))


def verify_webhook(
    body: Union[bytes, bytearray, memoryview, str],
    headers: Mapping[str, str],
    secret: str,
    *,
    now: Optional[float] = None,
) -> WebhookEvent:
    """The message, or :class:`InvalidWebhook` where it is not Chargly's or is older than five minutes.

    ``body`` is the body as it came, before anything parses it. ``secret`` is the endpoint's, ``whsec_…``.
    """
    content = body.encode() if isinstance(body, str) else bytes(body)
    given = {name.lower(): value for name, value in headers.items()}
    try:
        message_id = given["webhook-id"]
        timestamp = given["webhook-timestamp"]
        signatures = given["webhook-signature"]
    except KeyError as missing:
        raise _invalid(f"the header {missing.args[0]} is missing") from None
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) < 16):
        raise _invalid("webhook-timestamp is not a number of seconds")
    if abs((time.time() if now is None else now) - int(timestamp)) > TOLERANCE_S:
        raise _invalid("webhook-timestamp is more than five minutes away: an old message, or a wrong clock")
    signed = f"{message_id}.{timestamp}.".encode() + content
    expected = base64.b64encode(hmac.new(_key(secret), signed, hashlib.sha256).digest())
    # Several where the secret was rotated; each is compared in constant time.
    versioned = (signature.split(",", 1) for signature in signatures.split(" "))
    if not any(hmac.compare_digest(expected, one[1].encode()) for one in versioned if one[0] == "v1" and len(one) == 2):
        raise _invalid("no signature is by this secret")
    try:
        raw = loads(content)
        return WebhookEvent(message_id, raw["type"], parsed_time(raw["timestamp"]), raw["data"], raw)
    except (ValueError, KeyError, TypeError) as error:
        raise _invalid("the message is genuine and cannot be read") from error


def _key(secret: str) -> bytes:
    text = secret.strip()
    text = text[len("whsec_") :] if text.startswith("whsec_") else text
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not key:
        raise ConfigurationError("the webhook secret is not one: it looks like whsec_…", code="configuration")
    return key


def _invalid(what: str) -> InvalidWebhook:
    return InvalidWebhook(what, code="invalid_webhook")
