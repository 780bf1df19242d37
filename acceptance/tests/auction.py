"""The auction: who is asked, who wins, what is dialled, and what is told of it afterwards."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from api import Json
from bidders import Answer, Asked, Bidder, callgrid, money, plain, plain_xml, retreaver, ringba, trackdrive
from carrier import Call
from checks import at_once, expect, expect_equal, expect_problem
from runner import Group
from world import Line, World, fresh_caller, fresh_number

group = Group("auction")

Format = Callable[[Bidder, float, str], Json]
FORMATS: tuple[Format, ...] = (ringba, retreaver, trackdrive, callgrid, plain_xml)


@dataclass
class Market:
    """A line whose calls are sold, with its bidders, their targets and the numbers that they want called."""

    line: Line
    bidders: list[Bidder]
    targets: list[Json]
    numbers: list[str]

    def responses(self, call: Call) -> dict[str, Json]:
        """One row per target, by name."""
        api = self.line.site.api
        rows = api.items("/api/rtb/bid-responses", callId=self.line.site.record(call)["id"])
        named = {row["targetName"]: row for row in rows}
        expect_equal(len(named), len(rows), "the number of different targets")
        return named

    def verdicts(self, call: Call) -> dict[str, str]:
        return {name: row["verdict"] for name, row in self.responses(call).items()}

    def expect_dials(self, call: Call, place: int) -> Call:
        expect_equal(call.dial.target, self.numbers[place], f"the number that is dialled (of bidder {place})",
                     call.reply.exchange if call.reply else None)
        return call

    def asked(self) -> list[int]:
        return [bidder.count() for bidder in self.bidders]


Offer = tuple[Format, float] | tuple[Format, float, Json]


def market(
    world: World, *offers: Offer, campaign: Json | None = None, buyers: tuple[Json, ...] = (),
    assignments: tuple[Json, ...] = (),
) -> Market:
    site = world.bidding
    line = site.line(*buyers, campaign={"routingType": "rtb"} | (campaign or {}), active=False)
    made = Market(line, [], [], [])
    for place, (form, amount, *more) in enumerate(offers):
        bidder, number = world.bidders.new(), fresh_number("303")
        fields = form(bidder, amount, number) | (more[0] if more else {})
        target = dict(site.api.post("/api/rtb/targets", fields))
        assignment = assignments[place] if place < len(assignments) else {}
        site.api.put(f"/api/campaigns/{line.campaign['id']}/targets/{target['id']}", assignment)
        made.bidders.append(bidder)
        made.targets.append(target)
        made.numbers.append(number)
    line.do("activate")
    return made


def named(name: str, **more: Any) -> Json:
    return {"name": name} | more


def wins(world: World, winner: int) -> None:
    """Five formats in one auction; the one at `winner` bids most."""
    amounts = [8.5, 9.0, 7.75, 7.0, 8.1]
    amounts[winner] = 12.25
    sold = market(world, *zip(FORMATS, amounts, strict=True))
    call = sold.line.ring()
    sold.expect_dials(call, winner)
    rows = sold.responses(call)
    names = [target["name"] for target in sold.targets]
    expect_equal(sorted(rows), sorted(names), "the targets by name")
    order = sorted(range(5), key=lambda place: -amounts[place])
    for rank, place in enumerate(order, 1):
        row = rows[names[place]]
        expect_equal(row["targetId"], sold.targets[place]["id"], "the target's id")
        expect_equal(row["verdict"], "won" if place == winner else "lost", f"the verdict of {names[place]}")
        expect_equal(row["rank"], rank, f"the rank of {names[place]}")
        expect_equal(float(row["bid"]["amount"]), amounts[place], f"the bid of {names[place]}")
        expect_equal(row["bid"]["currency"], "USD", "the currency of the bid")
        expect(isinstance(row["responseTimeMs"], int) and 0 <= row["responseTimeMs"] < 8000, "a time within the deadline")
        expect(isinstance(row["detail"], str), "a detail in words")
    expect_equal(sold.asked(), [1] * 5, "how often each bidder was asked")
    expect_equal(sold.bidders[2].count("post"), int(winner == 2), "the confirm requests")


for place, form in enumerate(FORMATS):
    group.each(f"five formats, {form.__name__} bids most and is dialled", wins, place)


@group.test("each format is asked in its own way")
def requests(world: World) -> None:
    sold = market(world, *zip(FORMATS, (1, 2, 9, 3, 4), strict=True))
    call = sold.line.ring()
    caller = call.caller
    asked = [bidder.last() for bidder in sold.bidders]
    expect_equal(asked[0].json(), {"CID": caller[1:], "zipcode": "10001", "Zipcode": "10001", "age": ""}, "Ringba's request")
    expect_equal(asked[1].query, {"key": "K", "caller_number": caller}, "Retreaver's query")
    expect_equal(asked[1].body, b"caller_zip=10001", "Retreaver's form")
    expect_equal(asked[1].headers["content-type"], "application/x-www-form-urlencoded", "its media type")
    expect_equal(asked[3].json(), {"CallerId": caller[2:], "InboundStateCode": "NY", "pstn": True}, "CallGrid's request")
    expect(f"<callerId>{caller}</callerId>".encode() in asked[4].body, "the caller in the XML request")
    expect_equal(asked[4].headers["content-type"], "application/xml", "its media type")
    posted = sold.bidders[2].last("post")
    expect_equal(posted.json(), {"ping_id": "abc123", "caller_id": caller[1:]}, "TrackDrive's post")


# What a bidder answers or how it is set up, and the verdict on it.
def reply(amount: Any = 20, **more: Any) -> Json:
    return {"accepted": True, "bidAmount": amount, "destinationNumber": "+13035550100"} | more


VERDICTS: list[tuple[str, str, Answer, Json]] = [
    ("a bidder that is slow", "timeout", Answer(reply(), delay=1.2), {"timeoutMs": 300}),
    ("a refusal in spite of a bid", "refused", Answer(reply(accepted=False, reason="not today")), {}),
    ("a status 204", "no_bid", Answer(status=204), {}),
    ("a bid of zero", "no_bid", Answer(reply(0)), {}),
    ("a status 500", "http_error", Answer(reply(), status=500), {}),
    ("a redirect, which is not followed", "http_error", Answer(status=302, headers={"Location": "/b0/bid"}), {}),
    ("an answer that is no JSON", "malformed", Answer("{not json"), {}),
    ("an amount that is no number", "malformed", Answer(reply("a lot")), {}),
    ("an answer without end", "too_large", Answer(reply(more="x" * 200_000)), {}),
    ("a bid below the target's floor", "below_floor", Answer(reply(4.99)), {"minBid": money("5")}),
    ("a bid beyond belief", "above_max", Answer(reply(50.01)), {"maxBid": money("50")}),
    ("a bid in another currency", "wrong_currency", Answer(reply(currency="EUR")), {"response": {"currencyPath": "currency"}}),
    ("a destination that is none", "invalid_destination", Answer(reply(destinationNumber="12")), {}),
    ("a bid that has run out", "expired", Answer(reply(expiresAt="2020-01-01T00:00:00Z")), {}),
    ("a target whose server is down", "unreachable", Answer(reply()), {"endpointUrl": "http://127.0.0.1:9/bid"}),
    ("a target outside its hours", "closed", Answer(reply()), {"schedule": {"businessHours": {}}}),
]


def verdict(world: World, wanted: str, answer: Answer, fields: Json) -> None:
    sold = market(world, (plain, 20, named("Odd", **fields)), (plain, 6, named("Good")))
    sold.bidders[0].answers["bid"] = answer
    began = time.monotonic()
    call = sold.line.ring()
    took = time.monotonic() - began
    sold.expect_dials(call, 1)
    rows = sold.responses(call)
    expect_equal(rows["Odd"]["verdict"], wanted, f"the verdict ({rows['Odd']['detail']})")
    expect_equal(rows["Good"]["verdict"], "won", "the other's verdict")
    expect_equal((rows["Odd"]["rank"], rows["Good"]["rank"]), (None, 1), "the ranks")
    expect(bool(rows["Odd"]["detail"]), "a reason in words")
    expect(took < 7, f"an answer before the deadline, not after {took:.2f} s")


for title, wanted, answer, fields in VERDICTS:
    group.each(f"{title}: {wanted}, and the next bid wins", verdict, wanted, answer, fields)


@group.test("a refusal's own words are told")
def reason(world: World) -> None:
    sold = market(world, (ringba, 1, named("Shy")), (plain, 2, named("Good")))
    sold.bidders[0].answer({"bidId": "x", "bidAmount": 0, "rejectReason": "Missing required fields"})
    row = sold.responses(sold.line.ring())["Shy"]
    expect("Missing required fields" in row["detail"], f"the bidder's reason, not {row['detail']!r}")


@group.test("a bid below the campaign's floor, and one below the assignment's")
def floors(world: World) -> None:
    sold = market(
        world, (plain, 4.99, named("Low")), (plain, 6, named("Lower than here")), (plain, 5, named("Enough")),
        campaign={"auction": {"minBid": money("5")}}, assignments=({}, {"minBid": money("6.01")}, {}),
    )
    call = sold.line.ring()
    sold.expect_dials(call, 2)
    expect_equal(sold.verdicts(call), {"Low": "below_floor", "Lower than here": "below_floor", "Enough": "won"}, "the verdicts")


@group.test("a slow bidder does not hold up the call beyond the campaign's deadline")
def deadline(world: World) -> None:
    sold = market(world, (plain, 50, named("Slow", timeoutMs=8000)), (plain, 2, named("Quick")),
                  campaign={"auction": {"timeoutMs": 2500}})
    sold.bidders[0].answers["bid"] = Answer(reply(), delay=7.5)
    began = time.monotonic()
    call = sold.line.ring()
    took = time.monotonic() - began
    sold.expect_dials(call, 1)
    expect(2.4 < took < 7, f"the decision at the deadline of 2.5 s, not after {took:.2f} s")
    expect_equal(sold.verdicts(call), {"Slow": "timeout", "Quick": "won"}, "the verdicts")


@group.test("equal bids: the assignment's priority decides")
def ties(world: World) -> None:
    sold = market(world, (plain, 5, named("Second")), (plain, 5.0, named("First")),
                  assignments=({"priority": 7}, {"priority": 2}))
    for _ in range(3):
        sold.expect_dials(sold.line.ring(), 1)


@group.test("the winner's dial is busy: the next bid is dialled, and nobody is asked again")
def next_bid(world: World) -> None:
    sold = market(world, (plain, 9, named("A")), (plain, 8, named("B")), (plain, 7, named("C")), buyers=({},))
    call = sold.expect_dials(sold.line.ring(), 0)
    call.result("busy")
    sold.expect_dials(call, 1)
    call.result("no-answer")
    sold.expect_dials(call, 2)
    call.result("failed")
    sold.line.expect_dials(call, 0)
    expect_equal(sold.asked(), [1, 1, 1], "how often each bidder was asked")
    attempts = sold.line.site.details(call)["journey"]["dialAttempts"]
    expect_equal([one["targetId"] for one in attempts], [target["id"] for target in sold.targets] + [None], "who was dialled")


@group.test("everybody refuses: the campaign's buyers are dialled")
def all_refuse(world: World) -> None:
    sold = market(world, (plain, 9, named("A")), (plain, 8, named("B")), buyers=({}, {}))
    for bidder in sold.bidders:
        bidder.answer({"accepted": False})
    call = sold.line.expect_dials(sold.line.ring(), 0)
    call.result("busy")
    sold.line.expect_dials(call, 1)
    expect_equal(sold.verdicts(call), {"A": "refused", "B": "refused"}, "the verdicts")


@group.test("everybody refuses and there is no buyer: the no-route message")
def nobody(world: World) -> None:
    sold = market(world, (plain, 9))
    sold.bidders[0].answer(status=204)
    sold.line.expect_no_route(sold.line.ring())


@group.test("a redelivered webhook gets the same answer and asks nobody again")
def redelivered(world: World) -> None:
    sold = market(world, (plain, 9, named("A")), (plain, 8, named("B")))
    call = sold.line.ring()
    first = call.reply
    again = call.ring()
    expect(first is not None and again.exchange.body == first.exchange.body, "the same bytes", again.exchange)
    expect_equal(sold.asked(), [1, 1], "how often each bidder was asked")
    call.result("busy")
    busy = call.reply
    expect(busy is not None and call.repeat_result().exchange.body == busy.exchange.body, "the same bytes")
    expect_equal(len(sold.responses(call)), 2, "the rows")


@group.test("five deliveries at once ask each bidder once")
def at_the_same_time(world: World) -> None:
    sold = market(world, (trackdrive, 9, named("A")), (plain, 8, named("B")))
    call = sold.line.call()
    slow = sold.bidders[1].answers["bid"]
    assert isinstance(slow, Answer)
    slow.delay = 0.3
    copies = [Call(call.carrier, call.given) for _ in range(5)]
    bodies = {answer.exchange.body for answer in at_once([copy.ring for copy in copies])}
    expect_equal(len(bodies), 1, "the number of different answers")
    expect_equal(sold.asked(), [1, 1], "how often each bidder was asked")
    expect_equal(sold.bidders[0].count("post"), 1, "the confirm requests")


@group.test("a winner that does not confirm gives way to the next bid")
def not_confirmed(world: World) -> None:
    sold = market(world, (trackdrive, 9, named("A")), (plain, 8, named("B")))
    sold.bidders[0].answers["post"] = Answer({"success": False, "status": "caller_number_suppressed"})
    call = sold.line.ring()
    sold.expect_dials(call, 1)
    rows = sold.responses(call)
    expect_equal({name: row["verdict"] for name, row in rows.items()}, {"A": "confirm_failed", "B": "won"}, "the verdicts")
    expect("caller_number_suppressed" in rows["A"]["detail"], "the bidder's reason")


@group.test("a target that may take one call at once loses the second, and has it again afterwards")
def capped(world: World) -> None:
    sold = market(world, (plain, 9, named("A", caps={"concurrent": 1})), (plain, 8, named("B")))
    first = sold.expect_dials(sold.line.ring(), 0)
    second = sold.expect_dials(sold.line.ring(), 1)
    expect_equal(sold.verdicts(second), {"A": "capped", "B": "won"}, "the verdicts")
    expect_equal(sold.bidders[0].count(), 1, "how often A was asked")
    first.talk()
    sold.expect_dials(sold.line.ring(), 0)


@group.test("a bidder that may not see the caller learns the number only when it confirms")
def hidden_caller(world: World) -> None:
    sold = market(world, (trackdrive, 9, {"exposeCallerId": False}))
    call = sold.line.ring()
    sold.expect_dials(call, 0)
    digits = call.caller[1:].encode()
    expect(digits not in sold.bidders[0].last().body, "no number in the ping")
    expect(digits in sold.bidders[0].last("post").body, "the number in the post")


@group.test("the same caller while the bid holds: the bidder is not asked again")
def shielded(world: World) -> None:
    sold = market(world, (ringba, 9))
    caller = fresh_caller()
    for _ in range(2):
        sold.expect_dials(sold.line.ring(caller), 0).result("busy")
    expect_equal(sold.asked(), [1], "how often the bidder was asked")
    sold.line.ring()
    expect_equal(sold.asked(), [2], "how often it was asked after another caller")


@group.test("second price: the winner pays the second bid and the increment")
def second_price(world: World) -> None:
    sold = market(world, (plain, 9, named("A")), (plain, 6, named("B")),
                  campaign={"auction": {"pricing": "second_price", "increment": money("0.01")}})
    call = sold.expect_dials(sold.line.ring(), 0)
    attempt = sold.line.site.details(call)["journey"]["dialAttempts"][0]
    expect_equal(float(attempt["price"]["amount"]), 6.01, "what the winner pays")
    call.talk(120)
    expect_equal(sold.line.site.record(call)["targetId"], sold.targets[0]["id"], "the target of the call")


@group.test("the journey tells the auction and its log")
def journey(world: World) -> None:
    sold = market(world, (plain, 9, named("A")), (plain, 6, named("B")))
    call = sold.line.ring()
    record = sold.line.site.record(call)
    expect_equal((record["targetId"], record["buyerId"]), (sold.targets[0]["id"], None), "who has the call")
    details = sold.line.site.details(call)
    auction = details["journey"]["auction"]
    entries = {entry["targetName"]: entry for entry in auction["entries"]}
    expect_equal({name: entry["verdict"] for name, entry in entries.items()}, {"A": "won", "B": "lost"}, "the entries")
    for key in ("bid", "rank", "responseTimeMs", "detail"):
        expect(key in entries["A"], f"{key} in an entry")
    expect(isinstance(auction["log"], dict) and bool(auction["log"]), "the log")
    requests = sold.line.site.api.items("/api/rtb/bid-requests", callId=record["id"])
    expect_equal(len(requests), 1, "the number of auctions of the call")
    expect_equal((requests[0]["considered"], requests[0]["asked"], requests[0]["bids"]), (2, 2, 2), "its counts")


@group.test("the log tells what was sent and what came back, and the winner by name")
def exchanges_kept(world: World) -> None:
    sold = market(world, (plain, 9, named("A")), (plain, 6, named("B")), (plain, 1, named("C")),
                  campaign={"auction": {"timeoutMs": 2500}})
    sold.bidders[1].answers["bid"] = Answer({"accepted": False, "filler": "x" * 20_000})
    sold.bidders[2].answers["bid"] = Answer({"accepted": False}, delay=6)
    call = sold.line.ring()
    api, rows = sold.line.site.api, sold.responses(call)
    request = api.items("/api/rtb/bid-requests", callId=rows["A"]["callId"])[0]
    expect_equal((request["winnerName"], request["winnerTargetId"]), ("A", rows["A"]["targetId"]), "the winner")
    auction = api.get(f"/api/rtb/bid-requests/{request['id']}")
    expect_equal({key: auction[key] for key in request}, request, "the auction as it is listed")
    expect_equal({row["id"]: row for row in auction["responses"]}, {row["id"]: row for row in rows.values()}, "its rows")
    expect(bool(auction["log"]), "its log")
    won, refused, silent = (api.get(f"/api/rtb/bid-responses/{rows[name]['id']}") for name in "ABC")
    expect_equal({key: won[key] for key in rows["A"]}, rows["A"], "the row as it is listed")
    asked = sold.bidders[0].last()
    expect_equal((won["request"]["method"], won["request"]["body"]), ("POST", asked.body.decode()), "what was sent")
    expect(won["request"]["url"].endswith(asked.path), "where it was sent")
    expect_equal((won["response"]["status"], won["response"]["truncated"], won["confirm"]), (200, False, None), "the answer")
    expect("9" in won["response"]["body"], "the body of the answer")
    expect_equal((len(refused["response"]["body"]), refused["response"]["truncated"]), (4_096, True), "a large answer")
    expect(refused["response"]["bodyBytes"] > 20_000, "how long it was")
    expect_equal((silent["request"]["method"], silent["response"]), ("POST", None), "a bidder that hangs")
    for path in ("/api/rtb/bid-responses", "/api/rtb/bid-requests"):
        expect_problem(api.request("GET", f"{path}/{rows['A']['callId']}"), 404)
        expect_problem(api.request("GET", f"{path}/x"), 404)
        expect_problem(world.anonymous().request("GET", f"{path}/{request['id']}"), 401)


@group.test("a tag, a quote or a brace in what the carrier says cannot break out of its place")
def injected(world: World) -> None:
    sold = market(world, (ringba, 9, {"requestBody": '{"zip":"{callerZip}","city":"{callerCity}"}'}))
    sold.line.ring(FromZip='1","evil":"{callerId}', CallerZip='1","evil":"{callerId}')
    body = sold.bidders[0].last().json()
    expect_equal(set(body), {"zip", "city"}, "the members of the request")
    expect_equal(body["zip"], '1","evil":"{callerId}', "the text as the carrier says it")


@group.test("a call without a campaign tag still asks: every bidder gets a request id of its own")
def request_ids(world: World) -> None:
    seen: list[str] = []

    def note(asked: Asked) -> Answer:
        seen.append(asked.json()["requestId"])
        return Answer({"accepted": False})

    sold = market(world, (plain, 1, named("A")), (plain, 1, named("B")))
    for bidder in sold.bidders:
        bidder.answers["bid"] = note
    sold.line.ring()
    sold.line.ring()
    expect_equal(len(set(seen)), 4, "the number of different request ids")


@group.test("bid responses: filters, pages, and what is no filter")
def filters(world: World) -> None:
    sold = market(world, (plain, 9, named("A")), (plain, 6, named("B")))
    calls = [sold.line.ring() for _ in range(3)]
    api, campaign = sold.line.site.api, sold.line.campaign["id"]
    path = "/api/rtb/bid-responses"
    every = api.items(path, campaignId=campaign)
    expect_equal(len(every), 6, "the rows of the campaign")
    expect_equal(api.items(path, campaignId=campaign, limit=2), every, "the rows in pages of two")
    lost = api.items(path, campaignId=campaign, verdict="lost")
    expect_equal([row["targetName"] for row in lost], ["B"] * 3, "the rows that lost")
    own = api.items(path, targetId=sold.targets[0]["id"])
    expect_equal({row["targetName"] for row in own}, {"A"}, "the rows of a target")
    newest = sold.line.site.record(calls[-1])["id"]
    expect_equal({row["callId"] for row in every[:2]}, {newest}, "the newest call first")
    expect_equal(len(api.items("/api/rtb/bid-requests", campaignId=campaign)), 3, "the auctions of the campaign")
    for where in (path, "/api/rtb/bid-requests"):
        exchange = api.request("GET", f"{where}?callId=x&verdict=splendid&limit=2")
        expect_problem(exchange, 422, ["/callId", "/verdict"])
        expect_problem(api.request("GET", f"{where}?limit=0"), 422, ["/limit"])
        expect_problem(world.anonymous().request("GET", where), 401)
