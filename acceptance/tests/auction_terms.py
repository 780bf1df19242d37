"""What an auction is held on: currencies, ranking, modifiers, resale; in campaigns, routers and assignments."""

from __future__ import annotations

from api import Json
from bidders import PATIENCE_MS, ROUTERS, TARGETS, money, plain
from checks import expect, expect_equal, expect_problem
from runner import Group
from tests.auction import market, named
from tests.auction_setup import MINIMAL, contains
from world import World, fresh_number

group = Group("auction terms")

MODIFIERS: list[Json] = [
    {"tag": "state", "test": "is", "value": "CA", "action": "multiply", "amount": "1.25"},
    {"tag": "source", "test": "begins_with", "value": "fb", "action": "subtract", "amount": "1.50"},
    {"tag": "age", "test": "absent", "value": None, "action": "reject", "amount": None},
]
TERMS: Json = {
    "timeoutMs": 700, "minBidders": 2, "pricing": "second_price", "increment": money("0.01"), "minBid": money("1", "EUR"),
    "currency": "USD", "rates": {"EUR": "1.08", "CAD": "0.7100"}, "ranking": "expected_revenue", "modifiers": MODIFIERS,
    "resale": {"payout": money("2"), "marginPercent": "25", "lossAllowed": True},
}
DEFAULTS: Json = {"currency": None, "rates": {}, "ranking": "highest_bid", "modifiers": [], "resale": None}


@group.test("a campaign's auction: every field is kept, and each has a default")
def kept(world: World) -> None:
    made = world.api.post("/api/campaigns", {"name": "C", "routingType": "rtb", "auction": TERMS})
    expect(contains(world.api.get(f"/api/campaigns/{made['id']}")["auction"], TERMS), f"the terms, not {made['auction']}")
    plain_one = world.api.post("/api/campaigns", {"name": "C", "routingType": "rtb", "auction": {}})
    expect(contains(plain_one["auction"], DEFAULTS), f"the defaults, not {plain_one['auction']}")


BAD: list[tuple[str, Json, list[str]]] = [
    ("the currency is none", {"currency": "usd"}, ["/auction/currency"]),
    ("a rate is for no currency", {"rates": {"EURO": "1"}}, ["/auction/rates/EURO"]),
    ("a rate is a JSON number", {"rates": {"EUR": 1.08}}, ["/auction/rates/EUR"]),
    ("rates are zero or negative, both are told", {"rates": {"EUR": "0", "CAD": "-1"}}, ["/auction/rates/EUR", "/auction/rates/CAD"]),
    ("the own currency has another rate than 1", {"currency": "USD", "rates": {"USD": "2"}}, ["/auction/rates/USD"]),
    ("an amount is in a currency without a rate", {"currency": "USD", "minBid": money("1", "EUR")}, ["/auction/minBid/currency"]),
    ("an amount is negative", {"increment": money("-1")}, ["/auction/increment/amount"]),
    ("the ranking is unknown", {"ranking": "loudest"}, ["/auction/ranking"]),
    ("101 bidders are needed", {"minBidders": 101}, ["/auction/minBidders"]),
    ("rows lack tag, value and amount, all are told", {"modifiers": [{"action": "add"}, {"tag": "a", "action": "reject"}]},
     ["/auction/modifiers/0/tag", "/auction/modifiers/0/value", "/auction/modifiers/0/amount", "/auction/modifiers/1/value"]),
    ("a factor is too large", {"modifiers": [{"test": "always", "action": "multiply", "amount": "1001"}]},
     ["/auction/modifiers/0/amount"]),
    ("a row stands twice", {"modifiers": [MODIFIERS[0], MODIFIERS[0]]}, ["/auction/modifiers/1"]),
    ("the margin is an amount and a percentage", {"resale": {"margin": money("1"), "marginPercent": "5"}},
     ["/auction/resale/marginPercent"]),
]


def refused(world: World, terms: Json, paths: list[str]) -> None:
    body = {"name": "C", "routingType": "rtb", "auction": terms}
    expect_problem(world.api.request("POST", "/api/campaigns", body), 422, paths)


for title, terms, paths in BAD:
    group.each(f"a campaign's auction: 422 where {title}", refused, terms, paths)


@group.test("routers and assignments: modifiers are kept and checked, and so is the ranking of a router")
def elsewhere(world: World) -> None:
    target = world.api.post(TARGETS, MINIMAL)
    body = {"name": "Group", "ranking": "expected_revenue", "modifiers": MODIFIERS[:1],
            "assignments": [{"targetId": target["id"], "priority": 5, "weight": 1, "modifiers": MODIFIERS[1:]}]}
    expect(contains(world.api.post(ROUTERS, body), body), "every field as it was sent")
    odd = [{"test": "always", "action": "multiply", "amount": "0"}]
    wrong = {"name": "Group", "ranking": "x"}
    expect_problem(world.api.request("POST", ROUTERS, wrong), 422, ["/ranking"])
    wrong = {"name": "Group", "modifiers": odd, "assignments": [{"targetId": target["id"], "modifiers": odd}]}
    expect_problem(world.api.request("POST", ROUTERS, wrong), 422, ["/modifiers/0/amount", "/assignments/0/modifiers/0/amount"])
    path = f"/api/campaigns/{world.site.campaign(routingType='rtb')['id']}/targets/{target['id']}"
    here = {"modifiers": MODIFIERS, "caps": {"daily": 3}}
    expect(contains(world.api.put(path, here), here), "every field as it was sent")
    expect_problem(world.api.request("PUT", path, {"modifiers": odd, "caps": {"daily": -1}}), 422, ["/caps/daily"])
    expect_problem(world.api.request("PUT", path, {"modifiers": odd}), 422, ["/modifiers/0/amount"])


@group.test("a modifier of an assignment turns the order, and the winner pays what it bid")
def turned(world: World) -> None:
    half_more = {"modifiers": [{"test": "always", "action": "multiply", "amount": "1.5"}]}
    sold = market(world, (plain, 6, named("A")), (plain, 5, named("B")), assignments=({}, half_more))
    call = sold.expect_dials(sold.line.ring(), 1)
    price = sold.line.site.details(call)["journey"]["dialAttempts"][0]["price"]
    expect_equal((float(price["amount"]), price["currency"]), (5.0, "USD"), "what the winner pays")


@group.test("a bid in another currency: a warning and no win without a rate, converted with one")
def converted(world: World) -> None:
    sold = market(world, (plain, 5.2, named("Dollars")), (plain, 5, named("Euros", currency="EUR")))
    api, path = sold.line.site.api, f"/api/campaigns/{sold.line.campaign['id']}"
    place = f"/targets/{sold.targets[1]['id']}/currency"

    def warned() -> bool:
        return any((one["code"], one["path"]) == ("no_rate", place) for one in api.action(f"{path}/validate")["problems"])

    expect(warned(), f"a warning at {place}")
    call = sold.expect_dials(sold.line.ring(), 0)
    expect_equal(sold.verdicts(call), {"Dollars": "won", "Euros": "wrong_currency"}, "the verdicts")
    api.put(path, api.get(path) | {"auction": {"currency": "USD", "rates": {"EUR": "1.08"}, "timeoutMs": PATIENCE_MS}})
    expect(not warned(), f"no warning at {place}")
    call = sold.expect_dials(sold.line.ring(), 1)
    price = sold.line.site.details(call)["journey"]["dialAttempts"][0]["price"]
    expect_equal((float(price["amount"]), price["currency"]), (5.4, "USD"), "what the winner pays")
    call.talk(120)
    expect_equal(float(sold.line.site.record(call)["revenue"]["amount"]), 5.4, "what the call earned")


@group.test("ranked by expected revenue: whose calls are not answered comes second")
def expected_revenue(world: World) -> None:
    sold = market(world, (plain, 9, named("A")), (plain, 8, named("B")), campaign={"auction": {"ranking": "expected_revenue"}})
    # Both start as middling; after one call that A let ring, 9 × 5/11 is less than 8 × 6/11.
    call = sold.expect_dials(sold.line.ring(), 0)
    call.result("no-answer")
    sold.expect_dials(call, 1)
    call.talk(120)
    sold.expect_dials(sold.line.ring(), 1)


@group.test("a router's settings count: two bids are needed, and its own ranking and modifiers act")
def by_router(world: World) -> None:
    site = world.bidding
    bidders, numbers = [world.bidders.new() for _ in range(2)], [fresh_number("303") for _ in range(2)]
    targets = [site.api.post(TARGETS, plain(bidder, amount, number))
               for bidder, amount, number in zip(bidders, (9, 6), numbers, strict=True)]
    double = [{"test": "always", "action": "multiply", "amount": "2"}]
    assignments = [{"targetId": targets[0]["id"]}, {"targetId": targets[1]["id"], "modifiers": double}]
    router = site.api.post(ROUTERS, {"name": "Group", "timeoutMs": PATIENCE_MS, "minBidders": 2, "assignments": assignments})
    line = site.line(campaign={"routingType": "rtb", "rtbRouterId": router["id"], "auction": {"minBidders": 1}})
    expect_equal(line.ring().dial.target, numbers[1], "the number that is dialled")
    bidders[0].answer({"accepted": False})
    line.expect_no_route(line.ring())
