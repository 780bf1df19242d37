"""From drafts to versions: publishing, what stays as it was, copies, templates, and campaigns that name a flow."""

from __future__ import annotations

from api import Json
from checks import expect, expect_equal, expect_problem, expect_resource, expect_utc
from runner import Group
from tests.flows_drafts import FLOWS, NOBODY, document_of, errors_of, flow_of, greeting, problems_of
from world import World

group = Group("published flows")

TEMPLATES = f"{FLOWS}/templates"


def state(flow: Json) -> tuple[str, int | None, bool]:
    return flow["status"], flow["publishedVersion"], flow["unpublishedChanges"]


def publish(world: World, flow: Json) -> int:
    return int(world.api.expect(200, "POST", f"{FLOWS}/{flow['id']}/publish").json()["version"])


@group.test("versions count from 1, never change, and the newest is the published one")
def versions(world: World) -> None:
    flow = world.api.post(FLOWS, greeting("One", name="First"))
    path = f"{FLOWS}/{flow['id']}"
    expect_equal(publish(world, flow), 1, "the version")
    expect_equal(publish(world, flow), 1, "the version of the same draft")
    expect_equal(state(world.api.get(path)), ("published", 1, False), "the state once it is published")
    put = world.api.put(path, greeting("Two", name="Second"))
    expect_equal(state(put), ("published", 1, True), "the state after a change")
    expect_equal(world.api.get(f"{path}/versions/1")["nodes"], flow["nodes"], "the nodes of version 1 after a change")
    expect_equal(publish(world, flow), 2, "the next version")
    listed = world.api.expect(200, "GET", f"{path}/versions")
    expect_equal(set(listed.json()), {"items", "nextCursor"}, "the names of the list", listed)
    expect_equal(listed.json()["nextCursor"], None, "nextCursor", listed)
    found = [(item["version"], item["status"], item["name"]) for item in listed.json()["items"]]
    expect_equal(found, [(2, "published", "Second"), (1, "archived", "First")], "the versions", listed)
    for item in listed.json()["items"]:
        expect_equal(set(item), {"version", "publishedAt", "status", "name"}, "the names of a version", listed)
        expect_utc(item["publishedAt"], "publishedAt", listed)
        one = world.api.expect(200, "GET", f"{path}/versions/{item['version']}")
        expect_equal({name: one.json()[name] for name in item}, item, "the version by itself", one)
    first = world.api.get(f"{path}/versions/1")
    expect_equal((first["nodes"], first["connections"]), (flow["nodes"], flow["connections"]), "the document of version 1")
    for unknown in ("0", "3", "x", "-1"):
        expect_problem(world.api.request("GET", f"{path}/versions/{unknown}"), 404)
    back = world.api.put(path, first)
    expect_equal(document_of(back), document_of(flow), "the draft after an old version was put back")
    expect_equal(problems_of(world.api.expect(200, "GET", path)), [], "its problems")


@group.test("a draft that is put back unchanged is no new version; a draft with an error changes nothing")
def unchanged(world: World) -> None:
    flow = world.api.post(FLOWS, greeting())
    publish(world, flow)
    world.api.put(f"{FLOWS}/{flow['id']}", flow)
    expect_equal(publish(world, flow), 1, "the version")
    world.api.put(f"{FLOWS}/{flow['id']}", greeting("{nothing}"))
    expect_problem(world.api.request("POST", f"{FLOWS}/{flow['id']}/publish"), 422, ["/nodes/1/config/text"])
    expect_equal(state(world.api.get(f"{FLOWS}/{flow['id']}")), ("published", 1, True), "the state")


@group.test("a copy is a draft of its own with the name of the flow and (copy)")
def duplicate(world: World) -> None:
    flow = world.api.post(FLOWS, greeting(name="Line") | {"description": "What it is for"})
    publish(world, flow)
    made = world.api.expect(201, "POST", f"{FLOWS}/{flow['id']}/duplicate")
    copy = made.json()
    expect_resource(copy, made)
    expect(copy["id"] != flow["id"], "another id", made)
    expect_equal(document_of(copy), document_of(flow) | {"name": "Line (copy)"}, "the document of the copy", made)
    expect_equal(state(copy)[:2], ("draft", None), "the state of the copy", made)
    world.api.put(f"{FLOWS}/{copy['id']}", greeting("Changed"))
    expect_equal(document_of(world.api.get(f"{FLOWS}/{flow['id']}")), document_of(flow), "the flow it was copied from")
    long = world.api.post(FLOWS, greeting(name="n" * 200))
    name = world.api.post(f"{FLOWS}/{long['id']}/duplicate", None)["name"]
    expect(len(name) <= 200 and name.endswith(" (copy)"), f"a name of at most 200 characters, not {name!r}")


for action in ("validate", "publish", "duplicate"):
    def refuses(world: World, action: str) -> None:
        flow = world.api.post(FLOWS, greeting())
        path = f"{FLOWS}/{flow['id']}/{action}"
        expect_problem(world.api.request("POST", path, {"force": True}), 422, ["/force"])
        expect_problem(world.api.request("POST", path, raw=b"{"), 400)
        expect(world.api.request("POST", path, {}).status in (200, 201), "an empty object to be taken")

    group.each(f"{action} takes no body or {{}} and refuses a field", refuses, action)


@group.test("templates: those that come with the program can be begun from, saved ones come first")
def templates(world: World) -> None:
    saved = world.api.expect(201, "POST", TEMPLATES, greeting(name="Ours") | {"description": "For us"})
    expect_resource(saved.json(), saved)
    named = {name: saved.json().get(name) for name in ("name", "description", "builtIn")}
    expect_equal(named, {"name": "Ours", "description": "For us", "builtIn": False}, "the template", saved)
    exchange = world.api.expect(200, "GET", TEMPLATES)
    items = exchange.json()["items"]
    expect_equal(items[0], saved.json(), "the newest template", exchange)
    built_in = [item for item in items if item["builtIn"]]
    expect(len(built_in) >= 3, "several templates that come with the program", exchange)
    for template in built_in:
        for name in ("id", "name", "description"):
            expect(isinstance(template[name], str) and template[name] != "", f"each to have the text {name}", exchange)
        begun = world.api.expect(201, "POST", FLOWS, template)
        expect_equal(errors_of(begun), [], f"the errors of a flow begun from {template['id']}", begun)
        expect_equal(begun.json()["nodes"], template["nodes"], "its nodes", begun)
        expect_equal(world.api.expect(200, "POST", f"{FLOWS}/{begun.json()['id']}/publish").json(), {"version": 1}, "the version")
    expect(saved.json()["id"] not in [flow["id"] for flow in world.api.items(FLOWS, limit=500)], "no flow of the template's id")
    for method in ("PUT", "DELETE"):
        expect_problem(world.api.request(method, TEMPLATES), 405)


@group.test("a campaign can name a flow; activation needs it published, and a published flow takes the calls")
def campaign(world: World) -> None:
    flow = world.api.post(FLOWS, greeting("Welcome to the flow"))
    line = world.site.line(campaign={"flowId": flow["id"]}, active=False)
    path = f"/api/campaigns/{line.campaign['id']}"
    expect_equal(world.api.get(path)["flowId"], flow["id"], "the campaign's flow")
    refused = world.api.request("POST", f"{path}/activate")
    expect_problem(refused, 422, ["/flowId"], code="flow_not_published")
    publish(world, flow)
    activated = world.api.expect(200, "POST", f"{path}/activate")
    warnings = [(problem["severity"], problem["code"]) for problem in activated.json()["problems"]]
    expect_equal(warnings, [("warning", "no_fallback")], "the problems", activated)
    call = line.ring()
    expect(call.reply is not None and call.reply.said == ["Welcome to the flow"], "the caller to hear the flow")
    in_use = world.api.request("DELETE", f"{FLOWS}/{flow['id']}")
    expect_problem(in_use, 409)
    expect(line.campaign["id"] in str(in_use.json()["errors"]), "the campaign that uses it", in_use)
    unpublished = world.api.post(FLOWS, greeting())
    changed = world.api.get(path) | {"flowId": unpublished["id"]}
    expect_problem(world.api.request("PUT", path, changed), 422, ["/flowId"], code="flow_not_published")
    world.api.action(f"{path}/complete")
    expect_problem(world.api.request("DELETE", f"{FLOWS}/{flow['id']}"), 409)
    world.api.delete(path)
    world.api.delete(f"{FLOWS}/{flow['id']}")


@group.test("a published flow and a buyer: no warning that there is no fallback")
def with_fallback(world: World) -> None:
    flow = world.api.post(FLOWS, greeting())
    publish(world, flow)
    line = world.site.line({}, campaign={"flowId": flow["id"]}, active=False)
    activated = world.api.expect(200, "POST", f"/api/campaigns/{line.campaign['id']}/activate")
    expect_equal(activated.json()["problems"], [], "the problems", activated)


@group.test("a campaign cannot name a flow that does not exist, nor a template")
def unknown_flow(world: World) -> None:
    template = world.api.post(TEMPLATES, greeting())["id"]
    for identity in (NOBODY, template):
        body = {"name": "C", "routingType": "direct", "flowId": identity}
        expect_problem(world.api.request("POST", "/api/campaigns", body), 422, ["/flowId"], code="unknown_reference")


@group.test("a flow names buyers of its own tenant; one that is deleted is an error from then on")
def buyers(world: World) -> None:
    buyer = world.site.buyer()
    settings = {"actionType": "route_to_buyer", "buyerId": buyer["id"]}
    flow = world.api.expect(201, "POST", FLOWS, flow_of({"type": "action", "config": settings}, "failed"))
    expect_equal(errors_of(flow), [], "the errors", flow)
    world.api.delete(f"/api/buyers/{buyer['id']}")
    validated = world.api.expect(200, "POST", f"{FLOWS}/{flow.json()['id']}/validate")
    expect_equal([problem["code"] for problem in errors_of(validated)], ["unknown_buyer"], "the errors", validated)
