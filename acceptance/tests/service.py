"""The server itself: health, readiness, its OpenAPI document, its configuration."""

from __future__ import annotations

import re

from api import Client
from checks import expect, expect_equal
from runner import Group
from server import AUTH_TOKEN
from world import World

group = Group("service")

DOCUMENTED = (
    "/api/auth/setup", "/api/auth/login", "/api/auth/logout", "/api/auth/user", "/api/auth/sessions",
    "/api/auth/sessions/{id}", "/api/auth/api-keys", "/api/auth/api-keys/{id}",
    "/api/campaigns", "/api/campaigns/{id}", "/api/campaigns/{id}/buyers", "/api/campaigns/{id}/buyers/{buyerId}",
    "/api/campaigns/{id}/validate", "/api/campaigns/{id}/activate", "/api/campaigns/{id}/pause",
    "/api/campaigns/{id}/complete", "/api/buyers", "/api/buyers/{id}", "/api/numbers", "/api/numbers/{id}",
    "/api/calls", "/api/calls/{id}", "/api/webhooks/voice", "/api/webhooks/status", "/api/webhooks/fallback",
)


def unnamed(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", path)


@group.test("healthz and readyz answer 200 without a session")
def health(world: World) -> None:
    for path in ("/healthz", "/readyz"):
        exchange = world.anonymous().request("GET", path)
        expect_equal(exchange.status, 200, "the status", exchange)


@group.test("the OpenAPI document is 3.1 and has every documented path")
def openapi(world: World) -> None:
    exchange = world.api.expect(200, "GET", "/api/openapi.json")
    document = exchange.json()
    expect(str(document.get("openapi")).startswith("3.1"), "OpenAPI 3.1")
    found = {unnamed(path) for path in document.get("paths", {})}
    absent = [path for path in DOCUMENTED if unnamed(path) not in found]
    expect(not absent, f"the paths {absent} in the OpenAPI document, which has {sorted(found)}")


@group.test("the OpenAPI document describes methods, bodies and answers, and its references lead somewhere")
def openapi_parts(world: World) -> None:
    document = world.api.get("/api/openapi.json")
    paths = {unnamed(path): item for path, item in document["paths"].items()}
    for path in ("/api/campaigns", "/api/buyers", "/api/numbers"):
        expect({"get", "post"} <= set(paths[path]), f"get and post under {path}")
        expect("requestBody" in paths[path]["post"], f"a request body for POST {path}")
        expect("201" in paths[path]["post"]["responses"], f"the answer 201 for POST {path}")
        expect({"get", "put", "delete"} <= set(paths[f"{path}/{{}}"]), f"get, put and delete under {path}/{{id}}")
    for reference in set(re.findall(r"'\$ref': '#([^']*)'", str(document))):
        place = document
        for name in reference.strip("/").split("/"):
            plain = name.replace("~1", "/").replace("~0", "~")
            expect(isinstance(place, dict) and plain in place, f"the reference #{reference} to lead somewhere")
            place = place[plain]


@group.test("the carrier's token is never in the log")
def secrets(world: World) -> None:
    world.site.line({}).ring()
    expect(AUTH_TOKEN not in world.site.server.output(), "the token not to be in the log")


def refused_setting(world: World, name: str, value: str) -> None:
    with world.another_server(**{name: value}) as server:
        server.launch()
        code = server.ends_by_itself()
        expect(code not in (None, 0), f"the start with {name}={value} to fail, not {code}\n{server.tail()}")
        expect(name in server.output(), f"the name {name} in what the server says:\n{server.tail()}")


for name, value in (("LISTEN", "everywhere"), ("PUBLIC_URL", "not a url"), ("ALLOW_PRIVATE_TARGETS", "maybe")):
    group.each(f"a wrong {name} stops the start and is named", refused_setting, name, value)


@group.test("a first start creates its data directory and answers before there is an owner")
def first_start(world: World) -> None:
    with world.another_server() as server:
        api = Client(server.start().address)
        if server.database is None:
            expect((server.directory / "data").is_dir(), "the data directory")
        expect_equal(api.request("GET", "/readyz").status, 200, "the status of /readyz")
