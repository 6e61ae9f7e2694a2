"""The official client of the Model Context Protocol judges our tools: it holds every answer against the schema that the
tool publishes, over HTTP in both eras of the protocol and over standard input and output."""

import asyncio
import json
import urllib.parse
import urllib.request

import httpx2
from mcp import Client, MCPError, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from served import Served
from verdict import Verdict, built, equal

TOOLS = [
    "meter_event", "quote", "get_wallet", "list_wallet_history", "list_credit_packs", "create_checkout", "place_hold",
    "capture_hold", "void_hold", "get_usage", "get_pricing_rule", "list_pricing_recommendations",
    "get_pricing_recommendation", "explain_pricing_recommendation", "apply_pricing_recommendation",
    "reject_pricing_recommendation",
]

verdict = Verdict()
served = Served()


def over_http(key, mode):
    http = httpx2.AsyncClient(headers={"authorization": f"Bearer {key}"}, trust_env=False)
    return Client(streamable_http_client(f"{served.url}/mcp", http_client=http), mode=mode)


def over_stdio(key, mode):
    environment = {"CHARGLY_SECRET_KEY": key, "CHARGLY_URL": served.url}
    return Client(StdioServerParameters(command=str(built("chargly")), args=["mcp"], env=environment), mode=mode)


async def use(client, tool, **arguments):
    result = await client.call_tool(f"chargly.{tool}", arguments)
    assert not result.is_error, result
    equal(json.loads(result.content[0].text), result.structured_content)
    return result.structured_content


async def refused(client, tool, **arguments):
    result = await client.call_tool(f"chargly.{tool}", arguments)
    assert result.is_error, result
    return json.loads(result.content[0].text)


def pay(url):
    """Presses the button, as the buyer does at the sandbox's page."""
    form = urllib.parse.urlencode({"action": "pay"}).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data=form, method="POST")) as answer:
        assert answer.status == 200


async def story(client, customer):
    """A wallet runs low, and is filled by the person whom the agent shows an address."""
    wallet = await use(client, "get_wallet", customerId=customer)
    equal(wallet, {"customerId": customer, "balance": 0, "unit": "credits"})
    event = {"customerId": customer, "event": "image.generate"}
    problem = await refused(client, "meter_event", **event, idempotencyKey=f"{customer}-1")
    equal(problem["code"], "insufficient_credits")
    equal((problem["required"], problem["available"], problem["shortfall"]), (40, 0, 40))
    packs = (await use(client, "list_credit_packs"))["items"]
    covering = problem["checkout_hint"]["smallest_covering_pack"]["code"]
    pack = next(pack for pack in packs if pack["id"] == covering)
    equal((pack["credits"], pack["price"]), (500, 1000))
    checkout = await use(client, "create_checkout", customerId=customer, creditPackId=pack["id"])
    equal(checkout["credits"], 500)
    equal((await use(client, "get_wallet", customerId=customer))["balance"], 0)
    await asyncio.to_thread(pay, checkout["checkoutUrl"])
    # The refusal is final for its key: another attempt is another key.
    again = await refused(client, "meter_event", **event, idempotencyKey=f"{customer}-1")
    equal(again["code"], "insufficient_credits")
    metered = await use(client, "meter_event", **event, idempotencyKey=f"{customer}-2")
    equal((metered["success"], metered["deductedCredits"], metered["remainingBalance"]), (True, 40, 460))
    history = (await use(client, "list_wallet_history", customerId=customer))["items"]
    equal([line["credits"] for line in history], [-40, 500])


async def every_tool(client):
    """Answers of tools that the story does not use, held against their schemas by the client."""
    customer = {"customerId": "demo_user"}
    quote = await use(client, "quote", **customer, event="image.generate")
    equal((quote["credits"], quote["accepted"]), (40, True))
    hold = await use(client, "place_hold", **customer, event="agent.run", quantity=2)
    captured = await use(client, "capture_hold", holdId=hold["holdId"], quantity=1)
    equal((captured["deductedCredits"], captured["ended"]), (25, True))
    hold = await use(client, "place_hold", **customer, event="agent.run")
    equal((await use(client, "void_hold", holdId=hold["holdId"]))["releasedCredits"], 25)
    rule = await use(client, "get_pricing_rule", feature="agent.run")
    equal((rule["multiplier"], rule["minimumCredits"], rule["enabled"], rule["version"]), (0, 25, True, 1))
    await use(client, "get_usage", **customer, groupBy="event,customer", interval="month")
    equal((await use(client, "list_pricing_recommendations", status="pending"))["items"], [])
    missing = {"recommendationId": "rec_none"}
    for tool in TOOLS[-4:]:
        equal((await refused(client, tool, **missing))["code"], "not_found")


async def judge():
    key = served.key
    doors = [
        ("over HTTP, beginning with initialize", lambda: over_http(key, "legacy"), "2025-11-25"),
        ("over HTTP, of 2026-07-28", lambda: over_http(key, "2026-07-28"), "2026-07-28"),
        ("over HTTP, as the client chooses", lambda: over_http(key, "auto"), "2026-07-28"),
        ("over standard input and output, beginning with initialize", lambda: over_stdio(key, "legacy"), "2025-11-25"),
        ("over standard input and output, as the client chooses", lambda: over_stdio(key, "auto"), "2026-07-28"),
    ]
    for number, (door, connect, version) in enumerate(doors):
        with verdict(f"{door}: all tools are listed, each with what a model needs"):
            async with connect() as client:
                equal(client.protocol_version, version)
                tools = (await client.list_tools()).tools
                equal([tool.name for tool in tools], [f"chargly.{name}" for name in TOOLS])
                for tool in tools:
                    assert tool.title and tool.description and tool.output_schema and tool.annotations, tool

        with verdict(f"{door}: a wallet runs low, is filled, and pays"):
            async with connect() as client:
                await story(client, f"agent_{number}")

        with verdict(f"{door}: every tool answers as its schema says"):
            async with connect() as client:
                await every_tool(client)

        with verdict(f"{door}: what is wrong with arguments is told as an answer, an unknown tool as an error"):
            async with connect() as client:
                problem = await refused(client, "meter_event", customerId="demo_user", evnt="image.generate")
                equal([error["field"] for error in problem["errors"]], ["evnt", "event"])
                try:
                    await client.call_tool("chargly.lost", {})
                    raise AssertionError("an unknown tool answered")
                except MCPError as error:
                    equal(error.error.code, -32602)

    with verdict("the same operation leaves the same ledger through either door"):
        body = {"customer": "by_http", "credits": 100, "kind": "promotional"}
        for customer in ["by_http", "by_mcp"]:
            served.call("POST", f"/v1/customers/{customer}/grants", {k: v for k, v in body.items() if k != "customer"})
        served.call("POST", "/v1/events", {"event": "image.generate", "customer": "by_http", "idempotency_key": "k"})
        async with over_http(key, "auto") as client:
            await use(client, "meter_event", customerId="by_mcp", event="image.generate", idempotencyKey="k")

        def lines(customer):
            told = served.call("GET", f"/v1/customers/{customer}/ledger")["data"]
            return [(line["kind"], line["label"], line["credits"], line["balance_after"]) for line in told]

        equal(lines("by_mcp"), lines("by_http"))

    with verdict("a key that is none opens nothing, over HTTP and at the start of the program"):
        for connect in [over_http, over_stdio]:
            try:
                async with connect("sk_test_none", "legacy") as client:
                    await client.list_tools()
            except Exception:  # whichever the client makes of 401, or of a program that ends
                continue
            raise AssertionError("a key that is none was taken")


try:
    asyncio.run(judge())
finally:
    served.end()
verdict.end()
