"""Operations as plain functions, over a client that is made when the first of them is called."""

from __future__ import annotations

import functools
import threading
from typing import TYPE_CHECKING, Any, Callable, Optional, TypeVar

from . import _ops as ops
from ._call import Call
from ._client import Chargly

if TYPE_CHECKING:
    from typing_extensions import ParamSpec

    P = ParamSpec("P")

T = TypeVar("T")

_client: Optional[Chargly] = None
_lock = threading.Lock()


def default_client() -> Chargly:
    """The client of the functions of this module, made from the environment unless :func:`set_default_client` gave
    one."""
    global _client
    if _client is None:
        with _lock:
            if _client is None:
                _client = Chargly()
    return _client


def set_default_client(client: Optional[Chargly]) -> None:
    """Use this client from now on; None to make one from the environment again."""
    global _client
    with _lock:
        _client = client


def _plain(make: Callable[P, Call[T]]) -> Callable[P, T]:
    @functools.wraps(make)
    def function(*args: P.args, **kwargs: P.kwargs) -> T:
        result: Any = default_client()._run(make(*args, **kwargs))
        return result  # type: ignore[no-any-return]

    return function


meter_event = _plain(ops.meter_event)
meter_events = _plain(ops.meter_events)
quote = _plain(ops.quote)
get_event = _plain(ops.get_event)
reverse_event = _plain(ops.reverse_event)
get_wallet = _plain(ops.get_wallet)
list_wallet_history = _plain(ops.list_wallet_history)
grant = _plain(ops.grant)
place_hold = _plain(ops.place_hold)
capture_hold = _plain(ops.capture_hold)
increase_hold = _plain(ops.increase_hold)
extend_hold = _plain(ops.extend_hold)
void_hold = _plain(ops.void_hold)
list_credit_packs = _plain(ops.list_credit_packs)
create_checkout = _plain(ops.create_checkout)
get_pricing_rule = _plain(ops.get_pricing_rule)
list_pricing_recommendations = _plain(ops.list_pricing_recommendations)
get_pricing_recommendation = _plain(ops.get_pricing_recommendation)
explain_pricing_recommendation = _plain(ops.explain_pricing_recommendation)
apply_pricing_recommendation = _plain(ops.apply_pricing_recommendation)
reject_pricing_recommendation = _plain(ops.reject_pricing_recommendation)
get_usage = _plain(ops.get_usage)
