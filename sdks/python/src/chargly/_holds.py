"""Holds as blocks: what was set aside is captured, or given back when the block is left.

Written once, as flows: generators that yield calls and are sent their results. A client drives them, blocking or not.

A capture whose answer was lost may have been made, so the hold is not voided after it: work that was delivered must not
become free. It is left to the same capture, tried again under the same key, or to the hold's own end.
"""

from __future__ import annotations

import contextlib
import logging
from decimal import Decimal
from typing import Any, Generator, Mapping, Optional, Tuple, TypeVar

from . import _models as models
from . import _ops as ops
from ._amounts import Amount, AmountInput
from ._call import Call
from ._errors import CharglyError, HoldNotOpen
from ._ids import uuid7
from ._usage import cost_field

T = TypeVar("T")
Flow = Generator[Call[Any], Any, T]

log = logging.getLogger("chargly")


class HoldFlows:
    """A hold from its placing to its end."""

    def __init__(self, place: Call[models.Hold]) -> None:
        self._place = place
        self._hold: Optional[models.Hold] = None
        self._ended = False
        self._in_doubt: Optional[Tuple[Mapping[str, Any], Optional[str]]] = None
        self.captured: Amount = 0
        """Credits captured so far."""

    @property
    def placed(self) -> models.Hold:
        """The hold as it was placed."""
        if self._hold is None:
            raise CharglyError("the hold is placed when the block is entered: use it with `with`")
        return self._hold

    @property
    def id(self) -> str:
        return self.placed.id

    @property
    def ended(self) -> bool:
        """Whether it was captured for the last time, or voided."""
        return self._ended

    def enter_flow(self) -> Flow[None]:
        if self._hold is not None:
            raise CharglyError("a hold is entered once: make another one")
        self._hold = yield self._place

    def capture_flow(
        self,
        *,
        quantity: Optional[AmountInput] = None,
        credits: Optional[AmountInput] = None,
        cost: Any = None,
        properties: Optional[Mapping[str, Any]] = None,
        if_insufficient: Optional[str] = None,
        final: bool = True,
        idempotency_key: Optional[str] = None,
    ) -> Flow[models.CaptureResult]:
        """Charge what was used, all that is held unless said otherwise. ``final=False`` keeps the rest held."""
        call = ops.capture_hold(
            self.id,
            quantity=quantity,
            credits=credits,
            cost=cost,
            properties=properties,
            if_insufficient=if_insufficient,
            final=final,
            idempotency_key=idempotency_key,
        )
        body = call.body or {}
        if idempotency_key is None and self._in_doubt is not None and self._in_doubt[0] == body:
            call = call.with_key(self._in_doubt[1] or uuid7())
        try:
            result: models.CaptureResult = yield call
        except BaseException as error:
            # A refusal was received, so nothing was captured. Of anything else nobody knows, also where the last
            # attempt got an answer: the one before may have been carried out.
            if not isinstance(error, CharglyError) or error.retryable:
                self._in_doubt = (body, call.key)
            raise
        self._in_doubt = None
        self._ended = result.ended
        self.captured = _sum(self.captured, result.deducted_credits)
        return result

    def increase_flow(
        self, *, quantity: Optional[AmountInput] = None, credits: Optional[AmountInput] = None
    ) -> Flow[models.Hold]:
        """Set more aside."""
        result: models.Hold = yield ops.increase_hold(self.id, quantity=quantity, credits=credits)
        return result

    def extend_flow(self, expires_in_s: int) -> Flow[models.Hold]:
        """Let it lapse ``expires_in_s`` seconds from now."""
        result: models.Hold = yield ops.extend_hold(self.id, expires_in_s)
        return result

    def void_flow(self) -> Flow[None]:
        """Give back what is still held. What was captured stays charged."""
        with contextlib.suppress(HoldNotOpen):
            yield ops.void_hold(self.id)
        self._ended = True

    def leave_flow(self, error: Optional[BaseException]) -> Flow[None]:
        """What leaving the block does. It raises nothing of its own: an error of the block must come through."""
        if self._ended or self._hold is None:
            return
        if self._in_doubt is not None:
            log.warning("hold %s may have been captured, and is left to lapse", self.id)
            return
        try:
            yield from self.void_flow()
        except CharglyError as failed:
            log.warning("hold %s could not be voided, and is left to lapse: %s", self.id, failed)


class MeteredFlows(HoldFlows):
    """A hold that is captured by itself when its block is left without an error."""

    quantity: Optional[AmountInput] = None
    """How much was used, where it is not what was held."""
    credits: Optional[AmountInput] = None
    """How many credits to charge, where it is not what was held."""
    properties: Optional[Mapping[str, Any]] = None
    if_insufficient: Optional[str] = None
    """``record`` for work that is charged even where it comes to more than was held."""
    result: Optional[models.CaptureResult] = None
    """What was charged, once the block is left."""
    _cost: Optional[Mapping[str, Any]] = None

    def cost(self, cost: Any, *, provider: Optional[str] = None, model: Optional[str] = None) -> None:
        """Say what the work cost: the response or usage of a provider as it came, or an amount of money."""
        self._cost = cost_field(cost, provider=provider, model=model)

    def leave_flow(self, error: Optional[BaseException]) -> Flow[None]:
        if error is not None or self._ended:
            yield from super().leave_flow(error)
            return
        try:
            self.result = yield from self.capture_flow(
                quantity=self.quantity,
                credits=self.credits,
                cost=self._cost,
                properties=self.properties,
                if_insufficient=self.if_insufficient,
            )
        except BaseException as failed:
            yield from super().leave_flow(failed)
            raise


def _sum(one: Amount, other: Amount) -> Amount:
    total = Decimal(one) + Decimal(other)
    return int(total) if total == total.to_integral_value() else total
