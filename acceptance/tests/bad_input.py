"""Bodies that break the rules: 422 with every problem at once and its place; never a 500."""

from __future__ import annotations

import json
from typing import Any

from api import Json
from carrier import sid
from checks import expect, expect_problem
from runner import Group
from world import World, fresh_number

group = Group("bad bodies")

BUYERS, CAMPAIGNS, NUMBERS, ASSIGNMENTS = "buyers", "campaigns", "numbers", "assignments"


def valid(kind: str) -> Json:
    return {
        BUYERS: {"name": "B", "destination": "+12125550122"},
        CAMPAIGNS: {"name": "C", "routingType": "direct"},
        NUMBERS: {"number": fresh_number()},
        ASSIGNMENTS: {},
    }[kind]


def target(world: World, kind: str, method: str) -> str:
    """Where a body of this kind goes: a new resource, or one that exists."""
    if kind == ASSIGNMENTS:
        return f"/api/campaigns/{world.site.campaign()['id']}/buyers/{world.site.buyer()['id']}"
    if method == "POST":
        return f"/api/{kind}"
    return f"/api/{kind}/{world.api.post(f'/api/{kind}', valid(kind))['id']}"


def refused(world: World, kind: str, changes: Json, paths: tuple[str, ...]) -> None:
    """The body with these changes is refused on POST and on PUT alike, and changes nothing."""
    for method in ("PUT",) if kind == ASSIGNMENTS else ("POST", "PUT"):
        path = target(world, kind, method)
        before = world.api.request("GET", path).body if method == "PUT" and kind != ASSIGNMENTS else b""
        exchange = world.api.request(method, path, valid(kind) | changes)
        expect_problem(exchange, 422, paths)
        if before:
            expect(world.api.request("GET", path).body == before, "the resource to stay as it was", exchange)


def one_range(opens: Any, closes: Any, day: str = "monday") -> Json:
    ranges = [{"open": opens, "close": closes}]
    return {"schedule": {"businessHours": {day: {"enabled": True, "timeRanges": ranges}}}}


FIRST_RANGE = "/schedule/businessHours/monday/timeRanges/0"
# What is wrong, the change to a valid body, and where the problem must be reported.
BAD: dict[str, list[tuple[str, Json, str]]] = {
    BUYERS: [
        ("the name is a number", {"name": 7}, "/name"),
        ("the name is null", {"name": None}, "/name"),
        ("there is an unknown field", {"colour": "red"}, "/colour"),
        ("the destination is no number", {"destination": "call me"}, "/destination"),
        ("the destination is too short", {"destination": "+1212"}, "/destination"),
        ("the destination lacks its +", {"destination": "2125550122"}, "/destination"),
        ("the destination is an empty SIP address", {"destination": "sip:"}, "/destination"),
        ("the destination is a web address", {"destination": "https://example.com"}, "/destination"),
        ("the status is unknown", {"status": "asleep"}, "/status"),
        ("the availability is unknown", {"availability": "lunch"}, "/availability"),
        ("the priority is 0", {"priority": 0}, "/priority"),
        ("the priority is 11", {"priority": 11}, "/priority"),
        ("the priority is a text", {"priority": "1"}, "/priority"),
        ("the priority is a fraction", {"priority": 1.5}, "/priority"),
        ("the weight is negative", {"weight": -1}, "/weight"),
        ("a cap is -1", {"caps": {"daily": -1}}, "/caps/daily"),
        ("a cap is a text", {"caps": {"concurrent": "5"}}, "/caps/concurrent"),
        ("a cap is a fraction", {"caps": {"hourly": 1.5}}, "/caps/hourly"),
        ("a cap is beyond all numbers", {"caps": {"total": 10**30}}, "/caps/total"),
        ("a cap is unknown", {"caps": {"weekly": 1}}, "/caps/weekly"),
        ("the caps are a list", {"caps": [1]}, "/caps"),
        ("the zone is unknown", {"timezone": "Mars/Olympus"}, "/timezone"),
        ("the zone is empty", {"timezone": ""}, "/timezone"),
        ("an opening time is 25:00", one_range("25:00", "26:00"), f"{FIRST_RANGE}/open"),
        ("an opening time is 9am", one_range("9am", "17:00"), f"{FIRST_RANGE}/open"),
        ("a closing time is 17:60", one_range("09:00", "17:60"), f"{FIRST_RANGE}/close"),
        ("an opening time is 24:00", one_range("24:00", "08:00"), f"{FIRST_RANGE}/open"),
        ("a time is a number", one_range(9, "17:00"), f"{FIRST_RANGE}/open"),
        ("a weekday is unknown", one_range("09:00", "17:00", "funday"), "/schedule/businessHours/funday"),
        ("a holiday is no date", {"schedule": {"businessHours": {}, "holidays": [
            {"date": "2025-13-40", "enabled": True, "name": "X"}]}}, "/schedule/holidays/0/date"),
        ("a skill is 6", {"skills": {"spanish": 6}}, "/skills/spanish"),
        ("a skill is 0", {"skills": {"spanish": 0}}, "/skills/spanish"),
        ("a place is of an unknown kind", {"geo": {"allow": [{"kind": "planet", "value": "Mars"}]}}, "/geo/allow/0/kind"),
        ("a place has no value", {"geo": {"deny": [{"kind": "state"}]}}, "/geo/deny/0/value"),
        ("the duplicate scope is unknown", {"duplicates": {"scope": "all", "after": "connected", "days": 7}},
         "/duplicates/scope"),
        ("the duplicate days are negative", {"duplicates": {"scope": "buyer", "after": "connected", "days": -1}},
         "/duplicates/days"),
        ("an amount is a number", {"revenue": {"amount": 8.75, "currency": "USD"}}, "/revenue/amount"),
        ("an amount is no number", {"revenue": {"amount": "much", "currency": "USD"}}, "/revenue/amount"),
        ("a currency is unknown in form", {"revenue": {"amount": "1.00", "currency": "dollars"}}, "/revenue/currency"),
        ("the contact is a text", {"contact": "Ann"}, "/contact"),
        ("the group is no id", {"groupId": "west"}, "/groupId"),
        ("the wrap-up time is negative", {"wrapUp": -5}, "/wrapUp"),
    ],
    CAMPAIGNS: [
        ("the name is a list", {"name": []}, "/name"),
        ("there is an unknown field", {"colour": "red"}, "/colour"),
        ("the routing type is unknown", {"routingType": "pigeon"}, "/routingType"),
        ("the strategy is unknown", {"strategy": "best"}, "/strategy"),
        ("the recording mode is unknown", {"recording": "stereo"}, "/recording"),
        ("transcribe is a text", {"transcribe": "yes"}, "/transcribe"),
        ("the dial timeout is negative", {"dialTimeout": -1}, "/dialTimeout"),
        ("the dial timeout is a text", {"dialTimeout": "30"}, "/dialTimeout"),
        ("the call length is negative", {"maxCallLength": -1}, "/maxCallLength"),
        ("the attempts are negative", {"maxAttempts": -1}, "/maxAttempts"),
        ("the caller id policy is unknown", {"callerId": {"policy": "random"}}, "/callerId/policy"),
        ("the fixed caller id is no number", {"callerId": {"policy": "fixed", "number": "x"}}, "/callerId/number"),
        ("the fixed caller id is missing", {"callerId": {"policy": "fixed"}}, "/callerId/number"),
        ("the no-route number is no number", {"noRoute": {"number": "nowhere"}}, "/noRoute/number"),
        ("the no-route message is a number", {"noRoute": {"message": 5}}, "/noRoute/message"),
        ("there are 6 reroutes", {"reroute": {"underSeconds": 5, "attempts": 6}}, "/reroute/attempts"),
        ("the reroute time is negative", {"reroute": {"underSeconds": -5, "attempts": 1}}, "/reroute/underSeconds"),
        ("the number's id is no id", {"phoneNumberId": "12"}, "/phoneNumberId"),
        ("a required skill is 9", {"requiredSkills": {"spanish": 9}}, "/requiredSkills/spanish"),
    ],
    NUMBERS: [
        ("the number is a number", {"number": 12125550100}, "/number"),
        ("the number is letters", {"number": "abc"}, "/number"),
        ("the number is a lone country code", {"number": "+1"}, "/number"),
        ("the number is far too long", {"number": "+1212555010012345678"}, "/number"),
        ("the number lacks its +", {"number": "12125550100"}, "/number"),
        ("the number is a SIP address", {"number": "sip:a@example.com"}, "/number"),
        ("the type is unknown", {"type": "satellite"}, "/type"),
        ("there is an unknown field", {"colour": "red"}, "/colour"),
        ("the capabilities are a text", {"capabilities": "voice"}, "/capabilities"),
        ("the monthly cost is a number", {"monthlyCost": 1.15}, "/monthlyCost"),
    ],
    ASSIGNMENTS: [
        ("the priority is 0", {"priority": 0}, "/priority"),
        ("the weight is a text", {"weight": "3"}, "/weight"),
        ("a cap is -1", {"caps": {"daily": -1}}, "/caps/daily"),
        ("there is an unknown field", {"colour": "red"}, "/colour"),
    ],
}
for kind, rows in BAD.items():
    for title, changes, path in rows:
        group.each(f"{kind}: {title}", refused, kind, changes, (path,))


def missing(world: World, kind: str, name: str) -> None:
    body = {key: value for key, value in valid(kind).items() if key != name}
    for method in ("POST", "PUT"):
        expect_problem(world.api.request(method, target(world, kind, method), body), 422, [f"/{name}"])


for kind, name in ((BUYERS, "name"), (BUYERS, "destination"), (CAMPAIGNS, "name"), (CAMPAIGNS, "routingType"),
                   (NUMBERS, "number")):
    group.each(f"{kind}: {name} is missing", missing, kind, name)


@group.test("buyers: six problems of six kinds are reported at once")
def all_at_once(world: World) -> None:
    body = {"destination": "x", "timezone": "Mars/Olympus", "priority": "1", "colour": "red", "caps": {"daily": -1}}
    paths = ["/name", "/destination", "/timezone", "/priority", "/colour", "/caps/daily"]
    expect_problem(world.api.request("POST", "/api/buyers", body), 422, paths)


@group.test("campaigns: four problems of four kinds are reported at once")
def campaign_at_once(world: World) -> None:
    body = {"routingType": 3, "strategy": "best", "noRoute": {"number": "x"}, "colour": "red"}
    paths = ["/name", "/routingType", "/strategy", "/noRoute/number", "/colour"]
    expect_problem(world.api.request("POST", "/api/campaigns", body), 422, paths)


@group.test("a field name with / and ~ is escaped in its JSON Pointer")
def escaped_pointer(world: World) -> None:
    exchange = world.api.request("POST", "/api/buyers", valid(BUYERS) | {"skills": {"a/b~c": 9}})
    expect_problem(exchange, 422, ["/skills/a~1b~0c"])


def wrong_login(world: World, path: str, body: Json, paths: list[str]) -> None:
    expect_problem(world.anonymous().request("POST", path, body), 422, paths)


group.each("sign-in: wrong types and unknown fields at once", wrong_login, "/api/auth/login",
           {"username": 1, "password": None, "extra": True}, ["/username", "/password", "/extra"])
group.each("sign-in: everything is missing", wrong_login, "/api/auth/login", {}, ["/username", "/password"])

ODD_VALUES: tuple[Any, ...] = (
    None, True, -1, 0, 1.5, 10**30, "", "\u0000", "x" * 20_000, "\ud800", [], [None], {}, {"": {}}, {"a": [{"b": 1}]},
)


def never_500(world: World, kind: str) -> None:
    """Every documented field with values nobody should send: a clear yes or a documented no."""
    fields = {name for _, changes, _ in BAD[kind] for name in changes} | set(valid(kind))
    if kind == ASSIGNMENTS:
        path = target(world, kind, "PUT")
    for name in sorted(fields):
        for value in ODD_VALUES:
            method, where = ("PUT", path) if kind == ASSIGNMENTS else ("POST", f"/api/{kind}")
            exchange = world.api.request(method, where, valid(kind) | {name: value})
            if exchange.status not in (200, 201):
                expect_problem(exchange, (400, 422))


for kind in BAD:
    group.each(f"{kind}: odd values in every field never give a 500", never_500, kind)


@group.test("webhooks: odd values in every field never give a 500")
def odd_webhooks(world: World) -> None:
    line = world.site.line({})
    given = dict(line.call().fields())
    for name in given:
        for value in ("", " ", "x" * 5000, "\u0000", "<&>'\"", "-1", "🦜"):
            fields = given | {"CallSid": sid("CA"), name: value}
            exchange = world.carrier.post("/api/webhooks/voice", fields)
            expect(exchange.status < 500, "no server error", exchange)
            if exchange.status >= 400:
                expect(b"<Response" not in exchange.body, "no TwiML with an error status", exchange)


@group.test("buyers: a cap written as 1e2 is 100, or is refused")
def exact_numbers(world: World) -> None:
    text = json.dumps(valid(BUYERS)).replace("{", '{"caps": {"total": 1e2}, ', 1).encode()
    exchange = world.api.request("POST", "/api/buyers", raw=text)
    if exchange.status == 201:
        expect(exchange.json()["caps"]["total"] == 100, "the cap 100", exchange)
    else:
        expect_problem(exchange, 422, ["/caps/total"])
