"""The code that `/try` shows beside each button, taken from the page as it stands and run against the server that shows it.

    CHARGLY_BIN=path/to/chargly python3 samples.py

Each way to call has a project of its own, as `chargly init` makes it: what is pasted must work in that, without a grant or
an event type made by hand. All of them have to leave the same ledger. A way whose tool is not on this machine is left out,
and said to be.
"""

import html
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.request

from doors import NO_PROXY, SDKS, Served, python_with_the_sdk

EVENTS = ["chat.reply", "image.generate", "ai.summary", "agent.run", "workflow.step"]
TABS = ["curl", "python", "typescript", "rust", "mcp"]
CUSTOMER = "demo_user"
CONSUMER = """[package]
name = "samples"
edition = "2024"
publish = false

[workspace]

[dependencies]
chargly-client = {{ path = {sdk} }}
tokio = {{ version = "1", features = ["macros", "rt-multi-thread"] }}
"""


def samples(served):
    """What the page shows after a click on each button: by event and way."""
    found = {}
    for event in EVENTS:
        form = urllib.parse.urlencode({"do": event, "key": f"sample-{event}"}).encode()
        with NO_PROXY.open(urllib.request.Request(f"{served.url}/try", data=form)) as answer:
            page = answer.read().decode()
        shown = re.findall(r'<section id="code-(\w+)">.*?<code>(.*?)</code>', page, re.DOTALL)
        found[event] = {way: html.unescape(code) for way, code in shown}
        assert list(found[event]) == TABS, (event, list(found[event]))
    return found


def by_curl(served, codes, folder):
    """Each command as it is, with the id that the first one answered in place of the placeholder."""
    for code in codes:
        hold = None
        for command in re.split(r"\n(?=#|curl )", code):
            if command.startswith("#") and "\ncurl" not in command:
                continue
            answer = json.loads(run(["sh", "-ec", command.replace("hld_…", hold or "hld_…")], served, folder))
            assert "code" not in answer, answer
            hold = hold or answer.get("id")


def by_python(served, codes, folder):
    for code in codes:
        run([python_with_the_sdk(), "-c", code], served, folder)


def by_node(served, codes, folder):
    (folder / "node_modules").mkdir()
    (folder / "node_modules" / "chargly").symlink_to(SDKS / "typescript")
    for number, code in enumerate(codes):
        program = folder / f"sample_{number}.mjs"
        program.write_text(code, encoding="utf-8")
        run(["node", str(program)], served, folder)


def by_cargo(served, codes, folder):
    """In one program, so that it is linked once; each in a function of its own, as it is."""
    sdk = SDKS / "rust"
    (folder / "src").mkdir()
    (folder / "Cargo.toml").write_text(CONSUMER.format(sdk=json.dumps(str(sdk))))
    # The versions that are locked there, so that nothing new is looked up.
    shutil.copy(sdk / "Cargo.lock", folder / "Cargo.lock")
    result = "Result<(), Box<dyn std::error::Error>>"
    functions = [f"async fn sample_{n}() -> {result} {{\n{code}\nOk(())\n}}\n" for n, code in enumerate(codes)]
    calls = "".join(f"sample_{n}().await?;\n" for n in range(len(codes)))
    main = f"#[tokio::main]\nasync fn main() -> {result} {{\n{calls}Ok(())\n}}\n"
    (folder / "src" / "main.rs").write_text("\n".join([*functions, main]), encoding="utf-8")
    run(["cargo", "run", "--quiet"], served, folder, {"CARGO_TARGET_DIR": str(sdk / "target")})


def by_mcp(served, codes, folder):
    """Each object is the arguments of the tool that the comment before it names."""
    headers = {"accept": "application/json, text/event-stream", "mcp-protocol-version": "2025-06-18"}
    for code in codes:
        hold, tool, rest = None, None, code
        while rest.strip():
            rest = rest.lstrip()
            if rest.startswith("//"):
                comment, _, rest = rest.partition("\n")
                tool = re.search(r"chargly\.\w+", comment).group()
                continue
            arguments, end = json.JSONDecoder().raw_decode(rest)
            rest = rest[end:]
            if arguments.get("holdId") == "hld_…":
                arguments["holdId"] = hold
            params = {"name": tool, "arguments": arguments}
            message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
            status, answer = served.call("POST", "/mcp", message, headers=headers)
            assert status == 200 and not answer["result"].get("isError"), answer
            hold = hold or json.loads(answer["result"]["content"][0]["text"]).get("holdId")


def run(command, served, folder, more=None):
    variables = {**os.environ, **(more or {}), "CHARGLY_SECRET_KEY": served.key, "CHARGLY_BASE_URL": served.url}
    ran = subprocess.run(command, capture_output=True, text=True, cwd=folder, env=variables, check=False)
    assert ran.returncode == 0, (command[:3], ran.stderr[-4000:])
    return ran.stdout


def ledger_of(served):
    """What the customer was charged, without what is of one project alone; in the order of amounts, since runs differ."""
    status, page = served.call("GET", f"/v1/customers/{CUSTOMER}/ledger?limit=1000")
    assert status == 200 and page["next_cursor"] is None, page
    return sorted((line["kind"], line["label"], line["credits"]) for line in page["data"])


def main():
    ways = {
        "curl": ("curl", by_curl),
        "python": ("python3", by_python),
        "typescript": ("node", by_node),
        "rust": ("cargo", by_cargo),
        "mcp": (None, by_mcp),
    }
    passed, failed, expected = 0, 0, None
    for way, (tool, runs) in ways.items():
        if tool is not None and shutil.which(tool) is None:
            print(f"SKIPPED {way}: there is no {tool} on this machine", flush=True)
            continue
        served = Served()
        try:
            codes = [shown[way] for shown in samples(served).values()]
            before = ledger_of(served)
            with tempfile.TemporaryDirectory(prefix="chargly-samples-") as folder:
                runs(served, codes, pathlib.Path(folder))
            left = ledger_of(served)
            assert len(left) == len(before) + len(EVENTS) + 1, left
            expected = expected or left
            assert left == expected, [line for line in left if line not in expected]
            served.end()
            passed += 1
            print(f"ok      {len(codes)} samples run as shown, by {way}", flush=True)
        except AssertionError as error:
            failed += 1
            print(f"FAILED  {way}: {error}", flush=True)
        finally:
            served.process.kill()
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
