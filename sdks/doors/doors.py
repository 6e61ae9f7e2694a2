"""The same through every door: one seeded list of operations goes through HTTP, MCP, each SDK, CloudEvents and the
compatibility routes, each in a project of its own, and leaves the same answers and the same ledger.

    CHARGLY_BIN=path/to/chargly python3 doors.py

The SDKs have to be built (`cargo xtask test --only sdks` does). What a door cannot express is left out of its list, and it
is compared with HTTP over that shorter list: CloudEvents cannot refuse, and it and the compatibility routes have no holds.
"""

import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import urllib.error
import urllib.parse
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
SDKS = HERE.parent
CHARGLY = os.environ["CHARGLY_BIN"]
SEED = 20261129
OPERATIONS = 240
CUSTOMERS = ["ada", "bob", "käthe/ü", "d e"]
EVENTS = ["chat.reply", "image.generate", "ai.summary", "workflow.step"]
GRANTED = 2_000
NO_PROXY = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Served:
    """A new project, served, with credits for every customer."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory()
        data = pathlib.Path(self.folder.name) / "data"
        begun = subprocess.check_output([CHARGLY, "init", "--json", "--data", data])
        self.key = json.loads(begun)["keys"]["test"]
        serve = [CHARGLY, "serve", "--data", data, "--listen", "127.0.0.1:0", "--log-level", "warn"]
        self.process = subprocess.Popen(serve, stdout=subprocess.PIPE, text=True)
        for line in self.process.stdout:
            if line.startswith("Listening on "):
                self.url = line.split()[-1].rstrip("/")
                break
        else:
            raise AssertionError("the server did not start")
        for customer in CUSTOMERS:
            grant = {"credits": GRANTED, "kind": "paid", "price": {"amount": "40", "currency": "usd"}}
            status, _ = self.call("POST", f"/v1/customers/{quoted(customer)}/grants", grant, key=f"grant-{customer.encode().hex()}")
            assert status == 200, status

    def call(self, method, path, body=None, key=None, headers=None):
        headers = {"authorization": f"Bearer {self.key}", "content-type": "application/json", **(headers or {})}
        if key is not None:
            headers["idempotency-key"] = key
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, method=method, data=data, headers=headers)
        try:
            with NO_PROXY.open(request) as answer:
                text = answer.read()
                return answer.status, json.loads(text) if text else {}
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())

    def ledger(self):
        """Every line of every customer, without what is of this project alone: ids and times."""
        lines = {}
        for customer in CUSTOMERS:
            _, page = self.call("GET", f"/v1/customers/{quoted(customer)}/ledger?limit=1000")
            assert page["next_cursor"] is None
            shown = ("kind", "label", "credits", "balance_after")
            lines[customer] = [tuple(line.get(name) for name in shown) for line in page["data"]]
            _, wallet = self.call("GET", f"/v1/customers/{quoted(customer)}/wallet")
            left = ("posted", "held", "available", "debt")
            lines[customer].append(tuple(wallet[name] for name in left))
        return lines

    def end(self):
        """Stops it, and proves the sums of what it leaves."""
        self.process.terminate()
        assert self.process.wait() == 0
        data = pathlib.Path(self.folder.name) / "data"
        subprocess.run([CHARGLY, "verify", "--data", data], check=True, stdout=subprocess.DEVNULL)
        self.folder.cleanup()


def quoted(text):
    return urllib.parse.quote(text, safe="")


def operations(with_refusals, with_holds):
    """The same list for the same seed; shorter ones are parts of longer ones."""
    chance, made, holds = random.Random(SEED), [], []
    for number in range(OPERATIONS):
        kind = chance.choices(["meter", "again", "dear", "hold", "capture", "void"], [60, 10, 4, 12, 9, 5])[0]
        event, customer = chance.choice(EVENTS), chance.choice(CUSTOMERS)
        credits, pick = chance.randint(1, 60), chance.random()
        key = f"op-{number}"
        if kind == "meter" or (kind == "again" and not made):
            made.append({"op": "meter", "event": event, "customer": customer, "key": key})
        elif kind == "again":
            # A retry: the same request under the same key, whatever became of it. The Rust SDK takes no key for a void.
            before = [one for one in made if one["op"] != "void"]
            made.append(before[int(pick * len(before))])
        elif kind == "dear" and with_refusals:
            made.append({"op": "meter", "event": "image.generate", "customer": "nobody", "key": key})
        elif kind == "hold" and with_holds:
            made.append({"op": "hold", "event": event, "customer": customer, "credits": credits, "key": key})
            holds.append(made[-1])
        elif kind in ("capture", "void") and with_holds and holds:
            hold = holds[int(pick * len(holds))]
            made.append({"op": kind, "hold": hold["key"], "credits": min(credits, hold["credits"]), "key": key})
    return made


def by_http(served, todo):
    holds = {}
    for one in todo:
        if one["op"] == "meter":
            body = {"event": one["event"], "customer": one["customer"]}
            yield answered(*served.call("POST", "/v1/events", body, one["key"]))
        elif one["op"] == "hold":
            body = {"event": one["event"], "customer": one["customer"], "credits": one["credits"]}
            status, answer = served.call("POST", "/v1/holds", body, one["key"])
            holds[one["key"]] = answer.get("id")
            yield answered(status, answer)
        else:
            body = {"credits": one["credits"]} if one["op"] == "capture" else {}
            yield answered(*served.call("POST", f"/v1/holds/{holds[one['hold']]}/{one['op']}", body, one["key"]))


def answered(status, answer):
    if status == 200:
        return f"ok {answer['balance']['available']}"
    return f"refused {answer['code']}"


def by_mcp(served, todo):
    holds = {}
    headers = {"accept": "application/json, text/event-stream", "mcp-protocol-version": "2025-06-18"}
    for number, one in enumerate(todo):
        if one["op"] == "meter":
            tool, arguments = "meter_event", {"customerId": one["customer"], "event": one["event"]}
        elif one["op"] == "hold":
            tool = "place_hold"
            arguments = {"customerId": one["customer"], "event": one["event"], "credits": one["credits"]}
        else:
            tool, arguments = f"{one['op']}_hold", {"holdId": holds[one["hold"]]}
            if one["op"] == "capture":
                arguments["credits"] = one["credits"]
        arguments["idempotencyKey"] = one["key"]
        params = {"name": f"chargly.{tool}", "arguments": arguments}
        message = {"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": params}
        status, answer = served.call("POST", "/mcp", message, headers=headers)
        assert status == 200 and "result" in answer, answer
        told = json.loads(answer["result"]["content"][0]["text"])
        if answer["result"].get("isError"):
            yield f"refused {told['code']}"
            continue
        if one["op"] == "hold":
            holds[one["key"]] = told["holdId"]
        yield f"ok {told['remainingBalance']}"


def by_cloud_events(served, todo):
    for one in todo:
        event = {
            "specversion": "1.0", "type": one["event"], "subject": one["customer"], "source": "/doors", "id": one["key"],
        }
        status, answer = served.call("POST", "/api/v1/events", event, headers={"content-type": "application/cloudevents+json"})
        assert status == 204, (status, answer)
        # It answers nothing: what is left is asked for.
        _, wallet = served.call("GET", f"/v1/customers/{quoted(one['customer'])}/wallet")
        yield f"now {wallet['available']}"


def by_compatibility(served, todo):
    headers = {"x-api-key": served.key, "authorization": f"Bearer {served.key}"}
    for one in todo:
        body = {"userId": one["customer"], "source": one["event"]}
        status, answer = served.call("POST", "/api/wallet/consume", body, one["key"], headers)
        if status == 200:
            yield f"ok {answer['balanceAfter']}"
        else:
            code = answer["error"]["code"]
            yield f"refused {'insufficient_credits' if code == 'insufficient_balance' else code}"


def by_program(*command, folder=HERE, environment=None):
    def run(served, todo):
        variables = {**os.environ, **(environment or {}), "CHARGLY_SECRET_KEY": served.key, "CHARGLY_BASE_URL": served.url}
        ran = subprocess.run(
            list(command), input=json.dumps(todo), capture_output=True, text=True, cwd=folder, env=variables, check=False
        )
        assert ran.returncode == 0, ran.stderr[-4000:]
        return ran.stdout.splitlines()

    return run


def balances(served, todo):
    """As `by_cloud_events` tells it, through HTTP."""
    for one, _ in zip(todo, by_http(served, todo)):
        _, wallet = served.call("GET", f"/v1/customers/{quoted(one['customer'])}/wallet")
        yield f"now {wallet['available']}"


def through(door, todo):
    served = Served()
    try:
        answers = list(door(served, todo))
        ledger = served.ledger()
        served.end()
    finally:
        served.process.kill()
    return answers, ledger


def python_with_the_sdk():
    found = sorted((SDKS / "python" / ".check").glob("installed_*/bin/python"))
    assert found, "the Python SDK is not installed: run sdks/python/check.py first"
    return str(found[0])


def main():
    all_of_it, refusals, plain = operations(True, True), operations(True, False), operations(False, False)
    rust = ["cargo", "run", "--quiet", "--example", "doors"]
    lists = [
        ("everything", by_http, all_of_it, [
            ("MCP", by_mcp),
            ("the Python SDK", by_program(python_with_the_sdk(), "through_python.py")),
            ("the TypeScript SDK", by_program("node", "through_typescript.mjs")),
            ("the Rust SDK", by_program(*rust, folder=SDKS / "rust")),
        ]),
        ("events and refusals", by_http, refusals, [("the compatibility routes", by_compatibility)]),
        ("events", balances, plain, [("CloudEvents", by_cloud_events)]),
    ]
    passed = failed = 0
    for name, first, todo, doors in lists:
        expected = through(first, todo)
        refused = sum(answer.startswith("refused") for answer in expected[0])
        print(f"{name}: {len(todo)} operations, {refused} of them refused", flush=True)
        for door, way in doors:
            answers, ledger = through(way, todo)
            differing = [pair for pair in zip(todo, expected[0], answers) if pair[1] != pair[2]]
            if not differing and len(answers) == len(todo) and ledger == expected[1]:
                passed += 1
                print(f"ok      the same through {door}", flush=True)
            else:
                failed += 1
                apart = [(one, other) for name in CUSTOMERS for one, other in zip(expected[1][name], ledger[name]) if one != other]
                print(f"FAILED  {door}: answers {differing[:3]}, ledgers {apart[:3]}", flush=True)
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
