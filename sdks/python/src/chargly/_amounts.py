"""Credits and money, exact in both directions.

No binary float comes near an amount: answers are read with ``Decimal`` for what is not whole, and a float in a request
is refused before anything is sent.
"""

from __future__ import annotations

import json
import re
import uuid
from datetime import datetime, timezone
from decimal import Decimal, InvalidOperation
from typing import Any, Optional, Union

Amount = Union[int, Decimal]
"""An amount in an answer: an ``int`` where it is whole, else a ``Decimal``."""

AmountInput = Union[int, Decimal, str]
"""An amount in a request: never a float."""

# Decimal places of the smallest coin, where it is not a hundredth (ISO 4217).
_MINOR_DIGITS = {
    currency: digits
    for digits, currencies in {
        0: "bif clp djf gnf isk jpy kmf krw pyg rwf ugx uyi vnd vuv xaf xof xpf",
        3: "bhd iqd jod kwd lyd omr tnd",
        4: "clf uyw",
    }.items()
    for currency in currencies.split()
}

# Stands before a Decimal on its way through `json.dumps`, which has no hook that writes a number as it is. It is
# random, so that no text of a caller can be taken for one.
_MARK = uuid.uuid4().hex
_MARKED = re.compile(f'"{_MARK}(-?[0-9.]+)"')


def number(value: AmountInput, field: str) -> Amount:
    """The amount of a request as a JSON number."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, (str, Decimal)):
        return _whole(_decimal(value, field))
    raise TypeError(_not_exact(value, field))


def money_text(value: AmountInput, field: str) -> str:
    """The amount of a request as a decimal string, which is how money travels."""
    exact = number(value, field)
    return str(exact) if isinstance(exact, int) else f"{exact:f}"


def amount(value: Any) -> Amount:
    """An amount of an answer."""
    return _whole(value) if isinstance(value, Decimal) else int(value)


def optional_amount(value: Any) -> Optional[Amount]:
    return None if value is None else amount(value)


def cents(price: Any) -> int:
    """The smallest coins in a ``{"amount", "currency"}`` of an answer."""
    digits = _MINOR_DIGITS.get(price["currency"], 2)
    coins = Decimal(price["amount"]).scaleb(digits)
    if coins != coins.to_integral_value():
        raise ValueError(f"{price['amount']} {price['currency']} is not a whole number of coins")
    return int(coins)


def dumps(value: Any) -> bytes:
    text = json.dumps(value, default=_marked, separators=(",", ":"), allow_nan=False)
    return (_MARKED.sub(r"\1", text) if _MARK in text else text).encode()


def loads(text: Union[bytes, str]) -> Any:
    return json.loads(text, parse_float=Decimal)


def time_text(value: Union[datetime, str], field: str) -> str:
    """A time of a request in RFC 3339."""
    if isinstance(value, str):
        return value
    if value.tzinfo is None:
        raise ValueError(f"{field} has no time zone: use datetime.now(timezone.utc)")
    return value.astimezone(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def time(value: str) -> datetime:
    return datetime.fromisoformat(value.replace("Z", "+00:00"))


def optional_time(value: Optional[str]) -> Optional[datetime]:
    return None if value is None else time(value)


def _whole(value: Decimal) -> Amount:
    return int(value) if value == value.to_integral_value() else value


def _decimal(value: Union[str, Decimal], field: str) -> Decimal:
    try:
        parsed = Decimal(value)
    except InvalidOperation:
        raise ValueError(f"{field} is not a number: {value!r}") from None
    if not parsed.is_finite():
        raise ValueError(f"{field} is not a finite number: {value!r}")
    return parsed


def _not_exact(value: object, field: str) -> str:
    if isinstance(value, float):
        return f'{field} is a float ({value!r}), which cannot hold an amount exactly: pass "{value!r}" or a Decimal'
    return f"{field} must be an int, a Decimal or a str, not {type(value).__name__}"


def _marked(value: object) -> str:
    if isinstance(value, Decimal) and value.is_finite():
        return f"{_MARK}{value:f}"
    raise TypeError(f"{type(value).__name__} cannot be sent as JSON")
