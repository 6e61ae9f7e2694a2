"""Usage as providers' libraries answer it, in the words of the server. Shapes as of their libraries, as dicts and as
objects."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any, Dict

import pytest

from chargly import Chargly, usage_cost


def as_object(value: Any) -> Any:
    return json.loads(json.dumps(value), object_hook=lambda fields: SimpleNamespace(**fields))


OPENAI_CHAT = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "model": "gpt-4o-2024-08-06",
    "usage": {
        "prompt_tokens": 812,
        "completion_tokens": 164,
        "total_tokens": 976,
        "prompt_tokens_details": {"cached_tokens": 512, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 100},
    },
}
OPENAI_RESPONSES = {
    "id": "resp_1",
    "object": "response",
    "model": "gpt-4.1",
    "usage": {
        "input_tokens": 812,
        "input_tokens_details": {"cached_tokens": 512, "cache_write_tokens": 20},
        "output_tokens": 164,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": 976,
    },
}
OPENAI_EMBEDDING = {
    "object": "list",
    "model": "text-embedding-3-small",
    "usage": {"prompt_tokens": 8, "total_tokens": 8},
}
ANTHROPIC = {
    "id": "msg_1",
    "type": "message",
    "model": "claude-sonnet-4-5",
    "usage": {
        "input_tokens": 100,
        "cache_creation_input_tokens": 30,
        "cache_read_input_tokens": 500,
        "output_tokens": 164,
        "service_tier": "standard",
    },
}
ANTHROPIC_PLAIN = {
    "type": "message",
    "model": "claude-sonnet-4-5",
    "usage": {
        "input_tokens": 100,
        "cache_creation_input_tokens": None,
        "cache_read_input_tokens": None,
        "output_tokens": 5,
        "service_tier": "batch",
    },
}
LITELLM_ANTHROPIC = {
    "model": "claude-sonnet-4-5",
    "_hidden_params": {"custom_llm_provider": "anthropic"},
    "usage": {
        "prompt_tokens": 630,
        "completion_tokens": 164,
        "total_tokens": 794,
        "prompt_tokens_details": {"cached_tokens": 500, "cache_creation_tokens": 30},
        "cache_creation_input_tokens": 30,
        "cache_read_input_tokens": 500,
    },
}
LITELLM_OTHER = {
    "model": "mistral/mistral-large-latest",
    "usage": {"prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 12, "prompt_tokens_details": None},
}


def tokens(provider: str, model: str, all_input: int, cached: int, output: int, **more: Any) -> Dict[str, Any]:
    return {
        "provider": provider,
        "model": model,
        "input_tokens": all_input,
        "cached_input_tokens": cached,
        "output_tokens": output,
        **more,
    }


CASES = [
    (OPENAI_CHAT, tokens("openai", "gpt-4o-2024-08-06", 812, 512, 164)),
    (OPENAI_RESPONSES, tokens("openai", "gpt-4.1", 812, 512, 164, cache_write_tokens=20)),
    (OPENAI_EMBEDDING, tokens("openai", "text-embedding-3-small", 8, 0, 0)),
    (ANTHROPIC, tokens("anthropic", "claude-sonnet-4-5", 630, 500, 164, cache_write_tokens=30)),
    (ANTHROPIC_PLAIN, tokens("anthropic", "claude-sonnet-4-5", 100, 0, 5, batch=True)),
    (LITELLM_ANTHROPIC, tokens("anthropic", "claude-sonnet-4-5", 630, 500, 164, cache_write_tokens=30)),
    (LITELLM_OTHER, tokens("mistral", "mistral-large-latest", 10, 0, 2)),
]


@pytest.mark.parametrize(("response", "expected"), CASES)
@pytest.mark.parametrize("form", [dict, as_object])
def test_a_response_as_it_came(response: Any, expected: Dict[str, Any], form: Any) -> None:
    assert usage_cost(form(response)) == expected


@pytest.mark.parametrize(("response", "expected"), CASES)
@pytest.mark.parametrize("form", [dict, as_object])
def test_a_usage_alone_is_told_its_model(response: Any, expected: Dict[str, Any], form: Any) -> None:
    usage = form(response["usage"])
    assert usage_cost(usage, provider=expected["provider"], model=expected["model"]) == expected


def test_what_is_missing_is_named() -> None:
    with pytest.raises(ValueError, match="provider and model"):
        usage_cost(OPENAI_CHAT["usage"])
    with pytest.raises(ValueError, match="its provider:"):
        usage_cost({"model": "llama", "usage": {"prompt_tokens": 1}})
    with pytest.raises(ValueError, match="neither prompt_tokens nor input_tokens"):
        usage_cost({"tokens": 5}, provider="p", model="m")


@pytest.mark.parametrize(("response", "expected"), CASES)
def test_the_server_takes_it(client: Chargly, funded: Any, response: Any, expected: Dict[str, Any]) -> None:
    customer = funded()
    event = client.get_event(client.meter_event("chat.reply", customer, cost=response).event_id)
    sent = {name: count for name, count in expected.items() if count not in (0, None)}
    assert {name: event.raw["usage"][name] for name in sent} == sent


def test_usage_in_our_own_words_is_sent_as_it_is(client: Chargly, funded: Any) -> None:
    cost = {"provider": "openai", "model": "dall-e-3", "images": 1}
    event = client.get_event(client.meter_event("image.generate", funded(), cost=cost).event_id)
    assert event.raw["usage"] == cost
