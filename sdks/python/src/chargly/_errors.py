"""What can go wrong, as classes.

Every error is a :class:`CharglyError`. An answer of the server becomes the class of its ``code``; a code that this
version does not know becomes the class of its status, so that ``except`` clauses go on working when the server learns
new refusals.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, Mapping, Optional, Type

from ._amounts import Amount, amount, cents, optional_amount
from ._ids import uuid7


class CharglyError(Exception):
    """Anything that this package raises about a call."""

    def __init__(
        self,
        message: str,
        *,
        status_code: Optional[int] = None,
        code: str = "",
        retryable: bool = False,
        raw: Optional[Mapping[str, Any]] = None,
        idempotency_key: Optional[str] = None,
        retry_after: Optional[float] = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status_code = status_code
        """The HTTP status, or None where no answer came."""
        self.code = code
        """Stable and in snake_case, as in the reference of errors."""
        self.retryable = retryable
        """Whether the same call under the same key may succeed later."""
        self.raw: Mapping[str, Any] = raw if raw is not None else {}
        """The problem as the server sent it."""
        self.idempotency_key = idempotency_key
        """The key of the call. Where no answer came, repeating the call with it is safe."""
        self.retry_after = retry_after
        """Seconds that the server asked to wait."""

    def __reduce__(self) -> Any:
        # So that task queues can carry it between processes; how to try again does not travel.
        facts = {
            "status_code": self.status_code,
            "code": self.code,
            "retryable": self.retryable,
            "raw": dict(self.raw),
            "idempotency_key": self.idempotency_key,
            "retry_after": self.retry_after,
        }
        return _restored, (type(self), self.message, facts)


class ConfigurationError(CharglyError, ValueError):
    """The client cannot be made like this."""


class ConnectionLost(CharglyError):
    """No answer came. Whether the server acted is not known; the same key makes it safe to ask again."""


class TimedOut(ConnectionLost):
    """No answer came in time."""


class UnexpectedAnswer(CharglyError):
    """An answer that is not Chargly's, from a proxy perhaps."""


class InvalidWebhook(CharglyError):
    """A webhook that is not genuine, or too old."""


# By status


class InvalidRequest(CharglyError):
    """400: the request is not valid."""

    @property
    def errors(self) -> "list[FieldError]":
        """What is wrong, all of it: ``field`` and ``problem``."""
        return [FieldError(e.get("field", ""), e.get("problem", "")) for e in self.raw.get("errors", [])]


@dataclass(frozen=True)
class FieldError:
    field: str
    problem: str


class Unauthorized(CharglyError):
    """401: no valid API key."""


class PaymentRequired(CharglyError):
    """402."""


class Forbidden(CharglyError):
    """403: the key lacks a scope."""

    @property
    def required_scope(self) -> Optional[str]:
        return self.raw.get("required_scope")


class NotFound(CharglyError):
    """404. ``kind`` says what there is none of."""

    @property
    def kind(self) -> Optional[str]:
        return self.raw.get("kind")


class Conflict(CharglyError):
    """409: the state of things forbids it."""


class Gone(CharglyError):
    """410: what this refers to was erased or lost."""


class TooLarge(CharglyError):
    """413. ``limit`` is what would have been taken."""

    @property
    def limit(self) -> Any:
        return self.raw.get("limit")


class Unprocessable(CharglyError):
    """422: nothing can be priced like this."""

    @property
    def event(self) -> Optional[str]:
        return self.raw.get("event")


class RateLimited(CharglyError):
    """429: too much at once. ``retry_after`` says for how many seconds."""


class ServerError(CharglyError):
    """5xx."""


# By code


@dataclass(frozen=True)
class PackHint:
    """A pack that has what is missing, or the largest one where none has."""

    code: str
    name: str
    credits: Amount
    price: int
    """In the smallest coins of the currency."""
    currency: str


@dataclass(frozen=True)
class CheckoutHint:
    smallest_covering_pack: Optional[PackHint]
    wallet_url: Optional[str]


class InsufficientCredits(PaymentRequired):
    """The wallet cannot pay. The refusal is final for its key; see :meth:`retry_after_top_up`."""

    _again: Optional[Callable[[str], Any]] = None
    _next_key: Optional[str] = None

    @property
    def required(self) -> Amount:
        return amount(self.raw["required"])

    @property
    def available(self) -> Amount:
        return amount(self.raw["available"])

    @property
    def shortfall(self) -> Amount:
        return amount(self.raw["shortfall"])

    @property
    def customer(self) -> str:
        return str(self.raw["customer"])

    @property
    def checkout_hint(self) -> Optional[CheckoutHint]:
        """What to sell now, where packs are for sale."""
        hint = self.raw.get("checkout_hint")
        if hint is None:
            return None
        pack = hint.get("smallest_covering_pack")
        return CheckoutHint(
            smallest_covering_pack=None
            if pack is None
            else PackHint(
                code=pack["code"],
                name=pack["name"],
                credits=amount(pack["credits"]),
                price=cents(pack["price"]),
                currency=pack["price"]["currency"],
            ),
            wallet_url=hint.get("wallet_url"),
        )

    def retry_after_top_up(self) -> Any:
        """Make the refused call again, as a new attempt. Answers what the call would have; to be awaited where the
        call was.

        The server's refusal was received, so nothing was charged, and a new key is in order. It is made once: calling
        this again, after a lost connection for example, repeats the same attempt and cannot charge twice.
        """
        if self._again is None:
            raise CharglyError("this refusal did not come from a call that can be made again")
        if self._next_key is None:
            self._next_key = uuid7()
        return self._again(self._next_key)


class BudgetExceeded(PaymentRequired):
    """A budget is used up."""


class WalletFrozen(CharglyError):
    """The wallet takes no new spending until it is thawed."""

    @property
    def customer(self) -> Optional[str]:
        return self.raw.get("customer")


class IdempotencyConflict(Conflict):
    """The key was used before for another request; ``field`` says what differs."""

    @property
    def field(self) -> str:
        return str(self.raw.get("field", ""))

    @property
    def first(self) -> Any:
        return self.raw.get("first")

    @property
    def now(self) -> Any:
        return self.raw.get("now")


class HoldNotOpen(Conflict):
    """The hold was captured, voided or has lapsed: ``state``."""

    @property
    def state(self) -> Optional[str]:
        return self.raw.get("state")


class CaptureExceedsHold(Conflict):
    """More was to be captured than is held."""

    @property
    def held(self) -> Optional[Amount]:
        return optional_amount(self.raw.get("held"))

    @property
    def requested(self) -> Optional[Amount]:
        return optional_amount(self.raw.get("requested"))


class AlreadyReversed(Conflict):
    """More was to be reversed than is left of the event."""

    @property
    def left(self) -> Optional[Amount]:
        return optional_amount(self.raw.get("left"))


class VersionSuperseded(Conflict):
    """Another price version was published in between."""


class RecommendationNotOpen(Conflict):
    """The recommendation was decided on, or its time is over."""

    @property
    def recommendation_status(self) -> Optional[str]:
        return self.raw.get("recommendation_status")


class RecommendationNotApplicable(Conflict):
    """The recommendation has no price to publish, or is not sure enough yet."""


class PaymentsNotSetUp(Conflict):
    """No payment provider is set up in this environment."""


class UnknownEventType(Unprocessable):
    """There is no event type of this name."""

    @property
    def did_you_mean(self) -> Optional[str]:
        return self.raw.get("did_you_mean")


class NoActivePrice(Unprocessable):
    """The event type has no price in force."""


class CostRequired(Unprocessable):
    """The price needs what the event cost."""


class EventTypeArchived(Unprocessable):
    """The event type takes no new events."""


class Overloaded(RateLimited):
    """Too many calls are waiting."""


class Unavailable(ServerError):
    """503: this cannot be answered now."""


class StorageFull(ServerError):
    """507: the server's disk is full. Nothing was recorded."""


class PaymentProviderRefused(ServerError):
    """502: the payment provider refused."""


_BY_STATUS: Mapping[int, Type[CharglyError]] = {
    400: InvalidRequest,
    401: Unauthorized,
    402: PaymentRequired,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    410: Gone,
    413: TooLarge,
    422: Unprocessable,
    429: RateLimited,
    503: Unavailable,
    507: StorageFull,
}

_BY_CODE: Mapping[str, Type[CharglyError]] = {
    "insufficient_credits": InsufficientCredits,
    "budget_exceeded": BudgetExceeded,
    "wallet_frozen": WalletFrozen,
    "idempotency_conflict": IdempotencyConflict,
    "hold_not_open": HoldNotOpen,
    "capture_exceeds_hold": CaptureExceedsHold,
    "already_reversed": AlreadyReversed,
    "version_superseded": VersionSuperseded,
    "recommendation_not_open": RecommendationNotOpen,
    "recommendation_not_applicable": RecommendationNotApplicable,
    "payments_not_set_up": PaymentsNotSetUp,
    "unknown_event_type": UnknownEventType,
    "no_active_price": NoActivePrice,
    "cost_required": CostRequired,
    "event_type_archived": EventTypeArchived,
    "overloaded": Overloaded,
    "payment_provider_refused": PaymentProviderRefused,
}


def error_of(
    status: int, problem: Any, *, key: Optional[str] = None, retry_after: Optional[float] = None, text: str = ""
) -> CharglyError:
    """The error that an answer is. ``problem`` is its JSON, or None where it has none."""
    raw: Mapping[str, Any] = problem if isinstance(problem, dict) else {"body": text[:1000]}
    code = raw.get("code")
    by_status = _BY_STATUS.get(status, ServerError if status >= 500 else CharglyError)
    kind = _BY_CODE.get(code, by_status) if isinstance(code, str) else by_status
    retryable = raw.get("retryable")
    return kind(
        str(raw.get("detail") or raw.get("title") or f"the server answered with status {status}"),
        status_code=status,
        code=code if isinstance(code, str) else f"http_{status}",
        # A problem says itself whether it may be tried again. What is no problem comes from something in between.
        retryable=retryable if isinstance(retryable, bool) else _may_pass(status),
        raw=raw,
        idempotency_key=key,
        retry_after=retry_after,
    )


def _may_pass(status: int) -> bool:
    return status in (408, 429) or status >= 500


def _restored(kind: Type[CharglyError], message: str, facts: "dict[str, Any]") -> CharglyError:
    return kind(message, **facts)
