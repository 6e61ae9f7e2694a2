"""Stripe's official library judges our stand-in for Stripe, and our signatures of what Stripe sends.

It drives the stand-in as it would drive Stripe, reads every answer through its own classes, and each object has to have
the fields that those classes promise and no other. It verifies what the stand-in and what our client sign, and what it
signs our client has to believe.
"""

import http.server
import json
import re
import threading
import time
import typing
import urllib.request

import stripe
from verdict import Verdict, equal, program, refused

KEY = "sk_test_judge"
SECRET = "whsec_judge"
verdict = Verdict()


def is_optional(hint):
    return type(None) in typing.get_args(hint)


def judge_fields(value, path="answer"):
    """Every field that the library promises is there, and none that it does not know; at every depth."""
    if isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            judge_fields(item, f"{path}[{index}]")
    if not isinstance(value, stripe.StripeObject):
        return
    fields = value.to_dict_recursive() if hasattr(value, "to_dict_recursive") else dict(value.to_dict())
    known = {
        name: hint
        for kind in type(value).__mro__
        for name, hint in getattr(kind, "__annotations__", {}).items()
        if not name.startswith("_") and typing.get_origin(hint) is not typing.ClassVar
    }
    if not known:
        return
    # What may be an id or an object may also be null: the library's word for the type does not say so.
    promised = {name for name, hint in known.items() if not is_optional(hint)}
    missing = promised - fields.keys()
    unknown = fields.keys() - known.keys()
    assert not missing and not unknown, f"{path}: misses {sorted(missing)}, does not know {sorted(unknown)}"
    for name in fields:
        judge_fields(getattr(value, name, None), f"{path}.{name}")


class FakeStripe:
    """The stand-in, as a program."""

    def __init__(self):
        self.process = program(
            "fake-stripe", "--listen", "127.0.0.1:0", "--secret-key", KEY, "--hold-events"
        )
        self.url = re.search(r"http://\S+", self.process.stdout.readline()).group()

    def client(self, key=KEY, retries=0):
        return stripe.StripeClient(key, base_addresses={"api": self.url}, max_network_retries=retries).v1

    def control(self, command, **body):
        request = urllib.request.Request(
            f"{self.url}/_control/{command}",
            data=json.dumps(body).encode(),
            headers={"content-type": "application/json"},
        )
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)


class Endpoint:
    """A receiver of webhooks that keeps what comes."""

    def __init__(self):
        self.received = received = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                received.append((body, self.headers["stripe-signature"]))
                self.send_response(200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/"


class Ours:
    """Our client's signatures, as a program: a line in, a line out."""

    def __init__(self):
        self.process = program("examples/signatures")

    def ask(self, **question):
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def read(self, body, signature, now=None, secrets=(SECRET,)):
        now = int(time.time()) if now is None else now
        body = body.decode() if isinstance(body, bytes) else body
        return self.ask(read=body, signature=signature, now=now, secrets=list(secrets))


def order(client, name, amount=2000, **more):
    """A checkout as our own client asks for it."""
    return client.checkout.sessions.create(
        {
            "mode": "payment",
            "client_reference_id": name,
            "metadata": {"order_id": name},
            "payment_intent_data": {"metadata": {"order_id": name}},
            "line_items": [
                {
                    "quantity": 1,
                    "price_data": {
                        "currency": "usd",
                        "unit_amount": amount,
                        "product_data": {"name": "Regular"},
                    },
                }
            ],
            "success_url": "https://shop.example/thanks?session={CHECKOUT_SESSION_ID}",
            "cancel_url": "https://shop.example/",
            **more,
        },
        {"idempotency_key": name},
    )


def judge_payments(fake, client):
    with verdict("a session is created, and the same key gives the same one"):
        session = order(client, "ord_1")
        assert isinstance(session, stripe.checkout.Session)
        equal((session.amount_total, session.status, session.payment_status), (2000, "open", "unpaid"))
        equal(order(client, "ord_1").id, session.id)
        judge_fields(session)
    with verdict("the same key with other words is an idempotency error"):
        refused(stripe.IdempotencyError, lambda: order(client, "ord_1", amount=1))
    with verdict("a session that is paid has a payment intent with a charge"):
        fake.control("pay", session=session.id, tax=380, discount=500, presentment={"currency": "eur", "amount": 1730})
        session = client.checkout.sessions.retrieve(session.id)
        equal((session.status, session.payment_status, session.amount_total), ("complete", "paid", 1880))
        equal((session.total_details.amount_tax, session.total_details.amount_discount), (380, 500))
        equal(session.presentment_details.presentment_currency, "eur")
        payment = client.payment_intents.retrieve(session.payment_intent, {"expand": ["latest_charge"]})
        assert isinstance(payment.latest_charge, stripe.Charge)
        equal((payment.status, payment.metadata["order_id"]), ("succeeded", "ord_1"))
        equal(payment.latest_charge.amount, 1880)
        for answer in (session, payment):
            judge_fields(answer)
    with verdict("a session is found by its payment"):
        found = client.checkout.sessions.list({"payment_intent": session.payment_intent})
        equal([found.id for found in found.data], [session.id])
        equal(client.checkout.sessions.list({"payment_intent": "pi_other"}).data, [])
    with verdict("refunds add up on the charge, and one that failed counts no longer"):
        refund = client.refunds.create({"payment_intent": session.payment_intent, "amount": 500})
        assert isinstance(refund, stripe.Refund)
        charge = client.charges.retrieve(payment.latest_charge.id)
        equal((refund.status, charge.amount_refunded, charge.refunded), ("succeeded", 500, False))
        fake.control("fail_refund", refund=refund.id)
        equal(client.charges.retrieve(charge.id).amount_refunded, 0)
        whole = client.refunds.create({"payment_intent": session.payment_intent})
        listed = client.refunds.list({"payment_intent": session.payment_intent, "limit": 1})
        equal([refund.id for refund in listed.auto_paging_iter()], [whole.id, refund.id])
        for answer in (refund, charge):
            judge_fields(answer)
    with verdict("a refund of what was refunded is refused with its code"):
        again = lambda: client.refunds.create({"payment_intent": session.payment_intent})
        equal(refused(stripe.InvalidRequestError, again).code, "charge_already_refunded")
    with verdict("a session that nobody pays can be ended, once"):
        session = client.checkout.sessions.expire(order(client, "ord_2").id)
        equal(session.status, "expired")
        refused(stripe.InvalidRequestError, lambda: client.checkout.sessions.expire(session.id))


def judge_disputes(fake, client):
    session = fake.control("pay", session=order(client, "ord_3").id)
    with verdict("a dispute takes money and, won, gives it back"):
        opened = fake.control("dispute", payment=session["payment_intent"])
        fake.control("move_dispute", dispute=opened["id"], to="withdraw")
        fake.control("move_dispute", dispute=opened["id"], to="win")
        dispute = client.disputes.list({"payment_intent": session["payment_intent"]}).data[0]
        assert isinstance(dispute, stripe.Dispute)
        assert isinstance(dispute.balance_transactions[0], stripe.BalanceTransaction)
        equal(dispute.status, "won")
        equal([moved.amount for moved in dispute.balance_transactions], [-2000, 2000])
        equal(client.disputes.retrieve(dispute.id).id, dispute.id)
        judge_fields(dispute)


def judge_errors(fake, client):
    with verdict("errors are of the library's own kinds"):
        refused(stripe.AuthenticationError, lambda: fake.client("sk_test_other").balance.retrieve())
        unknown = refused(stripe.InvalidRequestError, lambda: client.charges.retrieve("ch_none"))
        equal((unknown.http_status, unknown.code), (404, "resource_missing"))
        wrong = refused(stripe.InvalidRequestError, lambda: order(client, "ord_4", expires_at=1))
        equal(wrong.param, "expires_at")
        for status, kind in [(429, stripe.RateLimitError), (500, stripe.APIError)]:
            fake.control("inject", fault={"status": status})
            refused(kind, lambda: client.balance.retrieve())
    with verdict("an answer that gets lost is asked for again, and the work done once"):
        fake.control("inject", fault="close", method="POST")
        first = order(fake.client(retries=2), "ord_5")
        equal(order(client, "ord_5").id, first.id)


def judge_events(fake, client, endpoint, ours):
    fake.control("add_endpoint", url=endpoint.url, secrets=["whsec_older", SECRET])
    with verdict("events that were not delivered are listed with the objects of then"):
        events = list(client.events.list({"delivery_success": False, "limit": 3}).auto_paging_iter())
        equal(len(events), len(fake.control("queue")["data"]))
        completed = [event for event in events if event.type == "checkout.session.completed"]
        assert isinstance(completed[0].data.object, stripe.checkout.Session)
        only = client.events.list({"types": ["charge.dispute.closed"], "created": {"gte": 1}})
        equal([event.type for event in only.data], ["charge.dispute.closed"])
        for event in events:
            judge_fields(event)
    with verdict("what the stand-in delivers is believed by the library and by us"):
        fake.control("deliver")
        equal(client.events.list({"delivery_success": False}).data, [])
        assert len(endpoint.received) == len(events)
        for body, signature in endpoint.received:
            event = stripe.Webhook.construct_event(body, signature, SECRET)
            notice = ours.read(body, signature)
            equal((notice.get("id"), notice.get("kind")), (event.id, event.type))


def judge_signatures(ours):
    body = json.dumps(
        {
            "id": "evt_1",
            "object": "event",
            "type": "charge.refunded",
            "created": 1_800_000_000,
            "livemode": False,
            "data": {"object": {"id": "ch_1", "object": "charge", "metadata": {"order_id": "ord_1"}, "name": "Zoë"}},
        },
        indent=2,
        ensure_ascii=False,
    )
    now = int(time.time())
    by_library = stripe.WebhookSignature.generate_signature_header
    with verdict("what the library signs is believed by us"):
        equal(ours.read(body, by_library(body, SECRET)).get("about"), 'Order("ord_1")')
        equal(ours.read(body, by_library(body, SECRET), secrets=["whsec_new", SECRET]).get("id"), "evt_1")
    with verdict("what we sign is what the library signs, and is believed by it"):
        signed = ours.ask(sign=body, secret=SECRET, at=now)["signature"]
        equal(signed, by_library(body, SECRET, now))
        equal(stripe.Webhook.construct_event(body, signed, SECRET).id, "evt_1")
    with verdict("what the library does not believe we do not believe either"):
        good = by_library(body, SECRET, now)
        for wrong_body, header, secret in [
            (body + " ", good, SECRET),
            (json.dumps(json.loads(body)), good, SECRET),
            (body, good, "whsec_other"),
            (body, by_library(body, SECRET, now - 310), SECRET),
            (body, good.replace("v1=", "v0="), SECRET),
            (body, "", SECRET),
            (body, "t=1", SECRET),
        ]:
            refused(
                stripe.SignatureVerificationError,
                lambda: stripe.Webhook.construct_event(wrong_body, header, secret),
            )
            assert "error" in ours.read(wrong_body, header, now, [secret]), header
    with verdict("a thin notice that the library reads is read by us"):
        thin = json.dumps(
            {
                "id": "evt_2",
                "object": "v2.core.event",
                "type": "v1.charge.refunded",
                "created": "2027-01-15T08:00:00.000Z",
                "livemode": False,
                "context": None,
                "related_object": {"id": "ch_1", "type": "charge", "url": "/v1/charges/ch_1"},
            }
        )
        header = by_library(thin, SECRET)
        equal(stripe.StripeClient(KEY).parse_event_notification(thin, header, SECRET).id, "evt_2")
        equal(ours.read(thin, header).get("about"), 'Charge("ch_1")')


fake, endpoint, ours = FakeStripe(), Endpoint(), Ours()
try:
    client = fake.client()
    judge_payments(fake, client)
    judge_disputes(fake, client)
    judge_errors(fake, client)
    judge_events(fake, client, endpoint, ours)
    judge_signatures(ours)
finally:
    for started in (fake, ours):
        started.process.kill()
verdict.end()
