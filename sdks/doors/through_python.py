"""Operations from standard input, through the Python SDK; a line of what each was answered."""

import json
import sys

from chargly import Chargly, CharglyError

client = Chargly()
holds = {}


def answer(one):
    if one["op"] == "meter":
        return client.meter_event(one["event"], one["customer"], idempotency_key=one["key"]).remaining_balance
    if one["op"] == "hold":
        hold = client.place_hold(one["event"], one["customer"], credits=one["credits"], idempotency_key=one["key"])
        holds[one["key"]] = hold.id
        return hold.balance
    if one["op"] == "capture":
        hold = holds[one["hold"]]
        return client.capture_hold(hold, credits=one["credits"], idempotency_key=one["key"]).remaining_balance
    return client.void_hold(holds[one["hold"]], idempotency_key=one["key"]).balance


for one in json.load(sys.stdin):
    try:
        print(f"ok {answer(one)}")
    except CharglyError as error:
        print(f"refused {error.code}")
