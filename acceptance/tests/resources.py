"""Campaigns, buyers, assignments and numbers: what a create, a replace, a delete and an action answer."""

from __future__ import annotations

import time
from typing import Any

from api import Json
from checks import expect, expect_equal, expect_problem, expect_resource, instant
from runner import Group
from world import World, fresh_number

group = Group("resources")

BUYER_DEFAULTS: Json = {
    "status": "active", "availability": "available", "priority": 5, "weight": 1, "timezone": "UTC",
}
CAMPAIGN_DEFAULTS: Json = {
    "status": "draft", "strategy": "priority", "dialTimeout": 30, "maxCallLength": 14400, "maxAttempts": 5,
}
FULL_BUYER: Json = {
    "name": "Full", "destination": "sip:full@pbx.example.com", "company": "Full & Sons",
    "contact": {"name": "Ann", "email": "ann@example.com", "phone": "+12125550123"}, "status": "paused",
    "availability": "break", "priority": 1, "weight": 7,
    "caps": {"concurrent": 3, "hourly": 10, "daily": 20, "monthly": 200, "total": 1000},
    "timezone": "America/New_York",
    "schedule": {
        "businessHours": {"monday": {"enabled": True, "timeRanges": [{"open": "09:00", "close": "12:00"},
                                                                     {"open": "13:00", "close": "17:00"}]}},
        "holidays": [{"date": "2025-12-25", "enabled": True, "name": "Christmas"}],
    },
    "skills": {"spanish": 4}, "geo": {"allow": [{"kind": "country", "value": "US"}],
                                      "deny": [{"kind": "zip_prefix", "value": "100"}]},
    "duplicates": {"scope": "buyer", "after": "connected", "days": 7}, "wrapUp": 15,
    "revenue": {"amount": "8.75", "currency": "USD"}, "notes": "A note.\nSecond line: Zoë 日本",
}
FULL_CAMPAIGN: Json = {
    "name": "Full", "routingType": "direct", "description": "All fields", "strategy": "round_robin", "recording": "dual",
    "transcribe": True, "dialTimeout": 20, "maxCallLength": 600, "maxAttempts": 3, "callerId": {"policy": "dialled"},
    "noRoute": {"message": "Sorry"}, "requiredSkills": {"spanish": 2}, "relaxSkillsAfter": 30,
    "reroute": {"underSeconds": 10, "attempts": 5}, "conversion": {"afterSeconds": 90},
    "revenue": {"amount": "12.00", "currency": "EUR"},
}
FULL_NUMBER: Json = {
    "friendlyName": "Sales", "type": "local", "capabilities": ["voice"],
    "monthlyCost": {"amount": "1.15", "currency": "USD"},
}
MINIMAL: dict[str, Json] = {
    "campaigns": {"name": "Minimal", "routingType": "direct"},
    "buyers": {"name": "Minimal", "destination": "+12125550111"},
}
FULL: dict[str, Json] = {"campaigns": FULL_CAMPAIGN, "buyers": FULL_BUYER}
KINDS = ("campaigns", "buyers", "numbers")


def body_of(kind: str, full: bool) -> Json:
    """A valid body that can be posted."""
    if kind == "numbers":
        return {"number": fresh_number()} | (FULL_NUMBER if full else {})
    return FULL[kind] if full else MINIMAL[kind]


def contains(stored: Any, sent: Any) -> bool:
    """Whether all that was sent is stored as it was."""
    if isinstance(sent, dict):
        return isinstance(stored, dict) and all(name in stored and contains(stored[name], sent[name]) for name in sent)
    if isinstance(sent, list):
        return isinstance(stored, list) and len(stored) == len(sent) and all(map(contains, stored, sent))
    return bool(stored == sent)


def without_times(resource: Json) -> Json:
    return {name: value for name, value in resource.items() if name not in ("id", "createdAt", "updatedAt")}


def create_and_read(world: World, kind: str) -> None:
    sent = body_of(kind, full=True)
    made = world.api.expect(201, "POST", f"/api/{kind}", sent)
    expect_resource(made.json(), made)
    expect(contains(made.json(), sent), f"every field as it was sent: {sent}", made)
    read = world.api.expect(200, "GET", f"/api/{kind}/{made.json()['id']}")
    expect_equal(read.json(), made.json(), "the resource that is read", read)
    expect(read.media_type == "application/json", "the media type application/json", read)


def put_back(world: World, kind: str, full: bool) -> None:
    made = world.api.post(f"/api/{kind}", body_of(kind, full))
    exchange = world.api.expect(200, "PUT", f"/api/{kind}/{made['id']}", made)
    expect_equal(without_times(exchange.json()), without_times(made), "the resource", exchange)
    expect_equal(exchange.json()["id"], made["id"], "the id", exchange)


def replace(world: World, kind: str) -> None:
    minimal = body_of(kind, full=False)
    wanted = world.api.post(f"/api/{kind}", minimal)
    number = {"number": fresh_number()} if kind == "numbers" else {}
    made = world.api.post(f"/api/{kind}", body_of(kind, full=True) | number)
    time.sleep(0.002)
    own = {"number": made["number"]} if kind == "numbers" else {}
    exchange = world.api.expect(200, "PUT", f"/api/{kind}/{made['id']}", minimal | own)
    replaced = exchange.json()
    expect_equal(without_times(replaced), without_times(wanted) | own, "the resource with defaults", exchange)
    expect_equal(replaced["createdAt"], made["createdAt"], "createdAt", exchange)
    expect(instant(replaced["updatedAt"]) > instant(made["updatedAt"]), "a later updatedAt", exchange)
    expect_equal(world.api.get(f"/api/{kind}/{made['id']}"), replaced, "the resource that is read", exchange)


def read_only(world: World, kind: str) -> None:
    made = world.api.post(f"/api/{kind}", body_of(kind, full=False))
    forged = {"id": "00000000-0000-4000-8000-000000000000", "createdAt": "2001-01-01T00:00:00Z",
              "updatedAt": "2001-01-01T00:00:00Z"} | ({"status": "active"} if kind == "campaigns" else {})
    exchange = world.api.expect(200, "PUT", f"/api/{kind}/{made['id']}", made | forged)
    kept = {name: made[name] for name in forged if name != "updatedAt"}
    expect_equal({name: exchange.json()[name] for name in kept}, kept, "the read-only fields", exchange)
    expect(instant(exchange.json()["updatedAt"]) >= instant(made["updatedAt"]), "updatedAt not to go back", exchange)


def delete(world: World, kind: str) -> None:
    made = world.api.post(f"/api/{kind}", body_of(kind, full=False))
    path = f"/api/{kind}/{made['id']}"
    gone = world.api.expect(204, "DELETE", path)
    expect(gone.body == b"", "no body", gone)
    for method, body in (("GET", None), ("PUT", body_of(kind, full=False)), ("DELETE", None)):
        expect_problem(world.api.request(method, path, body), 404)
    expect(made["id"] not in [item["id"] for item in world.api.items(f"/api/{kind}", limit=500)], "no trace in the list")


for kind in KINDS:
    group.each(f"{kind}: created with every field, 201, read back the same", create_and_read, kind)
    group.each(f"{kind}: what was read can be put back unchanged (few fields)", put_back, kind, False)
    group.each(f"{kind}: what was read can be put back unchanged (all fields)", put_back, kind, True)
    group.each(f"{kind}: PUT replaces, absent fields take their defaults", replace, kind)
    group.each(f"{kind}: read-only fields are accepted and ignored", read_only, kind)
    group.each(f"{kind}: DELETE answers 204, then the id is unknown", delete, kind)


@group.test("buyers: the documented defaults")
def buyer_defaults(world: World) -> None:
    made = world.api.expect(201, "POST", "/api/buyers", MINIMAL["buyers"])
    found = {name: made.json().get(name) for name in BUYER_DEFAULTS}
    expect_equal(found, BUYER_DEFAULTS, "the defaults", made)


@group.test("campaigns: the documented defaults, draft at first")
def campaign_defaults(world: World) -> None:
    made = world.api.expect(201, "POST", "/api/campaigns", MINIMAL["campaigns"])
    found = {name: made.json().get(name) for name in CAMPAIGN_DEFAULTS}
    expect_equal(found, CAMPAIGN_DEFAULTS, "the defaults", made)


@group.test("numbers: one that somebody holds answers 409 number_unavailable")
def number_taken(world: World) -> None:
    held, other = world.site.number(), world.site.number()
    expect_problem(world.api.request("POST", "/api/numbers", {"number": held["number"]}), 409, code="number_unavailable")
    path = f"/api/numbers/{other['id']}"
    expect_problem(world.api.request("PUT", path, {"number": held["number"]}), 409, code="number_unavailable")
    world.api.delete(f"/api/numbers/{held['id']}")
    world.api.post("/api/numbers", {"number": held["number"]})


@group.test("numbers: a number that is possible but not valid is accepted")
def possible_number(world: World) -> None:
    world.api.post("/api/numbers", {"number": f"+1555555{fresh_number()[-4:]}"})


@group.test("assignments: PUT creates and replaces, the list shows them, DELETE removes")
def assignments(world: World) -> None:
    campaign, buyer = world.site.campaign(), world.site.buyer()
    path = f"/api/campaigns/{campaign['id']}/buyers"
    first = world.site.assign(campaign, buyer, priority=2, weight=3, caps={"daily": 5})
    expect(contains(first, {"priority": 2, "weight": 3, "caps": {"daily": 5}}), f"the overrides, not {first}")
    world.site.assign(campaign, buyer, priority=4)
    listed = world.api.get(path)["items"]
    expect_equal(len(listed), 1, "the number of assignments")
    expect(buyer["id"] in str(listed), "the buyer in the list")
    expect_equal(listed[0].get("priority"), 4, "the replaced priority")
    expect(listed[0].get("weight") is None, "the weight to be the buyer's own again")
    world.api.delete(f"{path}/{buyer['id']}")
    expect_equal(world.api.get(path)["items"], [], "the assignments")
    expect_problem(world.api.request("DELETE", f"{path}/{buyer['id']}"), 404)


@group.test("a buyer or number in use can be deleted, or says 409; calls go on either way")
def delete_in_use(world: World) -> None:
    line = world.site.line({}, {})
    exchange = world.api.request("DELETE", f"/api/buyers/{line.buyers[0]['id']}")
    expect(exchange.status in (204, 409), "status 204 or 409", exchange)
    line.expect_dials(line.ring(), 1 if exchange.status == 204 else 0)
    number_id = line.campaign["phoneNumberId"]
    exchange = world.api.request("DELETE", f"/api/numbers/{number_id}")
    expect(exchange.status in (204, 409), "status 204 or 409", exchange)
    line.ring()


def answers_unknown_alike(world: World, path: str, method: str, body: Any) -> None:
    """Two random ids, and one that has been deleted, get the same bytes."""
    kind = path.split("/")[2]
    deleted = []
    if kind in KINDS:
        deleted.append(world.api.post(f"/api/{kind}", body_of(kind, full=False))["id"])
        world.api.delete(f"/api/{kind}/{deleted[0]}")
    ids = (*deleted, "7b1f6c1e-5a53-4c51-9a0c-0d6f3a3f9d11", "d3a9a8a4-3c0e-4a5e-8f5b-2f0c1b7e6a55")
    answers = [world.api.request(method, path.replace("{id}", identity), body) for identity in ids]
    for answer in answers:
        expect_problem(answer, 404)
        expect(answer.body == answers[0].body, f"the same bytes for every unknown id: {answers[0].body!r}", answer)


for kind in KINDS:
    for method, body in (("GET", None), ("PUT", body_of(kind, full=False)), ("DELETE", None)):
        group.each(f"{method} /api/{kind}/<unknown id>: 404, the same bytes for all",
                   answers_unknown_alike, f"/api/{kind}/{{id}}", method, body)
for action in ("activate", "pause", "complete", "validate"):
    group.each(f"{action} of an unknown campaign: 404, the same bytes for all",
               answers_unknown_alike, f"/api/campaigns/{{id}}/{action}", "POST", None)
group.each("GET /api/calls/<unknown id>: 404, the same bytes for all", answers_unknown_alike, "/api/calls/{id}", "GET", None)
