"""Targets, routers and assignments: what can be configured and what is refused; the dry run."""

from __future__ import annotations

import json
from typing import Any

from api import Json
from bidders import NOBODY, PATIENCE_MS, ROUTERS, TARGETS, Answer, money, plain, ringba
from checks import expect, expect_equal, expect_problem, expect_resource
from runner import Group
from world import World, fresh_number

group = Group("auction set-up")

MINIMAL: Json = {"name": "Minimal", "endpointUrl": "https://bid.example.com/"}
FULL: Json = {
    "name": "Full", "endpointUrl": "https://bid.example.com/{campaignId}?zip={callerZip|tag.zip}", "status": "paused",
    "company": "Bids & Sons", "contact": {"name": "Ann", "email": "ann@example.com", "phone": "+12125550123"},
    "method": "POST", "contentType": "json", "headers": {"X-Campaign": "{campaignId}"},
    "requestBody": '{"a":"{callerId}","A":{minBid}}', "timeoutMs": 700,
    "response": {"bidAmountPath": "data.bid.amount | bid", "destinationNumberPath": "$.data.number", "acceptancePath": "status",
                 "currencyPath": "currency", "durationPath": "bidTerms[0].callMinDuration", "bidIdPath": "id",
                 "expiresPath": "expires", "reasonPath": "reason"},
    "minBid": money("1.50"), "maxBid": money("99.00"), "currency": "USD", "caps": {"concurrent": 3, "daily": 40},
    "timezone": "America/New_York", "exposeCallerId": False,
    "confirm": {"endpointUrl": "https://bid.example.com/post", "requestBody": '{"id":"{bidId}"}', "timeoutMs": 900},
}
DEFAULTS: Json = {"status": "active", "method": "POST", "contentType": "json", "timeoutMs": 1000, "currency": "USD",
                  "timezone": "UTC", "exposeCallerId": True, "headers": {}}


def contains(stored: Any, sent: Any) -> bool:
    if isinstance(sent, dict):
        return isinstance(stored, dict) and all(name in stored and contains(stored[name], sent[name]) for name in sent)
    if isinstance(sent, list):
        return isinstance(stored, list) and len(stored) == len(sent) and all(map(contains, stored, sent))
    return bool(stored == sent)


def without_times(resource: Json) -> Json:
    return {name: value for name, value in resource.items() if name not in ("id", "createdAt", "updatedAt")}


@group.test("targets: created with every field, 201, read back the same, listed")
def create(world: World) -> None:
    made = world.api.expect(201, "POST", TARGETS, FULL)
    expect_resource(made.json(), made)
    expect(contains(made.json(), FULL), f"every field as it was sent: {FULL}", made)
    expect_equal(world.api.get(f"{TARGETS}/{made.json()['id']}"), made.json(), "the target that is read")
    expect(made.json() in world.api.items(TARGETS), "the target in the list")


@group.test("targets: the documented defaults")
def defaults(world: World) -> None:
    made = world.api.expect(201, "POST", TARGETS, MINIMAL)
    expect_equal({name: made.json().get(name) for name in DEFAULTS}, DEFAULTS, "the defaults", made)


@group.test("targets: what was read can be put back; PUT replaces; DELETE, then 404")
def replace(world: World) -> None:
    made = world.api.post(TARGETS, FULL)
    path = f"{TARGETS}/{made['id']}"
    expect_equal(without_times(world.api.put(path, made)), without_times(made), "the target")
    wanted = without_times(world.api.post(TARGETS, MINIMAL))
    expect_equal(without_times(world.api.put(path, MINIMAL)), wanted, "the target with defaults")
    world.api.delete(path)
    for method, body in (("GET", None), ("PUT", MINIMAL), ("DELETE", None), ("POST", None)):
        where = f"{path}/dry-run" if method == "POST" else path
        expect_problem(world.api.request(method, where, body), 404)


BAD: list[tuple[str, Json, str]] = [
    ("the name is empty", {"name": ""}, "/name"),
    ("there is an unknown field", {"colour": "red"}, "/colour"),
    ("the URL is none", {"endpointUrl": "bid"}, "/endpointUrl"),
    ("the URL is of another scheme", {"endpointUrl": "ftp://bid.example.com/"}, "/endpointUrl"),
    ("the URL holds a password", {"endpointUrl": "https://a:b@bid.example.com/"}, "/endpointUrl"),
    ("the host is a variable", {"endpointUrl": "https://{callerId}/"}, "/endpointUrl"),
    ("a variable of the URL is unknown", {"endpointUrl": "https://bid.example.com/{callerID}"}, "/endpointUrl"),
    ("a variable of the body is unknown", {"requestBody": '{"a":"{zipcode}"}'}, "/requestBody"),
    ("the body is no JSON", {"requestBody": '{"a":'}, "/requestBody"),
    ("the body is no XML", {"contentType": "xml", "requestBody": "<a>{callerId}</b>"}, "/requestBody"),
    ("a variable of a header is unknown", {"headers": {"X-A": "{nobody}"}}, "/headers/X-A"),
    ("a header is the client's", {"headers": {"Host": "a"}}, "/headers/Host"),
    ("a path cannot be read", {"response": {"bidAmountPath": "a[["}}, "/response/bidAmountPath"),
    ("a path is unknown", {"response": {"pricePath": "a"}}, "/response/pricePath"),
    ("a path of the confirmation cannot be read",
     {"confirm": {"endpointUrl": "https://a.example.com/", "response": {"reasonPath": "$.["}}}, "/confirm/response/reasonPath"),
    ("the confirmation's URL is of another scheme", {"confirm": {"endpointUrl": "file:///etc/passwd"}}, "/confirm/endpointUrl"),
    ("the timeout is 49 ms", {"timeoutMs": 49}, "/timeoutMs"),
    ("the timeout is 8001 ms", {"timeoutMs": 8001}, "/timeoutMs"),
    ("the currency is none", {"currency": "DOLLAR"}, "/currency"),
    ("a bound is in another currency", {"minBid": money("1", "EUR")}, "/minBid/currency"),
    ("a bound is negative", {"minBid": money("-1")}, "/minBid/amount"),
    ("the bounds are in the wrong order", {"minBid": money("2"), "maxBid": money("1")}, "/maxBid/amount"),
    ("the method is DELETE", {"method": "DELETE"}, "/method"),
    ("the media type is unknown", {"contentType": "yaml"}, "/contentType"),
    ("the token is empty", {"auth": {"type": "bearer", "token": ""}}, "/auth/token"),
    ("the token has a line break", {"auth": {"type": "bearer", "token": "a\r\nX: b"}}, "/auth/token"),
    ("a cap is -1", {"caps": {"daily": -1}}, "/caps/daily"),
    ("the zone is unknown", {"timezone": "Mars/Olympus"}, "/timezone"),
]


def refused(world: World, changes: Json, path: str) -> None:
    made = world.api.post(TARGETS, MINIMAL)
    for method, where in (("POST", TARGETS), ("PUT", f"{TARGETS}/{made['id']}")):
        expect_problem(world.api.request(method, where, MINIMAL | changes), 422, [path])
    expect_equal(world.api.get(f"{TARGETS}/{made['id']}"), made, "the target as it was")


for title, changes, path in BAD:
    group.each(f"targets: 422 where {title}", refused, changes, path)


@group.test("an unknown variable: the problem names it and what was probably meant")
def suggestion(world: World) -> None:
    exchange = world.api.request("POST", TARGETS, MINIMAL | {"requestBody": '{"CID":"{callerID}"}'})
    expect_problem(exchange, 422, ["/requestBody"], code="unknown_variable")
    message = exchange.json()["errors"][0]["message"]
    expect("callerID" in message and "{callerId}" in message, f"the name and a suggestion, not {message!r}", exchange)


PRIVATE = ("http://127.0.0.1:8080/", "http://localhost/", "https://10.0.0.8/bid", "http://[::1]/", "http://2130706433/",
           "http://169.254.169.254/latest/", "http://0x7f.1/", "http://metadata.google.internal/", "https://bid.example.com:22/")


def private(world: World, url: str) -> None:
    expect_problem(world.api.request("POST", TARGETS, MINIMAL | {"endpointUrl": url}), 422, ["/endpointUrl"])
    confirm = {"confirm": {"endpointUrl": url}}
    expect_problem(world.api.request("POST", TARGETS, MINIMAL | confirm), 422, ["/confirm/endpointUrl"])


for url in PRIVATE:
    group.each(f"targets: {url} is not allowed unless private targets are", private, url)


@group.test("routers: created, replaced, listed, deleted; an unknown target is 422 at its place")
def routers(world: World) -> None:
    target = world.api.post(TARGETS, MINIMAL)
    body = {"name": "Group", "timeoutMs": 900, "minBidders": 2, "pricing": "second_price",
            "assignments": [{"targetId": target["id"], "priority": 3, "weight": 7}]}
    made = world.api.expect(201, "POST", ROUTERS, body)
    expect_resource(made.json(), made)
    expect(contains(made.json(), body), "every field as it was sent", made)
    path = f"{ROUTERS}/{made.json()['id']}"
    expect_equal(world.api.get(path), made.json(), "the router that is read")
    expect_problem(world.api.request("DELETE", f"{TARGETS}/{target['id']}"), 409)
    unknown = body | {"assignments": [{"targetId": NOBODY}]}
    for method, where in (("POST", ROUTERS), ("PUT", path)):
        expect_problem(world.api.request(method, where, unknown), 422, ["/assignments/0/targetId"])
    replaced = world.api.put(path, {"name": "Empty"})
    expect_equal((replaced["assignments"], replaced["timeoutMs"], replaced["minBidders"]), ([], 2000, 1), "the defaults")
    world.api.delete(f"{TARGETS}/{target['id']}")
    world.api.delete(path)
    expect_problem(world.api.request("GET", path), 404)


@group.test("a campaign names a router: an unknown one is 422, one in use cannot be deleted")
def router_of_campaign(world: World) -> None:
    campaign = {"name": "C", "routingType": "rtb", "rtbRouterId": NOBODY}
    expect_problem(world.api.request("POST", "/api/campaigns", campaign), 422, ["/rtbRouterId"])
    router = world.api.post(ROUTERS, {"name": "Group"})
    made = world.api.post("/api/campaigns", campaign | {"rtbRouterId": router["id"]})
    expect_equal(made["rtbRouterId"], router["id"], "the router of the campaign")
    expect_problem(world.api.request("PUT", f"/api/campaigns/{made['id']}", campaign), 422, ["/rtbRouterId"])
    expect_problem(world.api.request("DELETE", f"{ROUTERS}/{router['id']}"), 409)


@group.test("a campaign sells to its router's targets")
def sold_by_router(world: World) -> None:
    site, bidder, number = world.bidding, world.bidders.new(), fresh_number("303")
    target = site.api.post(TARGETS, plain(bidder, 9, number))
    router = site.api.post(ROUTERS, {"name": "Group", "timeoutMs": PATIENCE_MS, "assignments": [{"targetId": target["id"]}]})
    line = site.line(campaign={"routingType": "rtb", "rtbRouterId": router["id"]})
    call = line.ring()
    expect_equal(call.dial.target, number, "the number that is dialled")


@group.test("an active campaign gets another router, and must still have somebody who takes its calls")
def another_router(world: World) -> None:
    site, routers, numbers = world.bidding, [], []
    for _ in range(2):
        numbers.append(fresh_number("303"))
        target = site.api.post(TARGETS, plain(world.bidders.new(), 9, numbers[-1]))
        routers.append(site.api.post(ROUTERS, {"name": "Group", "timeoutMs": PATIENCE_MS, "assignments": [{"targetId": target["id"]}]}))
    line = site.line(campaign={"routingType": "rtb", "rtbRouterId": routers[0]["id"]})
    expect_equal(line.ring().dial.target, numbers[0], "the number that is dialled")
    path = f"/api/campaigns/{line.campaign['id']}"
    active = site.api.get(path)
    site.api.put(path, active | {"rtbRouterId": routers[1]["id"]})
    expect_equal(line.ring().dial.target, numbers[1], "the number that is dialled")
    expect_problem(site.api.request("PUT", path, active | {"rtbRouterId": None}), 422, ["/buyers"])
    empty = site.api.post(ROUTERS, {"name": "Empty"})
    expect_problem(site.api.request("PUT", path, active | {"rtbRouterId": empty["id"]}), 422, ["/buyers"])


@group.test("target assignments: PUT creates and replaces, the list shows them, DELETE removes")
def assignments(world: World) -> None:
    campaign, target = world.site.campaign(routingType="rtb"), world.api.post(TARGETS, MINIMAL)
    path = f"/api/campaigns/{campaign['id']}/targets"
    body = {"priority": 2, "weight": 3, "minBid": money("1"), "maxBid": money("9")}
    first = world.api.put(f"{path}/{target['id']}", body)
    expect(contains(first, body | {"targetId": target["id"], "campaignId": campaign["id"]}), f"the overrides, not {first}")
    world.api.put(f"{path}/{target['id']}", {"priority": 4})
    listed = world.api.get(path)["items"]
    expect_equal([(one["targetId"], one["priority"], one["weight"]) for one in listed], [(target["id"], 4, None)], "the list")
    expect_problem(world.api.request("DELETE", f"{TARGETS}/{target['id']}"), 409)
    for wrong, where in (({"priority": 11}, "/priority"), ({"weight": 0}, "/weight"), ({"x": 1}, "/x"),
                         ({"minBid": money("1", "EUR")}, "/minBid/currency"), ({"minBid": money("-1")}, "/minBid/amount")):
        expect_problem(world.api.request("PUT", f"{path}/{target['id']}", wrong), 422, [where])
    world.api.delete(f"{path}/{target['id']}")
    expect_equal(world.api.get(path)["items"], [], "the assignments")
    expect_problem(world.api.request("DELETE", f"{path}/{target['id']}"), 404)
    expect_problem(world.api.request("PUT", f"{path}/{NOBODY}", {}), 404)


def unknown_alike(world: World, method: str, path: str, body: Any) -> None:
    """A random id and one that was deleted get the same bytes."""
    kind = ROUTERS if "routers" in path else TARGETS
    gone = world.api.post(kind, {"name": "Gone"} if kind == ROUTERS else MINIMAL)["id"]
    world.api.delete(f"{kind}/{gone}")
    first, second = (world.api.request(method, path.replace("{id}", one), body) for one in (gone, NOBODY))
    expect_problem(first, 404)
    expect(first.body == second.body, "the same bytes for every unknown id", second)
    expect_problem(world.anonymous().request(method, path.replace("{id}", NOBODY), body), 401)


for path, body in ((f"{TARGETS}/{{id}}", MINIMAL), (f"{ROUTERS}/{{id}}", {"name": "R"})):
    for method, sent in (("GET", None), ("PUT", body), ("DELETE", None)):
        group.each(f"{method} {path} of an unknown id: 404, the same bytes for all", unknown_alike, method, path, sent)
group.each("dry run of an unknown target: 404, the same bytes for all", unknown_alike, "POST", f"{TARGETS}/{{id}}/dry-run", None)


@group.test("dry run: the request, the answer and the verdict, and nothing is stored")
def dry_run(world: World) -> None:
    site, bidder, number = world.bidding, world.bidders.new(), fresh_number("303")
    target = site.api.post(TARGETS, ringba(bidder, 8.5, number))
    path = f"{TARGETS}/{target['id']}/dry-run"
    before = [site.api.get("/api/calls"), site.api.get("/api/rtb/bid-requests")]
    sample = {"caller": "+14155550177", "callerZip": "94107", "tags": {"age": "41"}}
    run = site.api.expect(200, "POST", path, sample)
    shown = run.json()
    expect_equal((shown["request"]["method"], shown["request"]["url"]), ("POST", target["endpointUrl"]), "the request", run)
    body = json.loads(shown["request"]["body"])
    expect_equal((body["CID"], body["zipcode"], body["age"]), ("14155550177", "94107", "41"), "its body", run)
    expect_equal(bidder.last().json(), body, "what the bidder got")
    expect_equal(shown["response"]["status"], 200, "the status", run)
    expect("RTB1" in shown["response"]["body"] and shown["response"]["timeMs"] >= 0, "body and time", run)
    expect_equal(shown["verdict"], "won", "the verdict", run)
    expect_equal(float(shown["bid"]["amount"]), 8.5, "the bid", run)
    expect_equal([site.api.get("/api/calls"), site.api.get("/api/rtb/bid-requests")], before, "calls and auctions")
    bidder.answers["bid"] = Answer({"bidAmount": 0, "rejectReason": "closed"})
    expect_equal(site.api.expect(200, "POST", path).json()["verdict"], "refused", "the verdict on a refusal")
    bidder.answers["bid"] = Answer("x" * 50_000)
    garbage = site.api.expect(200, "POST", path, {})
    expect_equal(garbage.json()["verdict"], "malformed", "the verdict on garbage", garbage)
    expect(len(garbage.json()["response"]["body"]) < 10_000, "a shortened body")
    site.api.put(f"{TARGETS}/{target['id']}", target | {"timeoutMs": 200})
    bidder.answers["bid"] = Answer({}, delay=1)
    slow = site.api.expect(200, "POST", path).json()
    expect_equal((slow["verdict"], slow["response"]), ("timeout", None), "the verdict on silence")
    expect_equal(site.api.request("POST", path, raw=b"null").status, 200, "the status with the body null")
    expect_problem(site.api.request("POST", path, {"callr": "x"}), 422, ["/callr"])
