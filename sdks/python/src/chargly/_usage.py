"""What a model was used for, from whatever a provider's library answered.

Providers count differently. Chargly's ``input_tokens`` are all of them, cached ones included; so are the
``prompt_tokens`` of OpenAI and LiteLLM, and the ``input_tokens`` of OpenAI's Responses. Anthropic's ``input_tokens``
leave out what was read from and written to the cache, so these are added.
"""

from __future__ import annotations

from typing import Any, Dict, Mapping, Optional

from ._amounts import money_text

_OURS = {
    "provider",
    "model",
    "input_tokens",
    "cached_input_tokens",
    "cache_write_tokens",
    "output_tokens",
    "images",
    "seconds",
    "requests",
    "batch",
}
_MODELS = {
    "claude": "anthropic",
    "gpt-": "openai",
    "chatgpt-": "openai",
    "o1": "openai",
    "o3": "openai",
    "o4": "openai",
    "text-embedding-": "openai",
}
_LIBRARIES = {"openai": "openai", "anthropic": "anthropic"}


def cost_field(cost: Any, *, provider: Optional[str] = None, model: Optional[str] = None) -> Dict[str, Any]:
    """The ``cost`` of a request: an amount of money, usage in our own words, or what a provider's library answered."""
    if isinstance(cost, Mapping):
        if "amount" in cost:
            return {**cost, "amount": money_text(cost["amount"], "cost.amount")}
        if "provider" in cost and "model" in cost and _OURS.issuperset(cost):
            return dict(cost)
    if isinstance(cost, (int, float, str)) or cost is None:
        raise TypeError('cost needs a currency: {"amount": "0.04", "currency": "usd"}')
    return usage_cost(cost, provider=provider, model=model)


def usage_cost(usage: Any, *, provider: Optional[str] = None, model: Optional[str] = None) -> Dict[str, Any]:
    """Tokens of a response of OpenAI, Anthropic or LiteLLM, or of its ``usage``, as Chargly counts them.

    A whole response says its model. Of a ``usage`` alone neither model nor, at times, provider is known: give them.
    """
    response, counts = (usage, _get(usage, "usage")) if _get(usage, "usage") is not None else (None, usage)
    model = model or _text(_get(response, "model")) or _text(_get(counts, "model"))
    provider = provider or _provider(response, counts, model)
    if model is not None and provider is not None and model.startswith(f"{provider}/"):
        model = model[len(provider) + 1 :]
    missing = [name for name, value in (("provider", provider), ("model", model)) if value is None]
    if missing:
        raise ValueError(f"this usage does not say its {' and '.join(missing)}: pass the whole response, or name it")
    return {"provider": provider, "model": model, **_tokens(counts)}


def _tokens(usage: Any) -> Dict[str, Any]:
    output = _count(usage, "output_tokens", "completion_tokens")
    if _get(usage, "prompt_tokens") is not None:
        details = _get(usage, "prompt_tokens_details")
        total = _count(usage, "prompt_tokens")
        cached = _count(details, "cached_tokens") or _count(usage, "cache_read_input_tokens")
        written = _count(details, "cache_creation_tokens", "cache_write_tokens")
        written = written or _count(usage, "cache_creation_input_tokens")
    elif _get(usage, "input_tokens") is not None:
        details = _get(usage, "input_tokens_details")
        read = _count(usage, "cache_read_input_tokens")
        made = _count(usage, "cache_creation_input_tokens")
        cached = read or _count(details, "cached_tokens")
        written = made or _count(details, "cache_write_tokens")
        total = _count(usage, "input_tokens") + read + made
    else:
        raise ValueError("this is no usage: it has neither prompt_tokens nor input_tokens")
    tokens: Dict[str, Any] = {"input_tokens": total, "cached_input_tokens": cached, "output_tokens": output}
    if written:
        tokens["cache_write_tokens"] = written
    if _get(usage, "service_tier") == "batch":
        tokens["batch"] = True
    return tokens


def _provider(response: Any, usage: Any, model: Optional[str]) -> Optional[str]:
    # LiteLLM speaks for many, and says for whom.
    hidden = _get(response, "_hidden_params")
    if _text(_get(hidden, "custom_llm_provider")):
        return str(_get(hidden, "custom_llm_provider"))
    if model is not None and "/" in model:
        return model.split("/", 1)[0]
    for value in (response, usage):
        library = _LIBRARIES.get(type(value).__module__.split(".", 1)[0])
        if library is not None:
            return library
    for start, provider in _MODELS.items():
        if model is not None and model.startswith(start):
            return provider
    if _get(usage, "prompt_tokens") is None and _get(usage, "cache_read_input_tokens") is not None:
        return "anthropic"
    return None


def _get(value: Any, name: str) -> Any:
    if isinstance(value, Mapping):
        return value.get(name)
    return getattr(value, name, None)


def _text(value: Any) -> Optional[str]:
    return value if isinstance(value, str) and value else None


def _count(value: Any, *names: str) -> int:
    for name in names:
        found = _get(value, name)
        if found is not None:
            return int(found)
    return 0
