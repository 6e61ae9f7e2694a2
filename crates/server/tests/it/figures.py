"""The figures that a replayed trace must come to, worked out from its raw lines in decimals.

Shares no code with the product, nor a way of counting: it knows each customer has one lot, so that what a lot has
recognised is the floor of its price times what was used of it. Prints lines `report,group,column,value`.

    python3 figures.py azure|servegen FILE CREDITS_OF_A_LOT PRICE_OF_A_LOT
"""

import csv
import gzip
import sys
from collections import defaultdict
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal, getcontext

getcontext().prec = 60
D = Decimal
# What the first start grants and sells to the example customer.
EXAMPLE_CREDITS, EXAMPLE_PRICE = D(1000), D(20)


def rounded(value, places, how):
    return value.quantize(D(1).scaleb(-places), rounding=how)


def floor(value, places):
    return rounded(value, places, ROUND_FLOOR)


def azure(row):
    tokens_in, tokens_out = D(row["context_tokens"]), D(row["generated_tokens"])
    cost = tokens_in * D("0.0000025") + tokens_out * D("0.00001")
    return f"llm.{row['service']}", f"azure_{row['service']}", tokens_in + tokens_out, cost


def servegen(row):
    exact = D(row["req_per_s"]) * 600
    cost = None
    if row["input_mean"]:
        cost = exact * (D(row["input_mean"]) * D("0.0000005") + D(row["output_mean"]) * D("0.000002"))
    event = "llm." + "".join(c if c.isalnum() else "_" for c in row["model"].lower())
    return event, f"{row['model']}-{row['client']}", rounded(exact, 6, ROUND_HALF_UP), cost


class Sums:
    def __init__(self):
        self.events = self.covered = 0
        self.quantity = self.credits = self.cost = D(0)
        self.recognised = D(0)


def shown(value):
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = f"{D(value):f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"


def share(part, whole):
    return floor(part / whole, 4) if whole > 0 else None


def lines(sums, value):
    known = sums.cost if sums.covered else None
    contribution = None if known is None else sums.recognised - known
    planning = floor(sums.credits * value, 9)
    events, credits = sums.events, sums.credits
    recognised = sums.recognised
    yield "usage", {
        "events": events, "late_events": events, "quantity": sums.quantity, "credits_used": credits,
        "uncharged": 0, "refused": 0,
    }
    yield "revenue", {
        "recognised": recognised, "breakage": 0, "credits_used": credits,
        "price_per_credit": floor(recognised / credits, 9),
    }
    missing = None if not events else 1 - share(D(sums.covered), D(events))
    nothing = None if known is None else D(0)
    yield "margin", {
        "events": events, "credits_used": credits, "recognised": recognised, "cost": known,
        "cost_missing": missing, "cost_reported": known, "cost_reported_share": share(D(1), D(1)) if known else None,
        "cost_rate_card": nothing, "cost_rate_card_share": D(0) if known else None,
        "cost_estimated": nothing, "cost_estimated_share": D(0) if known else None,
        "cost_first": known, "contribution": contribution,
        "gross_margin": None if known is None else share(recognised - known, recognised),
        "upper_bound": sums.covered < events,
        "planning_revenue": planning,
        "planning_margin": None if known is None else share(planning - known, planning),
        "acquisition_cost": 0, "credits_given": 0, "unbilled_cost": 0,
    }


def main():
    kind, path, lot_credits, lot_price = sys.argv[1:]
    lot_credits, lot_price = D(lot_credits), D(lot_price)
    read = {"azure": azure, "servegen": servegen}[kind]
    by_customer, event_of = defaultdict(Sums), {}
    with gzip.open(path, "rt", newline="") as file:
        for row in csv.DictReader(file):
            event, customer, quantity, cost = read(row)
            sums = by_customer[customer]
            event_of[customer] = event
            sums.events += 1
            sums.quantity += quantity
            sums.credits += rounded(quantity * D("0.001"), 6, ROUND_HALF_UP)
            if cost is not None:
                sums.covered += 1
                sums.cost += rounded(cost, 9, ROUND_HALF_UP)
    by_event, total = defaultdict(Sums), Sums()
    for customer, sums in by_customer.items():
        sums.recognised = floor(lot_price * sums.credits / lot_credits, 9)
        for group in (by_event[event_of[customer]], total):
            for name, value in vars(sums).items():
                setattr(group, name, getattr(group, name) + value)
    sold = len(by_customer) * lot_price + EXAMPLE_PRICE
    value = sold / (len(by_customer) * lot_credits + EXAMPLE_CREDITS)
    out = csv.writer(sys.stdout, lineterminator="\n")
    groups = [("", total), *by_event.items(), *by_customer.items()]
    for group, sums in groups:
        for report, figures in lines(sums, value):
            for column, figure in figures.items():
                out.writerow([report, group, column, shown(figure)])
    owed = {
        "cash_sales": sold, "refunds": 0, "recognised_booked": total.recognised, "deferred_opening": 0,
        "deferred_closing": sold - total.recognised,
    }
    for column, figure in owed.items():
        out.writerow(["revenue", "", column, shown(figure)])


main()
