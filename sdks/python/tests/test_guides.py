"""Every piece of Python in the README and the guide is run, in order, against a new server; what is printed is what the
comment beside it says."""

from __future__ import annotations

import re
import shlex
import sys
import types
from pathlib import Path
from typing import Any, Dict, Iterator, List, Tuple

import httpx
import pytest
from server import Server
from standardwebhooks.webhooks import Webhook

import chargly

PACKAGE = Path(__file__).resolve().parent.parent
GUIDES = PACKAGE.parent.parent / "docs" / "guides"
GUIDE = GUIDES / "python.md"
# Guides for all SDKs have their code in each language, and what is said with curl.
SHARED = ["idempotency-and-retries", "metering", "event-names", "sdk-or-mcp"]
SECRET = "whsec_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc="


@pytest.fixture
def fresh(own_server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("CHARGLY_SECRET_KEY", own_server.key)
    monkeypatch.setenv("CHARGLY_BASE_URL", own_server.url)
    monkeypatch.setitem(sys.modules, "openai", stand_in_for_openai())
    chargly.set_default_client(None)
    yield own_server
    chargly.set_default_client(None)


def stand_in_for_openai() -> types.ModuleType:
    def create(**_: Any) -> Any:
        usage = types.SimpleNamespace(prompt_tokens=12, completion_tokens=3, prompt_tokens_details=None)
        message = types.SimpleNamespace(content="Hello!")
        return types.SimpleNamespace(model="gpt-4o", usage=usage, choices=[types.SimpleNamespace(message=message)])

    completions = types.SimpleNamespace(create=create)
    module = types.ModuleType("openai")
    module.OpenAI = lambda: types.SimpleNamespace(  # type: ignore[attr-defined]
        chat=types.SimpleNamespace(completions=completions)
    )
    return module


def blocks(page: Path) -> List[Tuple[int, str]]:
    """Each block with the line that it begins on."""
    text = page.read_text(encoding="utf-8")
    return [
        (text.count("\n", 0, found.start()) + 2, found.group(1))
        for found in re.finditer(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    ]


def run(page: Path, capsys: pytest.CaptureFixture[str]) -> Dict[str, Any]:
    namespace: Dict[str, Any] = {}
    for line, code in blocks(page):
        # The line numbers of a traceback are those of the page.
        exec(compile("\n" * (line - 1) + code, str(page), "exec"), namespace)
        promised = re.findall(r"^ *print\(.*\)  # (.*)$", code, re.MULTILINE)
        if "def receive" not in code:
            assert capsys.readouterr().out.splitlines() == promised, f"{page.name}, line {line}"
    return namespace


def curls(page: Path) -> List[Tuple[int, str, str]]:
    """Each call by curl, with the line that its block begins on and the status that the comment behind it promises."""
    text = page.read_text(encoding="utf-8")
    return [
        (text.count("\n", 0, block.start()) + 2, command, status)
        for block in re.finditer(r"^```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
        for command, status in re.findall(r"^(curl .*?)  # (\d+)$", block.group(1), re.MULTILINE | re.DOTALL)
    ]


def send(command: str, server: Server) -> int:
    """Sends what curl would, and answers the status."""
    words = shlex.split(command.replace("$CHARGLY_SECRET_KEY", server.key))
    (url,) = [word for word in words if word.startswith("http://")]
    following = dict(zip(words, words[1:]))
    name, value = following["-H"].split(": ")
    method = following.get("-X", "POST")
    path = url.replace("http://127.0.0.1:8080", server.url)
    return httpx.request(method, path, headers={name: value}, content=following["-d"]).status_code


@pytest.mark.parametrize("name", SHARED)
def test_a_guide_for_all_sdks(fresh: Server, capsys: pytest.CaptureFixture[str], name: str) -> None:
    page = GUIDES / f"{name}.md"
    if not page.exists():
        pytest.skip("the guide is in the repository, and this is not its clone")
    assert blocks(page)
    run(page, capsys)
    for line, command, status in curls(page):
        assert send(command, fresh) == int(status), f"{page.name}, in the block of line {line}: {command}"
    assert len(curls(page)) == page.read_text(encoding="utf-8").count("\ncurl ")


def test_the_readme(fresh: Server, capsys: pytest.CaptureFixture[str]) -> None:
    readme = PACKAGE / "README.md"
    assert 'meter_event("image.generate", user_id)' in blocks(readme)[0][1]
    run(readme, capsys)


def test_the_guide(fresh: Server, capsys: pytest.CaptureFixture[str]) -> None:
    if not GUIDE.exists():
        pytest.skip("the guide is in the repository, and this is not its clone")
    page = run(GUIDE, capsys)

    import json
    from datetime import datetime, timezone

    now = datetime.now(timezone.utc)
    data = {"id": "msg_1", "customerId": "user_48", "walletId": "wal_1", "credits": None, "balance": 20}
    body = json.dumps({"type": "wallet.low_balance", "timestamp": now.isoformat(), "data": data})
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(SECRET).sign("msg_1", now, body),
    }
    for _ in range(2):
        assert page["receive"](body.encode(), headers, SECRET) == 204
    assert page["receive"](body.encode() + b" ", headers, SECRET) == 400
    assert capsys.readouterr().out == "user_48 has 20 credits left\n"
