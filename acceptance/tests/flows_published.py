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
        expect_equal(publish(world, begun.json()), 1, "the version")
    expect(saved.json()["id"] not in [flow["id"] for flow in world.api.items(FLOWS, limit=500)], "no flow of the template's id")
    for method in ("PUT", "DELETE"):
        expect_problem(world.api.request(method, TEMPLATES), 405)


@group.test("templates: a saved one is read, changed and deleted by its id; one of the program is only read")
def one_template(world: World) -> None:
    saved = world.api.post(TEMPLATES, greeting(name="Ours"))
    path = f"{TEMPLATES}/{saved['id']}"
    expect_equal(world.api.get(path), saved, "the template")
    changed = world.api.put(path, greeting("Changed", name="Theirs") | {"id": NOBODY, "builtIn": True})
    expect_equal((changed["id"], changed["name"], changed["builtIn"]), (saved["id"], "Theirs", False), "the template")
    expect_equal(world.api.get(path), changed, "the template afterwards")
    expect_problem(world.api.request("PUT", path, {}), 422, ["/name", "/nodes", "/connections"])
    begun = world.api.post(FLOWS, changed)
    world.api.delete(path)
    for method, body in (("GET", None), ("PUT", greeting()), ("DELETE", None)):
        for unknown in (path, f"{TEMPLATES}/{NOBODY}", f"{TEMPLATES}/{begun['id']}", f"{TEMPLATES}/no-such-word"):
            expect_problem(world.api.request(method, unknown, body), 404)
    expect_equal(document_of(world.api.get(f"{FLOWS}/{begun['id']}")), document_of(begun), "the flow that was begun from it")
    built_in = next(item for item in world.api.items(TEMPLATES) if item["builtIn"])
    path = f"{TEMPLATES}/{built_in['id']}"
    expect_equal(world.api.get(path), built_in, "the template of the program")
    for method, body in (("PUT", greeting()), ("DELETE", None)):
        expect_problem(world.api.request(method, path, body), 409, code="built_in")
    expect_equal(world.api.get(path), built_in, "the template of the program afterwards")


@group.test("versions are listed page by page")
def pages_of_versions(world: World) -> None:
    flow = world.api.post(FLOWS, greeting())
    path = f"{FLOWS}/{flow['id']}"
    for n in range(1, 6):
        world.api.put(path, greeting(f"Number {n}"))
        expect_equal(publish(world, flow), n, "the version")
    pages = [[item["version"] for item in page] for page in world.api.pages(f"{path}/versions", limit=2)]
    expect_equal(pages, [[5, 4], [3, 2], [1]], "the pages")
    for wrong in ("limit=0", "limit=501", "cursor=x"):
        expect_problem(world.api.request("GET", f"{path}/versions?{wrong}"), 422, [f"/{wrong.split('=')[0]}"])


@group.test("an archived flow is not published and taken up by no campaign; restored, it is as before")
def archived(world: World) -> None:
    flow = world.api.post(FLOWS, greeting())
    path = f"{FLOWS}/{flow['id']}"
    publish(world, flow)
    line = world.site.line({}, campaign={"flowId": flow["id"]})
    campaign = f"/api/campaigns/{line.campaign['id']}"
    in_use = world.api.request("POST", f"{path}/archive")
    expect_problem(in_use, 409)
    expect(line.campaign["id"] in str(in_use.json()["errors"]), "the campaign that uses it", in_use)
    expect_equal(world.api.get(path)["status"], "published", "the state")
    world.api.action(f"{campaign}/pause")
    for _ in range(2):
        answer = world.api.expect(200, "POST", f"{path}/archive")
        expect_equal(state(answer.json()), ("archived", 1, False), "the state", answer)
        expect_utc(answer.json()["archivedAt"], "archivedAt", answer)
    expect_equal(world.api.get(path), answer.json(), "the flow")
    expect_problem(world.api.request("POST", f"{path}/publish"), 409, code="flow_archived")
    world.api.put(path, greeting("Two"))
    expect_problem(world.api.request("POST", f"{path}/publish"), 409, code="flow_archived")
    body = {"name": "C", "routingType": "direct", "flowId": flow["id"]}
    expect_problem(world.api.request("POST", "/api/campaigns", body), 409, code="flow_archived")
    world.api.put(campaign, world.api.get(campaign) | {"name": "Edited"})
    expect_problem(world.api.request("POST", f"{campaign}/activate"), 422, ["/flowId"], code="flow_archived")
    found = [problem["code"] for problem in world.api.action(f"{campaign}/validate")["problems"]]
    expect("flow_archived" in found, f"flow_archived among {found}")
    restored = world.api.expect(200, "POST", f"{path}/restore")
    expect_equal(state(restored.json()), ("published", 1, True), "the state", restored)
    expect("archivedAt" not in restored.json(), "no time of archiving", restored)
    expect_equal(publish(world, flow), 2, "the next version")
    world.api.action(f"{campaign}/activate")


@group.test("flows are listed by their status")
def by_status(world: World) -> None:
    flows = {status: world.api.post(FLOWS, greeting(name=status)) for status in ("draft", "published", "archived")}
    publish(world, flows["published"])
    publish(world, flows["archived"])
    world.api.action(f"{FLOWS}/{flows['archived']['id']}/archive")
    every = {flow["id"] for flow in flows.values()}
    for status, flow in flows.items():
        items = world.api.items(FLOWS, status=status, limit=500)
        expect_equal({item["status"] for item in items}, {status}, "the status of each")
        expect_equal(every & {item["id"] for item in items}, {flow["id"]}, f"which are {status}")
    expect(every <= {item["id"] for item in world.api.items(FLOWS, limit=500)}, "all of them without a filter")
    expect_problem(world.api.request("GET", f"{FLOWS}?status=gone"), 422, ["/status"], code="unknown_word")


for action in ("archive", "restore"):
    group.each(f"{action} takes no body or {{}} and refuses a field", refuses, action)


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
