"""The published verifier of Standard Webhooks judges what we send: it has to take every message, and none that was
changed in any way."""

import base64
import hashlib
import hmac
import json
import time

from served import Receiver, Served
from standardwebhooks.webhooks import Webhook, WebhookVerificationError
from verdict import Verdict, equal, refused

TYPES = ["wallet.credited", "wallet.debited", "balance.updated", "wallet.low_balance", "wallet.empty", "price.published"]
verdict = Verdict()
served, receiver = Served(), Receiver()
try:
    endpoint = served.endpoint(receiver, TYPES)
    secret, path = endpoint["secret"], f"/v1/webhook-endpoints/{endpoint['id']}"
    events = [served.meter() for _ in range(3)]
    # Whatever a customer is called, the bytes that are signed are those that are sent.
    strange = 'Zoë "the\\quick" 狐 \u2028'
    served.call("PUT", "/v1/event-types/free.thing", {"label": "Free", "credits": 1})
    grant = {"credits": 10, "kind": "promotional"}
    served.call("POST", "/v1/customers/" + "Zo%C3%AB%20%22the%5Cquick%22%20%E7%8B%90%20%E2%80%A8" + "/grants", grant)
    served.call("POST", f"{path}/ping", {})
    received = receiver.wait_for(3 * 2 + 1 + 2 + 1)

    with verdict("every message is taken, and says what the API says"):
        for headers, body in received:
            message = Webhook(secret).verify(body, headers)
            equal(message["data"]["id"], headers["webhook-id"])
            assert len(body) < 20_000
        kinds = {json.loads(body)["type"] for _, body in received}
        equal(kinds, {"wallet.credited", "wallet.debited", "balance.updated", "price.published", "webhook.ping"})

    with verdict("a charge is told with its event and the balance after it, in order"):
        debits = [json.loads(body)["data"] for _, body in received if json.loads(body)["type"] == "wallet.debited"]
        equal([debit["eventId"] for debit in debits], [event["id"] for event in events])
        equal([debit["balance"] for debit in debits], [event["balance"]["available"] for event in events])

    with verdict("a customer with a strange name is told as it is"):
        credits = [json.loads(body)["data"] for _, body in received if json.loads(body)["type"] == "wallet.credited"]
        equal([credit["customerId"] for credit in credits], [strange])

    with verdict("each message has an id of its own"):
        equal(len({headers["webhook-id"] for headers, _ in received}), len(received))

    with verdict("the signature of the body alone is the hex HMAC under the text of the secret"):
        for headers, body in received:
            expected = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
            equal(headers["x-chargly-signature"], expected)

    headers, body = received[0]
    wrong = WebhookVerificationError

    with verdict("a changed byte anywhere in the body is refused"):
        for at in range(len(body)):
            changed = body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :]
            refused(wrong, lambda: Webhook(secret).verify(changed, headers))
        for changed in [b"", body + b" ", body[1:], json.dumps(json.loads(body)).encode()]:
            refused(wrong, lambda: Webhook(secret).verify(changed, headers))

    with verdict("another id, time or signature is refused, and so is one that is missing"):
        other = received[1][0]
        for name in ["webhook-id", "webhook-timestamp", "webhook-signature"]:
            refused(wrong, lambda: Webhook(secret).verify(body, {**headers, name: ""}))
        refused(wrong, lambda: Webhook(secret).verify(body, {**headers, "webhook-id": other["webhook-id"]}))
        later = str(int(headers["webhook-timestamp"]) + 1)
        refused(wrong, lambda: Webhook(secret).verify(body, {**headers, "webhook-timestamp": later}))
        signature = other["webhook-signature"]
        refused(wrong, lambda: Webhook(secret).verify(body, {**headers, "webhook-signature": signature}))

    with verdict("a message that is replayed after five minutes is refused"):
        old = str(int(time.time()) - 301)
        signed = f"{headers['webhook-id']}.{old}.".encode() + body
        key = base64.b64decode(secret.removeprefix("whsec_"))
        signature = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        replayed = {**headers, "webhook-timestamp": old, "webhook-signature": signature}
        refused(wrong, lambda: Webhook(secret).verify(body, replayed))

    with verdict("another endpoint's secret is refused"):
        stranger = served.endpoint(receiver, ["wallet.empty"])["secret"]
        refused(wrong, lambda: Webhook(stranger).verify(body, headers))

    with verdict("while a rotation overlaps both secrets take a message, and afterwards the new one alone"):
        new = served.call("POST", f"{path}/rotate", {"overlap_s": 3600})["secret"]
        count = len(receiver.received)
        served.meter()
        headers, body = receiver.wait_for(count + 1)[count]
        equal(len(headers["webhook-signature"].split(" ")), 2)
        Webhook(new).verify(body, headers)
        Webhook(secret).verify(body, headers)
        receiver.wait_for(count + 2)
        newest = served.call("POST", f"{path}/rotate", {"overlap_s": 0})["secret"]
        count = len(receiver.received)
        served.meter()
        headers, body = receiver.wait_for(count + 1)[count]
        Webhook(newest).verify(body, headers)
        refused(wrong, lambda: Webhook(new).verify(body, headers))
finally:
    served.end()
verdict.end()
