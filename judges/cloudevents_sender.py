"""The Python package of CloudEvents judges our door for them: it makes events as senders do, in all three modes and by both
of its interfaces, and what it sends has to be taken, charged once, and collected where a wallet could not pay."""

import json
import os
import pathlib
import re
import urllib.error
import urllib.parse
import urllib.request

from cloudevents.core.bindings.http import to_binary_event, to_structured_event
from cloudevents.core.v1.event import CloudEvent
from cloudevents.v1.conversion import to_binary, to_dict, to_structured
from cloudevents.v1.http import CloudEvent as OldCloudEvent
from served import Served
from verdict import Verdict, equal

GUIDE = pathlib.Path("docs/guides/cloudevents.md")
PRICE = 40
verdict = Verdict()
served = Served()


def send(headers, body):
    """Status and body of the answer to a request as a library made it."""
    headers = {**headers, "authorization": f"Bearer {served.key}"}
    # As most senders write them to the wire: whatever is not ASCII is UTF-8.
    headers = {name: value.encode().decode("latin-1") for name, value in headers.items()}
    request = urllib.request.Request(served.url + "/api/v1/events", body, headers)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def attributes(id, subject="demo_user", **more):
    return {"specversion": "1.0", "type": "image.generate", "source": "/judge", "id": id, "subject": subject, **more}


def new(id, subject="demo_user", data=None, **more):
    return CloudEvent(attributes(id, subject, **more), data)


def old(id, subject="demo_user", data=None, **more):
    return OldCloudEvent(attributes(id, subject, **more), data)


def available(customer="demo_user"):
    return served.call("GET", f"/v1/customers/{urllib.parse.quote(customer)}/wallet")["available"]


def grant(customer, credits):
    body = {"credits": credits, "kind": "paid", "price": {"amount": "10", "currency": "usd"}}
    return served.call("POST", f"/v1/customers/{urllib.parse.quote(customer)}/grants", body)


def charged(customer, send_all):
    before = available(customer)
    send_all()
    return (before - available(customer)) / PRICE


try:
    with verdict("structured events of both interfaces are taken, and charged once"):
        made = [to_structured_event(new("n1")), to_structured_event(new("n2", data={"model": "sdxl"}))]
        made = [(message.headers, message.body) for message in made]
        made += [to_structured(old("o1")), to_structured(old("o2", data={"model": "sdxl"}, traceparent="00-1"))]
        equal(charged("demo_user", lambda: [equal(send(*one), (204, b"")) for one in made * 3]), 4)

    with verdict("binary events of both interfaces are taken, and charged once"):
        made = [to_binary_event(new("n3")), to_binary_event(new("n4", data={"model": "sdxl"}))]
        made = [(message.headers, message.body) for message in made]
        made += [to_binary(old("o3", data={"model": "sdxl"})), to_binary(old("o4", data={"quantity": "2"}))]
        equal(charged("demo_user", lambda: [equal(send(*one), (204, b"")) for one in made * 3]), 4)

    with verdict("an event made anew under its id is the same event, whichever time the library puts in"):
        equal(charged("demo_user", lambda: [equal(send(*to_structured(old("again"))), (204, b"")) for _ in range(3)]), 1)

    with verdict("one event in all modes is charged once, and its customer is one in every spelling"):
        customer = 'Zoë "the\\quick" 狐 50%'
        grant(customer, 1000)
        when = {"time": "2026-11-23T10:00:00.123456+01:00"}
        messages = [to_structured(old("z", customer, {"a": 1}, **when)), to_binary(old("z", customer, {"a": 1}, **when))]
        messages[1][0]["ce-subject"] = urllib.parse.quote(customer)
        binary = to_binary_event(new("y", customer, {"a": 1}))
        messages += [(binary.headers, binary.body), to_structured(old("y", customer, {"a": 1}))]
        raw = {**binary.headers, "ce-subject": customer.replace("%", "%25")}
        messages += [(raw, binary.body)]
        equal(charged(customer, lambda: [equal(send(*one), (204, b"")) for one in messages]), 2)
        event = served.call("GET", "/v1/events?limit=1")["data"][0]
        equal((event["customer"], event["properties"]), (customer, {"a": 1}))

    with verdict("a batch with one bad item keeps the good ones and names what is wrong"):
        events = [old("b1"), old("b2"), old("b3")]
        items = [json.loads(to_structured(event)[1]) for event in events]
        items[1]["type"] = "no.such"
        batch = {"content-type": "application/cloudevents-batch+json"}

        def send_batch():
            status, body = send(batch, json.dumps(items).encode())
            equal(status, 207)
            results = json.loads(body)["results"]
            equal([result["status"] for result in results], [204, 422, 204])
            equal([result["id"] for result in results], ["b1", "b2", "b3"])
            equal(results[1]["error"]["code"], "unknown_event_type")

        equal(charged("demo_user", lambda: [send_batch(), send_batch()]), 2)
        items[1]["type"] = "image.generate"
        equal(charged("demo_user", lambda: equal(send(batch, json.dumps(items).encode()), (204, b""))), 1)

    with verdict("what is not as it must be is named and charges nothing"):
        good = to_structured(old("wrong"))
        for name, value in [("specversion", "0.3"), ("subject", None), ("id", 7), ("time", "now"), ("data", "text")]:
            body = json.dumps({**json.loads(good[1]), name: value}).encode()
            status, answer = send(good[0], body)
            equal((status, [error["field"] for error in json.loads(answer)["errors"]]), (400, [name]))

    with verdict("a wallet that cannot pay keeps the work, which is listed, and collected after a grant"):
        grant("late_payer", PRICE + 10)
        data = {"cost": {"amount": "0.04", "currency": "usd"}}
        for id in ["l1", "l2", "l3", "l2"]:
            equal(send(*to_structured(old(id, "late_payer", data))), (204, b""))
        equal(available("late_payer"), 10)
        listed = served.call("GET", "/v1/events?uncharged=true&customer=late_payer")
        equal([event["uncharged"] for event in listed["data"]], [PRICE, PRICE])
        unbilled = {"amount": "0.08", "currency": "usd", "missing": 0}
        equal(listed["totals"], {"events": 2, "uncharged": 2 * PRICE, "unbilled_cost": unbilled})
        grant("late_payer", 30)
        got = served.call("POST", "/v1/customers/late_payer/collect", {})
        equal((got["collected"], got["uncharged"]), ({"events": 1, "credits": PRICE}, {"events": 1, "credits": PRICE}))
        grant("late_payer", 100)
        [event] = served.call("GET", "/v1/events?uncharged=true&customer=late_payer")["data"]
        got = served.call("POST", f"/v1/events/{event['id']}/collect", {})
        equal((got["credits"], got["balance"]["available"], available("late_payer")), (PRICE, 60, 60))
        equal(served.call("GET", "/v1/events?uncharged=true")["data"], [])
        equal(send(*to_structured(old("l3", "late_payer", data))), (204, b""))
        equal(available("late_payer"), 60)

    with verdict("what the guide shows in Python does what it says, twice"):
        [block] = re.findall(r"^```python\n(.*?)^```$", GUIDE.read_text(), re.MULTILINE | re.DOTALL)
        served.call("PUT", "/v1/event-types/chat.tokens", {"label": "Tokens", "credits": PRICE})
        grant("studio_7", 100)
        os.environ.update(CHARGLY_API_KEY=served.key, CHARGLY_URL=served.url)
        equal(charged("studio_7", lambda: [exec(compile(block, str(GUIDE), "exec"), {}) for _ in range(2)]), 1)
finally:
    served.end()
verdict.end()
