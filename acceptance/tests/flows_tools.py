"""Looking into flows: previews, simulations, the sessions of calls, and what other tenants see of all that."""

from __future__ import annotations

import xml.etree.ElementTree as xml
from typing import Any

from api import Json
from carrier import Call
from checks import expect, expect_equal, expect_problem, expect_utc
from runner import Group
from tests.auction_secrets import second_tenant
from tests.flows_drafts import FLOWS, MENU, NOBODY, connection, flow_of, greeting, operations
from twiml import Reply
from wire import Exchange
from world import Line, Site, World, fresh_number

group = Group("flow tools")

SESSIONS = "/api/flow-sessions"
ASK_PIN: Json = flow_of({"type": "gather_input", "config": {
    "prompt": "Your PIN, please.", "minLength": 4, "maxLength": 4, "variable": "pin", "sensitive": True}}, "valid", "failed")
ASK_ZIP: Json = flow_of({"type": "gather_input", "config": {
    "prompt": "Your zip code, please.", "maxLength": 5, "variable": "zip"}}, "valid", "failed")


def published(site: Site, flow: Json) -> Json:
    made = site.api.post(FLOWS, flow)
    site.api.action(f"{FLOWS}/{made['id']}/publish")
    return dict(made)


def line_of(site: Site, flow: Json) -> Line:
    return site.line(campaign={"flowId": flow["id"]})


def press(call: Call, digits: str) -> Reply:
    """The caller answers the question of the last reply."""
    gather = call.reply.root.find("Gather") if call.reply else None
    if gather is None:
        raise call.reply.fail("a <Gather>") if call.reply else AssertionError
    call.reply = Reply.of(call.carrier.post(gather.get("action", ""), call.fields(Digits=digits, CallStatus="in-progress")))
    return call.reply


# Previews.


def preview(world: World, flow: Json, node: str) -> Exchange:
    made = world.api.post(FLOWS, flow)
    return world.api.request("POST", f"{FLOWS}/{made['id']}/preview", {"nodeId": node})


def previewed(world: World, flow: Json, node: str, verbs: list[str], said: str | None) -> None:
    exchange = preview(world, flow, node)
    expect_equal(exchange.status, 200, "the status", exchange)
    root = xml.fromstring(exchange.json()["twiml"])
    expect_equal(root.tag, "Response", "the root element", exchange)
    expect_equal([child.tag for child in root], verbs, "the verbs", exchange)
    heard = ["".join(say.itertext()) for say in root.iter("Say")]
    if said is not None:
        expect_equal(heard, [said], "what is said", exchange)
    for element in root.iter():
        action = element.get("action")
        expect(action is None or action.startswith("http://calls.acceptance.test/"), "an absolute action", exchange)


group.each("preview of a text, with a sample caller", previewed, greeting("You call from {caller_number}."), "node", ["Say"],
           "You call from +12125550123.")
group.each("preview of a menu", previewed, MENU, "menu", ["Gather"], "Press 1 for sales, 2 for support")
group.each("preview of an end with a message", previewed, MENU, "sales", ["Say", "Hangup"], "Sales.")
group.each("preview of a dial", previewed, flow_of({"type": "action", "config": {
    "actionType": "external", "number": "+12125550177"}}, "failed"), "node", ["Dial"], None)
group.each("preview of a node that says nothing", previewed, flow_of({"type": "advanced_router", "config": {
    "campaignBuyers": True}}, "no_route"), "node", [], None)


@group.test("preview of a node that cannot be read, of an unknown node, and without a node: 422 with the place")
def not_previewed(world: World) -> None:
    broken = flow_of({"type": "play_audio", "config": {}}, "next")
    exchange = preview(world, broken, "node")
    expect_problem(exchange, 422)
    expect(all(error["path"].startswith("/nodes/1/config") for error in exchange.json()["errors"]), "places in the node", exchange)
    expect_equal(preview(world, broken, "bye").status, 200, "the status for another node of the same flow")
    expect_problem(preview(world, MENU, "gone"), 422, ["/nodeId"], code="unknown_node")
    made = world.api.post(FLOWS, MENU)
    expect_problem(world.api.request("POST", f"{FLOWS}/{made['id']}/preview", {}), 422, ["/nodeId"])


# Simulations.


def play(world: World, flow: Json, **fields: Any) -> Json:
    made = published(world.site, flow)
    for _ in range(5):
        exchange = world.api.expect(200, "POST", f"{FLOWS}/{made['id']}/simulate", fields)
        expect({"transcript", "exits", "outcome"} <= set(exchange.json()), "transcript, exits and outcome", exchange)
        played = dict(exchange.json())
        # Custom code has 250 ms, and a machine may stand still for longer.
        if not any(exit == "error" for _, exit in exits(played)):
            break
    return played


def exits(played: Json) -> list[tuple[str, str]]:
    return [(taken["nodeId"], taken["exit"]) for taken in played["exits"]]


@group.test("simulation of a menu: what is heard, which exits are taken, how it ends")
def simulated(world: World) -> None:
    played = play(world, MENU, inputs=["1"])
    expect_equal(exits(played), [("start", "next"), ("menu", "key:1")], "the exits")
    expect_equal((played["outcome"]["kind"], played["outcome"]["nodeId"]), ("ended", "sales"), "the outcome")
    texts = [entry.get("text") for entry in played["transcript"]]
    expect_equal(texts[:3], ["Press 1 for sales, 2 for support", "1", "Sales."], "the transcript")
    expect_equal(exits(play(world, MENU, inputs=["2"]))[-1], ("menu", "key:2"), "the exit of another key")


@group.test("simulation at a time of day, by its zone")
def at_a_time(world: World) -> None:
    hours = {"timezone": "America/New_York", "businessHours": {
        "monday": {"enabled": True, "timeRanges": [{"open": "09:00", "close": "12:00"}]}}}
    flow = flow_of({"type": "business_hours", "config": hours}, "open", "closed")
    # A Monday in winter: 14:30 UTC is 09:30 in New York.
    for at, taken in (("2026-01-05T14:30:00Z", "open"), ("2026-01-05T17:00:00Z", "closed"), ("2026-01-05T13:59:59Z", "closed")):
        expect_equal(exits(play(world, flow, at=at))[-1], ("node", taken), f"the exit at {at}")


@group.test("simulation of a caller, and of custom code")
def of_a_caller(world: World) -> None:
    rule = flow_of({"type": "condition", "config": {"conditionType": "caller_id", "rule": "equals", "value": "+13035550142"}},
                   "yes", "no")
    code = flow_of({"type": "condition", "config": {"conditionType": "custom",
                                                    "code": "return call.caller === '+13035550142'"}}, "yes", "no")
    for flow in (rule, code):
        for caller, taken in (("+13035550142", "yes"), ("+13035550143", "no")):
            expect_equal(exits(play(world, flow, caller=caller))[-1], ("node", taken), f"the exit of {caller}")


@group.test("simulation of routing: who would be dialled, without a call or a dial that is kept")
def routed(world: World) -> None:
    line = world.site.line({}, {"status": "paused"}, {})
    flow = flow_of({"type": "advanced_router", "config": {"campaignBuyers": True}}, "no_route")
    before = len(world.api.items("/api/calls", campaignId=line.campaign["id"]))
    played = play(world, flow, campaignId=line.campaign["id"], inputs=[{"dial": "busy"}, {"dial": "answered", "talk": 42}])
    dials = [entry for entry in played["transcript"] if entry["kind"] == "dial"]
    found = [(dial["buyerId"], dial["destination"], dial["result"]) for dial in dials]
    first, third = line.buyers[0], line.buyers[2]
    wanted = [(first["id"], first["destination"], "busy"), (third["id"], third["destination"], "answered")]
    expect_equal(found, wanted, "the dials")
    expect_equal((played["outcome"]["kind"], played["outcome"]["buyerId"]), ("connected", third["id"]), "the outcome")
    decision = played["decisions"][0]
    expect_equal((decision["nodeId"], decision["chosen"]["buyerId"]), ("node", first["id"]), "the decision")
    expect_equal([refused["buyerId"] for refused in decision["refused"]], [line.buyers[1]["id"]], "who is refused")
    alone = play(world, flow)
    expect_equal(exits(alone)[-1], ("node", "no_route"), "the exit without a campaign")
    expect_equal(len(world.api.items("/api/calls", campaignId=line.campaign["id"])), before, "the number of calls")
    line.expect_dials(line.ring(), 0)


@group.test("simulation of a cap that is full: the next buyer; a node that names buyers needs no campaign")
def full(world: World) -> None:
    line = world.site.line({"caps": {"concurrent": 1}}, {})
    names = {"strategy": "priority", "buyers": [{"buyerId": buyer["id"]} for buyer in line.buyers]}
    flow = flow_of({"type": "advanced_router", "config": names}, "no_route")
    for place in (0, 1):
        expect_equal(play(world, flow)["decisions"][0]["chosen"]["buyerId"], line.buyers[place]["id"], "who is chosen")
        line.expect_dials(line.ring(), 0) if place == 0 else None


@group.test("simulation of an auction asks no bidder, and says so")
def auction(world: World) -> None:
    played = play(world, flow_of({"type": "advanced_router", "config": {"strategy": "rtb"}}, "no_route"))
    note = played["outcome"]["note"]
    expect(isinstance(note, str) and "bidder" in note, f"a note about bidders, not {note!r}")
    expect_equal(play(world, greeting())["outcome"]["note"], None, "the note of another flow")


@group.test("simulation of what is dialled and of tags")
def of_tags(world: World) -> None:
    code = "return call.called === '+18885550142' && call.tags.source === 'radio'"
    flow = flow_of({"type": "condition", "config": {"conditionType": "custom", "code": code}}, "yes", "no")
    fields = {"called": "+18885550142", "tags": {"source": "radio"}}
    for given, taken in ((fields, "yes"), (fields | {"tags": {}}, "no"), (fields | {"called": "+18885550143"}, "no"), ({}, "no")):
        expect_equal(exits(play(world, flow, **given))[-1], ("node", taken), f"the exit of {given}")
    path = f"{FLOWS}/{world.api.post(FLOWS, flow)['id']}/simulate"
    wrong = {"draft": True, "called": "me", "tags": {"a": 1}}
    expect_problem(world.api.request("POST", path, wrong), 422, ["/called", "/tags/a"])
    wrong = {"draft": True, "inputs": [7], "tags": {"a/b": "x" * 1_001, "ok": "y"}}
    expect_problem(world.api.request("POST", path, wrong), 422, ["/inputs/0", "/tags/a~1b"])


@group.test("simulation tells where a call goes that the flow lets go of")
def let_go(world: World) -> None:
    flow = flow_of({"type": "advanced_router", "config": {"campaignBuyers": True}})
    line = world.site.line(campaign={"noRoute": {"number": "+13035550142"}}, active=False)
    played = play(world, flow, campaignId=line.campaign["id"])
    last = played["transcript"][-1]
    expect_equal((last["kind"], last["nodeId"], last["destination"]), ("no_route", "node", "+13035550142"), "the last entry")
    expect_equal(played["outcome"]["kind"], "no_route", "the outcome")


@group.test("simulation masks what is sensitive")
def masked_simulation(world: World) -> None:
    played = play(world, ASK_PIN, inputs=["4711"])
    expect_equal(exits(played)[-1], ("node", "valid"), "the exit")
    expect("4711" not in str(played), f"no PIN in {played}")


@group.test("simulation needs a published version, or a draft without an error; wrong bodies are told with their places")
def not_simulated(world: World) -> None:
    flow = world.api.post(FLOWS, greeting())
    path = f"{FLOWS}/{flow['id']}/simulate"
    for body in (None, {}, {"inputs": []}):
        expect_problem(world.api.request("POST", path, body), 422, code="not_published")
    expect_equal(world.api.expect(200, "POST", path, {"draft": True}).json()["outcome"]["kind"], "ended", "the outcome")
    wrong = world.api.request("POST", path, {"inputs": ["1", 7, {"dial": "maybe"}], "draft": True})
    expect_problem(wrong, 422, ["/inputs/1", "/inputs/2"])
    many = {"caller": "me", "at": "noon", "inputs": {}, "draft": 1, "x": 1}
    expect_problem(world.api.request("POST", path, many), 422, ["/caller", "/at", "/inputs", "/draft", "/x"])
    unknown = {"draft": True, "campaignId": NOBODY}
    expect_problem(world.api.request("POST", path, unknown), 422, ["/campaignId"], code="unknown_reference")
    world.api.put(f"{FLOWS}/{flow['id']}", greeting("{nothing}"))
    expect_problem(world.api.request("POST", path, {"draft": True}), 422, ["/nodes/1/config/text"])


# Sessions.


@group.test("the session of a call: where it stands, what each node did, and the call's journey tells the same")
def session(world: World) -> None:
    flow = published(world.site, ASK_ZIP)
    line = line_of(world.site, flow)
    call = line.ring()
    record = world.site.record(call)
    path = f"{SESSIONS}/{record['id']}"
    waiting = world.api.expect(200, "GET", path)
    wanted = {"id": record["id"], "callId": record["id"], "flowId": flow["id"], "version": 1, "status": "running",
              "nodeId": "node", "variables": {}, "failure": None}
    expect_equal({name: waiting.json().get(name) for name in wanted}, wanted, "the session", waiting)
    for name in ("startedAt", "createdAt", "updatedAt", "expiresAt"):
        expect_utc(waiting.json()[name], name, waiting)
    press(call, "10001")
    after = world.api.expect(200, "GET", path)
    expect_equal((after.json()["status"], after.json()["variables"]), ("completed", {"zip": "10001"}), "the session", after)
    nodes = after.json()["nodes"]
    found = [(node["nodeId"], node["type"], node["input"], node["exit"], node["step"]) for node in nodes]
    answered = ("node", "gather_input", "10001", "valid")
    expect_equal(found[:2], [("start", "start", None, "next", "voice"), ("node", "gather_input", None, None, "voice")],
                 "the nodes of the first step", after)
    expect_equal([node[:4] for node in found[2:3]], [answered], "the node of the answer", after)
    expect(isinstance(nodes[2]["waitedMs"], int) and nodes[0]["waitedMs"] is None, "how long the caller took", after)
    for node in nodes:
        expect_utc(node["at"], "at", after)
    expect_equal(after.json()["deliveries"], [], "the deliveries", after)
    journey = world.site.details(call)["journey"]["steps"]
    walked = [node["node"] for step in journey for node in step["nodes"]]
    expect_equal(walked, [node["nodeId"] for node in nodes], "the nodes of the journey's steps")
    listed = world.api.items(SESSIONS, flowId=flow["id"])
    expect_equal([item["id"] for item in listed], [record["id"]], "the sessions of the flow")
    expect_equal(listed[0], {name: after.json()[name] for name in listed[0]}, "the session in the list")


@group.test("what a caller entered at a sensitive node is masked everywhere")
def masked(world: World) -> None:
    line = line_of(world.site, published(world.site, ASK_PIN))
    call = line.ring()
    press(call, "4711")
    identity = world.site.record(call)["id"]
    found = world.api.get(f"{SESSIONS}/{identity}")
    expect_equal(found["variables"], {"pin": "****"}, "the variables")
    expect_equal([node["input"] for node in found["nodes"] if node["input"] is not None], ["****"], "the inputs")
    for path in (f"{SESSIONS}/{identity}", SESSIONS, f"/api/calls/{identity}"):
        exchange = world.api.expect(200, "GET", path)
        expect(b"4711" not in exchange.body, "no PIN", exchange)


@group.test("what a flow sends shows up in its session, without its address")
def deliveries(world: World) -> None:
    pixel = flow_of({"type": "tracking_pixel", "config": {
        "pixelUrl": "https://pixel.invalid/?from={caller_number}", "retries": 0}}, "next")
    line = line_of(world.site, published(world.site, pixel))
    call = line.ring()
    exchange = world.api.expect(200, "GET", f"{SESSIONS}/{world.site.record(call)['id']}")
    sent = exchange.json()["deliveries"]
    expect_equal(len(sent), 1, "the number of deliveries", exchange)
    expect(sent[0]["status"] in ("waiting", "delivered", "given_up"), "a known status", exchange)
    expect(isinstance(sent[0]["attempts"], int), "the number of attempts", exchange)
    expect(b"pixel.invalid" not in exchange.body, "no address", exchange)


@group.test("a running call stays on its version, and its session says which")
def pinned(world: World) -> None:
    flow = published(world.site, ASK_ZIP)
    line = line_of(world.site, flow)
    first = line.ring()
    world.api.put(f"{FLOWS}/{flow['id']}", greeting("The new one"))
    world.api.action(f"{FLOWS}/{flow['id']}/publish")
    second = line.ring()
    expect_equal(second.reply.said if second.reply else None, ["The new one"], "what the next caller hears")
    press(first, "10001")
    for call, version, node in ((first, 1, "valid"), (second, 2, "next")):
        found = world.api.get(f"{SESSIONS}/{world.site.record(call)['id']}")
        expect_equal((found["version"], found["status"]), (version, "completed"), "version and status")
        expect(node in [entry["exit"] for entry in found["nodes"]], f"the exit {node}")


@group.test("sessions: a call without a flow has none; a wrong filter is 422")
def no_session(world: World) -> None:
    line = world.site.line({})
    identity = world.site.record(line.ring())["id"]
    exchange = world.api.request("GET", f"{SESSIONS}/{identity}")
    expect_problem(exchange, 404)
    expect(exchange.body == world.api.request("GET", f"{SESSIONS}/{NOBODY}").body, "the bytes of an unknown id", exchange)
    expect_problem(world.api.request("GET", f"{SESSIONS}?flowId=x"), 422, ["/flowId"])
    expect_equal(world.api.items(SESSIONS, flowId=NOBODY), [], "the sessions of an unknown flow")


@group.test("sessions are listed by status, campaign and time; every wrong filter is told at once")
def filtered(world: World) -> None:
    flow = published(world.site, ASK_ZIP)
    lines = [line_of(world.site, flow), line_of(world.site, flow)]
    calls = [line.ring() for line in lines]
    press(calls[0], "10001")
    done, waiting = (world.site.record(call)["id"] for call in calls)

    def listed(**query: Any) -> list[str]:
        return [item["id"] for item in world.api.items(SESSIONS, flowId=flow["id"], **query)]

    expect_equal(sorted(listed()), sorted([done, waiting]), "the sessions of the flow")
    expect_equal(listed(status="running"), [waiting], "those that run")
    expect_equal(listed(status="completed"), [done], "those that are completed")
    expect_equal(listed(status="expired"), [], "those that expired")
    expect_equal(listed(campaignId=lines[0].campaign["id"]), [done], "those of a campaign")
    expect_equal(listed(campaignId=lines[0].campaign["id"], status="running"), [], "those that fit both")
    began = world.api.get(f"{SESSIONS}/{done}")["startedAt"]
    expect(done in listed(**{"from": began}) and done not in listed(to=began), "the time to count")
    expect_equal(listed(to="2001-01-01T00:00:00Z"), [], "those of long ago")
    wrong = "status=gone&campaignId=x&from=noon&to=x&flowId=x"
    paths = ["/status", "/campaignId", "/from", "/to", "/flowId"]
    expect_problem(world.api.request("GET", f"{SESSIONS}?{wrong}"), 422, paths)


@group.test("another tenant's flows, templates and sessions are as unknown ones")
def isolation(world: World) -> None:
    with world.another_server() as server:
        ours = Site.on(server.start())
        theirs = second_tenant(ours)
        flow = published(ours, ASK_ZIP)
        ours.api.post(f"{FLOWS}/templates", greeting(name="Ours"))
        call = line_of(ours, flow).ring()
        identity = ours.record(call)["id"]
        for (method, path, body), (_, unknown, _) in zip(operations(flow["id"]), operations(NOBODY), strict=True):
            exchange = theirs.api.request(method, path, body)
            expect_problem(exchange, 404)
            expect(exchange.body == theirs.api.request(method, unknown, body).body, "the bytes of an unknown id", exchange)
        exchange = theirs.api.request("GET", f"{SESSIONS}/{identity}")
        expect_problem(exchange, 404)
        expect(exchange.body == theirs.api.request("GET", f"{SESSIONS}/{NOBODY}").body, "the bytes of an unknown id", exchange)
        for path in (FLOWS, SESSIONS, f"{SESSIONS}?flowId={flow['id']}"):
            expect_equal(theirs.api.get(path)["items"], [], path)
        names = [item["name"] for item in theirs.api.items(f"{FLOWS}/templates")]
        expect("Ours" not in names, f"no template of ours in {names}")
        body = {"name": "C", "routingType": "direct", "flowId": flow["id"]}
        expect_problem(theirs.api.request("POST", "/api/campaigns", body), 422, ["/flowId"], code="unknown_reference")
        buyer = ours.buyer()
        settings = {"actionType": "route_to_buyer", "buyerId": buyer["id"]}
        theirs_flow = theirs.api.post(FLOWS, flow_of({"type": "action", "config": settings}, "failed"))
        codes = [problem["code"] for problem in theirs_flow["problems"] if problem["severity"] == "error"]
        expect_equal(codes, ["unknown_buyer"], "the errors of a flow that names our buyer")
        campaign = ours.campaign()
        exchange = theirs.api.request("POST", f"{FLOWS}/{theirs.api.post(FLOWS, greeting())['id']}/simulate",
                                      {"draft": True, "campaignId": campaign["id"]})
        expect_problem(exchange, 422, ["/campaignId"])
        expect_equal(ours.api.get(f"{FLOWS}/{flow['id']}")["nodes"], ASK_ZIP["nodes"], "our flow")
