"""Test calls: the carrier rings a phone, and whoever answers goes through the draft; other callers do not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from api import Json
from carrier import Call, standard_fields
from checks import UUID, expect, expect_equal, expect_problem
from rest import Rest
from runner import Group
from server import ACCOUNT_SID
from tests.flows_drafts import FLOWS, NOBODY, flow_of, greeting
from tests.flows_tools import press, published
from twiml import Reply
from world import Line, Site, World, fresh_caller, fresh_number

group = Group("test calls")


def menu(says: str) -> Json:
    options = [{"key": "1", "label": "Go on"}]
    return flow_of({"type": "ivr_menu", "config": {"message": says, "options": options}}, "key:1")


@contextmanager
def office(world: World) -> Iterator[tuple[Site, Rest]]:
    """A server whose carrier is on this machine."""
    rest = Rest()
    try:
        with world.another_server(TWILIO_API_URL=rest.url) as server:
            yield Site.on(server.start()), rest
    finally:
        rest.close()


def edited(site: Site, **campaign: str) -> tuple[Line, Json]:
    """A line whose callers hear `Published`, and whose flow's draft says `Draft`."""
    flow = published(site, menu("Published"))
    line = site.line({}, campaign={"flowId": flow["id"]} | campaign)
    site.api.put(f"{FLOWS}/{flow['id']}", menu("Draft"))
    return line, flow


def answered(site: Site, rest: Rest) -> Call:
    """The phone that was rung last is answered: the carrier fetches the document of the address it was given."""
    asked = rest.asked[-1]
    fields = standard_fields(ACCOUNT_SID, asked["To"], asked["From"])
    call = Call(site.carrier, fields | {"CallSid": rest.made[-1], "Direction": "outbound-api", "CallStatus": "in-progress"})
    call.reply = Reply.of(site.carrier.post(asked["Url"], call.fields()))
    return call


def said(call: Call) -> list[str]:
    return call.reply.said if call.reply else []


@group.test("the phone hears the draft, and what it presses leads on; the next caller hears the published version")
def draft(world: World) -> None:
    with office(world) as (site, rest):
        line, flow = edited(site)
        phone = fresh_caller()
        made = site.api.expect(201, "POST", f"{FLOWS}/{flow['id']}/test-call", {"to": phone})
        test = made.json()
        asked = rest.asked[-1]
        expect_equal((asked["To"], asked["From"], asked["Method"]), (phone, line.number, "POST"), "what the carrier is asked")
        expect(asked["Url"].startswith(f"{site.server.public_url}/"), "an address under the public URL", made)
        expect(asked["Url"].endswith(test["testId"]), "the address to end with the id of the test", made)
        expect_equal(UUID.fullmatch(test["testId"]) is not None, True, "testId to be a UUID", made)
        expect_equal((test["carrierCallId"], test["version"]), (rest.made[-1], None), "the test", made)
        expect_equal((test["campaignId"], test["from"]), (line.campaign["id"], line.number), "the test", made)
        expect_equal([problem["severity"] for problem in test["problems"]], ["warning"] * 2, "its problems", made)
        # Nothing of it is in memory only.
        site.server.kill()
        site.server.start()
        site.api.put(f"{FLOWS}/{flow['id']}", menu("Later"))
        call = answered(site, rest)
        expect_equal(said(call), ["Draft"], "what the phone hears")
        again = Reply.of(site.carrier.post(asked["Url"], call.fields()))
        expect(call.reply is not None and again.exchange.body == call.reply.exchange.body, "the stored answer", again.exchange)
        expect_equal(press(call, "1").verbs[-1], "Hangup", "the last verb after the key")
        call.status("completed", 12)
        record = site.api.get(f"/api/calls/{test['callId']}")
        expect_equal((record["test"], record["caller"], record["called"]), (True, phone, line.number), "the call")
        expect_equal(record["carrierCallId"], test["carrierCallId"], "the carrier's id of the call")
        ordinary = line.ring()
        expect_equal(said(ordinary), ["Published"], "what the next caller hears")
        expect_equal(site.record(ordinary)["test"], False, "whether that is a test")
        versions = site.api.items(f"{FLOWS}/{flow['id']}/versions")
        expect_equal([version["version"] for version in versions], [1], "the versions")


@group.test("a test call is counted nowhere, and takes none of a buyer's daily calls")
def uncounted(world: World) -> None:
    with office(world) as (site, rest):
        flow = site.api.post(FLOWS, flow_of({"type": "advanced_router", "config": {"campaignBuyers": True}}, "no_route"))
        buyer: Json = {"caps": {"daily": 1}, "conversion": {"afterSeconds": 10}}
        line = site.line(buyer, campaign={"flowId": flow["id"]}, active=False)
        phone = fresh_caller()
        test = site.api.post(f"{FLOWS}/{flow['id']}/test-call", {"to": phone})
        call = answered(site, rest)
        line.expect_dials(call, 0)
        call.talk(60)
        record = site.api.get(f"/api/calls/{test['callId']}")
        found = (record["test"], record["finalReason"], record["converted"], record["revenue"])
        expect_equal(found, (True, "answered", False, None), "the call")
        stats = site.api.get(f"/api/stats/campaign/{line.campaign['id']}")
        expect_equal((stats["calls"], stats["answered"], stats["converted"]), (0, 0, 0), "the statistics")
        site.api.action(f"{FLOWS}/{flow['id']}/publish")
        line.do("activate")
        line.expect_dials(line.ring(), 0)


@group.test("a test call says what stands in its way, and nobody is rung")
def refused(world: World) -> None:
    with office(world) as (site, rest):
        line, flow = edited(site)
        path, phone = f"{FLOWS}/{flow['id']}/test-call", fresh_caller()
        api = site.api
        expect_problem(api.request("POST", f"{FLOWS}/{NOBODY}/test-call", {"to": phone}), 404)
        expect_problem(api.request("POST", path, {}), 422, ["/to"])
        expect_problem(api.request("POST", path, {"to": "911"}), 422, ["/to"])
        expect_problem(api.request("POST", path, {"to": phone, "loud": True}), 422, ["/loud"])
        expect_problem(api.request("POST", path, {"to": phone, "from": fresh_number()}), 422, ["/from"])
        expect_problem(api.request("POST", path, {"to": line.number}), 422, ["/to"])
        expect_problem(api.request("POST", path, {"to": phone, "campaignId": NOBODY}), 422, ["/campaignId"])
        alone = api.post(FLOWS, greeting())["id"]
        expect_problem(api.request("POST", f"{FLOWS}/{alone}/test-call", {"to": phone}), 422, ["/campaignId"])
        expect_problem(
            api.request("POST", f"{FLOWS}/{alone}/test-call", {"to": phone, "draft": False}), 422, ["/draft"])
        wrong = api.post(FLOWS, greeting("{nothing}"))["id"]
        expect_problem(api.request("POST", f"{FLOWS}/{wrong}/test-call", {"to": phone}), 422, ["/nodes/1/config/text"])
        expect_equal(rest.asked, [], "what the carrier was asked")
        rest.refusal = (400, {"code": 21219, "message": "The number is unverified.", "status": 400})
        expect_problem(api.request("POST", path, {"to": phone}), 502, code="21219")
        rest.refusal = None
        for _ in range(4):
            api.expect(201, "POST", path, {"to": phone})
        often = api.request("POST", path, {"to": phone})
        expect_problem(often, 429)
        expect_equal(len(rest.asked), 5, "how often the carrier was asked", often)


@group.test("without an account at the carrier there are no test calls")
def no_account(world: World) -> None:
    with world.another_server(TWILIO_ACCOUNT_SID=None) as server:
        site = Site.on(server.start())
        flow = site.api.post(FLOWS, greeting())
        exchange = site.api.request("POST", f"{FLOWS}/{flow['id']}/test-call", {"to": fresh_caller()})
        expect_problem(exchange, 409, code="no_carrier_account")


@group.test("test calls are in the OpenAPI document")
def described(world: World) -> None:
    paths = world.api.get("/api/openapi.json")["paths"]
    answers = paths[f"{FLOWS}/{{id}}/test-call"]["post"]["responses"]
    expect_equal(set(answers), {"201", "401", "404", "409", "422", "429", "502"}, "the answers")
    expect("/api/webhooks/trial/{tenant}/{trial}" in paths, "the webhook to be described")
