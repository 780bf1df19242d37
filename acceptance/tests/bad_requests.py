"""Requests that are wrong before their fields matter: broken JSON, media types, sizes, ids, limits and cursors."""

from __future__ import annotations

from typing import Any

from api import with_query
from checks import expect, expect_problem
from runner import Group
from world import World

group = Group("bad requests")

UNKNOWN = "7b1f6c1e-5a53-4c51-9a0c-0d6f3a3f9d11"
VALID = b'{"name": "B", "destination": "+12125550122", "routingType": "direct", "number": "+12125550133"}'
POSTS = ("/api/auth/login", "/api/auth/api-keys", "/api/campaigns", "/api/buyers", "/api/numbers")
LISTS = ("/api/campaigns", "/api/buyers", "/api/numbers", "/api/calls")
HUGE = b'{"name": "' + b"x" * (5 * 1024 * 1024) + b'"}'


def paths_with_bodies(world: World) -> list[tuple[str, str]]:
    campaign, buyer, number = world.site.campaign(), world.site.buyer(), world.site.number()
    puts = (f"/api/campaigns/{campaign['id']}", f"/api/buyers/{buyer['id']}", f"/api/numbers/{number['id']}",
            f"/api/campaigns/{campaign['id']}/buyers/{buyer['id']}")
    return [("POST", path) for path in POSTS] + [("PUT", path) for path in puts]


def everywhere(world: World, raw: bytes, media_type: str, status: int | tuple[int, ...]) -> None:
    """Sent wherever a body is taken, in a session."""
    for method, path in paths_with_bodies(world):
        expect_problem(world.api.request(method, path, raw=raw, media_type=media_type), status)


JSON = "application/json"
for title, raw in (
    ("cut off", VALID[:-5]), ("empty", b" "), ("no JSON at all", b"name=B"), ("with a comma too many", b'{"name": "B",}'),
    ("followed by more", VALID + b"{}"), ("not UTF-8", b'{"name": "\xff\xfe"}'), ("with a bare NaN", b'{"name": NaN}'),
):
    group.each(f"a body that is {title}: 400 everywhere", everywhere, raw, JSON, 400)
group.each("a body nested 100 000 deep: refused everywhere", everywhere, b"[" * 100_000, JSON, (400, 422))
for title, raw in (("a list", b"[]"), ("a text", b'"x"'), ("a number", b"1"), ("null", b"null")):
    group.each(f"a body that is {title} instead of an object: 422 everywhere", everywhere, raw, JSON, 422)
for media_type in ("text/plain", "application/x-www-form-urlencoded", "application/xml", "multipart/form-data"):
    group.each(f"the media type {media_type}: 415 everywhere", everywhere, VALID, media_type, 415)
group.each("a body of 5 MiB: 413 everywhere", everywhere, HUGE, JSON, 413)


@group.test("a charset after the media type is fine")
def charset(world: World) -> None:
    exchange = world.api.request("POST", "/api/buyers", raw=VALID.split(b', "routing')[0] + b"}",
                                 media_type="application/json; charset=utf-8")
    expect(exchange.status == 201, "status 201", exchange)


def bad_query(world: World, path: str, name: str, value: str) -> None:
    exchange = world.api.request("GET", with_query(path, {name: value}))
    expect_problem(exchange, 422)
    about = [error for error in exchange.json()["errors"] if name in error["path"] + error["message"]]
    expect(bool(about), f"an error about {name}", exchange)


for path in LISTS:
    for value in ("0", "501", "-1", "abc", "1.5", "99999999999999999999"):
        group.each(f"GET {path}?limit={value}: 422", bad_query, path, "limit", value)
    for value in ("nonsense", "AAAA", "x" * 2000):
        group.each(f"GET {path}?cursor={value[:20]}: 422", bad_query, path, "cursor", value)
for name, value in (("from", "yesterday"), ("to", "2025-13-40T00:00:00Z"), ("campaignId", "12"), ("buyerId", "x"),
                    ("status", "asleep")):
    group.each(f"GET /api/calls?{name}={value}: 422", bad_query, "/api/calls", name, value)


def malformed_id(world: World, method: str, path: str, body: Any) -> None:
    for identity in ("12", "not-an-id", UNKNOWN[:-1], UNKNOWN + "0", "%00", "..%2f..%2fetc", "x" * 3000):
        expect_problem(world.api.request(method, path.replace("{id}", identity), body), (404, 422))


for method, path, body in (
    ("GET", "/api/campaigns/{id}", None), ("PUT", "/api/campaigns/{id}", {"name": "C", "routingType": "direct"}),
    ("DELETE", "/api/campaigns/{id}", None), ("POST", "/api/campaigns/{id}/activate", None),
    ("GET", "/api/campaigns/{id}/buyers", None), ("PUT", f"/api/campaigns/{UNKNOWN}/buyers/{{id}}", {}),
    ("GET", "/api/buyers/{id}", None), ("DELETE", "/api/buyers/{id}", None),
    ("GET", "/api/numbers/{id}", None), ("DELETE", "/api/numbers/{id}", None), ("GET", "/api/calls/{id}", None),
    ("DELETE", "/api/auth/sessions/{id}", None), ("DELETE", "/api/auth/api-keys/{id}", None),
):
    group.each(f"{method} {path} with a malformed id: a documented error", malformed_id, method, path, body)


@group.test("an assignment of an unknown buyer, or to an unknown campaign: 404")
def unknown_assignment(world: World) -> None:
    campaign, buyer = world.site.campaign(), world.site.buyer()
    for path in (f"/api/campaigns/{campaign['id']}/buyers/{UNKNOWN}", f"/api/campaigns/{UNKNOWN}/buyers/{buyer['id']}"):
        for method, body in (("PUT", {}), ("DELETE", None)):
            expect_problem(world.api.request(method, path, body), 404)
    expect_problem(world.api.request("GET", f"/api/campaigns/{UNKNOWN}/buyers"), 404)


@group.test("a path that does not exist: 404 as a problem document")
def unknown_path(world: World) -> None:
    for path in ("/api/no-such-thing", "/api/buyers/x/y/z", "/api/"):
        expect_problem(world.api.request("GET", path), 404)
